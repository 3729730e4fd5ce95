"""What a drawing program wants to know about a graph: where each concept stands, and in which community."""

from dataclasses import dataclass

from graphgrow.graph.graph import Graph
from graphgrow.graph.progress import LARGE, SILENT, Progress

# Okabe and Ito's colours, which a colour-blind eye tells apart, without yellow and black, and sixteen more, each as far
# as can be from all before: those of the explorer's picture on white paper.
PALETTE = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#7a68b3", "#9c8a00",
    "#8f0d35", "#3f560c", "#700e99", "#63c638", "#0f3bb7", "#d33068", "#4b4771", "#8c541f",
    "#8cb894", "#b16af1", "#983685", "#6d8af3", "#2b7069", "#9e6974", "#fe8160", "#ee75e6",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class NodePosition:
    """Where a concept is drawn, in units of the picture, and the numbers of its community and of that one's colour."""

    x: float
    y: float
    community: int
    colour: int = 0


def positions(graph: Graph, progress: Progress = SILENT) -> dict[str, NodePosition]:
    """Return a position for every concept and its community; the same graph gives the same ones."""
    if not graph.concepts:
        return {}
    from graphgrow.measure.communities import partition
    from graphgrow.measure.layout import layout

    if len(graph.concepts) >= LARGE:
        progress.begin(f"finding the communities of {len(graph.concepts):,} concepts")
    membership, communities = partition(graph)
    colours = {one.number: one.colour for one in communities}
    drawn = layout(graph.pairs, list(graph.concepts), progress=progress)
    return {
        key: NodePosition(round(x, 4), round(y, 4), membership[key], colours[membership[key]])
        for key, (x, y) in drawn.items()
    }
