"""The command that a job runs after each run: a list of words, no shell, and of the environment what is named."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from graphgrow.batch.jobs import Job
from graphgrow.batch.reports import Report
from graphgrow.names import clean

PASSED = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "SYSTEMROOT")
SHOWN = 300


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
        done = subprocess.run(  # noqa: S603  # the user's own command, no shell
            list(job.command), cwd=folder, env=given | told, timeout=job.command_seconds, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"{job.command[0]} was ended after {job.command_seconds:g} s"
    except OSError as error:
        return f"{job.command[0]} cannot be run: {error.strerror}"
    if done.returncode == 0:
        return ""
    words = clean(done.stderr.decode(errors="replace"))[-SHOWN:]
    return f"{job.command[0]} ended with {done.returncode}{f': {words}' if words else ''}"
