"""A store for tests and notebooks that forgets everything when it is closed."""

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from graphgrow.errors import StaleGraph
from graphgrow.graph.digests import Record, Seal, seal
from graphgrow.graph.events import digest, from_json, sealed
from graphgrow.graph.model import Event
from graphgrow.stores import LONGEST_CLAIM, LONGEST_LEASE, SKEW, GraphStore
from graphgrow.stores.projection import Projection, project


class MemoryStore(GraphStore):
    """Events as the lines of JSON that a file would hold, so that what works here works on disk."""

    url = "memory:"

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._lines: list[str] = []
        self._digests: list[str] = []
        self._leases: dict[str, tuple[str, float, float]] = {}  # holder, until when, how long
        self._claims: dict[str, tuple[str, float, float]] = {}  # holder, until when, how long
        self._cache: dict[tuple[str, str], bytes] = {}
        self._clock = clock

    def append(self, *events: Event) -> int:
        """Add the events, all or none; raises StaleGraph where they do not follow the log."""
        for place, event in enumerate(events, len(self._lines) + 1):
            if event.seq != place:
                raise StaleGraph(f"step {event.seq} cannot follow step {place - 1}: another writer was first")
        lines = [sealed(event) for event in events]
        for line in lines:
            self._digests.append(digest(self._digests[-1] if self._digests else "", line.encode()))
        self._lines += lines
        return len(self._lines)

    def events(self, since: int = 0) -> Iterator[Event]:
        """Yield the events after seq `since`."""
        for line in self._lines[since:]:
            yield from_json(line)

    def records(self, since: int = 0) -> Iterator[Record]:
        """Yield the events after seq `since` as they are kept."""
        for seq, (line, own) in enumerate(zip(self._lines[since:], self._digests[since:], strict=True), since + 1):
            yield Record(seq, line.encode(), own)

    def seal(self) -> Seal | None:
        """Return how far the log goes."""
        return seal(0, len(self._lines), self._digests[-1]) if self._lines else None

    def projection(self) -> Projection:
        """Return the fold's own projection: this store keeps no other."""
        return project(self.graph())

    def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew a named lease; False while somebody else holds it."""
        now = self._clock()
        owner, until, length = self._leases.get(name, (holder, 0.0, 0.0))
        if owner != holder and now < until <= now + min(length, LONGEST_LEASE) + SKEW:
            return False
        self._leases[name] = (holder, now + seconds, seconds)
        return True

    def claim(
        self, holder: str, names: Collection[str] = (), seconds: float = 0.0, done: Collection[str] = ()
    ) -> dict[str, str]:
        """Take or renew claims on questions, and return who has which now."""
        for name in done:
            if name in self._claims and self._claims[name][0] == holder:
                del self._claims[name]
        now = self._clock()
        held = {
            name: owner
            for name, (owner, until, length) in self._claims.items()
            if now < until <= now + min(length, LONGEST_CLAIM) + SKEW
        }
        taken = {name: holder for name in names if held.get(name, holder) == holder}
        self._claims.update((name, (holder, now + seconds, seconds)) for name in taken)
        return held | taken

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return what is kept under the keys."""
        return {key: self._cache[kind, key] for key in keys if (kind, key) in self._cache}

    def remember(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep results under their keys."""
        self._cache.update(((kind, key), value) for key, value in values.items())

    def close(self) -> None:
        """Forget everything."""
        self._lines.clear()
        self._digests.clear()
        self._cache.clear()
