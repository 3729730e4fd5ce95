"""What a discovery is about: the path that it goes along, with everything that the graph gives for each stage.

It is the first event of the work. All later stages are made of it and of the stages before them, so that a work means
the same however the graph has grown since.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from random import Random
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Json, Relation
from graphgrow.reason.paths import (
    Hop,
    Path,
    concepts_beside,
    hops,
    is_simple,
    longest,
    name_vectors,
    path_by_meaning,
    path_through,
    random_waypoints,
    shortest,
    waypoints_by_meaning,
)
from graphgrow.resolve.identity import Meanings

FEWEST = 2  # concepts of a path
THEMES = 3
QUOTED = 4  # relations that a prompt repeats of one concept


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants a discovery about; all of it can be left out, which means the longest shortest path.

    `source` and `target` are the ends by name or key, else the path is the longest shortest one of that `rank`. It
    leads through `via`, and through `waypoints` more: drawn with the `seed`, or with `meanings` along what the names
    mean. `beside` counts the concepts near the path that are told as well. `takes` is the seq of the work that it goes
    on from, with all stages before `stage`. A `proposal` ends in seven parts, as SciAgents does (arXiv 2409.05556).
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


class Spot(BaseModel):
    """A concept of the path: its id in the discovery, key and name, and what the graph says of it elsewhere."""

    model_config = ConfigDict(frozen=True)

    id: str
    key: str
    name: str
    said: tuple[tuple[str, str, str], ...] = ()


class Saying(BaseModel):
    """A relation of a step in names and canonical wording: whether it points along the path, how often it was said.

    `words` are its raw wordings and `events` those that said it.
    """

    model_config = ConfigDict(frozen=True)

    source: str
    predicate: str
    target: str
    forward: bool
    support: int
    events: tuple[int, ...]
    words: tuple[str, ...]


class Link(BaseModel):
    """A step of the path: its id in the discovery, the ids of its two concepts, and its relations."""

    model_config = ConfigDict(frozen=True)

    id: str
    one: str
    other: str
    relations: tuple[Saying, ...]


class Layout(BaseModel):
    """A path laid out for a discovery; `path` has the ids of concepts in order, `how` says which path it is."""

    model_config = ConfigDict(frozen=True)

    wanted: Wanted
    model: str
    topic: str
    how: str
    path: tuple[str, ...]
    concepts: tuple[Spot, ...]
    links: tuple[Link, ...]
    beside: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Refuse a path that the layout does not hold: a log may come from anywhere."""
        spots, steps = [one.id for one in self.concepts], [link.id for link in self.links]
        if spots != [f"A{n}" for n in range(1, len(spots) + 1)] or steps != [f"B{n}" for n in range(1, len(steps) + 1)]:
            raise ValueError("its concepts and steps are not numbered")
        joined = {frozenset((link.one, link.other)) for link in self.links}
        if (
            len(self.path) < FEWEST
            or set(self.path) != set(spots)
            or joined != set(map(frozenset, pairwise(self.path)))
        ):
            raise ValueError("its path is not that of its concepts and steps")
        return self

    def name(self, spot: str) -> str:
        """Return the name of a concept by its id; "" for an id that it does not have."""
        return next((one.name for one in self.concepts if one.id == spot), "")

    @property
    def themes(self) -> dict[str, tuple[str, ...]]:
        """The ids of the steps that each theme is to join: as far apart as so many groups of two or more allow."""
        count = min(THEMES, max(1, len(self.links) // 2))
        return {f"C{n + 1}": tuple(link.id for link in self.links[n::count]) for n in range(count)}

    @property
    def subjects(self) -> dict[str, tuple[str, ...]]:
        """The concepts by key that the statement of an id is about, for all but those on the whole path."""
        keys = {one.id: one.key for one in self.concepts}
        steps = {link.id: (keys[link.one], keys[link.other]) for link in self.links}
        themes = {
            name: tuple(dict.fromkeys(key for step in group for key in steps[step]))
            for name, group in self.themes.items()
        }
        return {one: (key,) for one, key in keys.items()} | steps | themes


def laid(result: Json) -> Layout | None:
    """Return the layout that a plan holds; None where it holds none, as one of another task or an older form."""
    try:
        return Layout.model_validate(result)
    except ValidationError:
        return None


def lay(graph: Graph, wanted: Wanted, model: str, meanings: Callable[[], Meanings]) -> Layout:
    """Lay out the path that somebody wants, with what the graph says along it; `meanings` is called where it is needed.

    Raises BadInput where there is no such path.
    """
    path, how = route(graph, wanted, meanings)
    ids = {key: f"A{number}" for number, key in enumerate(dict.fromkeys(path), 1)}
    pairs = {frozenset(pair): pair for pair in reversed(list(pairwise(path)))}
    steps = [hop for hop in hops(graph, path) if pairs[frozenset((hop.one, hop.other))] == (hop.one, hop.other)]
    links = {f"B{number}": hop for number, hop in enumerate(dict.fromkeys(steps), 1)}
    return Layout(
        wanted=wanted,
        model=model,
        topic=graph.topic,
        how=how,
        path=tuple(ids[key] for key in path),
        concepts=tuple(Spot(id=ids[key], key=key, name=graph.name(key), said=_said(graph, key, path)) for key in ids),
        links=tuple(_link(graph, name, hop, ids) for name, hop in links.items()),
        beside=tuple(map(graph.name, concepts_beside(graph, path, wanted.beside))) if wanted.beside else (),
    )


def route(graph: Graph, wanted: Wanted, meanings: Callable[[], Meanings] | None) -> tuple[Path, str]:
    """Return the path that somebody wants, and which one it is in words; without `meanings` none goes by them.

    Raises BadInput where there is none.
    """
    if not (wanted.source or wanted.target or wanted.via):
        return _longest(graph, wanted, meanings)
    if not (wanted.source and wanted.target):
        raise BadInput("a path has two ends: give both --from and --to, or neither for the longest shortest path")
    path, how = _between(graph, wanted.source, wanted.target, wanted, meanings)
    names = graph.name(wanted.source), graph.name(wanted.target)
    if not path:
        raise BadInput(f"nothing connects {_apart(graph, wanted)} yet: they are in different components")
    if len(path) < FEWEST:
        raise BadInput(f"a path has two ends, and {names[0]!r} is one concept: name another one")
    return path, how


def _longest(graph: Graph, wanted: Wanted, meanings: Callable[[], Meanings] | None) -> tuple[Path, str]:
    found = longest(graph, wanted.rank)
    if len(found) < wanted.rank:
        few = f"there are {len(found)}" if found else "a path needs two concepts that are related"
        raise BadInput(f"this graph has no longest shortest path of rank {wanted.rank}: {few}")
    path = found[-1]
    how = "the longest shortest path" if wanted.rank == 1 else f"number {wanted.rank} of the longest shortest paths"
    if not (wanted.waypoints or wanted.meanings):
        return path, how
    path, more = _between(graph, path[0], path[-1], wanted, meanings)
    return path, f"{more}, between the ends of {how}"


def _apart(graph: Graph, wanted: Wanted) -> str:
    """Return the first two of the concepts that a path is to lead through that nothing connects."""
    stops = (wanted.source, *wanted.via, wanted.target)
    one, other = next((pair for pair in pairwise(stops) if not shortest(graph, *pair)), (stops[0], stops[-1]))
    return f"{graph.name(one)!r} and {graph.name(other)!r}"


def _between(
    graph: Graph, one: str, other: str, wanted: Wanted, meanings: Callable[[], Meanings] | None
) -> tuple[Path, str]:
    """Return the path between two concepts as it is wanted, and how it was found."""
    by = name_vectors(graph, meanings()) if wanted.meanings and meanings else None
    if not (wanted.via or wanted.waypoints):
        if by is None:
            return shortest(graph, one, other), "the shortest path"
        return path_by_meaning(graph, one, other, by), "the path whose names turn least in meaning"
    stops, how = wanted.via, "through the concepts named"
    if wanted.waypoints:
        begin = stops[-1] if stops else one
        more = (random_waypoints(graph, begin, other, wanted.waypoints, Random(wanted.seed)) if by is None
                else waypoints_by_meaning(graph, begin, other, wanted.waypoints, by))  # fmt: skip
        kind = "drawn at random" if by is None else "that lie between the two in meaning"
        how = f"through {len(more)} waypoints {kind}"
        stops = (*stops, *more)
    path = path_through(graph, (one, *stops, other), by)
    back = "" if is_simple(path) else ", back over some concepts"
    return path, f"the path {how}{back}"


def _said(graph: Graph, key: str, path: Path) -> tuple[tuple[str, str, str], ...]:
    """Return what is said most often of a concept beyond the path, in names."""
    on = set(path)
    off = [one for one in graph.incident[key] if not on.issuperset(one.ends)]
    most = sorted(off, key=lambda one: (-graph.support(one), one.ends, one.predicate))[:QUOTED]
    return tuple((graph.name(one.source), one.predicate, graph.name(one.target)) for one in most)


def _link(graph: Graph, name: str, hop: Hop, ids: dict[str, str]) -> Link:
    relations = tuple(_saying(graph, relation, hop) for relation in hop.relations)
    return Link(id=name, one=ids[hop.one], other=ids[hop.other], relations=relations)


def _saying(graph: Graph, relation: Relation, hop: Hop) -> Saying:
    said = graph.relations[relation]
    raw = (f"{one.raw.source} - {one.raw.predicate} - {one.raw.target}" for one in said)
    return Saying(
        source=graph.name(relation.source),
        predicate=relation.predicate,
        target=graph.name(relation.target),
        forward=relation.source == hop.one,
        support=graph.support(relation),
        events=tuple(dict.fromkeys(one.seq for one in said)),
        words=tuple(dict.fromkeys(raw)),
    )


def as_json(layout: Layout) -> Json:
    """Return a layout as the result of a plan."""
    found: dict[str, Any] = layout.model_dump(mode="json")
    return found | {"wanted": asdict(layout.wanted) | {"via": list(layout.wanted.via)}}
