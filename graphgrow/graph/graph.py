"""A knowledge graph is a fold over events; `Graph.apply_all` is the only place where one changes.

Everything a step needs to know is kept up to date here at a cost that follows the event, not the graph: neighbours,
distance from the topic, components, which questions were asked, which concepts were never asked about, the bill. The
small things that this is kept in stand before the graph.
"""

from collections.abc import Iterable, Iterator, Mapping
from copy import copy, deepcopy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from graphgrow.errors import StoreError
from graphgrow.graph.corrections import REJECTED, Corrections, is_structural
from graphgrow.graph.keys import canonical, common
from graphgrow.graph.model import (
    Change,
    CheckedRelation,
    CheckMethod,
    Concept,
    Delta,
    Edit,
    Embedding,
    Event,
    Expansion,
    FactCheck,
    Focus,
    Form,
    Outcome,
    Qualifiers,
    ReasoningStep,
    Relation,
    Role,
    Statement,
    Triple,
    Usage,
)
from graphgrow.graph.steering import Steering

if TYPE_CHECKING:
    import random

    import igraph

KEEP = 0.7  # what a question counts for beside the next one about the same concept


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence for a relation: the event that said it, in which words, as what, how often, what beside."""

    seq: int
    raw: Triple
    support: int = 1
    said: Relation | None = None
    qualifiers: Qualifiers | None = None


@dataclass(slots=True)
class Bill:
    """What the events of a graph cost so far. `usd` counts priced replies only."""

    replies: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0
    seconds: float = 0.0

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens

    def embed(self, embedding: Embedding) -> None:
        """Add what comparing names by meaning cost, which is no reply."""
        self.prompt_tokens += embedding.tokens
        self.usd += embedding.usd or 0.0

    def add(self, usage: Usage, usd: float | None, seconds: float) -> None:
        """Add one reply."""
        self.replies += 1
        self.prompt_tokens += usage.prompt_tokens
        self.completion_tokens += usage.completion_tokens
        self.usd += usd or 0.0
        self.seconds += seconds


def take_bill(event: Event, bill: Bill, parts: dict[tuple[Role, str], Bill]) -> None:
    """Add what an event cost to a bill and to its parts, which are by role and model."""
    if not isinstance(event, Edit) and event.reply:
        for one in (bill, parts.setdefault((event.role, event.reply.model), Bill())):
            one.add(event.reply.usage, event.reply.usd, event.reply.seconds)
    if isinstance(event, Expansion) and event.embedding:
        for one in (bill, parts.setdefault(("embed", event.embedding.model), Bill())):
            one.embed(event.embedding)


def bill_rows(bills: Mapping[tuple[Role, str], Bill]) -> list[dict[str, str | int | float]]:
    """Return bills by role and model as rows: `role`, `model`, `replies`, `tokens`, `usd`."""
    return [
        {"role": role, "model": model, "replies": one.replies, "tokens": one.tokens, "usd": one.usd}
        for (role, model), one in bills.items()
    ]


@dataclass(frozen=True, slots=True)
class Yield:
    """How many questions a concept was asked, and how many concepts these brought, older ones discounted by KEEP."""

    questions: float = 0.0
    brought: float = 0.0


@dataclass(frozen=True, slots=True)
class Past:
    """What an event said, what it was asked and what that cost, kept so that it can be shown or judged anew.

    `focus` is None for an edit and a fact check, whose `claims` are kept; `is_step` and `is_again` as in Expansion.
    """

    seq: int
    delta: Delta
    focus: Focus | None = None
    tokens: int = 0
    is_step: bool = False
    is_again: bool = False
    outcome: Outcome = "ok"
    claims: tuple[CheckedRelation, ...] = ()

    @classmethod
    def of(cls, event: Event) -> "Past":
        """Return what of an event is kept."""
        if isinstance(event, Expansion):
            tokens = event.reply.usage.tokens
            return cls(event.seq, event.delta, event.focus, tokens, event.is_step, event.is_again, event.outcome)
        if isinstance(event, FactCheck):
            bill, outcome = event.reply.usage.tokens, event.outcome
            return cls(event.seq, event.delta, tokens=bill, outcome=outcome, claims=event.claims)
        return cls(event.seq, event.delta)


@dataclass(frozen=True, slots=True)
class Before:
    """How a concept stood just before a question about it: its neighbours, the questions about it so far."""

    degree: int
    asks: int


class Memo(dict[str, object]):
    """What others worked out from a graph and keep beside it; a copy of the graph starts without."""

    def __deepcopy__(self, memo: dict[int, object]) -> "Memo":
        return Memo()


class Bag:
    """A set that can be sampled and changed in constant time; `items` in an order that depends on its history alone."""

    def __init__(self) -> None:
        self.items: list[str] = []
        self._place: dict[str, int] = {}

    def add(self, item: str) -> None:
        """Add an item; adding it twice changes nothing."""
        if item not in self._place:
            self._place[item] = len(self.items)
            self.items.append(item)

    def discard(self, item: str) -> None:
        """Take an item out by moving the last one into its place."""
        place = self._place.pop(item, None)
        if place is None:
            return
        last = self.items.pop()
        if last != item:
            self.items[place] = last
            self._place[last] = place

    def sample(self, count: int, rng: "random.Random") -> list[str]:
        """Return up to `count` different items, all of them in order where there are no more."""
        return list(self.items) if len(self.items) <= count else rng.sample(self.items, count)


class Components:
    """Connected components of the undirected graph by union-find; sizes are exact after every union."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}
        self.sizes: dict[str, int] = {}
        self.largest = 0

    def add(self, key: str) -> None:
        """Add a concept as a component of its own."""
        self._parent[key] = key
        self.sizes[key] = 1
        self.largest = max(self.largest, 1)

    def find(self, key: str) -> str:
        """Return the concept that stands for the component of `key`."""
        while (parent := self._parent[key]) != key:
            self._parent[key] = key = self._parent[parent]
        return key

    def join(self, one: str, other: str) -> None:
        """Make one component of two."""
        a, b = self.find(one), self.find(other)
        if a == b:
            return
        if self.sizes[a] < self.sizes[b]:
            a, b = b, a
        self._parent[b] = a
        self.sizes[a] += self.sizes.pop(b)
        self.largest = max(self.largest, self.sizes[a])


@dataclass(slots=True)
class Graph:
    """Concepts by key, relations with their evidence, and what the log says about how they came.

    Everything here is as shown: a concept may stand for several keys that were said (`corrections`), one that somebody
    rejected is not there. `decisions` counts how often that was worked out anew.

    `rejected` counts by hygiene rule; `neighbours` is the simple undirected projection without loops; `depth` is the
    number of relations from the topic when a concept came in; `introduced` is the seq that brought it; `unwanted` holds
    the names that somebody rejected beside a concept, `unmended` the unusable replies that were not asked again yet;
    `yields` says what the questions about a concept brought, `last` what the last one was about; `intents` are the
    questions about a concept that the model was asked for and that were not asked themselves yet; `steering` is what
    people want of the questions to come. `past` is what the events said and asked, `before` how the first concept of a
    question stood before it, by seq. `arrived` has every key that was ever said, also where it stands for another one
    or is not shown, and the name that it came with. `thoughts` are the pieces of work with the graph, each by the seq
    of its plan.

    `checks` are the log-odds that fact checks gave a relation, none of them where a model had nothing to say, and
    `checked_at` the seqs of these; `unchecked` the relations that nobody asked about, oldest first. `checking` is what
    fact checks cost of the `bill`, `before_checking` the tokens of the time before there were any, `check_method` how
    the last one was read, and `check_methods` how the last one of each model, by `Reply.source`. `bills` are the parts
    of the bill, by the role of a model and by its name. `undone` has the edits that are taken back, each with the edit
    that did it, by seq.
    """

    seq: int = 0
    steps: int = 0
    topic: str = ""
    concepts: dict[str, Concept] = field(default_factory=dict)
    relations: dict[Relation, list[Evidence]] = field(default_factory=dict)
    neighbours: dict[str, dict[str, None]] = field(default_factory=dict)
    incident: dict[str, list[Relation]] = field(default_factory=dict)
    depth: dict[str, int] = field(default_factory=dict)
    introduced: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    asked: set[tuple[str, ...]] = field(default_factory=set)
    asks: dict[str, int] = field(default_factory=dict)
    unasked: Bag = field(default_factory=Bag)
    explored: Bag = field(default_factory=Bag)
    unwanted: dict[str, dict[str, None]] = field(default_factory=dict)
    unmended: set[int] = field(default_factory=set)
    newest: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    yields: dict[str, Yield] = field(default_factory=dict)
    intents: dict[str, tuple[Focus, ...]] = field(default_factory=dict)
    loops: int = 0
    pairs: set[tuple[str, str]] = field(default_factory=set)
    components: Components = field(default_factory=Components)
    bill: Bill = field(default_factory=Bill)
    corrections: Corrections = field(default_factory=Corrections)
    steering: Steering = field(default_factory=Steering)
    decisions: int = 0
    memo: Memo = field(default_factory=Memo, compare=False, repr=False)
    past: list[Past] = field(default_factory=list)
    before: dict[int, Before] = field(default_factory=dict)
    thoughts: dict[int, list[ReasoningStep]] = field(default_factory=dict)
    checks: dict[Relation, list[float]] = field(default_factory=dict)
    checked_at: dict[Relation, list[int]] = field(default_factory=dict)
    unchecked: dict[Relation, None] = field(default_factory=dict)
    checking: Bill = field(default_factory=Bill)
    before_checking: int = 0
    check_method: CheckMethod | None = None
    check_methods: dict[str, CheckMethod] = field(default_factory=dict)
    bills: dict[tuple[Role, str], Bill] = field(default_factory=dict)
    undone: dict[int, int] = field(default_factory=dict)
    arrived: dict[str, str] = field(default_factory=dict)

    def apply(self, event: Event) -> None:
        """Fold one event into the graph; raises StoreError where it is not the next one or names what is not there."""
        self.apply_all((event,))

    def apply_all(self, events: Iterable[Event]) -> None:
        """Fold events into the graph; what decisions change about earlier ones is worked out once for all of them.

        Raises StoreError for an event that is not the next one, or that cannot follow those before it.
        """
        is_stale = False
        for event in events:
            if event.seq != self.seq + 1:
                raise StoreError(f"the log is damaged: event {event.seq} cannot follow event {self.seq}")
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
        self.concepts, self.relations, self.neighbours, self.incident = {}, {}, {}, {}
        self.depth, self.introduced, self.asks, self.asked = {}, {}, {}, set()
        self.unasked, self.explored, self.newest, self.unwanted = Bag(), Bag(), (), {}
        self.last, self.yields, self.intents, self.before = (), {}, {}, {}
        self.loops, self.pairs, self.components = 0, set(), Components()
        self.checks, self.checked_at, self.unchecked = {}, {}, {}
        for step in self.past:
            self._show(step)

    @property
    def bill_rows(self) -> list[dict[str, str | int | float]]:
        """The parts of the bill, see `bill_rows`."""
        return bill_rows(self.bills)

    def ahead(self, event: Event) -> "Graph":
        """Return the graph as it will be after one more event, and leave this one as it is; costs a whole graph."""
        other = deepcopy(self)
        other.apply(event)
        return other

    def _show(self, step: Past) -> None:
        """Take in what was said at one step, as it stands by the decisions known."""
        if step.focus and step.focus.concepts:
            key = self.representative(step.focus.concepts[0])
            self.before[step.seq] = Before(len(self.neighbours.get(key, ())), self.asks.get(key, 0))
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
            for said in (*delta.relations, *delta.support):
                relation = self.corrections.shown(said.relation)
                if relation is not None:
                    spoken = None if relation is said.relation else said.relation
                    self._relate(relation, Evidence(step.seq, said.raw, said.support, spoken, said.qualifiers))
                    continue
                # At one end of a relation that is not shown it is remembered that nobody wants the other end.
                ends = [(key, self._known(key)) for key in (said.relation.source, said.relation.target)]
                for (key, rejected), (_, other) in (ends, ends[::-1]):
                    if rejected in self.corrections.hidden:
                        self.unwanted.setdefault(other, {})[self.arrived[key]] = None
        except KeyError as error:
            raise StoreError(f"event {step.seq} names a concept that the graph does not hold: {error}") from None
        for claim in step.claims if step.outcome != "thinking" else ():
            relation = self.corrections.shown(claim.relation)
            if divided and relation not in self.relations:  # it was asked in the words of a spelling taken apart
                owns = [own for (key, _), own in divided.items() if relation and key in relation.ends]
                asked = claim.relation
                variants = [Relation(own, asked.predicate, asked.target) for own in owns]
                variants += [Relation(asked.source, asked.predicate, own) for own in owns]
                shown = map(self.corrections.shown, variants)
                relation = next((one for one in shown if one in self.relations), relation)
            if relation in self.relations and (claim.log_odds is not None or len(step.claims) == 1):
                self.unchecked.pop(relation, None)  # one of several that was left out is asked about by itself
                checks, seqs = self.checks.setdefault(relation, []), self.checked_at.setdefault(relation, [])
                if claim.log_odds is not None:
                    checks.append(claim.log_odds)
                    seqs.append(step.seq)
        if step.focus and step.outcome != "thinking":  # it is asked again
            self._ask(step.focus, step)
        if not self.depth and self.concepts:  # distances count from the topic, or the first concept where it is none
            topic = self.topic_key
            self._spread(topic if topic in self.concepts else next(iter(self.concepts)), 0)

    def _introduce(self, key: str, name: str, seq: int) -> None:
        """Add a concept that is not there yet."""
        self.concepts[key] = Concept(key, name)
        self.neighbours[key] = {}
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

    def _relate(self, relation: Relation, evidence: Evidence) -> None:
        """Add a piece of evidence, and the relation where it is new."""
        if relation in self.relations:
            self.relations[relation].append(evidence)
            return
        self.relations[relation] = [evidence]
        self.unchecked[relation] = None
        source, target = relation.source, relation.target
        self.incident[source].append(relation)
        if source == target:
            self.loops += (source, target) not in self.pairs
            self.pairs.add((source, target))
            return
        self.pairs.add((source, target))
        self.incident[target].append(relation)
        self.neighbours[source][target] = None
        self.neighbours[target][source] = None
        self.components.join(source, target)
        for known, other in ((source, target), (target, source)):
            if known in self.depth and other not in self.depth:
                self._spread(other, self.depth[known] + 1)

    def _spread(self, root: str, depth: int) -> None:
        """Give a concept its distance from the topic, and all that hang on it and have none yet."""
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
                    self.unwanted.setdefault(key, {})[reject.text] = None
        brought = dict.fromkeys(self.representative(concept.key) for concept in step.delta.new_concepts)
        newest = tuple(key for key in brought if key in self.concepts)
        self.newest = self.newest or newest if step.is_again else newest or self.newest
        self.last, new_here = keys, sum(self.introduced.get(key) == step.seq for key in brought)
        for key, past in {key: self.yields.get(key, Yield()) for key in keys}.items():
            if step.is_again and past.questions:  # what the last question brought, further
                self.yields[key] = Yield(past.questions, past.brought + new_here)
            else:
                self.yields[key] = Yield(KEEP * past.questions + 1, KEEP * past.brought + new_here)

    @property
    def topic_key(self) -> str:
        """The concept that the topic is, by key; the key it would have where the graph does not hold it."""
        key = canonical(self.topic)
        known = (self.representative(one) for one in (key, common(key)))
        return next((one for one in known if one in self.concepts), self.representative(key))

    def representative(self, key: str) -> str:
        """Return the key of the concept that a key stands for; itself where nothing was merged."""
        return self.corrections.representatives.get(key, key)

    def is_rejected(self, key: str) -> bool:
        """Tell whether the concept that a key stands for was rejected, under any of its names."""
        return self.representative(key) in self.corrections.hidden

    def doubts(self) -> Iterator[Change]:
        """Yield the doubts that nobody has decided yet, oldest first."""
        return self.corrections.queue()

    def spellings(self, since: int = 0) -> Iterator[tuple[str, str]]:
        """Yield (key as said, spelling) for every name that came after seq `since`, rejected ones too."""
        for step in self.past[since:]:
            delta = self.corrections.divide(step.delta)
            for concept in delta.concepts:
                yield from ((concept.key, spelling) for spelling in (concept.name, *concept.aliases))
            yield from delta.aliases

    def degree(self, key: str) -> int:
        """Return how many other concepts a concept is related to."""
        return len(self.neighbours[key])

    def support(self, relation: Relation) -> int:
        """Return how often a relation was said, over all events."""
        return sum(evidence.support for evidence in self.relations[relation])

    def qualifiers(self, relation: Relation) -> list[Qualifiers]:
        """Return what was said beside a relation, in order of arrival; nothing of evidence that says nothing beside."""
        return [evidence.qualifiers for evidence in self.relations[relation] if evidence.qualifiers]

    def predicate_class(self, relation: Relation) -> str:
        """Return the predicate of the vocabulary that a relation's one is or is a case of; its own where none is."""
        classes = (one.predicate_class for one in self.qualifiers(relation))
        return next(filter(None, classes), relation.predicate)

    def delta(self, said: Statement, concepts: tuple[Concept, ...] = (), changes: tuple[Change, ...] = ()) -> Delta:
        """Return one statement as a delta of this graph: a new relation, or support of a known one."""
        if self.corrections.shown(said.relation) in self.relations:
            return Delta(concepts, support=(said,), changes=changes)
        return Delta(concepts, relations=(said,), changes=changes)

    def by_age(self, one: str, other: str) -> tuple[str, str]:
        """Return the keys of two concepts, the one that came first before the other."""
        if self.introduced[one] == self.introduced[other]:
            first = next(key for key in self.concepts if key in (one, other))
        else:
            first = min((one, other), key=lambda key: self.introduced[key])
        return first, other if first == one else one

    def name(self, key: str) -> str:
        """Return the name people read for a key; the key itself where the graph does not hold it."""
        concept = self.concepts.get(key)
        return concept.name if concept else key

    def triples(self) -> list[tuple[str, str, str]]:
        """Return the distinct relations as (source, predicate, target) keys, in order of arrival."""
        return [(r.source, r.predicate, r.target) for r in self.relations]

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
        part.relations, part.unchecked, part.depth = {}, {}, {}
        part.loops, part.pairs, part.components = 0, set(), Components()
        part.unasked, part.explored, part.memo, part.past = Bag(), Bag(), Memo(), list(self.past)
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

    def igraph(self) -> "igraph.Graph":
        """Return the simple undirected projection as an igraph.Graph; vertex attribute `name` is the concept's key."""
        import igraph

        place = {key: i for i, key in enumerate(self.concepts)}
        edges = {(min(a, b), max(a, b)) for s, t in self.pairs if (a := place[s]) != (b := place[t])}
        return igraph.Graph(n=len(place), edges=sorted(edges), vertex_attrs={"name": list(place)})


def fold(events: Iterable[Event]) -> Graph:
    """Return the graph that a log of events describes."""
    graph = Graph()
    graph.apply_all(events)
    return graph
