"""What every column and number means, in words, and the paper's own values.

Source: M. J. Buehler, arXiv 2502.13025 (2025), "the paper": its run G1 is open-ended, its run G2 follows a topic.
"""

from collections.abc import Mapping
from typing import Any

from graphgrow.measure.history import COLUMNS as HISTORY
from graphgrow.measure.panel import METRICS
from graphgrow.measure.power_law import PARTS, SIGNIFICANT

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

VERDICTS = {
    "power law": "The tail of the degrees is a power law rather than a lognormal.",
    "lognormal": "The tail of the degrees is a lognormal rather than a power law: the graph is not scale-free.",
    "undecided": "The data do not decide between a power law and a lognormal: nothing shows a scale-free graph.",
}
UNFITTED = "The degrees are too few or too alike for any fit."

# Table -> column -> meaning; `--csv` writes it beside the tables.
COLUMNS: dict[str, dict[str, str]] = {
    "history": {
        **{name: meaning for name, meaning in HISTORY.items() if name not in RIVALS},
        **{f"{name}_{part}": f"{METRICS[name]}: {part}" for name in RIVALS for part in PARTS},
    },
    "growth": {
        "seq": "last event of the window",
        "events": "events in the window",
        "new_concepts": "concepts that entered the graph",
        "new_relations": "relations that entered the graph",
        "support": "statements of relations that were known already",
        "rejects": "names that hygiene kept out",
        "newly_connected_pairs": "pairs of concepts that a path connects since, exactly",
    },
    "hubs": {
        "key": "concept",
        "name": "its name",
        "introduced": "event that brought it",
        "emerged": "event at which it first had more than 5 neighbours",
        "degree": "its neighbours at the end",
    },
    "hub_degrees": {
        "seq": "event",
        "key": "concept, one of the best connected at the end",
        "name": "its name",
        "degree": "its neighbours after the event",
    },
    "communities": {
        "seq": "event",
        "community": "number of the community, lasting over the run",
        "size": "its concepts after the event",
        "name": "its concepts with most neighbours inside it, in the last snapshot that has it",
    },
    "community_changes": {
        "seq": "event of the snapshot that shows it",
        "kind": "birth, death, merge or split of a community of three concepts or more",
        "community": "the community that came or went",
        "others": "communities its concepts came from or went to, most of them first",
    },
    "bridges": {
        "seq": "event",
        "key": "concept, one of those with most betweenness at the end",
        "name": "its name",
        "betweenness": "share of shortest paths through it, empty outside the largest component",
    },
    "bridge_persistence": {
        "key": "concept",
        "name": "its name",
        "snapshots": "longest number of snapshots in a row in which it was a bridge, by one partition",
        "consensus": "the same, a bridge only where 8 of 10 partitions agree; 0 where they never do",
    },
    "pair_paths": {
        "seq": "event",
        "pairs": "pairs of concepts that are followed, drawn once",
        "connected": "how many of them a path connects",
        "mean_length": "mean shortest path of those that were connected in the first row",
    },
    "degrees": {
        "degree": "number of neighbours",
        "concepts": "concepts with that degree",
        "share": "share of connected concepts with that degree or more",
    },
    "degree_fits": {
        "degree": "number of neighbours, from where the tail begins",
        "model": "distribution that was fitted to the tail",
        "share": "share of connected concepts that it expects at that degree or more",
    },
    "path_lengths": {"length": "relations on a shortest path", "pairs": "pairs of concepts that far apart"},
    "centralities": {
        "key": "concept of the largest component",
        "name": "its name",
        "degree": "its neighbours",
        "betweenness": "share of shortest paths through it",
        "closeness": "1 / its mean distance to the others",
        "eigenvector": "eigenvector centrality, 1 for the largest",
        "pagerank": "PageRank with damping 0.85",
        "clustering": "share of its neighbours that are neighbours of each other",
    },
    "longest_paths": {
        "rank": "the longest shortest path first",
        "length": "its relations",
        "place": "concepts before this one",
        "key": "concept on the path",
        "name": "its name",
    },
    "correlations": {
        "one": "mean along a path of",
        "other": "and of",
        "r": "Pearson correlation over the longest paths, empty where one of them does not vary",
    },
    "ratios": {
        "alpha_limit": "largest exponent allowed, empty where there was no limit",
        "alpha": "exponent of the fit",
        "xmin": "degree from which the tail begins",
        "ntail": "concepts in the tail",
        "rival": "distribution the power law is compared with",
        "raw": "log-likelihood ratio, positive where the power law fits better",
        "normalised": "it over its standard deviation",
        "p": "significance of its sign, two-sided",
        "reading": "what that says, at p < 0.1",
    },
    "nulls": {
        "metric": "metric of the panel",
        "observed": "its value for this graph",
        "model": "null model",
        "samples": "null graphs that define it",
        "mean": "its mean over them",
        "low": "its 2.5 percentile",
        "high": "its 97.5 percentile",
        "z": "distance of the observed value from the mean, in standard deviations",
    },
    "panel": {"metric": "metric of the panel", "value": "its value for the final graph", "meaning": "what it is"},
}


def metric(name: str) -> str:
    """Return the name of a metric as people read it."""
    return name.replace("lr_", "ratio_").replace("_", " ").replace("lcc", "LCC").replace("top1pct", "top 1 %")


def reading(ratio: Mapping[str, Any], rival: str) -> str:
    """Return the likelihood ratio of the power law against a rival in words."""
    if ratio["raw"] is None or ratio["p"] is None:
        return "could not be fitted"
    if ratio["p"] >= SIGNIFICANT:
        return "no difference that counts"
    return "power law fits better" if ratio["raw"] > 0 else f"{rival} fits better"
