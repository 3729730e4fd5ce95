"""What a store keeps of a graph beside its log spares work and changes nothing: not a question, not a number."""

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgrow.api import edits
from graphgrow.graph import kept
from graphgrow.graph.events import read_events
from graphgrow.graph.graph import Graph, Past, fold
from graphgrow.graph.model import Event, FactCheck
from graphgrow.measure.projection import Counts, Structure, structure
from graphgrow.policy import open_policy
from graphgrow.policy.knowledge import Strengths, Tie
from graphgrow.policy.monitor import Monitor, monitor
from graphgrow.stores.sqlite import SQLiteStore
from tests.conftest import RECORDED
from tests.policy.test_strategy_laws import lived, lives

RUN = RECORDED.parent.parent / "runs/impact-resistant-materials-knowledge.jsonl.gz"
KINDS = ("monitor 1", "structure 2", "tie 2")


def knowledge_run() -> list[Event]:
    """Return the beginning of a recorded run with fact checks."""
    return list(read_events(RUN))[:160]


def shape(one: Structure) -> tuple[object, ...]:
    """Return all that a structure says, the order of its pairs included."""
    edges = one.graph.get_edgelist()
    return one.seq, one.keys, one.edges.tolist(), one.support.tolist(), one.roles, edges, one.degree, one.communities


@settings(max_examples=40)
@given(lives, st.data())
def test_a_structure_that_goes_on_from_an_earlier_one_is_that_of_the_whole_log(
    decided: list[tuple[object, ...]], data: st.DataObject
) -> None:
    """From any event on since the last decision, through the bytes that a store keeps, it is the same to the order."""
    graph, log = lived(decided)
    first = max((event.seq for event in log if event.kind == "edit"), default=0)
    start = data.draw(st.integers(first, graph.seq))
    before = Structure(graph, start).counts
    again = Counts.restored(memoryview(before.dump()), 0)
    assert again == before
    for seq in range(start, graph.seq + 1):
        assert shape(Structure(graph, seq, again)) == shape(Structure(graph, seq))
    assert again == before


def test_a_tie_that_goes_on_from_an_earlier_one_is_that_of_the_whole_log() -> None:
    """Replies and fact checks in between change the weights that they change, and no bit of the others."""
    log = knowledge_run()
    assert sum(isinstance(event, FactCheck) for event in log[60:]) > 20
    graph = fold(log)
    for start, end in ((0, 30), (60, 61), (60, 100), (100, 160), (160, 160)):
        before = Tie(graph, Structure(graph, start)).strengths
        again = Strengths.restored(memoryview(before.dump()), 0)
        assert again == before
        assert Tie(graph, Structure(graph, end), again).strengths == Tie(graph, Structure(graph, end)).strengths


@pytest.mark.parametrize("cut", [1, 7, 60, 130])
def test_a_monitor_goes_on_as_the_one_that_took_the_whole_log(cut: int) -> None:
    """Dumped after any event and taken up again, it holds all that the other one holds."""
    whole, half = Monitor(), Monitor()
    steps = [Past.of(event) for event in read_events(RECORDED)][:200]
    for step in steps:
        whole.take(step)
    for step in steps[:cut]:
        half.take(step)
    again = Monitor.restored(memoryview(half.dump()), half.saved)
    assert again.dump() == half.dump()
    for step in steps[cut:]:
        again.take(step)
    assert again.dump() == whole.dump()
    assert (again.tallies, again.fresh, again.assessment) == (whole.tallies, whole.fresh, whole.assessment)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SQLiteStore]:
    """A graph whose store keeps what was worked out at its 120th event; 40 came since."""
    monkeypatch.setattr(kept, "EVENTS", 50)
    store, log = SQLiteStore(tmp_path / "graph.db", create=True), knowledge_run()
    store.append(*log[:120])
    chosen(store.graph())
    store.append(*log[120:])
    yield store
    store.close()


def chosen(graph: Graph) -> list[object]:
    """Return what policies ask next of a graph, and what the monitor says."""
    policies = [open_policy(name) for name in ("knowledge", "mix", "bandit")]
    foci = [policy.choose(graph, graph.topic_key, random.Random(3), 3) for policy in policies]
    return [*foci, monitor(graph).dump(), monitor(graph).assessment, structure(graph).communities]


def test_a_graph_that_is_opened_again_takes_up_what_was_worked_out(
    store: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what came since is taken in, and what is asked next is what the whole log asks."""
    taken: list[int] = []
    take = Monitor.take

    def noted(self: Monitor, step: Past) -> None:
        taken.append(step.seq)
        take(self, step)

    whole = chosen(fold(store.events()))
    monkeypatch.setattr(Monitor, "take", noted)
    graph = store.graph()
    assert all(kept.kept(graph, kind) for kind in KINDS)
    assert chosen(graph) == whole
    assert taken == list(range(121, 161))


@pytest.mark.parametrize("harm", ["bit", "cut", "nothing", "another log", "another value", "decided"])
def test_what_is_not_of_this_log_counts_for_nothing(store: SQLiteStore, tmp_path: Path, harm: str) -> None:
    """Bytes that were altered, those of another log, and what decisions have overtaken: all is worked out anew."""
    other, theirs = store, [kind for kind in KINDS if harm != "decided" or kind != "monitor 1"]
    if harm == "another log":
        log = list(read_events(RECORDED))[:160]
        other = SQLiteStore(tmp_path / "other.db", create=True)
        other.append(*log)
    elif harm == "decided":
        graph = store.graph()
        store.append(edits.merge(graph, *list(graph.concepts)[3:5]))
    for kind in theirs:
        held = store.recall(kind, ["state"])["state"]
        middle = len(held) // 2
        if harm == "bit":
            held = held[:middle] + bytes([held[middle] ^ 1]) + held[middle + 1 :]
        elif harm in {"cut", "nothing"}:
            held = held[:middle] if harm == "cut" else b""
        if harm == "another value":  # whole, of this log, and no such thing
            kept.keep(store.graph(), kind, b"\x02\0\0\0\0\0\0\0{}")
        else:
            other.remember(kind, {"state": held})
    graph = other.graph()
    is_found = [kept.kept(graph, kind, as_shown=kind != "monitor 1") is not None for kind in theirs]
    assert is_found == [harm == "another value"] * len(theirs)
    assert chosen(graph) == chosen(fold(other.events()))
    other.close()


def keep_on(path: Path) -> None:
    """Keep values that tell whether they are whole, until somebody ends this process."""
    kept.EVENTS = 50
    graph = SQLiteStore(path).graph()
    while True:
        kept.keep(graph, "monitor 1", os.urandom(1) * random.randrange(1, 500_000))


def test_who_is_killed_while_keeping_leaves_a_whole_value(store: SQLiteStore) -> None:
    """Killed at any moment, a process leaves what it kept last or before, and no part of it."""
    path, server = Path(store.url.removeprefix("sqlite:")), multiprocessing.get_context("forkserver")
    server.set_forkserver_preload([__name__])
    before, rng = store.recall("monitor 1", ["state"]), random.Random(1)
    for _ in range(4):
        child = server.Process(target=keep_on, args=(path,))
        child.start()
        while child.is_alive() and store.recall("monitor 1", ["state"]) == before:
            time.sleep(0.01)
        time.sleep(rng.random() / 20)
        assert child.pid
        os.kill(child.pid, signal.SIGKILL)
        child.join(60)
        before = store.recall("monitor 1", ["state"])
        held = kept.kept(store.graph(), "monitor 1")
        assert held
        assert len(set(held[1])) == 1
    assert chosen(store.graph()) == chosen(fold(store.events()))
