"""Which strategy asks next: one, or several in fixed shares; no question twice, K different concepts at once."""

import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from graphgrow.errors import BadInput
from graphgrow.graph import Graph
from graphgrow.model import Focus
from graphgrow.strategies import BASELINES, STRATEGIES, seed
from graphgrow.strategies.widening import widen
from graphgrow.watch import avoid

DEFAULT_MIX = {"frontier": 0.6, "random": 0.25, "bfs": 0.1, "latest": 0.05}
STAND_IN = "frontier"


@dataclass(frozen=True, slots=True)
class Mix:
    """Strategies with fixed weights. Where the one that was drawn has no question left the others are asked in turn.

    A graph may have no gap, no hub, nothing said once: where none of them has a question STAND_IN asks instead, which
    the log says. Baselines are left as their authors made them: where there is nothing else in the mix, the run ends.
    """

    weights: Mapping[str, float]

    def choose(self, graph: Graph, topic_key: str, rng: random.Random, count: int = 1) -> list[Focus]:
        """Return up to `count` foci with different concepts; none where every question was asked."""
        if not graph.concepts:
            return list(seed(graph, topic_key))[:1]
        chosen = list(islice(widen(graph), count))
        while len(chosen) < count and (focus := self._next(graph, rng, chosen)):
            chosen.append(focus)
        return chosen

    def _next(self, graph: Graph, rng: random.Random, chosen: list[Focus]) -> Focus | None:
        taken = {focus.concepts for focus in chosen}
        for name in self._order(rng, avoid(graph)):
            for focus in STRATEGIES[name](graph, rng):
                if focus.concepts not in taken:
                    return focus
        return None

    def _order(self, rng: random.Random, avoided: frozenset[str]) -> Iterator[str]:
        """Yield the strategies, each drawn by its share of what is left; those to be avoided come after the others."""
        for is_avoided in (False, True):
            left = {name: weight for name, weight in self.weights.items() if (name in avoided) is is_avoided}
            while left:
                (name,) = rng.choices(list(left), list(left.values()))
                del left[name]
                yield name
        if STAND_IN not in self.weights and not self.weights.keys() <= BASELINES.keys():
            yield STAND_IN


def open_policy(name: str) -> Mix:
    """Return the policy of a name: `mix` (the default), one strategy, or several with weights, "frontier=3,gap=1".

    Raises:
        BadInput: a strategy that is none or that is named twice, or a weight that is not above 0.
    """
    if name == "mix":
        return Mix(DEFAULT_MIX)
    if name in STRATEGIES:
        return Mix({name: 1.0})
    weights: dict[str, float] = {}
    for part in name.split(","):
        strategy, weight = _share(part, name)
        if strategy in weights:
            raise BadInput(f"{strategy!r} stands twice in the policy {name!r}: give it one weight")
        weights[strategy] = weight
    return Mix(weights)


def _share(part: str, policy: str) -> tuple[str, float]:
    """Return a strategy and its weight."""
    strategy, is_weighted, text = (word.strip() for word in part.partition("="))
    if strategy not in STRATEGIES or not is_weighted:
        known = f"use mix, one of {', '.join(STRATEGIES)}, or several with weights such as frontier=3,gap=1"
        raise BadInput(f"unknown policy {policy!r}: {known}")
    try:
        weight = float(text)
    except ValueError:
        weight = 0.0
    if not 0 < weight < math.inf:
        raise BadInput(f"the weight {text!r} of {strategy!r} in the policy {policy!r} is no number above 0")
    return strategy, weight
