"""`compare`: runs side by side, with mean and interval over the repeats of one setup."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graphgrow.cli.output import MOST, AsJson, dump, say, table
from graphgrow.errors import BadInput
from graphgrow.graph.events import read_events
from graphgrow.graph.model import Event
from graphgrow.stores import open_store

if TYPE_CHECKING:
    from graphgrow.measure.comparison import Run, Setup, Value

POINTS = 5  # of a curve, in the table
FEWEST = 2
RUN_FILES = (".jsonl", ".jsonl.gz")


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(compare)


def compare(
    runs: Annotated[list[str], typer.Argument(metavar="RUN RUN…", help="Stores, or run files (.jsonl, .jsonl.gz).")],
    every: Annotated[int, typer.Option(min=1, max=MOST, help="Events from one snapshot to the next.")] = 25,
    as_json: AsJson = False,
) -> None:
    """Put runs side by side: curves at the same events, final panels, mean and interval over repeats of one setup."""
    from graphgrow.measure.comparison import setups

    if len(runs) < FEWEST:
        raise BadInput(f"one run has nothing to be compared with: name at least {FEWEST}")
    taken = [_run(source, every) for source in runs]
    groups = setups(taken)
    if as_json:
        dump(_document(taken, groups))
        return
    letters = _letters(groups)
    names = [f"{letters[one.setup]}{groups[one.setup].index(one) + 1}" for one in taken]
    _print_runs(taken, names)
    repeated = {letters[setup]: members for setup, members in groups.items() if len(members) >= FEWEST}
    _print_curves(taken, names, repeated)
    _print_panels(taken, names, repeated)


def _run(source: str, every: int) -> "Run":
    from graphgrow.measure.comparison import run

    if source.endswith(RUN_FILES):
        return run(source, events_of(source), every=every)
    with closing(open_store(source)) as store:
        return run(source, store.events(), every=every, cache=store)


def events_of(source: str) -> list[Event]:
    """Return the events of a store or a run file."""
    if source.endswith(RUN_FILES):
        return list(read_events(Path(source)))
    with closing(open_store(source)) as store:
        return list(store.events())


def _letters(groups: dict["Setup", list["Run"]]) -> dict["Setup", str]:
    """Return a letter for each setup, a number beyond Z."""
    return {setup: chr(ord("A") + place) if place < 26 else f"{place}." for place, setup in enumerate(groups)}  # noqa: PLR2004  # letters


def _print_runs(taken: Sequence["Run"], names: Sequence[str]) -> None:
    rows = [
        (name, one.name, max(one.snapshots, default=0), ", ".join(map(str, one.seeds)), one.setup.topic,
         ", ".join(one.setup.models), ", ".join(one.setup.strategies))
        for name, one in zip(names, taken, strict=True)
    ]  # fmt: skip
    table(("", "run", " events", "seed", "topic", "model", "strategies"), rows)
    say("the same letter: repeats of one setup (topic, model, strategies), over which mean and interval are taken")
    for (one, first), (other, second) in combinations(zip(taken, names, strict=True), 2):
        if (one.seeds, one.snapshots) == (other.seeds, other.snapshots):
            say(f"{first} and {second} are the same run, and a copy is no repeat")


def _print_curves(taken: Sequence["Run"], names: Sequence[str], repeated: dict[str, list["Run"]]) -> None:
    from graphgrow.measure.comparison import CURVES, shared

    points = shared(taken)
    if not points:
        say("the runs have no snapshot in common: try a smaller --every")
        return
    shown = sorted({points[len(points) * (place + 1) // POINTS - 1] for place in range(min(POINTS, len(points)))})
    rows = [
        (metric, seq, *_cells(metric, [one.snapshots[seq] for one in taken], _at(repeated, seq)))
        for metric in CURVES
        for seq in shown
    ]
    table(("metric", " event", *_columns(names, repeated)), rows, f"At the same events, up to {points[-1]}")
    if len(shown) < len(points):
        say(f"{len(shown)} of {len(points)} snapshots; --json has them all")


def _print_panels(taken: Sequence["Run"], names: Sequence[str], repeated: dict[str, list["Run"]]) -> None:
    ends = [_end(one) for one in taken]
    groups = {letter: [_end(one) for one in members] for letter, members in repeated.items()}
    metrics = [name for name in ends[0] if name != "powerlaw_verdict"]
    rows = [(metric, *_cells(metric, ends, groups)) for metric in metrics]
    verdicts = ("powerlaw_verdict", *(end.get("powerlaw_verdict") for end in ends), *[""] * (3 * len(groups)))
    table(("metric", *_columns(names, repeated)), [*rows, verdicts], "At the end of each run")
    if len({max(one.snapshots, default=0) for one in taken}) > 1:
        say("the runs differ in length, so their ends are not alike: compare them at the same events above")


def _end(one: "Run") -> dict[str, "Value"]:
    if not one.snapshots:
        raise BadInput(f"{one.name} holds no event yet")
    return one.snapshots[max(one.snapshots)]


def _at(repeated: dict[str, list["Run"]], seq: int) -> dict[str, list[dict[str, "Value"]]]:
    return {letter: [one.snapshots[seq] for one in members] for letter, members in repeated.items()}


def _columns(names: Sequence[str], repeated: dict[str, list["Run"]]) -> list[str]:
    return [*(f" {name}" for name in names), *(f" {g} {what}" for g in repeated for what in ("mean", "low", "high"))]


def _cells(
    metric: str, rows: Sequence[dict[str, "Value"]], groups: dict[str, list[dict[str, "Value"]]]
) -> list["Value"]:
    from graphgrow.measure.comparison import spread

    spreads = [spread(row[metric] for row in members) for members in groups.values()]
    return [row[metric] for row in rows] + [end for one in spreads for end in (one.mean, one.low, one.high)]


def _document(taken: Sequence["Run"], groups: dict["Setup", list["Run"]]) -> dict[str, Any]:
    from graphgrow.measure.comparison import shared

    return {
        "runs": [asdict(one) for one in taken],
        "setups": [
            {
                **asdict(setup),
                "runs": [one.name for one in members],
                "spread": [_spreads(seq, members) for seq in shared(members)],
            }
            for setup, members in groups.items()
        ],
    }


def _spreads(seq: int, members: Sequence["Run"]) -> dict[str, Any]:
    from graphgrow.measure.comparison import spread

    rows = [one.snapshots[seq] for one in members]
    return {"seq": seq, **{name: asdict(spread(row[name] for row in rows)) for name in rows[0]}}
