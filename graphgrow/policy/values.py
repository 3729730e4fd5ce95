"""What a question may earn, learned from what the past ones did: a ridge regression over what is known before asking.

As in LinUCB (Li, Chu, Langford and Schapire 2010) a value comes with how little is known about its like.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from graphgrow.policy.arms import DISCOUNT
from graphgrow.policy.gains import Gain, gains
from graphgrow.policy.relevance import relevance
from graphgrow.prompts.render import SURVEY, kind

if TYPE_CHECKING:
    from graphgrow.graph.graph import Graph
    from graphgrow.graph.model import Focus

RIDGE = 3.0  # questions: how much the mean of all weighs against what tells them apart
FAR = 9  # relations to the topic where no path leads there
FOLLOWER = 0.5  # how much of its relevance a concept hands on to what its question brings; the rest is the mean's

Floats = NDArray[np.floating[Any]]


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


def features(graph: "Graph", focus: "Focus") -> Features:
    """Return what is known of a focus now."""
    key = graph.representative(focus.concepts[0])
    return _features(graph, focus, len(graph.neighbours.get(key, ())), graph.asks.get(key, 0))


def _features(graph: "Graph", focus: "Focus", degree: int, asks: int) -> Features:
    keys = [graph.representative(key) for key in focus.concepts]
    depth = min(graph.depth.get(key, FAR) for key in keys)
    return Features(degree, asks, depth, relevance(graph).mean(keys), len(keys) > 1, kind(focus.angle) == SURVEY)


@dataclass(frozen=True, slots=True)
class Values:
    """The regression of gain and of new concepts on features; `mean_relevance` is that of the questions so far."""

    centre: Floats
    weights: Floats  # shape (features, 2)
    means: Floats  # gain and new concepts of a question
    inverse: Floats
    spread: float
    mean_relevance: float

    def gain(self, one: Features) -> float:
        """Return what a question may earn: its expected gain and how far off that may be."""
        away = np.asarray(one.row()) - self.centre
        return float(self.means[0] + away @ self.weights[:, 0]) + self.spread * math.sqrt(away @ self.inverse @ away)

    def concepts(self, one: Features) -> float:
        """Return how many concepts a question may bring."""
        away = np.asarray(one.row()) - self.centre
        return max(0.0, float(self.means[1] + away @ self.weights[:, 1]))

    def following(self, one: Features) -> Features:
        """Return what is known of a question about a concept that this one may bring, asked for a list where it was."""
        near = FOLLOWER * one.relevance + (1 - FOLLOWER) * self.mean_relevance
        return Features(1, 0, min(FAR, one.depth + 1), near, is_list=one.is_list)


def values(graph: "Graph") -> Values:
    """Return what the questions of a graph teach; before the first of them every question is worth the same."""
    learned = [(account, one) for account in gains(graph) if account.is_step and (one := _before(graph, account))]
    if not learned:
        size = len(Features(0, 0, 0, 0.0).row())
        return Values(np.zeros(size), np.zeros((size, 2)), np.ones(2), np.zeros((size, size)), 1.0, 1.0)
    rows = np.asarray([one.row() for _, one in learned])
    targets = np.asarray([(account.own, account.concepts) for account, _ in learned], dtype=float)
    weight = DISCOUNT ** np.arange(len(learned) - 1, -1, -1.0)
    return _fit(rows, targets, weight, learned)


def _fit(rows: Floats, targets: Floats, weight: Floats, learned: Sequence[tuple[Gain, Features]]) -> Values:
    centre, means = (np.average(table, axis=0, weights=weight) for table in (rows, targets))
    away, left = rows - centre, targets - means
    inverse = np.linalg.inv(away.T @ (weight[:, None] * away) + RIDGE * np.eye(rows.shape[1]))
    weights = inverse @ away.T @ (weight[:, None] * left)
    spread = float(np.std((left - away @ weights)[:, 0]))
    return Values(centre, weights, means, inverse, spread, float(np.mean([one.relevance for _, one in learned])))


def _before(graph: "Graph", account: Gain) -> Features | None:
    """Return what was known of a question when it was asked; None for the opening ones, about nothing yet."""
    focus, before = graph.past[account.seq - 1].focus, graph.before.get(account.seq)
    if focus is None or before is None or graph.representative(focus.concepts[0]) not in graph.concepts:
        return None
    return _features(graph, focus, before.degree, before.asks)
