"""Counts of a growing graph, kept up to date by each new edge: what the panel finds from scratch, at any moment."""

import math
from collections import defaultdict
from collections.abc import Iterable

from graphgrow.graph.graph import Graph
from graphgrow.graph.indexes import Components
from graphgrow.graph.model import Event, Relation


class Running:
    """The simple undirected projection of a log of events, with the counts that its metrics are made of.

    An edge costs the degrees of its ends. Everything is a whole number, so nothing drifts from what it stands for.
    """

    def __init__(self) -> None:
        self.graph = Graph()
        self._begin()

    def _begin(self) -> None:
        self.near: dict[str, set[str]] = {}
        self.edges: list[tuple[int, int]] = []
        self.triangles = 0
        self.max_degree = 0
        self.connected_pairs = 0
        self.place: dict[str, int] = {}
        self._corners: defaultdict[str, int] = defaultdict(int)
        self._wedges = self._squares = self._cubes = self._products = 0
        self._components = Components()
        self._inside: dict[str, tuple[int, int]] = {}  # component -> (minus the place of its first concept, edges)

    def take(self, event: Event) -> bool:
        """Add what an event brought; True where it decided about earlier ones and everything was counted anew."""
        decisions = self.graph.decisions
        self.graph.apply(event)
        if self.graph.decisions != decisions:
            self._begin()
            self._add(self.graph.concepts, self.graph.relations)
            return True
        shown = self.graph.corrections.delta(event.delta)
        self._add((concept.key for concept in shown.concepts), (said.relation for said in shown.relations))
        return False

    def _add(self, concepts: Iterable[str], relations: Iterable[Relation]) -> None:
        for key in concepts:
            self._add_concept(key)
        for relation in relations:
            if relation.source != relation.target and relation.target not in self.near[relation.source]:
                self._add_edge(relation.source, relation.target)

    def _add_concept(self, key: str) -> None:
        if key in self.near:
            return
        self.near[key] = set()
        self.place[key] = len(self.place)
        self._components.add(key)
        self._inside[key] = (-self.place[key], 0)

    def _add_edge(self, one: str, other: str) -> None:
        near, there = self.near[one], self.near[other]
        self._count_triangles(one, other, near & there)
        self._count_degrees(len(near), len(there))
        self._products += sum(len(self.near[key]) for ends in (near, there) for key in ends)
        near.add(other)
        there.add(one)
        self._products += len(near) * len(there)
        self.max_degree = max(self.max_degree, len(near), len(there))
        self.edges.append((self.place[one], self.place[other]))
        self._join(one, other)

    def _count_triangles(self, one: str, other: str, common: Iterable[str]) -> None:
        for key in common:
            self.triangles += 1
            for corner in (key, one, other):
                self._corners[corner] += 1

    def _count_degrees(self, *degrees: int) -> None:
        for degree in degrees:
            self._wedges += degree
            self._squares += 2 * degree + 1
            self._cubes += 3 * degree * (degree + 1) + 1

    def _join(self, one: str, other: str) -> None:
        """Count an edge to its component; of two components make one, which connects a times b pairs."""
        known = self._components
        ends = {known.find(one), known.find(other)}
        if len(ends) > 1:
            self.connected_pairs += math.prod(known.sizes[end] for end in ends)
            known.join(one, other)
        about = [self._inside.pop(end) for end in ends]
        self._inside[known.find(one)] = max(first for first, _ in about), 1 + sum(edges for _, edges in about)

    def row(self) -> dict[str, object]:
        """Return metric -> value by the names of the panel, and the pairs of concepts that a path connects."""
        nodes, edges = len(self.near), len(self.edges)
        sizes = self._components.sizes
        size, _, inside = max(((sizes[one], *about) for one, about in self._inside.items()), default=(0, 0, 0))
        return {
            "simple_edges": edges,
            "max_degree": self.max_degree if nodes else None,
            "components": len(sizes),
            "lcc_nodes": size,
            "lcc_edges": inside,
            "density": 2 * edges / (nodes * (nodes - 1)) if nodes > 1 else None,
            "average_clustering": self._clustering() / nodes if nodes else None,
            "transitivity": 3 * self.triangles / self._wedges if self._wedges else None,
            "triangles": self.triangles,
            "degree_assortativity": self._assortativity(),
            "connected_pairs": self.connected_pairs,
        }

    def _clustering(self) -> float:
        degrees = ((corners, len(self.near[key])) for key, corners in self._corners.items())
        return sum(2 * corners / (degree * (degree - 1)) for corners, degree in degrees)

    def _assortativity(self) -> float | None:
        """Pearson's r of the degrees at both ends of an edge (Newman 2002), out of three sums."""
        edges = len(self.edges)
        spread = 2 * edges * self._cubes - self._squares**2
        return (4 * edges * self._products - self._squares**2) / spread if spread else None
