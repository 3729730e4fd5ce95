"""kill -9 at random moments of a run: whatever had been appended is there, whole, and log and projection agree."""

import os
import random
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from graphgrow.graph.model import Expansion, FactCheck
from graphgrow.stores.projection import differences, project
from graphgrow.stores.sqlite import SQLiteStore
from tests.processes import LONGEST, heard, started

ROUNDS = int(os.environ.get("GRAPHGROW_KILLS", "8"))
# The child writes the seq of each event to its output as soon as append has returned.
CHILD = """
import sys
from pathlib import Path
import graphgrow
from graphgrow.llm.scripted import Scripted
from graphgrow.graph.model import Budget
from tests.conftest import triples

store = graphgrow.open(sys.argv[1], create=True)
start = store.graph().seq
replies = [triples(("spider silk", "contains", f"protein {i}"), (f"protein {i}", "forms", f"sheet {i % 97}"))
           for i in range(start, start + 5000)]
for event in graphgrow.grow("spider silk", store, Scripted(replies), budget=Budget(steps=5000)):
    sys.stdout.write(f"{event.seq}\\n")
    sys.stdout.flush()
"""


# The same with a model that says what is true, four questions at once, each with its fact checks.
CHECKING = """
import sys
import graphgrow
from graphgrow.graph.model import Budget
from graphgrow.growth.loop import Growth
from graphgrow.growth.settings import Settings
from graphgrow.llm.simulated.shapes import make_world
from graphgrow.llm.simulated.world import World, WorldSettings
from graphgrow.policy import open_policy

store = graphgrow.open(sys.argv[1], create=True)
world = World(make_world("communities", 600, 1), WorldSettings(errors=0.2))
settings = Settings(open_policy("knowledge"), Budget(steps=5000), width=4, fact_check=0.5)
for event in Growth(world.hidden.topic, store, world, settings):
    sys.stdout.write(f"{event.seq}\\n")
    sys.stdout.flush()
"""


def kill_while_growing(path: Path, seconds: float, program: str = CHILD) -> int:
    """Grow in a child for some time after its first event, kill it, and return the last seq it reported."""
    words = [sys.executable, "-c", program, str(path)]
    with started(words, LONGEST, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as child:
        first = heard(child)
        time.sleep(seconds)
        child.kill()
        assert child.stdout is not None
        reported = [first, *child.stdout.read().splitlines()]
    whole = [int(line) for line in reported if line.strip()]
    return whole[-1] if whole else 0


@pytest.mark.slow
def test_kill_9_loses_no_committed_event(tmp_path: Path) -> None:
    """After every kill the log holds at least what was reported, without gaps, and verify says equal."""
    path, rng, last = tmp_path / "g.db", random.Random(7), 0
    for _ in range(ROUNDS):
        reported = kill_while_growing(path, rng.uniform(0, 0.4))
        with closing(SQLiteStore(path)) as store:
            graph = store.graph()
            assert graph.seq >= reported > last
            assert differences(project(graph), store.projection()) == []
        last = graph.seq


@pytest.mark.slow
def test_kill_9_neither_loses_nor_doubles_a_fact_check(tmp_path: Path) -> None:
    """A run killed between a question and its checks, or amid these, goes on with them: none is asked about twice."""
    path, rng, last = tmp_path / "g.db", random.Random(7), 0
    for _ in range(ROUNDS):
        reported = kill_while_growing(path, rng.uniform(0, 0.4), CHECKING)
        with closing(SQLiteStore(path)) as store:
            graph, events = store.graph(), list(store.events())
            assert graph.seq >= reported > last
            assert differences(project(graph), store.projection()) == []
        last = graph.seq
        checked = [claim.relation for event in events if isinstance(event, FactCheck) for claim in event.claims]
        assert len(checked) == len(set(checked))
    asked = [event.focus.question for event in events if isinstance(event, Expansion) and not event.repairs]
    assert len(asked) == len(set(asked))
    assert len(checked) > ROUNDS
