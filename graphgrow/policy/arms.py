"""What is known of each choice between things that earn: discounted means, and draws of what they may earn next."""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from statistics import fmean

from graphgrow.policy.gains import THOUSAND, Gain

DISCOUNT = 0.97  # a question counts half as much 23 questions later
PRIOR = 3.0  # questions: how much what is expected of each choice beforehand weighs
WIDTH = 0.5  # of the standard deviation: how far a draw may stray from what is known
SWITCH = 0.1  # standard deviations of one question: what another choice than the last one must be better by
DRAWS = 2000
NOTHING: Mapping[str, float] = {}
FIXED = 0


@dataclass(frozen=True, slots=True)
class Arm:
    """A choice: how often it was made, and its discounted questions, gain and tokens."""

    name: str
    pulls: int = 0
    questions: float = 0.0
    gain: float = 0.0
    tokens: float = 0.0

    @property
    def rate(self) -> float | None:
        """The discounted gain per 1,000 tokens; None before the first question."""
        return THOUSAND * self.gain / self.tokens if self.tokens else None


@dataclass(frozen=True, slots=True)
class Arms:
    """All choices with what is common to them: the mean gain per 1,000 tokens and its spread from question to question.

    `last` is the one that was made last, `before` what is expected of one beforehand, as a share of the mean.
    """

    arms: Mapping[str, Arm]
    mean: float
    spread: float
    last: str = ""
    before: Mapping[str, float] = field(default_factory=dict)

    def draw(self, rng: random.Random) -> dict[str, float]:
        """Return what each choice may earn per 1,000 tokens, drawn from what is known of it, the best first.

        Thompson's rule: normal, around the mean of its questions and of PRIOR expected ones, WIDTH of the spread over
        the root of their number wide. What was not chosen last pays the cost of a switch.
        """
        drawn = {name: rng.gauss(*self._expected(arm)) for name, arm in self.arms.items()}
        if self.last in drawn:
            drawn = {name: value - SWITCH * self.spread * (name != self.last) for name, value in drawn.items()}
        return dict(sorted(drawn.items(), key=lambda pair: (-pair[1], pair[0])))

    def _expected(self, arm: Arm) -> tuple[float, float]:
        weight = arm.questions + PRIOR
        rate = arm.rate or 0.0
        expected = self.mean * self.before.get(arm.name, 1.0)
        return (arm.questions * rate + PRIOR * expected) / weight, WIDTH * self.spread / math.sqrt(weight)

    def shares(self, avoided: AbstractSet[str] = frozenset()) -> dict[str, float]:
        """Return how often each choice would be made now, by DRAWS draws; what is avoided only where all are."""
        rng = random.Random(FIXED)
        best = [min(self.draw(rng), key=avoided.__contains__) for _ in range(DRAWS)] if self.arms else []
        return {name: best.count(name) / DRAWS for name in self.arms}


def arms(names: Iterable[str], chosen: Sequence[tuple[str, Gain]], before: Mapping[str, float] = NOTHING) -> Arms:
    """Return what (choice, account) pairs, the oldest first, say about each of the names; others count for the mean.

    What mends or repeats a question adds to its bill and is no question of its own.
    """
    found = {name: Arm(name) for name in names}
    weight, all_gain, all_tokens = 1.0, 0.0, 0.0
    for name, gain in reversed(chosen):
        all_gain += weight * gain.total
        all_tokens += weight * gain.tokens
        if name in found:
            arm = found[name]
            found[name] = Arm(
                name,
                arm.pulls + gain.is_step,
                arm.questions + weight * gain.is_step,
                arm.gain + weight * gain.total,
                arm.tokens + weight * gain.tokens,
            )
        weight *= DISCOUNT if gain.is_step else 1.0
    mean = THOUSAND * all_gain / max(1.0, all_tokens)
    last = next((name for name, gain in reversed(chosen) if gain.is_step and name in found), "")
    return Arms(found, mean, _spread([gain for _, gain in chosen]), last, before)


def _spread(gains: Sequence[Gain]) -> float:
    """Return the discounted standard deviation of the rate between questions; 1 at least where there is none."""
    rates = [gain.rate for gain in gains if gain.is_step]
    if len(set(rates)) < 2:  # noqa: PLR2004  # one value has no spread
        return max(1.0, *map(abs, rates), 1.0)
    weights = [DISCOUNT**age for age in range(len(rates) - 1, -1, -1)]
    middle = fmean(rates, weights)
    return math.sqrt(fmean([(rate - middle) ** 2 for rate in rates], weights))
