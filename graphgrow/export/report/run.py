"""Tables over a run: what was added between snapshots, hubs, communities, bridges, the distance of fixed pairs."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from graphgrow.export.report import words
from graphgrow.export.report.columns import COLUMNS, PARTS
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Event
from graphgrow.measure.communities import Partition, changes, consensus_bridges, partitions, persistence
from graphgrow.measure.evolution import hubs, pair_paths, snapshots, top_bridges
from graphgrow.measure.power_law import RIVALS

TOP = 6  # lines in one chart that an eye can tell apart

Rows = list[dict[str, Any]]


def rows(log: Sequence[Event], graph: Graph, *, every: int, seed: int) -> dict[str, Rows]:
    """Return the tables over a run by name; `graph` is the one its log ends with."""
    found = list(partitions(log, every=every, seed=seed))
    return {
        "hubs": [_named(graph, hub.concept) | asdict(hub) for hub in hubs(log)],
        "hub_degrees": list(_hub_degrees(log, graph, every)),
        "communities": list(_communities(found, graph)),
        "community_changes": [asdict(change) | {"others": _listed(change.others)} for change in changes(found)],
        "bridges": list(_bridges(log, graph, every, seed)),
        "bridge_persistence": list(_persistence(log, found, graph, every, seed)),
        "pair_paths": [asdict(row) for row in pair_paths(log, every=every, seed=seed)],
    }


def marks(seqs: Sequence[int], every: int) -> list[int]:
    """Return the events after which a snapshot was taken."""
    return [seq for seq in seqs if seq % every == 0 or seq == seqs[-1]]


def flat(measured: pd.DataFrame) -> pd.DataFrame:
    """Return the history with a column for each part of a likelihood ratio, its index a column."""
    table = measured.reset_index()
    for name in RIVALS:
        for part in PARTS:
            cells = [cell[part] if isinstance(cell, dict) else None for cell in table[name]]
            table[f"{name}_{part}"] = pd.Series(cells, dtype="Float64", index=table.index)
    return table[list(COLUMNS["history"])]


def growth(measured: pd.DataFrame, every: int) -> pd.DataFrame:
    """Return what the events between two snapshots added up to."""
    counted = list(COLUMNS["growth"])[2:]
    ends = marks(measured.index.tolist(), every)
    window = pd.Series([ends[bisect_left(ends, seq)] for seq in measured.index], measured.index, dtype="Int64")
    sums = measured[counted].groupby(window).sum()
    sums.insert(0, "events", measured.groupby(window).size())
    return sums.rename_axis("seq").reset_index().astype("Int64")


def _named(graph: Graph, key: str) -> dict[str, Any]:
    return {"key": key, "name": words.spelled(graph, key)}


def _listed(numbers: Sequence[int]) -> str:
    return " ".join(map(str, numbers))


def _hub_degrees(log: Sequence[Event], graph: Graph, every: int) -> Iterator[dict[str, Any]]:
    """Yield the degrees of the concepts that end best connected, after each snapshot since they came."""
    linked = (key for key in graph.concepts if graph.degree(key))
    top = sorted(linked, key=lambda key: (-graph.degree(key), key))[:TOP]
    for seq, running in snapshots(log, every=every):
        for key in top:
            if key in running.near:
                yield {"seq": seq, **_named(graph, key), "degree": len(running.near[key])}


def _communities(found: list[Partition], graph: Graph) -> Iterator[dict[str, Any]]:
    """Yield the size of every community of every snapshot, under the last name that it had."""
    named = {
        one.number: ", ".join(words.spelled(graph, key) for key in one.name)
        for snapshot in found
        for one in snapshot.communities
    }
    for snapshot in found:
        for one in snapshot.communities:
            yield {"seq": snapshot.seq, "community": one.number, "size": one.size, "name": named[one.number]}


def _bridges(log: Sequence[Event], graph: Graph, every: int, seed: int) -> Iterator[dict[str, Any]]:
    for row in top_bridges(log, every=every, top=TOP, seed=seed):
        for key, value in row.betweenness.items():
            yield {"seq": row.seq, **_named(graph, key), "betweenness": value}


def _persistence(
    log: Sequence[Event], found: list[Partition], graph: Graph, every: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Yield how long each concept was a bridge, by the paper's flag and by the agreement of ten partitions."""
    flagged = Counter(persistence(snapshot.bridges for snapshot in found))
    agreed = persistence(consensus_bridges(running.near, seed=seed) for _, running in snapshots(log, every=every))
    for key in sorted(flagged | Counter(agreed), key=lambda key: (-flagged[key], key)):
        yield _named(graph, key) | {"snapshots": flagged[key], "consensus": agreed.get(key, 0)}
