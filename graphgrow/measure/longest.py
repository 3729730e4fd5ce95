"""The longest of all shortest paths, and what goes together along them."""

from collections.abc import Sequence

import igraph as ig
import numpy as np
from numpy.typing import NDArray

from graphgrow.errors import BadInput
from graphgrow.measure.spread import Spread, largest_component, spread

CENTRALITIES = ("degree", "betweenness", "closeness", "eigenvector", "pagerank", "clustering")
COLUMNS = (*CENTRALITIES, "density")

_ROUNDING = 1e-12  # a spread below this share of the mean is the order of a sum

Path = tuple[int, ...]
Ints = NDArray[np.int64]


def longest_paths(graph: ig.Graph, count: int) -> list[Path]:
    """Return the `count` longest shortest paths of the largest component of a simple undirected graph, as vertices.

    There is one path for each two ends, from the lesser vertex to the greater, and of equally short ones the
    lexicographically least. They come by length, the longest first, then by their ends. Fewer where there are fewer.

    Exact at any size: distances are taken from one concept after the other, that with the greatest upper bound on its
    eccentricity first, until no other can be the end of such a path (bounds of Takes and Kosters 2011). At worst that
    is a search from every concept.

    Raises:
        BadInput: `count` is less than 1.
    """
    if count < 1:
        raise BadInput(f"{count} longest paths: ask for 1 or more")
    places, largest = largest_component(graph)
    near = largest.get_adjlist()
    return [tuple(places[step] for step in _least(largest, near, a, b)) for a, b in _farthest(largest, count)]


def _farthest(largest: ig.Graph, count: int) -> list[tuple[int, int]]:
    """Return the ends of the longest shortest paths of a connected graph, in order."""
    nodes = largest.vcount()
    bounds = np.full(nodes, nodes, dtype=np.int64)
    found = np.empty((0, 3), dtype=np.int64)  # rows (minus length, lesser end, greater end)
    while nodes > 1 and bounds.max() >= (-found[-1, 0] if len(found) == count else 1):
        source = int(bounds.argmax())
        distances = np.asarray(largest.distances(source=[source])[0], dtype=np.int64)
        found = _longer(found, source, np.where(bounds > 0, distances, 0), count)
        bounds = np.where(bounds > 0, np.minimum(bounds, distances + distances.max()), 0)
        bounds[source] = 0  # every path from here is seen
    return [(int(a), int(b)) for _, a, b in found]


def _longer(found: Ints, source: int, distances: Ints, count: int) -> Ints:
    """Return the first `count` of the rows found and those from a source to where its distance is not 0."""
    needed = -int(found[-1, 0]) if len(found) == count else 1
    others = np.flatnonzero(distances >= needed)
    rows = np.column_stack((-distances[others], np.minimum(others, source), np.maximum(others, source)))
    rows = np.concatenate((found, rows))
    return rows[np.lexsort(rows.T[::-1])[:count]]


def _least(largest: ig.Graph, near: list[list[int]], start: int, end: int) -> list[int]:
    """Return the lexicographically least of the shortest paths between two vertices of a connected graph."""
    left = largest.distances(source=[end])[0]
    path = [start]
    while path[-1] != end:
        path.append(min(step for step in near[path[-1]] if left[step] < left[path[-1]]))
    return path


def correlations(
    graph: ig.Graph, paths: Sequence[Path], *, values: Spread | None = None
) -> dict[str, dict[str, float | None]]:
    """Return name -> name -> Pearson's r over paths, for the means along a path of COLUMNS but the last.

    `density` is that of the subgraph on the concepts of a path: on a shortest path exactly 2 / concepts, so that it
    says how long the path is and nothing more. r is None where one of the two does not vary, as with fewer than two
    paths. `values` are those of `spread(graph)`, which is taken here unless given.

    Raises:
        BadInput: a path has fewer than two concepts, or one outside the largest component.
    """
    values = values or spread(graph)
    place = {vertex: number for number, vertex in enumerate(values.concepts)}
    for path in paths:
        if len(path) < 2 or not set(path) <= place.keys():  # noqa: PLR2004 # a path has two ends
            raise BadInput(f"path {path}: give two or more concepts of the largest component")
    columns = {
        name: _means(getattr(values, name), [[place[v] for v in path] for path in paths]) for name in CENTRALITIES
    }
    columns["density"] = np.asarray([graph.induced_subgraph(path).density() for path in paths])
    return {one: {other: _pearson(columns[one], columns[other]) for other in COLUMNS} for one in COLUMNS}


def _means(values: Sequence[float], paths: list[list[int]]) -> NDArray[np.float64]:
    return np.asarray([np.mean([values[place] for place in path]) for path in paths])


def _pearson(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    if not (_varies(one) and _varies(other)):
        return None
    a, b = one - one.mean(), other - other.mean()
    return float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1.0, 1.0))


def _varies(column: NDArray[np.float64]) -> bool:
    return len(column) > 1 and bool(np.ptp(column) > _ROUNDING * np.abs(column).max())
