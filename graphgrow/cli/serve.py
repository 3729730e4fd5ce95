"""`explore` and `mcp`: a graph served, as a page to people and as tools to the agents of others."""

import gc
import os
import sys
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from graphgrow.api.models import ModelOptions, named, open_named, open_role
from graphgrow.cli.arguments import Address, AsJson, Effort, KeyEnv, LLMOptions, ReplyTokens, Store, Timeout
from graphgrow.cli.output import dump, note
from graphgrow.errors import BadInput
from graphgrow.graph.model import DEFAULT_USD, Role
from graphgrow.llm.options import withheld

EXPLORER = "graphgrow_explorer"


def explore(
    store: Annotated[str, Argument(help="A .db file or a store URL; without one the page asks.")] = "",
    host: Annotated[str, Option(help="The address to listen at.")] = "127.0.0.1",
    port: Annotated[int, Option(min=0, max=65535, help="The port (default: the first free from 8501).")] = 0,
    auth: Annotated[bool, Option("--auth", help="People sign in by OpenID Connect (.streamlit/secrets.toml).")] = False,
    no_auth: Annotated[bool, Option("--no-auth", help="Whoever has the printed address may do everything.")] = False,
    public: Annotated[
        str, Option("--public-url", help="The address that people use, where a proxy stands in front.")
    ] = "",
    allow: Annotated[
        list[str] | None, Option(help="With --auth: an e-mail address that may come in; repeat it.")
    ] = None,
    jobs: Annotated[Path | None, Option(help="A jobs file of `graphgrow batch` to show beside the runs.")] = None,
    browser: Annotated[bool, Option("--browser/--no-browser", help="Open a browser window.")] = True,
    as_json: AsJson = False,
) -> None:
    """Open the explorer in a browser: watch a graph grow, read and steer it. Ctrl-C ends the explorer, but no run."""
    if find_spec(EXPLORER) is None:
        raise BadInput("the explorer is not installed here: install graphgrow from its wheel, or its checkout with -e")
    if allow and not auth:
        raise BadInput("--allow names who may sign in: it goes with --auth")
    if any(not address.strip() for address in allow or ()):
        raise BadInput("--allow names nobody: give it the e-mail address of who may come in")
    if jobs:
        from graphgrow.batch.jobs import load

        load(jobs)  # what it cannot say is said here
    gc.disable()  # what is loaded and read now stays: searching it for garbage takes a tenth of the time
    explorer = import_module(f"{EXPLORER}.serve")
    jobs_file = str(jobs.absolute()) if jobs else ""
    opens = browser and sys.stdout.isatty()
    options = explorer.Serving(store, host, port, auth, no_auth, tuple(allow or ()), opens, jobs_file, public)

    def announce(address: str) -> None:
        if as_json:
            dump({"url": address})
        else:
            note(f"the explorer is at {address}")

    try:
        explorer.serve(options, announce)
    finally:
        gc.enable()


def mcp(
    store: Store,
    write: Annotated[bool, Option("--write", help="Let agents grow and correct the graph too.")] = False,
    port: Annotated[
        int | None, Option(min=1, max=65535, help="Serve HTTP at this port of 127.0.0.1, not stdin and stdout.")
    ] = None,
    llm: Annotated[str, Option(help="The model that answers and growth ask.")] = "",
    base_url: Address = "",
    key_env: KeyEnv = "",
    reasoning_effort: Effort = "",
    reply_tokens: ReplyTokens = None,
    timeout: Timeout = None,
    llm_options: LLMOptions = "",
    check_with: Annotated[str, Option(help="A model for fact checks of what is grown: NAME or URL#NAME.")] = "",
    arbitrate_with: Annotated[str, Option(help="A model that says which names are one: NAME or URL#NAME.")] = "",
    usd: Annotated[
        float, Option(min=0, help="Spending limit while it runs, in USD, if the price is known.")
    ] = DEFAULT_USD,
) -> None:
    """Serve a graph to agents over the Model Context Protocol, by stdin and stdout or on this machine alone."""
    try:
        from graphgrow.mcp import Allowance, serve, token_of
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "mcp":
            raise
        raise BadInput("a server for agents needs the package mcp: pip install 'graphgrow[mcp]'") from None
    token = token_of(os.environ) if port else ""
    if port:
        note(f"serving at http://127.0.0.1:{port}/mcp?token={token}")
    model = named(llm, base_url, ModelOptions(reasoning_effort, reply_tokens, key_env, llm_options, timeout))
    if sentence := withheld(model, os.environ):
        note(sentence)
    named_roles: dict[Role, str] = {"check": check_with, "arbitrate": arbitrate_with}
    roles = {role: partial(open_role, role, text, model, env=os.environ) for role, text in named_roles.items() if text}
    allowance = Allowance(partial(open_named, model, env=os.environ), usd, roles)
    serve(store, allowance, write=write, port=port, token=token)
