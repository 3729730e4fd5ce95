"""Values of concepts against networkx, against the table, along paths, and where there is nothing to distribute."""

import math
from collections.abc import Sequence
from dataclasses import replace
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
from graphgrow.measure import paths as module
from graphgrow.measure.centralities import COLUMNS, Centralities, centralities, correlations
from graphgrow.measure.panel import panel
from graphgrow.measure.paths import Path, betweenness_metrics, longest_paths, sample
from graphgrow.measure.projection import seeded
from tests.conftest import RECORDED
from tests.measure.test_paths import GRAPHS, largest


def perron(whole: "nx.Graph[int]") -> dict[int, float]:
    """Return the eigenvector of the largest eigenvalue of the adjacency matrix of a connected graph, its maximum 1."""
    vector = np.abs(np.linalg.eigh(nx.to_numpy_array(whole))[1][:, -1])
    return dict(zip(whole, (vector / vector.max()).tolist(), strict=True))


@given(GRAPHS)
def test_every_value_is_that_of_networkx(graph: ig.Graph) -> None:
    """Any small graph: lengths and six values of each concept of the largest component."""
    truth, found = largest(graph), centralities(graph)
    assert found.concepts == tuple(truth)
    assert found.degree == tuple(degree for _, degree in truth.degree())
    ahead = [nx.shortest_path_length(truth, a, b) for a in truth for b in truth if a < b]
    assert found.lengths == {length: ahead.count(length) for length in sorted(set(ahead))}
    assert found.betweenness == pytest.approx(tuple(nx.betweenness_centrality(truth).values()))
    assert found.closeness == pytest.approx(tuple(nx.closeness_centrality(truth).values()))
    assert found.clustering == pytest.approx(tuple(nx.clustering(truth, vertex) for vertex in truth))
    assert found.pagerank == pytest.approx(tuple(nx.pagerank(truth, tol=1e-13, max_iter=1000).values()))
    if found.concepts:
        assert found.eigenvector == pytest.approx(tuple(perron(truth).values()), abs=1e-7)


def test_centralities_of_a_real_graph_have_the_means_of_the_table() -> None:
    """Mean path, mean and maximal betweenness, mean clustering of the recorded run are those of its panel."""
    graph = fold(read_events(RECORDED))
    row, found = panel(list(graph.concepts), graph.triples()), centralities(graph.igraph())
    pairs = sum(found.lengths.values())
    assert pairs == math.comb(len(found.concepts), 2)
    assert sum(d * n for d, n in found.lengths.items()) / pairs == pytest.approx(row["average_path_length"])
    assert max(found.lengths) == row["diameter"]
    assert np.mean(found.betweenness) == pytest.approx(row["betweenness_mean"])
    assert max(found.betweenness) == pytest.approx(row["betweenness_max"])
    assert sum(found.clustering) / len(graph.concepts) == pytest.approx(row["average_clustering"])
    assert sum(found.pagerank) == pytest.approx(1)


def test_sampled_centralities_say_so_and_are_near(monkeypatch: pytest.MonkeyPatch) -> None:
    """From 256 of 3,000 sources closeness is within 5 %, lengths are in proportion, the rest is exact."""
    with seeded(5):
        graph = ig.Graph.Barabasi(3000, 3)
    exact = centralities(graph)
    monkeypatch.setattr(module, "EXACT", 100)
    found = centralities(graph, seed=1)
    assert (exact.sampled_sources, found.sampled_sources) == (0, 256)
    assert sum(found.lengths.values()) == 256 * 2999
    assert found.lengths[3] / (256 * 2999) == pytest.approx(exact.lengths[3] / math.comb(3000, 2), rel=0.05)
    assert found.closeness == pytest.approx(exact.closeness, rel=0.05)
    row = betweenness_metrics(graph, sample(graph, 1))
    assert max(found.betweenness) == pytest.approx(row["betweenness_max"])
    assert found.degree == exact.degree
    assert found.pagerank == pytest.approx(
        exact.pagerank, abs=1e-9
    )  # both come from ARPACK, which starts where it likes
    again, other = centralities(graph, seed=1), centralities(graph, seed=2)
    assert again.eigenvector == pytest.approx(found.eigenvector, abs=1e-9)
    assert again.pagerank == pytest.approx(found.pagerank, abs=1e-9)
    assert replace(again, eigenvector=found.eigenvector, pagerank=found.pagerank) == found
    assert other.betweenness != found.betweenness


def test_nothing_and_one_concept_have_centralities() -> None:
    """An empty graph has no values; of concepts without a relation the first stands for itself."""
    assert centralities(ig.Graph()) == Centralities((), {}, (), (), (), (), (), (), 0)
    alone = Centralities((0,), {}, (0,), (0.0,), (0.0,), (1.0,), (1.0,), (0.0,), 0)
    assert centralities(ig.Graph(n=1)) == centralities(ig.Graph(n=5)) == alone


def means(graph: ig.Graph, paths: Sequence[Path]) -> dict[str, list[float]]:
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
    again = correlations(graph, paths, values=centralities(graph))
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


@pytest.mark.parametrize("path", [(), (0,), (0, 5), (0, 99)])
def test_paths_outside_the_largest_component_are_refused(path: tuple[int, ...]) -> None:
    """Less than two concepts, and concepts that have no values, are errors of the caller."""
    graph = ig.Graph(n=6, edges=[(0, 1), (1, 2), (4, 5)])
    with pytest.raises(BadInput, match="of the largest component"):
        correlations(graph, [path])
