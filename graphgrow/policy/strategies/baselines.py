"""Rules that others go by: the paper's, breadth first, chance, AGDR's and PX's (docs/policies.md says who they are).

They choose concepts as their authors do. What differs is that no question is asked twice: where a rule comes back to a
concept it gets another angle, and a rule that has nothing left to ask ends the run.
"""

import random
from collections.abc import Iterator
from heapq import nsmallest
from itertools import islice

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Focus
from graphgrow.measure.projection import FIXED, Structure, structure
from graphgrow.policy.strategies.concepts import SAMPLE, foci

PATHS = 5
FANOUT = 4  # leaves that PX puts in its queue at a time
EXACT = 500  # concepts; beyond, betweenness is estimated from SOURCES of them
SOURCES = 64


def latest(graph: Graph, rng: random.Random) -> Iterator[Focus]:
    """The paper's rule: go on from what the last step brought, blind to the rest of the graph."""
    ranked = ((1.0, key, "it came in with the last step that brought anything") for key in reversed(graph.newest))
    return foci(graph, rng, "latest", ranked)


def bfs(graph: Graph, rng: random.Random) -> Iterator[Focus]:
    """Breadth first: the oldest concept that was never asked about."""
    ranked = (
        (1.0 / graph.introduced[key], key, f"the oldest concept without a question, from event {graph.introduced[key]}")
        for key in graph.introduced
        if key not in graph.asks
    )
    return foci(graph, rng, "bfs", ranked)


def uniform(graph: Graph, rng: random.Random) -> Iterator[Focus]:
    """Any concept that was never asked about, each as likely as the other."""
    keys = graph.unasked.sample(SAMPLE, rng)
    rng.shuffle(keys)
    reason = f"drawn from {len(graph.unasked.items)} unexplored concepts"
    return foci(graph, rng, "random", ((1.0, key, reason) for key in keys))


def far_path(graph: Graph, rng: random.Random) -> Iterator[Focus]:
    """AGDR: the newer end of one of the five longest shortest paths by chance, or the other end if it came last.

    The other ends follow. Paths are those of the largest component, as old as the structure.
    """
    snapshot = structure(graph)
    paths = list(snapshot.keep(longest))
    rng.shuffle(paths)
    first, second = [], []
    for length, ends in paths:
        older, newer = (snapshot.keys[vertex] for vertex in ends)
        is_last = newer in graph.last
        first.append((older if is_last else newer, length))
        second.append((newer if is_last else older, length))
    lengths: dict[str, int] = {}
    for key, length in (*first, *second):
        lengths.setdefault(key, length)
    rule = f"an end of one of the {PATHS} longest shortest paths"
    ranked = ((float(length), key, f"{rule}, of {length} relations, {snapshot.age}") for key, length in lengths.items())
    return foci(graph, rng, "far_path", ranked)


def longest(snapshot: Structure) -> list[tuple[int, tuple[int, int]]]:
    """Return length and ends, the older first, of the longest shortest paths."""
    from graphgrow.measure.paths import longest_paths

    return [(len(path) - 1, (path[0], path[-1])) for path in longest_paths(snapshot.graph, PATHS)]


def px_frontier(graph: Graph, rng: random.Random) -> Iterator[Focus]:
    """PX: the concepts without a question that have fewest links, then the one with the highest betweenness.

    The score is 1 / (1 + degree), as in its queue; equal ones by arrival. A round of PX puts FANOUT leaves and that hub
    into the queue, so there the hub stands after as many leaves: asked one at a time, it comes only where leaves run
    out. Betweenness is as old as the structure.
    """
    keys = nsmallest(SAMPLE, graph.unasked.items, key=lambda key: (graph.degree(key), graph.introduced[key], key))
    degrees = ((key, graph.degree(key)) for key in keys)
    leaves = ((1 / (1 + degree), key, f"a leaf: {degree} neighbours and never asked about") for key, degree in degrees)
    yield from foci(graph, rng, "px_frontier", islice(leaves, FANOUT))
    if len(keys) <= FANOUT:
        return
    snapshot = structure(graph)
    ranked = ((snapshot.keys[vertex], value) for vertex, value in snapshot.keep(betweenness))
    hub, value = next(((key, value) for key, value in ranked if key not in graph.asks), ("", 0.0))
    if hub and hub not in keys[:FANOUT]:
        degree = graph.degree(hub)
        reason = f"the hub without a question: betweenness {value:.2g}, {degree} neighbours, {snapshot.age}"
        yield from foci(graph, rng, "px_frontier", [(1 / (1 + degree), hub, reason)])
    yield from foci(graph, rng, "px_frontier", (leaf for leaf in leaves if leaf[1] != hub))


def betweenness(snapshot: Structure) -> list[tuple[int, float]]:
    """Return vertices of the largest component with their betweenness, the highest first."""
    from graphgrow.measure.paths import betweenness
    from graphgrow.measure.projection import largest_component

    places, largest = largest_component(snapshot.graph)
    sources = random.Random(FIXED).sample(range(len(places)), SOURCES) if len(places) > EXACT else []
    values = zip(places, betweenness(largest, sources), strict=True)
    return sorted(((vertex, round(value, 9)) for vertex, value in values), key=lambda row: (-row[1], row[0]))
