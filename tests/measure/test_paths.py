"""Shortest paths: a sample is within its own errors of the exact values, the longest are those of a search by hand."""

import igraph as ig
import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.errors import BadInput
from graphgrow.graph.events import read_events
from graphgrow.graph.graph import fold
from graphgrow.measure import paths as module
from graphgrow.measure.paths import SAMPLE, betweenness_metrics, longest_paths, path_metrics, sample
from graphgrow.measure.projection import seeded
from tests.conftest import RECORDED

GRAPHS = st.builds(
    lambda nodes, pairs: ig.Graph(n=nodes, edges=sorted({(a, b) for a, b in pairs if a < b < nodes})),
    st.integers(0, 10),
    st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=30),
)


def largest(graph: ig.Graph) -> "nx.Graph[int]":
    """Return the largest component, the first of equally large ones, as a networkx graph with sorted vertices."""
    whole: nx.Graph[int] = nx.Graph()
    whole.add_nodes_from(range(graph.vcount()))
    whole.add_edges_from(graph.get_edgelist())
    members = max(map(sorted, nx.connected_components(whole)), key=len, default=[])
    found: nx.Graph[int] = nx.Graph()
    found.add_nodes_from(members)
    found.add_edges_from(whole.subgraph(members).edges)
    return found


@pytest.fixture
def hubs() -> ig.Graph:
    """Return a connected graph of 3,000 concepts with hubs."""
    with seeded(5):
        return ig.Graph.Barabasi(3000, 3)


def test_a_sample_is_near_the_exact_values(hubs: ig.Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mean path and largest betweenness from 256 sources lie within four standard errors, and their size is stated."""
    exact = path_metrics(hubs, sample(hubs, 1)) | betweenness_metrics(hubs, [])
    assert exact["sampled_sources"] == 0
    assert exact["average_path_length_error"] == exact["betweenness_max_error"] == 0
    monkeypatch.setattr(module, "EXACT", 100)
    sources = sample(hubs, 1)
    found = path_metrics(hubs, sources) | betweenness_metrics(hubs, sources)
    assert found["sampled_sources"] == SAMPLE == len(set(sources))
    for name in ("average_path_length", "betweenness_max"):
        error = found[f"{name}_error"]
        assert isinstance(error, float)
        assert error > 0
        assert found[name] == pytest.approx(exact[name], abs=4 * error)
    assert found["diameter"] <= exact["diameter"]  # type: ignore[operator]  # both are numbers
    assert found["global_efficiency"] == pytest.approx(exact["global_efficiency"], rel=0.03)


def test_the_same_seed_draws_the_same_sources(hubs: ig.Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sampled panel can be repeated, and another seed gives another sample."""
    monkeypatch.setattr(module, "EXACT", 100)
    assert sample(hubs, 3) == sample(hubs, 3) != sample(hubs, 4)


@pytest.mark.parametrize("nodes", [0, 1, 2])
def test_small_graphs_have_no_paths_or_no_middle(nodes: int) -> None:
    """Nothing is undefined by accident: None, not an exception."""
    graph = ig.Graph.Full(nodes)
    assert path_metrics(graph, [])["diameter"] == {0: None, 1: 0, 2: 1}[nodes]
    assert betweenness_metrics(graph, [])["betweenness_mean"] is None


def by_hand(graph: ig.Graph, count: int) -> list[tuple[int, ...]]:
    """Return the least shortest paths of the farthest pairs of the largest component, in the order of the rule."""
    whole = largest(graph)
    ahead = [(-length, a, b) for a in whole for b, length in nx.shortest_path_length(whole, a).items() if a < b]
    return [min(map(tuple, nx.all_shortest_paths(whole, a, b))) for _, a, b in sorted(ahead)[:count]]


@given(GRAPHS, st.integers(1, 60))
def test_longest_paths_are_those_of_a_search_through_all_pairs(graph: ig.Graph, count: int) -> None:
    """Any small graph and any count: the same paths in the same order."""
    assert longest_paths(graph, count) == by_hand(graph, count)


def test_ties_go_to_the_lesser_concepts() -> None:
    """Around a ring of six, of two ways the one by the lesser neighbour; ends in ascending order."""
    assert longest_paths(ig.Graph.Ring(6), 4) == [(0, 1, 2, 3), (1, 0, 5, 4), (2, 1, 0, 5), (0, 1, 2)]


def test_longest_paths_of_a_real_graph() -> None:
    """The recorded run: thirty paths between different ends, all shortest, the first as long as the diameter."""
    graph = fold(read_events(RECORDED)).igraph()
    found = longest_paths(graph, 30)
    assert found == by_hand(graph, 30)
    assert len({(path[0], path[-1]) for path in found}) == 30
    assert len(found[0]) == graph.diameter() + 1 == 12
    names = graph.vs["name"]
    assert (names[found[0][0]], names[found[0][-1]]) == ("emotional state", "crustlet")


def test_graphs_without_a_path_have_no_longest() -> None:
    """Nothing, one concept, no relation: no path. None asked for is an error of the caller."""
    assert [longest_paths(ig.Graph(n=nodes), 5) for nodes in (0, 1, 3)] == [[], [], []]
    with pytest.raises(BadInput, match="0 longest paths"):
        longest_paths(ig.Graph.Ring(4), 0)


@given(GRAPHS)
def test_density_of_a_shortest_path_is_its_length_in_disguise(graph: ig.Graph) -> None:
    """A shortest path has no chords, so k concepts have k - 1 edges, a density of 2 / k."""
    for path in longest_paths(graph, 100):
        assert graph.induced_subgraph(path).density() == pytest.approx(2 / len(path))
