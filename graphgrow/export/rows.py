"""A graph as rows of plain values, one per concept and one per relation: every format writes them in its own way."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphgrow.errors import BadInput
from graphgrow.graph.confidence import confidence
from graphgrow.graph.events import encoding_of
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.progress import SILENT, Progress
from graphgrow.graph.qualified import qualifier_row

Row = dict[str, Any]
UNDIRECTED = " (undirected)"  # after the words of evidence that gave a relation no direction
CONCEPT_COLUMNS = ("key", "name", "aliases", "degree", "first_seq", "depth", "type")
RELATION_COLUMNS = ("source", "predicate", "target", "support", "first_seq", "last_seq", "evidence", "confidence")
_UNSAFE = re.compile(r"[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")  # what XML, or a reader of lines, trips over


def read_text(path: Path) -> str:
    """Return the text of a file, however it is encoded; raises BadInput where that is not known."""
    try:
        return path.read_text(encoding=encoding_of(path))
    except UnicodeError:
        raise BadInput("it is not written in UTF-8: save it as UTF-8, which every editor offers") from None


def is_undirected(graph: Graph) -> bool:
    """Tell whether no evidence for the relations of a graph gives them a direction."""
    said = [piece for evidence in graph.relations.values() for piece in evidence]
    return bool(said) and all(piece.raw.predicate.endswith(UNDIRECTED) for piece in said)


def has_direction(row: Row) -> bool:
    """Tell whether any evidence for a relation, given as a row, has a direction."""
    return not all(piece["said"][1].endswith(UNDIRECTED) for piece in row["evidence"])


def concept_rows(graph: Graph, progress: Progress = SILENT) -> Iterator[Row]:
    """Yield one row per concept: key, name, aliases, degree, event that brought it, depth (-1: not reached), type."""
    for key, concept in progress.over(graph.concepts.items(), "writing concepts", len(graph.concepts)):
        yield {
            "key": clean(key),
            "name": clean(concept.name),
            "aliases": [clean(alias) for alias in concept.aliases],
            "degree": graph.degree(key),
            "first_seq": graph.introduced[key],
            "depth": graph.depth.get(key, -1),
            "type": clean(concept.type),
        }


def relation_rows(graph: Graph, progress: Progress = SILENT) -> Iterator[Row]:
    """Yield one row per relation: keys, predicate, support, first and last event, all evidence, confidence.

    A piece of evidence is {"seq": event, "said": [source, predicate, target] in raw words, "support": times}, with what
    was said beside it: "why", "conditions", "quantity" {"value", "unit"}, "certainty", "source", "predicate_class".
    """
    for relation, evidence in progress.over(graph.relations.items(), "writing relations", len(graph.relations)):
        yield {
            "source": clean(relation.source),
            "predicate": clean(relation.predicate),
            "target": clean(relation.target),
            "support": graph.support(relation),
            "first_seq": evidence[0].seq,
            "last_seq": evidence[-1].seq,
            "evidence": [
                {"seq": piece.seq, "said": [piece.raw.source, piece.raw.predicate, piece.raw.target],
                 "support": piece.support, **qualifier_row(piece.qualifiers)}
                for piece in evidence
            ],
            "confidence": round(confidence(graph, relation), 4),
        }  # fmt: skip


def flat(row: Row) -> Row:
    """Return a row with its lists as JSON text, for formats whose cells hold one value."""
    return {name: packed(value) if isinstance(value, list) else value for name, value in row.items()}


def packed(value: object) -> str:
    """Return a value as JSON on one line, without any character that XML refuses."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNSAFE.sub(lambda unsafe: f"\\u{ord(unsafe[0]):04x}", text)
