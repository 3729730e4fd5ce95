"""Corrections and directives by name; each is an event that binds all later steps and can be taken back."""

from collections.abc import Callable

from graphgrow.api import directives as steering_edits
from graphgrow.api import edits
from graphgrow.api.edits import BY_HAND
from graphgrow.api.followed import Followed
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Edit
from graphgrow.growth.step import now


class Decisions(Followed):
    """What people decide about a graph. Each method returns the event, and raises BadInput where nothing is to do."""

    def _decide(self, decide: Callable[[Graph], Edit]) -> Edit:
        edit, _ = edits.commit(self, decide, at=now())
        return edit

    def merge(self, one: str, other: str, *, into: str | None = None, reason: str = BY_HAND) -> Edit:
        """Let two concepts be one, with the relations of both; the one that came first stays unless `into` says so."""
        return self._decide(lambda graph: edits.merge(graph, one, other, into=into, reason=reason))

    def unmerge(self, name: str, *, reason: str = BY_HAND) -> Edit:
        """Let a name that was merged stand for itself again, with every relation that was said of it."""
        return self._decide(lambda graph: edits.unmerge(graph, name, reason=reason))

    def apart(self, one: str, other: str, *, reason: str = BY_HAND) -> Edit:
        """Decide that two concepts that look alike are two."""
        return self._decide(lambda graph: edits.apart(graph, one, other, reason=reason))

    def doubt(self, one: str, other: str, *, reason: str = BY_HAND) -> Edit:
        """Put two concepts before whoever decides whether they are one; they stand in `doubts` until then."""
        return self._decide(lambda graph: edits.doubt(graph, one, other, reason=reason))

    def reject(self, name: str, predicate: str = "", target: str = "", *, reason: str = BY_HAND) -> Edit:
        """Take a concept out, or with predicate and target one relation, and let no reply bring it in again."""
        if not predicate:
            return self._decide(lambda graph: edits.reject(graph, name, reason=reason))
        return self._decide(
            lambda graph: edits.reject_relation(
                graph, edits.find_relation(graph, name, predicate, target), reason=reason
            )
        )

    def restore(self, name: str, predicate: str = "", target: str = "", *, reason: str = BY_HAND) -> Edit:
        """Bring a rejected concept or relation back, or let in what hygiene keeps out, with what was said of it."""
        if predicate:
            return self._decide(lambda graph: edits.restore_relation(graph, name, predicate, target, reason=reason))
        return self._decide(lambda graph: edits.restore(graph, name, log=self.events(), reason=reason))

    def rename(self, name: str, new: str, *, reason: str = BY_HAND) -> Edit:
        """Show a concept under another name, and know it by that name too."""
        return self._decide(lambda graph: edits.rename(graph, name, new, reason=reason))

    def retype(self, source: str, predicate: str, target: str, new: str, *, reason: str = BY_HAND) -> Edit:
        """Show a relation under the predicate `new`; what was said stays as evidence."""
        return self._decide(
            lambda graph: edits.retype(graph, edits.find_relation(graph, source, predicate, target), new, reason=reason)
        )

    def add(self, source: str, predicate: str, target: str, *, reason: str = BY_HAND) -> Edit:
        """Add one relation, and its concepts where they are new."""
        return self._decide(lambda graph: edits.add(graph, source, predicate, target, reason=reason))

    def pin(self, name: str, *, reason: str = "") -> Edit:
        """Give a concept every third question, for as long as there is one left about it."""
        return self._decide(lambda graph: steering_edits.pin(graph, name, reason=reason))

    def unpin(self, name: str, *, reason: str = "") -> Edit:
        """Leave a pinned concept to the policy again."""
        return self._decide(lambda graph: steering_edits.unpin(graph, name, reason=reason))

    def forbid(self, name: str, *, reason: str = "") -> Edit:
        """Ask no more about a concept; it stays in the graph."""
        return self._decide(lambda graph: steering_edits.forbid(graph, name, reason=reason))

    def allow(self, name: str, *, reason: str = "") -> Edit:
        """Let questions be asked about a forbidden concept again."""
        return self._decide(lambda graph: steering_edits.allow(graph, name, reason=reason))

    def focus(self, name: str, other: str = "", *, reason: str = "") -> Edit:
        """Let the next question be about a concept, or about how two are connected, whatever the policy."""
        return self._decide(lambda graph: steering_edits.focus(graph, name, other, reason=reason))

    def instruct(self, text: str, *, concept: str = "", community: str = "", steps: int = 0, reason: str = "") -> Edit:
        """Send an instruction with questions: all, those about a concept, or about a community named by a concept.

        With `steps` it goes with so many of these questions, else with all of them until it is withdrawn.
        """
        return self._decide(
            lambda graph: steering_edits.instruct(
                graph, text, concept=concept, community=community, steps=steps, reason=reason
            )
        )

    def withdraw(self, event: int, *, reason: str = "") -> Edit:
        """Take back what an event, by its number, wished for."""
        return self._decide(lambda graph: steering_edits.withdraw(graph, event, reason=reason))
