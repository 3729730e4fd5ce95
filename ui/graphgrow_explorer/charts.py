"""Charts in one look: rows of numbers -> Altair, in the colours of the theme.

Names of concepts stand in data values alone, never in a field name or an expression.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

HEIGHT = 240
LEGEND = 110  # pixels that a legend takes of the height


def of_run(order: list[str]) -> "tuple[alt.X, alt.Color]":
    """Return the steps of a run, from left to right, and a colour for each series, with a legend below."""
    import altair as alt

    below = alt.Legend(title=None, orient="bottom", columns=3, labelLimit=170, symbolType="circle", symbolSize=70)
    scale, axis = alt.Scale(nice=False, zero=False), alt.Axis(grid=False, tickMinStep=1)
    return alt.X("x:Q", title="step", scale=scale, axis=axis), alt.Color("series:N", sort=order, legend=below)


def lines(rows: "pd.DataFrame", title: str, about: str, *, root: bool = False) -> "alt.LayerChart":
    """Return curves of `y` over the steps `x`, one per `series`; `about` is read to those who cannot see it.

    An axis shows a curve's own range; one that never changes starts at zero. With `root` heights are square roots, so
    that one large curve leaves room for the others.
    """
    import altair as alt

    order = list(dict.fromkeys(rows["series"]))
    steps, colour = of_run(order)
    is_flat = bool(rows["y"].min() == rows["y"].max())
    axis = alt.Axis(tickMinStep=1, format="d") if is_flat and (rows["y"] % 1 == 0).all() else alt.Axis(tickCount=5)
    scale = alt.Scale(type="sqrt") if root else alt.Scale(zero=is_flat)
    near = alt.selection_point(fields=["x"], nearest=True, on="pointerover", empty=False, clear="pointerout")
    tooltip = [alt.Tooltip("x:Q", title="step"), alt.Tooltip("y:Q", title=title, format=",.4~g")]
    base = alt.Chart(rows).encode(steps, alt.Y("y:Q", title=title, scale=scale, axis=axis))
    height = HEIGHT
    if len(order) > 1:
        tooltip.insert(0, alt.Tooltip("series:N", title="of"))
        base = base.encode(color=colour)
        height += LEGEND
    curve = base.mark_line(strokeWidth=2, strokeJoin="round")
    dots = base.mark_point(filled=True, size=60).encode(
        opacity=alt.condition(near, alt.value(1), alt.value(0)), tooltip=tooltip
    )
    return (curve + dots.add_params(near)).properties(height=height, description=about)


def shares(rows: "pd.DataFrame", title: str, about: str) -> "alt.Chart":
    """Return areas of `y` over the steps `x` that fill the height, one per `series`."""
    import altair as alt

    steps, colour = of_run(list(dict.fromkeys(rows["series"])))
    return (
        alt.Chart(rows)
        .mark_area(interpolate="step-after", opacity=0.9)
        .encode(
            steps,
            alt.Y("y:Q", title=title, stack="normalize", axis=alt.Axis(format="%")),
            color=colour,
            tooltip=[alt.Tooltip("series:N", title="strategy"), alt.Tooltip("x:Q", title="step"), alt.Tooltip("y:Q")],
        )
        .properties(height=HEIGHT + LEGEND, description=about)
    )


def bars(rows: "pd.DataFrame", title: str, about: str) -> "alt.Chart":
    """Return a bar of `y` for each `series`, the longest first."""
    import altair as alt

    names = alt.Axis(labelLimit=260, labelOverlap=False, domain=False, ticks=False)
    return (
        alt.Chart(rows)
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            alt.Y("series:N", sort="-x", title=None, axis=names),
            alt.X("y:Q", title=title, axis=alt.Axis(tickMinStep=1)),
            tooltip=[alt.Tooltip("series:N", title="of"), alt.Tooltip("y:Q", title=title)],
        )
        .properties(height=max(80, 34 * len(rows) + 40), description=about)
    )
