"""`core` and `consensus`: what is said often enough, and what several runs agree on."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from graphgrow.cli.comparing import events_of
from graphgrow.cli.output import AsJson, Store, dump, say, table
from graphgrow.export import export
from graphgrow.graph.graph import Graph, fold
from graphgrow.measure.agreement import By, consensus, core
from graphgrow.stores import open_store

SHOWN = 20
To = Annotated[Path | None, typer.Option("--to", help="Also write it to a graph file, as `export` does.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("core")(core_)
    app.command("consensus")(consensus_)


def core_(
    store: Store,
    support: Annotated[int, typer.Option(min=1, help="How many have to say a relation.")] = 2,
    by: Annotated[By, typer.Option(help="How many of what.")] = "samples",
    to: To = None,
    as_json: AsJson = False,
) -> None:
    """Print the relations that are said often enough: by different replies, questions, models or seeds."""
    with closing(open_store(store)) as home:
        found, whole = core(home.events(), support, by), home.graph()
    share = {"of_concepts": len(whole.concepts), "of_relations": len(whole.relations)}
    _print(found, to, share, f"said by at least {support} {by}", as_json=as_json)


def consensus_(
    runs: Annotated[list[str], typer.Argument(metavar="RUN RUN…", help="Stores, or run files (.jsonl, .jsonl.gz).")],
    agree: Annotated[int | None, typer.Option(min=1, help="How many runs have to agree (default: most).")] = None,
    to: To = None,
    as_json: AsJson = False,
) -> None:
    """Print the graph that several runs agree on, and how alike the runs are."""
    graphs = [fold(events_of(source)) for source in runs]
    least = agree or len(graphs) // 2 + 1
    found, alike = consensus(graphs, least)
    if not as_json:
        say(f"over {alike.pairs} pairs of runs: Jaccard index of concepts {alike.concepts:.3f}, "
            f"of relations {alike.relations:.3f}")  # fmt: skip
    _print(
        found, to, {"runs": len(graphs), **asdict(alike)}, f"in at least {least} of {len(graphs)} runs", as_json=as_json
    )


def _print(graph: Graph, to: Path | None, about: Mapping[str, float], which: str, *, as_json: bool) -> None:
    if to:
        export(graph, to)
    ranked = sorted(graph.relations, key=lambda r: (-graph.support(r), r.source, r.predicate, r.target))
    rows = [(graph.name(r.source), r.predicate, graph.name(r.target), graph.support(r)) for r in ranked]
    if as_json:
        names = ("source", "predicate", "target", "support")
        sizes = {"concepts": len(graph.concepts), "relations": len(rows)}
        dump({**about, **sizes, "listed": [dict(zip(names, row, strict=True)) for row in rows]})
        return
    table(("source", "predicate", "target", " support"), rows[:SHOWN])
    more = f", the first {SHOWN} above" if len(rows) > SHOWN else ""
    where = f"; written to {to}" if to else ""
    say(f"{len(graph.concepts)} concepts and {len(rows)} relations {which}{more}{where}")
