"""The simple undirected projection in igraph, which nearly every metric is taken on, and its parts.

igraph has one generator for the whole process; `seeded` lends it a seed of ours.
"""

import random
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import igraph as ig

_GENERATOR = threading.Lock()
_ROUNDING = 1e-12  # modularity that rises by less is the same one, computed twice


def simple_graph(concepts: Iterable[str], pairs: Iterable[tuple[str, str]]) -> ig.Graph:
    """Return the simple undirected projection of ordered pairs of concepts: loops dropped, both directions one edge."""
    vertex = {key: number for number, key in enumerate(concepts)}
    edges = {(min(a, b), max(a, b)) for s, t in pairs if (a := vertex[s]) != (b := vertex[t])}
    return ig.Graph(n=len(vertex), edges=sorted(edges))


def largest_component(graph: ig.Graph) -> tuple[list[int], ig.Graph]:
    """Return the vertices of the largest component, ascending, and the component with its vertices in that order."""
    vertices = sorted(max(graph.connected_components(), key=len, default=()))
    return vertices, graph.induced_subgraph(vertices)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let everything igraph draws in the block follow from a seed; one block at a time in a process."""
    with _GENERATOR:
        ig.set_random_number_generator(random.Random(seed))
        try:
            yield
        finally:
            ig.set_random_number_generator(random)


def leiden(
    graph: ig.Graph, seed: int, start: Sequence[int] | None = None, *, rounds: int | None = None
) -> ig.VertexClustering:
    """Return Leiden's communities (Traag, Waltman, van Eck 2019) after the last iteration that raised modularity.

    `start` is a membership to start from, which is returned where the first does not; `rounds` is the most iterations,
    for who cannot wait. igraph's own "until nothing changes" (n_iterations=-1) need not end, on graphs of seven nodes
    already: the membership may go on changing while its modularity stays as it is.
    """
    options = {"objective_function": "modularity", "n_iterations": 1}
    with seeded(seed):
        best = ig.VertexClustering(graph, start) if start is not None else graph.community_leiden(**options)
        done = 0 if start is not None else 1
        while done != rounds:
            later = graph.community_leiden(initial_membership=best.membership, **options)
            if not later.modularity > best.modularity + _ROUNDING:
                break
            best, done = later, done + 1
    return best
