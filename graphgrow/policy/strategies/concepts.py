"""Strategies that ask about one concept: near the topic and little explored, for a list, at a hub that still yields."""

import math
import random
from collections.abc import Iterable, Iterator
from heapq import nsmallest

from graphgrow.graph.graph import Graph, Yield
from graphgrow.graph.model import Focus
from graphgrow.measure.projection import Structure, structure
from graphgrow.policy.round import free_angle
from graphgrow.prompts.render import kindred, surveys

FAR = 9  # what counts as the distance from the topic where no path leads there
HUBS = 64
SAMPLE = 400  # concepts that a strategy looks at where it cannot look at all
HUB_DEGREE = 3  # neighbours; fewer make no hub


def frontier(graph: Graph, rng: random.Random) -> Iterator[Focus]:
    """Near the topic and little explored: concepts with few relations and no question yet come first.

    The score is 1 / ((1 + depth) (1 + asks)^2 sqrt(degree)). A small model asked about a concept with many neighbours
    recites them: in the recorded run one with a single neighbour brought 2.1 concepts, one with 4 to 7 of them 1.2.
    """
    return foci(graph, rng, "frontier", _frontier(graph, rng))


def survey(graph: Graph, rng: random.Random) -> Iterator[Focus]:
    """The concepts of the frontier, asked for a list: many targets of one kind in one short reply.

    A relation that is written out costs a model some twenty tokens, one more target of it five. Score as in `frontier`.
    """
    for score, key, reason in _frontier(graph, rng):
        free = [angle for angle in surveys() if (angle, key) not in graph.asked]
        if free:
            yield Focus("survey", (key,), reason, round(score, 4), rng.choice(free), form="list")


def _frontier(graph: Graph, rng: random.Random) -> Iterator[tuple[float, str, str]]:
    """Yield (score, key, reason), the best first; where all concepts are ranked it is done once per event."""

    def rank() -> list[tuple[float, str]]:
        scores = []
        for key in {*graph.unasked.sample(SAMPLE, rng), *graph.explored.sample(SAMPLE, rng)}:
            depth, asks = graph.depth.get(key, FAR), graph.asks.get(key, 0)
            scores.append((-1 / ((1 + depth) * (1 + asks) ** 2 * math.sqrt(max(1, graph.degrees[key]))), key))
        return [(-score, key) for score, key in sorted(scores)]

    are_all = max(len(graph.unasked.items), len(graph.explored.items)) <= SAMPLE
    for score, key in graph.memo.keep("frontier", (graph.seq, graph.decisions), rank) if are_all else rank():
        away = f"{graph.depth[key]} relations from the topic" if key in graph.depth else "not joined to the topic"
        explored = f"asked about {graph.asks[key]} times" if key in graph.asks else "never asked about"
        yield score, key, f"{away}, {graph.degree(key)} neighbours, {explored}"


def foci(graph: Graph, rng: random.Random, strategy: str, ranked: Iterable[tuple[float, str, str]]) -> Iterator[Focus]:
    """Yield a focus for every (score, key, reason) that has a question left."""
    for score, key, reason in ranked:
        angle = free_angle(graph, key, rng)
        if angle is not None:
            yield Focus(strategy, (key,), reason, round(score, 4), angle)


def hub(graph: Graph, rng: random.Random) -> Iterator[Focus]:
    """Among the HUBS concepts with most links, the one whose next question is expected to bring most.

    The score is the mean of what its questions brought, older ones discounted, with the mean over the whole run as one
    more question; so a hub without a question counts as an average one, and one that has dried up falls behind. Which
    concepts are hubs is as old as the structure, the yield is current.
    """
    snapshot, mean = structure(graph), len(graph.concepts) / max(1, graph.steps)
    ranked = []
    for key in (snapshot.keys[vertex] for vertex in snapshot.keep(hubs)):
        if key in graph.concepts:
            past = graph.yields.get(key, Yield())
            ranked.append((-(past.brought + mean) / (past.questions + 1), -graph.degree(key), key))
    for score, degree, key in sorted(ranked):
        angle = free_angle(graph, key, rng, *(("kin",) if kindred(graph, key) else ()))
        if angle is None:
            continue
        if key in graph.yields:
            recent, asks = graph.yields[key].brought / graph.yields[key].questions, graph.asks.get(key, 0)
            questions = "one question" if asks == 1 else f"{asks} questions"
            brought = f", {recent:.1f} concepts a question of late in {questions}, {-score:.1f} expected"
        else:
            brought = f" without a question, so the {-score:.1f} concepts of an average one"
        reason = f"a hub of {-degree} neighbours{brought}"
        yield Focus("hub", (key,), reason, round(-score, 4), angle, form="kin" if angle == "kin" else "expand")


def hubs(snapshot: Structure) -> list[int]:
    """Return the vertices with most neighbours, ties by key."""
    connected = (vertex for vertex, degree in enumerate(snapshot.degree) if degree >= HUB_DEGREE)
    return nsmallest(HUBS, connected, key=lambda vertex: (-snapshot.degree[vertex], snapshot.keys[vertex]))
