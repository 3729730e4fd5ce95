"""Strategies in fixed shares, and how any policy fills a round: no question twice, K different concepts at once."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Focus
from graphgrow.policy.monitor import avoid
from graphgrow.policy.strategies import BASELINES, STRATEGIES, seed
from graphgrow.policy.strategies.pinned import is_allowed, pinned, steered
from graphgrow.policy.strategies.widening import widen

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
    the log says; where the topic is saturated its neighbouring fields are asked for first. Baselines are left as their
    authors made them: where there is nothing else in the mix neither is done, and the run ends.
    """

    weights: Mapping[str, float]

    def choose(self, graph: Graph, topic_key: str, rng: random.Random, count: int = 1) -> list[Focus]:
        """Return up to `count` foci with different concepts; none where every question was asked."""
        return filled(graph, topic_key, rng, count, self._foci)

    def _foci(self, graph: Graph, rng: random.Random) -> Iterator[Focus]:
        if not self._are_baselines:
            yield from widen(graph)
        for name in self._order(rng, avoid(graph)):
            yield from STRATEGIES[name](graph, rng)

    @property
    def _are_baselines(self) -> bool:
        return self.weights.keys() <= BASELINES.keys()

    def _order(self, rng: random.Random, avoided: frozenset[str]) -> Iterator[str]:
        """Yield the strategies, each drawn by its share of what is left; those to be avoided come after the others."""
        for is_avoided in (False, True):
            left = {name: weight for name, weight in self.weights.items() if (name in avoided) is is_avoided}
            while left:
                (name,) = rng.choices(list(left), list(left.values()))
                del left[name]
                yield name
        if STAND_IN not in self.weights and not self._are_baselines:
            yield STAND_IN
