"""`log`: what was asked and why, what it cost and what it brought, an event after the other."""

from collections import deque
from collections.abc import Iterator
from contextlib import closing
from typing import Annotated

import typer
from rich.text import Text

from graphgrow.cli.output import MOST, AsJson, Store, added, dump, judged_row, out, printable, side
from graphgrow.graph.model import Edit, Event, ReasoningStep
from graphgrow.policy.monitor import Assessment, assessments
from graphgrow.stores import open_store

DRAWN = 3  # strategies of which the log says what was drawn for them
INDENT = " " * 6
BROUGHT = {
    "concepts": "+{} concepts",
    "relations": "+{} relations",
    "support": "{} said again",
    "rejects": "{} kept out",
}


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(log)


def log(
    store: Store,
    last: Annotated[int | None, typer.Option(min=1, max=MOST, help="Only the newest so many events.")] = None,
    as_json: AsJson = False,
) -> None:
    """List every event: what was asked and why, what it cost and what it brought."""
    with closing(open_store(store)) as home:
        told = assessments(home.events())
        console = out()
        for event, judged in told if last is None else deque(told, last):
            if as_json:
                dump(judged_row(event, judged))
            else:
                console.print(_entry(event, judged))


def _entry(event: Event, judged: Assessment | None) -> Text:
    """Return an event as two lines: what it was and what came of it, and below that the reasons."""
    who, about = _subject(event)
    entry = Text()
    entry.append(f"{event.seq:>4}  {who:<11} ", style="cyan")
    entry.append(printable(about), style="bold")
    if outcome := ", ".join(_outcome(event)):
        entry.append(f": {outcome}")
    if remark := _remark(event):
        entry.append(f"; {printable(remark)}", style="yellow")
    for reason in filter(None, (_why(event), judged.summary if judged else "")):
        entry.append(f"\n{INDENT}{printable(reason)}", style="dim")
    return entry


def _subject(event: Event) -> tuple[str, str]:
    """Return who asked or decided, and about what."""
    if isinstance(event, Edit):
        return "by hand", f"{event.edit} {event.note}".strip()
    if isinstance(event, ReasoningStep):
        return event.task, " ".join((event.stage, ", ".join(event.subject))).strip()
    return event.focus.strategy, f"{', '.join(event.focus.concepts)} ({side(event)})"


def _outcome(event: Event) -> Iterator[str]:
    """Yield how it went, what it cost, and what it brought of each kind, where there is any."""
    if not isinstance(event, Edit):
        yield event.outcome
        yield f"{event.reply.usage.tokens if event.reply else 0:,} tokens"
    for kind, count in added(event).items():
        if count:
            brought = BROUGHT[kind].format(count)
            yield brought.removesuffix("s") if count == 1 else brought


def _remark(event: Event) -> str:
    """Return why an answer brought little, and what a question for intents is answered with."""
    if isinstance(event, Edit):
        return ""
    return f"{event.reason}: {'; '.join(event.delta.questions)}" if event.delta.questions else event.reason


def _why(event: Event) -> str:
    """Return why somebody decided so, or why a question was chosen and what was drawn for it and for others."""
    if isinstance(event, Edit):
        return "; ".join(dict.fromkeys(change.reason for change in event.delta.changes if change.reason))
    if isinstance(event, ReasoningStep):
        return ""
    ranked = event.focus.drawn
    shown = ", ".join(f"{name} {value:.1f}" for name, value in ranked[:DRAWN])
    drawn = f"drawn per 1,000 tokens: {shown}" if shown else ""
    places = [name for name, _ in ranked]
    if event.focus.strategy in places[1:]:
        before = places[: places.index(event.focus.strategy)]
        drawn += f"; {', '.join(before)} had nothing to ask or had been left for now"
    followed = f"follows event {', '.join(map(str, event.follows))}" if event.follows else ""
    return "; ".join(filter(None, (event.focus.reason, followed, drawn)))
