"""Which concept a name is: the same as a known one, another one, or a question for the review queue.

canonical key -> alias -> other ways of writing it -> acronym -> similar spelling -> similar meaning. Only the same
words, however they are written, merge by themselves; likeness of any degree is a question for a person or a model, and
no question where the names themselves say that they are two things (`contradiction`, by the English words of
words.toml).

Two names with a signature in common are the same words: "aluminium fibre" and "aluminum fibers", "light weight" and
"lightweight", "resistance to impact" and "impact resistance", "carbon nanotubes (CNTs)" and "carbon nanotube". The
Lexicon is asked for signatures, acronyms and likeness, so that no pair of names is ever looked at twice.

`decide` is pure: what is known is in the Lexicon and in Meanings. KnownNames keeps these in step with a graph.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Literal

from graphgrow.errors import LLMError
from graphgrow.graph.graph import Graph
from graphgrow.graph.kept import is_due, keep, kept
from graphgrow.graph.keys import are_capitals_mute, canonical, is_common_noun, singular
from graphgrow.graph.model import Change, Concept, Doing
from graphgrow.resolve.identity.guards import (
    GAP,
    contradiction,
    disagree,
    doubt,
    is_number_of_title,
    is_title_of,
    narrower,
    opposed,
    signs,
)
from graphgrow.resolve.identity.lexicon import LEAST_LIKENESS, PLURAL, Lexicon
from graphgrow.resolve.identity.meanings import Candidate, How, Meanings
from graphgrow.resolve.identity.spelling import are_accents_two, form, is_firm, letters_of, without_typography

if TYPE_CHECKING:
    from graphgrow.llm.embedders import Floats

_KIND = "names 6"  # under which a store keeps them; another format has another number
_SHARE = 16  # 1 / so much of the log has to be new before they are kept anew, for they are large
LONGEST_REST = 16  # replies until an endpoint that failed is asked again

Action = Literal["merge", "apart", "review"]
Neighbours = Callable[[str], AbstractSet[str]]

REVIEW_LIKENESS = 0.84  # of spelling, by edit distance; benchmarks/resolution.py shows what other values do
REVIEW_MEANING = 0.78  # cosine
OTHER_MEANING = 0.45  # cosine below which similar spelling is chance
_FEWEST_ACCENTED = 6  # letters
_CONSIDERED = 12  # candidates looked at for a review

_BRACKETS = frozenset("([\uff08\uff3b")

_WAYS: dict[How, str] = {
    "signature": "the same words, written another way",
    "acronym": "the acronym that the full name gives in brackets",
    "initials": "the initials of the full name, which never says so",
    "plural": "a plural and its singular, if the former is no name of its own",
    "bracket": "one name, if what stands in brackets is another one for it",
    "initial": "one name, if the initial stands for that word",
}


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
    is_mute: Callable[[str], bool] = lambda _: False,
) -> Decision:
    """Return what becomes of a name with a canonical key, given the concepts known so far.

    `neighbours` returns the keys around a key, the name's own included; by default nothing is known about them.
    `is_mute` tells for a key whether the capitals of its name say nothing, as where all names of a reply are in Title
    Case. A name that the lexicon holds is always its own merge.
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
        are_mute = first.how == "signature" and is_mute(key) and is_mute(first.key)
        if first.how == "signature" and is_title_of(name, other) and not are_mute:
            reason = f"{name} and {other} are the same words, but only one of them is written as a title."
            return Decision("review", first.key, first.score, reason)
        if first.how == "signature" and (why := doubt(name, other, is_mute=are_mute)):
            return Decision("review", first.key, first.score, f"{name} and {other} are the same words, but {why}.")
        if disagree(neighbours(key), neighbours(first.key), lambda near: len(neighbours(near))):
            return Decision(
                "review", first.key, first.score, f"{name} and {other} have (almost) no neighbours in common."
            )
        rivals = [one for one in written if one.how == first.how and one.key != first.key]
        if first.how == "acronym" and rivals:
            return Decision(
                "review", first.key, first.score, f"{name} may be {other} or {lexicon.names[rivals[0].key]}."
            )
        # Several words that differ in capitals alone are one name, "Sports medicine" and "sports medicine"; so is a
        # common noun that began a list with one, "Textiles".
        mine, others = ([word for word in GAP.split(text) if word] for text in (name, other))
        is_case_only = (
            len(mine) == len(others)
            and (len(mine) > 1 or is_common_noun(mine[0].casefold()))
            and all(
                one.casefold() == two.casefold() or (one.islower() and two.islower() and singular(one) == singular(two))
                for one, two in zip(mine, others, strict=True)
            )
        )
        if first.how == "plural" and is_case_only:
            return Decision("merge", first.key, first.score, f"{name} and {other} differ only in capitals.")
        # So are "Solar Panels" and "solar panel" where capitals say nothing and the word is a common noun: it is where
        # several words are in small letters, further names have that head ("Wall Panel"), or by its own ending.
        is_lower = [all(word.islower() for word in words) for words in (mine, others)]
        is_plural_only = (
            len(mine) == len(others)
            and [word.casefold() for word in mine[:-1]] == [word.casefold() for word in others[:-1]]
            and singular(mine[-1].casefold()) == singular(others[-1].casefold())
            and all(word[1:].islower() for word in (mine[-1], others[-1]))
        )
        if (
            first.how == "plural"
            and is_plural_only
            and all(low or is_mute(one) for low, one in zip(is_lower, (key, first.key), strict=True))
            and (
                (len(mine) > 1 and (any(is_lower) or lexicon.is_usual_head(name)))
                or any(is_common_noun(words[-1].casefold()) for words in (mine, others))
            )
        ):
            reason = f"{name} and {other} are a plural and its singular, for capitals say nothing there."
            return Decision("merge", first.key, first.score, reason)
        action: Action = "merge" if first.how in {"signature", "acronym"} else "review"
        way = _WAYS[first.how]
        if first.how == "acronym" and _BRACKETS.isdisjoint(name + other):
            way = way.replace("in brackets", "beside it")
        return Decision(action, first.key, first.score, f"{name} and {other} are {way}.")

    # Likeness never merges: the best that no guard forbids is a question.
    candidates = [*lexicon.lettered(name), *lexicon.alike(name)]
    if meanings is not None:
        candidates += meanings.near(name, _CONSIDERED, REVIEW_MEANING)
    core, letters = form(name).core, letters_of(name)
    with_core = lexicon.with_core(core)  # so that far names, which most are, need not be taken apart
    firms = (one for one in with_core if is_firm(name) or is_firm(lexicon.names.get(one, one)))
    candidates += [Candidate(one, LEAST_LIKENESS, "likeness") for one in firms]  # IBM Corp., IBM: too short to be alike
    candidates = sorted((one for one in candidates if one.key != key), key=lambda one: (-one.score, one.key))
    refusal = ""
    for one in candidates[:_CONSIDERED]:
        other = lexicon.names.get(one.key, one.key)
        is_core_same = one.key in with_core and core == form(other).core  # "hot forging process" needs no high score
        is_too_far = one.how == "likeness" and one.score < REVIEW_LIKENESS and not is_core_same
        if refusal and is_too_far:
            continue  # only the first refusal is the reason
        if one.how == "meaning":
            question = f"{name} and {other} mean about the same ({one.score:.0%})."
            against = opposed(name, other)
            if not against and (narrower(name, other) or narrower(other, name)):
                against = "one is a special case of the other"
        else:
            question = f"{name} and {other} are written alike ({one.score:.0%})."
            if is_core_same:
                question = f"{name} and {other}: only a generic word differs."
            against = f"they are written only {one.score:.0%} alike" if is_too_far else contradiction(name, other)
            if not against and meanings is not None:
                cosine = meanings.cosine(name, one.key)
                if cosine is not None and cosine < OTHER_MEANING:
                    against = f"their meanings are only {cosine:.0%} alike"
        # Other blanks, accents or numerals alone, or punctuation too where no sign is in doubt: it is asked, whatever
        # guards say. Two short names with accents are two: bán, bạn.
        if (
            against
            and not set(letters).isdisjoint(letters_of(other))
            and (not signs(name) ^ signs(other) or without_typography(name) == without_typography(other))
            and not (one.how == "letters" and len(letters[0]) < _FEWEST_ACCENTED and are_accents_two(name, other))
        ):
            question, against = f"{name} and {other} are the same letters, but {against}.", ""
        if not against:
            return Decision("review", one.key, one.score, question)
        refusal = refusal or f"{name} is not {other}: {against}."
    return Decision("apart", "", 0.0, refusal or f"Nothing known is like {name}.")


class KnownNames:
    """The names of one graph's concepts, with which new ones are compared; it holds only what the graph says.

    With `meanings` names are also compared by what they mean, else by how they are written alone. Where the endpoint of
    these fails that is an error, or, with `goes_on`, they are left out until it answers: it is asked again after a
    reply, two, four and so on, and `take_remarks` says so.
    """

    def __init__(self, meanings: Meanings | None = None, *, goes_on: bool = False) -> None:
        self.meanings = meanings
        self._goes_on = goes_on
        self._rest = self._pause = 0  # replies
        self._remarks: list[str] = []
        self._unmeant: dict[str, str] = {}  # concept -> name, for those whose vector could not be had
        self._meant: dict[str, str] = {}  # concept -> the name that stands for it in the meanings
        self._lexicon, self._rejected = Lexicon(), Lexicon()
        self._graph: Graph | None = None
        self._seq, self._decisions = 0, 0  # of the graph, as far as it is known
        self._saved = 0  # the seq up to which a store has kept them

    def compare(self, graph: Graph, keys: Mapping[str, str], pairs: Iterable[tuple[str, str]]) -> "NewNames":
        """Return what decides about the names of a reply: `keys` is name -> canonical key, `pairs` what it relates."""
        if self._graph is not graph or self._decisions != graph.decisions:
            self._lexicon, self._rejected, self._seq, self._unmeant = Lexicon(), Lexicon(), 0, {}
            for key in graph.corrections.rejected:
                self._rejected.add(graph.representative(key), key)
            # The meaning of a name is kept, unless its concept is gone or has another name.
            for key, name in list(self._meant.items()):
                if key not in graph.concepts or graph.name(key) != name:
                    del self._meant[key]
                    if self.meanings is not None:
                        self.meanings.index.remove(key)
            if self.meanings is None:
                self._restore(graph)
        fresh: dict[str, str] = {}

        def said_since() -> Iterator[tuple[str, ...]]:
            for said, spelling in graph.spellings(since=self._seq):
                key = graph.representative(said)
                is_rejected = key in graph.corrections.hidden
                known = (self._rejected if is_rejected else self._lexicon).names
                names = [spelling] if key in known else [graph.name(key), spelling]
                if is_rejected:
                    self._rejected.add(key, *names)
                    continue
                yield key, *names
                if key not in self._meant:
                    fresh[key] = graph.name(key)

        self._lexicon.add_all(said_since())
        self._unmeant |= fresh
        new = [name for name, key in keys.items() if key not in graph.arrived]
        meanings = self._ready_meanings(new)
        # Not before: where an embedder failed, all this is done again.
        self._graph, self._seq, self._decisions = graph, graph.seq, graph.decisions
        if self.meanings is None and is_due(graph, self._saved, _SHARE):
            known = self._lexicon.dump()
            keep(graph, _KIND, len(known).to_bytes(8, "little"), known, self._rejected.dump())
            self._saved = graph.seq
        beside: defaultdict[str, set[str]] = defaultdict(set)
        for one, other in pairs:
            beside[keys[one]].add(graph.representative(keys[other]))
            beside[keys[other]].add(graph.representative(keys[one]))
        is_mute = are_capitals_mute({*new, *(name for name in keys if not name.islower())})  # others echo the question
        return NewNames(graph, beside, self._lexicon, self._rejected, meanings, is_mute)

    def _restore(self, graph: Graph) -> None:
        """Take up the names of an earlier event that the graph's store has kept, where nothing was decided since."""
        if held := kept(graph, _KIND, as_shown=True):
            with suppress(KeyError, ValueError, TypeError):
                data = held[1]
                end = 8 + int.from_bytes(data[:8], "little")
                self._lexicon, self._rejected = Lexicon.restored(data[8:end]), Lexicon.restored(data[end:])
                self._seq = self._saved = held[0]

    def _ready_meanings(self, names: Sequence[str]) -> Meanings | None:
        """Return what compares some new names by meaning, once it knows all known names; None while that fails."""
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

    `beside` is a key -> the keys that the reply relates it to; `is_mute` says that capitals say nothing in the reply.
    """

    graph: Graph
    beside: Mapping[str, AbstractSet[str]]
    lexicon: Lexicon
    rejected: Lexicon
    meanings: Meanings | None
    is_mute: bool = False
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
            decision = decide(name, key, self.lexicon, neighbours, self.meanings, self._is_mute)
        self._decisions[key] = decision
        return decision

    def parted(self, names: Iterable[str], keys: Mapping[str, str]) -> list[Change]:
        """Return which names get a key of their own in place of theirs, which is that of a title in another number.

        "red crosses" has the key of Red Cross, as "wind turbines" has that of "Wind Turbine": whether the two are one
        becomes a question, as it is where the name with capitals is the plural.
        """
        changes, spelt = list[Change](), dict[str, list[str]]()
        for name in dict.fromkeys(names):
            key = keys[name]
            concept = self.graph.concepts.get(self.graph.representative(key))
            known = spelt.setdefault(key, [concept.name, *concept.aliases] if concept else [])
            # One spelling that says the same is enough.
            if not known or not all(is_number_of_title(name, one) for one in known):
                known.append(name)
                continue
            is_mute = self._is_mute(key) if GAP.split(name)[-1].islower() else self.is_mute
            if is_mute or self.lexicon.is_usual_head(name):
                known.append(name)
                continue
            divided = {
                **self.graph.corrections.divided,
                **{(one.concepts[1], one.text): one.concepts[0] for one in changes},
            }
            owns = {spelling.casefold(): own for (part, spelling), own in divided.items() if part == key}
            taken = {*self.graph.arrived, *divided.values()}
            own = owns.get(name.casefold()) or next(one for n in count(2) if (one := f"{key} ({n})") not in taken)
            reason = f"{name} and {known[0]} are a plural and its singular, unless the capitals are those of a name."
            self._decisions[own] = Decision("review", key, PLURAL, reason)
            changes.append(Change("unmerge", (own, key), text=name, reason=reason))
        return changes

    def _is_mute(self, key: str) -> bool:
        """Tell whether capitals say nothing in what brought a concept: this reply, or an event of the graph."""
        if key not in self.graph.introduced:
            return self.is_mute
        said = self.graph.past[self.graph.introduced[key] - 1].delta
        names = [*(concept.name for concept in said.concepts), *(spelling for _, spelling in said.aliases)]
        return are_capitals_mute(names)

    def changes(self, concepts: Iterable[Concept]) -> list[Change]:
        """Return what the log says of new concepts, and of pairs of them; that they stand apart needs no saying."""
        changes: list[Change] = []
        inside = Lexicon()
        before: Concept | None = None
        for concept in concepts:
            decision = self.decide(concept.name, concept.key)
            is_parted = concept.key != decision.into == canonical(concept.name)
            if before:
                inside.add(before.key, before.name)
                if decision.action != "merge" and not is_parted:
                    other = decide(concept.name, concept.key, inside, is_mute=self._is_mute)
                    decision = other if other.action == "merge" or decision.action == "apart" else decision
            before = concept
            if decision.action != "apart":
                do: Doing = "merge" if decision.action == "merge" else "doubt"
                pair, score = (concept.key, decision.into), round(decision.score, 4)
                changes.append(Change(do, pair, reason=decision.reason, score=score))
        return changes


def possible_duplicates(concepts: Iterable[Concept], graph: Graph, *, by_likeness: bool = True) -> Iterator[Change]:
    """Yield a doubt for each concept that may be one of a graph or an earlier one, also where a run would merge them.

    Without `by_likeness` only other ways of writing one name are looked for, at a cost that does not grow with their
    number.
    """
    lexicon = Lexicon(by_likeness=by_likeness)
    for said, spelling in graph.spellings():
        lexicon.add(graph.representative(said), spelling)
    for concept in concepts:
        found = decide(concept.name, concept.key, lexicon)
        # A file may give one spelling to two concepts: what is known by the key says nothing.
        if found.action != "apart" and found.into != concept.key:
            yield Change("doubt", (concept.key, found.into), reason=found.reason, score=round(found.score, 4))
        lexicon.add(concept.key, concept.name, *concept.aliases)
