"""Shortest paths and betweenness of a connected graph: exact up to EXACT concepts, from sampled sources beyond.

A sample comes with its size and standard errors; its diameter is a lower bound, the longest path that was seen. Only
the longest paths themselves are exact at any size.
"""

import math
import random
from collections.abc import Sequence

import igraph as ig
import numpy as np
from numpy.typing import NDArray

from graphgrow.errors import BadInput
from graphgrow.graph.progress import SILENT, Progress
from graphgrow.measure.projection import largest_component

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
Path = tuple[int, ...]


def sample(graph: ig.Graph, seed: int) -> list[int]:
    """Return the sources to start from, drawn with a seed; none where all of them are affordable."""
    nodes = graph.vcount()
    return random.Random(seed).sample(range(nodes), SAMPLE) if nodes > EXACT else []


def path_metrics(largest: ig.Graph, sources: Sequence[int], progress: Progress = SILENT) -> Row:
    """Return mean shortest path, diameter, and global efficiency (Latora and Marchiori 2001) of a connected graph."""
    nodes = largest.vcount()
    if nodes < ENDS:
        return dict.fromkeys(PATHS) | {"diameter": 0 if nodes else None, "sampled_sources": 0}
    if not sources:
        counts = {int(d): int(n) for d, _, n in largest.path_length_hist(directed=False).bins()}
        pairs = sum(counts.values())
        return {
            "average_path_length": sum(d * n for d, n in counts.items()) / pairs,
            "average_path_length_error": 0.0,
            "diameter": max(counts),
            "global_efficiency": sum(n / d for d, n in counts.items()) / pairs,
            "sampled_sources": 0,
        }
    means, efficiencies, farthest = [], [], 0
    for source in progress.over(sources, "measuring paths from concepts", len(sources)):
        by_length = np.bincount(np.asarray(largest.distances(source=[source])[0], dtype=np.int64))
        lengths = np.arange(1, len(by_length))
        means.append(float(lengths @ by_length[1:]) / (nodes - 1))
        efficiencies.append(float((by_length[1:] / lengths).sum()) / (nodes - 1))
        farthest = max(farthest, len(by_length) - 1)
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


def betweenness(largest: ig.Graph, sources: Sequence[int]) -> list[float]:
    """Return the betweenness of every concept of a connected graph over (n - 1)(n - 2) / 2 pairs, 0 of only two.

    Given sources it is the unbiased estimate from these (Brandes and Pich 2007), which may exceed 1.
    """
    nodes = largest.vcount()
    pairs = (nodes - 1) * (nodes - 2) / 2
    if not pairs:
        return [0.0] * nodes
    scale = nodes / len(sources) / pairs if sources else 1 / pairs
    return [value * scale for value in largest.betweenness(directed=False, sources=list(sources) or None)]


def betweenness_metrics(largest: ig.Graph, sources: Sequence[int], progress: Progress = SILENT) -> Row:
    """Return mean and maximum of that betweenness, its Gini coefficient, the share of the top 1 %.

    The error of the maximum comes from batches of the sources, each an unbiased estimate of its own.
    """
    nodes = largest.vcount()
    if nodes <= ENDS:
        return dict.fromkeys(BETWEENNESS)
    if sources:
        batches_of = progress.over(range(BATCHES), "measuring betweenness, a batch of sources each", BATCHES)
        drawn = [largest.betweenness(directed=False, sources=sources[at::BATCHES]) for at in batches_of]
        batches = np.asarray(drawn, dtype=np.float64) * (float(nodes) / BATCH)
    else:
        batches = np.asarray([largest.betweenness(directed=False)])
    batches /= (nodes - 1) * (nodes - 2) / 2
    by_concept = batches.mean(axis=0)
    first = int(by_concept.argmax())
    values = np.sort(by_concept)
    total = math.fsum(values)
    ranked = math.fsum((2 * np.arange(1, nodes + 1) - nodes - 1) * values)
    return {
        "betweenness_mean": total / nodes,
        "betweenness_max": float(by_concept[first]),
        "betweenness_max_error": _standard_error(batches[:, first], len(sources) / nodes) if sources else 0.0,
        "betweenness_gini": ranked / (nodes * total) if total else None,
        "betweenness_top1pct": math.fsum(values[-math.ceil(nodes / 100) :]) / total if total else None,
    }


def longest_paths(graph: ig.Graph, count: int) -> list[Path]:
    """Return the `count` longest shortest paths of the largest component of a simple undirected graph, as vertices.

    There is one path for each pair of ends, from the lesser vertex to the greater, the lexicographically least of
    equally short ones. They come by length, the longest first, then by their ends. Fewer where there are fewer.

    Exact at any size: distances are taken from one concept after the other, that with the greatest upper bound on its
    eccentricity first, until no other can be the end of such a path (bounds of Takes and Kosters 2011). At worst that
    is a search from every concept.

    Raises:
        BadInput: `count` is less than 1.
    """
    if count < 1:
        raise BadInput(f"{count} longest paths: ask for 1 or more")
    vertices, largest = largest_component(graph)
    nodes = largest.vcount()
    bounds = np.full(nodes, nodes, dtype=np.int64)
    longest = np.empty((0, 3), dtype=np.int64)  # rows (minus length, lesser end, greater end)
    needed = 1  # the length of a path that can still be among them
    while nodes > 1 and bounds.max() >= needed:
        source = int(bounds.argmax())
        distances = np.asarray(largest.distances(source=[source])[0], dtype=np.int64)
        others = np.flatnonzero((bounds > 0) & (distances >= needed))
        rows = np.column_stack((-distances[others], np.minimum(others, source), np.maximum(others, source)))
        rows = np.concatenate((longest, rows))
        longest = rows[np.lexsort(rows.T[::-1])[:count]]
        needed = -int(longest[-1, 0]) if len(longest) == count else 1
        bounds = np.where(bounds > 0, np.minimum(bounds, distances + distances.max()), 0)
        bounds[source] = 0  # every path from here is seen

    near, paths = largest.get_adjlist(), []
    for _, start, end in longest.tolist():
        left = largest.distances(source=[end])[0]
        path = [start]
        while path[-1] != end:
            path.append(min(step for step in near[path[-1]] if left[step] < left[path[-1]]))
        paths.append(tuple(vertices[step] for step in path))
    return paths
