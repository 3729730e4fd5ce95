"""The stores that the pages of this process have open: each with its graph, folded as events come.

Pages run in threads and share a graph, so whoever reads it holds its lock, and takes away values of his own.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from secrets import token_urlsafe
from threading import Lock, RLock
from typing import TypeVar, cast

from graphgrow.errors import StaleGraph
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Edit, Event, Expansion, ReasoningStep, Reply
from graphgrow.growth.step import now
from graphgrow.stores import NEO4J, GraphStore, open_store, store_url

T = TypeVar("T")
MOST = 8  # stores that stay open
UPHEAVALS = 200  # decisions that a page may have missed before it is given the whole graph


@dataclass(frozen=True, slots=True)
class Row:
    """One event in a line: what was asked and why, what it cost, what it brought; counts are those after it."""

    seq: int
    at: str
    strategy: str
    question: str
    reason: str
    outcome: str
    concepts: int
    relations: int
    rejects: int
    tokens: int
    usd: float | None
    seconds: float
    model: str
    nodes: int | None = None
    edges: int | None = None
    components: int | None = None
    kind: str = "expansion"


@dataclass(frozen=True, slots=True)
class Upheaval:
    """A decision that changed how earlier events are shown: the keys that went with it."""

    seq: int
    gone: frozenset[str]


@dataclass(slots=True)
class Home:
    """One open store: the graph up to its last event that was seen, a row an event, results kept a version.

    `token` opens the feed of this store to who was shown it, `env` holds what a run needs to open it too,
    `parts` where the concepts of a part stood last. Use `reading` for the graph itself.
    """

    store: GraphStore
    env: dict[str, str] = field(default_factory=dict, repr=False)
    token: str = field(default_factory=lambda: token_urlsafe(24))
    graph: Graph = field(default_factory=Graph)
    rows: list[Row] = field(default_factory=list)
    upheavals: deque[Upheaval] = field(default_factory=lambda: deque(maxlen=UPHEAVALS))
    lock: RLock = field(default_factory=RLock)
    parts: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)
    _kept: dict[str, tuple[object, object]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The store's URL without user and password."""
        return self.store.url

    @property
    def mark(self) -> tuple[int, int]:
        """What tells one version of the graph from another: its last event, and how often it was decided anew."""
        return self.graph.seq, self.graph.decisions

    @contextmanager
    def reading(self) -> Iterator[Graph]:
        """Lend the graph; nobody changes it meanwhile."""
        with self.lock:
            yield self.graph

    def refresh(self) -> tuple[int, int]:
        """Take in the events that were written since, here or by another process, and return the mark."""
        with self.lock:
            before, decisions = self.graph.concepts, self.graph.decisions
            events = list(self.store.events(self.graph.seq))
            if events:
                self.graph.apply_all(events)
                self.rows += map(_row, events)
            if self.graph.decisions != decisions:
                gone = frozenset(before.keys() - self.graph.concepts.keys())
                self.upheavals.append(Upheaval(self.graph.seq, gone))
            return self.mark

    def commit(self, decide: Callable[[Graph], Edit]) -> Edit:
        """Append what `decide` makes of the graph as it stands; decided again where another writer was faster."""
        with self.lock:
            while True:
                self.refresh()
                edit = replace(decide(self.graph), at=now())
                try:
                    self.store.append(edit)
                except StaleGraph:
                    continue
                self.refresh()
                return edit

    def keep(self, name: str, work: Callable[[Graph], T]) -> T:
        """Return what some work makes of the graph, done once for each version of it."""
        with self.lock:
            mark, value = self._kept.get(name, (None, None))
            if mark != self.mark:
                value = work(self.graph)
                self._kept[name] = self.mark, value
            return cast("T", value)

    def before(self, name: str) -> object:
        """Return what `keep` last held under a name, of whichever version; None where nothing was."""
        return self._kept.get(name, (None, None))[1]

    @contextmanager
    def log(self) -> Iterator[GraphStore]:
        """Lend a store for a long reading: of a file one of its own, so that nobody waits."""
        if is_server(self.url):
            with self.lock:
                yield self.store
        else:
            with closing(open_store(self.url)) as store:
                yield store

    def event(self, seq: int) -> Event | None:
        """Return one event of the log, whole."""
        with self.lock:
            return next(self.store.events(seq - 1), None) if seq > 0 else None


def _row(event: Event) -> Row:
    delta = event.delta
    brought = len(delta.new_concepts), len(delta.relations), len(delta.rejects)
    if isinstance(event, ReasoningStep):
        reply, about = event.reply or Reply(""), " + ".join(event.subject)
        return Row(
            event.seq, event.at, event.task, about, event.stage, event.outcome, *brought,
            reply.usage.tokens, reply.usd, reply.seconds, reply.model, kind=event.kind,
        )  # fmt: skip
    if not isinstance(event, Expansion):
        return Row(event.seq, event.at, "by hand", event.note, event.edit, event.edit, *brought, 0, None, 0.0, "",
                   kind=event.kind)  # fmt: skip
    reply, counts = event.reply, event.measures
    return Row(
        event.seq, event.at, event.focus.strategy, " + ".join(event.focus.concepts), event.focus.reason,
        event.outcome, *brought, reply.usage.tokens, reply.usd, reply.seconds, reply.model,
        counts.nodes, counts.edges, counts.components,
    )  # fmt: skip


@dataclass(slots=True)
class Homes:
    """The open stores by URL and file, the ones that were used last; `by_token` for the feed."""

    lock: Lock = field(default_factory=Lock)
    found: dict[tuple[str, int], Home] = field(default_factory=dict)

    def open(self, url: str) -> Home:
        """Return the store of a URL, opened where it is not; one that was replaced by another file is opened anew.

        Raises BadInput or StoreError where it cannot be opened or read.
        """
        place = shown(url), _inode(url)
        with self.lock:
            home = self.found.pop(place, None) or Home(open_store(url), credentials(url))
            self.found[place] = home
            for old in list(self.found)[:-MOST]:
                _close(self.found.pop(old))
        home.refresh()
        return home

    def holds(self, home: Home) -> bool:
        """Tell whether a store is still open and still what its name leads to, and not a file that took its place."""
        with self.lock:
            return self.found.get((home.url, _inode(home.url))) is home

    def knows(self, url: str) -> bool:
        """Tell whether a store is open, because somebody here asked for it."""
        with self.lock:
            return any(known == shown(url) for known, _ in self.found)

    def by_token(self, token: str) -> Home | None:
        """Return the store whose feed a token opens."""
        with self.lock:
            return next((home for home in self.found.values() if home.token == token), None)


def is_server(url: str) -> bool:
    """Tell whether a URL names a server and no file."""
    return url.partition(":")[0] in NEO4J


def shown(url: str) -> str:
    """Return a store's URL in one spelling and without user and password; raises BadInput where it cannot be read."""
    if is_server(url):
        return store_url(url).url
    return url if url.startswith(("sqlite:", "memory:")) else f"sqlite:{url}"


def credentials(url: str) -> dict[str, str]:
    """Return what another process needs in its environment to open a server's graph."""
    if not is_server(url):
        return {}
    where = store_url(url)
    return {"NEO4J_USERNAME": where.user, "NEO4J_PASSWORD": where.password}


def _close(home: Home) -> None:
    with home.lock:
        home.store.close()


def _inode(url: str) -> int:
    """Return what tells a file from another one of that name; 0 for what is no file."""
    try:
        return Path(url.removeprefix("sqlite:")).stat().st_ino
    except (OSError, ValueError):
        return 0


@cache
def homes() -> Homes:
    """Return the stores of this process."""
    return Homes()
