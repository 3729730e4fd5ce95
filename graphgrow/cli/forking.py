"""`fork` and `diff`: another future of a graph from one of its events on, and what two graphs do not share."""

from contextlib import closing
from pathlib import Path
from typing import Annotated, Any

import typer

from graphgrow.cli.comparing import events_of
from graphgrow.cli.files import lasting
from graphgrow.cli.output import MOST, AsJson, Store, dump, say, table
from graphgrow.cli.reading import is_file
from graphgrow.export import read_graph
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Edit, Relation
from graphgrow.measure.agreement import lacking
from graphgrow.stores import open_store
from graphgrow.stores.copying import fork as fork_log

SHOWN = 20
Source = Annotated[str, typer.Argument(help="A store, a run file (.jsonl, .jsonl.gz) or a graph file.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(fork)
    app.command()(diff)


def fork(
    store: Store,
    new: Annotated[str, typer.Argument(help="The store of the fork: a new one.")],
    at: Annotated[int, typer.Option(min=1, max=MOST, help="The last event that both have.")],
    as_json: AsJson = False,
) -> None:
    """Begin another graph with the log of this one up to an event; a fork that was broken off goes on."""
    with closing(open_store(store)) as home, closing(lasting(new)) as other:
        copied = fork_log(home, other, at)
        graph = other.graph()
    sizes = {"concepts": len(graph.concepts), "relations": len(graph.relations)}
    if as_json:
        dump({"source": home.url, "target": other.url, "at": at, "events": copied, **sizes})
        return
    place = other.url.removeprefix("sqlite:")
    say(f"{place} begins with events 1 to {at}: {sizes['concepts']} concepts, {sizes['relations']} relations")


def diff(one: Source, other: Source, as_json: AsJson = False) -> None:
    """Say which concepts and relations two graphs have that the other has not."""
    graphs = _graph(one), _graph(other)
    sides = [_side(name, *pair) for name, pair in ((one, graphs), (other, graphs[::-1]))]
    shared = {
        "concepts": len(graphs[0].concepts) - len(sides[0]["concepts"]),
        "relations": len(graphs[0].relations) - len(sides[0]["relations"]),
    }
    if as_json:
        dump({"both": shared, "only": sides})
        return
    for side in sides:
        _print(side)
    say(f"in both: {shared['concepts']} concepts, {shared['relations']} relations")


def _graph(source: str) -> Graph:
    if not is_file(source):
        return fold(events_of(source))
    graph = Graph()
    graph.apply(Edit(1, "add", read_graph(Path(source))))
    return graph


def _side(name: str, graph: Graph, other: Graph) -> dict[str, Any]:
    """Return what only one graph has, by the names people read."""
    concepts, relations = lacking(graph, other)
    return {
        "source": name,
        "concepts": [graph.name(key) for key in concepts],
        "relations": [_row(graph, relation) for relation in relations],
    }


def _row(graph: Graph, relation: Relation) -> dict[str, Any]:
    return {
        "source": graph.name(relation.source),
        "predicate": relation.predicate,
        "target": graph.name(relation.target),
        "support": graph.support(relation),
    }


def _print(side: dict[str, Any]) -> None:
    concepts, relations = side["concepts"], side["relations"]
    say(f"only in {side['source']}: {len(concepts)} concepts, {len(relations)} relations")
    if concepts:
        more = f" and {len(concepts) - SHOWN} more" if len(concepts) > SHOWN else ""
        say(f"  {', '.join(concepts[:SHOWN])}{more}")
    if relations:
        table(("source", "predicate", "target", " support"), [tuple(row.values()) for row in relations[:SHOWN]])
        if len(relations) > SHOWN:
            say(f"and {len(relations) - SHOWN} more relations")
