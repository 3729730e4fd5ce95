"""A graph from one store into another, with its log."""

from collections.abc import Iterable, Iterator
from itertools import takewhile

from graphgrow.errors import BadInput
from graphgrow.graph.model import Event
from graphgrow.graph.progress import SILENT, Progress
from graphgrow.stores import GraphStore

BATCH = 500  # events a transaction
MOST = 20_000  # concepts and statements a transaction, which a server keeps in memory


def copy(source: GraphStore, target: GraphStore, progress: Progress = SILENT) -> int:
    """Append what the source holds and the target lacks, and return how many events that were.

    A copy that was broken off goes on where it ended. Raises BadInput where the target holds anything else than the
    beginning of the source.
    """
    return complete(progress.over(source.events(), "copying events", last_seq(source)), target)


def fork(source: GraphStore, target: GraphStore, at: int, progress: Progress = SILENT) -> int:
    """Copy a log up to and with event `at`, from where the target goes its own way; see `copy`.

    Raises BadInput where the source has no such event.
    """
    if at < 1 or next(source.events(at - 1), None) is None:
        raise BadInput(f"{source.url} has no event {at}: see  graphgrow log")
    wanted = takewhile(lambda event: event.seq <= at, source.events())
    return complete(progress.over(wanted, "copying events", at), target)


def last_seq(source: GraphStore) -> int:
    """Return the number of the last event, 0 for none, by looking at some thirty places of a log of any length."""

    def ends_at(seq: int) -> bool:
        return next(source.events(seq), None) is None

    low, high = 0, 1
    while not ends_at(high):
        low, high = high + 1, 2 * high
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if ends_at(middle) else (middle + 1, high)
    return low


def complete(events: Iterable[Event], target: GraphStore) -> int:
    """Append the events that a store lacks, many a transaction; see `copy`."""
    events = iter(events)
    for held in target.events():
        if next(events, None) != held:
            raise BadInput(f"{target.url} holds another graph since event {held.seq}: name another store")
    copied = 0
    for batch in batches(events):
        target.append(*batch)
        copied += len(batch)
    return copied


def batches(events: Iterable[Event]) -> Iterator[list[Event]]:
    """Yield events by the transaction: up to BATCH of them, fewer where they bring much."""
    batch: list[Event] = []
    size = 0
    for event in events:
        batch.append(event)
        size += len(event.delta.concepts) + len(event.delta.statements)
        if len(batch) == BATCH or size >= MOST:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
