"""Seeded chance for igraph, which has one generator for the whole process."""

import random
import threading
from collections.abc import Iterator
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
