"""Predicates in canonical wording and direction: a bounded vocabulary, predicates.toml or the user's own file.

"is caused by" is "causes" with source and target exchanged; `read` says so. The vocabulary knows wordings, not
meanings: a wording it does not list is folded and kept, and `unmapped` reports those with the most similar predicate.
"""

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from graphgrow.errors import BadInput
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Relation

FALLBACK = "related to"
LONGEST = 80  # characters of a wording that is not listed
STEM = 5  # letters that two forms of one verb share
ALIKE = 0.75  # below this likeness a proposal is noise

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NOT_WORD = re.compile(r"[^\w+%↑↓<>=≤≥≠]+|_+")
_MEANING = frozenset(("Mn", "Mc", "Me", "Sm", "So"))  # marks of a script, signs such as ∈, → and ⊣
# "are often used in" and "can be used in" say what "is used in" says.
_ADVERB = r"(?: (?:typically|often|usually|commonly|also|mainly|widely|directly|generally|primarily|frequently))*"
_AUXILIARY = re.compile(
    rf"^(?:is|are|was|were|be|(?:can|may|could|must|should|will) be|has been|have been){_ADVERB}(?= )"
)
_MODAL = re.compile(
    rf"^(?:can|may|could|might|will|should|must|directly|often|also|typically|helps?(?: to)?){_ADVERB}"
    r" (?!(?:be|in|with|for|to)\b)(?=\w)"
)
_PASSIVE = re.compile(
    r"^is (?=(?:used|designed|intended) to )"
    r"|^is (?:an? |the )?(?=.*\b(?:of|by|in|into|to|with|for|from|on|as|at|than|through|using|like|near|above|below)$)"
)
_ARTICLE = re.compile(r"(?<=\w) (?:an?|the)(?= \w)|(?<=^has) an?$")
_LEADING_ADVERBS = re.compile(r"^(?:\w{3,}ly )+")
# What begins many a wording without saying what it means.
_NO_VERBS = frozenset(
    "is are was were has have had in like using type name date property topic country one period".split()
)
_NEGATION = re.compile(r"\b(?:(?:can)?not|no|never|without|fails?)\b")


@dataclass(frozen=True, slots=True)
class Wording:
    """What a wording means: a predicate, and whether source and target change places.

    `predicate_class` is the predicate of the vocabulary that this one is a case of, "" where it is one itself or of
    none.
    """

    predicate: str
    turned: bool = False
    predicate_class: str = ""

    def between(self, source: str, target: str) -> Relation:
        """Return the relation that the wording says of two concepts, the right way round."""
        return Relation(target, self.predicate, source) if self.turned else Relation(source, self.predicate, target)


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A wording the vocabulary does not list, how often it was said, and the most similar predicate ("" if none is)."""

    wording: str
    count: int
    proposal: str
    turned: bool
    score: float


class _Entry(BaseModel):
    """One table of a vocabulary file."""

    model_config = ConfigDict(extra="forbid")

    same: list[str] = []
    turned: list[str] = []
    broad: bool = False


def _settled(pattern: re.Pattern[str], by: str, text: str) -> str:
    """Return the text with a substitution repeated until nothing changes."""
    while (again := pattern.sub(by, text).strip()) != text:
        text = again
    return text


def folded(predicate: str) -> str:
    """Return a predicate as lower-case words, auxiliaries as "is": IS-A and isA give "is a".

    Combining marks are part of words, in whatever script; so are signs of logic and of reactions, "∈" is not "∉". What
    is made of signs alone stays as it is, where one of them is more than punctuation: "!=" is not "=".
    """
    text = _CAMEL.sub(" ", clean(predicate))
    if text.isascii():
        kept = _NOT_WORD.sub(" ", text)
    else:
        kept = clean(
            "".join(
                " " if _NOT_WORD.match(c) and (c.isascii() or unicodedata.category(c) not in _MEANING) else c
                for c in text
            )
        )
    signs = text.removeprefix("is ")
    if not any(map(str.isalnum, signs)) and any(unicodedata.category(c) in _MEANING for c in signs):
        kept = signs
    words = " ".join(kept.casefold().split())
    return _settled(_AUXILIARY, "is", words)


def _core(text: str) -> str:
    """Return a folded wording without what changes no meaning: "is a part of" -> "part of", "can cause" -> "cause"."""
    text = _settled(_AUXILIARY, "is", _settled(_MODAL, "", text))
    return _ARTICLE.sub("", _PASSIVE.sub("", text))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The predicates of a run and every wording of them. `names` is what a JSON schema may offer as an enum.

    `verbs` are the wordings of broad predicates as verbs of their own, "promotes" as a case of "improves".
    """

    names: tuple[str, ...]
    wordings: Mapping[str, Wording]
    inverses: Mapping[str, str]
    verbs: Mapping[str, Wording]

    @classmethod
    def load(cls, path: Path | Traversable) -> Self:
        """Read a file of the form of predicates.toml; raises BadInput for one that cannot be used."""
        try:
            entries = TypeAdapter(dict[str, _Entry]).validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"the vocabulary {path} cannot be read: {error}") from error
        except (tomllib.TOMLDecodeError, ValidationError) as error:
            raise BadInput(f'{path} is no vocabulary: {error}; a table is ["name"] with lists same, turned') from error
        if not entries:
            raise BadInput(f"{path} names no predicate: write one table a predicate")
        listed = [(name, Wording(name)) for name in entries]  # first of all, so that no other may take them
        for name, entry in entries.items():
            listed += [(wording, Wording(name)) for wording in entry.same]
            listed += [(wording, Wording(name, turned=True)) for wording in entry.turned]
        wordings: dict[str, Wording] = {}
        for wording, meaning in listed:
            text, predicate = folded(wording), meaning.predicate
            if not text or (wording == predicate and text != wording):
                raise BadInput(f'{path}: the predicate "{predicate}" has "{wording}": write it in lower-case words')
            for form in (text, _core(text)):
                known = wordings.setdefault(form, meaning)
                if known != meaning and known.predicate == form:
                    raise BadInput(f'{path}: "{wording}" of "{predicate}" is a predicate itself: keep one of the two')
                if known != meaning:
                    raise BadInput(f'{path}: "{wording}" is listed under "{known.predicate}" and "{predicate}"')
        verbs: dict[str, Wording] = {}
        for name, entry in entries.items():
            for wording in entry.same if entry.broad else ():
                case = Wording(folded(wording), predicate_class=name)
                verbs |= dict.fromkeys((folded(wording), _core(folded(wording))), case)
            for wording in entry.turned if entry.broad else ():  # "promoted by" turns "promotes", where that is listed
                stem = _core(folded(wording))[:STEM]
                active = next((one for one in entry.same if _core(folded(one))[:STEM] == stem), "")
                if active and not name.startswith(stem):
                    turned = Wording(folded(active), turned=True, predicate_class=name)
                    verbs |= dict.fromkeys((folded(wording), _core(folded(wording))), turned)
        # The base form of the first verb means the same, "apply to" as "applies to"; other words may suffer.
        for wording, meaning in list(wordings.items()):
            verb, _, rest = wording.partition(" ")
            base = {"has": "have", "is": "is", "does": "do"}.get(verb) or re.sub(
                r"(?<=[^aeiou])ies$|(?<=ss)es$|(?<=[cs]h)es$|(?<=[^su])s$", lambda m: "y" if m[0] == "ies" else "", verb
            )
            wordings.setdefault(f"{base} {rest}".strip(), meaning)
            if wording in verbs:
                verbs.setdefault(f"{base} {rest}".strip(), verbs[wording])
        inverses = {name: folded(entry.turned[0]) for name, entry in entries.items() if entry.turned}
        return cls(tuple(entries), wordings, inverses, verbs)

    def look_up(self, predicate: str) -> Wording | None:
        """Return what a wording means, None where the vocabulary does not list it."""
        text = folded(predicate)
        return self.wordings.get(text) or self.wordings.get(_core(text))

    def read(self, predicate: str) -> Wording:
        """Return what a wording means; one that is not listed is folded, cut and stands for itself."""
        return self.look_up(predicate) or Wording(folded(predicate)[:LONGEST].strip() or FALLBACK)

    def read_verb(self, predicate: str) -> Wording:
        """Return what a wording means where verbs are kept exact: one that is a case of a broad predicate stays itself.

        "promotes" is no other word for "improves", but a case of it, which then is its class. So is that of a wording
        that is not listed, where it begins with one that is.
        """
        text = folded(predicate)
        verb = self.verbs.get(text) or self.verbs.get(_core(text)) or self.look_up(predicate)
        return verb or Wording(text[:LONGEST].strip() or FALLBACK, predicate_class=self._class_of(text[:LONGEST]))

    def _class_of(self, text: str) -> str:
        """Return the predicate that begins a wording that is not listed: "strongly promotes growth of"."""
        words = _LEADING_ADVERBS.sub("", _core(text)).split()
        if _NEGATION.search(text):
            return ""
        for count in range(len(words) - 1 or 1, 0, -1):
            meaning = self.wordings.get(" ".join(words[:count]))
            if meaning and not meaning.turned and words[0] not in _NO_VERBS:
                return meaning.predicate
        return ""

    def canonical(self, predicate: str) -> str:
        """Return the one wording for a predicate that keeps source and target: a turned one gives its inverse's."""
        meaning = self.read(predicate)
        return self.inverses[meaning.predicate] if meaning.turned else meaning.predicate

    def unmapped(self, counts: Mapping[str, int]) -> list[Unmapped]:
        """Return the wordings that are not listed, the most frequent first, each with a proposal; blanks are none."""
        missing: Counter[str] = Counter()
        for predicate, count in counts.items():
            wording = folded(predicate)
            if wording and self.look_up(wording) is None:
                missing[wording] += count
        rows = []
        for wording, count in missing.most_common():
            core = _core(wording)
            # A denial is spelled like what it denies.
            alike = [] if _NEGATION.search(wording) else get_close_matches(core, self.wordings, 1, ALIKE)
            meaning = self.wordings[alike[0]] if alike else Wording("")
            score = round(SequenceMatcher(None, alike[0], core).ratio(), 3) if alike else 0.0
            rows.append(Unmapped(wording, count, meaning.predicate, meaning.turned, score))
        return rows


@cache
def vocabulary() -> Vocabulary:
    """Return the vocabulary that ships with the package."""
    return Vocabulary.load(files("graphgrow.resolve") / "predicates.toml")


def read(predicate: str) -> Wording:
    """Return what a wording means in the packaged vocabulary."""
    return vocabulary().read(predicate)


def read_verb(predicate: str) -> Wording:
    """Return what a wording means in the packaged vocabulary where verbs are kept exact."""
    return vocabulary().read_verb(predicate)
