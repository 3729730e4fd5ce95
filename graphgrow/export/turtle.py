"""RDF Turtle: concepts in SKOS, relations as triples and as statements, with their evidence in PROV-O.

Where the log is at hand, every event has its time, and the model that replied is an agent of its own.

Names are literals; what is made of a name in an address is percent-encoded. Needs the extra `rdf`.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from graphgrow.errors import BadInput
from graphgrow.export.rows import Row, concept_rows, packed, relation_rows
from graphgrow.graph.graph import Graph
from graphgrow.graph.indexes import Past
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Event, Expansion

if TYPE_CHECKING:
    from pyoxigraph import BlankNode, NamedNode

MISSING = "an RDF file needs pyoxigraph: pip install 'graphgrow[rdf]'"
OURS = "urn:graphgrow:"
PREFIXES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "prov": "http://www.w3.org/ns/prov#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "gg": OURS,
}
LABELS = ("skos:prefLabel", "rdfs:label", "skos:altLabel")
GRAMMAR = tuple(PREFIXES[name] for name in ("rdf", "rdfs", "skos", "xsd", "owl"))  # their classes are nobody's concepts
SAID = ("source", "predicate", "target")
KINDS = ("concept", "predicate", "concept")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Time(str):
    """A time as events record it, where it is one that RDF has words for."""

    __slots__ = ()

    @classmethod
    def of(cls, at: str) -> "Time | None":
        """Return the time of an event, None where nobody noted one."""
        try:
            return cls(datetime.fromisoformat(at).isoformat())
        except ValueError:
            return None


class Node(str):
    """The address of a thing, or the name of a blank one; any other text or number is a literal."""

    __slots__ = ()


Facts = Mapping[int, tuple[str, str]]  # number of an event -> when it was, who replied
Said = tuple[Node, str, Node | str | int]  # subject, predicate as an address or "prefix:name", object
About = dict[Any, dict[str, list[Any]]]  # subject -> address of a predicate -> objects, as pyoxigraph has them


def write(graph: Graph, path: Path, log: Iterable[Event] = ()) -> None:
    """Write every relation twice: as a plain triple to query, and as a statement with support and evidence."""
    rdf = _library()
    facts = {event.seq: (event.at, event.reply.model if isinstance(event, Expansion) else "") for event in log}
    triples = (
        rdf.Triple(_term(subject, rdf), rdf.NamedNode(_full(predicate)), _term(value, rdf))
        for subject, predicate, value in _triples(graph, facts)
    )
    rdf.serialize(triples, str(path), rdf.RdfFormat.TURTLE, prefixes=PREFIXES)


def read(path: Path) -> tuple[list[Row], list[Row]]:
    """Return nodes and links: of a file of ours with their evidence, of any other what its triples and labels say."""
    rdf = _library()
    about: About = {}
    with path.open("rb") as file:
        try:
            for quad in rdf.parse(file, rdf.RdfFormat.TURTLE):
                about.setdefault(quad.subject, {}).setdefault(quad.predicate.value, []).append(quad.object)
        except SyntaxError as error:
            raise ValueError(error) from None
    is_ours = any(_full("gg:event") in said for said in about.values())
    return (_our_nodes(about), _our_links(about)) if is_ours else _others(about, rdf)


def _library() -> ModuleType:
    try:
        import pyoxigraph
    except ModuleNotFoundError:
        raise BadInput(MISSING) from None
    return pyoxigraph


def _term(value: Node | str | int, rdf: ModuleType) -> object:
    if isinstance(value, Time):
        return rdf.Literal(value, datatype=rdf.NamedNode(_full("xsd:dateTime")))
    if not isinstance(value, Node):
        return rdf.Literal(value)
    return rdf.BlankNode(value[2:]) if value.startswith("_:") else rdf.NamedNode(str(value))


def _full(short: str) -> str:
    """Return the address that "prefix:name" stands for; an address stays what it is."""
    prefix, _, rest = short.partition(":")
    return PREFIXES[prefix] + rest if prefix in PREFIXES else short


def _node(short: str) -> Node:
    return Node(_full(short))


def _address(kind: str, name: str) -> Node:
    return Node(f"{OURS}{kind}:{quote(name, safe='')}")


def _seq(number: int) -> Node:
    return Node(f"_:event{number}")


def _relation(row: Row) -> Node:
    """Return the address of a relation, the same in every file."""
    return _address("relation", hashlib.sha256(packed([row[end] for end in SAID]).encode()).hexdigest()[:32])


def _triples(graph: Graph, facts: Facts) -> Iterator[Said]:
    predicates = dict[str, None]()
    for row in concept_rows(graph):
        yield from _concept(row)
    for row in relation_rows(graph):
        predicates[row["predicate"]] = None
        yield from _statement(row)
    for predicate in predicates:
        address = _address("predicate", predicate)
        yield from ((address, "rdf:type", _node("rdf:Property")), (address, "rdfs:label", predicate))
    for step in graph.past:
        yield from _event(step, graph)
        yield from _noted(_seq(step.seq), *facts.get(step.seq, ("", "")))
    for model in dict.fromkeys(model for _, model in facts.values() if model):
        agent = _address("model", clean(model))
        yield from ((agent, "rdf:type", _node("prov:SoftwareAgent")), (agent, "rdfs:label", clean(model)))


def _concept(row: Row) -> Iterator[Said]:
    address = _address("concept", row["key"])
    yield address, "rdf:type", _node("skos:Concept")
    yield address, "skos:prefLabel", row["name"]
    yield from ((address, "skos:altLabel", alias) for alias in row["aliases"])
    yield address, "prov:wasGeneratedBy", _seq(row["first_seq"])


def _statement(row: Row) -> Iterator[Said]:
    source, predicate, target = (_address(kind, row[end]) for kind, end in zip(KINDS, SAID, strict=True))
    yield source, predicate, target
    address = _relation(row)
    yield address, "rdf:type", _node("rdf:Statement")
    yield address, "rdf:subject", source
    yield address, "rdf:predicate", predicate
    yield address, "rdf:object", target
    yield address, "gg:support", row["support"]
    for number, one in enumerate(row["evidence"]):
        yield from _evidence(address, Node(f"_:{address[-32:]}n{number}"), one)


def _evidence(relation: Node, address: Node, one: Row) -> Iterator[Said]:
    yield relation, "prov:wasDerivedFrom", address
    yield address, "rdf:type", _node("prov:Entity")
    yield from ((address, f"gg:{end}", words) for end, words in zip(SAID, one["said"], strict=True))
    yield address, "gg:support", one["support"]
    yield address, "prov:wasGeneratedBy", _seq(one["seq"])


def _event(step: Past, graph: Graph) -> Iterator[Said]:
    event = _seq(step.seq)
    yield event, "rdf:type", _node("prov:Activity")
    yield event, "gg:event", step.seq
    if step.focus:
        yield event, "gg:strategy", clean(step.focus.strategy)
        asked = dict.fromkeys(graph.representative(key) for key in step.focus.concepts)
        yield from ((event, "prov:used", _address("concept", clean(key))) for key in asked if key in graph.concepts)


def _noted(event: Node, at: str, model: str) -> Iterator[Said]:
    """Yield when an event was saved and who replied, as far as the log says so."""
    if ended := Time.of(at):
        yield event, "prov:endedAtTime", ended
    if model:
        yield event, "prov:wasAssociatedWith", _address("model", clean(model))


def _our_nodes(about: About) -> list[Row]:
    start, concept = _address("concept", ""), _full("skos:Concept")
    return [
        {
            "key": (key := unquote(subject.value.removeprefix(start))),
            "name": _words(said, "skos:prefLabel") or key,
            "aliases": [alias.value for alias in said.get(_full("skos:altLabel"), ())],
        }
        for subject, said in about.items()
        if subject.value.startswith(start) and any(one.value == concept for one in said.get(_full("rdf:type"), ()))
    ]


def _our_links(about: About) -> list[Row]:
    links = []
    for said in about.values():
        ends = [_words(said, f"rdf:{part}") for part in ("subject", "predicate", "object")]
        if all(ends) and _words(said, "gg:support"):
            names = (unquote(end.removeprefix(_address(kind, ""))) for kind, end in zip(KINDS, ends, strict=True))
            evidence = [_piece(about.get(one, {})) for one in said.get(_full("prov:wasDerivedFrom"), ())]
            link = {"support": _words(said, "gg:support"), "evidence": evidence}
            links.append(dict(zip(SAID, names, strict=True)) | link)
    return links


def _piece(said: dict[str, list[Any]]) -> Row:
    return {"said": [_words(said, f"gg:{end}") for end in SAID], "support": _words(said, "gg:support")}


def _words(said: dict[str, list[Any]], predicate: str) -> str:
    """Return the first value of a predicate, "" where it has none."""
    return next((str(one.value) for one in said.get(_full(predicate), ())), "")


def _others(about: About, rdf: ModuleType) -> tuple[list[Row], list[Row]]:
    """Return what somebody else's triples say of things with an address; their literals are names or left out."""
    links = []
    for subject, said in about.items():
        for predicate, objects in said.items():
            is_type = predicate == _full("rdf:type")
            words = "is a" if is_type else _label(rdf.NamedNode(predicate), about).lower()
            links += [
                {"source": str(subject), "predicate": words, "target": str(end)}
                for end in objects
                if isinstance(end, rdf.NamedNode) and not (is_type and end.value.startswith(GRAMMAR))
            ]
    said_by = {str(rdf.NamedNode(predicate)) for said in about.values() for predicate in said}
    ends = [end for end in dict.fromkeys([*map(str, about), *(one["target"] for one in links)]) if end not in said_by]
    terms = {str(subject): subject for subject in about}
    return [_foreign(end, terms.get(end) or rdf.NamedNode(end[1:-1]), about) for end in ends], links


def _foreign(ident: str, term: "NamedNode | BlankNode", about: About) -> Row:
    spellings = [one.value for label in LABELS for one in about.get(term, {}).get(_full(label), ())]
    return {"id": ident, "name": _label(term, about), "aliases": spellings}


def _label(term: "NamedNode | BlankNode", about: About) -> str:
    """Return what a term is called: its label, else the last part of its address, in words."""
    said = about.get(term, {})
    last = re.split(r"[/#:]", term.value.rstrip("/#"))[-1]
    return next(filter(None, (_words(said, label) for label in LABELS)), "") or _CAMEL.sub(
        " ", unquote(last).replace("_", " ")
    )
