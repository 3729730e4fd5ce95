"""Strategies that go deeper where the graph is: near the topic, at hubs that still yield, at relations said once."""

import math
import random
from collections.abc import Iterator
from heapq import nsmallest

from graphgrow.graph.graph import Graph
from graphgrow.graph.indexes import Yield
from graphgrow.graph.model import Focus
from graphgrow.policy.strategies.open_questions import SAMPLE, foci, free_angle, is_open
from graphgrow.policy.strategies.structure import Structure, structure
from graphgrow.prompts.render import CONSOLIDATE, KIN, between, kindred, surveys

FAR = 9
HUBS = 64
HUB_DEGREE = 3  # neighbours; fewer make no hub
WEAK = 2  # said at most so often


def frontier(graph: Graph, rng: random.Random) -> Iterator[Focus]:
    """Near the topic and little explored: concepts with few relations and no question yet come first.

    The score is 1 / ((1 + depth) (1 + asks)^2 sqrt(degree)). A small model asked about a concept with many neighbours
    recites them: in the recorded run one with a single neighbour brought 2.1 concepts, one with 4 to 7 of them 1.2.
    """
    ranked = ((score, key, _why_frontier(graph, key)) for score, key in _ranked(graph, rng))
    return foci(graph, rng, "frontier", ranked)


def _ranked(graph: Graph, rng: random.Random) -> list[tuple[float, str]]:
    """Return concepts with their score, the best first; where all of them are ranked it is done once an event."""
    mark, kept = (graph.seq, graph.decisions), graph.memo.get("frontier")
    if isinstance(kept, tuple) and kept[0] == mark:
        return list(kept[1])
    keys = {*graph.unasked.sample(SAMPLE, rng), *graph.explored.sample(SAMPLE, rng)}
    ranked = sorted(((_worth(graph, key), key) for key in keys), key=lambda pair: (-pair[0], pair[1]))
    if max(len(graph.unasked), len(graph.explored)) <= SAMPLE:
        graph.memo["frontier"] = mark, ranked
    return ranked


def _worth(graph: Graph, key: str) -> float:
    depth, asks = graph.depth.get(key, FAR), graph.asks.get(key, 0)
    return 1 / ((1 + depth) * (1 + asks) ** 2 * math.sqrt(max(1, graph.degree(key))))


def _why_frontier(graph: Graph, key: str) -> str:
    depth, asks = graph.depth.get(key), graph.asks.get(key, 0)
    away = f"{depth} relations from the topic" if depth is not None else "not joined to the topic"
    explored = f"asked about {asks} times" if asks else "never asked about"
    return f"{away}, {graph.degree(key)} neighbours, {explored}"


def survey(graph: Graph, rng: random.Random) -> Iterator[Focus]:
    """The concepts of the frontier, asked for a list: many targets of one kind in one short reply.

    A relation that is written out costs a model some twenty tokens, one more target of it five. Score as in `frontier`.
    """
    for score, key in _ranked(graph, rng):
        free = [angle for angle in surveys() if (angle, key) not in graph.asked]
        if free:
            yield Focus("survey", (key,), _why_frontier(graph, key), round(score, 4), rng.choice(free))


def hub(graph: Graph, rng: random.Random) -> Iterator[Focus]:
    """Among the HUBS concepts with most links, the one whose next question is expected to bring most.

    The score is the mean of what its questions brought, older ones discounted, with the mean over the whole run as one
    more question; so a hub without a question counts as an average one, and one that has dried up falls behind. Which
    concepts are hubs is as old as the structure, the yield is that of now.
    """
    found, mean = structure(graph), len(graph.concepts) / max(1, graph.steps)
    keys = [found.keys[vertex] for vertex in found.keep(hubs)]
    ranked = sorted((-_expected(graph, key, mean), -graph.degree(key), key) for key in keys if key in graph.concepts)
    for score, degree, key in ranked:
        angle = free_angle(graph, key, rng, *((KIN,) if kindred(graph, key) else ()))
        if angle is not None:
            yield Focus("hub", (key,), _why_hub(graph, key, -degree, -score), round(-score, 4), angle)


def hubs(found: Structure) -> list[int]:
    """Return the vertices with most neighbours, ties by key."""
    big = (vertex for vertex, degree in enumerate(found.degree) if degree >= HUB_DEGREE)
    return nsmallest(HUBS, big, key=lambda vertex: (-found.degree[vertex], found.keys[vertex]))


def _expected(graph: Graph, key: str, mean: float) -> float:
    yielded = graph.yields.get(key, Yield())
    return (yielded.brought + mean) / (yielded.questions + 1)


def _why_hub(graph: Graph, key: str, degree: int, expected: float) -> str:
    yielded, asks = graph.yields.get(key), graph.asks.get(key, 0)
    if not yielded:
        return f"a hub of {degree} neighbours without a question, so the {expected:.1f} concepts of an average one"
    brought, count = yielded.brought / yielded.questions, "one question" if asks == 1 else f"{asks} questions"
    return (
        f"a hub of {degree} neighbours, {brought:.1f} concepts a question of late in {count}, {expected:.1f} expected"
    )


def consolidate(graph: Graph, _: random.Random) -> Iterator[Focus]:
    """Two central concepts whose relations were said least: is this so, and what else holds?

    The score is the geometric mean of their numbers of neighbours over how often it was said; what was said more than
    WEAK times is left alone. The ranking is as old as the structure, the support is that of now.
    """
    found = structure(graph)
    for score, one, other in found.keep(_weak):
        if not is_open(graph, CONSOLIDATE, one, other):
            continue
        said = sum(graph.support(relation) for relation in between(graph, one, other))
        if 0 < said <= WEAK:
            ends = f"concepts with {graph.degree(one)} and {graph.degree(other)} neighbours"
            reason = f"said {'once' if said == 1 else 'twice'}, of {ends}, ranked {found.age}"
            yield Focus("consolidate", (one, other), reason, score, CONSOLIDATE)


def _weak(found: Structure) -> list[tuple[float, str, str]]:
    degree = found.degree
    rows = (
        (round(math.sqrt(degree[a] * degree[b]) / said, 4), *found.pair(a, b))
        for (a, b), said in found.support.items()
        if said <= WEAK
    )
    return sorted(rows, key=lambda row: (-row[0], *row[1:]))
