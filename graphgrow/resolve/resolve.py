"""What a proposal means for one graph: what is new, what gains support, what is junk.

Identity is the canonical key (graph/keys.py); where the resolver has the known names, a new name may also mean a known
concept, or be put in doubt.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from graphgrow.graph.corrections import REJECTED
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import bare, canonical, clean, common
from graphgrow.graph.model import Concept, Delta, Proposal, Qualifiers, Reject, Relation, Statement, Triple
from graphgrow.graph.visible import LONGEST_IN_FILES
from graphgrow.resolve.hygiene import broken_rule
from graphgrow.resolve.predicates import FALLBACK, Wording, read, read_verb
from graphgrow.resolve.quantities import PROPERTY, PropertyReading, read_property

if TYPE_CHECKING:
    from graphgrow.resolve.identity import KnownNames

ECHO = "echo of the prompt"
COPIED = 3  # targets of the worked example under one source; fewer may be meant


@dataclass(frozen=True, slots=True)
class Resolver:
    """How names become keys. `RESOLVE` folds and cleans; `VERBATIM` takes names as they stand, as the paper does.

    `broken_rule` gets a name and the topic and returns the rule that keeps it out, or ""; `echoes` are the keys of the
    prompt's worked example; `known` are the names that new ones are compared with, None where keys alone decide.
    `verb` reads a predicate in place of `predicate` where the model is exact with verbs; `vocabulary` are the
    predicates that both know. `read_property` returns what a triple with an amount in place of a concept says, None for
    every other one.
    """

    name: Callable[[str], str] = bare
    key: Callable[[str], str] = canonical
    predicate: Callable[[str], Wording] = read
    verb: Callable[[str], Wording] = read_verb
    vocabulary: tuple[str, ...] = ()
    broken_rule: Callable[[str, str], str] = broken_rule
    echoes: frozenset[str] = frozenset()
    known: "KnownNames | None" = None
    read_property: Callable[[Triple, str], PropertyReading | None] = read_property


RESOLVE = Resolver()
VERBATIM = Resolver(
    name=clean,
    key=clean,
    predicate=lambda predicate: Wording(clean(predicate) or FALLBACK),
    broken_rule=lambda name, _topic: "too long" if len(name) > LONGEST_IN_FILES else "",
    read_property=lambda _triple, _topic: None,
)


def resolve(proposal: Proposal, graph: Graph, topic: str = "", resolver: Resolver = RESOLVE) -> Delta:
    """Return what a proposal brings to a graph, which stays as it is: the same proposal gives the same delta."""
    topic, echoes = topic or graph.topic, resolver.echoes
    # An amount is a quantity of the relation to the property that it is of.
    amounts = [resolver.read_property(triple, topic) for triple in proposal.triples]
    pairs = [
        (resolver.name(meant.source), resolver.name(meant.target))
        for meant in (amount or triple for amount, triple in zip(amounts, proposal.triples, strict=True))
    ]
    others = [resolver.name(name) for name in proposal.names]
    keys = {name: graph.corrections.key_of(name, resolver.key(name)) for name in chain(others, *pairs)}
    new_names = resolver.known.compare(graph, keys, pairs) if resolver.known else None

    # Which names may not enter, and why.
    against: dict[str, str] = {}
    hidden = graph.corrections.hidden  # what somebody rejected, under any of its names
    for name in dict.fromkeys(chain(*pairs, others)):
        key = keys[name]
        if not key:
            against[name] = "no name"
        elif graph.representative(key) in hidden or (
            key not in graph.arrived and graph.representative(common(key)) in hidden  # "Glues", where glue is
        ):
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
    statements: dict[tuple[Relation, Triple], Qualifiers | None] = {}
    entering: dict[str, None] = {}
    rejects: dict[str, str] = {}
    for triple, amount, (source, target) in zip(proposal.triples, amounts, pairs, strict=True):
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
        wording = Wording(PROPERTY) if amount else resolver.predicate(triple.predicate)
        relation = wording.between(keys[source], keys[target])
        if graph.corrections.counts_as(relation) in graph.corrections.dropped:
            rejects.setdefault(f"{triple.source} {triple.predicate} {triple.target}", REJECTED)
            continue
        entering |= {source: None, target: None}
        beside = proposal.qualifiers.get(triple, Qualifiers())
        if amount:
            beside = replace(beside, quantity=beside.quantity or amount.quantity)
        statements[relation, triple] = replace(beside, predicate_class=wording.predicate_class) or None
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
    for (said, triple), qualifiers in statements.items():
        shown = corrections.shown(said)
        statement = Statement(said, triple, qualifiers=qualifiers)
        if shown is None or shown in graph.relations or shown in relations:
            support.append(statement)
        else:
            relations[shown] = statement
    return Delta(
        tuple(concepts.values()),
        tuple(aliases),
        tuple(relations.values()),
        tuple(support),
        tuple(Reject(text, rule) for text, rule in rejects.items()),
        tuple(changes),
    )
