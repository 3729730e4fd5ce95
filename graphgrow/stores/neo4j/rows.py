"""What events are in Neo4j: rows of primitive values with names a person understands, one row a node or relation."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from graphgrow.codec import sealed
from graphgrow.model import Event, Expansion, Relation

Row = dict[str, Any]
Rows = dict[str, list[Row]]


def identity(*words: str) -> str:
    """Return the id of a concept (graph, key) or a relation (graph, source, predicate, target): 128 bits in hex.

    Names can be longer than an index takes, so what is unique is a digest; JSON keeps ("ab", "c") and ("a", "bc")
    apart.
    """
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:32]


def rows(graph: str, writer: str, events: Sequence[Event]) -> Rows:
    """Return what events add to a graph, by the kinds that `statements.APPEND` takes, each node and relation once.

    A relation that several of the events state is one row with their sum.
    """
    nodes = [(isinstance(event, Expansion), _event(event) | {"writer": writer}) for event in events]
    return {
        "expansions": [row for is_expansion, row in nodes if is_expansion],
        "edits": [row for is_expansion, row in nodes if not is_expansion],
        "concepts": _concepts(graph, events),
        "aliases": _aliases(graph, events),
        "relations": _relations(graph, events),
    }


def _event(event: Event) -> Row:
    brought = {"new_concepts": len(event.delta.concepts), "new_relations": len(event.delta.relations)}
    row: Row = {"seq": event.seq, "at": event.at, **brought, "payload": sealed(event)}
    if not isinstance(event, Expansion):
        return row | {"name": f"{event.seq}: {event.edit}", "edit": event.edit, "note": event.note}
    focus, reply = event.focus, event.reply
    return row | {
        "name": f"{event.seq}: {', '.join(focus.concepts)} ({focus.angle})",
        "topic": event.topic,
        "strategy": focus.strategy,
        "asked_about": list(focus.concepts),
        "angle": focus.angle,
        "reason": focus.reason,
        "outcome": event.outcome,
        "problem": event.reason,
        "model": reply.model,
        "tokens": reply.usage.tokens,
        "seconds": reply.seconds,
        **({} if reply.usd is None else {"usd": reply.usd}),
    }


def _concepts(graph: str, events: Iterable[Event]) -> list[Row]:
    found: dict[str, Row] = {}
    for event in events:
        for concept in event.delta.concepts:
            row = {"id": identity(graph, concept.key), "key": concept.key, "name": concept.name, "seq": event.seq}
            spellings = found.setdefault(concept.key, row | {"spellings": []})["spellings"]
            spellings += [s for s in (concept.name, *concept.aliases) if s not in spellings]
    return list(found.values())


def _aliases(graph: str, events: Iterable[Event]) -> list[Row]:
    found: dict[str, dict[str, None]] = {}
    for event in events:
        for key, spelling in event.delta.aliases:
            found.setdefault(key, {})[spelling] = None
    return [{"id": identity(graph, key), "spellings": list(spellings)} for key, spellings in found.items()]


def _relations(graph: str, events: Iterable[Event]) -> list[Row]:
    found: dict[Relation, Row] = {}
    for event in events:
        for said in event.delta.statements:
            row = found.get(said.relation)
            if row is None:
                row = found[said.relation] = _relation(graph, said.relation, event.seq)
            row["support"] += said.support
            row["last_seq"] = event.seq
            if event.seq not in row["events"][-1:]:
                row["events"].append(event.seq)
            if said.raw.predicate not in (said.relation.predicate, *row["wording"]):
                row["wording"].append(said.raw.predicate)
    return list(found.values())


def _relation(graph: str, relation: Relation, seq: int) -> Row:
    source, predicate, target = relation.source, relation.predicate, relation.target
    return {
        "id": identity(graph, source, predicate, target),
        "source": identity(graph, source),
        "target": identity(graph, target),
        "predicate": predicate,
        "support": 0,
        "first_seq": seq,
        "events": [],
        "wording": [],
    }
