"""`show`, `measure` and `verify`: commands that read a graph and change nothing."""

from contextlib import closing
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Any

import typer

from graphgrow.cli.output import MOST, AsJson, Store, dump, say, table
from graphgrow.errors import BadInput
from graphgrow.export import is_graph_file, read_table
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.lookup import find
from graphgrow.policy.monitor import verdict
from graphgrow.stores import GraphStore, open_store
from graphgrow.stores.projection import differences, project

HUBS = 12
COLUMNS = 5


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (show, measure, verify):
        app.command()(command)


def load(url: str, at: int | None = None) -> Graph:
    """Return the graph of a store, as it was after event `at` if given."""
    with closing(open_store(url)) as store:
        graph = store.graph() if at is None else fold(takewhile(lambda event: event.seq <= at, store.events()))
    if at is not None and graph.seq < at:
        raise BadInput(f"{store.url} ends at event {graph.seq}: there is no event {at}")
    return graph


def show(
    store: Store, concept: Annotated[str, typer.Argument(help="A concept to look at.")] = "", as_json: AsJson = False
) -> None:
    """Say what a graph holds, or all that is known about one concept."""
    graph = load(store)
    if concept:
        _show_concept(graph, find(graph, concept), as_json=as_json)
    elif as_json:
        dump(_overview(graph))
    else:
        _print_overview(graph)


def _overview(graph: Graph) -> dict[str, Any]:
    hubs = sorted(graph.concepts, key=lambda key: (-graph.degree(key), key))[:HUBS]
    return {
        "topic": graph.topic,
        "events": graph.seq,
        "steps": graph.steps,
        "concepts": len(graph.concepts),
        "relations": len(graph.relations),
        "components": len(graph.components.sizes),
        "largest_component": graph.components.largest,
        "tokens": graph.bill.tokens,
        "usd": graph.bill.usd,
        "watch": verdict(graph).news,
        "rejected": dict(graph.rejected),
        "hubs": [{"name": graph.name(key), "degree": graph.degree(key)} for key in hubs],
        "newest": [graph.name(key) for key in list(graph.concepts)[-HUBS:]],
    }


def _print_overview(graph: Graph) -> None:
    about = _overview(graph)
    lists = "hubs", "newest", "rejected"
    rows = [(name.replace("_", " "), value) for name, value in about.items() if name not in lists]
    rejected = ", ".join(f"{count} {rule}" for rule, count in sorted(graph.rejected.items())) or "nothing"
    table(("", ""), [*rows, ("rejected", rejected), ("newest", ", ".join(about["newest"]))])
    if about["hubs"]:
        say("")
        table((" degree", "most connected concepts"), [(hub["degree"], hub["name"]) for hub in about["hubs"]])


def _show_concept(graph: Graph, key: str, *, as_json: bool) -> None:
    concept = graph.concepts[key]
    relations: list[dict[str, Any]] = [
        {
            "source": graph.name(r.source),
            "predicate": r.predicate,
            "target": graph.name(r.target),
            "support": graph.support(r),
            "events": [evidence.seq for evidence in graph.relations[r]],
            "raw": [evidence.raw.predicate for evidence in graph.relations[r]],
        }
        for r in graph.incident[key]
    ]
    if as_json:
        dump({"key": key, "name": concept.name, "aliases": concept.aliases, "introduced": graph.introduced[key],
              "asked": graph.asks.get(key, 0), "relations": relations})  # fmt: skip
        return
    spellings = f", also written {', '.join(concept.aliases)}" if concept.aliases else ""
    say(f"{concept.name}{spellings}: from event {graph.introduced[key]}, asked about {graph.asks.get(key, 0)} times")
    table(
        ("source", "predicate", "target", " support", "events"),
        [(r["source"], r["predicate"], r["target"], r["support"], ", ".join(map(str, r["events"]))) for r in relations],
    )


def measure(
    source: Annotated[str, typer.Argument(metavar="STORE|FILE", help="A store, or a graph file.")],
    at: Annotated[int | None, typer.Option(min=0, max=MOST, help="As it was after this event.")] = None,
    every: Annotated[int | None, typer.Option(min=1, max=MOST, help="One row every K events.")] = None,
    nulls: Annotated[
        int | None, typer.Option(min=2, help="Compare with so many graphs of each null model instead.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print the whole panel of metrics of a graph."""
    if at is not None and every is not None:
        raise BadInput("--at is one moment and --every are many: give one of them")
    if is_file(source) and (at is not None or every is not None):
        raise BadInput(f"{source} is a graph file, which has no history: --at and --every go with a store")
    if every is not None:
        _measure_every(source, every, as_json=as_json)
        return
    if nulls is not None:
        _measure_nulls(*_contents(source, at), nulls, as_json=as_json)
        return
    from graphgrow.measure.panel import panel

    values = panel(*_contents(source, at))
    if as_json:
        dump(values)
    else:
        table(("metric", " value"), values.items())


def _measure_nulls(concepts: list[str], relations: list[tuple[str, str, str]], samples: int, *, as_json: bool) -> None:
    from dataclasses import asdict

    from graphgrow.measure.nulls import nulls
    from graphgrow.measure.projection import simple_graph

    rows = nulls(simple_graph(concepts, {(s, t) for s, _, t in relations}), samples=samples)
    if as_json:
        dump([asdict(row) for row in rows])
        return
    shown: list[tuple[object, ...]] = []
    for row in rows:
        if not shown or row.metric != shown[-1][-1]:
            shown.append((row.metric, row.observed, "", "", "", "", row.metric))
        model = row.model.replace("_", " ")
        shown.append((f"- {model}", "", row.mean, row.low, row.high, row.z, row.metric))
    table(("metric", " observed", " mean", " low", " high", " z"), [cells[:-1] for cells in shown])
    say(f"low and high hold 95 % of {samples} graphs of each model; z is the distance from their mean in deviations")


def is_file(source: str) -> bool:
    """Tell whether a source is a graph file and no store."""
    return "://" not in source and is_graph_file(Path(source))


def _contents(source: str, at: int | None) -> tuple[list[str], list[tuple[str, str, str]]]:
    if is_file(source):
        return read_table(Path(source))
    graph = load(source, at)
    return list(graph.concepts), graph.triples()


def _measure_every(url: str, every: int, *, as_json: bool) -> None:
    with closing(open_store(url)) as store:
        rows = _rows(store, every)
    if as_json:
        dump(rows)
        return
    shown = [rows[len(rows) * (place + 1) // COLUMNS - 1] for place in range(COLUMNS)] if len(rows) > COLUMNS else rows
    names = [name for name, value in rows[-1].items() if not isinstance(value, dict)] if rows else []
    table(
        ("metric", *(f" {row['seq']}" for row in shown)), ([name, *(row[name] for row in shown)] for name in names[1:])
    )
    if len(shown) < len(rows):
        say(f"{len(shown)} of {len(rows)} snapshots; --json has them all")


def _rows(store: GraphStore, every: int) -> list[dict[str, object]]:
    """Return the panel after every `every`-th event and after the last one."""
    from graphgrow.measure.history import history
    from graphgrow.measure.panel import NAMES

    found = history(store.events(), every=every, cache=store)
    chosen = found[(found.index % every == 0) | (found.index == found.index.max())].astype(object)
    rows: list[dict[str, object]] = chosen.where(chosen.notna(), None)[list(NAMES)].reset_index().to_dict("records")
    return rows


def verify(store: Store, as_json: AsJson = False) -> None:
    """Fold the log again and compare it with what the store shows; exit code 1 where they differ."""
    with closing(open_store(store)) as home:
        stored = home.projection()
        log_view = project(fold(takewhile(lambda event: event.seq <= stored.seq, home.events())))
    found = differences(log_view, stored)
    if as_json:
        dump({"equal": not found, "events": log_view.seq, "concepts": len(log_view.concepts),
              "relations": len(log_view.relations), "differences": found})  # fmt: skip
    elif found:
        for sentence in found:
            say(sentence)
    else:
        say(f"equal: {log_view.seq} events, {len(log_view.concepts)} concepts, {len(log_view.relations)} relations")
    raise typer.Exit(1 if found else 0)
