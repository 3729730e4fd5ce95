"""Which known concepts a name may mean: an index over how names are written, so that no pair is ever looked at twice.

A lookup costs what the postings of one name's character trigrams cost, counted by numpy; adding costs O(name length).
"""

from array import array
from collections.abc import Iterable, Iterator, KeysView
from dataclasses import dataclass
from typing import Literal

import numpy as np
from rapidfuzz import fuzz

from graphgrow.graph.keys import canonical
from graphgrow.resolve.identity.forms import Form, abbreviates, acronym_in, form, shortenings

How = Literal["key", "alias", "signature", "acronym", "initials", "likeness", "meaning"]
SAME_KEY, SAME_ALIAS, SAME_SIGNATURE, DEFINED, INITIALS = 1.0, 1.0, 0.99, 0.98, 0.9
LEAST_LIKENESS = 0.6
_GRAM = 3
_SCORED = 64  # the names with the most trigrams in common, whose likeness is worth computing
_LEAST_IN_COMMON = 0.3  # Dice; one edit in a name of seven letters leaves .5 or more
_DEAD = np.iinfo(np.uint16).max
_FEWEST_SLOTS = 1024


@dataclass(frozen=True, slots=True)
class Candidate:
    """A known concept that a name may mean, how likely by its looks or meaning (0 to 1), and how it was found."""

    key: str
    score: float
    how: How


@dataclass(frozen=True, slots=True)
class _Entry:
    """One spelling of one concept, as it was added."""

    key: str
    text: str
    form: Form
    acronym: str


class Lexicon:
    """The names and aliases of known concepts."""

    def __init__(self) -> None:
        self._entries: dict[str, dict[str, int]] = {}  # key -> canonical spelling -> slot
        self._names: dict[str, str] = {}
        self._slots: list[_Entry | None] = []
        self._sizes = np.full(_FEWEST_SLOTS, _DEAD, np.uint16)
        self._grams: dict[str, array[int]] = {}
        self._texts = _Index()
        self._signatures = _Index()
        self._acronyms = _Index()
        self._shortened = _Index()
        self._defined = _Index()
        self._initials = _Index()
        self._indices = (
            self._texts,
            self._signatures,
            self._acronyms,
            self._shortened,
            self._defined,
            self._initials,
        )

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def keys(self) -> KeysView[str]:
        """Return the keys of all concepts."""
        return self._entries.keys()

    def name(self, key: str) -> str:
        """Return the first name that a concept was added with; the key where it has none."""
        return self._names.get(key, key)

    def add(self, key: str, *names: str) -> None:
        """Take in a concept's key with its name and aliases; the key itself is always one of its spellings."""
        self._names.setdefault(key, names[0] if names else key)
        for name in (key, *names):
            text = canonical(name)
            entry = _Entry(key, text, form(name), acronym_in(name))
            known = self._entries.setdefault(key, {}).get(text)
            if known is None:
                self._entries[key][text] = self._place(entry)
            self._index(entry)

    def remove(self, key: str) -> None:
        """Forget a concept and all its spellings; a key that is not there changes nothing."""
        self._names.pop(key, None)
        for slot in self._entries.pop(key, {}).values():
            self._slots[slot] = None
            self._sizes[slot] = _DEAD
        for index in self._indices:
            index.discard(key)
        if len(self._slots) > _FEWEST_SLOTS and sum(map(len, self._entries.values())) * 2 < len(self._slots):
            self._compact()

    def near(self, name: str, limit: int = 8) -> list[Candidate]:
        """Return the concepts a name may mean, best first, each once and by the strongest of its reasons."""
        return strongest((*self.same(name), *self.alike(name)))[:limit]

    def same(self, name: str) -> list[Candidate]:
        """Return the concepts whose name or acronym this name is, however it is written; strongest reason first."""
        text, taken = canonical(name), form(name)
        found = [Candidate(text, SAME_KEY, "key")] if text in self._entries else []
        found += [Candidate(key, SAME_ALIAS, "alias") for key in self._texts.get(text)]
        found += [
            Candidate(key, SAME_SIGNATURE, "signature") for one in taken.signatures for key in self._signatures.get(one)
        ]
        found += self._abbreviated(acronym_in(name), text, taken)
        return strongest(found)

    def alike(self, name: str) -> list[Candidate]:
        """Return the concepts with the most trigrams in common, scored by edit distance in either word order."""
        text = canonical(name)
        scored: dict[str, float] = {}
        for slot in self._most_in_common(_trigrams(text)):
            entry = self._slots[slot]
            if entry is not None:
                score = max(fuzz.ratio(text, entry.text), fuzz.token_sort_ratio(text, entry.text)) / 100
                scored[entry.key] = max(score, scored.get(entry.key, 0.0))
        return [Candidate(key, score, "likeness") for key, score in scored.items() if score >= LEAST_LIKENESS]

    def _abbreviated(self, letters: str, text: str, taken: Form) -> Iterator[Candidate]:
        """Yield what an acronym stands for and what abbreviates a name: first by definition, then by initials alone."""
        sure = not self._defined.get(taken.acronym)  # who defined the acronym before meant something else by it
        for key in self._acronyms.get(taken.acronym):
            yield Candidate(key, DEFINED, "acronym") if sure else Candidate(key, INITIALS, "initials")
        yield from (Candidate(key, DEFINED, "acronym") for key in self._defined.get(letters))
        for key in (key for short in shortenings(letters) for key in self._initials.get(short)):
            if any(abbreviates(letters, tuple(long.split())) for long in self._texts.terms(key)):
                yield Candidate(key, INITIALS, "initials")
        for key in self._shortened.get(taken.initials):
            if any(abbreviates(short, tuple(text.split())) for short in self._acronyms.terms(key)):
                yield Candidate(key, INITIALS, "initials")

    def _place(self, entry: _Entry) -> int:
        """Give a spelling a slot and post its trigrams."""
        slot, grams = len(self._slots), _trigrams(entry.text)
        self._slots.append(entry)
        if slot == len(self._sizes):
            self._sizes = np.concatenate([self._sizes, np.full(slot, _DEAD, np.uint16)])
        self._sizes[slot] = min(len(grams), _DEAD - 1)
        for gram in grams:
            self._grams.setdefault(gram, array("I")).append(slot)
        return slot

    def _index(self, entry: _Entry) -> None:
        self._texts.add(entry.text, entry.key)
        for signature in entry.form.signatures:
            self._signatures.add(signature, entry.key)
        self._defined.add(entry.form.acronym, entry.key)
        self._initials.add(entry.form.initials, entry.key)
        self._acronyms.add(entry.acronym, entry.key)
        for short in shortenings(entry.acronym):
            self._shortened.add(short, entry.key)

    def _most_in_common(self, grams: set[str]) -> list[int]:
        """Return the slots with the highest Dice coefficient of trigrams, best first."""
        postings = [np.frombuffer(self._grams[gram], np.uint32) for gram in grams if gram in self._grams]
        if not postings:
            return []
        common = np.bincount(np.concatenate(postings), minlength=len(self._slots)).astype(np.float32)
        dice = 2 * common / (self._sizes[: len(self._slots)] + np.float32(len(grams)))
        found = np.flatnonzero(dice >= _LEAST_IN_COMMON)
        if len(found) > _SCORED:  # sorting all of them would take longer than everything else
            found = found[dice[found] >= np.partition(dice[found], -_SCORED)[-_SCORED]]
        order = np.lexsort((found, -dice[found]))[:_SCORED]
        return [int(slot) for slot in found[order]]

    def _compact(self) -> None:
        """Drop the slots of what was removed."""
        alive = [entry for entry in self._slots if entry is not None]
        self._slots, self._grams = [], {}
        self._sizes = np.full(_FEWEST_SLOTS, _DEAD, np.uint16)
        for entry in alive:
            self._entries[entry.key][entry.text] = self._place(entry)


def strongest(found: Iterable[Candidate]) -> list[Candidate]:
    """Return each concept once, by its highest score, best first; of equal scores the first one counts."""
    best: dict[str, Candidate] = {}
    for one in found:
        if one.key not in best or one.score > best[one.key].score:
            best[one.key] = one
    return sorted(best.values(), key=lambda one: (-one.score, one.key))


class _Index:
    """What leads to which concepts, in the order they came, and back."""

    def __init__(self) -> None:
        self._keys: dict[str, dict[str, None]] = {}
        self._terms: dict[str, set[str]] = {}

    def add(self, term: str, key: str) -> None:
        if term:
            self._keys.setdefault(term, {})[key] = None
            self._terms.setdefault(key, set()).add(term)

    def get(self, term: str) -> Iterable[str]:
        return self._keys.get(term, ())

    def terms(self, key: str) -> Iterable[str]:
        return self._terms.get(key, ())

    def discard(self, key: str) -> None:
        for term in self._terms.pop(key, ()):
            del self._keys[term][key]
            if not self._keys[term]:
                del self._keys[term]


def _trigrams(text: str) -> set[str]:
    """Return the trigrams of every word, padded, so that the order of words does not matter."""
    padded = [f" {word} " for word in text.split()]
    return {word[at : at + _GRAM] for word in padded for at in range(len(word) - _GRAM + 1)}
