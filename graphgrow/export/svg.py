"""A still picture of a graph as SVG: communities by colour, degree by size, the names for which there is room."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from html import escape
from itertools import pairwise
from pathlib import Path

from graphgrow.errors import BadInput
from graphgrow.export.positions import PALETTE
from graphgrow.graph.display import line
from graphgrow.graph.graph import Graph
from graphgrow.measure.communities import partition
from graphgrow.measure.layout import Position, layout

PATH = "#C21807"
MARGIN = 28
SMALL, LARGE = 3.0, 13.0  # radius of a concept in pixels
FONT = 12
WIDE = 0.56  # width of a letter over its height, about
LABEL = 32  # characters of a name
TALL = 0.75  # height over width, at most

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing: a notebook shows it, `svg` is its text, `save` keeps it."""

    svg: str
    about: str

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<Picture: {self.about}>"

    def save(self, path: str | Path) -> Path:
        """Write the picture as an SVG file, and return its path; raises BadInput for another ending."""
        file = Path(path)
        if file.suffix.lower() != ".svg":
            raise BadInput(f"cannot draw into {file}: use a name that ends in .svg")
        file.write_text(self.svg, encoding="utf-8")
        return file


def draw(
    graph: Graph, *, around: Sequence[str] = (), reach: int = 1, path: Sequence[str] = (), most: int = 300,
    width: int = 900,
) -> Picture:  # fmt: skip
    """Return a picture of up to `most` concepts: those of `path`, those near `around`, else the most connected ones.

    `around` and `path` are keys; what is named there is always in it. `reach` counts relations, `width` pixels.
    """
    first = list(dict.fromkeys((*path, *around)))
    chosen = _chosen(graph, first, reach, most)
    drawn = set(chosen)
    pairs = sorted({(min(a, b), max(a, b)) for a in chosen for b in graph.neighbours[a] if b in drawn and a != b})
    points, height = _in_pixels(layout(pairs, chosen), width)
    about = f"{len(chosen):,} of {len(graph.concepts):,} concepts, {len(pairs):,} pairs related"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height:.0f}" '
        f'viewBox="0 0 {width} {height:.0f}" font-family="sans-serif" font-size="{FONT}" role="img">'
    )
    parts = [
        head,
        f"<title>{escape(line(graph.topic or 'a graph'))}</title>",
        f'<rect width="{width}" height="{height:.0f}" rx="6" fill="#fff"/>',
    ]

    on_path = {frozenset(pair) for pair in pairwise(path)}
    lines: dict[bool, list[str]] = {False: [], True: []}
    for pair in pairs:
        (x, y), (a, b) = (points[key] for key in pair)
        lines[frozenset(pair) in on_path].append(f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{a:.1f}" y2="{b:.1f}"/>')
    parts += ['<g stroke="#9AA5B1" stroke-opacity="0.45">', *lines[False]]
    parts += [f'</g><g stroke="{PATH}" stroke-width="2.5">', *lines[True], "</g>"]

    membership, communities = partition(graph)
    colours = {one.number: PALETTE[one.colour] for one in communities}
    largest = max((graph.degree(key) for key in chosen), default=0) or 1
    radius = {key: SMALL + (LARGE - SMALL) * math.sqrt(graph.degree(key) / largest) for key in chosen}
    for key in chosen:
        number, (x, y) = membership[key], points[key]
        tooltip = escape(f"{line(graph.name(key))}: degree {graph.degree(key)}, community {number}")
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius[key]:.1f}" fill="{colours[number]}" '
            f'stroke="{PATH if key in first else "#fff"}"><title>{tooltip}</title></circle>'
        )

    order = [*first, *sorted((key for key in chosen if key not in first), key=lambda key: -graph.degree(key))]
    parts.append('<g text-anchor="middle" fill="#1a1a1a" stroke="#fff" stroke-width="3" paint-order="stroke">')
    taken = list[Box]()
    for key in order:  # names over their concepts, where they find room
        name, (x, y) = line(graph.name(key), LABEL), points[key]
        half, bottom = WIDE * FONT * len(name) / 2, y - radius[key] - 3
        x = min(max(x, half + 2), max(width - half - 2, half + 2))
        box = (x - half, bottom - FONT, x + half, bottom + 3)  # left, top, right, bottom
        if not any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
            taken.append(box)
            parts.append(f'<text x="{x:.1f}" y="{bottom:.1f}">{escape(name)}</text>')
    parts.append("</g>")
    parts += [f'<text x="{MARGIN / 2:.0f}" y="{height - 8:.0f}" fill="#666">{escape(about)}</text>', "</svg>"]
    return Picture("\n".join(parts), about)


def _chosen(graph: Graph, first: Sequence[str], reach: int, most: int) -> list[str]:
    """Return the concepts to draw: near those to start from, or without any the most connected ones.

    Those within reach come nearest first, and hubs first among equally near ones. Without a start that is the most
    connected concept and, one by one, the most connected neighbour of those chosen, so that what is drawn hangs
    together; other components follow where there is room.
    """
    chosen = dict.fromkeys(first)
    if first:
        ring = list(first)
        for _ in range(reach):
            further = dict.fromkeys(other for key in ring for other in graph.neighbours[key] if other not in chosen)
            ring = sorted(further, key=lambda key: -graph.degree(key))
            chosen |= dict.fromkeys(ring)
        return list(chosen)[: max(most, len(first))]
    rank = {key: at for at, key in enumerate(sorted(graph.concepts, key=lambda key: -graph.degree(key)))}
    for hub, at in rank.items():
        waiting = [(at, hub)]
        while waiting and len(chosen) < most:
            _, key = heappop(waiting)
            if key not in chosen:
                chosen[key] = None
                for other in graph.neighbours[key].keys() - chosen.keys():
                    heappush(waiting, (rank[other], other))
    return list(chosen)


def _in_pixels(positions: Mapping[str, Position], width: int) -> tuple[dict[str, Position], float]:
    """Return positions in pixels, and the height of the picture."""
    if not positions:
        return {}, 4 * MARGIN
    (left, right), (top, bottom) = ((min(values), max(values)) for values in zip(*positions.values(), strict=True))
    scale = (width - 2 * MARGIN) / max(right - left, 1e-9)
    height = min(scale * (bottom - top), TALL * width)
    up = height / max(bottom - top, 1e-9)
    points = {
        key: (
            MARGIN + scale * (x - left) if right > left else width / 2,
            MARGIN + up * (y - top) if bottom > top else 2 * MARGIN,
        )
        for key, (x, y) in positions.items()
    }
    return points, max(height, 2 * MARGIN) + 2 * MARGIN
