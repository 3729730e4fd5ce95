"""Charts: rows of data -> a Vega-Lite chart through Altair, in one look; None where there are no rows.

Names of concepts stand in data values alone, never in a field name, a sort order or an expression. Colours are CSS
variables of the page, so a chart follows light and dark by itself.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

Rows = list[dict[str, Any]]

HEIGHT = 220
COLOURS = [f"var(--c{number})" for number in range(1, 8)]
SHORT = 2  # decades of a logarithmic axis
FEW = 12  # points of a curve, up to which each is shown as a dot

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif'
SIGNS = [("positive", COLOURS[0]), ("negative", COLOURS[1])]
CONFIG: dict[str, Any] = {
    "background": None,
    "font": FONT,
    "padding": {"left": 0, "right": 8, "top": 4, "bottom": 6},
    "view": {"stroke": None},
    "mark": {"aria": False},
    "axis": {
        "domainColor": "var(--rule-strong)", "tickColor": "var(--rule-strong)", "gridColor": "var(--rule)",
        "labelColor": "var(--muted)", "titleColor": "var(--muted)", "labelFontSize": 11, "titleFontSize": 11,
        "titleFontWeight": "normal", "tickSize": 4, "labelPadding": 4, "titlePadding": 6, "labelOverlap": True,
        "aria": False,
    },
    "axisX": {"grid": False, "tickCount": 6},
    "axisY": {
        "domain": False, "ticks": False, "tickCount": 5, "minExtent": 38, "titleAngle": 0, "titleAlign": "left",
        "titleBaseline": "bottom", "titleX": -38, "titleY": -10,
    },
    "text": {"fill": "var(--ink)", "fontSize": 11},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart with its rows in it; `columns` is field -> heading for those who would rather read these.

    `legend` is (series, colour), empty where there is nothing to tell apart.
    """

    chart: alt.TopLevelMixin
    columns: dict[str, str]
    legend: Sequence[tuple[str, str]] = ()


def lines(rows: Rows, y: str, *, log: bool = False, zero: bool = False) -> Drawing | None:
    """Draw curves of `y` over events, one a `series`; on two logarithmic axes what is not positive is left out."""
    if log:
        rows = [row for row in rows if row["x"] > 0 and row["y"] > 0]
    if not rows:
        return None
    base = _chart(rows).encode(_axis(rows, "x", "Event", log=log), _axis(rows, "y", y, log=log, zero=zero), _hue(rows))
    few = len({row["x"] for row in rows}) <= FEW
    curve = base.mark_line(strokeWidth=2, strokeJoin="round", interpolate="linear")
    dots = base.mark_point(filled=True, size=36 if few else 120, opacity=1 if few else 0)
    chart = curve + dots.encode(tooltip=_tooltip({"series:N": "Curve", "x:Q": "Event", "y:Q": y}, rows))
    if len(_legend(rows)) > 1:
        return Drawing(chart, {"x": "Event", "series": "Curve", "y": "Value"}, _legend(rows))
    return Drawing(chart, {"x": "Event", "y": "Value"})


def bars(rows: Rows, x: str, y: str) -> Drawing | None:
    """Draw bars over equal bins of a number: rows hold `x`, `end` and `y`."""
    if not rows:
        return None
    chart = _chart(rows).mark_bar(color=COLOURS[0], binSpacing=1).encode(
        alt.X("x:Q", title=x, bin="binned", scale=alt.Scale(nice=False, zero=False)),
        alt.X2("end:Q"),
        alt.Y("y:Q", title=y, scale=alt.Scale(zero=True)),
        tooltip=_tooltip({"x:Q": f"{x}, from", "end:Q": "to", "y:Q": y}),
    )  # fmt: skip
    return Drawing(chart, {"x": "From", "end": "To", "y": y})


def stacked(rows: Rows, series: str, y: str, count: str, *, width: float) -> Drawing | None:
    """Draw bars over events, the series on top of each other; `width` is how many events a bar stands for."""
    if not rows:
        return None
    rows = [row | {"from": row["x"] - width} for row in rows]
    chart = _chart(rows).mark_bar(binSpacing=1).encode(
        alt.X("from:Q", title="Event", bin="binned", scale=alt.Scale(nice=False, zero=False)),
        alt.X2("x:Q"),
        alt.Y("y:Q", title=y, stack="zero"),
        _hue(rows),
        order=alt.Order("rank:Q"),
        tooltip=_tooltip({"series:N": "Which", "x:Q": "Event", "y:Q": y}),
    )  # fmt: skip
    return Drawing(chart, {"x": "Event", "series": series, "y": count}, _legend(rows))


def dots(rows: Rows, x: str, y: str, columns: dict[str, str]) -> Drawing | None:
    """Draw a scatter of `y`, on a logarithmic axis, over `x`; rows hold the `series` they are named by."""
    if not rows:
        return None
    chart = _chart(rows).mark_point(filled=True, size=40, opacity=0.65, color=COLOURS[0]).encode(
        _axis(rows, "x", x),
        _axis(rows, "y", y, log=True),
        tooltip=_tooltip({"series:N": "Concept", "x:Q": x, "y:Q": y}),
    )  # fmt: skip
    return Drawing(chart, columns)


def tail(rows: Rows, observed: str) -> Drawing | None:
    """Draw a degree distribution on log-log axes: the series `observed` as dots, every other as the curve of a fit."""
    if not rows:
        return None
    x, y = "Degree", "Share with that degree or more"
    rows = [row | {"fit": row["series"] != observed} for row in rows]
    tooltip = _tooltip({"series:N": "Curve", "x:Q": x, "y:Q": y}, rows)
    axes = _axis(rows, "x", x, log=True), _axis(rows, "y", y, log=True)
    base = _chart(rows).encode(*axes, _hue(rows), tooltip=tooltip)
    data = base.transform_filter("!datum.fit").mark_point(filled=True, size=34, opacity=0.8)
    chart = alt.LayerChart(layer=[data])
    if any(row["fit"] for row in rows):
        dashes = alt.Scale(range=[[1, 0], [1, 0], [7, 5], [2, 3]])
        fits = base.transform_filter("datum.fit").mark_line(strokeWidth=2, clip=True)
        chart = data + fits.encode(alt.StrokeDash("series:N", sort=None, scale=dashes, legend=None))
    return Drawing(chart, {"series": "Curve", "x": "Degree", "y": "Share"}, _legend(rows))


def heat(rows: Rows) -> Drawing | None:
    """Draw a square of correlations: hue for the sign, strength for the size, the number in each cell.

    Rows hold `row`, `column`, `y` in -1 to 1, its `strength` without sign and `series`, which is "positive" or
    "negative".
    """
    if not rows:
        return None
    base = _chart(rows, 34 * len({row["row"] for row in rows})).encode(
        alt.X("column:N", sort=None, title=None, axis=alt.Axis(labelAngle=-30, domain=False, ticks=False)),
        alt.Y("row:N", sort=None, title=None, axis=alt.Axis(labelLimit=160)),
    )
    sign = alt.Scale(domain=[name for name, _ in SIGNS], range=COLOURS[: len(SIGNS)])
    cells = base.mark_rect(stroke="var(--paper)", strokeWidth=2).encode(
        alt.Color("series:N", scale=sign, legend=None),
        alt.Opacity("strength:Q", scale=alt.Scale(domain=[0, 1], range=[0.03, 0.75]), legend=None),
        tooltip=[*_tooltip({"row:N": "Of", "column:N": "with"}), alt.Tooltip("y:Q", title="r", format=".3f")],
    )
    chart = cells + base.mark_text().encode(alt.Text("y:Q", format=".2f"))
    return Drawing(chart, {"row": "Mean of", "column": "and of", "y": "r"}, SIGNS)


def scores(rows: Rows, x: str) -> Drawing | None:
    """Draw how far metrics lie from chance: rows hold `row` (the metric), `series` (the model) and `x` (its z)."""
    if not rows:
        return None
    base = _chart(rows, 38 * len({row["row"] for row in rows}))
    zero = base.mark_rule(stroke="var(--rule-strong)").encode(x=alt.datum(0))
    scale = alt.Scale(type="symlog", constant=2)
    marks = base.mark_point(filled=True, size=80, opacity=0.9).encode(
        alt.X("x:Q", title=x, scale=scale, axis=alt.Axis(grid=True, values=[-100, -30, -10, -3, 0, 3, 10, 30, 100])),
        alt.Y("row:N", sort=None, title=None, axis=alt.Axis(labelLimit=200, grid=True)),
        _hue(rows),
        shape=alt.Shape("series:N", sort=None, legend=None),
        tooltip=_tooltip({"row:N": "Metric", "series:N": "Model", "x:Q": "z"}),
    )
    return Drawing(zero + marks, {"row": "Metric", "series": "Null model", "x": "z"}, _legend(rows))


def _legend(rows: Rows) -> list[tuple[str, str]]:
    """Return (series, colour) in the order of the rows, as the charts colour them."""
    return list(zip(dict.fromkeys(row["series"] for row in rows), COLOURS, strict=False))


def _chart(rows: Rows, height: int = HEIGHT) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=rows), width="container", height=height)


def _hue(rows: Rows) -> alt.Color | alt.ColorValue:
    """Return one colour per series in the order of the rows; the page shows the legend."""
    if len(_legend(rows)) == 1:
        return alt.ColorValue(COLOURS[0])
    return alt.Color("series:N", sort=None, scale=alt.Scale(range=COLOURS), legend=None)


def _axis(rows: Rows, field: str, title: str, *, log: bool = False, zero: bool = False) -> alt.X | alt.Y:
    """Return the axis x or y; a logarithmic one has a line per power of ten, or at 1, 2, 5 where these are few."""
    channel: type[alt.X | alt.Y] = alt.X if field == "x" else alt.Y
    if log:
        values = [row[field] for row in rows]
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        steps = (1,) if high - low > SHORT else (1, 2, 5)
        ticks = [step * 10.0**power for power in range(low, high + 1) for step in steps]
        ticks = [tick for tick in ticks if min(values) <= tick <= max(values)] or [min(values)]
        scale, axis = alt.Scale(type="log", nice=False, padding=8), alt.Axis(values=ticks)
        return channel(f"{field}:Q", title=title, scale=scale, axis=axis)
    if field == "y":
        return alt.Y("y:Q", title=title, scale=alt.Scale(zero=zero))
    return alt.X("x:Q", title=title, scale=alt.Scale(nice=False, zero=False, padding=8), axis=alt.Axis(tickMinStep=1))


def _tooltip(titles: dict[str, str], rows: Rows | None = None) -> list[alt.Tooltip]:
    """Return what is shown of a point, field -> title; the series is left out where `rows` have only one."""
    left_out = {"series:N"} if rows is not None and len(_legend(rows)) == 1 else set()
    return [alt.Tooltip(field, title=title) for field, title in titles.items() if field not in left_out]
