"""The panel over the steps of a run, as a pandas DataFrame with one row an event.

Counts follow every event (running.py). What needs the whole graph at once is taken at snapshots, every `every` events
and after the last one, in parallel processes where that pays; other rows hold nothing there.
"""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from typing import TYPE_CHECKING

import igraph as ig

from graphgrow.graph import Graph
from graphgrow.measure import measure
from graphgrow.measure.panel import NAMES, small_world_sigma, structure
from graphgrow.measure.running import Running
from graphgrow.model import Event, Expansion

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = {
    "seq": "number of the event, the index of the table",
    "kind": "expansion or edit",
    "strategy": "which strategy asked; empty for an edit",
    "outcome": "how the reply could be read; empty for an edit",
    "new_concepts": "concepts that entered the graph with this event",
    "new_relations": "relations that entered the graph with this event",
    "support": "statements of relations that were known already",
    "rejects": "what hygiene kept out",
    "tokens": "tokens paid so far",
    "usd": "money paid so far, where a price is known",
    "connected_pairs": "unordered pairs of concepts that a path connects",
    "newly_connected_pairs": "how many of them this event connected, exactly",
    **dict.fromkeys(NAMES, "a metric of the panel, see graphgrow.measure.panel"),
}
# Nodes times edges over all snapshots: below it, starting processes takes longer than the work.
_WORTH_PROCESSES = 40_000_000

Row = dict[str, object]
Edges = list[tuple[int, int]]


def history(events: Iterable[Event], *, every: int = 25, seed: int = 0, workers: int | None = None) -> "pd.DataFrame":
    """Return a table of shape (events, len(COLUMNS) - 1), indexed by `seq`; COLUMNS says what each column holds.

    Snapshot metrics stand in every `every`-th row and in the last; elsewhere they are missing. `seed` decides the
    partitions, `workers` is the number of processes (None: as many as there are cores, one where the run is small).
    """
    rows, snapshots = _follow(events, every)
    chosen = [row for row in rows if row["seq"] in snapshots]
    for row, found in zip(chosen, _measured(snapshots, seed, workers), strict=True):
        row.update(found, small_world_sigma=small_world_sigma(row | found))
    return _table(rows)


def _table(rows: list[Row]) -> "pd.DataFrame":
    """Return the rows as a table; whole numbers stay whole where some are missing."""
    import pandas as pd

    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in COLUMNS:
        found = [row[name] for row in rows if row.get(name) is not None]
        if found and all(isinstance(value, int) for value in found):
            table[name] = table[name].astype("Int64")
    return table.set_index("seq")


def _follow(events: Iterable[Event], every: int) -> tuple[list[Row], dict[int, tuple[int, int, Edges]]]:
    """Return a row an event, and seq -> (nodes, edges, all edges in order of arrival) for the snapshots."""
    graph, running, rows = Graph(), Running(), list[Row]()
    snapshots: dict[int, tuple[int, int, Edges]] = {}
    for event in events:
        before = running.connected_pairs
        graph.apply(event)
        running.take(event.delta)
        rows.append(_row(event, graph, running) | {"newly_connected_pairs": running.connected_pairs - before})
        if event.seq % every == 0:
            snapshots[event.seq] = (len(running.near), len(running.edges), running.edges)
    if rows:
        snapshots[graph.seq] = (len(running.near), len(running.edges), running.edges)
    return rows, snapshots


def _row(event: Event, graph: Graph, running: Running) -> Row:
    row: Row = {
        "seq": event.seq,
        "kind": event.kind,
        "strategy": event.focus.strategy if isinstance(event, Expansion) else "",
        "outcome": event.outcome if isinstance(event, Expansion) else "",
        "new_concepts": len(event.delta.concepts),
        "new_relations": len(event.delta.relations),
        "support": len(event.delta.support),
        "rejects": len(event.delta.rejects),
        "tokens": graph.bill.tokens,
        "usd": graph.bill.usd,
    }
    sizes = asdict(measure(graph)) | running.row()
    nodes = len(graph.concepts)
    return row | sizes | {"average_degree": 2 * len(graph.pairs) / nodes if nodes else None}


def _measured(snapshots: dict[int, tuple[int, int, Edges]], seed: int, workers: int | None) -> Iterator[Row]:
    """Yield the metrics of each snapshot in order."""
    work = sum(nodes * edges for nodes, edges, _ in snapshots.values())
    if workers is None:
        workers = min(os.cpu_count() or 1, len(snapshots)) if work > _WORTH_PROCESSES else 1
    tasks = [(nodes, known[:edges], seed) for nodes, edges, known in snapshots.values()]
    if workers <= 1:
        yield from map(_snapshot, tasks)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_snapshot, tasks)


def _snapshot(task: tuple[int, Edges, int]) -> Row:
    nodes, edges, seed = task
    return structure(ig.Graph(n=nodes, edges=sorted((min(edge), max(edge)) for edge in edges)), seed=seed)
