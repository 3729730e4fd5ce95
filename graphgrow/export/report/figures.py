"""Which figure over the run is drawn by what; figures.toml has their words, final_figures.py the final graph."""

from collections.abc import Mapping
from functools import partial

from graphgrow.export.report import Report, charts
from graphgrow.export.report.drawing import Draw, Drawing, Rows, histogram, labels, lasting, number, plain, points
from graphgrow.export.report.run import TOP, marks

XY = {"x": "Event", "y": "Value"}
XYZ = {"x": "Event", "series": "Curve", "y": "Value"}


def _lined(rows: Rows, y: str, *, log: bool = False, zero: bool = False) -> Drawing | None:
    if log:
        rows = [row for row in rows if row["x"] > 0 and row["y"] > 0]
    if not rows:
        return None
    legend, chart = charts.legend(rows), charts.lines(rows, y, log=log, zero=zero)
    return Drawing(chart, XYZ, legend) if len(legend) > 1 else Drawing(chart, XY)


def _curves(
    series: Mapping[str, str], y: str, found: Report, *, log: bool = False, zero: bool = False
) -> Drawing | None:
    """Draw columns of the history at the snapshots."""
    history = found.tables["history"]
    taken = history[history["seq"].isin(marks(history["seq"].tolist(), found.every))]
    return _lined(points(taken, series), y, log=log, zero=zero)


def _growth(found: Report) -> Drawing | None:
    growth = found.tables["growth"]
    per = growth.assign(**{name: growth[name] / growth["events"] for name in ("new_concepts", "new_relations")})
    return _lined(
        points(per, {"new_concepts": "New concepts", "new_relations": "New relations"}), "Per event", zero=True
    )


def _novelty(found: Report) -> Drawing | None:
    growth = found.tables["growth"]
    share = growth.assign(share=growth["new_relations"] / (growth["new_relations"] + growth["support"]))
    return _lined(points(share, {"share": "New"}), "Share of statements", zero=True)


def _joined(found: Report) -> Drawing | None:
    rows = points(found.tables["growth"], {"newly_connected_pairs": "Pairs"})
    return _lined(rows, f"Pairs per {found.every} events" if found.every > 1 else "Pairs", zero=True)


def _pairs(found: Report) -> Drawing | None:
    return _lined(points(found.tables["pair_paths"], {"mean_length": "Mean path"}), "Relations")


def _hub_degrees(found: Report) -> Drawing | None:
    return _lined(lasting(found.tables["hub_degrees"], "degree"), "Neighbours", zero=True)


def _bridges(found: Report) -> Drawing | None:
    return _lined(lasting(found.tables["bridges"], "betweenness"), "Betweenness", zero=True)


def _emergence(found: Report) -> Drawing | None:
    hubs = found.tables["hubs"]
    if hubs.empty:
        return None
    named = labels(hubs)
    rows = [
        {"x": number(at), "y": number(degree), "series": named[key]}
        for key, at, degree in zip(hubs["key"], hubs["emerged"], hubs["degree"], strict=True)
    ]
    chart = charts.dots(rows, "Event of emergence", "Neighbours at the end", log=True)
    return Drawing(chart, {"series": "Concept", "x": "Emerged", "y": "Neighbours"})


def _sizes(found: Report) -> Drawing | None:
    """Draw the communities that end largest, all others as one."""
    table = found.tables["communities"]
    if table.empty:
        return None
    final = table[table["seq"] == table["seq"].max()].sort_values("size", ascending=False, kind="stable")
    top = final["community"].tolist()[:TOP]
    named = labels(final, "community")
    kept = table[table["community"].isin(top)]
    rest = table[~table["community"].isin(top)].groupby("seq")["size"].sum()
    rows = [
        {"x": int(seq), "y": int(size), "series": named[one], "rank": top.index(one)}
        for one in top
        for seq, size in kept.loc[kept["community"] == one, ["seq", "size"]].itertuples(index=False)
    ]
    rows += [
        {"x": seq, "y": size, "series": "all others", "rank": TOP}
        for seq, size in zip(rest.index.tolist(), rest.tolist(), strict=True)
    ]
    return Drawing(
        charts.stacked(rows, "Concepts", width=found.every),
        {"x": "Event", "series": "Community", "y": "Concepts"},
        charts.legend(rows),
    )


def _changes(found: Report) -> Drawing | None:
    counts = found.tables["community_changes"].groupby(["kind", "seq"]).size()
    kinds = ("birth", "split", "merge", "death")
    rows = [
        {"x": int(seq), "y": int(counts[kind, seq]), "series": f"{kind}s", "rank": rank}
        for rank, kind in enumerate(kinds)
        for one, seq in counts.index
        if one == kind
    ]
    if not rows:
        return None
    return Drawing(
        charts.stacked(rows, "Changes", width=found.every),
        {"x": "Event", "series": "Change", "y": "Count"},
        charts.legend(rows),
    )


def _persistence(column: str, found: Report) -> Drawing | None:
    values = [value for value in plain(found.tables["bridge_persistence"][column]) if value]
    rows = histogram(values)
    if not rows:
        return None
    x = f"Snapshots in a row, {found.every} events apart" if found.every > 1 else "Snapshots in a row"
    return Drawing(charts.bars(rows, x, "Concepts"), {"x": "From", "end": "To", "y": "Concepts"})


_SIZE = {"nodes": "Concepts", "edges": "Related pairs", "relations": "Relations"}
_CLUSTERING = {"average_clustering": "Clustering", "transitivity": "Transitivity"}
_LCC = {"nodes": "All concepts", "lcc_nodes": "In the largest component"}
_CUTS = {"articulation_points": "Articulation points", "cut_edges": "Cut edges"}
_MODULARITY = {"modularity_louvain": "Louvain", "modularity_leiden": "Leiden"}
_INEQUALITY = {"betweenness_gini": "Gini coefficient", "betweenness_top1pct": "Share of the top 1 %"}

DRAW: dict[str, Draw] = {
    "size": partial(_curves, _SIZE, "Count", zero=True),
    "size-log": partial(_curves, _SIZE, "Count", log=True),
    "per-event": _growth,
    "novelty": _novelty,
    "average-degree": partial(_curves, {"average_degree": "Average degree"}, "Neighbours"),
    "max-degree": partial(_curves, {"max_degree": "Largest degree"}, "Neighbours", zero=True),
    "density": partial(_curves, {"density": "Density"}, "Share of pairs", log=True),
    "clustering": partial(_curves, _CLUSTERING, "Share"),
    "assortativity": partial(_curves, {"degree_assortativity": "Assortativity"}, "Correlation of degrees"),
    "lcc": partial(_curves, _LCC, "Concepts", zero=True),
    "components": partial(_curves, {"components": "Components"}, "Components", zero=True),
    "core": partial(_curves, {"max_core": "k"}, "k", zero=True),
    "core-size": partial(_curves, {"max_core_size": "Concepts"}, "Concepts", zero=True),
    "cuts": partial(_curves, _CUTS, "Count", zero=True),
    "path-length": partial(_curves, {"average_path_length": "Average path"}, "Relations"),
    "pairs": _pairs,
    "diameter": partial(_curves, {"diameter": "Diameter"}, "Relations", zero=True),
    "efficiency": partial(_curves, {"global_efficiency": "Efficiency"}, "Efficiency"),
    "joined": _joined,
    "small-world": partial(_curves, {"small_world_sigma": "Sigma"}, "Sigma"),
    "modularity": partial(_curves, _MODULARITY, "Q"),
    "community-count": partial(_curves, {"communities": "Communities"}, "Communities", zero=True),
    "community-sizes": _sizes,
    "community-changes": _changes,
    "hub-degrees": _hub_degrees,
    "emergence": _emergence,
    "betweenness-mean": partial(_curves, {"betweenness_mean": "Mean betweenness"}, "Mean betweenness"),
    "betweenness-inequality": partial(_curves, _INEQUALITY, "Share", zero=True),
    "betweenness-max": partial(_curves, {"betweenness_max": "Largest betweenness"}, "Betweenness", zero=True),
    "bridges-top": _bridges,
    "bridge-count": partial(_curves, {"bridge_concepts": "Bridge concepts"}, "Concepts", zero=True),
    "persistence": partial(_persistence, "snapshots"),
    "consensus": partial(_persistence, "consensus"),
}
