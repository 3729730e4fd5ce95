"""The whole graph as it was at some event, and what is worked out from it at a cost: kept until it is taken anew.

A structure is that of the log up to `Structure.seq`, shown as it stands by all decisions known now. When it is taken
anew follows from the number of events and concepts alone, so a run that was resumed sees what one that was never
stopped sees. Below 500 concepts that is at every event; the more concepts, the less one event changes.

Which questions are still open is that of now: an angle that a concept was not asked about from, two concepts that were
not asked about together.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar, cast

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Focus
from graphgrow.prompts.render import angles

SLOWEST = 5  # at most 2**5 = 32 events from one structure to the next
SMALL = 500  # concepts; each doubling of this doubles the events
FIXED = 0  # the seed of all that is drawn here, so that a structure follows from the log alone
ROUNDS = 5  # iterations of Leiden's method; at 10,000 concepts modularity is then within .01 of its last value
SMALLEST = 3  # concepts; one or two are no community to speak of
SAMPLE = 400  # concepts that a strategy looks at where it cannot look at all

T = TypeVar("T")


class Structure:
    """Concepts, relations and their support after event `seq`; vertices of `graph` are places in `keys`.

    `support` is by pair of vertices, the lesser first. `roles` are the kinds of relation that a vertex has, each a
    predicate and whether it starts there. `age` says in words as of when. Relations of one concept to itself are left
    out.
    """

    def __init__(self, graph: Graph, seq: int) -> None:
        import igraph

        self.seq, self.age = seq, f"as of event {seq}"
        self.keys = [key for key, since in graph.introduced.items() if since <= seq]
        self.place = {key: place for place, key in enumerate(self.keys)}
        self.roles: list[set[tuple[str, bool]]] = [set() for _ in self.keys]
        self.support: dict[tuple[int, int], int] = {}
        for relation, evidence in graph.relations.items():
            if evidence[0].seq > seq or relation.source == relation.target:
                continue
            source, target = self.place[relation.source], self.place[relation.target]
            self.roles[source].add((relation.predicate, True))
            self.roles[target].add((relation.predicate, False))
            pair = (source, target) if source < target else (target, source)
            count = sum(one.support for one in evidence if one.seq <= seq)
            self.support[pair] = self.support.get(pair, 0) + count
        self.graph = igraph.Graph(n=len(self.keys), edges=sorted(self.support))
        self.degree: list[int] = self.graph.degree()
        self._results: dict[Callable[[Structure], object], object] = {}

    def keep(self, work: "Callable[[Structure], T]") -> T:
        """Return what the work makes of this structure, done once."""
        if work not in self._results:
            self._results[work] = work(self)
        return cast("T", self._results[work])

    def pair(self, one: int, other: int) -> tuple[str, str]:
        """Return the keys of two vertices in the order that two concepts of a question have."""
        a, b = sorted((self.keys[one], self.keys[other]))
        return a, b


def structure(graph: Graph) -> Structure:
    """Return the structure that a graph's choices go by at this event."""
    seq = graph.seq - graph.seq % pace(graph.seq, len(graph.concepts))
    return cached(graph, "structure", (seq, graph.decisions), lambda: Structure(graph, seq))


def pace(seq: int, concepts: int) -> int:
    """Return how many events lie between two structures: a power of two, and never more events than there are."""
    events = 1 << min(SLOWEST, (concepts // SMALL).bit_length())
    return min(events, 1 << (max(seq, 1).bit_length() - 1))


def cached(graph: Graph, name: str, mark: object, make: Callable[[], T]) -> T:
    """Return what `make` makes, kept beside a graph under a name for as long as the mark is the same."""
    kept = graph.memo.get(name)
    if isinstance(kept, tuple) and kept[0] == mark:
        return cast("T", kept[1])
    made = make()
    graph.memo[name] = mark, made
    return made


def communities(snapshot: Structure) -> list[int]:
    """Return the number of every vertex's community, by Leiden's method with a fixed seed."""
    from graphgrow.measure.projection import leiden

    return list(leiden(snapshot.graph, FIXED, rounds=ROUNDS).membership) if snapshot.keys else []


def members(snapshot: Structure) -> list[list[int]]:
    """Return the vertices of every community, those with most neighbours inside it first, ties by key."""
    label = snapshot.keep(communities)
    inside = [0] * len(label)
    for one, other in snapshot.support:
        if label[one] == label[other]:
            inside[one] += 1
            inside[other] += 1
    groups: list[list[int]] = [[] for _ in range(max(label, default=-1) + 1)]
    for vertex in sorted(range(len(label)), key=lambda vertex: (-inside[vertex], snapshot.keys[vertex])):
        groups[label[vertex]].append(vertex)
    return groups


def foci(graph: Graph, rng: random.Random, strategy: str, ranked: Iterable[tuple[float, str, str]]) -> Iterator[Focus]:
    """Yield a focus for every (score, key, reason) that has a question left."""
    for score, key, reason in ranked:
        angle = free_angle(graph, key, rng)
        if angle is not None:
            yield Focus(strategy, (key,), reason, round(score, 4), angle)


def free_angle(graph: Graph, key: str, rng: random.Random, *preferred: str) -> str | None:
    """Return an angle this concept was not asked about from, None where there is none left.

    The general one comes first, then those that are preferred, then any of the others.
    """
    free = [angle for angle in ("general", *preferred, *angles()) if (angle, key) not in graph.asked]
    if not free or free[0] in {"general", *preferred}:
        return free[0] if free else None
    return rng.choice(free)


def is_open(graph: Graph, angle: str, one: str, other: str) -> bool:
    """Tell whether two concepts are in the graph and were not asked about together from this angle."""
    are_asked = (angle, one, other) in graph.asked or (angle, other, one) in graph.asked
    return one in graph.concepts and other in graph.concepts and not are_asked
