"""The command line: every command prints a table or a sentence, `--json` one JSON document; errors are one line.

Exit codes: 0 done, 1 our own error, 2 usage, 3 a budget or stop rule ended the run early, 130 interrupted.
"""

import logging
import sys
from io import TextIOWrapper

import typer

from graphgrow.cli import (
    batch,
    corrections,
    directives,
    discovery,
    files,
    graph,
    growth,
    log,
    reasoning,
    runs,
    serve,
)
from graphgrow.errors import GraphgrowError, without_passwords
from graphgrow.graph.keys import clean

app = typer.Typer(
    name="graphgrow",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Grow knowledge graphs out of language models; the structure of the whole graph chooses the next question.",
)
COMMANDS = (
    growth.grow, growth.models, growth.policy,
    graph.show, graph.measure, graph.verify, log.log,
    corrections.merge, corrections.unmerge, corrections.apart, corrections.doubt, corrections.reject,
    corrections.restore, corrections.rename, corrections.retype, corrections.add, corrections.rejects,
    corrections.review,
    directives.pin, directives.unpin, directives.forbid, directives.allow, directives.focus, directives.instruct,
    directives.steering, directives.withdraw,
    serve.explore,
    runs.compare, runs.core, runs.consensus, graph.predicates, graph.critical, files.report,
    discovery.path, discovery.discover, discovery.thoughts, reasoning.ask, reasoning.ideas, reasoning.describe,
    reasoning.judge,
    files.replay, files.export, files.import_, files.copy, files.fork, runs.diff,
    serve.mcp,
)  # fmt: skip
for command in COMMANDS:
    app.command(command.__name__.removesuffix("_"))(command)  # import_, for import is a word of Python
app.add_typer(batch.app, name="batch")


def main() -> None:
    """Run the command line; our own errors become one line on stderr and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    for library in ("neo4j", "apscheduler"):  # retries and late beats are told in our own sentences
        logging.getLogger(library).addHandler(logging.NullHandler())
    try:
        app()
    except (GraphgrowError, OSError) as error:
        sys.stderr.write(f"graphgrow: {clean(without_passwords(str(error)))}\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.stderr.write("graphgrow: interrupted\n")
        sys.exit(130)
