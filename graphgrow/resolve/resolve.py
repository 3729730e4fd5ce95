"""What a proposal means for one graph: what is new, what gains support, what is junk.

Identity is the canonical key (graph/keys.py); where the resolver has the known names, a new name may also mean a known
concept, or be put in doubt.

A number with a unit in the place of a concept becomes a quantity of a relation, and never a node of the graph: "steel -
has tensile strength of - 400 MPa" says that steel has a property, the tensile strength, which is 400 MPa. Which
property it is stands in the predicate or in the other name, or the unit is of one alone (quantities.toml); where none
of these says so, nothing is made up. The words that were said stay as evidence.

Each name that answers a facet is one end of its relation. One that is made of the topic's words and general ones
("impact testing facility") is a way of writing and no discovery; so is the concept itself with one more word, unless
its kinds were asked for.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING

from graphgrow.graph.corrections import REJECTED
from graphgrow.graph.events import base
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import bare, canonical, clean, common, loose
from graphgrow.graph.model import (
    Concept,
    Delta,
    Focus,
    Proposal,
    Qualifiers,
    Quantity,
    Reject,
    Relation,
    Statement,
    Triple,
)
from graphgrow.graph.visible import LONGEST_IN_FILES
from graphgrow.prompts.facets import CLASS, SAME, facets, is_kind
from graphgrow.prompts.forms import DEFAULT_SIZE
from graphgrow.resolve.hygiene import (
    GRAMMAR,
    as_property,
    broken_rule,
    broken_rules,
    is_declared,
    is_foreign_reply,
    word_lists,
)
from graphgrow.resolve.predicates import FALLBACK, Wording, folded, read, read_verb
from graphgrow.resolve.units import property_of, read_amount, units

if TYPE_CHECKING:
    from graphgrow.resolve.identity import KnownNames


PROPERTY = "has property"
_LEAD = re.compile(
    r"^(?:(?:typically|usually|about|often|can|may|will) )*"
    r"(?:(?:has|have|had|with|exhibits|shows|possesses|displays|reaches|is|its|achieves|attains|features|offers"
    r"|provides|equals|measures|contains|averages|ranges)\b ?)?(?:an?|the|its|typical|average|maximum|minimum)?\b ?"
)  # fmt: skip
_TAIL = re.compile(
    r"(?:^| )(?:(?:value|level|range|ranging|equal|equals|up|is|are|was|reaches|of|to|at|about|around|approximately"
    r"|between|from|in|by|for|above|below|over|under|than|as)(?: |$))+$"
)
_HAVING = ("has ", "have ", "had ", "with ", "its ", "possesses ", "exhibits ", "displays ", "features ")
_LINKING = frozenset("in on at by for from to with and or than as since until into during after before".split())
_DATED = re.compile(r" (?:in|of|as of|since) \d{4}$")  # "population in 2020" is a population
_WHEN = frozenset("in on by since until till during before after".split())
_OF = re.compile(r"(?P<property>.+?) (?:of|in|for) (?P<thing>.+)")
_VAGUE = frozenset(
    ("", "value", "level", "amount", "magnitude", "number", "size", "property", "properties", "quantity")
)
_NO_NOUN = frozenset(("bare adjective", "verb phrase", "fragment", "pronoun", "no letters", "vague", "placeholder"))
_THIRD_PERSON = re.compile(r"\w+[^siu]s")
_JOINT = re.compile(r"(?:\s*(?:\bof|\bis|\bat|\bup to|\babout|\baround|=|:|,|\())+$")
_BOUNDS = ("<", ">", "\u2264", "\u2265")
MOST_WORDS = 16  # of a name with an amount
_ARTICLE = re.compile(r"^(?:the|an?)\s+", re.IGNORECASE)
ECHO = "echo of the prompt"
COPIED = 3  # targets of the worked example under one source; fewer may be meant
FOCUS_AGAIN = "names what was asked about"
VARIANT = "variant of the topic"
NUMBERED = "numbered variants"
STEM = 5  # letters that two forms of one word share: "resistant", "resistance"
MOST = DEFAULT_SIZE.most  # names of one reply: so many are asked for, and what comes after them is seldom right
SERIES = 3  # names of one reply that differ only in their numbers; so many are made up


@dataclass(frozen=True, slots=True)
class PropertyReading:
    """What a triple with a quantity says: what has which property, and how much of it."""

    source: str
    target: str
    quantity: Quantity


def read_property(triple: Triple, topic: str) -> PropertyReading | None:
    """Return what a triple with an amount at one end says; None where neither end is one, or nobody says of what."""
    if not (triple.source.strip() and triple.target.strip()):
        return None
    for thing, amount in ((triple.source, triple.target), (triple.target, triple.source)):
        quantity = read_amount(amount)
        if quantity is None:
            continue
        if read_amount(thing) is not None:
            return None
        if name := _named(triple.predicate, quantity, topic):
            return PropertyReading(thing, name, quantity)
        if parts := _OF.fullmatch(thing):  # "tensile strength of steel"
            return PropertyReading(parts["thing"], _ARTICLE.sub("", parts["property"]), quantity)
        is_group = amount is triple.source and amount.lstrip().startswith(_BOUNDS)  # ">65 years - have - frailty"
        kind = "" if is_group else property_of(quantity.unit)
        return PropertyReading(thing, kind, quantity) if kind else None
    # "has - tensile strength of 400 MPa" says a property and its amount in one name, only of a thing that is said to
    # have it: "12 V battery" and "5 nm gold nanoparticle" are names of things.
    words = triple.target.split()[:MOST_WORDS] if any(map(str.isdigit, triple.target)) else []
    if words and read(triple.predicate) == Wording(PROPERTY):
        for place in range(1, len(words)):
            quantity, name = read_amount(" ".join(words[place:])), _JOINT.sub("", " ".join(words[:place]))
            if quantity and quantity.unit and name:
                return PropertyReading(triple.source, name, quantity)
    return None


def _named(predicate: str, quantity: Quantity, topic: str) -> str:
    """Return the property that a predicate names, "" where it names none for sure: "has a melting point of", "weighs".

    What is left of a predicate may also be a verb, "was born in", "wrote", so that it has to end with the noun of a
    property, or to be what something has: "has a budget of". A bare number that something is "in" is a date.
    """
    words, verbs, table = folded(predicate), units().verbs, units()
    short = _TAIL.sub("", _DATED.sub("", words))
    if found := verbs.get(words) or verbs.get(short):
        return found
    lead = _LEAD.match(short)
    name = _TAIL.sub("", short[lead.end() if lead else 0 :]).strip()
    is_verb = words.startswith(name) and bool(_THIRD_PERSON.fullmatch(name))  # "rises for"
    if is_verb or name in _VAGUE or not _NO_NOUN.isdisjoint(broken_rules(name, topic)):
        return ""
    parts = name.split()
    if parts[-1].endswith(("ed", "ing")) or name.startswith(("to ", "used ")) or not _LINKING.isdisjoint(parts):
        return ""
    if words.split()[-1] in _WHEN and not quantity.unit:
        return ""
    is_property = parts[-1] in table.properties or parts[-1].endswith(table.endings)
    is_had = words.startswith(_HAVING) and table.participles.isdisjoint(parts)
    with_noun = bool(quantity.unit) or words.endswith(" of") or (lead is not None and lead[0].endswith(("a ", "an ")))
    return name if is_property or (is_had and with_noun) else ""


@dataclass(frozen=True, slots=True)
class Resolver:
    """How names become keys. `RESOLVE` folds and cleans; `VERBATIM` takes names as they stand, as the paper does.

    `broken_rule` gets a name and the topic and returns the rule that keeps it out, or ""; `echoes` are the keys of the
    prompt's worked example; `known` are the names that new ones are compared with, None where keys alone decide. `verb`
    reads a predicate in place of `predicate` where verbs are kept exact; `vocabulary` are the predicates that both
    know. `read_property` returns what a triple with an amount in place of a concept says, None for any other triple.
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
    """Return what a proposal brings to a graph, which is not changed: the same proposal gives the same delta."""
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
    types = {resolver.name(name): kind for name, kind in proposal.types}
    # English grammar says nothing of names in another language.
    is_foreign = is_foreign_reply({*chain(*pairs, others)}, [triple.predicate for triple in proposal.triples])
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
            if (is_foreign and rule in GRAMMAR) or is_declared(name, types.get(name, ""), rule):
                rule = ""
            if not rule and new_names:
                # Another way of writing what somebody rejected is rejected too.
                decision = new_names.decide(name, key)
                rule = REJECTED if decision.action == "merge" and graph.representative(decision.into) in hidden else ""
            if rule:
                against[name] = rule

    # "red crosses" has the key of Red Cross, and may or may not be that: so it gets a key of its own and a doubt.
    fit = [name for names in (*pairs, *zip(others, strict=True)) if against.keys().isdisjoint(names) for name in names]
    parted = new_names.parted(fit, keys) if new_names else []
    keys |= {change.text: change.concepts[0] for change in parted}

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
        # A triple counts as copied from the prompt's worked example if both its ends are, or if it is in a copied list.
        # It does not where the graph is about the example, or knows an end of it.
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
    for name in entering:
        key = keys[name]
        known = concepts.get(key) or graph.concepts.get(graph.representative(key))
        if known is None:
            concepts[key] = Concept(key, name, type=types.get(name, ""))
        elif name != known.name and name not in known.aliases:
            aliases[key, name] = None
    changes = [change for change in parted if change.text in entering]
    changes += new_names.changes(concepts.values()) if new_names else []

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


@cache
def general_words() -> frozenset[str]:
    """Return the words that add nothing to a name, as stems."""
    return frozenset(map(_stem, word_lists()["general"] | word_lists()["generic"]))


def _stem(word: str) -> str:
    return word[:STEM]


def _stems(name: str) -> list[str]:
    return [_stem(word) for word in loose(name).split()]


def is_variant(name: str, topic: str) -> bool:
    """Tell whether a name says nothing but the topic's words and general ones."""
    stems, of_topic = _stems(name), set(_stems(topic))
    return not of_topic.isdisjoint(stems) and all(stem in of_topic or stem in general_words() for stem in stems)


def resolve_facet(  # all but the last are what `resolve` takes
    proposal: Proposal, focus: Focus, graph: Graph, topic: str, resolver: Resolver, most: int = MOST
) -> Delta:
    """Return what up to `most` names of a reply mean: relations to the concept of a focus, and what was kept out.

    A reply with relations in place of names is read as relations.
    """
    if proposal.triples:
        return resolve(proposal, graph, topic, resolver)
    facet = facets()[base(focus.angle)]
    if facet.brings == "property":  # what is strong has strength
        proposal = replace(proposal, names=tuple(map(as_property, proposal.names)))
    about = graph.name(graph.representative(focus.concepts[0]))
    about = about if graph.concepts else topic
    if facet.shorter:
        proposal = replace(
            proposal, names=tuple(dict.fromkeys(_beside(name, about) or name for name in proposal.names))
        )
    rejects = dict(_against(proposal.names[:most], about, topic, facet.brings))
    names = [name for name in proposal.names[:most] if name not in rejects]
    names = names[:1] if facet.brings == CLASS else names
    ends = [(name, about) if facet.names == "source" else (about, name) for name in names]
    triples = tuple(Triple(source, facet.says, target) for source, target in ends)
    delta = resolve(replace(proposal, triples=triples, names=()), graph, topic, resolver)
    return replace(delta, rejects=(*delta.rejects, *(Reject(name, rule) for name, rule in rejects.items())))


def _beside(name: str, about: str) -> str:
    """Return what a name says besides the concept that it begins with, "" where that is nothing of its own."""
    words, count = name.split(), len(canonical(about).split())
    rest = " ".join(words[count:])
    is_about = common(canonical(" ".join(words[:count]))) == common(canonical(about))
    is_general = all(stem in general_words() for stem in _stems(rest))
    return "" if not is_about or is_general or is_kind(rest) else rest


def _against(names: tuple[str, ...], about: str, topic: str, brings: str) -> Iterator[tuple[str, str]]:
    """Yield the names that are no answer, each with the rule that says so."""
    key, stems = common(canonical(about)), set(_stems(about))
    may_extend = brings in {SAME, CLASS}
    numberless = Counter("".join("#" if c.isdigit() else c for c in name.casefold()) for name in names)
    for name in names:
        says_again = common(canonical(name)) == key or (not may_extend and stems <= set(_stems(name)))
        if says_again:
            yield name, FOCUS_AGAIN
        elif is_variant(name, topic) and not (brings == CLASS and is_kind(name)):  # "material" may be in both
            yield name, VARIANT
        elif (
            "#" in (form := "".join("#" if c.isdigit() else c for c in name.casefold())) and numberless[form] >= SERIES
        ):
            yield name, NUMBERED
