"""What is written into Neo4j: every word of Cypher the store says, and the rows of primitive values that go with it.

All of the Cypher is constant: what a model wrote travels as parameters alone.

(:Graph {name, version, format, digests_since, seal})
(:Concept {id, graph, key, name, aliases, first_seq, type})
(:Concept)-[:RELATES {id, predicate, support, first_seq, last_seq, events, wording, confidence,
    why, conditions, quantities, certainties, sources, predicate_class}]->(:Concept)
(:Event:Expansion | :Event:Edit | :Event:ReasoningStep | :Event:FactCheck {graph, seq, name, at, ..., payload, digest})
(:Event)-[:INTRODUCED]->(:Concept)
(:Lease {id, graph, name, holder, until, seconds})
(:Cached {id, graph, kind, key, value})

`events` of a relation are those that said it, `wording` the words of its evidence that differ from its predicate,
`confidence` is how sure the graph is of it, 0 to 1; `decides` marks the events that have changes. What was said beside
it is in lists, in the order of its evidence, which are not there where nothing was. `digest` and `seal` tell whether
the log is what was written, from the event after `digests_since` on.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graphgrow.graph.confidence import confidence, reconsidered
from graphgrow.graph.corrections import Corrections
from graphgrow.graph.graph import Evidence, Graph
from graphgrow.graph.model import Edit, Event, FactCheck, ReasoningStep, Relation
from graphgrow.stores.projection import Patch

Row = dict[str, Any]
Rows = dict[str, list[Row]]

FORMAT, TYPED = 3, 3  # TYPED: from this one on concepts have their types

SCHEMA = (
    "CREATE CONSTRAINT graphgrow_graph IF NOT EXISTS FOR (g:Graph) REQUIRE g.name IS UNIQUE",
    "CREATE CONSTRAINT graphgrow_concept IF NOT EXISTS FOR (c:Concept) REQUIRE c.id IS UNIQUE",
    "CREATE CONSTRAINT graphgrow_relation IF NOT EXISTS FOR ()-[r:RELATES]-() REQUIRE r.id IS UNIQUE",
    "CREATE CONSTRAINT graphgrow_event IF NOT EXISTS FOR (e:Event) REQUIRE (e.graph, e.seq) IS UNIQUE",
    "CREATE CONSTRAINT graphgrow_lease IF NOT EXISTS FOR (l:Lease) REQUIRE l.id IS UNIQUE",
    "CREATE CONSTRAINT graphgrow_cached IF NOT EXISTS FOR (c:Cached) REQUIRE c.id IS UNIQUE",
    "CREATE INDEX graphgrow_concepts_of_graph IF NOT EXISTS FOR (c:Concept) ON (c.graph)",
    # Eventually consistent: else it takes a third of the time of a commit.
    """CREATE FULLTEXT INDEX concept_names IF NOT EXISTS FOR (c:Concept) ON EACH [c.name, c.aliases]
    OPTIONS {indexConfig: {`fulltext.eventually_consistent`: true}}""",
)
WAIT_FOR_SCHEMA = "CALL db.awaitIndexes(300)"

FIND = "MATCH (g:Graph {name: $graph}) RETURN g.version AS version, g.format AS format"
STATE = """
MATCH (g:Graph {name: $graph}) OPTIONAL MATCH (e:Event {graph: $graph, seq: g.version})
RETURN g.version AS version, g.format AS format, g.digests_since AS since, g.seal AS seal, e.digest AS head
"""
OTHERS = "MATCH (g:Graph) WHERE g.format IS NOT NULL RETURN g.name AS name ORDER BY name LIMIT 10"
CREATE = "MERGE (g:Graph {name: $graph}) ON CREATE SET g.version = 0, g.format = $format RETURN g.format AS format"

# One commit. SET takes the node's lock before the version is read: of two writers one waits here until the other has
# committed, and then finds another version and no row comes back.
_EVENTS = """
MATCH (g:Graph {name: $graph}) SET g.last_writer = $writer
WITH g WHERE g.version = $before
SET g.version = $after, g.format = $format, g.digests_since = $since, g.seal = $seal
WITH g
CALL () {
    UNWIND $digests AS row MATCH (e:Event {graph: $graph, seq: row.seq}) SET e.digest = row.digest
    RETURN count(*) AS digests
}
CALL () {
    UNWIND $types AS row MATCH (c:Concept {id: row.id}) SET c.type = row.type RETURN count(*) AS types
}
CALL () {
    UNWIND $expansions AS row CREATE (e:Event:Expansion {graph: $graph}) SET e += row RETURN count(*) AS expansions
}
CALL () {
    UNWIND $edits AS row CREATE (e:Event:Edit {graph: $graph}) SET e += row RETURN count(*) AS edits
}
CALL () {
    UNWIND $thoughts AS row CREATE (e:Event:ReasoningStep {graph: $graph}) SET e += row RETURN count(*) AS thoughts
}
CALL () {
    UNWIND $checks AS row CREATE (e:Event:FactCheck {graph: $graph}) SET e += row RETURN count(*) AS checks
}
"""
APPEND = (
    _EVENTS
    + """
CALL () {
    UNWIND $concepts AS row
    MATCH (e:Event {graph: $graph, seq: row.seq})
    MERGE (c:Concept {id: row.id})
    ON CREATE SET c.graph = $graph, c.key = row.key, c.name = row.name, c.aliases = [], c.first_seq = row.seq
    SET c.type = coalesce(c.type, row.type)
    FOREACH (_ IN CASE c.first_seq WHEN row.seq THEN [1] ELSE [] END | CREATE (e)-[:INTRODUCED]->(c))
    FOREACH (s IN [s IN row.spellings WHERE s <> c.name AND NOT s IN c.aliases] | SET c.aliases = c.aliases + s)
    RETURN count(*) AS concepts
}
CALL () {
    UNWIND $aliases AS row
    MATCH (c:Concept {id: row.id})
    SET c.type = coalesce(c.type, row.type)
    FOREACH (s IN [s IN row.spellings WHERE s <> c.name AND NOT s IN c.aliases] | SET c.aliases = c.aliases + s)
    RETURN count(*) AS aliases
}
CALL () {
    UNWIND $relations AS row
    MATCH (a:Concept {id: row.source})
    MATCH (b:Concept {id: row.target})
    MERGE (a)-[r:RELATES {id: row.id}]->(b)
    ON CREATE SET r.predicate = row.predicate, r.support = row.support, r.first_seq = row.first_seq,
        r.last_seq = row.last_seq, r.events = row.events, r.wording = row.wording
    ON MATCH SET r.support = r.support + row.support, r.last_seq = row.last_seq, r.events = r.events + row.events,
        r.wording = coalesce(r.wording, []) + [w IN row.wording WHERE NOT w IN coalesce(r.wording, [])]
    SET r.why = coalesce(r.why + row.why, r.why, row.why),
        r.conditions = coalesce(r.conditions + row.conditions, r.conditions, row.conditions),
        r.quantities = coalesce(r.quantities + row.quantities, r.quantities, row.quantities),
        r.certainties = coalesce(r.certainties + row.certainties, r.certainties, row.certainties),
        r.sources = coalesce(r.sources + row.sources, r.sources, row.sources),
        r.predicate_class = coalesce(r.predicate_class, row.predicate_class)
    RETURN count(*) AS relations
}
CALL () {
    UNWIND $confidences AS row MATCH ()-[r:RELATES {id: row.id}]->() SET r.confidence = row.confidence
    RETURN count(*) AS confidences
}
RETURN digests, expansions, edits, thoughts, checks, concepts, aliases, relations
"""
)
# What is shown after an edit that decides about earlier events: what has to go, and what is new or otherwise.
PATCH = (
    _EVENTS
    + """
CALL () {
    UNWIND $gone_relations AS row MATCH ()-[r:RELATES {id: row.id}]->() DELETE r RETURN count(*) AS gone_relations
}
CALL () {
    UNWIND $gone_concepts AS row MATCH (c:Concept {id: row.id}) DETACH DELETE c RETURN count(*) AS gone_concepts
}
CALL () {
    UNWIND $concepts AS row
    MERGE (c:Concept {id: row.id})
    SET c.graph = $graph, c.key = row.key, c.name = row.name, c.aliases = row.spellings, c.first_seq = row.seq,
        c.type = row.type
    WITH row, c
    OPTIONAL MATCH (:Event)-[old:INTRODUCED]->(c) DELETE old
    WITH DISTINCT row, c
    MATCH (e:Event {graph: $graph, seq: row.seq}) CREATE (e)-[:INTRODUCED]->(c)
    RETURN count(*) AS concepts
}
CALL () {
    UNWIND $relations AS row
    MATCH (a:Concept {id: row.source})
    MATCH (b:Concept {id: row.target})
    MERGE (a)-[r:RELATES {id: row.id}]->(b)
    SET r.predicate = row.predicate, r.support = row.support, r.first_seq = row.first_seq,
        r.last_seq = row.last_seq, r.events = row.events, r.wording = row.wording
    SET r.why = row.why,
        r.conditions = row.conditions,
        r.quantities = row.quantities,
        r.certainties = row.certainties,
        r.sources = row.sources,
        r.predicate_class = row.predicate_class
    RETURN count(*) AS relations
}
CALL () {
    UNWIND $confidences AS row MATCH ()-[r:RELATES {id: row.id}]->() SET r.confidence = row.confidence
    RETURN count(*) AS confidences
}
RETURN digests, expansions, edits, thoughts, checks, gone_concepts, gone_relations, concepts, relations
"""
)
LOCK = "MATCH (g:Graph {name: $graph}) SET g.last_writer = $writer RETURN g.version AS version"
WRITTEN = """
MATCH (e:Event {graph: $graph, seq: $seq}) RETURN e.payload = $payload AND e.writer = $writer AS ours
"""

EVENTS = """
MATCH (g:Graph {name: $graph}) WITH g.version AS version
MATCH (e:Event) WHERE e.graph = $graph AND $since < e.seq <= $until
RETURN e.seq AS seq, e.payload AS payload, e.digest AS digest, e.at AS at, e.decides AS decides, version ORDER BY e.seq
"""
DECIDED = """
MATCH (e:Event) WHERE e.graph = $graph AND $since < e.seq <= $until AND e.decides
RETURN e.payload AS payload ORDER BY e.seq
"""
CONCEPTS = """
MATCH (c:Concept {graph: $graph})
RETURN c.key AS key, c.name AS name, c.aliases AS aliases, c.first_seq AS first_seq, c.type AS type
"""
RELATIONS = """
MATCH (a:Concept {graph: $graph})-[r:RELATES]->(b:Concept)
RETURN a.key AS source, r.predicate AS predicate, b.key AS target, r.support AS support,
    r.first_seq AS first_seq, r.last_seq AS last_seq
"""

LEASE = """
MERGE (l:Lease {id: $id}) ON CREATE SET l.graph = $graph, l.name = $name, l.holder = $holder, l.until = 0.0
SET l.asked_by = $holder
WITH l, coalesce($now, timestamp() / 1000.0) AS now
WHERE l.holder = $holder OR l.until <= now OR l.until > now + $skew +
    CASE WHEN l.seconds < $longest THEN l.seconds ELSE $longest END
SET l.holder = $holder, l.until = now + $seconds, l.seconds = $seconds
RETURN l.until AS until
"""

# Claims on questions: leases that go when their question is answered. Another's is taken away an hour after its end,
# when nobody can be about to take it.
CLAIM = """
CALL () {
    UNWIND $gone AS id MATCH (l:Lease {id: id}) WHERE l.holder = $holder DELETE l
}
CALL () {
    MATCH (l:Lease:Claim {graph: $graph}) WHERE l.until < coalesce($now, timestamp() / 1000.0) - 3600 DELETE l
}
UNWIND $rows AS row
MERGE (l:Lease {id: row.id})
ON CREATE SET l:Claim, l.graph = $graph, l.name = row.name, l.holder = $holder, l.until = 0.0
SET l.asked_by = $holder
WITH l, coalesce($now, timestamp() / 1000.0) AS now
WHERE l.holder = $holder OR l.until <= now OR l.until > now + $skew +
    CASE WHEN l.seconds < $longest THEN l.seconds ELSE $longest END
SET l.holder = $holder, l.until = now + $seconds, l.seconds = $seconds
"""
CLAIMS = """
WITH coalesce($now, timestamp() / 1000.0) AS now
MATCH (l:Lease:Claim {graph: $graph}) WHERE now < l.until <= now + $skew +
    CASE WHEN l.seconds < $longest THEN l.seconds ELSE $longest END
RETURN l.name AS name, l.holder AS holder
"""

RECALL = "UNWIND $ids AS id MATCH (c:Cached {id: id}) RETURN c.key AS key, c.value AS value"
REMEMBER = """
UNWIND $rows AS row MERGE (c:Cached {id: row.id})
SET c.graph = $graph, c.kind = $kind, c.key = row.key, c.value = row.value
"""

# What the explorer asks of a graph too large for memory: see GraphIndex.
_RELATIONS = "r.predicate, b.key, r.support, r.first_seq, r.last_seq"
LARGER = "MATCH (c:Concept {graph: $graph}) WITH c LIMIT $most RETURN count(c) AS count"
COUNTS = """
CALL () { MATCH (c:Concept {graph: $graph}) RETURN count(c) AS concepts }
CALL () { MATCH (:Concept {graph: $graph})-[r:RELATES]->() RETURN count(r) AS relations }
RETURN concepts, relations
"""
HUBS = """
MATCH (c:Concept {graph: $graph})
WITH c.key AS key, COUNT { (c)-[:RELATES]->() } + COUNT { (c)<-[:RELATES]-() } AS relations
RETURN key ORDER BY relations DESC, key LIMIT $most
"""
NEIGHBOURS = """
MATCH (c:Concept {id: $id})-[:RELATES]-(near:Concept) WHERE near <> c
WITH DISTINCT near WITH near.key AS key, COUNT { (near)-[:RELATES]->() } + COUNT { (near)<-[:RELATES]-() } AS relations
RETURN key ORDER BY relations DESC, key LIMIT $most
"""
KNOWN = """
UNWIND $ids AS id MATCH (c:Concept {id: id})
RETURN c.key, c.name, c.first_seq, coalesce(c.type, ""),
    COUNT { (c)-[:RELATES]->() } + COUNT { (c)<-[:RELATES]-() }
"""
ALIASES = "MATCH (c:Concept {id: $id}) UNWIND c.aliases AS spelling RETURN spelling ORDER BY spelling"
BETWEEN = f"""
UNWIND $ids AS id MATCH (a:Concept {{id: id}})-[r:RELATES]->(b:Concept) WHERE b.id IN $ids
RETURN a.key, {_RELATIONS}
"""
INCIDENT = f"""
CALL () {{
    MATCH (a:Concept {{id: $id}})-[r:RELATES]->(b:Concept) RETURN a, r, b LIMIT $most
    UNION ALL MATCH (a:Concept)-[r:RELATES]->(b:Concept {{id: $id}}) WHERE a <> b RETURN a, r, b LIMIT $most
}}
RETURN a.key, {_RELATIONS}
"""
SPELT = """
CALL db.index.fulltext.queryNodes("concept_names", $words, {limit: $looked}) YIELD node
WHERE node.graph = $graph
WITH node, COUNT { (node)-[:RELATES]->() } + COUNT { (node)<-[:RELATES]-() } AS relations
ORDER BY relations DESC LIMIT $most
UNWIND [node.name] + node.aliases AS spelling RETURN node.key, spelling
"""


def identity(*words: str) -> str:
    """Return the id of a concept (graph, key) or a relation (graph, source, predicate, target): 128 bits in hex.

    Names can be longer than an index takes, so what is unique is a digest; JSON keeps ("ab", "c") and ("a", "bc")
    apart.
    """
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:32]


def event_rows(writer: str, events: Iterable[tuple[Event, str, str]]) -> Rows:
    """Return the nodes that events are, with their JSON and digests, and values that a person understands."""
    rows: Rows = {"expansions": [], "edits": [], "thoughts": [], "checks": []}
    for event, text, own in events:
        row: Row = {
            "seq": event.seq,
            "at": event.at,
            "new_concepts": len(event.delta.new_concepts),
            "new_relations": len(event.delta.relations),
            "payload": text,
            "digest": own,
            "writer": writer,
        }
        if event.delta.changes:
            row["decides"] = True
        if isinstance(event, Edit):
            rows["edits"].append(row | {"name": f"{event.seq}: {event.edit}", "edit": event.edit, "note": event.note})
            continue
        row |= {"outcome": event.outcome, "problem": event.reason}
        if reply := event.reply:
            row |= {"model": reply.model, "tokens": reply.usage.tokens, "seconds": reply.seconds}
            row |= {} if reply.usd is None else {"usd": reply.usd}
        if isinstance(event, ReasoningStep):
            row["name"] = f"{event.seq}: {event.task}, {event.stage}"
            row |= {"task": event.task, "stage": event.stage, "work": event.plan, "about": list(event.subject)}
            rows["thoughts"].append(row)
            continue
        if isinstance(event, FactCheck):
            row["name"] = f"{event.seq}: {'; '.join(event.statements)}"
            row |= {"topic": event.topic, "method": event.method, "answers": event.answers}
            rows["checks"].append(row)
            continue
        focus = event.focus
        row["name"] = f"{event.seq}: {', '.join(focus.concepts)} ({focus.angle})"
        row |= {"topic": event.topic, "strategy": focus.strategy, "asked_about": list(focus.concepts)}
        row |= {"angle": focus.angle, "reason": focus.reason}
        rows["expansions"].append(row)
    return rows


def new_rows(graph: str, events: Iterable[Event], corrections: Corrections) -> Rows:
    """Return what events add to what is shown of a graph, as APPEND takes it, each node and relation once.

    A relation that several of the events state is one row with their sum. `corrections` is what was decided before, and
    takes in what these events decide about the names that they bring.
    """
    concepts = dict[str, Row]()
    aliases = dict[str, list[str]]()
    types = dict[str, str]()
    relations = dict[Relation, list[Evidence]]()
    for event in events:
        corrections.take(event)
        delta = corrections.delta(event.delta)
        for concept in delta.concepts:
            row: Row = {"id": identity(graph, concept.key), "key": concept.key, "name": concept.name, "seq": event.seq}
            spellings = concepts.setdefault(concept.key, row | {"spellings": []})["spellings"]
            spellings += [text for text in (concept.name, *concept.aliases) if text not in spellings]
        for key, spelling in delta.aliases:
            aliases.setdefault(key, []).append(spelling)
        for key, kind in corrections.types(event.delta).items():
            types.setdefault(key, kind)
        for statement in delta.relations:
            piece = Evidence(event.seq, statement.raw, statement.support, qualifiers=statement.qualifiers)
            relations.setdefault(statement.relation, []).append(piece)
    said = {key: aliases.get(key, []) for key in (*aliases, *(key for key in types if key not in concepts))}
    return {
        "concepts": [row | {"type": types.get(key)} for key, row in concepts.items()],
        "aliases": [
            {"id": identity(graph, key), "spellings": list(dict.fromkeys(spellings)), "type": types.get(key)}
            for key, spellings in said.items()
        ],
        "relations": [relation_row(graph, relation, evidence) for relation, evidence in relations.items()],
    }


def patch_rows(graph: str, change: Patch, evidence: Mapping[Relation, Sequence[Evidence]]) -> Rows:
    """Return what PATCH takes; `evidence` is that of every relation as it will be."""
    return {
        "gone_relations": [{"id": identity(graph, r.source, r.predicate, r.target)} for r in change.gone_relations],
        "gone_concepts": [{"id": identity(graph, key)} for key in change.gone_concepts],
        "concepts": [
            {
                "id": identity(graph, key),
                "key": key,
                "name": name,
                "spellings": list(spellings),
                "seq": first,
                "type": kind or None,
            }
            for key, (name, spellings, first, kind) in change.concepts.items()
        ],
        "relations": [relation_row(graph, relation, evidence[relation]) for relation in change.relations],
    }


def type_rows(graph: str, shown: Graph) -> list[Row]:
    """Return the types of the concepts of a graph, as APPEND and PATCH take them."""
    return [{"id": identity(graph, key), "type": one.type} for key, one in shown.concepts.items() if one.type]


def confidence_rows(graph: str, shown: Graph, events: Sequence[Event], before: Mapping[Relation, float]) -> list[Row]:
    """Return how sure a graph is, after events that it has taken, of the relations where that may have changed.

    `before` is how sure it was before an event that decides about earlier ones, of every relation.
    """
    sure = {relation: round(confidence(shown, relation), 4) for relation in reconsidered(shown, events)}
    return [
        {"id": identity(graph, relation.source, relation.predicate, relation.target), "confidence": value}
        for relation, value in sure.items()
        if before.get(relation) != value
    ]


def relation_row(graph: str, relation: Relation, evidence: Sequence[Evidence]) -> Row:
    """Return the row of a relation with its evidence, in order."""
    source, predicate, target = relation.source, relation.predicate, relation.target
    beside = [one.qualifiers for one in evidence if one.qualifiers]
    return {
        "id": identity(graph, source, predicate, target),
        "source": identity(graph, source),
        "target": identity(graph, target),
        "predicate": predicate,
        "support": sum(one.support for one in evidence),
        "first_seq": evidence[0].seq,
        "last_seq": evidence[-1].seq,
        "events": list(dict.fromkeys(one.seq for one in evidence)),
        "wording": list(dict.fromkeys(one.raw.predicate for one in evidence if one.raw.predicate != predicate)),
        "why": [one.why for one in beside if one.why] or None,
        "conditions": [one.conditions for one in beside if one.conditions] or None,
        "quantities": [str(one.quantity) for one in beside if one.quantity] or None,
        "certainties": [one.certainty for one in beside if one.certainty is not None] or None,
        "sources": [one.source for one in beside if one.source] or None,
        "predicate_class": next((one.predicate_class for one in beside if one.predicate_class), None),
    }
