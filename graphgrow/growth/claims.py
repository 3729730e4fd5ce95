"""Questions are claimed in the store while they are asked, so that several writers of one graph divide the work.

A claim lasts a minute, is renewed while its question waits for a reply, and ends with the commit of what came of it,
with the process that holds it, or by itself. The log is read once more after it was taken: what another writer asked
meanwhile is there, or claimed.
"""

import hashlib
import json
import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from uuid import uuid4

from graphgrow.errors import StoreError
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Event, Expansion, FactCheck, Relation
from graphgrow.growth.settings import Chosen
from graphgrow.stores import GraphStore
from graphgrow.stores.outbox import Outbox, PendingReply

TERM = 60.0  # seconds that a claim lasts unless it is renewed
BATCH_TERM = 26 * 3600.0  # of questions that go in files, which are answered within a day
PAUSE = 0.1  # seconds until a run looks again that others have left no question to


class Claims:
    """What one run asks, and what others ask; close it where the run ends."""

    def __init__(
        self, store: GraphStore, graph: Graph, outbox: Outbox[PendingReply], *, in_files: bool = False
    ) -> None:
        self.others = frozenset[str]()  # what others asked when this run last looked
        self.are_left = False  # whether replies of a process of this machine waited then that had just been found dead
        self._dead = set[str]()  # the runs of such processes
        self._store, self._graph, self._outbox = store, graph, outbox
        self._term = BATCH_TERM if in_files else TERM
        self._host, self._id = socket.gethostname(), uuid4().hex
        self._held: list[str] = []

    @property
    def _holder(self) -> str:
        return f"{self._host} {self._outbox.run or self._id}"

    def look(self) -> None:
        """See what others ask now; what a dead process of this machine had claimed is given back."""
        held = dict[str, list[str]]()
        for name, holder in self._store.claim(self._holder).items():
            held.setdefault(holder, []).append(name)
        held.pop(self._holder, None)
        self.are_left = False
        for holder in list(held):
            host, _, run = holder.partition(" ")
            if host != self._host or not self._outbox.run or self._outbox.is_alive(run):
                continue
            if self._outbox.waits(run):  # what came of them is to be committed first
                self.are_left |= run not in self._dead
                self._dead.add(run)
            else:
                self._store.claim(holder, done=held.pop(holder))
        self.others = frozenset(name for names in held.values() for name in names)

    def free(self, chosen: Iterable[Chosen], most: int) -> list[Chosen]:
        """Return the first of some questions that nobody else asks."""
        found: Iterator[Chosen] = (one for one in chosen if self.others.isdisjoint(self._names(one)))
        return [one for one, _ in zip(found, range(most), strict=False)]

    def is_checked(self, relation: Relation) -> bool:
        """Tell whether another asks now if a relation is true."""
        return _name("check", *relation.ends, relation.predicate) in self.others

    def take(self, chosen: Sequence[Chosen]) -> list[Chosen]:
        """Return those of some questions that are this run's to ask; what it had claimed before is given back."""
        if not chosen:
            self.close()
            return []
        if self._graph.seq == 0 and not self._outbox.may_be_first():
            time.sleep(PAUSE)  # another asks the first question of all
            return []
        wanted = dict.fromkeys(name for one in chosen for name in self._names(one))
        done = [name for name in self._held if name not in wanted]
        owners = self._store.claim(self._holder, wanted, self._term, done)
        asked = {name for event in self._store.events(self._graph.seq) for name in _names_of(event)}
        self._held = [name for name in wanted if owners.get(name, self._holder) == self._holder]
        own = set(self._held) - asked
        return [one for one in chosen if own.issuperset(self._names(one))]

    def renew(self) -> None:
        """Let the claims of this run last from now on; a store that is away is told the next time."""
        with suppress(StoreError):
            self._store.claim(self._holder, self._held, self._term)

    def wait(self) -> bool:
        """Wait a moment where others ask what is left to ask, and tell whether they do."""
        if self.others:
            time.sleep(PAUSE)
        return bool(self.others)

    def close(self) -> None:
        """Give back what this run had claimed."""
        if self._held:
            with suppress(StoreError):
                self._store.claim(self._holder, done=self._held)
            self._held = []

    def _names(self, chosen: Chosen) -> list[str]:
        """Return what a question is claimed by: that of a fact check is each relation that it asks about."""
        if chosen.claims:
            return [_name("check", *one.ends, one.predicate) for one in chosen.claims]
        if chosen.mends:
            return [_name("mend", str(chosen.mends.seq))]
        if chosen.verifies:
            return [_name("verify", str(chosen.verifies), *chosen.focus.question)]
        return [_name("ask", *chosen.focus.question)]


def _names_of(event: Event) -> list[str]:
    """Return by what the question of an event was claimed."""
    if isinstance(event, FactCheck):
        return [_name("check", *one.relation.ends, one.relation.predicate) for one in event.claims]
    if not isinstance(event, Expansion):
        return []
    if event.repairs:
        return [_name("mend", str(event.repairs))]
    if event.verifies:
        return [_name("verify", str(event.verifies), *event.focus.question)]
    return [_name("ask", *event.focus.question)]


def _name(*words: str) -> str:
    return hashlib.sha256(json.dumps(words).encode()).hexdigest()[:32]
