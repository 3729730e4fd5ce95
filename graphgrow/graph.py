"""A knowledge graph is a fold over events; `Graph.apply` is the only place where one changes.

Everything a step needs to know is kept up to date here at a cost that follows the event, not the graph: neighbours,
distance from the topic, components, which questions were asked, which concepts were never asked about, the bill.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graphgrow.errors import StoreError
from graphgrow.model import Concept, Delta, Event, Expansion, Relation, Triple, Usage
from graphgrow.names import canonical

if TYPE_CHECKING:
    import random

    import igraph


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece of evidence for a relation: the event that said it, in which words, and how often."""

    seq: int
    raw: Triple
    support: int = 1


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

    def add(self, usage: Usage, usd: float | None, seconds: float) -> None:
        """Add one reply."""
        self.replies += 1
        self.prompt_tokens += usage.prompt_tokens
        self.completion_tokens += usage.completion_tokens
        self.usd += usd or 0.0
        self.seconds += seconds


class Bag:
    """A set that can be sampled and changed in constant time, in an order that depends on its history alone."""

    def __init__(self) -> None:
        self._items: list[str] = []
        self._place: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, item: object) -> bool:
        return item in self._place

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def add(self, item: str) -> None:
        """Add an item; adding it twice changes nothing."""
        if item not in self._place:
            self._place[item] = len(self._items)
            self._items.append(item)

    def discard(self, item: str) -> None:
        """Take an item out by moving the last one into its place."""
        place = self._place.pop(item, None)
        if place is None:
            return
        last = self._items.pop()
        if last != item:
            self._items[place] = last
            self._place[last] = place

    def sample(self, count: int, rng: "random.Random") -> list[str]:
        """Return up to `count` different items, all of them in order where there are no more."""
        return list(self._items) if len(self._items) <= count else rng.sample(self._items, count)


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

    `rejected` counts by hygiene rule; `neighbours` is the simple undirected projection without loops; `depth` is the
    number of relations from the topic when a concept came in; `introduced` is the seq that brought it;
    `unmended` holds the unusable replies that were not asked again yet.
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
    unmended: set[int] = field(default_factory=set)
    newest: tuple[str, ...] = ()
    loops: int = 0
    pairs: set[tuple[str, str]] = field(default_factory=set)
    components: Components = field(default_factory=Components)
    bill: Bill = field(default_factory=Bill)

    def apply(self, event: Event) -> None:
        """Fold one event into the graph; raises StoreError where it is not the next one or names what is not there."""
        if event.seq != self.seq + 1:
            raise StoreError(f"the log is damaged: event {event.seq} cannot follow event {self.seq}")
        self.seq = event.seq
        try:
            self._merge(event.delta)
        except KeyError as error:
            raise StoreError(f"event {event.seq} names a concept that the graph does not hold: {error}") from None
        if isinstance(event, Expansion):
            self._account(event)
        if not self.depth and self.concepts:
            self._spread(self._root(), 0)

    def _merge(self, delta: Delta) -> None:
        for concept in delta.concepts:
            self._add_concept(concept)
        for key, spelling in delta.aliases:
            self._add_alias(key, spelling)
        for statement in delta.statements:
            self._add_evidence(statement.relation, Evidence(self.seq, statement.raw, statement.support))
        for reject in delta.rejects:
            self.rejected[reject.rule] = self.rejected.get(reject.rule, 0) + 1

    def _root(self) -> str:
        """Return the concept that distances count from: the topic, or the first concept where it is none."""
        topic = canonical(self.topic)
        return topic if topic in self.concepts else next(iter(self.concepts))

    def _add_concept(self, concept: Concept) -> None:
        key = concept.key
        if key in self.concepts:
            for spelling in (concept.name, *concept.aliases):
                self._add_alias(key, spelling)
            return
        self.concepts[key] = concept
        self.neighbours[key] = {}
        self.incident[key] = []
        self.introduced[key] = self.seq
        self.components.add(key)
        (self.explored if key in self.asks else self.unasked).add(key)

    def _add_alias(self, key: str, spelling: str) -> None:
        known = self.concepts[key]
        if spelling != known.name and spelling not in known.aliases:
            self.concepts[key] = Concept(key, known.name, tuple(sorted({*known.aliases, spelling})))

    def _add_evidence(self, relation: Relation, evidence: Evidence) -> None:
        if relation not in self.relations:
            self.relations[relation] = []
            self._connect(relation)
        self.relations[relation].append(evidence)

    def _connect(self, relation: Relation) -> None:
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
        self._settle_depth(source, target)

    def _settle_depth(self, source: str, target: str) -> None:
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

    def _account(self, event: Expansion) -> None:
        self.topic = self.topic or event.topic
        self.steps += not event.repairs
        self.unmended.discard(event.repairs)
        if not event.repairs and event.outcome == "unusable":
            self.unmended.add(event.seq)
        self.asked.add(event.focus.question)
        for key in event.focus.concepts:
            self.asks[key] = self.asks.get(key, 0) + 1
            self.unasked.discard(key)
            if key in self.concepts:
                self.explored.add(key)
        self.newest = tuple(concept.key for concept in event.delta.concepts) or self.newest
        self.bill.add(event.reply.usage, event.reply.usd, event.reply.seconds)

    def degree(self, key: str) -> int:
        """Return how many other concepts a concept is related to."""
        return len(self.neighbours[key])

    def support(self, relation: Relation) -> int:
        """Return how often a relation was said, over all events."""
        return sum(evidence.support for evidence in self.relations[relation])

    def name(self, key: str) -> str:
        """Return the name people read for a key; the key itself where the graph does not hold it."""
        concept = self.concepts.get(key)
        return concept.name if concept else key

    def triples(self) -> list[tuple[str, str, str]]:
        """Return the distinct relations as (source, predicate, target) keys, in order of arrival."""
        return [(r.source, r.predicate, r.target) for r in self.relations]

    def igraph(self) -> "igraph.Graph":
        """Return the simple undirected projection as an igraph.Graph; vertex attribute `name` is the concept's key."""
        import igraph

        place = {key: i for i, key in enumerate(self.concepts)}
        edges = {(min(a, b), max(a, b)) for s, t in self.pairs if (a := place[s]) != (b := place[t])}
        return igraph.Graph(n=len(place), edges=sorted(edges), vertex_attrs={"name": list(place)})


def fold(events: Iterable[Event]) -> Graph:
    """Return the graph that a log of events describes."""
    graph = Graph()
    for event in events:
        graph.apply(event)
    return graph
