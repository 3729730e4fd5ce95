"""What is asked of a large graph in Neo4j without a fold of its log: the database answers by its own indexes.

The full-text index is brought up to date a moment after a commit.
"""

import re
import time
from collections.abc import Iterable
from typing import Any, Protocol

from neo4j import Result

from graphgrow.graph.model import Relation
from graphgrow.stores import Extent, GraphIndex, IndexedConcept, Span
from graphgrow.stores.neo4j import cypher

REST = 10  # counts are left as they are for this many times as long as counting took
LOOKED_AT = 2_000  # concepts with a word, of which those with most relations are found


class Query(Protocol):
    """Run one query about the graph of a store."""

    def __call__(self, query: Any, transform: Any, **parameters: object) -> Any:  # noqa: ANN401  # as the store's
        """Return what `transform` makes of the rows."""
        ...


class Neo4jIndex(GraphIndex):
    """The index of one graph of a database, asked by the queries of its store."""

    def __init__(self, query: Query, graph: str) -> None:
        self._query, self._graph = query, graph
        self._extent = Extent()
        self._counted, self._took = 0.0, 0.0

    def make(self) -> None:
        """Do nothing: the database keeps its indexes."""

    def refresh(self) -> Extent:
        """Return how far the graph goes; in a graph that grows, counts are taken only now and then."""
        state = self._query(cypher.FIND, Result.single)
        seq, start = int(state["version"]) if state else 0, time.monotonic()
        if seq != self._extent.seq and start - self._counted >= REST * self._took:
            counts = self._query(cypher.COUNTS, Result.single)
            self._extent = Extent(seq, counts["concepts"], counts["relations"])
            self._counted = time.monotonic()
            self._took = self._counted - start
        return self._extent

    def hubs(self, most: int) -> list[str]:
        """Return the keys of the concepts with most relations."""
        return [key for (key,) in self._query(cypher.HUBS, Result.values, most=most)]

    def neighbours(self, key: str, most: int) -> list[str]:
        """Return the keys of the concepts that one is related to, those with most relations first."""
        return [near for (near,) in self._query(cypher.NEIGHBOURS, Result.values, id=self._id(key), most=most)]

    def concepts(self, keys: Iterable[str]) -> list[IndexedConcept]:
        """Return what is known of some concepts, in their order."""
        keys = list(keys)
        rows = self._query(cypher.KNOWN, Result.values, ids=list(map(self._id, keys)))
        found = {row[0]: IndexedConcept(*row) for row in rows}
        return [found[key] for key in keys if key in found]

    def aliases(self, key: str) -> list[str]:
        """Return the other spellings of a concept."""
        return [text for (text,) in self._query(cypher.ALIASES, Result.values, id=self._id(key))]

    def relations(self, keys: Iterable[str]) -> dict[Relation, Span]:
        """Return the relations between some concepts."""
        return _spans(self._query(cypher.BETWEEN, Result.values, ids=list(map(self._id, keys))))

    def incident(self, key: str, most: int) -> dict[Relation, Span]:
        """Return the relations that begin at a concept and those that end there."""
        return _spans(self._query(cypher.INCIDENT, Result.values, id=self._id(key), most=most))

    def find(self, words: str, most: int) -> list[tuple[str, str]]:
        """Return key and spellings of the concepts that have all of these words, the last one perhaps unfinished."""
        known = re.findall(r"\w+", words.lower())  # nothing of Lucene's own language is left
        if not known:
            return []
        query = " AND ".join(known) + "*"
        rows = self._query(cypher.SPELT, Result.values, words=query, looked=LOOKED_AT, most=most)
        return [(key, spelling) for key, spelling in rows]

    def close(self) -> None:
        """Do nothing: the driver belongs to the process."""

    def _id(self, key: str) -> str:
        return cypher.identity(self._graph, key)


def _spans(rows: Iterable[list[Any]]) -> dict[Relation, Span]:
    return {Relation(source, predicate, target): (*span,) for source, predicate, target, *span in rows}
