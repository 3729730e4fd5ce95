"""The route of a discovery: which path it goes along, and what the graph says along it.

It is the plan of the task. All stages are made of it and of the stages before them, so that a discovery means the same
however the graph has grown since.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Annotated

from pydantic import Field

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.reason.paths import (
    Path,
    concepts_beside,
    hops,
    is_simple,
    longest,
    past,
    path_through,
    shortest,
    waypoints,
)
from graphgrow.resolve.identity import Meanings

FEWEST = 2  # concepts of a path
THEMES = 3
QUOTED = 4  # relations that a prompt repeats of one concept
LISTED = 6  # events listed of one relation


@dataclass(frozen=True, slots=True)
class DiscoveryRequest:
    """What somebody wants a discovery about; all of it can be left out, and the structure of the graph chooses.

    `source` and `target` are the ends by name or key. Without them it is the path of that `rank`: of what is trusted,
    between two neighbours of the topic that lie far apart without it (paths.py); where everything is read, or no such
    two are there, the longest shortest path of all. It
    leads through `via`, and through `waypoints` more: drawn with the `seed`, or with `meanings` along what the names
    mean. `beside` counts the concepts near the path that are described as well. `takes` is the seq of the task that it
    continues, with all stages before `stage`. A `proposal` ends in seven parts, as SciAgents does (arXiv 2409.05556).
    `confidence` is the least one of the relations that are read; whoever reasons puts it here (trust.py).
    """

    source: str = ""
    target: str = ""
    rank: int = 1
    via: tuple[str, ...] = ()
    waypoints: int = 0
    meanings: bool = False
    beside: int = 0
    seed: int = 0
    takes: int = 0
    stage: str = ""
    proposal: bool = False
    # Left out where all relations are read, so that what was begun before there were fact checks is the same request.
    confidence: Annotated[float, Field(exclude_if=lambda value: not value)] = 0.0


@dataclass(frozen=True, slots=True)
class RouteConcept:
    """A concept of the path: its id in the discovery, key and name, and what the graph says of it elsewhere."""

    id: str
    key: str
    name: str
    relations: Annotated[tuple[tuple[str, str, str], ...], Field(alias="said")] = ()


@dataclass(frozen=True, slots=True)
class LinkRelation:
    """A relation of a link in names and canonical wording: whether it points along the path, how often it was said.

    `words` are its raw wordings and `events` those that said it.
    """

    source: str
    predicate: str
    target: str
    forward: bool
    support: int
    events: tuple[int, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A step of the path: its id in the discovery, the ids of its two concepts, and its relations."""

    id: str
    one: str
    other: str
    relations: tuple[LinkRelation, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """The path of a discovery: `path` has the ids of its concepts in order, `how` says which path it is.

    Raises ValueError for a path that is not that of its concepts and links: a log may come from anywhere.
    """

    request: Annotated[DiscoveryRequest, Field(alias="wanted")]
    model: str
    topic: str
    how: str
    path: tuple[str, ...]
    concepts: tuple[RouteConcept, ...]
    links: tuple[Link, ...]
    beside: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ids, steps = [one.id for one in self.concepts], [link.id for link in self.links]
        if ids != [f"A{n}" for n in range(1, len(ids) + 1)] or steps != [f"B{n}" for n in range(1, len(steps) + 1)]:
            raise ValueError("its concepts and steps are not numbered")
        linked = {frozenset((link.one, link.other)) for link in self.links}
        if len(self.path) < FEWEST or {*self.path} != {*ids} or linked != set(map(frozenset, pairwise(self.path))):
            raise ValueError("its path is not that of its concepts and steps")

    def name(self, concept: str) -> str:
        """Return the name of a concept by its id; "" for an id that it does not have."""
        return next((one.name for one in self.concepts if one.id == concept), "")

    @property
    def ends(self) -> tuple[str, str]:
        """The names of the first concept and the last."""
        return self.name(self.path[0]), self.name(self.path[-1])

    @property
    def themes(self) -> dict[str, tuple[str, ...]]:
        """The ids of the links that each theme is to join: as far apart as so many groups of two or more allow."""
        count = min(THEMES, max(1, len(self.links) // 2))
        return {f"C{n + 1}": tuple(link.id for link in self.links[n::count]) for n in range(count)}

    @property
    def subjects(self) -> dict[str, tuple[str, ...]]:
        """The concepts by key that the statement of an id is about, for all but those on the whole path."""
        keys = {one.id: one.key for one in self.concepts}
        pairs = {link.id: (keys[link.one], keys[link.other]) for link in self.links}
        themes = {
            name: tuple(dict.fromkeys(key for link in group for key in pairs[link]))
            for name, group in self.themes.items()
        }
        return {name: (key,) for name, key in keys.items()} | pairs | themes


def choose_path(graph: Graph, request: DiscoveryRequest, meanings: Callable[[], Meanings] | None) -> tuple[Path, str]:
    """Return the path that somebody wants, and in words which one it is; without `meanings` no path goes by them.

    Raises BadInput where there is none.
    """
    one, other, ending = request.source, request.target, ""
    if not (one or other or request.via):
        where = " past the topic between two of its neighbours"
        paths = past(graph, graph.topic_key, request.rank) if request.confidence else []
        if not paths:
            where, paths = "", longest(graph, request.rank)
        if len(paths) < request.rank:
            few = f"there are {len(paths)}" if paths else "a path needs two concepts that are related"
            raise BadInput(f"this graph has no longest shortest path{where} of rank {request.rank}: {few}")
        path, how = paths[-1], f"the longest shortest path{where}"
        if request.rank > 1:
            how = f"number {request.rank} of the longest shortest paths{where}"
        if not (request.waypoints or request.meanings):
            return path, how
        one, other, ending = path[0], path[-1], f", between the ends of {how}"
    if not (one and other):
        raise BadInput("a path has two ends: give both --from and --to, or neither for the one that the graph chooses")

    vectors = None
    if request.meanings and meanings:
        names = [concept.name for concept in graph.concepts.values()]
        vectors = dict(zip(graph.concepts, meanings().vectors(names), strict=True))
    stops, how = request.via, "the shortest path" if vectors is None else "the path whose names turn least in meaning"
    if request.via:
        how = "the path through the concepts named"
    if request.waypoints:
        begin = stops[-1] if stops else one
        more = waypoints(graph, begin, other, request.waypoints, Random(request.seed), vectors)
        where = "drawn at random" if vectors is None else "that lie between the two in meaning"
        stops, how = (*stops, *more), f"the path through {len(more)} waypoints {where}"
    path = path_through(graph, (one, *stops, other), vectors)
    if not is_simple(path):
        how += ", back over some concepts"
    if not path:
        pairs = pairwise((one, *request.via, other))
        apart = next((pair for pair in pairs if not shortest(graph, *pair)), (one, other))
        both = " and ".join(repr(graph.name(key)) for key in apart)
        raise BadInput(f"nothing connects {both} yet: they are in parts of the graph that no relation joins")
    if len(path) < FEWEST:
        raise BadInput(f"a path has two ends, and {graph.name(one)!r} is one concept: name another one")
    return path, how + ending


def plan_route(graph: Graph, request: DiscoveryRequest, model: str, meanings: Callable[[], Meanings]) -> Route:
    """Return the route that somebody wants, with what the graph says along it; `meanings` is called where needed.

    Raises BadInput where there is no such path.
    """
    path, how = choose_path(graph, request, meanings)
    ids = {key: f"A{number}" for number, key in enumerate(dict.fromkeys(path), 1)}
    concepts: list[RouteConcept] = []
    for key, name in ids.items():  # with what is said of it most often beyond the path
        elsewhere = [one for one in graph.incident[key] if not ids.keys() >= {*one.ends}]
        most = sorted(elsewhere, key=lambda one: (-graph.support(one), one.ends, one.predicate))[:QUOTED]
        triples = tuple((graph.name(one.source), one.predicate, graph.name(one.target)) for one in most)
        concepts.append(RouteConcept(name, key, graph.name(key), triples))
    links: dict[frozenset[str], Link] = {}
    for hop in hops(graph, path):
        relations: list[LinkRelation] = []
        # In an order that no fact check changes: what was asked already is known again by its prompt.
        for relation in sorted(hop.relations, key=lambda one: (one.source != hop.one, one.predicate)):
            evidence = graph.relations[relation]
            words = (f"{one.raw.source} - {one.raw.predicate} - {one.raw.target}" for one in evidence)
            relations.append(
                LinkRelation(
                    graph.name(relation.source),
                    relation.predicate,
                    graph.name(relation.target),
                    forward=relation.source == hop.one,
                    support=graph.support(relation),
                    events=tuple(dict.fromkeys(one.seq for one in evidence)),
                    words=tuple(dict.fromkeys(words)),
                )
            )
        # A path that goes back over a step has it once, as it was first taken.
        link = Link(f"B{len(links) + 1}", ids[hop.one], ids[hop.other], tuple(relations))
        links.setdefault(frozenset((hop.one, hop.other)), link)
    beside = tuple(map(graph.name, concepts_beside(graph, path, request.beside))) if request.beside else ()
    route_path = tuple(ids[key] for key in path)
    return Route(request, model, graph.topic, how, route_path, tuple(concepts), tuple(links.values()), beside)


def drawing(route: Route) -> str:
    """Return a path drawn in plain text: its concepts, and between them what was said, arrows as it was said."""
    links = {frozenset((link.one, link.other)): link for link in route.links}
    lines: list[str] = []
    for place, concept in enumerate(route.path):
        if place:
            link = links[frozenset((route.path[place - 1], concept))]
            for one in link.relations:
                arrow = ("--", "-->") if one.forward != (link.one == concept) else ("<--", "--")
                events = ", ".join(map(str, one.events[:LISTED])) + (", ..." if len(one.events) > LISTED else "")
                evidence = f"{link.id}; said {one.support}x, events {events}"
                lines.append(f" |  {arrow[0]} {clean(one.predicate)} {arrow[1]}  ({evidence})")
        lines.append(f"{concept}  {clean(route.name(concept))}")
    return "\n".join(lines)
