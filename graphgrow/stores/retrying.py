"""A store whose server may go away for a while: the same call is made again until it is back or patience ends."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import ParamSpec, TypeVar

from graphgrow.errors import StoreAway
from graphgrow.graph.digests import Record, Seal
from graphgrow.graph.model import Event
from graphgrow.stores import GraphStore
from graphgrow.stores.projection import Projection

FIRST_PAUSE = 1.0  # seconds, doubled after each attempt
LONGEST_PAUSE = 30.0
PAGE = 200
P = ParamSpec("P")
T = TypeVar("T")


class RetryingStore(GraphStore):
    """Any store, with back-off while it is away: `wait(seconds, why)` sleeps and says so, and may raise to give up."""

    def __init__(
        self,
        store: GraphStore,
        minutes: float,
        wait: Callable[[float, StoreAway], None],
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.url = store.url
        self._store, self._seconds, self._wait, self._timer = store, 60 * minutes, wait, timer

    def _again(self, call: Callable[P, T], *args: P.args, **options: P.kwargs) -> T:
        """Return what a call returns as soon as the store answers; raises StoreAway when the minutes are over."""
        pause, until = FIRST_PAUSE, self._timer() + self._seconds
        while True:
            try:
                return call(*args, **options)
            except StoreAway as error:
                left = until - self._timer()
                if left <= 0:
                    raise
                self._wait(min(pause, left), error)
                pause = min(2 * pause, LONGEST_PAUSE)

    def append(self, *events: Event) -> int:
        """Commit events as soon as the store takes them; never twice, for a store knows what it has taken."""
        return self._again(self._store.append, *events)

    def events(self, since: int = 0) -> Iterator[Event]:
        """Yield the events after seq `since`, in pages."""

        def page(since: int) -> list[Event]:
            return list(islice(self._store.events(since), PAGE))

        while events := self._again(page, since):
            yield from events
            since = events[-1].seq

    def records(self, since: int = 0) -> Iterator[Record]:
        """Yield the events as they are kept."""
        return self._store.records(since)

    def seal(self) -> Seal | None:
        """Return how far the log goes."""
        return self._again(self._store.seal)

    def damage(self) -> str:
        """Return what is wrong with the store itself."""
        return self._store.damage()

    def projection(self) -> Projection:
        """Return what the store shows."""
        return self._again(self._store.projection)

    def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew a named lease; False while somebody else holds it."""
        return self._again(self._store.lease, name, holder, seconds)

    def claim(
        self, holder: str, names: Collection[str] = (), seconds: float = 0.0, done: Collection[str] = ()
    ) -> dict[str, str]:
        """Take or renew claims on questions, and return who has which now."""
        return self._again(self._store.claim, holder, names, seconds, done)

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return what is kept under the keys."""
        return self._again(self._store.recall, kind, list(keys))

    def remember(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep results under their keys."""
        self._store.remember(kind, values)

    def close(self) -> None:
        """Close the store."""
        self._store.close()
