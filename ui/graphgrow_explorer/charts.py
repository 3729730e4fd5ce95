"""Charts in one look: rows of numbers -> Altair, with colours that a colour-blind eye tells apart.

Names of concepts stand in data values alone, never in a field name or an expression.
"""

import altair as alt
import pandas as pd

# Okabe and Ito's palette without its yellow, which a white page swallows; lighter on a dark one. The theme sets them.
LIGHT = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8A8A8A", "#6A5ACD")
DARK = ("#4FA3DD", "#F0B030", "#2BC39A", "#DD94C2", "#8FD3FB", "#F27A35", "#A8A8A8", "#A79BEF")
HEIGHT = 240
LEGEND = 110  # pixels that a legend takes of the height


BELOW = alt.Legend(title=None, orient="bottom", columns=3, labelLimit=170, symbolType="circle", symbolSize=70)
# The steps of a run, from left to right.
STEPS = alt.X("x:Q", title="step", scale=alt.Scale(nice=False, zero=False), axis=alt.Axis(grid=False, tickMinStep=1))


def lines(rows: pd.DataFrame, title: str, about: str, *, root: bool = False) -> alt.LayerChart:
    """Return curves of `y` over the steps `x`, one a `series`; `about` is read to who does not see it.

    An axis shows a curve's own range; one that never changes starts at zero. With `root` heights are square roots, so
    that one large curve leaves room for the others.
    """
    order = list(dict.fromkeys(rows["series"]))
    is_flat = bool(rows["y"].min() == rows["y"].max())
    axis = alt.Axis(tickMinStep=1, format="d") if is_flat and (rows["y"] % 1 == 0).all() else alt.Axis(tickCount=5)
    scale = alt.Scale(type="sqrt") if root else alt.Scale(zero=is_flat)
    near = alt.selection_point(fields=["x"], nearest=True, on="pointerover", empty=False, clear="pointerout")
    tooltip = [alt.Tooltip("x:Q", title="step"), alt.Tooltip("y:Q", title=title, format=",.4~g")]
    base = alt.Chart(rows).encode(STEPS, alt.Y("y:Q", title=title, scale=scale, axis=axis))
    height = HEIGHT
    if len(order) > 1:
        tooltip.insert(0, alt.Tooltip("series:N", title="of"))
        base = base.encode(color=alt.Color("series:N", sort=order, legend=BELOW))
        height += LEGEND
    curve = base.mark_line(strokeWidth=2, strokeJoin="round")
    dots = base.mark_point(filled=True, size=60).encode(
        opacity=alt.condition(near, alt.value(1), alt.value(0)), tooltip=tooltip
    )
    return (curve + dots.add_params(near)).properties(height=height, description=about)


def shares(rows: pd.DataFrame, title: str, about: str) -> alt.Chart:
    """Return areas of `y` over the steps `x` that fill the height, one a `series`."""
    order = list(dict.fromkeys(rows["series"]))
    return (
        alt.Chart(rows)
        .mark_area(interpolate="step-after", opacity=0.9)
        .encode(
            STEPS,
            alt.Y("y:Q", title=title, stack="normalize", axis=alt.Axis(format="%")),
            color=alt.Color("series:N", sort=order, legend=BELOW),
            tooltip=[alt.Tooltip("series:N", title="strategy"), alt.Tooltip("x:Q", title="step"), alt.Tooltip("y:Q")],
        )
        .properties(height=HEIGHT + LEGEND, description=about)
    )


def bars(rows: pd.DataFrame, title: str, about: str) -> alt.Chart:
    """Return a bar of `y` for each `series`, the longest first."""
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
