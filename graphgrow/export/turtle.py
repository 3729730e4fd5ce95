"""RDF Turtle: concepts in SKOS, relations as triples and as statements, with their evidence in PROV-O.

Where the log is at hand, every event has its time, and the model that replied is an agent of its own.

Names are literals; what is made of a name in an address is percent-encoded. Needs the extra `rdf`.
"""

import hashlib
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote, unquote

from graphgrow.errors import BadInput
from graphgrow.export.rows import Row, concept_rows, packed, read_text, relation_rows
from graphgrow.graph.events import encoding_of
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Event, Expansion
from graphgrow.graph.progress import SILENT, Progress
from graphgrow.parse.fields import word
from graphgrow.parse.nodes import in_words

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
# What was said beside a relation; gg:source is an end of it already.
BESIDE = {"why": "why", "conditions": "conditions", "certainty": "certainty", "reference": "source",
          "predicateClass": "predicate_class"}  # fmt: skip
ENDS = {"source": "concept", "predicate": "predicate", "target": "concept"}  # part of a relation -> what it is
TITLES = ("http://purl.org/dc/terms/title", "http://purl.org/dc/elements/1.1/title")
NAMING = frozenset("name label preflabel altlabel fullname".split())  # of any vocabulary: foaf:name, schema:name


class Time(str):
    """A time as events record it, in the words that RDF has for one."""

    __slots__ = ()


class Node(str):
    """The address of a thing, or the name of a blank one; any other text or number is a literal."""

    __slots__ = ()


Claim = tuple[Node, str, Node | str | float]  # subject, predicate as an address or "prefix:name", object
Objects = list[str]  # of one subject: predicate, object, predicate, object ...
About = dict[str, Objects]  # by subject


def write(graph: Graph, path: Path, progress: Progress = SILENT, log: Iterable[Event] = ()) -> None:
    """Write every relation twice: as a plain triple to query, and as a statement with what speaks for it."""
    rdf = _library()

    def term(value: Node | str | float) -> object:
        if isinstance(value, Time):
            return rdf.Literal(value, datatype=rdf.NamedNode(_full("xsd:dateTime")))
        if not isinstance(value, Node):
            return rdf.Literal(value)
        return rdf.BlankNode(value[2:]) if value.startswith("_:") else rdf.NamedNode(str(value))

    triples = (
        rdf.Triple(term(subject), rdf.NamedNode(_full(predicate)), term(value))
        for subject, predicate, value in _claims(graph, log, progress)
    )
    rdf.serialize(triples, str(path), rdf.RdfFormat.TURTLE, prefixes=PREFIXES)


def read(path: Path, progress: Progress = SILENT) -> tuple[list[Row], list[Row]]:
    """Return nodes and links: of a file of ours with their evidence, of any other what its triples and labels say."""
    rdf = _library()
    about: About = {}
    known = dict[str, str]()  # each address once

    def text(term: Any) -> str:  # noqa: ANN401  # a node of pyoxigraph, which is not always installed
        """Return an address in angle brackets, a literal after a quotation mark, the name of a blank node as it is."""
        if isinstance(term, rdf.Literal):
            return f'"{term.value}'
        one = f"<{term.value}>" if isinstance(term, rdf.NamedNode) else str(term)
        return known.setdefault(one, one)

    with path.open("rb") as file:
        is_plain = encoding_of(path) == "utf-8-sig" and not file.peek(len(BOM_UTF8)).startswith(BOM_UTF8)
        read_from = file if is_plain else BytesIO(read_text(path).encode())
        try:
            for quad in progress.over(rdf.parse(read_from, rdf.RdfFormat.TURTLE), f"reading {path.name}"):
                about.setdefault(text(quad.subject), []).extend((text(quad.predicate), text(quad.object)))
        except SyntaxError as error:
            raise ValueError(error) from None
    event, concept = f"<{_full('gg:event')}>", f"<{_full('skos:Concept')}>"
    if not any(event in objects[::2] for objects in about.values()):
        return _others(about)
    start = f"<{_address('concept', '')}"
    nodes, links = list[Row](), list[Row]()
    for subject, objects in about.items():
        if subject.startswith(start) and concept in _all(objects, "rdf:type"):
            key = unquote(subject[len(start) : -1])
            named = {"name": _first(objects, "skos:prefLabel") or key, "type": _first(objects, "gg:type")}
            aliases = [alias[1:] for alias in _all(objects, "skos:altLabel")]
            nodes.append({"key": key, **named, "aliases": aliases})
        ends = [_first(objects, f"rdf:{part}") for part in ("subject", "predicate", "object")]
        support = _first(objects, "gg:support")
        if all(ends) and support:
            evidence = [
                {
                    "said": [_first(piece, f"gg:{end}") for end in ENDS],
                    "support": _first(piece, "gg:support"),
                    **{field: _first(piece, f"gg:{name}") for name, field in BESIDE.items()},
                    "quantity": {"value": _first(piece, "gg:quantity"), "unit": _first(piece, "gg:unit")},
                }
                for piece in (about.get(address, []) for address in _all(objects, "prov:wasDerivedFrom"))
            ]
            link = {
                name: unquote(end.removeprefix(_address(kind, "")))
                for end, (name, kind) in zip(ends, ENDS.items(), strict=True)
            }
            links.append({**link, "support": support, "evidence": evidence})
    return nodes, links


def _library() -> ModuleType:
    try:
        import pyoxigraph
    except ModuleNotFoundError:
        raise BadInput(MISSING) from None
    return pyoxigraph


def _full(short: str) -> Node:
    """Return the address that "prefix:name" stands for; an address stays what it is."""
    prefix, _, rest = short.partition(":")
    return Node(PREFIXES[prefix] + rest if prefix in PREFIXES else short)


def _address(kind: str, name: str) -> Node:
    return Node(f"{OURS}{kind}:{quote(name, safe='')}")


def _claims(graph: Graph, log: Iterable[Event], progress: Progress) -> Iterator[Claim]:
    """Yield concepts, relations and events, with when an event was saved and who replied as far as a log says so."""
    for row in concept_rows(graph, progress):
        address = _address("concept", row["key"])
        yield address, "rdf:type", _full("skos:Concept")
        yield address, "skos:prefLabel", row["name"]
        yield from ((address, "skos:altLabel", alias) for alias in row["aliases"])
        if row["type"]:
            yield address, "gg:type", row["type"]
        yield address, "prov:wasGeneratedBy", Node(f"_:event{row['first_seq']}")

    predicates = dict[str, Node]()
    for row in relation_rows(graph, progress):
        source, predicate, target = (_address(kind, row[end]) for end, kind in ENDS.items())
        predicates[row["predicate"]] = predicate
        # The address of a relation is the same in every file.
        digest = hashlib.sha256(packed([row[end] for end in ENDS]).encode()).hexdigest()[:32]
        address = _address("relation", digest)
        yield source, predicate, target
        yield address, "rdf:type", _full("rdf:Statement")
        yield address, "rdf:subject", source
        yield address, "rdf:predicate", predicate
        yield address, "rdf:object", target
        yield address, "gg:support", row["support"]
        yield address, "gg:confidence", row["confidence"]
        for number, piece in enumerate(row["evidence"]):
            evidence = Node(f"_:{digest}n{number}")
            yield address, "prov:wasDerivedFrom", evidence
            yield evidence, "rdf:type", _full("prov:Entity")
            yield from ((evidence, f"gg:{end}", words) for end, words in zip(ENDS, piece["said"], strict=True))
            yield evidence, "gg:support", piece["support"]
            for name, field in BESIDE.items():
                if field in piece:
                    yield evidence, f"gg:{name}", piece[field]
            if quantity := piece.get("quantity"):
                yield evidence, "gg:quantity", quantity["value"]
                yield evidence, "gg:unit", quantity["unit"]
            yield evidence, "prov:wasGeneratedBy", Node(f"_:event{piece['seq']}")
    for name, predicate in predicates.items():
        yield predicate, "rdf:type", _full("rdf:Property")
        yield predicate, "rdfs:label", name

    logged = {event.seq: event for event in log}
    models = {seq: clean(event.reply.model) for seq, event in logged.items() if isinstance(event, Expansion)}
    for step in graph.past:
        event = Node(f"_:event{step.seq}")
        yield event, "rdf:type", _full("prov:Activity")
        yield event, "gg:event", step.seq
        if step.focus:
            yield event, "gg:strategy", clean(step.focus.strategy)
            keys = dict.fromkeys(graph.representative(key) for key in step.focus.concepts)
            yield from ((event, "prov:used", _address("concept", clean(key))) for key in keys if key in graph.concepts)
        try:
            at = datetime.fromisoformat(logged[step.seq].at if step.seq in logged else "").isoformat()
        except ValueError:  # nobody noted one
            at = ""
        if at:
            yield event, "prov:endedAtTime", Time(at)
        if model := models.get(step.seq):
            yield event, "prov:wasAssociatedWith", _address("model", model)
    for model in dict.fromkeys(filter(None, models.values())):
        yield _address("model", model), "rdf:type", _full("prov:SoftwareAgent")
        yield _address("model", model), "rdfs:label", model


def _all(objects: Objects, predicate: str) -> list[str]:
    """Return the values of a predicate."""
    wanted = f"<{_full(predicate)}>"
    return [value for name, value in zip(objects[::2], objects[1::2], strict=True) if name == wanted]


def _first(objects: Objects, predicate: str) -> str:
    """Return the first value of a predicate, without what tells its kind, "" where it has none."""
    return next((value.removeprefix("<").removesuffix(">") if value[:1] == "<" else value.removeprefix('"')
                 for value in _all(objects, predicate)), "")  # fmt: skip


def _others(about: About) -> tuple[list[Row], list[Row]]:
    """Return what somebody else's triples say of things; their literals are names or left out.

    A node without an address counts as one where it has a name; any other only holds things together, and is left out
    with its relations, which are counted.
    """

    @cache
    def is_label(predicate: str) -> bool:
        return predicate in known or word(in_words(predicate)) in NAMING

    def labels(term: str) -> list[str]:
        said = [(predicate, value[1:]) for predicate, value in zip(*[iter(about.get(term, []))] * 2, strict=True)
                if value.startswith('"') and is_label(predicate)]  # fmt: skip
        return [value for _, value in sorted(said, key=lambda pair: known.get(pair[0], len(known)))]

    def name(term: str) -> str:
        """Return the label of a term, else the last part of its address, in words."""
        return next(filter(None, labels(term)), "") or ("" if term.startswith("_:") else in_words(term))

    links = list[Row]()
    both_ways = f"<{_full('owl:SymmetricProperty')}>"
    symmetric = {f"<{_full('skos:related')}>", *(subject for subject, objects in about.items() if both_ways in objects)}
    known = {f"<{_full(label)}>": place for place, label in enumerate((*LABELS, *TITLES))}
    of_type = f"<{_full('rdf:type')}>"
    grammar = tuple(f"<{space}" for space in GRAMMAR)
    for subject, objects in about.items():
        for predicate, end in zip(objects[::2], objects[1::2], strict=True):
            if not end.startswith('"') and not (predicate == of_type and end.startswith(grammar)):
                words = "is a" if predicate == of_type else name(predicate).lower()
                beside = {"directed": False} if predicate in symmetric else {}
                links.append({"source": subject, "predicate": words, "target": end, **beside})
    predicates = {predicate for objects in about.values() for predicate in objects[::2]}
    nodes: list[Row] = []
    for ident in dict.fromkeys([*about, *(link["target"] for link in links)]):
        if ident not in predicates:
            kinds = [name(kind) for kind in _all(about.get(ident, []), "rdf:type") if not kind.startswith(grammar)]
            row: Row = {"id": ident, "name": labels(ident) or name(ident), "type": kinds}
            for predicate, value in zip(*[iter(about.get(ident, []))] * 2, strict=True):
                if value.startswith('"') and not is_label(predicate):
                    row[f"literal {name(predicate)}"] = value.removeprefix('"')
            nodes.append(row)
    return nodes, links
