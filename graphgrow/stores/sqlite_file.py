"""Whether a SQLite file still is the one that was opened under its name, and what is done where it is not.

SQLite itself goes on writing to a file that was removed, and leaves a write-ahead log behind that whoever next opens
the name takes for that of the new file. So the file's identity is compared before each commit, and what is ours is
taken away before it can do harm.
"""

import os
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from graphgrow.errors import StoreError

WAL, SHM = "-wal", "-shm"
_LOOKS, _PAUSE = 3, 0.02  # looks at a file that others may be writing just now; seconds

Inode = tuple[int, int]  # device and number


@dataclass(slots=True)
class OpenedFile:
    """The file of a path as it was opened: device and inode, and the identity that stands in it."""

    path: Path
    _file: Inode | None = None
    _at: Path = Path()  # the path, wherever the process is later
    _place: str = ""  # where it led: SQLite keeps its log beside that
    _identity: str = ""
    _state: tuple[int, int] = (0, 0)  # size in bytes and time of the last change in ns, when it was looked at last
    _beside: dict[str, Inode] = field(default_factory=dict)  # of the files that SQLite keeps beside it
    _lost: str = ""

    @property
    def is_lost(self) -> bool:
        """Whether it was found to be another file, which was reported then."""
        return bool(self._lost)

    def opened(self) -> None:
        """Remember the file that was just opened."""
        self._at = self.path.absolute()
        self._place = os.path.realpath(self._at)
        found = self._at.stat()
        self._file, self._state = _inode(found), _state(found)
        self._identity = self._read_identity() or ""

    def check(self, db: sqlite3.Connection | None) -> None:
        """Raise StoreError where the name is no longer that of the open file; `db` is then released."""
        if self._lost:
            raise StoreError(self._lost)
        if db is None or self._file is None:
            return
        try:
            found = self._at.stat()
        except OSError:
            self._lose(db, "it was removed or renamed", is_other=False)
        if _inode(found) != self._file:
            self._lose(db, "another file was put in its place", is_other=True)
        if os.path.realpath(self._at) != self._place:
            self._lose(db, "its path leads elsewhere now", is_other=False)
        if WAL in self._beside and not self._is_ours(WAL):  # as long as a file is open SQLite keeps its log
            self._lose(db, f"{self._path(WAL)} was removed or replaced", is_other=False)
        if _state(found) != self._state:  # by a checkpoint, ours or that of others, or by somebody who copied over it
            if self._identity and self._is_overwritten():
                self._overwritten(db)
            self._state = _state(found)
        for ending in {WAL, SHM} - self._beside.keys():
            with suppress(OSError):
                self._beside[ending] = _inode(self._path(ending).stat())

    def check_unchanged(self) -> None:
        """Raise StoreError where a file that is read as unchanging was changed after all."""
        if self._file and _state(self.path.stat()) != self._state:
            raise StoreError(f"{self.path} was changed while it was read: run the command again")

    def _path(self, ending: str) -> Path:
        return Path(f"{self._place or self.path}{ending}")

    def _read_identity(self) -> str | None:
        """Return the identity in the file itself, "" where it has none, None where it cannot be told now.

        SQLite reads it, for whoever else opens and closes the file would take SQLite's locks away.
        """
        uri = f"{self.path.absolute().as_uri()}?mode=ro&immutable=1"
        try:
            with closing(sqlite3.connect(uri, uri=True)) as db:
                row = db.execute("SELECT id FROM identity").fetchone()
        except sqlite3.Error as error:
            is_none = "no such table" in str(error) or "not a database" in str(error)
            return "" if is_none else None
        return str(row[0]) if row else ""

    def _is_overwritten(self) -> bool:
        for _ in range(_LOOKS):
            if self._read_identity() in {self._identity, None}:
                return False
            time.sleep(_PAUSE)
        return True

    def _lose(self, db: sqlite3.Connection, why: str, *, is_other: bool) -> None:
        """Write what the log holds into the file that we have open, wherever that is now, and take the log away."""
        if db.in_transaction:
            db.execute("ROLLBACK")
        is_whole = False
        with suppress(sqlite3.Error):
            (busy, _, _) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            is_whole = not busy
        if is_whole or is_other:
            self._remove_ours()
        self._end(db, why)

    def _overwritten(self, db: sqlite3.Connection) -> None:
        """Keep the write-ahead log of the old file away from the new one."""
        if db.in_transaction:
            db.execute("ROLLBACK")
        with suppress(OSError):
            if self._is_ours(WAL):
                os.truncate(self._path(WAL), 0)  # closing would write it into the file
        self._remove_ours()
        self._end(db, "another file was copied over it")

    def _remove_ours(self) -> None:
        for ending in (WAL, SHM):
            if self._is_ours(ending):
                self._path(ending).unlink(missing_ok=True)

    def _is_ours(self, ending: str) -> bool:
        try:
            return self._beside.get(ending) == _inode(self._path(ending).stat())
        except OSError:
            return False

    def _end(self, db: sqlite3.Connection, why: str) -> None:
        self._lost = f"{self.path} is no longer the file that was opened: {why}, and nothing more is written"
        with suppress(sqlite3.Error):
            db.close()
        raise StoreError(self._lost)


def _inode(found: os.stat_result) -> Inode:
    return found.st_dev, found.st_ino


def _state(found: os.stat_result) -> tuple[int, int]:
    return found.st_size, found.st_mtime_ns
