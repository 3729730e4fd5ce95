"""Where concepts stand in a picture: a force layout from scratch, and a continuation that moves nothing old."""

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec

from graphgrow.graph.progress import LARGE, SILENT, Progress
from graphgrow.measure.projection import seeded, simple_graph

Position = tuple[float, float]

FINE = 2000  # concepts up to which ForceAtlas2 is quick; beyond, its time depends much on the graph
STEPS = 5  # of the force that settles new concepts
REACH = 3.0  # gaps between concepts beyond which they do not push each other
WIDE = 1.25  # width of a picture over its height: pages are wider than high
EVEN = 0.6  # share of even spreading in a distance from the middle
LONGEST = 0.15  # of a step, in gaps
PULL = 0.4  # of a relation, against the push of a neighbour one gap away
TURN = math.pi * (3 - math.sqrt(5))  # the golden angle: what follows a spiral by it never stands in line


def layout(
    pairs: Iterable[tuple[str, str]],
    concepts: Sequence[str],
    seed: int = 0,
    start: Mapping[str, Position] | None = None,
    progress: Progress = SILENT,
) -> dict[str, Position]:
    """Return a position for every concept; the same input and seed give the same positions.

    Without `start` every connected component is drawn by itself, the largest in the middle and the others around it: by
    ForceAtlas2 (Jacomy et al. 2014) where it has no more than 2,000 concepts and the package `crategraph-forceatlas2`
    is installed, else by Fruchterman and Reingold's method on a grid. With `start` those in it stay where they are, and
    each new one starts amid its neighbours and is settled in five steps.
    """
    keys = list(dict.fromkeys(concepts))
    graph = simple_graph(keys, pairs)
    known = {key: start[key] for key in keys if key in start} if start else {}
    if known:
        near = {key: [keys[other] for other in graph.neighbors(vertex)] for vertex, key in enumerate(keys)}
        positions = _continued(near, known, random.Random(seed))
        return {key: positions[key] for key in keys}

    placed: dict[int, Position] = {}
    area = 0.0
    parts = sorted(graph.connected_components(), key=lambda one: (-len(one), one))
    for turn, members in enumerate(progress.over(parts, "placing connected parts", len(parts))):
        part, count = graph.induced_subgraph(members), len(members)
        if count <= 2:  # noqa: PLR2004 - one concept, or two beside each other
            drawn = [(float(at), 0.0) for at in range(count)]
        elif count <= FINE and find_spec("crategraph_forceatlas2"):
            import crategraph_forceatlas2 as fa2

            # In one thread, so that they can be had again.
            drawn = [(float(x), float(y)) for x, y in fa2.layout(count, part.get_edgelist(), seed=seed, threads=1)]
        else:
            if count >= LARGE:
                progress.begin(f"placing {count:,} concepts")
            with seeded(seed):
                drawn = [(x, y) for x, y in part.layout_fruchterman_reingold(grid=True)]
        half = math.sqrt(count)
        away = 0.0 if turn == 0 else math.sqrt(area) + half
        x, y = away * math.cos(turn * TURN), away * math.sin(turn * TURN)
        for vertex, (dx, dy) in zip(members, _spread(drawn), strict=True):
            placed[vertex] = (WIDE * (x + half * dx), y + half * dy)
        area += 2 * half**2
    return {key: placed[vertex] for vertex, key in enumerate(keys)}


def _spread(positions: Sequence[Position]) -> list[Position]:
    """Return positions within one of their middle, spread so that a crowded middle gets room.

    The direction from the middle stays; the distance becomes the mean of itself and of that by which all would be
    evenly spread, which keeps its order and brings far strays near.
    """
    count = len(positions)
    x, y = (sorted(one[axis] for one in positions)[count // 2] for axis in (0, 1))
    away = [math.hypot(one[0] - x, one[1] - y) for one in positions]
    far = sorted(away)
    longest = far[-1] or 1.0
    even = {distance: math.sqrt(at / count) for at, distance in enumerate(far, start=1)}
    scales = [(EVEN * even[one] + (1 - EVEN) * one / longest) / one if one else 0.0 for one in away]
    return [(scale * (one[0] - x), scale * (one[1] - y)) for one, scale in zip(positions, scales, strict=True)]


def _continued(
    near: Mapping[str, Sequence[str]], known: Mapping[str, Position], rng: random.Random
) -> dict[str, Position]:
    """Return the known positions and those of new concepts amid their neighbours, settled in a few steps."""
    positions = dict(known)
    spans = (sorted(one[axis] for one in known.values()) for axis in (0, 1))
    width = max(1e-9, *(span[-1] - span[0] for span in spans))
    gap = width / math.sqrt(max(len(known), 16))
    fresh = [key for key in near if key not in known]
    rest = fresh
    while rest:
        for key in [key for key in rest if any(other in positions for other in near[key])] or rest:
            # Beside its neighbour, amid several, at the rim without any.
            neighbours = [positions[other] for other in near[key] if other in positions]
            around = neighbours or list(known.values())
            x, y = (sum(one[axis] for one in around) / len(around) for axis in (0, 1))
            away = gap if len(neighbours) == 1 else gap / 2 if neighbours else 0.5 * gap * math.sqrt(len(known))
            turn = rng.uniform(0, 2 * math.pi)
            positions[key] = (x + away * math.cos(turn), y + away * math.sin(turn))
        rest = [key for key in rest if key not in positions]
    for _ in range(STEPS):
        _settle(fresh, near, positions, gap)
    return positions


def _settle(fresh: Sequence[str], near: Mapping[str, Sequence[str]], at: dict[str, Position], gap: float) -> None:
    """Move new concepts one step: pushed by whoever is close, pulled by their neighbours; nobody else moves."""
    reach = REACH * gap
    cells: dict[tuple[int, int], list[str]] = defaultdict(list)
    for key, (x, y) in at.items():
        cells[math.floor(x / reach), math.floor(y / reach)].append(key)
    for key in fresh:
        x, y = at[key]
        column, row = math.floor(x / reach), math.floor(y / reach)
        close = [one for i in (-1, 0, 1) for j in (-1, 0, 1) for one in cells.get((column + i, row + j), ())]
        pushes = [(x - a, y - b) for a, b in (at[one] for one in close if one != key)]
        dx = sum(a * gap / (a * a + b * b) for a, b in pushes if 0 < a * a + b * b < reach * reach)
        dy = sum(b * gap / (a * a + b * b) for a, b in pushes if 0 < a * a + b * b < reach * reach)
        for other in near[key]:
            dx += PULL * (at[other][0] - x) / gap / len(near[key])
            dy += PULL * (at[other][1] - y) / gap / len(near[key])
        length = math.hypot(dx, dy)
        if length:
            move = min(0.25 * length, LONGEST) * gap / length
            at[key] = (x + move * dx, y + move * dy)
