"""What a proposal means for one graph: what is new, what gains support, what is junk.

Identity is the canonical key (graph/keys.py); where the resolver has the known names, a new name may also mean a known
concept, or be put in doubt.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from graphgrow.graph.corrections import REJECTED
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import bare, canonical, clean
from graphgrow.graph.model import Concept, Delta, Proposal, Reject, Relation, Statement, Triple
from graphgrow.resolve.hygiene import broken_rule
from graphgrow.resolve.predicates import FALLBACK, Wording, read

if TYPE_CHECKING:
    from graphgrow.resolve.identity import KnownNames

ECHO = "echo of the prompt"
COPIED = 3  # targets of the worked example under one source; fewer may be meant


@dataclass(frozen=True, slots=True)
class Resolver:
    """How names become keys. `RESOLVE` folds and cleans; `VERBATIM` takes names as they stand, as the paper does.

    `broken_rule` gets a name and the topic and returns the rule that keeps it out, or ""; `echoes` are the keys of the
    prompt's worked example; `known` are the names that new ones are compared with, None where keys alone decide.
    """

    name: Callable[[str], str] = bare
    key: Callable[[str], str] = canonical
    predicate: Callable[[str], Wording] = read
    broken_rule: Callable[[str, str], str] = broken_rule
    echoes: frozenset[str] = frozenset()
    known: "KnownNames | None" = None


RESOLVE = Resolver()
VERBATIM = Resolver(
    name=clean,
    key=clean,
    predicate=lambda predicate: Wording(clean(predicate) or FALLBACK),
    broken_rule=lambda _name, _topic: "",
)


def resolve(proposal: Proposal, graph: Graph, topic: str = "", resolver: Resolver = RESOLVE) -> Delta:
    """Return what a proposal brings to a graph, which stays as it is: the same proposal gives the same delta."""
    topic, echoes = topic or graph.topic, resolver.echoes
    pairs = [(resolver.name(triple.source), resolver.name(triple.target)) for triple in proposal.triples]
    others = [resolver.name(name) for name in proposal.names]
    keys = {name: resolver.key(name) for name in chain(others, *pairs)}
    new_names = resolver.known.compare(graph, keys, pairs) if resolver.known else None

    # Which names may not enter, and why.
    against: dict[str, str] = {}
    hidden = graph.corrections.hidden  # what somebody rejected, under any of its names
    for name in dict.fromkeys(chain(*pairs, others)):
        key = keys[name]
        if not key:
            against[name] = "no name"
        elif graph.representative(key) in hidden:
            against[name] = REJECTED
        elif key not in graph.arrived:
            rule = "" if key in graph.corrections.allowed else resolver.broken_rule(name, topic)
            if not rule and new_names:
                # Another way of writing what somebody rejected is rejected too.
                decision = new_names.decide(name, key)
                rule = REJECTED if decision.action == "merge" and graph.representative(decision.into) in hidden else ""
            if rule:
                against[name] = rule

    # Triples: both ends must be concepts, or neither enters.
    copied = Counter(keys[source] for source, target in pairs if keys[target] in echoes)
    statements: dict[tuple[Relation, Triple], None] = {}
    entering: dict[str, None] = {}
    rejects: dict[str, str] = {}
    for triple, (source, target) in zip(proposal.triples, pairs, strict=True):
        refused = [name for name in (source, target) if name in against]
        for name in refused:
            rejects.setdefault(name, against[name])
        if refused:
            continue
        # A triple may be copied from the prompt's worked example: both its ends are, or it is one of a copied list.
        # It is not where the graph is about the example, or knows an end of it.
        ends = {keys[source], keys[target]}
        is_copied = ends <= echoes or (keys[target] in echoes and copied[keys[source]] >= COPIED)
        if is_copied and canonical(topic) not in echoes and not ends & echoes & graph.concepts.keys():
            rejects.setdefault(f"{triple.source} -> {triple.target}", ECHO)
            continue
        relation = resolver.predicate(triple.predicate).between(keys[source], keys[target])
        if graph.corrections.counts_as(relation) in graph.corrections.dropped:
            rejects.setdefault(f"{triple.source} {triple.predicate} {triple.target}", REJECTED)
            continue
        entering |= {source: None, target: None}
        statements[relation, triple] = None
    for name in others:
        if name in against:
            rejects.setdefault(name, against[name])
        else:
            entering[name] = None

    # Names: each is a new concept, or another spelling of a known one.
    concepts: dict[str, Concept] = {}
    aliases: dict[tuple[str, str], None] = {}
    types = {resolver.name(name): kind for name, kind in proposal.types}
    for name in entering:
        key = keys[name]
        known = concepts.get(key) or graph.concepts.get(graph.representative(key))
        if known is None:
            concepts[key] = Concept(key, name, type=types.get(name, ""))
        elif name != known.name and name not in known.aliases:
            aliases[key, name] = None
    changes = new_names.changes(concepts.values()) if new_names else []

    # Relations: new, or support of a known one; what the reply itself merges counts already.
    corrections = graph.corrections.ahead(changes)
    relations: dict[Relation, Statement] = {}
    support: list[Statement] = []
    for said, triple in statements:
        shown = corrections.shown(said)
        if shown is None or shown in graph.relations or shown in relations:
            support.append(Statement(said, triple))
        else:
            relations[shown] = Statement(said, triple)
    return Delta(
        tuple(concepts.values()),
        tuple(aliases),
        tuple(relations.values()),
        tuple(support),
        tuple(Reject(text, rule) for text, rule in rejects.items()),
        tuple(changes),
    )
