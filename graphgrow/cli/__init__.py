"""The command line: every command prints a table or a sentence, `--json` one JSON document; errors are one line.

Exit codes: 0 done, 1 our own error, 2 usage, 3 a budget or stop rule ended the run early, 130 interrupted.
"""

import logging
import sys
from io import TextIOWrapper

import typer

from graphgrow.cli import (
    agreeing,
    asking,
    batch,
    choosing,
    comparing,
    criticality,
    deciding,
    exploring,
    files,
    forking,
    growing,
    listing,
    pathing,
    reading,
    reporting,
    resolving,
    serving,
    steering,
    thinking,
)
from graphgrow.cli.output import printable
from graphgrow.errors import GraphgrowError

app = typer.Typer(
    name="graphgrow",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Grow knowledge graphs out of language models; the structure of the whole graph chooses the next question.",
)
PARTS = (
    growing, choosing, reading, listing, deciding, steering, exploring, comparing, agreeing, resolving, criticality,
    reporting, pathing, thinking, asking, files, forking, serving, batch
)  # fmt: skip
for part in PARTS:
    part.register(app)


@app.callback()
def _options() -> None:
    """Grow knowledge graphs out of language models; the structure of the whole graph chooses the next question."""


def main() -> None:
    """Run the command line; our own errors become one line on stderr and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    for library in ("neo4j", "apscheduler"):  # retries and late beats are told in our own sentences
        logging.getLogger(library).addHandler(logging.NullHandler())
    try:
        app()
    except GraphgrowError as error:
        sys.stderr.write(f"graphgrow: {printable(str(error))}\n")
        sys.exit(1)
    except OSError as error:
        sys.stderr.write(f"graphgrow: {printable(str(error))}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("graphgrow: interrupted\n")
        sys.exit(130)
