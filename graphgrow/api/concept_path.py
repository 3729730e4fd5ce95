"""A path through a graph, to be looked at: its concepts, and what was said of each hop."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphgrow.graph.display import card, line, listed, table
from graphgrow.graph.graph import Graph

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class ConceptPath:
    """A path: `keys` and `names` of its concepts, and the relations of every hop with their evidence.

    A path ignores which way a relation points; `relations` says it.
    """

    keys: tuple[str, ...]
    names: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]

    @property
    def steps(self) -> int:
        """How many hops it has."""
        return max(0, len(self.keys) - 1)

    @property
    def relations(self) -> "pd.DataFrame":
        """What makes the hops, a DataFrame of shape (relations, 6).

        Columns: `hop` (from 1), `source`, `predicate`, `target` (names), `support`, `events` (a tuple of numbers).
        """
        import pandas as pd

        return pd.DataFrame(list(self.rows), columns=["hop", "source", "predicate", "target", "support", "events"])

    def __repr__(self) -> str:
        return f"<ConceptPath of {self.steps} hops: {' - '.join(map(line, self.names))}>"

    def _repr_html_(self) -> str:
        rows = [
            (row["hop"], row["source"], row["predicate"], row["target"], row["support"], listed(row["events"]))
            for row in self.rows
        ]
        heads = "hop", "source", "predicate", "target", "support", "events"
        return card(" \u2013 ".join(self.names), {"hops": self.steps}, table(heads, rows))


def concept_path(graph: Graph, keys: Sequence[str]) -> ConceptPath:
    """Return a path of keys as a ConceptPath."""
    from graphgrow.reason.paths import hops

    rows = tuple(
        {
            "hop": place,
            "source": graph.name(relation.source),
            "predicate": relation.predicate,
            "target": graph.name(relation.target),
            "support": graph.support(relation),
            "events": tuple(evidence.seq for evidence in graph.relations[relation]),
        }
        for place, hop in enumerate(hops(graph, keys), 1)
        for relation in hop.relations
    )
    return ConceptPath(tuple(keys), tuple(map(graph.name, keys)), rows)
