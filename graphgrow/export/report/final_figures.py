"""Which figure of the final graph is drawn by what: distributions, fits, correlations along paths, chance."""

from functools import partial

from graphgrow.export.report import Report, charts, words
from graphgrow.export.report.drawing import Draw, Drawing, histogram, number, plain

OBSERVED = "observed"


def _distances(found: Report) -> Drawing | None:
    table = found.tables["path_lengths"]
    rows = [
        {"x": length - 0.5, "end": length + 0.5, "y": pairs}
        for length, pairs in zip(table["length"].tolist(), table["pairs"].tolist(), strict=True)
    ]
    if not rows:
        return None
    return Drawing(
        charts.bars(rows, "Relations between two concepts", "Pairs"), {"x": "From", "end": "To", "y": "Pairs"}
    )


def _degrees(found: Report) -> Drawing | None:
    seen, fitted = found.tables["degrees"], found.tables["degree_fits"]
    floor = 0.5 * min(seen["share"], default=0)
    rows = [
        {"x": number(degree), "y": number(share), "series": series}
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


def _centrality(column: str, x: str, found: Report) -> Drawing | None:
    rows = histogram(plain(found.tables["centralities"][column]))
    return Drawing(charts.bars(rows, x, "Concepts"), {"x": "From", "end": "To", "y": "Concepts"}) if rows else None


def _correlations(found: Report) -> Drawing | None:
    table = found.tables["correlations"].dropna()
    rows = [
        {
            "row": one,
            "column": other,
            "y": number(r),
            "strength": number(abs(r)),
            "series": "positive" if r >= 0 else "negative",
        }
        for one, other, r in table.itertuples(index=False)
    ]
    return Drawing(charts.heat(rows), {"row": "Mean of", "column": "and of", "y": "r"}, charts.SIGNS) if rows else None


def _scores(found: Report) -> Drawing | None:
    table = found.tables["nulls"].dropna(subset=["z"])
    rows = [
        {"row": words.metric(metric), "series": words.MODELS[model], "x": number(z)}
        for metric, model, z in zip(table["metric"], table["model"], table["z"], strict=True)
    ]
    if not rows:
        return None
    chart = charts.distances(rows, "Standard deviations from the mean of the null graphs")
    return Drawing(chart, {"row": "Metric", "series": "Null model", "x": "z"}, charts.legend(rows))


DRAW: dict[str, Draw] = {
    "distances": _distances,
    "degrees": _degrees,
    "betweenness": partial(_centrality, "betweenness", "Share of shortest paths"),
    "closeness": partial(_centrality, "closeness", "Closeness"),
    "eigenvector": partial(_centrality, "eigenvector", "Eigenvector centrality"),
    "correlations": _correlations,
    "scores": _scores,
}
