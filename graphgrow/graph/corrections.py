"""What stands for what: merges, rejections, new names and predicates, as the changes of the log leave them.

What was said is never rewritten. A graph shows it through this: a key as the concept it stands for, a relation as the
one it counts for or not at all. So every change can be taken back, also after later growth, and nothing is lost by it.
"""

from collections import ChainMap
from collections.abc import Iterable, Iterator, MutableMapping
from copy import copy
from dataclasses import replace
from typing import Any, Protocol

from graphgrow.graph.events import adapter
from graphgrow.graph.keys import clean, without_article
from graphgrow.graph.model import STEERING, Change, Concept, Delta, Event, Relation, Statement

REJECTED = "rejected by hand"  # the rule that keeps out of later replies what somebody rejected
# They ask a question or answer one, or say what to ask, and change nothing that is shown.
_SILENT = {"doubt", "apart", *STEERING}


class Said(Protocol):
    """What changes something, by its delta: an event, or what is kept of one."""

    @property
    def delta(self) -> Delta:
        """What it changes."""
        ...


def is_structural(event: Said) -> bool:
    """Tell whether an event changes how earlier statements are shown, not just those of names that it brings itself."""
    if not event.delta.changes:
        return False
    own = {concept.key for concept in event.delta.concepts}
    return any(
        change.do not in _SILENT and not (change.do == "merge" and change.concepts[0] in own)
        for change in event.delta.changes
    )


class Corrections:
    """The changes of a log, folded. `into` has every merged key and the one that it was merged into.

    `representatives` maps them to the concept that they stand for now, since the one in `into` may have been merged in
    its turn; a key that is in neither stands for itself. `rejected` and `rejected_relations` say why, `hidden` are the
    concepts with a rejected name, `dropped` the rejected relations as they count now; `allowed` are the keys that
    somebody let in again, `names` the names that somebody gave to concepts, `doubts` the pairs that were ever in doubt.
    `divided` are spellings that stand for themselves though others have their key: (key, spelling) -> a key of its own.
    """

    def __init__(self) -> None:
        self.into: MutableMapping[str, str] = {}
        self.representatives: MutableMapping[str, str] = {}
        self.rejected: dict[str, str] = {}
        self.rejected_relations: dict[Relation, str] = {}
        self.doubts: dict[tuple[str, str], Change] = {}
        self.allowed: set[str] = set()
        self.hidden: frozenset[str] = frozenset()
        self.dropped: frozenset[Relation] = frozenset()
        self.names: dict[str, str] = {}
        self.divided: dict[tuple[str, str], str] = {}
        self._heads: MutableMapping[str, None] = {}  # what others were merged into
        self._apart: dict[tuple[str, str], Change] = {}
        self._two: set[frozenset[str]] = set()  # concepts that were decided to be apart
        self._renamed: dict[str, str] = {}
        self._retyped: dict[Relation, str] = {}
        self._predicates: dict[Relation, str] = {}

    def take(self, event: Event) -> None:
        """Fold the changes of one event; after structural ones call `settle`, once for all of them."""
        self.fold(event.delta, asks_again=event.kind == "edit" and event.edit == "doubt")

    def fold(self, delta: Delta, *, asks_again: bool = False) -> None:
        """Fold the changes of one event as `take` does; it may take back that two concepts are two."""
        for change in delta.changes:
            match change.do:
                case "merge":
                    self._merge(change)
                case "unmerge" if change.text:
                    own, key = change.concepts
                    self.divided[key, change.text] = own
                case "unmerge":
                    self.into.pop(change.concepts[0], None)
                    self.representatives = {}
                    for key, kept in self.into.items():
                        while kept in self.into:
                            kept = self.into[kept]  # noqa: PLW2901  # up to the one that stands for itself
                        self.representatives[key] = kept
                case "doubt":
                    self.doubts.setdefault(_pair(change), change)
                    if asks_again:
                        ends = set(map(self.representative, change.concepts))
                        apart = self._apart.items()
                        self._apart = {p: c for p, c in apart if set(map(self.representative, p)) != ends}
                        self._two.discard(frozenset(ends))
                case "apart":
                    self._apart[_pair(change)] = change
                    self._two.add(frozenset(map(self.representative, change.concepts)))
                case "reject":
                    if change.relation:
                        self.rejected_relations[change.relation] = change.reason
                    self.rejected |= dict.fromkeys(change.concepts, change.reason)
                    self.allowed -= set(change.concepts)
                case "restore":
                    if change.relation:
                        self.rejected_relations.pop(change.relation, None)
                    self.allowed |= set(change.concepts)
                    for key in change.concepts:
                        self.rejected.pop(key, None)
                case "rename":
                    for key in change.concepts:
                        self._renamed.pop(key, None)  # the newest stands last
                        self._renamed[key] = change.text
                case "retype" if change.relation:
                    self._retyped.pop(change.relation, None)
                    self._retyped[change.relation] = change.text

    def _merge(self, change: Change) -> None:
        gone, kept = (self.representatives.get(key, key) for key in change.concepts)
        if gone != kept:
            self.into[gone] = kept
            # Nothing stands for a new name yet, so there is no need to look through all the others.
            is_head = gone in self._heads
            moved = [key for key, concept in self.representatives.items() if concept == gone] if is_head else []
            self._heads[kept] = None
            self.representatives.update(dict.fromkeys((gone, *moved), kept))

    def key_of(self, name: str, key: str) -> str:
        """Return the key of a spelling: its canonical one, or its own where somebody took it apart from the others.

        Several spellings that left together may be taken apart in their turn.
        """
        for _ in self.divided:
            if (own := self.divided.get((key, name))) is None:
                break
            key = own
        return key

    def divide(self, said: Delta) -> Delta:
        """Return what a reply said, with each spelling that somebody took apart under its own key.

        The words of each statement tell which spelling it was said of.
        """
        if not self.divided:
            return said
        keys = {key for key, _ in self.divided}
        touched = {one.key for one in said.concepts}.union(*(one.relation.ends for one in said.statements))
        if keys.isdisjoint(touched.union(key for key, _ in said.aliases)):
            return said
        concepts: list[Concept] = []
        for concept in said.concepts:
            names: dict[str, list[str]] = {}
            for spelling in (concept.name, *concept.aliases):
                names.setdefault(self.key_of(spelling, concept.key), []).append(spelling)
            for key, (first, *others) in names.items():
                concepts.append(replace(concept, key=key, name=first, aliases=tuple(others)))
        relations = tuple(replace(one, relation=self._divided(one)) for one in said.relations)
        support = tuple(replace(one, relation=self._divided(one)) for one in said.support)
        aliases = dict.fromkeys((self.key_of(spelling, key), spelling) for key, spelling in said.aliases)
        # "the cell", taken apart from "cell", is no spelling of a reply but stands in its statements.
        ends = {end for one in (*relations, *support) for end in one.relation.ends}
        own_spellings = ((own, text) for (_, text), own in self.divided.items() if own in ends)
        aliases |= dict.fromkeys((own, text) for own, text in own_spellings if text != without_article(text))
        return replace(said, concepts=tuple(concepts), aliases=tuple(aliases), relations=relations, support=support)

    def _divided(self, said: Statement) -> Relation:
        """Return the relation of a statement between the spellings that it was said of."""
        source, predicate, target = said.relation.source, said.relation.predicate, said.relation.target
        sides = [[form(side) for form in (clean, without_article)] for side in (said.raw.source, said.raw.target)]
        # A predicate may have turned the two about, so each end is looked for on either side, its own first.
        ends = [
            next((own for side in order for name in side if (own := self.key_of(name, key)) != key), key)
            for key, order in ((source, sides if source != target else sides[:1]),
                               (target, sides[::-1] if source != target else sides[1:]))
        ]  # fmt: skip
        return Relation(ends[0], predicate, ends[1])

    def settle(self) -> None:
        """Work out again what follows from all changes together."""
        self.hidden = frozenset(map(self.representative, self.rejected))
        self._two = {frozenset(map(self.representative, pair)) for pair in self._apart}
        self.names = {self.representative(key): name for key, name in self._renamed.items()}
        self._predicates = {}  # empty for now, so that relations count by their concepts alone
        self._predicates = {self.counts_as(relation): predicate for relation, predicate in self._retyped.items()}
        rejected = dict.fromkeys(self.rejected_relations)
        for (key, _), own in self.divided.items():  # what was rejected before stays so for both parts
            for said in [one for one in rejected if key in one.ends]:
                ends = [own if end == key else end for end in said.ends]
                rejected[Relation(ends[0], said.predicate, ends[1])] = None
        self.dropped = frozenset(map(self.counts_as, rejected))

    def state(self) -> dict[str, Any]:
        """Return all that `restored` needs, as values that JSON can hold."""
        changes = adapter(list[Change])
        return {
            "into": [*self.into.items()],
            "stands_for": [*self.representatives.items()],
            "heads": list(self._heads),
            "rejected": [*self.rejected.items()],
            "rejected_relations": [[*_parts(one), why] for one, why in self.rejected_relations.items()],
            "retyped": [[*_parts(one), text] for one, text in self._retyped.items()],
            "divided": [[*ends, own] for ends, own in self.divided.items()],
            "renamed": [*self._renamed.items()],
            "allowed": sorted(self.allowed),
            "doubts": changes.dump_python(list(self.doubts.values()), mode="json"),
            "apart": changes.dump_python(list(self._apart.values()), mode="json"),
        }

    @classmethod
    def restored(cls, state: dict[str, Any]) -> "Corrections":
        """Return the corrections of which `state` was taken."""
        own, changes = cls(), adapter(list[Change])
        own.into, own.representatives = dict(state["into"]), dict(state["stands_for"])
        own._heads, own.rejected = dict.fromkeys(state["heads"]), dict(state["rejected"])
        own.rejected_relations = {Relation(*ends): why for *ends, why in state["rejected_relations"]}
        own._retyped = {Relation(*ends): text for *ends, text in state["retyped"]}
        own.divided = {(key, spelling): part for key, spelling, part in state["divided"]}
        own._renamed, own.allowed = dict(state["renamed"]), set(state["allowed"])
        own.doubts = {_pair(one): one for one in changes.validate_python(state["doubts"])}
        own._apart = {_pair(one): one for one in changes.validate_python(state["apart"])}
        own.settle()
        return own

    def ahead(self, changes: Iterable[Change]) -> "Corrections":
        """Return this as it will be after the merges of a reply that is not taken yet; for reading only."""
        merges = [change for change in changes if change.do == "merge"]
        if not merges:
            return self
        found = copy(self)
        found.into = ChainMap({}, self.into)
        found.representatives = ChainMap({}, self.representatives)
        found._heads = ChainMap({}, self._heads)  # noqa: SLF001  # one of us
        for change in merges:
            found._merge(change)  # noqa: SLF001  # one of us
        return found

    def representative(self, key: str) -> str:
        """Return the key of the concept that a key stands for; itself where nothing was merged."""
        return self.representatives.get(key, key)

    @property
    def are_none(self) -> bool:
        """Whether every concept and relation is shown as it was said, but for spellings that are `divided`."""
        return not (self.representatives or self.hidden or self.dropped or self._predicates)

    def members(self, concept: str, keys: Iterable[str] = ()) -> list[str]:
        """Return the keys that stand for a concept, itself first."""
        return [
            concept,
            *sorted(key for key in {*self.into, *keys} if key != concept and self.representative(key) == concept),
        ]

    def shown(self, said: Relation) -> Relation | None:
        """Return the relation as which a stated one counts; None where it is not shown.

        A relation between two names that are now one concept is not shown.
        """
        if self.are_none:
            return said
        relation = self.counts_as(said)
        if self.dropped and relation in self.dropped:
            return None
        if relation.source in self.hidden or relation.target in self.hidden:
            return None
        return None if relation.source == relation.target and said.source != said.target else relation

    def delta(self, said: Delta) -> Delta:
        """Return what a reply adds to what is shown, once its changes are taken; `relations` has every statement."""
        if self.are_none and not self.divided:
            return Delta(concepts=said.concepts, aliases=said.aliases, relations=said.statements)
        said = self.divide(said)
        stands_for = self.representatives
        found = {concept: stands_for.get(concept.key, concept.key) for concept in said.concepts}
        own = tuple(concept for concept, key in found.items() if key == concept.key and key not in self.hidden)
        merged = [(key, spelling) for concept, key in found.items() if key != concept.key
                  for spelling in (concept.name, *concept.aliases)]  # fmt: skip
        aliases = [(key, text) for key, text in (*merged, *((stands_for.get(k, k), t) for k, t in said.aliases))
                   if key not in self.hidden]  # fmt: skip
        statements = [(self.shown(one.relation), one) for one in (*said.relations, *said.support)]
        relations = tuple(
            one if shown is one.relation else Statement(shown, one.raw, one.support, one.qualifiers)
            for shown, one in statements
            if shown
        )
        return Delta(concepts=own, aliases=tuple(aliases), relations=relations)

    def types(self, said: Delta) -> dict[str, str]:
        """Return the types that a reply or file gives to concepts, by their keys; of several the first counts."""
        found: dict[str, str] = {}
        for concept in self.divide(said).concepts if any(one.type for one in said.concepts) else ():
            if concept.type:
                found.setdefault(self.representative(concept.key), concept.type)
        return found

    def counts_as(self, said: Relation) -> Relation:
        """Return what a stated relation is by its concepts and predicate of now, shown or not."""
        stands_for = self.representatives
        source, target = stands_for.get(said.source, said.source), stands_for.get(said.target, said.target)
        relation = said if (source, target) == (said.source, said.target) else Relation(source, said.predicate, target)
        predicate = self._predicates.get(relation) if self._predicates else None
        return Relation(source, predicate, target) if predicate else relation

    def are_apart(self, one: str, other: str) -> bool:
        """Tell whether somebody has decided that two concepts are two."""
        return frozenset((self.representative(one), self.representative(other))) in self._two

    def queue(self) -> Iterator[Change]:
        """Yield the doubts that nobody has decided yet, oldest first."""
        for (one, other), doubt in self.doubts.items():
            ends = {self.representative(one), self.representative(other)}
            if len(ends) > 1 and not ends & self.hidden and ends not in self._two:
                yield doubt


def _parts(relation: Relation) -> tuple[str, str, str]:
    return relation.source, relation.predicate, relation.target


def _pair(change: Change) -> tuple[str, str]:
    one, other = sorted(change.concepts)
    return one, other
