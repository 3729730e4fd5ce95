"""Seeded chance for igraph, which has one generator for the whole process, and the partition drawn with it."""

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import igraph as ig

_GENERATOR = threading.Lock()


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let everything igraph draws in the block follow from a seed; one block at a time in a process."""
    with _GENERATOR:
        ig.set_random_number_generator(random.Random(seed))
        try:
            yield
        finally:
            ig.set_random_number_generator(random)


def leiden(graph: ig.Graph, seed: int, start: Sequence[int] | None = None) -> ig.VertexClustering:
    """Return Leiden's communities of greatest modularity (Traag, Waltman, van Eck 2019), from a membership if given."""
    with seeded(seed):
        return graph.community_leiden(objective_function="modularity", initial_membership=start, n_iterations=-1)
