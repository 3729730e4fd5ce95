"""A still picture of a graph as SVG: communities by colour, degree by size, the names for which there is room."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from html import escape
from itertools import pairwise
from pathlib import Path

from graphgrow.errors import BadInput
from graphgrow.graph.display import line
from graphgrow.graph.graph import Graph
from graphgrow.measure.communities import partition
from graphgrow.measure.layout import Position, layout

# Okabe and Ito's colours, which a colour-blind eye tells apart, without the yellow that a white page swallows.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#6A5ACD", "#7F9C2F")
OTHERS = "#B4B4B4"  # of the communities beyond
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
    chosen = _near(graph, (*path, *around), reach, most) if around or path else _hubs(graph, most)
    place = {key: at for at, key in enumerate(chosen)}
    pairs = sorted(
        {(min(a, b), max(a, b)) for a in chosen for b in graph.neighbours[a] if b in place and place[a] != place[b]}
    )
    points, height = _placed(layout(pairs, chosen), width)
    about = f"{len(chosen):,} of {len(graph.concepts):,} concepts, {len(pairs):,} pairs related"
    first = dict.fromkeys((*path, *around))
    order = [*first, *sorted((key for key in chosen if key not in first), key=lambda key: -graph.degree(key))]
    parts = [
        *_lines(pairs, points, path),
        *_dots(graph, chosen, points, first),
        *_labels(graph, order, points, width),
        f'<text x="{MARGIN / 2:.0f}" y="{height - 8:.0f}" fill="#666">{escape(about)}</text>',
    ]
    return Picture(_page(parts, width, height, line(graph.topic or "a graph")), about)


def _page(parts: Sequence[str], width: int, height: float, title: str) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height:.0f}" '
        f'viewBox="0 0 {width} {height:.0f}" font-family="sans-serif" font-size="{FONT}" role="img">'
    )
    paper = f'<rect width="{width}" height="{height:.0f}" rx="6" fill="#fff"/>'
    return "\n".join([head, f"<title>{escape(title)}</title>", paper, *parts, "</svg>"])


def _hubs(graph: Graph, most: int) -> list[str]:
    """Return the most connected concept and, one by one, the most connected neighbour of those chosen.

    So what is drawn hangs together; other components follow where there is room.
    """
    place = {key: at for at, key in enumerate(sorted(graph.concepts, key=lambda key: -graph.degree(key)))}
    found: dict[str, None] = {}
    for first, at in place.items():
        waiting = [(at, first)]
        while waiting and len(found) < most:
            _, key = heappop(waiting)
            if key not in found:
                found[key] = None
                for other in graph.neighbours[key].keys() - found.keys():
                    heappush(waiting, (place[other], other))
    return list(found)


def _near(graph: Graph, start: Sequence[str], reach: int, most: int) -> list[str]:
    """Return the concepts to start from and those within reach, the nearest first, of equally near ones the hubs."""
    found = dict.fromkeys(start)
    ring = list(found)
    for _ in range(reach):
        further = dict.fromkeys(other for key in ring for other in graph.neighbours[key] if other not in found)
        ring = sorted(further, key=lambda key: -graph.degree(key))
        found |= dict.fromkeys(ring)
    return list(found)[: max(most, len(set(start)))]


def _placed(positions: Mapping[str, Position], width: int) -> tuple[dict[str, Position], float]:
    """Return positions in pixels, and the height of the picture."""
    if not positions:
        return {}, 4 * MARGIN
    spans = [(min(values), max(values)) for values in zip(*positions.values(), strict=True)]
    (left, right), (top, bottom) = spans
    scale = (width - 2 * MARGIN) / max(right - left, 1e-9)
    height = min(scale * (bottom - top), TALL * width)
    up = height / max(bottom - top, 1e-9)
    placed = {
        key: (
            MARGIN + scale * (x - left) if right > left else width / 2,
            MARGIN + up * (y - top) if bottom > top else 2 * MARGIN,
        )
        for key, (x, y) in positions.items()
    }
    return placed, max(height, 2 * MARGIN) + 2 * MARGIN


def _lines(pairs: Sequence[tuple[str, str]], points: Mapping[str, Position], path: Sequence[str]) -> Iterator[str]:
    marked = {frozenset(pair) for pair in pairwise(path)}
    yield '<g stroke="#9AA5B1" stroke-opacity="0.45">'
    yield from (_line(pair, points) for pair in pairs if frozenset(pair) not in marked)
    yield f'</g><g stroke="{PATH}" stroke-width="2.5">'
    yield from (_line(pair, points) for pair in pairs if frozenset(pair) in marked)
    yield "</g>"


def _line(pair: tuple[str, str], points: Mapping[str, Position]) -> str:
    (x, y), (a, b) = (points[key] for key in pair)
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{a:.1f}" y2="{b:.1f}"/>'


def _radius(graph: Graph, key: str, largest: int) -> float:
    return SMALL + (LARGE - SMALL) * math.sqrt(graph.degree(key) / largest)


def _dots(
    graph: Graph, chosen: Sequence[str], points: Mapping[str, Position], first: Mapping[str, None]
) -> Iterator[str]:
    membership, _ = partition(graph)
    largest = max((graph.degree(key) for key in chosen), default=0) or 1
    for key in chosen:
        number, (x, y) = membership[key], points[key]
        colour = COLOURS[number] if number < len(COLOURS) else OTHERS
        rim = PATH if key in first else "#fff"
        told = escape(f"{line(graph.name(key))}: degree {graph.degree(key)}, community {number}")
        yield (
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_radius(graph, key, largest):.1f}" fill="{colour}" '
            f'stroke="{rim}"><title>{told}</title></circle>'
        )


def _labels(graph: Graph, order: Sequence[str], points: Mapping[str, Position], width: int) -> Iterator[str]:
    """Yield the names that find room over their concepts, the first ones of `order` first."""
    largest = max((graph.degree(key) for key in order), default=0) or 1
    taken = list[Box]()
    yield '<g text-anchor="middle" fill="#1a1a1a" stroke="#fff" stroke-width="3" paint-order="stroke">'
    for key in order:
        name, (x, y) = line(graph.name(key), LABEL), points[key]
        half = WIDE * FONT * len(name) / 2
        x, y = min(max(x, half + 2), max(width - half - 2, half + 2)), y - _radius(graph, key, largest) - 3
        box = (x - half, y - FONT, x + half, y + 3)
        if not any(_touch(box, other) for other in taken):
            taken.append(box)
            yield f'<text x="{x:.1f}" y="{y:.1f}">{escape(name)}</text>'
    yield "</g>"


def _touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
