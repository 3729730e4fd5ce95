"""What a graph holds and what can be asked of it, with its bill; graph.py says how events change it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graphgrow.graph.corrections import Corrections
from graphgrow.graph.indexes import Bag, Components, Memo
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
    import igraph


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
class Evidence:
    """Evidence for a relation: the event that said it, in which words, as what, how often, and what was said beside."""

    seq: int
    raw: Triple
    support: int = 1
    said: Relation | None = None
    qualifiers: Qualifiers | None = None


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


@dataclass(slots=True)
class GraphState:
    """Concepts by key, relations with their evidence, and what the log says about how they came.

    Everything here is as shown: a concept may stand for several keys that were said (`corrections`), one that somebody
    rejected is not there. `decisions` counts how often that was worked out anew.

    `rejected` counts by hygiene rule; `neighbours` is the simple undirected projection without loops, `degrees` how
    many every concept has there; `depth` is the number of relations from the topic when a concept came in; `introduced`
    is the seq that brought it; `unwanted` holds the names that somebody rejected beside a concept, `unmended` the
    unusable replies that were not asked again yet; `yields` says what the questions about a concept brought, `last`
    what the last one was about; `intents` are the questions about a concept that the model was asked for and that were
    not asked themselves yet; `steering` is what people want of the questions to come. `past` is what the events said
    and asked, `before` how the first concept of a question stood before it, by seq. `arrived` has every key that was
    ever said, also where it stands for another one or is not shown, and the name that it came with. `thoughts` are the
    pieces of work with the graph, each by the seq of its plan.

    `checks` are the log-odds that fact checks gave a relation (none where a model had nothing to say), and `checked_at`
    the seqs of the checks; `unchecked` the relations that nobody asked about, oldest first. `checking` is what fact
    checks cost of the `bill`, `before_checking` the tokens of the time before there were any, `check_method` how the
    last one was read, and `check_methods` how the last one of each model, by `Reply.source`. `misses` are the
    `FactCheck.misses` of the models whose last one brought no answer, since the last that did, and `missed_at` says how
    many steps there were by then. `bills` are the parts of the bill, by the role of a model and by its name. `undone`
    has the edits that are taken back, each with the edit that did it, by seq.
    """

    seq: int = 0
    steps: int = 0
    topic: str = ""
    concepts: dict[str, Concept] = field(default_factory=dict)
    relations: dict[Relation, list[Evidence]] = field(default_factory=dict)
    neighbours: dict[str, dict[str, None]] = field(default_factory=dict)
    degrees: dict[str, int] = field(default_factory=dict)
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
    components: Components[str] = field(default_factory=Components)
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
    misses: dict[str, int] = field(default_factory=dict)
    missed_at: dict[str, int] = field(default_factory=dict)
    bills: dict[tuple[Role, str], Bill] = field(default_factory=dict)
    undone: dict[int, int] = field(default_factory=dict)
    arrived: dict[str, str] = field(default_factory=dict)

    @property
    def topic_key(self) -> str:
        """The concept that the topic is, by key; the key it would have where the graph does not hold it."""
        key = canonical(self.topic)
        if (own := self.representative(key)) in self.concepts:
            return own
        if (plain := self.representative(common(key))) in self.concepts:
            return plain
        # In an older log: then ß, exponents and the case of units and Greek letters were no part of a key.
        for older in (key.casefold(), key.casefold().replace("^", "")):
            concept = self.concepts.get(self.representative(older))
            if concept and key in map(canonical, (concept.name, *concept.aliases)):
                return concept.key
        return own

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
        for place in range(since, len(self.past)):
            delta = self.corrections.divide(self.past[place].delta)
            for concept in delta.concepts:
                yield from ((concept.key, spelling) for spelling in (concept.name, *concept.aliases))
            yield from delta.aliases

    def degree(self, key: str) -> int:
        """Return how many other concepts a concept is related to."""
        return self.degrees[key]

    def support(self, relation: Relation) -> int:
        """Return how often a relation was said, over all events."""
        return sum(evidence.support for evidence in self.relations[relation])

    def qualifiers(self, relation: Relation) -> list[Qualifiers]:
        """Return what was said beside a relation, in order of arrival; nothing of evidence that says nothing beside."""
        return [evidence.qualifiers for evidence in self.relations[relation] if evidence.qualifiers]

    def predicate_class(self, relation: Relation) -> str:
        """Return the predicate of the vocabulary that a relation's own is, or is a case of; else its own."""
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

    @property
    def bill_rows(self) -> list[dict[str, str | int | float]]:
        """The parts of the bill, see `bill_rows`."""
        return bill_rows(self.bills)

    def igraph(self) -> "igraph.Graph":
        """Return the simple undirected projection as an igraph.Graph; vertex attribute `name` is the concept's key."""
        import igraph

        place = {key: i for i, key in enumerate(self.concepts)}
        edges = {(min(a, b), max(a, b)) for s, t in self.pairs if (a := place[s]) != (b := place[t])}
        return igraph.Graph(n=len(place), edges=sorted(edges), vertex_attrs={"name": list(place)})
