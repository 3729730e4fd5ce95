"""A Cypher script for cypher-shell and Neo4j Browser: constant statements over lists of literals, safe to run twice.

A list of values looks the same in JSON and in Cypher, so each row is one line of JSON: names are string literals with
every quotation mark and backslash escaped, and no name can be anything else.
"""

import hashlib
import json
from itertools import islice, takewhile
from pathlib import Path

from graphgrow.errors import BadInput
from graphgrow.export.rows import (
    CONCEPT_COLUMNS,
    RELATION_COLUMNS,
    Row,
    concept_rows,
    packed,
    relation_rows,
)
from graphgrow.graph.events import encoding_of
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.progress import SILENT, Progress

BATCH = 500  # rows per statement
HEAD = "// A graph of graphgrow. Read it with:  cypher-shell --file FILE\n"
UNIQUE = "CREATE CONSTRAINT graphgrow_concept IF NOT EXISTS FOR (c:Concept) REQUIRE c.id IS UNIQUE;\n"
OPEN, CLOSE = "UNWIND [", "] AS row"
CONCEPTS = """\
MERGE (c:Concept {id: row[0]})
SET c.topic = row[1], c.key = row[2], c.name = row[3], c.aliases = row[4], c.degree = row[5], c.first_seq = row[6], \
c.depth = row[7], c.type = row[8];
"""
RELATIONS = """\
MATCH (a:Concept {id: row[0]}), (b:Concept {id: row[1]})
MERGE (a)-[r:RELATES {predicate: row[3]}]->(b)
SET r.support = row[5], r.first_seq = row[6], r.last_seq = row[7], r.evidence = row[8], r.confidence = row[9];
"""
# What this version and earlier ones write, and the columns of its rows.
STATEMENTS = {
    CONCEPTS: CONCEPT_COLUMNS,
    RELATIONS: RELATION_COLUMNS,
    CONCEPTS.replace(", c.type = row[8]", ""): CONCEPT_COLUMNS[:-1],
    RELATIONS.replace(", r.confidence = row[9]", ""): RELATION_COLUMNS[:-1],
}
OWN = 2  # cells before those of the columns: ids, or id and topic


def write(graph: Graph, path: Path, progress: Progress = SILENT) -> None:
    """Write a script that adds the graph to whatever a database holds; its concepts have a `topic` and no `graph`."""
    topic = clean(graph.topic)

    def ident(key: str) -> str:  # unlike any that a store gives, and short enough for an index
        return hashlib.sha256(json.dumps(["export", topic, key]).encode()).hexdigest()[:32]

    concepts = (
        [ident(row["key"]), topic, *(row[name] for name in CONCEPT_COLUMNS)] for row in concept_rows(graph, progress)
    )
    relations = (
        [ident(row["source"]), ident(row["target"]), *(row[name] for name in RELATION_COLUMNS)]
        for row in ({**row, "evidence": packed(row["evidence"])} for row in relation_rows(graph, progress))
    )
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines((HEAD, UNIQUE))
        for rows, statement in ((concepts, CONCEPTS), (relations, RELATIONS)):
            while batch := list(islice(rows, BATCH)):
                file.write("\n".join((OPEN, ",\n".join(map(packed, batch)), CLOSE, statement)))


def read(path: Path, progress: Progress = SILENT) -> tuple[list[Row], list[Row]]:
    """Return the rows of a script of ours; what anybody else's Cypher means only a server can tell."""
    nodes, links = list[Row](), list[Row]()
    with path.open(encoding=encoding_of(path)) as file:
        if next(file, "") != HEAD:
            raise BadInput(f"{path} is no script that graphgrow wrote: export that graph as CSV or GraphML instead")
        for line in progress.over(file, f"reading {path.name}"):
            if line.strip() != OPEN:
                continue
            listed = takewhile(lambda text: text.strip() != CLOSE, file)
            rows = [json.loads(text.strip().removesuffix(",")) for text in listed]
            statement = ""  # what is done for each row
            for text in file:
                statement += text
                if text.endswith(";\n"):
                    break
            columns = STATEMENTS.get(statement)
            if columns is None:
                raise BadInput(f"{path} was changed: its statements are not those that graphgrow writes")
            found = nodes if columns[0] == CONCEPT_COLUMNS[0] else links
            found += [dict(zip(columns, row[OWN:], strict=True)) for row in rows]
    return nodes, links
