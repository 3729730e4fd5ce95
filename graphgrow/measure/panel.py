"""The whole table of metrics of one graph, through igraph: every number the paper prints, under one name each.

Unless a row says otherwise it is taken on the simple undirected projection; path metrics on its largest component, and
beyond `paths.EXACT` concepts from sampled sources, with their number and standard errors. What is not defined for a
graph is None; nothing raises on an empty one.
"""

import math
from collections.abc import Iterable, Sequence

import igraph as ig

from graphgrow.measure.chance import leiden, seeded
from graphgrow.measure.fits import finite, power_law
from graphgrow.measure.paths import betweenness, paths, sample

Triple = tuple[str, str, str]


def panel(concepts: Sequence[str], relations: Iterable[Triple], *, seed: int = 0) -> dict[str, object]:
    """Return metric -> value for concepts (keys) and distinct relations (source, predicate, target), in table order.

    `seed` decides the Louvain and Leiden partitions and which sources are sampled. Values are plain numbers, None, or a
    dict for likelihood ratios.
    """
    relations = list(relations)
    pairs = {(source, target) for source, _, target in relations}
    simple = simple_graph(concepts, pairs)
    rows = {
        **_sizes(concepts, relations, pairs, simple),
        **clustering(simple),
        **structure(simple, seed=seed),
    }
    rows["small_world_sigma"] = small_world_sigma(rows)
    return {name: rows[name] for name in NAMES}


def structure(simple: ig.Graph, *, seed: int = 0) -> dict[str, object]:
    """Return the metrics that need the whole graph at once: components, paths, cores, communities, the degree fit."""
    components = simple.connected_components()
    largest = components.giant() if len(components) else simple
    sources = sample(largest, seed)
    return {
        "components": len(components),
        "lcc_nodes": largest.vcount(),
        "lcc_edges": largest.ecount(),
        **paths(largest, sources),
        **_cohesion(simple),
        **_communities(simple, seed),
        **betweenness(largest, sources),
        **power_law(simple.degree()),
    }


NAMES = (
    "nodes", "edges", "relations", "simple_edges", "self_loops", "average_degree", "max_degree", "components",
    "lcc_nodes", "lcc_edges", "density", "average_clustering", "transitivity", "triangles", "average_path_length",
    "average_path_length_error", "sampled_sources", "diameter", "degree_assortativity", "max_core", "max_core_size",
    "articulation_points", "cut_edges", "modularity_louvain", "modularity_leiden", "communities", "bridge_concepts",
    "betweenness_mean", "betweenness_max", "betweenness_max_error", "betweenness_gini", "betweenness_top1pct",
    "global_efficiency", "small_world_sigma", "powerlaw_alpha", "powerlaw_xmin", "powerlaw_sigma", "powerlaw_ntail",
    "powerlaw_ks", "lr_exponential", "lr_lognormal", "lr_truncated", "lr_stretched", "powerlaw_verdict",
)  # fmt: skip


def simple_graph(concepts: Sequence[str], pairs: set[tuple[str, str]]) -> ig.Graph:
    """Return the simple undirected projection of ordered pairs of concepts: loops dropped, both directions one edge."""
    place = {key: number for number, key in enumerate(concepts)}
    edges = {(min(a, b), max(a, b)) for s, t in pairs if (a := place[s]) != (b := place[t])}
    return ig.Graph(n=len(place), edges=sorted(edges))


def _sizes(
    concepts: Sequence[str], relations: list[Triple], pairs: set[tuple[str, str]], simple: ig.Graph
) -> dict[str, object]:
    nodes, edges = len(concepts), simple.ecount()
    return {
        "nodes": nodes,
        "edges": len(pairs),
        "relations": len(set(relations)),
        "simple_edges": edges,
        "self_loops": sum(source == target for source, target in pairs),
        "average_degree": 2 * len(pairs) / nodes if nodes else None,
        "max_degree": max(simple.degree(), default=None),
        "density": 2 * edges / (nodes * (nodes - 1)) if nodes > 1 else None,
    }


def clustering(simple: ig.Graph) -> dict[str, object]:
    """Clustering (degree < 2 counts 0; Watts, Strogatz 1998), transitivity, Pearson's r of degrees (Newman 2002)."""
    nodes, edges = simple.vcount(), simple.ecount()
    return {
        "average_clustering": finite(simple.transitivity_avglocal_undirected(mode="zero")) if nodes else None,
        "transitivity": finite(simple.transitivity_undirected()) if edges else None,
        "triangles": len(simple.list_triangles()),
        "degree_assortativity": finite(simple.assortativity_degree(directed=False)) if edges else None,
    }


def _cohesion(simple: ig.Graph) -> dict[str, object]:
    cores = simple.coreness()
    innermost = max(cores, default=None)
    return {
        "max_core": innermost,
        "max_core_size": cores.count(innermost) if cores else None,
        "articulation_points": len(simple.articulation_points()),
        "cut_edges": len(simple.bridges()),
    }


def _communities(simple: ig.Graph, seed: int) -> dict[str, object]:
    """Modularity (Newman, Girvan 2004) by Louvain and by Leiden; bridges by the paper's flag, on Leiden's partition."""
    if not simple.ecount():
        none = dict.fromkeys(("modularity_louvain", "modularity_leiden"))
        return {**none, "communities": simple.vcount(), "bridge_concepts": 0}
    with seeded(seed):
        louvain = simple.community_multilevel()
    found = leiden(simple, seed)
    return {
        "modularity_louvain": louvain.modularity,
        "modularity_leiden": found.modularity,
        "communities": len(found),
        "bridge_concepts": _bridging(simple, found.membership),
    }


def _bridging(simple: ig.Graph, membership: list[int]) -> int:
    """Return how many concepts have neighbours in more than one community."""
    return sum(len({membership[n] for n in near}) > 1 for near in simple.get_adjlist())


def small_world_sigma(row: dict[str, object]) -> float | None:
    """Return (C / C_rand) / (L / L_rand) with C_rand = k / n and L_rand = ln n / ln k (Humphries and Gurney 2008).

    n and k are the table's own nodes and average degree, which gives the paper's 73.7 and 48.5 from its own columns.
    """
    n, k = row["nodes"], row["average_degree"]
    clustering, path = row["average_clustering"], row["average_path_length"]
    numbers = (n, k, clustering, path)
    if not all(isinstance(value, (int, float)) for value in numbers) or not path or not isinstance(k, float) or k <= 1:
        return None
    nodes, c, length = float(str(n)), float(str(clustering)), float(str(path))
    return (c / (k / nodes)) / (length / (math.log(nodes) / math.log(k)))
