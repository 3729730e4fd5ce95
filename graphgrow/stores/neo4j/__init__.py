"""A graph in a Neo4j database: the same log and projection as in the SQLite file, for several writers and readers.

The event itself, whole, is the property `payload` of its node; everything else there is for people and their queries,
written in the same transaction. Every commit takes the lock of the `(:Graph)` node first, which also hands out `seq`.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, LiteralString
from uuid import uuid4

from graphgrow.codec import from_json
from graphgrow.errors import BadInput, StaleGraph, StoreError
from graphgrow.graph import Graph, fold
from graphgrow.model import Event, Relation
from graphgrow.stores.neo4j import statements as cypher
from graphgrow.stores.neo4j.address import Address
from graphgrow.stores.neo4j.driver import check_version, connect, sentences
from graphgrow.stores.neo4j.rows import Row, Rows, identity, rows
from graphgrow.stores.projection import Projection

if TYPE_CHECKING:
    from neo4j import ManagedTransaction, Session, Transaction

PAGE = 200  # events
BATCH = 1000  # rows


class Neo4jStore:
    """One graph of a Neo4j database, apart from every other one in it; several processes may write it at once."""

    def __init__(self, address: Address, *, create: bool = False, clock: Callable[[], float] | None = None) -> None:
        self.url = address.url
        self._address, self._clock = address, clock
        self._writer = uuid4().hex
        self._driver = connect(address)
        self._is_made = self._find(create=create)

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
        with sentences(self._address), self._session() as session:
            for statement in (*cypher.SCHEMA, cypher.WAIT_FOR_SCHEMA):
                session.execute_write(lambda tx, it: tx.run(it).consume(), statement)
            made = session.execute_write(
                lambda tx: tx.run(cypher.CREATE, graph=self._address.graph, format=cypher.FORMAT).single(strict=True)
            )
            _check_format(made["format"], self.url)
        self._is_made = True

    def append(self, *events: Event) -> int:
        """Commit the events in one transaction; raises StaleGraph where they do not follow the log."""
        if not events:
            return self._version()
        for event, following in pairwise(events):
            if following.seq != event.seq + 1:
                raise StaleGraph(f"event {following.seq} cannot follow event {event.seq}")
        new = rows(self._address.graph, self._writer, events)
        self._make()
        with sentences(self._address), self._session() as session:
            return session.execute_write(self._append, new, events[0].seq, events[-1].seq)

    def _version(self) -> int:
        with sentences(self._address), self._session() as session:
            found = session.run(cypher.FIND, graph=self._address.graph).single()
        return found["version"] if found else 0

    def _append(self, tx: "ManagedTransaction", new: Rows, first: int, last: int) -> int:
        graph, writer = self._address.graph, self._writer
        if not tx.run(cypher.ADVANCE, graph=graph, writer=writer, before=first - 1, after=last).single():
            self._check_written(tx, new, first)
            return last
        self._send(tx, cypher.ADD_EXPANSIONS, new.expansions)
        self._send(tx, cypher.ADD_EDITS, new.edits)
        self._send(tx, cypher.ADD_CONCEPTS, new.concepts)
        self._send(tx, cypher.ADD_ALIASES, new.aliases)
        self._send(tx, cypher.ADD_RELATIONS, new.relations)
        return last

    def _check_written(self, tx: "ManagedTransaction", new: Rows, first: int) -> None:
        """Raise StaleGraph unless it was this very call that wrote the events, and only its answer got lost."""
        payload = next(row["payload"] for row in (*new.expansions, *new.edits) if row["seq"] == first)
        found = tx.run(
            cypher.WRITTEN, graph=self._address.graph, seq=first, payload=payload, writer=self._writer
        ).single()
        if not (found and found["ours"]):
            version = tx.run(cypher.FIND, graph=self._address.graph).single()
            raise StaleGraph(f"event {first} cannot follow event {version['version'] if version else 0}")

    def _send(self, tx: "ManagedTransaction", statement: LiteralString, found: list[Row]) -> None:
        for start in range(0, len(found), BATCH):
            batch = found[start : start + BATCH]
            count = tx.run(statement, graph=self._address.graph, rows=batch).single(strict=True)["count"]
            if count != len(batch):
                raise StoreError(
                    f"{self.url} took {count} of {len(batch)} rows: an event names a concept that is not in the graph"
                )

    def events(self, since: int = 0) -> Iterator[Event]:
        """Yield the events after seq `since`, in pages."""
        while page := self._page(since):
            for seq, payload in page:
                try:
                    yield from_json(payload)
                except BadInput as error:
                    raise StoreError(f"{self.url} is damaged at event {seq}: {error}") from None
            since = page[-1][0]

    def _page(self, since: int) -> list[tuple[int, str]]:
        with sentences(self._address), self._session() as session:
            return session.execute_read(
                lambda tx: [
                    (row["seq"], row["payload"])
                    for row in tx.run(cypher.EVENTS, graph=self._address.graph, since=since, until=since + PAGE)
                ]
            )

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
        concepts = {
            row["key"]: (row["name"], tuple(sorted(row["aliases"])), row["first_seq"])
            for row in tx.run(cypher.CONCEPTS, graph=graph)
        }
        relations = {
            Relation(row["source"], row["predicate"], row["target"]): (
                row["support"],
                row["first_seq"],
                row["last_seq"],
            )
            for row in tx.run(cypher.RELATIONS, graph=graph)
        }
        return Projection(seq, concepts, relations)

    def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew a named lease by the server's clock; False while somebody else holds it."""
        self._make()
        graph, now = self._address.graph, self._clock() if self._clock else None
        with sentences(self._address), self._session() as session:
            taken = session.execute_write(
                lambda tx: tx.run(
                    cypher.LEASE,
                    id=identity(graph, "lease", name),
                    graph=graph,
                    name=name,
                    holder=holder,
                    seconds=seconds,
                    now=now,
                ).single()
            )
        return taken is not None

    def close(self) -> None:
        """Do nothing: the driver belongs to the process and is closed with it."""


def _check_format(version: int | None, url: str) -> None:
    if version is None:
        raise StoreError(f"{url}: the node (:Graph) of this name is another program's: name another graph=")
    if version > cypher.FORMAT:
        raise StoreError(f"{url} was written by a newer graphgrow (format {version}): update graphgrow")
