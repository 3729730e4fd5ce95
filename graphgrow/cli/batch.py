"""`batch`: jobs from a file, when they are due: once, for cron and the like, or as a daemon.

Exit codes of `batch run`: 0 all that was due is done, 1 our own error, 2 usage, 4 a run failed (its report says why),
75 a run has to wait since another machine works on its graph: try again later, 130 interrupted.
"""

import json
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Annotated, Any

from typer import Argument, Exit, Option, Typer

from graphgrow.cli.arguments import AsJson
from graphgrow.cli.output import counted, dump, note, say, table
from graphgrow.errors import BadInput
from graphgrow.graph.keys import clean

JobsFile = Annotated[Path, Argument(metavar="JOBS.toml", help="The jobs file.")]
Name = Annotated[str, Argument(help="The name of a job.")]
Names = Annotated[list[str] | None, Argument(help="Names of jobs; all where left out.")]
Executor = Annotated[
    str, Option(help="dask://HOST:PORT, a Dask cluster; the graphs must be in Neo4j then. Default: threads here.")
]

app = Typer(no_args_is_help=True, rich_markup_mode=None, help="Run jobs out of a file, when they are due.")


@app.command()
def run(
    jobs: JobsFile,
    only: Annotated[list[str] | None, Option(help="A job to look at; repeat it. Default: all.")] = None,
    now: Annotated[bool, Option("--now", help="Run them whether they are due or not.")] = False,
    due: Annotated[
        datetime | None,
        Option(
            formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"],
            help="Run them as due at this moment (UTC unless it says so); what is done is not done again.",
        ),
    ] = None,
    executor: Executor = "",
    as_json: AsJson = False,
) -> None:
    """Run what is due and end. Exit code 0: all done; 4: a run failed; 75: try again later."""
    from dataclasses import asdict

    from graphgrow.batch import dispatch

    if due and not due.tzinfo:
        due = due.replace(tzinfo=UTC)
    if now and not due:
        due = datetime.now(UTC)
    with _signals() as stop:
        log = dispatch.silent if as_json else Progress()
        reports = dispatch.run_jobs(jobs, only or (), due, executor, log=log, stop=lambda: bool(stop))
    if as_json:
        dump({"runs": [asdict(report) for report in reports]})
    elif reports:
        rows = [
            (one.job, one.outcome, one.steps, one.new_concepts, one.tokens, one.usd, one.sentence) for one in reports
        ]
        table(("job", "outcome", " steps", " new concepts", " tokens", " USD", ""), rows)
    else:
        say("Nothing is due.")
    raise Exit(dispatch.exit_code(reports, stopped=bool(stop)))


@app.command()
def serve(
    jobs: JobsFile,
    executor: Executor = "",
    as_json: Annotated[bool, Option("--json", help="Tell what happens in lines of JSON on stdout.")] = False,
) -> None:
    """Run jobs whenever they are due, until Ctrl-C or SIGTERM: what is under way is saved then, and goes on later."""
    from importlib.util import find_spec

    from graphgrow.batch.dispatch import open_dispatcher

    if find_spec("apscheduler") is None:
        raise BadInput("the daemon needs a scheduler: install it with  pip install '.[batch]'")
    from graphgrow.batch.daemon import Daemon

    log = Progress(as_json=as_json)
    with _signals() as stop, open_dispatcher(jobs, executor, log=log, stop=lambda: bool(stop)) as dispatcher:
        Daemon(jobs.absolute(), dispatcher).serve()


class Progress:
    """Writes what happens: a line for people on stderr, or a line of JSON on stdout."""

    def __init__(self, *, as_json: bool = False) -> None:
        self._as_json, self._lock = as_json, Lock()

    def __call__(self, what: str, **about: object) -> None:
        """Write one thing, with the time, so that a line can be taken apart again: every value is one word."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        with self._lock:
            if self._as_json:
                dump({"at": at, "what": what, **about})
                return
            words = []
            for name, value in about.items():
                if value not in ("", None):
                    text = f"{value:.4f}" if isinstance(value, float) else str(value)
                    is_word = " " not in text and '"' not in text
                    words.append(f"{name}={clean(text if is_word else json.dumps(text, ensure_ascii=False))}")
            note(f"{at} {what} {' '.join(words)}")


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collect the first SIGINT or SIGTERM, so that what was paid for is saved; the second one ends the program.

    It does so at once, whatever is waited for: replies that have arrived are on disk, and leases end by themselves.
    """
    seen: list[int] = []

    def collect(number: int, _frame: object) -> None:
        seen.append(number)
        for each in before:
            signal.signal(each, signal.SIG_DFL)

    before = {number: signal.signal(number, collect) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@app.command()
def status(jobs: JobsFile, as_json: AsJson = False) -> None:
    """Say when each job ran last and will run next."""
    from graphgrow.batch.status import overview

    rows = overview(jobs)
    if as_json:
        dump([row.document for row in rows])
        return
    shown = [
        (row.name, row.schedule, _moment(row.last_due), row.last_outcome, _moment(row.next_due), row.now)
        for row in rows
    ]
    table(("job", "schedule", "last due", "outcome", "next due", "now"), shown)


def _moment(text: str) -> str:
    return text.replace("T", " ").removesuffix("+00:00") + " UTC" if text else "-"


@app.command()
def pause(jobs: JobsFile, names: Names = None) -> None:
    """Let jobs rest: what comes due meanwhile is skipped. A run under way goes on to its end."""
    _set_paused(jobs, names, paused=True)


@app.command()
def resume(jobs: JobsFile, names: Names = None) -> None:
    """Let jobs that rest run again when they are next due."""
    _set_paused(jobs, names, paused=False)


def _set_paused(jobs: Path, names: Sequence[str] | None, *, paused: bool) -> None:
    from graphgrow.batch.jobs import load
    from graphgrow.batch.state import State, state_path

    loaded = load(jobs)
    chosen = [loaded.named(name).name for name in names or [job.name for job in loaded.job]]
    with closing(State(state_path(jobs.absolute(), loaded.limits.state))) as state:
        for name in chosen:
            state.pause(name, paused=paused)
    say(f"{', '.join(chosen)}: {'paused' if paused else 'runs again when it is next due'}")


@app.command()
def trigger(jobs: JobsFile, name: Name) -> None:
    """Have the daemon run a job now, out of its turn."""
    from graphgrow.batch.jobs import load
    from graphgrow.batch.state import State, state_path

    loaded = load(jobs)
    job = loaded.named(name)
    with closing(State(state_path(jobs.absolute(), loaded.limits.state))) as state:
        state.trigger(job.name)
    say(f"{job.name} runs when the daemon sees it; without one:  graphgrow batch run {jobs} --only {job.name} --now")


@app.command()
def check(jobs: JobsFile, as_json: AsJson = False) -> None:
    """List the errors in a jobs file, line by line; exit code 1 if there are any."""
    from dataclasses import asdict

    from graphgrow.batch.jobs import parse, read

    parsed, problems = parse(read(jobs))
    if as_json:
        dump({"jobs": len(parsed.job) if parsed else 0, "problems": [asdict(problem) for problem in problems]})
    elif parsed:
        say(f"{jobs}: {counted(len(parsed.job), 'job')}, nothing wrong")
        for sentence in dict.fromkeys(filter(None, map(parsed.idle, parsed.job))):
            say(clean(sentence))
    else:
        for problem in problems:
            say(f"{jobs}:{problem.line}: {clean(problem.text)}")
    raise Exit(0 if parsed else 1)


@app.command()
def schema() -> None:
    """Print the JSON schema of jobs files, for editors that complete and check them."""
    from graphgrow.batch.jobs import Jobs

    document: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Jobs.model_json_schema()
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
