"""Where the log of a graph is kept: one contract over a SQLite file, a Neo4j server and memory, picked by URL."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from graphgrow.errors import BadInput
from graphgrow.graph.digests import Record, Seal, checked
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Event, Relation
from graphgrow.stores.projection import Projection, Shown

DEFAULT_URL = "sqlite:graph.db"
NEO4J = ("neo4j", "neo4j+s", "neo4j+ssc", "bolt", "bolt+s", "bolt+ssc")
LONGEST_NAME = 200
SKEW = 60.0  # seconds by which the clocks of two machines may differ
# Seconds; a lease or claim that says it is longer, or does not say how long it is, counts as this long.
LONGEST_LEASE, LONGEST_CLAIM = 400 * 24 * 3600.0, 26 * 3600.0
LAST = (1 << 63) - 1  # the greatest number that a store can give an event
_EXAMPLE = (
    "write neo4j://localhost:7687?graph=NAME&database=DB (graph and database may be left out),"
    " and put a password with / ? # or @ in it into NEO4J_PASSWORD"
)


Span = tuple[int, int, int]  # of a relation: support, first seq, last seq


@dataclass(frozen=True, slots=True)
class Extent:
    """How far an index goes: the last event that it has taken in, and how much is shown after it."""

    seq: int = 0
    concepts: int = 0
    relations: int = 0


@dataclass(frozen=True, slots=True)
class IndexedConcept:
    """A concept as an index knows it; `relations` is how many begin or end there."""

    key: str
    name: str
    first_seq: int
    type: str
    relations: int


class GraphIndex(Protocol):
    """What is asked of a graph too large for memory, answered by its store: the log is not folded for it.

    Several threads may ask. What it returns is shown in the store now, whatever was decided since the index was made.
    """

    def make(self) -> None:
        """Make the index where it is missing, of another log, or far behind; raises StoreError."""
        ...

    def refresh(self) -> Extent | None:
        """Take in the events that came since, and return how far it goes; None where it has to be made first."""
        ...

    def hubs(self, most: int) -> list[str]:
        """Return the keys of the concepts with most relations."""
        ...

    def neighbours(self, key: str, most: int) -> list[str]:
        """Return the keys of the concepts that one is related to, those with most relations first."""
        ...

    def concepts(self, keys: Iterable[str]) -> list[IndexedConcept]:
        """Return what is known of some concepts, in their order; those that are not shown are left out."""
        ...

    def aliases(self, key: str) -> list[str]:
        """Return the other spellings of a concept."""
        ...

    def relations(self, keys: Iterable[str]) -> dict[Relation, Span]:
        """Return the relations between some concepts."""
        ...

    def incident(self, key: str, most: int) -> dict[Relation, Span]:
        """Return the relations that begin at a concept and those that end there, up to `most` of each."""
        ...

    def find(self, words: str, most: int) -> list[tuple[str, str]]:
        """Return key and spelling where a spelling has all of these words, the last one perhaps unfinished.

        Those that begin with them come first, of these the ones with most relations.
        """
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


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

    def records(self, since: int = 0) -> Iterator[Record]:
        """Yield the events after seq `since` as they are kept, with their digests, for `verify` and for copies."""
        ...

    def seal(self) -> Seal | None:
        """Return how far the log goes and what its digests cover; None where nothing was written since they exist."""
        ...

    def graph(self) -> Graph:
        """Return the fold over all events."""
        return fold(self.events())

    def projection(self) -> Projection:
        """Return concepts and relations as the store itself keeps them, for `verify`."""
        ...

    def shown(self) -> AbstractContextManager[Shown]:
        """Yield the projection row by row, all of one state of the store, to be read within the block."""
        whole = self.projection()
        return nullcontext(Shown(whole.seq, whole.concepts.items(), whole.relations.items()))

    def damage(self) -> str:
        """Return what is wrong with the store beneath its events and projection, in a sentence; "" where nothing is."""
        return ""

    def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew a named lease for some seconds; False while somebody else holds it.

        A lease that ends later than its own length from now was written by a wrong clock, and does not count.
        """
        ...

    def claim(
        self, holder: str, names: Collection[str] = (), seconds: float = 0.0, done: Collection[str] = ()
    ) -> dict[str, str]:
        """Take or renew claims on questions for some seconds, and return who has which now.

        Every name that nobody else has is taken; those that are `done` are given back. A claim whose time is over is
        nobody's, as is a lease. Without names it only looks, and nothing is written. Where nothing is kept yet, or a
        store keeps no claims, nobody has any.
        """
        del holder, names, seconds, done
        return {}

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return what `remember` has kept under the keys: what could be computed again, not part of the log."""
        ...

    def remember(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep results under their keys; where this user cannot write, or the store is busy, nothing is kept."""
        ...

    def index(self, above: int) -> GraphIndex | None:
        """Return the index of a graph of more than `above` concepts; None for a smaller one, or where there is none."""
        del above
        return None

    def close(self) -> None:
        """Let go of files and connections."""
        ...


@dataclass(frozen=True, slots=True)
class StoreURL:
    """What a store URL names: the `path` of a file, one graph on a Neo4j `server`, or memory.

    `user` and `password` are who asks the server; `database` is "" for that user's home database.
    """

    kind: Literal["sqlite", "neo4j", "memory"]
    path: Path | None = None
    server: str = ""
    user: str = ""
    password: str = field(default="", repr=False)
    graph: str = "graph"
    database: str = ""

    @property
    def url(self) -> str:
        """The URL in one spelling, without user and password: fit for logs and screens."""
        if not self.server:
            return f"{self.kind}:{self.path or ''}"
        options = {"graph": self.graph} | ({"database": self.database} if self.database else {})
        return f"{self.server}?{urlencode(options)}"

    @property
    def short(self) -> str:
        """What a person would type: the path of a file, else the URL."""
        return str(self.path) if self.path else self.url


def checked_events(store: GraphStore, until: int | None = None) -> Iterator[Event]:
    """Yield the events of a store up to and with event `until`; raises AlteredLog at one that is not what was written.

    Nothing after `until` is read.
    """
    seal = store.seal()  # first, for others may write meanwhile
    yield from checked(store_url(store.url).short, store.records(), seal, until)


def store_url(url: str, env: Mapping[str, str] = os.environ) -> StoreURL:
    """Return what a URL (`sqlite:PATH`, `neo4j://HOST:PORT?graph=NAME&database=DB`, `memory:`) or a plain path names.

    User and password of a server come from the URL, else from NEO4J_USERNAME and NEO4J_PASSWORD. Raises BadInput for
    an unknown scheme, and for a server's URL that names none, has other options, or an invalid graph name.
    """
    scheme, colon, rest = url.partition(":")
    if not colon or "/" in scheme or "." in scheme or scheme == "sqlite":
        return StoreURL("sqlite", Path(rest if scheme == "sqlite" and colon else url))
    if scheme == "memory":
        if rest:
            raise BadInput(f"{url} is always a new, empty store: use sqlite:PATH to keep a graph")
        return StoreURL("memory")
    if scheme not in NEO4J:
        raise BadInput(
            f"unknown store {scheme}:… : use a path to a .db file, sqlite:PATH, memory: or neo4j://HOST?graph=NAME"
        )
    try:
        url.encode()
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError:  # what it says may quote a password
        raise BadInput(f"this Neo4j store URL cannot be read: {_EXAMPLE}") from None
    if any(letter.isspace() for letter in url):
        raise BadInput(f"a Neo4j store URL has no blanks, also in a password %20 stands for one: {_EXAMPLE}")
    if not host:
        raise BadInput(f"a Neo4j store URL names its server: {_EXAMPLE}")
    if parts.path not in {"", "/"} or parts.fragment:
        raise BadInput(f"nothing but ?graph= and ?database= may follow the server in a Neo4j store URL: {_EXAMPLE}")
    if options.keys() - {"graph", "database"}:
        raise BadInput(f"a Neo4j store URL has the options graph and database alone: {_EXAMPLE}")
    graph = options.get("graph", "graph")
    if not graph.strip() or not graph.isprintable() or len(graph) > LONGEST_NAME:
        raise BadInput(f"{graph[:40]!r} is no name for a graph: up to {LONGEST_NAME} printable characters")
    return StoreURL(
        "neo4j",
        server=f"{parts.scheme}://{f'[{host}]' if ':' in host else host}" + (f":{port}" if port is not None else ""),
        user=unquote(parts.username or "") or env.get("NEO4J_USERNAME", "") or "neo4j",
        password=unquote(parts.password or "") or env.get("NEO4J_PASSWORD", ""),
        graph=graph,
        database=options.get("database", ""),
    )


def open_store(url: str, *, create: bool = False) -> GraphStore:
    """Open the store that a URL or a plain path names; see `store_url`.

    Raises BadInput for an unknown scheme, and for a store that is not there unless `create` is set; StoreError for one
    that cannot be read.
    """
    place = store_url(url)
    if place.path:
        from graphgrow.stores.sqlite import SQLiteStore

        return SQLiteStore(place.path, create=create)
    if place.kind == "neo4j":
        from graphgrow.stores.neo4j import Neo4jStore

        return Neo4jStore(place, create=create)
    if not create:
        raise BadInput(f"{url} is always a new, empty store: use sqlite:PATH to keep a graph")
    from graphgrow.stores.memory import MemoryStore

    return MemoryStore()
