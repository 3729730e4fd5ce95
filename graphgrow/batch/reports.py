"""What a run did, read from the log of its graph: what grew, what it cost, new hubs and communities, what went wrong.

Names in it are a model's words: in Markdown they stand in code spans, where nothing is read as mark-up.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Event, Expansion
from graphgrow.growth.step import is_failure
from graphgrow.policy.monitor import monitor

HUBS, LISTED, SMALLEST, LONGEST = 10, 12, 3, 80
FAILED = frozenset(("error", "failing"))
AGAIN = frozenset(("held", "interrupted", "lost"))  # the run is not done: whoever comes next goes on with it
ENDINGS = {
    "steps": "all steps done",
    "tokens": "its tokens are spent",
    "usd": "the next question could cost more than its money allows",
    "minutes": "its time was up",
    "quota": "its quota is used up",
    "exhausted": "no question is left that was not asked",
    "failing": "five replies in a row could not be used",
    "saturated": "nothing new comes any more",
    "drifted": "the model left its topic or its language",
    "interrupted": "stopped; what was paid for is saved, and it goes on when it is started again",
    "held": "another machine, or another job, works on its graph",
    "lost": "another machine has taken it over",
    "error": "it could not go on",
}


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did; names in lists are as the graph shows them, moments are UTC in ISO 8601.

    `before` is true where another machine, or an earlier try, had done it to its end.
    """

    run: str
    job: str
    due: str
    outcome: str
    said: str = ""
    began: str = ""
    ended: str = ""
    store: str = ""
    topic: str = ""
    model: str = ""
    steps: int = 0
    replies: int = 0
    tokens: int = 0
    usd: float = 0.0
    concepts: int = 0
    new_concepts: int = 0
    relations: int = 0
    new_relations: int = 0
    newest: Sequence[str] = ()
    new_hubs: Sequence[tuple[str, int]] = ()
    new_communities: Sequence[tuple[Sequence[str], int]] = ()
    saturation: str = ""
    failures: Sequence[tuple[int, str]] = ()
    hooks: Sequence[str] = ()
    before: bool = False

    @property
    def is_failed(self) -> bool:
        """True where somebody should look at it."""
        return self.outcome in FAILED

    @property
    def is_done(self) -> bool:
        """True where the run is over for good."""
        return not (self.is_failed or self.outcome in AGAIN)

    @property
    def sentence(self) -> str:
        """How it ended, in words."""
        return self.said or ENDINGS.get(self.outcome, self.outcome)


def filled(report: Report, events: Sequence[Event], graph: Graph) -> Report:
    """Return the report with what the log says of its run; `graph` is the fold over all events."""
    mine = [event for event in events if isinstance(event, Expansion) and event.run == report.run]
    first = mine[0].seq if mine else graph.seq + 1
    before = Graph()
    before.apply_all(event for event in events if event.seq < first)
    newest = [graph.name(key) for key, seq in graph.introduced.items() if seq >= first and key in graph.concepts]
    return replace(
        report,
        topic=graph.topic,
        model=mine[-1].reply.model if mine else report.model,
        steps=sum(event.is_step for event in mine),
        replies=len(mine),
        tokens=sum(event.reply.usage.tokens for event in mine),
        usd=sum(event.reply.usd or 0.0 for event in mine),
        concepts=len(graph.concepts),
        new_concepts=len(graph.concepts) - len(before.concepts),
        relations=len(graph.relations),
        new_relations=len(graph.relations) - len(before.relations),
        newest=tuple(newest[:LISTED]),
        new_hubs=_new_hubs(before, graph),
        new_communities=_new_communities(before, graph),
        saturation=monitor(graph).assessment.summary,
        failures=tuple((event.seq, event.reason or event.outcome) for event in mine if is_failure(event))[:LISTED],
    )


def _hubs(graph: Graph) -> list[str]:
    return sorted(graph.concepts, key=lambda key: (-graph.degree(key), key))[:HUBS]


def _new_hubs(before: Graph, after: Graph) -> tuple[tuple[str, int], ...]:
    """Return the concepts that are among the best connected now and were not, with their degrees."""
    known = set(_hubs(before))
    return tuple((after.name(key), after.degree(key)) for key in _hubs(after) if key not in known)


def _new_communities(before: Graph, after: Graph) -> tuple[tuple[tuple[str, ...], int], ...]:
    """Return the communities that were not there before, each by the names of its leading concepts and its size."""
    from graphgrow.measure.communities import follow

    if not after.concepts:
        return ()
    known = follow(before.neighbours, {}, before.seq)[0] if before.concepts else {}
    _, found = follow(after.neighbours, known, after.seq)
    old = set(known.values())
    return tuple(
        (tuple(after.name(key) for key in one.name), one.size)
        for one in found
        if one.number not in old and one.size >= SMALLEST
    )[:LISTED]


def markdown(report: Report) -> str:
    """Return the report for people."""
    facts = [
        ("run", code(report.run)), ("due", report.due), ("began", report.began or "-"), ("ended", report.ended or "-"),
        ("graph", code(report.store)), ("topic", code(report.topic)), ("model", code(report.model)),
        ("steps", f"{report.steps}"), ("replies", f"{report.replies}"), ("tokens", f"{report.tokens:,}"),
        ("money", f"{report.usd:.4f} USD"),
        ("concepts", f"{report.concepts:,} (+{report.new_concepts:,})"),
        ("relations", f"{report.relations:,} (+{report.new_relations:,})"),
    ]  # fmt: skip
    parts = [f"# {code(report.job)}: {_ending(report)}", "\n".join(f"- {name}: {value}" for name, value in facts)]
    parts += _listed("New concepts", [code(name) for name in report.newest])
    parts += _listed("New hubs", [f"{code(name)}, related to {degree}" for name, degree in report.new_hubs])
    parts += _listed(
        "New communities", [f"{', '.join(map(code, names))}: {size} concepts" for names, size in report.new_communities]
    )
    parts += [f"## Saturation\n\n{code(report.saturation)}"] if report.saturation else []
    parts += _listed("Replies that could not be used", [f"event {seq}: {code(why)}" for seq, why in report.failures])
    parts += _listed("Hooks", [code(said) for said in report.hooks])
    return "\n\n".join(parts) + "\n"


def _ending(report: Report) -> str:
    words = ENDINGS.get(report.outcome, report.outcome)
    return f"{words} ({code(report.said, 400)})" if report.said else words


def _listed(title: str, rows: Sequence[str]) -> list[str]:
    return [f"## {title}\n\n" + "\n".join(f"- {row}" for row in rows)] if rows else []


def code(text: str, most: int = LONGEST) -> str:
    """Return any text as a code span: one line, in which Markdown reads nothing."""
    line = clean(text).replace("`", "'").strip()
    line = line if len(line) <= most else f"{line[: most - 1]}…"
    return f"`{line}`" if line else "-"


def document(report: Report) -> dict[str, Any]:
    """Return the report as JSON holds it."""
    return asdict(report)


def write(path: Path, report: Report) -> None:
    """Write a report as Markdown, and as JSON beside it, each whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = {".md": markdown(report), ".json": json.dumps(document(report), ensure_ascii=False, indent=1) + "\n"}
    for suffix, text in texts.items():
        draft = path.with_suffix(f"{suffix}.draft")
        draft.write_text(text, encoding="utf-8", errors="backslashreplace")
        draft.replace(path.with_suffix(suffix))
