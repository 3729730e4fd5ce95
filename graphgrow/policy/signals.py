"""What goes wrong with a run, each as a number over its last questions with a limit, and the words for it.

The limits come from the recorded run of a 1.5 B model (data/runs), which is healthy over all its 300 questions. In its
windows are never fewer than 0.58 new concepts a question, a seventh of its best; at most 19 % was known, 45 % of the
new relations end at the hub unasked, 8 % of the names are mark-up, new concepts are 4.6 relations from the topic, and
what is said takes 3.6 bits a letter, early on, when little is learnt. German, Spanish, French and Dutch put after it
take 4.1 to 5.8 within six questions. In made worlds `hub` hears 79 % of what is known and yields on, and `latest` is 22
relations from the topic by question 40.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["saturated", "drifted"]

LONG, SHORT = 12, 6  # questions: one that brings nothing is common, six in another language are not
FEW = 12  # relations or names that a share is taken of at least
DRY = 0.1  # of the best window
DRIEST = 0.25  # new concepts a question
STRANGE = 1.4  # times the usual bits a letter
STRANGEST = 4.2  # bits a letter; English after English takes less


@dataclass(frozen=True, slots=True)
class Tally:
    """What one question brought, counted as its event said it.

    `known` are relations and names that the graph had, `free` the new relations of a question that is not about the
    hub, `at_hub` those of them that end there; `depths` are relations to the topic, `apart` concepts with no way to it;
    `names` are all that were new to the graph, the rejected ones too; `bits` are those of `letters`.
    """

    strategy: str
    new: int
    relations: int
    known: int
    free: int
    at_hub: int
    depths: tuple[int, ...]
    apart: int
    names: int
    foreign: int
    markup: int
    bits: float
    letters: int


@dataclass(frozen=True, slots=True)
class Usual:
    """What a run is measured against: its best window in new concepts a question, its bits a letter so far."""

    best: float = 0.0
    bits: float = 0.0


Share = tuple[float, float]  # a count, and what it is a share of


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that can go wrong: how it is measured over a window, its limit, and the words for it.

    `share` returns what is divided by what, `least` how large the latter must be to say anything. A sign with `is_low`
    shows below its limit; it is gone where the value is past `back` times the limit again.
    """

    name: str
    kind: Kind
    window: int
    share: Callable[[Sequence[Tally]], Share]
    limit: Callable[[Usual], float]
    words: str
    least: int = FEW
    back: float = 0.8
    is_low: bool = False

    def value(self, tallies: Sequence[Tally], least: int = 1) -> float | None:
        """Return the value over some questions, None where they say too little."""
        part, whole = self.share(tallies)
        return part / whole if whole >= max(1, least) else None

    def shows(self, value: float, limit: float) -> bool:
        """Tell whether a value is past a limit."""
        return value < limit if self.is_low else value >= limit


def _total(tallies: Sequence[Tally], name: str) -> float:
    return float(sum(getattr(tally, name) for tally in tallies))


def _share_of(part: str, *whole: str) -> Callable[[Sequence[Tally]], Share]:
    return lambda tallies: (_total(tallies, part), sum(_total(tallies, name) for name in whole))


def _novelty(tallies: Sequence[Tally]) -> Share:
    return _total(tallies, "new"), len(tallies)


def _distance(tallies: Sequence[Tally]) -> Share:
    depths = [depth for tally in tallies for depth in tally.depths]
    return sum(depths), len(depths)


def _fixed(limit: float) -> Callable[[Usual], float]:
    return lambda _: limit


SIGNS = (
    Sign(
        "language", "drifted", SHORT, _share_of("foreign", "names"), _fixed(0.5),
        "{value:.0%} of the new names are in another script or language (limit {limit:.0%})",
    ),
    Sign(
        "markup", "drifted", SHORT, _share_of("markup", "names"), _fixed(0.5),
        "{value:.0%} of the new names are mark-up or identifiers (limit {limit:.0%})",
    ),
    Sign(
        "spelling", "drifted", SHORT, _share_of("bits", "letters"),
        lambda usual: max(STRANGEST, STRANGE * usual.bits),
        "names and predicates are spelled as in another language, {value:.1f} bits a letter (limit {limit:.1f})",
        least=200,
    ),
    Sign(
        "novelty", "saturated", LONG, _novelty, lambda usual: max(DRIEST, DRY * usual.best),
        "{value:.2f} new concepts a question (limit {limit:.2f})", back=2.0, is_low=True,
    ),
    Sign(
        "duplicates", "saturated", LONG, _share_of("known", "known", "relations"), _fixed(0.85),
        "{value:.0%} of what was said was known (limit {limit:.0%})",
    ),
    Sign(
        "hub", "saturated", LONG, _share_of("at_hub", "free"), _fixed(0.75),
        "{value:.0%} of the new relations end at the most connected concept unasked (limit {limit:.0%})",
    ),
    Sign(
        "distance", "drifted", LONG, _distance, _fixed(12.0),
        "new concepts are {value:.0f} relations from the topic (limit {limit:.0f})",
    ),
    Sign(
        "apart", "drifted", LONG, _share_of("apart", "new"), _fixed(0.75),
        "{value:.0%} of the new concepts have no way to the topic (limit {limit:.0%})",
    ),
)  # fmt: skip
