"""From what is due to what was done: runs are begun as limits allow, and each ends as a row, a report and a hook."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Protocol

from graphgrow.batch.clock import Clock, stamp
from graphgrow.batch.executors import Place
from graphgrow.batch.hooks import notify
from graphgrow.batch.jobs import Job, Jobs
from graphgrow.batch.limits import LocalGate
from graphgrow.batch.quotas import BudgetLedger, day_start
from graphgrow.batch.reports import AGAIN, Report, write
from graphgrow.batch.running import Task, placed
from graphgrow.batch.schedule import between, time_zone
from graphgrow.batch.state import Row, State
from graphgrow.errors import GraphgrowError, StoreError
from graphgrow.graph.model import Event, Expansion
from graphgrow.stores import open_store

MOST_MISSED = 100
RETRY_SECONDS = 1.0


class Log(Protocol):
    """Where it is told what happens."""

    def __call__(self, what: str, **about: object) -> None:
        """Tell one thing."""


@dataclass
class UnderWay:
    """A run that was handed over, when, and the graph that it works on."""

    row: Row
    store: str
    began: datetime
    done: Future[Report]


@dataclass
class Dispatcher:
    """The runs of one jobs file on their way; one thread works with it. `stop` keeps new ones from being begun."""

    jobs: Jobs
    folder: Path
    state: State
    place: Place
    clock: Clock
    log: Log
    stop: Callable[[], bool]
    under_way: dict[str, UnderWay] = field(default_factory=dict)
    ended: list[Report] = field(default_factory=list)
    _refused: dict[str, tuple[float, float]] = field(default_factory=dict)  # run -> since when, not before
    _spending: dict[str, "Spending"] = field(default_factory=dict)
    _purse: BudgetLedger = field(init=False)

    def __post_init__(self) -> None:
        self._purse = BudgetLedger(self.jobs.limits.usd_a_day, time_zone(self.jobs.limits.timezone))

    def reload(self, jobs: Jobs) -> None:
        """Go on with another version of the file; runs under way end as they were begun."""
        self.jobs, self.place = jobs, self.place.under(jobs)
        self._purse.most, self._purse.zone = jobs.limits.usd_a_day, time_zone(jobs.limits.timezone)

    def claim(self, job: Job) -> None:
        """Make runs of the moments at which a job was due since it was last looked at."""
        now, seen = self.clock.now(), self.state.seen(job.name)
        words = job.schedule.model_dump_json(include={"cron", "every", "timezone"}) if job.schedule else ""
        if seen is None or seen.schedule != words or job.schedule is None:
            if seen is None or seen.schedule != words:
                self.state.look(job.name, words, now)  # new, or of another schedule: from now on
            return
        schedule = job.schedule.schedule(self.jobs.limits.timezone)
        due = list(deque(between(schedule, seen.until, now), MOST_MISSED))
        if not due:
            return
        wanted, skipped = sorted_out(job, due, now, paused=seen.paused)
        if self.state.look(job.name, words, due[-1], wanted, skipped):
            for moment in wanted:
                self.log("due", job=job.name, due=stamp(moment))
            for moment, why in skipped:
                self.log("skipped", job=job.name, due=stamp(moment), why=why)

    def step(self, only: Iterable[str] | None = None) -> bool:
        """Take in what has ended, begin what may begin; return whether anything waits or is under way."""
        for name in [name for name, one in self.under_way.items() if one.done.done()]:
            self._end(self.under_way.pop(name))
        wanted = None if only is None else set(only)
        waiting = [row for row in self.state.waiting() if wanted is None or row.job in wanted]
        for row in waiting:
            if len(self.under_way) >= self.jobs.limits.concurrency or self.stop():
                break
            self._begin(row)
        return bool(self.under_way or waiting)

    def _begin(self, row: Row) -> None:
        """Hand a run over, unless its graph is taken, it was refused just now, or no money is free."""
        job = next((job for job in self.jobs.job if job.name == row.job), None)
        if job is None:
            self.state.skip(row.name, "the job is no longer in the file")
            return
        if self._is_taken(job, row) or self._refused.get(row.name, (0.0, 0.0))[1] > monotonic():
            return
        try:
            share = self._share(job, row)
        except StoreError as error:  # what was spent cannot be read
            self._refuse(row, job, "error", str(error))
            return
        if share == 0.0:
            if self.under_way:
                self._later(row, RETRY_SECONDS)
            else:
                self._refuse(row, job, "quota", "used up: usd_a_day of all jobs")
            return
        task = Task(self.jobs, job, self.folder, row.due, share, self.clock, self.place.gate, self.place.spread)
        if isinstance(task.gate, LocalGate):
            task = replace(task, stop=self.stop, gate=replace(task.gate, stop=self.stop))
        self.state.begin(row.name)
        self.log("begun", job=row.job, run=row.name)
        done = self.place.executor.submit(self.place.perform, task)
        self.under_way[row.name] = UnderWay(row, task.store, self.clock.now(), done)

    def _later(self, row: Row, seconds: float) -> None:
        """Look at a run again after a while."""
        since = self._refused.get(row.name, (monotonic(), 0.0))[0]
        self._refused[row.name] = since, monotonic() + seconds

    def _refuse(self, row: Row, job: Job, outcome: str, why: str) -> None:
        """End a run that cannot be begun."""
        now = stamp(self.clock.now())
        self._finish(row, job, Report(row.name, row.job, stamp(row.due), outcome, why, ended=now, store=job.store))

    def _is_taken(self, job: Job, row: Row) -> bool:
        """Tell whether a run of this process has the graph; one of the same job lets this one out, where told so."""
        store = placed(job.store, self.folder)
        other = next((one for one in self.under_way.values() if one.store == store), None)
        overlap = job.schedule.overlap if job.schedule else "wait"
        if other and other.row.job == row.job and overlap == "skip" and row.due > other.began:
            self._leave_out(row, f"the run that was due {stamp(other.row.due)} is still under way")
        return other is not None

    def _leave_out(self, row: Row, why: str) -> None:
        self.state.skip(row.name, why)
        self.log("skipped", job=row.job, run=row.name, why=why)

    def _share(self, job: Job, row: Row) -> float | None:
        if self._purse.most is None or not self.place.is_priced(job):
            return None
        wanted = job.run.usd if job.run.usd is not None else 1.0
        return self._purse.hold(row.name, wanted, self.spent())

    def spent(self) -> float:
        """Return what all jobs have spent today, in USD, as the logs of their graphs say."""
        start = day_start(self.clock.now(), self._purse.zone)
        stores = {placed(job.store, self.folder) for job in self.jobs.job}
        return sum(self._spending.setdefault(store, Spending(store)).since(start) for store in stores)

    def _end(self, one: UnderWay) -> None:
        """Take in a run that has ended."""
        self._purse.give_back(one.row.name)
        row, job = one.row, next((job for job in self.jobs.job if job.name == one.row.job), None)
        report = _result(one, stamp(self.clock.now()))
        tries = job.retries if job and _is_broken(one.done) else 0
        if report.outcome in AGAIN:
            self._again(row, job, report)
        elif row.tries < tries:
            self.state.put_back(row.name)
            self._later(row, RETRY_SECONDS)
            self.log("put back", job=row.job, run=row.name, why=report.said)
        else:
            self._finish(row, job, report)

    def _again(self, row: Row, job: Job | None, report: Report) -> None:
        """Let a run wait that could not be done now: a graph still taken after a lease's time is at work elsewhere."""
        self.state.put_back(row.name)
        if report.outcome != "held":
            self.log("put back", job=row.job, run=row.name, why=report.sentence)
            self.ended.append(report)
            return
        since = self._refused.get(row.name, (monotonic(), 0.0))[0]
        lease = self.jobs.limits.lease.total_seconds()
        if monotonic() - since > 1.5 * lease and (job is None or not job.schedule or job.schedule.overlap == "skip"):
            self._leave_out(row, report.sentence)
            self.ended.append(report)
            return
        self._later(row, min(RETRY_SECONDS, lease / 4))

    def _finish(self, row: Row, job: Job | None, report: Report) -> None:
        """Write the report of a run, run its hooks, and mark it as ended."""
        path = self.folder / self.jobs.limits.reports / row.job / f"{row.name.rpartition('@')[2]}.md"
        report = self._written(path, report, row, job)
        self.state.end(row.name, report)
        self._refused.pop(row.name, None)
        self.ended.append(report)
        self.log(
            "ended", job=row.job, run=row.name, outcome=report.outcome, said=report.sentence, steps=report.steps,
            concepts=report.new_concepts, tokens=report.tokens, usd=report.usd, report=str(path),
        )  # fmt: skip

    def _written(self, path: Path, report: Report, row: Row, job: Job | None) -> Report:
        """Return the report with what went wrong in writing it and telling others."""
        paths = [path, *([self.folder / job.report] if job and job.report else [])]
        try:
            for place in paths:
                write(place, report)
            is_ours = not report.before or row.tries > 0 or not self.place.is_here
            said = notify(job, report, path, self.folder) if job and is_ours else ""
            if not said:
                return report
            report = replace(report, hooks=(said,))
            for place in paths:
                write(place, report)
        except OSError as error:
            report = replace(report, hooks=(*report.hooks, f"the report cannot be written: {error}"))
        return report


def sorted_out(
    job: Job, due: list[datetime], now: datetime, *, paused: bool
) -> tuple[list[datetime], list[tuple[datetime, str]]]:
    """Return which due moments of a job are run, and which are skipped and why."""
    when = job.schedule
    if when is None or paused:
        return [], [(moment, "the job is paused") for moment in due]
    missed = [moment for moment in due if now - moment > when.grace]
    if when.missed == "skip":
        wanted = due[len(missed) :]
    elif when.missed == "once":
        wanted = due[max(0, len(missed) - 1) :] if len(missed) == len(due) else due[len(missed) :]
    else:
        wanted = due
    why = "missed" if when.missed == "skip" else "missed, and a later one is run"
    return wanted, [(moment, why) for moment in due if moment not in wanted]


@dataclass
class Spending:
    """What the batch runs of one graph cost, by when; only what is new in the log is read."""

    store: str
    _seq: int = 0
    _paid: list[tuple[datetime, float]] = field(default_factory=list)

    def since(self, start: datetime) -> float:
        """Return what was spent since a moment, in USD."""
        with closing(open_store(self.store, create=True)) as store:
            for event in store.events(self._seq):
                self._take(event)
        return sum(usd for at, usd in self._paid if at >= start)

    def _take(self, event: Event) -> None:
        self._seq = event.seq
        if isinstance(event, Expansion) and event.run and event.reply.usd:
            self._paid.append((datetime.fromisoformat(event.at), event.reply.usd))


def _is_broken(done: Future[Report]) -> bool:
    """Tell whether a worker broke off, which says nothing about the run itself."""
    return not done.cancelled() and done.exception() is not None


def _result(one: UnderWay, now: str) -> Report:
    """Return the report of a run; a worker that broke off without one is a failure."""
    blank = Report(one.row.name, one.row.job, stamp(one.row.due), "error", ended=now, store=one.store)
    try:
        error = one.done.exception()
    except CancelledError:
        return replace(blank, outcome="interrupted")
    if error is None:
        return one.done.result()
    if isinstance(error, GraphgrowError):
        return replace(blank, said=str(error))
    return replace(blank, said=f"the worker broke off: {type(error).__name__}: {error}")
