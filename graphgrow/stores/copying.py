"""A graph from one store into another, with its log."""

from itertools import islice

from graphgrow.errors import BadInput
from graphgrow.stores import GraphStore

BATCH = 500  # events a transaction


def copy(source: GraphStore, target: GraphStore) -> int:
    """Append what the source holds and the target lacks, and return how many events that were.

    A copy that was broken off goes on where it ended. Raises BadInput where the target holds anything else than the
    beginning of the source.
    """
    events = source.events()
    for held in target.events():
        if next(events, None) != held:
            raise BadInput(f"{target.url} holds another graph since event {held.seq}: copy to an empty store")
    copied = 0
    while batch := list(islice(events, BATCH)):
        target.append(*batch)
        copied += len(batch)
    return copied
