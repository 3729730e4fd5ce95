"""Runs started from the page: processes of their own that outlive it, told by the files they leave in the state folder.

A run is `graphgrow grow --json`, started detached. Its file says what was wanted, its log holds a line of JSON a step;
whoever looks, from whichever page, reads the same files. Keys reach it by the environment alone.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from threading import Thread
from typing import Any, Literal

from filelock import FileLock, Timeout

from graphgrow.errors import BadInput, StoreError
from graphgrow.policy import DEFAULT
from graphgrow.stores.outbox import state_folder

State = Literal["running", "pausing", "stopping", "paused", "ended"]
ATTEMPTS = 5
LISTED = 12
LAST_WORDS = ("graphgrow: ", "stopped: ")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a run is to do; the names are those of `graphgrow grow`."""

    topic: str = ""
    llm: str = ""
    base_url: str = ""
    steps: int = 20
    tokens: int | None = None
    usd: float | None = None
    minutes: float | None = None
    width: int = 1
    policy: str = DEFAULT
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its files tell it: `said` are its last words where it has any, `at` is UTC in ISO 8601."""

    name: str
    wanted: Wanted
    at: str
    pid: int
    state: State
    steps: int = 0
    concepts: int = 0
    tokens: int = 0
    usd: float = 0.0
    said: str = ""

    @property
    def is_alive(self) -> bool:
        """True while its process is there."""
        return self.state in {"running", "pausing", "stopping"}


@dataclass(frozen=True, slots=True)
class _Record:
    """The file of a run; `born` tells its process from a later one with the same number."""

    pid: int
    born: str
    at: str
    wanted: dict[str, Any] = field(default_factory=dict)


def command(url: str, wanted: Wanted) -> list[str]:
    """Return the words that start a run; whatever was typed is one word and never an option."""
    options = {name: value for name, value in asdict(wanted).items() if name != "topic" and value not in ("", None)}
    words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    topic = ["--", wanted.topic] if wanted.topic else []
    return [sys.executable, "-m", "graphgrow", "grow", f"--store={url}", "--json", *words, *topic]


def start(url: str, wanted: Wanted, env: Mapping[str, str] = os.environ) -> str:
    """Start a run in the background and return its name; raises BadInput while another one is under way."""
    folder = made(_folder(url))
    try:
        with FileLock(folder / "start.lock", timeout=0, mode=0o600):
            if any(run.is_alive for run in runs(url)):
                raise BadInput("a run of this graph is under way: stop it, or wait for its end")
            return _start(folder, url, wanted, env)
    except Timeout:
        raise BadInput("another page starts a run of this graph just now: one at a time") from None


def _start(folder: Path, url: str, wanted: Wanted, env: Mapping[str, str]) -> str:
    """Start the process of a run, write its record and return its name."""
    return launch(folder, command(url, wanted), asdict(wanted), env)


def launch(folder: Path, words: Sequence[str], wanted: Mapping[str, object], env: Mapping[str, str]) -> str:
    """Start a command that outlives the page, write a record of it into a folder and return its name."""
    now = datetime.now(UTC)
    name = f"{now:%Y%m%dT%H%M%S}-{token_hex(3)}"
    with (folder / f"{name}.log").open("wb") as log, (folder / f"{name}.err").open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603  # our own command, every option one word
            list(words),
            stdin=subprocess.DEVNULL, stdout=log, stderr=errors, env=dict(env), start_new_session=True,
        )  # fmt: skip
    Thread(target=process.wait, daemon=True).start()  # its end is taken notice of, or it stays a zombie
    record = _Record(process.pid, _born(process.pid), now.isoformat(timespec="seconds"), dict(wanted))
    draft = folder / f"{name}.draft"
    draft.write_text(json.dumps(asdict(record)), encoding="utf-8")
    draft.replace(folder / f"{name}.json")
    return name


def launched(file: Path) -> tuple[dict[str, Any], bool, str] | None:
    """Return what the command of a record was to do, whether it still does, and its last words; None for no record."""
    try:
        record = _Record(**json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return record.wanted, _is_alive(record), _last_words(file.with_suffix(".err"))


def stop(url: str, name: str, *, pause: bool = False) -> None:
    """Ask a run to end as Ctrl-C does, once: what was paid for is saved. One that is paused can go on later.

    Raises BadInput where it has ended or has been asked before: a second Ctrl-C would break off its orderly end.
    """
    run = find(url, name)
    if not run.is_alive:
        raise BadInput("this run has ended already")
    try:
        with (_folder(url) / f"{name}.wish").open("x", encoding="utf-8") as wish:  # of two pages, one asks
            wish.write("pause" if pause else "stop")
    except FileExistsError:
        raise BadInput("this run is ending already: it saves what was paid for") from None
    with suppress(ProcessLookupError):
        os.kill(run.pid, signal.SIGINT)


def resume(url: str, name: str, env: Mapping[str, str] = os.environ) -> str:
    """Let a paused run go on with what is left of its budget, as a run of a new name."""
    run = find(url, name)
    if run.state != "paused":
        raise BadInput("only a paused run can go on")
    wanted = run.wanted
    left = replace(
        wanted,
        topic="",
        steps=max(1, wanted.steps - run.steps),
        tokens=max(1, wanted.tokens - run.tokens) if wanted.tokens else None,
        usd=max(0.0, wanted.usd - run.usd) if wanted.usd is not None else None,
    )
    started = start(url, left, env)
    (_folder(url) / f"{name}.wish").write_text("stop", encoding="utf-8")
    return started


def once(known: Sequence[Run]) -> Wanted:
    """Return a run of one step with the model of the newest of some runs."""
    last = known[0].wanted if known else Wanted()
    return Wanted(llm=last.llm, base_url=last.base_url, steps=1, policy=last.policy, seed=last.seed)


def find(url: str, name: str) -> Run:
    """Return one run; raises BadInput where there is none of that name."""
    return next((run for run in runs(url) if run.name == name), None) or _unknown(name)


def _unknown(name: str) -> Run:
    raise BadInput(f"there is no run {name!r} of this graph")


def runs(url: str) -> list[Run]:
    """Return the runs of a graph that were started from a page, the newest first; the last LISTED of them."""
    folder = _folder(url)
    files = sorted(folder.glob("*.json"), reverse=True)[:LISTED] if folder.is_dir() else []
    return [run for file in files if (run := _read(file))]


def _folder(url: str) -> Path:
    folder = state_folder(url)
    if folder is None:
        raise BadInput("a graph in memory has no runs in the background: keep it in a file")
    return folder / "runs"


def made(folder: Path) -> Path:
    """Make a folder below one that a run which ends just now may take away."""
    for _ in range(ATTEMPTS):
        with suppress(FileNotFoundError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return folder
    raise StoreError(f"{folder} cannot be made: set XDG_STATE_HOME to a folder that can be written")


def _read(file: Path) -> Run | None:
    """Return the run of a file; None for a file that is none."""
    try:
        record = _Record(**json.loads(file.read_text(encoding="utf-8")))
        wanted = Wanted(**record.wanted)
    except (OSError, ValueError, TypeError):
        return None
    lines = list(_lines(file.with_suffix(".log")))
    steps = [one for one in lines if not one.get("repairs") and one.get("strategy") != "arbiter"]
    state = _state(_text(file.with_suffix(".wish")), is_alive=_is_alive(record))
    said = "" if state == "running" else _last_words(file.with_suffix(".err"))
    if state == "ended" and not steps and not said:
        said = "it ended before the first reply"
    return Run(
        file.stem, wanted, record.at, record.pid, state, len(steps),
        sum(one["added"]["concepts"] for one in lines), sum(one["tokens"] for one in lines),
        sum(one["usd"] or 0.0 for one in lines), said,
    )  # fmt: skip


def _state(wish: str, *, is_alive: bool) -> State:
    if is_alive:
        return "pausing" if wish == "pause" else "stopping" if wish == "stop" else "running"
    return "paused" if wish == "pause" else "ended"


def _lines(log: Path) -> Iterator[dict[str, Any]]:
    """Yield the steps of a log; the last line may still be on its way."""
    for line in _text(log).splitlines():
        with suppress(ValueError):
            found = json.loads(line)
            if isinstance(found, dict) and "added" in found and "tokens" in found:
                yield found


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _last_words(errors: Path) -> str:
    """Return how a run says it ended; "" where it did all its steps."""
    lines = [line.strip() for line in _text(errors).splitlines() if line.strip()]
    said = [line for line in lines if line.startswith(LAST_WORDS)]
    return said[-1].split(": ", 1)[1] if said else ""


def _is_alive(record: _Record) -> bool:
    if record.born:
        return _born(record.pid) == record.born
    with suppress(OSError):
        os.kill(record.pid, 0)
        return True
    return False


def _born(pid: int) -> str:
    """Return when a process started, in ticks since the system did; "" where it is gone or nothing tells."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state == "Z" else fields[18]
