"""What the kept runs say about the policies on a real model, as Markdown tables; asks no model."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from figures import Cosines, figures, first_questions, first_tokens, judged, tokens
from live import Entry, Events, first_other, is_done, steps
from tables import Runs, ratios, table
from trial import Run

from graphgrow.errors import BadInput
from graphgrow.policy.strategies import BASELINES

BEST_BY = "relevant"
COLUMNS = {
    "runs": ("runs", 0),
    "kept 1": ("kept/1k, 1st third", 2),
    "kept 2": ("2nd", 2),
    "kept 3": ("3rd", 2),
    "kept": ("kept/1k", 2),
    "relevant": ("by relevance", 2),
    "relevance": ("relevance", 3),
    "largest": ("largest component %", 1),
    "modularity": ("modularity", 3),
    "across": ("cross-community relations", 0),
    "across per 1k": ("cross-community/1k", 2),
    "merged": ("merged", 1),
    "again": ("said again %", 1),
    "rejects": ("rejects", 1),
    "concepts": ("concepts", 0),
    "questions": ("questions", 0),
    "kilotokens": ("tokens, k", 1),
}
RATIOS = {"relevant": "by relevance", "kept": "kept"}


def load(entries: Iterable[Entry], folder: Path, questions: int) -> tuple[dict[Entry, Events], list[str]]:
    """Return the runs cut at so many questions, their replies resolved by today's rules, and remarks about the rest.

    Raises BadInput where they are not of one topic and one model.
    """
    runs, remarks = {}, []
    for entry in entries:
        events = entry.kept(folder)
        if not is_done(entry, events, questions):
            remarks.append(f"{entry} is left out: it has {steps(events)} questions")
            continue
        if (other := first_other(events)) is not None:
            remarks.append(f"{entry} sent another prompt at event {other} than is made of it today")
        runs[entry] = judged(first_questions(events, questions))
    made = {(event.topic, event.reply.model) for events in runs.values() for event in events}
    if len(made) > 1:
        raise BadInput(f"the runs in {folder} are of {sorted(made)}: keep one topic and one model in a folder")
    return runs, remarks


def report(runs: dict[Entry, Events], questions: int, compare: Cosines) -> Iterator[str]:
    """Yield the tables: after so many questions, and cut at the bill of the cheapest run that got that far."""
    if not runs:
        yield f"no run of {questions} questions is kept"
        return
    first = next(iter(runs.values()))[0]
    yield f"### {first.topic}: {first.reply.model}, {questions} questions\n"
    yield "Kept concepts per 1,000 tokens, best first by those weighted with their relevance to the topic.\n"
    yield from _tables(measured(runs, compare))
    whole = [events for events in runs.values() if steps(events) == questions] or runs.values()
    least = min(map(tokens, whole))
    yield f"\n### The same runs at equal tokens: the first {least:,}\n"
    yield from _tables(measured({entry: first_tokens(events, least) for entry, events in runs.items()}, compare))


def _tables(runs: Runs) -> Iterator[str]:
    yield from table(runs, COLUMNS, BEST_BY)
    yield ""
    yield from ratios(runs, list(BASELINES), RATIOS)


def measured(runs: dict[Entry, Events], compare: Cosines) -> dict[str, list[Run]]:
    """Return the figures of the runs by policy."""
    found = defaultdict[str, list[Run]](list)
    for entry, events in runs.items():
        found[entry.policy].append(figures(events, compare))
    return {policy: [run | {"runs": len(rows)} for run in rows] for policy, rows in found.items()}
