"""Who asks next: one strategy, several in fixed shares, or a policy that goes by what was earned."""

import random
from collections.abc import Callable, Mapping
from typing import Protocol

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Focus
from graphgrow.policy.bandit import Bandit
from graphgrow.policy.lookahead import Lookahead
from graphgrow.policy.mix import DEFAULT_MIX, Mix
from graphgrow.policy.strategies import STRATEGIES

__all__ = ["DEFAULT", "POLICIES", "Bandit", "Lookahead", "Mix", "Policy", "open_policy"]

DEFAULT = "bandit"
MOST_WEIGHT = 1e6
Variants = Mapping[str, tuple[str, ...]]  # kind of question -> names of further wordings


class Policy(Protocol):
    """Anything that chooses questions for a graph, the same ones for the same graph and state of `rng`."""

    def choose(self, graph: Graph, topic_key: str, rng: random.Random, count: int = 1) -> list[Focus]:
        """Return up to `count` foci with different concepts; none where every question was asked."""


POLICIES: dict[str, Callable[[Variants], Policy]] = {
    "bandit": Bandit,
    "lookahead": lambda _: Lookahead(),
    "mix": lambda _: Mix(DEFAULT_MIX),
}


def open_policy(name: str, variants: Variants | None = None) -> Policy:
    """Return the policy of a name: one of POLICIES, one strategy, or several with weights, "frontier=3,gap=1".

    Only the bandit lets `variants` of a template compete.

    Raises:
        BadInput: a strategy that is none or that is named twice, a weight that is not above 0, or variants for a
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
