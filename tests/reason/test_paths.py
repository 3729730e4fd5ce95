"""Paths against an enumeration and networkx: the shortest, the next ones, the longest, by waypoints and by meaning."""

import json
from collections.abc import Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from random import Random

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from graphgrow.errors import BadInput
from graphgrow.graph.confidence import confidence
from graphgrow.graph.events import read_events
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import (
    Concept,
    Delta,
    Edit,
    Expansion,
    Focus,
    Measures,
    Prompt,
    Relation,
    Reply,
    Statement,
    Triple,
)
from graphgrow.reason import paths
from graphgrow.stores import open_store
from tests.conftest import RECORDED
from tests.fact_checks import fact_check
from tests.reasoning import command

NAMES = "abcdefgh"
PAIRS = [(a, b) for a in NAMES for b in NAMES]


def drawn_in(order: Sequence[str], pairs: Sequence[tuple[str, str]]) -> Graph:
    """Return a graph with concepts in an order of arrival and a relation for each pair, loops included."""
    concepts = tuple(Concept(name, name) for name in order)
    said = tuple(Statement(Relation(a, "touches", b), Triple(a, "touches", b)) for a, b in dict.fromkeys(pairs))
    return fold([Edit(1, "add", Delta(concepts, relations=said))])


def simple(graph: Graph) -> "nx.Graph[str]":
    """Return the simple undirected projection, built by networkx."""
    other: nx.Graph[str] = nx.Graph()
    other.add_nodes_from(graph.concepts)
    other.add_edges_from((r.source, r.target) for r in graph.relations if r.source != r.target)
    return other


def all_paths(graph: Graph, one: str, other: str) -> list[tuple[str, ...]]:
    """Return every path that visits no concept twice, in order of the rule: length, then keys."""
    found = [(one,)] if one == other else map(tuple, nx.all_simple_paths(simple(graph), one, other))
    return sorted(found, key=lambda path: (len(path), path))


graphs = st.builds(drawn_in, st.permutations(NAMES), st.lists(st.sampled_from(PAIRS), max_size=14))


@given(graphs, st.sampled_from(NAMES), st.sampled_from(NAMES), st.integers(1, 12))
def test_k_shortest_paths_are_the_first_of_all_by_the_rule(graph: Graph, one: str, other: str, count: int) -> None:
    """The paths of Yen's method are those of an enumeration: fewer steps first, then the lesser keys."""
    wanted = all_paths(graph, one, other)
    assert paths.k_shortest(graph, one, other, count) == wanted[:count]
    assert paths.shortest(graph, one, other) == (wanted[0] if wanted else ())


@given(graphs, st.sets(st.sampled_from(NAMES), max_size=3))
def test_shortest_path_keeps_off_what_is_to_be_avoided(graph: Graph, avoid: set[str]) -> None:
    """It is the first path of the graph without those concepts."""
    avoid -= {"a", "h"}
    wanted = [path for path in all_paths(graph, "a", "h") if avoid.isdisjoint(path)]
    assert paths.shortest(graph, "a", "h", avoid) == (wanted[0] if wanted else ())


@given(graphs, st.integers(1, 30))
def test_longest_shortest_paths_are_those_of_networkx(graph: Graph, count: int) -> None:
    """One for each two concepts of the largest component, the longest first, ties by keys, whatever came first."""
    other = simple(graph)
    largest = max(nx.connected_components(other), key=lambda part: (len(part), [-ord(key) for key in sorted(part)]))
    found = [all_paths(graph, a, b)[0] for a in sorted(largest) for b in sorted(largest) if a < b]
    found.sort(key=lambda path: (-len(path), path[0], path[-1]))
    assert paths.longest(graph, count) == found[:count]
    if found:
        assert len(found[0]) - 1 == nx.diameter(other.subgraph(largest))


@given(graphs, st.sampled_from(NAMES), st.integers(1, 30))
def test_paths_past_a_hub_join_its_neighbours_without_it(graph: Graph, hub: str, count: int) -> None:
    """They are as long as networkx says that the neighbours are apart without the hub, the longest first."""
    other = simple(graph)
    near = sorted(other[hub])
    other.remove_node(hub)
    steps = [nx.shortest_path_length(other, a, b) for a in near for b in near if a < b and nx.has_path(other, a, b)]
    found = paths.past(graph, hub, count)
    apart = sorted((one for one in steps if one >= paths.APART), reverse=True)
    assert [len(path) - 1 for path in found] == apart[:count]
    assert len({(path[0], path[-1]) for path in found}) == len(found)
    for path in found:
        assert {path[0], path[-1]} <= {*near}
        assert nx.is_path(other, path)


def test_hand_made_ties() -> None:
    """Of two ways round a square the lesser keys win, at both ends of the order of arrival."""
    for order in ("abcd", "dcba"):
        graph = drawn_in(order, [("a", "b"), ("b", "d"), ("c", "a"), ("d", "c")])
        assert paths.shortest(graph, "a", "d") == ("a", "b", "d")
        assert paths.k_shortest(graph, "a", "d", 5) == [("a", "b", "d"), ("a", "c", "d")]
        assert paths.longest(graph, 1) == [("a", "b", "d")]
    with pytest.raises(BadInput, match="0 shortest paths"):
        paths.k_shortest(graph, "a", "d", 0)


angles = st.lists(st.floats(0, 3.1), min_size=len(NAMES), max_size=len(NAMES))


def spread_out(turns: Sequence[float]) -> dict[str, NDArray[np.float32]]:
    """Return a unit vector of two dimensions for each name, at an angle each."""
    return {name: np.array([np.cos(t), np.sin(t)], np.float32) for name, t in zip(NAMES, turns, strict=True)}


@given(graphs, angles)
def test_path_by_meaning_turns_least(graph: Graph, turns: list[float]) -> None:
    """Its sum of angles is that of Dijkstra's method in networkx; of equal sums the lesser keys win."""
    by = spread_out(turns)

    def cost(path: Sequence[str]) -> int:
        return sum(paths.angle(by[a], by[b]) for a, b in pairwise(path))

    other = simple(graph)
    nx.set_edge_attributes(other, {(a, b): cost((a, b)) for a, b in other.edges}, "angle")
    found = paths.path_by_meaning(graph, "a", "h", by)
    if not nx.has_path(other, "a", "h"):
        assert found == ()
        return
    assert cost(found) == nx.dijkstra_path_length(other, "a", "h", weight="angle")
    assert found == min(all_paths(graph, "a", "h"), key=lambda path: (cost(path), path))


@given(graphs, st.integers(0, 4), st.integers(0, 99))
def test_drawn_waypoints_stand_on_a_path(graph: Graph, count: int, seed: int) -> None:
    """The path visits the waypoints in their order and nothing twice; the same seed draws the same."""
    if not paths.shortest(graph, "a", "h"):
        assert paths.path_through(graph, ("a", "h")) == ()
        return
    stops = paths.waypoints(graph, "a", "h", count, Random(seed))
    path = paths.path_through(graph, ("a", *stops, "h"))
    assert len(stops) <= count
    assert paths.is_simple(path)
    assert [key for key in path if key in {"a", *stops, "h"}] == ["a", *stops, "h"]
    assert all(b in graph.neighbours[a] for a, b in pairwise(path))
    assert stops == paths.waypoints(graph, "a", "h", count, Random(seed))


def test_named_waypoint_in_a_blind_alley_is_visited_and_left_again() -> None:
    """Where no path leads through a concept, the legs go back over each other."""
    graph = drawn_in("abcd", [("a", "b"), ("b", "c"), ("b", "d")])
    assert paths.path_through(graph, ("a", "d", "c")) == ("a", "b", "d", "b", "c")
    assert paths.path_through(graph, ("a", "a")) == ("a",)


def test_waypoints_between_two_meanings_are_the_nearest_to_the_arc() -> None:
    """They divide the angle between the two ends, as far as the graph has a path through them."""
    ring = drawn_in(NAMES, [*pairwise(NAMES), ("a", "h")])
    by = spread_out([0.0, 0.4, 0.8, 1.2, 1.5, 2.0, 2.4, 2.8])
    assert paths.waypoints(ring, "a", "h", 1, Random(0), by) == ("e",)
    assert paths.waypoints(ring, "a", "h", 3, Random(0), by) == ("c", "e", "f")
    assert paths.waypoints(drawn_in("ah", [("a", "h")]), "a", "h", 3, Random(0), by) == ()


def test_a_step_is_called_by_its_surest_relation() -> None:
    """Whichever way it points, and whatever the alphabet says; of equally sure ones that along the path comes first."""
    likely, doubtful = Relation("b", "strengthens", "a"), Relation("a", "at times meets", "b")
    both = [Statement(one, Triple(one.source, one.predicate, one.target)) for one in (doubtful, likely)]
    concepts = tuple(Concept(key, key) for key in "ab")
    asked = Expansion(
        1, "a", Focus("bfs", ("a",), ""), Prompt("", ""), Reply(""), "ok", "", Delta(concepts, relations=tuple(both)),
        Measures(),
    )  # fmt: skip
    graph = fold([asked])
    assert paths.hops(graph, ("a", "b"))[0].relations == (doubtful, likely)  # as sure as one another
    graph.apply(fact_check(2, likely, 3.0))
    (hop,) = paths.hops(graph, ("a", "b"))
    assert confidence(graph, likely) > confidence(graph, doubtful)
    assert hop.relations == (likely, doubtful)
    found = json.loads(json.dumps(paths.path_json(graph, ("a", "b"))))
    assert [one["predicate"] for one in found["hops"][0]["relations"]] == ["strengthens", "at times meets"]


def test_every_step_has_its_evidence() -> None:
    """Relations of both directions stand with a step, each with its events, raw words and support."""
    graph = fold(read_events(RECORDED))
    path = paths.shortest(graph, "helium", "climate")
    found = paths.path_json(graph, path)
    hops = paths.hops(graph, path)
    assert [(hop.one, hop.other) for hop in hops] == list(pairwise(path))
    for hop in hops:
        assert {r for r in graph.relations if set(r.ends) == {hop.one, hop.other}} == set(hop.relations)
    told = json.loads(json.dumps(found))
    assert told["steps"] == len(path) - 1 == len(told["hops"])
    step = told["hops"][0]["relations"][0]
    assert (step["predicate"], step["forward"], step["support"]) == ("found in", False, 1)
    assert step["said"] == [{"event": 26, "words": ["protons", "exist in the nucleus of", "helium"], "support": 1}]


def test_second_neighbours_are_off_the_path_and_within_two_relations() -> None:
    """Those that touch most of the path come first."""
    graph = drawn_in("abcdefgh", [("a", "b"), ("b", "c"), ("a", "d"), ("c", "d"), ("b", "e"), ("e", "f"), ("f", "g")])
    assert paths.concepts_beside(graph, ("a", "b", "c"), 9) == ["d", "e", "f"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the recorded run as demo.db."""
    folder = tmp_path_factory.mktemp("demo")
    with closing(open_store(str(folder / "demo.db"), create=True)) as store:
        store.append(*read_events(RECORDED))
    return folder


def test_path_on_the_command_line(demo: Path) -> None:
    """Both ends, k paths, named and drawn waypoints, the longest ones with their correlations; JSON of each."""
    shown = command(demo, "path", "demo.db", "Helium", "climate")
    assert shown.returncode == 0, shown.stderr
    assert "the shortest path: 7 steps: helium - protons" in shown.stdout
    graph = fold(read_events(RECORDED))
    three = json.loads(command(demo, "path", "demo.db", "helium", "climate", "--k", "3", "--json").stdout)
    assert three["undirected"]
    keys = [tuple(one["key"] for one in path["concepts"]) for path in three["paths"]]
    assert keys == paths.k_shortest(graph, "helium", "climate", 3)
    via = json.loads(
        command(demo, "path", "demo.db", "helium", "climate", "--via", "carbon", "--beside", "4", "--json").stdout
    )
    assert "carbon" in [one["key"] for one in via["paths"][0]["concepts"]]
    assert len(via["beside"]) == 4
    avoided = next(key for key in keys[0] if key not in keys[1])
    past = json.loads(command(demo, "path", "demo.db", "helium", "climate", "--avoid", avoided, "--json").stdout)
    assert avoided not in [one["key"] for one in past["paths"][0]["concepts"]]
    longest = json.loads(command(demo, "path", "demo.db", "--longest", "2", "--json").stdout)
    assert [path["steps"] for path in longest["paths"]] == [11, 10]
    assert set(longest["paths"][0]["central"][0]) == {"degree", "betweenness", "closeness"}
    assert longest["correlated"]["paths"] == 30
    assert longest["correlated"]["correlations"]["degree"]["degree"] == 1


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("helium",), "a path has two ends: name two concepts, or ask for --longest N"),
        (("helium", "cliamte"), "did you mean 'climate'"),
        (("helium", "helium"), "'helium' is one concept"),
        (("helium", "climate", "--k", "2", "--via", "carbon"), "--k counts the shortest paths"),
        (("helium", "climate", "--avoid", "climate"), "'climate' has to be on the path, and is given with --avoid too"),
        (("helium", "climate", "--longest", "2"), "--longest looks at the whole graph"),
    ],
)
def test_path_refuses_in_one_line(demo: Path, words: tuple[str, ...], why: str) -> None:
    """What cannot be done is one sentence and exit code 1."""
    done = command(demo, "path", "demo.db", *words)
    assert done.returncode == 1
    assert why in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.local
def test_path_by_meaning_with_the_local_model(demo: Path) -> None:
    """Real vectors of names lead elsewhere than the number of steps, and are kept in the store."""
    found = json.loads(
        command(demo, "path", "demo.db", "hydrogen", "climate", "--meanings", "--waypoints", "1", "--json").stdout
    )
    assert "between the two in meaning" in found["how"]
    with closing(open_store(str(demo / "demo.db"))) as store:
        graph = store.graph()
        assert store.recall("embedding all-MiniLM-L6-v2-onnx-int8", ["climate"])
    keys = [one["key"] for one in found["paths"][0]["concepts"]]
    assert all(b in graph.neighbours[a] for a, b in pairwise(keys))
