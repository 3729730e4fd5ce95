"""`explore`: the explorer, a page in which a graph is watched while it grows, read, and steered."""

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from graphgrow.cli.output import AsJson, dump, err
from graphgrow.errors import BadInput

EXPLORER = "graphgrow_explorer"


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(explore)


def explore(
    store: Annotated[str, typer.Argument(help="A .db file or a store URL; without one the page asks.")] = "",
    host: Annotated[str, typer.Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port (default: the first free from 8501).")] = 0,
    auth: Annotated[
        bool, typer.Option("--auth", help="People sign in by OpenID Connect (.streamlit/secrets.toml).")
    ] = False,
    no_auth: Annotated[bool, typer.Option("--no-auth", help="Whoever reaches the address may do everything.")] = False,
    allow: Annotated[
        list[str] | None, typer.Option(help="With --auth: an e-mail address that may come in; repeat it.")
    ] = None,
    jobs: Annotated[Path | None, typer.Option(help="A jobs file of `graphgrow batch` to show beside the runs.")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open a browser window.")] = True,
    as_json: AsJson = False,
) -> None:
    """Open the explorer in a browser: watch a graph grow, read it, and take the wheel. Ctrl-C ends it, no run."""
    if find_spec(EXPLORER) is None:
        raise BadInput("the explorer is not installed here: install graphgrow from its wheel, or its checkout with -e")
    if allow and not auth:
        raise BadInput("--allow names who may sign in: it goes with --auth")
    if any(not address.strip() for address in allow or ()):
        raise BadInput("--allow names nobody: give it the e-mail address of who may come in")
    if jobs:
        from graphgrow.batch.jobs import load

        load(jobs)  # what it cannot say is said here
    serving = import_module(f"{EXPLORER}.serve")
    shown = str(jobs.absolute()) if jobs else ""
    opens = browser and sys.stdout.isatty()
    how = serving.Serving(store, host, port, auth, no_auth, tuple(allow or ()), opens, shown)

    def say(address: str) -> None:
        if as_json:
            dump({"url": address})
        else:
            err().print(f"the explorer is at {address}", markup=False, soft_wrap=True)

    serving.serve(how, say)
