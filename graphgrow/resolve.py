"""What a proposal means for one graph: what is new, what gains support, what is junk.

Pure: the same proposal and graph give the same delta, and nothing changes. Identity is the canonical key (names.py).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from graphgrow.graph import Graph
from graphgrow.hygiene import broken_rule
from graphgrow.model import Concept, Delta, Proposal, Reject, Relation, Statement, Triple
from graphgrow.names import bare, canonical, clean
from graphgrow.predicates import FALLBACK, canonical_predicate
from graphgrow.standing import REJECTED

Rules = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Resolver:
    """How names become keys. `RESOLVE` folds and cleans; `VERBATIM` takes names as they stand, as the paper does."""

    name: Callable[[str], str] = bare
    key: Callable[[str], str] = canonical
    predicate: Callable[[str], str] = canonical_predicate
    broken_rule: Rules = broken_rule
    echoes: frozenset[str] = frozenset()


def _no_rule(name: str, topic: str) -> str:  # noqa: ARG001  # the signature of a rule
    return ""


def _as_said(predicate: str) -> str:
    return clean(predicate) or FALLBACK


RESOLVE = Resolver()
VERBATIM = Resolver(name=clean, key=clean, predicate=_as_said, broken_rule=_no_rule)


@dataclass(slots=True)
class _Reading:
    """One proposal being read against one graph."""

    graph: Graph
    resolver: Resolver
    topic: str
    concepts: dict[str, Concept] = field(default_factory=dict)
    aliases: dict[tuple[str, str], None] = field(default_factory=dict)
    statements: dict[tuple[Relation, Triple], int] = field(default_factory=dict)
    rejects: dict[str, str] = field(default_factory=dict)

    def rule_against(self, name: str, key: str) -> str:
        standing = self.graph.standing
        if not key:
            return "no name"
        if standing.find(key) in standing.hidden or key in standing.rejected:
            return REJECTED
        is_known = self.graph.knows(key) or key in standing.allowed
        return "" if is_known else self.resolver.broken_rule(name, self.topic)

    def admit(self, name: str) -> str | None:
        """Return the key of a name that may enter the graph, else note the reject and return None."""
        name = self.resolver.name(name)
        key = self.resolver.key(name)
        rule = self.rule_against(name, key)
        if rule:
            self.rejects.setdefault(name, rule)
            return None
        return key

    def echoes(self, source: str, target: str) -> bool:
        """Tell whether a triple is copied from the prompt's worked example and not from the topic."""
        ends = {source, target}
        own = canonical(self.topic) in self.resolver.echoes
        return ends <= self.resolver.echoes and not own and not ends & self.graph.concepts.keys()

    def declare(self, name: str, key: str) -> None:
        """Take in a name as a new concept, or as another spelling of a known one."""
        name = self.resolver.name(name)
        known = self.concepts.get(key) or self.graph.concepts.get(self.graph.standing.find(key))
        if known is None:
            self.concepts[key] = Concept(key, name)
        elif name != known.name and name not in known.aliases:
            self.aliases[key, name] = None

    def say(self, triple: Triple) -> None:
        """Take in one triple: both ends must be concepts, or neither enters."""
        source, target = self.admit(triple.source), self.admit(triple.target)
        if source is None or target is None:
            return
        if self.echoes(source, target):
            self.rejects.setdefault(f"{triple.source} -> {triple.target}", "echo of the prompt")
            return
        relation = Relation(source, self.resolver.predicate(triple.predicate), target)
        if self.graph.standing.is_rejected(relation):
            self.rejects.setdefault(f"{triple.source} {triple.predicate} {triple.target}", REJECTED)
            return
        self.declare(triple.source, source)
        self.declare(triple.target, target)
        self.statements.setdefault((relation, triple), 1)

    def delta(self) -> Delta:
        """Return what was taken in, new relations apart from further support."""
        new: list[Statement] = []
        support: list[Statement] = []
        for (relation, raw), count in self.statements.items():
            known = self.graph.standing.counts_as(relation) in self.graph.relations
            known = known or any(s.relation == relation for s in new)
            (support if known else new).append(Statement(relation, raw, count))
        rejects = tuple(Reject(name, rule) for name, rule in self.rejects.items())
        return Delta(tuple(self.concepts.values()), tuple(self.aliases), tuple(new), tuple(support), rejects)


def resolve(proposal: Proposal, graph: Graph, topic: str = "", resolver: Resolver = RESOLVE) -> Delta:
    """Return what a proposal brings to a graph."""
    reading = _Reading(graph, resolver, topic or graph.topic)
    for triple in proposal.triples:
        reading.say(triple)
    for name in proposal.names:
        key = reading.admit(name)
        if key is not None:
            reading.declare(name, key)
    return reading.delta()
