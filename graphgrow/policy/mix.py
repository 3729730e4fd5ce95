"""The policy of fixed shares: one strategy, or several by their weights."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Focus
from graphgrow.policy.monitor import avoid
from graphgrow.policy.round import fill
from graphgrow.policy.strategies import BASELINES, STRATEGIES

DEFAULT_MIX = {"frontier": 0.6, "random": 0.25, "bfs": 0.1, "latest": 0.05}
STAND_IN = "frontier"


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
        return fill(graph, topic_key, rng, count, self._foci, widens=not self._are_baselines)

    @property
    def _are_baselines(self) -> bool:
        return self.weights.keys() <= BASELINES.keys()

    def _foci(self, graph: Graph, rng: random.Random) -> Iterator[Focus]:
        """Yield foci, each strategy drawn by its share of what is left; those to be avoided come after the others."""
        avoided = avoid(graph)
        for is_avoided in (False, True):
            left = {name: weight for name, weight in self.weights.items() if (name in avoided) is is_avoided}
            while left:
                (name,) = rng.choices(list(left), list(left.values()))
                del left[name]
                yield from STRATEGIES[name](graph, rng)
        if STAND_IN not in self.weights and not self._are_baselines:
            yield from STRATEGIES[STAND_IN](graph, rng)
