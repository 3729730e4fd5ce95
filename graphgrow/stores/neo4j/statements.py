"""Every word of Cypher the store says. All of it is constant: what a model wrote travels as parameters alone.

(:Graph {name, version, format})
(:Concept {id, graph, key, name, aliases, first_seq})
(:Concept)-[:RELATES {id, graph, predicate, support, first_seq, last_seq, events, wording}]->(:Concept)
(:Event:Expansion | :Event:Edit {graph, seq, name, at, ..., payload})-[:INTRODUCED]->(:Concept)
(:Lease {id, graph, name, holder, until})
"""

FORMAT = 1

SCHEMA = (
    "CREATE CONSTRAINT graphgrow_graph IF NOT EXISTS FOR (g:Graph) REQUIRE g.name IS UNIQUE",
    "CREATE CONSTRAINT graphgrow_concept IF NOT EXISTS FOR (c:Concept) REQUIRE c.id IS UNIQUE",
    "CREATE CONSTRAINT graphgrow_relation IF NOT EXISTS FOR ()-[r:RELATES]-() REQUIRE r.id IS UNIQUE",
    "CREATE CONSTRAINT graphgrow_event IF NOT EXISTS FOR (e:Event) REQUIRE (e.graph, e.seq) IS UNIQUE",
    "CREATE CONSTRAINT graphgrow_lease IF NOT EXISTS FOR (l:Lease) REQUIRE l.id IS UNIQUE",
    "CREATE INDEX graphgrow_concepts_of_graph IF NOT EXISTS FOR (c:Concept) ON (c.graph)",
    "CREATE FULLTEXT INDEX concept_names IF NOT EXISTS FOR (c:Concept) ON EACH [c.name, c.aliases]",
)
WAIT_FOR_SCHEMA = "CALL db.awaitIndexes(300)"

FIND = "MATCH (g:Graph {name: $graph}) RETURN g.version AS version, g.format AS format"
OTHERS = "MATCH (g:Graph) WHERE g.format IS NOT NULL RETURN g.name AS name ORDER BY name LIMIT 10"
CREATE = "MERGE (g:Graph {name: $graph}) ON CREATE SET g.version = 0, g.format = $format RETURN g.format AS format"

# SET takes the node's lock before the version is read: of two writers one waits here until the other has committed.
ADVANCE = """
MATCH (g:Graph {name: $graph}) SET g.last_writer = $writer
WITH g WHERE g.version = $before SET g.version = $after
RETURN g.version AS version
"""
LOCK = "MATCH (g:Graph {name: $graph}) SET g.last_writer = $writer RETURN g.version AS version"
WRITTEN = """
MATCH (e:Event {graph: $graph, seq: $seq}) RETURN e.payload = $payload AND e.writer = $writer AS ours
"""

ADD_EXPANSIONS = "UNWIND $rows AS row CREATE (e:Event:Expansion {graph: $graph}) SET e += row RETURN count(*) AS count"
ADD_EDITS = "UNWIND $rows AS row CREATE (e:Event:Edit {graph: $graph}) SET e += row RETURN count(*) AS count"
ADD_CONCEPTS = """
UNWIND $rows AS row
MATCH (e:Event {graph: $graph, seq: row.seq})
MERGE (c:Concept {id: row.id})
ON CREATE SET c.graph = $graph, c.key = row.key, c.name = row.name, c.aliases = [], c.first_seq = row.seq
FOREACH (_ IN CASE c.first_seq WHEN row.seq THEN [1] ELSE [] END | CREATE (e)-[:INTRODUCED]->(c))
RETURN count(*) AS count
"""
ADD_ALIASES = """
UNWIND $rows AS row
MATCH (c:Concept {id: row.id})
SET c.aliases = c.aliases + [s IN row.spellings WHERE s <> c.name AND NOT s IN c.aliases]
RETURN count(*) AS count
"""
ADD_RELATIONS = """
UNWIND $rows AS row
MATCH (a:Concept {id: row.source})
MATCH (b:Concept {id: row.target})
MERGE (a)-[r:RELATES {id: row.id}]->(b)
ON CREATE SET r.graph = $graph, r.predicate = row.predicate, r.support = 0, r.first_seq = row.first_seq,
    r.events = [], r.wording = []
SET r.support = r.support + row.support, r.last_seq = row.last_seq, r.events = r.events + row.events,
    r.wording = r.wording + [w IN row.wording WHERE NOT w IN r.wording]
RETURN count(*) AS count
"""

EVENTS = """
MATCH (e:Event) WHERE e.graph = $graph AND $since < e.seq <= $until
RETURN e.seq AS seq, e.payload AS payload ORDER BY e.seq
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
