"""A graph as it grows: counts kept up to date by each new edge, and what is followed from snapshot to snapshot.

Hubs and when they emerged, betweenness of the top bridges, and the distance of fixed pairs: pairs drawn anew at every
step would measure which concepts are new rather than what became of the old.
"""

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import igraph as ig

from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.indexes import Components
from graphgrow.graph.model import Event, Relation
from graphgrow.measure.paths import betweenness, sample
from graphgrow.measure.projection import largest_component

EMERGED = 5  # relations; the paper counts a concept as a hub from the first above it
FEWEST = 20  # concepts of the largest component for a panel of pairs; among fewer all paths are short

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Hub:
    """A concept that came to have more than EMERGED neighbours: when it entered, when it passed them, how many now."""

    concept: str
    introduced: int
    emerged: int
    degree: int


@dataclass(frozen=True, slots=True)
class BridgeRow:
    """Normalised betweenness of some concepts after an event; None where one is not in the largest component.

    `sampled_sources` is 0 where it is exact.
    """

    seq: int
    betweenness: dict[str, float | None]
    sampled_sources: int


@dataclass(frozen=True, slots=True)
class PairRow:
    """The panel of pairs after an event: how many pairs it has, how many of them a path connects.

    `mean_length` is the mean shortest path, in relations, of those that were connected in the first row, whose
    `connected` is their number; None where there are none.
    """

    seq: int
    pairs: int
    connected: int
    mean_length: float | None


class GrowingGraph:
    """The simple undirected projection of a log of events, with the counts that its metrics are made of.

    `near` is concept -> its neighbours, `vertex` concept -> its number, `edges` are pairs of vertices in order of
    arrival. An edge costs the degrees of its ends. Everything is a whole number, so nothing drifts from what it stands
    for.
    """

    def __init__(self) -> None:
        self.graph = Graph()
        self._clear()

    def _clear(self) -> None:
        self.near: dict[str, set[str]] = {}
        self.edges: list[tuple[int, int]] = []
        self.vertex: dict[str, int] = {}
        self.connected_pairs = 0
        self._triangles = self._max_degree = 0
        self._corners: defaultdict[str, int] = defaultdict(int)
        self._by_degree: defaultdict[int, int] = defaultdict(int)  # degree -> the corners of all concepts that have it
        self._wedges = self._squares = self._cubes = self._products = 0
        self._components = Components[str]()
        self._inside: dict[str, tuple[int, int]] = {}  # component -> (minus the vertex of its first concept, edges)
        self._largest = ""  # component

    def take(self, event: Event) -> bool:
        """Add what an event brought; True where it decided about earlier ones and everything was counted anew."""
        decisions = self.graph.decisions
        self.graph.apply(event)
        if self.graph.decisions != decisions:
            self._clear()
            self._add(self.graph.concepts, self.graph.relations)
            return True
        shown = self.graph.corrections.delta(event.delta)
        self._add((concept.key for concept in shown.concepts), (statement.relation for statement in shown.relations))
        return False

    def _add(self, concepts: Iterable[str], relations: Iterable[Relation]) -> None:
        components = self._components
        for key in concepts:
            if key not in self.near:
                self.near[key] = set()
                self.vertex[key] = len(self.vertex)
                components.add(key)
                self._inside[key] = (-self.vertex[key], 0)
                self._largest = self._largest or key
        for relation in relations:
            one, other = relation.ends
            near, there = self.near[one], self.near[other]
            if one == other or other in near:
                continue
            for key, known in ((one, near), (other, there)):
                self._by_degree[len(known)] -= self._corners[key]
            for common in near & there:
                self._triangles += 1
                self._by_degree[len(self.near[common])] += 1
                for corner in (common, one, other):
                    self._corners[corner] += 1
            for degree in (len(near), len(there)):  # what one more changes in sums over degrees
                self._wedges += degree
                self._squares += 2 * degree + 1
                self._cubes += 3 * degree * (degree + 1) + 1
            self._products += sum(len(self.near[key]) for ends in (near, there) for key in ends)
            near.add(other)
            there.add(one)
            for key, known in ((one, near), (other, there)):
                self._by_degree[len(known)] += self._corners[key]
            self._products += len(near) * len(there)
            self._max_degree = max(self._max_degree, len(near), len(there))
            self.edges.append((self.vertex[one], self.vertex[other]))
            parts = {components.find(one), components.find(other)}
            if len(parts) > 1:  # components of size a and b become one, which connects a times b pairs
                self.connected_pairs += math.prod(components.sizes[part] for part in parts)
                components.join(one, other)
            about = [self._inside.pop(part) for part in parts]
            joined = components.find(one)
            self._inside[joined] = max(first for first, _ in about), 1 + sum(edges for _, edges in about)
            if self._largest in parts or self._rank(joined) > self._rank(self._largest):
                self._largest = joined

    def _rank(self, component: str) -> tuple[int, int, int]:
        """Return what the largest component has most of: concepts, of as many the first of all; and its edges."""
        return (self._components.sizes[component], *self._inside[component])

    def row(self) -> dict[str, object]:
        """Return metric -> value by the names of the panel, and the pairs of concepts that a path connects."""
        nodes, edges = len(self.near), len(self.edges)
        sizes = self._components.sizes
        size, _, inside = self._rank(self._largest) if nodes else (0, 0, 0)
        clustering = sum(2 * n / (degree * (degree - 1)) for degree, n in sorted(self._by_degree.items()) if n)
        spread = 2 * edges * self._cubes - self._squares**2  # Pearson's r over the ends of edges (Newman 2002)
        return {
            "simple_edges": edges,
            "max_degree": self._max_degree if nodes else None,
            "components": len(sizes),
            "lcc_nodes": size,
            "lcc_edges": inside,
            "density": 2 * edges / (nodes * (nodes - 1)) if nodes > 1 else None,
            "average_clustering": clustering / nodes if nodes else None,
            "transitivity": 3 * self._triangles / self._wedges if self._wedges else None,
            "triangles": self._triangles,
            "degree_assortativity": (4 * edges * self._products - self._squares**2) / spread if spread else None,
            "connected_pairs": self.connected_pairs,
        }

    def igraph(self) -> ig.Graph:
        """Return it as it is now."""
        return ig.Graph(n=len(self.near), edges=self.edges)


def snapshots(events: Iterable[Event], *, every: int = 25) -> Iterator[tuple[int, GrowingGraph]]:
    """Yield (seq, graph so far) after every `every`-th event and after the last; it is one graph that grows on.

    Raises:
        BadInput: `every` is less than 1.
    """
    if every < 1:
        raise BadInput(f"a snapshot every {every} steps: give 1 or more")
    growing, seq, done = GrowingGraph(), 0, 0
    for event in events:
        growing.take(event)
        seq = event.seq
        if seq % every == 0:
            yield seq, growing
            done = seq
    if seq != done:
        yield seq, growing


def hubs(events: Iterable[Event], *, above: int = EMERGED) -> list[Hub]:
    """Return the concepts that came to have more than `above` neighbours, in the order in which they did.

    Those that are not in the graph at the end, because they were merged or rejected, are left out.
    """
    growing, emerged = GrowingGraph(), dict[str, int]()
    for event in events:
        is_anew = growing.take(event)
        ends = [growing.graph.representative(key) for one in event.delta.statements for key in one.relation.ends]
        for key in sorted(growing.near if is_anew else ends):
            if len(growing.near.get(key, ())) > above:
                emerged.setdefault(key, event.seq)
    introduced, near = growing.graph.introduced, growing.near
    return [Hub(key, introduced[key], seq, len(near[key])) for key, seq in emerged.items() if key in near]


def top_bridges(events: Iterable[Event], *, every: int = 25, top: int = 10, seed: int = 0) -> list[BridgeRow]:
    """Return a row per snapshot with the betweenness of the `top` concepts that have most at the end, most first.

    Ties go to the concept that came first. Betweenness is over (n - 1)(n - 2) / 2 pairs of the largest component, exact
    up to `paths.EXACT` concepts, beyond from sources sampled by `seed`, as in the panel.

    Raises:
        BadInput: `every` is less than 1.
    """
    rows = list[tuple[int, dict[str, float], int]]()
    for seq, growing in snapshots(events, every=every):
        keys = list(growing.near)
        vertices, largest = largest_component(growing.igraph())
        sources = sample(largest, seed)
        values = betweenness(largest, sources)
        rows.append((seq, dict(zip((keys[vertex] for vertex in vertices), values, strict=True)), len(sources)))
    last = rows[-1][1] if rows else {}
    chosen = sorted(last, key=lambda key: -last[key])[:top]
    return [BridgeRow(seq, {key: row.get(key) for key in chosen}, drawn) for seq, row, drawn in rows]


def pair_paths(events: Iterable[Event], *, pairs: int = 500, every: int = 25, seed: int = 0) -> list[PairRow]:
    """Return a row for each snapshot from the first whose largest component has at least FEWEST concepts.

    There `seed` draws the panel once: different pairs of different concepts among all that are related to another one,
    `pairs` of them or as many as there are. As long as relations only arrive, no length of the panel grows.

    Raises:
        BadInput: `pairs` or `every` is less than 1.
    """
    if pairs < 1:
        raise BadInput(f"a panel of {pairs} pairs: give 1 or more")
    rows, chosen, first = list[PairRow](), list[Pair](), set[Pair]()
    for seq, growing in snapshots(events, every=every):
        if not chosen and len(largest_component(growing.igraph())[0]) >= FEWEST:
            # Pairs of concepts that have a neighbour are numbered 0, 1, ... as (0, 1), (0, 2), (1, 2), (0, 3), ...
            related = [key for key, near in growing.near.items() if near]
            possible = math.comb(len(related), 2)
            for number in random.Random(seed).sample(range(possible), min(pairs, possible)):
                b = (1 + math.isqrt(1 + 8 * number)) // 2
                chosen.append((related[number - math.comb(b, 2)], related[b]))
        if not chosen:
            continue
        # The distance of each pair that a path connects; pairs that were merged or rejected have none.
        graph, vertex, representative = growing.igraph(), growing.vertex, growing.graph.representative
        targets = defaultdict[int, defaultdict[int, list[Pair]]](lambda: defaultdict(list))
        for pair in chosen:
            one, other = map(representative, pair)
            if one != other and one in vertex and other in vertex:
                targets[vertex[one]][vertex[other]].append(pair)
        lengths = dict[Pair, int]()
        for source, ends in targets.items():
            distances = graph.distances(source=[source], target=list(ends))[0]
            for same_ends, distance in zip(ends.values(), distances, strict=True):
                lengths |= dict.fromkeys(same_ends, int(distance)) if math.isfinite(distance) else {}
        first = first if rows else set(lengths)
        followed = [lengths[pair] for pair in chosen if pair in first and pair in lengths]
        mean = sum(followed) / len(followed) if followed else None
        rows.append(PairRow(seq, len(chosen), len(lengths), mean))
    return rows
