"""How the concepts of one graph differ: lengths of its shortest paths, six values of every concept, how they correlate.

All is computed on the largest component of a simple undirected graph, the first of equally large ones. Beyond
`paths.EXACT` concepts paths start from sampled sources only.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import igraph as ig
import numpy as np
from numpy.typing import NDArray

from graphgrow.errors import BadInput
from graphgrow.measure.paths import Path, betweenness, sample
from graphgrow.measure.projection import largest_component, seeded

CENTRALITIES = ("degree", "betweenness", "closeness", "eigenvector", "pagerank", "clustering")
COLUMNS = (*CENTRALITIES, "density")

_ROUNDING = 1e-12  # a spread below this share of the mean comes from the order of summation


@dataclass(frozen=True, slots=True)
class Centralities:
    """Values of the concepts of the largest component, in the order of `concepts`, their vertices in the whole graph.

    `lengths` is length -> how many pairs of concepts have it. Where `sampled_sources` is not 0, it counts paths from
    that many sources to all others, and betweenness and closeness are estimates from these.
    """

    concepts: tuple[int, ...]
    lengths: dict[int, int]
    degree: tuple[int, ...]
    betweenness: tuple[float, ...]
    closeness: tuple[float, ...]
    eigenvector: tuple[float, ...]
    pagerank: tuple[float, ...]
    clustering: tuple[float, ...]
    sampled_sources: int


def centralities(graph: ig.Graph, *, seed: int = 0) -> Centralities:
    """Return the values of a simple undirected graph; `seed` decides the sources where they are sampled.

    Betweenness (Freeman 1977) is over (n - 1)(n - 2) / 2 pairs, closeness is (n - 1) / sum of distances, eigenvector
    centrality has 1 for its largest, PageRank has damping .85 and sum 1, clustering counts 0 below degree 2. A concept
    alone has betweenness and closeness 0, as two have betweenness 0; an empty graph has no values. From a sample
    closeness is (n - 1) k / (n times the sum of k distances) (Eppstein and Wang 2004).
    """
    vertices, largest = largest_component(graph)
    nodes, sources = largest.vcount(), sample(largest, seed)
    lengths, closeness = Counter[int](), [0.0] * nodes
    if sources:
        sums = np.zeros(nodes)
        for source in sources:
            distances = np.asarray(largest.distances(source=[source])[0], dtype=np.int64)
            sums += distances
            lengths.update({length: int(n) for length, n in enumerate(np.bincount(distances)) if length})
        closeness = ((nodes - 1) * len(sources) / (nodes * sums)).tolist()
    elif nodes > 1:
        lengths.update({int(length): int(n) for length, _, n in largest.path_length_hist(directed=False).bins()})
        closeness = largest.closeness()
    eigenvector = [1.0] * nodes
    if largest.ecount():
        with seeded(seed):  # ARPACK starts from a random vector, which shows in the last digits
            eigenvector = largest.eigenvector_centrality()
    return Centralities(
        concepts=tuple(vertices),
        lengths=dict(sorted(lengths.items())),
        degree=tuple(largest.degree()),
        betweenness=tuple(betweenness(largest, sources)),
        closeness=tuple(closeness),
        eigenvector=tuple(eigenvector),
        pagerank=tuple(largest.pagerank(directed=False)) if vertices else (),
        clustering=tuple(largest.transitivity_local_undirected(mode="zero")),
        sampled_sources=len(sources),
    )


def correlations(
    graph: ig.Graph, paths: Sequence[Path], *, values: Centralities | None = None
) -> dict[str, dict[str, float | None]]:
    """Return name -> name -> Pearson's r over paths, for the means along a path of COLUMNS but the last.

    `density` is that of the subgraph on the concepts of a path: on a shortest path exactly 2 / concepts, so that it
    says how long the path is and nothing more. r is None where one of the two does not vary, as with fewer than two
    paths. `values` are those of `centralities(graph)`, computed here unless given.

    Raises:
        BadInput: a path has fewer than two concepts, or one outside the largest component.
    """
    values = values or centralities(graph)
    position = {vertex: number for number, vertex in enumerate(values.concepts)}
    for path in paths:
        if len(path) < 2 or not set(path) <= position.keys():  # noqa: PLR2004 # a path has two ends
            raise BadInput(f"path {path}: give two or more concepts of the largest component")
    columns = {"density": np.asarray([graph.induced_subgraph(path).density() for path in paths])}
    for name in CENTRALITIES:
        by_concept = getattr(values, name)
        columns[name] = np.asarray([np.mean([by_concept[position[vertex]] for vertex in path]) for path in paths])
    varies = {
        name for name, column in columns.items()
        if len(column) > 1 and np.ptp(column) > _ROUNDING * np.abs(column).max()
    }  # fmt: skip

    def pearson(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
        a, b = one - one.mean(), other - other.mean()
        return float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b)), -1.0, 1.0))

    return {
        one: {other: pearson(columns[one], columns[other]) if {one, other} <= varies else None for other in COLUMNS}
        for one in COLUMNS
    }
