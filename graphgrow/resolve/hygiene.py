"""What is no concept: each rule has a name, is counted where it bites, and keeps one kind of junk out of the graph.

The rules look at one name at a time and know a little English (hygiene.toml); they are meant to miss some junk rather
than to lose concepts. They do not know whether a word exists, whether a name fits the topic, or what it means.
`script` and `language` compare with the topic: a run about 免疫 keeps its Chinese names. `language` takes a topic for
English unless it has a letter or a function word of another language, so a run about "Faserverbund" switches it off.
"""

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from graphgrow.errors import BadInput
from graphgrow.graph.keys import canonical, singular
from graphgrow.graph.model import Reject

MAX_CHARACTERS = 80
MAX_WORDS = 8

_MARKUP = re.compile(
    r"</?[a-z][^>]*>|\[\[|\]\]|\]\(|```|https?://|&\w+;|[-=]>|^[<>]|[<>]$|^[#*=]+\s|[{}|\\]|[:=]$", re.IGNORECASE
)
_MILLER = re.compile(r"[<{][\dhkluvw -]{3,9}[>}]")  # {111} and <1-10> are crystal planes and directions
_IDENTIFIER = re.compile(
    r"^[A-Z]?\d{5,}$|^Q\d{4,}\b|^Q\d+:|^[0-9a-f]{12,}$|\b(?:id|doi|isbn|issn)\s*[:=]\s*\S", re.IGNORECASE
)
_SNAKE_NUMBER = re.compile(
    r"^(?:concept|entity|node|term|item|example|relation|source|target)[\s_-]*\d*$", re.IGNORECASE
)
_PLACEHOLDER = re.compile(
    r"^(?:name of the|no (?:further|successor|information|data|answer)|not (?:applicable|available|known|specified))\b",
    re.IGNORECASE,
)
_PREFIX = re.compile(
    r"^\s*(?:(?:instance|class|type|category|concept|entity|property|file|template|field|topic|culture|historical"
    r"|geographic|wikt?|http|yago\w*|\w?type)\s*:|[a-z]:\s?(?-i:[A-Z])[a-z]{2})",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"\w{4,}\.\s+[A-Z]|[!?]\s+\S|\w{3,}[.!?;]$|\w{2}n['\u2019]t\b"
    r"|^used\s(?:in|for|to|as|by|with|on|at)\b"
    r"|^(?:\w{3,}[^e]ed|made|known|found)\s(?:of|by|in|into|for|with|from|to|as|on|at|through|under|via)\s"
    r"|\b(?:which|that|they|because|can be|must be|should be|such as|does not|(?-i:is|are|was|were|it))\s",
    re.IGNORECASE,
)
_ADJECTIVAL = re.compile(
    r"^(?:resistant|able|capable|prone|subject|due|made|designed|suitable|essential|based|known|similar|exposed|related)"
    r"\s(?:to|of|for|in|from|by|on|as|against)\s"
    r"|(?:\b(?:water|fire|bullet|shock|rust|sound|weather|blast|dust|impact)[\s-]|-)proof$",
    re.IGNORECASE,
)
_ADJECTIVE_END = re.compile(
    r"\w+(?:ous|less|ful|[ai]ble|ical|[^\We]ed|meric|philic|phobic|tropic|morphic|genic|topic|oelastic)"
)
_NOUN_END = re.compile(r".*(?:bed|shed|sled|chemical|radical|-red)")
_ADVERB = re.compile(r"\w{3,}ly|very|too|quite|so|more|most|less|and|or|but|not")
_HEAD = re.compile(
    r"^(?:of|from|with|without|into|onto|during|because|for(?! loop)|to|due to|according to|such as|as well|as an?"
    r"|on the|by (?:the|an?|using|means)|through (?:the|an?|use)|under (?:the|an?|high|low|various|extreme|load)"
    r"|at (?:the|an?|high|low|room|elevated|least|most|all)"
    r"|in (?:the|an?|order|terms|addition|general|particular|contrast|various|different|many|some|all|most|other|harsh"
    r"|extreme|high|low))\s",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"(?!^a$)(?:^|\s)(?:of|and|or|the|a|an|in|to|for|with|by|that|which|as|on|from|into|onto|like|is|are)$"
)
_QUANTITY = re.compile(
    r"^(?:an? )?(?:wide|broad|vast|whole|large|great|huge) (?:range|variety|array|number|amount) of\s"
    r"|^(?:an? )?(?:variety|plenty|lots?) of\s|\bother\s",
    re.IGNORECASE,
)
_SEAM = re.compile(r"_+|(?<=[a-z]{2})(?=[A-Z][a-z])")
_SCRIPT_FAMILY = {"GREEK": "LATIN", "MICRO": "LATIN", "HIRAGANA": "CJK", "KATAKANA": "CJK", "MODIFIER": "LATIN"}


@cache
def _lists() -> dict[str, frozenset[str]]:
    """Return the word lists of hygiene.toml; a list with phrases separates those by "|" or line ends."""
    table = tomllib.loads((files("graphgrow.resolve") / "hygiene.toml").read_text(encoding="utf-8"))
    words = {name: _entries(text) for name, text in table.items() if isinstance(text, str)}
    return words | {"foreign": frozenset(" ".join(table["language"].values()).split())}


def _entries(text: str) -> frozenset[str]:
    lines = text.strip().splitlines()
    phrases = [phrase for line in lines if "|" in line for phrase in line.split("|")]
    words = [word for line in lines if "|" not in line for word in line.split()]
    return frozenset([*words, *phrases])


@cache
def _third_person() -> frozenset[str]:
    """Return what the verbs become in the third person: "absorbs", "applies", "suppresses"."""
    verbs = (re.sub(r"(?<=[^aeiou])y$", "ie", verb) for verb in _lists()["verbs"])
    return frozenset(re.sub(r"(?<=s)$|(?<=sh)$|(?<=ch)$", "e", verb) + "s" for verb in verbs)


def _words(name: str) -> list[str]:
    """Return the lower-case words of a name, "HiddenVariable" and "hidden_variable" taken apart, hyphens kept."""
    return _SEAM.sub(" ", name).casefold().split()


def _head(words: list[str]) -> str:
    """Return the word a noun phrase is about: the last one before a preposition, in the singular."""
    end = next((i for i, word in enumerate(words) if i and word in _lists()["joints"]), len(words))
    return singular(words[end - 1])


def _allowed(name: str) -> bool:
    """Tell whether a name begins with words that only look like a sentence or a vague phrase."""
    words = name.casefold().replace("-", " ").split()
    return any(" ".join(words[:n]) in _lists()["allowed"] for n in (1, 2, 3))


@lru_cache(8192)
def _script(text: str) -> str:
    """Return the script most letters of a text belong to ("LATIN", "CJK", ...), "" where it has no letter."""
    if text.isascii():
        return "LATIN" if any(map(str.isalpha, text)) else ""
    names = Counter(unicodedata.name(c, "?").split()[0] for c in unicodedata.normalize("NFKC", text) if c.isalpha())
    return next((name for name, _ in names.most_common(1)), "")


def _switches_script(name: str, topic: str) -> bool:
    mine, topics = (_SCRIPT_FAMILY.get(s, s) for s in (_script(name), _script(topic)))
    # Latin names (acronyms, formulas, species) are at home in every language's terminology.
    return bool(mine and topics) and mine not in (topics, "LATIN")


def _switches_language(name: str, topic: str) -> bool:
    foreign = _lists()["foreign"]
    english = _script(topic) == "LATIN" and topic.isascii() and foreign.isdisjoint(topic.split())
    words = name.split()
    return english and len(words) > 1 and not foreign.isdisjoint(words[:-1])


def _is_adjective(word: str) -> bool:
    """Tell whether a lower-case word is an adjective or participle and never a noun."""
    lists = _lists()
    if word in lists["nouns"] or _NOUN_END.fullmatch(word):
        return False
    return word in lists["adjectives"] or bool(_ADJECTIVE_END.fullmatch(word.rpartition("-")[2]))


def _is_adjectival(name: str, _topic: str) -> bool:
    """Tell whether a name ends without a noun: "durable", "highly effective", "fibre-reinforced"."""
    words = _words(name)
    if not words or (len(words) == 1 and name.isupper()):
        return False
    before = words[:-1]
    joined = before[-1:] in (["and"], ["or"]) or all(_is_adjective(w) or _ADVERB.fullmatch(w) for w in before)
    parts = re.split(r"[\s-]", name.casefold())
    closed = len(parts) > 1 and parts[-1] in _lists()["participles"]
    return closed or (joined and _is_adjective(words[-1])) or bool(_ADJECTIVAL.search(name))


def _is_vague(name: str, _topic: str) -> bool:
    """Tell whether a name says nothing by itself: "ability", "different materials", "a wide range of products"."""
    lists, words = _lists(), _words(name)
    if " ".join(singular(word) for word in words) in lists["nothing"] or _QUANTITY.search(name):
        return True
    vague = len(words) > 1 and words[0] in lists["vague"] and _head(words) in lists["general"]
    return vague and not _allowed(name)


def _is_praise(name: str, _topic: str) -> bool:
    """Tell whether a name compares or praises: "better performance in harsh conditions", "longer product life"."""
    words = _words(name)
    return len(words) > 1 and words[0] in _lists()["praise"] and _head(words) in _lists()["qualities"]


def _is_verb_phrase(name: str, _topic: str) -> bool:
    """Tell whether a name begins with a verb: "reduce wear", "protects vehicles", "making strong materials"."""
    words = _words(name)
    # "CAN bus" is an acronym and "Be alloy" an element.
    if not words or _allowed(name) or name.split(maxsplit=1)[0].isupper() or name.startswith("Be "):
        return False
    if words[0] in _lists()["verbs"] or words[0] in _third_person():
        return True
    return len(words) > 1 and words[0] in _lists()["auxiliaries"]


def _is_sentence(name: str, _topic: str) -> bool:
    """Tell whether a name has a verb inside, ends like a sentence, or has more words than a name."""
    words = _words(name)
    inside = not _third_person().isdisjoint(words[1:-1])
    return inside or len(words) > MAX_WORDS or bool(_SENTENCE.search(name))


def _is_fragment(name: str, _topic: str) -> bool:
    """Tell whether a name was cut out of a sentence: it begins or ends with a joining word, or has half a bracket."""
    half = name.count("(") != name.count(")")
    return half or bool(_TAIL.search(name) or _HEAD.search(name))


def _is_stutter(name: str, _topic: str) -> bool:
    """Tell whether a name says its last word twice: "ceramic composite composite", but "city of Walla Walla"."""
    words = _words(name)
    return len(words) > 2 and words[-1] == words[-2] and words[-3] not in _lists()["joints"]  # noqa: PLR2004


Rule = Callable[[str, str], bool]
RULES: dict[str, Rule] = {
    "no letters": lambda name, _: not any(c.isalpha() for c in canonical(name)),
    "too long": lambda name, _: len(name) > MAX_CHARACTERS,
    "markup": lambda name, _: bool(_MARKUP.search(_MILLER.sub("", name))),
    "prefix": lambda name, _: bool(_PREFIX.search(name)),
    "identifier": lambda name, _: bool(_IDENTIFIER.search(name) or _SNAKE_NUMBER.search(name)),
    "placeholder": lambda name, _: bool(_PLACEHOLDER.search(name)),
    "pronoun": lambda name, _: name.casefold() in _lists()["pronouns"],
    "bare adjective": _is_adjectival,
    "fragment": _is_fragment,
    "stutter": _is_stutter,
    "verb phrase": _is_verb_phrase,
    "sentence": _is_sentence,
    "vague": _is_vague,
    "praise": _is_praise,
    "script": _switches_script,
    "language": _switches_language,
}


@dataclass(frozen=True, slots=True)
class Hygiene:
    """The rules of one run: call it with a name and the topic. Raises BadInput for an unknown rule in `off`."""

    off: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        unknown = sorted(self.off - RULES.keys())
        if unknown:
            raise BadInput(f'there is no hygiene rule "{unknown[0]}": the rules are {", ".join(RULES)}')

    def __call__(self, name: str, topic: str) -> str:
        """Return the name of the first hygiene rule that a concept's name breaks, "" where it breaks none."""
        return next((rule for rule, broken in RULES.items() if rule not in self.off and broken(name, topic)), "")


broken_rule = Hygiene()


def counts(rejects: Iterable[Reject]) -> dict[str, int]:
    """Return how often each hygiene rule was broken."""
    return dict(Counter(reject.rule for reject in rejects))
