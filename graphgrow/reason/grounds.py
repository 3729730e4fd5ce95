"""What a sentence follows from: the lines of a context that it cites, held against their words.

A citation of what is not in the context, or of what shares no word with the sentence, is taken off; all of them are
where together they hold less than a third of its words.
"""

import re
from dataclasses import dataclass

from graphgrow.graph.keys import clean
from graphgrow.reason.context import Context, Said, Shown
from graphgrow.reason.likeness import words

SENTENCE = 600  # characters
CITES = 3  # ids behind a sentence
NOT_THERE, UNRELATED = "is not in the context", "has no word in common with the sentence"
TOO_LITTLE = "holds too few words of the sentence"
COVERED = 1 / 3  # of the words of a sentence are in what it cites, or it says something else
STEM = 4  # letters; a word that begins another one is the same word: heat, heated

_ID = re.compile(r"[rc]\d+")
_INLINE = re.compile(r"\s*[\[(]\s*[rc]\d+(?:\s*[,;]\s*[rc]\d+)*\s*[\])]")


@dataclass(frozen=True, slots=True)
class Cite:
    """What a sentence follows from: a concept, or a relation in words; by key, with the events that said it."""

    id: str
    words: str
    concepts: tuple[str, ...]
    steps: tuple[int, ...] = ()

    @property
    def mark(self) -> str:
        """The citation as it stands behind a sentence: [concept] or [step n]."""
        return f"[step {self.steps[0]}]" if self.steps else f"[{self.words}]"


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer and what it follows from."""

    says: str
    cites: tuple[Cite, ...] = ()

    @property
    def line(self) -> str:
        """The sentence with its citations."""
        return " ".join((self.says, *dict.fromkeys(one.mark for one in self.cites)))


@dataclass(frozen=True, slots=True)
class Removed:
    """A citation that was taken off, and why."""

    cite: str
    why: str


def check(says: str, cites: list[str], context: Context) -> tuple[Claim, list[Removed]]:
    """Return a sentence with the citations that hold, and those that do not with the reason."""
    lines: tuple[Shown | Said, ...] = (*context.concepts, *context.relations)
    known = {one.id: one for one in lines}
    text = _INLINE.sub("", clean(says))[:SENTENCE]
    kept, removed = list[Cite](), list[Removed]()
    for name in dict.fromkeys(_ids([*cites, *_INLINE.findall(says)])):
        if name not in known:
            removed.append(Removed(clean(name)[:SENTENCE], NOT_THERE))
            continue
        cite = _cite(known[name])
        if _covered(text, cite.words):
            kept.append(cite)
        else:
            removed.append(Removed(cite.words, UNRELATED))
    if _covered(text, " ".join(one.words for one in kept)) < COVERED:
        removed += [Removed(one.words, TOO_LITTLE) for one in kept]
        kept.clear()
    best = sorted(kept, key=lambda one: -_covered(text, one.words))[:CITES]
    return Claim(text, tuple(one for one in kept if one in best)), removed


def _covered(sentence: str, cited: str) -> float:
    """Return the share of the words of a sentence that what it cites has too."""
    said, there = words(sentence), words(cited)
    same = [one for one in said if one in there or any(_is_form(one, other) for other in there)]
    return len(same) / len(said) if said else 0.0


def _is_form(one: str, other: str) -> bool:
    """Tell whether a word is a form of another, or holds it in a script without blanks between words."""
    if not one.isascii():
        return other in one
    return min(len(one), len(other)) >= STEM and (one.startswith(other) or other.startswith(one))


def _ids(cites: list[str]) -> list[str]:
    """Return the ids in what a reply cites; what holds none stands for itself."""
    return [name for cite in cites for name in _ID.findall(cite.lower()) or ([cite] if clean(cite) else [])]


def _cite(one: Shown | Said) -> Cite:
    if isinstance(one, Said):
        return Cite(one.id, one.words, one.keys, one.steps)
    return Cite(one.id, one.name, (one.key,))
