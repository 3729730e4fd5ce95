"""Which known concepts a name may mean: how one name may be written, and an index over how the known ones are.

Two names with a signature in common are the same words: "aluminium fibre" and "aluminum fibers", "light weight" and
"lightweight", "resistance to impact" and "impact resistance", "carbon nanotubes (CNTs)" and "carbon nanotube". The
index is asked for signatures, acronyms and likeness, so that no pair of names is ever looked at twice: a lookup costs
what the postings of one name's character trigrams cost, counted by numpy; adding costs O(name length).
"""

import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Literal

import numpy as np
from rapidfuzz import fuzz

from graphgrow.graph.keys import canonical, clean
from graphgrow.resolve.identity.words import words

How = Literal["key", "alias", "signature", "acronym", "initials", "likeness", "meaning"]
Term = Literal["text", "signature", "acronym", "shortening", "definition", "initials"]
SAME_KEY, SAME_ALIAS, SAME_SIGNATURE, DEFINED, INITIALS = 1.0, 1.0, 0.99, 0.98, 0.9
LEAST_LIKENESS = 0.6
_BRACKETED = re.compile(r"^(?P<before>[^()]*?)\s*\((?P<inside>[^()]+)\)\s*(?P<after>[^()]*)$")
_ACRONYM = re.compile(r"^(?P<letters>[A-Z][A-Z0-9-]*[A-Z0-9])s?$")
_SHORTEST_STEM = 4  # letters before a British ending: "wise" and "rise" have none
_SHORTEST_JOINED = 7  # characters: shorter words run together too often mean something else
_MOST_LETTERS = 6
_FEWEST_LETTERS = 2
_FEWEST_GUESSED = 3  # two letters are the initials of too much
_GRAM = 3
_SCORED = 64  # the names with the most trigrams in common, whose likeness is worth computing
_LEAST_IN_COMMON = 0.3  # Dice; one edit in a name of seven letters leaves .5 or more
_FEWEST_SLOTS = 1024


@dataclass(frozen=True, slots=True)
class Form:
    """A name taken apart: its words as America writes them, every signature it has, and the acronym it defines.

    `acronym` is the short form a name gives in brackets ("" where it gives none), `initials` what its words begin with,
    `core` its words without the last ones that say little: "hot forging" of "hot forging process".
    """

    words: tuple[str, ...]
    signatures: tuple[str, ...]
    acronym: str
    initials: str
    core: tuple[str, ...]


@lru_cache(maxsize=100_000)
def form(name: str) -> Form:
    """Return a name taken apart."""
    tables = words()
    text, acronym = without_acronym(clean(name))
    plain = spelled(text)
    # "head of modifier" is "modifier head" too, "large head of modifier" is "large modifier head"; not where two words
    # could be the one to turn about, nor where another one binds the words.
    turning = [
        place
        for place in range(1, len(plain) - 1)
        if plain[place] in {"of", "for"} or plain[place - 1] in tables.heads.get(plain[place], ())
    ]
    binding = [place for place, word in enumerate(plain) if word in tables.fixed or word in {"of", "for", "to"}]
    orders = [plain]
    if len(turning) == 1 and set(binding) <= set(turning):
        head, modifier = plain[: turning[0]], plain[turning[0] + 1 :]
        orders += dict.fromkeys([modifier + head, (*head[:-1], *modifier, head[-1])])
    signatures: dict[str, None] = {}
    for order in orders:
        together = "".join(order)
        is_bound = any(len(word) == 1 or word in tables.joining for word in order)
        may_join = together.isalpha() and len(together) >= _SHORTEST_JOINED and not is_bound
        signatures[together if may_join else " ".join(order)] = None
    bearing = [word for word in plain if word not in tables.joining]
    initials = "".join(word[0] for word in bearing) if _FEWEST_LETTERS <= len(bearing) <= _MOST_LETTERS else ""
    core = orders[-1]
    while len(core) > 1 and core[-1] in tables.light:
        core = core[:-1]
    return Form(orders[-1], tuple(signatures), acronym, initials, core)


def spelled(name: str) -> tuple[str, ...]:
    """Return the words of a name's canonical key in American spelling and the singular, without articles inside."""
    tables = words()
    spelling: list[str] = []
    for plural in canonical(name).split():
        word = tables.plurals.get(plural, plural)
        # The longest beginning decides, none is longer than twelve letters; else the ending does.
        begins = (word[:end] for end in range(min(len(word), 12), 3, -1))
        begin = next((one for one in begins if one in tables.begins), "")
        ends = (one for one in tables.ends if len(word) - len(one) >= _SHORTEST_STEM and word.endswith(one))
        if begin:
            word = tables.begins[begin] + word.removeprefix(begin)
        elif end := next(ends, ""):
            word = word.removesuffix(end) + tables.ends[end]
        spelling.append(word)
    # "the" in "stiffness of the material", but not the letter in "vitamin a".
    inner = [
        place
        for place in range(1, len(spelling) - 1)
        if spelling[place] in tables.articles and spelling[place - 1] in tables.prepositions
    ]
    return tuple(word for place, word in enumerate(spelling) if place not in inner)


def without_acronym(name: str) -> tuple[str, str]:
    """Return a name without the acronym it gives in brackets, and the acronym in lower case; else the name and "".

    "carbon nanotubes (CNTs)" and "CNT (carbon nanotubes)" are carbon nanotubes; brackets that hold anything else stay.
    """
    match = _BRACKETED.match(name)
    if match is None:
        return name, ""
    before, inside, after = match["before"], match["inside"].strip(), match["after"]
    for short, long in ((inside, before), (before, inside)):
        letters = acronym_in(short)
        if letters and abbreviates(letters, spelled(long)):
            return f"{long} {after}".strip(), "" if after else letters
    return name, ""


def acronym_in(name: str) -> str:
    """Return the letters of a name that is an acronym ("CNTs", "D-FEA"), in lower case; else ""."""
    match = _ACRONYM.match(name.strip())
    letters = match["letters"].replace("-", "").casefold() if match else ""
    return letters if _FEWEST_LETTERS <= len(letters) <= _MOST_LETTERS else ""


def abbreviates(letters: str, long: Iterable[str]) -> bool:
    """Tell whether an acronym stands for words: all their initials in order, and between them letters of the words."""
    ends = {0}  # how many of the letters the words so far may have given
    for word in long:
        if word in words().joining:
            continue
        further = set()
        for start in ends:
            if not letters.startswith(word[0], start):
                continue
            further.add(start + 1)
            rest = iter(word[1:])
            for end, letter in enumerate(letters[start + 1 :], start + 2):
                if letter not in rest:
                    break
                further.add(end)
        ends = further
    return len(letters) in ends


def shortenings(letters: str) -> tuple[str, ...]:
    """Return the initials of every name that an acronym of three letters or more may stand for: "cnt", "cn" or "ct"."""
    if len(letters) < _FEWEST_GUESSED:
        return ()
    rest = letters[1:]
    parts = [combination for size in range(1, len(rest) + 1) for combination in combinations(rest, size)]
    return tuple(dict.fromkeys(letters[0] + "".join(part) for part in parts))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A known concept that a name may mean, how likely by its looks or meaning (0 to 1), and how it was found."""

    key: str
    score: float
    how: How


class Lexicon:
    """The names and aliases of known concepts; `names` has the first name that each was added with, by key."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self._spellings: dict[str, set[str]] = {}  # key -> canonical spellings
        self._acronyms: dict[str, set[str]] = {}  # key -> letters of the spellings that are acronyms
        self._keys: dict[tuple[Term, str], dict[str, None]] = {}  # term -> keys, in the order they came
        self._slots: list[tuple[str, str]] = []  # key and canonical spelling
        self._sizes = np.empty(_FEWEST_SLOTS, np.float32)  # trigrams of the spelling in a slot
        self._grams: dict[str, array[int]] = {}  # trigram -> slots

    def add(self, key: str, *names: str) -> None:
        """Take in a concept's key with its name and aliases; the key itself is always one of its spellings."""
        self.names.setdefault(key, names[0] if names else key)
        spellings, acronyms = self._spellings.setdefault(key, set()), self._acronyms.setdefault(key, set())
        for name in (key, *names):
            text, parts, letters = canonical(name), form(name), acronym_in(name)
            terms: list[tuple[Term, str]] = [("text", text), ("acronym", letters), ("definition", parts.acronym)]
            terms += [("initials", parts.initials), *(("signature", signature) for signature in parts.signatures)]
            terms += [("shortening", short) for short in shortenings(letters)]
            for term in terms:
                if term[1]:
                    self._keys.setdefault(term, {})[key] = None
            if letters:
                acronyms.add(letters)
            if text in spellings:
                continue
            spellings.add(text)
            slot, grams = len(self._slots), _trigrams(text)
            self._slots.append((key, text))
            if slot == len(self._sizes):
                self._sizes = np.concatenate([self._sizes, np.empty_like(self._sizes)])
            self._sizes[slot] = len(grams)
            for gram in grams:
                self._grams.setdefault(gram, array("I")).append(slot)

    def near(self, name: str, limit: int = 8) -> list[Candidate]:
        """Return the concepts a name may mean, best first, each once and by the strongest of its reasons."""
        return _strongest((*self.same(name), *self.alike(name)))[:limit]

    def same(self, name: str) -> list[Candidate]:
        """Return the concepts whose name or acronym this name is, however it is written; strongest reason first."""
        keys = self._keys
        text, parts, letters = canonical(name), form(name), acronym_in(name)
        found = [Candidate(text, SAME_KEY, "key")] if text in self._spellings else []
        found += [Candidate(key, SAME_ALIAS, "alias") for key in keys.get(("text", text), ())]
        for signature in parts.signatures:
            found += [Candidate(key, SAME_SIGNATURE, "signature") for key in keys.get(("signature", signature), ())]
        # What an acronym stands for and what abbreviates a name: first by definition, then by initials alone. Who
        # defined the acronym before meant something else by it.
        is_taken = ("definition", parts.acronym) in keys
        for key in keys.get(("acronym", parts.acronym), ()):
            found.append(Candidate(key, INITIALS, "initials") if is_taken else Candidate(key, DEFINED, "acronym"))
        found += [Candidate(key, DEFINED, "acronym") for key in keys.get(("definition", letters), ())]
        for short in shortenings(letters):
            for key in keys.get(("initials", short), ()):
                if any(abbreviates(letters, long.split()) for long in self._spellings[key]):
                    found.append(Candidate(key, INITIALS, "initials"))
        for key in keys.get(("shortening", parts.initials), ()):
            if any(abbreviates(acronym, text.split()) for acronym in self._acronyms[key]):
                found.append(Candidate(key, INITIALS, "initials"))
        return _strongest(found)

    def alike(self, name: str) -> list[Candidate]:
        """Return the concepts with the most trigrams in common, scored by edit distance in either word order."""
        text = canonical(name)
        grams = _trigrams(text)
        postings = [np.frombuffer(self._grams[gram], np.uint32) for gram in grams if gram in self._grams]
        if not postings:
            return []
        common = np.bincount(np.concatenate(postings), minlength=len(self._slots)).astype(np.float32)
        dice = 2 * common / (self._sizes[: len(self._slots)] + np.float32(len(grams)))
        places = np.flatnonzero(dice >= _LEAST_IN_COMMON)
        if len(places) > _SCORED:  # sorting all of them would take longer than everything else
            places = places[dice[places] >= np.partition(dice[places], -_SCORED)[-_SCORED]]
        order = np.lexsort((places, -dice[places]))[:_SCORED]
        scores: dict[str, float] = {}
        for key, other in (self._slots[place] for place in places[order]):
            score = max(fuzz.ratio(text, other), fuzz.token_sort_ratio(text, other)) / 100
            scores[key] = max(score, scores.get(key, 0.0))
        return [Candidate(key, score, "likeness") for key, score in scores.items() if score >= LEAST_LIKENESS]


def _strongest(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return each concept once, by its highest score, best first; of equal scores the first one counts."""
    best: dict[str, Candidate] = {}
    for one in candidates:
        if one.key not in best or one.score > best[one.key].score:
            best[one.key] = one
    return sorted(best.values(), key=lambda one: (-one.score, one.key))


def _trigrams(text: str) -> set[str]:
    """Return the trigrams of every word, padded, so that the order of words does not matter."""
    padded = [f" {word} " for word in text.split()]
    return {word[at : at + _GRAM] for word in padded for at in range(len(word) - _GRAM + 1)}
