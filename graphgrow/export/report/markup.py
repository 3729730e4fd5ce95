"""The parts of the page that are text and tables: everything that is not ours is escaped, and isolated in its line."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from graphgrow.export.report import Report, words
from graphgrow.export.report.drawing import CELL, number, plain, shorten

LONGEST = 10  # of the longest paths; `--csv` has all of them
LINE = 4000  # characters of a cell: a path of many short names
ROUNDED = 4
LARGE = 1000
SMALL = 1e-4


def facts(found: Report) -> str:
    """Return the header's list of facts."""
    about = found.facts
    first, last = (str(about[name])[:10] for name in ("first", "last"))
    usd = about["usd"]
    shown = {
        "Events": shown_number(about["events"]),
        "Concepts": shown_number(about["concepts"]),
        "Relations": shown_number(about["relations"]),
        "Tokens": shown_number(about["tokens"]),
        "US dollars": f"{usd:.2f}" if isinstance(usd, float) else "no price known",
        "Date": first if first == last else f"{first} to {last}",
        "Models": ", ".join(_strings(about["models"])) or "none: nothing was asked",
    }
    return "".join(f"<div><dt>{name}</dt><dd>{text(value or '-')}</dd></div>" for name, value in shown.items())


def _strings(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def text(value: object, most: int = CELL) -> str:
    """Return text of any origin as HTML: one line, escaped, its direction kept to itself."""
    return f"<bdi>{escape(shorten(str(value), most))}</bdi>"


def shown_number(value: object) -> str:
    """Return a number as people read it: four decimals, thousands apart, a dash for what is missing."""
    if value is None:
        return "\u2013"
    if not isinstance(value, float):
        return f"{value:,}".replace(",", "\u2009").replace("-", "\u2212")
    if float(value).is_integer() and abs(value) >= LARGE:
        return shown_number(int(value))
    return (f"{value:.{ROUNDED}f}" if abs(value) >= SMALL or value == 0 else f"{value:.2e}").replace("-", "\u2212")


def cell(value: object) -> str:
    """Return a table cell: numbers with their exact value for programs, right-aligned; text as text."""
    if isinstance(value, str):
        return f"<td>{text(value, LINE)}</td>"
    exact = "" if value is None else f' value="{value!r}"'
    return f'<td class="number"><data{exact}>{shown_number(value)}</data></td>'


def table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table that scrolls by itself where it is too wide; the first column names the row."""
    if not rows:
        return f'<p class="empty">{escape(caption)}: nothing to show.</p>'
    numeric = [any(isinstance(row[place], (int, float)) for row in rows) for place in range(len(columns))]
    head = "".join(
        f'<th scope="col"{" class=number" if right else ""}>{escape(name)}</th>'
        for name, right in zip(columns, numeric, strict=True)
    )
    body = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in rows)
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _column(found: Report, name: str, column: str) -> list[Any]:
    return plain(found.tables[name][column])


def _rows(found: Report, name: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
    return list(zip(*(_column(found, name, column) for column in columns), strict=True))


def panel(found: Report) -> str:
    """Return the final panel beside the paper's two runs."""
    rows = [
        (words.metric(name), value, *words.PAPER.get(name, (None, None)), meaning)
        for name, value, meaning in _rows(found, "panel", ("metric", "value", "meaning"))
    ]
    return table("The final graph in numbers", ("Metric", "This graph", "Paper, G1", "Paper, G2", "What it is"), rows)


def ratios(found: Report) -> str:
    """Return the verdict on the degrees, and the comparisons that it rests on."""
    values = dict(_rows(found, "panel", ("metric", "value")))
    rows = [
        (f"exponent up to {limit:g}" if limit else "any exponent", round(alpha, 4), int(xmin), *rest)
        for limit, alpha, xmin, *rest in _rows(
            found, "ratios", ("alpha_limit", "alpha", "xmin", "ntail", "rival", "raw", "normalised", "p", "reading")
        )
    ]
    columns = "Fit", "Exponent", "From degree", "Concepts", "Against", "Ratio", "Normalised", "p", "Reading"
    said = words.verdict(values.get("powerlaw_verdict"))
    return f'<p class="verdict">{escape(said)}</p>{table("Is it a power law? Likelihood ratios", columns, rows)}'


def longest(found: Report) -> str:
    """Return the longest of the longest paths, one row a path."""
    paths: dict[tuple[int, int], list[str]] = {}
    for rank, length, name in _rows(found, "longest_paths", ("rank", "length", "name")):
        paths.setdefault((rank, length), []).append(shorten(name))
    rows = [(*about, " \u2192 ".join(names)) for about, names in paths.items()][:LONGEST]
    return table(f"The {len(rows)} longest shortest paths", ("Rank", "Relations", "Concepts on the way"), rows)


def chance(found: Report) -> str:
    """Return every comparison with a null model."""
    columns = "metric", "model", "observed", "mean", "low", "high", "z"
    rows = [
        (words.metric(metric), words.MODELS[model], *map(number, rest))
        for metric, model, *rest in _rows(found, "nulls", columns)
    ]
    samples = max(_column(found, "nulls", "samples"), default=0)
    caption = f"Beside chance: {samples} graphs of each null model, 95 % of them between low and high"
    return table(caption, ("Metric", "Null model", "This graph", "Mean", "Low", "High", "z"), rows)


TABLES: dict[str, Callable[[Report], str]] = {"distributions": ratios, "longest": longest, "chance": chance}
