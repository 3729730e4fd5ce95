"""Graphs as files and back: GraphML, node-link JSON, and a pair of CSV files. What goes out comes in again the same.

Names come from a language model, so they are data in every format: attributes in GraphML, quoted cells in CSV with a
leading apostrophe where a spreadsheet would read a formula.
"""

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from graphgrow.errors import BadInput
from graphgrow.graph import Graph
from graphgrow.model import Concept, Delta, Relation, Statement, Triple
from graphgrow.names import canonical, clean
from graphgrow.predicates import FALLBACK

Row = dict[str, Any]
SIDES = 3
MOST_SUPPORT = 2**31
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")
_PREDICATES = ("predicate", "relation", "label", "title", "type", "keywords", "description")


def concept_rows(graph: Graph) -> Iterator[Row]:
    """Yield one row a concept: key, name, aliases (a JSON list), degree, the event that introduced it, depth."""
    for key, concept in graph.concepts.items():
        yield {
            "key": key,
            "name": concept.name,
            "aliases": json.dumps(concept.aliases, ensure_ascii=False),
            "degree": graph.degree(key),
            "first_seq": graph.introduced[key],
            "depth": graph.depth.get(key, -1),
        }


def relation_rows(graph: Graph) -> Iterator[Row]:
    """Yield one row a relation: keys, predicate, support, first and last event, the raw words of the first evidence."""
    for relation, said in graph.relations.items():
        yield {
            "source": relation.source,
            "predicate": relation.predicate,
            "target": relation.target,
            "support": graph.support(relation),
            "first_seq": said[0].seq,
            "last_seq": said[-1].seq,
            "raw": json.dumps([said[0].raw.source, said[0].raw.predicate, said[0].raw.target], ensure_ascii=False),
        }


def _write_graphml(graph: Graph, path: Path) -> None:
    import networkx as nx

    out: nx.MultiDiGraph[str] = nx.MultiDiGraph(topic=clean(graph.topic))
    for row in concept_rows(graph):
        out.add_node(row["key"], label=row["name"], **row)
    for row in relation_rows(graph):
        out.add_edge(row["source"], row["target"], **{k: v for k, v in row.items() if k not in ("source", "target")})
    nx.write_graphml(out, path)


def _write_json(graph: Graph, path: Path) -> None:
    whole = {
        "format": "graphgrow",
        "topic": graph.topic,
        "nodes": list(concept_rows(graph)),
        "links": list(relation_rows(graph)),
    }
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def csv_pair(path: Path) -> tuple[Path, Path]:
    """Return the two files that FILE.csv stands for: FILE.concepts.csv and FILE.relations.csv."""
    return path.with_suffix(".concepts.csv"), path.with_suffix(".relations.csv")


def _write_csv(graph: Graph, path: Path) -> None:
    for file, rows in zip(csv_pair(path), (concept_rows(graph), relation_rows(graph)), strict=True):
        _write_table(file, list(rows))


def _write_table(path: Path, rows: list[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(rows[0] if rows else [])
        writer.writerows([guarded(value) for value in row.values()] for row in rows)


def guarded(value: object) -> object:
    """Return a cell that no spreadsheet takes for a formula: text that begins like one gets a quotation mark first."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _read_table(path: Path) -> list[Row]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return [
            {name: str(value or "").removeprefix("'") for name, value in row.items()} for row in csv.DictReader(file)
        ]


def _read_csv(path: Path) -> tuple[list[Row], list[Row]]:
    concepts, relations = map(_read_table, csv_pair(path))
    return concepts, relations


def _read_json(path: Path) -> tuple[list[Row], list[Row]]:
    whole = json.loads(path.read_text(encoding="utf-8-sig"))
    if not isinstance(whole, dict):
        raise BadInput(f'{path} is no node-link graph: expected an object with "nodes" and "links"')
    nodes: list[Any] = whole.get("nodes") or []
    links: list[Row] = whole.get("links") or whole.get("edges") or []
    return [n if isinstance(n, dict) else {"id": n} for n in nodes], links


def _read_graphml(path: Path) -> tuple[list[Row], list[Row]]:
    import networkx as nx

    try:
        graph = nx.read_graphml(path)
    except nx.NetworkXException as error:
        raise ValueError(error) from None
    nodes = [{"id": key, **data} for key, data in graph.nodes(data=True)]
    return nodes, [{**data, "source": s, "target": t} for s, t, data in graph.edges(data=True)]


WRITERS: dict[str, Callable[[Graph, Path], None]] = {
    ".graphml": _write_graphml,
    ".json": _write_json,
    ".csv": _write_csv,
}
READERS: dict[str, Callable[[Path], tuple[list[Row], list[Row]]]] = {
    ".graphml": _read_graphml,
    ".json": _read_json,
    ".csv": _read_csv,
}


def export(graph: Graph, path: Path) -> None:
    """Write a graph in the format that the file's ending names; an existing file is replaced whole or not at all."""
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        raise BadInput(f"cannot export to {path}: use a name that ends in {', '.join(WRITERS)}")
    draft = path.with_name(f".{path.stem}.draft{path.suffix}")
    finished = (
        dict(zip(csv_pair(draft), csv_pair(path), strict=True)) if path.suffix.lower() == ".csv" else {draft: path}
    )
    if any(final.is_dir() for final in finished.values()):
        raise BadInput(f"cannot write {path}: there is a folder of that name")
    try:
        write(graph, draft)
        for written, final in finished.items():
            written.replace(final)
    except OSError as error:
        raise BadInput(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        for written in finished:
            written.unlink(missing_ok=True)


def read_graph(path: Path) -> Delta:
    """Return concepts and relations of a graph file, ours or anybody's; raises BadInput where it holds no graph.

    A node's name is its `name`, else its id (a `label` may be a type); its key is its `key`, else the canonical key of
    its name. Nodes whose keys agree become one concept, and nodes whose names hold nothing are left out.
    """
    return _delta(*_rows(path))


def parts(delta: Delta, most: int = 1000) -> Iterator[Delta]:
    """Yield an import as one delta, or a large one as several of up to `most` concepts or relations each."""
    if len(delta.concepts) + len(delta.relations) <= most:
        yield delta
        return
    for start in range(0, len(delta.concepts), most):
        yield Delta(concepts=delta.concepts[start : start + most])
    if delta.aliases:
        yield Delta(aliases=delta.aliases)
    for start in range(0, len(delta.relations), most):
        yield Delta(relations=delta.relations[start : start + most])


def _rows(path: Path) -> tuple[list[Row], list[Row]]:
    read = READERS.get(path.suffix.lower())
    if read is None:
        raise BadInput(f"cannot read {path}: use a file that ends in {', '.join(READERS)}")
    try:
        nodes, links = read(path)
    except (ParseError, ValueError, TypeError, AttributeError, RecursionError, LookupError, csv.Error) as error:
        raise BadInput(f"{path} is no graph that can be read: {type(error).__name__}: {error}") from None
    except OSError as error:
        raise BadInput(f"cannot open {path}: {error.strerror or error}") from None
    if not all(isinstance(row, dict) and {"source", "target"} <= row.keys() for row in links):
        raise BadInput(f"{path} is no graph that can be read: every link needs a source and a target")
    return nodes, links


def read_table(path: Path) -> tuple[list[str], list[tuple[str, str, str]]]:
    """Return nodes and relations of a graph file by its own ids, for measuring: nothing is folded or left out."""
    nodes, links = _rows(path)
    ids = dict.fromkeys([_id(row) for row in nodes])
    said = dict.fromkeys((str(row["source"]), _predicate(row), str(row["target"])) for row in links)
    ids |= dict.fromkeys(end for source, _, target in said for end in (source, target))
    return list(ids), list(said)


def _text(value: object) -> str:
    return clean(str(value)) if value is not None else ""


def _concept(row: Row) -> Concept:
    name = _text(row.get("name") or row.get("id") or row.get("key"))
    spellings = {_text(spelling) for spelling in _strings(row.get("aliases"))}
    return Concept(_text(row.get("key")) or canonical(name), name, tuple(sorted(spellings - {"", name})))


def _strings(value: object) -> list[object]:
    """Return a list that may come as JSON text; anything else is no list of ours and counts as none."""
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return []
    return found if isinstance(found, list) else []


def _delta(nodes: list[Row], links: list[Row]) -> Delta:
    concepts: dict[str, Concept] = {}
    by_id: dict[str, Concept] = {}
    declared = {_id(row) for row in nodes}
    ends = dict.fromkeys(str(row[end]) for row in links for end in ("source", "target"))
    for row in (*nodes, *({"id": end} for end in ends if end not in declared)):
        concept = _concept(row)
        if concept.key:
            known = concepts.setdefault(concept.key, concept)
            if known.name != concept.name:
                both = {*known.aliases, concept.name, *concept.aliases} - {known.name}
                concepts[concept.key] = known = replace(known, aliases=tuple(sorted(both)))
            by_id[_id(row)] = known
    kept = [
        (row, by_id[s], by_id[t])
        for row in links
        if (s := str(row["source"])) in by_id and (t := str(row["target"])) in by_id
    ]
    statements = [_statement(row, source, target) for row, source, target in kept]
    return Delta(tuple(concepts.values()), relations=tuple(statements))


def _id(row: Row) -> str:
    return str(row.get("id", row.get("key")))


def _count(value: object) -> int:
    return int(str(value)) if str(value).isascii() and str(value).isdigit() else 1


def _predicate(row: Row) -> str:
    return next((text for name in _PREDICATES if (text := _text(row.get(name)))), FALLBACK)


def _statement(row: Row, source: Concept, target: Concept) -> Statement:
    predicate = _predicate(row)
    words = [_text(word) for word in _strings(row.get("raw"))]
    raw = Triple(*words) if len(words) == SIDES else Triple(source.name, predicate, target.name)
    support = min(max(_count(row.get("support")), 1), MOST_SUPPORT)
    return Statement(Relation(source.key, predicate, target.key), raw, support)
