"""The lease of a graph: while it is held and renewed, no other machine runs a job on it; after a crash it expires."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Self

from graphgrow.errors import StoreError
from graphgrow.stores import GraphStore

NAME = "batch"
ENDED = ("steps", "tokens", "usd", "minutes", "quota", "exhausted", "saturated", "drifted")
FOR_GOOD = timedelta(days=400).total_seconds()
RENEWALS = 4  # in the time that a lease lasts


def take(store: GraphStore, holder: str, seconds: float) -> bool:
    """Take the graph, or not where another holds it."""
    return store.lease(NAME, holder, seconds)


def give_back(store: GraphStore, holder: str) -> None:
    """Let the next one have the graph at once."""
    store.lease(NAME, holder, 0.0)


def ending(store: GraphStore, run: str, holder: str) -> str:
    """Return how a run ended on some machine, "" where none has done it to its end."""
    if store.lease(f"{NAME} {run}", holder, 0.0):
        return ""
    return next((how for how in ENDED if store.lease(f"{NAME} {run}", how, FOR_GOOD)), "exhausted")


def done(store: GraphStore, run: str, ending: str) -> None:
    """Let every machine know that a run is done, and how it ended: the mark is held under that name."""
    store.lease(f"{NAME} {run}", ending, FOR_GOOD)


@dataclass
class Held:
    """A lease that was taken, renewed from a thread of its own while the block lasts; `is_lost` once it may be over."""

    opened: Callable[[], GraphStore]
    holder: str
    seconds: float
    _over: Event = field(default_factory=Event)
    _taken: bool = True
    _last: float = field(default_factory=monotonic)
    _thread: Thread | None = None

    def __enter__(self) -> Self:
        self._thread = Thread(target=self._renew, name="lease", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread:
            self._thread.join()

    @property
    def is_lost(self) -> bool:
        """True once another may have the graph: taken, or not renewed in time."""
        return not self._taken or monotonic() - self._last >= self.seconds

    def _renew(self) -> None:
        while self._taken and not self._over.wait(self.seconds / RENEWALS):
            began = monotonic()
            try:
                with closing(self.opened()) as store:
                    self._taken = take(store, self.holder, self.seconds)
                self._last = began
            except StoreError:
                continue  # away or busy: the lease lasts a while, then it is lost
