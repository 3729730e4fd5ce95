"""Node-link JSON: one object with "nodes" and "links", as networkx and d3 read it; and what others call these.

Read are also Cytoscape's elements, records and paths of Neo4j in each of its shapes, lists of relations or of threes.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graphgrow.errors import BadInput
from graphgrow.export.rows import Row, concept_rows, is_undirected, packed, relation_rows
from graphgrow.graph.graph import Graph
from graphgrow.graph.progress import SILENT, Progress
from graphgrow.parse.fields import EDGES, ID, NAME, NODES, SOURCE, TARGET, decoded, find, word

SIDES = 3
LARGE_TEXT = 20_000_000  # characters, which take more than a moment
DEPTH = 12  # of lists and objects in each other


def write(graph: Graph, path: Path, progress: Progress = SILENT) -> None:
    """Write one JSON object, a line a concept and a line a relation."""
    nodes = (packed({"id": row["key"], **row}) for row in concept_rows(graph, progress))
    links = (packed(row) for row in relation_rows(graph, progress))
    directed = "false" if is_undirected(graph) else "true"
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f'{{"format": "graphgrow",\n "directed": {directed},\n "multigraph": true,\n')
        file.write(f' "graph": {packed({"topic": graph.topic})}')
        for name, rows in (("nodes", nodes), ("links", links)):
            file.write(f',\n "{name}": [')
            for number, row in enumerate(rows):
                file.write(f"{',' if number else ''}\n  {row}")
            file.write("]")
        file.write("}\n")


def read(path: Path, progress: Progress = SILENT) -> tuple[list[Row], list[Row]]:
    """Return nodes and links; a node may be its id alone, and what holds them may be called and nested as it likes."""
    text = path.read_text(encoding="utf-8-sig")
    if len(text) > LARGE_TEXT:
        progress.begin(f"reading {path.name}")
    try:
        whole = json.loads(text)
    except json.JSONDecodeError:
        whole = [json.loads(line) for line in text.splitlines() if line.strip()]  # a line a record, as APOC writes
    found = _Found()
    found.take(decoded(whole))
    if not (found.nodes or found.links or found.is_graph):
        raise BadInput(f'{path} is no node-link graph: expected an object with "nodes" and "links"')
    if isinstance(whole, dict) and whole.get("directed") is False:
        found.links = [{"directed": False, **link} for link in found.links]
    return found.nodes, found.links


@dataclass(slots=True)
class _Found:
    """Nodes and links found in JSON so far; what has an id of its own counts once, as often as results repeat it."""

    nodes: list[Row] = field(default_factory=list)
    links: list[Row] = field(default_factory=list)
    is_graph: bool = False
    seen: set[str] = field(default_factory=set)

    def take(self, value: Any, depth: int = 0) -> None:  # noqa: ANN401  # JSON
        """Look for nodes and links in a value and in what is inside it."""
        if depth > DEPTH:
            return
        if isinstance(value, list):
            for one in map(decoded, value):
                if (
                    isinstance(one, list)
                    and len(one) == SIDES
                    and not any(isinstance(side, (dict, list)) for side in one)
                ):
                    self.links.append(dict(zip(("source", "predicate", "target"), one, strict=True)))
                else:
                    self.take(one, depth + 1)
            return
        if not isinstance(value, dict):
            return
        words = {word(name): name for name in value}
        holders = [words[one] for one in words if one in NODES | EDGES and isinstance(
            decoded(value[words[one]]), (list, dict))]  # fmt: skip
        if "segments" in words:  # a path of Neo4j, which also has a start and an end
            self.take(value[words["segments"]], depth + 1)
        elif find(words, SOURCE, TARGET) and find(words, TARGET, SOURCE) and not holders:
            self.link(value)
        elif NODES & words.keys() or EDGES & words.keys():
            self.is_graph = True
            for name in (words[one] for one in words if one in NODES | EDGES):
                inner = decoded(value[name])
                if inner and not isinstance(inner, (list, dict)):
                    raise BadInput(f"{name!r} has to be a list of nodes or of links, not {str(inner)[:60]!r}")
                self.hold(inner or [], are_nodes=word(name) in NODES, depth=depth)
        elif find(words, ID) and (find(words, NAME) or {"label", "labels", "properties", "type"} & words.keys()):
            self.node(value)
        else:
            for inner in map(decoded, value.values()):
                self.take(inner, depth + 1)

    def hold(self, inner: Any, *, are_nodes: bool, depth: int) -> None:  # noqa: ANN401  # JSON
        """Take in a list of nodes or links, or an object of nodes by their ids."""
        if isinstance(inner, dict) and are_nodes:
            inner = [{"id": ident, **(row if isinstance(row, dict) else {"name": row})} for ident, row in inner.items()]
        for one in map(decoded, inner if isinstance(inner, list) else inner.values()):
            if are_nodes and not isinstance(one, list):
                self.node(one if isinstance(one, dict) else {"id": one})
            elif isinstance(one, dict):
                self.link(one)
            elif isinstance(one, list) and len(one) == SIDES - 1:
                self.links.append(dict(zip(("source", "target"), one, strict=True)))
            elif isinstance(one, list):
                self.take([one], depth + 1)
            else:
                self.links.append({})  # counted as one that cannot be read

    def node(self, row: Row) -> None:
        """Take in a node, once."""
        words = {word(name): name for name in row}
        ident = next((str(row[words[one]]) for one in ID if one in words), "")
        if not ident or ident not in self.seen:
            self.seen.add(ident)
            self.nodes.append(row)

    def link(self, row: Row) -> None:
        """Take in a link; one that has an id once, however often it is there."""
        has_id = any(word(name) in ID for name in row)
        if not has_id or (packed(row) not in self.seen):
            self.links.append(row)
        if has_id:
            self.seen.add(packed(row))
