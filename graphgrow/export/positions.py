"""What a drawing program wants to know of a graph: where each concept stands, and in which community."""

from dataclasses import dataclass

from graphgrow.graph.graph import Graph
from graphgrow.graph.progress import LARGE, SILENT, Progress


@dataclass(frozen=True, slots=True)
class NodePosition:
    """Where a concept is drawn, in units of the picture, and the number of its community."""

    x: float
    y: float
    community: int


def positions(graph: Graph, progress: Progress = SILENT) -> dict[str, NodePosition]:
    """Return a position for every concept and its community, 0 for the largest; the same graph gives the same ones."""
    if not graph.concepts:
        return {}
    from graphgrow.measure.communities import partition
    from graphgrow.measure.layout import layout

    if len(graph.concepts) >= LARGE:
        progress.begin(f"finding the communities of {len(graph.concepts):,} concepts")
    membership, _ = partition(graph)
    drawn = layout(graph.pairs, list(graph.concepts), progress=progress)
    return {key: NodePosition(round(x, 4), round(y, 4), membership[key]) for key, (x, y) in drawn.items()}
