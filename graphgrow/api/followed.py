"""A store that is followed: every method of the store, and the graph that its log describes now."""

import os
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Self

from graphgrow.api.models import open_llm
from graphgrow.errors import StoreError
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Event
from graphgrow.llm import LLM
from graphgrow.stores import GraphStore
from graphgrow.stores.projection import Projection


class Followed:
    """A GraphStore that can be read as a graph; it also closes the models that it opened by their names."""

    def __init__(self, store: GraphStore) -> None:
        self.url = store.url
        self._store = store
        self._seen: Graph | None = None
        self._models: dict[str | None, LLM] = {}
        self._is_closed = False

    def _now(self) -> Graph:
        """Return the graph as the log leaves it now, whoever wrote to it; it is for reading only."""
        seen, self._seen = self._seen, None  # what fails half-way is not kept
        if seen is None:
            seen = self.graph()
        else:
            seen.apply_all(self.events(seen.seq))
        self._seen = seen
        return seen

    @property
    def _home(self) -> GraphStore:
        """The store, while it is open: a closed one in memory would look empty."""
        if self._is_closed:
            raise StoreError(f"{self.url} was closed: open it again")
        return self._store

    def _model(self, llm: LLM | str | None) -> LLM:
        """Return a model as it is, or the one of a name, opened once and closed with the graph."""
        if llm is not None and not isinstance(llm, str):
            return llm
        if llm not in self._models:
            self._models[llm] = open_llm(llm, env=os.environ)
        return self._models[llm]

    def append(self, *events: Event) -> int:
        """Commit events in one transaction and return the last seq of the log; raises StaleGraph, StoreError."""
        return self._home.append(*events)

    def events(self, since: int = 0) -> Iterator[Event]:
        """Yield the events after number `since`, in order: `Expansion`, `Edit` or `ReasoningStep`."""
        return self._home.events(since)

    def graph(self) -> Graph:
        """Return the fold over all events, a graph of your own; `concepts` and `relations` are tables of it."""
        return self._home.graph()

    def projection(self) -> Projection:
        """Return concepts and relations as the store itself keeps them, for `graphgrow verify`."""
        return self._home.projection()

    def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew a named lease for some seconds; False while somebody else holds it."""
        return self._home.lease(name, holder, seconds)

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return what `remember` has kept of the keys: what could be computed again, no part of the log."""
        return self._home.recall(kind, keys)

    def remember(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep results under their keys, where this user may write."""
        self._home.remember(kind, values)

    def close(self) -> None:
        """Let go of the store, and of the models that were opened by name; calling it twice is fine."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            for model in self._models.values():
                model.close()
        finally:
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
