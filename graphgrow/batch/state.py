"""What a machine knows of its jobs: until when each was looked at, and every run, in SQLite beside the jobs file.

A due moment becomes a row in the transaction that marks it as seen, so that none is lost and none comes twice. Who
works on a file holds its lock; anybody may read, pause and trigger.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock, Timeout

from graphgrow.batch.clock import stamp
from graphgrow.batch.quotas import run_name
from graphgrow.batch.reports import Report
from graphgrow.errors import BadInput, StoreError

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
class Row:
    """A run as the state holds it; `tries` counts how often it was begun."""

    name: str
    job: str
    due: datetime
    status: Status
    tries: int
    outcome: str
    said: str
    report: Report | None


@dataclass(frozen=True, slots=True)
class Seen:
    """Until when a job was looked at, by which schedule, and whether it is paused."""

    schedule: str
    until: datetime
    paused: bool


def state_path(jobs_file: Path, named: str = "") -> Path:
    """Return where the state of a jobs file is: beside it, unless the file names another place."""
    return jobs_file.parent / named if named else jobs_file.with_suffix(".state.db")


class State:
    """The state of one jobs file; one thread at a time works with it."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        if not create and not path.exists():
            raise BadInput(f"nothing is known of these jobs yet: there is no {path}, it comes with the first run")
        try:
            self._db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.executescript(_TABLES)
        except sqlite3.Error as error:
            raise StoreError(
                f"{path} cannot be used as the state of the jobs ({error}): name another under limits.state"
            ) from None

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            with self._db:  # commits, or takes all back
                yield
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
            with self._transaction():
                self._db.execute("UPDATE run SET status = 'waiting' WHERE status = 'running'")
            yield
        finally:
            lock.release()

    def seen(self, job: str) -> Seen | None:
        """Return until when a job was looked at, None where it is new."""
        row = self._db.execute("SELECT schedule, seen, paused FROM job WHERE name = ?", (job,)).fetchone()
        return Seen(row[0], datetime.fromisoformat(row[1]), bool(row[2])) if row else None

    def look(
        self,
        job: str,
        schedule: str,
        until: datetime,
        due: Iterable[datetime] = (),
        skipped: Iterable[tuple[datetime, str]] = (),
    ) -> int:
        """Mark a job as looked at until a moment, with what is due and what is skipped and why; return the new runs."""
        rows = [(run_name(job, moment), job, stamp(moment), "waiting", "") for moment in due]
        rows += [(run_name(job, moment), job, stamp(moment), "skipped", why) for moment, why in skipped]
        with self._transaction():
            before = self._db.total_changes
            self._db.executemany(
                "INSERT INTO run (name, job, due, status, said) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", rows
            )
            added = self._db.total_changes - before
            self._db.execute(
                "INSERT INTO job (name, schedule, seen) VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET schedule = excluded.schedule, seen = excluded.seen",
                (job, schedule, until.astimezone(UTC).isoformat()),
            )
        return added

    def add(self, job: str, due: datetime) -> str:
        """Let a job run once more, out of its turn, and return the run; one that failed or was skipped waits again."""
        name = run_name(job, due)
        with self._transaction():
            self._db.execute(
                "INSERT INTO run (name, job, due, status) VALUES (?, ?, ?, 'waiting') ON CONFLICT DO UPDATE"
                " SET status = 'waiting' WHERE status = 'skipped' OR outcome IN ('error', 'failing')",
                (name, job, stamp(due)),
            )
        return name

    def begin(self, name: str) -> None:
        """Mark a run as begun."""
        with self._transaction():
            self._db.execute("UPDATE run SET status = 'running', tries = tries + 1 WHERE name = ?", (name,))

    def put_back(self, name: str) -> None:
        """Let a run that was begun wait again."""
        with self._transaction():
            self._db.execute("UPDATE run SET status = 'waiting' WHERE name = ?", (name,))

    def end(self, name: str, report: Report) -> None:
        """Mark a run as ended, with its report."""
        with self._transaction():
            self._db.execute(
                "UPDATE run SET status = 'ended', outcome = ?, said = ?, report = ? WHERE name = ?",
                (report.outcome, report.said, json.dumps(asdict(report)), name),
            )

    def skip(self, name: str, why: str) -> None:
        """Mark a run as left out, and why."""
        with self._transaction():
            self._db.execute("UPDATE run SET status = 'skipped', said = ? WHERE name = ?", (why, name))

    def waiting(self) -> list[Row]:
        """Return the runs that wait, the longest due first."""
        return self._rows("WHERE status = 'waiting' ORDER BY due, name")

    def runs(self, job: str, most: int = 10) -> list[Row]:
        """Return the newest runs of a job."""
        return self._rows("WHERE job = ? ORDER BY due DESC LIMIT ?", job, most)

    def run(self, name: str) -> Row | None:
        """Return a run by its name."""
        return next(iter(self._rows("WHERE name = ?", name)), None)

    def _rows(self, where: str, *values: object) -> list[Row]:
        words = f"SELECT name, job, due, status, tries, outcome, said, report FROM run {where}"  # noqa: S608  # our words
        try:
            return [_row(row) for row in self._db.execute(words, values)]
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from None

    def pause(self, job: str, *, paused: bool) -> None:
        """Let a job rest, or go on."""
        with self._transaction():
            self._db.execute(
                "INSERT INTO job (name, schedule, seen, paused) VALUES (?, '', ?, ?)"
                " ON CONFLICT DO UPDATE SET paused = excluded.paused",
                (job, datetime.now(UTC).isoformat(), paused),
            )

    def wish(self, job: str) -> None:
        """Ask whoever works on the jobs to run one now."""
        with self._transaction():
            self._db.execute("INSERT INTO wish (job) VALUES (?)", (job,))

    def wishes(self) -> list[str]:
        """Return the jobs that somebody wants to run now, and forget the wishes."""
        with self._transaction():
            found = [job for (job,) in self._db.execute("SELECT DISTINCT job FROM wish")]
            self._db.execute("DELETE FROM wish")
        return found


def _row(found: Sequence[Any]) -> Row:
    name, job, due, status, tries, outcome, said, report = found
    told = Report(**json.loads(report)) if report else None
    return Row(name, job, datetime.fromisoformat(due), status, tries, outcome, said, told)
