"""The daemon: APScheduler wakes it when a job is due, and every few seconds it looks for what changed meanwhile.

All that it knows is in its state and in the logs of the graphs, so it may be killed at any moment. A clock that jumps
is noticed at the next beat: what was passed over is missed, what comes again is not run again.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from threading import Event
from time import monotonic

from apscheduler.schedulers.background import BackgroundScheduler

from graphgrow.batch.dispatch import NAP, Dispatcher, check_shared
from graphgrow.batch.jobs import load, read
from graphgrow.errors import BadInput

BEAT = 2.0  # seconds
LATE = timedelta(milliseconds=5)  # rather a moment after than before


@dataclass
class Daemon:
    """The jobs of one file, run when they are due until the dispatcher is asked to stop."""

    path: Path
    dispatcher: Dispatcher
    beat: float = BEAT
    _text: str = ""  # of the file, as last read
    _problem: str = ""

    def serve(self) -> None:
        """Work until asked to stop, then let what is under way end; raises StoreError where the state is lost."""
        dispatcher, is_due = self.dispatcher, Event()
        state, clock = dispatcher.state, dispatcher.clock
        scheduler = BackgroundScheduler(timezone="UTC", job_defaults={"misfire_grace_time": None})
        scheduler.start()
        try:
            self._text = read(self.path)
            dispatcher.log("serving", jobs=len(dispatcher.jobs.job), file=str(self.path))
            while not dispatcher.stop():
                is_due.clear()
                self.reload()
                jobs, zone = dispatcher.jobs.job, dispatcher.jobs.limits.timezone
                for name in {job.name for job in jobs}.intersection(state.take_triggers()):
                    state.add(name, clock())
                    dispatcher.log("triggered", job=name)
                for job in jobs:
                    dispatcher.claim(job)
                dispatcher.step()
                dispatcher.ended.clear()

                now, due = clock(), list[datetime]()
                for job in jobs:
                    if job.schedule:
                        due += islice(job.schedule.schedule(zone).after(now), 1)
                if due:
                    at = datetime.now(UTC) + (min(due) - now) + LATE
                    scheduler.add_job(is_due.set, "date", run_date=at, id="due", replace_existing=True)
                until = monotonic() + self.beat
                while not (dispatcher.stop() or is_due.wait(NAP) or monotonic() > until):
                    if any(run.future.done() for run in dispatcher.active.values()):
                        break
        finally:
            scheduler.shutdown()
        dispatcher.drive()
        dispatcher.log("stopped", file=str(self.path))

    def reload(self) -> None:
        """Take in a changed file; one that cannot be used is reported once, and the last good one stays in use."""
        try:
            text = read(self.path)
            if text == self._text:
                return
            self._text = text
            jobs = load(self.path, text)
            if not self.dispatcher.backend.is_here:
                check_shared(jobs)
        except BadInput as error:
            if str(error) != self._problem:
                self._problem = str(error)
                self.dispatcher.log("not reloaded", why=self._problem)
            return
        self._problem = ""
        self.dispatcher.jobs = jobs
        self.dispatcher.log("reloaded", jobs=len(jobs.job))
