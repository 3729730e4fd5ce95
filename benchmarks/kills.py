"""Growth ended by kill -9 again and again: is what had been answered on disk, and how long after its answer is it?

    python benchmarks/kills.py [--kills 200] [--width 1 --width 8] [--seed 0] [--store URL]

Each round runs `graphgrow grow` in a process of its own against an HTTP endpoint in this one, which notes when it sent
each answer, and ends it at a random moment after a random number of answers. Then the log, and the replies waiting to
enter it, are read from disk. A reply that is in neither was on its way; the oldest of these says how long an answer is
at risk. At the end growth continues, so that what waited has to be in the log, once. Printed are the kills, the
answers, the missing ones that were older than 200 ms when killed, the worst time from answer to disk, what was logged
or asked twice, and what `verify` finds. The store is a SQLite file that is thrown away, or a Neo4j server with
`--store neo4j://HOST`. This is not part of the package.
"""

import argparse
import json
import multiprocessing
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from pydantic import ValidationError

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT)]

from graphgrow.cli import main as graphgrow  # noqa: E402 - found beside this file
from graphgrow.graph.events import adapter  # noqa: E402
from graphgrow.graph.model import Expansion, FactCheck, ReasoningStep  # noqa: E402
from graphgrow.stores import open_store  # noqa: E402
from graphgrow.stores.outbox import PendingReply, state_folder  # noqa: E402
from graphgrow.stores.projection import differences, project  # noqa: E402
from tests.processes import ended  # noqa: E402
from tests.servers import Answer, Asked, completion, serving, waited_for  # noqa: E402

AT_RISK = 0.2  # seconds after an answer during which a kill may lose it
PATIENCE = 60.0  # seconds for which an answer is held back
MODEL = "m-1"
Paid = Expansion | FactCheck | ReasoningStep


@dataclass
class Model:
    """What an endpoint answers: something new each time, in the form asked for; the bill of a reply holds its number.

    `answered` says when each reply was sent, in seconds since 1970, `asked` to which prompt, `keys` to whose key. A
    reply takes at most `latency` seconds. After `stuck` answers no more are sent as long as that is set; `held` counts
    the requests that came meanwhile.
    """

    latency: float = 0.05
    seed: int = 0
    stuck: int | None = None
    held: int = 0
    answered: dict[int, float] = field(default_factory=dict)
    asked: dict[int, str] = field(default_factory=dict)
    keys: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._rng, self._numbers, self._lock = random.Random(self.seed), count(1), threading.Lock()

    def __call__(self, asked: Asked) -> Answer:
        """Answer one request."""
        if not asked.path.endswith("/chat/completions"):
            return Answer({"object": "list", "data": [{"id": MODEL}]})
        body: Any = asked.body
        with self._lock:
            wait = self._rng.uniform(0, self.latency)
            if self.stuck is not None and len(self.asked) >= self.stuck:
                self.held += 1
                return Answer({}, 503, delay=PATIENCE)
            number = next(self._numbers)
            self.asked[number] = json.dumps(body["messages"])
            self.keys[number] = asked.headers["authorization"].removeprefix("Bearer ")
        more: dict[str, Any] = {}
        form = body.get("response_format") or {}
        if schema := form.get("json_schema", {}).get("schema"):
            text = json.dumps(filled(schema, number))
        elif body.get("logprobs"):
            text, odds = "yes", {"token": "yes", "logprob": -0.01}
            more["logprobs"] = {"content": [odds | {"top_logprobs": [odds]}]}
        elif "verdict" in body["messages"][-1]["content"]:
            text = json.dumps({"verdict": "different", "why": f"reason {number}"})
        else:
            relations = (
                ("spider silk", "contains", f"protein {number}"),
                (f"protein {number}", "forms", f"sheet {number}"),
            )
            keys = "source", "predicate", "target"
            text = json.dumps({"relations": [dict(zip(keys, one, strict=True)) for one in relations]})
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop", **more}
        usage = {"prompt_tokens": number, "completion_tokens": 3, "total_tokens": number + 3}
        time.sleep(wait)
        self.answered[number] = time.time()
        return Answer(completion(choices=[choice], usage=usage))


def filled(schema: Any, number: int) -> Any:  # noqa: ANN401  # any JSON
    """Return a value that fits a JSON schema, with a number in its texts."""
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        return {name: filled(one, number) for name, one in schema["properties"].items()}
    if schema.get("type") == "array":
        return [filled(schema["items"], number)]
    return {"boolean": True, "number": 1, "integer": 1}.get(schema.get("type", ""), f"answer {number}")


def start(words: Sequence[str], folder: Path, base_url: str = "", key: str = "none") -> BaseProcess:
    """Run a command line in a folder, in a process of its own that has loaded the program already.

    Its output is appended to the file `said` in the folder. The key tells an endpoint who asks.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["graphgrow.cli.growth", "graphgrow.cli.reasoning", "openai", "kills"])
    env = {name: os.environ[name] for name in ("NEO4J_PASSWORD",) if name in os.environ}
    env |= {"XDG_STATE_HOME": str(folder / "state"), "OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": key}
    process = context.Process(target=run, args=(list(words), str(folder), env))
    process.start()
    return process


def run(words: list[str], folder: str, env: dict[str, str]) -> None:
    """Run the command line: what a process started by `start` does."""
    os.environ.update(env)
    os.chdir(folder)
    said = os.open("said", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(said, 1)
    os.dup2(said, 2)
    sys.argv = ["graphgrow", *words]
    graphgrow()


def paid(url: str, after: int = 0) -> Iterator[Paid]:
    """Yield the events of a store for which a reply was paid, if there is a store yet."""
    with closing(open_store(url, create=True)) as store:
        yield from (one for one in store.events(after) if isinstance(one, Paid) and one.reply)


def number_of(event: Paid | PendingReply) -> int:
    """Return the number of a reply."""
    reply = event.answer.reply if isinstance(event, PendingReply) else event.reply
    return reply.usage.prompt_tokens if reply else 0


def waiting(url: str, folder: Path) -> set[int]:
    """Return the numbers of the replies that lie on disk on their way into a store."""
    found = set[int]()
    for file in ((folder / "state") / state_folder(url, {"XDG_STATE_HOME": "."})).rglob("*"):  # type: ignore[operator]
        if file.suffix in {".json", ".draft"}:
            kind: Any = (ReasoningStep if "thoughts" in file.parts else PendingReply) | None  # as in Outbox
            with suppress(ValidationError, FileNotFoundError):  # not yet written in full
                found.add(number_of(adapter(kind).validate_json(file.read_bytes())))
    return found


def question_of(event: Paid) -> object:
    """Return what an event asked, as a value that no two events of a log should share."""
    if isinstance(event, ReasoningStep):
        return event.plan, event.stage, event.subject, event.repairs
    if isinstance(event, FactCheck):
        return tuple(one.relation for one in event.claims)
    return event.focus.question, event.sample, event.repairs, event.verifies


def repeated(values: Sequence[object]) -> int:
    """Return how many of some values are repeats."""
    return len(values) - len(Counter(values))


@dataclass(frozen=True, slots=True)
class Result:
    """What came of some kills; `window` is the worst time in seconds from an answer to disk that a kill has shown.

    `lost` counts answers that were older than 200 ms when killed and are not on disk, or were on disk and never came
    into the log; `doubled` counts replies that are in the log twice, `twice` such questions.
    """

    kills: int
    answers: int
    lost: int
    window: float
    doubled: int
    twice: int
    differences: int


def measure(folder: Path, kills: int, width: int, seed: int, url: str = "", at_risk: float = AT_RISK) -> Result:
    """Kill growth in a folder that many times, then let it come to an end."""
    url = url or f"sqlite:{folder / 'g.db'}"
    rng, model, missing, seen, last = random.Random(seed), Model(seed=seed), dict[int, float](), set[int](), 0
    on_disk = set[int]()  # what was on disk at any kill
    words = ["grow", "spider silk", "--store", url, "--llm", MODEL, "--width", str(width)]
    with serving(model) as endpoint:
        for turn in range(kills):
            before, wanted, pause = len(model.answered), rng.randint(1, 3 * width), rng.uniform(0, 2 * AT_RISK)
            process = start([*words, "--steps", "5000"], folder, endpoint.base_url, key := f"run-{turn}")
            if not waited_for(lambda: len(model.answered) >= before + wanted or not process.is_alive()):  # noqa: B023
                raise TimeoutError((folder / "said").read_text()[-1000:])
            time.sleep(pause)
            if not process.is_alive():
                raise RuntimeError((folder / "said").read_text()[-1000:])
            at = time.time()
            process.kill()
            ended(process)
            for event in paid(url, last):
                seen.add(number_of(event))
                last = event.seq
            kept = seen | waiting(url, folder)
            for number, sent in list(model.answered.items()):  # answers to dead runs had nobody to take them
                if number not in kept and model.keys[number] == key and sent <= at:
                    missing[number] = at - sent
                elif number in kept:
                    on_disk.add(number)
        process = start([*words, "--steps", "1"], folder, endpoint.base_url)
        if ended(process) not in {0, 3}:
            raise RuntimeError((folder / "said").read_text()[-1000:])
    log = list(paid(url))
    numbers = [number_of(event) for event in log]
    lost = [age for age in missing.values() if age > at_risk]
    with closing(open_store(url)) as store:
        found = differences(project(store.graph()), store.projection())
    return Result(
        kills=kills,
        answers=len(model.answered),
        lost=len(lost) + len(on_disk - set(numbers)),
        window=max(missing.values(), default=0.0),
        doubled=repeated(numbers),
        twice=repeated([question_of(event) for event in log]),
        differences=len(found),
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200, help="of each width")
    parser.add_argument("--width", type=int, action="append", help="questions at once; repeat it (default: 1 and 8)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--store", default="", help="a Neo4j server; else a SQLite file that is thrown away")
    given = parser.parse_args()
    for width in given.width or (1, 8):
        mark = "&" if "?" in given.store else "?"
        url = f"{given.store}{mark}graph=kills-{width}-{os.getpid()}" if given.store else ""
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            found = measure(Path(folder), given.kills, width, given.seed, url)
        print(
            f"width {width}: {found.kills} kills, {found.answers} answers, lost though older than {AT_RISK:g} s"
            f" {found.lost}, worst time from answer to disk {1000 * found.window:.0f} ms, doubled {found.doubled},"
            f" asked twice {found.twice}, {found.differences} differences, {time.monotonic() - began:.0f} s"
        )


if __name__ == "__main__":
    main()
