"""How the graph grew: metrics over events, hubs and bridges over time, who asked, and what it cost."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import takewhile

import pandas as pd
import streamlit as st

from graphgrow.measure.evolution import EMERGED, hubs, snapshots, top_bridges
from graphgrow.measure.history import history
from graphgrow.measure.panel import METRICS
from graphgrow_explorer import charts
from graphgrow_explorer.feedback import note
from graphgrow_explorer.state import Home, Row
from graphgrow_explorer.text import short

SNAPSHOTS = 12
WINDOWS = 30
LARGE = 3_000  # concepts; beyond, what needs the whole graph is measured when somebody asks
TOP = 6  # curves that an eye can tell apart
FEWEST = 2  # events that make a curve

COUNTS = {"nodes": "concepts", "edges": "pairs of related concepts", "components": "components"}
MEASURED = {
    "average_degree": "average degree",
    "modularity_leiden": "modularity",
    "average_clustering": "clustering",
    "average_path_length": "average path length",
    "diameter": "diameter",
    "bridge_concepts": "bridge concepts",
}

Bridges = list[tuple[int, dict[str, float | None]]]


def draw(home: Home) -> None:
    """Draw every curve of a run, each with its table where somebody wants it."""
    with home.reading():
        rows = list(home.rows)
    if len(rows) < FEWEST:
        note("Curves begin with the second event: start a run in the view Runs.")
        return
    tables = st.toggle("Tables beside the curves", key="tables", bind="query-params")
    _counted(rows, tables=tables)
    st.subheader("Structure")
    if _is_wanted(home):
        with st.spinner("Measuring the graph at every snapshot…"):
            measured, leading, bridges = _measured(home.url, home.mark, home)
        _curves(measured, tables=tables)
        _over_time(home, leading, bridges, tables=tables)
    st.subheader("Questions and cost")
    _asked(rows, tables=tables)


def _counted(rows: Sequence[Row], *, tables: bool) -> None:
    counts = [row for row in rows if row.nodes is not None]
    cells = st.columns(len(COUNTS))
    for cell, (name, title) in zip(cells, COUNTS.items(), strict=True):
        points = [(row.seq, getattr(row, name)) for row in counts]
        _chart(cell, points, title, tables=tables)


def _chart(cell: "st.delta_generator.DeltaGenerator", points: Sequence[tuple[int, object]], title: str,
           about: str = "", *, tables: bool) -> None:  # fmt: skip
    """Draw one curve with its title, and the numbers behind it."""
    table = pd.DataFrame(points, columns=["x", "y"]).dropna().assign(series=title)
    with cell:
        st.markdown(f"**{title.capitalize()}**", help=about or None)
        if len(table) < FEWEST:
            note("not enough of it yet")
            return
        st.altair_chart(charts.lines(table, title, f"{title} over the events of the run"), key=f"chart {title}")
        if tables:
            st.dataframe(table[["x", "y"]].rename(columns={"x": "event", "y": title}), hide_index=True, height=200,
                         key=f"table {title}", alt=f"{title} over the events of the run")  # fmt: skip


def _is_wanted(home: Home) -> bool:
    """Tell whether to measure; in a large graph somebody has to ask for it."""
    size = len(home.graph.concepts)
    if size <= LARGE or st.session_state.get("measured") == home.url:
        return True
    note(f"Clustering, paths and communities of {size:,} concepts take minutes the first time; they are kept then.")
    if st.button("Measure now", icon=":material/straighten:"):
        st.session_state["measured"] = home.url
        st.rerun()
    return False


@st.cache_data(max_entries=4, show_spinner=False)
def _measured(
    url: str,  # noqa: ARG001  # tells one store from another
    mark: tuple[int, int],
    _home: Home,
) -> tuple[pd.DataFrame, pd.DataFrame, Bridges]:
    """Return the history, the degrees of the hubs and the betweenness of the bridges up to an event.

    `url` and `mark` tell one history from another.
    """
    with _home.log() as store:
        events = list(takewhile(lambda event: event.seq <= mark[0], store.events()))
        every = max(1, len(events) // SNAPSHOTS)
        table = history(events, every=every, cache=store)
    taken = table[(table.index % every == 0) | (table.index == table.index.max())]
    with _home.reading() as graph:
        first = [hub.concept for hub in hubs(events)]
        leading = sorted(first, key=lambda key: -graph.degree(key) if key in graph.concepts else 0)[:TOP]
    bridges = [(row.seq, row.betweenness) for row in top_bridges(events, every=every, top=TOP)]
    degrees = [(seq, key, len(running.near[key])) for seq, running in snapshots(events, every=every)
               for key in leading if key in running.near]  # fmt: skip
    return taken, pd.DataFrame(degrees, columns=["x", "key", "y"]), bridges


def _curves(measured: pd.DataFrame, *, tables: bool) -> None:
    names = [name for name in MEASURED if name in measured.columns]
    for start in range(0, len(names), 3):
        for cell, name in zip(st.columns(3), names[start : start + 3], strict=False):
            column = measured[name].astype("float64")
            points = list(zip(measured.index, column, strict=True))
            _chart(cell, points, MEASURED[name], METRICS.get(name, ""), tables=tables)


def _over_time(home: Home, leading: pd.DataFrame, bridges: Bridges, *, tables: bool) -> None:
    left, right = st.columns(2, gap="large")
    with home.reading() as graph:
        names = {key: short(graph.name(key), 40) for key in graph.concepts}
    degrees = leading.assign(series=[names.get(key, key) for key in leading["key"]])
    between = pd.DataFrame(
        [(seq, names.get(key, key), value) for seq, row in bridges for key, value in row.items()],
        columns=["x", "series", "y"],
    ).astype({"y": "float64"})
    with left:
        _several(degrees, "Hubs", "neighbours", f"Concepts that came to have more than {EMERGED} neighbours.", tables)
    with right:
        _several(between.dropna(), "Bridges", "betweenness", "Concepts on the largest share of shortest paths.", tables)


def _several(table: pd.DataFrame, title: str, axis: str, about: str, tables: bool) -> None:  # noqa: FBT001  # as above
    st.markdown(f"**{title}**", help=about)
    if len(table) < FEWEST:
        note("none yet")
        return
    said = f"{title} over the events of the run: {about}"
    st.altair_chart(charts.lines(table, axis, said, root=True), key=f"chart {title}")
    if tables:
        st.dataframe(table[["x", "series", "y"]].rename(columns={"x": "event", "series": "concept", "y": axis}),
                     hide_index=True, height=200, key=f"table {title}", alt=about)  # fmt: skip


def _asked(rows: Sequence[Row], *, tables: bool) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Who asked**", help="The share of each strategy among the questions, in windows over the run.")
        table = pd.DataFrame(_windows(rows), columns=["x", "series", "y"])
        st.altair_chart(charts.shares(table, "share of questions", "Shares of the strategies over the run"))
        if tables:
            st.dataframe(table.rename(columns={"x": "event", "series": "strategy", "y": "questions"}),
                         hide_index=True, height=200, alt="Questions by strategy")  # fmt: skip
    with right:
        st.markdown("**Cost**", help="Prompt and completion tokens that were paid for, added up.")
        totals = pd.Series([row.tokens for row in rows]).cumsum()
        points = pd.DataFrame({"x": [row.seq for row in rows], "y": totals, "series": "tokens"})
        st.altair_chart(charts.lines(points, "tokens", "Tokens paid over the run"), key="chart tokens")
        _bill(rows)


def _windows(rows: Sequence[Row]) -> Iterator[tuple[int, str, int]]:
    """Yield how often each strategy asked, in windows of events."""
    rows = [row for row in rows if row.kind == "expansion"]
    width = max(1, len(rows) // WINDOWS)
    order = [name for name, _ in Counter(row.strategy for row in rows).most_common()]
    for start in range(0, len(rows), width):
        window = rows[start : start + width]
        counts = Counter(row.strategy for row in window)
        for name in order:
            yield window[-1].seq, name, counts[name]


def _bill(rows: Sequence[Row]) -> None:
    tokens, new = sum(row.tokens for row in rows), sum(row.concepts for row in rows)
    usd, seconds = sum(row.usd or 0.0 for row in rows), sum(row.seconds for row in rows)
    first, second, third = st.columns(3)
    first.metric("Tokens a concept", f"{tokens / new:,.0f}" if new else "none")
    asked = sum(row.kind != "edit" for row in rows)
    second.metric("Seconds a question", f"{seconds / max(1, asked):,.1f}")
    third.metric("Money", f"{usd:.4f} USD" if usd else "none known")
