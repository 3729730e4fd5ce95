"""A run as one page: every curve and number of the paper, and beside them those that say what it leaves open.

`report(events)` gathers the tables, `page.page(found)` makes the HTML of them, `files.py` writes both.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphgrow.graph.graph import fold
from graphgrow.graph.model import Event

if TYPE_CHECKING:
    import pandas as pd

    from graphgrow.measure.history import SnapshotCache

SNAPSHOTS = 50  # about so many points a curve: enough to see its shape, few enough to measure in seconds
SAMPLES = 20  # graphs of each null model


@dataclass(frozen=True, slots=True)
class Report:
    """What a page shows: facts about the run, tables by name (`columns.COLUMNS` says of what), events a snapshot."""

    facts: dict[str, object]
    tables: "dict[str, pd.DataFrame]"
    every: int


def report(
    events: Iterable[Event],
    *,
    seed: int = 0,
    every: int | None = None,
    samples: int = SAMPLES,
    cache: "SnapshotCache | None" = None,
) -> Report:
    """Measure a run from its log, with a snapshot every `every` events (None: about fifty snapshots).

    `seed` decides partitions, sampled sources, pairs and null graphs; `samples` is the number of graphs of each null
    model, `cache` is where snapshots are kept that were measured once (see `history`). An empty log has a report too:
    its tables hold no rows, its panel None or 0.

    Raises:
        BadInput: `every` is less than 1, or `samples` less than 2.
    """
    from graphgrow.export.report.tables import facts, tables

    log = list(events)
    graph = fold(log)
    every = max(1, round(len(log) / SNAPSHOTS)) if every is None else every
    return Report(facts(log, graph), tables(log, graph, every=every, seed=seed, samples=samples, cache=cache), every)
