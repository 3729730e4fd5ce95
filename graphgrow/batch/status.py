"""How the jobs of a file stand: schedule, last run, next run, what goes on now; for `batch status` and the explorer."""

from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from graphgrow.batch.jobs import load
from graphgrow.batch.reports import JobReport
from graphgrow.batch.run import job_store
from graphgrow.batch.schedule import stamp, utc_now
from graphgrow.batch.state import RunRecord, State, state_path
from graphgrow.errors import without_passwords

RUNS = 10


@dataclass(frozen=True, slots=True)
class JobStatus:
    """One job: moments are UTC in ISO 8601, "" where there is none; `runs` are the newest, the newest first."""

    name: str
    store: str
    schedule: str
    paused: bool
    now: str
    last_due: str
    last_outcome: str
    next_due: str
    runs: tuple[RunRecord, ...]

    @property
    def document(self) -> dict[str, Any]:
        """The job as JSON holds it, without its runs."""
        return {name: value for name, value in asdict(self).items() if name != "runs"}

    @property
    def reports(self) -> list[JobReport]:
        """The reports of the newest runs that have one."""
        return [run.report for run in self.runs if run.report]


def overview(path: Path) -> list[JobStatus]:
    """Return how each job of a file stands; raises BadInput for a file that cannot be used."""
    jobs, path = load(path), path.absolute()
    rows = list[JobStatus]()
    with ExitStack() as stack:
        place = state_path(path, jobs.limits.state)
        state = stack.enter_context(closing(State(place))) if place.exists() else None
        for job in jobs.job:
            runs = tuple(state.runs(job.name, RUNS)) if state else ()
            record = state.job(job.name) if state else None
            paused = record is not None and record.paused
            busy = next((run.status for run in runs if run.status in {"running", "waiting"}), "")
            last = next((run for run in runs if run.status in {"ended", "skipped"}), None)
            schedule = job.schedule.schedule(jobs.limits.timezone) if job.schedule else None
            due = next(schedule.after(utc_now()), None) if schedule and not paused else None
            rows.append(
                JobStatus(
                    name=job.name,
                    store=without_passwords(job_store(job, path.parent)),
                    schedule=str(job.schedule or "when asked"),
                    paused=paused,
                    now="paused" if paused and not busy else busy,
                    last_due=stamp(last.due) if last else "",
                    last_outcome=(last.outcome or last.status) if last else "",
                    next_due=stamp(due) if due else "",
                    runs=runs,
                )
            )
    return rows
