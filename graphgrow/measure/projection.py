"""The whole graph in igraph: the simple undirected projection, which metrics are taken on, and its structure.

igraph has one generator for the whole process; `seeded` lends it a seed of ours.

A structure is that of the log up to `Structure.seq`, shown by all decisions known now, with what is costly to work out
from it; it is kept until it is taken anew. When that happens follows from the number of events and concepts alone, so a
run that was resumed sees what one that was never stopped sees. Below 500 concepts it is at every event; the more
concepts, the less one event changes.
"""

import random
import threading
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, cast

from graphgrow.graph.graph import Graph
from graphgrow.graph.kept import pack_arrays, restored, save, unpack_arrays
from graphgrow.graph.model import Relation

if TYPE_CHECKING:
    import igraph as ig

_GENERATOR = threading.Lock()
_ROUNDING = 1e-12  # modularity that rises by less is the same one, computed twice
SLOWEST = 12  # at most 2**12 events from one structure to the next: by then about one concept in a hundred is new
SMALL = 500  # concepts; each doubling of this doubles the events
FIXED = 0  # the seed of all that is drawn for a structure, so that it follows from the log alone
ROUNDS = 5  # iterations of Leiden's method; at 10,000 concepts modularity is then within .01 of its last value
_KIND = "structure 2"  # under which a store keeps one; another format has another number
_HALF = 32  # bits of a number that two places make
SMALLEST = 3  # concepts; one or two are no community to speak of

T = TypeVar("T")


def simple_graph(concepts: Iterable[str], pairs: Iterable[tuple[str, str]]) -> "ig.Graph":
    """Return the simple undirected projection of ordered pairs of concepts: loops dropped, both directions one edge."""
    import igraph as ig

    vertex = {key: number for number, key in enumerate(concepts)}
    edges = {(min(a, b), max(a, b)) for s, t in pairs if (a := vertex[s]) != (b := vertex[t])}
    return ig.Graph(n=len(vertex), edges=sorted(edges))


def largest_component(graph: "ig.Graph") -> tuple[list[int], "ig.Graph"]:
    """Return the vertices of the largest component, ascending, and the component with its vertices in that order."""
    vertices = sorted(max(graph.connected_components(), key=len, default=()))
    return vertices, graph.induced_subgraph(vertices)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Let everything igraph draws in the block follow from a seed; one block at a time in a process."""
    import igraph as ig

    with _GENERATOR:
        ig.set_random_number_generator(random.Random(seed))
        try:
            yield
        finally:
            ig.set_random_number_generator(random)


def leiden(
    graph: "ig.Graph", seed: int, start: Sequence[int] | None = None, *, rounds: int | None = None
) -> "ig.VertexClustering":
    """Return Leiden's communities as igraph has them; `leiden_labels` says how they are found."""
    import igraph as ig

    return ig.VertexClustering(graph, leiden_labels(graph, seed, start, rounds=rounds))


def leiden_labels(
    graph: "ig.Graph", seed: int, start: Sequence[int] | None = None, *, rounds: int | None = None
) -> list[int]:
    """Return Leiden's communities (Traag, Waltman, van Eck 2019) after the last iteration that raised modularity.

    The result is a label per vertex. `start` are labels to start from, returned where no iteration raises it; `rounds`
    is the most iterations, for those who cannot wait. igraph's own "until nothing changes" (n_iterations=-1) need not
    end, on graphs of seven nodes already: the labels may go on changing while their modularity stays as it is.
    """
    import igraph as ig

    def once(before: Sequence[int] | None) -> list[int]:
        """Return the labels after one iteration, without igraph's clustering about them, which takes as long."""
        labels, _ = ig.GraphBase.community_leiden(
            graph, normalize_resolution=True, resolution=1.0, beta=0.01, initial_membership=before, n_iterations=1
        )
        return cast("list[int]", labels)

    with seeded(seed):
        best, done = (list(start), 0) if start is not None else (once(None), 1)
        quality = graph.modularity(best)
        while done != rounds:
            later = once(best)
            risen = graph.modularity(later)
            if not risen > quality + _ROUNDING:
                break
            best, quality, done = later, risen, done + 1
    return best


@dataclass(slots=True)
class Counts:
    """What a structure is counted from, after event `seq`: so a later one counts only what came since.

    `said` has source, predicate and target of every relation in turn, as numbers: concepts in order of arrival, and
    `predicates`. `pairs` are the related pairs of concepts, ascending, each as one number: the lesser concept times
    2**32, and the other. `support` is how often each was said. `saved` is the event at which a store kept it.
    """

    seq: int = 0
    predicates: dict[str, int] = field(default_factory=dict)
    said: "array[int]" = field(default_factory=lambda: array("I"))
    pairs: "array[int]" = field(default_factory=lambda: array("Q"))
    support: "array[int]" = field(default_factory=lambda: array("Q"))
    saved: int = 0

    def dump(self) -> bytes:
        """Return all of it in bytes, which `restored` reads."""
        return pack_arrays((self.seq, list(self.predicates)), self.said, self.pairs, self.support)

    @classmethod
    def restored(cls, data: memoryview, saved: int) -> "Counts":
        """Return the counts of which `dump` made these bytes; raises ValueError or TypeError for any others."""
        (seq, predicates), (said, pairs, support) = unpack_arrays(data, "IQQ")
        return cls(seq, {name: number for number, name in enumerate(predicates)}, said, pairs, support, saved)


class Structure:
    """Concepts, relations and their support after event `seq`; vertices of `graph` are places in `keys`.

    `edges` are those of `graph`, a row of two vertices each, the lesser first, ascending; `support` is how often each
    was said. `roles` are the kinds of relation that a vertex has, each a predicate and whether it starts there. `age`
    says in words as of when. Relations of one concept to itself are left out. What was counted `before` is not counted
    again, as long as nothing was decided since.
    """

    def __init__(self, graph: Graph, seq: int, before: Counts | None = None) -> None:
        import igraph as ig
        import numpy as np

        self.seq, self.age = seq, f"as of step {seq}"
        self.keys = [key for key, since in graph.introduced.items() if since <= seq]
        self.place = place = {key: at for at, key in enumerate(self.keys)}
        if before:
            counts = Counts(
                seq, {**before.predicates}, before.said[:], before.pairs[:], before.support[:], before.saved
            )
            deltas = ((step.seq, graph.corrections.divide(step.delta)) for step in graph.past[before.seq : seq])
            told = ((since, one) for since, delta in deltas for one in (*delta.relations, *delta.support))
            shown = ((graph.corrections.shown(one.relation), since, one.support) for since, one in told)
            rows = ((one, count, graph.relations[one][0].seq == since) for one, since, count in shown if one)
        else:
            counts = Counts(seq)
            first = ((one, pieces) for one, pieces in graph.relations.items() if pieces[0].seq <= seq)
            rows = ((one, sum(it.support for it in pieces if it.seq <= seq), True) for one, pieces in first)
        for relation, count, is_first in rows:
            if relation.source == relation.target:
                continue
            source, target = place[relation.source], place[relation.target]
            if is_first:
                predicate = counts.predicates.setdefault(relation.predicate, len(counts.predicates))
                counts.said.extend((source, predicate, target))
            counts.pairs.append(min(source, target) << _HALF | max(source, target))
            counts.support.append(count)
        pairs, at = np.unique(np.array(counts.pairs), return_inverse=True)
        self.support = np.bincount(at, np.array(counts.support), len(pairs)).astype(np.int64)
        counts.pairs, counts.support = array("Q", pairs.tobytes()), array("Q", self.support.tobytes())
        self.edges = np.stack((pairs >> _HALF, pairs & ((1 << _HALF) - 1)), axis=1).astype(np.int64)
        self.counts = counts
        self.graph = ig.Graph(n=len(self.keys), edges=self.edges)
        self.degree: list[int] = self.graph.degree()
        self._results: dict[Callable[[Structure], object], object] = {}

    @cached_property
    def roles(self) -> list[set[tuple[str, bool]]]:
        """The kinds of relation of every vertex."""
        names, roles = list(self.counts.predicates), [set[tuple[str, bool]]() for _ in self.keys]
        said = iter(self.counts.said)
        for source, predicate, target in zip(said, said, said, strict=True):
            roles[source].add((names[predicate], True))
            roles[target].add((names[predicate], False))
        return roles

    @cached_property
    def communities(self) -> list[int]:
        """The number of every vertex's community, by Leiden's method with a fixed seed."""
        return list(leiden(self.graph, FIXED, rounds=ROUNDS).membership) if self.keys else []

    def keep(self, work: "Callable[[Structure], T]") -> T:
        """Return what the work makes of this structure, done once."""
        if work not in self._results:
            self._results[work] = work(self)
        return cast("T", self._results[work])

    def edge(self, relation: Relation) -> int:
        """Return the number of the edge between the concepts of a relation, -1 where there is none."""
        ends, pairs = [self.place.get(key, -1) for key in relation.ends], self.counts.pairs
        pair = min(ends) << _HALF | max(ends)
        at = bisect_left(pairs, pair)
        return at if at < len(pairs) and pairs[at] == pair else -1

    def pair(self, one: int, other: int) -> tuple[str, str]:
        """Return the keys of two vertices in the order that two concepts of a question have."""
        a, b = sorted((self.keys[one], self.keys[other]))
        return a, b


def structure(graph: Graph) -> Structure:
    """Return the structure that a graph's choices go by at this event."""
    seq = graph.seq - graph.seq % pace(graph.seq, len(graph.concepts))

    def taken() -> Structure:
        known = graph.memo.pop("structure", None)  # all but its counts is released before the next one is made
        before = known[1].counts if isinstance(known, tuple) and known[0][1] == graph.decisions else None
        del known
        before = before or restored(graph, _KIND, Counts.restored, as_shown=True)
        made = Structure(graph, seq, before if before and before.seq <= seq else None)
        save(graph, _KIND, made.counts)
        return made

    return graph.memo.keep("structure", (seq, graph.decisions), taken)


def pace(seq: int, concepts: int) -> int:
    """Return how many events lie between two structures: a power of two, and never more events than there are."""
    events = 1 << min(SLOWEST, (concepts // SMALL).bit_length())
    return min(events, 1 << (max(seq, 1).bit_length() - 1))


def members(snapshot: Structure) -> list[list[int]]:
    """Return the vertices of every community, those with most neighbours inside it first, ties by key."""
    import numpy as np

    label = snapshot.communities
    is_inside = np.equal(*np.array(label, np.int64)[snapshot.edges.T])
    inside = np.bincount(snapshot.edges[is_inside].ravel(), minlength=len(label)).tolist()
    groups: list[list[int]] = [[] for _ in range(max(label, default=-1) + 1)]
    for vertex in sorted(range(len(label)), key=lambda vertex: (-inside[vertex], snapshot.keys[vertex])):
        groups[label[vertex]].append(vertex)
    return groups
