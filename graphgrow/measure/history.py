"""The panel over the steps of a run, as a pandas DataFrame with one row per event.

Counts follow every event (evolution.py). What needs the whole graph at once is taken at snapshots, every `every` events
and after the last one, in parallel processes where that pays; other rows hold nothing there. A snapshot that was taken
once is kept in the store: the log only grows, so what stood at an event stands.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from importlib.metadata import version
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Protocol

import igraph as ig

from graphgrow.graph.model import Event, Expansion
from graphgrow.graph.progress import SILENT, Progress
from graphgrow.measure.evolution import GrowingGraph
from graphgrow.measure.panel import METRICS, small_world_sigma, structure

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
    **METRICS,
}
# Raise it when a metric of `structure` is new or defined in another way: the cache of an older number is not read.
DEFINITIONS = 1
# Nodes times edges over all snapshots: below it, starting processes takes longer than the work.
_WORTH_PROCESSES = 40_000_000

Row = dict[str, Any]
Edges = list[tuple[int, int]]
Task = tuple[int, Edges, int, bool, bool]  # concepts, edges between their places, seed, with fits, with paths


class SnapshotCache(Protocol):
    """Where results are kept that could be computed again; every store is one."""

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return what is kept under the keys."""
        ...

    def remember(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep values under their keys, where this user may write."""
        ...


def history(  # noqa: PLR0913  # all but the first by name only
    events: Iterable[Event],
    *,
    every: int = 25,
    seed: int = 0,
    fits: bool = True,
    paths: bool = True,
    workers: int | None = None,
    cache: SnapshotCache | None = None,
    progress: Progress = SILENT,
) -> "pd.DataFrame":
    """Return a table of shape (events, len(COLUMNS) - 1), indexed by `seq`; COLUMNS says what each column holds.

    Snapshot metrics stand in every `every`-th row and in the last; elsewhere they are missing. `seed` decides the
    partitions, `workers` is the number of processes (None: as many as there are cores, one where the run is small).
    Without `fits` the fits to the degrees may be missing, and a small graph takes a tenth of the time; without `paths`
    what shortest paths tell may be, and a large one does. With the store of the events as `cache`, only snapshots that
    were not taken before cost anything.
    """
    import pandas as pd

    counted = list(progress.over(_counted(events), "following events"))
    rows = [row for row, _ in counted]
    chosen, tasks = dict[str, Row](), dict[str, Task]()
    for row, edges in counted:
        if row["seq"] % every == 0 or row is rows[-1]:
            key = f"{row['seq']}:{seed}"
            chosen[key], tasks[key] = row, (row["nodes"], edges[: row["simple_edges"]], seed, fits, paths)
    snapshots = dict[str, Row]()
    if cache is not None:
        for kind in (cache_kind(fits=f, paths=p) for f in (fits, True) for p in (paths, True)):  # the fullest last
            snapshots |= {key: json.loads(value) for key, value in cache.recall(kind, tasks).items()}
    missing = {key: task for key, task in tasks.items() if key not in snapshots}
    if workers is None:
        work = sum(nodes * len(edges) for nodes, edges, *_ in missing.values()) if paths else 0
        workers = min(os.cpu_count() or 1, len(missing)) if work > _WORTH_PROCESSES else 1
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) if workers > 1 else nullcontext() as pool:
        measured = pool.map(_snapshot, missing.values()) if pool else map(_snapshot, missing.values())
        pairs = zip(missing, measured, strict=True)
        for key, snapshot in progress.over(pairs, "measuring snapshots", len(missing)):
            snapshots[key] = snapshot
            if cache is not None:
                cache.remember(cache_kind(fits=fits, paths=paths), {key: json.dumps(snapshot).encode()})
    for key, row in chosen.items():
        row.update(snapshots[key])
        if "average_path_length" in row:
            row["small_world_sigma"] = small_world_sigma(row)

    table = pd.DataFrame(rows, columns=list(COLUMNS))
    for name in COLUMNS:
        values = [row[name] for row in rows if row.get(name) is not None]
        if values and all(isinstance(value, int) for value in values):
            # Whole numbers stay whole where some are missing.
            table[name] = table[name].astype("Int64")
    return table.set_index("seq")


def cache_kind(*, fits: bool = True, paths: bool = True) -> str:
    """Return under which name snapshots are kept: other versions of libraries give other results."""
    kind = f"panel {DEFINITIONS}, igraph {version('igraph')}"
    kind += f", powerlaw {version('powerlaw')}" if fits else ", no fits"
    return kind if paths else f"{kind}, no paths"


def _counted(events: Iterable[Event]) -> Iterator[tuple[Row, Edges]]:
    """Yield a row of counts per event, and the list of edges of which the graph then has the first `simple_edges`.

    The list is one and the same until an event decides about earlier ones; what follows has another.
    """
    growing = GrowingGraph()
    for event in events:
        before = growing.connected_pairs
        growing.take(event)
        graph = growing.graph
        nodes, edges = len(graph.concepts), len(graph.pairs)
        row = {
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
            **growing.row(),
            "newly_connected_pairs": growing.connected_pairs - before,
        }
        yield row, growing.edges


def _snapshot(task: Task) -> Row:
    nodes, edges, seed, fits, paths = task
    graph = ig.Graph(n=nodes, edges=sorted((min(edge), max(edge)) for edge in edges))
    return structure(graph, seed=seed, fits=fits, paths=paths)
