"""Worlds by name: a language model whose truth is a graph file, a store, or a hidden graph ready made.

"world:GRAPH?k=6&seed=1": GRAPH is a graph file, a store, or a kind of made world with its `size`.
"""

import math
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from graphgrow.errors import BadInput
from graphgrow.export import is_graph_file, read_graph
from graphgrow.graph.model import Relation
from graphgrow.llm import LLM, Gate
from graphgrow.llm import open_llm as open_other
from graphgrow.llm.simulated.shapes import DEGREE, KINDS, SIZE, make_world
from graphgrow.llm.simulated.world import World, WorldSettings
from graphgrow.stores import open_store

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["KINDS", "WORLD", "make_world", "open_llm", "open_world"]

WORLD = "world:"
WHOLE = frozenset(("k", "seed", "size"))
DIALS = frozenset(dial.name for dial in fields(WorldSettings))


def open_llm(
    name: str | None = None,
    base_url: str | None = None,
    *,
    env: Mapping[str, str],
    temperature: float = 0.7,
    gate: Gate | None = None,
) -> LLM:
    """Return the model that a name, an address and the environment stand for: llm.open_llm, and worlds."""
    if name and name.startswith(WORLD):
        return open_world(name)
    return open_other(name, base_url, env=env, temperature=temperature, gate=gate)


def open_world(name: str) -> World:
    """Return the world of a name "world:GRAPH?k=6&seed=1&..."; raises BadInput for a graph or a dial that is none."""
    place, _, query = name.removeprefix(WORLD).partition("?")
    numbers = dict(_number(*pair, name) for pair in parse_qsl(query, keep_blank_values=True, separator="&"))
    seed = int(numbers.pop("seed", 0))
    dials: dict[str, Any] = {key: numbers.pop(key) for key in sorted(DIALS & numbers.keys())}
    dials["k"] = int(dials.get("k", WorldSettings().k))
    graph = _made(place, numbers, seed) if place in KINDS else hidden_graph(place)
    if place not in KINDS and numbers:
        raise BadInput(f"{name!r} has no dial {', '.join(numbers)}: use seed, {', '.join(sorted(DIALS))}")
    return World(graph, WorldSettings(**dials), seed, name)


def _number(key: str, text: str, name: str) -> tuple[str, float]:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or (key in WHOLE and number != int(number)):
        raise BadInput(f"{key}={text!r} in {name!r} is no {'whole ' if key in WHOLE else ''}number")
    return key, number


def _made(kind: str, numbers: dict[str, float], seed: int) -> "nx.Graph[str]":
    size, degree = int(numbers.pop("size", SIZE)), numbers.pop("degree", DEGREE)
    if numbers:
        known = ", ".join(("seed", "size", "degree", *sorted(DIALS)))
        raise BadInput(f"a world of the kind {kind!r} has no dial {', '.join(numbers)}: use {known}")
    return make_world(kind, size, seed, degree=degree)


def hidden_graph(place: str) -> "nx.Graph[str]":
    """Return a graph file, or the graph of a store, with names as nodes; a store's topic is the topic."""
    if is_graph_file(Path(place)):
        delta = read_graph(Path(place))
        said = (statement.relation for statement in delta.relations)
        return _graph({concept.key: concept.name for concept in delta.concepts}, said, "")
    with closing(open_store(place)) as store:
        grown = store.graph()
    return _graph({key: concept.name for key, concept in grown.concepts.items()}, grown.relations, grown.topic)


def _graph(names: Mapping[str, str], said: Iterable[Relation], topic: str) -> "nx.Graph[str]":
    import networkx as nx

    graph: nx.Graph[str] = nx.Graph(topic=topic)
    graph.add_nodes_from(names.values())
    for relation in said:
        one, other = (names[key] for key in relation.ends)
        if not graph.has_edge(one, other):
            graph.add_edge(one, other, predicate=relation.predicate, source=one)
    return graph
