"""`mcp`: a graph as tools for the agents of others."""

import os
from functools import partial
from typing import Annotated

import typer

from graphgrow.api.models import open_llm
from graphgrow.cli.output import Store, err
from graphgrow.cli.paying import DEFAULT_USD, Address
from graphgrow.errors import BadInput

MISSING = "a server for agents needs the package mcp: pip install 'graphgrow[mcp]'"


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(mcp)


def mcp(
    store: Store,
    write: Annotated[bool, typer.Option("--write", help="Let agents grow and correct the graph too.")] = False,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Serve HTTP at this port of 127.0.0.1, not stdin and stdout.")
    ] = None,
    llm: Annotated[str, typer.Option(help="The model that answers and growth ask.")] = "",
    base_url: Address = "",
    usd: Annotated[float, typer.Option(min=0, help="Most to spend while it runs, if priced.")] = DEFAULT_USD,
) -> None:
    """Serve a graph to agents over the Model Context Protocol, by stdin and stdout or on this machine alone."""
    try:
        from graphgrow.mcp.server import serve
        from graphgrow.mcp.writing import Allowance
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "mcp":
            raise
        raise BadInput(MISSING) from None
    if port:
        err().print(f"serving at http://127.0.0.1:{port}/mcp", markup=False)
    serve(
        store, Allowance(partial(open_llm, llm or None, base_url or None, env=os.environ), usd), write=write, port=port
    )
