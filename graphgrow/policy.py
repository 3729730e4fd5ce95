"""Which strategy asks next: one, or several in fixed shares; no question twice, K different concepts at once."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphgrow.errors import BadInput
from graphgrow.graph import Graph
from graphgrow.model import Focus
from graphgrow.strategies import STRATEGIES, seed

DEFAULT_MIX = {"frontier": 0.6, "random": 0.25, "bfs": 0.1, "latest": 0.05}


@dataclass(frozen=True, slots=True)
class Mix:
    """Strategies with fixed weights. Where the one that was drawn has no question left the others are asked in turn."""

    weights: Mapping[str, float]

    def choose(self, graph: Graph, topic_key: str, rng: random.Random, count: int = 1) -> list[Focus]:
        """Return up to `count` foci with different concepts; none where every question was asked."""
        if not graph.concepts:
            return list(seed(graph, topic_key))[:1]
        chosen: list[Focus] = []
        while len(chosen) < count and (focus := self._next(graph, rng, chosen)):
            chosen.append(focus)
        return chosen

    def _next(self, graph: Graph, rng: random.Random, chosen: list[Focus]) -> Focus | None:
        taken = {focus.concepts for focus in chosen}
        for name in self._order(rng):
            for focus in STRATEGIES[name](graph, rng):
                if focus.concepts not in taken:
                    return focus
        return None

    def _order(self, rng: random.Random) -> Iterator[str]:
        """Yield the strategies, each drawn by its share of what is left."""
        left = dict(self.weights)
        while left:
            (name,) = rng.choices(list(left), list(left.values()))
            del left[name]
            yield name


def open_policy(name: str) -> Mix:
    """Return the policy of a name: `mix` (the default) or one strategy alone; raises BadInput for any other."""
    if name == "mix":
        return Mix(DEFAULT_MIX)
    if name in STRATEGIES:
        return Mix({name: 1.0})
    raise BadInput(f"unknown policy {name!r}: use mix, {', '.join(STRATEGIES)}")
