"""`log`: what was asked and why, what it cost and what it brought, event by event; an event as JSON."""

from collections import deque
from contextlib import closing
from dataclasses import asdict
from typing import Annotated, Any

from rich.text import Text
from typer import Option

from graphgrow.cli.arguments import MOST, AsJson, Store
from graphgrow.cli.output import bill_rows, counted, dump, note, out
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Edit, Event, Expansion, FactCheck, ReasoningStep
from graphgrow.graph.qualified import qualifier_row, qualifiers_in_words
from graphgrow.policy.monitor import Assessment, assessments
from graphgrow.stores import open_store

DRAWN = 3  # strategies of which the log says what was drawn for them
BESIDE = 3  # relations of which the log says what was said beside them
INDENT = " " * 6


def log(
    store: Store,
    last: Annotated[int | None, Option(min=1, max=MOST, help="Only this many steps, the newest.")] = None,
    as_json: AsJson = False,
) -> None:
    """List every step: what was asked and why, what it cost and what it brought."""
    with closing(open_store(store)) as home:
        events, graph = assessments(home.events()), home.graph()
        is_mixed = len({model for _, model in graph.bills}) > 1  # else one name would stand in each line
        console = out()
        for event, assessment in events if last is None else deque(events, last):
            if as_json:
                dump(event_row(event, assessment))
                continue
            outcome, remark, reasons = list[str](), "", list[str]()
            if isinstance(event, Edit):
                who, about = "by hand", f"{event.edit} {event.note}".strip()
                reasons += dict.fromkeys(change.reason for change in event.delta.changes)
            else:
                by = f" of {clean(event.reply.model)}" if event.reply and is_mixed else ""
                outcome += [event.outcome, f"{event.reply.usage.tokens if event.reply else 0:,} tokens{by}"]
                outcome += [f"{event.reply.usd:.4f} USD"] if event.reply and event.reply.usd else []
                remark = event.reason
            if isinstance(event, FactCheck):
                who, about = "fact check", f"{'; '.join(event.statements)}: {event.answers}"
            if isinstance(event, ReasoningStep):
                who, about = event.task, f"{event.stage} {', '.join(event.subject)}".strip()
            if isinstance(event, Expansion):
                focus = event.focus
                who, about = focus.strategy, f"{', '.join(focus.concepts)} ({angle_in_words(event)})"
                if event.delta.questions:
                    remark += f": {'; '.join(event.delta.questions)}"
                reasons.append(focus.reason)
                if event.follows:
                    reasons.append(f"follows step {', '.join(map(str, event.follows))}")
                if focus.drawn:
                    shown = ", ".join(f"{name} {value:.1f}" for name, value in focus.drawn[:DRAWN])
                    reasons.append(f"drawn per 1,000 tokens: {shown}")
                names = [name for name, _ in focus.drawn]
                if focus.strategy in names[1:]:
                    before = ", ".join(names[: names.index(focus.strategy)])
                    reasons.append(f"{before} had nothing to ask or had been left for now")
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
            news = assessment.summary if assessment else ""
            qualified = [one for one in event.delta.statements if one.qualifiers]
            beside = [
                f"{one.raw.source} {one.raw.predicate} {one.raw.target}: {qualifiers_in_words(one.qualifiers)}"
                for one in qualified[:BESIDE]
            ]
            if len(qualified) > BESIDE:
                beside.append(f"and beside {counted(len(qualified) - BESIDE, 'relation')} more: see --json, or show")
            for line in filter(None, ("; ".join(filter(None, reasons)), news, *beside)):
                entry.append(f"\n{INDENT}{clean(line)}", style="dim")
            console.print(entry)
    if not as_json:
        for role, cost in bill_rows(graph):
            note(f"{role.removeprefix('- ')}: {cost}")


def event_row(event: Event, assessment: Assessment | None = None) -> dict[str, Any]:
    """Return the line of JSON of an event; of a run, with what is to be done about it where that changes here."""
    row: dict[str, Any] = {"seq": event.seq, "kind": event.kind, "at": event.at, "added": _added(event)}
    if isinstance(event, Edit):
        row |= {"edit": event.edit, "note": event.note}
    else:
        row |= {
            "outcome": event.outcome,
            "outcome_reason": event.reason,
            "tokens": event.reply.usage.tokens if event.reply else 0,
            "usd": event.reply.usd if event.reply else None,
            "role": event.role,
            "model": event.reply.model if event.reply else "",
        }
    if isinstance(event, FactCheck):
        claims = [{**asdict(claim.relation), "log_odds": claim.log_odds} for claim in event.claims]
        row |= {"claims": claims, "method": event.method}
    elif not isinstance(event, Edit):
        row["repairs"] = event.repairs
    if isinstance(event, ReasoningStep):
        row |= {"task": event.task, "stage": event.stage, "work": event.plan, "subject": list(event.subject)}
    if isinstance(event, Expansion):
        row |= {
            "strategy": event.focus.strategy,
            "reason": event.focus.reason,
            "question": list(event.focus.question),
            "variant": event.focus.variant,
            "drawn": dict(event.focus.drawn),
            "sample": event.sample,
            "verifies": event.verifies,
            "heeds": list(event.follows),
            "questions": list(event.delta.questions),
        }
    said = [
        {"source": one.raw.source, "predicate": one.raw.predicate, "target": one.raw.target,
         "qualifiers": qualifier_row(one.qualifiers)}
        for one in event.delta.statements if one.qualifiers
    ]  # fmt: skip
    row |= {"qualified": said} if said else {}
    return row | {"watch": asdict(assessment) if assessment else None}


def _added(event: Event) -> dict[str, int]:
    """Return what an event brought, counted."""
    return {kind: len(getattr(event.delta, kind)) for kind in ("concepts", "relations", "support", "rejects")}


def angle_in_words(event: Expansion) -> str:
    """Return from which side an event asks, and as what beside other questions."""
    words = [" ".join(filter(None, (clean(event.focus.angle), event.focus.variant)))]
    words += [f"sample {event.sample + 1}"] if event.sample else []
    words += [f"verifies step {event.verifies}"] if event.verifies else []
    words += [f"mends step {event.repairs}"] if event.repairs else []
    return ", ".join(words)
