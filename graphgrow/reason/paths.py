"""Paths between concepts: the shortest, the next ones, the longest of all; through waypoints; by what names mean.

Paths ignore which way a relation points: they lead along the simple undirected projection. Of two paths the one with
fewer steps comes first; of two equally short ones, the one whose keys are lexicographically less.

A path by meaning is the shortest in another measure: a step costs the angle between the vectors of its two names, in
whole microradians so that sums are exact. Angles obey the triangle inequality, so that a detour never costs less than
the relation itself. Of two paths that cost the same, again the one whose keys are lexicographically less comes first.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from graphgrow.errors import BadInput
from graphgrow.graph.confidence import confidence
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Json, Relation
from graphgrow.graph.qualified import qualifier_row
from graphgrow.llm.embedders import Floats, normalised
from graphgrow.measure.centralities import centralities as concept_values
from graphgrow.measure.centralities import correlations
from graphgrow.measure.paths import longest_paths
from graphgrow.prompts.render import between

if TYPE_CHECKING:
    import igraph

CORRELATED = 30  # the longest paths that the paper correlates over
CENTRALITIES = ("degree", "betweenness", "closeness")
APART = 3  # relations; two neighbours of a hub with fewer between them are no discovery
ENDS = 100  # neighbours of a hub that are looked at, the surest first
TRIES = 20  # concepts tried for one waypoint before the path does without it
MICRO = 1_000_000
SHOWN = 4  # digits of a confidence

Path = tuple[str, ...]
NameVectors = Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a path, and the relations that make it, whichever way they point, the surest first."""

    one: str
    other: str
    relations: tuple[Relation, ...]


def shortest(
    graph: Graph,
    one: str,
    other: str,
    avoid: Collection[str] = (),
    *,
    not_next: Collection[str] = (),
    most: int | None = None,
) -> Path:
    """Return the keys along the first shortest path between two concepts; () where there is none.

    It leaves out the concepts to `avoid`, does not begin with a step to one of `not_next`, has at most `most` steps.
    """
    if one == other:
        return (one,)
    avoided = {one, *avoid}
    begins = graph.neighbours[one].keys() - avoided - set(not_next)
    # Breadth first from the other end, ring by ring, until a ring holds a concept to begin with.
    ring = [other] if other not in avoided else []
    left = dict.fromkeys(ring, 0)  # steps to the other end
    while ring and begins.isdisjoint(ring):
        steps = left[ring[0]] + 1
        further = dict.fromkeys(near for key in ring for near in graph.neighbours[key])
        ring = [key for key in further if key not in left and key not in avoided]
        left |= dict.fromkeys(ring, steps)
    nearest = min(((left[key], key) for key in begins & left.keys()), default=None)
    if nearest is None or (most is not None and nearest[0] >= most):
        return ()
    path = [one, nearest[1]]
    while path[-1] != other:
        closer = left[path[-1]] - 1
        path.append(min(near for near in graph.neighbours[path[-1]] if left.get(near) == closer))
    return tuple(path)


def k_shortest(graph: Graph, one: str, other: str, count: int, avoid: Collection[str] = ()) -> list[Path]:
    """Return the first `count` paths that visit no concept twice, in order (Yen 1971); fewer where there are fewer.

    They leave out the concepts to `avoid`.

    Raises BadInput where `count` is less than 1.
    """
    if count < 1:
        raise BadInput(f"{count} shortest paths: ask for 1 or more")
    first = shortest(graph, one, other, avoid)
    paths, seen, candidates = [first] if first else [], {first}, list[tuple[int, Path]]()
    while paths and len(paths) < count:
        last = paths[-1]
        for place in range(len(last) - 1):  # leave the last path at each of its concepts, another way than all before
            start = last[: place + 1]
            taken = {path[place + 1] for path in paths if path[: place + 1] == start}
            rest = shortest(graph, start[-1], last[-1], (*start[:-1], *avoid), not_next=taken)
            path = start[:-1] + rest
            if rest and path not in seen:
                seen.add(path)
                heappush(candidates, (len(path), path))
        if not candidates:
            break
        paths.append(heappop(candidates)[1])
    return paths


def longest(graph: Graph, count: int) -> list[Path]:
    """Return the `count` longest shortest paths of the largest component, the longest first; exact.

    One for each pair of ends, from the lesser key to the greater. Raises BadInput where `count` is less than 1.
    """
    keys, projection = _projection(graph)
    return [tuple(keys[place] for place in path) for path in longest_paths(projection, count)]


def past(graph: Graph, hub: str, count: int) -> list[Path]:
    """Return up to `count` paths between two neighbours of a hub that do not go through it, the longest first.

    A hub joins any two of its neighbours by two relations, which says nothing; what else joins them is worth a thought
    (Swanson 1986). Of the shortest paths between two ends the likeliest is returned, by the product of its confidences.
    Of equally long paths those come first that have more than one predicate, for others list what has one thing in
    common, then the likeliest. None is of less than APART relations.
    """
    rest = graph.subgraph([one for one in graph.relations if hub not in one.ends])
    surest: dict[tuple[str, str], float] = {}
    for relation in graph.relations:
        for pair in (relation.ends, relation.ends[::-1]):
            surest[pair] = max(surest.get(pair, 0.0), confidence(graph, relation))
    keys, projection = _projection(rest)
    place = {key: number for number, key in enumerate(keys)}
    near = sorted((key for key in graph.neighbours.get(hub, ()) if key in place), key=lambda key: -surest[hub, key])
    ends = sorted(place[key] for key in near[:ENDS])
    doubts = [-math.log(max(surest[keys[edge.source], keys[edge.target]], 1 / MICRO)) for edge in projection.es]
    weights = [1 + doubt / (1 + math.fsum(doubts)) for doubt in doubts]  # all doubts together count less than a step

    pairs: dict[int, list[tuple[int, int]]] = {}
    for one, row in zip(ends, projection.distances(ends, ends) if ends else (), strict=True):
        for other, steps in zip(ends, row, strict=True):
            if one < other and APART <= steps < math.inf:
                pairs.setdefault(int(steps), []).append((one, other))
    chosen: list[Path] = []
    for steps in sorted(pairs, reverse=True):
        ranked: list[tuple[bool, float, Path]] = []
        for one, other in pairs[steps]:
            path = tuple(keys[vertex] for vertex in projection.get_shortest_path(one, other, weights=weights))
            predicates = {hop.relations[0].predicate for hop in hops(rest, path)}
            ranked.append((len(predicates) == 1, -math.prod(surest[pair] for pair in pairwise(path)), path))
        chosen += [path for *_, path in sorted(ranked)]
        if len(chosen) >= count:
            break
    return chosen[:count]


def path_correlations(graph: Graph, count: int = CORRELATED) -> Json:
    """Return Pearson's r between the means along each of the `count` longest shortest paths; `paths` says how many."""
    keys, projection = _projection(graph)
    paths = longest_paths(projection, count)
    return {"paths": len(paths), "correlations": correlations(projection, paths) if keys else {}}


def centralities(graph: Graph) -> dict[str, dict[str, float]]:
    """Return degree, betweenness and closeness of every concept of the largest component, by key."""
    keys, projection = _projection(graph)
    values = concept_values(projection)
    columns = [getattr(values, name) for name in CENTRALITIES]
    return {
        keys[place]: dict(zip(CENTRALITIES, row, strict=True))
        for place, row in zip(values.concepts, zip(*columns, strict=True), strict=True)
    }


def _projection(graph: Graph) -> tuple[list[str], "igraph.Graph"]:
    """Return the keys in order, and the simple undirected projection with its vertices in that order."""
    import igraph

    keys = sorted(graph.concepts)
    place = {key: number for number, key in enumerate(keys)}
    edges = [(place[a], place[b]) for a in keys for b in graph.neighbours[a] if a < b]
    return keys, igraph.Graph(n=len(keys), edges=edges)


def hops(graph: Graph, path: Sequence[str]) -> list[Hop]:
    """Return the steps of a path, each with its relations, the surest first.

    Of equally sure ones, to the digits that are shown, those that point along the path come first, then by predicate.
    """
    steps = []
    for a, b in pairwise(path):
        ranked = (
            (-round(confidence(graph, one), SHOWN), one.source != a, one.predicate, one) for one in between(graph, a, b)
        )
        steps.append(Hop(a, b, tuple(one for *_, one in sorted(ranked, key=lambda row: row[:3]))))
    return steps


def path_json(graph: Graph, path: Sequence[str]) -> Json:
    """Return a path as JSON: its concepts, and each step with its evidence."""
    return {
        "steps": len(path) - 1,
        "concepts": [{"key": key, "name": graph.name(key)} for key in path],
        "hops": [
            {
                "from": graph.name(hop.one),
                "to": graph.name(hop.other),
                "relations": [
                    {
                        "source": graph.name(relation.source),
                        "predicate": relation.predicate,
                        "target": graph.name(relation.target),
                        "forward": relation.source == hop.one,
                        "support": graph.support(relation),
                        "confidence": round(confidence(graph, relation), SHOWN),
                        "said": [
                            {
                                "event": statement.seq,
                                "words": [statement.raw.source, statement.raw.predicate, statement.raw.target],
                                "support": statement.support,
                                **qualifier_row(statement.qualifiers),
                            }
                            for statement in graph.relations[relation]
                        ],
                    }
                    for relation in hop.relations
                ],
            }
            for hop in hops(graph, path)
        ],
    }


def angle(one: Floats, other: Floats) -> int:
    """Return the angle between two unit vectors in whole microradians; 1 where they are the same."""
    return max(1, round(MICRO * math.acos(float(np.clip(one @ other, -1.0, 1.0)))))


def path_by_meaning(graph: Graph, one: str, other: str, vectors: NameVectors, avoid: Collection[str] = ()) -> Path:
    """Return the path whose steps turn least from name to name, past those to avoid; () where there is none."""
    # Dijkstra from the other end: what is left to pay from every concept that is no farther from it than the one end.
    left: dict[str, int] = {}
    queue = [(0, other)] if other not in avoid else []
    while queue and one not in left:
        cost, key = heappop(queue)
        if key in left:
            continue
        left[key] = cost
        for near in graph.neighbours[key]:
            if near not in left and near not in avoid:
                heappush(queue, (cost + angle(vectors[near], vectors[key]), near))
    if one not in left:
        return ()
    path = [one]
    while (key := path[-1]) != other:
        path.append(
            min(
                near
                for near in graph.neighbours[key]
                if near in left and left[near] + angle(vectors[near], vectors[key]) == left[key]
            )
        )
    return tuple(path)


def path_through(
    graph: Graph, stops: Sequence[str], vectors: NameVectors | None = None, avoid: Collection[str] = ()
) -> Path:
    """Return the path from stop to stop, each leg the first of the shortest ones, or by meaning; () if none.

    A leg avoids the legs before it and the stops to come. Where it cannot, it goes back over them, and the path
    visits some concepts twice. None goes through a concept to `avoid`.
    """
    path = tuple(stops[:1])
    for place, (one, other) in enumerate(pairwise(stops)):
        leg: Path = ()
        for taken in ({*path, *stops[place + 2 :]} - {one, other}, set[str]()):
            leg = leg or (
                shortest(graph, one, other, taken | {*avoid})
                if vectors is None
                else path_by_meaning(graph, one, other, vectors, taken | {*avoid})
            )
        if not leg:
            return ()
        path += leg[1:]
    return path


def is_simple(path: Sequence[str]) -> bool:
    """Tell whether a path is one, and visits no concept twice."""
    return bool(path) and len(set(path)) == len(path)


def waypoints(graph: Graph, one: str, other: str, count: int, rng: Random, vectors: NameVectors | None = None) -> Path:
    """Return up to `count` concepts such that the path through them, in their order, visits no concept twice.

    They are drawn at random; with `vectors` they are the nearest to points that divide the arc between the vectors of
    the two ends in equal parts.
    """
    reached, queue = {one}, [one]
    for key in queue:
        fresh = graph.neighbours[key].keys() - reached
        reached |= fresh
        queue.extend(fresh)
    keys = sorted(reached - {one, other})
    chosen: Path = ()
    for number in range(1, count + 1):
        if vectors is None:
            order = rng.sample(keys, len(keys))
        else:
            part, point, end = number / (count + 1), vectors[one], vectors[other]
            arc = math.acos(float(np.clip(point @ end, -1.0, 1.0)))
            if math.sin(arc) >= 1 / MICRO:
                point = math.sin((1 - part) * arc) * point + math.sin(part * arc) * end
                point = normalised(point[None])[0]
            cosines = np.array([vectors[key] for key in keys]).reshape(len(keys), len(point)) @ point
            order = [keys[place] for place in np.lexsort((np.arange(len(keys)), -cosines))]
        for key in order[:TRIES]:
            if key not in chosen and is_simple(path_through(graph, (one, *chosen, key, other), vectors)):
                chosen = (*chosen, key)
                break
    return chosen


def concepts_beside(graph: Graph, path: Sequence[str], count: int) -> list[str]:
    """Return up to `count` concepts within two relations of a path, those that touch most of it first."""
    on = set(path)
    near = {other for key in on for other in graph.neighbours[key]} - on
    far = {other for key in near for other in graph.neighbours[key]} - on - near
    touched = {key: len(on & graph.neighbours[key].keys()) for key in near | far}
    reached = {key: len(near & graph.neighbours[key].keys()) for key in near | far}
    return sorted(touched, key=lambda key: (-touched[key], -reached[key], key))[:count]
