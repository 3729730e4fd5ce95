"""Shortest paths and betweenness of a connected graph: exact up to EXACT concepts, from sampled sources beyond.

A sample comes with its size and standard errors; its diameter is a lower bound, the longest path that was seen.
"""

import math
import random
from collections import Counter

import igraph as ig
import numpy as np
from numpy.typing import NDArray

EXACT = 10_000  # concepts; the cost of exact paths grows with concepts times edges
BATCHES = 8
BATCH = 32  # sources
SAMPLE = BATCHES * BATCH
ENDS = 2  # a path has two ends; a concept between them makes a third

PATHS = ("average_path_length", "average_path_length_error", "diameter", "global_efficiency", "sampled_sources")
BETWEENNESS = (
    "betweenness_mean", "betweenness_max", "betweenness_max_error", "betweenness_gini", "betweenness_top1pct",
)  # fmt: skip

Row = dict[str, object]


def sample(graph: ig.Graph, seed: int) -> list[int]:
    """Return the sources to start from, drawn with a seed; none where all of them are affordable."""
    nodes = graph.vcount()
    return random.Random(seed).sample(range(nodes), SAMPLE) if nodes > EXACT else []


def paths(largest: ig.Graph, sources: list[int]) -> Row:
    """Return mean shortest path, diameter, and global efficiency (Latora and Marchiori 2001) of a connected graph."""
    if largest.vcount() < ENDS:
        return dict.fromkeys(PATHS) | {"diameter": 0 if largest.vcount() else None, "sampled_sources": 0}
    return _sampled_paths(largest, sources) if sources else _exact_paths(largest)


def _exact_paths(largest: ig.Graph) -> Row:
    counts = Counter({int(d): int(n) for d, _, n in largest.path_length_hist(directed=False).bins()})
    pairs = counts.total()
    return {
        "average_path_length": sum(d * n for d, n in counts.items()) / pairs,
        "average_path_length_error": 0.0,
        "diameter": int(max(counts)),
        "global_efficiency": sum(n / d for d, n in counts.items()) / pairs,
        "sampled_sources": 0,
    }


def _sampled_paths(largest: ig.Graph, sources: list[int]) -> Row:
    nodes = largest.vcount()
    means, efficiencies, farthest = [], [], 0
    for source in sources:
        counts = np.bincount(np.asarray(largest.distances(source=[source])[0], dtype=np.int64))
        lengths = np.arange(1, len(counts))
        means.append(float(lengths @ counts[1:]) / (nodes - 1))
        efficiencies.append(float((counts[1:] / lengths).sum()) / (nodes - 1))
        farthest = max(farthest, len(counts) - 1)
    return {
        "average_path_length": float(np.mean(means)),
        "average_path_length_error": _standard_error(np.asarray(means), len(sources) / nodes),
        "diameter": farthest,
        "global_efficiency": float(np.mean(efficiencies)),
        "sampled_sources": len(sources),
    }


def _standard_error(values: NDArray[np.float64], share: float) -> float:
    """Return the standard error of a mean over a sample without replacement that is a share of the whole."""
    return float(values.std(ddof=1) / math.sqrt(len(values)) * math.sqrt(1 - share))


def betweenness(largest: ig.Graph, sources: list[int]) -> Row:
    """Return betweenness over (n - 1)(n - 2) / 2 pairs: mean, maximum, Gini coefficient, share of the top 1 %."""
    nodes = largest.vcount()
    pairs = (nodes - 1) * (nodes - 2) / 2
    if nodes <= ENDS:
        return dict.fromkeys(BETWEENNESS)
    batches = _batches(largest, sources) / pairs
    by_concept = batches.mean(axis=0)
    first = int(by_concept.argmax())
    error = _standard_error(batches[:, first], len(sources) / nodes) if sources else 0.0
    return {"betweenness_max": float(by_concept[first]), "betweenness_max_error": error} | _inequality(by_concept)


def _batches(largest: ig.Graph, sources: list[int]) -> NDArray[np.float64]:
    """Return the raw betweenness of every concept: one exact row, or an unbiased one for each batch of sources."""
    if not sources:
        return np.asarray([largest.betweenness(directed=False)])
    scale = float(largest.vcount()) / BATCH
    found = [largest.betweenness(directed=False, sources=sources[at::BATCHES]) for at in range(BATCHES)]
    return np.asarray(found, dtype=np.float64) * scale


def _inequality(by_concept: NDArray[np.float64]) -> Row:
    values, nodes = np.sort(by_concept), len(by_concept)
    total, top = math.fsum(values), math.ceil(nodes / 100)
    ranked = math.fsum((2 * np.arange(1, nodes + 1) - nodes - 1) * values)
    return {
        "betweenness_mean": total / nodes,
        "betweenness_gini": ranked / (nodes * total) if total else None,
        "betweenness_top1pct": math.fsum(values[-top:]) / total if total else None,
    }
