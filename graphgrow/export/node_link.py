"""Node-link JSON: one object with "nodes" and "links", as networkx and d3 read it."""

import json
from pathlib import Path
from typing import Any

from graphgrow.errors import BadInput
from graphgrow.export.rows import Row, concept_rows, relation_rows
from graphgrow.graph.graph import Graph


def write(graph: Graph, path: Path) -> None:
    """Write one JSON object."""
    whole = {
        "format": "graphgrow",
        "directed": True,
        "multigraph": True,
        "graph": {"topic": graph.topic},
        "nodes": [{"id": row["key"], **row} for row in concept_rows(graph)],
        "links": list(relation_rows(graph)),
    }
    path.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> tuple[list[Row], list[Row]]:
    """Return nodes and links; a node may be its id alone, and links may be called edges."""
    whole = json.loads(path.read_text(encoding="utf-8-sig"))
    if not isinstance(whole, dict):
        raise BadInput(f'{path} is no node-link graph: expected an object with "nodes" and "links"')
    nodes: list[Any] = whole.get("nodes") or []
    links: list[Row] = whole.get("links") or whole.get("edges") or []
    if not (isinstance(nodes, list) and isinstance(links, list)):
        raise BadInput(f'{path} is no node-link graph: "nodes" and "links" have to be lists')
    return [n if isinstance(n, dict) else {"id": n} for n in nodes], links
