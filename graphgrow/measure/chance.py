"""Seeded chance for igraph, which has one generator for the whole process, and the partition drawn with it."""

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import igraph as ig

_GENERATOR = threading.Lock()
_ROUNDING = 1e-12  # modularity that rises by less is the same one, computed twice


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

    `start` is a membership to start from; `rounds` is the most iterations, for who cannot wait. igraph's own "until
    nothing changes" (n_iterations=-1) need not end, on graphs of seven nodes already: the membership may go on changing
    while its modularity stays as it is.
    """
    options = {"objective_function": "modularity", "n_iterations": 1}
    with seeded(seed):
        found = graph.community_leiden(initial_membership=start, **options)
        later = graph.community_leiden(initial_membership=found.membership, **options)
        done = 1
        while later.modularity > found.modularity + _ROUNDING and done != rounds:
            done += 1
            found, later = later, graph.community_leiden(initial_membership=later.membership, **options)
    return found
