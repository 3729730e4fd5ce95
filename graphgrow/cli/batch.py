"""`batch`: jobs out of a file, when they are due: once for cron and its like, or as a daemon.

Exit codes of `batch run`: 0 all that was due is done, 1 our own error, 2 usage, 4 a run failed (its report says why),
75 a run has to wait, another machine works on its graph: try again later, 130 interrupted.
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

import typer

from graphgrow.cli.output import AsJson, dump, err, printable, say, table
from graphgrow.errors import BadInput

JobsFile = Annotated[Path, typer.Argument(metavar="JOBS.toml", help="The jobs file.")]
Name = Annotated[str, typer.Argument(help="The name of a job.")]
Names = Annotated[list[str] | None, typer.Argument(help="Names of jobs; all where left out.")]
Executor = Annotated[
    str, typer.Option(help="dask://HOST:PORT, a Dask cluster; the graphs must be in Neo4j then. Default: threads here.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    batch = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Run jobs out of a file, when they are due.")
    for command in (run, serve, status, pause, resume, trigger, check, schema):
        batch.command()(command)
    app.add_typer(batch, name="batch")


def run(
    jobs: JobsFile,
    only: Annotated[list[str] | None, typer.Option(help="A job to look at; repeat it. Default: all.")] = None,
    now: Annotated[bool, typer.Option("--now", help="Run them whether they are due or not.")] = False,
    due: Annotated[
        datetime | None,
        typer.Option(
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

    with _signals() as stop:
        moment = _aware(due) or (datetime.now(UTC) if now else None)
        log = dispatch.silent if as_json else Told()
        reports = dispatch.run_jobs(jobs, only or (), moment, executor, log=log, stop=lambda: bool(stop))
    if as_json:
        dump({"runs": [asdict(report) for report in reports]})
    elif reports:
        rows = [
            (one.job, one.outcome, one.steps, one.new_concepts, one.tokens, one.usd, one.sentence) for one in reports
        ]
        table(("job", "outcome", " steps", " new concepts", " tokens", " USD", ""), rows)
    else:
        say("Nothing is due.")
    raise typer.Exit(dispatch.exit_code(reports, stopped=bool(stop)))


def _aware(due: datetime | None) -> datetime | None:
    return due if due is None or due.tzinfo else due.replace(tzinfo=UTC)


def serve(
    jobs: JobsFile,
    executor: Executor = "",
    as_json: Annotated[bool, typer.Option("--json", help="Tell what happens in lines of JSON on stdout.")] = False,
) -> None:
    """Run jobs whenever they are due, until Ctrl-C or SIGTERM: what is under way is saved then, and goes on later."""
    from importlib.util import find_spec

    from graphgrow.batch.dispatch import open_dispatcher

    if find_spec("apscheduler") is None:
        raise BadInput("the daemon needs a scheduler: install it with  pip install '.[batch]'")
    from graphgrow.batch.daemon import Daemon

    log = Told(as_json=as_json)
    with _signals() as stop, open_dispatcher(jobs, executor, log=log, stop=lambda: bool(stop)) as dispatcher:
        Daemon(jobs.absolute(), dispatcher).serve()


class Told:
    """Tells what happens: a line for people on stderr, or a line of JSON on stdout."""

    def __init__(self, *, as_json: bool = False) -> None:
        self._as_json, self._lock = as_json, Lock()

    def __call__(self, what: str, **about: object) -> None:
        """Tell one thing, with the time."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        with self._lock:
            if self._as_json:
                dump({"at": at, "what": what, **about})
            else:
                words = " ".join(
                    f"{name}={printable(_word(value))}" for name, value in about.items() if value not in ("", None)
                )
                err().print(f"{at} {what} {words}", markup=False, soft_wrap=True)


def _word(value: object) -> str:
    """Return a value as one word, so that a line can be taken apart again."""
    text = f"{value:.4f}" if isinstance(value, float) else str(value)
    return json.dumps(text, ensure_ascii=False) if " " in text or '"' in text else text


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collect the first SIGINT or SIGTERM, so that what was paid for is saved; the second one ends the program.

    It does so at once, whatever is waited for: replies that have arrived are on disk, and leases end by themselves.
    """
    seen: list[int] = []

    def note(number: int, _frame: object) -> None:
        seen.append(number)
        for each in before:
            signal.signal(each, signal.SIG_DFL)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


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


def pause(jobs: JobsFile, names: Names = None) -> None:
    """Let jobs rest: what comes due meanwhile is skipped. A run under way goes on to its end."""
    _rest(jobs, names, paused=True)


def resume(jobs: JobsFile, names: Names = None) -> None:
    """Let jobs that rest run again when they are next due."""
    _rest(jobs, names, paused=False)


def _rest(jobs: Path, names: Sequence[str] | None, *, paused: bool) -> None:
    from graphgrow.batch.jobs import load
    from graphgrow.batch.state import State, state_path

    found = load(jobs)
    chosen = [found.named(name).name for name in names or [job.name for job in found.job]]
    with closing(State(state_path(jobs.absolute(), found.limits.state))) as state:
        for name in chosen:
            state.pause(name, paused=paused)
    say(f"{', '.join(chosen)}: {'paused' if paused else 'runs again when it is next due'}")


def trigger(jobs: JobsFile, name: Name) -> None:
    """Have the daemon run a job now, out of its turn."""
    from graphgrow.batch.jobs import load
    from graphgrow.batch.state import State, state_path

    found = load(jobs)
    job = found.named(name)
    with closing(State(state_path(jobs.absolute(), found.limits.state))) as state:
        state.trigger(job.name)
    say(f"{job.name} runs when the daemon sees it; without one:  graphgrow batch run {jobs} --only {job.name} --now")


def check(jobs: JobsFile, as_json: AsJson = False) -> None:
    """Say what a jobs file cannot say, line by line; exit code 1 where there is anything."""
    from dataclasses import asdict

    from graphgrow.batch.jobs import parse, read

    found, problems = parse(read(jobs))
    if as_json:
        dump({"jobs": len(found.job) if found else 0, "problems": [asdict(problem) for problem in problems]})
    elif found:
        say(f"{jobs}: {len(found.job)} jobs, nothing wrong")
    else:
        for problem in problems:
            say(f"{jobs}:{problem.line}: {printable(problem.text)}")
    raise typer.Exit(0 if found else 1)


def schema() -> None:
    """Print the JSON schema of jobs files, for editors that complete and check them."""
    from graphgrow.batch.jobs import Jobs

    found: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Jobs.model_json_schema()
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
