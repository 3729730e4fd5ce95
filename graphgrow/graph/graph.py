"""A knowledge graph is a fold over events; `Graph.apply_all` is the only place where one changes.

Everything a step needs to know is kept up to date here at a cost that depends on the event, not on the graph:
neighbours, distance from the topic, components, which questions were asked, which concepts were never asked about, the
bill. What is kept, and what can be asked of it, is in state.py.
"""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import copy, deepcopy
from dataclasses import dataclass, replace

from graphgrow.errors import StoreError
from graphgrow.graph.corrections import REJECTED, is_structural
from graphgrow.graph.indexes import Bag, Components, Memo
from graphgrow.graph.model import (
    Concept,
    Edit,
    Event,
    Expansion,
    FactCheck,
    Focus,
    Form,
    ReasoningStep,
    Relation,
    Statement,
)
from graphgrow.graph.state import Before, Bill, Evidence, GraphState, Past, Yield, bill_rows, take_bill

__all__ = [
    "Bag", "Before", "Bill", "Components", "Evidence", "Graph", "Memo", "Past", "Yield", "bill_rows", "fold",
    "take_bill",
]  # fmt: skip

WHOLE = "whole"  # the name in the memo of a part under which its whole graph is kept
KEEP = 0.7  # the weight of a question relative to the next one about the same concept


@contextmanager
def uncollected() -> Iterator[None]:
    """Hold off the collector of cycles: frozen values have none, and it would look at all of a graph over and over."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(slots=True)
class Graph(GraphState):
    """Concepts by key, relations with their evidence, and what the log says about how they came: see GraphState."""

    def apply(self, event: Event) -> None:
        """Fold one event into the graph; raises StoreError where it is not the next one or names what is not there."""
        self.apply_all((event,))

    @uncollected()
    def apply_all(self, events: Iterable[Event]) -> None:
        """Fold events into the graph; what decisions change about earlier ones is worked out once for all of them.

        Raises StoreError for an event that is not the next one, or that cannot follow those before it.
        """
        is_stale = False
        for event in events:
            if event.seq != self.seq + 1:
                raise StoreError(f"the log is damaged: step {event.seq} cannot follow step {self.seq}")
            self.seq = event.seq

            # The books: what was asked for and paid, whatever became of it.
            for concept in event.delta.concepts:
                self.arrived.setdefault(concept.key, concept.name)
            for reject in event.delta.rejects:
                self.rejected[reject.rule] = self.rejected.get(reject.rule, 0) + 1
            if isinstance(event, ReasoningStep):
                self.thoughts.setdefault(event.plan, []).append(event)
            if isinstance(event, Expansion):
                self.topic = self.topic or event.topic
                self.steps += event.is_step
                self.unmended.discard(event.repairs)
                if not event.repairs and event.outcome == "unusable":
                    self.unmended.add(event.seq)
                if not self.check_method:
                    self.before_checking = self.bill.tokens
            if isinstance(event, Edit) and event.undoes:
                self.undone[event.undoes] = event.seq
            if isinstance(event, FactCheck):
                self.check_method = self.check_methods[event.reply.source] = event.method
                if event.misses:
                    self.misses[event.reply.source] = self.misses.get(event.reply.source, 0) + event.misses
                    self.missed_at[event.reply.source] = self.steps
                elif event.outcome == "ok":
                    self.misses.pop(event.reply.source, None)
                    self.missed_at.pop(event.reply.source, None)
                self.checking.add(event.reply.usage, event.reply.usd, event.reply.seconds)
            take_bill(event, self.bill, self.bills)

            # What stands for what, what people want asked, and what is shown by that.
            self.corrections.take(event)
            for change in event.delta.changes:
                if change.do == "unmerge" and change.text:  # a spelling with a key of its own from now on
                    self.arrived.setdefault(change.concepts[0], change.text)
            if event.delta.changes or (isinstance(event, Expansion) and event.follows):
                self.steering.take(event)
            step = Past.of(event)
            self.past.append(step)
            is_stale = is_stale or is_structural(event)
            if not is_stale:
                self._show(step)
        if not is_stale:
            return
        # What is shown is built anew from all that was said, in the order in which it was said.
        self.corrections.settle()
        self.decisions += 1
        self._clear()
        for step in self.past:
            self._show(step)

    def _clear(self) -> None:
        """Forget what is shown."""
        self.concepts, self.relations, self.neighbours, self.degrees, self.incident = {}, {}, {}, {}, {}
        self.depth, self.introduced, self.asks, self.asked = {}, {}, {}, set()
        self.unasked, self.explored, self.newest, self.unwanted = Bag(), Bag(), (), {}
        self.last, self.yields, self.intents, self.before = (), {}, {}, {}
        self.loops, self.pairs, self.components = 0, set(), Components()
        self.checks, self.checked_at, self.unchecked = {}, {}, {}

    def ahead(self, event: Event) -> "Graph":
        """Return the graph as it will be after one more event, and leave this one as it is; costs a whole graph."""
        other = deepcopy(self)
        other.apply(event)
        return other

    def _show(self, step: Past) -> None:
        """Take in what was said at one step, as it stands by the decisions known."""
        if step.focus and step.focus.concepts:
            key = self.representative(step.focus.concepts[0])
            self.before[step.seq] = Before(self.degrees.get(key, 0), self.asks.get(key, 0))
        divided = self.corrections.divided
        delta = self.corrections.divide(step.delta)
        try:
            for concept in delta.concepts:
                key = self.representative(concept.key)
                if key in self.corrections.hidden:
                    continue
                if key not in self.concepts:
                    name = concept.name if divided else self.arrived[key]
                    self._introduce(key, self.corrections.names.get(key) or name, step.seq)
                for spelling in (concept.name, *concept.aliases):
                    self._add_alias(key, spelling)
                if concept.type and not self.concepts[key].type:
                    self.concepts[key] = replace(self.concepts[key], type=concept.type)
            for alias, spelling in delta.aliases:
                key = self._known(alias)
                if key not in self.concepts and key not in self.corrections.hidden:  # its first name was taken apart
                    self._introduce(key, self.corrections.names.get(key) or spelling, step.seq)
                self._add_alias(key, spelling)
            are_as_said = self.corrections.are_none
            for place, said in enumerate(delta.statements):
                relation = said.relation if are_as_said else self.corrections.shown(said.relation)
                if relation is not None:
                    self._state(relation, said, step.seq, place)
                    continue
                # Where a rejected end hides a relation, the other end remembers that it is unwanted.
                ends = [(key, self._known(key)) for key in (said.relation.source, said.relation.target)]
                for (key, rejected), (_, other) in (ends, ends[::-1]):
                    if rejected in self.corrections.hidden:
                        self.unwanted[other] = {**self.unwanted.get(other, {}), self.arrived[key]: None}
        except KeyError as error:
            raise StoreError(f"step {step.seq} names a concept that the graph does not hold: {error}") from None
        for claim in step.claims if step.outcome != "thinking" else ():
            relation = self.corrections.shown(claim.relation)
            if divided and relation not in self.relations:  # it was asked in the words of a spelling taken apart
                owns = dict.fromkeys(relation.ends if relation else ())
                for (part, _), own in divided.items():  # in their order, for a part may be divided in its turn
                    if part in owns:
                        owns[own] = None
                asked = claim.relation
                variants = [Relation(own, asked.predicate, asked.target) for own in owns]
                variants += [Relation(asked.source, asked.predicate, own) for own in owns]
                shown = map(self.corrections.shown, variants)
                relation = next((one for one in shown if one in self.relations), relation)
            if relation in self.relations and (claim.log_odds is not None or len(step.claims) == 1):
                self.unchecked.pop(relation, None)  # one of several that was left out is asked about by itself
                checks, seqs = self.checks.get(relation, []), self.checked_at.get(relation, [])
                if claim.log_odds is not None:
                    checks, seqs = [*checks, claim.log_odds], [*seqs, step.seq]
                self.checks[relation], self.checked_at[relation] = checks, seqs
        if step.focus and step.outcome != "thinking":  # it is asked again
            self._ask(step.focus, step)
        if not self.depth and self.concepts:  # distances count from the topic, or the first concept where it is none
            topic = self.topic_key
            self._spread(topic if topic in self.concepts else next(iter(self.concepts)), 0)

    def _introduce(self, key: str, name: str, seq: int) -> None:
        """Add a concept that is not there yet."""
        self.concepts[key] = Concept(key, name)
        self.neighbours[key], self.degrees[key] = {}, 0
        self.incident[key] = []
        self.introduced[key] = seq
        self.components.add(key)
        (self.explored if key in self.asks else self.unasked).add(key)

    def _known(self, key: str) -> str:
        """Return the concept that a key stands for; KeyError where no event has brought that key."""
        if key not in self.arrived:
            raise KeyError(key)
        return self.representative(key)

    def _add_alias(self, key: str, spelling: str) -> None:
        known = self.concepts.get(key)
        if known and spelling != known.name and spelling not in known.aliases:
            self.concepts[key] = replace(known, aliases=tuple(sorted({*known.aliases, spelling})))

    def _state(self, relation: Relation, said: Statement, seq: int, place: int) -> None:  # noqa: ARG002  # columns.py
        """Take in a statement, which shows as a relation, at its place among what its event said."""
        spoken = None if relation is said.relation else said.relation
        self._relate(relation, Evidence(seq, said.raw, said.support, spoken, said.qualifiers))

    def _relate(self, relation: Relation, evidence: Evidence) -> None:
        """Add a piece of evidence, and the relation where it is new."""
        # What is read from a snapshot is a copy: what is changed in place is set again.
        if (pieces := self.relations.get(relation)) is not None:
            pieces.append(evidence)
            self.relations[relation] = pieces
            return
        self.relations[relation] = [evidence]
        self.unchecked[relation] = None
        source, target = relation.source, relation.target
        for key in (source, target) if source != target else (source,):
            incident = self.incident[key]
            incident.append(relation)
            self.incident[key] = incident
        if source == target:
            self.loops += (source, target) not in self.pairs
            self.pairs.add((source, target))
            return
        self.pairs.add((source, target))
        for key, other in ((source, target), (target, source)):
            near = self.neighbours[key]
            near[other] = None
            self.neighbours[key], self.degrees[key] = near, len(near)
        self.components.join(source, target)
        for known, other in ((source, target), (target, source)):
            if known in self.depth and other not in self.depth:
                self._spread(other, self.depth[known] + 1)

    def _spread(self, root: str, depth: int) -> None:
        """Give a concept its distance from the topic, and all connected with it that have none yet."""
        self.depth[root] = depth
        queue = [root]
        for near in queue:
            for other in self.neighbours[near]:
                if other not in self.depth:
                    self.depth[other] = self.depth[near] + 1
                    queue.append(other)

    def _ask(self, focus: Focus, step: Past) -> None:
        """Remember which concepts a question was about, and what it brought."""
        keys = tuple(map(self.representative, focus.concepts))
        self.asked.add((focus.angle, *keys))
        if focus.form == "arbitrate":
            return
        key = keys[0]
        waiting = self.intents.get(key, ())
        if focus.form == "intents":  # what is to be asked about a concept, on behalf of the strategy that chose it
            known = {one.angle for one in waiting}
            new = [angle for angle in step.delta.questions if angle not in known and (angle, key) not in self.asked]
            if new and key not in self.corrections.hidden:
                form: Form = "seed" if focus.strategy == "seed" else "expand"
                foci = (replace(focus, concepts=(key,), angle=angle, form=form) for angle in new)
                self.intents[key] = (*waiting, *foci)
            return
        if waiting:
            self.intents[key] = tuple(one for one in waiting if one.angle != focus.angle)
            if not self.intents[key]:
                del self.intents[key]
        for key in keys:
            if not step.is_again or key not in self.asks:  # several replies to one question are one question
                self.asks[key] = self.asks.get(key, 0) + 1
            self.unasked.discard(key)
            if key in self.concepts:
                self.explored.add(key)
            for reject in step.delta.rejects:
                if reject.rule == REJECTED:
                    self.unwanted[key] = {**self.unwanted.get(key, {}), reject.text: None}
        brought = dict.fromkeys(self.representative(concept.key) for concept in step.delta.new_concepts)
        newest = tuple(key for key in brought if key in self.concepts)
        self.newest = self.newest or newest if step.is_again else newest or self.newest
        self.last, new_here = keys, sum(self.introduced.get(key) == step.seq for key in brought)
        for key, past in {key: self.yields.get(key, Yield()) for key in keys}.items():
            if step.is_again and past.questions:  # more of what the last question brought
                self.yields[key] = Yield(past.questions, past.brought + new_here)
            else:
                self.yields[key] = Yield(KEEP * past.questions + 1, KEEP * past.brought + new_here)

    def subgraph(self, relations: Iterable[Relation], concepts: Iterable[str] = ()) -> "Graph":
        """Return some of the relations with the concepts that they join, and further `concepts`, as a graph to read.

        No event is folded into it: what was asked, paid and decided is that of this graph. Raises KeyError for a
        relation that this graph does not hold.
        """
        kept = {relation: self.relations[relation] for relation in relations}
        ends = {key for relation in kept for key in relation.ends} | {*concepts}
        part = copy(self)
        part.concepts = {key: concept for key, concept in self.concepts.items() if key in ends}
        part.introduced = {key: self.introduced[key] for key in part.concepts}
        part.neighbours, part.incident = ({key: {} for key in part.concepts}, {key: [] for key in part.concepts})
        part.relations, part.unchecked, part.depth, part.degrees = {}, {}, {}, dict.fromkeys(part.concepts, 0)
        part.loops, part.pairs, part.components = 0, set(), Components()
        part.unasked, part.explored, part.past = Bag(), Bag(), list(self.past)
        part.memo = Memo({WHOLE: self.memo.get(WHOLE, self)})
        for key in part.concepts:
            part.components.add(key)
            (part.explored if key in self.asks else part.unasked).add(key)
        for relation, evidence in kept.items():
            for one in evidence:
                part._relate(relation, one)  # noqa: SLF001  # a graph too
        part.checks = {relation: odds for relation, odds in self.checks.items() if relation in kept}
        part.checked_at = {relation: seqs for relation, seqs in self.checked_at.items() if relation in kept}
        part.unchecked = {relation: None for relation in self.unchecked if relation in kept}
        topic = self.topic_key
        if part.concepts:
            part._spread(topic if topic in part.concepts else next(iter(part.concepts)), 0)  # noqa: SLF001  # a graph too
        return part


def fold(events: Iterable[Event]) -> Graph:
    """Return the graph that a log of events describes."""
    graph = Graph()
    graph.apply_all(events)
    return graph
