"""`replay`, `export` and `import`: graphs and runs as files."""

from collections import Counter
from contextlib import closing
from itertools import takewhile
from pathlib import Path
from typing import Annotated, Literal

import typer

from graphgrow.cli.output import AsJson, Store, dump, say, table
from graphgrow.cli.resolving import Embeddings, Predicates, Without
from graphgrow.errors import BadInput
from graphgrow.export import FORMATS, parts, read_graph
from graphgrow.export import export as write_graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Edit, Expansion
from graphgrow.growth.replay import Fields, recording
from graphgrow.growth.replay import replay as run_again
from graphgrow.growth.step import now
from graphgrow.resolve.options import open_meanings, open_resolver
from graphgrow.resolve.resolve import VERBATIM
from graphgrow.stores import DEFAULT_URL, GraphStore, open_store
from graphgrow.stores.copying import complete, copy

ENDINGS = ", ".join(FORMATS)


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(replay)
    app.command()(export)
    app.command("import")(import_)
    app.command("copy")(copy_)


def lasting(url: str) -> GraphStore:
    """Open a store, new or not, that is still there when the command has ended."""
    if url.startswith("memory:"):
        raise BadInput("memory: is gone when the command ends: name a file, or neo4j://HOST?graph=NAME")
    return open_store(url, create=True)


def replay(
    file: Annotated[Path, typer.Argument(help="A run file, or JSON lines with replies; .gz is fine.")],
    store: Annotated[str, typer.Option(help="Where the graph is kept.")] = DEFAULT_URL,
    field: Annotated[str, typer.Option(help="For foreign JSON lines: the field that holds the raw reply.")] = "",
    question_field: Annotated[str, typer.Option(help="The field that holds the question.")] = "",
    topic: Annotated[str, typer.Option(help="What foreign replies are about (default: the file's name).")] = "",
    resolution: Annotated[Literal["on", "off"], typer.Option(help="off: names and predicates as they stand.")] = "on",
    without_rule: Without = None,
    predicates: Predicates = None,
    embeddings: Embeddings = "",
    append: Annotated[bool, typer.Option("--append", help="Add to a store that holds a graph already.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run recorded replies through the same parse, resolve and commit as live ones."""
    fields = Fields(field, question_field) if field else None
    recorded = recording(file, fields, topic)
    with closing(open_store(store, create=True)) as home:
        resolver = VERBATIM
        if resolution == "on":
            resolver = open_resolver(without_rule or (), predicates, open_meanings(embeddings, home))
        outcomes: Counter[str] = Counter()
        notes = []
        for event in run_again(recorded, home, resolver, append=append):
            if isinstance(event, Expansion):
                outcomes[event.outcome] += 1
                if event.reason and event.outcome != "ok":
                    notes.append((event.seq, event.outcome, event.reason))
        graph = home.graph()
    if not graph.seq:
        raise BadInput(f"{file} holds no reply and no decision: there is nothing to replay")
    totals = {"concepts": len(graph.concepts), "relations": len(graph.relations), "rejected": dict(graph.rejected)}
    if as_json:
        dump({"outcomes": dict(outcomes), **totals, "notes": notes})
        return
    if notes:
        table((" event", "outcome", "why"), notes)
    counted = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()) or "none"
    say(f"{outcomes.total()} replies: {counted}")
    say(f"{totals['concepts']} concepts and {totals['relations']} relations in {home.url.removeprefix('sqlite:')}")


def export(
    store: Store,
    file: Annotated[Path, typer.Argument(help=f"A name that ends in {ENDINGS}.")],
    as_json: AsJson = False,
) -> None:
    """Write a graph to a file that other programs read."""
    own = Path(store.removeprefix("sqlite:"))
    if file.exists() and own.exists() and file.samefile(own):
        raise BadInput(f"{file} is the store itself: export to another name")
    with closing(open_store(store)) as home:
        graph = home.graph()
        written = write_graph(graph, file, takewhile(lambda event: event.seq <= graph.seq, home.events()))
    if as_json:
        dump(
            {
                "file": str(file),
                "files": [str(one) for one in written],
                "concepts": len(graph.concepts),
                "relations": len(graph.relations),
            }
        )
    else:
        say(f"{len(graph.concepts)} concepts and {len(graph.relations)} relations in {' and '.join(map(str, written))}")


def import_(
    file: Annotated[Path, typer.Argument(help=f"A graph that ends in {ENDINGS}, ours or anybody's.")],
    store: Annotated[str, typer.Argument(help="Where the graph is kept.")] = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Bring a graph file into a store, where it can be grown further."""
    delta = read_graph(file)
    if not delta.concepts:
        raise BadInput(f"{file} holds no graph: it names no concept")
    with closing(lasting(store)) as home:
        first = next(home.events(), None)  # of an import that was broken off, and goes on as the same events
        at = first.at if isinstance(first, Edit) else now()
        note = f"import of {clean(file.name)}"
        complete((Edit(n, "add", part, note, at) for n, part in enumerate(parts(delta), 1)), home)
    if as_json:
        dump({"store": home.url, "concepts": len(delta.concepts), "relations": len(delta.relations)})
    else:
        place = home.url.removeprefix("sqlite:")
        say(f"{len(delta.concepts)} concepts and {len(delta.relations)} relations from {file} in {place}")


def copy_(
    source: Annotated[str, typer.Argument(help="The store to copy from.")],
    target: Annotated[str, typer.Argument(help="The store to copy to: a new one, or one that holds the beginning.")],
    as_json: AsJson = False,
) -> None:
    """Copy a graph with its whole log into another store; a copy that was broken off goes on."""
    with closing(open_store(source)) as home, closing(lasting(target)) as other:
        copied = copy(home, other)
    if as_json:
        dump({"source": home.url, "target": other.url, "events": copied})
    else:
        say(f"{copied} events copied from {home.url} to {other.url}")
