"""Strategies that ask about two concepts: between communities, related by the look of it, alike from afar, said once.

All rankings are as old as the structure, which every reason names; what was asked and what is related is current.
"""

import math
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import combinations, islice

from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import terms
from graphgrow.graph.model import Focus, Form
from graphgrow.measure.projection import SMALLEST, Structure, members, structure
from graphgrow.policy.round import is_open
from graphgrow.prompts.render import between

FEW = 3  # links between two communities
LEADERS = 3  # concepts of a community that are tried, the most central first
WIDEST = 100  # neighbours; a concept with more than that says next to nothing about any two of them
MOST = 20_000  # pairs that are ranked
TRIED = 150  # leading concepts that are compared at most
FAR_APART = 3  # relations; closer concepts are no surprise
UNJOINED = 9  # what counts as the distance of concepts that no path joins
WEAK = 2  # said at most this often

Row = tuple[float, str, str, str]  # score, two concepts, and the numbers behind it in words


def open_pairs(
    strategy: str, form: Form, rank: Callable[[Structure], list[Row]], graph: Graph, _: random.Random
) -> Iterator[Focus]:
    """Yield a focus for every pair of a ranking about which the question of that form is open."""
    snapshot = structure(graph)
    for score, one, other, reason in snapshot.keep(rank):
        if is_open(graph, form, one, other) and (form == "join" or other not in graph.neighbours[one]):
            yield Focus(strategy, (one, other), f"{reason}, {snapshot.age}", score, form, form=form)


def bridges(snapshot: Structure) -> list[Row]:
    """Two communities that few relations join: what else joins the two concepts where they touch?

    The score is the geometric mean of their sizes over the number of links, for the k-th of these links over k, those
    between concepts with most neighbours first.
    """
    groups, rows = snapshot.keep(members), list[Row]()
    for (one, other), pairs in snapshot.keep(links).items():
        sizes = len(groups[one]), len(groups[other])
        if len(pairs) > FEW or min(sizes) < SMALLEST:
            continue
        best = sorted(pairs, key=lambda ends: (-sum(snapshot.degree[end] for end in ends), snapshot.pair(*ends)))
        count = f"{len(pairs)} relations join" if len(pairs) > 1 else "one relation joins"
        reason = f"only {count} communities of {sizes[0]} and {sizes[1]} concepts"
        score = math.sqrt(sizes[0] * sizes[1]) / len(pairs)
        rows += [(round(score / k, 4), *snapshot.pair(*ends), reason) for k, ends in enumerate(best, 1)]
    return sorted(rows, key=lambda row: (-row[0], *row[1:]))


def gaps(snapshot: Structure) -> list[Row]:
    """Two communities without a link: what lies between their most central concepts?

    The score is the geometric mean of their sizes, for the k-th most central concepts of both over k.
    """
    label, linked, rows = snapshot.communities, snapshot.keep(links), list[Row]()
    groups = [group for group in snapshot.keep(members) if len(group) >= SMALLEST]
    for one, other in combinations(sorted(groups, key=lambda group: label[group[0]]), 2):
        if (label[one[0]], label[other[0]]) not in linked:
            reason = f"no relation joins communities of {len(one)} and {len(other)} concepts"
            score, leaders = math.sqrt(len(one) * len(other)), zip(one[:LEADERS], other[:LEADERS], strict=False)
            rows += [(round(score / k, 4), *snapshot.pair(*ends), reason) for k, ends in enumerate(leaders, 1)]
    return sorted(rows, key=lambda row: (-row[0], *row[1:]))


def links(snapshot: Structure) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Return the pairs of related concepts between every two communities that have any, the lesser number first."""
    import numpy as np

    label = snapshot.communities
    pairs = defaultdict(list)
    is_across = np.not_equal(*np.array(label, np.int64)[snapshot.edges.T])
    for one, other in snapshot.edges[is_across].tolist():
        a, b = label[one], label[other]
        pairs[min(a, b), max(a, b)].append((one, other) if a < b else (other, one))
    return dict(pairs)


def surprises(snapshot: Structure) -> list[Row]:
    """Two leading concepts of communities that are far apart, by name too, yet have the same kinds of relation.

    The score is their distance times the cosine of their kinds of relation, each weighted by log(1 + n / how many of n
    concepts have it). What shares a word is no surprise: meaning is read from the words of names alone, for there need
    be no embeddings.
    """
    groups = snapshot.keep(members)
    first = [vertex for group in groups if len(group) >= SMALLEST for vertex in group[:LEADERS]]
    leaders = sorted(first, key=lambda vertex: (-snapshot.degree[vertex], snapshot.keys[vertex]))[:TRIED]
    counts = Counter(role for roles in snapshot.roles for role in roles)
    weight = {role: math.log(1 + len(snapshot.keys) / count) for role, count in counts.items()}
    square = {role: weight[role] * weight[role] for role in weight}
    length = {vertex: math.fsum(square[role] for role in snapshot.roles[vertex]) for vertex in leaders}
    distances = snapshot.graph.distances(source=leaders, target=leaders) if leaders else []
    rows = []
    for (i, one), (j, other) in combinations(enumerate(leaders), 2):
        (a, b), both = snapshot.pair(one, other), snapshot.roles[one] & snapshot.roles[other]
        if both and distances[i][j] >= FAR_APART and not set(terms(a)) & set(terms(b)):
            cosine = math.fsum(square[role] for role in both) / math.sqrt(length[one] * length[other])
            away = f"{int(distances[i][j])} relations apart" if distances[i][j] < math.inf else "not joined by any path"
            kinds = f"{len(both)} of their {len(snapshot.roles[one] | snapshot.roles[other])} kinds of relation"
            reason = f"{away} and without a word in common, yet {kinds} are the same"
            rows.append((round(min(distances[i][j], UNJOINED) * cosine, 4), a, b, reason))
    return sorted(rows, key=lambda row: (-row[0], *row[1:]))


def link(graph: Graph, _: random.Random) -> Iterator[Focus]:
    """A relation that is missing by the look of it: two concepts at distance 2 with most shared neighbours.

    The score is the resource allocation index (Zhou, Lue and Zhang 2009), the sum of 1 / degree over the neighbours
    they share, without those that have more than WIDEST; at distance 3 nothing is shared and the index is 0. The topic
    is left out: everything here has to do with it.
    """
    snapshot = structure(graph)
    for score, one, other in snapshot.keep(similar):
        near, there = (graph.neighbours.get(key, {}).keys() for key in (one, other))
        is_about_topic = 0 in (graph.depth.get(one), graph.depth.get(other))
        if is_open(graph, "connect", one, other) and other not in near and not is_about_topic:
            shared = f"they share {len(near & there)} of {len(near)} and {len(there)} neighbours"
            yield Focus(
                "link",
                (one, other),
                f"not related, yet {shared}, ranked {snapshot.age}",
                score,
                "connect",
                form="connect",
            )


def similar(snapshot: Structure) -> list[tuple[float, str, str]]:
    """Return the pairs at distance 2 by their resource allocation index; at most MOST of them."""
    import numpy as np
    from scipy.sparse import csr_array, triu

    if not len(ends := snapshot.edges):
        return []
    rows, columns = np.concatenate((ends, ends[:, ::-1])).T
    near = csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(snapshot.keys),) * 2)
    degree = np.asarray(snapshot.degree)
    weight = np.where((degree > 1) & (degree <= WIDEST), 1 / np.maximum(degree, 1), 0.0)
    pairs = triu((near * weight) @ near, k=1).tocoo()
    scores = np.round(pairs.data, 4)
    best = np.lexsort((pairs.col, pairs.row, -scores))
    ranked = ((float(scores[at]), int(pairs.row[at]), int(pairs.col[at])) for at in best)
    apart = (row for row in ranked if row[0] and snapshot.graph.get_eid(*row[1:], error=False) < 0)
    return [(score, *snapshot.pair(a, b)) for score, a, b in islice(apart, MOST)]


def consolidate(graph: Graph, _: random.Random) -> Iterator[Focus]:
    """Two central concepts whose relations were said least: is this so, and what else holds?

    The score is the geometric mean of their numbers of neighbours over how often it was said; what was said more than
    WEAK times is left alone. The support is current.
    """
    snapshot = structure(graph)
    for score, one, other in snapshot.keep(weakest):
        if not is_open(graph, "consolidate", one, other):
            continue
        support = sum(graph.support(relation) for relation in between(graph, one, other))
        if 0 < support <= WEAK:
            ends = f"concepts with {graph.degree(one)} and {graph.degree(other)} neighbours"
            reason = f"said {'once' if support == 1 else 'twice'}, of {ends}, ranked {snapshot.age}"
            yield Focus("consolidate", (one, other), reason, score, "consolidate", form="consolidate")


def weakest(snapshot: Structure) -> list[tuple[float, str, str]]:
    """Return the related pairs that were said WEAK times at most."""
    degree, is_weak = snapshot.degree, snapshot.support <= WEAK
    rows = (
        (round(math.sqrt(degree[a] * degree[b]) / support, 4), *snapshot.pair(a, b))
        for (a, b), support in zip(snapshot.edges[is_weak].tolist(), snapshot.support[is_weak].tolist(), strict=True)
    )
    return sorted(rows, key=lambda row: (-row[0], *row[1:]))
