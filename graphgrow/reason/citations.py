"""What a sentence follows from: the ids that it cites, checked against what there is to cite.

An answer cites the lines of its context (c1, r2). A citation of what is not in the context, or of what shares no word
with the sentence, is taken off; all of them are where together they hold less than a third of its words. A statement of
a discovery cites earlier ones (A1, C2); an unknown id is left out.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from graphgrow.graph.keys import clean
from graphgrow.reason.context import Context, ContextConcept, ContextRelation
from graphgrow.reason.similarity import content_words

SENTENCE = 600  # characters
CITES = 3  # ids behind a sentence
NOT_THERE, UNRELATED = "is not in the context", "has no word in common with the sentence"
TOO_LITTLE = "holds too few words of the sentence"
COVERED = 1 / 3  # the share of the words of a sentence that must be in what it cites, or it says something else
STEM = 4  # letters; a word with which another one begins is the same word: heat, heated

_LINE_ID = re.compile(r"[rc]\d+")
_LINE_IDS = re.compile(r"\s*[\[(]\s*[rc]\d+(?:\s*[,;]\s*[rc]\d+)*\s*[\])]")
_STATEMENT_ID = re.compile(r"\b([A-Z]\d{1,3})\b")
_STATEMENT_IDS = re.compile(r"\s*[\[(]((?:\s*[A-Z]\d{1,3}\s*(?:[,;&]|and|-)?\s*)+)[\])]")


@dataclass(frozen=True, slots=True)
class Citation:
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
    cites: tuple[Citation, ...] = ()

    @property
    def line(self) -> str:
        """The sentence with its citations."""
        return " ".join((self.says, *dict.fromkeys(one.mark for one in self.cites)))


@dataclass(frozen=True, slots=True)
class RemovedCitation:
    """A citation that was taken off, and why."""

    cite: str
    why: str


@dataclass(frozen=True, slots=True)
class CitedText:
    """A text without its citations, those that resolve, and those that do not, each once and in order."""

    text: str
    cites: tuple[str, ...]
    unknown: tuple[str, ...]


def check_claim(says: str, cites: list[str], context: Context) -> tuple[Claim, list[RemovedCitation]]:
    """Return a sentence with the citations that hold, and those that do not with the reason."""
    lines: tuple[ContextConcept | ContextRelation, ...] = (*context.concepts, *context.relations)
    known = {one.id: one for one in lines}
    text = _LINE_IDS.sub("", clean(says))[:SENTENCE]
    ids: dict[str, None] = {}  # what holds no id stands for itself
    for cite in (*cites, *_LINE_IDS.findall(says)):
        ids |= dict.fromkeys(_LINE_ID.findall(cite.lower()) or ([cite] if clean(cite) else []))
    kept, removed = list[Citation](), list[RemovedCitation]()
    for name in ids:
        line = known.get(name)
        if line is None:
            removed.append(RemovedCitation(clean(name)[:SENTENCE], NOT_THERE))
            continue
        if isinstance(line, ContextRelation):
            citation = Citation(line.id, line.words, line.keys, line.steps)
        else:
            citation = Citation(line.id, line.name, (line.key,))
        if _coverage(text, citation.words):
            kept.append(citation)
        else:
            removed.append(RemovedCitation(citation.words, UNRELATED))
    if _coverage(text, " ".join(one.words for one in kept)) < COVERED:
        removed += [RemovedCitation(one.words, TOO_LITTLE) for one in kept]
        kept.clear()
    best = sorted(kept, key=lambda one: -_coverage(text, one.words))[:CITES]
    return Claim(text, tuple(one for one in kept if one in best)), removed


def _coverage(sentence: str, cited: str) -> float:
    """Return the share of the words of a sentence that what it cites has too, in some form.

    A word is a form of one that begins with it; in a script without blanks, of one that it contains.
    """
    words, there = content_words(sentence), content_words(cited)
    same = [
        one
        for one in words
        if one in there
        or any(
            min(len(one), len(other)) >= STEM and (one.startswith(other) or other.startswith(one))
            if one.isascii()
            else other in one
            for other in there
        )
    ]
    return len(same) / len(words) if words else 0.0


def resolve_citations(text: str, cites: Iterable[str], known: Collection[str]) -> CitedText:
    """Return a text and what it cites, beside it or in brackets within it, checked against the ids that are known.

    What stands in round brackets is a citation only where all of it is known: vitamins have such names too.
    """
    ids = dict.fromkeys(one for entry in cites for one in _STATEMENT_ID.findall(entry.upper()))
    bare, end = "", 0
    for match in _STATEMENT_IDS.finditer(text):
        within = _STATEMENT_ID.findall(match[1])
        if match[0].lstrip().startswith("[") or set(within) <= set(known):
            ids |= dict.fromkeys(within)
            bare += text[end : match.start()]
            end = match.end()
    return CitedText(
        " ".join((bare + text[end:]).split()),
        tuple(one for one in ids if one in known),
        tuple(one for one in ids if one not in known),
    )
