"""The tables behind the figures: tidy pandas frames, one row per observation, names beside keys.

words.py says what each column means.
"""

import csv
import warnings
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from graphgrow.errors import BadInput
from graphgrow.export import draft_of, guarded
from graphgrow.export.report import RunReport
from graphgrow.export.report.words import COLUMNS, RIVALS, reading
from graphgrow.graph.confidence import trusted
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Event, Expansion
from graphgrow.measure.centralities import CENTRALITIES, centralities, correlations
from graphgrow.measure.communities import changes, consensus_bridges, partitions, persistence, up_to
from graphgrow.measure.evolution import hubs, pair_paths, snapshots, top_bridges
from graphgrow.measure.history import SnapshotCache, history
from graphgrow.measure.nulls import nulls
from graphgrow.measure.panel import METRICS, panel
from graphgrow.measure.paths import longest_paths
from graphgrow.measure.power_law import ALPHA_LIMIT, PARTS, fit_tail, power_law

TOP = 6  # lines in one chart that an eye can tell apart
LONGEST = 30  # paths, as in the paper
FITS = {"power law": "power_law", "lognormal": "lognormal", "exponential": "exponential"}

Rows = list[dict[str, Any]]


def facts(log: Sequence[Event], graph: Graph) -> dict[str, object]:
    """Return what holds for the run whatever store it is kept in: topic, sizes, trust, models, bill, dates."""
    asked = [event for event in log if isinstance(event, Expansion)]
    dates = [event.at for event in log if event.at]
    return {
        "topic": clean(graph.topic),
        "events": graph.seq,
        "steps": graph.steps,
        "concepts": len(graph.concepts),
        "relations": len(graph.relations),
        "trusted": len(trusted(graph)),
        "checked": len(graph.checks),
        "models": sorted({clean(event.reply.model) for event in asked} - {""}),
        "tokens": graph.bill.tokens,
        "usd": graph.bill.usd if any(event.reply.usd is not None for event in asked) else None,
        "first": min(dates, default=""),
        "last": max(dates, default=""),
    }


def tables(
    log: Sequence[Event], graph: Graph, *, every: int, seed: int, samples: int, cache: SnapshotCache | None = None
) -> dict[str, pd.DataFrame]:
    """Return every table of COLUMNS by name; `graph` is the one that the log ends with."""
    rows = rows_over_run(log, graph, every, seed) | rows_of_graph(graph, seed, samples)
    measured = history(log, every=every, seed=seed, cache=cache)

    flat = measured.reset_index()  # a column for each part of a likelihood ratio
    for name in RIVALS:
        for part in PARTS:
            cells = [cell[part] if isinstance(cell, dict) else None for cell in flat[name]]
            flat[f"{name}_{part}"] = pd.Series(cells, dtype="Float64", index=flat.index)

    ends = snapshot_seqs(measured.index.tolist(), every)
    window = pd.Series([ends[bisect_left(ends, seq)] for seq in measured.index], measured.index, dtype="Int64")
    growth = measured[list(COLUMNS["growth"])[2:]].groupby(window).sum()
    growth.insert(0, "events", measured.groupby(window).size())
    return {
        "history": flat[list(COLUMNS["history"])],
        "growth": growth.rename_axis("seq").reset_index().astype("Int64"),
        **{name: pd.DataFrame(cells, columns=list(COLUMNS[name])) for name, cells in rows.items()},
    }


def write_tables(report: RunReport, folder: Path) -> list[Path]:
    """Write every table as a CSV file of its name, and columns.csv, which says what each column means.

    Text that a spreadsheet would take for a formula starts with an apostrophe; what is missing is empty.
    """
    cells: dict[str, Iterable[Sequence[object]]] = {
        name: [list(frame.columns), *zip(*(plain(frame[column]) for column in frame), strict=True)]
        for name, frame in report.tables.items()
    }
    meanings = [(name, column, meaning) for name, columns in COLUMNS.items() for column, meaning in columns.items()]
    cells = {"columns": [("table", "column", "meaning"), *meanings], **cells}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"cannot write into {folder}: {error.strerror or error}") from None
    paths = [folder / f"{name}.csv" for name in cells]
    for path, rows in zip(paths, cells.values(), strict=True):
        with draft_of(path) as draft, draft.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([guarded(value) for value in row] for row in rows)
    return paths


def snapshot_seqs(seqs: Sequence[int], every: int) -> list[int]:
    """Return the events after which a snapshot was taken."""
    return [seq for seq in seqs if seq % every == 0 or seq == seqs[-1]]


def plain(column: "pd.Series[Any]") -> list[Any]:
    """Return a column as plain Python values, what is missing as None."""
    return [None if missing else value for missing, value in zip(column.isna(), column.tolist(), strict=True)]


def _named(graph: Graph, key: str) -> dict[str, Any]:
    """Return the first cells of a row about a concept: its key, and its name on one line."""
    return {"key": key, "name": clean(graph.name(key))}


def rows_over_run(log: Sequence[Event], graph: Graph, every: int, seed: int) -> dict[str, Rows]:
    """Return the tables over a run: hubs, communities, bridges, the distance of fixed pairs."""
    parted = up_to(graph, list(partitions(log, every=every, seed=seed)))
    near_by_seq = ((seq, growing.near) for seq, growing in snapshots(log, every=every))

    linked = (key for key in graph.concepts if graph.degree(key))
    top = sorted(linked, key=lambda key: (-graph.degree(key), key))[:TOP]
    hub_degrees, agreeing = Rows(), list[set[str]]()
    for seq, near in near_by_seq:
        hub_degrees += [{"seq": seq, **_named(graph, key), "degree": len(near[key])} for key in top if key in near]
        agreeing.append(consensus_bridges(near, seed=seed))

    # A community has the last name that it had, in every snapshot.
    names = {
        one.number: ", ".join(clean(graph.name(key)) for key in one.name)
        for snapshot in parted
        for one in snapshot.communities
    }
    flagged, agreed = Counter(persistence(snapshot.bridges for snapshot in parted)), persistence(agreeing)
    return {
        "hubs": [_named(graph, hub.concept) | asdict(hub) for hub in hubs(log)],
        "hub_degrees": hub_degrees,
        "communities": [
            {"seq": snapshot.seq, "community": one.number, "size": one.size, "name": names[one.number]}
            for snapshot in parted
            for one in snapshot.communities
        ],
        "community_changes": [
            asdict(change) | {"others": " ".join(map(str, change.others))} for change in changes(parted)
        ],
        "bridges": [
            {"seq": row.seq, **_named(graph, key), "betweenness": value}
            for row in top_bridges(log, every=every, top=TOP, seed=seed)
            for key, value in row.betweenness.items()
        ],
        "bridge_persistence": [
            _named(graph, key) | {"snapshots": flagged[key], "consensus": agreed.get(key, 0)}
            for key in sorted(flagged | Counter(agreed), key=lambda key: (-flagged[key], key))
        ],
        "pair_paths": [asdict(row) for row in pair_paths(log, every=every, seed=seed)],
    }


def rows_of_graph(graph: Graph, seed: int, samples: int) -> dict[str, Rows]:
    """Return the tables of the final graph: its degrees, distances, centralities, longest paths, null models, panel."""
    simple, keys = graph.igraph(), list(graph.concepts)
    values, degrees, paths = centralities(simple, seed=seed), simple.degree(), longest_paths(simple, LONGEST)
    correlated = correlations(simple, paths, values=values) if paths else {}
    counts = sorted(Counter(degree for degree in degrees if degree).items())
    total = sum(count for _, count in counts)
    smaller = accumulate((count for _, count in counts), initial=0)  # concepts of a smaller degree

    ratios = Rows()  # with the package's own limit on the exponent and without one
    for limit in (ALPHA_LIMIT, None):
        fit: dict[str, Any] = power_law(degrees, alpha_limit=limit)
        fitted = {name: fit[f"powerlaw_{name}"] for name in ("alpha", "xmin", "ntail")}
        for name, rival in RIVALS.items():
            if fit[name]:
                about = {"rival": rival, **fit[name], "reading": reading(fit[name], rival)}
                ratios.append({"alpha_limit": limit, **fitted, **about})

    final = Rows()  # one row per number: a likelihood ratio has three
    for name, value in panel(keys, graph.triples(), seed=seed).items():
        ratio: dict[str, object] = value if isinstance(value, dict) else {}
        parts = [(f"_{part}", ratio.get(part)) for part in PARTS] if name in RIVALS else [("", value)]
        final += [{"metric": f"{name}{part}", "value": number, "meaning": METRICS[name]} for part, number in parts]
    return {
        "degrees": [
            {"degree": degree, "concepts": count, "share": (total - before) / total}
            for (degree, count), before in zip(counts, smaller, strict=False)
        ],
        "degree_fits": list(_degree_fits(degrees)),
        "ratios": ratios,
        "path_lengths": [{"length": length, "pairs": pairs} for length, pairs in sorted(values.lengths.items())],
        "centralities": [
            _named(graph, keys[vertex]) | {name: getattr(values, name)[at] for name in CENTRALITIES}
            for at, vertex in enumerate(values.concepts)
        ],
        "longest_paths": [
            {"rank": rank, "length": len(path) - 1, "place": place, **_named(graph, keys[vertex])}
            for rank, path in enumerate(paths, 1)
            for place, vertex in enumerate(path)
        ],
        "correlations": [
            {"one": one, "other": other, "r": r} for one in correlated for other, r in correlated[one].items()
        ],
        "nulls": [asdict(row) for row in nulls(simple, samples=samples, seed=seed)] if simple.ecount() else [],
        "panel": final,
    }


def _degree_fits(degrees: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Yield what each model expects, at some degrees of the tail that it was fitted to.

    That is the share of connected concepts with that degree or more, so each model is scaled to the share in the tail.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that fails has no finite share, and is left out below
        fit = fit_tail(degrees)
        if fit is None:
            return
        positive = [degree for degree in degrees if degree]
        tail = np.arange(int(fit.xmin), max(positive) + 1)
        scale = int(fit.n_tail) / len(positive)
        chances = {name: np.exp(getattr(fit, own).loglikelihoods(tail)) for name, own in FITS.items()}
    shown = sorted({int(degree) for degree in np.geomspace(tail[0], tail[-1], 40).round()})
    for name, chance in chances.items():
        if np.isfinite(chance).all():
            for degree in shown:
                share = float(scale * (1 - chance[: degree - tail[0]].sum()))
                yield {"degree": degree, "model": name, "share": share}
