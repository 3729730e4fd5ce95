"""What is no concept: each rule has a name, is counted where it bites, and keeps one kind of junk out of the graph.

The rules look at one name at a time and know little English; they are meant to miss some junk rather than to lose
concepts. `script` compares with the script of the topic, so a run about 免疫 keeps its Chinese names.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable

from graphgrow.model import Reject
from graphgrow.names import canonical

MAX_CHARACTERS = 80
MAX_WORDS = 8

_MARKUP = re.compile(r"</?\w+[^>]*>|\[\[|\]\]|\{\{|\}\}|\]\(|```|https?://|&\w+;|^[#*=|]+\s|[{}<>|\\]|[:=]$")
_IDENTIFIER = re.compile(r"^[A-Z]?\d{5,}$|^[0-9a-f]{12,}$|\b(?:id|doi|isbn|issn)\s*[:=]\s*\S", re.IGNORECASE)
_SNAKE_NUMBER = re.compile(
    r"^(?:concept|entity|node|term|item|example|relation|source|target)[\s_-]*\d*$", re.IGNORECASE
)
_PREFIX = re.compile(
    r"^\s*(?:instance|class|type|category|concept|entity|property|file|template|wikt?|http)\s*:", re.IGNORECASE
)
_SENTENCE_END = re.compile(r"[.!?]\s+\S|\w{3,}[.!?;]$")
_VERB = re.compile(
    r"^(?:is|are|was|were|has|have|should|to|provides?|allows?|ensures?|improves?|reduces?|"
    r"increases?|enhances?|maintains?|prevents?|protects?|enables?|achieves?|withstands?|absorbs?|resists?)\s\w"
    r"|^(?:can|may|will|used|helps?)\s\w+\s"
    r"|\b(?:is|are|was|were|which|that|they|because|can be|such as|(?-i:it))\s",
    re.IGNORECASE,
)
_PRONOUNS = frozenset(  # a list of words reads best as words
    "it its they them their this that these those he she we you i who which what one others something "
    "anything everything none other unknown various etc".split()
)
_BARE = frozenset(  # as above
    "high higher highest low lower lowest good better best bad strong stronger weak hard soft light lightweight heavy "
    "durable flexible rigid tough brittle large larger small smaller big new old long short fast slow important "
    "effective efficient various different similar same common general specific natural artificial synthetic "
    "simple unique many several more less most yes no true false null none n/a na main major minor positive "
    "negative excellent resistant strength-based versatile reliable safe".split()
)  # fmt: skip
_ADJECTIVAL = re.compile(
    r"^(?:resistant|able|capable|prone|subject|due|made|designed|suitable|essential|based|known|similar|exposed|related)"
    r"\s(?:to|of|for|in|from|by|on|as)\s|[\s-](?:resistant|proof|free|based|like|friendly|related)$",
    re.IGNORECASE,
)
_STOP_TAIL = re.compile(r"\b(?:of|and|or|the|a|an|in|to|for|with|by|that|which|as|on|from|like|is|are)$")


def _script(text: str) -> str:
    """Return the script most letters of a text belong to ("LATIN", "CJK", ...), "" where it has no letter."""
    names = [unicodedata.name(c, "?").split()[0] for c in text if c.isalpha()]
    return max(set(names), key=names.count) if names else ""


_SCRIPT_FAMILY = {"GREEK": "LATIN", "MICRO": "LATIN", "HIRAGANA": "CJK", "KATAKANA": "CJK", "MODIFIER": "LATIN"}


def _switches_script(name: str, topic: str) -> bool:
    mine, topics = (_SCRIPT_FAMILY.get(s, s) for s in (_script(name), _script(topic)))
    # Latin names (acronyms, formulas, species) are at home in every language's terminology.
    return bool(mine and topics) and mine not in (topics, "LATIN")


def _is_sentence(name: str) -> bool:
    return len(name.split()) > MAX_WORDS or bool(_SENTENCE_END.search(name) or _VERB.search(name))


Rule = Callable[[str, str], bool]
RULES: dict[str, Rule] = {
    "no letters": lambda name, _: not any(c.isalpha() for c in canonical(name)),
    "too long": lambda name, _: len(name) > MAX_CHARACTERS,
    "markup": lambda name, _: bool(_MARKUP.search(name)),
    "prefix": lambda name, _: bool(_PREFIX.search(name)),
    "identifier": lambda name, _: bool(_IDENTIFIER.search(name) or _SNAKE_NUMBER.search(name)),
    "pronoun": lambda name, _: name.casefold() in _PRONOUNS,
    "bare adjective": lambda name, _: name.casefold() in _BARE or bool(_ADJECTIVAL.search(name)),
    "fragment": lambda name, _: bool(_STOP_TAIL.search(name)),
    "sentence": lambda name, _: _is_sentence(name),
    "script": _switches_script,
}


def broken_rule(name: str, topic: str) -> str:
    """Return the name of the first hygiene rule that a concept's name breaks, "" where it breaks none."""
    return next((rule for rule, broken in RULES.items() if broken(name, topic)), "")


def counts(rejects: Iterable[Reject]) -> dict[str, int]:
    """Return how often each hygiene rule was broken."""
    return dict(Counter(reject.rule for reject in rejects))
