"""A name taken apart: its words in one notation and spelling, the orders they may stand in, what abbreviates them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

from graphgrow.graph.keys import clean
from graphgrow.resolve.identity.notation import brackets, joined, normal, short_form
from graphgrow.resolve.identity.words import words

_ACRONYM = re.compile(r"^(?P<letters>[A-Z][A-Z0-9-]*[A-Z0-9])s?$")
_SHORTEST_STEM = 4  # letters before a British ending: "wise" and "rise" have none
_SHORTEST_JOINED = 7  # characters: shorter words run together too often mean something else
_MOST_LETTERS = 6
_FEWEST_LETTERS = 2
_FEWEST_GUESSED = 3  # two letters are the initials of too much
_POSSESSIVE = re.compile(r"(?<=\w)['\u2019]s\b")


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
        signatures[together if may_join else joined(" ".join(order))] = None
    if _POSSESSIVE.search(text):  # "Young's modulus" is the Young modulus
        signatures |= dict.fromkeys(form(_POSSESSIVE.sub("", text)).signatures)
    bearing = [word for word in plain if word not in tables.joining]
    initials = "".join(word[0] for word in bearing) if _FEWEST_LETTERS <= len(bearing) <= _MOST_LETTERS else ""
    core = orders[-1]
    while len(core) > 1 and core[-1] in tables.light:
        core = core[:-1]
    return Form(orders[-1], tuple(signatures), acronym, initials, core)


def spelled(name: str) -> tuple[str, ...]:
    """Return the words of a name in one notation, American spelling and the singular, without articles inside."""
    tables = words()
    spelling: list[str] = []
    for plural in normal(name).split():
        word = tables.plurals.get(plural, plural)
        # The longest beginning decides, none is longer than twelve letters; else the ending does.
        begins = (word[:end] for end in range(min(len(word), 12), 3, -1))
        begin = next((one for one in begins if one in tables.begins), "")
        ends = (one for one in tables.ends if word.endswith(one) and len(word) - len(one) >= _SHORTEST_STEM)
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

    "carbon nanotubes (CNTs)" and "CNT (carbon nanotubes)" are carbon nanotubes, "major ampullate spidroin 1 (MaSp1)" is
    the spidroin; brackets that hold anything else stay.
    """
    before, inside, after = brackets(name)
    if not inside:
        return name, ""
    for short, long in ((inside, before), (before, inside)):
        letters = short_form(short)
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
            if word.isdigit():  # a number is given whole: nylon 6 is not nylon 66
                further |= {start + len(word)} if letters.startswith(word, start) else set()
                continue
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
    if not _FEWEST_GUESSED <= len(letters) <= _MOST_LETTERS:
        return ()
    rest = letters[1:]
    parts = [combination for size in range(1, len(rest) + 1) for combination in combinations(rest, size)]
    return tuple(dict.fromkeys(letters[0] + "".join(part) for part in parts))
