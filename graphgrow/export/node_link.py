"""Node-link JSON: one object with "nodes" and "links", as networkx and d3 read it; and what others call these.

Read are also Cytoscape's elements, records and paths of Neo4j in each of its shapes, lists of relations or of triples,
and the dialects of single tools (dialects.py).
"""

import json
from pathlib import Path

from graphgrow.errors import BadInput
from graphgrow.export.dialects import records, translated
from graphgrow.export.rows import Row, concept_rows, has_direction, is_undirected, packed, read_text, relation_rows
from graphgrow.graph.graph import Graph
from graphgrow.graph.progress import SILENT, Progress
from graphgrow.parse.shapes import Shapes

LARGE_TEXT = 20_000_000  # characters, which take more than a moment
DEPTH = 12  # of lists and objects in each other


def write(graph: Graph, path: Path, progress: Progress = SILENT) -> None:
    """Write one JSON object, a line per concept and a line per relation."""
    nodes = (packed({"id": row["key"], **row}) for row in concept_rows(graph, progress))
    is_directed = not is_undirected(graph)
    links = (
        packed(row if has_direction(row) or not is_directed else {**row, "directed": False})
        for row in relation_rows(graph, progress)
    )
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f'{{"format": "graphgrow",\n "directed": {packed(is_directed)},\n "multigraph": true,\n')
        file.write(f' "graph": {packed({"topic": graph.topic})}')
        for name, rows in (("nodes", nodes), ("links", links)):
            file.write(f',\n "{name}": [')
            for number, row in enumerate(rows):
                file.write(f"{',' if number else ''}\n  {row}")
            file.write("]")
        file.write("}\n")


def read(path: Path, progress: Progress = SILENT) -> tuple[list[Row], list[Row]]:
    """Return nodes and links; a node may be its id alone, and the lists may have any name and any nesting."""
    text = read_text(path)
    if len(text) > LARGE_TEXT:
        progress.begin(f"reading {path.name}")
    try:
        documents = [json.loads(text)]
    except json.JSONDecodeError:
        documents = [json.loads(line) for line in text.splitlines() if line.strip()]  # one record per line, as in APOC
    found, document = Shapes(DEPTH), documents[0] if len(documents) == 1 else documents
    found.take(translated(document))
    if found.wrong:
        raise BadInput(found.wrong)
    found.finish()
    if not (found.nodes or found.links) and (rows := records(document)):
        return [], rows  # somebody may say what they are
    if not (found.nodes or found.links or found.is_graph):
        raise BadInput(f'{path} is no node-link graph: expected an object with "nodes" and "links"')
    return found.nodes, [*found.links, *({} for _ in range(found.unread))]  # counted as links that cannot be read
