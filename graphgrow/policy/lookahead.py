"""A small tree search over the next questions, for those who pay by the call: what does asking this make possible?

Every strategy offers its first foci. A question may be followed by another one that is open now, or by one about what
it may bring itself, so a question that opens something up can be worth more than one that earns more at once. What
each may earn is learned from the run (values.py).
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Focus
from graphgrow.policy.bandit import ARMS
from graphgrow.policy.mix import filled
from graphgrow.policy.monitor import avoid
from graphgrow.policy.strategies import STRATEGIES
from graphgrow.policy.strategies.widening import widen

if TYPE_CHECKING:
    from graphgrow.policy.values import Features, Values

OFFERED = 4  # foci of a strategy
BREADTH = 8  # questions that are followed at each level of the tree
DEPTH = 3  # questions ahead
LATER = 0.8  # what a gain counts that comes one question later

Open = tuple[float, float, "Features"]  # gain, chance that it can be asked, what is known of the question


@dataclass(frozen=True, slots=True)
class Lookahead:
    """Asks the first question of the best few in a row."""

    depth: int = DEPTH

    def choose(self, graph: Graph, topic_key: str, rng: random.Random, count: int = 1) -> list[Focus]:
        """Return up to `count` foci with different concepts; none where every question was asked."""
        return filled(graph, topic_key, rng, count, self._foci)

    def _foci(self, graph: Graph, rng: random.Random) -> Iterator[Focus]:
        from graphgrow.policy.values import features, values

        yield from widen(graph)
        learned = values(graph)
        offers = list({focus.question: focus for focus in _offers(graph, rng)}.values())
        known = [features(graph, focus) for focus in offers]
        open_now: list[Open] = [(learned.gain(one), 1.0, one) for one in known]
        worth = [self._worth(place, open_now, learned) for place in range(len(offers))]
        best: dict[str, float] = {}
        for focus, value in zip(offers, worth, strict=True):
            best[focus.strategy] = max(value, best.get(focus.strategy, value))
        drawn = tuple(sorted(((name, round(value, 3)) for name, value in best.items()), key=lambda pair: -pair[1]))
        for place in sorted(range(len(offers)), key=lambda place: (-worth[place], place)):
            yield replace(offers[place], drawn=drawn)

    def _worth(self, place: int, open_now: list[Open], learned: "Values") -> float:
        """Return what the best row of questions may earn that begins with this one."""
        rest = sorted(open_now[:place] + open_now[place + 1 :], key=lambda one: -one[0])[: BREADTH * self.depth]
        return _best(open_now[place], rest, learned, self.depth)


def _offers(graph: Graph, rng: random.Random) -> Iterator[Focus]:
    for name in sorted(ARMS, key=avoid(graph).__contains__):
        yield from islice(STRATEGIES[name](graph, rng), OFFERED)


def _best(first: Open, rest: Sequence[Open], learned: "Values", depth: int) -> float:
    """Return the expected gain of a question with the best that can follow, each later one counting LATER of it."""
    gain, chance, about = first
    if depth == 1:
        return chance * gain
    after = learned.following(about)
    follower: Open = (learned.gain(after), chance * min(1.0, learned.concepts(about)), after)
    choices = sorted((follower, *rest), key=lambda one: -one[0] * one[1])[:BREADTH]
    later = [_best(one, [other for other in choices if other is not one], learned, depth - 1) for one in choices]
    return chance * gain + LATER * max(later)
