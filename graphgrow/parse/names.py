"""A reply that is a list of names: comma-separated, in lines or bullets, or in JSON."""

import re
from collections.abc import Iterator
from html import unescape

from graphgrow.graph.keys import clean
from graphgrow.graph.thinking import split_thinking
from graphgrow.parse.json_text import json_values

WORDS = 6  # more are no name
INTRODUCTION = 120  # characters before the colon of "Some well-known kinds of glass are:"
# A comma within "1,2-dichloroethane" and "N,N-dimethylformamide" separates nothing, one between two words does.
# In other scripts than ours no comma belongs to a name.
_SEPARATOR = re.compile(
    r",\s+|(?<=[^\W\d_]{3}),(?=[^\W\d_]{3})|(?<=[^\x00-\x7f]),(?=[^\x00-\x7f])|[;\n\u3001\uff0c\uff1b\u060c\u061b]+"
    r"|,(?=[\u3041-\u9fff\uac00-\ud7a3])|(?<=[\u3041-\u9fff\uac00-\ud7a3]),"
)
_LAST = re.compile(r"\s(?:and|or)\s")  # separates too, after the last comma
_BLANKS = re.compile(r"[^\S\n]{2,}"), re.compile(r"(?:\n[^\S\n]?){2,}")
_LABEL = re.compile(r"^(?:\(?\d+[.):]|[-*•])\s*")
_LINES = re.compile(r"^[^\S\n]*(?:\(?\d+[.):]|[-•]|\*(?!\*))[^\S\n]*\S.*", re.MULTILINE)  # of a list, with their labels
_LEAD = re.compile(  # how often something is so is no part of its name, nor is the preposition of the question
    r"^(?:(?:(?i:and|or|the|an?|in (?:the )?forms? of)|in(?!\s(?:ovo|planta|silico|situ|utero|vitro|vivo)\b)"
    r"|In(?=\s(?!(?:ovo|planta|silico|situ|the|utero|vitro|vivo)\b)[a-z])"  # In Search of Lost Time
    r"|sometimes|often|usually|typically|occasionally|possibly|especially|particularly)\s+)+"
)
_NO_NAME = re.compile(
    r"(?:also|known|such|which|that|it|its|their|they|can|used|include|including|when|if|leading to|due to|because"
    r"|(?:so |and )?(?:i|we) (?:am|are|can|cannot|could|do|don't|have|must|need|will|would|should|think|apologi[sz]e)"
    r"|i'm|cannot|can't|unfortunately|sorry|as an ai|okay|ok$|there (?:is|are)|(?:none|nothing|unknown|n/a)$)(?!\w)",
    re.IGNORECASE,
)
# Where one of them is a clause the reply is no list: names stand in it as examples, or as a list of what it says.
_CLAUSE = re.compile(r"\S\s+(?:is|are|was|were)\s+\S+\s+\S")
_SENTENCE_END = re.compile(r"(?<=[.!])\s+|\n+")
_CLAUSE_END = re.compile(r",?\s(?:due to|because|for (?:its|their)|which|where|that|are|is|as well as)\b.*|[.;!]+$")
_EXAMPLES = re.compile(r"\b(?:including(?:,? but not limited to)?|such as)[:,]?\s+(.+)")
_SAID = re.compile(
    r"\b(?:is|are|was|were)\s(?:\w+ly\s)?(?:used|known|made|composed|produced|employed|threatened)\s"
    r"(?:for|in|of|from|by|as|to make)\s(?:making\s|its\s|their\s)?(.+,.+)"
)
# "Steel contains carbon, chromium and nickel" lists what it contains, and begins with what was asked about.
_OPENING = re.compile(
    r"^(?:\S+\s){0,6}?(?:includes?|contains?|comprises?|consists? of"
    r"|fails? (?:in terms of|due to|because of|in|by|under|from))\s(?:(?:its|their|the)\s)?",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")  # of HTML: R&amp;D
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?')  # of JSON that is broken off; with a colon it is a key
_MARKS = " .,\"'*`"
_GLOSS = re.compile(r"\s*(?:\([^()]*\)|\s[-\u2013\u2014:]\s.*|:\s.*)$")


def unescaped(text: str) -> str:
    """Return a text with the signs themselves in place of HTML's words for them: R&amp;D is R&D."""
    return _ENTITY.sub(lambda entity: unescape(entity[0]), text)


def read_names(text: str, *, cut: bool = False) -> tuple[str, ...]:
    """Return the names that a reply lists, each once, in their order; what is too long for a name is no name.

    Of a reply that was cut off the last one is not whole, and left out.
    """
    answer = split_thinking(text)[0].strip()
    for run, one in zip(_BLANKS, " \n", strict=True):
        answer = run.sub(one, answer)
    values, is_broken = json_values(answer) if answer[:1] in {"{", "[", "`"} else ([], False)
    listed = [one for value in values for one in _strings(value)]
    if is_broken:
        listed += [string for string, is_key in _STRING.findall(answer) if not is_key]
    elif not values:
        answer = unescaped(answer)
        head, colon, rest = answer.partition(":")
        is_gloss = ": " in rest or len(_split(head)) > len(_split(rest))
        has_introduction = colon and len(head) <= INTRODUCTION and rest.strip() and not _LABEL.match(head)
        if has_introduction and (rest.lstrip(" ")[:1] == "\n" or not is_gloss):
            answer = rest
        lines = _LINES.findall(answer)
        if lines and len(answer) > len(head) > INTRODUCTION:  # a talk that comes to its list in the end
            listed = lines[:-1] if cut and not _GLOSS.search(lines[-1]) else lines  # what is glossed is whole
        else:
            listed = _split(answer.strip("[]{}"))
            listed = listed[:-1] if cut else listed
        if any(_CLAUSE.search(_GLOSS.sub("", one)) for one in listed):
            sentences = filter(None, _SENTENCE_END.split(answer))
            told = filter(None, (_EXAMPLES.search(one) or _SAID.search(one) for one in sentences))
            listed = [name for one in told for name in _split(_CLAUSE_END.sub("", one[1]))]
    names = dict[str, None]()
    for one in listed:
        name = _GLOSS.sub("", _LABEL.sub("", clean(unescaped(one))).replace("**", ""))
        name = _LEAD.sub("", _OPENING.sub("", name.strip(_MARKS))).strip(_MARKS)
        if name and len(name.split()) <= WORDS and not _NO_NAME.match(name):
            names[name] = None
    return tuple(names)


def _split(text: str) -> list[str]:
    """Return the parts of a list in words, with those that "and" joins to the last."""
    *parts, last = _SEPARATOR.split(text.rstrip())
    if (place := _LAST.search(last)) and place.start() > last.rfind(","):
        return [*parts, *_LAST.split(last)]
    return [*parts, last]


def _is_schema(value: dict[str, object]) -> bool:
    parts = value.get("properties")
    inner = list(parts.values()) if isinstance(parts, dict) else [value.get("items")]
    return isinstance(value.get("type"), str) and all(isinstance(one, dict) for one in inner)


def _strings(value: object) -> Iterator[str]:
    """Yield the texts of a JSON value, however deep; of a JSON schema, given back in place of an answer, none."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict) and _is_schema(value):
        return
    elif isinstance(value, list | dict):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)
