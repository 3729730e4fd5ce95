"""Tables of the final graph: its degrees and their fits, distances, centralities, longest paths, null models, panel."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from graphgrow.export.report import words
from graphgrow.export.report.columns import COLUMNS, PARTS
from graphgrow.export.report.degrees import distribution, fits
from graphgrow.graph.graph import Graph
from graphgrow.measure.centralities import Centralities as Spread
from graphgrow.measure.centralities import centralities as spread
from graphgrow.measure.centralities import correlations
from graphgrow.measure.nulls import nulls
from graphgrow.measure.panel import panel
from graphgrow.measure.paths import longest_paths
from graphgrow.measure.power_law import ALPHA_LIMIT, RIVALS, SIGNIFICANT, power_law

LONGEST = 30  # paths, as in the paper

Rows = list[dict[str, Any]]


def rows(graph: Graph, *, seed: int, samples: int) -> dict[str, Rows]:
    """Return the tables of a graph by name."""
    simple = graph.igraph()
    names, values, degrees = (
        [words.spelled(graph, key) for key in graph.concepts],
        spread(simple, seed=seed),
        simple.degree(),
    )
    return {
        "degrees": distribution(degrees),
        "degree_fits": fits(degrees),
        "ratios": list(_ratios(degrees)),
        "path_lengths": [{"length": length, "pairs": pairs} for length, pairs in sorted(values.lengths.items())],
        "centralities": list(_centralities(list(graph.concepts), names, values)),
        **_longest(graph, values),
        "nulls": [asdict(row) for row in nulls(simple, samples=samples, seed=seed)] if simple.ecount() else [],
        "panel": _panel(graph, seed),
    }


def _ratios(degrees: list[int]) -> Iterator[dict[str, Any]]:
    """Yield the comparison with each rival, with the package's own limit to the exponent and without one."""
    for limit in (ALPHA_LIMIT, None):
        found: dict[str, Any] = power_law(degrees, alpha_limit=limit)
        fitted = {name: found[f"powerlaw_{name}"] for name in ("alpha", "xmin", "ntail")}
        for name in RIVALS:
            if found[name]:
                said = words.reading(found[name], words.RIVALS[name], SIGNIFICANT)
                yield {"alpha_limit": limit, **fitted, "rival": words.RIVALS[name], **found[name], "reading": said}


def _centralities(keys: list[str], names: list[str], values: Spread) -> Iterator[dict[str, Any]]:
    columns = list(COLUMNS["centralities"])[2:]
    for place, row in zip(values.concepts, zip(*(getattr(values, name) for name in columns), strict=True), strict=True):
        yield {"key": keys[place], "name": names[place]} | dict(zip(columns, row, strict=True))


def _longest(graph: Graph, values: Spread) -> dict[str, Rows]:
    simple, keys = graph.igraph(), list(graph.concepts)
    paths = longest_paths(simple, LONGEST)
    found = correlations(simple, paths, values=values) if paths else {}
    return {
        "longest_paths": [
            {
                "rank": rank,
                "length": len(path) - 1,
                "place": place,
                "key": keys[at],
                "name": words.spelled(graph, keys[at]),
            }
            for rank, path in enumerate(paths, 1)
            for place, at in enumerate(path)
        ],
        "correlations": [{"one": one, "other": other, "r": r} for one in found for other, r in found[one].items()],
    }


def _panel(graph: Graph, seed: int) -> Rows:
    """Return the panel of the final graph, one row a number: a likelihood ratio has three."""
    values = panel(list(graph.concepts), graph.triples(), seed=seed)
    return [
        {"metric": f"{name}{part}", "value": number, "meaning": words.METRICS[name]}
        for name, value in values.items()
        for part, number in _parts(name, value)
    ]


def _parts(name: str, value: object) -> list[tuple[str, object]]:
    if name not in RIVALS:
        return [("", value)]
    found = value if isinstance(value, dict) else {}
    return [(f"_{part}", found.get(part)) for part in PARTS]
