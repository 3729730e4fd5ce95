"""The policy that earns its questions: strategies are paid by what they brought, and drawn by what they may bring.

A discounted Thompson bandit with a cost of switching. What it goes by follows from the log alone (gains.py), so a run
that was stopped goes on as if it had not been, and every choice can be worked out again and explained.
"""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Focus
from graphgrow.policy.arms import Arms, arms
from graphgrow.policy.gains import Gain, gains
from graphgrow.policy.mix import filled
from graphgrow.policy.monitor import avoid
from graphgrow.policy.relevance import relevance
from graphgrow.policy.strategies import STRATEGIES
from graphgrow.policy.strategies.widening import widen
from graphgrow.prompts.render import kind

# What is expected of a strategy beforehand, as a share of the mean of all. A list says more in fewer tokens: half as
# much again on hidden worlds. A question about two concepts, or one that was asked before, has to show that it pays.
ARMS = {
    "frontier": 1.0,
    "survey": 1.5,
    "random": 1.0,
    "hub": 0.5,
    "bridge": 0.5,
    "gap": 0.5,
    "link": 0.5,
    "surprise": 0.5,
    "consolidate": 0.5,
}
SHORTLIST = 64  # foci of a strategy that are weighed
OURS = ""  # the variant of a template that comes with graphgrow


@dataclass(frozen=True, slots=True)
class Bandit:
    """Draws a strategy; of its first SHORTLIST foci it takes the one with the highest score times relevance.

    `variants` are further wordings of templates, kind -> names, drawn in the same way by what each has earned.
    """

    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    expected: Mapping[str, float] = field(default_factory=lambda: ARMS)

    def choose(self, graph: Graph, topic_key: str, rng: random.Random, count: int = 1) -> list[Focus]:
        """Return up to `count` foci with different concepts; none where every question was asked."""
        return filled(graph, topic_key, rng, count, self._foci)

    def _foci(self, graph: Graph, rng: random.Random) -> Iterator[Focus]:
        """Yield foci, those of the strategy that was drawn highest first; what a run turns away from comes last."""
        yield from widen(graph)
        accounts, avoided = gains(graph), avoid(graph)
        drawn = self.strategies(accounts).draw(rng)
        scores = tuple((name, round(value, 3)) for name, value in drawn.items())
        for name in sorted(drawn, key=avoided.__contains__):
            for focus in _by_relevance(graph, STRATEGIES[name](graph, rng)):
                yield self._worded(replace(focus, drawn=scores), accounts, rng)

    def strategies(self, accounts: list[Gain]) -> Arms:
        """Return what is known of the strategies."""
        return arms(self.expected, [(account.strategy, account) for account in accounts], self.expected)

    def wordings(self, of: str, accounts: list[Gain]) -> Arms:
        """Return what is known of the wordings of one kind of question."""
        names = (OURS, *self.variants.get(of, ()))
        return arms(names, [(account.variant, account) for account in accounts if kind(account.angle) == of])

    def _worded(self, focus: Focus, accounts: list[Gain], rng: random.Random) -> Focus:
        of = kind(focus.angle)
        if of not in self.variants:
            return focus
        return replace(focus, variant=next(iter(self.wordings(of, accounts).draw(rng))))


def _by_relevance(graph: Graph, foci: Iterator[Focus]) -> Iterator[Focus]:
    """Yield the first foci by score times relevance, then the others as they come."""
    weights = relevance(graph)
    yield from sorted(islice(foci, SHORTLIST), key=lambda focus: -focus.score * weights.mean(focus.concepts))
    yield from foci
