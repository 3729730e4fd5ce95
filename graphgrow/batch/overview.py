"""How the jobs of a file stand: schedule, last run, next run, what goes on now; for `batch status` and the explorer."""

from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from graphgrow.batch.clock import stamp
from graphgrow.batch.jobs import Job, Jobs
from graphgrow.batch.reading import load
from graphgrow.batch.reports import Report
from graphgrow.batch.running import placed
from graphgrow.batch.state import Row, State, state_path

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
    runs: tuple[Row, ...]

    @property
    def document(self) -> dict[str, Any]:
        """The job as JSON holds it, without its runs."""
        return {name: value for name, value in asdict(self).items() if name != "runs"}

    @property
    def reports(self) -> list[Report]:
        """The reports of the newest runs that have one."""
        return [row.report for row in self.runs if row.report]


def overview(path: Path, now: datetime | None = None) -> list[JobStatus]:
    """Return how each job of a file stands; raises BadInput for a file that cannot be used."""
    jobs, moment = load(path), now or datetime.now(UTC)
    place = state_path(path.absolute(), jobs.limits.state)
    with ExitStack() as stack:
        state = stack.enter_context(closing(State(place))) if place.exists() else None
        return [_standing(job, jobs, path.absolute().parent, state, moment) for job in jobs.job]


def _standing(job: Job, jobs: Jobs, folder: Path, state: State | None, now: datetime) -> JobStatus:
    runs = tuple(state.runs(job.name, RUNS)) if state else ()
    seen = state.seen(job.name) if state else None
    paused = seen is not None and seen.paused
    busy = next((row.status for row in runs if row.status in {"running", "waiting"}), "")
    last = next((row for row in runs if row.status in {"ended", "skipped"}), None)
    schedule = job.schedule.schedule(jobs.limits.timezone) if job.schedule else None
    due = next(schedule.after(now), None) if schedule and not paused else None
    return JobStatus(
        job.name, placed(job.store, folder), job.schedule.words if job.schedule else "when asked", paused,
        "paused" if paused and not busy else busy,
        stamp(last.due) if last else "", (last.outcome or last.status) if last else "",
        stamp(due) if due else "", runs,
    )  # fmt: skip
