"""A round of many questions: as many threads as questions, or a single one, grow the same graph."""

import json
import sys
from contextlib import closing
from pathlib import Path
from subprocess import run
from threading import get_ident

import pytest

from graphgrow.api.models import make_world
from graphgrow.graph.events import to_json
from graphgrow.graph.model import Budget, Prompt, Reply
from graphgrow.growth.loop import Growth, Settings
from graphgrow.llm.simulated.world import World
from graphgrow.policy import open_policy
from graphgrow.stores import open_store


class Watched:
    """A world that keeps which threads asked it."""

    def __init__(self) -> None:
        self._world = World(make_world("communities", 300, 1))
        self.threads = set[int]()
        self.name, self.price, self.close = self._world.name, self._world.price, self._world.close
        self.topic = self._world.hidden.topic

    def ask(self, prompt: Prompt) -> Reply:
        """Ask the world."""
        self.threads.add(get_ident())
        return self._world.ask(prompt)


@pytest.mark.parametrize("workers", [1, 3])
def test_fewer_workers_than_questions_grow_the_same_graph(tmp_path: Path, workers: int) -> None:
    """Width 8 with a thread a question and with fewer ends as the same log, byte for byte but for the time of day."""
    logs = []
    for count in (None, workers):
        world = Watched()
        with closing(open_store(str(tmp_path / f"{count}.db"), create=True)) as store:
            how = Settings(open_policy("mix"), Budget(steps=30), 8, now=lambda: "", workers=count)
            list(Growth(world.topic, store, world, how))
            logs.append([to_json(event) for event in store.events()])
    assert len(world.threads) <= workers
    assert logs[0] == logs[1]
    assert len(logs[0]) == 30
    assert {json.loads(line)["seq"] for line in logs[0]} == set(range(1, 31))


def test_the_benchmark_of_widths_compares_two_logs(tmp_path: Path) -> None:
    """Over HTTP too both runs say the same; nothing is timed here."""
    program = Path(__file__).parents[2] / "benchmarks" / "width.py"
    words = "--width 8 --questions 16 --latency 0.01 --runs 1".split()
    done = run([sys.executable, str(program), *words], cwd=tmp_path, text=True, capture_output=True, check=True)
    assert done.stdout.startswith("16 questions, width 8")
    assert done.stdout.splitlines()[-1] == "all logs are the same"
