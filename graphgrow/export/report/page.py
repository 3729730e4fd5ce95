"""A report as one HTML page that requests nothing: style, library, data and script are in it.

Names come from a language model. They reach the page as escaped text in tables, or as JSON that no tag can end, and
the content security policy runs the page's own scripts by their hash and no other, no `eval` and no request.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from graphgrow.export import draft_of
from graphgrow.export.report import RunReport
from graphgrow.export.report.charts import CONFIG, Drawing
from graphgrow.export.report.figures import Figure, draw, rounded, sections, shorten
from graphgrow.export.report.tables import plain
from graphgrow.export.report.words import MODELS, PAPER, UNFITTED, VERDICTS, metric
from graphgrow.graph.confidence import TRUSTED

NOTHING = '<p class="empty">Nothing to draw: the run holds too little for this figure.</p>'
TAGS = {"paper": "The paper\u2019s measure", "corrected": "Corrected"}
LONGEST = 10  # of the longest paths; `--csv` has all of them
NAME = 160  # characters of a name
CELL = 4000  # characters of a cell: a path of many short names
LARGE = 1000
SMALL = 1e-4
_UNSAFE = {ord(char): f"\\u{ord(char):04x}" for char in "<>&"}


def page(report: RunReport, library: str) -> str:
    """Return the page of a report; `library` is the JavaScript of `library()`."""
    parts = sections()
    html, figures = "", list[dict[str, Any]]()
    for part in parts:
        shown = ""
        for figure in part.figures:
            drawn = draw(figure, report)
            shown += _figure(figure, drawn)
            if drawn:
                # Rows go apart from the chart, which keeps no address of a schema.
                spec: dict[str, Any] = drawn.chart.to_dict()
                rows = spec.pop("datasets")[spec.pop("data")["name"]]
                spec = {field: value for field, value in spec.items() if field not in {"$schema", "config"}}
                spec["description"] = f"{figure.title}. {figure.sentence}"
                columns = list(drawn.columns.items())
                figures.append({"name": figure.name, "spec": spec, "rows": rows, "columns": columns})
        table = TABLES[part.name](report) if part.name in TABLES else ""
        html += (
            f'<section id="{part.name}" aria-labelledby="title-{part.name}"><h2 id="title-{part.name}">'
            f'{escape(part.title)}</h2><p class="intro">{escape(part.intro)}</p><div class="grid">{shown}</div>'
            f"{table}</section>"
        )
    titles = [*((part.name, part.title) for part in parts), ("panel", "The whole panel")]
    # No script can end its element early, and line ends are those that a browser hashes.
    scripts = [
        text.replace("</script", "<\\/script").replace("<!--", "<\\!--").replace("\r\n", "\n").replace("\r", "\n")
        for text in (library, _file("page.js"))
    ]
    return Template(_file("page.html")).substitute(
        policy=policy(scripts),
        title=escape(str(report.facts["topic"]) or "Knowledge graph"),
        style=_file("page.css"),
        facts=_facts(report.facts),
        reliability=reliability(report.facts),
        contents="".join(f'<li><a href="#{name}">{escape(title)}</a></li>' for name, title in titles),
        sections=html,
        panel=panel(report),
        data=embedded({"config": CONFIG, "figures": figures}),
        library=scripts[0],
        script=scripts[1],
    )


def write(path: Path, html: str) -> None:
    """Write a page to a file, whole or not at all; raises BadInput where that is not possible."""
    with draft_of(path) as draft:
        draft.write_text(html, encoding="utf-8", newline="")


def policy(scripts: Iterable[str]) -> str:
    """Return a content security policy that runs these inline scripts and loads nothing."""
    hashes = " ".join(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def embedded(value: object) -> str:
    """Return JSON that can stand in a script element: ASCII alone, without a character that could end it."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).translate(_UNSAFE)


def _file(name: str) -> str:
    return files("graphgrow.export.report").joinpath(name).read_text(encoding="utf-8")


def _figure(figure: Figure, drawn: Drawing | None) -> str:
    """Return heading, sentence and note of a figure, and the places of legend, chart and data in between."""
    tag = f'<span class="tag {figure.tag}">{TAGS[figure.tag]}</span>' if figure.tag else ""
    width = ' class="wide"' if figure.wide else ""
    body = NOTHING
    if drawn:
        keys = "".join(
            f'<li><span style="background:{colour}"></span>{_text(series)}</li>' for series, colour in drawn.legend
        )
        body = (
            f'<ul class="legend">{keys}</ul><div class="chart" data-figure="{figure.name}"></div>'
            f'<details data-figure="{figure.name}"><summary>Data<span class="hidden"> of {escape(figure.title)}</span>'
            "</summary></details>"
        )
    return (
        f'<figure id="figure-{figure.name}"{width} aria-labelledby="name-{figure.name}">'
        f'<figcaption><h3 id="name-{figure.name}">{escape(figure.title)}{tag}</h3><p>{escape(figure.sentence)}</p>'
        f"</figcaption>{body}"
        f'<p class="note"{"" if figure.note else " hidden"}>{escape(figure.note)}</p></figure>'
    )


def per_cent(facts: dict[str, Any]) -> str:
    """Return the share of the relations that is trusted."""
    return f"{100 * facts['trusted'] / facts['relations']:.0f} %" if facts["relations"] else ""


def reliability(facts: dict[str, Any]) -> str:
    """Say how far the graph can be relied on: how much of it was checked, how much is trusted, what that means."""
    if not facts["relations"]:
        return ""
    many = "relation was" if facts["checked"] == 1 else "relations were"
    return (
        f"{_number(facts['checked'])} of {_number(facts['relations'])} {many} put to a fact check, and "
        f"{_number(facts['trusted'])} ({per_cent(facts)}) have a confidence of {100 * TRUSTED:.0f} % or more, the "
        "probability that a careful reader calls a relation true. The figures below show all of them."
    )


def _facts(facts: dict[str, Any]) -> str:
    """Return the header's list of facts."""
    first, last = (str(facts[name])[:10] for name in ("first", "last"))
    usd = facts["usd"]
    shown = {
        "Events": _number(facts["events"]),
        "Concepts": _number(facts["concepts"]),
        "Relations": _number(facts["relations"]),
        "Trusted": per_cent(facts),
        "Tokens": _number(facts["tokens"]),
        "US dollars": f"{usd:.2f}" if isinstance(usd, float) else "no price known",
        "Date": first if first == last else f"{first} to {last}",
        "Models": ", ".join(facts["models"]) or "none: nothing was asked",
    }
    return "".join(f"<div><dt>{name}</dt><dd>{_text(value or '-')}</dd></div>" for name, value in shown.items())


def _text(value: object, most: int = NAME) -> str:
    """Return text of any origin as HTML: one line, escaped, with its text direction isolated."""
    return f"<bdi>{escape(shorten(str(value), most))}</bdi>"


def _number(value: object) -> str:
    """Return a number as people read it: four decimals, thousands apart, a dash for what is missing."""
    if value is None:
        return "\u2013"
    if isinstance(value, float) and not (value.is_integer() and abs(value) >= LARGE):
        return (f"{value:.4f}" if abs(value) >= SMALL or value == 0 else f"{value:.2e}").replace("-", "\u2212")
    whole = int(value) if isinstance(value, float) else value
    return f"{whole:,}".replace(",", "\u2009").replace("-", "\u2212")


def _table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table that scrolls by itself where it is too wide; numbers have their exact value for programs."""
    if not rows:
        return f'<p class="empty">{escape(caption)}: nothing to show.</p>'
    head = body = ""
    for column, name in enumerate(columns):
        is_numeric = any(isinstance(row[column], (int, float)) for row in rows)
        head += f'<th scope="col"{" class=number" if is_numeric else ""}>{escape(name)}</th>'
    for row in rows:
        body += "<tr>"
        for value in row:
            exact = "" if value is None else f' value="{value!r}"'
            is_text = isinstance(value, str)
            body += "<td>" if is_text else f'<td class="number"><data{exact}>'
            body += f"{_text(value, CELL)}</td>" if is_text else f"{_number(value)}</data></td>"
        body += "</tr>"
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _rows(report: RunReport, name: str, *columns: str) -> list[tuple[Any, ...]]:
    """Return some columns of a table as plain values."""
    table = report.tables[name]
    return list(zip(*(plain(table[column]) for column in columns), strict=True))


def panel(report: RunReport) -> str:
    """Return the final panel beside the paper's two runs."""
    rows = [
        (metric(name), value, *PAPER.get(name, (None, None)), meaning)
        for name, value, meaning in _rows(report, "panel", "metric", "value", "meaning")
    ]
    return _table("The final graph in numbers", ("Metric", "This graph", "Paper, G1", "Paper, G2", "What it is"), rows)


def ratios(report: RunReport) -> str:
    """Return the verdict on the degrees, and the comparisons that it rests on."""
    names = "alpha_limit", "alpha", "xmin", "ntail", "rival", "raw", "normalised", "p", "reading"
    rows = [
        (f"exponent up to {limit:g}" if limit else "any exponent", round(alpha, 4), int(xmin), *rest)
        for limit, alpha, xmin, *rest in _rows(report, "ratios", *names)
    ]
    columns = "Fit", "Exponent", "From degree", "Concepts", "Against", "Ratio", "Normalised", "p", "Reading"
    verdict = VERDICTS.get(dict(_rows(report, "panel", "metric", "value"))["powerlaw_verdict"], UNFITTED)
    return f'<p class="verdict">{escape(verdict)}</p>{_table("Is it a power law? Likelihood ratios", columns, rows)}'


def longest(report: RunReport) -> str:
    """Return the longest of the longest paths, one row per path."""
    paths: dict[tuple[int, int], list[str]] = {}
    for rank, length, name in _rows(report, "longest_paths", "rank", "length", "name"):
        paths.setdefault((rank, length), []).append(shorten(name))
    rows = [(*about, " \u2192 ".join(names)) for about, names in paths.items()][:LONGEST]
    return _table(
        f"The {len(rows)} pairs of concepts farthest apart", ("Rank", "Relations", "Concepts on the way"), rows
    )


def chance(report: RunReport) -> str:
    """Return every comparison with a null model."""
    rows = [
        (metric(name), MODELS[model], *map(rounded, rest))
        for name, model, *rest in _rows(report, "nulls", "metric", "model", "observed", "mean", "low", "high", "z")
    ]
    samples = max(report.tables["nulls"]["samples"], default=0)
    caption = f"Beside chance: {samples} graphs of each null model, 95 % of them between low and high"
    return _table(caption, ("Metric", "Null model", "This graph", "Mean", "Low", "High", "z"), rows)


# Tables that stand below the figures of a section.
TABLES: dict[str, Callable[[RunReport], str]] = {"distributions": ratios, "longest": longest, "chance": chance}
