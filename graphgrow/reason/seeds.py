"""Where an idea may begin: two concepts of a gap, of a bridge, of a relation, chosen by three dials from 0 to 1.

Every pair is measured. Novelty is the mean of three: how far apart the two are (0 for one relation, 1 for FAR or more),
how unlike their names are (1 - similarity), how little is said between them (1 / (1 + support)). Feasibility is the
mean over the two of the share of all concepts about which no more is said (support of all their relations).
Effectiveness is how near the two are to the goal, or without one to the topic, by their own names and those of their
neighbours (policy.gains). Then each is made a rank among all pairs, from 0 to 1, and a pair's score is

    (2 * novelty dial - 1) * novelty + feasibility dial * feasibility + effectiveness dial * effectiveness

so that a novelty of 0 looks for what is well known, and a dial at 0.5 (novelty) or 0 (the others) does not matter.
"""

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import nlargest
from itertools import islice
from math import fsum, inf, isfinite
from statistics import fmean

import numpy as np

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.measure.critical import surprising_edges
from graphgrow.measure.projection import SMALLEST, members, structure
from graphgrow.policy.gains import ASKED, OWN, relevance
from graphgrow.policy.strategies import STRATEGIES
from graphgrow.prompts.render import between
from graphgrow.reason.context import nearest
from graphgrow.reason.similarity import similarities
from graphgrow.resolve.identity import Meanings

KINDS = ("gap", "bridge", "surprise", "link")
TRIED = 40  # pairs of each kind
FAR = 6  # relations; anything farther apart counts as this far
KNOWN, SURPRISING, GOAL = "relation", "surprising relation", "goal"
AIMED = 8  # concepts near to a goal, and as many communities that they are joined with

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class IdeaDials:
    """What ideas are wanted, each from 0 to 1; raises BadInput for another number."""

    novelty: float = 0.7
    feasibility: float = 0.5
    effectiveness: float = 0.5

    def __post_init__(self) -> None:
        for name in ("novelty", "feasibility", "effectiveness"):
            if not 0 <= getattr(self, name) <= 1:
                raise BadInput(f"a {name} of {getattr(self, name):g}: give 0 to 1")


@dataclass(frozen=True, slots=True)
class IdeaSeed:
    """Two concepts by key, what they were found by, their relations apart (-1 where no path joins them), and ranks."""

    concepts: Pair
    kind: str
    apart: int
    novelty: float
    feasibility: float
    effectiveness: float
    score: float = 0.0


def seeds(graph: Graph, dials: IdeaDials, goal: str, meanings: Meanings | None, count: int) -> list[IdeaSeed]:
    """Return the pairs that the dials want most, best first, each concept in one of them as far as that goes."""
    kinds = _candidates(graph, goal, meanings)
    if not kinds:
        return []
    pairs = list(kinds)
    apart = _distances(graph, pairs)
    novelty = [
        fmean((
            distance(steps),
            1 - similarities(graph.name(one), [graph.name(other)], meanings)[0],
            1 / (1 + sum(map(graph.support, between(graph, one, other)))),
        ))
        for (one, other), steps in zip(pairs, apart, strict=True)
    ]  # fmt: skip
    support = {key: sum(map(graph.support, relations)) for key, relations in graph.incident.items()}
    order = sorted(support.values())
    feasibility = [fmean(bisect_right(order, support[key]) / len(order) for key in pair) for pair in pairs]
    keys = {key for pair in pairs for key in pair}
    if goal:
        own = dict(
            zip(graph.concepts, similarities(goal, list(map(graph.name, graph.concepts)), meanings), strict=True)
        )
        lent = {key: [own[near] for near in islice(graph.neighbours[key], ASKED)] for key in keys}
        serves = {key: OWN * own[key] + (1 - OWN) * (fmean(lent[key]) if lent[key] else 0.0) for key in keys}
    else:
        near = relevance(graph)
        serves = {key: near.of(key) for key in keys}
    effectiveness = [fmean(serves[key] for key in pair) for pair in pairs]

    measured: list[IdeaSeed] = []
    ranks = zip(*map(_ranks, (novelty, feasibility, effectiveness)), strict=True)
    for pair, steps, (new, feasible, effective) in zip(pairs, apart, ranks, strict=True):
        terms = ((2 * dials.novelty - 1) * new, dials.feasibility * feasible, dials.effectiveness * effective)
        measured.append(IdeaSeed(pair, kinds[pair], steps, new, feasible, effective, round(fsum(terms), 4)))
    measured.sort(key=lambda one: (-one.score, one.concepts))
    chosen, used = list[IdeaSeed](), set[str]()
    for seed in measured:
        if len(chosen) < count and used.isdisjoint(seed.concepts):
            chosen.append(seed)
            used.update(seed.concepts)
    return (chosen + [seed for seed in measured if seed not in chosen])[:count]


def distance(apart: int) -> float:
    """Return how far apart two concepts are that so many relations part, 0 to 1; negative where no path joins them."""
    return 1.0 if apart < 0 else (min(apart, FAR) - 1) / (FAR - 1)


def _candidates(graph: Graph, goal: str, meanings: Meanings | None) -> dict[Pair, str]:
    """Return the pairs that may be seeds, each with the first kind that found it."""
    kinds: dict[Pair, str] = {}
    for kind in KINDS:
        for focus in islice(STRATEGIES[kind](graph, random.Random(0)), TRIED):
            kinds.setdefault(_pair(*focus.concepts), kind)
    if meanings is not None and graph.pairs:  # related concepts that mean the least alike
        keys = list(graph.concepts)
        vectors = meanings.vectors([graph.name(key) for key in keys]).astype(np.float64)
        for a, b, _ in surprising_edges(graph.igraph(), vectors).edges[:TRIED]:
            kinds.setdefault(_pair(keys[a], keys[b]), SURPRISING)
    # The concepts nearest to a goal, each with others of them and with the first of other communities.
    if close := nearest(graph, goal, meanings, AIMED) if goal else []:
        shape = structure(graph)
        leaders = [shape.keys[group[0]] for group in shape.keep(members) if len(group) >= SMALLEST][:AIMED]
        for key in close:
            for other in (*close, *leaders):
                if key != other and other in graph.concepts:
                    kinds.setdefault(_pair(key, other), GOAL)
    for relation in nlargest(TRIED, graph.relations, key=graph.support):
        if relation.source != relation.target:
            kinds.setdefault(_pair(*relation.ends), KNOWN)
    return kinds


def _pair(one: str, other: str) -> Pair:
    return (one, other) if one <= other else (other, one)


def _distances(graph: Graph, pairs: Sequence[Pair]) -> list[int]:
    """Return how many relations part the two of each pair, -1 where no path joins them."""
    shape = structure(graph)
    ends = [(shape.place.get(one), shape.place.get(other)) for one, other in pairs]
    sources = sorted({one for one, other in ends if one is not None and other is not None})
    targets = sorted({other for one, other in ends if one is not None and other is not None})
    table = shape.graph.distances(source=sources, target=targets) if sources else []
    row, column = ({vertex: at for at, vertex in enumerate(side)} for side in (sources, targets))
    distances: list[int] = []
    for (key, near), (one, other) in zip(pairs, ends, strict=True):
        steps = inf if one is None or other is None else table[row[one]][column[other]]
        distances.append(1 if near in graph.neighbours[key] else int(steps) if isfinite(steps) else -1)
    return distances


def _ranks(values: Sequence[float]) -> list[float]:
    """Return each value's rank from 0 to 1, equal values in their middle; a half for a value that is alone."""
    order = sorted(values)
    if len(values) == 1:
        return [0.5]
    low = {one: place for place, one in reversed(list(enumerate(order)))}
    high = {one: place for place, one in enumerate(order)}
    return [round((low[one] + high[one]) / 2 / (len(order) - 1), 4) for one in values]
