"""`report`: a run as one page with every curve, and as the tables behind them."""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from graphgrow.cli.output import MOST, AsJson, Store, dump, err, say
from graphgrow.errors import BadInput
from graphgrow.stores import open_store


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(report)


def report(
    store: Store,
    file: Annotated[Path, typer.Argument(help="The page to write, a name that ends in .html.")],
    tables: Annotated[Path | None, typer.Option("--csv", help="Also write every table into this folder.")] = None,
    every: Annotated[
        int | None, typer.Option(min=1, max=MOST, help="A snapshot every K events (default: about 50).")
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides partitions, samples and null models.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Write a run as one page with every curve of the paper, and those that correct it; needs no network."""
    from graphgrow.export.report import library

    if file.suffix.lower() not in {".html", ".htm"}:
        raise BadInput(f"cannot write a report to {file}: use a name that ends in .html")
    drawing = library()
    from graphgrow.export.report import report as measure
    from graphgrow.export.report.files import write, write_tables
    from graphgrow.export.report.page import page

    with closing(open_store(store)) as home:
        events = list(home.events())
        err().print(f"measuring {len(events)} events: a long run takes minutes", highlight=False)
        found = measure(events, every=every, seed=seed, cache=home)
    write(file, page(found, drawing))
    written = write_tables(found, tables) if tables else []
    if as_json:
        dump({"file": str(file), **found.facts, "every": found.every, "csv": [str(path) for path in written]})
    else:
        beside = f", its tables in {tables}" if tables else ""
        say(f"{file}: the run up to event {found.facts['events']}, a snapshot every {found.every}{beside}")
