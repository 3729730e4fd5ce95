"""Distributions over concepts against networkx, against the table, and where there is nothing to distribute."""

import math
from dataclasses import replace

import igraph as ig
import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.graph.events import read_events
from graphgrow.graph.graph import fold
from graphgrow.measure import paths
from graphgrow.measure.chance import seeded
from graphgrow.measure.panel import panel
from graphgrow.measure.spread import Spread, spread
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


def perron(whole: "nx.Graph[int]") -> dict[int, float]:
    """Return the eigenvector of the largest eigenvalue of the adjacency matrix of a connected graph, its maximum 1."""
    vector = np.abs(np.linalg.eigh(nx.to_numpy_array(whole))[1][:, -1])
    return dict(zip(whole, (vector / vector.max()).tolist(), strict=True))


@given(GRAPHS)
def test_every_value_is_that_of_networkx(graph: ig.Graph) -> None:
    """Any small graph: lengths and six values of each concept of the largest component."""
    truth, found = largest(graph), spread(graph)
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


def test_spread_of_a_real_graph_has_the_means_of_the_table() -> None:
    """Mean path, mean and maximal betweenness, mean clustering of the recorded run are those of its panel."""
    graph = fold(read_events(RECORDED))
    row, found = panel(list(graph.concepts), graph.triples()), spread(graph.igraph())
    pairs = sum(found.lengths.values())
    assert pairs == math.comb(len(found.concepts), 2)
    assert sum(d * n for d, n in found.lengths.items()) / pairs == pytest.approx(row["average_path_length"])
    assert max(found.lengths) == row["diameter"]
    assert np.mean(found.betweenness) == pytest.approx(row["betweenness_mean"])
    assert max(found.betweenness) == pytest.approx(row["betweenness_max"])
    assert sum(found.clustering) / len(graph.concepts) == pytest.approx(row["average_clustering"])
    assert sum(found.pagerank) == pytest.approx(1)


def test_a_sampled_spread_says_so_and_is_near(monkeypatch: pytest.MonkeyPatch) -> None:
    """From 256 of 3,000 sources closeness is within 5 %, lengths are in proportion, the rest is exact."""
    with seeded(5):
        graph = ig.Graph.Barabasi(3000, 3)
    exact = spread(graph)
    monkeypatch.setattr(paths, "EXACT", 100)
    found = spread(graph, seed=1)
    assert (exact.sampled_sources, found.sampled_sources) == (0, 256)
    assert sum(found.lengths.values()) == 256 * 2999
    assert found.lengths[3] / (256 * 2999) == pytest.approx(exact.lengths[3] / math.comb(3000, 2), rel=0.05)
    assert found.closeness == pytest.approx(exact.closeness, rel=0.05)
    row = paths.betweenness(graph, paths.sample(graph, 1))
    assert max(found.betweenness) == pytest.approx(row["betweenness_max"])
    assert found.degree == exact.degree
    assert found.pagerank == pytest.approx(
        exact.pagerank, abs=1e-9
    )  # both come from ARPACK, which starts where it likes
    again, other = spread(graph, seed=1), spread(graph, seed=2)
    assert again.eigenvector == pytest.approx(found.eigenvector, abs=1e-9)
    assert again.pagerank == pytest.approx(found.pagerank, abs=1e-9)
    assert replace(again, eigenvector=found.eigenvector, pagerank=found.pagerank) == found
    assert other.betweenness != found.betweenness


def test_nothing_and_one_concept_have_a_spread() -> None:
    """An empty graph has no values; of concepts without a relation the first stands for itself."""
    assert spread(ig.Graph()) == Spread((), {}, (), (), (), (), (), (), 0)
    alone = Spread((0,), {}, (0,), (0.0,), (0.0,), (1.0,), (1.0,), (0.0,), 0)
    assert spread(ig.Graph(n=1)) == spread(ig.Graph(n=5)) == alone
