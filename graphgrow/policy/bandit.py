"""The policy that earns its questions: strategies are paid by what they brought, and drawn by what they may bring.

A discounted Thompson bandit with a cost of switching. What it goes by follows from the log alone (gains.py), so a run
that was stopped goes on as if it had not been, and every choice can be worked out again and explained: here too are the
tables of what each strategy and each wording has earned, and how often the bandit would choose it now.
"""

import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from statistics import fmean

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Focus
from graphgrow.policy.gains import Gain, gains, relevance
from graphgrow.policy.monitor import monitor
from graphgrow.policy.round import fill
from graphgrow.policy.strategies import STRATEGIES
from graphgrow.prompts.render import TEMPLATES

# What is expected of a strategy beforehand, relative to the mean of all. A list says more in fewer tokens: half as much
# again on hidden worlds. A question about two concepts, or one that was asked before, has to show that it pays.
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
DISCOUNT = 0.97  # a question counts half as much 23 questions later
PRIOR = 3.0  # questions: how much what is expected of each choice beforehand weighs
WIDTH = 0.5  # of the standard deviation: how far a draw may stray from what is known
SWITCH = 0.1  # standard deviations of one question: how much better another choice must be than the last one
DRAWS = 2000
THOUSAND = 1000  # tokens, which rates refer to
NOTHING: Mapping[str, float] = {}
FIXED = 0

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Arm:
    """A choice: how often it was made, and its discounted questions, gain and tokens."""

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

    `last` is the one that was made last, `before` what is expected of one beforehand, relative to the mean.
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
        drawn = {}
        for name, arm in self.arms.items():
            weight, expected = arm.questions + PRIOR, self.mean * self.before.get(name, 1.0)
            centre = (arm.questions * (arm.rate or 0.0) + PRIOR * expected) / weight
            drawn[name] = rng.gauss(centre, WIDTH * self.spread / math.sqrt(weight))
            if self.last in self.arms and name != self.last:
                drawn[name] -= SWITCH * self.spread
        return dict(sorted(drawn.items(), key=lambda pair: (-pair[1], pair[0])))

    def shares(self, avoided: AbstractSet[str] = frozenset()) -> dict[str, float]:
        """Return how often each choice would be made now, by DRAWS draws; what is avoided only where all are."""
        rng = random.Random(FIXED)
        best = Counter(min(self.draw(rng), key=avoided.__contains__) for _ in range(DRAWS if self.arms else 0))
        return {name: best[name] / DRAWS for name in self.arms}


def arms(names: Iterable[str], chosen: Sequence[tuple[str, Gain]], before: Mapping[str, float] = NOTHING) -> Arms:
    """Return what (choice, account) pairs, the oldest first, say about each of the names; others count for the mean.

    What mends or repeats a question adds to its bill and is no question of its own. The spread is the discounted
    standard deviation of the rate between questions, 1 at least where there is none.
    """
    known = dict.fromkeys(names, Arm())
    weight, all_gain, all_tokens = 1.0, 0.0, 0.0
    for name, gain in reversed(chosen):
        all_gain += weight * gain.total
        all_tokens += weight * gain.tokens
        if name in known:
            arm = known[name]
            known[name] = Arm(
                arm.pulls + gain.is_step,
                arm.questions + weight * gain.is_step,
                arm.gain + weight * gain.total,
                arm.tokens + weight * gain.tokens,
            )
        weight *= DISCOUNT if gain.is_step else 1.0
    mean = THOUSAND * all_gain / max(1.0, all_tokens)
    last = next((name for name, gain in reversed(chosen) if gain.is_step and name in known), "")
    rates = [THOUSAND * gain.total / max(1, gain.tokens) for _, gain in chosen if gain.is_step]
    if len(set(rates)) > 1:
        weights = [DISCOUNT**age for age in range(len(rates) - 1, -1, -1)]
        centre = fmean(rates, weights)
        spread = math.sqrt(fmean([(rate - centre) ** 2 for rate in rates], weights))
    else:
        spread = max([1.0, *map(abs, rates)])
    return Arms(known, mean, spread, last, before)


@dataclass(frozen=True, slots=True)
class Bandit:
    """Draws a strategy; of its first SHORTLIST foci it takes the one with the highest score times relevance.

    `variants` are further wordings of templates, kind -> names, drawn in the same way by what each has earned.
    """

    variants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    expected: Mapping[str, float] = field(default_factory=lambda: ARMS)

    def choose(self, graph: Graph, topic_key: str, rng: random.Random, count: int = 1) -> list[Focus]:
        """Return up to `count` foci with different concepts; none where every question was asked."""
        return fill(graph, topic_key, rng, count, self._foci)

    def _foci(self, graph: Graph, rng: random.Random) -> Iterator[Focus]:
        """Yield foci, those of the strategy that was drawn highest first; what a run turns away from comes last."""
        accounts, avoided, weights = gains(graph), monitor(graph).avoided, relevance(graph)
        drawn = arms(self.expected, [(one.strategy, one) for one in accounts], self.expected).draw(rng)
        scores = tuple((name, round(value, 3)) for name, value in drawn.items())
        for name in sorted(drawn, key=avoided.__contains__):
            foci = STRATEGIES[name](graph, rng)
            best = sorted(islice(foci, SHORTLIST), key=lambda focus: -focus.score * weights.mean(focus.concepts))
            for focus in chain(best, foci):
                of, variant = TEMPLATES[focus.form], OURS
                if of in self.variants:
                    asked = [(one.variant, one) for one in accounts if one.template == of]
                    variant = next(iter(arms((OURS, *self.variants[of]), asked).draw(rng)))
                yield replace(focus, drawn=scores, variant=variant)


def strategy_table(graph: Graph) -> list[Row]:
    """Return a row per strategy, first the one that would be chosen most often.

    A row holds `name`, the counts `questions`, `concepts`, `bridges`, `waste` and `tokens` over the whole run, `gain`
    per 1,000 tokens (newer questions weigh more; None where nothing is known) and `share`, from 0 to 1: what the run
    turns away from (monitor.py) has none of it.
    """
    known = arms(ARMS, [(one.strategy, one) for one in gains(graph)], ARMS)
    return _table(known, [(one.strategy, one) for one in gains(graph, None)], monitor(graph).avoided)


def wording_table(graph: Graph) -> list[Row]:
    """Return the same for the wordings of every kind of question that was asked in more than one."""
    accounts, recent = gains(graph, None), gains(graph)
    rows = []
    for of in sorted({one.template for one in accounts if one.variant}):
        chosen = [(one.variant, one) for one in accounts if one.template == of]
        names = sorted({OURS, *(variant for variant, _ in chosen)})
        known = arms(names, [(one.variant, one) for one in recent if one.template == of])
        rows += [{**row, "name": f"{of}: {row['name'] or '(ours)'}"} for row in _table(known, chosen)]
    return rows


def _table(known: Arms, chosen: list[tuple[str, Gain]], avoided: AbstractSet[str] = frozenset()) -> list[Row]:
    """Return what was chosen over the whole run and what is expected now, what would be chosen most often first."""
    shares = known.shares(avoided)
    rows: list[Row] = []
    for name in dict.fromkeys((*sorted(shares, key=lambda name: -shares[name]), *dict(chosen))):
        own = [gain for other, gain in chosen if other == name]
        row: Row = {"name": name, "questions": sum(gain.is_step for gain in own)}
        row |= {key: sum(getattr(gain, key) for gain in own) for key in ("concepts", "bridges", "waste", "tokens")}
        rate = known.arms[name].rate if name in known.arms else None
        rows.append(row | {"gain": rate, "share": shares.get(name, 0.0)})
    return rows
