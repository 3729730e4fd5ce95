"""The panel against published values, identities, and graphs that have nothing to measure."""

import gzip
import json
import random
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgrow.measure.panel import NAMES, panel, small_world_sigma

COUNTS = "nodes", "simple_edges", "lcc_nodes", "diameter", "max_core", "articulation_points"
SHAPES = "average_clustering", "transitivity", "average_path_length", "degree_assortativity"
key = st.sampled_from("abcdefghij")
multigraphs = st.lists(st.tuples(key, st.sampled_from(["is", "has"]), key), max_size=25)


def said(graph: "nx.Graph[object]") -> tuple[list[str], list[tuple[str, str, str]]]:
    """Return a networkx graph as concepts and relations."""
    return [str(n) for n in graph], [(str(a), "knows", str(b)) for a, b in graph.edges]


def test_zachary_agrees_with_the_published_values() -> None:
    """Every deterministic value of the karate club to the printed digits, partitions within their known range."""
    row = panel(*said(nx.karate_club_graph()))
    rounded = {n: round(v, 4) for n, v in row.items() if isinstance(v, float)}
    assert [row[name] for name in COUNTS] == [34, 78, 34, 5, 4, 1]
    assert row["triangles"] == 45
    assert [rounded[name] for name in SHAPES] == [0.5706, 0.2557, 2.4082, -0.4756]
    assert 0.392 <= rounded["modularity_louvain"] <= 0.4199
    assert rounded["modularity_leiden"] == 0.4198
    assert (round(float(str(row["powerlaw_alpha"])), 3), row["powerlaw_xmin"]) == (2.161, 2)


def traces(path: Path) -> tuple[list[str], list[tuple[str, str, str]]]:
    """Return the graph of the 100 traces, names stripped only: declared nodes and the ends of edges."""
    nodes: dict[str, None] = {}
    edges: dict[tuple[str, str, str], None] = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            text = json.loads(line)["graph_json"]
            graph = json.loads(text) if isinstance(text, str) and text.strip() else text or {}
            for edge in graph.get("edges", ()):
                source, target = str(edge["source"]).strip(), str(edge["target"]).strip()
                edges[source, str(edge.get("relation", "")), target] = None
            nodes |= {str(n["id"]).strip(): None for n in graph.get("nodes", ())}
    nodes |= {end: None for s, _, t in edges for end in (s, t)}
    return list(nodes), list(edges)


@pytest.mark.slow
def test_traces_agree_with_the_oracle(shared: Path) -> None:
    """A thousand real concepts: sizes, clustering, paths, cores, cut vertices, partitions and exponent."""
    row = panel(*traces(shared / "graph-preflexor-3b-traces.jsonl.gz"))
    assert [row[name] for name in COUNTS] == [1312, 1879, 1012, 25, 4, 330]
    values = [float(str(row[name])) for name in SHAPES]
    rounded = [round(value, digits) for value, digits in zip(values, (4, 4, 3, 3), strict=True)]
    assert rounded == [0.1229, 0.1073, 7.309, 0.134]
    assert float(str(row["modularity_louvain"])) == pytest.approx(0.835, abs=0.01)
    assert float(str(row["modularity_leiden"])) == pytest.approx(0.841, abs=0.01)
    assert (round(float(str(row["powerlaw_alpha"])), 2), row["powerlaw_xmin"]) == (2.86, 3)


@settings(deadline=None, max_examples=60)
@given(st.integers(3, 12), st.sets(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=20))
def test_mean_betweenness_is_path_length_in_disguise(size: int, extra: set[tuple[int, int]]) -> None:
    """On a connected graph betweenness_mean = (average_path_length - 1) / (n - 2), whatever its shape."""
    chain = {(n, n + 1) for n in range(size - 1)} | {(a, b) for a, b in extra if a < b < size}
    row = panel([str(n) for n in range(size)], [(str(a), "is", str(b)) for a, b in chain])
    length = float(str(row["average_path_length"]))
    assert float(str(row["betweenness_mean"])) == pytest.approx((length - 1) / (size - 2))


@settings(deadline=None, max_examples=60)
@given(multigraphs, st.integers(0, 3))
def test_any_small_graph_has_a_panel(relations: list[tuple[str, str, str]], lonely: int) -> None:
    """Loops, parallel and antiparallel relations, lone concepts: every name is there, and JSON takes every value."""
    concepts = sorted({end for s, _, t in relations for end in (s, t)} | {f"lone {n}" for n in range(lonely)})
    row = panel(concepts, relations)
    assert tuple(row) == NAMES
    json.dumps(row, allow_nan=False)
    graph = nx.Graph([(s, t) for s, _, t in relations if s != t])
    graph.add_nodes_from(concepts)
    assert row["triangles"] == len([c for c in nx.enumerate_all_cliques(graph) if len(c) == 3])
    assert row["components"] == nx.number_connected_components(graph)
    assert row["cut_edges"] == len(list(nx.bridges(graph)))


@pytest.mark.parametrize(
    ("concepts", "relations"),
    [([], []), (["a"], []), (["a", "b"], []), (["a"], [("a", "is", "a")]), (["a", "b"], [("a", "is", "b")])],
)
def test_what_is_not_defined_is_none(concepts: list[str], relations: list[tuple[str, str, str]]) -> None:
    """Nothing, one concept, no relation, one loop, one relation: counts are numbers, the rest is None or 0."""
    row = panel(concepts, relations)
    assert row["nodes"] == len(concepts)
    assert row["powerlaw_alpha"] is None
    assert row["betweenness_mean"] is None
    json.dumps(row, allow_nan=False)


def test_small_world_sigma_gives_the_papers_own() -> None:
    """From the columns that the paper prints for G1 and G2 follow 73.7 and 48.5."""
    names = "nodes", "average_degree", "average_clustering", "average_path_length"
    for values, sigma in (((3835, 6.2112, 0.1363, 5.1596), 73.7), ((2180, 5.7706, 0.1434, 4.8984), 48.5)):
        assert small_world_sigma(dict(zip(names, values, strict=True))) == pytest.approx(sigma, abs=0.05)


def test_partitions_follow_the_seed_and_leave_the_generator_alone() -> None:
    """The same seed gives the same partitions, and Python's own generator is where it was before."""
    graph = said(nx.karate_club_graph())
    random.seed(7)
    before = random.getstate()
    first, second = (panel(*graph, seed=3) for _ in range(2))
    assert first == second
    assert random.getstate() == before
