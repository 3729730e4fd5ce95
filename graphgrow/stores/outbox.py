"""Replies that were paid for and are not in the store yet, a file each: what a crash or a lost server cannot take.

A reply is written here as it arrives, before anything is made of it, and taken out when the store has it. Every run
has a folder of its own with a lock that ends with the process; what a dead run left is adopted by the next one.
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
BOLT = 7687  # the port of a Neo4j URL that names none
BATCH, UNFINISHED = ".batch", ".unfinished"  # what is known of questions that went off in one file
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
    """The waiting replies of one store, values of one kind; enter it for a run. Without a folder it keeps nothing."""

    def __init__(self, folder: Path | None, kind: type[T]) -> None:
        self.folder = folder
        self._kind: Any = kind | None  # pydantic takes names from our codec for a union, not for a bare dataclass
        self._numbers = count(1)
        self._own: Path | None = None  # the folder of this run
        self._lock: FileLock | None = None

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
            raise StoreError(
                f"replies cannot be kept safe in {self.folder} ({error.strerror}):"
                " set XDG_STATE_HOME to a folder that can be written"
            ) from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.folder and self._own and self._lock:
            _leave(self._own, self._lock)
            with suppress(OSError):
                self.folder.rmdir()

    def keep(self, pending: T, *, adopted: bool = False) -> Path | None:
        """Write a reply to disk, to the platter, and return its file; one that is `adopted` comes with those."""
        name = f"{'adopted-' if adopted else ''}{next(self._numbers):06}"
        return self._write(name, ".json", ".draft", adapter(self._kind).dump_json(pending, exclude=NOT_KEPT))

    def keep_batch(self, name: str, content: bytes) -> Path | None:
        """Write down, in place of what stood under this name, what became of questions that went off in one file."""
        return self._write(name, BATCH, UNFINISHED, content)

    def drop_batch(self, name: str) -> None:
        """Forget what was written down of a batch: all that came of it is kept or asked for otherwise."""
        if self._own:
            with suppress(OSError):
                (self._own / (name + BATCH)).unlink()

    def batches(self) -> list[Path]:
        """Return what was written down of batches that nobody has done with, by this run or by dead ones."""
        self.take_over()
        return sorted(self._own.glob(f"*{BATCH}")) if self._own else []

    def _write(self, name: str, suffix: str, draft_suffix: str, content: bytes) -> Path | None:
        if self._own is None:
            return None
        if not self._own.exists():  # a reply that outlived its run: nobody holds the lock, so the next run adopts it
            self._own.mkdir(parents=True, mode=0o700)
            self._own.with_suffix(".lock").touch(mode=0o600)
        path, draft = self._own / (name + suffix), self._own / (name + draft_suffix)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
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
            try:
                pending = adapter(self._kind).validate_json(path.read_bytes())
            except ValidationError:
                pending = None
            if pending is None:
                path.replace(path.with_suffix(".unreadable"))
                continue
            yield path, pending


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
    """Give a run's folder back: away with it where it is empty, free for the next run where it is not."""
    with suppress(OSError):
        if folder.exists():
            folder.rmdir()
        Path(lock.lock_file).unlink()
    lock.release()
