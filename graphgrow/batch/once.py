"""One pass over a jobs file: what is due, or what is asked for, and then an end with a code for whoever started it."""

from collections.abc import Callable, Sequence
from concurrent.futures import wait
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import sleep

from graphgrow.batch.clock import Clock, SystemClock
from graphgrow.batch.dispatch import Dispatcher, Log
from graphgrow.batch.executors import place
from graphgrow.batch.jobs import Jobs
from graphgrow.batch.reading import load
from graphgrow.batch.reports import Report
from graphgrow.batch.running import never
from graphgrow.batch.state import State, state_path

DONE, FAILED, LATER, INTERRUPTED = 0, 4, 75, 130
NAP = 0.05


def silent(what: str, **about: object) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Wanted:
    """What a pass is to do: which jobs, all of them or what is due; at which due moment they count as run."""

    only: Sequence[str] = ()
    everything: bool = False
    due: datetime | None = None
    executor: str = ""

    @property
    def chosen(self) -> bool:
        """True where jobs are run whether they are due or not."""
        return self.everything or self.due is not None


def run(
    path: Path,
    wanted: Wanted,
    *,
    clock: Clock | None = None,
    log: Log = silent,
    stop: Callable[[], bool] = never,
) -> list[Report]:
    """Do what is due, or what is wanted, and return a report of each run.

    Raises BadInput for a jobs file that cannot be used, and while another process works on it.
    """
    jobs, clock = load(path), clock or SystemClock()
    names = [jobs.named(name).name for name in wanted.only] or [job.name for job in jobs.job]
    folder = path.absolute().parent
    with (
        closing(State(state_path(path.absolute(), jobs.limits.state))) as state,
        state.alone(),
        place(jobs, wanted.executor) as where,
    ):
        dispatcher = Dispatcher(jobs, folder, state, where, clock, log, stop)
        runs = [_claim(dispatcher, jobs, name, wanted) for name in names]
        drive(dispatcher, names, stop)
        return [*latest(dispatcher.ended), *_already(state, [run for run in runs if run], dispatcher.ended)]


def _claim(dispatcher: Dispatcher, jobs: Jobs, name: str, wanted: Wanted) -> str:
    if wanted.chosen:
        return dispatcher.state.add(name, wanted.due or dispatcher.clock.now())
    dispatcher.claim(jobs.named(name))
    return ""


def latest(ended: Sequence[Report]) -> list[Report]:
    """Return the last report of each run: one that was begun again has several."""
    return list({report.run: report for report in ended}.values())


def _already(state: State, runs: Sequence[str], ended: Sequence[Report]) -> list[Report]:
    """Return the reports of runs that were asked for and had been done before."""
    told = {report.run for report in ended}
    rows = (state.run(name) for name in runs if name not in told)
    return [row.report for row in rows if row and row.report]


def drive(dispatcher: Dispatcher, only: Sequence[str] | None, stop: Callable[[], bool]) -> None:
    """Work until nothing waits, or until what is under way has ended once somebody asks to stop."""
    while dispatcher.step(only):
        under_way = [one.done for one in dispatcher.under_way.values()]
        if stop() and (not under_way or not dispatcher.place.is_here):
            return  # a worker elsewhere is not waited for: its run goes on, or is taken over
        wait(under_way or (), timeout=NAP)
        if not under_way:
            sleep(NAP)


def exit_code(reports: Sequence[Report], *, stopped: bool = False) -> int:
    """Return what a scheduler is told: 0 all done, 4 a run failed, 75 try again later, 130 interrupted."""
    if stopped:
        return INTERRUPTED
    if any(report.is_failed for report in reports):
        return FAILED
    return LATER if any(not report.is_done for report in reports) else DONE
