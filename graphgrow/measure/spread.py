"""How the concepts of one graph differ: lengths of its shortest paths, and seven values of every concept.

All is taken on the largest component of a simple undirected graph, the first of equally large ones. Beyond
`paths.EXACT` concepts paths start from sampled sources only.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import igraph as ig
import numpy as np

from graphgrow.measure.chance import seeded
from graphgrow.measure.paths import sample


@dataclass(frozen=True, slots=True)
class Spread:
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


def spread(graph: ig.Graph, *, seed: int = 0) -> Spread:
    """Return the distributions of a simple undirected graph; `seed` decides the sources where they are sampled.

    Betweenness (Freeman 1977) is over (n - 1)(n - 2) / 2 pairs, closeness is (n - 1) / sum of distances, eigenvector
    centrality has 1 for its largest, PageRank has damping .85 and sum 1, clustering counts 0 below degree 2. A concept
    alone has betweenness and closeness 0, as two have betweenness 0; an empty graph has no values.
    """
    places, largest = largest_component(graph)
    sources = sample(largest, seed)
    lengths, closeness = _sampled_distances(largest, sources) if sources else _distances(largest)
    return Spread(
        concepts=tuple(places),
        lengths=lengths,
        degree=tuple(largest.degree()),
        betweenness=tuple(between(largest, sources)),
        closeness=closeness,
        eigenvector=_eigenvector(largest, seed),
        pagerank=tuple(largest.pagerank(directed=False)) if places else (),
        clustering=tuple(largest.transitivity_local_undirected(mode="zero")),
        sampled_sources=len(sources),
    )


def largest_component(graph: ig.Graph) -> tuple[list[int], ig.Graph]:
    """Return the vertices of the largest component, ascending, and the component with its vertices in that order."""
    places = sorted(max(graph.connected_components(), key=len, default=()))
    return places, graph.induced_subgraph(places)


def between(largest: ig.Graph, sources: Sequence[int]) -> list[float]:
    """Return the normalised betweenness of every concept of a connected graph, 0 where there are only two.

    Given sources it is the unbiased estimate from these (Brandes and Pich 2007), which may exceed 1.
    """
    nodes = largest.vcount()
    pairs = (nodes - 1) * (nodes - 2) / 2
    if not pairs:
        return [0.0] * nodes
    scale = nodes / len(sources) / pairs if sources else 1 / pairs
    return [value * scale for value in largest.betweenness(directed=False, sources=list(sources) or None)]


def _eigenvector(largest: ig.Graph, seed: int) -> tuple[float, ...]:
    """Return eigenvector centrality; ARPACK does not start from one place, which shows in the last digits."""
    values = [1.0] * largest.vcount()
    if largest.ecount():
        with seeded(seed):
            values = largest.eigenvector_centrality()
    return tuple(values)


def _distances(largest: ig.Graph) -> tuple[dict[int, int], tuple[float, ...]]:
    """Return how many pairs have which distance, and the closeness of every concept."""
    if largest.vcount() <= 1:
        return {}, (0.0,) * largest.vcount()
    bins = largest.path_length_hist(directed=False).bins()
    return {int(length): int(count) for length, _, count in bins}, tuple(largest.closeness())


def _sampled_distances(largest: ig.Graph, sources: Sequence[int]) -> tuple[dict[int, int], tuple[float, ...]]:
    """Return the same from sources, closeness by n / k times the sum of k distances (Eppstein and Wang 2004)."""
    nodes = largest.vcount()
    lengths, sums = Counter[int](), np.zeros(nodes)
    for source in sources:
        distances = np.asarray(largest.distances(source=[source])[0], dtype=np.int64)
        sums += distances
        lengths.update({length: int(n) for length, n in enumerate(np.bincount(distances)) if length})
    closeness = (nodes - 1) * len(sources) / (nodes * sums)
    return dict(sorted(lengths.items())), tuple(closeness.tolist())
