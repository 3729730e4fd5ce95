"""The tables behind the figures, in one place: tidy pandas frames, one row an observation, names beside keys."""

from collections.abc import Sequence

import pandas as pd

from graphgrow.export.report import final, run
from graphgrow.export.report.columns import COLUMNS
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Event, Expansion
from graphgrow.measure.history import SnapshotCache, history


def facts(log: Sequence[Event], graph: Graph) -> dict[str, object]:
    """Return what holds of the run whatever store it is kept in: topic, sizes, models, bill, first and last date."""
    said = [event for event in log if isinstance(event, Expansion)]
    dates = [event.at for event in log if event.at]
    return {
        "topic": clean(graph.topic),
        "events": graph.seq,
        "steps": graph.steps,
        "concepts": len(graph.concepts),
        "relations": len(graph.relations),
        "models": sorted({clean(event.reply.model) for event in said} - {""}),
        "tokens": graph.bill.tokens,
        "usd": graph.bill.usd if any(event.reply.usd is not None for event in said) else None,
        "first": min(dates, default=""),
        "last": max(dates, default=""),
    }


def tables(
    log: Sequence[Event], graph: Graph, *, every: int, seed: int, samples: int, cache: SnapshotCache | None = None
) -> dict[str, pd.DataFrame]:
    """Return every table of COLUMNS by name."""
    found = run.rows(log, graph, every=every, seed=seed) | final.rows(graph, seed=seed, samples=samples)
    frames = {name: pd.DataFrame(rows, columns=list(COLUMNS[name])) for name, rows in found.items()}
    measured = history(log, every=every, seed=seed, cache=cache)
    return {"history": run.flat(measured), "growth": run.growth(measured, every), **frames}
