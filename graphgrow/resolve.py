"""What a proposal means for one graph: what is new, what gains support, what is junk.

Pure: the same proposal and graph give the same delta, and nothing changes. Identity is the canonical key (names.py);
where the resolver has an Identifier, a new name may also mean a known concept, or be put in doubt.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from graphgrow.graph import Graph
from graphgrow.hygiene import broken_rule
from graphgrow.identify import Identifier
from graphgrow.identity import Decision, Lexicon, decide
from graphgrow.model import Change, Concept, Delta, Doing, Proposal, Reject, Relation, Statement, Triple
from graphgrow.names import bare, canonical, clean
from graphgrow.predicates import FALLBACK, Wording, read
from graphgrow.standing import REJECTED

Rules = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Resolver:
    """How names become keys. `RESOLVE` folds and cleans; `VERBATIM` takes names as they stand, as the paper does."""

    name: Callable[[str], str] = bare
    key: Callable[[str], str] = canonical
    predicate: Callable[[str], Wording] = read
    broken_rule: Rules = broken_rule
    echoes: frozenset[str] = frozenset()
    identifier: Identifier | None = None


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
    beside: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    new: Lexicon = field(default_factory=Lexicon)
    decided: dict[str, Decision] = field(default_factory=dict)

    def look_ahead(self, proposal: Proposal) -> None:
        """Bring the index of names up to date, and note which names the reply relates to which."""
        if self.resolver.identifier is None:
            return
        said = [(self.resolver.name(one.source), self.resolver.name(one.target)) for one in proposal.triples]
        find = self.graph.standing.find
        for pair in said:
            source, target = map(self.resolver.key, pair)
            self.beside[source].add(find(target))
            self.beside[target].add(find(source))
        names = [*(name for pair in said for name in pair), *map(self.resolver.name, proposal.names)]
        self.resolver.identifier.follow(self.graph, dict.fromkeys(names))

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
        rule = self.rule_against(name, key) or self.rule_against_meaning(name, key)
        if rule:
            self.rejects.setdefault(name, rule)
            return None
        return key

    def rule_against_meaning(self, name: str, key: str) -> str:
        """Return why a new name may not enter that is another way of writing what somebody rejected."""
        found = self.identify(name, key)
        hidden = self.graph.standing.hidden
        return REJECTED if found and found.action == "merge" and found.into in hidden else ""

    def identify(self, name: str, key: str) -> Decision | None:
        """Return what a name means whose key the graph does not know."""
        identifier = self.resolver.identifier
        if identifier is None or self.graph.knows(key):
            return None
        if key not in self.decided:
            self.decided[key] = identifier.decide(name, key, self.graph, self.beside[key])
        return self.decided[key]

    def identify_here(self, name: str, key: str) -> Decision | None:
        """Return what a new name means, also among those that this reply has brought so far."""
        found = self.identify(name, key)
        if found is None or found.action == "merge":
            return found
        inside = decide(name, key, self.new)
        return inside if inside.action == "merge" or found.action == "apart" else found

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
            found = self.identify_here(name, key)
            self.concepts[key] = Concept(key, name)
            if found is not None:
                self.new.add(key, name)
                self.changes += _changes(key, found)
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
        wording = self.resolver.predicate(triple.predicate)
        ends = (target, source) if wording.turned else (source, target)
        relation = Relation(ends[0], wording.predicate, ends[1])
        if self.graph.standing.is_rejected(relation):
            self.rejects.setdefault(f"{triple.source} {triple.predicate} {triple.target}", REJECTED)
            return
        self.declare(triple.source, source)
        self.declare(triple.target, target)
        self.statements.setdefault((relation, triple), 1)

    def delta(self) -> Delta:
        """Return what was taken in, new relations apart from further support."""
        standing = self.graph.standing.ahead(self.changes)
        new: dict[Relation, Statement] = {}
        support: list[Statement] = []
        for (said, raw), count in self.statements.items():
            relation = standing.shown(said)
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


def _changes(key: str, found: Decision) -> list[Change]:
    """Return what a decision about a new name is in the log; that a name stands apart goes without saying."""
    if found.action == "apart":
        return []
    do: Doing = "merge" if found.action == "merge" else "doubt"
    return [Change(do, (key, found.into), reason=found.reason, score=round(found.score, 4))]


def resolve(proposal: Proposal, graph: Graph, topic: str = "", resolver: Resolver = RESOLVE) -> Delta:
    """Return what a proposal brings to a graph."""
    reading = _Reading(graph, resolver, topic or graph.topic)
    reading.look_ahead(proposal)
    for triple in proposal.triples:
        reading.say(triple)
    for name in proposal.names:
        key = reading.admit(name)
        if key is not None:
            reading.declare(name, key)
    return reading.delta()
