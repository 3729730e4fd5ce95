"""CSV: a pair of tables for pandas and spreadsheets, a pair for `neo4j-admin database import`, and one of triples.

No cell is a formula: text that a spreadsheet would run gets an apostrophe first, which reading takes off again.
"""

import csv
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Collection, Iterable
from pathlib import Path

from graphgrow.errors import BadInput
from graphgrow.export.rows import CONCEPT_COLUMNS, RELATION_COLUMNS, Row, concept_rows, flat, packed, relation_rows
from graphgrow.export.understanding import ADVICE, UNNAMED, listed
from graphgrow.graph.graph import Graph
from graphgrow.graph.progress import SILENT, Progress
from graphgrow.parse.fields import SOURCE, TARGET, find, word

FORMULA = tuple("=+-@\t\r\n'\uff1d\uff0b\uff0d\uff20")  # the wide ones count too
NEO4J = ".neo4j.csv"
ARRAY = "\t"  # between the parts of an array; no name holds one
NODES = {"key": "key:ID", "name": "name", "aliases": "aliases:string[]", "degree": "degree:long",
         "first_seq": "first_seq:long", "depth": "depth:long", "type": "type", "label": ":LABEL"}  # fmt: skip
LINKS = {"source": ":START_ID", "target": ":END_ID", "type": ":TYPE", "predicate": "predicate",
         "support": "support:long", "first_seq": "first_seq:long", "last_seq": "last_seq:long",
         "evidence": "evidence", "confidence": "confidence:double"}  # fmt: skip
SEPARATORS = ",;\t|"
ROWS = 20_000  # read at a time
MARK = "\ufeff"  # by which Excel knows UTF-8
_SEPARATOR = re.compile(r"\ufeff?sep=(.)")
_HEADINGS = frozenset("id name label title".split())  # of columns, where no end of a relation is called so
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


def write(graph: Graph, path: Path, progress: Progress = SILENT, *, excel: bool = False) -> None:
    """Write concepts and relations as two tables; for `excel` with the mark by which that knows UTF-8."""
    concepts, relations = csv_pair(path)
    mark = MARK if excel else ""
    _write(concepts, CONCEPT_COLUMNS, (flat(row).values() for row in concept_rows(graph, progress)), mark)
    _write(relations, RELATION_COLUMNS, (flat(row).values() for row in relation_rows(graph, progress)), mark)


def read(path: Path, progress: Progress = SILENT, header: Collection[str] = ()) -> tuple[list[Row], list[Row]]:
    """Return the tables of a pair; where FILE.csv itself is there, it holds relations.

    Relations have columns by their names, which `header` may name, or three of them without a header.
    """
    pair = csv_pair(path)
    if not path.exists():
        return _table(pair[0], progress), _table(pair[1], progress)
    if all(file.exists() for file in pair):
        raise BadInput(f"{path} is there, and {pair[0].name} with {pair[1].name} too: move what is not meant")
    cells = _cells(path, progress)
    names = [name.strip() for name in cells[0]]
    words = [word(name) for name in names]
    if header or (find(words, SOURCE, TARGET) and find(words, TARGET, SOURCE)):
        return [], [dict(zip(names, row, strict=True)) for row in cells[1:]]
    if len(names) == len(UNNAMED) and _HEADINGS.isdisjoint(words):
        return [], [dict(zip(UNNAMED, row, strict=True)) for row in cells]
    raise BadInput(f"no column of it is known to be the source or the target of a relation: there are {listed(names)}; "
                   f"{ADVICE}")  # fmt: skip


def write_neo4j(graph: Graph, path: Path, progress: Progress = SILENT) -> None:
    """Write nodes and relationships with the headers that `neo4j-admin database import` reads."""
    nodes, links = neo4j_pair(path)
    concepts = (
        {**row, "aliases": ARRAY.join(row["aliases"]), "label": "Concept"} for row in concept_rows(graph, progress)
    )
    relations = (
        {
            **row,
            "type": "RELATES",
            # No backslash before a quotation mark, which Cypher's LOAD CSV would misread.
            "evidence": _ESCAPED.sub(lambda mark: f"\\u{ord(mark[1]):04x}", packed(row["evidence"])),
        }
        for row in relation_rows(graph, progress)
    )
    _write(nodes, NODES.values(), ([row[name] for name in NODES] for row in concepts))
    _write(links, LINKS.values(), ([row[name] for name in LINKS] for row in relations))


def read_neo4j(path: Path, progress: Progress = SILENT) -> tuple[list[Row], list[Row]]:
    """Return the rows of nodes and relationships, by the headers of `neo4j-admin database import`."""
    nodes, links = (_table(file, progress) for file in neo4j_pair(path))
    concepts, relations = list[Row](), list[Row]()
    for row in nodes:
        plain = {name.partition(":")[0] or name: value for name, value in row.items() if name != ":LABEL"}
        ident = next((value for name, value in row.items() if ":ID" in name), "")
        aliases = [part for part in row.get(NODES["aliases"], "").split(ARRAY) if part]
        kinds = [kind for kind in row.get(":LABEL", "").split(";") if kind != "Concept"]
        concepts.append({"id": ident, "labels": kinds, **plain, "aliases": aliases})
    for row in links:
        kind = row.get(":TYPE", "")
        plain = {name.partition(":")[0]: value for name, value in row.items() if not name.startswith(":")}
        ends = {end: next((value for name, value in row.items() if name.startswith(LINKS[end])), "")
                for end in ("source", "target")}  # fmt: skip
        relations.append({"type": "" if kind == "RELATES" else kind.replace("_", " ").lower(), **plain, **ends})
    return concepts, relations


def _write(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]], mark: str = "") -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        file.write(mark)
        csv.writer(file).writerow(header)
        writer = csv.writer(file, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerows([guarded(value) for value in row] for row in rows)


def _cells(path: Path, progress: Progress) -> list[list[str]]:
    """Return the cells of a table of any size; pandas knows no limit to one, as module csv does."""
    import pandas as pd

    with path.open("rb") as raw:
        begun = raw.read(2)
    encoding = "utf-16" if begun in {BOM_UTF16_LE, BOM_UTF16_BE} else "utf-8-sig"
    try:
        with path.open(encoding=encoding) as file:
            first = file.readline()
            said = _SEPARATOR.fullmatch(first.strip())
            header = re.sub(r'"[^"]*"', "", file.readline() if said else first)
        # Excel says in a first line what parts cells; else it is the first of those that are equally frequent.
        between = said[1] if said else max(SEPARATORS, key=header.count)
        parts = pd.read_csv(path, sep=between, header=None, dtype=str, keep_default_na=False, encoding=encoding,
                            chunksize=ROWS, skiprows=1 if said else 0)  # fmt: skip
        return [
            [unguarded(str(cell)) for cell in row]
            for part in progress.over(parts, f"reading {path.name}, {ROWS:,} rows each")
            for row in part.fillna("").to_numpy().tolist()
        ]
    except pd.errors.EmptyDataError:
        raise BadInput("it has no rows") from None
    except UnicodeError:
        raise BadInput("it is not written in UTF-8: save it as CSV UTF-8, which spreadsheets offer") from None
    except pd.errors.ParserError as error:
        row = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
        why = f"row {row[2]} has {row[3]} cells where those before it have {row[1]}" if row else "its rows are broken"
        raise BadInput(f"it is no table: {why}; a cell with {between!r} in it stands in quotation marks") from None


def _table(path: Path, progress: Progress) -> list[Row]:
    """Return the rows of a table by its header."""
    header, *rows = _cells(path, progress)
    return [dict(zip(header, row, strict=True)) for row in rows]
