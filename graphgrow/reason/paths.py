"""Paths between concepts: the shortest, the next ones, the longest of all, each step with what was said.

Paths ignore which way a relation points: they lead along the simple undirected projection. Of two paths the one with
fewer steps comes first; of two as short, the one whose keys are lexicographically less.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise
from typing import TYPE_CHECKING

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Json, Relation
from graphgrow.measure.centralities import centralities, correlations
from graphgrow.measure.paths import longest_paths
from graphgrow.prompts.render import between

if TYPE_CHECKING:
    import igraph

CORRELATED = 30  # the longest paths that the paper correlates over
CENTRALITIES = ("degree", "betweenness", "closeness")

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a path, and the relations that make it, whichever way they point."""

    one: str
    other: str
    relations: tuple[Relation, ...]


def shortest(graph: Graph, one: str, other: str, avoid: Collection[str] = ()) -> Path:
    """Return the keys along the first shortest path between two concepts, past those to avoid; () where none leads."""
    return _first(graph, one, other, frozenset(avoid))


def within(graph: Graph, one: str, other: str, most: int) -> Path:
    """Return the first shortest path of at most so many steps; () where none leads."""
    found = shortest(graph, one, other)
    return found if len(found) <= most + 1 else ()


def k_shortest(graph: Graph, one: str, other: str, count: int) -> list[Path]:
    """Return the first `count` paths that visit no concept twice, in order (Yen 1971); fewer where there are fewer.

    Raises BadInput where `count` is less than 1.
    """
    if count < 1:
        raise BadInput(f"{count} shortest paths: ask for 1 or more")
    first = shortest(graph, one, other)
    found, seen, waiting = [first] if first else [], {first}, list[tuple[int, Path]]()
    while found and len(found) < count:
        for path in _detours(graph, found):
            if path not in seen:
                seen.add(path)
                heappush(waiting, (len(path), path))
        if not waiting:
            break
        found.append(heappop(waiting)[1])
    return found


def _detours(graph: Graph, found: Sequence[Path]) -> list[Path]:
    """Return the first path that leaves the last one found at each of its concepts, another way than all found."""
    last, detours = found[-1], []
    for place in range(len(last) - 1):
        start = last[: place + 1]
        taken = frozenset(path[place + 1] for path in found if path[: place + 1] == start)
        rest = _first(graph, start[-1], last[-1], frozenset(start[:-1]), taken)
        if rest:
            detours.append(start[:-1] + rest)
    return detours


def _first(graph: Graph, one: str, other: str, avoid: frozenset[str], taken: frozenset[str] = frozenset()) -> Path:
    """Return the first path that avoids some concepts and does not begin with a step to those that are taken."""
    if one == other:
        return (one,)
    begins = graph.neighbours[one].keys() - avoid - taken
    left = _left(graph, other, begins, avoid | {one})
    nearest = min(((left[key], key) for key in begins & left.keys()), default=None)
    if nearest is None:
        return ()
    path = [one, nearest[1]]
    while path[-1] != other:
        closer = left[path[-1]] - 1
        path.append(min(near for near in graph.neighbours[path[-1]] if left.get(near) == closer))
    return tuple(path)


def _left(graph: Graph, end: str, begins: Collection[str], avoid: frozenset[str]) -> dict[str, int]:
    """Return how many steps are left to an end, ring by ring, until a ring holds one of the concepts to begin with."""
    ring = [end] if end not in avoid else []
    left = dict.fromkeys(ring, 0)
    while ring and not any(key in begins for key in ring):
        steps = left[ring[0]] + 1
        far = dict.fromkeys(near for key in ring for near in graph.neighbours[key])
        ring = [key for key in far if key not in left and key not in avoid]
        left |= dict.fromkeys(ring, steps)
    return left


def longest(graph: Graph, count: int) -> list[Path]:
    """Return the `count` longest shortest paths of the largest component, the longest first; exact.

    One for each two ends, from the lesser key to the greater. Raises BadInput where `count` is less than 1.
    """
    keys, simple = _by_key(graph)
    return [tuple(keys[place] for place in path) for path in longest_paths(simple, count)]


def correlated(graph: Graph, count: int = CORRELATED) -> Json:
    """Return Pearson's r between the means along each of the `count` longest shortest paths; `paths` says how many."""
    keys, simple = _by_key(graph)
    found = longest_paths(simple, count)
    return {"paths": len(found), "correlations": correlations(simple, found) if keys else {}}


def central(graph: Graph) -> dict[str, dict[str, float]]:
    """Return degree, betweenness and closeness of every concept of the largest component, by key."""
    keys, simple = _by_key(graph)
    values = centralities(simple)
    columns = [getattr(values, name) for name in CENTRALITIES]
    return {
        keys[place]: dict(zip(CENTRALITIES, row, strict=True))
        for place, row in zip(values.concepts, zip(*columns, strict=True), strict=True)
    }


def _by_key(graph: Graph) -> tuple[list[str], "igraph.Graph"]:
    """Return the keys in order, and the simple undirected projection with its vertices in that order."""
    import igraph

    keys = sorted(graph.concepts)
    place = {key: number for number, key in enumerate(keys)}
    edges = [(place[a], place[b]) for a in keys for b in graph.neighbours[a] if a < b]
    return keys, igraph.Graph(n=len(keys), edges=edges)


def hops(graph: Graph, path: Sequence[str]) -> list[Hop]:
    """Return the steps of a path, each with its relations, those that point along it first."""
    return [
        Hop(a, b, tuple(sorted(between(graph, a, b), key=lambda relation: (relation.source != a, relation.predicate))))
        for a, b in pairwise(path)
    ]


def told(graph: Graph, path: Sequence[str]) -> Json:
    """Return a path as JSON: its concepts, and each step with its evidence."""
    return {
        "steps": len(path) - 1,
        "concepts": [{"key": key, "name": graph.name(key)} for key in path],
        "hops": [_hop(graph, hop) for hop in hops(graph, path)],
    }


def _hop(graph: Graph, hop: Hop) -> Json:
    return {
        "from": graph.name(hop.one),
        "to": graph.name(hop.other),
        "relations": [
            {
                "source": graph.name(relation.source),
                "predicate": relation.predicate,
                "target": graph.name(relation.target),
                "forward": relation.source == hop.one,
                "support": graph.support(relation),
                "said": [
                    {"event": one.seq, "words": [one.raw.source, one.raw.predicate, one.raw.target],
                     "support": one.support} for one in graph.relations[relation]
                ],
            }
            for relation in hop.relations
        ],
    }  # fmt: skip
