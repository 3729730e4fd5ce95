"""Models by name, and worlds: language models whose truth is a graph file, a store, or a hidden graph ready made.

"world:GRAPH?k=6&seed=1": GRAPH is a graph file, a store, or a kind of made world with its `size`.
"""

import math
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from graphgrow.errors import BadInput
from graphgrow.export import is_graph_file, read_graph
from graphgrow.llm import DEFAULT_MODEL, LLM, Gate
from graphgrow.llm import open_llm as open_other
from graphgrow.llm.simulated.shapes import DEGREE, KINDS, SIZE, make_world
from graphgrow.llm.simulated.world import World, WorldSettings
from graphgrow.stores import open_store

if TYPE_CHECKING:
    import networkx as nx

    from graphgrow.graph.model import Relation

__all__ = ["KINDS", "WORLD", "default_model", "make_world", "open_llm", "open_world"]

WORLD = "world:"
WHOLE = frozenset(("k", "seed", "size"))
DIALS = frozenset(dial.name for dial in fields(WorldSettings))


def open_llm(  # noqa: PLR0913  # by name only
    name: str | None = None,
    base_url: str | None = None,
    *,
    env: Mapping[str, str],
    temperature: float = 0.7,
    timeout: float | None = None,
    patience: float | None = None,
    tell: Callable[[str], None] | None = None,
    gate: Gate | None = None,
) -> LLM:
    """Return the model that a name, an address and the environment stand for: llm.open_llm, and worlds."""
    if name and name.startswith(WORLD):
        return open_world(name)
    return open_other(
        name, base_url, env=env, temperature=temperature, timeout=timeout, patience=patience, tell=tell, gate=gate
    )


def default_model(env: Mapping[str, str]) -> str:
    """Return in words which model `open_llm` opens where nobody names one."""
    from graphgrow.llm.embedded import QWEN

    if env.get("OPENAI_BASE_URL"):
        return "the first model at the address in OPENAI_BASE_URL"
    return DEFAULT_MODEL if env.get("OPENAI_API_KEY") else f"local model {QWEN.name}"


def open_world(name: str) -> World:
    """Return the world of a name "world:GRAPH?k=6&seed=1&..."; raises BadInput for a graph or a dial that is none."""
    place, _, query = name.removeprefix(WORLD).partition("?")
    numbers: dict[str, float] = {}
    for key, text in parse_qsl(query, keep_blank_values=True, separator="&"):
        try:
            numbers[key] = float(text)
        except ValueError:
            numbers[key] = math.nan
        if not math.isfinite(numbers[key]) or (key in WHOLE and numbers[key] % 1):
            raise BadInput(f"{key}={text!r} in {name!r} is no {'whole ' if key in WHOLE else ''}number")
    seed = int(numbers.pop("seed", 0))
    dials: dict[str, Any] = {key: numbers.pop(key) for key in sorted(DIALS & numbers.keys())}
    dials["k"] = int(dials.get("k", WorldSettings().k))
    if place in KINDS:
        size, degree = int(numbers.pop("size", SIZE)), numbers.pop("degree", DEGREE)
        if numbers:
            known = ", ".join(("seed", "size", "degree", *sorted(DIALS)))
            raise BadInput(f"a world of the kind {place!r} has no dial {', '.join(numbers)}: use {known}")
        return World(make_world(place, size, seed, degree=degree), WorldSettings(**dials), seed, name)
    graph = hidden_graph(place)
    if numbers:
        raise BadInput(f"{name!r} has no dial {', '.join(numbers)}: use seed, {', '.join(sorted(DIALS))}")
    return World(graph, WorldSettings(**dials), seed, name)


def hidden_graph(place: str) -> "nx.Graph[str]":
    """Return a graph file, or the graph of a store, with names as nodes; a store's topic is the topic."""
    import networkx as nx

    relations: list[Relation]
    if is_graph_file(Path(place)):
        delta, topic = read_graph(Path(place)), ""
        names = {concept.key: concept.name for concept in delta.concepts}
        relations = [statement.relation for statement in delta.relations]
    else:
        with closing(open_store(place)) as store:
            grown = store.graph()
        names, topic = {key: concept.name for key, concept in grown.concepts.items()}, grown.topic
        relations = list(grown.relations)
    graph: nx.Graph[str] = nx.Graph(topic=topic)
    graph.add_nodes_from(names.values())
    for relation in relations:
        one, other = (names[key] for key in relation.ends)
        if not graph.has_edge(one, other):
            graph.add_edge(one, other, predicate=relation.predicate, source=one)
    return graph
