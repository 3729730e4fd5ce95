"""Strategies that join what is apart: communities with few links or none between them, concepts that should be related.

All rankings are as old as the structure, which every reason names; what was asked and what is related is that of now.
"""

import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations, islice

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Focus
from graphgrow.policy.strategies.open_questions import is_open
from graphgrow.policy.strategies.structure import SMALLEST, Structure, communities, members, structure
from graphgrow.prompts.render import BETWEEN, CONNECT, JOIN

FEW = 3  # links between two communities
LEADERS = 3  # concepts of a community that are tried, the most central first
WIDEST = 100  # neighbours; a concept with more than that says next to nothing about any two of them
MOST = 20_000  # pairs that are ranked

Row = tuple[float, str, str, str]  # score, two concepts, and the numbers behind it in words
Rank = Callable[[Structure], list[Row]]


def bridge(graph: Graph, _: random.Random) -> Iterator[Focus]:
    """Two communities that few relations join: what else joins the two concepts where they touch?

    The score is the geometric mean of their sizes over the number of links, for the k-th of these links over k, those
    between concepts with most neighbours first.
    """
    return _open(graph, "bridge", JOIN, _thin)


def gap(graph: Graph, _: random.Random) -> Iterator[Focus]:
    """Two communities without a link: what lies between their most central concepts?

    The score is the geometric mean of their sizes, for the k-th most central concepts of both over k.
    """
    return _open(graph, "gap", BETWEEN, _apart)


def link(graph: Graph, _: random.Random) -> Iterator[Focus]:
    """A relation that is missing by the look of it: two concepts at distance 2 with most shared neighbours.

    The score is the resource allocation index (Zhou, Lue and Zhang 2009), the sum of 1 / degree over the neighbours
    they share, without those that have more than WIDEST; at distance 3 nothing is shared and the index is 0. The topic
    is left out: everything here has to do with it.
    """
    found = structure(graph)
    for score, one, other in found.keep(_likely):
        near, there = (graph.neighbours.get(key, {}).keys() for key in (one, other))
        if (
            is_open(graph, CONNECT, one, other)
            and other not in near
            and graph.depth.get(one) != 0
            and graph.depth.get(other) != 0
        ):
            shared = f"they share {len(near & there)} of {len(near)} and {len(there)} neighbours"
            yield Focus("link", (one, other), f"not related, yet {shared}, ranked {found.age}", score, CONNECT)


def _open(graph: Graph, strategy: str, angle: str, rank: Rank) -> Iterator[Focus]:
    """Yield a focus for every row whose question is open."""
    found = structure(graph)
    for score, one, other, reason in found.keep(rank):
        if is_open(graph, angle, one, other) and (angle == JOIN or other not in graph.neighbours[one]):
            yield Focus(strategy, (one, other), f"{reason}, {found.age}", score, angle)


def _thin(found: Structure) -> list[Row]:
    groups, links = found.keep(members), _links(found)
    rows: list[Row] = []
    for (one, other), pairs in links.items():
        sizes = len(groups[one]), len(groups[other])
        if len(pairs) > FEW or min(sizes) < SMALLEST:
            continue
        pairs.sort(key=lambda pair: (-found.degree[pair[0]] - found.degree[pair[1]], found.pair(*pair)))
        count = f"{len(pairs)} relations join" if len(pairs) > 1 else "one relation joins"
        reason = f"only {count} communities of {sizes[0]} and {sizes[1]} concepts"
        rows += _rows(found, pairs, math.sqrt(sizes[0] * sizes[1]) / len(pairs), reason)
    return _ranked(rows)


def _apart(found: Structure) -> list[Row]:
    groups = [group for group in found.keep(members) if len(group) >= SMALLEST]
    label, linked = found.keep(communities), _links(found).keys()
    rows: list[Row] = []
    for one, other in combinations(sorted(groups, key=lambda group: label[group[0]]), 2):
        if (label[one[0]], label[other[0]]) not in linked:
            pairs = list(zip(one[:LEADERS], other[:LEADERS], strict=False))
            reason = f"no relation joins communities of {len(one)} and {len(other)} concepts"
            rows += _rows(found, pairs, math.sqrt(len(one) * len(other)), reason)
    return _ranked(rows)


def _links(found: Structure) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Return the pairs of related concepts between every two communities that have any, the lesser number first."""
    label = found.keep(communities)
    links = defaultdict(list)
    for one, other in found.support:
        a, b = label[one], label[other]
        if a != b:
            links[min(a, b), max(a, b)].append((one, other) if a < b else (other, one))
    return dict(links)


def _rows(found: Structure, pairs: list[tuple[int, int]], score: float, reason: str) -> Iterator[Row]:
    for number, pair in enumerate(pairs, 1):
        yield round(score / number, 4), *found.pair(*pair), reason


def _ranked(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (-row[0], *row[1:]))


def _likely(found: Structure) -> list[tuple[float, str, str]]:
    """Return the pairs at distance 2 by their resource allocation index; at most MOST of them."""
    import numpy as np
    from scipy.sparse import csr_array, triu

    if not found.support:
        return []
    ends = np.asarray(list(found.support), dtype=np.int64)
    rows, columns = np.concatenate((ends, ends[:, ::-1])).T
    near = csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(found.keys),) * 2)
    degree = np.asarray(found.degree)
    weight = np.where((degree > 1) & (degree <= WIDEST), 1 / np.maximum(degree, 1), 0.0)
    pairs = triu((near * weight) @ near, k=1).tocoo()
    scores = np.round(pairs.data, 4)
    best = np.lexsort((pairs.col, pairs.row, -scores))
    found_pairs = ((float(scores[at]), int(pairs.row[at]), int(pairs.col[at])) for at in best)
    apart = (row for row in found_pairs if row[0] and row[1:] not in found.support)
    return [(score, *found.pair(a, b)) for score, a, b in islice(apart, MOST)]
