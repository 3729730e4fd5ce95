"""How near a concept is to the topic, without a model: by the words of its name and of the names beside it.

A word of the topic counts 1, one that several concepts next to the topic share counts SHARED; what a concept lacks its
neighbours lend. On the recorded run this agrees with the cosine of embeddings (all-MiniLM-L6-v2) to Pearson's r = .66,
the number of relations to the topic alone to .1. A script without blanks between words gives no words: all is equal.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from statistics import fmean

from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical
from graphgrow.policy.strategies.structure import Structure, structure

FLOOR = 0.2  # what a concept counts that has nothing to do with the topic by its words
SHARED = 0.5
SHARERS = 2  # names next to the topic with one word
SHORTEST = 3  # letters; shorter words say nothing
OWN = 2 / 3  # of the closeness is by the concept's own name
ASKED = 30  # neighbours that are looked at


class Relevance:
    """The weights of concepts in one graph; all but those of the newest concepts are as old as the structure."""

    def __init__(self, graph: Graph, found: Structure) -> None:
        self.found, self.topic = found, graph.topic
        self._graph = graph
        self._topic = graph.representative(canonical(graph.topic))
        near = Counter(word for key in self._beside(self._topic) for word in set(_words(key)))
        self._weight = {word: SHARED for word, names in near.items() if names >= SHARERS}
        self._weight |= dict.fromkeys((*_words(self._topic), *_words(canonical(graph.topic))), 1.0)
        self._old: dict[str, float] = {}

    def of(self, key: str) -> float:
        """Return the weight of a concept, from FLOOR to 1."""
        if key not in self.found.place:
            return self._closeness(key)
        if key not in self._old:
            self._old[key] = self._closeness(key)
        return self._old[key]

    def mean(self, keys: Iterable[str]) -> float:
        """Return the mean weight of several concepts."""
        return fmean(map(self.of, keys))

    def _closeness(self, key: str) -> float:
        if key == self._topic:
            return 1.0
        beside = islice((other for other in self._beside(key) if other != self._topic), ASKED)
        lent = [self._by_name(other) for other in beside]
        return FLOOR + (1 - FLOOR) * (OWN * self._by_name(key) + (1 - OWN) * (fmean(lent) if lent else 0.0))

    def _beside(self, key: str) -> Iterable[str]:
        """Return the neighbours in the structure; those of now where that does not hold the concept yet."""
        place = self.found.place.get(key)
        if place is None:
            return self._graph.neighbours.get(key, ())
        return [self.found.keys[vertex] for vertex in self.found.graph.neighbors(place)]

    def _by_name(self, key: str) -> float:
        words = _words(key)
        return fmean(self._weight.get(word, 0.0) for word in words) if words else 0.0


def _words(key: str) -> list[str]:
    return [word for word in key.split() if len(word) >= SHORTEST]


def relevance(graph: Graph) -> Relevance:
    """Return the weights that the choices at this event go by."""
    found = structure(graph)
    kept = graph.memo.get("relevance")
    if isinstance(kept, Relevance) and kept.found is found and kept.topic == graph.topic:
        return kept
    fresh = Relevance(graph, found)
    graph.memo["relevance"] = fresh
    return fresh
