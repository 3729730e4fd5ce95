"""Several writers of one graph: whether they divide the work, and how much faster they are than one.

    python benchmarks/writers.py [--writers 8] [--questions 1000] [--latency 1.0] [--store URL] [--kill] [--skip-one]

Every writer is a process of its own, with the same policy and seed, and a model that answers from a made-up world some
seconds after it is asked. The graph they begin with is grown without delay, so that each has something to ask. With
--kill one of them is ended by kill -9 half-way. Printed are how many questions were asked and how many twice, the
questions per minute of the writers together and of one alone, and what `verify` finds. This is not part of the package.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from graphgrow.api.models import make_world
from graphgrow.graph.model import Budget, Expansion, Prompt, Reply
from graphgrow.growth.loop import Growth
from graphgrow.growth.settings import Settings
from graphgrow.llm.simulated.world import World
from graphgrow.policy import open_policy
from graphgrow.stores import open_store
from graphgrow.stores.projection import differences, project

BEGUN = 24  # events of the graph that the writers begin with
POLICY = "bandit"
CONCEPTS = 3400  # in the world that answers


class Slow(World):
    """A world that needs some seconds for an answer, and records in a file when each question was asked."""

    def __init__(self, concepts: int, latency: float = 0.0, asked: Path | None = None) -> None:
        super().__init__(make_world("communities", concepts, 0), seed=0)
        self._latency, self._asked = latency, asked

    def ask(self, prompt: Prompt) -> Reply:
        """Answer after the delay."""
        if self._asked:
            with self._asked.open("a") as file:
                file.write(json.dumps([time.time(), prompt.system + prompt.user]) + "\n")
        time.sleep(self._latency)
        return super().ask(prompt)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of some writers: events of the log, questions in it twice, calls, questions per minute, differences."""

    events: int
    twice: int
    calls: int
    a_minute: float
    differences: int
    cpu: float  # CPU seconds per question, of all writers together


def write(url: str, questions: int, latency: float, folder: Path, concepts: int) -> None:
    """Grow a graph until its log has so many events: what one writer does."""
    name = folder / f"{os.getpid()}.asked"
    with closing(open_store(url, create=True)) as store:
        world = Slow(concepts, latency, name)
        growth: Growth
        settings = Settings(
            open_policy(POLICY), Budget(steps=questions), stop=lambda: growth.graph.seq >= questions, prompts="small"
        )
        growth = Growth(world.hidden.topic, store, world, settings)
        growth.run()


def begin(url: str, concepts: int) -> None:
    """Grow the graph that writers begin with."""
    with closing(open_store(url, create=True)) as store:
        world = Slow(concepts)
        Growth(world.hidden.topic, store, world, Settings(open_policy(POLICY), Budget(steps=BEGUN))).run()


def measure(
    url: str, writers: int, questions: int, latency: float, *, kill: bool = False, concepts: int = CONCEPTS
) -> Result:
    """Let some writers grow a graph that has been begun until it has so many more events."""
    begin(url, concepts)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as name:
        folder, most = Path(name), BEGUN + questions
        words = [sys.executable, __file__, "--child", url, str(most), str(latency), name, str(concepts)]
        children = [subprocess.Popen(words) for _ in range(writers)]
        try:
            if kill:
                with closing(open_store(url)) as store:
                    while sum(1 for _ in store.events(BEGUN)) < questions // 2 and children[0].poll() is None:
                        time.sleep(0.2)
                children[0].send_signal(signal.SIGKILL)
            for child in children:
                child.wait()
        finally:
            for child in children:
                child.kill()
        logs = [[json.loads(line) for line in file.read_text().splitlines()] for file in folder.glob("*.asked")]
    with closing(open_store(url)) as store:
        events = [one for one in store.events(BEGUN) if isinstance(one, Expansion)]
        found = differences(project(store.graph()), store.projection())
    often = Counter((one.focus.question, one.sample, one.repairs, one.verifies) for one in events)
    # Counted from when all are at work: what a process loads before that is not included.
    start, end = max(log[0][0] for log in logs), max(log[-1][0] for log in logs)
    calls = sorted(at for log in logs for at, _ in log)
    a_minute = 60 * sum(start <= at < end for at in calls) / (end - start) if end > start else 0.0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Result(len(events), often.total() - len(often), len(calls), a_minute, len(found), cpu / len(events))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--latency", type=float, default=1.0, help="seconds that the model needs")
    parser.add_argument("--store", default="", help="a Neo4j server; else a SQLite file that is thrown away")
    parser.add_argument("--kill", action="store_true", help="kill -9 one writer half-way")
    parser.add_argument("--skip-one", action="store_true", help="do not measure one writer alone")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:

        def store(name: str) -> str:
            mark = "&" if "?" in given.store else "?"
            return f"{given.store}{mark}graph={name}-{os.getpid()}" if given.store else f"{folder}/{name}.db"

        several = measure(store("several"), given.writers, given.questions, given.latency, kill=given.kill)
        print(
            f"{given.writers} writers: {several.events} events, {several.calls} calls, asked twice {several.twice},"
            f" {several.a_minute:.1f} questions a minute, {several.differences} differences,"
            f" {several.cpu:.3f} s of a processor a question"
        )
        if not given.skip_one:
            one = measure(store("one"), 1, max(20, given.questions // given.writers), given.latency)
            print(f"one writer: {one.a_minute:.1f} questions a minute; {several.a_minute / one.a_minute:.2f} times")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        write(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), Path(sys.argv[5]), int(sys.argv[6]))
    else:
        main()
