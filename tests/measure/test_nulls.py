"""Null models against what is known of them, and graphs that chance cannot change."""

import json
import random
from dataclasses import asdict

import igraph as ig
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgrow.errors import BadInput
from graphgrow.measure import nulls as module
from graphgrow.measure.nulls import (
    GIVEN,
    LABELS,
    METRICS,
    MODELS,
    NullRow,
    barabasi_albert,
    configuration,
    erdos_renyi,
    nulls,
)
from graphgrow.measure.panel import panel
from graphgrow.measure.projection import seeded

edges = st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda ends: ends[0] < ends[1]))


def karate() -> ig.Graph:
    """Return Zachary's karate club."""
    return ig.Graph.Famous("Zachary")


def drawn(nodes: int, edges: int, seed: int = 1) -> ig.Graph:
    """Return an Erdos-Renyi graph."""
    with seeded(seed):
        return ig.Graph.Erdos_Renyi(n=nodes, m=edges)


def table(rows: list[NullRow]) -> dict[tuple[str, str], NullRow]:
    """Return rows by metric and model."""
    return {(row.metric, row.model): row for row in rows}


def z(row: NullRow) -> float:
    """Return a z that is defined."""
    assert row.z is not None
    return row.z


def test_the_karate_club_is_more_clustered_than_chance() -> None:
    """Its clustering lies above the interval of the configuration model and of Erdos-Renyi, with z > 2."""
    rows = table(nulls(karate()))
    for model in ("configuration", "erdos_renyi"):
        row = rows["average_clustering", model]
        assert z(row) > 2
        assert row.observed is not None
        assert row.high is not None
        assert row.observed > row.high
    assert z(rows["average_clustering", "erdos_renyi"]) > z(rows["average_clustering", "configuration"])


def test_what_is_observed_is_what_the_table_says() -> None:
    """Every observed value is the panel's under the same name and seed; the given communities are its Leiden's."""
    graph = drawn(60, 120)
    row = panel([str(n) for n in range(60)], [(str(a), "is", str(b)) for a, b in graph.get_edgelist()], seed=5)
    rows = nulls(graph, samples=2, seed=5)
    assert {r.metric: r.observed for r in rows if r.model != LABELS} == {name: row[name] for name in METRICS}
    assert rows[-1].observed == pytest.approx(row["modularity_leiden"])


def test_every_metric_stands_beside_every_model() -> None:
    """Rows come metric by metric, the label shuffle last, each interval around its mean, and JSON takes them."""
    rows = nulls(karate(), samples=5)
    assert list(table(rows)) == [*((metric, model) for metric in METRICS for model in MODELS), (GIVEN, LABELS)]
    for row in rows:
        assert row.samples == 5
        assert row.low is not None
        assert row.high is not None
        assert row.mean is not None
        assert row.low <= row.mean <= row.high
    json.dumps([asdict(row) for row in rows], allow_nan=False)


def test_a_random_graph_is_not_more_than_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over twenty Erdos-Renyi graphs most metrics lie within their own model's interval, and z is centred on 0."""
    monkeypatch.setattr(module, "MODELS", {"erdos_renyi": erdos_renyi})
    graphs = [drawn(60, 150, seed) for seed in range(20)]
    rows = [row for seed, graph in enumerate(graphs) for row in nulls(graph, samples=40, seed=seed)[:-1]]
    inside = [row for row in rows if row.low <= row.observed <= row.high]  # type: ignore[operator]  # all are numbers
    assert len(rows) == 120
    assert len(inside) > 96
    assert sum(map(z, rows)) / len(rows) == pytest.approx(0, abs=0.5)


@given(edges, st.integers(0, 2**32 - 1))
def test_configuration_keeps_every_degree(pairs: set[tuple[int, int]], seed: int) -> None:
    """Whatever the graph, every node has the degree it had, the sample is simple, and the graph is as it was."""
    graph = ig.Graph(12, sorted(pairs))
    found = configuration(graph, seed)
    assert found.degree() == graph.degree()
    assert found.is_simple()
    assert graph.get_edgelist() == ig.Graph(12, sorted(pairs)).get_edgelist()


def test_configuration_moves_the_edges() -> None:
    """Of the club's 78 edges at most half stand where they stood."""
    before, after = (set(graph.get_edgelist()) for graph in (karate(), configuration(karate(), 1)))
    assert len(before & after) < 39


@given(edges, st.integers(0, 2**32 - 1))
def test_both_models_of_equal_size_have_it(pairs: set[tuple[int, int]], seed: int) -> None:
    """Erdos-Renyi and Barabasi-Albert graphs are simple, with exactly as many nodes and edges, empty to complete."""
    graph = ig.Graph(12, sorted(pairs))
    for found in (erdos_renyi(graph, seed), barabasi_albert(graph, seed)):
        assert (found.vcount(), found.ecount(), found.is_simple()) == (12, len(pairs), True)


@pytest.mark.parametrize(("nodes", "size"), [(622, 1300), (400, 395), (400, 100), (30, 435)])
def test_growth_has_the_size_for_any_mean_degree(nodes: int, size: int) -> None:
    """Whole and broken means, below one edge a node, complete: within 2 % of the edges, and in fact all of them."""
    found = barabasi_albert(drawn(nodes, size), 3)
    assert found.vcount() == nodes
    assert found.ecount() == size


def test_growth_has_hubs() -> None:
    """The largest degree of 1,000 grown nodes is several times that of as many random ones."""
    graph = drawn(1000, 2000)
    assert max(barabasi_albert(graph, 1).degree()) > 3 * max(graph.degree())


def test_shuffled_labels_have_no_communities() -> None:
    """The communities of the club, dealt out anew, have a modularity near 0, far from their own."""
    row = nulls(karate(), samples=100)[-1]
    assert (row.metric, row.model) == (GIVEN, LABELS)
    assert row.observed == pytest.approx(0.4198, abs=1e-4)
    assert row.mean == pytest.approx(0, abs=0.05)
    assert z(row) > 5


def test_rows_follow_the_seed_and_leave_the_generator_alone() -> None:
    """The same seed gives the same rows, another seed others, and Python's own generator is where it was before."""
    random.seed(7)
    before = random.getstate()
    first, again, other = (nulls(karate(), samples=3, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert [row.mean for row in first] != [row.mean for row in other]
    assert random.getstate() == before


@pytest.mark.parametrize("nodes", [0, 1, 3])
def test_a_graph_without_an_edge_has_rows(nodes: int) -> None:
    """Nothing, one node, nodes without an edge: every row is there, without a z."""
    rows = nulls(ig.Graph(nodes), samples=2)
    assert len(rows) == len(METRICS) * len(MODELS) + 1
    assert {row.z for row in rows} == {None}
    assert {row.mean for row in rows if row.metric != "average_clustering"} == {None}


@settings(max_examples=20, deadline=None)
@given(edges)
def test_any_small_graph_has_rows(pairs: set[tuple[int, int]]) -> None:
    """Stars, cliques, lone nodes, parts: no row is missing, and JSON takes every value."""
    rows = nulls(ig.Graph(12, sorted(pairs)), samples=2)
    assert len(table(rows)) == len(METRICS) * len(MODELS) + 1
    json.dumps([asdict(row) for row in rows], allow_nan=False)


def test_what_chance_cannot_change_has_no_z() -> None:
    """A complete graph is its own null model: the mean is what is observed, and there is no spread to divide by."""
    for row in nulls(ig.Graph.Full(6), samples=3):
        assert row.z is None
        assert row.mean == pytest.approx(row.observed)


def test_paths_of_a_large_graph_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the exact size the mean path comes from seeded sources: repeatable, and within 2 % of the exact one."""
    graph = drawn(1000, 2500)
    monkeypatch.setattr(module, "MODELS", {"erdos_renyi": erdos_renyi})

    def length(seed: int) -> float | None:
        return table(nulls(graph, samples=2, seed=seed))["average_path_length", "erdos_renyi"].observed

    exact = length(1)
    monkeypatch.setattr(module, "EXACT", 100)
    monkeypatch.setattr(module, "SOURCES", 50)
    first, again, other = (length(seed) for seed in (1, 1, 2))
    assert first == again != other
    assert first == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize("samples", [-1, 0, 1])
def test_one_sample_is_refused(samples: int) -> None:
    """Fewer than two samples have no spread: BadInput names their number."""
    with pytest.raises(BadInput, match=str(samples)):
        nulls(karate(), samples=samples)


@pytest.mark.parametrize(
    "graph", [ig.Graph(2, [(0, 1)], directed=True), ig.Graph(2, [(0, 0)]), ig.Graph(2, [(0, 1), (0, 1)])]
)
def test_only_simple_graphs_are_compared(graph: ig.Graph) -> None:
    """Directions, loops and parallel edges are refused: no model here keeps them."""
    with pytest.raises(BadInput, match="simple"):
        nulls(graph)
