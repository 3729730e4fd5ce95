"""Citations: statements have ids such as A1 or C2, and name those they rest on; an id that is none is left out."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

_ID = re.compile(r"\b([A-Z]\d{1,3})\b")
_GROUP = re.compile(r"\s*[\[(]((?:\s*[A-Z]\d{1,3}\s*(?:[,;&]|and|-)?\s*)+)[\])]")


@dataclass(frozen=True, slots=True)
class Cited:
    """A text without its citations, those that resolve, and those that do not, each once and in order."""

    text: str
    cites: tuple[str, ...]
    unknown: tuple[str, ...]


def cited(text: str, cites: Iterable[str], known: Collection[str]) -> Cited:
    """Return a text and what it cites, beside it or in brackets within it, held against the ids that are known.

    What stands in round brackets is a citation only where all of it is known: vitamins have such names too.
    """
    inside: list[str] = []

    def take(match: re.Match[str]) -> str:
        ids = _ID.findall(match[1])
        if match[0].lstrip().startswith("(") and not set(ids) <= set(known):
            return match[0]
        inside.extend(ids)
        return ""

    bare = " ".join(_GROUP.sub(take, text).split())
    named = dict.fromkeys([one for entry in cites for one in _ID.findall(entry.upper())] + inside)
    return Cited(bare, tuple(one for one in named if one in known), tuple(one for one in named if one not in known))
