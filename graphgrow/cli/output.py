"""How results are printed: tables for people, JSON for programs; text from a model is text, never mark-up."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from rich.console import Console
from rich.table import Table
from rich.text import Text

from graphgrow.graph.graph import Evidence, Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Relation, Role
from graphgrow.graph.qualified import qualifier_row
from graphgrow.stores import store_url

SMALL = 1e-4  # below it four decimals show nothing
T = TypeVar("T")
ROLES: dict[Role, str] = {  # what models are for, as people say it
    "grow": "growing", "check": "fact checks", "arbitrate": "possible duplicates", "judge": "judging",
    "embed": "meanings of names", "reason": "reasoning",
}  # fmt: skip


def out() -> Console:
    """Return the console for results."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=True)


def err() -> Console:
    """Return the console for progress."""
    return Console(file=sys.stderr, highlight=False)


def say(text: str) -> None:
    """Print lines of text as a result."""
    out().print(_plain(text))


def note(text: str) -> None:
    """Print lines of text on stderr: what is no result, such as progress, a price, a reason to stop."""
    err().print(_plain(text), soft_wrap=True)


def _plain(text: str) -> Text:
    """Return lines of text without characters that a terminal would obey."""
    return Text("".join(c for c in text if c == "\n" or c.isprintable()))


def dump(value: object) -> None:
    """Print one JSON document on a line of its own."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """Print a table; columns whose name starts with a blank are numbers and stand right."""
    shown = Table(
        title=Text(title) if title else None, title_justify="left", box=None, pad_edge=False, header_style="bold"
    )
    for column in columns:
        shown.add_column(
            column.strip(),
            justify="right" if column.startswith(" ") else "left",
            overflow="fold",
            no_wrap=column == "metric",
        )
    for row in rows:
        shown.add_row(*(Text(cell(value)) for value in row))
    Console(file=sys.stdout, highlight=False).print(shown)


def cell(value: object) -> str:
    """Return a value as a table shows it: floats with four significant digits or decimals, None as a dash."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) >= SMALL or value == 0 else f"{value:.3e}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {cell(part)}" for name, part in value.items())
    return clean(str(value))


def counted(count: int, thing: str) -> str:
    """Return a number of things: "1 relation", "2 relations"."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def sizes(graph: Graph) -> dict[str, int]:
    """Return how large a graph is, as the JSON of a command that changed or wrote it says it."""
    return {"concepts": len(graph.concepts), "relations": len(graph.relations)}


def size_in_words(graph: Graph, joint: str = " and ") -> str:
    """Return how large a graph is, for people."""
    return joint.join((counted(len(graph.concepts), "concept"), counted(len(graph.relations), "relation")))


def by_rule(rejected: Mapping[str, int]) -> str:
    """Return how often each hygiene rule kept a name out, the most frequent first; "" where none did."""
    rows = sorted(rejected.items(), key=lambda row: (-row[1], row[0]))
    return ", ".join(f"{count} {rule}" for rule, count in rows)


def hygiene_in_words(rejected: Mapping[str, int], store: str) -> str:
    """Return what hygiene took, by rule, and how to see it and let it in."""
    if not rejected:
        return "hygiene kept no name out"
    total = counted(sum(rejected.values()), "time")
    script = "; --without-rule script lets in names in another script than the topic" if "script" in rejected else ""
    return f"hygiene kept names out {total}: {by_rule(rejected)}; see  graphgrow rejects {place(store)}{script}"


def place(url: str) -> str:
    """Return where a store is, as people type it: a path where it is SQLite's."""
    return store_url(url).short


def relation_row(graph: Graph, relation: Relation) -> dict[str, Any]:
    """Return a relation in names, with its support: a row of a table or of JSON."""
    return {
        "source": graph.name(relation.source),
        "predicate": relation.predicate,
        "target": graph.name(relation.target),
        "support": graph.support(relation),
    }


def bill_rows(graph: Graph) -> list[tuple[str, str]]:
    """Return what each role of a model cost, for people; nothing where there is but one."""
    rows: list[tuple[str, str]] = []
    for role in dict.fromkeys(role for role, _ in graph.bills):
        parts = {model: bill for (one, model), bill in graph.bills.items() if one == role}
        tokens, usd = sum(one.tokens for one in parts.values()), sum(one.usd for one in parts.values())
        models = ", ".join(clean(model) for model in parts if model)
        money, by = f", {usd:.4f} USD" if usd else "", f" ({models})" if models else ""
        rows.append((f"- {ROLES[role]}", f"{tokens:,} tokens{money}{by}"))
    return rows if len(graph.bills) > 1 else []


def beside(evidence: Iterable[Evidence]) -> dict[str, Any]:
    """Return what was said beside a relation, as a part of its row of JSON: a row an event that said any of it."""
    rows = [{"event": one.seq, **qualifier_row(one.qualifiers)} for one in evidence if one.qualifiers]
    return {"qualifiers": rows} if rows else {}


def per_cent(share: float) -> str:
    """Return a confidence as people read it: "92 %"."""
    return f"{100 * share:.0f} %"


def spaced(rows: Sequence[T], count: int) -> Sequence[T]:
    """Return so many rows, evenly spaced, the last one among them; all where there are no more."""
    return [rows[len(rows) * (place + 1) // count - 1] for place in range(count)] if len(rows) > count else rows
