"""What every number means, in words: metrics of the panel, columns of the tables, the paper's own values.

Source: M. J. Buehler, arXiv 2502.13025 (2025), "the paper": its run G1 is open-ended, its run G2 follows a topic.
"""

from collections.abc import Mapping
from typing import Any

from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean

METRICS = {
    "nodes": "concepts",
    "edges": "distinct ordered pairs of related concepts, loops included",
    "relations": "distinct relations: source, predicate and target",
    "simple_edges": "pairs of related concepts without direction; what follows is measured on these",
    "self_loops": "concepts related to themselves",
    "average_degree": "2 edges / nodes, as the paper counts",
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
    "max_core": "largest k for which a k-core exists",
    "max_core_size": "concepts in that core",
    "articulation_points": "concepts whose removal would split a component",
    "cut_edges": "pairs whose removal would split a component",
    "modularity_louvain": "modularity of the communities that Louvain's method finds",
    "modularity_leiden": "modularity of the communities that Leiden's method finds",
    "communities": "communities that Leiden's method finds",
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

PAPER: dict[str, tuple[float | None, float | None]] = {
    "nodes": (3835, 2180),
    "edges": (11910, 6290),
    "self_loops": (70, 33),
    "average_degree": (6.2112, 5.7706),
    "average_clustering": (0.1363, 0.1434),
    "average_path_length": (5.1596, 4.8984),
    "diameter": (17, 13),
    "max_core": (11, None),
    "modularity_louvain": (0.6970, 0.6932),
    "small_world_sigma": (73.7, 48.5),
    "powerlaw_alpha": (3.0055, 2.6455),
    "powerlaw_xmin": (24, 10),
    "lr_exponential_raw": (15.6952, 39.6937),
    "lr_exponential_p": (0.0250, 0.0118),
}

RIVALS = {
    "lr_exponential": "exponential",
    "lr_lognormal": "lognormal",
    "lr_truncated": "power law with cut-off",
    "lr_stretched": "stretched exponential",
}

MODELS = {
    "configuration": "same degrees, rewired",
    "erdos_renyi": "same size, random",
    "barabasi_albert": "same size, preferential attachment",
    "label_shuffle": "same graph, communities shuffled",
}

_VERDICTS = {
    "power law": "The tail of the degrees is a power law rather than a lognormal.",
    "lognormal": "The tail of the degrees is a lognormal rather than a power law: the graph is not scale-free.",
    "undecided": "The data do not decide between a power law and a lognormal: nothing shows a scale-free graph.",
}
_UNFITTED = "The degrees are too few or too alike for any fit."


def reading(ratio: Mapping[str, Any] | None, rival: str, significant: float) -> str:
    """Return one likelihood ratio in words, for a p below `significant` or not."""
    if not ratio or ratio["raw"] is None or ratio["p"] is None:
        return "could not be fitted"
    if ratio["p"] >= significant:
        return "no difference that counts"
    return "power law fits better" if ratio["raw"] > 0 else f"{rival} fits better"


def verdict(found: object) -> str:
    """Return the verdict on the degree distribution as a sentence."""
    return _VERDICTS.get(str(found), _UNFITTED)


def spelled(graph: Graph, key: str) -> str:
    """Return the name of a concept as a table can hold it: one line, no control characters, no lone surrogates."""
    return clean(graph.name(key))


def metric(name: str) -> str:
    """Return the name of a metric as people read it."""
    return name.replace("lr_", "ratio_").replace("_", " ").replace("lcc", "LCC").replace("top1pct", "top 1 %")
