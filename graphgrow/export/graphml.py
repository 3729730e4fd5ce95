"""GraphML: for Gephi, yEd, igraph, networkx; also what LightRAG and GraphRAG write."""

import re
from pathlib import Path

from graphgrow.export.positions import positions
from graphgrow.export.rows import Row, concept_rows, flat, relation_rows
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean

_NUMBERED = re.compile(r"n?\d+(\.0)?")  # ids that say nothing, as Gephi and igraph give them


def write(graph: Graph, path: Path) -> None:
    """Write concepts with position and community, and relations with their support as weight."""
    import networkx as nx

    out: nx.MultiDiGraph[str] = nx.MultiDiGraph(topic=clean(graph.topic))
    for row, position in zip(concept_rows(graph), positions(graph).values(), strict=True):
        drawn = {"x": position.x, "y": position.y, "community": position.community}
        out.add_node(row["key"], label=row["name"], **drawn, **flat(row))
    for row in relation_rows(graph):
        source, target, rest = row.pop("source"), row.pop("target"), flat(row)
        out.add_edge(source, target, label=row["predicate"], weight=row["support"], **rest)
    nx.write_graphml(out, path)


def read(path: Path) -> tuple[list[Row], list[Row]]:
    """Return nodes and links; of a node with a number for an id, its label is the name."""
    import networkx as nx

    try:
        graph = nx.read_graphml(path)
    except nx.NetworkXException as error:
        raise ValueError(error) from None
    nodes = []
    for ident, data in graph.nodes(data=True):
        row = {**data, "id": ident}
        if "name" not in row and "label" in row and _NUMBERED.fullmatch(str(ident)):
            row["name"] = row["label"]
        nodes.append(row)
    return nodes, [{**data, "source": s, "target": t} for s, t, data in graph.edges(data=True)]
