"""Hubs, lasting communities and bridges over a run."""

import igraph as ig
import pytest

from graphgrow.codec import read_events
from graphgrow.graph import Graph, fold
from graphgrow.measure.chance import seeded
from graphgrow.measure.tracking import Partition, hubs, participation, partitions, persistence
from tests.conftest import RECORDED
from tests.test_history import edits


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


def test_warm_communities_are_as_good_as_cold_ones() -> None:
    """Started from the snapshot before, Q is at no snapshot more than .01 below that of a cold start."""
    events, graph, cold = list(read_events(RECORDED)), Graph(), dict[int, float]()
    for event in events:
        graph.apply(event)
        if event.seq % 25 == 0:
            with seeded(0):
                best = graph.igraph().community_leiden(objective_function="modularity", n_iterations=-1)
            cold[event.seq] = best.modularity
    warm = {snapshot.seq: snapshot.modularity for snapshot in partitions(events, every=25)}
    assert warm.keys() == cold.keys()
    assert [(seq, warm[seq], cold[seq]) for seq in cold if (warm[seq] or 0) < cold[seq] - 0.01] == []


def test_a_community_keeps_its_number_while_its_concepts_stay() -> None:
    """Two cliques keep the numbers they had at the start, and a third that comes later gets a new one."""
    one, two, three = ([(f"{name}{i}", f"{name}{j}") for i in range(5) for j in range(i)] for name in "abc")
    snapshots = list(partitions(edits([*one, *two, ("a0", "b0"), *three, ("b1", "c1")]), every=10))
    first, last = snapshots[0].membership, snapshots[-1].membership
    assert {last[f"a{i}"] for i in range(5)} == {first["a0"]}
    assert len({last["a0"], last["b0"], last["c0"]}) == 3
    assert snapshots[-1].bridges == {"a0", "b0", "b1", "c1"}


def test_the_same_seed_gives_the_same_partitions() -> None:
    """Partitions can be repeated."""
    events = list(read_events(RECORDED))[:100]
    assert list(partitions(events, seed=3)) == list(partitions(events, seed=3))


def test_participation_is_zero_at_home_and_half_between_two() -> None:
    """All neighbours in one community: 0; half here, half there: 1/2; no neighbour: 0."""
    near = {"a": ["b", "c"], "b": ["a"], "c": ["a"], "d": []}
    found = participation(near, {"a": 0, "b": 0, "c": 1, "d": 2})
    assert found == {"a": pytest.approx(0.5), "b": 0, "c": 0, "d": 0}


def test_persistence_counts_snapshots_in_a_row() -> None:
    """A bridge that flickers is counted in parts, or whole where a gap of one is forgiven."""
    bridge, none = {"x": 0.5}, {"x": 0.0}
    run = [Partition(seq, {}, None, found) for seq, found in enumerate((bridge, bridge, none, bridge, none, none), 1)]
    assert persistence(run) == {"x": 2}
    assert persistence(run, flicker=1) == {"x": 3}


def test_nothing_has_no_partition() -> None:
    """An empty run has no snapshot and no hub; a graph without an edge has no Q."""
    assert list(partitions([])) == []
    assert hubs([]) == []
    (only,) = partitions(edits([("a", "a")]))
    assert (only.membership, only.modularity, only.bridges) == ({"a": 0}, None, set())
    assert ig.Graph(n=1).vcount() == len(only.membership)
