"""The whole table of metrics of one graph, through igraph: every number the paper prints, under one name each.

Unless a row says otherwise it is taken on the simple undirected projection; path metrics on its largest component, and
beyond `paths.EXACT` concepts from sampled sources, with their number and standard errors. What is not defined for a
graph is None; nothing raises on an empty one.
"""

import math
from collections.abc import Iterable, Sequence

import igraph as ig

from graphgrow.graph.progress import LARGE, SILENT, Progress
from graphgrow.measure.paths import betweenness_metrics, path_metrics, sample
from graphgrow.measure.power_law import finite, power_law
from graphgrow.measure.projection import leiden, seeded, simple_graph

Triple = tuple[str, str, str]

# What every number means, in words, in the order of the table.
METRICS = {
    "nodes": "concepts",
    "edges": "distinct ordered pairs of related concepts, loops included",
    "relations": "distinct relations: source, predicate and target",
    "simple_edges": "pairs of related concepts without direction; what follows is measured on these",
    "self_loops": "concepts related to themselves",
    "average_degree": "2 edges / nodes; an edge is an ordered pair of related concepts",
    "max_degree": "neighbours of the best connected concept",
    "components": "parts that no path connects",
    "lcc_nodes": "concepts in the largest component",
    "lcc_edges": "pairs of related concepts in the largest component",
    "density": "share of all possible pairs that are related",
    "average_clustering": "mean share of a concept's neighbours that are neighbours of each other",
    "transitivity": "share of all open or closed triples that are closed",
    "triangles": "sets of three concepts that are all related",
    "average_path_length": "mean shortest path between two concepts of the largest component",
    "average_path_length_error": "its standard error where paths were sampled, else 0",
    "sampled_sources": "concepts that paths were sampled from; 0: every path was counted",
    "diameter": "longest shortest path of the largest component",
    "degree_assortativity": "correlation of the degrees at both ends of a pair; below 0, hubs meet small concepts",
    "max_core": "largest k for which a k-core exists: concepts with k neighbours or more among themselves",
    "max_core_size": "concepts in that core",
    "articulation_points": "concepts whose removal would split a component",
    "cut_edges": "pairs whose removal would split a component",
    "modularity_louvain": "modularity of the communities that Louvain's method finds",
    "modularity_leiden": "modularity of the communities that Leiden's method finds from scratch",
    "communities": "communities that Leiden's method finds from scratch; those that are shown go on from earlier ones",
    "bridge_concepts": "concepts with neighbours in more than one community",
    "betweenness_mean": "mean share of shortest paths through a concept; arithmetic, see the figure",
    "betweenness_max": "share of shortest paths through the busiest concept",
    "betweenness_max_error": "its standard error where paths were sampled, else 0",
    "betweenness_gini": "inequality of betweenness: 0 all alike, 1 all in one concept",
    "betweenness_top1pct": "share of all betweenness that the top 1 % of concepts hold",
    "global_efficiency": "mean of 1 / distance over all pairs of the largest component",
    "small_world_sigma": "clustering over chance, divided by path length over chance",
    "powerlaw_alpha": "exponent of the best power law for the tail of the degrees",
    "powerlaw_xmin": "degree from which that tail begins",
    "powerlaw_sigma": "standard error of the exponent",
    "powerlaw_ntail": "concepts in the tail: few of them decide little",
    "powerlaw_ks": "largest distance between the tail and its fit",
    "lr_exponential": "power law against exponential: positive where the power law fits better",
    "lr_lognormal": "power law against lognormal",
    "lr_truncated": "power law against a power law with an exponential cut-off",
    "lr_stretched": "power law against stretched exponential",
    "powerlaw_verdict": "power law or lognormal, where p < 0.1 decides between them",
}
NAMES = tuple(METRICS)


def panel(
    concepts: Sequence[str], relations: Iterable[Triple], *, seed: int = 0, progress: Progress = SILENT
) -> dict[str, object]:
    """Return metric -> value for concepts (keys) and distinct relations (source, predicate, target), in table order.

    `seed` decides the Louvain and Leiden partitions and which sources are sampled. Values are plain numbers, None, or a
    dict for likelihood ratios.
    """
    relations = set(relations)
    pairs = {(source, target) for source, _, target in relations}
    simple = simple_graph(concepts, pairs)
    nodes, simple_edges = len(concepts), simple.ecount()
    row = {
        "nodes": nodes,
        "edges": len(pairs),
        "relations": len(relations),
        "simple_edges": simple_edges,
        "self_loops": sum(source == target for source, target in pairs),
        "average_degree": 2 * len(pairs) / nodes if nodes else None,
        "max_degree": max(simple.degree(), default=None),
        "density": 2 * simple_edges / (nodes * (nodes - 1)) if nodes > 1 else None,
        **clustering(simple),
        **structure(simple, seed=seed, progress=progress),
    }
    row["small_world_sigma"] = small_world_sigma(row)
    return {name: row[name] for name in NAMES}


def clustering(simple: ig.Graph) -> dict[str, object]:
    """Clustering (degree < 2 counts 0; Watts, Strogatz 1998), transitivity, Pearson's r of degrees (Newman 2002)."""
    nodes, edges = simple.vcount(), simple.ecount()
    triples, transitivity = sum(k * (k - 1) // 2 for k in simple.degree()), simple.transitivity_undirected()
    return {
        "average_clustering": finite(simple.transitivity_avglocal_undirected(mode="zero")) if nodes else None,
        "transitivity": finite(transitivity) if edges else None,
        "triangles": round(transitivity * triples / 3) if triples else 0,  # whole: doubles tell them apart up to 10**15
        "degree_assortativity": finite(simple.assortativity_degree(directed=False)) if edges else None,
    }


def structure(
    simple: ig.Graph, *, seed: int = 0, fits: bool = True, paths: bool = True, progress: Progress = SILENT
) -> dict[str, object]:
    """Return the metrics that need the whole graph at once: components, paths, cores, communities, the degree fit.

    Modularity is that of Newman and Girvan (2004); bridges are those that the paper would flag, on Leiden's partition.
    Without `fits`, which take longer than all else together in a small graph, those of the degrees are left out;
    without `paths`, which do in a large one, what shortest paths tell.
    """
    components, cores = simple.connected_components(), simple.coreness()
    largest = components.giant() if len(components) else simple
    sources = sample(largest, seed) if paths else ()
    innermost = max(cores, default=None)
    partition: dict[str, object] = {
        "modularity_louvain": None,
        "modularity_leiden": None,
        "communities": simple.vcount(),
        "bridge_concepts": 0,
    }
    if simple.vcount() >= LARGE:
        progress.begin(f"finding the communities of {simple.vcount():,} concepts")
    if simple.ecount():
        with seeded(seed):
            louvain = simple.community_multilevel()
        communities = leiden(simple, seed)
        member = communities.membership
        partition = {
            "modularity_louvain": louvain.modularity,
            "modularity_leiden": communities.modularity,
            "communities": len(communities),
            "bridge_concepts": sum(len({member[n] for n in near}) > 1 for near in simple.get_adjlist()),
        }
    return {
        "components": len(components),
        "lcc_nodes": largest.vcount(),
        "lcc_edges": largest.ecount(),
        **(path_metrics(largest, sources, progress) if paths else {}),
        "max_core": innermost,
        "max_core_size": cores.count(innermost) if cores else None,
        "articulation_points": len(simple.articulation_points()),
        "cut_edges": len(simple.bridges()),
        **partition,
        **(betweenness_metrics(largest, sources, progress) if paths else {}),
        **(power_law(simple.degree()) if fits else {}),
    }


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
