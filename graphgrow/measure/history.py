"""The panel over the steps of a run, as a pandas DataFrame with one row an event.

Counts follow every event (running.py). What needs the whole graph at once is taken at snapshots, every `every` events
and after the last one, in parallel processes where that pays; other rows hold nothing there. A snapshot that was taken
once is kept in the store: the log only grows, so what stood at an event stands.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Protocol

import igraph as ig

from graphgrow.graph.model import Event, Expansion
from graphgrow.measure.panel import NAMES, small_world_sigma, structure
from graphgrow.measure.running import Running

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
    "newly_connected_pairs": "how many of them this event connected, exactly; negative where it took concepts out",
    **dict.fromkeys(NAMES, "a metric of the panel, see graphgrow.measure.panel"),
}
# Raise it when a metric of `structure` is defined in another way: what is cached under the old number is not read.
DEFINITIONS = 1
# Nodes times edges over all snapshots: below it, starting processes takes longer than the work.
_WORTH_PROCESSES = 40_000_000

Row = dict[str, Any]
Edges = list[tuple[int, int]]
Task = tuple[int, Edges, int]  # concepts, edges between their places, seed


class Cache(Protocol):
    """Where results are kept that could be computed again; every store is one."""

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return what is kept of the keys."""
        ...

    def remember(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep values under their keys, where this user may write."""
        ...


def history(
    events: Iterable[Event], *, every: int = 25, seed: int = 0, workers: int | None = None, cache: Cache | None = None
) -> "pd.DataFrame":
    """Return a table of shape (events, len(COLUMNS) - 1), indexed by `seq`; COLUMNS says what each column holds.

    Snapshot metrics stand in every `every`-th row and in the last; elsewhere they are missing. `seed` decides the
    partitions, `workers` is the number of processes (None: as many as there are cores, one where the run is small).
    With the store of the events as `cache`, only snapshots that nobody has taken yet cost anything.
    """
    rows, edges = _follow(events)
    chosen = [row for row in rows if row["seq"] % every == 0 or row is rows[-1]]
    known = _recalled(cache, [row["seq"] for row in chosen], seed)
    missing = [row for row in chosen if row["seq"] not in known]
    tasks = [(row["nodes"], edges[row["seq"]][: row["simple_edges"]], seed) for row in missing]
    for row, found in zip(missing, _measured(tasks, workers), strict=True):
        known[row["seq"]] = found
        _remember(cache, row["seq"], seed, found)
    for row in chosen:
        found = known[row["seq"]]
        row.update(found, small_world_sigma=small_world_sigma(row | found))
    return _table(rows)


def _kind() -> str:
    """Return under which name snapshots are kept: results of other libraries are other results."""
    return f"panel {DEFINITIONS}, igraph {version('igraph')}, powerlaw {version('powerlaw')}"


def _recalled(cache: Cache | None, seqs: list[int], seed: int) -> dict[int, Row]:
    if cache is None:
        return {}
    places = {f"{seq}:{seed}": seq for seq in seqs}
    return {places[key]: json.loads(value) for key, value in cache.recall(_kind(), places).items()}


def _remember(cache: Cache | None, seq: int, seed: int, found: Row) -> None:
    if cache is not None:
        cache.remember(_kind(), {f"{seq}:{seed}": json.dumps(found).encode()})


def _table(rows: list[Row]) -> "pd.DataFrame":
    """Return the rows as a table; whole numbers stay whole where some are missing."""
    import pandas as pd

    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in COLUMNS:
        found = [row[name] for row in rows if row.get(name) is not None]
        if found and all(isinstance(value, int) for value in found):
            table[name] = table[name].astype("Int64")
    return table.set_index("seq")


def _follow(events: Iterable[Event]) -> tuple[list[Row], dict[int, Edges]]:
    """Return a row of counts an event, and by its seq the list of edges of which it has the first `simple_edges`.

    The list is one and the same until an event decides about earlier ones; what follows has another.
    """
    running, rows, edges = Running(), list[Row](), dict[int, Edges]()
    for event in events:
        before = running.connected_pairs
        running.take(event)
        edges[event.seq] = running.edges
        rows.append(_row(event, running) | {"newly_connected_pairs": running.connected_pairs - before})
    return rows, edges


def _row(event: Event, running: Running) -> Row:
    graph = running.graph
    nodes, edges = len(graph.concepts), len(graph.pairs)
    return {
        "seq": event.seq,
        "kind": event.kind,
        "strategy": event.focus.strategy if isinstance(event, Expansion) else "",
        "outcome": event.outcome if isinstance(event, Expansion) else "",
        "new_concepts": len(event.delta.new_concepts),
        "new_relations": len(event.delta.relations),
        "support": len(event.delta.support),
        "rejects": len(event.delta.rejects),
        "tokens": graph.bill.tokens,
        "usd": graph.bill.usd,
        "nodes": nodes,
        "edges": edges,
        "relations": len(graph.relations),
        "self_loops": graph.loops,
        "average_degree": 2 * edges / nodes if nodes else None,
        **running.row(),
    }


def _measured(tasks: list[Task], workers: int | None) -> Iterator[Row]:
    """Yield the metrics of each snapshot in order."""
    if workers is None:
        work = sum(nodes * len(edges) for nodes, edges, _ in tasks)
        workers = min(os.cpu_count() or 1, len(tasks)) if work > _WORTH_PROCESSES else 1
    if workers <= 1:
        yield from map(_snapshot, tasks)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_snapshot, tasks)


def _snapshot(task: Task) -> Row:
    nodes, edges, seed = task
    return structure(ig.Graph(n=nodes, edges=sorted((min(edge), max(edge)) for edge in edges)), seed=seed)
