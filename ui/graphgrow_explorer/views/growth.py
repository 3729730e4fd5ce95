"""How the graph grew: metrics over steps, hubs and bridges over time, who asked, and what it cost."""

from collections import Counter
from collections.abc import Iterator, Sequence

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from graphgrow.api.explorer import EMERGED, METRICS, snapshots
from graphgrow_explorer import charts
from graphgrow_explorer.feedback import note
from graphgrow_explorer.text import BETWEENNESS, MODULARITY, STRATEGY, TOKENS, short
from graphgrow_explorer.workspace import Row, Workspace

SNAPSHOTS = 12
WINDOWS = 30
MANY, LARGE = 3_000, 10_000  # concepts beyond which paths, and then all of the structure, are measured when asked to
TOP = 6  # curves that an eye can tell apart
ROOTS = "The vertical axis has a square-root scale, so that small curves stay visible."
FEWEST = 2  # steps that make a curve

COUNTS = {"nodes": "concepts", "edges": "pairs of related concepts", "components": "components"}
MEASURED = {
    "average_degree": "average degree",
    "modularity_leiden": "modularity",
    "average_clustering": "clustering",
    "average_path_length": "average path length",
    "diameter": "diameter",
    "bridge_concepts": "bridge concepts",
}
MEANING = {"modularity_leiden": MODULARITY}


def draw(workspace: Workspace) -> None:
    """Draw every curve of a run, each with its table where somebody wants it."""
    with workspace.reading() as graph:
        rows, size = list(workspace.rows), len(graph.concepts)
        names = {key: short(graph.name(key), 40) for key in graph.concepts}
    if len(rows) < FEWEST:
        note("Curves begin with the second step: start a run in the view Runs.")
        return
    tables = st.toggle("Tables beside the curves", key="tables", bind="query-params")
    counted = [row for row in rows if row.nodes is not None]
    for cell, (name, title) in zip(st.columns(len(COUNTS)), COUNTS.items(), strict=True):
        curve(cell, [(row.seq, getattr(row, name)) for row in counted], title, tables=tables)

    measuring = st.container()  # filled last: what takes long keeps nothing else waiting
    st.subheader("Questions and cost")
    left, right = st.container(key="stage-questions").columns(2, gap="large")
    with left:
        st.markdown("**Questions by strategy**", help=f"The share of questions that each strategy chose. {STRATEGY}")
        table = pd.DataFrame(windows(rows), columns=["x", "series", "y"])
        st.altair_chart(charts.shares(table, "share of questions", "Shares of the strategies over the run"))
        if tables:
            st.dataframe(table.rename(columns={"x": "step", "series": "strategy", "y": "questions"}),
                         hide_index=True, height=200, alt="Questions by strategy")  # fmt: skip
    with right:
        st.markdown("**Cost**", help=f"Tokens of prompts and replies that were paid for, added up. {TOKENS}")
        totals = pd.Series([row.tokens for row in rows]).cumsum()
        table = pd.DataFrame({"x": [row.seq for row in rows], "y": totals, "series": "tokens"})
        st.altair_chart(charts.lines(table, "tokens", "Tokens paid over the run"), key="chart tokens")
        tokens, new = sum(row.tokens for row in rows), sum(row.concepts for row in rows)
        usd, seconds = sum(row.usd or 0.0 for row in rows), sum(row.seconds for row in rows)
        questions = sum(row.kind != "edit" for row in rows)
        first, second, third = st.columns(3)
        first.metric("Tokens per concept", f"{tokens / new:,.0f}" if new else "none")
        second.metric("Seconds per question", f"{seconds / max(1, questions):,.1f}")
        third.metric("Cost", f"{usd:.4f} USD" if usd else "unknown price")
    with measuring:
        structure(workspace, size, names, tables=tables)


def structure(workspace: Workspace, size: int, names: dict[str, str], *, tables: bool) -> None:
    """Draw the curves of what is measured on the whole graph, of a large one those that take long when asked to."""
    st.subheader("Structure")
    is_asked = st.session_state.get("measured") == workspace.url
    if size > LARGE and not is_asked:
        note(f"Clustering and communities of {size:,} concepts take a while the first time; they are kept then.")
    else:
        paths = size <= MANY or is_asked
        with st.spinner("Measuring the graph at every snapshot…"):
            measured, degrees, between = measurements(workspace.url, workspace.mark, workspace, paths=paths)
        known = [name for name in MEASURED if measured[name].notna().any()]
        cells = [cell for _ in known[::3] for cell in st.columns(3)]
        for cell, name in zip(cells, known, strict=False):
            points = list(zip(measured.index, measured[name].astype("float64"), strict=True))
            curve(cell, points, MEASURED[name], MEANING.get(name, METRICS.get(name, "")), tables=tables)
        left, right = st.container(key="stage-concepts").columns(2, gap="large")
        about = f"Concepts that came to have more than {EMERGED} neighbours. {ROOTS}"
        curves(left, degrees, names, "Hubs", "neighbours", about, tables=tables)
        if paths:
            about = f"{BETWEENNESS} {ROOTS}"
            curves(right, between, names, "Bridges", "betweenness", about, tables=tables)
            return
        note(f"Path lengths and bridges of {size:,} concepts take a while the first time; they are kept then.")
    if st.button("Measure now", icon=":material/straighten:"):
        st.session_state["measured"] = workspace.url
        st.rerun()


def curve(
    cell: DeltaGenerator, points: Sequence[tuple[int, object]], title: str, about: str = "", *, tables: bool
) -> None:
    """Draw one curve with its title, and the numbers behind it."""
    table = pd.DataFrame(points, columns=["x", "y"]).dropna().assign(series=title)
    with cell:
        st.markdown(f"**{title.capitalize()}**", help=about or None)
        if len(table) < FEWEST:
            note("Needs at least two steps")
            return
        st.altair_chart(charts.lines(table, title, f"{title} over the steps of the run"), key=f"chart {title}")
        if tables:
            st.dataframe(table[["x", "y"]].rename(columns={"x": "step", "y": title}), hide_index=True, height=200,
                         key=f"table {title}", alt=f"{title} over the steps of the run")  # fmt: skip


def curves(
    cell: DeltaGenerator, table: pd.DataFrame, names: dict[str, str], title: str, axis: str, about: str, *, tables: bool
) -> None:
    """Draw a curve for each concept of a table with the columns x, key and y."""
    table = table.assign(series=[names.get(key, key) for key in table["key"]])
    with cell:
        st.markdown(f"**{title}**", help=about)
        if len(table) < FEWEST:
            note("Needs at least two steps")
            return
        words = f"{title} over the steps of the run: {about}"
        st.altair_chart(charts.lines(table, axis, words, root=True), key=f"chart {title}")
        if tables:
            columns = {"x": "step", "series": "concept", "y": axis}
            st.dataframe(table[list(columns)].rename(columns=columns), hide_index=True, height=200,
                         key=f"table {title}", alt=about)  # fmt: skip


@st.cache_data(max_entries=4, show_spinner=False)
def measurements(
    url: str,  # noqa: ARG001  # tells one store from another
    mark: tuple[int, int],
    _workspace: Workspace,
    *,
    paths: bool,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the history at its snapshots, the degrees of hubs and the betweenness of bridges: columns x, key, y.

    `url` and `mark` tell one history from another. Without `paths` there are no bridges, nor lengths of paths.
    """
    every = 2 ** max(0, (mark[0] // SNAPSHOTS).bit_length() - 1)  # the same ones as the graph grows, as far as may be
    with _workspace.log() as store:
        history, hubs = store.history(every=every, fits=False, paths=paths), store.hubs(above=EMERGED)
        between = store.bridges(every=every, top=TOP) if paths else pd.DataFrame()
        leading = sorted(hubs.index, key=lambda key: -hubs["degree"][key])[:TOP]
        degrees = [(seq, key, len(running.near[key])) for seq, running in snapshots(store.events(), every=every)
                   for key in leading if key in running.near]  # fmt: skip
    is_snapshot = (history.index % every == 0) | (history.index == history.index.max())
    bridges = [(seq, key, row[key]) for seq, row in between.iterrows() for key in between.columns]
    columns = ["x", "key", "y"]
    return (
        history[is_snapshot],
        pd.DataFrame(degrees, columns=columns),
        pd.DataFrame(bridges, columns=columns).astype({"y": "float64"}).dropna(),
    )


def windows(rows: Sequence[Row]) -> Iterator[tuple[int, str, int]]:
    """Yield how often each strategy asked, in windows of steps."""
    rows = [row for row in rows if row.kind == "expansion"]
    width = max(1, len(rows) // WINDOWS)
    order = [name for name, _ in Counter(row.strategy for row in rows).most_common()]
    for start in range(0, len(rows), width):
        window = rows[start : start + width]
        counts = Counter(row.strategy for row in window)
        for name in order:
            yield window[-1].seq, name, counts[name]
