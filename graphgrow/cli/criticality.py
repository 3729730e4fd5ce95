"""`critical`: entropy of a graph's structure against that of its meanings, and the relations that surprise."""

from contextlib import closing
from typing import Annotated, Any

import typer

from graphgrow.cli.output import AsJson, Store, dump, say, table
from graphgrow.cli.resolving import Embeddings
from graphgrow.graph.graph import Graph
from graphgrow.resolve.options import open_meanings
from graphgrow.stores import open_store

SHOWN = 15


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("critical")(critical_)


def critical_(
    store: Store,
    embeddings: Embeddings = "",
    base_url: Annotated[str, typer.Option(help="The endpoint of the embedding model.")] = "",
    as_json: AsJson = False,
) -> None:
    """Print structural and semantic entropy, and which relations join what is far apart in meaning."""
    with closing(open_store(store)) as home:
        graph, known = home.graph(), open_meanings(embeddings, home, base_url)
        vectors = known.vectors([concept.name for concept in graph.concepts.values()]) if known is not None else None
    row, surprising = _measured(graph, vectors)
    if as_json:
        dump({**row, "surprising": surprising})
        return
    table(("", " value"), [(name.replace("_", " "), value) for name, value in row.items() if name != "missing"])
    if surprising:
        say("\nthe most surprising relations")
        table(("one", "other", " similarity"), [tuple(one.values()) for one in surprising[:SHOWN]])
    say(str(row["missing"]) + (" Try  --embeddings local" if row["missing"] else ""))


def _measured(graph: Graph, vectors: Any) -> tuple[dict[str, object], list[dict[str, object]]]:  # noqa: ANN401  # numpy
    from graphgrow.measure.critical import critical, surprising_edges

    simple = graph.igraph()
    row = critical(simple, vectors)
    if vectors is None:
        return row, []
    names = [concept.name for concept in graph.concepts.values()]
    edges = surprising_edges(simple, vectors).edges
    return row, [{"one": names[a], "other": names[b], "similarity": near} for a, b, near in edges]
