"""A graph in a Neo4j database: the same log and projection as in the SQLite file, for several writers and readers.

The event itself, whole, is the property `payload` of its node; everything else there is for people and their queries,
written in the same transaction. Every commit takes the lock of the `(:Graph)` node first, which also hands out `seq`.
"""

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from heapq import nlargest
from itertools import accumulate, pairwise, takewhile
from typing import LiteralString, TypeVar
from uuid import uuid4

from neo4j import Result

from graphgrow.errors import BadInput, StaleGraph, StoreError
from graphgrow.graph.confidence import confidence
from graphgrow.graph.corrections import Corrections, is_structural
from graphgrow.graph.digests import Record, Seal, altered, seal
from graphgrow.graph.events import digest, from_json, sealed
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Event, Relation
from graphgrow.stores import LONGEST_CLAIM, LONGEST_LEASE, SKEW, GraphStore, StoreURL
from graphgrow.stores.neo4j import cypher
from graphgrow.stores.neo4j.index import Neo4jIndex
from graphgrow.stores.neo4j.server import check_version, connect, sentences
from graphgrow.stores.projection import Projection, patch

PAGE = 200  # events
ATTEMPTS = 5
T = TypeVar("T")


class Neo4jStore(GraphStore):
    """One graph of a Neo4j database, apart from every other one in it; several processes may write it at once."""

    def __init__(self, address: StoreURL, *, create: bool = False, clock: Callable[[], float] | None = None) -> None:
        self.url = address.url
        self._address, self._clock = address, clock
        self._writer = uuid4().hex
        self._decided = 0, Corrections()  # what was decided up to an event
        self._known = Graph()  # up to the last event that this store has committed: confidence needs all of the log
        self._latest: dict[int, Event] = {}  # some of the last events that were read, by seq
        with sentences(address):
            self._driver = connect(address.server, address.user, address.password, os.getpid())
            with self._driver.session(database=address.database or None) as session:
                result = session.run(cypher.FIND, graph=address.graph)
                graph = result.single()
                check_version(result.consume().server.agent, address)
                if graph is None and not create:
                    others = ", ".join(repr(row["name"]) for row in session.run(cypher.OTHERS))
                    known = f"; the graphs there are {others}" if others else ""
                    raise BadInput(
                        f"there is no graph {address.graph!r} at {address.server}{known}: grow one with  graphgrow grow"
                    )
        if graph:
            self._check_format(graph["format"])
        self._is_made = self._is_declared = graph is not None

    def append(self, *events: Event) -> int:
        """Commit the events in one transaction; raises StaleGraph where they do not follow the log."""
        if not events:
            self._declare()
            return self._version()
        for event, following in pairwise(events):
            if following.seq != event.seq + 1:
                raise StaleGraph(f"step {following.seq} cannot follow step {event.seq}")
        self._make()
        graph, before, last = self._address.graph, events[0].seq - 1, events[-1].seq
        state = self._query(cypher.STATE, Result.single)
        texts = [sealed(event) for event in events]
        is_first = state is not None and state["version"] == before
        if state and state["version"] > before:  # what the server would refuse is not sent
            if self._is_written(events[0], texts[0]):
                return last
            raise StaleGraph(f"step {before + 1} cannot follow step {state['version']}: another writer was first")
        (decided, corrections), self._decided = self._decided, (0, Corrections())  # forgotten if a commit fails
        since, head, digests = (state["since"], state["head"] or "", []) if state else (0, "", [])
        if is_first and since is None:  # the first write since there are digests
            since, head = before, ""
            for record in self.records():
                head = digest(head, record.text)
                digests.append({"seq": record.seq, "digest": head})
        chain = list(accumulate(texts, lambda before, text: digest(before, text.encode()), initial=head))[1:]
        rows = cypher.event_rows(self._writer, zip(events, texts, chain, strict=True)) | {"digests": digests}
        own = seal(since or 0, last, chain[-1])
        query: LiteralString
        if any(map(is_structural, events)):
            query, (change, shown) = cypher.PATCH, patch(self.events(), events)
            rows |= cypher.patch_rows(graph, change, shown.relations)
            corrections = shown.corrections
        else:
            query = cypher.APPEND
            if decided < before:
                between = self._between(decided, before)
                if between is None:
                    decisions = self._query(cypher.DECIDED, Result.values, since=decided, until=before)
                    between = [from_json(payload) for (payload,) in decisions]
                for event in between:
                    if event.delta.changes:  # as the event's `decides` says
                        corrections.take(event)
                corrections.settle()
            rows |= cypher.new_rows(graph, events, corrections)
        known, confidences, types = self._known, list[cypher.Row](), list[cypher.Row]()
        if is_first:  # else another writer was, and what is known stays good
            self._known = Graph()
            with suppress(StoreError):  # what cannot be folded is refused by the server, whole
                between = self._between(known.seq, before)
                further = takewhile(lambda event: event.seq <= before, self.events(known.seq))
                known.apply_all(further if between is None else between)
                if state and state["format"] < cypher.TYPED:  # the first write since concepts have their types
                    types = cypher.type_rows(graph, known)
                is_decided = any(map(is_structural, events))
                sure = {one: round(confidence(known, one), 4) for one in known.relations} if is_decided else {}
                known.apply_all(events)
                confidences = cypher.confidence_rows(graph, known, events, sure)

        def check(result: Result) -> None:
            """Compare what the server has taken with what was sent; what is raised rolls the transaction back."""
            counts = result.single()
            if counts is None:
                raise StaleGraph("another writer was first")
            for kind, sent in rows.items():
                if counts[kind] != len(sent):
                    raise StoreError(
                        f"the server took {counts[kind]} of {len(sent)} {kind}:"
                        " a step names a concept that is not in the graph"
                    )

        try:
            self._query(
                query, check, **rows, confidences=confidences, types=types, writer=self._writer, before=before,
                after=last, since=own.since, seal=own.digest, format=cypher.FORMAT,
            )  # fmt: skip
        except StaleGraph:
            if not self._is_written(events[0], texts[0]):  # else it was this store, and the server's answer got lost
                raise StaleGraph(
                    f"step {before + 1} cannot follow step {self._version()}: another writer was first"
                ) from None
        self._decided, self._known = (last, corrections), known
        return last

    def events(self, since: int = 0) -> Iterator[Event]:
        """Yield the events after seq `since`, in pages."""
        for record in self.records(since):
            try:
                event = from_json(record.text)
            except BadInput as error:
                raise altered(self.url, record.seq, f"cannot be read ({error})") from None
            self._latest[record.seq] = event
            if len(self._latest) > 2 * PAGE:
                self._latest = dict(nlargest(PAGE, self._latest.items()))
            yield event

    def records(self, since: int = 0) -> Iterator[Record]:
        """Yield the events after seq `since` as they are kept, in pages."""
        is_last = False
        while not is_last and (page := self._query(cypher.EVENTS, Result.values, since=since, until=since + PAGE)):
            for seq, payload, own, at, decides, version in page:
                copies = {"at": at, "decides": decides is True}
                yield Record(seq, str(payload).encode(errors="replace"), str(own or ""), copies)
                is_last = seq == version
            since = page[-1][0]

    def _between(self, since: int, until: int) -> list[Event] | None:
        """Return the events after seq `since` up to `until` where all of them were read a moment ago, else None."""
        found = [self._latest.get(seq) for seq in range(since + 1, until + 1)] if until - since <= PAGE else [None]
        return [event for event in found if event] if all(found) else None

    def _is_written(self, event: Event, text: str) -> bool:
        """Tell whether an event was committed by this store, which then merely missed the answer."""
        first = {"seq": event.seq, "payload": text, "writer": self._writer}
        written = self._query(cypher.WRITTEN, Result.single, **first)
        return bool(written and written["ours"])

    def seal(self) -> Seal | None:
        """Return how far the log goes and which part its digests cover."""
        state = self._query(cypher.STATE, Result.single)
        known = state and isinstance(state["since"], int)
        return Seal(state["since"], state["version"], str(state["seal"])) if state and known else None

    def projection(self) -> Projection:
        """Return concepts and relations as the database holds them; writers wait meanwhile, so all is of one moment."""
        graph = self._address.graph
        with (
            sentences(self._address),
            self._driver.session(database=self._address.database or None) as session,
            session.begin_transaction() as transaction,
        ):
            locked = transaction.run(cypher.LOCK, graph=graph, writer=self._writer).single()
            concepts = transaction.run(cypher.CONCEPTS, graph=graph).values()
            relations = transaction.run(cypher.RELATIONS, graph=graph).values()
            transaction.rollback()
        counts = Counter([*(key for key, *_ in concepts), *(Relation(*ends) for *ends, _, _, _ in relations)])
        for item, times in counts.items():
            if times > 1:
                raise StoreError(f"{self.url} holds {item} twice: somebody wrote it by hand")
        return Projection(
            locked["version"] if locked else 0,
            {
                key: (name, tuple(sorted(map(str, aliases if isinstance(aliases, list) else ()))), first, kind or "")
                for key, name, aliases, first, kind in concepts
            },
            {Relation(*ends): (support, first, last) for *ends, support, first, last in relations},
        )

    def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew a named lease by the server's clock; False while somebody else holds it."""
        self._make()
        place = {"id": cypher.identity(self._address.graph, "lease", name), "name": name, "holder": holder}
        now = self._clock() if self._clock else None
        lengths = {"seconds": seconds, "longest": LONGEST_LEASE, "skew": SKEW}
        return self._query(cypher.LEASE, Result.single, **place, **lengths, now=now) is not None

    def claim(
        self, holder: str, names: Collection[str] = (), seconds: float = 0.0, done: Collection[str] = ()
    ) -> dict[str, str]:
        """Take or renew claims on questions by the server's clock, and return who has which now."""
        place = {"holder": holder, "longest": LONGEST_CLAIM, "skew": SKEW}
        place["now"] = self._clock() if self._clock else None
        if names or done:
            self._declare()
            graph = self._address.graph
            # In one order for all, so that no two wait for each other.
            rows = [{"id": cypher.identity(graph, "claim", name), "name": name} for name in sorted(names)]
            gone = [cypher.identity(graph, "claim", name) for name in done]
            self._query(cypher.CLAIM, Result.consume, rows=rows, gone=gone, seconds=seconds, **place)
        return {str(name): str(owner) for name, owner in self._query(cypher.CLAIMS, Result.values, **place)}

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return what is kept under the keys."""
        ids = [cypher.identity(self._address.graph, "cache", kind, key) for key in keys]
        return {key: bytes(value) for key, value in self._query(cypher.RECALL, Result.values, ids=ids)}

    def remember(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep results under their keys, where this user may write."""
        rows = [
            {"id": cypher.identity(self._address.graph, "cache", kind, key), "key": key, "value": value}
            for key, value in values.items()
        ]
        with suppress(StoreError):
            self._query(cypher.REMEMBER, Result.consume, kind=kind, rows=rows)

    def index(self, above: int) -> Neo4jIndex | None:
        """Return the index of a graph of more than `above` concepts: the database's own."""
        found = self._query(cypher.LARGER, Result.single, most=above + 1)
        return Neo4jIndex(self._query, self._address.graph) if found and found["count"] > above else None

    def close(self) -> None:
        """Do nothing: the driver belongs to the process and is closed with it."""

    def _query(self, query: LiteralString, transform: Callable[[Result], T], **parameters: object) -> T:
        """Run one query as a managed transaction; what `transform` raises rolls it back."""
        with sentences(self._address):
            return self._driver.execute_query(
                query,
                parameters | {"graph": self._address.graph},
                database_=self._address.database or None,
                result_transformer_=transform,
            )

    def _version(self) -> int:
        """Return the last seq of the log."""
        graph = self._query(cypher.FIND, Result.single)
        return graph["version"] if graph else 0

    def _make(self) -> None:
        """Put constraints, indexes and the graph's node where they are missing."""
        if not self._is_made:
            self._declare()
            graph = self._query(cypher.CREATE, Result.single, format=cypher.FORMAT)
            self._check_format(graph["format"] if graph else None)
            self._is_made = True

    def _declare(self) -> None:
        """Put constraints and indexes; IF NOT EXISTS does not help against a program doing so at the same time."""
        if self._is_declared:
            return
        for statement in (*cypher.SCHEMA, cypher.WAIT_FOR_SCHEMA):
            for attempt in range(ATTEMPTS):
                try:
                    self._query(statement, Result.consume)
                    break
                except StoreError as error:
                    if "already exists" not in str(error) or attempt == ATTEMPTS - 1:
                        raise
        self._is_declared = True

    def _check_format(self, version: object) -> None:
        if not isinstance(version, int):
            raise StoreError(f"{self.url}: the node (:Graph) of this name is another program's: name another graph=")
        if version > cypher.FORMAT:
            raise StoreError(f"{self.url} was written by a newer graphgrow (format {version}): update graphgrow")
