"""Which concept a name is: the same as a known one, another one, or a question for the review queue.

canonical key -> alias -> other ways of writing it -> acronym -> alike spelling -> alike meaning. Only the same words,
however they are written, merge by themselves; likeness of any degree is a question for a person or a model, and none
where two names say themselves that they are two things (`contradiction`, by the English words of words.toml).

Two names with a signature in common are the same words: "aluminium fibre" and "aluminum fibers", "light weight" and
"lightweight", "resistance to impact" and "impact resistance", "carbon nanotubes (CNTs)" and "carbon nanotube". The
Lexicon is asked for signatures, acronyms and likeness, so that no pair of names is ever looked at twice: a lookup costs
what the postings of one name's character trigrams cost, counted by numpy; adding costs O(name length).

`decide` is pure: what is known is in the Lexicon and in Meanings. KnownNames keeps these in step with a graph.
"""

import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
from rapidfuzz import fuzz

from graphgrow.errors import LLMError
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical, clean, common, singular
from graphgrow.graph.model import Change, Concept, Doing
from graphgrow.resolve.identity.guards import contradiction, disagree, narrower, opposed, signs
from graphgrow.resolve.identity.meanings import Candidate, How, Meanings
from graphgrow.resolve.identity.notation import (
    brackets,
    guesses,
    is_alias,
    normal,
    short_form,
    squashed,
)
from graphgrow.resolve.identity.spelling import (
    Form,
    abbreviates,
    form,
    shortenings,
    spelled,
    without_acronym,
)

if TYPE_CHECKING:
    from graphgrow.llm.embedders import Floats

LONGEST_REST = 16  # replies until an endpoint that failed is asked again

Term = Literal["text", "signature", "acronym", "shortening", "definition", "initials", "plural", "base", "inside"]
SAME_KEY, SAME_ALIAS, SAME_SIGNATURE, DEFINED, PLURAL, INITIALS, BRACKET = 1.0, 1.0, 0.99, 0.98, 0.95, 0.9, 0.9
LEAST_LIKENESS = 0.6
_GRAM = 3
_SCORED = 64  # the names with the most trigrams in common, whose likeness is worth computing
_LEAST_IN_COMMON = 0.3  # Dice; one edit in a name of seven letters leaves .5 or more
_FEWEST_SLOTS = 1024

Action = Literal["merge", "apart", "review"]
Neighbours = Callable[[str], AbstractSet[str]]

REVIEW_LIKENESS = 0.84  # of spelling, by edit distance; benchmarks/resolution.py shows what other values do
REVIEW_MEANING = 0.78  # cosine
OTHER_MEANING = 0.45  # cosine below which alike spelling is chance
_CONSIDERED = 12  # candidates looked at for a review
_GAP = re.compile(r"[\s_\-\u2010-\u2015]+")

_WAYS: dict[How, str] = {
    "signature": "the same words, written another way",
    "acronym": "the acronym that the full name gives in brackets",
    "initials": "the initials of the full name, which never says so",
    "plural": "a plural and its singular, if the former is no name of its own",
    "bracket": "one name, if what stands in brackets is another one for it",
}


class Lexicon:
    """The names and aliases of known concepts; `names` has the first name that each was added with, by key."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self._spellings: dict[str, set[str]] = {}  # key -> canonical spellings
        self._acronyms: dict[str, set[str]] = {}  # key -> letters of the spellings that are acronyms
        self._keys: dict[tuple[Term, str], dict[str, None]] = {}  # term -> keys, in the order they came
        self._slots: list[tuple[str, str]] = []  # key and canonical spelling
        self._sizes = np.empty(_FEWEST_SLOTS, np.float32)  # trigrams of the spelling in a slot
        self._grams: dict[str, array[int]] = {}  # trigram -> slots

    def add(self, key: str, *names: str) -> None:
        """Take in a concept's key with its name and aliases; the key itself is always one of its spellings."""
        self.names.setdefault(key, names[0] if names else key)
        spellings, acronyms = self._spellings.setdefault(key, set()), self._acronyms.setdefault(key, set())
        for name in (key, *names):
            text, parts, letters = canonical(name), form(name), short_form(name)
            terms: list[tuple[Term, str]] = [("text", text), ("acronym", letters), ("definition", parts.acronym)]
            terms += [("initials", parts.initials), *(("signature", signature) for signature in parts.signatures)]
            terms += [("shortening", short) for short in shortenings(guesses(name) if letters else "")]
            if (plural := common(text)) != text:
                terms.append(("plural", plural))
            base, inside = _aliased(name, parts)
            terms += [("inside", inside), *(("base", signature) for signature in base)]
            for term in terms:
                if term[1]:
                    self._keys.setdefault(term, {})[key] = None
            if letters:
                acronyms.add(letters)
            if text in spellings:
                continue
            spellings.add(text)
            slot, grams = len(self._slots), _trigrams(text)
            self._slots.append((key, text))
            if slot == len(self._sizes):
                self._sizes = np.concatenate([self._sizes, np.empty_like(self._sizes)])
            self._sizes[slot] = len(grams)
            for gram in grams:
                self._grams.setdefault(gram, array("I")).append(slot)

    def near(self, name: str, limit: int = 8) -> list[Candidate]:
        """Return the concepts a name may mean, best first, each once and by the strongest of its reasons."""
        return _strongest((*self.same(name), *self.alike(name)))[:limit]

    def same(self, name: str) -> list[Candidate]:
        """Return the concepts whose name or acronym this name is, however it is written; strongest reason first."""
        keys = self._keys
        text, parts, letters = canonical(name), form(name), short_form(name)
        found = [Candidate(text, SAME_KEY, "key")] if text in self._spellings else []
        found += [Candidate(key, SAME_ALIAS, "alias") for key in keys.get(("text", text), ())]
        for signature in parts.signatures:
            found += [Candidate(key, SAME_SIGNATURE, "signature") for key in keys.get(("signature", signature), ())]
        # What an acronym stands for and what abbreviates a name: first by definition, then by initials alone. Who
        # defined the acronym before meant something else by it.
        is_taken = ("definition", parts.acronym) in keys
        for key in keys.get(("acronym", parts.acronym), ()):
            found.append(Candidate(key, INITIALS, "initials") if is_taken else Candidate(key, DEFINED, "acronym"))
        found += [Candidate(key, DEFINED, "acronym") for key in keys.get(("definition", letters), ())]
        for short in shortenings(guesses(name) if letters else ""):
            for key in keys.get(("initials", short), ()):
                if any(abbreviates(letters, spelled(long)) for long in self._spellings[key]):
                    found.append(Candidate(key, INITIALS, "initials"))
        for key in keys.get(("shortening", parts.initials), ()):
            if any(abbreviates(acronym, spelled(without_acronym(clean(name))[0])) for acronym in self._acronyms[key]):
                found.append(Candidate(key, INITIALS, "initials"))
        # A word in -s with a capital may be a plural, or a name that only looks like one.
        plural = common(text)
        others = [*keys.get(("plural", plural), ()), *(keys.get(("text", plural), ()) if plural != text else ())]
        found += [Candidate(key, PLURAL, "plural") for key in others]
        # What stands in brackets after a name may be another name of it.
        base, inside = _aliased(name, parts)
        aliases: list[tuple[Term, str]] = [("inside", text), *(("base", one) for one in parts.signatures)]
        aliases += [("text", inside), *(("signature", one) for one in base)]
        found += [Candidate(key, BRACKET, "bracket") for term in aliases if term[1] for key in keys.get(term, ())]
        return _strongest(found)

    def alike(self, name: str) -> list[Candidate]:
        """Return the concepts with the most trigrams in common, scored by edit distance in either word order."""
        text = canonical(name)
        grams = _trigrams(text)
        postings = [np.frombuffer(self._grams[gram], np.uint32) for gram in grams if gram in self._grams]
        if not postings:
            return []
        common = np.bincount(np.concatenate(postings), minlength=len(self._slots)).astype(np.float32)
        dice = 2 * common / (self._sizes[: len(self._slots)] + np.float32(len(grams)))
        places = np.flatnonzero(dice >= _LEAST_IN_COMMON)
        if len(places) > _SCORED:  # sorting all of them would take longer than everything else
            places = places[dice[places] >= np.partition(dice[places], -_SCORED)[-_SCORED]]
        order = np.lexsort((places, -dice[places]))[:_SCORED]
        scores: dict[str, float] = {}
        for key, other in (self._slots[place] for place in places[order]):
            score = max(fuzz.ratio(text, other), fuzz.token_sort_ratio(text, other)) / 100
            scores[key] = max(score, scores.get(key, 0.0))
        return [Candidate(key, score, "likeness") for key, score in scores.items() if score >= LEAST_LIKENESS]


def _aliased(name: str, parts: Form) -> tuple[tuple[str, ...], str]:
    """Return the signatures of what stands before the brackets of a name, and the key of what may be its alias there.

    Nothing where there are none, or they give an acronym, or say which one of several is meant.
    """
    if "(" not in name or parts.acronym:
        return (), ""
    before, inside, after = brackets(clean(name))
    if not before or after or not is_alias(inside):
        return (), ""
    return form(before).signatures, canonical(inside)


def _strongest(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return each concept once, by its highest score, best first; of equal scores the first one counts."""
    best: dict[str, Candidate] = {}
    for one in candidates:
        if one.key not in best or one.score > best[one.key].score:
            best[one.key] = one
    return sorted(best.values(), key=lambda one: (-one.score, one.key))


def _trigrams(text: str) -> set[str]:
    """Return the trigrams of every word, padded, so that the order of words does not matter."""
    padded = [f" {word} " for word in text.split()]
    return {word[at : at + _GRAM] for word in padded for at in range(len(word) - _GRAM + 1)}


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a name: `into` is the key it merges with or has to be compared with ("" where it stands apart).

    `score` is the likeness, 0 to 1; `reason` is one sentence for people.
    """

    action: Action
    into: str
    score: float
    reason: str


def decide(
    name: str,
    key: str,
    lexicon: Lexicon,
    neighbours: Neighbours = lambda _: frozenset(),
    meanings: Meanings | None = None,
) -> Decision:
    """Return what becomes of a name with a canonical key, given the concepts known so far.

    `neighbours` returns the keys around a key, the name's own included; by default nothing is known about them. A name
    that the lexicon holds is always its own merge.
    """
    same = lexicon.same(name)
    known = [one for one in same if one.how in {"key", "alias"}]
    if known:
        # A key or an alias is the concept's own; an alias of two concepts is a question.
        first = known[0]
        if first.how == "alias" and len(known) > 1:
            return Decision("review", first.key, 1.0, f"{name} is an alias of {first.key} and of {known[1].key}.")
        what = "has the same key as" if first.how == "key" else "is an alias of"
        return Decision("merge", first.key, 1.0, f"{name} {what} {first.key}.")
    written = [one for one in same if one.key != key]
    if written:
        # The same words merge, unless a guard objects, or an acronym may stand for two things: then it is a question.
        first = max(written, key=lambda one: (one.score, len(neighbours(one.key)), one.key))
        other = lexicon.names[first.key]
        if first.how == "signature" and (against := opposed(name, other)):
            return Decision("review", first.key, first.score, f"{name} and {other} are the same words, but {against}.")
        if disagree(neighbours(key), neighbours(first.key), lambda near: len(neighbours(near))):
            return Decision(
                "review", first.key, first.score, f"{name} and {other} have (almost) no neighbours in common."
            )
        rivals = [one for one in written if one.how == first.how and one.key != first.key]
        if first.how == "acronym" and rivals:
            return Decision(
                "review", first.key, first.score, f"{name} may be {other} or {lexicon.names[rivals[0].key]}."
            )
        # Several words that differ in capitals alone are one name, "Sports medicine" and "sports medicine".
        mine, others = ([word for word in _GAP.split(text) if word] for text in (name, other))
        is_case_only = len(mine) == len(others) > 1 and all(
            one.casefold() == two.casefold() or (one.islower() and two.islower() and singular(one) == singular(two))
            for one, two in zip(mine, others, strict=True)
        )
        if first.how == "plural" and is_case_only:
            return Decision("merge", first.key, first.score, f"{name} and {other} differ only in capitals.")
        action: Action = "merge" if first.how in {"signature", "acronym"} else "review"
        return Decision(action, first.key, first.score, f"{name} and {other} are {_WAYS[first.how]}.")

    # Likeness never merges: the best that no guard forbids is a question.
    candidates = lexicon.alike(name)
    if meanings is not None:
        candidates += meanings.near(name, _CONSIDERED, REVIEW_MEANING)
    candidates = sorted((one for one in candidates if one.key != key), key=lambda one: (-one.score, one.key))
    refusal = ""
    for one in candidates[:_CONSIDERED]:
        other = lexicon.names.get(one.key, one.key)
        is_core_same = form(name).core == form(other).core  # "hot forging process" needs no high score
        is_too_far = one.how == "likeness" and one.score < REVIEW_LIKENESS and not is_core_same
        if refusal and is_too_far:
            continue  # only the first refusal is the reason, and the guards cost more than all else
        if one.how == "meaning":
            question = f"{name} and {other} mean about the same ({one.score:.0%})."
            against = opposed(name, other)
            if not against and (narrower(name, other) or narrower(other, name)):
                against = "one is a special case of the other"
        else:
            question = f"{name} and {other} are written alike ({one.score:.0%})."
            if is_core_same:
                question = f"{name} and {other}: only a generic word differs."
            against = contradiction(name, other)
            if not against and is_too_far:
                against = f"they are written only {one.score:.0%} alike"
            if not against and meanings is not None:
                cosine = meanings.cosine(name, one.key)
                if cosine is not None and cosine < OTHER_MEANING:
                    against = f"their meanings are only {cosine:.0%} alike"
        # Other blanks alone, or blanks and punctuation where no sign is in doubt: whatever a guard says, it is asked.
        if (
            against
            and squashed(name) == squashed(other)
            and (not signs(name) ^ signs(other) or normal(name).replace(" ", "") == normal(other).replace(" ", ""))
        ):
            question, against = f"{name} and {other} are the same letters, but {against}.", ""
        if not against:
            return Decision("review", one.key, one.score, question)
        refusal = refusal or f"{name} is not {other}: {against}."
    return Decision("apart", "", 0.0, refusal or f"Nothing known is like {name}.")


class KnownNames:
    """The names of one graph's concepts, that new ones are compared with; it holds nothing that the graph does not say.

    With `meanings` names are also compared by what they mean, else by how they are written alone. Where the endpoint of
    these fails that is an error, or, with `goes_on`, they are left out until it answers: it is asked again after a
    reply, two, four and so on, and `take_remarks` says so.
    """

    def __init__(self, meanings: Meanings | None = None, *, goes_on: bool = False) -> None:
        self.meanings = meanings
        self._goes_on = goes_on
        self._rest = self._pause = 0  # replies
        self._remarks: list[str] = []
        self._unmeant: dict[str, str] = {}  # concept -> name, of those that no vector was had of
        self._meant: dict[str, str] = {}  # concept -> the name that stands for it in the meanings
        self._lexicon, self._rejected = Lexicon(), Lexicon()
        self._graph: Graph | None = None
        self._seq, self._decisions = 0, 0  # of the graph, as far as it is known

    def compare(self, graph: Graph, keys: Mapping[str, str], pairs: Iterable[tuple[str, str]]) -> "NewNames":
        """Return what decides about the names of a reply: `keys` is name -> canonical key, `pairs` what it relates."""
        if self._graph is not graph or self._decisions != graph.decisions:
            self._lexicon, self._rejected, self._seq, self._unmeant = Lexicon(), Lexicon(), 0, {}
            for key in graph.corrections.rejected:
                self._rejected.add(graph.representative(key), key)
            # What a name means is kept, unless it is of no concept any more or the concept has another name.
            for key, name in list(self._meant.items()):
                if key not in graph.concepts or graph.name(key) != name:
                    del self._meant[key]
                    if self.meanings is not None:
                        self.meanings.index.remove(key)
        fresh: dict[str, str] = {}
        for said, spelling in graph.spellings(since=self._seq):
            key = graph.representative(said)
            names = self._rejected if key in graph.corrections.hidden else self._lexicon
            names.add(key, *([spelling] if key in names.names else [graph.name(key), spelling]))
            if names is self._lexicon and key not in self._meant:
                fresh[key] = graph.name(key)
        self._unmeant |= fresh
        meanings = self._ready_meanings([name for name, key in keys.items() if key not in graph.arrived])
        # Not before: where an embedder failed, all this is done again.
        self._graph, self._seq, self._decisions = graph, graph.seq, graph.decisions
        beside: defaultdict[str, set[str]] = defaultdict(set)
        for one, other in pairs:
            beside[keys[one]].add(graph.representative(keys[other]))
            beside[keys[other]].add(graph.representative(keys[one]))
        return NewNames(graph, beside, self._lexicon, self._rejected, meanings)

    def _ready_meanings(self, names: Sequence[str]) -> Meanings | None:
        """Return what compares some new names by meaning, with all that is known taken in; None while that fails."""
        meanings, self._rest = self.meanings, max(0, self._rest - 1)
        if meanings is None or self._rest:
            return None
        try:
            meanings.add(self._unmeant)
            meanings.prepare(names)
        except LLMError as error:
            self._fail(error)
            return None
        self._meant |= self._unmeant
        self._unmeant = {}
        if self._pause:
            self._remarks.append("The embed model answers again.")
        self._rest = self._pause = 0
        return meanings

    def vectors(self, texts: Sequence[str]) -> "Floats | None":
        """Return unit vectors of texts, shape (len(texts), d); None where nothing compares meanings, or that fails."""
        if self.meanings is None or self._pause:
            return None
        try:
            return self.meanings.vectors(texts)
        except LLMError as error:
            self._fail(error)
            return None

    def _fail(self, error: LLMError) -> None:
        """Let the endpoint of meanings rest, and say so once; raises the error where nobody goes on without it."""
        error.role = "embed"
        if not self._goes_on:
            raise error
        if not self._pause:
            why = f"The embed model failed, so names are compared by their spelling alone until it answers: {error}"
            self._remarks.append(why)
        self._pause = min(2 * self._pause or 1, LONGEST_REST)
        self._rest = self._pause + 1

    def take_remarks(self) -> list[str]:
        """Return, once, the sentences about what was left undone."""
        remarks, self._remarks = self._remarks, []
        return remarks


@dataclass(slots=True)
class NewNames:
    """The names that one reply brings, decided by the graph's names and by each other; each is decided once.

    `beside` is a key -> the keys that the reply relates it to.
    """

    graph: Graph
    beside: Mapping[str, AbstractSet[str]]
    lexicon: Lexicon
    rejected: Lexicon
    meanings: Meanings | None
    _decisions: dict[str, Decision] = field(default_factory=dict)

    def decide(self, name: str, key: str) -> Decision:
        """Return what a name means that the graph does not know, whatever else the reply brings."""
        if key in self._decisions:
            return self._decisions[key]

        def neighbours(other: str) -> AbstractSet[str]:
            own = other == key
            return self.beside.get(key, frozenset()) if own else self.graph.neighbours.get(other, {}).keys()

        decision = decide(name, key, self.rejected) if self.rejected.names else None
        if decision is None or decision.action != "merge":
            decision = decide(name, key, self.lexicon, neighbours, self.meanings)
        self._decisions[key] = decision
        return decision

    def changes(self, concepts: Iterable[Concept]) -> list[Change]:
        """Return what the log says of new concepts, beside each other too; that they stand apart needs no saying."""
        changes: list[Change] = []
        inside = Lexicon()
        for concept in concepts:
            decision = self.decide(concept.name, concept.key)
            if decision.action != "merge":
                other = decide(concept.name, concept.key, inside)
                decision = other if other.action == "merge" or decision.action == "apart" else decision
            inside.add(concept.key, concept.name)
            if decision.action != "apart":
                do: Doing = "merge" if decision.action == "merge" else "doubt"
                pair, score = (concept.key, decision.into), round(decision.score, 4)
                changes.append(Change(do, pair, reason=decision.reason, score=score))
        return changes
