"""Predicates in canonical wording: a bounded vocabulary in predicates.toml, the raw wording kept as evidence."""

import re
import tomllib
from functools import cache
from importlib.resources import files

from graphgrow.names import clean

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
# "are often used in" and "can be used in" say what "is used in" says.
_AUXILIARY = re.compile(
    r"^(?:is|are|was|were|be|can be|may be|could be|has been|have been)"
    r"(?: (?:typically|often|usually|commonly|also|mainly|widely))?(?= )"
)
_NOT_WORD = re.compile(r"[^\w+%]+|_+")
FALLBACK = "related to"


@cache
def vocabulary() -> dict[str, str]:
    """Return folded wording -> canonical wording, canonical ones included."""
    table = tomllib.loads((files("graphgrow") / "predicates.toml").read_text(encoding="utf-8"))
    return {wording: canon for canon, others in table.items() for wording in (canon, *others)}


def folded(predicate: str) -> str:
    """Return a predicate as lower-case words: IS-A, is_a and isA all give "is a"."""
    return " ".join(_NOT_WORD.sub(" ", _CAMEL.sub(" ", clean(predicate))).casefold().split())


def canonical_predicate(predicate: str) -> str:
    """Return the vocabulary's wording for a predicate; a wording it does not know is folded and kept."""
    words = _AUXILIARY.sub("is", folded(predicate))
    return vocabulary().get(words, words) or FALLBACK
