"""The longest shortest paths against a search through all pairs, and what goes together along them."""

from collections.abc import Sequence
from typing import Any

import igraph as ig
import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.errors import BadInput
from graphgrow.graph.events import read_events
from graphgrow.graph.graph import fold
from graphgrow.measure.longest import COLUMNS, correlations, longest_paths
from graphgrow.measure.spread import spread
from tests.conftest import RECORDED
from tests.measure.test_spread import GRAPHS, largest, perron


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


def means(graph: ig.Graph, paths: Sequence[tuple[int, ...]]) -> dict[str, list[float]]:
    """Return column -> its mean along each path, by networkx."""
    whole = largest(graph)
    vectors: dict[str, Any] = {
        "degree": dict(whole.degree()),
        "betweenness": nx.betweenness_centrality(whole),
        "closeness": nx.closeness_centrality(whole),
        "eigenvector": perron(whole),
        "pagerank": nx.pagerank(whole, tol=1e-13, max_iter=1000),
        "clustering": nx.clustering(whole),
    }
    found = {name: [float(np.mean([by[v] for v in path])) for path in paths] for name, by in vectors.items()}
    return found | {"density": [nx.density(whole.subgraph(path)) for path in paths]}


def test_correlations_of_a_real_graph_are_those_of_numpy_over_networkx() -> None:
    """Over the thirty longest paths of the recorded run the whole matrix agrees, and degree goes with PageRank."""
    graph = fold(read_events(RECORDED)).igraph()
    paths = longest_paths(graph, 30)
    found, columns = correlations(graph, paths), means(graph, paths)
    truth = np.corrcoef([columns[name] for name in COLUMNS])
    assert np.array([[found[a][b] for b in COLUMNS] for a in COLUMNS]) == pytest.approx(truth, abs=1e-6)
    again = correlations(graph, paths, values=spread(graph))
    assert all(found[one] == pytest.approx(again[one], abs=1e-9) for one in COLUMNS)
    assert (found["degree"]["pagerank"] or 0) > 0.99


@given(GRAPHS, st.integers(1, 20))
def test_correlations_are_numbers_only_where_both_sides_vary(graph: ig.Graph, count: int) -> None:
    """Any small graph: numpy's value over networkx where both columns vary, None elsewhere, and a symmetric matrix."""
    paths = longest_paths(graph, count)
    found = correlations(graph, paths)
    assert list(found) == [*found["degree"]] == list(COLUMNS)
    columns = means(graph, paths) if paths else {name: [] for name in COLUMNS}
    varies = {name for name, values in columns.items() if len(values) > 1 and np.ptp(values) > 1e-9}
    for one in COLUMNS:
        for other in COLUMNS:
            if {one, other} <= varies:
                truth = np.corrcoef(columns[one], columns[other])[0, 1]
                assert found[one][other] == found[other][one] == pytest.approx(truth, abs=1e-5)
            elif (one in {"degree", "density"} and one not in varies) or len(paths) < 2:
                assert found[one][other] is None


@given(GRAPHS)
def test_density_of_a_shortest_path_is_its_length_in_disguise(graph: ig.Graph) -> None:
    """A shortest path has no chords, so k concepts have k - 1 edges, a density of 2 / k."""
    for path in longest_paths(graph, 100):
        assert graph.induced_subgraph(path).density() == pytest.approx(2 / len(path))


@pytest.mark.parametrize("path", [(), (0,), (0, 5), (0, 99)])
def test_paths_outside_the_largest_component_are_refused(path: tuple[int, ...]) -> None:
    """Less than two concepts, and concepts that have no values, are errors of the caller."""
    graph = ig.Graph(n=6, edges=[(0, 1), (1, 2), (4, 5)])
    with pytest.raises(BadInput, match="of the largest component"):
        correlations(graph, [path])
