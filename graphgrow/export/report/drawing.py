"""From tables to the rows of a chart: tidy, without gaps, rounded, with labels short enough to be read."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graphgrow.export.report import Report
from graphgrow.graph.keys import clean

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

LABEL = 44  # characters of a name in a legend
CELL = 160  # characters of a name in a table
DIGITS = 6

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart with its rows in it; `columns` is field -> heading for those who would rather read these.

    `legend` is (series, colour), empty where there is nothing to tell apart.
    """

    chart: "alt.TopLevelMixin"
    columns: dict[str, str]
    legend: Sequence[tuple[str, str]] = ()


Draw = Callable[[Report], Drawing | None]  # None where there is nothing to show


def shorten(name: str, most: int = LABEL) -> str:
    """Return a name as one clean line of up to `most` characters."""
    text = clean(name)
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}\u2026"


def labels(frame: "pd.DataFrame", key: str = "key") -> dict[Any, str]:
    """Return key -> label of the rows of a table with keys and names; no two keys have the same label."""
    found: dict[Any, str] = {}
    taken = set[str]()
    for one, name in zip(frame[key], frame["name"], strict=True):
        if one not in found:
            label, number = shorten(name), 1
            while label in taken:
                number += 1
                label = f"{shorten(name, LABEL - 4)} ({number})"
            found[one] = label
            taken.add(label)
    return found


def number(value: object) -> int | float | None:
    """Return a number as JSON holds it, rounded to six digits; None for what is missing or no number."""
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return value if isinstance(value, int) else float(f"{value:.{DIGITS}g}")


def points(frame: "pd.DataFrame", series: Mapping[str, str], x: str = "seq") -> Rows:
    """Return rows x, y, series of some columns of a table, column by column, where both are numbers."""
    return [
        {"x": at, "y": value, "series": label}
        for column, label in series.items()
        for at, value in zip(map(number, plain(frame[x])), map(number, plain(frame[column])), strict=True)
        if at is not None and value is not None
    ]


def plain(column: "pd.Series[Any]") -> list[Any]:
    """Return a column as plain Python values, what is missing as None."""
    return [None if missing else value for missing, value in zip(column.isna(), column.tolist(), strict=True)]


def lasting(frame: "pd.DataFrame", y: str, key: str = "key") -> Rows:
    """Return rows x, y, series of a long table, one series a key, in the order of their last values."""
    named = labels(frame, key)
    last = frame.dropna(subset=[y]).groupby(key)[y].last().sort_values(ascending=False, kind="stable")
    parts = [frame[frame[key] == one] for one in last.index]
    return [row for part in parts for row in points(part, {y: named[part[key].iloc[0]]})]


def histogram(values: Iterable[float], bins: int = 30) -> Rows:
    """Return rows x, end, y: how many values lie in each of equal bins; whole numbers up to `bins` get one each."""
    found = [value for value in values if math.isfinite(value)]
    if not found:
        return []
    import numpy as np

    whole = all(float(value).is_integer() for value in found) and max(found) - min(found) < bins
    edges = np.arange(min(found) - 0.5, max(found) + 1) if whole else np.histogram_bin_edges(found, bins)
    counts, edges = np.histogram(found, edges)
    return [
        {"x": number(float(low)), "end": number(float(high)), "y": int(count)}
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
