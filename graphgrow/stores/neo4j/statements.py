"""Every word of Cypher the store says. All of it is constant: what a model wrote travels as parameters alone.

(:Graph {name, version, format})
(:Concept {id, graph, key, name, aliases, first_seq})
(:Concept)-[:RELATES {id, predicate, support, first_seq, last_seq, events, wording}]->(:Concept)
(:Event:Expansion | :Event:Edit | :Event:ReasoningStep {graph, seq, name, at, ..., payload})-[:INTRODUCED]->(:Concept)
(:Lease {id, graph, name, holder, until})
(:Cached {id, graph, kind, key, value})

`events` of a relation are those that said it, `wording` the words of its evidence that differ from its predicate;
`decides` marks the events that have changes.
"""

FORMAT = 1

SCHEMA = (
    "CREATE CONSTRAINT graphgrow_graph IF NOT EXISTS FOR (g:Graph) REQUIRE g.name IS UNIQUE",
    "CREATE CONSTRAINT graphgrow_concept IF NOT EXISTS FOR (c:Concept) REQUIRE c.id IS UNIQUE",
    "CREATE CONSTRAINT graphgrow_relation IF NOT EXISTS FOR ()-[r:RELATES]-() REQUIRE r.id IS UNIQUE",
    "CREATE CONSTRAINT graphgrow_event IF NOT EXISTS FOR (e:Event) REQUIRE (e.graph, e.seq) IS UNIQUE",
    "CREATE CONSTRAINT graphgrow_lease IF NOT EXISTS FOR (l:Lease) REQUIRE l.id IS UNIQUE",
    "CREATE CONSTRAINT graphgrow_cached IF NOT EXISTS FOR (c:Cached) REQUIRE c.id IS UNIQUE",
    "CREATE INDEX graphgrow_concepts_of_graph IF NOT EXISTS FOR (c:Concept) ON (c.graph)",
    # Eventually consistent: else a third of the time of a commit goes into it.
    """CREATE FULLTEXT INDEX concept_names IF NOT EXISTS FOR (c:Concept) ON EACH [c.name, c.aliases]
    OPTIONS {indexConfig: {`fulltext.eventually_consistent`: true}}""",
)
WAIT_FOR_SCHEMA = "CALL db.awaitIndexes(300)"

FIND = "MATCH (g:Graph {name: $graph}) RETURN g.version AS version, g.format AS format"
OTHERS = "MATCH (g:Graph) WHERE g.format IS NOT NULL RETURN g.name AS name ORDER BY name LIMIT 10"
CREATE = "MERGE (g:Graph {name: $graph}) ON CREATE SET g.version = 0, g.format = $format RETURN g.format AS format"

# One commit. SET takes the node's lock before the version is read: of two writers one waits here until the other has
# committed, and then finds another version and no row comes back.
_EVENTS = """
MATCH (g:Graph {name: $graph}) SET g.last_writer = $writer
WITH g WHERE g.version = $before SET g.version = $after
WITH g
CALL () {
    UNWIND $expansions AS row CREATE (e:Event:Expansion {graph: $graph}) SET e += row RETURN count(*) AS expansions
}
CALL () {
    UNWIND $edits AS row CREATE (e:Event:Edit {graph: $graph}) SET e += row RETURN count(*) AS edits
}
CALL () {
    UNWIND $thoughts AS row CREATE (e:Event:ReasoningStep {graph: $graph}) SET e += row RETURN count(*) AS thoughts
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
    FOREACH (_ IN CASE c.first_seq WHEN row.seq THEN [1] ELSE [] END | CREATE (e)-[:INTRODUCED]->(c))
    FOREACH (s IN [s IN row.spellings WHERE s <> c.name AND NOT s IN c.aliases] | SET c.aliases = c.aliases + s)
    RETURN count(*) AS concepts
}
CALL () {
    UNWIND $aliases AS row
    MATCH (c:Concept {id: row.id})
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
    RETURN count(*) AS relations
}
RETURN expansions, edits, thoughts, concepts, aliases, relations
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
    SET c.graph = $graph, c.key = row.key, c.name = row.name, c.aliases = row.spellings, c.first_seq = row.seq
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
    RETURN count(*) AS relations
}
RETURN expansions, edits, thoughts, gone_concepts, gone_relations, concepts, relations
"""
)
LOCK = "MATCH (g:Graph {name: $graph}) SET g.last_writer = $writer RETURN g.version AS version"
WRITTEN = """
MATCH (e:Event {graph: $graph, seq: $seq}) RETURN e.payload = $payload AND e.writer = $writer AS ours
"""

EVENTS = """
MATCH (e:Event) WHERE e.graph = $graph AND $since < e.seq <= $until
RETURN e.seq AS seq, e.payload AS payload ORDER BY e.seq
"""
DECIDED = """
MATCH (e:Event) WHERE e.graph = $graph AND $since < e.seq <= $until AND e.decides
RETURN e.payload AS payload ORDER BY e.seq
"""
CONCEPTS = """
MATCH (c:Concept {graph: $graph})
RETURN c.key AS key, c.name AS name, c.aliases AS aliases, c.first_seq AS first_seq
"""
RELATIONS = """
MATCH (a:Concept {graph: $graph})-[r:RELATES]->(b:Concept)
RETURN a.key AS source, r.predicate AS predicate, b.key AS target, r.support AS support,
    r.first_seq AS first_seq, r.last_seq AS last_seq
"""

LEASE = """
MERGE (l:Lease {id: $id}) ON CREATE SET l.graph = $graph, l.name = $name, l.holder = $holder, l.until = 0.0
SET l.asked_by = $holder
WITH l, coalesce($now, timestamp() / 1000.0) AS now WHERE l.holder = $holder OR l.until <= now
SET l.holder = $holder, l.until = now + $seconds
RETURN l.until AS until
"""

RECALL = "UNWIND $ids AS id MATCH (c:Cached {id: id}) RETURN c.key AS key, c.value AS value"
REMEMBER = """
UNWIND $rows AS row MERGE (c:Cached {id: row.id})
SET c.graph = $graph, c.kind = $kind, c.key = row.key, c.value = row.value
"""
