"""Who asks next: one strategy, several in fixed shares, or a policy that goes by what was earned."""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Focus
from graphgrow.policy.bandit import Bandit
from graphgrow.policy.knowledge import Knowledge
from graphgrow.policy.lookahead import Lookahead
from graphgrow.policy.monitor import monitor
from graphgrow.policy.round import fill
from graphgrow.policy.strategies import BASELINES, STRATEGIES

__all__ = ["DEFAULT", "POLICIES", "Bandit", "Knowledge", "Lookahead", "Mix", "Policy", "open_policy"]

DEFAULT = "knowledge"
DEFAULT_MIX = {"frontier": 0.6, "random": 0.25, "bfs": 0.1, "latest": 0.05}
STAND_IN = "frontier"
MOST_WEIGHT = 1e6
Variants = Mapping[str, tuple[str, ...]]  # kind of question -> names of further wordings


class Policy(Protocol):
    """Anything that chooses questions for a graph, the same ones for the same graph and state of `rng`."""

    def choose(self, graph: Graph, topic_key: str, rng: random.Random, count: int = 1) -> list[Focus]:
        """Return up to `count` foci with different concepts; none where every question was asked."""


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
        are_baselines = self.weights.keys() <= BASELINES.keys()
        return fill(graph, topic_key, rng, count, self._foci, widens=not are_baselines)

    def _foci(self, graph: Graph, rng: random.Random) -> Iterator[Focus]:
        """Yield foci, each strategy drawn by its share of what is left; those to be avoided come after the others."""
        avoided = monitor(graph).avoided
        for is_avoided in (False, True):
            left = {name: weight for name, weight in self.weights.items() if (name in avoided) is is_avoided}
            while left:
                (name,) = rng.choices(list(left), list(left.values()))
                del left[name]
                yield from STRATEGIES[name](graph, rng)
        if STAND_IN not in self.weights and not self.weights.keys() <= BASELINES.keys():
            yield from STRATEGIES[STAND_IN](graph, rng)


POLICIES: dict[str, Callable[[Variants], Policy]] = {
    "knowledge": lambda _: Knowledge(),
    "knowledge-random": lambda _: Knowledge("random"),
    "bandit": Bandit,
    "lookahead": lambda _: Lookahead(),
    "mix": lambda _: Mix(DEFAULT_MIX),
}


def open_policy(name: str, variants: Variants | None = None) -> Policy:
    """Return the policy of a name: one of POLICIES, one strategy, or several with weights, "frontier=3,gap=1".

    Only the bandit lets `variants` of a template compete.

    Raises:
        BadInput: a strategy that is unknown or named twice, a weight that is not above 0, or variants for a
            policy that would never ask with them.
    """
    if variants and name != "bandit":
        raise BadInput(f"the policy {name!r} does not choose between wordings: use --policy bandit with them")
    if name in POLICIES:
        return POLICIES[name](variants or {})
    if name in STRATEGIES:
        return Mix({name: 1.0})
    weights: dict[str, float] = {}
    for part in name.split(","):
        strategy, is_weighted, text = (word.strip() for word in part.partition("="))
        if strategy not in STRATEGIES or not is_weighted:
            known = ", ".join((*POLICIES, *STRATEGIES))
            form = "several strategies with weights, frontier=3,gap=1"
            raise BadInput(f"unknown policy {name!r}: use {known}, or {form}")
        try:
            weight = float(text)
        except ValueError:
            weight = 0.0
        if not 0 < weight <= MOST_WEIGHT:
            raise BadInput(f"the weight {text!r} of {strategy!r} in {name!r} is no number above 0, a million at most")
        if strategy in weights:
            raise BadInput(f"{strategy!r} stands twice in the policy {name!r}: give it one weight")
        weights[strategy] = weight
    return Mix(weights)
