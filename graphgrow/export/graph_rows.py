"""What the rows of any graph file mean: concepts by their names, relations with the evidence that the file has."""

import json
from collections.abc import Iterator
from dataclasses import replace

from graphgrow.export.rows import Row
from graphgrow.graph.keys import canonical, clean
from graphgrow.graph.model import Concept, Delta, Relation, Statement, Triple
from graphgrow.resolve.predicates import FALLBACK

MOST_SUPPORT = 2**31
NAMES = ("name", "title", "entity_id", "id", "key")  # a `label` may be a type
PREDICATES = ("predicate", "relation", "label", "title", "type", "keywords", "description")
SEPARATOR = "<SEP>"  # between what several passages say, as LightRAG and GraphRAG write it
SIDES = 3


def delta(nodes: list[Row], links: list[Row]) -> Delta:
    """Return rows as concepts and relations; what has no name is left out, links to it too."""
    concepts: dict[str, Concept] = {}
    by_id: dict[str, Concept] = {}
    declared = {ident(row) for row in nodes}
    ends = dict.fromkeys(str(row[end]) for row in links for end in ("source", "target"))
    for row in (*nodes, *({"id": end} for end in ends if end not in declared)):
        concept = _concept(row)
        if concept.key:
            known = concepts.setdefault(concept.key, concept)
            if known.name != concept.name:
                both = {*known.aliases, concept.name, *concept.aliases} - {known.name}
                concepts[concept.key] = known = replace(known, aliases=tuple(sorted(both)))
            by_id[ident(row)] = known
    kept = [
        (row, by_id[s], by_id[t])
        for row in links
        if (s := str(row["source"])) in by_id and (t := str(row["target"])) in by_id
    ]
    said = [one for row, source, target in kept for one in _statements(row, source, target)]
    first = dict[Relation, Statement]()
    for one in said:
        first.setdefault(one.relation, one)
    more = tuple(one for one in said if one is not first[one.relation])
    return Delta(tuple(concepts.values()), relations=tuple(first.values()), support=more)


def ident(row: Row) -> str:
    """Return the id that links mean a node by."""
    return str(row.get("id", row.get("key")))


def predicate(row: Row) -> str:
    """Return what a link says: its predicate by any name, the first keyword of several, or that there is a relation.

    A description beside the passages it was taken from is what was said, in sentences, and no predicate.
    """
    names = PREDICATES[:-1] if "source_id" in row else PREDICATES
    name, text = next(((name, text) for name in names if (text := _text(row.get(name)))), ("", FALLBACK))
    return _text(text.replace(SEPARATOR, ",").split(",")[0]) or FALLBACK if name == "keywords" else text


def _text(value: object) -> str:
    return clean(str(value)) if value is not None else ""


def _raw(value: object) -> str:
    """Return words as they were said, without what no store keeps."""
    return str(value).encode("utf-8", "ignore").decode()


def _concept(row: Row) -> Concept:
    name = next((text for name in NAMES if (text := _text(row.get(name)))), "")
    key = _text(row.get("key"))
    if not key and len(name) > 1 and name[0] == name[-1] == '"':
        name = _text(name[1:-1])  # GraphRAG keeps the quotation marks that its prompt asks for
    spellings = {_text(spelling) for spelling in _list(row.get("aliases"))}
    return Concept(key or canonical(name), name, tuple(sorted(spellings - {"", name})))


def _list(value: object) -> list[object]:
    """Return a list that may come as JSON text; anything else is no list of ours and counts as none."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return []
    return found if isinstance(found, list) else []


def _count(value: object) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit()):
        return 1
    digits = text.lstrip("0")  # a number of thousands of digits is none that Python reads
    return MOST_SUPPORT if len(digits) > len(str(MOST_SUPPORT)) else min(max(int(digits or 0), 1), MOST_SUPPORT)


def _statements(row: Row, source: Concept, target: Concept) -> Iterator[Statement]:
    relation = Relation(source.key, predicate(row), target.key)
    words = Triple(source.name, relation.predicate, target.name)
    pieces = list(_evidence(row)) or list(_passages(row, words)) or [(words, _count(row.get("support")))]
    return (Statement(relation, raw, support) for raw, support in pieces)


def _evidence(row: Row) -> Iterator[tuple[Triple, int]]:
    """Yield our own evidence: raw words and how often they were said."""
    for one in _list(row.get("evidence")):
        said = one.get("said") if isinstance(one, dict) else None
        if isinstance(one, dict) and isinstance(said, list) and len(said) == SIDES:
            yield Triple(*map(_raw, said)), _count(one.get("support"))
    raw = _list(row.get("raw"))  # what earlier versions wrote
    if len(raw) == SIDES:
        yield Triple(*map(_raw, raw)), _count(row.get("support"))


def _passages(row: Row, words: Triple) -> Iterator[tuple[Triple, int]]:
    """Yield what each passage of a text says of a relation, where a file keeps it with the passages' ids."""
    if "source_id" not in row:
        return
    for sentence in str(row.get("description") or "").split(SEPARATOR):
        text = _text(sentence).strip('"')
        if text:
            yield replace(words, predicate=text), 1
