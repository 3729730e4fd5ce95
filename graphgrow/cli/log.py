"""`log`: what was asked and why, what it cost and what it brought, an event after the other; an event as JSON."""

from collections import deque
from contextlib import closing
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.text import Text

from graphgrow.cli.options import MOST, AsJson, Store
from graphgrow.cli.output import counted, dump, out
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Edit, Event, Expansion, ReasoningStep
from graphgrow.policy.monitor import Verdict, watched
from graphgrow.stores import open_store

DRAWN = 3  # strategies of which the log says what was drawn for them
INDENT = " " * 6


def log(
    store: Store,
    last: Annotated[int | None, typer.Option(min=1, max=MOST, help="Only the newest so many events.")] = None,
    as_json: AsJson = False,
) -> None:
    """List every event: what was asked and why, what it cost and what it brought."""
    with closing(open_store(store)) as home:
        events = watched(home.events())
        console = out()
        for event, verdict in events if last is None else deque(events, last):
            if as_json:
                dump(event_row(event, verdict))
            else:
                console.print(_entry(event, verdict))


def event_row(event: Event, verdict: Verdict | None = None) -> dict[str, Any]:
    """Return the line of JSON of an event; of a run, with what is to be done about it where that changes here."""
    row: dict[str, Any] = {"seq": event.seq, "kind": event.kind, "at": event.at, "added": _added(event)}
    match event:
        case Expansion(focus=focus, reply=reply):
            row |= {
                "outcome": event.outcome,
                "outcome_reason": event.reason,
                "strategy": focus.strategy,
                "reason": focus.reason,
                "question": list(focus.question),
                "variant": focus.variant,
                "drawn": dict(focus.drawn),
                "tokens": reply.usage.tokens,
                "usd": reply.usd,
                "repairs": event.repairs,
                "sample": event.sample,
                "verifies": event.verifies,
                "heeds": list(event.follows),
                "questions": list(event.delta.questions),
            }
        case ReasoningStep(reply=answer):
            row |= {
                "outcome": event.outcome,
                "outcome_reason": event.reason,
                "task": event.task,
                "stage": event.stage,
                "work": event.plan,
                "subject": list(event.subject),
                "tokens": answer.usage.tokens if answer else 0,
                "usd": answer.usd if answer else None,
                "repairs": event.repairs,
            }
        case Edit():
            row |= {"edit": event.edit, "note": event.note}
    return row | {"watch": asdict(verdict) if verdict else None}


def _added(event: Event) -> dict[str, int]:
    """Return what an event brought, counted."""
    delta = event.delta
    return {
        "concepts": len(delta.concepts),
        "relations": len(delta.relations),
        "support": len(delta.support),
        "rejects": len(delta.rejects),
    }


def angle_in_words(event: Expansion) -> str:
    """Return from which side an event asks, and as what beside other questions."""
    words = [" ".join(filter(None, (clean(event.focus.angle), event.focus.variant)))]
    if event.sample:
        words.append(f"sample {event.sample + 1}")
    if event.verifies:
        words.append(f"verifies event {event.verifies}")
    if event.repairs:
        words.append(f"mends event {event.repairs}")
    return ", ".join(words)


def _entry(event: Event, verdict: Verdict | None) -> Text:
    """Return an event as two lines: what it was and what came of it, and below that the reasons."""
    match event:
        case Edit():
            who, about, outcome, remark = "by hand", f"{event.edit} {event.note}".strip(), [], ""
            why = "; ".join(dict.fromkeys(change.reason for change in event.delta.changes if change.reason))
        case ReasoningStep():
            who, about = event.task, " ".join((event.stage, ", ".join(event.subject))).strip()
            outcome = [event.outcome, f"{event.reply.usage.tokens if event.reply else 0:,} tokens"]
            remark, why = event.reason, ""
        case Expansion(focus=focus, delta=delta):
            who, about = focus.strategy, f"{', '.join(focus.concepts)} ({angle_in_words(event)})"
            outcome = [event.outcome, f"{event.reply.usage.tokens:,} tokens"]
            remark = f"{event.reason}: {'; '.join(delta.questions)}" if delta.questions else event.reason
            why = _why(event)
    added = _added(event)
    outcome += [f"+{counted(added['concepts'], 'concept')}"] if added["concepts"] else []
    outcome += [f"+{counted(added['relations'], 'relation')}"] if added["relations"] else []
    outcome += [f"{added['support']} repeated"] if added["support"] else []
    outcome += [f"{added['rejects']} rejected"] if added["rejects"] else []
    entry = Text()
    entry.append(f"{event.seq:>4}  {who:<11} ", style="cyan")
    entry.append(clean(about), style="bold")
    if outcome:
        entry.append(f": {', '.join(outcome)}")
    if remark:
        entry.append(f"; {clean(remark)}", style="yellow")
    for reason in filter(None, (why, verdict.news if verdict else "")):
        entry.append(f"\n{INDENT}{clean(reason)}", style="dim")
    return entry


def _why(event: Expansion) -> str:
    """Return why a question was chosen, and what was drawn for it and for others."""
    focus, reasons = event.focus, [event.focus.reason]
    if event.follows:
        reasons.append(f"follows event {', '.join(map(str, event.follows))}")
    if focus.drawn:
        shown = ", ".join(f"{name} {value:.1f}" for name, value in focus.drawn[:DRAWN])
        reasons.append(f"drawn per 1,000 tokens: {shown}")
    names = [name for name, _ in focus.drawn]
    if focus.strategy in names[1:]:
        before = ", ".join(names[: names.index(focus.strategy)])
        reasons.append(f"{before} had nothing to ask or had been left for now")
    return "; ".join(filter(None, reasons))
