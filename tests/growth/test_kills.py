"""kill -9 of everything that pays for replies: what was answered is there, once, and the same command goes on."""

import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from graphgrow.graph.model import Budget, Change, Delta, Edit
from graphgrow.growth.loop import grow
from graphgrow.llm.scripted import Scripted
from graphgrow.stores import open_store
from graphgrow.stores.verifying import verify
from tests.conftest import ROOT, chatter
from tests.processes import ended
from tests.servers import serving, waited_for

sys.path.insert(0, str(ROOT / "benchmarks"))  # scripts, no package

import kills

TASKS = {
    "ask": ("ask", "g.db", "What is silk?", "--compare", "--confidence", "0", "--embeddings", "off"),
    "discover": ("discover", "g.db", "--confidence", "0", "--width", "2"),
    "ideas": ("ideas", "g.db", "--confidence", "0", "--embeddings", "off", "--width", "2"),
    "arbiter": ("review", "g.db", "--arbiter", "llm"),
    "fact checks": ("grow", "--store", "g.db", "--steps", "2", "--fact-check", "0.9", "--width", "2"),
}


@pytest.mark.slow
@pytest.mark.parametrize("width", [1, 8])
def test_what_was_answered_a_moment_before_a_kill_is_there_once(width: int, tmp_path: Path) -> None:
    """At random moments of a run against a real endpoint: only what had just been answered may be lost."""
    found = kills.measure(tmp_path, 2, width, seed=width, at_risk=1.0)  # where others are at work too
    assert (found.lost, found.doubled, found.twice, found.differences) == (0, 0, 0, 0)
    assert found.answers >= found.kills


@pytest.mark.slow
def test_kills_of_growth_on_a_server_lose_nothing_either(neo4j_graph: str, tmp_path: Path) -> None:
    """The same where the graph is in Neo4j."""
    found = kills.measure(tmp_path, 2, 8, 0, neo4j_graph, at_risk=1.0)
    assert (found.lost, found.doubled, found.twice, found.differences) == (0, 0, 0, 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "after"), [("ask", 1), ("discover", 3), ("ideas", 4), ("arbiter", 2), ("fact checks", 3)]
)
def test_a_task_that_is_killed_goes_on_and_pays_for_nothing_twice(task: str, after: int, tmp_path: Path) -> None:
    """All that was answered is on disk, the same command ends, no prompt was answered twice, and the log has it all."""
    url, model = f"sqlite:{tmp_path / 'g.db'}", kills.Model(stuck=after)
    with closing(open_store(url, create=True)) as store:
        grow("spider silk", store, Scripted(chatter(6)), budget=Budget(steps=6)).run()
        begun = store.graph().seq
        doubts = tuple(Change("doubt", (f"protein {n}", f"sheet {n}"), reason="alike", score=0.9) for n in range(1, 5))
        store.append(Edit(begun + 1, "add", Delta(changes=doubts)))
    with serving(model) as endpoint:
        run = kills.start(TASKS[task], tmp_path, endpoint.base_url)
        assert waited_for(lambda: len(model.answered) == after and model.held)
        time.sleep(1.0)  # much longer than a reply needs to disk, also where others are at work
        run.kill()
        ended(run)
        logged = {kills.number_of(event) for event in kills.paid(url, begun)}
        assert logged | kills.waiting(url, tmp_path) == set(model.answered)
        model.stuck = None
        again = kills.start(TASKS[task], tmp_path, endpoint.base_url)
        assert ended(again) == 0, (tmp_path / "said").read_text()
    numbers = [kills.number_of(event) for event in kills.paid(url, begun)]
    assert sorted(numbers) == sorted(model.answered)
    assert len(numbers) > after
    assert kills.repeated(list(model.asked.values())) == 0
    with closing(open_store(url)) as store:
        assert verify(store).problems == []
