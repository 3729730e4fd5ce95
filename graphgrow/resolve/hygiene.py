"""What is no concept: each rule has a name, is counted where it bites, and keeps one kind of junk out of the graph.

The rules look at one name at a time and know a little English (hygiene.toml); they are meant to miss some junk rather
than to lose concepts. They do not know whether a word exists, whether a name fits the topic, or what it means.
`script` and `language` compare with the topic: a run about 免疫 keeps its Chinese names. `language` takes a topic for
English unless it has a letter or a function word of another language, so a run about "Faserverbund" switches it off.
The rules of English grammar skip what is evidently not English, and every name of a run whose topic is not.
"""

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

from graphgrow.errors import BadInput
from graphgrow.graph.keys import canonical, singular
from graphgrow.resolve.units import read_amount

MAX_CHARACTERS = 80
MAX_WORDS = 8
LONGEST_NAME = 160  # characters of a proper name, or of a compound's without a blank
MOST_WORDS_OF_A_NAME = 14
_GIVEN = frozenset("will may can do must does having being".split())  # verbs that are names of people too
_FIRMS = frozenset(
    "inc corp ltd llc plc gmbh ag co company group holdings services systems institute university college hospital"
    " foundation bank press records partners".split()
)

_MARKUP = re.compile(
    r"</?[a-z][^>]*>|\[\[|\]\]|\]\(|```|https?://|&\w+;|[-=]>|^[<>]|[<>]$|^[#*=]+\s|[{}|\\]|[:=]$", re.IGNORECASE
)
# Notation that is no mark-up: {111} and <1-10> are crystal planes and directions, {0,1} is a set, List<T> a type,
# P(A|B) a probability, |ψ⟩ a state.
_NOTATION = re.compile(
    r"[<{][\dhkluvw, -]{3,9}[>}]"
    r"|(?<=\w)<(?!(?:a|abbr|b|br|code|div|em|hr|i|img|li|p|pre|s|span|strong|su[bp]|t[dhr]|u)>)"
    r"[A-Za-z][\w:]{0,30}(?:, ?[A-Za-z][\w:]{0,30}){0,5}>|(?<=\w\()[^()|]{1,30}\|{1,2}[^()|]{1,30}(?=\))"
    "|\\|[^|<>\u27e8\u27e9\\s]{1,30}\u27e9|\u27e8[^|<>\u27e8\u27e9\\s]{1,30}\\|"
)
_IDENTIFIER = re.compile(
    r"^[A-Z]?\d{5,}$|^Q\d{4,}\b|^Q\d+:|^[0-9a-f]{12,}$|\b(?:id|doi|isbn|issn)\s*[:=]\s*\S"
    r"|^(?:concept|entity|node|term|item|example|relation|source|target)[\s_-]*\d*$",
    re.IGNORECASE,
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
# Words of a sentence are written in lower case; at its beginning, the word after them is.
_SENTENCE = re.compile(
    r"\w{4,}\.\s+[A-Z]|[!?]\s+\S|\w{3,}[.!?;]$|\w{2}n['\u2019]t\b"
    r"|^[Uu]sed\s(?:in|for|to|as|by|with|on|at)\b"
    r"|^(?:\w{3,}[^e]ed|[Mm]ade|[Kk]nown|[Ff]ound)\s(?:of|by|in|into|for|with|from|to|as|on|at|through|under|via)\s"
    r"|\b(?:which|that|they|because|can be|must be|should be|such as|does not|is|are|was|were|it)\s"
    r"|^(?:Which|That|They|Because|It)\s+(?=[a-z])"
)
# What ends with a full stop without ending a sentence: Inc., Jr., Ph.D.; or goes on after one: Prof. Smith, St. Louis.
_ABBREVIATED = re.compile(r"\b[A-Z][a-z]{0,4}\.(?=\s+[A-Z]|,|$)|\b(?:spp?|vs|var|cf|ca|subsp)\.(?=\s|$)")
_ADJECTIVAL = re.compile(
    r"^(?:resistant|able|capable|prone|subject|due|made|designed|suitable|essential|based|known|similar|exposed|related)"
    r"\s(?:to|of|for|in|from|by|on|as|against)\s"
    r"|(?:\b(?:water|fire|bullet|shock|rust|sound|weather|blast|dust|impact)[\s-]|-)proof$",
    re.IGNORECASE,
)
_ADJECTIVE_END = re.compile(
    r"\w+(?:ous|less|ful|[ai]ble|ical|[^\We]ed|meric|philic|phobic|tropic|morphic|genic|topic|oelastic)"
)
_PROPERTY_END = re.compile(r"(?:non-)?\w+(?:[ai]ble|philic|phobic|oelastic)")
_LAST_WORD = re.compile(r"(?:(.*)(?<!\bnon)[\s-])?((?:non-)?[^\s-]*)", re.DOTALL)
_NOUN_END = re.compile(r".*(?:bed|shed|sled|chemical|radical|-red)")
_PRAISE = re.compile(
    r"^(?:(?:excellent|outstanding|exceptional|remarkable|superior|good|great)\s+)+(?=\S)", re.IGNORECASE
)
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
_SMALL = re.compile(
    r"(?:a|an|and|as|at|by|de|del|della|den|der|des|di|do|dos|du|da|das|e|el|en|et|for|from|in|la|las|le|les|los|of|on|or"
    r"|the|to|und|van|von|vom|zu|zur|y|al|bin|ibn|ben|ter|ten|av|af|i|of|o|with)"
)
_WORDS = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_VAN_DER = re.compile(r"\bv[ao]n de[rnm]\b")  # in names
_NUMBER_OF = re.compile(r"[0-9]+ [A-Z][a-z]{3,}")  # 127 Hours; the unit of an amount has no capital
_FOREIGN = 3  # a reply is foreign where one in this many names is
_ENGLISH = frozenset("is are was were has have can of by with for from the and that to".split())
_SCRIPT_FAMILY = {"GREEK": "LATIN", "MICRO": "LATIN", "HIRAGANA": "CJK", "KATAKANA": "CJK", "MODIFIER": "LATIN"}

RULES = (
    "no letters", "too long", "quantity", "markup", "prefix", "identifier", "placeholder", "pronoun", "bare adjective",
    "fragment", "stutter", "verb phrase", "sentence", "vague", "praise", "script", "language",
)  # fmt: skip


# The rules of English grammar, and those that a name breaks because it is a number or a word.
GRAMMAR = frozenset(RULES[RULES.index("pronoun") : RULES.index("script")])
_OF_WORDS = {"no letters", "quantity", "identifier", "pronoun", "bare adjective", "verb phrase"}


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads((files("graphgrow.resolve") / "hygiene.toml").read_text(encoding="utf-8"))


@cache
def word_lists() -> dict[str, frozenset[str]]:
    """Return the word lists of hygiene.toml, and what follows from them.

    A line with phrases separates those by "|". `foreign` are the function words of all other languages, `third person`
    are the verbs in that form: "absorbs", "applies", "suppresses".
    """
    table = _table()
    lists = {
        name: frozenset(
            entry for line in text.strip().splitlines() for entry in (line.split("|") if "|" in line else line.split())
        )
        for name, text in table.items()
        if isinstance(text, str)
    }
    stems = (re.sub(r"(?<=[^aeiou])y$", "ie", verb) for verb in lists["verbs"])
    lists["third person"] = frozenset(re.sub(r"(?<=s)$|(?<=sh)$|(?<=ch)$", "e", stem) + "s" for stem in stems)
    lists["foreign"] = frozenset(" ".join(table["language"].values()).split())
    lists["before a"] |= lists["joints"] | lists["auxiliaries"] | lists["verbs"] | lists["third person"]
    return lists


@lru_cache(8192)
def _scripts(text: str) -> tuple[str, ...]:
    """Return the families of scripts of a text's letters, "LATIN" or "CJK", that of most letters first."""
    if text.isascii():
        return ("LATIN",) if any(map(str.isalpha, text)) else ()
    names = (unicodedata.name(c, "?").split()[0] for c in unicodedata.normalize("NFKC", text) if c.isalpha())
    families = Counter(_SCRIPT_FAMILY.get(name, name) for name in names)
    return tuple(name for name, _ in families.most_common())


@lru_cache(8192)
def is_title(name: str) -> bool:
    """Tell whether a name is written like that of a person, firm or work: several words, each with a capital.

    Small words between them ("of", "van", "de la") may be in lower case. Whole sentences in capitals are no such names.
    """
    words = re.split(r"[\s-]+", name.strip("\"'\u2018\u2019\u201c\u201d").replace("\u2019", "'"))
    own = [word for word in words if not _SMALL.fullmatch(word)]
    has_capitals = all(word[0].isupper() or word[0].isdigit() for word in own if word)
    return has_capitals and len(own) > 1 and not words[-1].islower()


@lru_cache(8192)
def is_foreign(text: str) -> bool:
    """Tell whether a topic or name is evidently not English: by its script, a letter or a word of another language.

    English has words with an accent too, and names prove nothing: Schrödinger equation, façade.
    """
    if (scripts := _scripts(text)) and "LATIN" not in scripts:
        return True
    lists, words = word_lists(), _WORDS.findall(_VAN_DER.sub(" ", text))
    if not (lists["foreign"] | lists["foreign topic"]).isdisjoint(words):
        return True
    is_phrase = not lists["foreign phrase"].isdisjoint(words[1:]) or ("de", "la") in pairwise(words[1:])
    if is_phrase and not is_title(text):
        return True
    parts = (part for word in words if not word.isascii() and word.islower() for part in re.split(r"['\u2019-]", word))
    return any(
        part not in lists["loan"] and any(unicodedata.name(c, "").startswith("LATIN") for c in part if not c.isascii())
        for part in parts
    )


def is_declared(name: str, kind: str, rule: str) -> bool:
    """Tell whether a name that breaks a rule was declared to be one, by its type: "1984" as a novel, "It" as a film."""
    kinds = set(_WORDS.findall(kind.casefold()))
    is_own = any(c.isupper() or c.isdigit() for c in name) or not kinds.isdisjoint({"gene", "protein"})  # patched
    is_own = is_own and not (rule == "identifier" and not name.isalpha())
    return rule in _OF_WORDS and is_own and not kinds.isdisjoint(word_lists()["named"])


def is_foreign_reply(names: Collection[str], predicates: Collection[str]) -> bool:
    """Tell whether a reply in Latin letters is evidently not in English, by a third of its names.

    Names in other scripts do not count; English predicates mean that only the names are foreign.
    """
    latin = [name for name in names if _scripts(name)[:1] == ("LATIN",)]
    english = sum(not _ENGLISH.isdisjoint(predicate.casefold().split()) for predicate in predicates)
    return 0 < len(latin) <= _FOREIGN * sum(map(is_foreign, latin)) and 2 * english < len(predicates)


def _is_adjective(word: str, said: str = "") -> bool:
    """Tell whether a lower-case word is an adjective or participle and never a noun.

    `said` is the word as it was written: with a capital it may be a name that only ends like one, Fred or Ahmed.
    """
    lists = word_lists()
    if word in lists["nouns"] or _NOUN_END.fullmatch(word):
        return False
    if said == "Na":  # and no "n/a"
        return False
    if word in lists["adjectives"] or word in lists["past"]:
        return True
    return not said[:1].isupper() and bool(_ADJECTIVE_END.fullmatch(word.rpartition("-")[2]))


def as_property(name: str) -> str:
    """Return the property that a bare adjective says something has, or one that is praised; any other name as it is.

    "Flexible" is flexibility, "very strong" strength, "water-resistant" water resistance, "good ductility" ductility.
    """
    name = _PRAISE.sub("", name)
    before, last = _LAST_WORD.fullmatch(name.casefold()).groups("")  # type: ignore[union-attr]  # any text is one
    noun = _table()["property"].get(last)
    if noun is None and _PROPERTY_END.fullmatch(last):
        noun = f"{last[:-2]}ility" if last.endswith("le") else f"{last}ity"
    words = before.replace("-", " ").split()
    if noun is None or not {"and", "or"}.isdisjoint(words) or "bare adjective" not in broken_rules(name.casefold(), ""):
        return name
    return " ".join([*(word for word in words if not _ADVERB.fullmatch(word)), noun])


def broken_rules(name: str, topic: str) -> Iterator[str]:
    """Yield those of RULES that a concept's name breaks, in their order; each is looked at when it is asked for."""
    if not any(c.isalpha() for c in canonical(name)) and not name.startswith("The "):  # The 1975
        yield "no letters"
    is_name = is_title(name)  # of somebody or something, with a capital in every word
    most = LONGEST_NAME if is_name or " " not in name else MAX_CHARACTERS
    if len(name) > most:
        yield "too long"
    # It is an amount, "400 MPa", of a property that is not named: else it would be a quantity of that.
    if any(map(str.isdigit, name)):
        amount = read_amount(name)
        if amount and amount.unit and not _NUMBER_OF.fullmatch(name):
            yield "quantity"
    if _MARKUP.search(_NOTATION.sub("", name)):
        yield "markup"
    if _PREFIX.search(name):
        yield "prefix"
    if _IDENTIFIER.search(name):
        yield "identifier"
    if _PLACEHOLDER.search(name):
        yield "placeholder"
    lists = word_lists()
    is_english = not (is_foreign(name) or (_scripts(topic)[:1] == ("LATIN",) and is_foreign(topic)))
    is_acronym = name.isupper() and len(name) > 1  # WHO and US
    if is_english and name.casefold() in lists["pronouns"] and not is_acronym:
        yield "pronoun"

    # The rules of English grammar, up to "praise": what is no noun phrase.
    # "HiddenVariable" and "hidden_variable" are taken apart, hyphens are kept.
    spoken = _SEAM.sub(" ", name).split() or [""]
    words = [word.casefold() for word in spoken]
    first, last, several = words[0], words[-1], len(words) > 1
    # What a noun phrase is about stands before its first preposition.
    head = singular(next((before for before, word in pairwise(words) if word in lists["joints"]), last))
    begins = name.casefold().replace("-", " ").split()
    is_allowed = any(" ".join(begins[:count]) in lists["allowed"] for count in (1, 2, 3))

    # It ends without a noun: "durable", "highly effective", "fibre-reinforced". "LED" is an acronym.
    before, parts = words[:-1], re.split(r"[\s-]", name.casefold())
    is_closed = len(parts) > 1 and parts[-1] in lists["participles"]
    is_joined = before[-1:] in (["and"], ["or"]) or all(
        _ADVERB.fullmatch(w) or (not is_name and _is_adjective(w))
        for w in before  # "General Electric" is a firm
    )
    is_adjectival = is_closed or (is_joined and _is_adjective(last, spoken[-1])) or _ADJECTIVAL.search(name)
    if is_english and is_adjectival and (several or not name.isupper()):
        yield "bare adjective"
    # It was cut out of a sentence: it begins or ends with a joining word, or has half a bracket.
    begins_inside = _HEAD.search(name) and not (is_name and len(words) > 2)  # noqa: PLR2004  # "On the Road"
    # "log in" and "vitamin a" are whole, "such a" and "rise in" are not.
    is_letter = last == "a" and len(words) == 2 and first not in lists["before a"]  # noqa: PLR2004
    is_phrasal = " ".join(words[-2:]).replace("-", " ") in lists["phrasal"]
    ends_inside = _TAIL.search(name) and not (is_letter or is_phrasal)
    if name.count("(") != name.count(")") or (is_english and (ends_inside or begins_inside)):
        yield "fragment"
    # It says its last word twice: "ceramic composite composite", but "city of Walla Walla".
    if is_english and not is_name and len(words) > 2 and words[-2] == last and words[-3] not in lists["joints"]:  # noqa: PLR2004
        yield "stutter"
    # It begins with a verb: "reduce wear", "protects vehicles". "CAN bus" is an acronym and "Be alloy" an element.
    # "Will Smith" and "May Whitty" are people.
    is_verb = first in lists["verbs"] or first in lists["third person"]
    is_verb = is_verb or (several and first in lists["auxiliaries"] and not (is_name and first in _GIVEN))
    if is_english and is_verb and not (is_allowed or name.split(maxsplit=1)[0].isupper() or name.startswith("Be ")):
        yield "verb phrase"
    # It has a verb inside, ends like a sentence, or has more words than a name.
    inside = [word for word in spoken[1:-1] if word.islower()]
    said_in_full = _SENTENCE.search(_ABBREVIATED.sub("", name)) and not is_name
    is_exclaimed = len(words) == 1 and name[0].isupper() and name[-1] in "!?." and name[:-1].isalpha()  # Yahoo!
    too_many = len(words) > (MOST_WORDS_OF_A_NAME if is_name else MAX_WORDS)
    is_said = not lists["third person"].isdisjoint(inside) or (said_in_full and not is_exclaimed)
    if too_many or (is_english and is_said):
        yield "sentence"
    # It says nothing by itself: "ability", "different materials", "a wide range of products".
    is_general = head in lists["general"] or head in lists["nothing"]
    is_vague = several and first in lists["vague"] and is_general and not is_allowed
    is_nothing = " ".join(map(singular, words)) in lists["nothing"] and not name.isupper()
    if is_english and (is_vague or is_nothing or (_QUANTITY.search(name) and not is_name)):
        yield "vague"
    # It compares or praises: "better performance in harsh conditions", "longer product life".
    is_firm = is_name and (last.strip(".") in _FIRMS or len(words) > 2)  # noqa: PLR2004  # "Superior Energy Services"
    if is_english and several and first in lists["praise"] and head in lists["qualities"] and not is_firm:
        yield "praise"

    # The rules that compare with the topic.
    script, topics = _scripts(name)[:1], _scripts(topic)
    # Latin names (acronyms, formulas, species) belong to every language's terminology. A topic in two scripts allows
    # both, and no topic allows all.
    if script and topics and script[0] not in (*topics, "LATIN"):
        yield "script"
    said, foreign = name.split(), lists["foreign"]
    is_english = topics == ("LATIN",) and topic.isascii() and foreign.isdisjoint(topic.split())
    if is_english and len(said) > 1 and not foreign.isdisjoint(said[:-1]):
        yield "language"


@dataclass(frozen=True, slots=True)
class Hygiene:
    """The rules of one run: call it with a name and the topic. Raises BadInput for an unknown rule in `off`."""

    off: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        unknown = sorted(self.off.difference(RULES))
        if unknown:
            raise BadInput(f'there is no hygiene rule "{unknown[0]}": the rules are {", ".join(RULES)}')

    def __call__(self, name: str, topic: str) -> str:
        """Return the name of the first hygiene rule that a concept's name breaks, "" where it breaks none."""
        return next((rule for rule in broken_rules(name, topic) if rule not in self.off), "")


broken_rule = Hygiene()
