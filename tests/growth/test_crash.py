"""kill -9 at random moments of a run: whatever had been appended is there, whole, and log and projection agree."""

import os
import random
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from graphgrow.stores.projection import differences, project
from graphgrow.stores.sqlite import SQLiteStore

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


def kill_while_growing(path: Path, seconds: float) -> int:
    """Grow in a child for some time after its first event, kill it, and return the last seq it reported."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    )
    with child:
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(seconds)
        child.kill()
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
