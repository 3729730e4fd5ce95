"""Measuring a graph: `measure` after every step, at a cost that follows the change; panel.py has the whole table."""

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Delta, Edit, Measures

_NOTHING = Delta()


class _Joined:
    """Components of a graph as they would be with a few more relations; the graph itself stays as it is."""

    def __init__(self, graph: Graph) -> None:
        self._known = graph.components
        self._parent: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self.count = len(self._known.sizes)
        self.largest = self._known.largest

    def add(self, key: str) -> None:
        self._parent[key], self._sizes[key] = key, 1
        self.count += 1
        self.largest = max(self.largest, 1)

    def find(self, key: str) -> str:
        root = key if key in self._parent else self._known.find(key)
        while (parent := self._parent.get(root, root)) != root:
            root = parent
        return root

    def join(self, one: str, other: str) -> None:
        """Make one component of two."""
        a, b = self.find(one), self.find(other)
        if a == b:
            return
        size = sum(self._sizes.get(root) or self._known.sizes[root] for root in (a, b))
        self._parent[a], self._sizes[b] = b, size
        self.count -= 1
        self.largest = max(self.largest, size)


def measure(graph: Graph, delta: Delta = _NOTHING) -> Measures:
    """Return the cheap row for a graph, or for what it will be after a delta. Cost follows the delta.

    `edges` counts distinct ordered pairs, loops included, and `average_degree` is 2 * edges / nodes, as the paper does.
    """
    if not delta.merged.isdisjoint(
        graph.concepts
    ):  # concepts that the graph shows become one: that takes a whole graph
        return measure(graph.ahead(Edit(graph.seq + 1, "merge", delta)))
    corrections = graph.corrections.ahead(delta.changes)
    joined = _Joined(graph)
    keys = dict.fromkeys(corrections.representative(concept.key) for concept in delta.concepts)
    concepts = [key for key in keys if key not in graph.concepts and key not in corrections.hidden]
    for key in concepts:
        joined.add(key)
    shown = {corrections.shown(said.relation) for said in delta.relations}
    relations = {relation for relation in shown if relation and relation not in graph.relations}
    pairs = {(r.source, r.target) for r in relations} - graph.pairs
    for source, target in pairs:
        joined.join(source, target)
    nodes = len(graph.concepts) + len(concepts)
    edges = len(graph.pairs) + len(pairs)
    return Measures(
        nodes=nodes,
        relations=len(graph.relations) + len(relations),
        edges=edges,
        self_loops=graph.loops + sum(source == target for source, target in pairs),
        components=joined.count,
        lcc_nodes=joined.largest,
        average_degree=round(2 * edges / nodes, 6) if nodes else 0.0,
    )
