"""What a store shows of a graph without its log, and whether the two agree."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Event, Relation

ConceptRow = tuple[str, tuple[str, ...], int, str]  # name, aliases, first seq, type


@dataclass(frozen=True, slots=True)
class Projection:
    """Concepts as key -> (name, aliases, first seq, type); relations as relation -> (support, first seq, last seq)."""

    seq: int = 0
    concepts: dict[str, ConceptRow] = field(default_factory=dict)
    relations: dict[Relation, tuple[int, int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shown:
    """A projection row by row, for a graph of which nobody wants a second copy in memory; it can be read once."""

    seq: int
    concepts: Iterable[tuple[str, ConceptRow]]
    relations: Iterable[tuple[Relation, tuple[int, int, int]]]

    def is_of(self, graph: Graph) -> bool:
        """Tell whether these are the rows that a folded graph must have; no key comes twice."""
        concepts = relations = 0
        for key, row in self.concepts:
            known = graph.concepts.get(key)
            if known is None or row != (known.name, known.aliases, graph.introduced[key], known.type):
                return False
            concepts += 1
        for relation, span in self.relations:
            pieces = graph.relations.get(relation)
            if pieces is None or span != (sum(one.support for one in pieces), pieces[0].seq, pieces[-1].seq):
                return False
            relations += 1
        return (self.seq, concepts, relations) == (graph.seq, len(graph.concepts), len(graph.relations))


def project(graph: Graph) -> Projection:
    """Return the projection that a folded graph must have."""
    concepts = {k: (c.name, c.aliases, graph.introduced[k], c.type) for k, c in graph.concepts.items()}
    relations = {r: (graph.support(r), known[0].seq, known[-1].seq) for r, known in graph.relations.items()}
    return Projection(graph.seq, concepts, relations)


@dataclass(frozen=True, slots=True)
class Patch:
    """What has to go from a projection, and what has to be added or changed, so that it becomes another one."""

    gone_concepts: list[str]
    gone_relations: list[Relation]
    concepts: dict[str, ConceptRow]
    relations: dict[Relation, tuple[int, int, int]]


def patch(log: Iterable[Event], events: Sequence[Event]) -> tuple[Patch, Graph]:
    """Return what deciding events change in what is shown of the events of a log, and the graph after them.

    It costs as much as the graph.
    """
    graph = fold(takewhile(lambda event: event.seq < events[0].seq, log))
    before = project(graph)
    graph.apply_all(events)
    after = project(graph)
    change = Patch(
        [key for key in before.concepts if key not in after.concepts],
        [relation for relation in before.relations if relation not in after.relations],
        {key: row for key, row in after.concepts.items() if before.concepts.get(key) != row},
        {relation: row for relation, row in after.relations.items() if before.relations.get(relation) != row},
    )
    return change, graph


def differences(log: Projection, stored: Projection, most: int = 20) -> list[str]:
    """Return up to `most` sentences that say where log and projection disagree; none where they are equal."""
    sentences = [] if log.seq == stored.seq else [f"the log ends at step {log.seq}, the projection at {stored.seq}"]
    tables: tuple[tuple[str, dict[Any, Any], dict[Any, Any]], ...] = (
        ("concept", log.concepts, stored.concepts),
        ("relation", log.relations, stored.relations),
    )
    for what, logged, held in tables:
        sentences += sorted(f"{what} {key} is in the log but not in the store" for key in logged.keys() - held.keys())
        sentences += sorted(f"{what} {key} is in the store but not in the log" for key in held.keys() - logged.keys())
        both = logged.keys() & held.keys()
        sentences += sorted(f"{what} {k}: log {logged[k]}, store {held[k]}" for k in both if logged[k] != held[k])
    return sentences[:most]
