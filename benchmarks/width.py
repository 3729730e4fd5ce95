"""What asking many questions at once saves: a run of --width 64 against the same run asked one question at a time.

    python benchmarks/width.py [--width 64] [--questions 256] [--latency 1.0] [--runs 5]

An OpenAI-compatible endpoint in a process of its own answers from a made-up world, a second after each request, for any
number of askers. A graph with enough concepts for full rounds is grown first, from an endpoint that answers at once, so
that what a process loads with its first questions counts for neither side. Copies of its store continue with the same
policy, width and seed, several with a thread per question, one with a single thread. All have to end with the same log,
except for the time of day and the seconds that replies took. This is not part of the package.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path

from graphgrow.api.models import make_world
from graphgrow.graph.events import to_json
from graphgrow.graph.model import Asks, Budget, Expansion, Prompt
from graphgrow.growth.loop import Growth
from graphgrow.growth.settings import Settings
from graphgrow.llm.openai_chat import OpenAIChat
from graphgrow.llm.simulated.world import World
from graphgrow.policy import open_policy
from graphgrow.stores.sqlite import SQLiteStore

GOAL = 50
READY = 4  # concepts per question of a round that the graph holds beforehand
SEED = 0


def made() -> World:
    """Return the world that answers."""
    return World(make_world("communities", seed=SEED), seed=SEED)


class Crowd(ThreadingHTTPServer):
    """A server that many may call at the same moment."""

    daemon_threads = True
    request_queue_size = 512


def serve(latency: float, tell: Connection) -> None:
    """Report the port, then answer for ever."""
    server = Crowd(("127.0.0.1", 0), handler(made(), latency))
    tell.send(server.server_port)
    server.serve_forever()


def handler(world: World, latency: float) -> type[BaseHTTPRequestHandler]:
    """Return the handler of requests: the same reply for the same prompt and seed."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            due = time.monotonic() + latency
            content = completion(world, asked)
            time.sleep(max(0.0, due - time.monotonic()))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            """Say nothing."""

    return Handler


def completion(world: World, asked: dict[str, list[dict[str, str]]]) -> bytes:
    """Return the body of a chat completion about the last concept of the world that the question names, else its topic.

    A request carries only the text of a question, and here any answer will do that follows from the text alone.
    """
    text = {message["role"]: message["content"] for message in asked["messages"]}
    names = [name for name in text["user"].split('"')[1::2] if world.hidden.means(name)]
    about = Asks("expand", tuple(names[-1:]) or (world.hidden.topic,))
    prompt = Prompt(text.get("system", ""), text["user"], seed=int(str(asked["seed"])), asks=about)
    reply = world.ask(prompt)
    usage = {"prompt_tokens": reply.usage.prompt_tokens, "completion_tokens": reply.usage.completion_tokens}
    choice = {"index": 0, "message": {"role": "assistant", "content": reply.text}, "finish_reason": "stop"}
    return json.dumps({"object": "chat.completion", "model": "world", "choices": [choice], "usage": usage}).encode()


@contextmanager
def endpoint(latency: float) -> Iterator[str]:
    """Run the endpoint in another process; yields its base URL."""
    hear, tell = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(target=serve, args=(latency, tell), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{hear.recv()}/v1"
    finally:
        process.terminate()
        process.join()


def prepared(path: Path, width: int) -> None:
    """Grow a graph with enough concepts for full rounds, from an endpoint that answers at once."""
    concepts = READY * width
    settings = Settings(open_policy("mix"), Budget(steps=concepts), width)
    with (
        endpoint(latency=0) as base_url,
        closing(SQLiteStore(path, create=True)) as store,
        closing(OpenAIChat("world", base_url)) as llm,
    ):
        growth = Growth(made().hidden.topic, store, llm, settings)
        next(event for event in growth if len(growth.graph.concepts) >= concepts)


def timed(path: Path, base_url: str, questions: int, width: int, workers: int) -> tuple[float, float, list[str]]:
    """Return the seconds that a run on a store took, the CPU seconds of this process, and what the run logged."""
    settings = Settings(open_policy("mix"), Budget(steps=questions), width, SEED, workers=workers)
    with closing(SQLiteStore(path)) as store, closing(OpenAIChat("world", base_url)) as llm:
        since = store.graph().seq
        started, worked = time.perf_counter(), time.process_time()
        list(Growth(None, store, llm, settings))
        seconds, busy = time.perf_counter() - started, time.process_time() - worked
        return seconds, busy, [timeless(event) for event in store.events(since) if isinstance(event, Expansion)]


def timeless(event: Expansion) -> str:
    """Return an event as it is on disk, without the time of day and the seconds of its reply."""
    return to_json(replace(event, at="", reply=replace(event.reply, seconds=0.0)))


def main() -> None:
    """Print seconds and ratio; ends with 1 where two logs differ."""
    parser = argparse.ArgumentParser(description="Many questions at once against one at a time.")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--questions", type=int, default=256)
    parser.add_argument("--latency", type=float, default=1.0, help="seconds that a reply takes")
    parser.add_argument("--runs", type=int, default=5, help="of many at once, of which the median counts")
    how = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, endpoint(how.latency) as base_url:
        os.environ["XDG_STATE_HOME"] = folder
        ready = Path(folder, "ready.db")
        prepared(ready, how.width)

        def run(number: int, workers: int) -> tuple[float, float, list[str]]:
            path = Path(folder, f"{number}.db")
            shutil.copy(ready, path)
            return timed(path, base_url, how.questions, how.width, workers)

        wide = sorted(run(number, how.width) for number in range(1, how.runs + 1))
        fast, busy, log = wide[len(wide) // 2]
        print(f"{len(log)} questions, width {how.width}, {how.latency:g} s a reply: {fast:.2f} s, busy {busy:.2f} s")
        print(f"{how.runs} runs of it: {wide[0][0]:.2f} to {wide[-1][0]:.2f} s", flush=True)
        slow, busy, _ = alone = run(0, workers=1)
    print(f"the same questions one at a time: {slow:.2f} s, busy {busy:.2f} s")
    print(f"{slow / fast:.1f} times as long (goal: {GOAL}), {slow / wide[-1][0]:.1f} against the slowest of the runs")
    if any(log != alone[-1] for _, _, log in wide):
        sys.exit("two logs differ")
    print("all logs are the same")


if __name__ == "__main__":
    main()
