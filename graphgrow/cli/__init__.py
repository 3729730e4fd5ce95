"""The command line: every command prints a table or a sentence, `--json` one JSON document; errors are one line.

Exit codes: 0 done, 1 our own error, 2 usage, 3 a budget or stop rule ended the run early, 130 interrupted.
"""

import logging
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper

import typer

from graphgrow.api.process import collect_seldom, without_plots
from graphgrow.errors import GraphgrowError, without_passwords
from graphgrow.graph.keys import clean

# Where each command is, in the order of --help.
COMMANDS = (
    "growth.grow", "growth.models", "growth.policy",
    "graph.show", "graph.measure", "graph.verify", "log.log",
    "corrections.merge", "corrections.unmerge", "corrections.apart", "corrections.doubt", "corrections.reject",
    "corrections.restore", "corrections.rename", "corrections.retype", "corrections.add", "corrections.rejects",
    "corrections.review",
    "directives.pin", "directives.unpin", "directives.forbid", "directives.allow", "directives.focus",
    "directives.instruct", "directives.steering", "directives.withdraw",
    "serve.explore",
    "runs.compare", "runs.core", "runs.consensus", "graph.predicates", "graph.critical", "files.report",
    "discovery.path", "discovery.discover", "discovery.thoughts", "reasoning.ask", "reasoning.ideas",
    "reasoning.describe", "reasoning.judge",
    "files.replay", "files.export", "files.import_", "files.copy", "files.fork", "runs.diff",
    "serve.mcp",
)  # fmt: skip
BATCH = "batch"
ABOUT = "Grow knowledge graphs out of language models; the structure of the whole graph chooses the next question."


def command_line(words: Sequence[str] = ()) -> typer.Typer:
    """Return the command line; where words begin with a command, with that one alone, which takes half the time."""
    app = typer.Typer(
        name="graphgrow",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        help=ABOUT,
    )
    app.callback()(_always)
    asked = next(iter(words), "")
    named = {place.partition(".")[2].removesuffix("_"): place for place in COMMANDS}  # import_: a word of Python
    for name in (asked,) if asked in {*named, BATCH} else (*named, BATCH):
        if name == BATCH:
            app.add_typer(import_module("graphgrow.cli.batch").app, name=BATCH)
            continue
        module, _, function = named[name].partition(".")
        app.command(name)(getattr(import_module(f"graphgrow.cli.{module}"), function))
    return app


def _always() -> None:
    """Do nothing before a command; with it one command alone is still asked for by its name."""


def main() -> None:
    """Run the command line; our own errors become one line on stderr and exit code 1."""
    without_plots()
    collect_seldom()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    for library in ("neo4j", "apscheduler"):  # retries and late beats are reported in our own sentences
        logging.getLogger(library).addHandler(logging.NullHandler())
    try:
        command_line(sys.argv[1:])()
    except (GraphgrowError, OSError) as error:
        sys.stderr.write(f"graphgrow: {clean(without_passwords(str(error)))}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("graphgrow: interrupted\n")
        sys.exit(130)
