"""What events are in Neo4j: rows of primitive values with names a person understands, one row a node or relation."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from graphgrow.graph.corrections import Corrections
from graphgrow.graph.events import sealed
from graphgrow.graph.graph import Evidence
from graphgrow.graph.model import Delta, Edit, Event, Expansion, ReasoningStep, Relation, Reply, Triple
from graphgrow.stores.projection import Patch

Row = dict[str, Any]
Rows = dict[str, list[Row]]
Shown = list[tuple[int, Delta]]  # what each event adds to what is shown, by its seq


def identity(*words: str) -> str:
    """Return the id of a concept (graph, key) or a relation (graph, source, predicate, target): 128 bits in hex.

    Names can be longer than an index takes, so what is unique is a digest; JSON keeps ("ab", "c") and ("a", "bc")
    apart.
    """
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:32]


def rows(graph: str, writer: str, events: Sequence[Event], corrections: Corrections) -> Rows:
    """Return what events add to a graph, by the kinds that `statements.APPEND` takes, each node and relation once.

    A relation that several of the events state is one row with their sum. `corrections` is what was decided before, and
    takes in what these events decide about the names that they bring.
    """
    shown: Shown = []
    for event in events:
        corrections.take(event)
        shown.append((event.seq, corrections.delta(event.delta)))
    return event_rows(writer, events) | {
        "concepts": _concepts(graph, shown),
        "aliases": _aliases(graph, shown),
        "relations": _relations(graph, shown),
    }


def event_rows(writer: str, events: Sequence[Event]) -> Rows:
    """Return the nodes that the events themselves are."""
    kinds = {"expansions": Expansion, "edits": Edit, "thoughts": ReasoningStep}
    return {
        name: [_event(event) | {"writer": writer} for event in events if isinstance(event, kind)]
        for name, kind in kinds.items()
    }


def patch_rows(graph: str, change: Patch, said: Mapping[Relation, Sequence[Evidence]]) -> Rows:
    """Return what `statements.PATCH` takes; `said` has the evidence of every relation as it will be."""
    return {
        "gone_concepts": [{"id": identity(graph, key)} for key in change.gone_concepts],
        "gone_relations": [{"id": _id(graph, relation)} for relation in change.gone_relations],
        "concepts": [
            {"id": identity(graph, key), "key": key, "name": name, "spellings": list(spellings), "seq": first}
            for key, (name, spellings, first) in change.concepts.items()
        ],
        "relations": [_known_relation(graph, relation, said[relation]) for relation in change.relations],
    }


def _event(event: Event) -> Row:
    brought = {"new_concepts": len(event.delta.new_concepts), "new_relations": len(event.delta.relations)}
    row: Row = {"seq": event.seq, "at": event.at, **brought, "payload": sealed(event)}
    if event.delta.changes:
        row["decides"] = True
    if isinstance(event, Edit):
        return row | {"name": f"{event.seq}: {event.edit}", "edit": event.edit, "note": event.note}
    if isinstance(event, ReasoningStep):
        return row | _thought(event)
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
        **_bill(reply),
    }


def _thought(event: ReasoningStep) -> Row:
    return {
        "name": f"{event.seq}: {event.task}, {event.stage}",
        "task": event.task,
        "stage": event.stage,
        "work": event.plan,
        "about": list(event.subject),
        "outcome": event.outcome,
        "problem": event.reason,
        **(_bill(event.reply) if event.reply else {}),
    }


def _bill(reply: Reply) -> Row:
    usd = {} if reply.usd is None else {"usd": reply.usd}
    return {"model": reply.model, "tokens": reply.usage.tokens, "seconds": reply.seconds, **usd}


def _concepts(graph: str, shown: Shown) -> list[Row]:
    found: dict[str, Row] = {}
    for seq, delta in shown:
        for concept in delta.concepts:
            row = {"id": identity(graph, concept.key), "key": concept.key, "name": concept.name, "seq": seq}
            spellings = found.setdefault(concept.key, row | {"spellings": []})["spellings"]
            spellings += [s for s in (concept.name, *concept.aliases) if s not in spellings]
    return list(found.values())


def _aliases(graph: str, shown: Shown) -> list[Row]:
    found: dict[str, dict[str, None]] = {}
    for _, delta in shown:
        for key, spelling in delta.aliases:
            found.setdefault(key, {})[spelling] = None
    return [{"id": identity(graph, key), "spellings": list(spellings)} for key, spellings in found.items()]


def _relations(graph: str, shown: Shown) -> list[Row]:
    found: dict[Relation, Row] = {}
    for seq, delta in shown:
        for said in delta.relations:
            row = found.get(said.relation)
            if row is None:
                row = found[said.relation] = _relation(graph, said.relation, seq)
            _add(row, seq, said.raw, said.support)
    return list(found.values())


def _known_relation(graph: str, relation: Relation, said: Sequence[Evidence]) -> Row:
    row = _relation(graph, relation, said[0].seq)
    for evidence in said:
        _add(row, evidence.seq, evidence.raw, evidence.support)
    return row


def _add(row: Row, seq: int, raw: Triple, support: int) -> None:
    """Count one piece of evidence into the row of its relation."""
    row["support"] += support
    row["last_seq"] = seq
    if seq not in row["events"][-1:]:
        row["events"].append(seq)
    if raw.predicate not in (row["predicate"], *row["wording"]):
        row["wording"].append(raw.predicate)


def _id(graph: str, relation: Relation) -> str:
    return identity(graph, relation.source, relation.predicate, relation.target)


def _relation(graph: str, relation: Relation, seq: int) -> Row:
    source, predicate, target = relation.source, relation.predicate, relation.target
    return {
        "id": _id(graph, relation),
        "source": identity(graph, source),
        "target": identity(graph, target),
        "predicate": predicate,
        "support": 0,
        "first_seq": seq,
        "events": [],
        "wording": [],
    }
