"""What events are in Neo4j: rows of primitive values with names a person understands, one row a node or relation."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphgrow.codec import sealed
from graphgrow.model import Event, Expansion, Relation

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """All that one transaction adds, each node and relation once, in the order of the events."""

    expansions: list[Row] = field(default_factory=list)
    edits: list[Row] = field(default_factory=list)
    concepts: list[Row] = field(default_factory=list)
    aliases: list[Row] = field(default_factory=list)
    relations: list[Row] = field(default_factory=list)


def identity(graph: str, *words: str) -> str:
    """Return the id of a concept (its key) or a relation (source, predicate, target) in one graph: 128 bits in hex.

    Names can be longer than an index takes, so what is unique is a digest; lengths keep ("ab", "c") and ("a", "bc")
    apart.
    """
    text = "".join(f"{len(word)}:{word}" for word in (graph, *words))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def rows(graph: str, writer: str, events: Sequence[Event]) -> Rows:
    """Return what events add to a graph; a relation that several of them state is one row with their sum."""
    found = Rows()
    for event in events:
        (found.expansions if isinstance(event, Expansion) else found.edits).append(_event(event) | {"writer": writer})
    found.concepts.extend(_concepts(graph, events))
    found.aliases.extend(_aliases(graph, events))
    found.relations.extend(_relations(graph, events))
    return found


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
    first: dict[str, Row] = {}
    for event in events:
        for concept in event.delta.concepts:
            row = {"id": identity(graph, concept.key), "key": concept.key, "name": concept.name, "seq": event.seq}
            first.setdefault(concept.key, row)
    return list(first.values())


def _aliases(graph: str, events: Iterable[Event]) -> list[Row]:
    spellings: dict[str, dict[str, None]] = {}
    for event in events:
        own = [(c.key, spelling) for c in event.delta.concepts for spelling in (c.name, *c.aliases)]
        for key, spelling in (*own, *event.delta.aliases):
            spellings.setdefault(key, {})[spelling] = None
    return [{"id": identity(graph, key), "spellings": list(found)} for key, found in spellings.items()]


def _relations(graph: str, events: Iterable[Event]) -> list[Row]:
    found: dict[Relation, Row] = {}
    for event in events:
        for said in event.delta.statements:
            row = found.setdefault(said.relation, _relation(graph, said.relation, event.seq))
            row["support"] += said.support
            row["last_seq"] = event.seq
            if event.seq not in row["events"][-1:]:
                row["events"].append(event.seq)
            if said.raw.predicate not in row["wording"]:
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
