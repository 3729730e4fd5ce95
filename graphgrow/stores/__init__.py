"""Where the log of a graph is kept: one contract over a SQLite file, a Neo4j server and memory, picked by URL."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Event
from graphgrow.stores.projection import Projection
from graphgrow.stores.url import DEFAULT_URL, NEO4J, StoreURL, store_url

__all__ = ["DEFAULT_URL", "NEO4J", "GraphStore", "StoreURL", "open_store", "store_url"]


class GraphStore(Protocol):
    """An append-only log of one graph's events, with a projection that other programs can query."""

    url: str

    def append(self, *events: Event) -> int:
        """Commit events and their effect on the projection in one transaction, and return the last seq of the log.

        Raises StaleGraph where the first `seq` is not the next number: somebody else wrote first. Raises StoreAway
        where a server does not answer; the same call may then be made again and adds nothing twice. All or nothing.
        Without an event it adds nothing, and raises where this user cannot write here.
        """
        ...

    def events(self, since: int = 0) -> Iterator[Event]:
        """Yield the events after seq `since`, in order."""
        ...

    def graph(self) -> Graph:
        """Return the fold over all events."""
        ...

    def projection(self) -> Projection:
        """Return concepts and relations as the store itself keeps them, for `verify`."""
        ...

    def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew a named lease for some seconds; False while somebody else holds it."""
        ...

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return what `remember` has kept of the keys: what could be computed again, no part of the log."""
        ...

    def remember(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep results under their keys; where this user cannot write, or the store is busy, nothing is kept."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


def open_store(url: str, *, create: bool = False) -> GraphStore:
    """Open the store that a URL (`sqlite:PATH`, `neo4j://HOST?graph=NAME`, `memory:`) or a plain path names.

    Raises BadInput for an unknown scheme, and for a store that is not there unless `create` is set; StoreError for one
    that cannot be read.
    """
    place = store_url(url)
    if place.path:
        from graphgrow.stores.sqlite import SQLiteStore

        return SQLiteStore(place.path, create=create)
    if place.address:
        from graphgrow.stores.neo4j import Neo4jStore

        return Neo4jStore(place.address, create=create)
    if not create:
        raise BadInput(f"{url} is always a new, empty store: use sqlite:PATH to keep a graph")
    from graphgrow.stores.memory import MemoryStore

    return MemoryStore()
