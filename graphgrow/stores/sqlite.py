"""The embedded store: one SQLite file, readable by other programs while a run writes.

`event` is the log and the truth. `concept`, `alias` and `relation` are its projection for people and queries, written
in the same transaction, in SQL and not out of the fold: `verify` compares two independent computations.
"""

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path
from typing import Any

from graphgrow.errors import BadInput, StaleGraph, StoreError
from graphgrow.graph.corrections import Corrections, is_structural
from graphgrow.graph.events import from_json, sealed
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Delta, Event, Relation
from graphgrow.stores.projection import Patch, Projection, patch, project

_APPLICATION_ID = 0x67677277  # "ggrw": tells our files from any other SQLite database
_BUSY_SECONDS = 30.0
_PAUSE = 0.005  # seconds
_PRIMARY = 0xFF  # of an error code of SQLite; the rest says more of the same
# One statement sees one state of the file, also while another connection makes its tables.
_STATE = """
    SELECT (SELECT count(*) FROM sqlite_master), application_id, user_version
    FROM pragma_application_id, pragma_user_version
"""
PAGE = 200

MIGRATIONS = (
    """
    CREATE TABLE event (
        seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, at TEXT NOT NULL, payload TEXT NOT NULL
    ) STRICT;
    CREATE TABLE concept (
        key TEXT PRIMARY KEY, name TEXT NOT NULL, first_seq INTEGER NOT NULL REFERENCES event(seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE alias (
        key TEXT NOT NULL REFERENCES concept(key), spelling TEXT NOT NULL, PRIMARY KEY (key, spelling)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE relation (
        source TEXT NOT NULL REFERENCES concept(key), predicate TEXT NOT NULL,
        target TEXT NOT NULL REFERENCES concept(key), support INTEGER NOT NULL,
        first_seq INTEGER NOT NULL REFERENCES event(seq), last_seq INTEGER NOT NULL REFERENCES event(seq),
        PRIMARY KEY (source, predicate, target)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX relation_target ON relation(target);
    CREATE TABLE lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until REAL NOT NULL) STRICT, WITHOUT ROWID;
    """,
    """
    CREATE TABLE cache (
        kind TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (kind, key)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    ALTER TABLE event ADD COLUMN decides INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX event_decides ON event(seq) WHERE decides;
    """,
)


class SQLiteStore:
    """A graph in one file that other processes may read while one writes; one thread a store object."""

    def __init__(self, path: Path, *, create: bool = False, clock: Callable[[], float] = time.time) -> None:
        self.url = f"sqlite:{path}"
        self._path = path
        if path.is_dir():
            raise BadInput(f"{path} is a folder: name a file in it, for example {path / 'graph.db'}")
        self._clock = clock
        self._create = create
        self._opened: sqlite3.Connection | None = None
        self._decided = 0, Corrections()  # what was decided up to an event
        try:
            there = path.exists()
        except OSError as error:
            raise StoreError(f"{path} cannot be opened: {error.strerror}") from None
        if not create and not there:
            raise BadInput(f"there is no graph at {path}: grow one with  graphgrow grow TOPIC --store {path}")
        self._is_there()

    def _is_there(self) -> bool:
        """Tell whether there is a file to read; a new one appears with the first event and not before."""
        return self._opened is not None or (self._path.exists() and self._db is not None)

    @property
    def _db(self) -> sqlite3.Connection:
        """The connection, opened when it is first needed."""
        if self._opened is None:
            try:
                connection = sqlite3.connect(
                    self._path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
                )
                self._prepare(connection)
            except sqlite3.DatabaseError as error:
                raise self._refusal(error) from None
            self._opened = connection
        return self._opened

    def _refusal(self, error: sqlite3.Error) -> StoreError:
        if "not a database" in str(error):
            return StoreError(f"{self._path} is no SQLite database: name another file")
        if "unable to open" in str(error) or "readonly" in str(error):
            return StoreError(f"{self._path} cannot be opened for writing: check that its folder is there and writable")
        return StoreError(f"{self._path}: {error}")

    def _prepare(self, db: sqlite3.Connection) -> None:
        """Bring a new or older file to this version's tables; refuse one that is not ours or comes from the future."""
        tables, owner, version = db.execute(_STATE).fetchone()
        if not tables and not self._create:
            raise StoreError(
                f"{self._path} is empty: grow a graph into it with  graphgrow grow TOPIC --store {self._path}"
            )
        if tables and owner != _APPLICATION_ID:
            raise StoreError(f"{self._path} is a database of another program: name another file")
        if version > len(MIGRATIONS):
            raise StoreError(f"{self._path} was written by a newer graphgrow (format {version}): update graphgrow")
        db.execute("PRAGMA foreign_keys = ON")
        if version < len(MIGRATIONS):
            _write_ahead(db)
            with self._transaction(db):
                _migrate(db)
        db.execute("PRAGMA synchronous = FULL")

    @contextmanager
    def _transaction(self, db: sqlite3.Connection) -> Iterator[None]:
        """Commit what the block does, or nothing of it."""
        try:
            db.execute("BEGIN IMMEDIATE")
            yield
            db.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._refusal(error) from None
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")

    def append(self, *events: Event) -> int:
        """Commit the events in one transaction; raises StaleGraph where they do not follow the log."""
        if not events:
            self._check_writable()
            return self._last()
        known, self._decided = self._decided, (0, Corrections())  # nothing is known of a commit that fails
        with self._transaction(self._db):
            last = self._insert(events)
            if any(map(is_structural, events)):
                corrections = self._project_again(last, events)
            else:
                corrections = self._project_all(last, events, *known)
        self._decided = last + len(events), corrections
        return last + len(events)

    def _insert(self, events: Sequence[Event]) -> int:
        """Add events to the log and return the last seq before them; raises StaleGraph where they do not follow it."""
        (last,) = self._db.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()
        for place, event in enumerate(events, last + 1):
            if event.seq != place:
                raise StaleGraph(f"event {event.seq} cannot follow event {place - 1}")
        rows = [(e.seq, e.kind, e.at, sealed(e), bool(e.delta.changes)) for e in events]
        self._db.executemany("INSERT INTO event (seq, kind, at, payload, decides) VALUES (?, ?, ?, ?, ?)", rows)
        return int(last)

    def _project_all(self, last: int, events: Sequence[Event], decided: int, corrections: Corrections) -> Corrections:
        """Take in what events say, as it stands by what was decided up to each of them."""
        sql = "SELECT payload FROM event WHERE decides AND seq > ? AND seq <= ? ORDER BY seq"
        for (payload,) in self._rows(sql, decided, last):
            corrections.take(from_json(payload))
        corrections.settle()
        for event in events:
            corrections.take(event)
            self._project(event.seq, corrections.delta(event.delta))
        return corrections

    def _project_again(self, last: int, events: Sequence[Event]) -> Corrections:
        """Change what is shown to what it is after events that decide about others; costs as much as the graph."""
        graph = fold(takewhile(lambda event: event.seq <= last, self.events()))
        before = project(graph)
        graph.apply_all(events)
        self._apply(patch(before, project(graph)))
        return graph.corrections

    def _apply(self, change: Patch) -> None:
        many = self._db.executemany
        ends = [(r.source, r.predicate, r.target) for r in change.gone_relations]
        many("DELETE FROM relation WHERE source = ? AND predicate = ? AND target = ?", ends)
        many("DELETE FROM alias WHERE key = ?", [(key,) for key in (*change.gone_concepts, *change.concepts)])
        many("DELETE FROM concept WHERE key = ?", [(key,) for key in change.gone_concepts])
        many(
            "INSERT INTO concept VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
            " SET name = excluded.name, first_seq = excluded.first_seq",
            [(key, name, first) for key, (name, _, first) in change.concepts.items()],
        )
        spellings = [(key, spelling) for key, (_, spellings, _) in change.concepts.items() for spelling in spellings]
        many("INSERT INTO alias VALUES (?, ?)", spellings)
        many(
            "INSERT INTO relation VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET support = excluded.support, first_seq = excluded.first_seq, last_seq = excluded.last_seq",
            [(r.source, r.predicate, r.target, *row) for r, row in change.relations.items()],
        )

    def _check_writable(self) -> None:
        path = self._path.absolute()
        place = path if path.exists() else path.parent
        if not os.access(place, os.W_OK):
            raise BadInput(f"cannot write into {place}: name a --store in a folder that is there and writable")

    def _last(self) -> int:
        return next((last for (last,) in self._rows("SELECT coalesce(max(seq), 0) FROM event")), 0)

    def _project(self, seq: int, delta: Delta) -> None:
        many = self._db.executemany
        many(
            "INSERT INTO concept VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            [(c.key, c.name, seq) for c in delta.concepts],
        )
        spellings = [(c.key, a) for c in delta.concepts for a in (c.name, *c.aliases)] + list(delta.aliases)
        many(
            "INSERT INTO alias SELECT key, ?2 FROM concept WHERE key = ?1 AND name <> ?2 ON CONFLICT DO NOTHING",
            spellings,
        )
        said = [(s.relation, s.support) for s in delta.statements]
        many(
            "INSERT INTO relation VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
            " SET support = support + excluded.support, last_seq = excluded.last_seq",
            [(r.source, r.predicate, r.target, support, seq, seq) for r, support in said],
        )

    def _rows(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        if not self._is_there():
            return
        try:
            cursor = self._db.execute(sql, values)
            while rows := cursor.fetchmany(PAGE):
                yield from rows
        except sqlite3.Error as error:
            raise self._refusal(error) from None

    def events(self, since: int = 0) -> Iterator[Event]:
        """Yield the events after seq `since`."""
        for (payload,) in self._rows("SELECT payload FROM event WHERE seq > ? ORDER BY seq", since):
            try:
                yield from_json(payload)
            except BadInput as error:
                raise StoreError(f"{self._path} is damaged after event {since}: {error}") from None

    def graph(self) -> Graph:
        """Return the fold over all events."""
        return fold(self.events())

    def projection(self) -> Projection:
        """Return the projection tables as they stand."""
        with self._snapshot():
            return self._projection()

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """Let several reads see one state of the file, whatever others write meanwhile."""
        if not self._is_there():
            yield
            return
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("COMMIT")

    def _projection(self) -> Projection:
        seq = self._last()
        aliases: dict[str, list[str]] = {}
        for key, spelling in self._rows("SELECT key, spelling FROM alias ORDER BY spelling"):
            aliases.setdefault(key, []).append(spelling)
        concepts = {
            key: (name, tuple(sorted(aliases.get(key, ()))), first)
            for key, name, first in self._rows("SELECT key, name, first_seq FROM concept")
        }
        rows = self._rows("SELECT source, predicate, target, support, first_seq, last_seq FROM relation")
        return Projection(seq, concepts, {Relation(s, p, t): (n, first, last) for s, p, t, n, first, last in rows})

    def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew a named lease; False while somebody else holds it."""
        now = self._clock()
        with self._transaction(self._db):
            taken = self._db.execute(
                "INSERT INTO lease VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET holder = ?2, until = ?3"
                " WHERE holder = ?2 OR until <= ?4",
                (name, holder, now + seconds, now),
            )
            return taken.rowcount == 1

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return what is kept of the keys."""
        wanted = json.dumps(list(keys))
        return dict(
            self._rows("SELECT key, value FROM cache WHERE kind = ? AND key IN (SELECT value FROM json_each(?))",
                       kind, wanted)
        )  # fmt: skip

    def remember(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep results under their keys, where the file is there and can be written."""
        if not self._is_there():
            return
        rows = [(kind, key, value) for key, value in values.items()]
        with suppress(StoreError), self._transaction(self._db):
            self._db.executemany(
                "INSERT INTO cache VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", rows
            )

    def close(self) -> None:
        """Close the file; the write-ahead log is folded into it."""
        if self._opened is not None:
            self._opened.close()


def _write_ahead(db: sqlite3.Connection) -> None:
    """Switch a file to write-ahead logging; unlike all else this does not wait for others that open it by itself."""
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & _PRIMARY != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_PAUSE)
        else:
            return


def _migrate(db: sqlite3.Connection) -> None:
    (version,) = db.execute("PRAGMA user_version").fetchone()
    for script in MIGRATIONS[version:]:
        for statement in filter(str.strip, script.split(";")):
            db.execute(statement)
    db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
