"""What words.toml knows about English, in the forms the rules of this package look things up."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Words:
    """The tables of words.toml; words.toml says what each is for.

    `joining` are the words that join others; `groups` are the numbers of the groups a word stands in, which may be
    several ("lower": not high, not upper); `kinds` are lists of words by what they are about, as a reason says it.
    """

    begins: Mapping[str, str]
    ends: Mapping[str, str]
    plurals: Mapping[str, str]
    heads: Mapping[str, frozenset[str]]
    prepositions: frozenset[str]
    joining: frozenset[str]
    fixed: frozenset[str]
    articles: frozenset[str]
    light: frozenset[str]
    negations: frozenset[str]
    negating: frozenset[str]
    groups: Mapping[str, frozenset[int]]
    kinds: Mapping[str, frozenset[str]]
    prefixes: tuple[str, ...]
    suffixes: tuple[str, ...]


@cache
def words() -> Words:
    """Return the tables, read once."""
    table = tomllib.loads(files("graphgrow.resolve.identity").joinpath("words.toml").read_text(encoding="utf-8"))
    spelling, order, guards = table["spelling"], table["order"], table["guards"]
    groups: dict[str, set[int]] = {}
    for number, line in enumerate(guards["groups"]):
        for word in line.split():
            groups.setdefault(word, set()).add(number)
    kinds = {"elements or compounds": "elements", "Greek letters": "greek", "ordinals": "ordinals",
             "numbers": "cardinals", "units": "units"}  # fmt: skip
    return Words(
        begins=spelling["begins"],
        ends=spelling["ends"],
        plurals=spelling["plurals"],
        heads={word: frozenset(order[word]) for word in ("to", "against", "from")},
        prepositions=frozenset(order["prepositions"]),
        joining=frozenset([*order["prepositions"], *order["fixed"]]),
        fixed=frozenset(order["fixed"]),
        articles=frozenset(order["articles"]),
        light=frozenset(guards["light"]),
        negations=frozenset(guards["negations"]),
        negating=frozenset(guards["negating"]),
        groups={word: frozenset(numbers) for word, numbers in groups.items()},
        kinds={kind: frozenset(guards[name].split()) for kind, name in kinds.items()},
        prefixes=tuple(guards["prefixes"]),
        suffixes=tuple(guards["suffixes"]),
    )
