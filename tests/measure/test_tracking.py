"""Snapshots of a run, hubs, bridges and how long they last."""

import networkx as nx
import pytest

from graphgrow.errors import BadInput
from graphgrow.graph.events import read_events
from graphgrow.graph.graph import fold
from graphgrow.measure import paths
from graphgrow.measure.panel import panel
from graphgrow.measure.tracking import hubs, participation, persistence, snapshots, top_bridges
from tests.conftest import RECORDED
from tests.measure.test_history import edits


def test_snapshots_come_every_so_often_and_after_the_last_event() -> None:
    """Seven events have snapshots after 3, 6 and 7, six after 3 and 6, none has none."""
    events = edits([("hub", f"ray {i}") for i in range(7)])
    assert [(seq, len(running.near)) for seq, running in snapshots(events, every=3)] == [(3, 4), (6, 7), (7, 8)]
    assert [seq for seq, _ in snapshots(events[:6], every=3)] == [3, 6]
    assert list(snapshots([])) == []
    with pytest.raises(BadInput, match="every 0 events"):
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


def test_participation_is_zero_at_home_and_half_between_two() -> None:
    """All neighbours in one community: 0; half here, half there: 1/2; no neighbour: 0."""
    near = {"a": ["b", "c"], "b": ["a"], "c": ["a"], "d": []}
    found = participation(near, {"a": 0, "b": 0, "c": 1, "d": 2})
    assert found == {"a": pytest.approx(0.5), "b": 0, "c": 0, "d": 0}


def test_persistence_counts_snapshots_in_a_row() -> None:
    """A bridge that flickers is counted in parts, or whole where a gap of one is forgiven."""
    run = [{"x"}, {"x"}, set[str](), {"x"}, set[str](), set[str]()]
    assert persistence(run) == {"x": 2}
    assert persistence(run, flicker=1) == {"x": 3}


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
