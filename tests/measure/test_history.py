"""The panel over a run: equal to the panel from scratch at every snapshot, and to itself in any number of processes."""

import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from graphgrow.graph.events import read_events
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Concept, Delta, Edit, Event, Relation, Statement, Triple
from graphgrow.measure.evolution import GrowingGraph, hubs, pair_paths
from graphgrow.measure.history import COLUMNS, cache_kind, history
from graphgrow.measure.panel import NAMES, panel
from graphgrow.stores.sqlite import SQLiteStore
from tests.api.test_edits import LIFE, live
from tests.conftest import RECORDED

KEYS = "abcdefgh"
PAIRS: SearchStrategy[list[tuple[str, str]]] = st.lists(
    st.tuples(st.sampled_from(KEYS), st.sampled_from(KEYS)), max_size=25
)


def edits(pairs: list[tuple[str, str]]) -> list[Event]:
    """Return an event a relation, each with the concepts that are new."""
    known, events = set[str](), list[Event]()
    for seq, (source, target) in enumerate(pairs, 1):
        new = dict.fromkeys(key for key in (source, target) if key not in known)
        known |= set(new)
        said = Statement(Relation(source, "is", target), Triple(source, "is", target))
        events.append(Edit(seq, "add", Delta(tuple(Concept(key, key) for key in new), relations=(said,))))
    return events


def agrees(found: Mapping[str, object], truth: Mapping[str, object]) -> list[str]:
    """Return the metrics that a row and a panel do not share."""
    wrong = []
    for name in found.keys() & truth.keys():
        one, other = found[name], truth[name]
        if isinstance(one, float) and isinstance(other, float) and not pd.isna(one):
            same = one == pytest.approx(other, rel=1e-9, abs=1e-12)
        else:
            same = one == other or (other is None and not isinstance(one, dict) and bool(pd.isna(one)))  # type: ignore[call-overload]  # any scalar
        wrong += [] if same else [name]
    return wrong


def test_history_equals_the_panel_from_scratch_on_a_recorded_run() -> None:
    """At every 25th of 300 steps every metric of the history is that of a panel of the graph as it was then."""
    events = list(read_events(RECORDED))
    table, graph = history(events, every=25), Graph()
    assert list(table.columns) == list(COLUMNS)[1:]
    assert len(table) == 300
    for event in events:
        graph.apply(event)
        if event.seq % 25 == 0:
            truth = panel(list(graph.concepts), graph.triples())
            assert agrees(dict(zip(table.columns, table.loc[event.seq], strict=True)), truth) == [], event.seq
    assert table["diameter"].notna().sum() == 12
    assert table["newly_connected_pairs"].sum() == table["connected_pairs"].iloc[-1]


def test_snapshots_are_taken_once(tmp_path: Path) -> None:
    """With a store as cache a second call and a longer run measure only what nobody has measured yet."""
    events = list(read_events(RECORDED))[:40]
    with closing(SQLiteStore(tmp_path / "g.db", create=True)) as store:
        store.append(*events[:30])
        first = history(store.events(), every=10, cache=store)
        kept = store.recall(cache_kind(), ["10:0", "20:0", "30:0", "10:1"])
        assert sorted(kept) == ["10:0", "20:0", "30:0"]
        marked = {key: json.dumps(json.loads(value) | {"diameter": 999}).encode() for key, value in kept.items()}
        store.remember(cache_kind(), marked)
        again = history(store.events(), every=10, cache=store)
        store.append(*events[30:])
        longer = history(store.events(), every=10, cache=store)
    assert again["diameter"].dropna().tolist() == [999, 999, 999]
    assert longer["diameter"].dropna().tolist() == [999, 999, 999, history(events, every=10)["diameter"].iloc[-1]]
    pd.testing.assert_frame_equal(first.drop(columns="diameter"), again.drop(columns="diameter"))
    assert history(events, every=10, seed=1)["diameter"].iloc[9] != 999


def test_what_takes_long_is_left_out(tmp_path: Path) -> None:
    """Without fits and paths their columns are missing and the others the same; what was taken before is used."""
    events = list(read_events(RECORDED))[:30]
    whole = history(events, every=10)
    with closing(SQLiteStore(tmp_path / "g.db", create=True)) as store:
        store.append(*events)
        quick = history(store.events(), every=10, fits=False, paths=False, cache=store)
        missing = set(quick.columns[quick.isna().all() & whole.notna().any()])
        paths = history(store.events(), every=10, fits=False, cache=store)
        again = history(store.events(), every=10, fits=False, paths=False, cache=store)
    of_paths = {"average_path_length", "average_path_length_error", "sampled_sources", "diameter", "global_efficiency"}
    of_paths |= {name for name in whole.columns if name.startswith("betweenness")} | {"small_world_sigma"}
    of_fits = {name for name in whole.columns if name.startswith(("powerlaw_", "lr_")) and whole[name].notna().any()}
    assert missing == of_paths | of_fits
    pd.testing.assert_frame_equal(quick.drop(columns=list(missing)), whole.drop(columns=list(missing)))
    pd.testing.assert_frame_equal(paths[sorted(of_paths)], whole[sorted(of_paths)])
    pd.testing.assert_frame_equal(again, paths)


@given(PAIRS)
def test_running_counts_are_those_of_the_panel(pairs: list[tuple[str, str]]) -> None:
    """After any sequence of relations the counts kept by change are those counted from scratch."""
    graph, running = Graph(), GrowingGraph()
    for event in edits(pairs):
        graph.apply(event)
        running.take(event)
        row = running.row()
        assert agrees(row, panel(list(graph.concepts), graph.triples())) == []
        sizes = graph.components.sizes.values()
        assert row["connected_pairs"] == sum(size * (size - 1) // 2 for size in sizes)


def test_history_follows_corrections() -> None:
    """Rows after a merge, a rejection and their undoing are those of the graph that was shown then."""
    _, log = live(LIFE)
    table, graph = history(log, every=1), Graph()
    for one in log:
        graph.apply(one)
        truth = panel(list(graph.concepts), graph.triples())
        assert agrees(dict(zip(table.columns, table.loc[one.seq], strict=True)), truth) == [], one.seq
    assert table["newly_connected_pairs"].min() < 0
    assert table["newly_connected_pairs"].sum() == table["connected_pairs"].iloc[-1]
    assert [hub.concept for hub in hubs(log, above=1)]
    assert pair_paths(log, every=1) == []


@given(PAIRS)
def test_betweenness_mean_is_the_path_length_in_other_words(pairs: list[tuple[str, str]]) -> None:
    """On a connected graph mean betweenness is (average path - 1) / (n - 2)."""
    graph = Graph()
    for event in edits(pairs):
        graph.apply(event)
    row = panel(list(graph.concepts), graph.triples())
    nodes, path = row["lcc_nodes"], row["average_path_length"]
    assert isinstance(nodes, int)
    if nodes > 2:
        assert isinstance(path, float)
        assert row["betweenness_mean"] == pytest.approx((path - 1) / (nodes - 2))


def test_processes_change_nothing() -> None:
    """One process and two give the same table."""
    events = list(read_events(RECORDED))[:60]
    pd.testing.assert_frame_equal(history(events, every=20, workers=1), history(events, every=20, workers=2))


def test_history_of_nothing_is_an_empty_table() -> None:
    """Without an event there is no row, but every column."""
    table = history([])
    assert table.empty
    assert set(NAMES) <= set(table.columns)


def test_history_of_a_single_concept() -> None:
    """One concept related to itself has a row without paths, fits or communities, and raises nothing."""
    table = history(edits([("a", "a")]), every=1)
    assert table.loc[1, "self_loops"] == 1
    assert table["average_path_length"].isna().all()
