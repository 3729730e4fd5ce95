"""Why two names are two however similar they look: other numbers, signs, members of a series, opposites, heads."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache
from itertools import product
from math import log2

from rapidfuzz.distance import OSA

from graphgrow.graph.keys import canonical, clean, is_common_noun, is_titled, plural_of, singular, without_article
from graphgrow.resolve.identity.spelling import SIGN, acronym_in, form, marks, spelled, without_acronym, words
from graphgrow.resolve.units import units

LEAST_NEIGHBOURS = 5
LEAST_SHARED = 0.05
REMEMBERED = 8192  # names: a new one is compared with several, and these with many new ones
_SHORTEST_REST = 4  # letters that two words share after different prefixes, before different suffixes
_SHORTEST_SLIP = 6  # letters; with one more or less, a shorter word is another word
_LONGEST_COMPOUND = 12  # letters: a longer compound seldom means more than its parts, unlike Greenhouse
_NUMBER = re.compile(r"\d|^.$|^(?=[ivx])x{0,3}(?:ix|iv|v?i{0,3})$")  # digits, single letters, Roman numerals
_FORMULA = re.compile(r"^(?:[A-Z][a-z]?\d*){2,}$|^[A-Z][a-z]?\d+$")
_EPONYM = re.compile(r"\b([A-Z]\w+)['\u2019]s\b")
# A letter or two, with a charge, a number or an exponent.
_SYMBOL = re.compile(r"([A-Za-z]{1,2}|[^\W\d_])[\W\d\u00b2\u00b3\u00b9\u2070-\u209f]*")
_DIFFERENCE = re.compile(r"[a-z][-\u2010-\u2015\u2212][0-9]+")  # n-1, one less than n; n1 is the first of several
GAP = re.compile(r"[\s_\-\u2010-\u2015]+")
_CODE_GAP = re.compile(r"(?<=[A-Z]) (?=[0-9])")  # IL 6 is IL6
_TOKEN = re.compile(r"[^\W\d_]+")
_EXCLAIMED = re.compile(r"\S*[^\W\d_][!?]+(?!\S)")
_LONE_GREEK = re.compile("(?<![\u0370-\u03ff\u1f00-\u1fff])[\u0391-\u03c9](?![\u0370-\u03ff\u1f00-\u1fff])")
_CASED_UNITS = frozenset("mpsthgb")  # letters that stand for something else as capitals: milli, mega; second, siemens
_BINOMIAL = re.compile(r"^([A-Z][a-z]+(?:a|um|us|is)|[A-Z]\.) ([a-z]+(?:a|um|us|is|i|ii|ae|ens|or))$")


def contradiction(one: str, other: str) -> str:
    """Return why two names must not be merged however alike they are written, in words; "" where nothing says so.

    Symmetric. The reasons are those of `opposed`, and that one is a special case of the other, or has another head
    noun.
    """
    against = opposed(one, other)
    if against:
        return against
    for special, general in sorted([(one, other), (other, one)]):
        if narrower(special, general):
            return f"{special} is a special case of {general}"
    mine, others = form(one), form(other)
    left, right = sorted(parts.core[-1] if parts.core else "" for parts in (mine, others))
    # One letter more or less, or two that changed places, is a slip of the pen.
    is_slip = max(len(left), len(right)) >= _SHORTEST_SLIP and OSA.distance(left, right, score_cutoff=1) <= 1
    if left == right or is_slip or not set(mine.signatures).isdisjoint(others.signatures):
        return ""
    return f"{left} and {right} are different heads"


def opposed(one: str, other: str) -> str:
    """Return why two names must not be merged however alike they are or mean; "" where nothing says so. Symmetric."""
    one, other = sorted((clean(one), clean(other)))
    if canonical(one) != canonical(other):  # WHO and who, CAT and cats, "PET scan" and "pet scan"; The Who is not WHO
        mine, others = (GAP.split(without_article(name)) for name in (one, other))
        is_same = [singular(word.casefold()) for word in mine] == [singular(word.casefold()) for word in others]
        for pair in zip(mine, others, strict=True) if is_same else ():
            in_capitals = [word for word in pair if acronym_in(word)]
            if len(in_capitals) == 1 and any(word.islower() or word[2:].islower() for word in pair):
                return "only one of them " + ("is" if len(mine) == 1 else f"has {in_capitals[0]}") + " in capitals"
    # In units, and in Greek letters, the case has a meaning: 5 mg and 5 Mg, nM and nm, ΔG and δG.
    for left, right in zip(_TOKEN.findall(one), _TOKEN.findall(other), strict=False):
        if left == right or left.casefold() != right.casefold():
            continue
        changed = [
            at for at, (a, b) in enumerate(zip(left, right, strict=False)) if a != b and a.lower() in _CASED_UNITS
        ]
        has_prefix = changed[:1] == [0] and left[0] in "mMpP" and not (left[1:] + right[1:]).islower()
        known = {left, right} & units().symbols
        if changed and (len(known) > 1 or (known and has_prefix)):
            return f"{_either(left, right)} are different units"
    folded = _folded(one)
    for what, right in _folded(other).items() if folded else ():
        left = folded.get(what)
        if left and not left & right:
            return f"{_either(min(left), min(right))} are different {what}"
    signs_of_one, signs_of_other = sorted((marks(one), marks(other)))
    if signs_of_one != signs_of_other:  # NO• and NO, n! and n, [111] and {111}
        if signs_of_one:
            return f"{signs_of_one} and {signs_of_other} are different signs"
        return f"only one of them has {signs_of_other}"
    if bool(_DIFFERENCE.fullmatch(one)) != bool(_DIFFERENCE.fullmatch(other)):
        return "only one of them may be a difference"
    species, others_species = _BINOMIAL.match(one), _BINOMIAL.match(other)
    if species and others_species and species[1] == others_species[1] and species[2] != others_species[2]:
        return f"{_either(one, other)} are different species"
    forms = form(one), form(other)
    if not set(forms[0].signatures).isdisjoint(forms[1].signatures):
        return ""

    # The words that only one or only the other name has.
    left, right = set(forms[0].words) - set(forms[1].words), set(forms[1].words) - set(forms[0].words)
    tables = words()
    # A word with a sign is another word: "rh+" and "rh-", ">" and "<".
    signs, others_signs = ({word for word in side if SIGN.search(word)} for side in (left, right))
    if signs and others_signs:
        return f"{_either(min(signs), min(others_signs))} are different symbols"
    if signs or others_signs:
        return f"only one of them has {min(signs or others_signs)}"
    # Digits, Roman numerals and single letters tell members of a series apart.
    numbers, others_numbers = ({word for word in side if _NUMBER.search(word)} for side in (left, right))
    if numbers and others_numbers:
        return f"{_either(min(numbers), min(others_numbers))} are different numbers or letters"
    if numbers or others_numbers:
        return f"only one of them has {min(numbers or others_numbers)}"
    for kind, members in tables.kinds.items():
        if not (left.isdisjoint(members) or right.isdisjoint(members)):
            return f"{_either(min(left & members), min(right & members))} are different {kind}"
    # A word that denies, in one name only, or at the beginning or end of a word that the other has without it.
    negations = (left | right) & tables.negations
    if negations:
        return f"only one of them says {min(negations)}"
    pairs = list(product(sorted(left), sorted(right)))
    for plain, denied in (pair for one, other in pairs for pair in ((one, other), (other, one))):
        prefix = denied.removesuffix(plain)
        has_prefix = prefix != denied and prefix in tables.negating and len(plain) >= _SHORTEST_REST
        if has_prefix or denied == f"{plain}less":
            return f"{denied} denies {plain}"
    for one, other in pairs:
        if tables.groups.get(one, frozenset()) & tables.groups.get(other, frozenset()):
            return f"{_either(one, other)} are opposites or alternatives"
    # Different prefixes of one rest ("micro", "nano", none), different endings of one chemical ("-ate", "-ite").
    for one, other in pairs:
        if any(not rests.isdisjoint(same) for rests, same in zip(_rests(one), _rests(other), strict=True)):
            return f"{_either(one, other)} are different words of one stem"
    return ""


@lru_cache(REMEMBERED)
def _folded(name: str) -> Mapping[str, set[str]]:
    """Return what a key has folded away, by kind, where it has."""
    parts = _CODE_GAP.sub("", name).split()
    symbol = _SYMBOL.fullmatch(name)
    folded = {
        "symbols": {symbol[1]} if symbol else set(),
        "formulas": {part for part in parts if _FORMULA.match(part) and not acronym_in(part)},
        "acronyms": {letters for part in parts if (letters := acronym_in(part))},
        "people": set(_EPONYM.findall(name)),
        "Greek letters": set() if name.isascii() else set(_LONE_GREEK.findall(unicodedata.normalize("NFKC", name))),
    }
    return {what: said for what, said in folded.items() if said}


def doubt(one: str, other: str, *, is_mute: bool = False) -> str:
    """Return why the same words may be two names after all, by their order, a blank or a spelling; else "".

    Where capitals say nothing (`is_mute`) they are no reason, but a glass of wine is no wine glass in any letters.
    """
    raw, others_raw = (without_acronym(clean(name))[0].replace("-", " ").split() for name in sorted((one, other)))
    left, right = sorted((raw, others_raw), key=lambda side: "of" in map(str.lower, side))
    mine, others = ([word.lower() for word in side] for side in (left, right))
    if "of" in others and "of" not in mine and 0 < (place := others.index("of")) < len(others) - 1:
        head, owner = right[place - 1], right[place + 1 :]
        if singular(head.lower()) in words().containers:
            return f"a {head.lower()} of something may be none for it"
        names = {word for word in left if _is_capitalised(word)}
        if not is_mute and _is_capitalised(head) and _is_capitalised(owner[-1]) and owner[-1] in names:
            return "of two names with a capital the order may matter"
    if mine != others and len(mine) == len(others):
        changed = [pair for pair in zip(left, right, strict=True) if spelled(pair[0]) == spelled(pair[1])]
        for a, b in (pair for pair in changed if singular(pair[0].lower()) != singular(pair[1].lower())):
            capitals = sum(map(_is_capitalised, (a, b)))
            if {singular(a.lower()), singular(b.lower())} & words().proper and capitals > (len(mine) > 1):
                return f"{_either(a, b)} may be two names"
    longer, shorter = sorted((clean(one).split(), clean(other).split()), key=len, reverse=True)
    if not is_mute and len(longer) > len(shorter) and "".join(longer).casefold() == "".join(shorter).casefold():
        whole = {word.casefold() for word in shorter}
        inner = (word for word in longer[1:] if word.casefold() not in whole)
        if any(map(_is_capitalised, inner)) and max(map(len, shorter)) <= _LONGEST_COMPOUND:
            return "only one of them has a capital inside"
    # Punctuation ends a sentence, and it is part of names: Yahoo!, Guess Who?
    exclaimed, others_exclaimed = (
        set(_EXCLAIMED.findall(unicodedata.normalize("NFKC", clean(name)))) for name in (one, other)
    )
    for word in sorted(exclaimed ^ others_exclaimed):
        noun = plural_of(word.rstrip("!?").casefold())
        if not is_mute and word[:1].isupper() and not is_common_noun(noun):
            return f"{word} may be a name with its mark"
    return ""


def _is_capitalised(word: str) -> bool:
    return word[:1].isupper() and word[1:2].islower()


def is_number_of_title(one: str, other: str) -> bool:
    """Tell whether two names of one key are a title of several words and its words in another number, the last small.

    "Red Cross" and "red crosses" are; so are "Solar Panel" and "solar panels", but not "Carbon Fiber".
    """
    for title, small in ((one, other), (other, one)):
        mine, others = GAP.split(title), GAP.split(small)
        *before, last = (word.casefold() for word in mine)
        *others_before, others_last = (word.casefold() for word in others)
        if (
            before
            and before == others_before
            and last != others_last
            and not any(map(is_common_noun, (last, others_last)))
            and all(_is_capitalised(word) or word.islower() for word in mine)
            and all(map(_is_capitalised, (mine[0], mine[-1])))
            and others[-1].islower()
        ):
            return True
    return False


def is_title_of(one: str, other: str) -> bool:
    """Tell whether one of two names is a title with its article and the other written small, "The Cure" and "cure"."""
    return any(is_titled(title) and word.islower() for title, word in ((one, other), (other, one)))


def signs(name: str) -> set[str]:
    """Return the words of a name that hold a sign."""
    return {word for word in form(name).words if SIGN.search(word)}


@lru_cache(maxsize=50_000)
def _rests(word: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return a word and what is left of it after each prefix, and before each suffix, where that is long enough."""
    after = {word, *(word.removeprefix(prefix) for prefix in words().prefixes)}
    before = {word.removesuffix(suffix) for suffix in words().suffixes if word.endswith(suffix)}
    return (
        frozenset(rest for rest in after if len(rest) >= _SHORTEST_REST),
        frozenset(rest for rest in before if len(rest) >= _SHORTEST_REST - 1),
    )


def _either(one: str, other: str) -> str:
    return " and ".join(sorted((one, other)))


def narrower(one: str, other: str) -> bool:
    """Tell whether the first name has all the words of the second and further ones that say something."""
    return set(form(other).core) < set(form(one).core)


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
