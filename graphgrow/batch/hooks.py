"""The command that a job runs after each run: a list of words, no shell, and of the environment what is named."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from graphgrow.batch.jobs import Job
from graphgrow.batch.reports import Report
from graphgrow.graph.keys import clean

PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT")
SHOWN = 300
MOST_READ = 100_000  # bytes


def notify(job: Job, report: Report, path: Path, folder: Path, env: Mapping[str, str] = os.environ) -> str:
    """Run the command of a job in the folder of the jobs file; return what went wrong, "" where nothing did.

    It is told by its environment: GRAPHGROW_JOB, GRAPHGROW_RUN, GRAPHGROW_OUTCOME, GRAPHGROW_REPORT (the Markdown file;
    the JSON is beside it). Keys are not among what it is given, unless `command_env` names them.
    """
    if not job.command:
        return ""
    told = {
        "GRAPHGROW_JOB": job.name, "GRAPHGROW_RUN": report.run, "GRAPHGROW_OUTCOME": report.outcome,
        "GRAPHGROW_REPORT": str(path.absolute()),
    }  # fmt: skip
    given = {name: env[name] for name in (*PASSED, *job.command_env) if name in env}
    try:
        with TemporaryFile() as said:  # a file, for a pipe stays open as long as anything that the command started
            ended = _run(job, folder, given | told, said)
            said.seek(0)
            words = clean(said.read(MOST_READ).decode(errors="replace"))[-SHOWN:]
    except subprocess.TimeoutExpired:
        return f"{job.command[0]} was ended after {job.command_seconds:g} s"
    except (OSError, ValueError) as error:
        return f"{job.command[0]} cannot be run: {error}"
    return f"{job.command[0]} ended with {ended}{f': {words}' if words else ''}" if ended else ""


def _run(job: Job, folder: Path, env: Mapping[str, str], said: IO[bytes]) -> int:
    """Return how the command ended; where its time is up, all that it started ends with it."""
    with subprocess.Popen(  # noqa: S603  # the user's own command, no shell
        list(job.command), cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            return process.wait(job.command_seconds)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
