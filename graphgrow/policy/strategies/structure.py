"""The whole graph as it was at some event, and what is worked out from it at a cost: kept until it is taken anew.

A structure is that of the log up to `Structure.seq`, shown as it stands by all decisions known now. When it is taken
anew follows from the number of events and concepts alone, so a run that was resumed sees what one that was never
stopped sees. Below 500 concepts that is at every event; the more concepts, the less one event changes.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, cast

from graphgrow.graph.graph import Graph

if TYPE_CHECKING:
    import igraph

SLOWEST = 5  # at most 2**5 = 32 events from one structure to the next
SMALL = 500  # concepts; each doubling of this doubles the events
FIXED = 0  # the seed of all that is drawn here, so that a structure follows from the log alone
ROUNDS = 5  # iterations of Leiden's method; at 10,000 concepts modularity is then within .01 of its last value
SMALLEST = 3  # concepts; one or two are no community to speak of

T = TypeVar("T")
Work = Callable[["Structure"], object]


class Structure:
    """Concepts, relations and their support after event `seq`; vertices of `graph` are places in `keys`.

    Relations of one concept to itself are left out.
    """

    def __init__(self, graph: Graph, seq: int) -> None:
        self.seq = seq
        self.keys = [key for key, since in graph.introduced.items() if since <= seq]
        self.place = {key: place for place, key in enumerate(self.keys)}
        self.roles: list[set[tuple[str, bool]]] = [set() for _ in self.keys]
        self.support: dict[tuple[int, int], int] = {}
        self._kept: dict[Work, object] = {}
        self._take(graph)
        self.graph = _simple(len(self.keys), self.support)
        self.degree: list[int] = self.graph.degree()

    def _take(self, graph: Graph) -> None:
        for relation, evidence in graph.relations.items():
            if evidence[0].seq > self.seq or relation.source == relation.target:
                continue
            source, target = self.place[relation.source], self.place[relation.target]
            self.roles[source].add((relation.predicate, True))
            self.roles[target].add((relation.predicate, False))
            pair = (source, target) if source < target else (target, source)
            said = sum(one.support for one in evidence if one.seq <= self.seq)
            self.support[pair] = self.support.get(pair, 0) + said

    def keep(self, work: Callable[["Structure"], T]) -> T:
        """Return what the work makes of this structure, done once."""
        if work not in self._kept:
            self._kept[work] = work(self)
        return cast("T", self._kept[work])

    def pair(self, one: int, other: int) -> tuple[str, str]:
        """Return the keys of two vertices in the order that two concepts of a question have."""
        a, b = sorted((self.keys[one], self.keys[other]))
        return a, b

    @property
    def age(self) -> str:
        """Words that say as of when."""
        return f"as of event {self.seq}"


def _simple(count: int, pairs: dict[tuple[int, int], int]) -> "igraph.Graph":
    import igraph

    return igraph.Graph(n=count, edges=sorted(pairs))


def structure(graph: Graph) -> Structure:
    """Return the structure that a graph's choices go by at this event."""
    seq = graph.seq - graph.seq % pace(graph.seq, len(graph.concepts))
    mark = seq, graph.decisions
    kept = graph.memo.get("structure")
    if isinstance(kept, tuple) and kept[0] == mark:
        return cast("Structure", kept[1])
    found = Structure(graph, seq)
    graph.memo["structure"] = mark, found
    return found


def pace(seq: int, concepts: int) -> int:
    """Return how many events lie between two structures: a power of two, and never more events than there are."""
    wanted = 1 << min(SLOWEST, (concepts // SMALL).bit_length())
    return min(wanted, 1 << (max(seq, 1).bit_length() - 1))


def communities(found: Structure) -> list[int]:
    """Return the number of every vertex's community, by Leiden's method with a fixed seed."""
    from graphgrow.measure.projection import leiden

    return list(leiden(found.graph, FIXED, rounds=ROUNDS).membership) if found.keys else []


def members(found: Structure) -> list[list[int]]:
    """Return the vertices of every community, those with most neighbours inside it first, ties by key."""
    label = found.keep(communities)
    inside = [0] * len(label)
    for one, other in found.support:
        if label[one] == label[other]:
            inside[one] += 1
            inside[other] += 1
    groups: list[list[int]] = [[] for _ in range(max(label, default=-1) + 1)]
    for vertex in sorted(range(len(label)), key=lambda vertex: (-inside[vertex], found.keys[vertex])):
        groups[label[vertex]].append(vertex)
    return groups
