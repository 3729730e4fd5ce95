"""What stands on the page and in which order: figures.toml has the words and the curves, this draws from the tables."""

import math
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from graphgrow.export.report import RunReport, charts
from graphgrow.export.report.tables import TOP, plain, snapshot_seqs
from graphgrow.export.report.words import MODELS, metric
from graphgrow.graph.keys import clean

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

LABEL = 44  # characters of a name in a legend
BINS = 30
DIGITS = 6
OBSERVED = "observed"

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: `sentence` says how to read it, `tag` is "paper" or "corrected" where the two differ.

    `note` is the correction; `wide` takes the whole width. `curves` are columns of the history with their names, drawn
    over the events with `y` for an axis, which begins at `zero` or is logarithmic as that of the events is.
    """

    name: str
    title: str
    sentence: str
    tag: str = ""
    note: str = ""
    wide: bool = False
    curves: Mapping[str, str] = field(default_factory=dict)
    y: str = ""
    log: bool = False
    zero: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Figures that belong together."""

    name: str
    title: str
    intro: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart with its rows in it; `columns` is field -> heading for those who would rather read these.

    `legend` is (series, colour), empty where there is nothing to tell apart.
    """

    chart: "alt.TopLevelMixin"
    columns: dict[str, str]
    legend: Sequence[tuple[str, str]] = ()


def sections() -> list[Section]:
    """Return the sections of a page in their order."""
    text = files("graphgrow.export.report").joinpath("figures.toml").read_text(encoding="utf-8")
    parts: list[dict[str, Any]] = tomllib.loads(text)["section"]
    return [
        Section(part["name"], part["title"], part["intro"], tuple(Figure(**figure) for figure in part["figure"]))
        for part in parts
    ]


def draw(figure: Figure, report: RunReport) -> Drawing | None:
    """Return the chart of a figure, None where the run holds too little for it."""
    if not figure.curves:
        return DRAW[figure.name](report)
    history = report.tables["history"]
    taken = history[history["seq"].isin(snapshot_seqs(history["seq"].tolist(), report.every))]
    return _lines(points(taken, figure.curves), figure.y, log=figure.log, zero=figure.zero)


def shorten(name: str, most: int = LABEL) -> str:
    """Return a name as one clean line of up to `most` characters."""
    text = clean(name)
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}\u2026"


def labels(frame: "pd.DataFrame", key: str = "key") -> dict[Any, str]:
    """Return key -> label of the rows of a table with keys and names; no two keys have the same label."""
    by_key: dict[Any, str] = {}
    taken = set[str]()
    for one, name in zip(frame[key], frame["name"], strict=True):
        if one not in by_key:
            label, number = shorten(name), 1
            while label in taken:
                number += 1
                label = f"{shorten(name, LABEL - 4)} ({number})"
            by_key[one] = label
            taken.add(label)
    return by_key


def rounded(value: object) -> int | float | None:
    """Return a number as JSON holds it, rounded to six digits; None for what is missing or no number."""
    if not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return value if isinstance(value, int) else float(f"{value:.{DIGITS}g}")


def points(frame: "pd.DataFrame", series: Mapping[str, str]) -> Rows:
    """Return rows x, y, series of some columns of a table by event, column by column, where both are numbers."""
    return [
        {"x": x, "y": y, "series": label}
        for column, label in series.items()
        for x, y in zip(map(rounded, plain(frame["seq"])), map(rounded, plain(frame[column])), strict=True)
        if x is not None and y is not None
    ]


def _lines(rows: Rows, y: str, *, log: bool = False, zero: bool = False) -> Drawing | None:
    if log:
        rows = [row for row in rows if row["x"] > 0 and row["y"] > 0]
    if not rows:
        return None
    legend, chart = charts.legend(rows), charts.lines(rows, y, log=log, zero=zero)
    if len(legend) > 1:
        return Drawing(chart, {"x": "Event", "series": "Curve", "y": "Value"}, legend)
    return Drawing(chart, {"x": "Event", "y": "Value"})


def _lines_by_concept(frame: "pd.DataFrame", column: str, y: str) -> Drawing | None:
    """Draw a column of a long table, one line a key, in the order of their last values."""
    named = labels(frame)
    last = frame.dropna(subset=[column]).groupby("key")[column].last().sort_values(ascending=False, kind="stable")
    rows = [row for key in last.index for row in points(frame[frame["key"] == key], {column: named[key]})]
    return _lines(rows, y, zero=True)


def _bars(values: Iterable[float | None], x: str) -> Drawing | None:
    """Draw how many concepts lie in each of equal bins; whole numbers up to BINS get one each."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    if not known:
        return None
    whole = all(float(value).is_integer() for value in known) and max(known) - min(known) < BINS
    edges = np.arange(min(known) - 0.5, max(known) + 1) if whole else np.histogram_bin_edges(known, BINS)
    counts, edges = np.histogram(known, edges)
    bins = zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
    rows = [{"x": rounded(low), "end": rounded(high), "y": count} for low, high, count in bins]
    return Drawing(charts.bars(rows, x, "Concepts"), {"x": "From", "end": "To", "y": "Concepts"})


def _stacked(rows: Rows, y: str, columns: dict[str, str], report: RunReport) -> Drawing | None:
    return Drawing(charts.stacked(rows, y, width=report.every), columns, charts.legend(rows)) if rows else None


def per_event(report: RunReport) -> Drawing | None:
    """Draw what one event brought on average, between two snapshots."""
    growth, curves = report.tables["growth"], {"new_concepts": "New concepts", "new_relations": "New relations"}
    per_event = growth.assign(**{name: growth[name] / growth["events"] for name in curves})
    return _lines(points(per_event, curves), "Per event", zero=True)


def novelty(report: RunReport) -> Drawing | None:
    """Draw the share of statements that the graph did not hold yet."""
    growth = report.tables["growth"]
    share = growth.assign(share=growth["new_relations"] / (growth["new_relations"] + growth["support"]))
    return _lines(points(share, {"share": "New"}), "Share of statements", zero=True)


def newly_connected(report: RunReport) -> Drawing | None:
    """Draw how many pairs of concepts were connected between two snapshots."""
    rows = points(report.tables["growth"], {"newly_connected_pairs": "Pairs"})
    return _lines(rows, f"Pairs per {report.every} events" if report.every > 1 else "Pairs", zero=True)


def emergence(report: RunReport) -> Drawing | None:
    """Draw each hub at the event at which it emerged, by its neighbours at the end."""
    hubs = report.tables["hubs"]
    if hubs.empty:
        return None
    named = labels(hubs)
    rows = [
        {"x": rounded(emerged), "y": rounded(degree), "series": named[key]}
        for key, emerged, degree in zip(hubs["key"], hubs["emerged"], hubs["degree"], strict=True)
    ]
    chart = charts.dots(rows, "Event of emergence", "Neighbours at the end")
    return Drawing(chart, {"series": "Concept", "x": "Emerged", "y": "Neighbours"})


def community_sizes(report: RunReport) -> Drawing | None:
    """Draw the communities that end largest, all others as one."""
    table = report.tables["communities"]
    final = table[table["seq"] == table["seq"].max()].sort_values("size", ascending=False, kind="stable")
    top = final["community"].tolist()[:TOP]
    named = labels(final, "community")
    shown = table[table["community"].isin(top)]
    rest = table[~table["community"].isin(top)].groupby("seq")["size"].sum()
    rows = [
        {"x": int(seq), "y": int(size), "series": named[one], "rank": rank}
        for rank, one in enumerate(top)
        for seq, size in shown.loc[shown["community"] == one, ["seq", "size"]].itertuples(index=False)
    ]
    rows += [
        {"x": seq, "y": size, "series": "all others", "rank": TOP}
        for seq, size in zip(rest.index.tolist(), rest.tolist(), strict=True)
    ]
    return _stacked(rows, "Concepts", {"x": "Event", "series": "Community", "y": "Concepts"}, report)


def community_changes(report: RunReport) -> Drawing | None:
    """Draw how many communities came and went, by how they did."""
    counts = report.tables["community_changes"].groupby(["kind", "seq"]).size()
    rows = [
        {"x": int(seq), "y": int(counts[kind, seq]), "series": f"{kind}s", "rank": rank}
        for rank, kind in enumerate(("birth", "split", "merge", "death"))
        for one, seq in counts.index
        if one == kind
    ]
    return _stacked(rows, "Changes", {"x": "Event", "series": "Change", "y": "Count"}, report)


def bridge_persistence(report: RunReport, column: str) -> Drawing | None:
    """Draw how many concepts were bridges for how many snapshots in a row."""
    values = [value for value in plain(report.tables["bridge_persistence"][column]) if value]
    apart = f", {report.every} events apart" if report.every > 1 else ""
    return _bars(values, f"Snapshots in a row{apart}")


def path_lengths(report: RunReport) -> Drawing | None:
    """Draw how many pairs of concepts lie how far apart."""
    table = report.tables["path_lengths"]
    rows = [
        {"x": length - 0.5, "end": length + 0.5, "y": pairs}
        for length, pairs in zip(table["length"].tolist(), table["pairs"].tolist(), strict=True)
    ]
    if not rows:
        return None
    chart = charts.bars(rows, "Relations between two concepts", "Pairs")
    return Drawing(chart, {"x": "From", "end": "To", "y": "Pairs"})


def degrees(report: RunReport) -> Drawing | None:
    """Draw the degree distribution as dots, and what each fit expects of its tail as lines."""
    seen, fitted = report.tables["degrees"], report.tables["degree_fits"]
    floor = 0.5 * min(seen["share"], default=0)
    rows = [
        {"x": rounded(degree), "y": rounded(share), "series": series}
        for series, degree, share in [
            *((OBSERVED, *pair) for pair in zip(seen["degree"], seen["share"], strict=True)),
            *zip(fitted["model"], fitted["degree"], fitted["share"], strict=True),
        ]
        if share > floor
    ]
    if not rows:
        return None
    chart = charts.tail(rows, "Degree", "Share with that degree or more", OBSERVED)
    return Drawing(chart, {"series": "Curve", "x": "Degree", "y": "Share"}, charts.legend(rows))


def correlations(report: RunReport) -> Drawing | None:
    """Draw what goes together along the longest paths."""
    rows = [
        {"row": one, "column": other, "y": rounded(r), "strength": rounded(abs(r)),
         "series": "positive" if r >= 0 else "negative"}
        for one, other, r in report.tables["correlations"].dropna().itertuples(index=False)
    ]  # fmt: skip
    return Drawing(charts.heat(rows), {"row": "Mean of", "column": "and of", "y": "r"}, charts.SIGNS) if rows else None


def scores(report: RunReport) -> Drawing | None:
    """Draw how far each metric lies from the mean of each null model."""
    table = report.tables["nulls"].dropna(subset=["z"])
    rows = [
        {"row": metric(name), "series": MODELS[model], "x": rounded(z)}
        for name, model, z in zip(table["metric"], table["model"], table["z"], strict=True)
    ]
    if not rows:
        return None
    chart = charts.distances(rows, "Standard deviations from the mean of the null graphs")
    return Drawing(chart, {"row": "Metric", "series": "Null model", "x": "z"}, charts.legend(rows))


def centrality(report: RunReport, column: str, x: str) -> Drawing | None:
    """Draw how a centrality is distributed over the concepts."""
    return _bars(plain(report.tables["centralities"][column]), x)


# Figures that are more than curves of the history.
DRAW: dict[str, Callable[[RunReport], Drawing | None]] = {
    "per-event": per_event,
    "novelty": novelty,
    "pairs": lambda report: _lines(points(report.tables["pair_paths"], {"mean_length": "Mean path"}), "Relations"),
    "joined": newly_connected,
    "distances": path_lengths,
    "community-sizes": community_sizes,
    "community-changes": community_changes,
    "hub-degrees": lambda report: _lines_by_concept(report.tables["hub_degrees"], "degree", "Neighbours"),
    "emergence": emergence,
    "bridges-top": lambda report: _lines_by_concept(report.tables["bridges"], "betweenness", "Betweenness"),
    "persistence": lambda report: bridge_persistence(report, "snapshots"),
    "consensus": lambda report: bridge_persistence(report, "consensus"),
    "degrees": degrees,
    "betweenness": lambda report: centrality(report, "betweenness", "Share of shortest paths"),
    "closeness": lambda report: centrality(report, "closeness", "Closeness"),
    "eigenvector": lambda report: centrality(report, "eigenvector", "Eigenvector centrality"),
    "correlations": correlations,
    "scores": scores,
}
