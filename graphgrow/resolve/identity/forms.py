"""The ways one name may be written: spelling, spacing, word order, acronyms, folded to signatures to look up.

Two names with a signature in common are the same words: "aluminium fibre" and "aluminum fibers", "light weight" and
"lightweight", "resistance to impact" and "impact resistance", "carbon nanotubes (CNTs)" and "carbon nanotube".
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from graphgrow.graph.keys import canonical, clean
from graphgrow.resolve.identity.words import words

_BRACKETED = re.compile(r"^(?P<before>[^()]*?)\s*\((?P<inside>[^()]+)\)\s*(?P<after>[^()]*)$")
_ACRONYM = re.compile(r"^(?P<letters>[A-Z][A-Z0-9-]*[A-Z0-9])s?$")
_SHORTEST_STEM = 4  # letters before a British ending: "wise" and "rise" have none
_SHORTEST_JOINED = 7  # characters: shorter words run together too often mean something else
_MOST_LETTERS = 6
_FEWEST_LETTERS = 2
_FEWEST_GUESSED = 3  # two letters are the initials of too much


@dataclass(frozen=True, slots=True)
class Form:
    """A name taken apart: its words as America writes them, every signature it has, and the acronym it defines.

    `acronym` is the short form a name gives in brackets ("" where it gives none), `initials` what its words begin with.
    """

    words: tuple[str, ...]
    signatures: tuple[str, ...]
    acronym: str = ""
    initials: str = ""


def american(word: str) -> str:
    """Return one lower-case word in American spelling and in the singular."""
    tables = words()
    word = tables.plurals.get(word, word)
    # The longest beginning decides: none of them is longer than twelve letters.
    for end in range(min(len(word), 12), 3, -1):
        if word[:end] in tables.begins:
            return tables.begins[word[:end]] + word[end:]
    for ending, written in tables.ends.items():
        if len(word) - len(ending) >= _SHORTEST_STEM and word.endswith(ending):
            return word.removesuffix(ending) + written
    return word


def spelled(name: str) -> tuple[str, ...]:
    """Return the words of a name's canonical key in American spelling, without articles inside."""
    found = [american(word) for word in canonical(name).split()]
    kept = [word for place, word in enumerate(found) if not _is_inner_article(found, place)]
    return tuple(kept)


def _is_inner_article(found: list[str], place: int) -> bool:
    """Tell "the" in "stiffness of the material" from the letter in "vitamin a"."""
    return 0 < place < len(found) - 1 and found[place] in words().articles and found[place - 1] in _PREPOSITIONS


_PREPOSITIONS = frozenset({"of", "for", "to", "against", "from", "in", "on", "by", "with"})


@lru_cache(maxsize=100_000)
def form(name: str) -> Form:
    """Return a name taken apart."""
    text, acronym = without_acronym(clean(name))
    found = spelled(text)
    orders = (found, *_orders(found))
    signatures = dict.fromkeys(_joined(order) for order in orders)
    return Form(orders[-1], tuple(signatures), acronym, initials(found))


def without_acronym(name: str) -> tuple[str, str]:
    """Return a name without the acronym it gives in brackets, and the acronym in lower case; else the name and "".

    "carbon nanotubes (CNTs)" and "CNT (carbon nanotubes)" are carbon nanotubes; brackets that hold anything else stay.
    """
    found = _BRACKETED.match(name)
    if found is None:
        return name, ""
    before, inside, after = found["before"], found["inside"].strip(), found["after"]
    for short, long in ((inside, before), (before, inside)):
        letters = acronym_in(short)
        if letters and abbreviates(letters, spelled(long)):
            return f"{long} {after}".strip(), "" if after else letters
    return name, ""


def acronym_in(name: str) -> str:
    """Return the letters of a name that is an acronym ("CNTs", "D-FEA"), in lower case; else ""."""
    found = _ACRONYM.match(name.strip())
    letters = found["letters"].replace("-", "").casefold() if found else ""
    return letters if _FEWEST_LETTERS <= len(letters) <= _MOST_LETTERS else ""


def abbreviates(letters: str, long: tuple[str, ...]) -> bool:
    """Tell whether an acronym stands for words: all their initials in order, and between them letters of the words."""
    return _fits(letters, tuple(word for word in long if word not in words().fixed and word not in _PREPOSITIONS))


def _fits(letters: str, long: tuple[str, ...]) -> bool:
    if not long or not letters.startswith(long[0][:1]):
        return not long and not letters
    return any(
        _is_within(letters[1:end], long[0][1:]) and _fits(letters[end:], long[1:])
        for end in range(1, len(letters) + 1)
        if len(long) > 1 or end == len(letters)
    )


def _is_within(letters: str, word: str) -> bool:
    rest = iter(word)
    return all(letter in rest for letter in letters)


def initials(found: tuple[str, ...]) -> str:
    """Return the initials of two to six words, without prepositions; "" for other names."""
    bearing = [word for word in found if word not in words().fixed and word not in _PREPOSITIONS]
    return "".join(word[0] for word in bearing) if _FEWEST_LETTERS <= len(bearing) <= _MOST_LETTERS else ""


def shortenings(letters: str) -> tuple[str, ...]:
    """Return the initials of every name that an acronym of three letters or more may stand for: "cnt", "cn" or "ct"."""
    if len(letters) < _FEWEST_GUESSED:
        return ()
    rest = letters[1:]
    parts = [combination for size in range(1, len(rest) + 1) for combination in combinations(rest, size)]
    return tuple(dict.fromkeys(letters[0] + "".join(part) for part in parts))


def _orders(found: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the noun compounds that say what "head of modifier" says; none where the words are bound otherwise."""
    places = [place for place, word in enumerate(found) if _turns(found, place)]
    others = [place for place, word in enumerate(found) if word in words().fixed or word in {"of", "for", "to"}]
    if len(places) != 1 or any(place != places[0] for place in others):
        return []
    head, modifier = found[: places[0]], found[places[0] + 1 :]
    return list(dict.fromkeys([modifier + head, (*head[:-1], *modifier, head[-1])]))


def _turns(found: tuple[str, ...], place: int) -> bool:
    if not 0 < place < len(found) - 1:
        return False
    word = found[place]
    return word in {"of", "for"} or found[place - 1] in words().heads.get(word, frozenset())


def _joined(order: tuple[str, ...]) -> str:
    """Return the words without spaces where they may run together, else with them."""
    together = "".join(order)
    bound = not (words().fixed | _PREPOSITIONS).isdisjoint(order) or any(len(word) == 1 for word in order)
    apart = bound or len(together) < _SHORTEST_JOINED or not together.isalpha()
    return " ".join(order) if apart else together
