"""What a notebook shows of a value: small tables in HTML, in which whatever a model said is text and nothing else."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

LINE = 160  # characters of a value that are shown
PROSE = 640  # of a value in a table
LISTED = 12  # of a list
LEFT = ' style="text-align:left"'


def line(value: object, most: int = LINE) -> str:
    """Return any value as one line of printable characters, cut where it is long."""
    text = " ".join("".join(one if one.isprintable() else " " for one in str(value)).split())
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}\u2026"


def listed(values: Iterable[object], most: int = LISTED) -> str:
    """Return some values with commas between them, and how many more there are."""
    found = [line(value) for value in values]
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more


def cell(value: object, most: int = LINE) -> str:
    """Return a value as HTML: escaped, with its text direction isolated."""
    return f"<bdi>{escape(line(value, most))}</bdi>"


def card(title: str, facts: Mapping[str, object], *more: str) -> str:
    """Return a title over the facts that are not empty, a row each; `more` is HTML that comes below."""
    rows = "".join(
        f'<tr><th scope="row"{LEFT}>{cell(name)}</th><td{LEFT}>{cell(value, PROSE)}</td></tr>'
        for name, value in facts.items()
        if value not in ("", None)
    )
    return f"<div><strong>{cell(title)}</strong><table><tbody>{rows}</tbody></table>{''.join(more)}</div>"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return rows under their headings."""
    head = "".join(f'<th scope="col"{LEFT}>{cell(name)}</th>' for name in columns)
    body = "".join(f"<tr>{''.join(f'<td{LEFT}>{cell(value, PROSE)}</td>' for value in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
