"""GEXF, the format that Gephi keeps its graphs in: positions, communities, and the event that brought each concept."""

from pathlib import Path

from graphgrow.export.positions import positions
from graphgrow.export.rows import Row, concept_rows, flat, relation_rows
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean

SCALE = 100.0  # Gephi draws a node about ten units wide


def write(graph: Graph, path: Path) -> None:
    """Write a dynamic graph: a concept or relation starts at the event that brought it, for Gephi's time line."""
    import networkx as nx

    out: nx.MultiDiGraph[str] = nx.MultiDiGraph(name=clean(graph.topic))
    for row, position in zip(concept_rows(graph), positions(graph).values(), strict=True):
        drawn = {"position": {"x": SCALE * position.x, "y": SCALE * position.y, "z": 0.0}}
        key = row.pop("key")  # networkx keeps that word for itself
        rest = {"concept_key": key, "community": position.community, **flat(row)}
        out.add_node(key, label=row["name"], start=row["first_seq"], viz=drawn, **rest)
    for row in relation_rows(graph):
        source, target, rest = row.pop("source"), row.pop("target"), flat(row)
        out.add_edge(source, target, label=row["predicate"], weight=row["support"], start=row["first_seq"], **rest)
    nx.write_gexf(out, path)


def read(path: Path) -> tuple[list[Row], list[Row]]:
    """Return nodes and links; a node's label is its name where it has no other, as the format means it."""
    import networkx as nx

    try:
        graph = nx.read_gexf(path)
    except nx.NetworkXException as error:
        raise ValueError(error) from None
    nodes = [
        {"name": data.get("label"), **data, "id": ident, "key": data.get("concept_key")}
        for ident, data in graph.nodes(data=True)
    ]
    return nodes, [{**data, "source": s, "target": t} for s, t, data in graph.edges(data=True)]
