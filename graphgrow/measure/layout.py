"""Where concepts stand in a picture: a force layout from scratch, and a continuation that moves nothing old."""

import math
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec

from graphgrow.graph.progress import LARGE, SILENT, Progress
from graphgrow.measure.projection import seeded, simple_graph

Position = tuple[float, float]

NAMED = 400  # concepts up to which each gets room for its name, and all are settled again as the graph grows
ROUNDS, WARM = 220, 40  # of the forces: to draw so few concepts from scratch, to settle them again
HEAVY = 0.5  # how much the push of a concept grows with its relations: hubs stand free
ANCHOR = 4.0  # pull of a concept to where it was, against the pull of a relation
CENTRE = 0.5  # pull towards the middle, against the pull of a relation
TEXT = 2.4  # a name's width over its height, so concepts beside each other stand further apart than below each other
APART = 0.8  # share of an even spacing that is left between two concepts at least
SHAPE = 1.6  # width over height of the place that few concepts fill
FINE = 2000  # concepts up to which ForceAtlas2 is quick; beyond, its time depends much on the graph
FULL, ENOUGH = 500, 200  # rounds of Fruchterman and Reingold; with fewer a large graph is 2 % less compact
STEPS = 5  # of the force that settles new concepts
REACH = 3.0  # gaps between concepts beyond which they do not push each other
WIDE = 1.5  # width of a picture over its height: pages are wider than high
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

    Up to 400 concepts fill a place wider than high, each with room for its name (`settled`). Beyond, without `start`,
    every connected component is drawn by itself, the largest in the middle and the others around it: by
    ForceAtlas2 (Jacomy et al. 2014) where it has no more than 2,000 concepts and the package `crategraph-forceatlas2`
    is installed, else by Fruchterman and Reingold's method on a grid. With `start` those in it stay where they are, and
    each new one starts amid its neighbours and is settled in five steps.
    """
    keys = list(dict.fromkeys(concepts))
    if len(keys) <= NAMED and not start:
        return settled(pairs, keys, seed)
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

            # In one thread, so that the same positions come again.
            drawn = [(float(x), float(y)) for x, y in fa2.layout(count, part.get_edgelist(), seed=seed, threads=1)]
        else:
            if count >= LARGE:
                progress.begin(f"placing {count:,} concepts")
            with seeded(seed):
                rounds = FULL if count <= FINE else ENOUGH
                drawn = [(x, y) for x, y in part.layout_fruchterman_reingold(niter=rounds, grid=True)]
        half = math.sqrt(count)
        away = 0.0 if turn == 0 else math.sqrt(area) + half
        x, y = away * math.cos(turn * TURN), away * math.sin(turn * TURN)
        for vertex, (dx, dy) in zip(members, _spread(drawn), strict=True):
            placed[vertex] = (WIDE * (x + half * dx), y + half * dy)
        area += 2 * half**2
    return {key: placed[vertex] for vertex, key in enumerate(keys)}


def settled(
    pairs: Iterable[tuple[str, str]],
    concepts: Sequence[str],
    seed: int = 0,
    start: Mapping[str, Position] | None = None,
) -> dict[str, Position]:
    """Return positions of a few concepts, all within half of (SHAPE, 1) of the middle, apart by room for their names.

    Relations pull, concepts push each other, hubs more (the forces of
    ForceAtlas2); then those that stand too close are parted. From `start` on everything moves a little and keeps its
    side; without it concepts begin on a spiral, those with most relations in the middle. Costs the square of the
    concepts.
    """
    import numpy as np

    keys = list(dict.fromkeys(concepts))
    count = len(keys)
    if count <= 1:
        return dict.fromkeys(keys, (0.0, 0.0))
    ends = np.array(simple_graph(keys, pairs).get_edgelist(), dtype=int).reshape(-1, 2)
    degree = np.bincount(ends.ravel(), minlength=count)
    gap = 1 / math.sqrt(count)
    rank = np.empty(count)
    rank[np.lexsort((np.arange(count), -degree))] = np.arange(count)
    away = np.sqrt((rank + 0.5) / count) / 2
    at = np.stack((away * np.cos(rank * TURN + seed), away * np.sin(rank * TURN + seed)), axis=1)
    known = np.array([bool(start) and key in (start or {}) for key in keys])
    if start and known.any():
        at[known] = [(start[key][0] / SHAPE, start[key][1]) for key in keys if key in start]
    begin, mass = at, 1 + HEAVY * degree
    strength = (gap**2 * np.outer(mass, mass)).astype("float32")
    rounds, heat = (WARM, 0.3 * gap) if start else (ROUNDS, 3 * gap)
    for turn in range(rounds):
        x, y = (np.subtract.outer(values, values).astype("float32") for values in at.T)
        push = strength / (x * x + y * y + 1e-9)
        along = at[ends[:, 1]] - at[ends[:, 0]]
        pull = np.zeros_like(at)
        np.add.at(pull, ends[:, 0], along)
        np.add.at(pull, ends[:, 1], -along)
        pushed = np.stack(((x * push).sum(1), (y * push).sum(1)), axis=1)
        force = pushed / mass[:, None] + pull / np.sqrt(mass)[:, None] - CENTRE * at
        force += ANCHOR * known[:, None] * (begin - at)
        length = np.hypot(*force.T)[:, None] + 1e-12
        at = at + force / length * np.minimum(length * 0.2, heat * (1 - turn / rounds))
    # The place is filled, along each axis partly by rank, so that a crowd gets the room that is empty at the rim.
    for axis, side in ((0, SHAPE), (1, 1.0)):
        values = at[:, axis]
        low, high = values.min(), values.max()
        even = np.interp(values, np.sort(values), np.linspace(0, 1, count)) - 0.5
        share = EVEN / 3 if start else EVEN
        at[:, axis] = side * (share * even + (1 - share) * ((values - low) / max(high - low, 1e-9) - 0.5))
    least = APART * math.sqrt(SHAPE / count)
    for _ in range(ROUNDS):
        x, y = (
            np.subtract.outer(values, values) for values in (at[:, 0] / math.sqrt(TEXT), at[:, 1] * math.sqrt(TEXT))
        )
        distance = np.hypot(x, y) + np.eye(count) + 1e-9
        short = np.clip(least - distance, 0, None)
        if short.max() < least / 20:
            break
        moved = np.stack(
            ((x * short / distance).sum(1) * math.sqrt(TEXT), (y * short / distance).sum(1) / math.sqrt(TEXT))
        )
        at = np.clip(at + moved.T / 4, [-SHAPE / 2, -0.5], [SHAPE / 2, 0.5])
    return {key: (float(x), float(y)) for key, (x, y) in zip(keys, at, strict=True)}


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
