"""What stands on the page and in which order: figures.toml has the words and the curves, this draws from the tables."""

import math
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from graphgrow.export.report import RunReport, charts
from graphgrow.export.report.charts import Drawing, Rows
from graphgrow.export.report.tables import TOP, plain, snapshot_seqs
from graphgrow.export.report.words import MODELS, metric
from graphgrow.graph.keys import clean

if TYPE_CHECKING:
    import pandas as pd

LABEL = 44  # characters of a name in a legend
BINS = 30
DIGITS = 6
OBSERVED = "observed"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure: `sentence` says how to read it, `tag` is "paper" or "corrected" where the two differ.

    `note` is the correction; `wide` takes the whole width. `curves` are columns of a table with their names, drawn over
    the snapshots; `y` is the title of their axis, which begins at `zero`, or is logarithmic (`log`) like that of the
    events.
    """

    name: str
    title: str
    sentence: str
    tag: str = ""
    note: str = ""
    wide: bool = False
    curves: Mapping[str, str] = field(default_factory=dict)
    table: str = "history"
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
    table, seqs = report.tables[figure.table], report.tables["history"]["seq"].tolist()
    taken = table[table["seq"].isin(snapshot_seqs(seqs, report.every))]
    return charts.lines(points(taken, figure.curves), figure.y, log=figure.log, zero=figure.zero)


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


def per_event(report: RunReport) -> Drawing | None:
    """Draw what one event brought on average, between two snapshots."""
    growth, curves = report.tables["growth"], {"new_concepts": "New concepts", "new_relations": "New relations"}
    average = growth.assign(**{name: growth[name] / growth["events"] for name in curves})
    return charts.lines(points(average, curves), "Per event", zero=True)


def novelty(report: RunReport) -> Drawing | None:
    """Draw the share of statements that the graph did not hold yet."""
    growth = report.tables["growth"]
    share = growth.assign(share=growth["new_relations"] / (growth["new_relations"] + growth["support"]))
    return charts.lines(points(share, {"share": "New"}), "Share of statements", zero=True)


def newly_connected(report: RunReport) -> Drawing | None:
    """Draw how many pairs of concepts were connected between two snapshots."""
    rows = points(report.tables["growth"], {"newly_connected_pairs": "Pairs"})
    return charts.lines(rows, f"Pairs per {report.every} events" if report.every > 1 else "Pairs", zero=True)


def by_concept(table: "pd.DataFrame", column: str, y: str) -> Drawing | None:
    """Draw a column of a long table, one line per concept, in the order of their last values."""
    named = labels(table)
    last = table.dropna(subset=[column]).groupby("key")[column].last().sort_values(ascending=False, kind="stable")
    rows = [row for key in last.index for row in points(table[table["key"] == key], {column: named[key]})]
    return charts.lines(rows, y, zero=True)


def emergence(report: RunReport) -> Drawing | None:
    """Draw each hub at the event at which it emerged, by its neighbours at the end."""
    hubs = report.tables["hubs"]
    named = labels(hubs)
    rows = [
        {"x": rounded(emerged), "y": rounded(degree), "series": named[key]}
        for key, emerged, degree in zip(hubs["key"], hubs["emerged"], hubs["degree"], strict=True)
    ]
    columns = {"series": "Concept", "x": "Emerged", "y": "Neighbours"}
    return charts.dots(rows, "Event of emergence", "Neighbours at the end", columns)


def community_sizes(report: RunReport) -> Drawing | None:
    """Draw the communities that end largest, all others as one."""
    table = report.tables["communities"]
    final = table[table["seq"] == table["seq"].max()].sort_values("size", ascending=False, kind="stable")
    top = final["community"].tolist()[:TOP]
    named = labels(final, "community")
    rest = table[~table["community"].isin(top)].groupby("seq")["size"].sum()
    rows = [
        {"x": int(seq), "y": int(size), "series": named[one], "rank": rank}
        for rank, one in enumerate(top)
        for seq, size in table.loc[table["community"] == one, ["seq", "size"]].itertuples(index=False)
    ]
    rows += [{"x": seq, "y": size, "series": "all others", "rank": TOP} for seq, size in rest.to_dict().items()]
    return charts.stacked(rows, "Community", "Concepts", "Concepts", width=report.every)


def community_changes(report: RunReport) -> Drawing | None:
    """Draw how many communities came and went, by kind of change."""
    changes = report.tables["community_changes"]
    counts = Counter(zip(changes["kind"], changes["seq"], strict=True))
    rows = [
        {"x": int(seq), "y": count, "series": f"{kind}s", "rank": rank}
        for rank, kind in enumerate(("birth", "split", "merge", "death"))
        for (one, seq), count in counts.items()
        if one == kind
    ]
    return charts.stacked(rows, "Change", "Changes", "Count", width=report.every)


def histogram(column: "pd.Series[Any]", x: str) -> Drawing | None:
    """Draw how many concepts lie in each of equal bins; whole numbers up to BINS get one each."""
    known = [value for value in column.dropna().tolist() if math.isfinite(value)]
    if not known:
        return None
    whole = all(float(value).is_integer() for value in known) and max(known) - min(known) < BINS
    edges = np.arange(min(known) - 0.5, max(known) + 1) if whole else np.histogram_bin_edges(known, BINS)
    counts, edges = np.histogram(known, edges)
    bins = zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
    return charts.bars([{"x": rounded(a), "end": rounded(b), "y": count} for a, b, count in bins], x, "Concepts")


def bridge_persistence(report: RunReport, column: str) -> Drawing | None:
    """Draw for how many snapshots in a row concepts were bridges."""
    snapshots = report.tables["bridge_persistence"][column]
    apart = f", {report.every} events apart" if report.every > 1 else ""
    return histogram(snapshots[snapshots > 0], f"Snapshots in a row{apart}")


def path_lengths(report: RunReport) -> Drawing | None:
    """Draw how many pairs of concepts lie at each distance."""
    counts = report.tables["path_lengths"].itertuples(index=False)
    rows = [{"x": length - 0.5, "end": length + 0.5, "y": pairs} for length, pairs in counts]
    return charts.bars(rows, "Relations between two concepts", "Pairs")


def degrees(report: RunReport) -> Drawing | None:
    """Draw the degree distribution as dots, and what each fit expects of its tail as lines."""
    seen, fitted = report.tables["degrees"], report.tables["degree_fits"]
    floor = 0.5 * min(seen["share"], default=0)
    curves = [
        *((OBSERVED, *pair) for pair in zip(seen["degree"], seen["share"], strict=True)),
        *zip(fitted["model"], fitted["degree"], fitted["share"], strict=True),
    ]
    rows = [{"x": rounded(x), "y": rounded(share), "series": name} for name, x, share in curves if share > floor]
    return charts.tail(rows, OBSERVED)


def correlations(report: RunReport) -> Drawing | None:
    """Draw what goes together along the longest paths."""
    rows = [
        {"row": one, "column": other, "y": rounded(r), "strength": rounded(abs(r)),
         "series": "positive" if r >= 0 else "negative"}
        for one, other, r in report.tables["correlations"].dropna().itertuples(index=False)
    ]  # fmt: skip
    return charts.heat(rows)


def scores(report: RunReport) -> Drawing | None:
    """Draw how far each metric lies from the mean of each null model."""
    table = report.tables["nulls"].dropna(subset=["z"])
    rows = [
        {"row": metric(name), "series": MODELS[model], "x": rounded(z)}
        for name, model, z in zip(table["metric"], table["model"], table["z"], strict=True)
    ]
    return charts.scores(rows, "Standard deviations from the mean of the null graphs")


# Figures that are more than the columns of a table.
DRAW: dict[str, Callable[[RunReport], Drawing | None]] = {
    "per-event": per_event,
    "novelty": novelty,
    "joined": newly_connected,
    "distances": path_lengths,
    "community-sizes": community_sizes,
    "community-changes": community_changes,
    "hub-degrees": lambda report: by_concept(report.tables["hub_degrees"], "degree", "Neighbours"),
    "emergence": emergence,
    "bridges-top": lambda report: by_concept(report.tables["bridges"], "betweenness", "Betweenness"),
    "persistence": lambda report: bridge_persistence(report, "snapshots"),
    "consensus": lambda report: bridge_persistence(report, "consensus"),
    "degrees": degrees,
    "betweenness": lambda report: histogram(report.tables["centralities"]["betweenness"], "Share of shortest paths"),
    "closeness": lambda report: histogram(report.tables["centralities"]["closeness"], "Closeness"),
    "eigenvector": lambda report: histogram(report.tables["centralities"]["eigenvector"], "Eigenvector centrality"),
    "correlations": correlations,
    "scores": scores,
}
