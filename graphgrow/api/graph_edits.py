"""`graph.edits`: what people decide about a graph, as methods that append an event and return it."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from graphgrow.api import directives, edits
from graphgrow.api.edits import BY_HAND, commit
from graphgrow.graph.events import now
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Edit
from graphgrow.stores import GraphStore

P = ParamSpec("P")


def _method(decide: Callable[Concatenate[Graph, P], Edit]) -> Callable[Concatenate["GraphEdits", P], Edit]:
    """Return a method that appends what a function decides for the graph as it stands."""

    @wraps(decide)
    def method(self: "GraphEdits", /, *args: P.args, **named: P.kwargs) -> Edit:
        return self._commit(lambda graph: decide(graph, *args, **named))

    return method


class GraphEdits:
    """What people decide about a graph, `graph.edits`: each method appends an event and returns it.

    Raises BadInput where there is nothing to decide; with `reason` the log says why.
    """

    def __init__(self, store: GraphStore) -> None:
        self._store = store

    def _commit(self, decide: Callable[[Graph], Edit]) -> Edit:
        return commit(self._store, decide, at=now())[0]

    merge = _method(edits.merge)
    unmerge = _method(edits.unmerge)
    apart = _method(edits.apart)
    doubt = _method(edits.doubt)
    rename = _method(edits.rename)
    add = _method(edits.add)
    pin = _method(directives.pin)
    unpin = _method(directives.unpin)
    forbid = _method(directives.forbid)
    allow = _method(directives.allow)
    focus = _method(directives.focus)
    instruct = _method(directives.instruct)
    withdraw = _method(directives.withdraw)

    def reject(self, name: str, predicate: str = "", target: str = "", *, reason: str = BY_HAND) -> Edit:
        """Take a concept out, or with predicate and target one relation, and let no reply bring it in again."""
        if not predicate:
            return self._commit(lambda graph: edits.reject(graph, name, reason=reason))
        return self._commit(
            lambda graph: edits.reject_relation(
                graph, edits.find_relation(graph, name, predicate, target), reason=reason
            )
        )

    def restore(self, name: str, predicate: str = "", target: str = "", *, reason: str = BY_HAND) -> Edit:
        """Bring a rejected concept or relation back, or let in what hygiene keeps out, with what was said of it."""
        if predicate:
            return self._commit(lambda graph: edits.restore_relation(graph, name, predicate, target, reason=reason))
        return self._commit(lambda graph: edits.restore(graph, name, log=self._store.events(), reason=reason))

    def retype(self, source: str, predicate: str, target: str, new: str, *, reason: str = BY_HAND) -> Edit:
        """Show a relation under the predicate `new`; what was said stays as evidence."""
        find = edits.find_relation
        return self._commit(
            lambda graph: edits.retype(graph, find(graph, source, predicate, target), new, reason=reason)
        )

    def undo(self, event: int, *, reason: str = BY_HAND) -> Edit:
        """Take an edit back, once, by the number of its event; later growth stays."""
        edit = next(self._store.events(event - 1), None) if event > 0 else None
        return self._commit(lambda graph: edits.undo(graph, edit, self._store.events, reason=reason))
