"""Runs side by side: the same metrics at the same events, with mean and interval over the runs of one setup.

One run is a sample. Runs that differ in nothing but chance (the same topic, model and strategies) are repeats of one
setup, and only over repeats does an interval mean something.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graphgrow.graph.model import Event, Expansion
from graphgrow.measure.history import SnapshotCache, history
from graphgrow.measure.panel import NAMES
from graphgrow.measure.power_law import PARTS

CONFIDENCE = 0.95
CURVES = (
    "nodes", "edges", "relations", "average_degree", "components", "lcc_nodes", "average_clustering",
    "average_path_length", "diameter", "modularity_leiden", "bridge_concepts", "betweenness_gini", "powerlaw_alpha",
)  # fmt: skip
Value = float | int | str | None


@dataclass(frozen=True, slots=True)
class Setup:
    """What repeats of a run have in common; strategies are those that asked, in alphabetical order."""

    topic: str
    models: tuple[str, ...]
    strategies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its name, setup and seeds, and the value of every metric at its snapshots, event -> metric -> value.

    A likelihood ratio is one value for each of its numbers, such as `lr_lognormal.p`.
    """

    name: str
    setup: Setup
    seeds: tuple[int, ...]
    snapshots: dict[int, dict[str, Value]]


@dataclass(frozen=True, slots=True)
class Spread:
    """The mean over repeats with its 95 % interval by Student's t; None without at least two numbers."""

    runs: int
    mean: float | None = None
    low: float | None = None
    high: float | None = None


def run(
    name: str, events: Iterable[Event], *, every: int = 25, seed: int = 0, cache: SnapshotCache | None = None
) -> Run:
    """Return a run with a snapshot every `every` events and after the last; `seed` decides the partitions."""
    events = list(events)
    asked = [event for event in events if isinstance(event, Expansion)]
    setup = Setup(
        asked[0].topic if asked else "",
        tuple(sorted({event.reply.model for event in asked})),
        tuple(sorted({event.focus.strategy for event in asked})),
    )
    table = history(events, every=every, seed=seed, cache=cache)
    taken = table.loc[(table.index % every == 0) | (table.index == table.index.max()), list(NAMES)].astype(object)
    snapshots: dict[int, dict[str, Value]] = {}
    for seq, row in zip(taken.index, taken.where(taken.notna(), None).to_dict("records"), strict=True):
        values = snapshots[int(str(seq))] = {}
        for metric, value in row.items():
            if metric.startswith("lr_"):
                values |= {f"{metric}.{part}": (value or {}).get(part) for part in PARTS}
            else:
                values[metric] = value
    return Run(name, setup, tuple(sorted({event.seed for event in asked})), snapshots)


def setups(runs: Sequence[Run]) -> dict[Setup, list[Run]]:
    """Return the runs by their setup, in the order of their first runs."""
    by_setup: dict[Setup, list[Run]] = {}
    for one in runs:
        by_setup.setdefault(one.setup, []).append(one)
    return by_setup


def shared(runs: Sequence[Run]) -> list[int]:
    """Return the events at which every run has a snapshot."""
    common = set.intersection(*(set(one.snapshots) for one in runs)) if runs else set()
    return sorted(common)


def spread(values: Iterable[Value]) -> Spread:
    """Return mean and interval of the numbers among the values."""
    numbers = [float(value) for value in values if isinstance(value, (int, float))]
    count = len(numbers)
    if count < 2:  # noqa: PLR2004  # one number has no spread
        return Spread(count)
    from scipy.stats import t

    mean = math.fsum(numbers) / count
    deviation = math.sqrt(math.fsum((number - mean) ** 2 for number in numbers) / (count - 1))
    half = float(t.ppf((1 + CONFIDENCE) / 2, count - 1)) * deviation / math.sqrt(count)
    return Spread(count, mean, mean - half, mean + half)
