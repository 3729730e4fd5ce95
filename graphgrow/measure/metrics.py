"""The row of numbers after every step: counting costs as much as the change, whatever the size of the graph."""

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Delta, Edit, Measures

_NOTHING = Delta()


def measure(graph: Graph, delta: Delta = _NOTHING) -> Measures:
    """Return the row of a graph, or of what it will be after a delta; the graph itself stays as it is.

    `edges` counts distinct ordered pairs, loops included, and `average_degree` is 2 * edges / nodes, as the paper does.
    """
    if any(key in graph.concepts for key in delta.merged):
        # Concepts that the graph shows become one: that takes a whole graph.
        return measure(graph.ahead(Edit(graph.seq + 1, "merge", delta)))
    corrections = graph.corrections.ahead(delta.changes)
    stands_for = corrections.representatives
    keys = dict.fromkeys(stands_for.get(concept.key, concept.key) for concept in delta.concepts)
    concepts = [key for key in keys if key not in graph.concepts and key not in corrections.hidden]
    shown = {corrections.shown(statement.relation) for statement in delta.relations}
    relations = {relation for relation in shown if relation and relation not in graph.relations}
    pairs = {(relation.source, relation.target) for relation in relations} - graph.pairs

    # Components by union-find over those of the graph: `sizes` holds what is new or has grown, `joined` what became
    # part of another component.
    known = graph.components
    sizes = dict.fromkeys(concepts, 1)
    joined: dict[str, str] = {}
    for pair in pairs:
        a, b = (key if key in sizes else known.find(key) for key in pair)
        while a in joined:
            a = joined[a]
        while b in joined:
            b = joined[b]
        if a != b:
            size = sum(sizes.get(root) or known.sizes[root] for root in (a, b))
            joined[a], sizes[b] = b, size

    nodes = len(graph.concepts) + len(concepts)
    edges = len(graph.pairs) + len(pairs)
    return Measures(
        nodes=nodes,
        relations=len(graph.relations) + len(relations),
        edges=edges,
        self_loops=graph.loops + sum(source == target for source, target in pairs),
        components=len(known.sizes) + len(concepts) - len(joined),
        lcc_nodes=max((known.largest, *sizes.values())),
        average_degree=round(2 * edges / nodes, 6) if nodes else 0.0,
    )
