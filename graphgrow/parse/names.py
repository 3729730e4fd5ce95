"""A reply that is a list of names: comma-separated, in lines or bullets, or in JSON."""

import re
from collections.abc import Iterator

from graphgrow.graph.keys import clean
from graphgrow.parse.json_text import json_values, split_thinking

WORDS = 6  # more are no name
INTRODUCTION = 120  # characters before the colon of "Some well-known kinds of glass are:"
_SEPARATOR = re.compile(r",\s+|[;\n]+|\s+(?:and|or)\s+(?=[^,;\n]*\.?\s*$)")
_LABEL = re.compile(r"^(?:\(?\d+[.):]|[-*•])\s*")
_LEAD = re.compile(r"^(?:(?:and|or|the|an?)\s+)+", re.IGNORECASE)
_NO_NAME = re.compile(r"(?:also|known|such|which|that|it|its|their|they|can|used|include|including)\b", re.IGNORECASE)
_GLOSS = re.compile(r"\s*(?:\([^()]*\)|\s[-\u2013\u2014:]\s.*|:\s.*)$")


def read_names(text: str) -> tuple[str, ...]:
    """Return the names that a reply lists, each once, in their order; what is too long for a name is no name."""
    answer = split_thinking(text)[0].strip()
    values, _ = json_values(answer) if answer[:1] in {"{", "[", "`"} else ([], False)
    listed = [one for value in values for one in _strings(value)]
    if not values:
        head, colon, rest = answer.partition(":")
        if colon and len(head) <= INTRODUCTION and rest.strip() and not _LABEL.match(head):
            answer = rest
        listed = _SEPARATOR.split(answer)
    names = dict[str, None]()
    for one in listed:
        name = _GLOSS.sub("", _LABEL.sub("", clean(one)).replace("**", ""))
        name = _LEAD.sub("", name.strip(" .\"'*`")).strip(" .\"'*`")
        if name and len(name.split()) <= WORDS and not _NO_NAME.match(name):
            names[name] = None
    return tuple(names)


def _strings(value: object) -> Iterator[str]:
    """Yield the texts of a JSON value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)
