"""Replies that were paid for and are not in the store yet, a file each: no crash or lost server can take them.

A reply is written here as it arrives, before anything is made of it, and taken out when the store has it. Room for it
is set aside before its question is asked, so that a disk that fills up meanwhile loses nothing. Every run has a folder
of its own with a lock that ends with the process; what a dead run left is adopted by the next one.
"""

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from errno import ENOENT
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

from graphgrow.errors import StoreError
from graphgrow.graph.events import NOT_STORED, adapter
from graphgrow.graph.model import Answer, Question
from graphgrow.stores import store_url

if TYPE_CHECKING:
    from filelock import FileLock


ATTEMPTS = 20
ROOM = 1 << 17  # bytes set aside for a reply under way
BOLT = 7687  # the port of a Neo4j URL that names none
BATCH, UNFINISHED = ".batch", ".unfinished"  # files for questions that went off in one file
_UNSENT = {"asks", "logprobs", "temperature"}
_QUESTION = {"prompt": _UNSENT, "smaller": _UNSENT, "focus": {"form"}}
NOT_KEPT: Any = {"question": _QUESTION, "answer": {"prompt": _UNSENT}} | NOT_STORED
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PendingReply:
    """A reply on its way into the graph of a topic; `seq` is the last event its question had seen, `run` its run."""

    topic: str
    seq: int
    question: Question
    answer: Answer
    run: str = ""


def state_folder(url: str, env: Mapping[str, str] = os.environ) -> Path | None:
    """Return where replies for a store wait: a folder of the user's, named by a digest; None for `memory:`.

    It is the same folder for URLs of the same store, however they are written.
    """
    store = store_url(url)
    if store.path:
        spelling = f"sqlite:{store.path.resolve()}"
    elif store.server:
        parts = urlsplit(store.url)
        spelling = f"neo4j://{parts.hostname}:{parts.port or BOLT}?{parts.query}"
    else:
        return None
    try:
        root = Path(env.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    except RuntimeError:
        raise StoreError("there is no home to keep replies safe in: set XDG_STATE_HOME to a folder") from None
    return root / "graphgrow" / hashlib.sha256(spelling.encode(errors="surrogateescape")).hexdigest()[:16]


class Outbox(Generic[T]):
    """The waiting replies of one store, values of one kind; enter it for a run. Without a folder it keeps nothing.

    Where replies cannot be kept, no more questions may be asked, unless the run goes on `unprotected`; `problem` then
    says why.
    """

    def __init__(self, folder: Path | None, kind: type[T], *, unprotected: bool = False) -> None:
        self.folder = folder
        self.problem = ""
        self._unprotected = unprotected
        self._full: OSError | None = None  # why a reply had to take the room that was set aside
        self._rooms = list[Path]()  # files as large as a reply may be, to be written over where the disk is full
        self._kind: Any = kind | None  # pydantic takes names from our codec for a union, not for a bare dataclass
        self._numbers = count(1)
        self._own: Path | None = None  # the folder of this run
        self._lock: FileLock | None = None
        self._first: FileLock | None = None  # of the run that asks the first question of all

    @property
    def run(self) -> str:
        """The name of this run, by which others of this machine see whether it lives; "" where it keeps nothing."""
        return self._own.name if self._own else ""

    def is_alive(self, run: str) -> bool:
        """Tell whether the process of a run of this store on this machine lives."""
        path = self.folder / f"{run}.lock" if self.folder else None
        if path is None or not path.exists():
            return False
        lock = _take(path)
        if lock is None:
            return True
        if path.with_suffix("").exists():  # the next run takes over what it left
            lock.release()
        else:  # it may have ended just now, so that the file is made anew by who takes it
            _leave(path.with_suffix(""), lock)
        return False

    def waits(self, run: str) -> bool:
        """Tell whether replies of a run of this store on this machine wait, or may.

        Once others have taken over what dead runs left, nobody knows whose it was until it is committed.
        """
        if self.folder is None:
            return False
        own = any(one.suffix in {".json", ".draft"} for one in (self.folder / run).glob("*"))
        return own or any(self.folder.glob("*/adopted-*.json"))

    def may_be_first(self) -> bool:
        """Tell whether this run may ask the first question of all: of the runs of this machine one may at a time."""
        if self._own and self._first is None:
            with suppress(OSError):
                self._first = _take(self._own.with_name("first"))
        return self._own is None or self._first is not None

    def __enter__(self) -> Self:
        if self.folder is None:
            return self
        try:
            for _ in range(ATTEMPTS):
                own = self.folder / f"{os.getpid()}-{uuid4().hex[:8]}"
                with suppress(FileNotFoundError):  # a run that ended has just taken the empty folder away
                    self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                    # The lock comes first, so that nobody finds a run's folder without its owner.
                    if lock := _take(own.with_suffix(".lock")):
                        own.mkdir(mode=0o700)
                        self._own, self._lock = own, lock
                        return self
            raise FileNotFoundError(ENOENT, "the folder is taken away again and again")
        except OSError as error:
            self.refuse(error)
            return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for room in self._rooms:
            with suppress(OSError):
                room.unlink()
        self._rooms.clear()
        if self._own and self._own.with_name("first").exists():  # also what a dead run left
            self.may_be_first()
        if self._first:
            with suppress(OSError):
                Path(self._first.lock_file).unlink()
            self._first.release()
            self._first = None
        if self.folder and self._own and self._lock:
            _leave(self._own, self._lock)
            with suppress(OSError):
                self.folder.rmdir()

    def make_room(self, count: int) -> None:
        """Set room aside for so many replies under way, before they are asked for; raises StoreError where none is."""
        if self._own is None:
            return
        if self._full:
            self.refuse(self._full)
            return
        try:
            while len(self._rooms) < count:
                room = self._own / f"{next(self._numbers):06}.room"
                self._rooms.append(room)  # also if the next line fails, so that it is taken away
                _write(room, os.urandom(ROOM))  # what can be compressed takes no room
        except OSError as error:
            with suppress(OSError):
                self._rooms.pop().unlink(missing_ok=True)
            self.refuse(error)

    def refuse(self, error: OSError) -> None:
        """Raise StoreError as nothing can be kept, unless the run may go on without that."""
        self.problem = (
            f"replies cannot be kept safe in {self.folder} ({error.strerror}):"
            " set XDG_STATE_HOME to a folder that can be written and has room"
        )
        if not self._unprotected:
            raise StoreError(f"{self.problem}; nothing more is asked")

    def new_name(self) -> str:
        """Return the name of a reply that is to come."""
        return f"{next(self._numbers):06}"

    def draft(self, name: str, pending: T) -> None:
        """Write a reply to disk as fast as possible, in case the process is killed before it can `keep` the reply."""
        if self._own and self._own.exists():
            path = self._own / f"{name}.draft"
            try:
                with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                    file.write(adapter(self._kind).dump_json(pending, exclude=NOT_KEPT))
            except OSError:  # a full disk, say: there is room for what is kept
                path.unlink(missing_ok=True)

    def keep(self, pending: T, name: str = "", *, adopted: bool = False) -> Path | None:
        """Write a reply to disk, to the platter, and return its file, on a full disk where room was set aside for it.

        With a name it takes the place of its draft. One that is `adopted` is put with the adopted ones. Raises OSError
        where it cannot be kept.
        """
        name = f"{'adopted-' if adopted else ''}{name or self.new_name()}"
        return self._kept(name, ".json", ".draft", adapter(self._kind).dump_json(pending, exclude=NOT_KEPT))

    def keep_batch(self, name: str, content: bytes) -> Path | None:
        """Write down, replacing what was under this name, what became of questions that went off in one file."""
        return self._kept(name, BATCH, UNFINISHED, content)

    def drop_batch(self, name: str) -> None:
        """Forget what was written down of a batch: all that came of it is kept or asked for otherwise."""
        if self._own:
            with suppress(OSError):
                (self._own / (name + BATCH)).unlink()

    def batches(self) -> list[Path]:
        """Return what was written down of unfinished batches, by this run or by dead ones."""
        self.take_over()
        return sorted(self._own.glob(f"*{BATCH}")) if self._own else []

    def _kept(self, name: str, suffix: str, draft_suffix: str, content: bytes) -> Path | None:
        if self._own is None:
            return None
        if not self._own.exists():  # a reply that outlived its run: nobody holds the lock, so the next run adopts it
            self._own.mkdir(parents=True, mode=0o700)
            self._own.with_suffix(".lock").touch(mode=0o600)
        path, draft = self._own / (name + suffix), self._own / (name + draft_suffix)
        try:
            _write(draft, content)
        except OSError as error:
            draft.unlink(missing_ok=True)
            self._full = error
            rooms = [self._rooms.pop() for _ in range(min(len(self._rooms), 1 + len(content) // ROOM))]
            if not rooms:
                raise
            draft = rooms[0]
            for room in rooms[1:]:
                room.unlink()
            _write(draft, content)
        draft.replace(path)
        with suppress(OSError):  # its name too, where the system lets a folder be opened
            descriptor = os.open(self._own, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        return path

    def take_over(self) -> None:
        """Move here what dead runs left behind, oldest run first."""
        if self.folder is None or self._own is None:
            return
        began = dict[Path, float]()
        for path in self.folder.glob("*.lock"):
            with suppress(FileNotFoundError):
                began[path] = path.stat().st_mtime
        for path in sorted(began, key=began.__getitem__):
            lock = _take(path) if path.stem != self._own.name else None
            if lock:  # nobody holds it: the run is dead
                theirs = path.with_suffix("")
                for room in theirs.glob("*.room"):
                    room.unlink()
                for file in sorted([*theirs.glob("*.json"), *theirs.glob("*.draft")]):
                    file.replace(self._own / f"adopted-{next(self._numbers):06}.json")
                for file in theirs.glob(f"*{UNFINISHED}"):
                    file.unlink()
                for file in theirs.glob(f"*{BATCH}"):
                    file.replace(self._own / file.name)
                _leave(theirs, lock)

    def adopt(self) -> Iterator[tuple[Path, T]]:
        """Take over what dead runs left behind, oldest run first; each stays until it is dropped."""
        from pydantic import ValidationError

        self.take_over()
        if self._own is None:
            return
        for path in sorted(self._own.glob("adopted-*.json")):
            text = path.read_bytes()
            try:
                pending = adapter(self._kind).validate_json(text)
            except ValidationError:
                pending = None
            if pending is not None:
                yield path, pending
            elif text.strip(b"\0\t\n\r "):
                path.replace(path.with_suffix(".unreadable"))
            else:  # nothing of it had reached the disk
                path.unlink()


def _write(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, to the platter; over what is there, keeping its room meanwhile."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        file.write(data)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def _take(path: Path) -> "FileLock | None":
    """Return a lock on a file, or None while a living process holds it."""
    from filelock import FileLock, Timeout

    lock = FileLock(path, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return lock


def _leave(folder: Path, lock: "FileLock") -> None:
    """Give a run's folder back: remove it where it is empty, leave it to the next run where it is not."""
    with suppress(OSError):
        if folder.exists():
            folder.rmdir()
        Path(lock.lock_file).unlink()
    lock.release()
