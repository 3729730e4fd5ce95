"""The daemon: APScheduler wakes it when a job is due, and every few seconds for what changed meanwhile.

All that it knows is in its state and in the logs of the graphs, so it may be killed at any moment. A clock that jumps
is noticed at the next beat: what was passed over is missed, what comes again is not run again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from time import sleep

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from graphgrow.batch.clock import Clock
from graphgrow.batch.dispatch import Dispatcher
from graphgrow.batch.executors import check_shared
from graphgrow.batch.jobs import Jobs
from graphgrow.batch.once import NAP, drive
from graphgrow.batch.reading import parse, read
from graphgrow.batch.schedule import Schedule
from graphgrow.errors import BadInput, GraphgrowError

BEAT = 2.0  # seconds
_BEAT_ID = "beat of the daemon"  # no job has blanks in its name
_LATE = timedelta(milliseconds=5)  # rather a moment after than before


class Due(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fires at the moments of a schedule, by a clock that need not be the machine's."""

    def __init__(self, schedule: Schedule, clock: Clock) -> None:
        self.schedule, self.clock = schedule, clock

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:  # noqa: ARG002  # APScheduler's
        """Return when to fire next, by the machine's clock."""
        due = next(self.schedule.after(self.clock.now()), None)
        return now + timedelta(seconds=self.clock.seconds(due)) + _LATE if due else None


@dataclass
class Daemon:
    """The jobs of one file, run when they are due until somebody says stop."""

    path: Path
    dispatcher: Dispatcher
    stop: Callable[[], bool]
    beat: float = BEAT
    _text: str = ""
    _busy: Lock = field(default_factory=Lock)
    _broken: list[BaseException] = field(default_factory=list)

    def serve(self) -> None:
        """Work until `stop` says so, then let what is under way end; raises StoreError where the state is lost."""
        self._text = read(self.path)
        scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(1)}, timezone="UTC",
            job_defaults={"misfire_grace_time": None, "coalesce": True},
        )  # fmt: skip
        self._plan(scheduler, self.dispatcher.jobs)
        scheduler.add_job(self._beat, IntervalTrigger(seconds=self.beat), (scheduler,), id=_BEAT_ID)
        self.dispatcher.log("serving", jobs=len(self.dispatcher.jobs.job), file=str(self.path))
        self._beat(scheduler)
        scheduler.start()
        try:
            while not (self.stop() or self._broken):
                sleep(NAP)
                if self.dispatcher.under_way:
                    self._beat(scheduler)
        finally:
            scheduler.shutdown()
        if self._broken:
            raise self._broken[0]
        drive(self.dispatcher, None, self.stop)
        self.dispatcher.log("stopped", file=str(self.path))

    def _plan(self, scheduler: BackgroundScheduler, jobs: Jobs) -> None:
        """Let the scheduler wake the daemon when each job is due."""
        for known in scheduler.get_jobs():
            if known.id != _BEAT_ID:
                known.remove()
        for job in jobs.job:
            if job.schedule:
                due = Due(job.schedule.schedule(jobs.limits.timezone), self.dispatcher.clock)
                scheduler.add_job(self._beat, due, (scheduler,), id=job.name)

    def _beat(self, scheduler: BackgroundScheduler) -> None:
        """Look at everything once; an error ends the daemon and is told by whoever serves."""
        with self._busy:
            try:
                self._look(scheduler)
            except (GraphgrowError, OSError) as error:
                self._broken.append(error)

    def _look(self, scheduler: BackgroundScheduler) -> None:
        self._reload(scheduler)
        dispatcher = self.dispatcher
        names = {job.name for job in dispatcher.jobs.job}
        for name in dispatcher.state.wishes():
            if name in names:
                dispatcher.state.add(name, dispatcher.clock.now())
                dispatcher.log("triggered", job=name)
        for job in dispatcher.jobs.job:
            dispatcher.claim(job)
        dispatcher.step()
        dispatcher.ended.clear()

    def _reload(self, scheduler: BackgroundScheduler) -> None:
        """Take in a changed file; one that cannot be used is told once, and the last good one goes on."""
        try:
            text = read(self.path)
        except GraphgrowError as error:
            text, said = "", str(error)
        else:
            said = ""
        if text == self._text:
            return
        self._text = text
        jobs, problems = parse(text) if text else (None, [])
        if jobs is None:
            said = said or f"{self.path}:{problems[0].line}: {problems[0].text}"
        elif not self.dispatcher.place.is_here:
            said = _unshared(jobs)
        if jobs is None or said:
            self.dispatcher.log("not reloaded", why=said)
            return
        self.dispatcher.reload(jobs)
        self._plan(scheduler, jobs)
        self.dispatcher.log("reloaded", jobs=len(jobs.job))


def _unshared(jobs: Jobs) -> str:
    """Return which store workers elsewhere cannot open, "" where they can open all."""
    try:
        check_shared(jobs)
    except BadInput as error:
        return str(error)
    return ""
