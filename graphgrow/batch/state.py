"""What a machine knows of its jobs: until when each was looked at, and every run, in SQLite beside the jobs file.

A due moment becomes a row in the transaction that marks it as seen, so that none is lost and none comes twice. Who
works on a file holds its lock; anybody may read, pause and trigger.
"""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from filelock import FileLock, Timeout

from graphgrow.batch.budgets import run_name
from graphgrow.batch.reports import JobReport
from graphgrow.batch.schedule import stamp
from graphgrow.errors import BadInput, StoreError
from graphgrow.graph.keys import clean

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Status = Literal["waiting", "running", "ended", "skipped"]
_BUSY_SECONDS = 30.0
_TABLES = """
CREATE TABLE IF NOT EXISTS job (
    name TEXT PRIMARY KEY, schedule TEXT NOT NULL, seen TEXT NOT NULL, paused INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS run (
    name TEXT PRIMARY KEY, job TEXT NOT NULL, due TEXT NOT NULL, status TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
    outcome TEXT NOT NULL DEFAULT '', said TEXT NOT NULL DEFAULT '', report TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX IF NOT EXISTS run_status ON run(status, due);
CREATE INDEX IF NOT EXISTS run_job ON run(job, due);
CREATE TABLE IF NOT EXISTS wish (id INTEGER PRIMARY KEY, job TEXT NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the state holds it; `tries` counts how often it was begun."""

    name: str
    job: str
    due: datetime
    status: Status
    tries: int
    outcome: str
    said: str
    report: JobReport | None


@dataclass(frozen=True, slots=True)
class JobRecord:
    """Until when a job was looked at, None where that is unknown, by which schedule, and whether it is paused."""

    schedule: str
    seen: datetime | None
    paused: bool


def state_path(jobs_file: Path, named: str = "") -> Path:
    """Return where the state of a jobs file is: beside it, unless the file names another place."""
    return jobs_file.parent / named if named else jobs_file.with_suffix(".state.db")


class State:
    """The state of one jobs file; one thread at a time works with it. Raises StoreError where it cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.executescript(_TABLES)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"{path} cannot be used as the state of the jobs ({error}): name another under limits.state"
            ) from None

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            with self._db:  # commits, or rolls back
                yield self._db
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Work on the jobs as the only one on this machine; runs that a dead process had begun wait again."""
        lock = FileLock(f"{self.path}.lock", timeout=0, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            raise BadInput(
                f"another process works on the jobs of {self.path}: see  graphgrow batch status , or trigger one there"
            ) from None
        try:
            with self._transaction() as db:
                db.execute("UPDATE run SET status = 'waiting' WHERE status = 'running'")
            yield
        finally:
            lock.release()

    def job(self, name: str) -> JobRecord | None:
        """Return what is known of a job, None where it is new."""
        try:
            row = self._db.execute("SELECT schedule, seen, paused FROM job WHERE name = ?", (name,)).fetchone()
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from None
        return JobRecord(row[0], _moment(row[1]), bool(row[2])) if row else None

    def record(
        self,
        job: str,
        schedule: str,
        seen: datetime,
        due: Iterable[datetime] = (),
        skipped: Iterable[tuple[datetime, str]] = (),
    ) -> int:
        """Mark a job as looked at until a moment, with what is due and what is skipped and why; return the new runs."""
        rows = [(run_name(job, moment), job, stamp(moment), "waiting", "") for moment in due]
        rows += [(run_name(job, moment), job, stamp(moment), "skipped", why) for moment, why in skipped]
        with self._transaction() as db:
            before = db.total_changes
            db.executemany(
                "INSERT INTO run (name, job, due, status, said) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", rows
            )
            added = db.total_changes - before
            db.execute(
                "INSERT INTO job (name, schedule, seen) VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET schedule = excluded.schedule, seen = excluded.seen",
                (job, schedule, seen.astimezone(UTC).isoformat()),
            )
        return added

    def add(self, job: str, due: datetime) -> str:
        """Let a job run once more, out of its turn, and return the run; one that failed or was skipped waits again."""
        name = run_name(job, due)
        with self._transaction() as db:
            db.execute(
                "INSERT INTO run (name, job, due, status) VALUES (?, ?, ?, 'waiting') ON CONFLICT DO UPDATE"
                " SET status = 'waiting' WHERE status = 'skipped' OR outcome IN ('error', 'failing', 'refused')",
                (name, job, stamp(due)),
            )
        return name

    def mark(self, run: str, status: Status, said: str | None = None) -> None:
        """Mark a run as waiting again, running (one try more), or skipped, and why."""
        with self._transaction() as db:
            db.execute(
                "UPDATE run SET status = ?1, tries = tries + (?1 = 'running'), said = coalesce(?2, said)"
                " WHERE name = ?3",
                (status, said, run),
            )

    def end(self, run: str, report: JobReport) -> None:
        """Mark a run as ended, with its report."""
        with self._transaction() as db:
            db.execute(
                "UPDATE run SET status = 'ended', outcome = ?, said = ?, report = ? WHERE name = ?",
                (report.outcome, report.said, json.dumps(asdict(report)), run),
            )

    def waiting(self) -> list[RunRecord]:
        """Return the runs that wait, the longest due first."""
        return self._runs("status = 'waiting' ORDER BY due, name")

    def runs(self, job: str, most: int = 10) -> list[RunRecord]:
        """Return the newest runs of a job, the newest first."""
        return self._runs("job = ? ORDER BY due DESC LIMIT ?", job, most)

    def run(self, name: str) -> RunRecord | None:
        """Return a run by its name."""
        return next(iter(self._runs("name = ?", name)), None)

    def _runs(self, where: str, *values: object) -> list[RunRecord]:
        query = f"SELECT name, job, due, status, tries, outcome, said, report FROM run WHERE {where}"  # noqa: S608  # our words
        try:
            rows = self._db.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from None
        records = list[RunRecord]()
        for name, job, due, status, tries, outcome, said, text in rows:
            moment = _moment(due)
            if moment is None:
                raise StoreError(
                    f"{self.path} is damaged: its run {clean(name)[:80]!r} is due {clean(due)[:40]!r}, which is no time"
                )
            try:
                report = _reports().validate_json(text) if text else None
            except ValueError:  # what the row itself says is all that is left
                report = JobReport(name, job, stamp(moment), outcome, said)
            records.append(RunRecord(name, job, moment, status, tries, outcome, said, report))
        return records

    def pause(self, job: str, *, paused: bool) -> None:
        """Let a job rest, or go on."""
        with self._transaction() as db:
            db.execute(
                "INSERT INTO job (name, schedule, seen, paused) VALUES (?, '', ?, ?)"
                " ON CONFLICT DO UPDATE SET paused = excluded.paused",
                (job, datetime.now(UTC).isoformat(), paused),
            )

    def trigger(self, job: str) -> None:
        """Ask whoever works on the jobs to run one now."""
        with self._transaction() as db:
            db.execute("INSERT INTO wish (job) VALUES (?)", (job,))

    def take_triggers(self) -> list[str]:
        """Return the jobs that somebody wants to run now, and forget that they do."""
        with self._transaction() as db:
            jobs = [job for (job,) in db.execute("SELECT DISTINCT job FROM wish")]
            db.execute("DELETE FROM wish")
        return jobs


def _moment(text: str) -> datetime | None:
    """Return the moment that a row holds, in UTC; None where it holds none, or one without a zone."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


@cache
def _reports() -> "TypeAdapter[JobReport]":
    from pydantic import TypeAdapter

    return TypeAdapter(JobReport)
