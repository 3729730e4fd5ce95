"""CSV: a pair of tables for pandas and spreadsheets, a pair for `neo4j-admin database import`, and one of triples.

No cell is a formula: text that a spreadsheet would run gets an apostrophe first, which reading takes off again.
"""

import csv
import re
from collections.abc import Iterable
from pathlib import Path

from graphgrow.errors import BadInput
from graphgrow.export.rows import CONCEPT_COLUMNS, RELATION_COLUMNS, Row, concept_rows, flat, packed, relation_rows
from graphgrow.graph.graph import Graph

FORMULA = tuple("=+-@\t\r\n'\uff1d\uff0b\uff0d\uff20")  # the wide ones count too
NEO4J = ".neo4j.csv"
ARRAY = "\t"  # between the parts of an array; no name holds one
NODES = {"key": "key:ID", "name": "name", "aliases": "aliases:string[]", "degree": "degree:long",
         "first_seq": "first_seq:long", "depth": "depth:long", "label": ":LABEL"}  # fmt: skip
LINKS = {"source": ":START_ID", "target": ":END_ID", "type": ":TYPE", "predicate": "predicate",
         "support": "support:long", "first_seq": "first_seq:long", "last_seq": "last_seq:long",
         "evidence": "evidence", "confidence": "confidence:double"}  # fmt: skip
TRIPLE = {  # what others call the columns of a triple
    "source": ("source", "subject", "head", "from", "s", "node1", "node_1"),
    "predicate": ("predicate", "relation", "relationship", "edge", "label", "type", "p", "r"),
    "target": ("target", "object", "tail", "to", "o", "node2", "node_2"),
}
_ESCAPED = re.compile(r'\\(["\\])')


def csv_pair(path: Path) -> tuple[Path, Path]:
    """Return the two files that FILE.csv stands for: FILE.concepts.csv and FILE.relations.csv."""
    return path.with_suffix(".concepts.csv"), path.with_suffix(".relations.csv")


def neo4j_pair(path: Path) -> tuple[Path, Path]:
    """Return the two files that FILE.neo4j.csv stands for: FILE.nodes.csv and FILE.relationships.csv."""
    stem = path.name[: -len(NEO4J)]
    return path.with_name(f"{stem}.nodes.csv"), path.with_name(f"{stem}.relationships.csv")


def guarded(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: text that begins like one gets an apostrophe first."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def unguarded(text: str) -> str:
    """Return what a guarded cell holds; an apostrophe that guards nothing stays."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def write(graph: Graph, path: Path) -> None:
    """Write concepts and relations as two tables."""
    concepts, relations = csv_pair(path)
    _write(concepts, CONCEPT_COLUMNS, (flat(row).values() for row in concept_rows(graph)))
    _write(relations, RELATION_COLUMNS, (flat(row).values() for row in relation_rows(graph)))


def read(path: Path) -> tuple[list[Row], list[Row]]:
    """Return the tables of a pair; where FILE.csv itself is there, it holds triples.

    Triples have columns by their names, or three of them without a header.
    """
    pair = csv_pair(path)
    if not path.exists():
        return _table(pair[0]), _table(pair[1])
    if all(file.exists() for file in pair):
        raise BadInput(f"{path} is there, and {pair[0].name} with {pair[1].name} too: move what is not meant")
    cells = _cells(path)
    names = [name.strip().lower() for name in cells[0]]
    source, predicate, target = (next((name for name in usual if name in names), "") for usual in TRIPLE.values())
    if source and target:
        ours = dict(zip((source, predicate, target), TRIPLE, strict=True))
        return [], [{ours.get(name, name): cell for name, cell in zip(names, row, strict=True)} for row in cells[1:]]
    if len(names) == len(TRIPLE):
        return [], [dict(zip(TRIPLE, row, strict=True)) for row in cells]
    header = ", ".join(cells[0])[:200]
    raise BadInput(f"a table of triples has the columns source, predicate and target, not {header}")


def write_neo4j(graph: Graph, path: Path) -> None:
    """Write nodes and relationships with the headers that `neo4j-admin database import` reads."""
    nodes, links = neo4j_pair(path)
    concepts = ({**row, "aliases": ARRAY.join(row["aliases"]), "label": "Concept"} for row in concept_rows(graph))
    relations = (
        {
            **row,
            "type": "RELATES",
            # No backslash before a quotation mark, which Cypher's LOAD CSV would misread.
            "evidence": _ESCAPED.sub(lambda mark: f"\\u{ord(mark[1]):04x}", packed(row["evidence"])),
        }
        for row in relation_rows(graph)
    )
    _write(nodes, NODES.values(), ([row[name] for name in NODES] for row in concepts))
    _write(links, LINKS.values(), ([row[name] for name in LINKS] for row in relations))


def read_neo4j(path: Path) -> tuple[list[Row], list[Row]]:
    """Return the rows of nodes and relationships, by the headers of `neo4j-admin database import`."""
    nodes, links = map(_table, neo4j_pair(path))
    concepts, relations = list[Row](), list[Row]()
    for row in nodes:
        plain = {name.partition(":")[0] or name: value for name, value in row.items() if name != ":LABEL"}
        ident = next((value for name, value in row.items() if ":ID" in name), "")
        aliases = [part for part in row.get(NODES["aliases"], "").split(ARRAY) if part]
        concepts.append({"id": ident, **plain, "aliases": aliases})
    for row in links:
        kind = row.get(":TYPE", "")
        plain = {name.partition(":")[0]: value for name, value in row.items() if not name.startswith(":")}
        ends = {end: next((value for name, value in row.items() if name.startswith(LINKS[end])), "")
                for end in ("source", "target")}  # fmt: skip
        relations.append({"type": "" if kind == "RELATES" else kind.replace("_", " ").lower(), **plain, **ends})
    return concepts, relations


def _write(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerow(header)
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerows([guarded(value) for value in row] for row in rows)


def _cells(path: Path) -> list[list[str]]:
    """Return the cells of a table of any size; pandas knows no limit to one, as module csv does."""
    import pandas as pd

    table = pd.read_csv(path, header=None, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    return [[unguarded(str(cell)) for cell in row] for row in table.fillna("").to_numpy().tolist()]


def _table(path: Path) -> list[Row]:
    """Return the rows of a table by its header."""
    header, *rows = _cells(path)
    return [dict(zip(header, row, strict=True)) for row in rows]
