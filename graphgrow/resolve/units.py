"""Amounts: numbers, and numbers with a unit. A table says what the units are, and which belong to one property."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from graphgrow.graph.model import Quantity
from graphgrow.parse.fields import split_quantity

_POWER = re.compile(r"\^?[-\u2212+]?\d+$|[\u207a\u207b\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+$")
_JOINT = re.compile(r"[\s/\u00b7\u22c5*()]+|\bper\b")
_SUPERSCRIPTS = str.maketrans("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079", "0123456789", "^ \u00b7")


@dataclass(frozen=True, slots=True)
class Units:
    """The table of quantities.toml: symbols, words, the property of a unit, the property that a verb measures.

    `properties` are nouns of properties, `endings` the endings of further ones, `participles` words that follow "has"
    and are no property.
    """

    symbols: frozenset[str]
    words: frozenset[str]
    kinds: Mapping[str, str]
    verbs: Mapping[str, str]
    properties: frozenset[str]
    endings: tuple[str, ...]
    participles: frozenset[str]


@cache
def units() -> Units:
    """Return the table of units."""
    table = tomllib.loads((files("graphgrow.resolve") / "quantities.toml").read_text(encoding="utf-8"))
    prefixed, words = table["prefixed"].split(), table["words"].split()
    symbols = {*prefixed, *table["plain"].split(), *(p + s for p in table["prefixes"].split() for s in prefixed)}
    prefixed_words = {p + w for p in table["word_prefixes"].split() for w in words}
    kinds = {unit: kind for kind, units in table["kinds"].items() for unit in units.split()}
    named = {name.split()[-1] for name in (*table["kinds"], *table["verbs"].values())}
    properties, endings = named | set(table["properties"].split()), tuple(table["property_endings"].split())
    return Units(frozenset(symbols), frozenset({*words, *prefixed_words}), kinds, table["verbs"],
                 frozenset(properties), endings, frozenset(table["participles"].split()))  # fmt: skip


def read_amount(name: str) -> Quantity | None:
    """Return the amount that a name is and nothing else, a number alone or one with a known unit; None for others."""
    parts = split_quantity(name)
    if parts is None:
        return None
    value, unit = parts
    is_apart = name[: -len(unit)].endswith(" ") if unit else True
    if unit and not (is_unit(unit) and (len(unit) > 1 or is_apart or not unit.isalpha())):
        return None
    return Quantity(value, unit)


def is_unit(text: str) -> bool:
    """Tell whether a text is a unit: a symbol of the SI or a common one, a word for one, or several joined."""
    table = units()
    parts = [_POWER.sub("", part) or part for part in _JOINT.split(text) if part]
    return bool(parts) and all(
        part in table.symbols or _singular(part.casefold()) in table.words for part in parts if not part.isdigit()
    )


def _singular(word: str) -> str:
    return word if word in units().words else word.removesuffix("s")


def property_of(unit: str) -> str:
    """Return the property that a unit measures, "" where that is many or none that is known."""
    plain, kinds = unit.translate(_SUPERSCRIPTS), units().kinds
    return kinds.get(plain) or kinds.get(_singular(plain.casefold()), "")
