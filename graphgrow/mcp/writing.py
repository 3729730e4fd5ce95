"""What an agent may do to a graph where it is allowed to: corrections, and growth that a model is asked for.

Each is an event that binds all later steps and can be taken back.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from threading import Lock
from typing import Annotated

from pydantic import Field

from graphgrow.api import edits
from graphgrow.errors import BudgetSpent
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Budget, Edit, Json, Usage
from graphgrow.growth.loop import grow
from graphgrow.growth.step import now
from graphgrow.llm import LLM
from graphgrow.mcp.reading import Name
from graphgrow.stores import open_store

MOST_STEPS = 50
Reason = Annotated[str, Field(description="Why; kept in the log.")]
THROUGH = "through MCP"  # why, where nobody says more


@dataclass(slots=True)
class Allowance:
    """The model that is asked, opened when it is first needed, and what may be spent on it while the server runs."""

    open: Callable[[], LLM]
    usd: float | None = None
    spent: float = 0.0
    lock: Lock = field(default_factory=Lock)
    _llm: LLM | None = None

    @property
    def llm(self) -> LLM:
        """The model."""
        self._llm = self._llm or self.open()
        return self._llm

    def left(self) -> float | None:
        """Return how many USD may still be spent, None where nothing is charged; raises BudgetSpent for none."""
        if self.usd is None or self.llm.price(Usage(1_000_000, 1_000_000)) is None:
            return None
        if self.spent >= self.usd:
            raise BudgetSpent(f"the {self.usd:g} USD of this server are spent: start it with a higher --usd")
        return self.usd - self.spent

    def close(self) -> None:
        """Close the model, if it was opened."""
        if self._llm is not None:
            self._llm.close()


class Writing:
    """The tools that change one store."""

    def __init__(self, url: str, purse: Allowance) -> None:
        self._url, self._purse = url, purse

    def merge(self, one: Name, other: Name, reason: Reason = THROUGH) -> Json:
        """Let two concepts be one, with the relations of both; the one that came first keeps its name."""
        return self._commit(lambda graph: edits.merge(graph, one, other, reason=reason))

    def unmerge(self, name: Name, reason: Reason = THROUGH) -> Json:
        """Let a name that was merged into a concept stand for itself again."""
        return self._commit(lambda graph: edits.unmerge(graph, name, reason=reason))

    def reject(self, concept: Name, reason: Reason = THROUGH) -> Json:
        """Take a concept out with its relations, and let no reply bring it in again."""
        return self._commit(lambda graph: edits.reject(graph, concept, reason=reason))

    def reject_relation(self, source: Name, predicate: str, target: Name, reason: Reason = THROUGH) -> Json:
        """Take one relation out, and let no reply bring it in again; its concepts stay."""
        return self._commit(
            lambda graph: edits.reject_relation(
                graph, edits.find_relation(graph, source, predicate, target), reason=reason
            )
        )

    def restore(self, concept: Name, reason: Reason = THROUGH) -> Json:
        """Bring a rejected concept back, with all that was said of it."""
        with closing(open_store(self._url)) as home:
            return self._commit(lambda graph: edits.restore(graph, concept, log=home.events(), reason=reason))

    def rename(self, concept: Name, name: str, reason: Reason = THROUGH) -> Json:
        """Show a concept under another name; the old one stays a spelling of it."""
        return self._commit(lambda graph: edits.rename(graph, concept, name, reason=reason))

    def add(self, source: str, predicate: str, target: str, reason: Reason = THROUGH) -> Json:
        """Add one relation, and its concepts where they are new."""
        return self._commit(lambda graph: edits.add(graph, source, predicate, target, reason=reason))

    def grow(
        self,
        steps: Annotated[int, Field(ge=1, le=MOST_STEPS, description="How many questions to ask.")] = 5,
        topic: Annotated[str, Field(description="What an empty graph is to be about; else left out.")] = "",
    ) -> Json:
        """Let the language model of this server grow the graph: it takes time, and money if the model has a price."""
        purse = self._purse
        with purse.lock, closing(open_store(self._url)) as home:
            growth = grow(topic or None, home, purse.llm, budget=Budget(steps=steps, usd=purse.left()))
            before = growth.graph.bill.usd
            brought: list[str] = []
            try:
                for event in growth:
                    brought += [concept.name for concept in event.delta.new_concepts]
            finally:
                purse.spent += growth.graph.bill.usd - before
        return {"steps": growth.steps, "ended_by": growth.ending, "new_concepts": brought, **_sizes(growth.graph)}

    def _commit(self, decide: Callable[[Graph], Edit]) -> Json:
        with closing(open_store(self._url)) as home:
            edit, graph = edits.commit(home, decide, at=now())
        return {"event": edit.seq, "edit": edit.edit, "note": edit.note, **_sizes(graph)}


def _sizes(graph: Graph) -> Json:
    return {"concepts": len(graph.concepts), "relations": len(graph.relations)}
