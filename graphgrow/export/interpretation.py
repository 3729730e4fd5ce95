"""What the rows of any graph file mean: concepts by their names, relations with the evidence that the file has."""

import json
from dataclasses import replace

from graphgrow.export.rows import Row
from graphgrow.graph.keys import canonical, clean
from graphgrow.graph.model import Concept, Delta, Relation, Statement, Triple
from graphgrow.parse.qualifiers import stored_qualifiers
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
        name = next((text for field in NAMES if (text := _text(row.get(field)))), "")
        key = _text(row.get("key"))
        if not key and len(name) > 1 and name[0] == name[-1] == '"':
            name = _text(name[1:-1])  # GraphRAG keeps the quotation marks that its prompt asks for
        key = key or canonical(name)
        if key:
            spellings = {_text(spelling) for spelling in _list(row.get("aliases"))} - {"", name}
            concept = concepts.setdefault(key, Concept(key, name, tuple(sorted(spellings))))
            if concept.name != name:
                both = {*concept.aliases, name, *spellings} - {concept.name}
                concepts[key] = concept = replace(concept, aliases=tuple(sorted(both)))
            by_id[ident(row)] = concept

    first = dict[Relation, Statement]()
    support = list[Statement]()
    for row in links:
        source, target = (by_id.get(str(row[end])) for end in ("source", "target"))
        if source is None or target is None:
            continue
        relation = Relation(source.key, predicate(row), target.key)
        # What was said and how often: our own evidence, else what each passage of a text says, else the link itself.
        ours = [piece for piece in _list(row.get("evidence")) if isinstance(piece, dict)]
        ours.append({"said": _list(row.get("raw")), "support": row.get("support")})  # what earlier versions wrote
        evidence = [
            (
                Triple(*(str(part).encode("utf-8", "ignore").decode() for part in said)),
                _count(piece.get("support")),
                stored_qualifiers(piece),
            )
            for piece in ours  # raw words, but no lone surrogate, which no store keeps
            if isinstance(said := piece.get("said"), list) and len(said) == SIDES
        ]
        words = Triple(source.name, relation.predicate, target.name)
        if not evidence and "source_id" in row:  # the ids of the passages that a file keeps with what they say
            sentences = (_text(part).strip('"') for part in str(row.get("description") or "").split(SEPARATOR))
            evidence = [(replace(words, predicate=sentence), 1, None) for sentence in sentences if sentence]
        for raw, times, beside in evidence or [(words, _count(row.get("support")), None)]:
            statement = Statement(relation, raw, times, beside)
            if first.setdefault(relation, statement) is not statement:
                support.append(statement)
    return Delta(tuple(concepts.values()), relations=tuple(first.values()), support=tuple(support))


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


def _list(value: object) -> list[object]:
    """Return a list that may come as JSON text; anything else is no list of ours and counts as none."""
    try:
        items = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return []
    return items if isinstance(items, list) else []


def _count(value: object) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit()):
        return 1
    digits = text.lstrip("0")  # a number of thousands of digits is none that Python reads
    return MOST_SUPPORT if len(digits) > len(str(MOST_SUPPORT)) else min(max(int(digits or 0), 1), MOST_SUPPORT)
