"""Do paths grow shorter as a graph grows? The same pairs of concepts, followed over the run.

Pairs drawn anew at every step would measure which concepts are new rather than what became of the old.
"""

import math
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import igraph as ig

from graphgrow.errors import BadInput
from graphgrow.graph.model import Event
from graphgrow.measure.running import Running
from graphgrow.measure.spread import largest_component
from graphgrow.measure.tracking import snapshots

FEWEST = 20  # concepts of the largest component; among fewer all paths are short

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class PairRow:
    """The panel of pairs after an event: how many pairs it has, how many of them a path connects.

    `mean_length` is the mean shortest path, in relations, of those that were connected in the first row, whose
    `connected` is their number; None where there are none.
    """

    seq: int
    pairs: int
    connected: int
    mean_length: float | None


def pair_paths(events: Iterable[Event], *, pairs: int = 500, every: int = 25, seed: int = 0) -> list[PairRow]:
    """Return a row for each snapshot from the first whose largest component has at least FEWEST concepts.

    There `seed` draws the panel once: different pairs of different concepts among all that are related to another one,
    `pairs` of them or as many as there are. As long as relations only arrive, no length of the panel grows.

    Raises:
        BadInput: `pairs` or `every` is less than 1.
    """
    if pairs < 1:
        raise BadInput(f"a panel of {pairs} pairs: give 1 or more")
    rows, chosen, first = list[PairRow](), list[Pair](), set[Pair]()
    for seq, running in snapshots(events, every=every):
        chosen = chosen or _panel(running, pairs, seed)
        if chosen:
            lengths = _lengths(running, chosen)
            first = first if rows else set(lengths)
            followed = [lengths[pair] for pair in chosen if pair in first and pair in lengths]
            mean = sum(followed) / len(followed) if followed else None
            rows.append(PairRow(seq, len(chosen), len(lengths), mean))
    return rows


def _panel(running: Running, pairs: int, seed: int) -> list[Pair]:
    """Return pairs of concepts that have a neighbour, numbered 0, 1, ... as (0, 1), (0, 2), (1, 2), (0, 3), ..."""
    if len(largest_component(_graph(running))[0]) < FEWEST:
        return []
    related = [key for key, near in running.near.items() if near]
    possible = math.comb(len(related), 2)
    drawn = random.Random(seed).sample(range(possible), min(pairs, possible))
    others = [(1 + math.isqrt(1 + 8 * number)) // 2 for number in drawn]
    return [(related[number - math.comb(b, 2)], related[b]) for number, b in zip(drawn, others, strict=True)]


def _graph(running: Running) -> ig.Graph:
    return ig.Graph(n=len(running.near), edges=running.edges)


def _lengths(running: Running, pairs: list[Pair]) -> dict[Pair, int]:
    """Return the distance of each pair that a path connects; pairs that were merged or rejected have none."""
    graph, place, find = _graph(running), running.place, running.graph.representative
    found, targets = dict[Pair, int](), defaultdict[int, defaultdict[int, list[Pair]]](lambda: defaultdict(list))
    for pair in pairs:
        one, other = map(find, pair)
        if one != other and one in place and other in place:
            targets[place[one]][place[other]].append(pair)
    for source, ends in targets.items():
        distances = graph.distances(source=[source], target=list(ends))[0]
        for pairs_there, d in zip(ends.values(), distances, strict=True):
            found |= dict.fromkeys(pairs_there, int(d)) if math.isfinite(d) else {}
    return found
