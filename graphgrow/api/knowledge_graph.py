"""What `graphgrow.open` returns: one graph with its log, as tables, numbers, pictures, and something to go on with."""

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing
from functools import partial
from itertools import takewhile
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

from graphgrow.api import frames
from graphgrow.api.edits import find_relation
from graphgrow.api.graph_edits import GraphEdits
from graphgrow.api.models import named, open_llm
from graphgrow.api.options import GrowthKeywords, GrowthOptions, grow
from graphgrow.api.reasoning import GraphReasoning
from graphgrow.errors import BadInput, GraphgrowError, StoreError
from graphgrow.graph.confidence import TRUSTED, confidence, trusted, trusted_part
from graphgrow.graph.digests import Record, Seal
from graphgrow.graph.display import card, line, table
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Budget, Event
from graphgrow.llm import LLM
from graphgrow.policy.monitor import monitor
from graphgrow.resolve.search import find
from graphgrow.stores import GraphIndex, GraphStore, open_store
from graphgrow.stores.projection import Projection, Shown

if TYPE_CHECKING:
    import igraph
    import networkx as nx
    import pandas as pd

    from graphgrow.api.imports import Import
    from graphgrow.export.svg import Picture
    from graphgrow.growth.loop import Growth

HUBS = 8  # in the card of a graph
RUNS = (".jsonl", ".jsonl.gz")


class KnowledgeGraph:
    """One graph and its log, opened by `graphgrow.open`.

    It can be used wherever a store is wanted, and is a context manager; `close` lets go of files, connections and
    models. Tables are made when they are asked for, from the log as it is then, so a run in another process shows in
    the next table; `graphgrow.api.frames.COLUMNS` says what their columns hold. A model is given as an object from
    `graphgrow.open_llm`, or by its name: then it is opened once, and closed with the graph. Without one the environment
    decides. What `edits` and `think` have can also be called on the graph itself: `graph.merge(...)`.
    """

    def __init__(self, store: GraphStore) -> None:
        self.url = store.url
        self._store = store
        self._seen: Graph | None = None
        self._models: dict[object, LLM] = {}
        self._is_closed = False
        self._resources = ExitStack()
        self._resources.enter_context(closing(store))

    if not TYPE_CHECKING:  # type checkers see members where they are defined

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401  # a method of one of the two
            for space in (GraphEdits, GraphReasoning):
                if name in vars(space) and not name.startswith("_"):
                    return getattr(self.edits if space is GraphEdits else self.think, name)
            raise AttributeError(f"a KnowledgeGraph has no attribute {name!r}")

    @property
    def edits(self) -> GraphEdits:
        """Corrections, and directives for the questions to come, each an event: `graph.edits.merge(...)`."""
        return GraphEdits(self)

    @property
    def think(self) -> GraphReasoning:
        """Paths, answers, ideas, discoveries and judgements: `graph.think.ask(...)`."""
        return GraphReasoning(self, self._now, self._model)

    def _now(self) -> Graph:
        """Return the graph as the log leaves it now, whoever wrote to it; it is for reading only."""
        seen, self._seen = self._seen, None  # what fails half-way is not kept
        if seen is None:
            seen = self.graph()
        else:
            seen.apply_all(self.events(seen.seq))
        self._seen = seen
        return seen

    def _model(self, llm: LLM | str | None) -> LLM:
        """Return a model as it is, or the one of a name, opened once and closed with the graph."""
        if llm is not None and not isinstance(llm, str):
            return llm
        return self._opened(named(llm or ""), partial(open_llm, llm, env=os.environ))

    def _opened(self, key: object, opening: Callable[[], LLM]) -> LLM:
        if key not in self._models:
            self._models[key] = self._resources.enter_context(closing(opening()))
        return self._models[key]

    @property
    def topic(self) -> str:
        """What the graph is about; "" while nothing was asked."""
        return self._now().topic

    @property
    def concepts(self) -> "pd.DataFrame":
        """The concepts, a DataFrame of shape (concepts, 9), index `key`, in the order in which they came."""
        return frames.concepts(self._now())

    @property
    def relations(self) -> "pd.DataFrame":
        """The relations, a DataFrame of shape (relations, 10), in the order in which they came."""
        return frames.relations(self._now())

    def trusted(self, threshold: float = TRUSTED) -> "pd.DataFrame":
        """Return the relations of at least this confidence, 0 to 1, in the columns of `relations`.

        Of a cycle of *is a* relations the weakest is left out; a threshold of 0 leaves out nothing.
        """
        return frames.relations(trusted_part(self._now(), threshold))

    def confidence(self, source: str, predicate: str, target: str) -> float:
        """Return how sure the graph is that a relation holds, 0 to 1; raises BadInput where it is not there."""
        graph = self._now()
        return confidence(graph, find_relation(graph, source, predicate, target))

    @property
    def steps(self) -> "pd.DataFrame":
        """The log, a DataFrame of shape (events, 16), index `seq`: questions, edits and thoughts with their bills."""
        return frames.steps(self.events())

    @property
    def communities(self) -> "pd.DataFrame":
        """Leiden's communities, a DataFrame of shape (communities, 5), index `community`, the largest first."""
        return frames.communities(self._now())

    @property
    def bills(self) -> "pd.DataFrame":
        """What each role of a model cost, a DataFrame of shape (roles and models, 5); their sum is the whole bill."""
        return frames.bills(self._now())

    @property
    def strategies(self) -> "pd.DataFrame":
        """What each strategy earned, a DataFrame of shape (strategies, 7), index `name`, as `graphgrow policy`."""
        return frames.strategies(self._now())

    @property
    def doubts(self) -> "pd.DataFrame":
        """Pairs that may be one concept, a DataFrame of shape (pairs, 4): decide by `edits.merge` or `apart`."""
        return frames.doubts(self._now())

    @property
    def verdict(self) -> str:
        """Whether the run has dried up or drifted: one sentence that names the sign, and since which event."""
        return monitor(self._now()).assessment.summary

    def history(self, *, every: int = 25, seed: int = 0, fits: bool = True, paths: bool = True) -> "pd.DataFrame":
        """Return the panel over the run: shape (events, 55), index `seq`, columns as in `measure.history.COLUMNS`.

        Counts stand in every row; what needs the whole graph, such as path lengths (in relations), communities and
        fits, in every `every`-th and the last, and is missing elsewhere. The store keeps these, so that the next call
        is quick. `seed` decides partitions; without `fits` the columns of power laws, which take longest in a small
        graph, are missing, without `paths` those of shortest paths, which do in a large one.
        Raises BadInput where `every` is less than 1.
        """
        from graphgrow.measure.history import history

        if every < 1:
            raise BadInput(f"a snapshot every {every} steps: give 1 or more")
        return history(self.events(), every=every, seed=seed, fits=fits, paths=paths, cache=self)

    def measure(self, *, at: int | None = None, confidence: float = 0, seed: int = 0) -> dict[str, object]:
        """Return the panel of the graph, 44 numbers by name, as it is or as it was after event `at`.

        With a `confidence` it is the panel of the topic and the relations of at least that, see `trusted`.
        Values are plain numbers, None where one is not defined, a dict for a likelihood ratio; METRICS of
        `graphgrow.measure.panel` says what each one is. Raises BadInput for an event that is not there.
        """
        from graphgrow.measure.panel import panel

        if at is None:
            graph = self._now()
        else:
            graph = fold(takewhile(lambda event: event.seq <= at, self.events()))
            if at < 0 or graph.seq < at:
                raise BadInput(f"{self.url} ends at step {graph.seq}: there is no step {at}")
        graph = trusted_part(graph, confidence)
        return panel(list(graph.concepts), graph.triples(), seed=seed)

    def nulls(self, *, samples: int = 20, seed: int = 0) -> "pd.DataFrame":
        """Compare with chance: a row per metric and null model, with observed, mean, low, high (95 %) and z.

        `samples` graphs are drawn from each model, 2 or more.
        """
        import pandas as pd

        from graphgrow.measure.nulls import nulls

        return pd.DataFrame(nulls(self._now().igraph(), samples=samples, seed=seed))

    def hubs(self, *, above: int = 5) -> "pd.DataFrame":
        """Return concepts with more than `above` neighbours, shape (hubs, 4), index `key`, most neighbours first."""
        return frames.hubs(self.events(), self._now(), above=above)

    def bridges(self, *, every: int = 25, top: int = 10) -> "pd.DataFrame":
        """Return betweenness over the run: shape (snapshots, top), index `seq`, a column per concept, by its key.

        The concepts are those with the most at the end. Values are normalised, 0 to 1, and missing where a concept is
        not in the largest component.
        """
        return frames.bridges(self.events(), every=every, top=top)

    def to_networkx(self) -> "nx.MultiDiGraph[str]":
        """Return the graph as a networkx.MultiDiGraph: nodes are keys, edges have the predicate as their key.

        Nodes have `label`, `aliases`, `degree`, `community`, `depth` (-1: not connected), `first_seq`,
        `type`; edges `predicate`, `support`, `confidence`, `events`.
        """
        return frames.to_networkx(self._now())

    def to_igraph(self) -> "igraph.Graph":
        """Return the graph as a directed igraph.Graph with parallel edges; vertex attribute `name` is the key.

        Vertices have `label`, `aliases`, `degree`, `community`, `depth` (-1: not connected), `first_seq`,
        `type`; edges `predicate`, `support` and `confidence`. Metrics are computed on its `simplify(as_undirected())`.
        """
        return frames.to_igraph(self._now())

    def draw(
        self, around: str = "", *, reach: int = 1, path: Sequence[str] = (), most: int = 300, width: int = 900
    ) -> "Picture":
        """Return a still picture, SVG of `width` pixels: the `most` connected concepts, or some near a concept or path.

        `reach` counts relations from the concept `around` or from those of `path`. Raises BadInput for a concept that
        is not there, and for an invalid size.
        """
        from graphgrow.export.svg import draw

        for what, value, least in (("reach", reach, 0), ("most", most, 1), ("width", width, 100)):
            if value < least:
                raise BadInput(f"{what}={value} draws nothing: give {least} or more")
        graph = self._now()
        keys = [find(graph, name) for name in path]
        near = [find(graph, around)] if around else []
        return draw(graph, around=near, reach=reach, path=keys, most=most, width=width)

    def import_file(
        self, path: str | Path, columns: Mapping[str, str] | None = None, *, append: bool = False
    ) -> "Import":
        """Bring a graph file in, as `graphgrow import`: names are kept, possible duplicates wait in `doubts`.

        `columns` says which column or key of the file is the `source`, `predicate`, `target`, `name` or `type`; with
        `append` a graph that is there gains what is new. Raises BadInput where the file holds no graph, or the store
        holds another one.
        """
        from graphgrow.api.imports import import_graph, title_of
        from graphgrow.export import read_file

        return import_graph(read_file(Path(path), columns), self, title_of(Path(path)), append=append)

    def grow(
        self,
        topic: str | None = None,
        llm: LLM | str | None = None,
        options: GrowthOptions | None = None,
        *,
        budget: Budget | None = None,
        **options_named: Unpack[GrowthKeywords],
    ) -> "Growth":
        """Return the growth of this graph: iterate over it for events as they are saved, or call its `run()`.

        A topic is needed only for an empty graph. Options are those of `GrowthOptions`, in an object or by name;
        limits may come as a `Budget`. Without any it does 20 steps for at most 1 USD. Raises BadInput for an invalid
        topic or option, LLMError where the model cannot be had.
        """
        return grow(topic, self, llm, options, budget=budget, opened=self._opened, **options_named)

    def export(self, path: str | Path, *, confidence: float = 0) -> Path:
        """Write the graph in the format that the file's ending names, and return the path; raises BadInput.

        With a `confidence` it is the topic and the relations of at least that, see `trusted`.
        """
        from graphgrow.export import export

        export(trusted_part(self._now(), confidence), Path(path), self.events())
        return Path(path)

    def copy(self, url: str) -> "KnowledgeGraph":
        """Copy the log to a new store, also of another kind, and return that opened; raises BadInput if it exists."""
        from graphgrow.stores.copying import copy

        other = open_store(url, create=True)
        try:
            copy(self, other)
        except GraphgrowError:
            other.close()
            raise
        return KnowledgeGraph(other)

    @property
    def _open_store(self) -> GraphStore:
        """The store, while it is open: a store in memory would look empty once closed."""
        if self._is_closed:
            raise StoreError(f"{self.url} was closed: open it again")
        return self._store

    def append(self, *events: Event) -> int:
        """Commit events in one transaction and return the last seq of the log; raises StaleGraph, StoreError."""
        return self._open_store.append(*events)

    def events(self, since: int = 0) -> Iterator[Event]:
        """Yield the events after number `since`, in order: `Expansion`, `Edit` or `ReasoningStep`."""
        return self._open_store.events(since)

    def graph(self) -> Graph:
        """Return the fold over all events, a graph of your own; `concepts` and `relations` are tables of it."""
        return self._open_store.graph()

    def records(self, since: int = 0) -> Iterator[Record]:
        """Yield the events after number `since` as they are kept, with their digests, for `graphgrow verify`."""
        return self._open_store.records(since)

    def seal(self) -> Seal | None:
        """Return how far the log goes and from where its digests vouch for it, for `graphgrow verify`."""
        return self._open_store.seal()

    def damage(self) -> str:
        """Return what is wrong with the store itself, in a sentence, "" where nothing is, for `graphgrow verify`."""
        return self._open_store.damage()

    def projection(self) -> Projection:
        """Return concepts and relations as the store itself keeps them, for `graphgrow verify`."""
        return self._open_store.projection()

    def shown(self) -> AbstractContextManager[Shown]:
        """Yield what `projection` returns row by row, to be read within the block, for `graphgrow verify`."""
        return self._open_store.shown()

    def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew a named lease for some seconds; False while somebody else holds it."""
        return self._open_store.lease(name, holder, seconds)

    def claim(
        self, holder: str, names: Collection[str] = (), seconds: float = 0.0, done: Collection[str] = ()
    ) -> dict[str, str]:
        """Take or renew claims on questions for some seconds, give back those `done`, return who has which now."""
        return self._open_store.claim(holder, names, seconds, done)

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return what `remember` has kept under the keys: what could be computed again, not part of the log."""
        return self._open_store.recall(kind, keys)

    def remember(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep results under their keys, where this user may write."""
        self._open_store.remember(kind, values)

    def index(self, above: int) -> GraphIndex | None:
        """Return the index of a graph of more than `above` concepts, None of a smaller one, for the explorer."""
        return self._open_store.index(above)

    def close(self) -> None:
        """Let go of the store, and of the models that were opened by name; calling it twice is fine."""
        self._is_closed = True
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        if self._is_closed:
            return f"<KnowledgeGraph in {line(self.url)}, closed>"
        graph = self._now()
        size = f"{len(graph.concepts):,} concepts, {len(graph.relations):,} relations, {graph.seq:,} events"
        return f"<KnowledgeGraph of {line(graph.topic)!r} in {line(self.url)}, {size}>"

    def _repr_html_(self) -> str:
        if self._is_closed:
            return card(repr(self), {})
        graph = self._now()
        hubs = sorted(graph.concepts, key=lambda key: (-graph.degree(key), key))[:HUBS]
        facts = {
            "concepts": f"{len(graph.concepts):,}",
            "relations": f"{len(graph.relations):,}, {len(trusted(graph)):,} of them trusted",
            "components": f"{len(graph.components.sizes):,}, the largest holds {graph.components.largest:,} concepts",
            "questions": f"{graph.steps:,} of {graph.seq:,} events",
            "paid": f"{graph.bill.tokens:,} tokens" + (f", {graph.bill.usd:.4f} USD" if graph.bill.usd else ""),
            "watch": monitor(graph).assessment.summary,
            "store": self.url,
        }
        rows = [(graph.name(key), graph.degree(key)) for key in hubs]
        return card(graph.topic or "An empty graph", facts, table(("most connected", "degree"), rows) if rows else "")


def open_graph(url: str | Path, *, create: bool = False) -> KnowledgeGraph:
    """Return the graph of a store, or of a run file in memory: what is done there does not reach the file.

    Raises BadInput where there is none and `create` is not set, and for a file that is no run.
    """
    url = str(url)
    if not url.endswith(RUNS):
        return KnowledgeGraph(open_store(url, create=create))
    from graphgrow.graph.events import read_events

    file = Path(url)
    if not file.is_file():
        raise BadInput(f"there is no run {file}: give the path of a .jsonl or .jsonl.gz file")
    store = open_store("memory:", create=True)
    store.append(*read_events(file))
    return KnowledgeGraph(store)
