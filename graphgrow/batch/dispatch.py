"""From what is due to what was done: runs are begun as limits allow, and each ends as a row, a report and a hook."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit

from graphgrow.batch.budgets import LEAST, USD, BudgetLedger, day_start
from graphgrow.batch.jobs import MOST_AT_ONCE, Job, Jobs, load
from graphgrow.batch.limits import LocalGate
from graphgrow.batch.reports import AGAIN, JobReport, notify, write
from graphgrow.batch.run import Backend, JobRun, LocalModels, is_priced, job_store, never
from graphgrow.batch.schedule import Clock, latest, stamp, time_zone, utc_now
from graphgrow.batch.state import RunRecord, State, state_path
from graphgrow.errors import BadInput, GraphgrowError, StoreError
from graphgrow.stores import store_url

DONE, FAILED, LATER, INTERRUPTED = 0, 4, 75, 130
MOST_MISSED = 100
RETRY_SECONDS = 1.0
NAP = 0.05

Log = Callable[..., None]  # called with what happens, and by keywords with what it is about


def silent(what: str, **about: object) -> None:
    """Say nothing."""


@dataclass
class ActiveRun:
    """A run that was handed over, when, the graph that it works on, and the money set aside for it."""

    record: RunRecord
    store: str
    usd: float
    began: datetime
    future: Future[JobReport]


@dataclass
class Dispatcher:
    """What carries out the runs of one jobs file; one thread works with it. `stop` keeps new ones from being begun.

    `ended` holds the last report of each run: one that was begun again has several. Another version of the file may be
    set as `jobs` at any time; runs under way end as they were begun.
    """

    jobs: Jobs
    folder: Path
    state: State
    backend: Backend
    clock: Clock = utc_now
    log: Log = silent
    stop: Callable[[], bool] = never
    active: dict[str, ActiveRun] = field(default_factory=dict)
    ended: dict[str, JobReport] = field(default_factory=dict)
    ledger: BudgetLedger = field(default_factory=BudgetLedger)
    _refused: dict[str, tuple[float, float]] = field(default_factory=dict)  # run -> refused since when, until when

    def claim(self, job: Job) -> None:
        """Make runs for the moments at which a job was due since it was last looked at."""
        now, record = self.clock(), self.state.job(job.name)
        words = job.schedule.model_dump_json(include={"cron", "every", "timezone"}) if job.schedule else ""
        if record is None or record.schedule != words or record.seen is None or record.seen > now:
            self.state.record(job.name, words, now)  # new, with another schedule, or after a wrong clock: from now on
            return
        if job.schedule is None:
            return
        due = latest(job.schedule.schedule(self.jobs.limits.timezone), record.seen, now, MOST_MISSED)
        if not due:
            return
        in_time = [moment for moment in due if now - moment <= job.schedule.grace]
        chosen = {"skip": in_time, "once": in_time or due[-1:], "all": due}[job.schedule.missed]
        why = "missed" if job.schedule.missed == "skip" else "missed, and a later one is run"
        if record.paused:
            chosen, why = [], "the job is paused"
        skipped = [(moment, why) for moment in due if moment not in chosen]
        if self.state.record(job.name, words, due[-1], chosen, skipped):
            for moment in chosen:
                self.log("due", job=job.name, due=stamp(moment))
            for moment, why in skipped:
                self.log("skipped", job=job.name, due=stamp(moment), why=why)

    def drive(self, only: Iterable[str] | None = None) -> None:
        """Work until nothing waits, or until what is under way has ended once somebody asks to stop."""
        while self.step(only):
            futures = [run.future for run in self.active.values()]
            if self.stop() and not (futures and self.backend.is_here):
                return  # a worker elsewhere is not waited for: its run goes on, or is taken over
            if futures:
                wait(futures, NAP, FIRST_COMPLETED)
            else:
                sleep(NAP)

    def step(self, only: Iterable[str] | None = None) -> bool:
        """Take in what has ended, begin what may begin; return whether anything waits or is under way."""
        for name in [name for name, run in self.active.items() if run.future.done()]:
            self._end(self.active.pop(name))
        jobs = None if only is None else set(only)
        waiting = [record for record in self.state.waiting() if jobs is None or record.job in jobs]
        for record in waiting:
            if len(self.active) >= self.jobs.limits.concurrency or self.stop():
                break
            self._begin(record)
        return bool(self.active or waiting)

    def _begin(self, record: RunRecord) -> None:
        """Hand a run over, unless its graph is taken, it was refused just now, or no money is free."""
        job = next((job for job in self.jobs.job if job.name == record.job), None)
        if job is None:
            self.state.mark(record.name, "skipped", "the job is no longer in the file")
            return
        store = job_store(job, self.folder)
        other = next((run for run in self.active.values() if run.store == store), None)
        if other:
            overlap = job.schedule.overlap if job.schedule else "wait"
            if other.record.job == job.name and overlap == "skip" and record.due > other.began:
                self._skip(record, f"the run that was due {stamp(other.record.due)} is still under way")
            return
        if self._refused.get(record.name, (0.0, 0.0))[1] > monotonic():
            return

        share = None  # of the money of the day
        if self.jobs.limits.usd_a_day is not None and is_priced(self.jobs, job):
            stores, zone = {job_store(job, self.folder) for job in self.jobs.job}, time_zone(self.jobs.limits.timezone)
            try:
                spent = self.ledger.spent(stores, day_start(self.clock(), zone))
            except StoreError as error:
                self._finish(record, job, self._report(record, job.store, "error", str(error)))
                return
            left = self.jobs.limits.usd_a_day - spent - sum(run.usd for run in self.active.values())
            share = min(USD if job.run.usd is None else job.run.usd, left)
            if share < LEAST and self.active:  # they may not use all of what is set aside for them
                self._put_back(record, RETRY_SECONDS)
                return
            if share < LEAST:
                self._finish(record, job, self._report(record, job.store, "quota", "used up: usd_a_day of all jobs"))
                return

        run = JobRun(
            self.jobs, job, self.folder, record.due, share, self.clock, self.backend.gate(self.jobs),
            self.backend.open_model, self.stop if self.backend.is_here else never,
        )  # fmt: skip
        self.state.mark(record.name, "running")
        self.log("begun", job=job.name, run=record.name)
        future = self.backend.executor.submit(self.backend.perform, run)
        self.active[record.name] = ActiveRun(record, store, share or 0.0, self.clock(), future)

    def _end(self, run: ActiveRun) -> None:
        """Take in a run that has ended: it is done, or failed, or waits to be begun again."""
        record = run.record
        job = next((job for job in self.jobs.job if job.name == record.job), None)
        error = None if run.future.cancelled() else run.future.exception()
        if run.future.cancelled():
            report = self._report(record, run.store, "interrupted")
        elif error is None:
            report = run.future.result()
        else:  # of the worker, not of the run itself
            broke_off = "" if isinstance(error, GraphgrowError) else f"the worker broke off: {type(error).__name__}: "
            report = self._report(record, run.store, "error", f"{broke_off}{error}")

        if report.outcome == "held":  # a graph still taken after the term of a lease is being worked on elsewhere
            lease, since = self.jobs.limits.lease.total_seconds(), self._refused.get(record.name, (monotonic(), 0.0))[0]
            waits = job is not None and job.schedule is not None and job.schedule.overlap == "wait"
            if waits or monotonic() - since <= 1.5 * lease:
                self._put_back(record, min(RETRY_SECONDS, lease / 4))
            else:
                self._skip(record, report.sentence)
                self.ended[record.name] = report
        elif report.outcome in AGAIN:
            self._put_back(record, 0.0, report.sentence)
            self.ended[record.name] = report
        elif error is not None and job and record.tries < job.retries:
            self._put_back(record, RETRY_SECONDS, report.said)
        else:
            self._finish(record, job, report)

    def _report(self, record: RunRecord, store: str, outcome: str, said: str = "") -> JobReport:
        """Return the report of a run that has none of its own."""
        ended = stamp(self.clock())
        return JobReport(record.name, record.job, stamp(record.due), outcome, said, ended=ended, store=store)

    def _put_back(self, record: RunRecord, seconds: float, why: str = "") -> None:
        """Let a run that cannot be done now wait, and look at it again after a while."""
        since = self._refused.get(record.name, (monotonic(), 0.0))[0]
        self._refused[record.name] = since, monotonic() + seconds
        self.state.mark(record.name, "waiting")
        if why:
            self.log("put back", job=record.job, run=record.name, why=why)

    def _skip(self, record: RunRecord, why: str) -> None:
        self.state.mark(record.name, "skipped", why)
        self.log("skipped", job=record.job, run=record.name, why=why)

    def _finish(self, record: RunRecord, job: Job | None, report: JobReport) -> None:
        """Write the report of a run, run its command, and mark it as ended."""
        path = self.folder / self.jobs.limits.reports / record.job / f"{record.name.rpartition('@')[2]}.md"
        paths = [path, *([self.folder / job.report] if job and job.report else [])]
        is_ours = not report.before or record.tries > 0 or not self.backend.is_here
        try:
            for place in paths:
                write(place, report)
            problem = notify(job, report, path, self.folder) if job and is_ours else ""
            if problem:
                report = replace(report, hooks=(problem,))
                for place in paths:
                    write(place, report)
        except OSError as error:
            report = replace(report, hooks=(*report.hooks, f"the report cannot be written: {error}"))
        self.state.end(record.name, report)
        self._refused.pop(record.name, None)
        self.ended[record.name] = report
        self.log(
            "ended", job=record.job, run=record.name, outcome=report.outcome, said=report.sentence, steps=report.steps,
            concepts=report.new_concepts, tokens=report.tokens, usd=report.usd, report=str(path),
        )  # fmt: skip


def check_shared(jobs: Jobs) -> None:
    """Refuse a store that only this machine can open; raises BadInput."""
    for job in jobs.job:
        if store_url(job_store(job, Path())).kind == "sqlite":
            raise BadInput(
                f"job {job.name!r} keeps its graph in {job.store}, a file that workers on other machines cannot open:"
                " keep it in neo4j://HOST?graph=NAME, or run it without --executor"
            )


@contextmanager
def open_backend(jobs: Jobs, executor: str = "", stop: Callable[[], bool] = never) -> Iterator[Backend]:
    """Yield where runs are done: "" for threads, "dask://HOST:PORT" for a cluster; raises BadInput for another.

    There are as many threads as runs may be under way by any version of the jobs file.
    """
    if not executor:
        gate = LocalGate(jobs, stop=stop)
        with closing(LocalModels()) as models, ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="run") as threads:
            yield Backend(threads, lambda jobs: replace(gate, jobs=jobs), open_model=models.open)
        return
    try:
        parts = urlsplit(executor)
        fits = parts.scheme == "dask" and parts.hostname and parts.port
    except ValueError:
        fits = None
    if not fits:
        raise BadInput(f"{executor!r} is no executor: write dask://HOST:PORT, the address of a Dask scheduler")
    check_shared(jobs)
    from graphgrow.batch.cluster import cluster

    with cluster(f"tcp://{parts.netloc}") as backend:
        yield backend


@contextmanager
def open_dispatcher(
    path: Path, executor: str = "", *, log: Log = silent, stop: Callable[[], bool] = never
) -> Iterator[Dispatcher]:
    """Yield the dispatcher of a jobs file, alone on this machine.

    Raises BadInput for a jobs file or an executor that cannot be used, and while another process works on the file.
    """
    jobs, path = load(path), path.absolute()
    with (
        closing(State(state_path(path, jobs.limits.state))) as state,
        state.alone(),
        open_backend(jobs, executor, stop) as backend,
    ):
        yield Dispatcher(jobs, path.parent, state, backend, log=log, stop=stop)


def run_jobs(
    path: Path,
    only: Sequence[str] = (),
    due: datetime | None = None,
    executor: str = "",
    *,
    log: Log = silent,
    stop: Callable[[], bool] = never,
) -> list[JobReport]:
    """Run what is due, or, with `due`, the jobs as due at that moment, and return a report of each run.

    What was already run as due then is not run again: its earlier report is returned. Raises as `open_dispatcher`.
    """
    with open_dispatcher(path, executor, log=log, stop=stop) as dispatcher:
        jobs = [dispatcher.jobs.named(name) for name in only] or dispatcher.jobs.job
        runs = list[str]()
        for job in jobs:
            if due:
                runs.append(dispatcher.state.add(job.name, due))
            else:
                dispatcher.claim(job)
        dispatcher.drive([job.name for job in jobs])
        before = [dispatcher.state.run(run) for run in runs if run not in dispatcher.ended]
        return [*dispatcher.ended.values(), *(record.report for record in before if record and record.report)]


def exit_code(reports: Iterable[JobReport], *, stopped: bool = False) -> int:
    """Return what a scheduler is told: 0 all done, 4 a run failed, 75 try again later, 130 interrupted."""
    if stopped:
        return INTERRUPTED
    reports = list(reports)
    if any(report.is_failed for report in reports):
        return FAILED
    return LATER if any(not report.is_done for report in reports) else DONE
