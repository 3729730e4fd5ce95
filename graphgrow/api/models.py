"""Models by name, and worlds: language models whose truth is a graph file, a store, or a hidden graph ready made.

"world:GRAPH?k=6&seed=1": GRAPH is a graph file, a store, or a kind of made world with its `size`.
"""

import math
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Required, TypedDict, Unpack
from urllib.parse import parse_qsl

from graphgrow.errors import BadInput, LLMError
from graphgrow.graph.model import Prompt, Reply, Usage
from graphgrow.llm import DEFAULT_MODEL, LLM, Gate, identity, with_options
from graphgrow.llm import open_llm as open_other
from graphgrow.llm.endpoint import KEY_ENV, shown
from graphgrow.llm.options import LEAST_TOKENS, NO_OPTIONS, ModelName, ModelOptions, beside, read_model
from graphgrow.llm.simulated.shapes import DEGREE, KINDS, SIZE, make_world
from graphgrow.llm.simulated.world import World, WorldSettings
from graphgrow.llm.waiting import Tell
from graphgrow.stores import open_store

if TYPE_CHECKING:
    import networkx as nx

    from graphgrow.graph.model import Relation, Role

__all__ = [
    "KEY_ENV", "KINDS", "LEAST_TOKENS", "WORLD", "ModelName", "ModelOptions", "Opening", "default_model", "make_world",
    "named", "open_llm", "open_named", "open_role", "open_world",
]  # fmt: skip

WORLD = "world:"
WHOLE = frozenset(("k", "seed", "size"))
DIALS = frozenset(dial.name for dial in fields(WorldSettings))


def open_llm(  # noqa: PLR0913  # by name only
    name: str | None = None,
    base_url: str | None = None,
    *,
    env: Mapping[str, str],
    temperature: float = 0.7,
    patience: float | None = None,
    tell: Tell | None = None,
    gate: Gate | None = None,
    options: ModelOptions = NO_OPTIONS,
) -> LLM:
    """Return the model that a name, an address and the environment stand for: llm.open_llm, and worlds."""
    if name and name.startswith(WORLD):
        return with_options(open_world(name), options)
    return open_other(
        name, base_url, env=env, temperature=temperature, patience=patience, tell=tell, gate=gate, options=options
    )


def named(llm: str, base_url: str = "", options: ModelOptions = NO_OPTIONS) -> ModelName:
    """Return the model of a run by what was said of it; what its own text says overrides the rest."""
    model = read_model(llm)
    return ModelName(model.name, model.base_url or base_url, model.options.over(options))


class Opening(TypedDict, total=False):
    """What a model is opened with, whichever it is: see `open_llm`."""

    env: Required[Mapping[str, str]]
    temperature: float
    patience: float | None
    tell: Tell | None
    gate: Gate | None


def open_named(model: ModelName, **how: Unpack[Opening]) -> LLM:
    """Return the model that a name stands for; raises as `open_llm`."""
    return open_llm(model.name or None, model.base_url or None, options=model.options, **how)


def open_role(role: "Role", text: str, run: ModelName, **how: Unpack[Opening]) -> LLM:
    """Return the model of a role beside that of a run: NAME at the same address, URL#NAME, or what `open_llm` takes.

    An address without a name is asked which models it has; where it does not answer now, it is asked later. Raises as
    `open_llm`, in a sentence that names the role.
    """
    try:
        model, seen = beside(text, run, how["env"])

        def opening() -> LLM:
            """Open the model, so that its errors say which option names it."""
            llm = open_named(model, **how | {"env": seen})
            named_by: Callable[[str], LLM] | None = getattr(llm, "named_by", None)
            return named_by(f"--{role}-with") if named_by else llm

        try:
            return opening()
        except LLMError:
            if model.name or not model.base_url:
                raise
            return LateModel(shown(model.base_url), opening)
    except (BadInput, LLMError) as error:
        raise type(error)(f"the {role} model: {error}") from None


class LateModel:
    """The first model of an endpoint that did not answer when it was to be opened: it is opened when it is asked."""

    def __init__(self, name: str, opening: Callable[[], LLM]) -> None:
        self._name, self._opening = name, opening
        self._llm: LLM | None = None
        self._lock = Lock()

    @property
    def name(self) -> str:
        """The model's name, or the address as long as nobody knows it."""
        return self._llm.name if self._llm else self._name

    @property
    def identity(self) -> str:
        """What tells it from others."""
        return identity(self._llm) if self._llm else self._name

    def price(self, usage: Usage) -> float | None:
        """Return what a bill costs in USD, None where no price is known."""
        return self._llm.price(usage) if self._llm else None

    def ask(self, prompt: Prompt) -> Reply:
        """Return the reply; raises LLMError as long as the endpoint does not answer."""
        with self._lock:
            self._llm = self._llm or self._opening()
        return self._llm.ask(prompt)

    def close(self) -> None:
        """Close the connections."""
        if self._llm:
            self._llm.close()


def default_model(env: Mapping[str, str]) -> str:
    """Return in words which model `open_llm` opens where nobody names one."""
    from graphgrow.llm.embedded import QWEN

    if env.get("OPENAI_BASE_URL"):
        return "the first model at the address in OPENAI_BASE_URL"
    return DEFAULT_MODEL if env.get("OPENAI_API_KEY") else f"local model {QWEN.name}"


def open_world(name: str) -> World:
    """Return the world of a name "world:GRAPH?k=6&seed=1&..."; raises BadInput for an invalid graph or dial."""
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

    from graphgrow.export import is_graph_file, read_graph

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
