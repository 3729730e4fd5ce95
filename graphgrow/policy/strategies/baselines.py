"""Rules that others go by: the paper's, breadth first, chance, AGDR's and that of PX (FIELD.md says who they are).

They choose concepts as their authors do. What differs is that no question is asked twice: where a rule comes back to a
concept it gets another angle, and a rule that has nothing left to ask ends the run.
"""

import random
from collections.abc import Iterator
from heapq import nsmallest

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Focus
from graphgrow.policy.strategies.open_questions import SAMPLE, foci
from graphgrow.policy.strategies.structure import FIXED, Structure, structure

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
        for key in graph.concepts
        if key not in graph.asks
    )
    return foci(graph, rng, "bfs", ranked)


def uniform(graph: Graph, rng: random.Random) -> Iterator[Focus]:
    """Any concept that was never asked about, each as likely as the other."""
    keys = graph.unasked.sample(SAMPLE, rng)
    rng.shuffle(keys)
    return foci(
        graph, rng, "random", ((1.0, key, f"drawn from {len(graph.unasked)} unexplored concepts") for key in keys)
    )


def far_path(graph: Graph, rng: random.Random) -> Iterator[Focus]:
    """AGDR: the newer end of one of the five longest shortest paths by chance, or the other end if it came last.

    The other ends follow. Paths are those of the largest component, as old as the structure.
    """
    found = structure(graph)
    paths = list(found.keep(farthest))
    rng.shuffle(paths)
    turned = [(length, _turned(graph, found, path)) for length, path in paths]
    longest: dict[str, int] = {}
    for end in (0, 1):
        for length, ends in turned:
            longest.setdefault(ends[end], length)
    ranked = (
        (float(length), key, f"an end of one of the {PATHS} longest shortest paths, of {length} relations, {found.age}")
        for key, length in longest.items()
    )
    return foci(graph, rng, "far_path", ranked)


def farthest(found: Structure) -> list[tuple[int, tuple[int, int]]]:
    """Return length and ends, the older first, of the longest shortest paths."""
    from graphgrow.measure.paths import longest_paths

    return [(len(path) - 1, (path[0], path[-1])) for path in longest_paths(found.graph, PATHS)]


def _turned(graph: Graph, found: Structure, path: tuple[int, int]) -> tuple[str, str]:
    """Return the ends of a path, the one to ask about first."""
    start, end = (found.keys[vertex] for vertex in path)
    return (start, end) if end in graph.last else (end, start)


def px_frontier(graph: Graph, rng: random.Random) -> Iterator[Focus]:
    """PX: the concepts without a question that have fewest links, then the one with the highest betweenness.

    The score is 1 / (1 + degree), as in its queue; equal ones by arrival. A round of PX puts FANOUT leaves and that hub
    into the queue, so there the hub stands after as many leaves: asked one at a time, it comes only where leaves run
    out. Betweenness is as old as the structure.
    """
    return foci(graph, rng, "px_frontier", _queue(graph))


def _queue(graph: Graph) -> Iterator[tuple[float, str, str]]:
    leaves = nsmallest(SAMPLE, graph.unasked, key=lambda key: (graph.degree(key), graph.introduced[key], key))
    yield from (_leaf(graph, key) for key in leaves[:FANOUT])
    hub = _hub(graph) if len(leaves) > FANOUT else None
    if hub and hub[1] not in leaves[:FANOUT]:
        yield hub
    yield from (_leaf(graph, key) for key in leaves[FANOUT:] if not hub or key != hub[1])


def _leaf(graph: Graph, key: str) -> tuple[float, str, str]:
    degree = graph.degree(key)
    return 1 / (1 + degree), key, f"a leaf: {degree} neighbours and never asked about"


def _hub(graph: Graph) -> tuple[float, str, str] | None:
    """Return the concept without a question that has the highest betweenness."""
    found = structure(graph)
    for vertex, value in found.keep(_between):
        if (key := found.keys[vertex]) in graph.unasked:
            degree = graph.degree(key)
            reason = f"the hub without a question: betweenness {value:.2g}, {degree} neighbours, {found.age}"
            return 1 / (1 + degree), key, reason
    return None


def _between(found: Structure) -> list[tuple[int, float]]:
    """Return vertices of the largest component with their betweenness, the highest first."""
    from graphgrow.measure.paths import betweenness
    from graphgrow.measure.projection import largest_component

    places, largest = largest_component(found.graph)
    sources = random.Random(FIXED).sample(range(len(places)), SOURCES) if len(places) > EXACT else []
    values = zip(places, betweenness(largest, sources), strict=True)
    return sorted(((vertex, round(value, 9)) for vertex, value in values), key=lambda row: (-row[1], row[0]))
