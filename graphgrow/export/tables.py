"""CSV: a pair of tables for pandas and spreadsheets, a pair for `neo4j-admin database import`, and one of triples.

No cell is a formula: text that a spreadsheet would run gets an apostrophe first, which reading takes off again.
"""

import ast
import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from itertools import chain, islice
from pathlib import Path

from graphgrow.errors import BadInput
from graphgrow.export.dialects import labelled
from graphgrow.export.rows import (
    CONCEPT_COLUMNS,
    RELATION_COLUMNS,
    Row,
    concept_rows,
    flat,
    packed,
    read_text,
    relation_rows,
)
from graphgrow.export.understanding import ADVICE, MATRIX, UNNAMED, is_figure, listed, weighted_ends
from graphgrow.graph.events import encoding_of
from graphgrow.graph.graph import Graph
from graphgrow.graph.progress import SILENT, Progress
from graphgrow.parse.fields import CLASSES, are_known, decoded, find_ends, is_number, type_fields, word
from graphgrow.parse.shapes import Shapes

FORMULA = tuple("=+-@\t\r\n'\uff1d\uff0b\uff0d\uff20")  # the wide ones count too
NEO4J = ".neo4j.csv"
ARRAY = "\t"  # between the parts of an array; no name holds one
NODES = {"key": "key:ID", "name": "name", "aliases": "aliases:string[]", "degree": "degree:long",
         "first_seq": "first_seq:long", "depth": "depth:long", "type": "type", "label": ":LABEL"}  # fmt: skip
LINKS = {"source": ":START_ID", "target": ":END_ID", "type": ":TYPE", "predicate": "predicate",
         "support": "support:long", "first_seq": "first_seq:long", "last_seq": "last_seq:long",
         "evidence": "evidence", "confidence": "confidence:double"}  # fmt: skip
APOC = ("_id", "_labels", "_start", "_end", "_type")
SEPARATORS = ",;\t|"
ROWS = 20_000  # read at a time
MARK = "\ufeff"  # by which Excel recognises UTF-8
_SEPARATOR = re.compile(r"\ufeff?sep=(.)")
_HEADINGS = frozenset("id name label title".split())  # column names, in a table with no column for an end of a relation
REMARKS = ("#", "%", "//")  # begin a line that says something about the table
LOOKED_AT = 64  # lines at its head
_NODE = re.compile(r"\(\w*(?P<labels>(?::[^:{}()]+)*?)\s*(?:\{(?P<inside>.*)\})?\)", re.DOTALL)
_RELATIONSHIP = re.compile(r"\[\w*:(?P<type>[^\s{}\]]+)\s*(?:\{.*\})?\]", re.DOTALL)
_OF_CYTOSCAPE = (("sharedname", "name"), ("sharedinteraction", "interaction"))
_EMPTY = frozenset(("", "false", "nan", "none", "null", "-", "no", "n/a"))  # of a cell of a matrix
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
    """Write concepts and relations as two tables; for `excel` with the mark by which Excel recognises UTF-8."""
    concepts, relations = csv_pair(path)
    mark = MARK if excel else ""
    _write(concepts, CONCEPT_COLUMNS, (flat(row).values() for row in concept_rows(graph, progress)), mark)
    _write(relations, RELATION_COLUMNS, (flat(row).values() for row in relation_rows(graph, progress)), mark)


def read(path: Path, progress: Progress = SILENT, header: Collection[str] = ()) -> tuple[list[Row], list[Row]]:
    """Return the tables of a pair, also by the name of one of them; where FILE.csv itself is there, it holds relations.

    Relations have named columns, whose names `header` may give, or three columns without a header; or they are the
    cells of a matrix of names by the same names.
    """
    pair = csv_pair(path.with_name(re.sub(r"\.(?:concepts|relations)\.csv$", ".csv", path.name)))
    if path in pair and not header and all(file.exists() for file in pair):
        concepts = _table(pair[0], progress)
        if concepts and set(CONCEPT_COLUMNS) <= concepts[0].keys():  # and is not somebody else's
            return concepts, _table(pair[1], progress)
    pair = csv_pair(path)
    if not path.exists():
        return _table(pair[0], progress), _table(pair[1], progress)
    if all(file.exists() for file in pair):
        raise BadInput(f"{path} is there, and {pair[0].name} with {pair[1].name} too: move what is not meant")
    if path.suffix.lower() == ".sif":
        return _sif(path)
    cells = _cells(path, progress)
    names = _headings(cells[0])
    if not header and set(APOC) <= set(names):
        return _of_apoc([dict(zip(names, row, strict=True)) for row in cells[1:]])
    words = [word(name) for name in names]
    ends = find_ends(tuple(names))
    # A word such as "relation" makes a header of a first row whose words are nowhere else in their columns.
    is_header = bool(ends) and (
        are_known(ends[0]) or all(names[at] != row[at] for row in cells[1:] for at in range(len(names)))
    )
    rows = [dict(zip(names, row, strict=True)) for row in cells[1:]]
    if not header and (edges := _of_cytoscape(rows)):
        return edges
    if header or is_header:
        rows = rows if header else labelled(rows)
        return _with_types(rows, find_ends(tuple(rows[0])) if rows else ())
    if graph := _of_neo4j(rows):
        return graph
    if weighted_ends(rows):
        return [], rows
    if len(names) > len(MATRIX) and sorted(names[1:]) == sorted(row[0] for row in cells[1:]):
        return _matrix(names[1:], cells[1:])
    if found := _headless(cells):
        return [], found
    if len(names) == len(UNNAMED) and _HEADINGS.isdisjoint(words):
        if len(cells) > 1 and all(is_number(row[1]) for row in cells[1:]):
            raise BadInput(f"its second column holds nothing but numbers, which are no predicates: there are "
                           f"{listed(names)}; {ADVICE}")  # fmt: skip
        if _is_unknown_header(cells):
            raise BadInput(f"its first row looks like a header, and none of its columns is known: there are "
                           f"{listed(names)}; {ADVICE}, or, where it is a relation itself, write "
                           f"source,predicate,target  above it")  # fmt: skip
        return [], [dict(zip(UNNAMED, row, strict=True)) for row in cells]
    # With two columns the first row is a relation where one of its names occurs again: those of a header do not.
    if len(names) == len(MATRIX) and _HEADINGS.isdisjoint(words) and set(cells[0]) & {*chain(*cells[1:])}:
        return [], [dict(zip(UNNAMED, row, strict=False)) for row in cells]
    raise BadInput(f"no column of it is known to be the source or the target of a relation: there are {listed(names)}; "
                   f"{ADVICE}")  # fmt: skip


def _is_unknown_header(cells: list[list[str]]) -> bool:
    """Tell whether the first of some rows of three cells is a header, though none of its words is known.

    None of its words occurs again, and it stands above numbers, names classes of things ("Drug", "Effect", "Disease"),
    or stands above predicates that do occur again.
    """
    first, *rows = ([cell.strip().casefold() for cell in row] for row in cells)
    columns = list(zip(*rows, strict=True))
    if len(rows) < len(MATRIX) or not set(first).isdisjoint(chain(*columns)):
        return False
    if any(not is_figure(name) and all(map(is_figure, column)) for name, column in zip(first, columns, strict=True)):
        return True
    classes = sum(cell.replace("_", " ").rpartition(" ")[2] in CLASSES for cell in first)
    return classes >= len(MATRIX) or (len(rows) >= len(UNNAMED) and 2 * len(set(columns[1])) <= len(rows))


def _headings(cells: list[str]) -> list[str]:
    """Return the names of columns; equal ones are numbered: "name 1", "name 2"."""
    names, met = [name.strip() for name in cells], Counter[str]()
    counts = Counter(names)
    for place, name in enumerate(names):
        met[name] += 1
        names[place] = f"{name} {met[name]}".strip() if counts[name] > 1 else name
    return names


def _with_types(rows: list[Row], ends: Sequence[tuple[str, str]]) -> tuple[list[Row], list[Row]]:
    """Return the relations of a table, and as nodes their ends where columns say of what type these are.

    A cell that holds a list of names, in JSON or as Python writes it, is a relation for each name.
    """
    several = {(at, end): some for at, row in enumerate(rows) for end in (ends[0] if ends else ())
               if (some := _names_in(row[end]))}  # fmt: skip
    for (at, end), some in several.items():
        rows[at] = {**rows[at], end: some}
    if not (rows and ends and (several or type_fields(tuple(rows[0]), ends[0]))):
        return [], rows
    found = Shapes(1)
    for row in rows:
        found.link(row, 0, is_directed=True)
    found.finish()
    return found.nodes, found.links


def _names_in(cell: str) -> list[str]:
    """Return the names in a cell that holds a list of names; none for any other cell."""
    if not (cell.startswith(('["', "['")) and cell.endswith("]")):
        return []
    said = decoded(cell)
    if isinstance(said, str):
        try:
            said = ast.literal_eval(cell)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return []
    return said if isinstance(said, list) and all(isinstance(one, str) for one in said) else []


def _of_neo4j(rows: list[Row]) -> tuple[list[Row], list[Row]] | None:
    """Return the graph of a table whose cells are nodes and relationships: JSON, or as Neo4j's Browser writes them."""
    if not (rows and any(cell.lstrip()[:1] in {"{", "("} for cell in rows[0].values())):
        return None
    found = Shapes(len(APOC))
    for row in rows:
        said = [decoded(cell) for cell in row.values()]
        links = [match for cell in said if isinstance(cell, str) and (match := _RELATIONSHIP.fullmatch(cell))]
        nodes = [match for cell in said if isinstance(cell, str) and (match := _NODE.fullmatch(cell))]
        if len(links) == 1 and len(nodes) == len(MATRIX):
            one, other = ({**_properties(node["inside"] or ""), "labels": node["labels"].split(":")} for node in nodes)
            found.link({"source": one, "predicate": links[0]["type"], "target": other}, 0, is_directed=True)
        else:
            found.take([{name: decoded(cell) for name, cell in row.items()}])
    found.finish()
    return (found.nodes, [*found.links, *({} for _ in range(found.lost))]) if found.links else None


def _properties(inside: str) -> Row:
    """Return what stands in the braces of a node as Neo4j writes it: {name: Marta Oke, born: 1980}."""
    pairs = (one.partition(":") for one in re.split(r",\s*(?=\w+:)", inside) if ":" in one)
    return {name.strip().strip("`"): value.strip().strip("\"'") for name, _, value in pairs}


def _of_cytoscape(rows: list[Row]) -> tuple[list[Row], list[Row]] | None:
    """Return the relations of a table of edges as Cytoscape exports it, which names each "a (says) b"."""
    fields = {word(name): name for name in (rows[0] if rows else ())}
    name, says = (next((fields[one] for one in some if one in fields), "") for some in _OF_CYTOSCAPE)
    parts = [row[name].partition(f" ({row[says]}) ") if name and says else ("", "", "") for row in rows]
    if not parts or not all(source and target for source, _, target in parts):
        return None
    rest = ({field: cell for field, cell in row.items() if word(field) not in chain(*_OF_CYTOSCAPE)} for row in rows)
    return [], [{**beside, "source": source, "predicate": row[says], "target": target}
                for beside, row, (source, _, target) in zip(rest, rows, parts, strict=True)]  # fmt: skip


def _headless(cells: list[list[str]]) -> list[Row]:
    """Return the relations of a table that other tools write without a header; none where it is no such table.

    ConceptNet has the address of a claim before its three parts, OpenIE how sure it is, others have that after them.
    """
    numbered = [{f"column {at}": cell for at, cell in enumerate(row, 1)} for row in cells]
    if all(len(row) > len(UNNAMED) and row[0].startswith("/a/[") for row in cells):
        fields = {"start": "column 3", "relation": "column 2", "end": "column 4"}  # as it calls them
        return [{name: _of_conceptnet(row[column]) for name, column in fields.items()} for row in numbered]
    for place in (0, len(UNNAMED)) if len(cells[0]) == len(UNNAMED) + 1 else ():
        if all(is_number(row[place]) and 0 <= float(row[place]) <= 1 for row in cells):
            sure = f"column {place + 1}"
            return [{name: cell for name, cell in row.items() if name != sure} | {sure: row[sure]} for row in numbered]
    return []


def _sif(path: Path) -> tuple[list[Row], list[Row]]:
    """Return nodes and relations of Cytoscape's simple format: a source, what it says, and any number of targets."""
    text = read_text(path)
    lines = [line.split("\t") if "\t" in text else line.split() for line in text.splitlines() if line.strip()]
    links = [
        dict(zip(("source", "predicate", "target"), (source, says[0], target), strict=True))
        for source, *says in lines
        for target in says[1:]
    ]
    return [{"id": line[0]} for line in lines if len(line) == 1], links


def _of_conceptnet(address: str) -> str:
    """Return a concept or relation of ConceptNet in words: "hot dog" of /c/en/hot_dog/n, "IsA" of /r/IsA."""
    kind, *rest = address.strip("/").split("/")
    return (rest[1] if kind == "c" and len(rest) > 1 else rest[0] if rest else kind).replace("_", " ")


def _of_apoc(rows: list[Row]) -> tuple[list[Row], list[Row]]:
    """Return nodes and links of a table that holds both, as apoc.export.csv writes them."""
    nodes, links = list[Row](), list[Row]()
    for row in rows:
        own = {name: value for name, value in row.items() if name not in APOC and value}
        if row["_id"]:
            nodes.append({"id": row["_id"], "labels": row["_labels"].strip(":").split(":")} | own)
        else:
            links.append({"source": row["_start"], "type": row["_type"], "target": row["_end"]} | own)
    return nodes, links


def _matrix(names: list[str], rows: list[list[str]]) -> tuple[list[Row], list[Row]]:
    """Return the nodes of a matrix, and a link for each cell that holds something; a symmetric one has no direction."""
    cells = {
        (row[0], name): point if is_number(point := cell.strip().replace(",", ".")) else cell.strip()
        for row in rows
        for name, cell in zip(names, row[1:], strict=True)
    }
    is_symmetric = all(cells[other, one] == cell for (one, other), cell in cells.items())
    links = list[Row]()
    for (one, other), cell in cells.items():
        is_nothing = is_number(cell) and not float(cell)
        if is_nothing or cell.casefold() in _EMPTY or (is_symmetric and names.index(one) > names.index(other)):
            continue
        says = {"weight": cell} if is_number(cell) and float(cell) != 1 else {} if is_number(cell) else {"cell": cell}
        links.append(
            dict(zip(MATRIX, (one, other), strict=True)) | says | ({"directed": False} if is_symmetric else {})
        )
    return [{"id": name} for name in names], links


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
    """Return the cells of a table of any size; pandas sets no limit to a cell, as the module csv does."""
    import pandas as pd

    encoding = encoding_of(path)
    try:
        with path.open(encoding=encoding) as file:
            lines = [re.sub(r'"[^"]*"', "", line) for line in islice(file, LOOKED_AT)]
        said = _SEPARATOR.fullmatch(lines[0].strip()) if lines else None
        # Remarks stand above a table, but one with its cells is its header or its first row.
        aside = 1 if said else 0
        while aside + 1 < len(lines) and lines[aside].lstrip("\ufeff").startswith(REMARKS):
            marks = said[1] if said else SEPARATORS + " "
            if any(0 < lines[aside].count(mark) == lines[aside + 1].count(mark) for mark in marks):
                break
            aside += 1
        header = lines[aside] if aside < len(lines) else ""
        # For Excel a first line may name the separator; else it is the most frequent one of the header, or the blank
        # where each line has equally many.
        between = said[1] if said else max(SEPARATORS, key=header.count)
        if not said and between not in header:
            counts = {len(line.split(" ")) for line in lines[aside:] if line.strip()}
            between = " " if len(counts) == 1 and counts != {1} else between
        parts = pd.read_csv(path, sep=between, header=None, dtype=str, keep_default_na=False, encoding=encoding,
                            chunksize=ROWS, skiprows=aside)  # fmt: skip
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
        if row and row[1] == "1":
            raise BadInput(
                f"row {row[2]} is the first with more than one cell: take out the lines above the table"
            ) from None
        raise BadInput(f"it is no table: {why}; a cell with {between!r} in it stands in quotation marks") from None


def _table(path: Path, progress: Progress) -> list[Row]:
    """Return the rows of a table by its header."""
    header, *rows = _cells(path, progress)
    return [dict(zip(header, row, strict=True)) for row in rows]
