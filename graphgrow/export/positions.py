"""What a drawing program wants to know of a graph: where each concept stands, and in which community."""

from dataclasses import dataclass

from graphgrow.graph.graph import Graph


@dataclass(frozen=True, slots=True)
class Place:
    """Where a concept is drawn, in units of the picture, and its community, 0 for the largest."""

    x: float
    y: float
    community: int


def places(graph: Graph) -> dict[str, Place]:
    """Return a place for every concept; the same graph gives the same places."""
    if not graph.concepts:
        return {}
    from graphgrow.measure.communities import follow
    from graphgrow.measure.layout import layout

    membership, communities = follow(graph.neighbours, {}, graph.seq)
    rank = {community.number: place for place, community in enumerate(communities)}
    positions = layout(graph.pairs, list(graph.concepts))
    return {key: Place(*_rounded(at), rank[membership[key]]) for key, at in positions.items()}


def _rounded(position: tuple[float, float]) -> tuple[float, float]:
    x, y = position
    return round(x, 4), round(y, 4)
