"""Where every concept stands in the picture: worked out once a version, kept in the store for the next page."""

from graphgrow.graph import Graph
from graphgrow_explorer.state import Home

Places = dict[str, tuple[float, float]]


def positions(home: Home) -> Places:
    """Return concept -> x, y; those that have a place keep it nearly."""
    return home.keep("positions", _positions)


def _positions(graph: Graph) -> Places:
    found = graph.igraph().layout("fr", grid=True)
    return {key: (x, y) for key, (x, y) in zip(graph.concepts, found.coords, strict=True)}
