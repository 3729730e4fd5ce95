"""A Cypher script for cypher-shell and Neo4j Browser: constant statements over lists of literals, safe to run twice.

What a list of values is in JSON it is in Cypher too, so each row is one line of JSON: names are string literals with
every quotation mark and backslash escaped, and no name can be anything else.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from graphgrow.errors import BadInput
from graphgrow.export.rows import CONCEPT_COLUMNS, RELATION_COLUMNS, Row, concept_rows, packed, relation_rows
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean

BATCH = 500  # rows a statement
HEAD = "// A graph of graphgrow. Read it with:  cypher-shell --file FILE\n"
UNIQUE = "CREATE CONSTRAINT graphgrow_concept IF NOT EXISTS FOR (c:Concept) REQUIRE c.id IS UNIQUE;\n"
OPEN, CLOSE = "UNWIND [", "] AS row"
CONCEPTS = """\
MERGE (c:Concept {id: row[0]})
SET c.topic = row[1], c.key = row[2], c.name = row[3], c.aliases = row[4], c.degree = row[5], c.first_seq = row[6], \
c.depth = row[7];
"""
RELATIONS = """\
MATCH (a:Concept {id: row[0]}), (b:Concept {id: row[1]})
MERGE (a)-[r:RELATES {predicate: row[3]}]->(b)
SET r.support = row[5], r.first_seq = row[6], r.last_seq = row[7], r.evidence = row[8];
"""
OWN = 2  # cells before those of the columns: ids, or id and topic


def write(graph: Graph, path: Path) -> None:
    """Write a script that adds the graph to whatever a database holds; its concepts have a `topic` and no `graph`."""
    topic = clean(graph.topic)
    concepts = (
        [_id(topic, row["key"]), topic, *(row[name] for name in CONCEPT_COLUMNS)] for row in concept_rows(graph)
    )
    relations = (
        [_id(topic, row["source"]), _id(topic, row["target"]), *(row[name] for name in RELATION_COLUMNS)]
        for row in ({**row, "evidence": packed(row["evidence"])} for row in relation_rows(graph))
    )
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines((HEAD, UNIQUE, *_statements(concepts, CONCEPTS), *_statements(relations, RELATIONS)))


def read(path: Path) -> tuple[list[Row], list[Row]]:
    """Return the rows of a script of ours; anybody else's Cypher says what it means only to a server."""
    with path.open(encoding="utf-8-sig") as file:
        if next(file, "") != HEAD:
            raise BadInput(f"{path} is no script that graphgrow wrote: export that graph as CSV or GraphML instead")
        found: dict[str, list[Row]] = {CONCEPTS: [], RELATIONS: []}
        for line in file:
            if line.strip() == OPEN:
                rows, statement = _block(file)
                if statement not in found:
                    raise BadInput(f"{path} was changed: its statements are not those that graphgrow writes")
                columns = CONCEPT_COLUMNS if statement == CONCEPTS else RELATION_COLUMNS
                found[statement] += [dict(zip(columns, row[OWN:], strict=True)) for row in rows]
    return found[CONCEPTS], found[RELATIONS]


def _id(topic: str, key: str) -> str:
    """Return the id of a concept: another one than any store gives, and short enough for an index."""
    return hashlib.sha256(json.dumps(["export", topic, key]).encode()).hexdigest()[:32]


def _statements(rows: Iterable[list[object]], statement: str) -> Iterator[str]:
    rows = iter(rows)
    while batch := list(islice(rows, BATCH)):
        yield "\n".join((OPEN, ",\n".join(map(packed, batch)), CLOSE, statement))


def _block(lines: Iterator[str]) -> tuple[list[list[object]], str]:
    """Return the rows up to the end of a list, and the statement that follows."""
    rows = []
    for line in lines:
        if line.strip() == CLOSE:
            break
        rows.append(json.loads(line.strip().removesuffix(",")))
    return rows, "".join(
        islice(lines, CONCEPTS.count("\n") if rows and _is_concept(rows[0]) else RELATIONS.count("\n"))
    )


def _is_concept(row: list[object]) -> bool:
    return len(row) == OWN + len(CONCEPT_COLUMNS)
