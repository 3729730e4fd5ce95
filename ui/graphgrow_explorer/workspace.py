"""The stores that the pages of this process have open: each with its graph, folded as events come.

Pages run in threads and share a graph, so whoever reads it holds its lock, and takes away only values of their own.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from secrets import token_urlsafe
from threading import Lock, RLock, Thread
from typing import Concatenate, ParamSpec, TypeVar, cast

from graphgrow import GraphgrowError, KnowledgeGraph
from graphgrow.api.edits import is_undoable
from graphgrow.api.explorer import (
    Edit,
    Event,
    Expansion,
    Extent,
    FactCheck,
    Found,
    Graph,
    GraphIndex,
    ReasoningStep,
    Reply,
    StaleGraph,
    now,
    open_store,
    search,
    search_index,
    store_url,
)

P = ParamSpec("P")
T = TypeVar("T")
MOST = 8  # stores that stay open
# Concepts. For a larger graph the store's index answers what a page shows, and its log is not folded unless somebody
# asks for that: for a million concepts it takes minutes and 4 GB.
WHOLE = 50_000
UPHEAVALS = 200  # decisions that a page may have missed before it waits for its next drawing to see what went
REASON = "in the explorer"  # why something was decided here
FORMS = {
    "seed": "what belongs to the topic", "expand": "what it is related to ({})", "list": "a list: {}",
    "facet": "its {}", "connect": "what else it is connected with", "join": "how the two are related",
    "between": "what lies between the two", "consolidate": "a class that covers what is known",
    "kin": "what is of the same kind", "widen": "more beside what is known", "intents": "what should be asked",
    "arbitrate": "whether two names are one concept", "check": "whether it is so",
}  # fmt: skip
# Headers of an answer given for the token of a store: it is for one page and one moment.
PRIVATE = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Row:
    """One step in a line: what was asked and why, what it cost, what it brought; counts are those after it."""

    seq: int
    at: str
    strategy: str
    question: str
    reason: str
    outcome: str
    concepts: int
    relations: int
    rejects: int
    tokens: int = 0
    usd: float | None = None
    seconds: float = 0.0
    model: str = ""
    nodes: int | None = None
    edges: int | None = None
    components: int | None = None
    kind: str = "expansion"
    about: tuple[str, ...] = ()
    form: str = ""
    by: str = ""
    undoable: bool = False

    @classmethod
    def of(cls, event: Event) -> "Row":
        """Return an event in a line."""
        delta = event.delta
        brought = len(delta.new_concepts), len(delta.relations), len(delta.rejects)
        if isinstance(event, Edit):
            why = ", ".join(dict.fromkeys(change.reason for change in delta.changes if change.reason))
            return cls(
                event.seq, event.at, "by hand", event.note, why, event.edit, *brought, kind=event.kind, by=event.by,
                undoable=is_undoable(event),
            )  # fmt: skip
        reply = event.reply or Reply("")
        if isinstance(event, ReasoningStep):
            return cls(
                event.seq, event.at, event.task, " + ".join(event.subject), event.stage, event.outcome, *brought,
                reply.usage.tokens, reply.usd, reply.seconds, reply.model, kind=event.kind,
            )  # fmt: skip
        if isinstance(event, FactCheck):
            return cls(
                event.seq, event.at, "fact check", "; ".join(event.statements), event.answers, event.outcome, *brought,
                reply.usage.tokens, reply.usd, reply.seconds, reply.model, kind=event.kind,
            )  # fmt: skip
        focus, counts = event.focus, event.measures
        return cls(
            event.seq, event.at, focus.strategy, " + ".join(focus.concepts), focus.reason, event.outcome, *brought,
            reply.usage.tokens, reply.usd, reply.seconds, reply.model, counts.nodes, counts.edges, counts.components,
            about=focus.concepts, form=asked_for(event),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Upheaval:
    """A decision that changed how earlier events are shown: the keys that went with it."""

    seq: int
    gone: frozenset[str]


@dataclass(slots=True)
class Workspace:
    """One open store: the graph up to its last event that was seen, a row per event, results kept for a version.

    `token` opens the feed of this store to whoever was shown it, `env` holds what a run needs to open it too,
    `parts` where the concepts of a part stood last, `heard` when events came last, by the monotonic clock; 0 where none
    came since it was opened. Use `reading` for the graph itself.

    Of a graph of more than WHOLE concepts there is an `index`, and `graph` and `rows` stay empty: see views/large.py.
    `extent` is how far it goes, nothing before it is made; `problem` says why it could not be.
    """

    store: KnowledgeGraph
    env: dict[str, str] = field(default_factory=dict, repr=False)
    token: str = field(default_factory=lambda: token_urlsafe(24))
    graph: Graph = field(default_factory=Graph)
    rows: list[Row] = field(default_factory=list)
    upheavals: deque[Upheaval] = field(default_factory=lambda: deque(maxlen=UPHEAVALS))
    lock: RLock = field(default_factory=RLock)
    parts: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)
    heard: float = 0.0
    index: GraphIndex | None = None
    extent: Extent = field(default_factory=Extent)
    problem: str = ""
    _maker: Thread | None = None
    _kept: dict[str, tuple[object, object]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The store's URL without user and password."""
        return self.store.url

    @property
    def is_file(self) -> bool:
        """True for a graph that other processes can open too, so that runs and questions go on without the page."""
        return store_url(self.url).kind != "memory"

    @property
    def mark(self) -> tuple[int, int]:
        """What tells one version of the graph from another: its last event, and how often it was decided anew."""
        return (self.extent.seq, 0) if self.index else (self.graph.seq, self.graph.decisions)

    @property
    def topic(self) -> str:
        """What the graph is about."""
        if self.index:
            first = self.event(1)
            return first.topic if isinstance(first, Expansion) else ""
        with self.lock:
            return self.graph.topic

    @contextmanager
    def reading(self) -> Iterator[Graph]:
        """Lend the graph; nobody changes it meanwhile."""
        with self.lock:
            yield self.graph

    def refresh(self) -> tuple[int, int]:
        """Take in the events that were written since, here or by another process, and return the mark."""
        with self.lock:
            if self.index:
                extent = self.index.refresh() or Extent()
                if extent.seq != self.extent.seq:
                    self.heard = time.monotonic() if self.extent.seq else 0.0
                self.extent = extent
                return self.mark
            before, decisions = self.graph.concepts, self.graph.decisions
            events = list(self.store.events(self.graph.seq))
            if events:
                self.heard = time.monotonic() if self.graph.seq else 0.0
                self.graph.apply_all(events)
                self.rows += map(Row.of, events)
            if self.graph.decisions != decisions:
                gone = frozenset(before.keys() - self.graph.concepts.keys())
                self.upheavals.append(Upheaval(self.graph.seq, gone))
            return self.mark

    def make_index(self) -> None:
        """Have the index made in the background, once; `refresh` tells when it is there, `problem` why it is not."""

        def make(index: GraphIndex) -> None:
            try:
                index.make()
            except GraphgrowError as error:
                self.problem = str(error)

        with self.lock:
            if self.index and self._maker is None:
                self._maker = Thread(target=make, args=(self.index,), daemon=True)
                self._maker.start()

    def load(self) -> None:
        """Fold the whole log after all, and do without the index from now on."""
        with self.lock:
            if self.index:
                self.index.close()
            self.index = None
            self.refresh()

    def search(self, text: str) -> list[Found]:
        """Return what a text means in the graph, best first; raises BadInput for one that cannot be looked for."""
        if self.index:
            return search_index(self.index, text)
        with self.lock:
            return search(self.graph, text)

    def row(self, seq: int) -> Row:
        """Return one step of the log in a line."""
        event = None if self.rows else self.event(seq)
        return Row.of(event) if event else self.rows[seq - 1]

    def act(self, decide: Callable[Concatenate[Graph, P], Edit], *args: P.args, **named: P.kwargs) -> Edit:
        """Append what `decide` makes of the graph as it stands, and return it; `graphgrow.api` has such functions.

        It is decided again where another writer was faster. Raises BadInput where there is nothing to decide, and
        StoreError where it cannot be written.
        """
        with self.lock:
            while True:
                self.refresh()
                edit = replace(decide(self.graph, *args, **named), at=now())
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

    def forget(self, name: str) -> None:
        """Let `keep` do the work of a name again."""
        with self.lock:
            self._kept.pop(name, None)

    @contextmanager
    def log(self) -> Iterator[KnowledgeGraph]:
        """Lend a store for a long reading: for a file a store of its own, so that nobody waits."""
        if is_server(self.url):
            with self.lock:
                yield self.store
        else:
            with KnowledgeGraph(open_store(self.url)) as store:
                yield store

    def event(self, seq: int) -> Event | None:
        """Return one event of the log, whole."""
        with self.lock:
            return next(self.store.events(seq - 1), None) if seq > 0 else None


@dataclass(slots=True)
class Workspaces:
    """The open stores by URL and file, the ones that were used last; `by_token` for the feed.

    `opened` are the URLs of all that were opened, those that are closed by now too.
    """

    lock: Lock = field(default_factory=Lock)
    stores: dict[tuple[str, int], Workspace] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)

    def open(self, url: str, *, is_read: bool = True) -> Workspace:
        """Return the store of a URL, opened where it is not; one that was replaced by another file is opened anew.

        Without `is_read` its log is not read yet.
        Raises BadInput or StoreError where it cannot be opened or read.
        """
        place = shown(url), _inode(url)
        with self.lock:
            workspace = self.stores.pop(place, None) or _opened(url)
            self.stores[place] = workspace
            self.opened.add(place[0])
            unused = [self.stores.pop(place) for place in list(self.stores)[:-MOST]]
        for old in unused:  # somebody may still be reading it, who may ask for another store
            with old.lock:
                if old.index:
                    old.index.close()
                with suppress(GraphgrowError):  # its file may be gone by now
                    old.store.close()
        if is_read:
            workspace.refresh()
        return workspace

    def holds(self, workspace: Workspace) -> bool:
        """Tell whether a store is still open and still what its name leads to, not replaced by another file."""
        with self.lock:
            return self.stores.get((workspace.url, _inode(workspace.url))) is workspace

    def knows(self, url: str) -> bool:
        """Tell whether a store has been opened, because somebody here chose it or the command line names it."""
        with self.lock:
            return shown(url) in self.opened

    def by_token(self, token: str) -> Workspace | None:
        """Return the store whose feed a token opens."""
        with self.lock:
            return next((one for one in self.stores.values() if one.token == token), None)


@cache
def workspaces() -> Workspaces:
    """Return the stores of this process."""
    return Workspaces()


def asked_for(event: Expansion) -> str:
    """Return what kind of question an event asked, in words."""
    angle = event.focus.angle.removeprefix("facet ").replace("_", " ").replace(" +", ", round ")
    words = FORMS.get(event.focus.form, event.focus.form.replace("_", " ")).format(angle)
    words += f", asked the {event.sample + 1}. time" if event.sample else ""
    words += f", to check step {event.verifies}" if event.verifies else ""
    return words + (f", to mend step {event.repairs}" if event.repairs else "")


def is_server(url: str) -> bool:
    """Tell whether a URL names a server and no file."""
    return store_url(url).kind == "neo4j"


def shown(url: str) -> str:
    """Return a store's URL in one spelling and without user and password; raises BadInput where it cannot be read."""
    return store_url(url).url


def credentials(url: str) -> dict[str, str]:
    """Return what another process needs in its environment to open a server's graph."""
    if not is_server(url):
        return {}
    address = store_url(url)
    return {"NEO4J_USERNAME": address.user, "NEO4J_PASSWORD": address.password}


def _opened(url: str) -> Workspace:
    store = KnowledgeGraph(open_store(url))
    return Workspace(store, credentials(url), index=store.index(WHOLE))


def _inode(url: str) -> int:
    """Return what distinguishes a file from another one of that name; 0 for what is no file."""
    path = store_url(url).path
    try:
        return path.stat().st_ino if path else 0
    except (OSError, ValueError):
        return 0
