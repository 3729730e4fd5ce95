"""A graph in a Neo4j database: the same log and projection as in the SQLite file, for several writers and readers.

The event itself, whole, is the property `payload` of its node; everything else there is for people and their queries,
written in the same transaction. Every commit takes the lock of the `(:Graph)` node first, which also hands out `seq`.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING, LiteralString, TypeVar
from uuid import uuid4

from neo4j import Result

from graphgrow.errors import BadInput, StaleGraph, StoreError
from graphgrow.graph.corrections import Corrections, is_structural
from graphgrow.graph.events import from_json, sealed
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Event, Relation
from graphgrow.stores.neo4j import statements as cypher
from graphgrow.stores.neo4j.address import Address
from graphgrow.stores.neo4j.driver import check_version, connect, sentences
from graphgrow.stores.neo4j.rows import Rows, event_rows, identity, patch_rows, rows
from graphgrow.stores.projection import Projection, patch, project

if TYPE_CHECKING:
    from neo4j import Session, Transaction

PAGE = 200  # events
ATTEMPTS = 5
T = TypeVar("T")


class Neo4jStore:
    """One graph of a Neo4j database, apart from every other one in it; several processes may write it at once."""

    def __init__(self, address: Address, *, create: bool = False, clock: Callable[[], float] | None = None) -> None:
        self.url = address.url
        self._address, self._clock = address, clock
        self._writer = uuid4().hex
        with sentences(address):
            self._driver = connect(address)
        self._is_made = self._is_declared = self._find(create=create)
        self._decided = 0, Corrections()  # what was decided up to an event

    def _session(self) -> "Session":
        return self._driver.session(database=self._address.database or None)

    def _find(self, *, create: bool) -> bool:
        """Return whether the graph is there; refuse a server that is too old and a graph from the future."""
        graph = self._address.graph
        with sentences(self._address), self._session() as session:
            result = session.run(cypher.FIND, graph=graph)
            found = result.single()
            check_version(result.consume().server.agent, self._address)
            others = [row["name"] for row in session.run(cypher.OTHERS)] if not found and not create else []
        if found:
            _check_format(found["format"], self.url)
        elif not create:
            known = f"; the graphs there are {', '.join(map(repr, others))}" if others else ""
            raise BadInput(
                f"there is no graph {graph!r} at {self._address.server}{known}: grow one with  graphgrow grow"
            )
        return found is not None

    def _make(self) -> None:
        """Put constraints, indexes and the graph's node where they are missing."""
        if self._is_made:
            return
        self._declare_all()
        made = self._query(cypher.CREATE, Result.single, format=cypher.FORMAT)
        _check_format(made["format"] if made else None, self.url)
        self._is_made = True

    def _declare_all(self) -> None:
        if not self._is_declared:
            for statement in (*cypher.SCHEMA, cypher.WAIT_FOR_SCHEMA):
                self._declare(statement)
        self._is_declared = True

    def _declare(self, statement: LiteralString) -> None:
        """Put one constraint or index; IF NOT EXISTS does not hold against another program that does so at once."""
        for attempt in range(ATTEMPTS):
            try:
                self._query(statement, Result.consume)
            except StoreError as error:
                if "already exists" not in str(error) or attempt == ATTEMPTS - 1:
                    raise
            else:
                return

    def append(self, *events: Event) -> int:
        """Commit the events in one transaction; raises StaleGraph where they do not follow the log."""
        if not events:
            self._declare_all()
            return self._version()
        for event, following in pairwise(events):
            if following.seq != event.seq + 1:
                raise StaleGraph(f"event {following.seq} cannot follow event {event.seq}")
        self._make()
        first, last = events[0].seq, events[-1].seq
        query, new, corrections = self._written(events)
        place: dict[str, object] = {"writer": self._writer, "before": first - 1, "after": last}
        try:
            self._query(query, partial(_taken, new), **new, **place)
        except StaleGraph:
            if not self._is_ours(events[0]):
                raise StaleGraph(f"event {first} cannot follow event {self._version()}") from None
        self._decided = last, corrections
        return last

    def _written(self, events: Sequence[Event]) -> tuple[LiteralString, Rows, Corrections]:
        """Return the statement that commits the events, its rows, and what stands for what after them."""
        graph, before = self._address.graph, events[0].seq - 1
        if any(map(is_structural, events)):
            shown = fold(takewhile(lambda event: event.seq <= before, self.events()))
            old = project(shown)
            shown.apply_all(events)
            change = patch_rows(graph, patch(old, project(shown)), shown.relations)
            return cypher.PATCH, event_rows(self._writer, events) | change, shown.corrections
        (decided, corrections), self._decided = (
            self._decided,
            (0, Corrections()),
        )  # nothing is known of a commit that fails
        if decided < before:
            for (payload,) in self._query(cypher.DECIDED, Result.values, since=decided, until=before):
                corrections.take(from_json(payload))
            corrections.settle()
        return cypher.APPEND, rows(graph, self._writer, events, corrections), corrections

    def _is_ours(self, event: Event) -> bool:
        """Tell whether it was this store that wrote an event, and only the server's answer got lost."""
        row = {"seq": event.seq, "payload": sealed(event), "writer": self._writer}
        found = self._query(cypher.WRITTEN, Result.single, **row)
        return bool(found and found["ours"])

    def _version(self) -> int:
        found = self._query(cypher.FIND, Result.single)
        return found["version"] if found else 0

    def _query(self, query: LiteralString, transform: Callable[[Result], T], **parameters: object) -> T:
        """Run one query as a managed transaction; what `transform` raises rolls it back."""
        with sentences(self._address):
            return self._driver.execute_query(
                query,
                parameters | {"graph": self._address.graph},
                database_=self._address.database or None,
                result_transformer_=transform,
            )

    def events(self, since: int = 0) -> Iterator[Event]:
        """Yield the events after seq `since`, in pages."""
        while page := self._query(cypher.EVENTS, Result.values, since=since, until=since + PAGE):
            for seq, payload in page:
                try:
                    yield from_json(payload)
                except BadInput as error:
                    raise StoreError(f"{self.url} is damaged at event {seq}: {error}") from None
            since = page[-1][0]

    def graph(self) -> Graph:
        """Return the fold over all events."""
        return fold(self.events())

    def projection(self) -> Projection:
        """Return concepts and relations as the database holds them; writers wait meanwhile, so all is of one moment."""
        with sentences(self._address), self._session() as session, session.begin_transaction() as tx:
            locked = tx.run(cypher.LOCK, graph=self._address.graph, writer=self._writer).single()
            found = self._projection(tx, locked["version"] if locked else 0)
            tx.rollback()
        return found

    def _projection(self, tx: "Transaction", seq: int) -> Projection:
        graph = self._address.graph
        concepts: dict[str, tuple[str, tuple[str, ...], int]] = {}
        for key, name, aliases, first in tx.run(cypher.CONCEPTS, graph=graph):
            self._once(key, concepts)
            concepts[key] = (name, tuple(sorted(map(str, aliases if isinstance(aliases, list) else ()))), first)
        relations: dict[Relation, tuple[int, int, int]] = {}
        for source, predicate, target, support, first, last in tx.run(cypher.RELATIONS, graph=graph):
            self._once(Relation(source, predicate, target), relations)
            relations[Relation(source, predicate, target)] = (support, first, last)
        return Projection(seq, concepts, relations)

    def _once(self, item: object, found: Container[object]) -> None:
        if item in found:
            raise StoreError(f"{self.url} holds {item} twice: somebody wrote it by hand")

    def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew a named lease by the server's clock; False while somebody else holds it."""
        self._make()
        place = {"id": identity(self._address.graph, "lease", name), "name": name, "holder": holder}
        now = self._clock() if self._clock else None
        return self._query(cypher.LEASE, Result.single, **place, seconds=seconds, now=now) is not None

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return what is kept of the keys."""
        found = self._query(cypher.RECALL, Result.values, ids=[self._cached(kind, key) for key in keys])
        return {key: bytes(value) for key, value in found}

    def remember(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep results under their keys, where this user may write."""
        rows = [{"id": self._cached(kind, key), "key": key, "value": value} for key, value in values.items()]
        with suppress(StoreError):
            self._query(cypher.REMEMBER, Result.consume, kind=kind, rows=rows)

    def _cached(self, kind: str, key: str) -> str:
        return identity(self._address.graph, "cache", kind, key)

    def close(self) -> None:
        """Do nothing: the driver belongs to the process and is closed with it."""


def _taken(sent: Rows, result: Result) -> None:
    """Compare what the server has taken with what was sent; what is raised here rolls the transaction back."""
    taken = result.single()
    if taken is None:
        raise StaleGraph("another writer was first")
    for kind, found in sent.items():
        if taken[kind] != len(found):
            raise StoreError(
                f"the server took {taken[kind]} of {len(found)} {kind}:"
                " an event names a concept that is not in the graph"
            )


def _check_format(version: object, url: str) -> None:
    if not isinstance(version, int):
        raise StoreError(f"{url}: the node (:Graph) of this name is another program's: name another graph=")
    if version > cypher.FORMAT:
        raise StoreError(f"{url} was written by a newer graphgrow (format {version}): update graphgrow")
