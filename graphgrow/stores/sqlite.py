"""The embedded store: one SQLite file, readable by other programs while a run writes.

`event` is the log and the truth. `concept`, `alias` and `relation` are its projection for people and queries, written
in the same transaction, in SQL and not out of the fold: `verify` compares two independent computations.
"""

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from graphgrow.errors import BadInput, StaleGraph, StoreError
from graphgrow.graph.corrections import Corrections, is_structural
from graphgrow.graph.events import from_json, sealed
from graphgrow.graph.model import Event, Relation
from graphgrow.stores import GraphStore
from graphgrow.stores.projection import Patch, Projection, patch

_APPLICATION_ID = 0x67677277  # "ggrw": tells our files from any other SQLite database
_BUSY_SECONDS = 30.0
_PAUSE = 0.005  # seconds
_PRIMARY = 0xFF  # of an error code of SQLite; the rest says more of the same
_PAGE = 200  # rows
# One statement sees one state of the file, also while another connection makes its tables.
_STATE = """
    SELECT (SELECT count(*) FROM sqlite_master), application_id, user_version
    FROM pragma_application_id, pragma_user_version
"""
_LAST = "SELECT coalesce(max(seq), 0) FROM event"

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


class SQLiteStore(GraphStore):
    """A graph in one file that other processes may read while one writes; one thread a store object."""

    def __init__(self, path: Path, *, create: bool = False, clock: Callable[[], float] = time.time) -> None:
        self.url = f"sqlite:{path}"
        self._path, self._create, self._clock = path, create, clock
        self._db: sqlite3.Connection | None = None  # a new file appears with the first event, and not before
        self._decided: tuple[int, Corrections] | None = None  # what was decided up to an event
        try:
            if path.is_dir():
                raise BadInput(f"{path} is a folder: name a file in it, for example {path / 'graph.db'}")
            if not create and not path.exists():
                raise BadInput(f"there is no graph at {path}: grow one with  graphgrow grow TOPIC --store {path}")
            if path.exists():
                self._connect()
        except OSError as error:
            raise StoreError(f"{path} cannot be opened: {error.strerror}") from None

    def append(self, *events: Event) -> int:
        """Commit the events in one transaction; raises StaleGraph where they do not follow the log."""
        if not events:
            path = self._path.absolute()
            place = path if path.exists() else path.parent
            if not os.access(place, os.W_OK):
                raise BadInput(f"cannot write into {place}: name a --store in a folder that is there and writable")
            return next((last for (last,) in self._rows(_LAST)), 0)
        decided, corrections = self._decided or (0, Corrections())
        self._decided = None  # nothing is known if a commit fails
        with self._transaction() as db:
            (last,) = db.execute(_LAST).fetchone()
            for seq, event in enumerate(events, last + 1):
                if event.seq != seq:
                    raise StaleGraph(f"event {event.seq} cannot follow event {seq - 1}")
            db.executemany(
                "INSERT INTO event (seq, kind, at, payload, decides) VALUES (?, ?, ?, ?, ?)",
                [(event.seq, event.kind, event.at, sealed(event), bool(event.delta.changes)) for event in events],
            )
            if any(map(is_structural, events)):
                change, graph = patch(self.events(), events)
                _apply(db, change)
                corrections = graph.corrections
            else:
                if decided < last:  # others have written meanwhile
                    rows = db.execute(
                        "SELECT payload FROM event WHERE decides AND seq > ? AND seq <= ? ORDER BY seq", (decided, last)
                    )
                    for (payload,) in rows:
                        corrections.take(from_json(payload))
                    corrections.settle()
                for event in events:
                    corrections.take(event)
                    seq, delta = event.seq, corrections.delta(event.delta)
                    db.executemany(
                        "INSERT INTO concept VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                        [(concept.key, concept.name, seq) for concept in delta.concepts],
                    )
                    spellings = [(c.key, spelling) for c in delta.concepts for spelling in (c.name, *c.aliases)]
                    db.executemany(
                        "INSERT INTO alias SELECT key, ?2 FROM concept WHERE key = ?1 AND name <> ?2"
                        " ON CONFLICT DO NOTHING",
                        [*spellings, *delta.aliases],
                    )
                    statements = [(statement.relation, statement.support) for statement in delta.relations]
                    db.executemany(
                        "INSERT INTO relation VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
                        " SET support = support + excluded.support, last_seq = excluded.last_seq",
                        [(r.source, r.predicate, r.target, support, seq, seq) for r, support in statements],
                    )
        self._decided = last + len(events), corrections
        return int(last) + len(events)

    def events(self, since: int = 0) -> Iterator[Event]:
        """Yield the events after seq `since`."""
        for (payload,) in self._rows("SELECT payload FROM event WHERE seq > ? ORDER BY seq", since):
            try:
                yield from_json(payload)
            except BadInput as error:
                raise StoreError(f"{self._path} is damaged after event {since}: {error}") from None

    def projection(self) -> Projection:
        """Return the projection tables as they stand."""
        if self._db is None and not self._path.exists():
            return Projection()
        db = self._db or self._connect()
        db.execute("BEGIN")  # all of one state of the file, whatever others write meanwhile
        try:
            ((seq,),) = self._rows(_LAST)
            aliases: dict[str, list[str]] = {}
            for key, spelling in self._rows("SELECT key, spelling FROM alias ORDER BY spelling"):
                aliases.setdefault(key, []).append(spelling)
            concepts = {
                key: (name, tuple(sorted(aliases.get(key, ()))), first)
                for key, name, first in self._rows("SELECT key, name, first_seq FROM concept")
            }
            rows = self._rows("SELECT source, predicate, target, support, first_seq, last_seq FROM relation")
            relations = {Relation(s, p, t): (support, first, last) for s, p, t, support, first, last in rows}
        finally:
            db.execute("COMMIT")
        return Projection(seq, concepts, relations)

    def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew a named lease; False while somebody else holds it."""
        now = self._clock()
        with self._transaction() as db:
            taken = db.execute(
                "INSERT INTO lease VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET holder = ?2, until = ?3"
                " WHERE holder = ?2 OR until <= ?4",
                (name, holder, now + seconds, now),
            )
            return taken.rowcount == 1

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return what is kept of the keys."""
        sql = "SELECT key, value FROM cache WHERE kind = ? AND key IN (SELECT value FROM json_each(?))"
        return dict(self._rows(sql, kind, json.dumps(list(keys))))

    def remember(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep results under their keys, where the file is there and can be written."""
        if self._db is None and not self._path.exists():
            return
        rows = [(kind, key, value) for key, value in values.items()]
        with suppress(StoreError), self._transaction() as db:
            db.executemany("INSERT INTO cache VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", rows)

    def close(self) -> None:
        """Close the file; the write-ahead log is folded into it."""
        if self._db is not None:
            self._db.close()

    def _connect(self) -> sqlite3.Connection:
        """Open the file: a new or older one gets this version's tables; a stranger's, or a later one, is refused."""
        path = self._path
        with self._explained():
            db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            tables, owner, version = db.execute(_STATE).fetchone()
            if not tables and not self._create:
                raise StoreError(f"{path} is empty: grow a graph into it with  graphgrow grow TOPIC --store {path}")
            if tables and owner != _APPLICATION_ID:
                raise StoreError(f"{path} is a database of another program: name another file")
            if version > len(MIGRATIONS):
                raise StoreError(f"{path} was written by a newer graphgrow (format {version}): update graphgrow")
            db.execute("PRAGMA foreign_keys = ON")
            if version < len(MIGRATIONS):
                # Unlike all else, this does not wait by itself for others that open the file.
                until = time.monotonic() + _BUSY_SECONDS
                while True:
                    try:
                        db.execute("PRAGMA journal_mode = WAL")
                        break
                    except sqlite3.OperationalError as error:
                        is_busy = error.sqlite_errorcode & _PRIMARY == sqlite3.SQLITE_BUSY
                        if not is_busy or time.monotonic() > until:
                            raise
                        time.sleep(_PAUSE)
                with self._transaction(db):
                    (version,) = db.execute("PRAGMA user_version").fetchone()  # another one may have been faster
                    for statement in filter(str.strip, ";".join(MIGRATIONS[version:]).split(";")):
                        db.execute(statement)
                    db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                    db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
            db.execute("PRAGMA synchronous = FULL")
        self._db = db
        return db

    @contextmanager
    def _transaction(self, db: sqlite3.Connection | None = None) -> Iterator[sqlite3.Connection]:
        """Commit what the block does, or nothing of it."""
        db = db or self._db or self._connect()
        with self._explained():
            try:
                db.execute("BEGIN IMMEDIATE")
                yield db
                db.execute("COMMIT")
            finally:
                if db.in_transaction:
                    db.execute("ROLLBACK")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what SQLite raises into a StoreError of one sentence."""
        try:
            yield
        except sqlite3.Error as error:
            if "not a database" in str(error):
                text = f"{self._path} is no SQLite database: name another file"
            elif "unable to open" in str(error) or "readonly" in str(error):
                text = f"{self._path} cannot be opened for writing: check that its folder is there and writable"
            else:
                text = f"{self._path}: {error}"
            raise StoreError(text) from None

    def _rows(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query; none while there is no file."""
        if self._db is None and not self._path.exists():
            return
        db = self._db or self._connect()
        with self._explained():
            cursor = db.execute(sql, values)
            while rows := cursor.fetchmany(_PAGE):
                yield from rows


def _apply(db: sqlite3.Connection, change: Patch) -> None:
    """Change the projection as a patch says."""
    ends = [(r.source, r.predicate, r.target) for r in change.gone_relations]
    db.executemany("DELETE FROM relation WHERE source = ? AND predicate = ? AND target = ?", ends)
    keys = [(key,) for key in (*change.gone_concepts, *change.concepts)]
    db.executemany("DELETE FROM alias WHERE key = ?", keys)
    db.executemany("DELETE FROM concept WHERE key = ?", [(key,) for key in change.gone_concepts])
    db.executemany(
        "INSERT INTO concept VALUES (?, ?, ?) ON CONFLICT DO UPDATE"
        " SET name = excluded.name, first_seq = excluded.first_seq",
        [(key, name, first) for key, (name, _, first) in change.concepts.items()],
    )
    spellings = [(key, spelling) for key, (_, spellings, _) in change.concepts.items() for spelling in spellings]
    db.executemany("INSERT INTO alias VALUES (?, ?)", spellings)
    db.executemany(
        "INSERT INTO relation VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
        " SET support = excluded.support, first_seq = excluded.first_seq, last_seq = excluded.last_seq",
        [(r.source, r.predicate, r.target, *row) for r, row in change.relations.items()],
    )
