"""What words.toml knows about English, in the forms the rules of this package look things up."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class Words:
    """The tables of words.toml; words.toml says what each is for."""

    begins: Mapping[str, str]
    ends: Mapping[str, str]
    plurals: Mapping[str, str]
    heads: Mapping[str, frozenset[str]]
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
    return Words(
        begins=spelling["begins"],
        ends=spelling["ends"],
        plurals=spelling["plurals"],
        heads={word: frozenset(order[word]) for word in ("to", "against", "from")},
        fixed=frozenset(order["fixed"]),
        articles=frozenset(order["articles"]),
        light=frozenset(guards["light"]),
        negations=frozenset(guards["negations"]),
        negating=frozenset(guards["negating"]),
        groups=_groups(guards["groups"]),
        kinds=_kinds(guards),
        prefixes=_longest_first(guards["prefixes"]),
        suffixes=_longest_first(guards["suffixes"]),
    )


def _groups(lines: list[str]) -> dict[str, frozenset[int]]:
    """Return word -> the groups it stands in; a word may stand in several ("lower": not high, not upper)."""
    found: dict[str, set[int]] = {}
    for number, line in enumerate(lines):
        for word in line.split():
            found.setdefault(word, set()).add(number)
    return {word: frozenset(numbers) for word, numbers in found.items()}


def _kinds(guards: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """Return what a list of words is about -> its words, in words a reason can use."""
    return {
        "elements or compounds": frozenset(guards["elements"].split()),
        "Greek letters": frozenset(guards["greek"].split()),
        "ordinals": frozenset(guards["ordinals"].split()),
        "numbers": frozenset(guards["cardinals"].split()),
        "units": frozenset(guards["units"].split()),
    }


def _longest_first(entries: list[str]) -> tuple[str, ...]:
    return tuple(sorted(entries, key=lambda entry: (-len(entry), entry)))
