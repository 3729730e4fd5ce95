"""What becomes of a name: the same as a known concept, another one, or a question for the review queue.

canonical key -> alias -> other ways of writing it -> acronym -> alike spelling -> alike meaning. Only the same words,
however they are written, merge by themselves; likeness of any degree is a question for a person or a model. Pure: what
is known is in the Lexicon and in Meanings.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from graphgrow.resolve.identity.candidates import Candidate, How, Lexicon
from graphgrow.resolve.identity.guards import contradiction, core, disagree, opposed
from graphgrow.resolve.identity.meanings import Meanings

Action = Literal["merge", "apart", "review"]
Neighbours = Callable[[str], AbstractSet[str]]

REVIEW_LIKENESS = 0.84  # of spelling, by edit distance; benchmarks/resolution.py shows what other values do
REVIEW_MEANING = 0.78  # cosine
OTHER_MEANING = 0.45  # cosine below which alike spelling is chance
_CONSIDERED = 12  # candidates looked at for a review

_WAYS: dict[How, str] = {
    "signature": "the same words, written another way",
    "acronym": "the acronym that the full name gives in brackets",
    "initials": "the initials of the full name, which never says so",
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a name: `into` is the key it merges with or has to be compared with ("" where it stands apart).

    `score` is the likeness, 0 to 1; `reason` is one sentence for people.
    """

    action: Action
    into: str
    score: float
    reason: str


def nobody(_: str) -> AbstractSet[str]:
    """Return no neighbours: nothing is known about the graph around a name."""
    return frozenset()


def decide(
    name: str, key: str, lexicon: Lexicon, neighbours: Neighbours = nobody, meanings: Meanings | None = None
) -> Decision:
    """Return what becomes of a name with a canonical key, given the concepts known so far.

    `neighbours` returns the keys around a key, the name's own included. To compare a known concept with the others,
    take it out of the lexicon first: a known name is always its own merge.
    """
    same = lexicon.same(name)
    known = [one for one in same if one.how in {"key", "alias"}]
    if known:
        return _known(name, known, lexicon)
    written = [one for one in same if one.key != key]
    if written:
        return _written(name, key, written, lexicon, neighbours)
    return _alike(name, key, lexicon, meanings)


def _known(name: str, known: list[Candidate], lexicon: Lexicon) -> Decision:
    """A key or an alias is the concept's own; an alias of two concepts is a question, and so is G'' beside G'."""
    first = known[0]
    other = lexicon.name(first.key)
    if len(first.key) == 1 and opposed(name, other):
        return Decision("review", first.key, 1.0, f"{name} and {other} have one key: {opposed(name, other)}.")
    if first.how == "alias" and len(known) > 1:
        return Decision("review", first.key, 1.0, f"{name} is an alias of {first.key} and of {known[1].key}.")
    what = "has the same key as" if first.how == "key" else "is an alias of"
    return Decision("merge", first.key, 1.0, f"{name} {what} {first.key}.")


def _written(name: str, key: str, same: list[Candidate], lexicon: Lexicon, neighbours: Neighbours) -> Decision:
    """The same words merge, unless a guard objects, or an acronym may stand for two things."""
    first = max(same, key=lambda one: (one.score, len(neighbours(one.key)), one.key))
    known = lexicon.name(first.key)
    against = opposed(name, known)
    if against:
        return Decision("apart", "", first.score, f"{name} is not {known}: {against}.")
    if disagree(neighbours(key), neighbours(first.key), lambda other: len(neighbours(other))):
        return Decision("review", first.key, first.score, f"{name} and {known} have (almost) no neighbours in common.")
    rivals = [one for one in same if one.how == first.how and one.key != first.key]
    if first.how == "acronym" and rivals:
        return Decision("review", first.key, first.score, f"{name} may be {known} or {lexicon.name(rivals[0].key)}.")
    action: Action = "review" if first.how == "initials" else "merge"
    return Decision(action, first.key, first.score, f"{name} and {known} are {_WAYS[first.how]}.")


def _alike(name: str, key: str, lexicon: Lexicon, meanings: Meanings | None) -> Decision:
    """Likeness never merges: the best that no guard forbids is a question."""
    candidates = [one for one in lexicon.alike(name) if one.key != key]
    if meanings is not None:
        candidates += [one for one in meanings.near(name, _CONSIDERED, REVIEW_MEANING) if one.key != key]
    candidates.sort(key=lambda one: (-one.score, one.key))
    refusals: list[str] = []
    for one in candidates[:_CONSIDERED]:
        known = lexicon.name(one.key)
        if refusals and _too_far(name, known, one):
            continue  # only the first refusal is told, and the guards cost more than all else
        against = _against(name, known, one, meanings)
        if not against:
            return Decision("review", one.key, one.score, _question(name, known, one))
        refusals.append(f"{name} is not {known}: {against}.")
    return Decision("apart", "", 0.0, refusals[0] if refusals else f"Nothing known is like {name}.")


def _against(name: str, known: str, one: Candidate, meanings: Meanings | None) -> str:
    """Return why a likeness is no question; a short core in common ("hot forging process") needs no high score."""
    if one.how == "meaning":
        return opposed(name, known) or _special(name, known)
    against = contradiction(name, known)
    if against:
        return against
    if _too_far(name, known, one):
        return f"they are written only {one.score:.0%} alike"
    cosine = None if meanings is None else meanings.cosine(name, one.key)
    return "" if cosine is None or cosine >= OTHER_MEANING else f"their meanings are only {cosine:.0%} alike"


def _too_far(name: str, known: str, one: Candidate) -> bool:
    """Tell whether a likeness is too little for a question, whatever the guards say."""
    return one.how == "likeness" and one.score < REVIEW_LIKENESS and core(name) != core(known)


def _special(name: str, known: str) -> str:
    mine, others = set(core(name)), set(core(known))
    return "one is a special case of the other" if mine < others or others < mine else ""


def _question(name: str, known: str, one: Candidate) -> str:
    if one.how == "likeness" and core(name) == core(known):
        return f"{name} and {known} differ only in a word that says little."
    what = "mean" if one.how == "meaning" else "are written"
    alike = "about the same" if one.how == "meaning" else "alike"
    return f"{name} and {known} {what} {alike} ({one.score:.0%})."
