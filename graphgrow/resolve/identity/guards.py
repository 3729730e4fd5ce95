"""Why two names that look or mean alike are still two things: reasons that forbid a merge by likeness.

Every rule is symmetric and knows English words only (words.toml). `opposed` holds against any likeness; `contradiction`
adds what holds against alike spelling: another head noun, or one name that is a special case of the other.
"""

import re
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from functools import lru_cache
from math import log2

from rapidfuzz.distance import OSA

from graphgrow.graph.keys import canonical, clean
from graphgrow.resolve.identity.forms import acronym_in, form
from graphgrow.resolve.identity.words import words

LEAST_NEIGHBOURS = 5
LEAST_SHARED = 0.05
_SHORTEST_REST = 4  # letters that two words share after different prefixes, before different suffixes
_SHORTEST_SLIP = 6  # letters; one more or less in a shorter word is another word
_ROMAN = re.compile(r"^(?=[ivx])(x{0,3})(ix|iv|v?i{0,3})$")
_DIGIT = re.compile(r"\d")
_FORMULA = re.compile(r"^(?:[A-Z][a-z]?\d*){2,}$|^[A-Z][a-z]?\d+$")
_EPONYM = re.compile(r"\b([A-Z]\w+)['\u2019]s\b")
_BINOMIAL = re.compile(r"^([A-Z][a-z]+(?:a|um|us|is)|[A-Z]\.) ([a-z]+(?:a|um|us|is|i|ii|ae|ens|or))$")

REMEMBERED = 8192  # names: a new one is compared with several, and these with many new ones

Pair = tuple[frozenset[str], frozenset[str]]


def contradiction(one: str, other: str) -> str:
    """Return why two names must not be merged however alike they are written, in words; "" where nothing says so."""
    return opposed(one, other) or _special_case(one, other) or _other_head(one, other)


def opposed(one: str, other: str) -> str:
    """Return why two names must not be merged however alike they are or mean; "" where nothing says so."""
    one, other = sorted((clean(one), clean(other)))
    named = _other_names(one, other)
    mine, others = form(one), form(other)
    if named or not set(mine.signatures).isdisjoint(others.signatures):
        return named
    left, right = frozenset(mine.words), frozenset(others.words)
    pair = (left - right, right - left)
    return next((reason for rule in _RULES if (reason := rule(pair))), "")


def narrower(one: str, other: str) -> bool:
    """Tell whether the first name has all the words of the second and more that say something."""
    mine, others = core(one), core(other)
    return set(others) < set(mine)


def core(name: str) -> tuple[str, ...]:
    """Return the words of a name without the last ones that say little: "hot forging" of "hot forging process"."""
    found = form(name).words
    while len(found) > 1 and found[-1] in words().light:
        found = found[:-1]
    return found


def disagree(one: AbstractSet[str], other: AbstractSet[str], degree: Callable[[str], int]) -> bool:
    """Tell whether two sets of neighbours belong to two things of one name.

    The rule: each has at least LEAST_NEIGHBOURS, and what they share weighs less than LEAST_SHARED of the lighter one.
    A neighbour weighs 1 / log2(2 + its degree), so a hub that is everybody's neighbour says little.
    """
    if min(len(one), len(other)) < LEAST_NEIGHBOURS:
        return False
    weights = {key: 1 / log2(2 + degree(key)) for key in one | other}
    lighter = min(sum(weights[key] for key in side) for side in (one, other))
    return sum(weights[key] for key in one & other) < LEAST_SHARED * lighter


def _special_case(one: str, other: str) -> str:
    for special, general in sorted([(one, other), (other, one)]):
        if narrower(special, general):
            return f"{special} is a special case of {general}"
    return ""


def _other_head(one: str, other: str) -> str:
    left, right = sorted(core(name)[-1] if core(name) else "" for name in (one, other))
    same = not set(form(one).signatures).isdisjoint(form(other).signatures)
    return "" if same or left == right or _slip(left, right) else f"{left} and {right} are different heads"


def _slip(one: str, other: str) -> bool:
    """Tell whether two words differ by one letter, or two that changed places, as a slip of the pen makes them."""
    return max(len(one), len(other)) >= _SHORTEST_SLIP and OSA.distance(one, other, score_cutoff=1) <= 1


def _other_names(one: str, other: str) -> str:
    """Compare what a key has folded away: capitals of formulas and acronyms, names of people and species."""
    for what, found in _FOLDED.items():
        left, right = found(one), found(other)
        if left and right and not left & right:
            return f"{_either(min(left), min(right))} are different {what}"
    left_species, right_species = _BINOMIAL.match(one), _BINOMIAL.match(other)
    if left_species and right_species and left_species[1] == right_species[1] and left_species[2] != right_species[2]:
        return f"{_either(one, other)} are different species"
    return ""


@lru_cache(REMEMBERED)
def _symbols(name: str) -> frozenset[str]:
    """Return a one-letter name: G' is not G'', and H is not h."""
    return frozenset((name,)) if len(canonical(name)) == 1 else frozenset()


@lru_cache(REMEMBERED)
def _formulas(name: str) -> frozenset[str]:
    return frozenset(word for word in name.split() if _FORMULA.match(word) and not acronym_in(word))


@lru_cache(REMEMBERED)
def _acronyms(name: str) -> frozenset[str]:
    return frozenset(letters for word in name.split() if (letters := acronym_in(word)))


@lru_cache(REMEMBERED)
def _people(name: str) -> frozenset[str]:
    return frozenset(_EPONYM.findall(name))


_FOLDED: dict[str, Callable[[str], frozenset[str]]] = {
    "symbols": _symbols,
    "formulas": _formulas,
    "acronyms": _acronyms,
    "people": _people,
}


def _numbers(pair: Pair) -> str:
    """Digits, Roman numerals and single letters tell members of a series apart."""
    left, right = ({word for word in side if _counts(word)} for side in pair)
    if not (left or right):
        return ""
    if left and right:
        return f"{_either(min(left), min(right))} are different numbers or letters"
    return f"only one of them has {min(left or right)}"


def _counts(word: str) -> bool:
    return bool(_DIGIT.search(word) or _ROMAN.match(word)) or len(word) == 1


def _kinds(pair: Pair) -> str:
    for kind, members in words().kinds.items():
        left, right = (side & members for side in pair)
        if left and right:
            return f"{_either(min(left), min(right))} are different {kind}"
    return ""


def _negation(pair: Pair) -> str:
    """A word that denies, in one name only, or at the beginning of a word that the other has without it."""
    denying = sorted(word for side in pair for word in side if word in words().negations)
    if denying:
        return f"only one of them says {denying[0]}"
    for plain, denied in _across(pair):
        prefix = denied.removesuffix(plain)
        if prefix != denied and prefix in words().negating and len(plain) >= _SHORTEST_REST:
            return f"{denied} denies {plain}"
        if denied == f"{plain}less":
            return f"{denied} denies {plain}"
    return ""


def _antonyms(pair: Pair) -> str:
    groups = words().groups
    for left, right in _across(pair):
        if groups.get(left, frozenset()) & groups.get(right, frozenset()):
            return f"{_either(left, right)} are opposites or alternatives"
    return ""


def _affixes(pair: Pair) -> str:
    """Different prefixes of one rest ("micro", "nano", none), different endings of one chemical ("-ate", "-ite")."""
    for left, right in _across(pair):
        if _other_prefix(left, right) or _other_suffix(left, right):
            return f"{_either(left, right)} are different words of one stem"
    return ""


def _other_prefix(one: str, other: str) -> bool:
    return not _rests(one).isdisjoint(_rests(other))


def _other_suffix(one: str, other: str) -> bool:
    return not _stems(one).isdisjoint(_stems(other))


@lru_cache(maxsize=50_000)
def _rests(word: str) -> frozenset[str]:
    """Return a word and what is left of it after each prefix, where that is long enough to be a word."""
    rests = {word, *(word.removeprefix(prefix) for prefix in words().prefixes)}
    return frozenset(rest for rest in rests if len(rest) >= _SHORTEST_REST)


@lru_cache(maxsize=50_000)
def _stems(word: str) -> frozenset[str]:
    stems = {word.removesuffix(suffix) for suffix in words().suffixes if word.endswith(suffix)}
    return frozenset(stem for stem in stems if len(stem) >= _SHORTEST_REST - 1)


_RULES: tuple[Callable[[Pair], str], ...] = (_numbers, _kinds, _negation, _antonyms, _affixes)


def _across(pair: Pair) -> Iterator[tuple[str, str]]:
    """Yield every word of one side with every word of the other, both ways round."""
    for left in sorted(pair[0]):
        for right in sorted(pair[1]):
            yield left, right
            yield right, left


def _either(one: str, other: str) -> str:
    return " and ".join(sorted((one, other)))
