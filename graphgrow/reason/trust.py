"""Which relations reasoning reads: where a graph has fact checks, those that it trusts, unless somebody says otherwise.

This is the only place that decides it: answers, ideas, discoveries and paths are handed `TrustedGraph.graph`, which
holds no other relations and no concepts that these do not join. A graph without a fact check is read as a whole.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from graphgrow.errors import BadInput
from graphgrow.graph.confidence import TRUSTED, trusted
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Json
from graphgrow.resolve.search import find

READS_ALL = "--confidence 0 reads all"


@dataclass(frozen=True, slots=True)
class TrustedGraph:
    """A graph as it was at one event, and what of it is read: `part`, with the relations of this `confidence` or more.

    The confidence is 0 where all of it is read. `sentence` says what is left out, "" where that is nothing.
    """

    whole: Graph
    part: Graph
    confidence: float
    sentence: str

    @property
    def graph(self) -> Graph:
        """What is read; raises BadInput where there are relations and none is trusted."""
        if self.whole.relations and not self.part.relations:
            raise BadInput(self.sentence)
        return self.part

    @property
    def request(self) -> Json:
        """What a task keeps of it, along with what somebody wants."""
        return {"confidence": self.confidence} if self.confidence else {}

    def find(self, name: str) -> str:
        """Return the key of the concept a person means.

        Raises BadInput where there is none, and where no relation of it is trusted.
        """
        key = find(self.whole, name)
        if key not in self.graph.concepts:
            raise BadInput(f"no relation of {self.whole.name(key)!r} is trusted")
        return key

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Let an error say what is left out, which may be its reason."""
        try:
            yield
        except BadInput as error:
            if not self.sentence or self.sentence in str(error):
                raise
            raise BadInput(f"{error} ({self.sentence})") from None


def trusted_graph(graph: Graph, confidence: float | None = None) -> TrustedGraph:
    """Return what of a graph is read: relations of at least this confidence, 0 to 1; all of it for 0.

    Without one that is TRUSTED where the graph has fact checks, else 0. It is worked out once per event. Raises
    BadInput for a number out of range.
    """
    if confidence is None:
        confidence = TRUSTED if graph.checks else 0.0
    if not 0 <= confidence <= 1:
        raise BadInput(f"a confidence of {confidence:g}: give 0 to 1")
    if not confidence:
        return TrustedGraph(graph, graph, 0.0, "")

    def read() -> TrustedGraph:
        kept, count = trusted(graph, confidence), len(graph.relations)
        some = (
            f"{len(kept):,} of {count:,} relations are trusted" if kept else f"none of {count:,} relations is trusted"
        )
        level = "" if confidence == TRUSTED else f" at a confidence of {confidence:g}"
        left_out = f"{some}{level}; {READS_ALL}" if len(kept) < count else ""
        return TrustedGraph(graph, graph.subgraph(kept), confidence, left_out)

    return graph.memo.keep("trusted", (graph.seq, graph.decisions, confidence), read)
