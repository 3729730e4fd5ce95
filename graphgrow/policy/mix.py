"""Strategies in fixed shares, and how any policy fills a round: no question twice, K different concepts at once."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from graphgrow.graph import Graph
from graphgrow.model import Focus
from graphgrow.strategies import BASELINES, STRATEGIES, seed
from graphgrow.strategies.steered import is_allowed, pinned, steered

DEFAULT_MIX = {"frontier": 0.6, "random": 0.25, "bfs": 0.1, "latest": 0.05}
STAND_IN = "frontier"
Foci = Callable[[Graph, random.Random], Iterator[Focus]]


def filled(graph: Graph, topic_key: str, rng: random.Random, count: int, foci: Foci) -> list[Focus]:
    """Return up to `count` foci with different concepts, each the best that `foci` has anew; opening questions first.

    What people want goes before all of that, and what they have pinned goes on where no strategy has a question left.
    There are fewer foci, or none, where every question was asked.
    """
    if not graph.concepts:
        return [focus for focus in seed(graph, topic_key) if is_allowed(graph, focus)][:1]
    chosen: list[Focus] = []
    while len(chosen) < count:
        focus = steered(graph, rng, chosen) or _next(graph, rng, chosen, foci) or pinned(graph, rng, chosen)
        if focus is None:
            break
        chosen.append(focus)
    return chosen


def _next(graph: Graph, rng: random.Random, chosen: list[Focus], foci: Foci) -> Focus | None:
    taken = {focus.concepts for focus in chosen}
    return next((one for one in foci(graph, rng) if one.concepts not in taken and is_allowed(graph, one)), None)


@dataclass(frozen=True, slots=True)
class Mix:
    """Strategies with fixed weights. Where the one that was drawn has no question left the others are asked in turn.

    A graph may have no gap, no hub, nothing said once: where none of them has a question STAND_IN asks instead, which
    the log says. Baselines are left as their authors made them: where there is nothing else in the mix, the run ends.
    """

    weights: Mapping[str, float]

    def choose(self, graph: Graph, topic_key: str, rng: random.Random, count: int = 1) -> list[Focus]:
        """Return up to `count` foci with different concepts; none where every question was asked."""
        return filled(graph, topic_key, rng, count, self._foci)

    def _foci(self, graph: Graph, rng: random.Random) -> Iterator[Focus]:
        for name in self._order(rng):
            yield from STRATEGIES[name](graph, rng)

    def _order(self, rng: random.Random) -> Iterator[str]:
        """Yield the strategies, each drawn by its share of what is left."""
        left = dict(self.weights)
        while left:
            (name,) = rng.choices(list(left), list(left.values()))
            del left[name]
            yield name
        if STAND_IN not in self.weights and not self.weights.keys() <= BASELINES.keys():
            yield STAND_IN
