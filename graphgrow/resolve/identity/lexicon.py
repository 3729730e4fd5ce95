"""The names of known concepts in an index: which of them a name is, and which it is written like.

It holds numbers and no objects: a term of a name, a trigram or a word in some role, is a number of 64 bits, and so are
the concepts and spellings that have it, in two sorted arrays. A spelling costs some 400 bytes, and a million of them
are written to a file and read from it in a second.

What a name is compared with is capped, so that a decision costs the same at any size: its rarest trigrams are looked
up until POSTINGS places were seen. Up to some ten thousand names that is all of them; beyond, of the spellings that
share most of these, those whose marks have most in common with the name's go on: a mark is 64 bits, of which each
trigram of a spelling, common or rare, sets one. The best are compared letter by letter. What the cap costs is in
docs/benchmarks.md.
"""

import json
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from math import ceil
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from rapidfuzz import fuzz, process

from graphgrow.graph.keys import canonical, clean, common
from graphgrow.resolve.identity.meanings import Candidate
from graphgrow.resolve.identity.spelling import (
    abbreviates,
    brackets,
    doubtful_singulars,
    form,
    guesses,
    has_initial,
    is_alias,
    letters_of,
    short_form,
    shortenings,
    spelled,
    without_acronym,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

Term = Literal[
    "text",
    "signature",
    "acronym",
    "shortening",
    "definition",
    "initials",
    "plural",
    "base",
    "inside",
    "core",
    "head",
    "dotted",
    "letters",
]
Found = tuple[int, int, int, int, Sequence[int]]  # how many, the key, where the sorted ones begin and end, the new ones
SAME_KEY, SAME_ALIAS, SAME_SIGNATURE, DEFINED, PLURAL, INITIALS, BRACKET = 1.0, 1.0, 0.99, 0.98, 0.95, 0.9, 0.9
SAME_LETTERS = 0.9
LEAST_LIKENESS = 0.6
POSTINGS = 30_000  # places of trigrams that are looked at for one name
SHARING = 256  # concepts sharing a term that are looked at, the oldest; only a term that says little has more
_COUNTED = 2
_SHORTLIST = 4096  # names that share most of the rarest trigrams, whose other trigrams are looked at
_SPREAD = 0x9E3779B97F4A7C15  # odd, as near as can be to the golden section of 64 bits
_GRAM = 3
_SCORED = 64  # the names with the most trigrams in common, which are compared letter by letter
_LOOKED_AT = 64  # spellings that are most alike; nobody asks for as many concepts
_LEAST_IN_COMMON = 0.3  # Dice; one edit in a name of seven letters leaves .5 or more
_SHORTEST = 0.6  # of its trigrams; a name with fewer of its own is too short to be in doubt
_FEWEST_SLOTS = 1024
_FEWEST_NEW, _NEW = 65_536, 64  # postings beside the sorted ones: this many, or one in this many of them
_MANY = 16  # new numbers of a key; more are an array, which numpy takes as it is
_BITS = 21  # of a character
_ROUNDING = 1e-4  # of numbers of 32 bits
_USUAL = 2  # other names
_REMEMBERED = 4096  # terms and texts
_WORDS = 50_000  # which most names are made of
_TERM = 1 << 63  # marks a term, not a trigram
_MAY_BE_SHORT = re.compile(r"[^\W\d_](?:\.|[^\W\d_A-Z]+) ?(?:[^\W\d_][\w.-]* ?){1,3}$")  # J. S. Bach, Escherichia coli
_ENDING = re.compile(r"(?<=[^\W\d_]{4})[!?.,;:]+$")  # of a sentence: "Ceramics!"


class Postings:
    """Numbers by keys of 64 bits, in the order in which they came: sorted arrays, and beside them what is new."""

    def __init__(self) -> None:
        self._take(np.empty(0, np.uint64), np.empty(0, np.uint32))

    def _take(self, keys: "NDArray[np.uint64]", values: "NDArray[np.uint32]") -> None:
        self._keys, self._values, self._sorted = keys, values, memoryview(keys.data)
        self._new: dict[int, list[int] | array[int]] = {}
        self._room = max(_FEWEST_NEW, len(keys) // _NEW)

    def add(self, key: int, value: int) -> None:
        """Put a number under a key; twice the same at once counts once."""
        held = self._new.get(key)
        if held is None:
            self._new[key] = [value]
        elif held[-1] == value:
            return
        else:
            held.append(value)
            if len(held) == _MANY:
                self._new[key] = array("I", held)
        self._room -= 1
        if self._room <= 0:
            self.settle()

    def extend(self, keys: "array[int]", values: "array[int]") -> None:
        """Put many numbers under their keys, as `add` would one by one."""
        if len(keys) < self._room:
            for key, value in zip(keys, values, strict=True):
                self.add(key, value)
            return
        own_keys, own_values = self.settle()
        every_key = np.concatenate([own_keys, np.frombuffer(keys, np.uint64)])
        order = np.argsort(every_key, kind="stable")
        every_key = every_key[order]
        every_value = np.concatenate([own_values, np.frombuffer(values, np.uint32)])[order]
        is_new = np.ones(len(order), np.bool_)
        is_new[1:] = (every_key[1:] != every_key[:-1]) | (every_value[1:] != every_value[:-1])
        self._take(every_key[is_new], every_value[is_new])

    def settle(self) -> "tuple[NDArray[np.uint64], NDArray[np.uint32]]":
        """Sort what is new in among the others, and return all keys and values."""
        if self._new:
            keys = np.fromiter(sorted(self._new), np.uint64, len(self._new))
            values = [self._new[key] for key in keys.tolist()]
            counts = np.fromiter(map(len, values), np.int64, len(values))
            places = np.repeat(np.searchsorted(self._keys, keys, "right"), counts)
            flat = np.fromiter((one for some in values for one in some), np.uint32, len(places))
            self._take(np.insert(self._keys, places, np.repeat(keys, counts)), np.insert(self._values, places, flat))
        return self._keys, self._values

    def find(self, keys: Collection[int]) -> list[Found]:
        """Return what there is of the keys that have numbers, see Found."""
        sought, found = np.fromiter(keys, np.uint64, len(keys)), list[Found]()
        starts, ends = (np.searchsorted(self._keys, sought, side).tolist() for side in ("left", "right"))
        for key, start, end in zip(keys, starts, ends, strict=True):
            new = self._new.get(key, ())
            if count := end - start + len(new):
                found.append((count, key, start, end, new))
        return found

    def get(self, key: int, most: int) -> Sequence[int]:
        """Return the first numbers of a key, up to `most`."""
        new = self._new.get(key, [])
        start = bisect_left(self._sorted, key)
        if start == len(self._keys) or self._sorted[start] != key:
            return new[:most]
        end = min(bisect_right(self._sorted, key, start), start + most)
        held: list[int] = self._values[start:end].tolist()
        return [*held, *new[: most - len(held)]]

    def places(self, found: Iterable[Found]) -> "NDArray[np.uint32]":
        """Return all numbers of what was found."""
        parts = list["NDArray[np.uint32]"]()
        for _, _, start, end, new in found:
            if end > start:
                parts.append(self._values[start:end])
            if new:
                parts.append(np.frombuffer(new, np.uint32) if isinstance(new, array) else np.array(new, np.uint32))
        return np.concatenate(parts)


class Lexicon:
    """The names and aliases of known concepts; `names` has the first name that each was added with, by key.

    Without `by_likeness` it holds no trigrams, and only other ways of writing a name are found.
    """

    def __init__(self, most: int = POSTINGS, *, by_likeness: bool = True) -> None:
        self.names: dict[str, str] = {}
        self._most, self._by_likeness = most, by_likeness
        self._numbers: dict[str, int] = {}  # key -> its place in `_by_number`
        self._by_number: list[str] = []
        self._texts: list[str] = []  # canonical spellings, by slot
        self._owners = array("I")  # slot -> number of the concept
        self._slots: dict[int, list[int]] = {}  # number -> its further slots
        self._first = array("I")  # number -> its first slot
        self._acronyms: dict[int, set[str]] = {}  # number -> letters of the spellings that are acronyms
        self._postings = Postings()
        self._sizes = np.empty(_FEWEST_SLOTS, np.float32)  # trigrams of the spelling in a slot
        self._marks = np.empty(_FEWEST_SLOTS, np.uint64)  # and the mark of it

    def add(self, key: str, *names: str) -> None:
        """Take in a concept's key with its name and aliases; the key itself is always one of its spellings."""
        self._take(key, names, self._postings.add)

    def add_all(self, rows: Iterable[tuple[str, ...]]) -> None:
        """Take in many concepts, each a key and names, as `add` would one by one, in less time and memory."""
        keys, values = array("Q"), array("I")

        def put(key: int, value: int) -> None:
            keys.append(key)
            values.append(value)

        for key, *names in rows:
            self._take(key, names, put)
        self._postings.extend(keys, values)

    def _take(self, key: str, names: Sequence[str], put: Callable[[int, int], None]) -> None:
        """Take in a concept, and `put` its number under its terms and those of its spellings under their trigrams."""
        self.names.setdefault(key, names[0] if names else key)
        number = self._numbers.setdefault(key, len(self._by_number))
        if number == len(self._by_number):
            self._by_number.append(key)
            self._first.append(len(self._texts))
        for name in dict.fromkeys((key, *names)):
            text, parts, letters = canonical(name), form(name), short_form(name)
            terms: list[tuple[Term, str]] = [("text", text), ("acronym", letters), ("definition", parts.acronym)]
            terms += [("initials", parts.initials), *(("signature", signature) for signature in parts.signatures)]
            terms += [("shortening", short) for short in shortenings(guesses(name) if letters else "")]
            if (plural := common(_ENDING.sub("", text))) != text:
                terms.append(("plural", plural))
            terms += [
                *(("plural", one) for one in doubtful_singulars(name)),
                *(("letters", one) for one in letters_of(name)),
            ]
            base, inside = _aliased(name)
            terms += [*(("inside", one) for one in inside), *(("base", signature) for signature in base)]
            head = plural.rpartition(" ")[2] if " " in plural else ""
            terms += [("core", " ".join(parts.core)), ("head", head), ("dotted", head if "." in name else "")]
            for term, said in terms:
                if said:
                    put(_hash(term, said), number)
            if letters:
                self._acronyms.setdefault(number, set()).add(letters)
            if text in self._spellings(number):
                continue
            slot, grams = len(self._texts), _trigrams(text) if self._by_likeness else frozenset()
            self._texts.append(key if text == key else text)
            self._owners.append(number)
            if slot != self._first[number]:
                self._slots.setdefault(number, []).append(slot)
            if slot == len(self._sizes):
                self._sizes = np.concatenate([self._sizes, np.empty_like(self._sizes)])
                self._marks = np.concatenate([self._marks, np.empty_like(self._marks)])
            self._sizes[slot], self._marks[slot] = len(grams), _mark(grams)
            for gram in grams:
                put(gram, slot)

    def dump(self) -> bytes:
        """Return all of it in bytes, which `restored` reads."""
        keys, values = self._postings.settle()
        lists = {
            "keys": self._by_number,
            "names": [*self.names.items()],
            "texts": self._texts,
            "slots": [*self._slots.items()],
            "acronyms": [[number, sorted(letters)] for number, letters in self._acronyms.items()],
            "postings": len(keys),
        }
        text, slots = json.dumps(lists).encode(), len(self._texts)
        arrays: list[Any] = [keys, values, self._owners, self._first, self._sizes[:slots], self._marks[:slots]]
        return b"".join((len(text).to_bytes(8, "little"), text, *arrays))

    @classmethod
    def restored(cls, data: bytes | memoryview) -> "Lexicon":
        """Return the lexicon of which `dump` made these bytes; raises ValueError or KeyError for any others."""
        end = 8 + int.from_bytes(data[:8], "little")
        lists, own = json.loads(bytes(data[8:end])), cls()
        own.names, own._by_number, own._texts = dict(lists["names"]), lists["keys"], lists["texts"]
        own._numbers = {key: number for number, key in enumerate(own._by_number)}
        own._slots = dict(lists["slots"])
        own._acronyms = {number: set(letters) for number, letters in lists["acronyms"]}
        count, slots, numbers = lists["postings"], len(own._texts), len(own._by_number)
        parts = list[Any]()
        sizes = (("u8", count), ("u4", count), ("u4", slots), ("u4", numbers), ("f4", slots), ("u8", slots))
        for kind, size in sizes:
            parts.append(np.require(np.frombuffer(data, f"<{kind}", size, end), requirements="A"))  # wherever it begins
            end += parts[-1].nbytes
        keys, values, owners, first, grams, marks = parts
        own._postings._take(keys, values)  # noqa: SLF001  # the two are one
        own._owners, own._first = array("I", owners.tobytes()), array("I", first.tobytes())
        room = max(_FEWEST_SLOTS, 2 * slots)
        own._sizes, own._marks = np.empty(room, np.float32), np.empty(room, np.uint64)
        own._sizes[:slots], own._marks[:slots] = grams, marks
        return own

    def _spellings(self, number: int) -> Iterator[str]:
        """Yield the canonical spellings of a concept."""
        first = self._first[number]
        if first < len(self._texts):
            yield self._texts[first]
        yield from (self._texts[slot] for slot in self._slots.get(number, ()))

    def _keys(self, term: Term, text: str) -> Iterable[str]:
        """Return the concepts with a term, each once, in the order in which they came."""
        return (self._by_number[number] for number in self._numbers_of(term, text))

    def _numbers_of(self, term: Term, text: str) -> Iterable[int]:
        return dict.fromkeys(self._postings.get(_hash(term, text), SHARING)) if text else ()

    def is_usual_head(self, name: str) -> bool:
        """Tell whether the last word of a name ends others too that begin otherwise, as a common noun does."""
        own, _, head = common(canonical(name)).rpartition(" ")
        others = set[str]()
        for number in self._numbers_of("head", head):
            ends = (common(text).rpartition(" ") for text in self._spellings(number))
            others |= {before for before, _, last in ends if last == head and before not in {"", own}}
            if len(others) >= _USUAL:
                return True
        return False

    def near(self, name: str, limit: int = 8) -> list[Candidate]:
        """Return the concepts a name may mean, best first, each once and for the strongest of its reasons."""
        return _strongest((*self.same(name), *self.alike(name)))[:limit]

    def same(self, name: str) -> list[Candidate]:
        """Return the concepts whose name or acronym this name is, however it is written; strongest reason first."""
        keys = self._keys
        text, parts, letters = canonical(name), form(name), short_form(name)
        found = [Candidate(text, SAME_KEY, "key")] if text in self._numbers else []
        found += [Candidate(key, SAME_ALIAS, "alias") for key in keys("text", text)]
        for signature in parts.signatures:
            found += [Candidate(key, SAME_SIGNATURE, "signature") for key in keys("signature", signature)]
        # What an acronym stands for and what abbreviates a name: first by definition, then by initials alone. A name
        # that defined the acronym before meant something else by it.
        is_taken = any(keys("definition", parts.acronym))
        for key in keys("acronym", parts.acronym):
            found.append(Candidate(key, INITIALS, "initials") if is_taken else Candidate(key, DEFINED, "acronym"))
        found += [Candidate(key, DEFINED, "acronym") for key in keys("definition", letters)]
        for short in shortenings(guesses(name) if letters else ""):
            for number in self._numbers_of("initials", short):
                if any(abbreviates(letters, spelled(long)) for long in self._spellings(number)):
                    found.append(Candidate(self._by_number[number], INITIALS, "initials"))
        for number in self._numbers_of("shortening", parts.initials):
            long = spelled(without_acronym(clean(name))[0])
            if any(abbreviates(acronym, long) for acronym in self._acronyms.get(number, ())):
                found.append(Candidate(self._by_number[number], INITIALS, "initials"))
        # A word in -s with a capital may be a plural, or a name that only looks like one.
        plural = common(_ENDING.sub("", text))
        others = [*keys("plural", plural), *(keys("text", plural) if plural != text else ())]
        others += [key for one in doubtful_singulars(name) for key in keys("text", one)]
        found += [Candidate(key, PLURAL, "plural") for key in others]
        # An initial may stand for the first word of another name: E. coli, Escherichia coli.
        head = plural.rpartition(" ")[2] if _MAY_BE_SHORT.match(name) else ""
        for number in self._numbers_of("head" if "." in name else "dotted", head):
            other = self.names[self._by_number[number]]
            is_short = other[:1] == name[:1] and ("." in name or "." in other)
            if is_short and (has_initial(name, other) or has_initial(other, name)):
                found.append(Candidate(self._by_number[number], INITIALS, "initial"))
        # What stands in brackets after a name may be another name of it.
        base, inside = _aliased(name)
        letters_alone = letters_of(name)
        aliases: list[tuple[Term, str]] = [("inside", one) for one in letters_alone]
        aliases += [*(("base", one) for one in parts.signatures), *(("letters", one) for one in inside)]
        aliases += [("signature", one) for one in base]
        found += [Candidate(key, BRACKET, "bracket") for term, said in aliases for key in keys(term, said)]
        return _strongest(found)

    def _sharing(self, name: str, grams: frozenset[int]) -> list[int]:
        """Return the slots of the spellings that share most trigrams with a name, looked up from the rarest on."""
        postings = self._postings
        counts, size = sorted(postings.find(grams)), np.float32(len(grams))
        used, left = list[Found](), self._most
        for one in counts:
            left -= one[0]
            if left < 0 and used:
                break
            used.append(one)
        if not used:
            return []
        # Most spellings share one or two of them and no more: what is not there `few` times is not counted.
        least = _LEAST_IN_COMMON * (1 + _SHORTEST) * size
        few = max(1, ceil(least * len(used) / len(counts) / 2 - _ROUNDING))
        held = postings.places(used)
        if len(self._texts) <= _COUNTED * len(held):  # then counting in an array is quicker than sorting
            counted = np.bincount(held)
            places = np.flatnonzero(counted >= few)
            common = counted[places]
        else:
            held = np.sort(held)
            last = held[few - 1 :]
            places, more = np.unique(last[last == held[: len(last)]], return_counts=True)
            common = more + (few - 1)
        # Where the commonest trigrams were left out, what is shared of the others stands for all.
        shared = common.astype(np.float32) * np.float32(len(counts) / len(used))
        enough = 2 * shared >= least
        places, shared = places[enough], shared[enough]
        sizes = self._sizes[places]
        dice = 2 * np.minimum(shared, sizes) / (sizes + size)
        enough = dice >= _LEAST_IN_COMMON
        places, dice = places[enough], dice[enough]
        if len(used) < len(counts):
            best = _best(dice, _SHORTLIST)
            places, own = places[best], np.uint64(_mark(grams))
            marks = self._marks[places]
            in_common = np.bitwise_count(marks & own).astype(np.float32)
            dice = 2 * in_common / (np.bitwise_count(marks) + np.float32(own.bit_count()))
        best = _best(dice, _SCORED)
        places, dice = places[best], dice[best]
        found: list[int] = places[np.lexsort((places, -dice))][:_SCORED].tolist()
        if len(used) < len(counts):
            found += [self._first[number] for number in self._numbers_of("core", " ".join(form(name).core))]
        return found

    def with_core(self, core: Sequence[str]) -> set[str]:
        """Return the concepts of which a spelling has this core, see `Form`."""
        return set(self._keys("core", " ".join(core)))

    def lettered(self, name: str) -> list[Candidate]:
        """Return the concepts of a name with the same letters, whatever marks, signs and blanks it has."""
        keys = dict.fromkeys(key for letters in letters_of(name) for key in self._keys("letters", letters))
        return [Candidate(key, SAME_LETTERS, "letters") for key in keys]

    def alike(self, name: str) -> list[Candidate]:
        """Return the concepts with the most trigrams in common, scored by edit distance in either word order."""
        if not self._by_likeness:
            return []
        text = canonical(name)
        grams, slots = _trigrams(text), len(self._texts)
        if slots <= _SCORED and self._most >= POSTINGS:  # the names of one reply: all are scored
            others = list(map(_trigrams, self._texts))
            enough = [_LEAST_IN_COMMON * (len(grams) + len(other)) for other in others]
            found = [slot for slot, other in enumerate(others) if 2 * len(grams & other) >= max(1, enough[slot])]
        else:
            found = self._sharing(name, grams)
        if not found:
            return []
        texts, scores = [self._texts[place] for place in found], dict[str, float]()
        ratios = np.maximum(
            *(
                process.cdist([text], texts, scorer=one, dtype=np.float64, score_cutoff=100 * LEAST_LIKENESS)[0]
                for one in (fuzz.ratio, fuzz.token_sort_ratio)
            )
        )
        like = np.flatnonzero(ratios >= 100 * LEAST_LIKENESS)
        for at in like[np.argsort(-ratios[like], kind="stable")][:_LOOKED_AT].tolist():
            scores.setdefault(self._by_number[self._owners[found[at]]], float(ratios[at]) / 100)
        return [Candidate(key, score, "likeness") for key, score in scores.items()]


@lru_cache(_REMEMBERED)  # a name is looked up first, and added then
def _hash(term: Term, text: str) -> int:
    return int.from_bytes(blake2b(f"{term} {text}".encode(), digest_size=8).digest(), "little") | _TERM


def _aliased(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the signatures of what stands before the brackets of a name, and the letters of an alias that they give.

    Nothing where there are none, or they say which one of several is meant.
    """
    before, inside, after = brackets(clean(name))
    if not before or after or not is_alias(inside):
        return (), ()
    return form(before).signatures, letters_of(inside)


def _strongest(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return each concept once, by its highest score, best first; of equal scores the first one counts."""
    best: dict[str, Candidate] = {}
    for one in candidates:
        if one.key not in best or one.score > best[one.key].score:
            best[one.key] = one
    return sorted(best.values(), key=lambda one: (-one.score, one.key))


def _best(scores: "NDArray[np.float32]", most: int) -> "slice | NDArray[np.bool_]":
    """Return what selects the highest scores: `most` of them, and all that equal the lowest of these."""
    return slice(None) if len(scores) <= most else scores >= np.partition(scores, -most)[-most]


def _mark(grams: Iterable[int]) -> int:
    """Return 64 bits in which each trigram has set one."""
    mark = 0
    for gram in grams:
        mark |= 1 << (gram * _SPREAD >> 58 & 63)
    return mark


@lru_cache(_REMEMBERED)
def _trigrams(text: str) -> frozenset[int]:
    """Return the trigrams of every word, padded, as numbers, so that the order of words does not matter."""
    return frozenset[int]().union(*map(_trigrams_of_word, text.split()))


@lru_cache(_WORDS)
def _trigrams_of_word(word: str) -> tuple[int, ...]:
    codes = [32, *map(ord, word), 32]
    return tuple(
        codes[at] << 2 * _BITS | codes[at + 1] << _BITS | codes[at + 2] for at in range(len(codes) - _GRAM + 1)
    )
