"""Graphs as files and back, a module per format. What goes out comes in again the same.

rows.py has a graph as rows of plain values, interpretation.py what the rows of any file mean. Names come from a
language model, so they are data in every format: attributes in GraphML and GEXF, cells in CSV that no spreadsheet takes
for a formula, literals in Turtle, string literals in Cypher. svg.py draws a graph, report/ a whole run.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import ParseError

from graphgrow.errors import BadInput
from graphgrow.export import cypher, gexf, graphml, interpretation, node_link, tables, turtle
from graphgrow.export.interpretation import Reading
from graphgrow.export.positions import NodePosition
from graphgrow.export.rows import Row
from graphgrow.export.tables import NEO4J, csv_pair, guarded, neo4j_pair
from graphgrow.export.understanding import ROLES, Understanding, understand
from graphgrow.graph.graph import Graph, uncollected
from graphgrow.graph.model import Delta, Event
from graphgrow.graph.progress import SILENT, Progress

__all__ = [
    "FORMATS",
    "ROLES",
    "TABBED",
    "NodePosition",
    "Reading",
    "csv_pair",
    "export",
    "guarded",
    "is_graph_file",
    "neo4j_pair",
    "parts",
    "read_file",
    "read_graph",
    "read_table",
]

_BROKEN = (ParseError, ValueError, TypeError, AttributeError, RecursionError, LookupError, csv.Error)


def _itself(path: Path) -> tuple[Path, ...]:
    return (path,)


@dataclass(frozen=True, slots=True)
class Format:
    """How to write a graph, how to read one as nodes and links, and which files a name stands for: one or a pair.

    `write_with_log` writes a graph with what its log says beyond it, `write_drawn` with places for its concepts, in a
    format that can express that.
    """

    write: Callable[[Graph, Path, Progress], None]
    read: Callable[[Path, Progress], tuple[list[Row], list[Row]]]
    files: Callable[[Path], tuple[Path, ...]] = _itself
    write_with_log: Callable[[Graph, Path, Progress, Iterable[Event]], None] | None = None
    write_drawn: Callable[[Graph, Path, Progress, Mapping[str, NodePosition]], None] | None = None


TABBED = (".tsv", ".tab", ".sif")
# Other endings of formats that are read, and what to do about formats that are not.
SAME = {".cyjs": ".json", ".canvas": ".json", ".jsonld": ".json", ".nt": ".ttl"}
OTHERS = {
    ending: advice
    for endings, advice in {
        ".xlsx .xls .ods": "a workbook: save the sheet of relations as CSV, and name that",
        ".parquet": "Parquet: write it as CSV, with  pandas.read_parquet(FILE).to_csv('x.csv', index=False)",
        ".gml": "GML: write it as GraphML, with  networkx.write_graphml(networkx.read_gml(FILE), 'x.graphml')",
        ".net": "Pajek: write it as GraphML, with  igraph.Graph.Read_Pajek(FILE).write_graphml('x.graphml')",
        ".dot .gv": "DOT: write it as JSON, with  dot -Tjson, or as GraphML by a tool that reads it, Gephi for one",
        ".rdf": "RDF in XML: write it as Turtle, with  rdflib.Graph().parse(FILE).serialize('x.ttl')",
        ".owl": "an ontology: write it as Turtle, with  rdflib.Graph().parse(FILE).serialize('x.ttl')",
        ".nq": "N-Quads: write it as Turtle, with  rdflib.Dataset().parse(FILE).serialize('x.ttl')",
        ".pickle .gpickle": "a pickle, which runs what it holds: write GraphML in the program that made it",
        ".jsonl": "lines of JSON: replies are read by  graphgrow replay, nodes and relations as .json",
        ".edgelist .edges .adjlist": "a list of edges: write it as GraphML, with "
        " networkx.write_graphml(networkx.read_edgelist(FILE), 'x.graphml')",
        ".md": "a page: the table of relations in it is read as .csv",
        ".txt": "text: a reply of a model is read by  graphgrow replay, a list of relations as .csv or .tsv",
    }.items()
    for ending in endings.split()
}
FORMATS: dict[str, Format] = {
    ".graphml": Format(graphml.write, graphml.read, write_drawn=graphml.write),
    ".gexf": Format(gexf.write, gexf.read, write_drawn=gexf.write),
    ".json": Format(node_link.write, node_link.read),
    NEO4J: Format(tables.write_neo4j, tables.read_neo4j, neo4j_pair),
    ".csv": Format(tables.write, tables.read, csv_pair),
    ".ttl": Format(turtle.write, turtle.read, write_with_log=turtle.write),
    ".cypher": Format(cypher.write, cypher.read),
}


def format_of(path: Path) -> Format | None:
    """Return the format that the ending of a file's name stands for."""
    return next((how for ending, how in FORMATS.items() if path.name.lower().endswith(ending)), None)


def _read_as(path: Path) -> Format | None:
    """Return the format by which a file is read: a table of relations may say in its name that tabs part its cells."""
    ending = path.suffix.lower()
    return FORMATS[".csv"] if ending in TABBED else FORMATS[SAME[ending]] if ending in SAME else format_of(path)


def is_graph_file(path: Path) -> bool:
    """Tell whether a name is that of a graph file, by its ending."""
    return _read_as(path) is not None


def export(
    graph: Graph,
    path: Path,
    log: Iterable[Event] = (),
    *,
    excel: bool = False,
    drawn: Mapping[str, NodePosition] | None = None,
    progress: Progress = SILENT,
) -> tuple[Path, ...]:
    """Write a graph in the format that the file's ending names, and return its files: one, or a pair of tables.

    An existing file is replaced whole or not at all. With the `log` of the graph, Turtle also says when each event was,
    and which model replied. `drawn` is where every concept stands, and its community, in formats for drawing programs;
    without it both are worked out. `excel` puts the mark before the pair of tables by which Excel knows UTF-8.
    """
    how = format_of(path)
    if how is None:
        raise BadInput(f"cannot export to {path}: use a name that ends in {', '.join(FORMATS)}")
    if excel and how.write is not tables.write:
        raise BadInput(f"Excel reads no {path.name}: give a name that ends in .csv")
    with draft_of(path, how.files) as draft:
        if how.write_with_log:
            how.write_with_log(graph, draft, progress, log)
        elif excel:
            tables.write(graph, draft, progress, excel=True)
        elif how.write_drawn and drawn:
            how.write_drawn(graph, draft, progress, drawn)
        else:
            how.write(graph, draft, progress)
    return how.files(path)


@contextmanager
def draft_of(path: Path, files: Callable[[Path], tuple[Path, ...]] = _itself) -> Iterator[Path]:
    """Yield the path of a draft beside a file; what was written there becomes the file, or nothing does.

    `files` says which files a path stands for. Raises BadInput where that is not possible.
    """
    draft = path.with_name(f".draft.{path.name}")
    finished = dict(zip(files(draft), files(path), strict=True))
    if any(final.is_dir() for final in finished.values()):
        raise BadInput(f"cannot write {path}: there is a folder of that name")
    try:
        yield draft
        for written, final in finished.items():
            written.replace(final)
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        for written in finished:
            written.unlink(missing_ok=True)


def read_graph(path: Path) -> Delta:
    """Return concepts and relations of a graph file, ours or anybody's; see `read_file`."""
    return read_file(path).delta


@uncollected()
def read_file(path: Path, columns: Mapping[str, str] | None = None, *, progress: Progress = SILENT) -> Reading:
    """Return concepts and relations of a graph file, ours or anybody's, and how its fields were understood.

    A node's name is its `name`, else its label, else its id (a `label` may be a type); its key is the canonical key of
    its name. Nodes whose keys agree become one concept, and nodes with empty names are left out. `columns` says which
    field is the `source`, `predicate`, `target`, `name` or `type`. Raises BadInput where it holds no graph.
    """
    return interpretation.reading(_understood(path, columns or {}, progress), progress)


def parts(delta: Delta, most: int = 1000) -> Iterator[Delta]:
    """Yield an import as one delta, or a large one as several of up to `most` concepts or relations each."""
    if len(delta.concepts) + len(delta.statements) <= most:
        yield delta
        return
    for start in range(0, len(delta.concepts), most):
        yield Delta(concepts=delta.concepts[start : start + most])
    if delta.aliases:
        yield Delta(aliases=delta.aliases)
    for start in range(0, len(delta.relations), most):
        yield Delta(relations=delta.relations[start : start + most])
    for start in range(0, len(delta.support), most):
        yield Delta(support=delta.support[start : start + most])


def read_table(path: Path, *, progress: Progress = SILENT) -> tuple[list[str], list[tuple[str, str, str]]]:
    """Return nodes and relations of a graph file by its own ids, for measuring: nothing is folded or left out."""
    found = _understood(path, {}, progress)
    ids = dict.fromkeys(node.ident for node in found.nodes)
    relations = dict.fromkeys((link.source, link.predicate, link.target) for link in found.links)
    ids |= dict.fromkeys(end for source, _, target in relations for end in (source, target))
    return list(ids), list(relations)


def _understood(path: Path, columns: Mapping[str, str], progress: Progress) -> Understanding:
    how = _read_as(path)
    if how is None:
        known = OTHERS.get(path.suffix.lower())
        why = f"it is {known}" if known else f"use a file that ends in {', '.join((*FORMATS, *TABBED, *SAME))}"
        raise BadInput(f"cannot read {path}: {why}")
    if unknown := set(columns) - set(ROLES):
        raise BadInput(f"{min(unknown)!r} is no role of a column: use {', '.join(ROLES)}")
    if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe comes once, a device may never end
        raise BadInput(f"{path} is no file on disk: write what it gives into one, and name that")
    try:
        if how.read is tables.read:
            nodes, links = tables.read(path, progress, columns.values())
        else:
            nodes, links = how.read(path, progress)
        return understand(nodes, links, columns)
    except ParseError as error:
        raise BadInput(f"{path} is no graph that can be read: its XML is broken, {error}") from None
    except _BROKEN as error:
        raise BadInput(f"{path} is no graph that can be read: {error}") from None
    except MemoryError:
        raise BadInput(f"{path} holds more than fits into the memory of this machine") from None
    except OSError as error:
        raise BadInput(f"cannot open {path}: {error.strerror or error}") from None
    except BadInput as error:
        raise BadInput(f"{path}: {error}" if str(path) not in str(error) else str(error)) from None
