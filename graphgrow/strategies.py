"""Which concepts to ask about: a strategy reads the whole graph and returns foci, best first, each with its reason.

A question is a concept and an angle, and none is asked twice. Cost follows `SAMPLE`, not the size of the graph.
"""

import math
import random
from collections.abc import Callable, Iterable, Iterator

from graphgrow.graph import Graph
from graphgrow.model import Focus
from graphgrow.prompts import SEED, angles

SAMPLE = 400
FAR = 9

Strategy = Callable[[Graph, random.Random], Iterator[Focus]]


def seed(graph: Graph, topic_key: str) -> Iterator[Focus]:
    """Yield the opening questions of a graph that holds nothing yet."""
    for angle in angles():
        focus = Focus(SEED, (topic_key,), "the graph is empty: open up the topic", 1.0, angle)
        if focus.question not in graph.asked:
            yield focus


def _angle(graph: Graph, key: str, rng: random.Random) -> str | None:
    """Return an angle this concept was not asked about from, the general one first; None where there is none left."""
    free = [angle for angle in angles() if (angle, key) not in graph.asked]
    if not free or free[0] == "general":
        return free[0] if free else None
    return rng.choice(free)


def _foci(graph: Graph, rng: random.Random, strategy: str, ranked: Iterable[tuple[float, str, str]]) -> Iterator[Focus]:
    """Yield a focus for every (score, key, reason) that has a question left."""
    for score, key, reason in ranked:
        angle = _angle(graph, key, rng)
        if angle is not None:
            yield Focus(strategy, (key,), reason, round(score, 4), angle)


def latest(graph: Graph, rng: random.Random) -> Iterator[Focus]:
    """The paper's rule: go on from what the last step brought, blind to the rest of the graph."""
    ranked = ((1.0, key, "it came in with the last step that brought anything") for key in reversed(graph.newest))
    return _foci(graph, rng, "latest", ranked)


def bfs(graph: Graph, rng: random.Random) -> Iterator[Focus]:
    """Breadth first: the oldest concept that was never asked about."""
    ranked = (
        (1.0 / graph.introduced[key], key, f"the oldest concept without a question, from event {graph.introduced[key]}")
        for key in graph.concepts
        if key not in graph.asks
    )
    return _foci(graph, rng, "bfs", ranked)


def uniform(graph: Graph, rng: random.Random) -> Iterator[Focus]:
    """Any concept that was never asked about, each as likely as the other."""
    keys = graph.unasked.sample(SAMPLE, rng)
    rng.shuffle(keys)
    return _foci(
        graph, rng, "random", ((1.0, key, f"drawn from {len(graph.unasked)} unexplored concepts") for key in keys)
    )


def frontier(graph: Graph, rng: random.Random) -> Iterator[Focus]:
    """Near the topic and little explored: concepts without a question first, then concepts with few and many links.

    The score is log2(2 + degree) / ((1 + depth) (1 + asks)): what many relations point at is worth a question, what is
    far from the topic or was asked about before is worth less.
    """
    keys = {*graph.unasked.sample(SAMPLE, rng), *graph.explored.sample(SAMPLE, rng)}
    ranked = sorted(((_worth(graph, key), key) for key in keys), key=lambda pair: (-pair[0], pair[1]))
    return _foci(graph, rng, "frontier", ((score, key, _why_frontier(graph, key)) for score, key in ranked))


def _worth(graph: Graph, key: str) -> float:
    depth = graph.depth.get(key, FAR)
    return math.log2(2 + graph.degree(key)) / ((1 + depth) * (1 + graph.asks.get(key, 0)))


def _why_frontier(graph: Graph, key: str) -> str:
    depth, asks = graph.depth.get(key), graph.asks.get(key, 0)
    away = f"{depth} relations from the topic" if depth is not None else "not joined to the topic"
    explored = f"asked about {asks} times" if asks else "never asked about"
    return f"{away}, {graph.degree(key)} neighbours, {explored}"


STRATEGIES: dict[str, Strategy] = {"latest": latest, "bfs": bfs, "random": uniform, "frontier": frontier}
