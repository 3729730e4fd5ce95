"""Which known concept a new name means: the index of names that `identity` decides by, kept in step with one graph."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Change, Doing
from graphgrow.resolve.identity import Decision, Lexicon, Meanings, decide


class Identifier:
    """Decides about new names of one graph; it holds nothing that the graph does not say.

    With `meanings` names are also compared by what they mean, else by how they are written alone.
    """

    def __init__(self, meanings: Meanings | None = None) -> None:
        self._meanings = meanings
        self._meant: dict[str, str] = {}  # concept -> the name that stands for it in the meanings
        self._lexicon, self._rejected = Lexicon(), Lexicon()
        self._followed: tuple[Graph | None, int, int] = None, 0, 0

    @property
    def meanings(self) -> Meanings | None:
        """What compares texts by what they mean, where this run has it."""
        return self._meanings

    def read(
        self, graph: Graph, key: Callable[[str], str], pairs: Iterable[tuple[str, str]], names: Iterable[str] = ()
    ) -> "NewNames":
        """Return what decides about the names of a reply: the `pairs` that it relates and other `names` it declares."""
        beside: defaultdict[str, set[str]] = defaultdict(set)
        wanted = dict.fromkeys(names)
        for one, other in pairs:
            wanted |= {one: None, other: None}
            beside[key(one)].add(graph.representative(key(other)))
            beside[key(other)].add(graph.representative(key(one)))
        self._follow(graph)
        if self._meanings is not None:
            self._meanings.prepare([name for name in wanted if not graph.knows(key(name))])
        return NewNames(self, graph, beside)

    def _follow(self, graph: Graph) -> None:
        """Take in what the graph has come to hold."""
        known, seq, decisions = self._followed
        if known is not graph or decisions != graph.decisions:
            self._begin(graph)
            seq = 0
        fresh: dict[str, str] = {}
        for said, spelling in graph.spellings(since=seq):
            concept = graph.representative(said)
            names = self._rejected if concept in graph.corrections.hidden else self._lexicon
            names.add(concept, *([spelling] if concept in names else [graph.name(concept), spelling]))
            if names is self._lexicon and concept not in self._meant:
                fresh[concept] = graph.name(concept)
        if self._meanings is not None:
            self._meanings.add(fresh)
            self._meant |= fresh
        self._followed = graph, graph.seq, graph.decisions

    def _begin(self, graph: Graph) -> None:
        """Forget the names, and the meanings of what is no longer a concept or has another name."""
        self._lexicon, self._rejected = Lexicon(), Lexicon()
        for key in graph.corrections.rejected:
            self._rejected.add(graph.representative(key), key)
        for key, name in list(self._meant.items()):
            if key not in graph.concepts or graph.name(key) != name:
                del self._meant[key]
                if self._meanings is not None:
                    self._meanings.remove(key)

    def decide(self, name: str, key: str, graph: Graph, beside: AbstractSet[str] = frozenset()) -> Decision:
        """Return what a name means that the graph does not know; `beside` are the keys that the reply relates it to."""

        def neighbours(other: str) -> AbstractSet[str]:
            return beside if other == key else graph.neighbours.get(other, {}).keys()

        if len(self._rejected) and (rejected := decide(name, key, self._rejected)).action == "merge":
            return rejected
        return decide(name, key, self._lexicon, neighbours, self._meanings)


class NewNames:
    """The names that one reply brings, decided by the graph's names and by each other; each is decided once."""

    def __init__(self, identifier: Identifier, graph: Graph, beside: Mapping[str, AbstractSet[str]]) -> None:
        self._identifier, self._graph, self._beside = identifier, graph, beside
        self._decided: dict[str, Decision] = {}
        self._taken = Lexicon()

    def _decide(self, name: str, key: str) -> Decision:
        """Return what a name means in the graph, whatever else the reply brings."""
        if key not in self._decided:
            beside = self._beside.get(key, frozenset())
            self._decided[key] = self._identifier.decide(name, key, self._graph, beside)
        return self._decided[key]

    def is_rejected(self, name: str, key: str) -> bool:
        """Tell whether a name that the graph does not know is another way of writing what somebody rejected."""
        if self._graph.knows(key):
            return False
        found = self._decide(name, key)
        return found.action == "merge" and found.into in self._graph.corrections.hidden

    def take(self, name: str, key: str) -> list[Change]:
        """Take in a new name, and return what the log says of it; that it stands apart goes without saying."""
        found = self._decide(name, key)
        if found.action != "merge":
            inside = decide(name, key, self._taken)
            found = inside if inside.action == "merge" or found.action == "apart" else found
        self._taken.add(key, name)
        if found.action == "apart":
            return []
        do: Doing = "merge" if found.action == "merge" else "doubt"
        return [Change(do, (key, found.into), reason=found.reason, score=round(found.score, 4))]
