"""What `graphgrow.open` returns: one graph with its log, as tables, numbers, pictures, and something to go on with."""

from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from graphgrow.api import convert, frames
from graphgrow.api.decisions import Decisions
from graphgrow.api.reasoning import Reasoning
from graphgrow.errors import BadInput, GraphgrowError
from graphgrow.graph.display import card, line, table
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.lookup import find
from graphgrow.graph.model import Budget
from graphgrow.llm import LLM
from graphgrow.policy.monitor import monitor

if TYPE_CHECKING:
    import igraph
    import networkx as nx
    import pandas as pd

    from graphgrow.export.svg import Picture
    from graphgrow.growth.loop import Growth

HUBS = 8  # in the card of a graph
BUDGET = Budget(steps=20, usd=1.0)


class KnowledgeGraph(Decisions, Reasoning):
    """One graph and its log, opened by `graphgrow.open`.

    It stands wherever a store is wanted, and is a context manager; `close` lets go of files, connections and models.
    Tables are made when they are asked for, of the log as it is then, so a run in another process shows in the next
    one. Columns are told in `graphgrow.home.frames.COLUMNS`. A model is given as an object of `graphgrow.open_llm`, or
    by its name, and is then opened once and closed with the graph; without one the environment decides.
    """

    @property
    def topic(self) -> str:
        """What the graph is about; "" while nothing was asked."""
        return self._now().topic

    @property
    def concepts(self) -> "pd.DataFrame":
        """The concepts, a DataFrame of shape (concepts, 8), index `key`, in the order in which they came."""
        return frames.concepts(self._now())

    @property
    def relations(self) -> "pd.DataFrame":
        """The relations, a DataFrame of shape (relations, 8), in the order in which they came."""
        return frames.relations(self._now())

    @property
    def steps(self) -> "pd.DataFrame":
        """The log, a DataFrame of shape (events, 16), index `seq`: questions, edits and thoughts with their bills."""
        return frames.steps(self.events())

    @property
    def communities(self) -> "pd.DataFrame":
        """Leiden's communities, a DataFrame of shape (communities, 5), index `community`, the largest first."""
        return frames.communities(self._now())

    @property
    def strategies(self) -> "pd.DataFrame":
        """What each strategy earned, a DataFrame of shape (strategies, 7), index `name`, as `graphgrow policy`."""
        return frames.strategies(self._now())

    @property
    def doubts(self) -> "pd.DataFrame":
        """Pairs that may be one concept, a DataFrame of shape (pairs, 4): decide each by `merge` or `apart`."""
        return frames.doubts(self._now())

    @property
    def verdict(self) -> str:
        """Whether the run has dried up or drifted: one sentence with the sign, and since which event."""
        return monitor(self._now()).assessment.summary

    def history(self, *, every: int = 25, seed: int = 0) -> "pd.DataFrame":
        """Return the panel over the run: shape (events, 55), index `seq`, columns as in `measure.history.COLUMNS`.

        Counts stand in every row; what needs the whole graph, such as path lengths (in relations), communities and
        fits, in every `every`-th and the last, and is missing elsewhere. The store keeps these, so that the next call
        is quick. `seed` decides partitions. Raises BadInput where `every` is less than 1.
        """
        from graphgrow.measure.history import history

        if every < 1:
            raise BadInput(f"a snapshot every {every} events: give 1 or more")
        return history(self.events(), every=every, seed=seed, cache=self)

    def measure(self, *, at: int | None = None, seed: int = 0) -> dict[str, object]:
        """Return the panel of the graph, 44 numbers by name, as it is or as it was after event `at`.

        Values are plain numbers, None where one is not defined, a dict for a likelihood ratio; METRICS of
        `graphgrow.report.words` says what each one is. Raises BadInput for an event that is not there.
        """
        from graphgrow.measure.panel import panel

        graph = self._now() if at is None else self._then(at)
        return panel(list(graph.concepts), graph.triples(), seed=seed)

    def _then(self, at: int) -> Graph:
        graph = fold(takewhile(lambda event: event.seq <= at, self.events()))
        if at < 0 or graph.seq < at:
            raise BadInput(f"{self.url} ends at event {graph.seq}: there is no event {at}")
        return graph

    def nulls(self, *, samples: int = 20, seed: int = 0) -> "pd.DataFrame":
        """Compare with chance: a row a metric and null model, with observed, mean, low, high (95 %) and z.

        `samples` graphs are drawn of each model, 2 or more.
        """
        import pandas as pd

        from graphgrow.measure.nulls import nulls

        return pd.DataFrame(nulls(self._now().igraph(), samples=samples, seed=seed))

    def hubs(self, *, above: int = 5) -> "pd.DataFrame":
        """Return concepts with more than `above` neighbours, shape (hubs, 4), index `key`, most neighbours first."""
        return frames.hubs(self.events(), self._now(), above=above)

    def bridges(self, *, every: int = 25, top: int = 10) -> "pd.DataFrame":
        """Return betweenness over the run: shape (snapshots, top), index `seq`, a column a concept by its key.

        The concepts are those with most of it at the end. Values are normalised, 0 to 1, and missing where a concept is
        not in the largest component.
        """
        return frames.bridges(self.events(), every=every, top=top)

    def to_networkx(self) -> "nx.MultiDiGraph[str]":
        """Return the graph as a networkx.MultiDiGraph: nodes are keys, edges have the predicate as their key.

        Nodes have `label`, `aliases`, `degree`, `community`, `depth` (-1: not connected), `first_seq`; edges
        `predicate`, `support`, `events`.
        """
        return convert.to_networkx(self._now())

    def to_igraph(self) -> "igraph.Graph":
        """Return the graph as a directed igraph.Graph with parallel edges; vertex attribute `name` is the key.

        Vertices have `label`, `aliases`, `degree`, `community`, `depth` (-1: not connected), `first_seq`; edges
        `predicate` and `support`. `simplify(as_undirected())` of it is what metrics are taken on.
        """
        return convert.to_igraph(self._now())

    def draw(
        self, around: str = "", *, reach: int = 1, path: Sequence[str] = (), most: int = 300, width: int = 900
    ) -> "Picture":
        """Return a still picture, SVG of `width` pixels: the `most` connected concepts, or those near one or a path.

        `reach` counts relations from the concept `around` or from those of `path`. Raises BadInput for a concept that
        is not there, and for a size that is none.
        """
        from graphgrow.export.svg import draw

        for what, value, least in (("reach", reach, 0), ("most", most, 1), ("width", width, 100)):
            if value < least:
                raise BadInput(f"{what}={value} draws nothing: give {least} or more")

        graph = self._now()
        keys = [find(graph, name) for name in path]
        near = [find(graph, around)] if around else []
        return draw(graph, around=near, reach=reach, path=keys, most=most, width=width)

    def grow(
        self,
        topic: str | None = None,
        llm: LLM | str | None = None,
        *,
        steps: int | None = None,
        budget: Budget | None = None,
        policy: str = "bandit",
        width: int = 1,
        seed: int = 0,
    ) -> "Growth":
        """Return the growth of this graph: iterate over it for events as they are saved, or call its `run()`.

        A topic is needed for an empty graph alone. Without `steps` and `budget` it does 20 steps for at most 1 USD.
        Raises BadInput for a topic or policy that is none, LLMError where the model cannot be had.
        """
        from graphgrow.growth.loop import grow

        if steps is not None and budget is not None:
            raise BadInput(f"{steps} steps and {budget}: give one of the two, a Budget has steps too")
        limits = budget or Budget(BUDGET.steps if steps is None else steps, usd=BUDGET.usd)
        return grow(topic, self, self._model(llm), policy=policy, budget=limits, width=width, seed=seed)

    def export(self, path: str | Path) -> Path:
        """Write the graph in the format that the file's ending names, and return the path; raises BadInput."""
        from graphgrow.export import export

        export(self._now(), Path(path), self.events())
        return Path(path)

    def copy(self, url: str) -> "KnowledgeGraph":
        """Copy the log to a new store, also of another kind, and return it opened; raises BadInput where one is."""
        from graphgrow.stores import open_store
        from graphgrow.stores.copying import copy

        other = open_store(url, create=True)
        try:
            copy(self, other)
        except GraphgrowError:
            other.close()
            raise
        return KnowledgeGraph(other)

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
            "relations": f"{len(graph.relations):,}",
            "components": f"{len(graph.components.sizes):,}, the largest holds {graph.components.largest:,} concepts",
            "questions": f"{graph.steps:,} of {graph.seq:,} events",
            "paid": f"{graph.bill.tokens:,} tokens" + (f", {graph.bill.usd:.4f} USD" if graph.bill.usd else ""),
            "watch": monitor(graph).assessment.summary,
            "store": self.url,
        }
        rows = [(graph.name(key), graph.degree(key)) for key in hubs]
        return card(graph.topic or "An empty graph", facts, table(("most connected", "degree"), rows) if rows else "")
