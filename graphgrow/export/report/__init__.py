"""A run as one page: every curve and number of the paper, and beside them those that say what it leaves open.

`report(events)` gathers the tables, `page.page(report, library())` makes the HTML of them. What stands on the page is
in figures.toml and figures.py, what a number means in words.py.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphgrow.errors import BadInput
from graphgrow.graph.graph import fold
from graphgrow.graph.model import Event

if TYPE_CHECKING:
    import pandas as pd

    from graphgrow.measure.history import SnapshotCache

MISSING = "a report needs {name}: pip install 'graphgrow[report]'"
SNAPSHOTS = 50  # about this many points per curve: enough to see its shape, few enough to measure in seconds
SAMPLES = 20  # graphs of each null model


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a page shows: facts about the run, tables by name (`words.COLUMNS` says of what), events per snapshot."""

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
) -> RunReport:
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
    return RunReport(facts(log, graph), tables(log, graph, every=every, seed=seed, samples=samples, cache=cache), every)


def library() -> str:
    """Return the JavaScript that draws the figures, about 0.9 MB: Vega, Vega-Lite, Vega-Embed; nothing is fetched.

    Raises:
        BadInput: the extra `report` is not installed.
    """
    try:
        import altair as alt  # noqa: F401 # charts.py needs it, and nothing was measured yet
        import vl_convert
    except ModuleNotFoundError as error:
        raise BadInput(MISSING.format(name=error.name)) from None
    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
