"""What is followed over a run: snapshots, hubs, bridges, and a fixed panel of pairs, chosen once and never longer."""

import math
from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.errors import BadInput
from graphgrow.graph.events import read_events
from graphgrow.graph.graph import fold
from graphgrow.measure import paths
from graphgrow.measure.evolution import PairRow, hubs, pair_paths, snapshots, top_bridges
from graphgrow.measure.panel import panel
from tests.conftest import RECORDED
from tests.measure.test_history import edits

CHAIN = [(f"c{i}", f"c{i + 1}") for i in range(19)]
LATER = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=20)


def test_snapshots_come_every_so_often_and_after_the_last_event() -> None:
    """Seven events have snapshots after 3, 6 and 7, six after 3 and 6, none has none."""
    events = edits([("hub", f"ray {i}") for i in range(7)])
    assert [(seq, len(running.near)) for seq, running in snapshots(events, every=3)] == [(3, 4), (6, 7), (7, 8)]
    assert [seq for seq, _ in snapshots(events[:6], every=3)] == [3, 6]
    assert list(snapshots([])) == []
    with pytest.raises(BadInput, match="every 0 steps"):
        list(snapshots(events, every=0))


def test_hubs_emerge_when_their_degree_passes_the_bound() -> None:
    """A star of seven passes five neighbours with its sixth ray, and later rays change nothing but its degree."""
    (hub,) = hubs(edits([("hub", f"ray {i}") for i in range(7)]))
    assert (hub.concept, hub.introduced, hub.emerged, hub.degree) == ("hub", 1, 6, 7)


def test_hubs_of_the_recorded_run_are_those_of_its_graph() -> None:
    """Every concept with more than five neighbours at the end emerged at some step, after it was introduced."""
    events = list(read_events(RECORDED))
    graph, found = fold(events), hubs(events)
    assert {hub.concept for hub in found} == {key for key in graph.concepts if graph.degree(key) > 5}
    assert all(hub.introduced <= hub.emerged and hub.degree == graph.degree(hub.concept) for hub in found)
    assert [hub.emerged for hub in found] == sorted(hub.emerged for hub in found)


def test_top_bridges_are_those_of_the_end_at_every_snapshot() -> None:
    """Over a recorded run each value is networkx's betweenness in the largest component of that moment."""
    events = list(read_events(RECORDED))[:150]
    rows = top_bridges(events, every=75, top=5)
    assert [row.seq for row in rows] == [75, 150]
    for row in rows:
        graph = fold(events[: row.seq]).igraph()
        whole = nx.Graph([(graph.vs[a]["name"], graph.vs[b]["name"]) for a, b in graph.get_edgelist()])
        largest = whole.subgraph(max(nx.connected_components(whole), key=len))
        truth = nx.betweenness_centrality(largest)
        assert row.betweenness == pytest.approx({key: truth.get(key) for key in row.betweenness})
        assert row.sampled_sources == 0
    last = fold(events)
    values = [value or 0.0 for value in rows[-1].betweenness.values()]
    assert values[0] == pytest.approx(panel(list(last.concepts), last.triples())["betweenness_max"])
    assert values == sorted(values, reverse=True)


def test_top_bridges_say_that_they_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound values come from 256 sources, near the exact ones."""
    events = list(read_events(RECORDED))
    exact = top_bridges(events, every=300, top=1)[-1]
    monkeypatch.setattr(paths, "EXACT", 300)
    found = top_bridges(events, every=300, top=1)[-1]
    assert (exact.sampled_sources, found.sampled_sources) == (0, 256)
    assert found.betweenness == pytest.approx(exact.betweenness, rel=0.1)


def test_nothing_has_no_hub_and_no_bridge() -> None:
    """An empty run has no row; one concept has no betweenness to speak of."""
    assert hubs([]) == []
    assert top_bridges([]) == []
    (row,) = top_bridges(edits([("a", "a")]))
    assert row.betweenness == {"a": 0.0}


def test_a_shortcut_shortens_the_pairs_that_it_serves() -> None:
    """All pairs of a chain of 20 are 7 apart on average; closed to a ring they are 5.26 apart."""
    rows = pair_paths(edits([*CHAIN, ("c19", "c0")]), pairs=1000, every=1)
    assert rows == [PairRow(19, 190, 190, 7.0), PairRow(20, 190, 190, 1000 / 190)]


def test_pairs_that_join_later_do_not_count_among_the_lengths() -> None:
    """Two concepts beside the chain add pairs to the panel; when a path joins them, the mean stays as it was."""
    rows = pair_paths(edits([("x", "y"), *CHAIN, ("c19", "x")]), pairs=1000, every=1)
    assert rows == [PairRow(20, 231, 191, 1331 / 191), PairRow(21, 231, 231, rows[0].mean_length)]


@given(LATER, st.integers(1, 60), st.integers(0, 3))
def test_no_length_grows(later: list[tuple[int, int]], pairs: int, seed: int) -> None:
    """As relations arrive the mean never rises, no pair comes apart, and the panel keeps its size."""
    events = edits([*CHAIN, *((f"c{a}", f"c{b}") for a, b in later)])
    rows = pair_paths(events, pairs=pairs, every=3, seed=seed)
    assert {row.pairs for row in rows} == {min(pairs, rows[0].pairs)}
    for before, now in pairwise(rows):
        assert before.connected <= now.connected <= now.pairs
        assert (now.mean_length or 0) <= (before.mean_length or 0)


def test_all_pairs_of_the_recorded_run_are_its_average_path() -> None:
    """At the first snapshot a panel of all pairs has the mean shortest path of the whole table; later it shortens."""
    events = list(read_events(RECORDED))
    graph = fold(events[:25])
    rows = pair_paths(events, pairs=10**9)
    assert rows[0].pairs == rows[0].connected == math.comb(len(graph.concepts), 2)
    assert rows[0].mean_length == pytest.approx(panel(list(graph.concepts), graph.triples())["average_path_length"])
    assert len(rows) == 12
    assert (rows[-1].mean_length or 0) < 0.8 * (rows[0].mean_length or 0)


def test_the_panel_follows_the_seed() -> None:
    """The same seed draws the same pairs, another seed others, and 500 of them speak for all."""
    events = list(read_events(RECORDED))
    first, again, other = (pair_paths(events, every=150, seed=seed) for seed in (1, 1, 2))
    assert first == again != other
    everything = pair_paths(events, every=150, pairs=10**9)
    assert first[-1].mean_length == pytest.approx(everything[-1].mean_length, rel=0.05)


def test_a_panel_that_no_path_connects_has_no_length() -> None:
    """One pair between two parts is followed, but has no length to compare."""
    rows = [
        pair_paths(edits([("x", "y"), *CHAIN, ("c19", "x")]), pairs=1, every=20, seed=seed)[-1] for seed in range(20)
    ]
    assert PairRow(21, 1, 1, None) in rows


def test_small_graphs_have_no_panel() -> None:
    """Nothing, and a component of fewer than twenty concepts, have no row."""
    assert pair_paths([]) == []
    assert pair_paths(edits(CHAIN[:-1]), every=1) == []


@pytest.mark.parametrize(("pairs", "every"), [(0, 25), (500, 0)])
def test_a_panel_of_nothing_is_refused(pairs: int, every: int) -> None:
    """No pair and no snapshot are errors of the caller."""
    with pytest.raises(BadInput, match="give 1 or more"):
        pair_paths(edits(CHAIN), pairs=pairs, every=every)
