"""A small tree search over the next questions, for those who pay by the call: what does asking this make possible?

Every strategy offers its first foci. A question may be followed by another one that is open now, or by one about what
it may bring itself, so a question that opens something up can be worth more than one that earns more at once. What
each may earn is learned from what the past ones did: a ridge regression over what is known before asking. As in LinUCB
(Li, Chu, Langford and Schapire 2010) a value comes with how little is known about its like.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from graphgrow.graph.graph import Before, Graph
from graphgrow.graph.model import Focus
from graphgrow.policy.bandit import ARMS, DISCOUNT
from graphgrow.policy.gains import gains, relevance
from graphgrow.policy.monitor import monitor
from graphgrow.policy.round import fill
from graphgrow.policy.strategies import STRATEGIES

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

OFFERED = 4  # foci of a strategy
BREADTH = 8  # questions that are followed at each level of the tree
DEPTH = 3  # questions ahead
LATER = 0.8  # the weight of a gain that comes one question later
RIDGE = 3.0  # questions: how much the mean of all weighs against what distinguishes them
FAR = 9  # relations to the topic where no path leads there
FOLLOWER = 0.5  # how much of its relevance a concept hands on to what its question brings; the rest is the mean's


@dataclass(frozen=True, slots=True)
class Features:
    """What is known of a question before it is asked; those of a pair are its first concept's and their mean weight."""

    degree: int
    asks: int
    depth: int
    relevance: float
    is_pair: bool = False
    is_list: bool = False

    def row(self) -> list[float]:
        """Return the numbers a value is a sum of."""
        numbers = math.log2(1 + self.degree), self.asks, self.depth, self.relevance, self.is_pair, self.is_list
        return [float(number) for number in numbers]


def features(graph: Graph, focus: Focus, before: Before | None = None) -> Features:
    """Return what is known of a focus now, or with what was known of its first concept before it was asked."""
    keys = [graph.representative(key) for key in focus.concepts]
    stand = before or Before(graph.degrees.get(keys[0], 0), graph.asks.get(keys[0], 0))
    depth, weight = min(graph.depth.get(key, FAR) for key in keys), relevance(graph).mean(keys)
    return Features(stand.degree, stand.asks, depth, weight, len(keys) > 1, focus.form == "list")


Option = tuple[float, float, Features]  # gain, chance that it can be asked, what is known of the question


@dataclass(frozen=True, slots=True)
class Values:
    """The regression of gain and of new concepts on features; `mean_relevance` is that of the questions so far."""

    centre: "Floats"
    weights: "Floats"  # shape (features, 2)
    means: "Floats"  # gain and new concepts of a question
    inverse: "Floats"
    spread: float
    mean_relevance: float

    def gain(self, one: Features) -> float:
        """Return what a question may earn: its expected gain and how far off that may be."""
        away = one.row() - self.centre
        return float(self.means[0] + away @ self.weights[:, 0]) + self.spread * math.sqrt(away @ self.inverse @ away)

    def concepts(self, one: Features) -> float:
        """Return how many concepts a question may bring."""
        return max(0.0, float(self.means[1] + (one.row() - self.centre) @ self.weights[:, 1]))

    def following(self, one: Features) -> Features:
        """Return what is known of a question about a concept that this one may bring, for a list if this one was."""
        near = FOLLOWER * one.relevance + (1 - FOLLOWER) * self.mean_relevance
        return Features(1, 0, min(FAR, one.depth + 1), near, is_list=one.is_list)


def values(graph: Graph) -> Values:
    """Return what the questions of a graph teach; before the first of them every question is worth the same.

    The opening ones, about nothing yet, teach nothing.
    """
    import numpy as np

    accounts, learned = [], []
    for account in gains(graph):
        focus, before = graph.past[account.seq - 1].focus, graph.before.get(account.seq)
        if account.is_step and focus and before and graph.representative(focus.concepts[0]) in graph.concepts:
            accounts.append(account)
            learned.append(features(graph, focus, before))
    if not learned:
        size = len(Features(0, 0, 0, 0.0).row())
        return Values(np.zeros(size), np.zeros((size, 2)), np.ones(2), np.zeros((size, size)), 1.0, 1.0)
    rows = np.asarray([one.row() for one in learned])
    targets = np.asarray([(account.own, account.concepts) for account in accounts], dtype=float)
    weight = DISCOUNT ** np.arange(len(learned) - 1, -1, -1.0)
    centre, means = (np.average(table, axis=0, weights=weight) for table in (rows, targets))
    away, left = rows - centre, targets - means
    inverse = np.linalg.inv(away.T @ (weight[:, None] * away) + RIDGE * np.eye(rows.shape[1]))
    weights = inverse @ away.T @ (weight[:, None] * left)
    spread = float(np.std((left - away @ weights)[:, 0]))
    return Values(centre, weights, means, inverse, spread, float(np.mean([one.relevance for one in learned])))


@dataclass(frozen=True, slots=True)
class Lookahead:
    """Asks the first question of the best few in a row."""

    depth: int = DEPTH

    def choose(self, graph: Graph, topic_key: str, rng: random.Random, count: int = 1) -> list[Focus]:
        """Return up to `count` foci with different concepts; none where every question was asked."""
        return fill(graph, topic_key, rng, count, self._foci)

    def _foci(self, graph: Graph, rng: random.Random) -> Iterator[Focus]:
        learned = values(graph)
        by_question: dict[tuple[str, ...], Focus] = {}
        for name in sorted(ARMS, key=monitor(graph).avoided.__contains__):
            by_question |= {focus.question: focus for focus in islice(STRATEGIES[name](graph, rng), OFFERED)}
        foci = list(by_question.values())
        options: list[Option] = [(learned.gain(one), 1.0, one) for one in (features(graph, focus) for focus in foci)]
        ranked = sorted(options, key=lambda option: -option[0])
        worth, best = list[float](), dict[str, float]()
        for focus, option in zip(foci, options, strict=True):
            rest = [other for other in ranked if other is not option][: BREADTH * self.depth]
            worth.append(best_row(option, rest, learned, self.depth))
            best[focus.strategy] = max(worth[-1], best.get(focus.strategy, worth[-1]))
        drawn = tuple(sorted(((name, round(value, 3)) for name, value in best.items()), key=lambda pair: -pair[1]))
        for place in sorted(range(len(foci)), key=lambda place: (-worth[place], place)):
            yield replace(foci[place], drawn=drawn)


def best_row(first: Option, rest: Sequence[Option], learned: Values, depth: int) -> float:
    """Return the expected gain of a question with the best that can follow, each later one counting LATER of it."""
    gain, chance, about = first
    if depth == 1:
        return chance * gain
    after = learned.following(about)
    follower: Option = (learned.gain(after), chance * min(1.0, learned.concepts(about)), after)
    choices = sorted((follower, *rest), key=lambda one: -one[0] * one[1])[:BREADTH]
    later = [best_row(one, [other for other in choices if other is not one], learned, depth - 1) for one in choices]
    return chance * gain + LATER * max(later)
