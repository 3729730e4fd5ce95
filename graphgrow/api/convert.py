"""A graph in the classes of networkx and igraph, names and all."""

from typing import TYPE_CHECKING, Any

from graphgrow.graph.graph import Graph
from graphgrow.measure.communities import partition

if TYPE_CHECKING:
    import igraph
    import networkx as nx


def _concept(graph: Graph, key: str) -> dict[str, Any]:
    return {
        "label": graph.name(key),
        "aliases": graph.concepts[key].aliases,
        "degree": graph.degree(key),
        "first_seq": graph.introduced[key],
        "depth": graph.depth.get(key, -1),
    }


def to_networkx(graph: Graph) -> "nx.MultiDiGraph[str]":
    """Return a networkx.MultiDiGraph: a node a concept by its key, an edge a relation by its predicate."""
    import networkx as nx

    membership, _ = partition(graph)
    out: nx.MultiDiGraph[str] = nx.MultiDiGraph(topic=graph.topic)
    for key in graph.concepts:
        out.add_node(key, **_concept(graph, key), community=membership[key])
    for relation, said in graph.relations.items():
        out.add_edge(
            *relation.ends,
            key=relation.predicate,
            predicate=relation.predicate,
            support=graph.support(relation),
            events=tuple(evidence.seq for evidence in said),
        )
    return out


def to_igraph(graph: Graph) -> "igraph.Graph":
    """Return a directed igraph.Graph: a vertex a concept, an edge a relation, in the order in which they came."""
    import igraph

    membership, _ = partition(graph)
    place = {key: at for at, key in enumerate(graph.concepts)}
    facts = [_concept(graph, key) | {"name": key, "community": membership[key]} for key in place]
    names = list(facts[0]) if facts else ["name"]
    return igraph.Graph(
        n=len(place),
        edges=[(place[one.source], place[one.target]) for one in graph.relations],
        directed=True,
        graph_attrs={"topic": graph.topic},
        vertex_attrs={name: [row[name] for row in facts] for name in names},
        edge_attrs={
            "predicate": [one.predicate for one in graph.relations],
            "support": [graph.support(one) for one in graph.relations],
        },
    )
