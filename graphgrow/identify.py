"""Which known concept a new name means: the index of names that `identity` decides by, kept in step with one graph."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from graphgrow.graph import Graph
from graphgrow.identity import Decision, Lexicon, Meanings, decide
from graphgrow.names import canonical


class Identifier:
    """Decides about new names of one graph; it holds nothing that the graph does not say.

    With `meanings` names are also compared by what they mean, else by how they are written alone.
    """

    def __init__(self, meanings: Meanings | None = None) -> None:
        self._meanings = meanings
        self._lexicon = Lexicon()
        self._followed: tuple[Graph | None, int, int] = None, 0, 0

    def follow(self, graph: Graph, names: Iterable[str] = ()) -> None:
        """Take in what the graph has come to hold; `names` are those that will be asked about."""
        known, seq, decisions = self._followed
        if known is not graph or decisions != graph.decisions:
            self._lexicon, seq = Lexicon(), 0
        fresh: dict[str, str] = {}
        for key, spelling in graph.spellings(since=seq):
            concept = graph.standing.find(key)
            self._lexicon.add(
                concept, *([graph.name(concept), spelling] if concept not in self._lexicon else [spelling])
            )
            fresh.setdefault(concept, graph.name(concept))
        if self._meanings is not None:
            self._meanings.add({key: name for key, name in fresh.items() if key not in self._meanings})
            self._meanings.prepare([name for name in names if not graph.knows(canonical(name))])
        self._followed = graph, graph.seq, graph.decisions

    def decide(self, name: str, key: str, graph: Graph, beside: AbstractSet[str] = frozenset()) -> Decision:
        """Return what a name means that the graph does not know; `beside` are the keys that the reply relates it to."""

        def neighbours(other: str) -> AbstractSet[str]:
            return beside if other == key else graph.neighbours.get(other, {}).keys()

        found = decide(name, key, self._lexicon, neighbours, self._meanings)
        if found.action != "apart" and graph.standing.are_apart(key, found.into):
            return Decision("apart", "", found.score, f"{name} was decided to be another concept.")
        return found
