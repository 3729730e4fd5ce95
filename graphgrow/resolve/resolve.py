"""What a proposal means for one graph: what is new, what gains support, what is junk.

Pure: the same proposal and graph give the same delta, and nothing changes. Identity is the canonical key (names.py);
where the resolver has an Identifier, a new name may also mean a known concept, or be put in doubt.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graphgrow.graph.corrections import REJECTED
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import bare, canonical, clean
from graphgrow.graph.model import Change, Concept, Delta, Proposal, Reject, Relation, Statement, Triple
from graphgrow.resolve.hygiene import broken_rule
from graphgrow.resolve.predicates import FALLBACK, Wording, read

if TYPE_CHECKING:
    from graphgrow.resolve.identity.identifier import Identifier, NewNames

Rules = Callable[[str, str], str]
COPIED = 3  # targets of the worked example under one source; fewer may be meant


@dataclass(frozen=True, slots=True)
class Resolver:
    """How names become keys. `RESOLVE` folds and cleans; `VERBATIM` takes names as they stand, as the paper does."""

    name: Callable[[str], str] = bare
    key: Callable[[str], str] = canonical
    predicate: Callable[[str], Wording] = read
    broken_rule: Rules = broken_rule
    echoes: frozenset[str] = frozenset()
    identifier: "Identifier | None" = None


def _no_rule(name: str, topic: str) -> str:  # noqa: ARG001  # the signature of a rule
    return ""


def _as_said(predicate: str) -> Wording:
    return Wording(clean(predicate) or FALLBACK)


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
    changes: list[Change] = field(default_factory=list)
    names: "NewNames | None" = None
    copied: frozenset[str] = frozenset()

    def rule_against(self, name: str, key: str) -> str:
        """Return why a name may not enter, "" where it may."""
        corrections = self.graph.corrections
        if not key:
            return "no name"
        if corrections.representative(key) in corrections.hidden or key in corrections.rejected:
            return REJECTED
        is_known = self.graph.knows(key) or key in corrections.allowed
        broken = "" if is_known else self.resolver.broken_rule(name, self.topic)
        return REJECTED if not broken and self.names and self.names.is_rejected(name, key) else broken

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
        if canonical(self.topic) in self.resolver.echoes or ends & self.resolver.echoes & self.graph.concepts.keys():
            return False
        return ends <= self.resolver.echoes or (source in self.copied and target in self.resolver.echoes)

    def declare(self, name: str, key: str) -> None:
        """Take in a name as a new concept, or as another spelling of a known one."""
        name = self.resolver.name(name)
        known = self.concepts.get(key) or self.graph.concepts.get(self.graph.representative(key))
        if known is None:
            self.concepts[key] = Concept(key, name)
            if self.names:
                self.changes += self.names.take(name, key)
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
        relation = self.resolver.predicate(triple.predicate).between(source, target)
        if self.graph.corrections.is_rejected(relation):
            self.rejects.setdefault(f"{triple.source} {triple.predicate} {triple.target}", REJECTED)
            return
        self.declare(triple.source, source)
        self.declare(triple.target, target)
        self.statements.setdefault((relation, triple), 1)

    def delta(self) -> Delta:
        """Return what was taken in, new relations apart from further support."""
        corrections = self.graph.corrections.ahead(self.changes)
        new: dict[Relation, Statement] = {}
        support: list[Statement] = []
        for (said, raw), count in self.statements.items():
            relation = corrections.shown(said)
            if relation is None or relation in self.graph.relations or relation in new:
                support.append(Statement(said, raw, count))
            else:
                new[relation] = Statement(said, raw, count)
        rejects = tuple(Reject(name, rule) for name, rule in self.rejects.items())
        return Delta(
            tuple(self.concepts.values()),
            tuple(self.aliases),
            tuple(new.values()),
            tuple(support),
            rejects,
            tuple(self.changes),
        )


def _new_names(proposal: Proposal, graph: Graph, resolver: Resolver) -> "NewNames | None":
    """Return what decides about the names that a reply brings; None where keys alone do."""
    if resolver.identifier is None:
        return None
    pairs = [(resolver.name(one.source), resolver.name(one.target)) for one in proposal.triples]
    return resolver.identifier.read(graph, resolver.key, pairs, map(resolver.name, proposal.names))


def _copying(proposal: Proposal, resolver: Resolver) -> frozenset[str]:
    """Return the sources to which a reply gives COPIED targets of the prompt's worked example: it copies a list."""
    keys = [[resolver.key(resolver.name(end)) for end in (one.source, one.target)] for one in proposal.triples]
    counts = Counter(source for source, target in keys if target in resolver.echoes)
    return frozenset(source for source, count in counts.items() if count >= COPIED)


def resolve(proposal: Proposal, graph: Graph, topic: str = "", resolver: Resolver = RESOLVE) -> Delta:
    """Return what a proposal brings to a graph."""
    names, copied = _new_names(proposal, graph, resolver), _copying(proposal, resolver)
    reading = _Reading(graph, resolver, topic or graph.topic, names=names, copied=copied)
    for triple in proposal.triples:
        reading.say(triple)
    for name in proposal.names:
        key = reading.admit(name)
        if key is not None:
            reading.declare(name, key)
    return reading.delta()
