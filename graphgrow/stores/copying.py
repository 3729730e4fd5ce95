"""A graph from one store into another, with its log."""

from collections.abc import Iterable, Iterator

from graphgrow.errors import BadInput
from graphgrow.graph.model import Event
from graphgrow.graph.progress import SILENT, Progress
from graphgrow.stores import LAST, GraphStore, checked_events, store_url

BATCH = 5000  # events per transaction
MOST = 20_000  # concepts and statements per transaction, which a server keeps in memory
MOST_IN_A_FILE = 80_000  # the more of them, the fewer times each page of the file is written


def copy(source: GraphStore, target: GraphStore, until: int | None = None, progress: Progress = SILENT) -> int:
    """Append what the source holds, up to and with event `until`, and the target lacks; return how many events.

    A copy that was broken off goes on where it ended. Raises BadInput where the target holds anything but the beginning
    of the source, and AlteredLog at an event of the source that is not what was written: no copy makes it look sound.
    """
    count = last_seq(source) if until is None else until
    return complete(progress.over(checked_events(source, until), "copying events", count), target)


def fork(source: GraphStore, target: GraphStore, at: int, progress: Progress = SILENT) -> int:
    """Copy a log up to and with event `at`, from where the target goes its own way; see `copy`.

    Raises BadInput where the source has no such event.
    """
    if at < 1 or next(source.records(at - 1), None) is None:
        raise BadInput(f"{source.url} has no step {at}: see  graphgrow log")
    return copy(source, target, at, progress)


def last_seq(source: GraphStore) -> int:
    """Return the number of the last event, 0 for none, by looking at some thirty places of a log of any length."""

    def ends_at(seq: int) -> bool:
        return next(source.records(seq), None) is None

    low, high = 0, 1
    while not ends_at(high):
        low, high = high + 1, min(2 * high, LAST)  # after which no store has any
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if ends_at(middle) else (middle + 1, high)
    return low


def complete(events: Iterable[Event], target: GraphStore) -> int:
    """Append the events that a store lacks, many per transaction; see `copy`."""
    events = iter(events)
    for held in target.events():
        if next(events, None) != held:
            raise BadInput(f"{target.url} holds another graph since step {held.seq}: name another store")
    copied = 0
    for batch in batches(events, target.url):
        target.append(*batch)
        copied += len(batch)
    return copied


def batches(events: Iterable[Event], url: str) -> Iterator[list[Event]]:
    """Yield events by the transaction of the store at a URL: up to BATCH of them, fewer where they bring much."""
    most = MOST_IN_A_FILE if store_url(url).kind == "sqlite" else MOST
    batch: list[Event] = []
    size = 0
    for event in events:
        batch.append(event)
        size += len(event.delta.concepts) + len(event.delta.statements)
        if len(batch) == BATCH or size >= most:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
