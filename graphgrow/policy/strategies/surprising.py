"""Concepts that are far apart and yet play the same part: the same kinds of relation, in the same direction.

Meaning is read from the words of names alone, for there need be no embeddings: what shares a word is no surprise.
"""

import math
import random
from collections import Counter
from collections.abc import Iterator
from itertools import combinations

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Focus
from graphgrow.policy.strategies.open_questions import is_open
from graphgrow.policy.strategies.structure import SMALLEST, Structure, members, structure
from graphgrow.prompts.render import CONNECT

LEADERS = 3  # concepts of a community
TRIED = 150  # concepts at most
FAR_APART = 3  # relations; closer concepts are no surprise
UNJOINED = 9  # what counts as the distance of concepts that no path joins

Roles = dict[int, dict[tuple[str, bool], float]]  # vertex -> the kinds of its relations, rare ones weigh more
Row = tuple[float, str, str, str]


def surprise(graph: Graph, _: random.Random) -> Iterator[Focus]:
    """Two leading concepts of communities that are far apart, by name too, yet have the same kinds of relation.

    The score is their distance times the cosine of their kinds of relation, each weighted by log(1 + n / how many of n
    concepts have it). The ranking is as old as the structure.
    """
    found = structure(graph)
    for score, one, other, reason in found.keep(_rows):
        if is_open(graph, CONNECT, one, other) and other not in graph.neighbours[one]:
            yield Focus("surprise", (one, other), f"{reason}, {found.age}", score, CONNECT)


def _rows(found: Structure) -> list[Row]:
    leaders = _leaders(found)
    roles = _roles(found, leaders)
    distances = found.graph.distances(source=leaders, target=leaders) if leaders else []
    rows = []
    for (i, one), (j, other) in combinations(enumerate(leaders), 2):
        likeness = _cosine(roles[one], roles[other])
        a, b = found.pair(one, other)
        if likeness and distances[i][j] >= FAR_APART and not set(a.split()) & set(b.split()):
            score = round(min(distances[i][j], UNJOINED) * likeness, 4)
            rows.append((score, a, b, _why(found, one, other, distances[i][j])))
    return sorted(rows, key=lambda row: (-row[0], *row[1:]))


def _leaders(found: Structure) -> list[int]:
    first = [vertex for group in found.keep(members) if len(group) >= SMALLEST for vertex in group[:LEADERS]]
    return sorted(first, key=lambda vertex: (-found.degree[vertex], found.keys[vertex]))[:TRIED]


def _roles(found: Structure, leaders: list[int]) -> Roles:
    counts = Counter(role for roles in found.roles for role in roles)
    weight = {role: math.log(1 + len(found.keys) / count) for role, count in counts.items()}
    return {vertex: {role: weight[role] for role in sorted(found.roles[vertex])} for vertex in leaders}


def _cosine(one: dict[tuple[str, bool], float], other: dict[tuple[str, bool], float]) -> float:
    shared = math.fsum(weight * weight for role, weight in one.items() if role in other)
    lengths = (math.fsum(weight * weight for weight in roles.values()) for roles in (one, other))
    return shared / math.sqrt(math.prod(lengths)) if shared else 0.0


def _why(found: Structure, one: int, other: int, distance: float) -> str:
    away = f"{int(distance)} relations apart" if distance < math.inf else "not joined by any path"
    a, b = found.roles[one], found.roles[other]
    return f"{away} and without a word in common, yet {len(a & b)} of their {len(a | b)} kinds of relation are the same"
