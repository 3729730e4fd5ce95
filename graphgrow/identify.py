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
        self._meant: dict[str, str] = {}  # concept -> the name that stands for it in the meanings
        self._lexicon, self._rejected = Lexicon(), Lexicon()
        self._followed: tuple[Graph | None, int, int] = None, 0, 0

    def follow(self, graph: Graph, names: Iterable[str] = ()) -> None:
        """Take in what the graph has come to hold; `names` are those that will be asked about."""
        known, seq, decisions = self._followed
        if known is not graph or decisions != graph.decisions:
            self._begin(graph)
            seq = 0
        for key, spelling in graph.spellings(since=seq):
            self._add(graph.standing.find(key), spelling, graph)
        if self._meanings is not None:
            fresh = {key: graph.name(key) for key in self._lexicon.keys() - self._meant.keys()}
            self._meanings.add(fresh)
            self._meant |= fresh
            self._meanings.prepare([name for name in names if not graph.knows(canonical(name))])
        self._followed = graph, graph.seq, graph.decisions

    def _begin(self, graph: Graph) -> None:
        """Forget the names, and the meanings of what is no longer a concept or has another name."""
        self._lexicon, self._rejected = Lexicon(), Lexicon()
        for key in graph.standing.rejected:
            self._rejected.add(graph.standing.find(key), key)
        for key, name in list(self._meant.items()):
            if key not in graph.concepts or graph.name(key) != name:
                del self._meant[key]
                if self._meanings is not None:
                    self._meanings.remove(key)

    def _add(self, concept: str, spelling: str, graph: Graph) -> None:
        names = self._rejected if concept in graph.standing.hidden else self._lexicon
        names.add(concept, *([spelling] if concept in names else [graph.name(concept), spelling]))

    def decide(self, name: str, key: str, graph: Graph, beside: AbstractSet[str] = frozenset()) -> Decision:
        """Return what a name means that the graph does not know; `beside` are the keys that the reply relates it to."""

        def neighbours(other: str) -> AbstractSet[str]:
            return beside if other == key else graph.neighbours.get(other, {}).keys()

        rejected = decide(name, key, self._rejected)
        if rejected.action == "merge":
            return rejected
        return decide(name, key, self._lexicon, neighbours, self._meanings)
