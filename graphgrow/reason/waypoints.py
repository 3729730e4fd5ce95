"""Paths that lead somewhere on their way: through named or drawn concepts, or along what the names mean.

A path by meaning is the shortest in another measure: a step costs the angle between the vectors of its two names, in
whole microradians so that sums are exact. Angles obey the triangle inequality, so that a detour never costs less than
the relation itself. Of two paths that cost the same, the one whose keys are lexicographically less comes first.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from random import Random

import numpy as np

from graphgrow.graph.graph import Graph
from graphgrow.llm.embedders import Floats, normalised
from graphgrow.reason.paths import Path, shortest
from graphgrow.resolve.identity.meanings import Meanings

TRIES = 20  # concepts drawn for one waypoint before the path does without it
MICRO = 1_000_000

Vectors = Mapping[str, Floats]


def vectors(graph: Graph, meanings: Meanings) -> dict[str, Floats]:
    """Return the vector of every concept's name, by key."""
    return dict(zip(graph.concepts, meanings.vectors([one.name for one in graph.concepts.values()]), strict=True))


def through(graph: Graph, stops: Sequence[str], by: Vectors | None = None) -> Path:
    """Return the path from stop to stop, each leg the first of the shortest ones, or by meaning; () where none leads.

    A leg keeps off the legs before it and the stops to come. Where it cannot, it goes back over them, and the path
    visits some concepts twice.
    """
    path = tuple(stops[:1])
    for place, (one, other) in enumerate(pairwise(stops)):
        avoid = {*path, *stops[place + 2 :]} - {one, other}
        leg = _leg(graph, one, other, avoid, by) or _leg(graph, one, other, (), by)
        if not leg:
            return ()
        path += leg[1:]
    return path


def _leg(graph: Graph, one: str, other: str, avoid: Collection[str], by: Vectors | None) -> Path:
    return shortest(graph, one, other, avoid) if by is None else meaningful(graph, one, other, by, avoid)


def is_simple(path: Sequence[str]) -> bool:
    """Tell whether a path is one, and visits no concept twice."""
    return bool(path) and len(set(path)) == len(path)


def drawn(graph: Graph, one: str, other: str, count: int, rng: Random) -> tuple[str, ...]:
    """Return up to `count` waypoints drawn at random, such that the path through them visits no concept twice."""
    places = sorted(_component(graph, one) - {one, other})
    return _stops(graph, one, other, (rng.sample(places, len(places)) for _ in range(count)), None)


def _stops(graph: Graph, one: str, other: str, orders: Iterable[Sequence[str]], by: Vectors | None) -> tuple[str, ...]:
    """Return for each order of concepts the first of TRIES that leaves the path through all of them a path."""
    stops: tuple[str, ...] = ()
    for order in orders:
        for key in order[:TRIES]:
            if key not in stops and is_simple(through(graph, (one, *stops, key, other), by)):
                stops = (*stops, key)
                break
    return stops


def _component(graph: Graph, one: str) -> set[str]:
    found, queue = {one}, [one]
    for key in queue:
        fresh = graph.neighbours[key].keys() - found
        found |= fresh
        queue.extend(fresh)
    return found


def on_the_arc(graph: Graph, one: str, other: str, count: int, by: Vectors) -> tuple[str, ...]:
    """Return up to `count` waypoints that lie between two concepts in meaning, in order.

    They are the concepts nearest to points that divide the arc between the vectors of the two in equal parts, of those
    that leave the path through them a path that visits no concept twice.
    """
    places = sorted(_component(graph, one) - {one, other})
    rows = np.stack([by[key] for key in places]) if places else np.empty((0, len(by[one])), np.float32)
    points = (_on_arc(by[one], by[other], number / (count + 1)) for number in range(1, count + 1))
    return _stops(graph, one, other, (_nearest(places, rows @ point) for point in points), by)


def _nearest(places: Sequence[str], cosines: Floats) -> list[str]:
    return [places[place] for place in np.lexsort((np.arange(len(places)), -cosines))]


def _on_arc(one: Floats, other: Floats, share: float) -> Floats:
    """Return the unit vector at a share of the way from one to another along the arc between them."""
    whole = math.acos(float(np.clip(one @ other, -1.0, 1.0)))
    if math.sin(whole) < 1 / MICRO:
        return one
    point = math.sin((1 - share) * whole) * one + math.sin(share * whole) * other
    unit: Floats = normalised(point[None])[0]
    return unit


def angle(one: Floats, other: Floats) -> int:
    """Return the angle between two unit vectors in whole microradians; 1 where they are the same."""
    return max(1, round(MICRO * math.acos(float(np.clip(one @ other, -1.0, 1.0)))))


def meaningful(graph: Graph, one: str, other: str, by: Vectors, avoid: Collection[str] = ()) -> Path:
    """Return the path whose steps turn least from name to name, past those to avoid; () where none leads."""
    left = _cost_left(graph, one, other, by, frozenset(avoid))
    if one not in left:
        return ()
    path = [one]
    while path[-1] != other:
        key = path[-1]
        near = (n for n in graph.neighbours[key] if n in left and left[n] + angle(by[n], by[key]) == left[key])
        path.append(min(near))
    return tuple(path)


def _cost_left(graph: Graph, one: str, other: str, by: Vectors, avoid: frozenset[str]) -> dict[str, int]:
    """Return what is left to pay to the other end, of every concept that is no farther from it than the one end."""
    left: dict[str, int] = {}
    waiting = [(0, other)] if other not in avoid else []
    while waiting and one not in left:
        cost, key = heappop(waiting)
        if key in left:
            continue
        left[key] = cost
        for near in graph.neighbours[key]:
            if near not in left and near not in avoid:
                heappush(waiting, (cost + angle(by[near], by[key]), near))
    return left


def beside(graph: Graph, path: Sequence[str], count: int) -> list[str]:
    """Return up to `count` concepts within two relations of a path, those that touch most of it first."""
    on = set(path)
    near = {other for key in on for other in graph.neighbours[key]} - on
    far = {other for key in near for other in graph.neighbours[key]} - on - near
    touched = {key: len(on & graph.neighbours[key].keys()) for key in near | far}
    reached = {key: len(near & graph.neighbours[key].keys()) for key in near | far}
    return sorted(touched, key=lambda key: (-touched[key], -reached[key], key))[:count]
