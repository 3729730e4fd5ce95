"""A report as one HTML page that asks for nothing: style, library, data and script stand in it.

Names come from a language model. They reach the page as escaped text in tables, or as JSON that no tag can end, and
the content security policy runs the page's own scripts by their hash and no other, no `eval` and no request.
"""

import json
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from html import escape
from importlib.resources import files
from string import Template
from typing import Any

from graphgrow.export.report import Report, figures, final_figures, markup
from graphgrow.export.report.charts import CONFIG
from graphgrow.export.report.contents import Figure, Section, sections
from graphgrow.export.report.drawing import Drawing

NOTHING = '<p class="empty">Nothing to draw: the run holds too little for this figure.</p>'
DRAW = figures.DRAW | final_figures.DRAW
TAGS = {"paper": "The paper\u2019s measure", "corrected": "Corrected"}
_UNSAFE = {ord(char): f"\\u{ord(char):04x}" for char in "<>&"}

Drawings = dict[str, Drawing | None]


def page(found: Report, library: str) -> str:
    """Return the page of a report; `library` is the JavaScript of `library.library`."""
    parts = sections()
    drawings = {figure.name: DRAW[figure.name](found) for part in parts for figure in part.figures}
    scripts = [_ended(text) for text in (library, _file("page.js"))]
    title = str(found.facts["topic"]) or "Knowledge graph"
    return Template(_file("page.html")).substitute(
        policy=policy(scripts),
        title=escape(title),
        style=_file("page.css"),
        facts=markup.facts(found),
        contents=_contents(parts),
        sections="".join(_section(part, drawings, found) for part in parts),
        panel=markup.panel(found),
        data=embedded(_data(parts, drawings)),
        library=scripts[0],
        script=scripts[1],
    )


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


def _ended(script: str) -> str:
    """Return a script that its element can hold whole."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--").replace("\r\n", "\n").replace("\r", "\n")


def _data(parts: list[Section], drawings: Drawings) -> dict[str, Any]:
    shown = [(figure, drawn) for part in parts for figure in part.figures if (drawn := drawings[figure.name])]
    return {"config": CONFIG, "figures": [_datum(figure, drawn) for figure, drawn in shown]}


def _datum(figure: Figure, drawn: Drawing) -> dict[str, Any]:
    """Return a figure as the page's script takes it: rows apart from the chart, which knows no address of a schema."""
    spec: dict[str, Any] = drawn.chart.to_dict()
    rows = spec.pop("datasets")[spec.pop("data")["name"]]
    spec = {field: value for field, value in spec.items() if field not in {"$schema", "config"}}
    spec["description"] = f"{figure.title}. {figure.sentence}"
    return {"name": figure.name, "spec": spec, "rows": rows, "columns": list(drawn.columns.items())}


def _contents(parts: list[Section]) -> str:
    titles = [*((part.name, part.title) for part in parts), ("panel", "The whole panel")]
    return "".join(f'<li><a href="#{name}">{escape(title)}</a></li>' for name, title in titles)


def _section(part: Section, drawings: Drawings, found: Report) -> str:
    figures = "".join(_figure(figure, drawings[figure.name]) for figure in part.figures)
    tables = markup.TABLES.get(part.name)
    return (
        f'<section id="{part.name}" aria-labelledby="title-{part.name}"><h2 id="title-{part.name}">{escape(part.title)}'
        f'</h2><p class="intro">{escape(part.intro)}</p><div class="grid">{figures}</div>'
        f"{tables(found) if tables else ''}</section>"
    )


def _figure(figure: Figure, drawn: Drawing | None) -> str:
    tag = f'<span class="tag {figure.tag}">{TAGS[figure.tag]}</span>' if figure.tag else ""
    width = ' class="wide"' if figure.wide else ""
    return (
        f'<figure id="figure-{figure.name}"{width} aria-labelledby="name-{figure.name}">'
        f'<figcaption><h3 id="name-{figure.name}">{escape(figure.title)}{tag}</h3><p>{escape(figure.sentence)}</p>'
        f"</figcaption>{_drawn(figure, drawn) if drawn else NOTHING}"
        f'<p class="note"{"" if figure.note else " hidden"}>{escape(figure.note)}</p></figure>'
    )


def _drawn(figure: Figure, drawn: Drawing) -> str:
    """Return the places of legend, chart and data of a figure, in rows that neighbours share."""
    keys = "".join(
        f'<li><span style="background:{colour}"></span>{markup.text(series)}</li>' for series, colour in drawn.legend
    )
    return (
        f'<ul class="legend">{keys}</ul><div class="chart" data-figure="{figure.name}"></div>'
        f'<details data-figure="{figure.name}"><summary>Data<span class="hidden"> of {escape(figure.title)}</span>'
        "</summary></details>"
    )
