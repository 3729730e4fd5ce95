"""Where an idea may begin: two concepts of a gap, of a bridge, of a relation, chosen by three dials from 0 to 1.

Every pair is measured. Novelty is the mean of three: how far apart the two are (0 for one relation, 1 for FAR or more),
how unlike their names are (1 - likeness), how little is said between them (1 / (1 + support)). Feasibility is the mean
over the two of the share of all concepts about which no more is said (support of all their relations). Effectiveness is
how near the two are to the goal, or without one to the topic, by their own names and those of their neighbours
(policy.gains). Then each is made a rank among all pairs, from 0 to 1, and a pair's score is

    (2 * novelty dial - 1) * novelty + feasibility dial * feasibility + effectiveness dial * effectiveness

so that a novelty of 0 looks for what is well known, and a dial at 0.5 (novelty) or 0 (the others) does not matter.
"""

import random
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from heapq import nlargest
from itertools import islice
from math import fsum, isfinite
from statistics import fmean

import numpy as np

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.measure.critical import surprising_edges
from graphgrow.policy.gains import ASKED, OWN, relevance
from graphgrow.policy.strategies import STRATEGIES
from graphgrow.policy.strategies.structure import SMALLEST, members, structure
from graphgrow.prompts.render import between
from graphgrow.reason.context import nearest
from graphgrow.reason.likeness import Likeness

KINDS = ("gap", "bridge", "surprise", "link")
TRIED = 40  # pairs of each kind
FAR = 6  # relations; what is farther apart is as far
KNOWN, SURPRISING, GOAL = "relation", "surprising relation", "goal"
AIMED = 8  # concepts near to a goal, and as many communities that they are joined with

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Dials:
    """What ideas are wanted, each from 0 to 1; raises BadInput for another number."""

    novelty: float = 0.7
    feasibility: float = 0.5
    effectiveness: float = 0.5

    def __post_init__(self) -> None:
        for name in ("novelty", "feasibility", "effectiveness"):
            if not 0 <= getattr(self, name) <= 1:
                raise BadInput(f"a {name} of {getattr(self, name):g}: give 0 to 1")


@dataclass(frozen=True, slots=True)
class Seed:
    """Two concepts by key, what they were found by, their relations apart (-1 where no path joins them), and ranks."""

    concepts: Pair
    kind: str
    apart: int
    novelty: float
    feasibility: float
    effectiveness: float
    score: float = 0.0


def seeds(graph: Graph, dials: Dials, goal: str, likeness: Likeness, count: int) -> list[Seed]:
    """Return the pairs that the dials want most, best first, each concept in one of them as far as that goes."""
    ranked = sorted(measured(graph, dials, goal, likeness), key=lambda one: (-one.score, one.concepts))
    chosen, used = list[Seed](), set[str]()
    for one in ranked:
        if len(chosen) < count and not used & set(one.concepts):
            chosen.append(one)
            used |= set(one.concepts)
    return (chosen + [one for one in ranked if one not in chosen])[:count]


def measured(graph: Graph, dials: Dials, goal: str, likeness: Likeness) -> list[Seed]:
    """Return every pair that may be the seed of an idea, with its ranks and its score."""
    found = _candidates(graph, goal, likeness)
    pairs = list(found)
    if not pairs:
        return []
    apart = _distances(graph, pairs)
    columns = (
        _ranks(_novelty(graph, pairs, apart, likeness)),
        _ranks(_feasibility(graph, pairs)),
        _ranks(_effectiveness(graph, pairs, goal, likeness)),
    )
    rows = zip(pairs, apart, *columns, strict=True)
    unscored = [Seed(pair, found[pair], steps, *ranks) for pair, steps, *ranks in rows]
    return [replace(one, score=_score(one, dials)) for one in unscored]


def distance(apart: int) -> float:
    """Return how far apart two concepts are that so many relations part, 0 to 1; negative where no path joins them."""
    return 1.0 if apart < 0 else (min(apart, FAR) - 1) / (FAR - 1)


def _score(one: Seed, dials: Dials) -> float:
    novelty, feasibility, effectiveness = astuple(dials)
    terms = ((2 * novelty - 1) * one.novelty, feasibility * one.feasibility, effectiveness * one.effectiveness)
    return round(fsum(terms), 4)


def _candidates(graph: Graph, goal: str, likeness: Likeness) -> dict[Pair, str]:
    """Return the pairs that may be seeds, each with the first kind that found it."""
    found: dict[Pair, str] = {}
    for kind in KINDS:
        for focus in islice(STRATEGIES[kind](graph, random.Random(0)), TRIED):
            one, other = sorted(focus.concepts)
            found.setdefault((one, other), kind)
    for pair in _unlike(graph, likeness):
        found.setdefault(pair, SURPRISING)
    for pair in _towards(graph, goal, likeness):
        found.setdefault(pair, GOAL)
    for relation in nlargest(TRIED, graph.relations, key=graph.support):
        one, other = sorted(relation.ends)
        if one != other:
            found.setdefault((one, other), KNOWN)
    return found


def _unlike(graph: Graph, likeness: Likeness) -> Iterator[Pair]:
    """Yield related concepts that mean the least alike; none without embeddings."""
    if likeness.meanings is None or not graph.pairs:
        return
    keys = list(graph.concepts)
    vectors = likeness.meanings.vectors([graph.name(key) for key in keys]).astype(np.float64)
    for a, b, _ in surprising_edges(graph.igraph(), vectors).edges[:TRIED]:
        one, other = sorted((keys[a], keys[b]))
        yield one, other


def _towards(graph: Graph, goal: str, likeness: Likeness) -> Iterator[Pair]:
    """Yield the concepts nearest to a goal, each with others of them and with the first of other communities."""
    close = nearest(graph, goal, likeness, AIMED) if goal else []
    found = structure(graph)
    leaders = [found.keys[group[0]] for group in found.keep(members) if len(group) >= SMALLEST] if close else []
    for key in close:
        for other in (*close, *leaders[:AIMED]):
            if key != other and other in graph.concepts:
                one, second = sorted((key, other))
                yield one, second


def _distances(graph: Graph, pairs: Sequence[Pair]) -> list[int]:
    """Return how many relations part the two of each pair, -1 where no path joins them."""
    found = structure(graph)
    ends = [tuple(found.place.get(key) for key in pair) for pair in pairs]
    sources = sorted({one for one, other in ends if one is not None and other is not None})
    targets = sorted({other for one, other in ends if one is not None and other is not None})
    table = found.graph.distances(source=sources, target=targets) if sources else []
    row, column = ({vertex: at for at, vertex in enumerate(side)} for side in (sources, targets))
    return [
        1 if pair[1] in graph.neighbours[pair[0]]
        else -1 if one is None or other is None or not isfinite(table[row[one]][column[other]])
        else int(table[row[one]][column[other]])
        for pair, (one, other) in zip(pairs, ends, strict=True)
    ]  # fmt: skip


def _novelty(graph: Graph, pairs: Sequence[Pair], apart: Sequence[int], likeness: Likeness) -> list[float]:
    names = [(graph.name(one), graph.name(other)) for one, other in pairs]
    alike = [likeness.many(one, [other])[0] for one, other in names]
    unsaid = [1 / (1 + sum(map(graph.support, between(graph, *pair)))) for pair in pairs]
    return [
        fmean((distance(steps), 1 - near, silence)) for steps, near, silence in zip(apart, alike, unsaid, strict=True)
    ]


def _feasibility(graph: Graph, pairs: Sequence[Pair]) -> list[float]:
    said = {key: sum(map(graph.support, relations)) for key, relations in graph.incident.items()}
    order = sorted(said.values())
    return [fmean(bisect_right(order, said[key]) / len(order) for key in pair) for pair in pairs]


def _effectiveness(graph: Graph, pairs: Sequence[Pair], goal: str, likeness: Likeness) -> list[float]:
    near = _serves(graph, goal, likeness) if goal else relevance(graph).of
    return [fmean(map(near, pair)) for pair in pairs]


def _serves(graph: Graph, goal: str, likeness: Likeness) -> Callable[[str], float]:
    """Return what tells how near a concept is to a goal: by its own name, and by what its neighbours lend it."""
    names = [graph.name(key) for key in graph.concepts]
    table = dict(zip(graph.concepts, likeness.many(goal, names), strict=True))

    def near(key: str) -> float:
        lent = [table[other] for other in islice(graph.neighbours[key], ASKED)]
        return OWN * table[key] + (1 - OWN) * (fmean(lent) if lent else 0.0)

    return near


def _ranks(values: Sequence[float]) -> list[float]:
    """Return each value's rank from 0 to 1, equal values in their middle; a half for a value that is alone."""
    order = sorted(values)
    if len(values) == 1:
        return [0.5]
    low = {one: place for place, one in reversed(list(enumerate(order)))}
    high = {one: place for place, one in enumerate(order)}
    return [round((low[one] + high[one]) / 2 / (len(order) - 1), 4) for one in values]
