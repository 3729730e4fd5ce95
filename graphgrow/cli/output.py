"""How results are printed: tables for people, JSON for programs; text from a model is text, never mark-up."""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from graphgrow.graph.keys import clean
from graphgrow.graph.model import Event, Expansion, ReasoningStep
from graphgrow.policy.monitor import Assessment

SMALL = 1e-4  # below it four decimals show nothing
MOST = 2**31  # events; no log is longer
Store = Annotated[
    str, typer.Argument(help="A path to a .db file, or a store URL (sqlite:PATH, neo4j://HOST?graph=NAME).")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


def out() -> Console:
    """Return the console for results."""
    return Console(file=sys.stdout, highlight=False, soft_wrap=True)


def err() -> Console:
    """Return the console for progress."""
    return Console(file=sys.stderr, highlight=False)


def printable(text: str) -> str:
    """Return text as one line without control or direction characters, which a terminal would obey."""
    return clean(text)


def say(text: str) -> None:
    """Print lines of text as a result."""
    out().print(Text("".join(c for c in text if c == "\n" or c.isprintable())))


def dump(value: object) -> None:
    """Print one JSON document on a line of its own."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def number(value: object) -> str:
    """Return a value as a table shows it: floats with four significant digits or decimals, None as a dash."""
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) >= SMALL or value == 0 else f"{value:.3e}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {number(part)}" for name, part in value.items())
    return printable(str(value))


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
        shown.add_row(*(Text(number(cell)) for cell in row))
    Console(file=sys.stdout, highlight=False).print(shown)


def event_row(event: Event) -> dict[str, Any]:
    """Return the line of JSON that stands for an event in `log --json` and `grow --json`."""
    row: dict[str, Any] = {"seq": event.seq, "kind": event.kind, "at": event.at, "added": added(event)}
    if isinstance(event, Expansion):
        row |= {
            "outcome": event.outcome,
            "outcome_reason": event.reason,
            "strategy": event.focus.strategy,
            "reason": event.focus.reason,
            "question": list(event.focus.question),
            "variant": event.focus.variant,
            "drawn": dict(event.focus.drawn),
            "tokens": event.reply.usage.tokens,
            "usd": event.reply.usd,
            "repairs": event.repairs,
            "sample": event.sample,
            "verifies": event.verifies,
            "heeds": list(event.follows),
            "questions": list(event.delta.questions),
        }
    elif isinstance(event, ReasoningStep):
        row |= {
            "outcome": event.outcome,
            "outcome_reason": event.reason,
            "task": event.task,
            "stage": event.stage,
            "work": event.plan,
            "subject": list(event.subject),
            "tokens": event.reply.usage.tokens if event.reply else 0,
            "usd": event.reply.usd if event.reply else None,
            "repairs": event.repairs,
        }
    else:
        row |= {"edit": event.edit, "note": event.note}
    return row


def side(event: Expansion) -> str:
    """Return in words from which side an event asks, and as what beside other questions."""
    again = f", sample {event.sample + 1}" if event.sample else ""
    verified = f", verifies event {event.verifies}" if event.verifies else ""
    mended = f", mends event {event.repairs}" if event.repairs else ""
    return " ".join(filter(None, (printable(event.focus.angle), event.focus.variant))) + again + verified + mended


def judged_row(event: Event, judged: Assessment | None) -> dict[str, Any]:
    """Return the line of an event of a run, with what is to be done about the run where that changes with it."""
    return event_row(event) | {"watch": asdict(judged) if judged else None}


def added(event: Event) -> dict[str, int]:
    """Return what an event brought, counted."""
    delta = event.delta
    return {
        "concepts": len(delta.concepts),
        "relations": len(delta.relations),
        "support": len(delta.support),
        "rejects": len(delta.rejects),
    }
