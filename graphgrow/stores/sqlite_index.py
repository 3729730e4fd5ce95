"""The index that a large SQLite file has beside it, so that the explorer need not fold its log: `graph.db-index`.

It holds what the tables of the store are not sorted for: relations by their targets, how many relations each concept
has, and its spellings as full text (FTS5). Writers do not maintain it, so it costs them nothing: whoever reads makes it
once, and takes in the events that came since. It belongs to a log by the log's identity and the digest of the last
event in it; for another log it does not count, and it may be deleted at any time. What it leads to is read in the
store: a row that is gone there is left out. After a decision about earlier events, which may bring back what it does
not hold, it is made anew beside the one in use.
"""

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Lock, RLock, Thread
from typing import Any

from graphgrow.errors import BadInput, StoreAway, StoreError
from graphgrow.graph.corrections import Corrections, is_structural
from graphgrow.graph.events import from_json
from graphgrow.graph.model import Event, Relation
from graphgrow.stores import Extent, GraphIndex, IndexedConcept, Span

FORMAT = 1
EVENTS, SHARE = 5000, 8  # it is made anew where more events came since than this, and than an eighth of all
REST = 10  # it is left as it is for this many times as long as making it took
MOST_NEAR = 20_000  # relations of one concept in one direction that are looked through for its neighbours
_BUSY_SECONDS = 30.0
_ABANDONED = 120.0  # seconds without a byte after which a file that was not finished is taken for abandoned
_PAUSE = 0.2

# The rows go in sorted, so that each page of the file is written once; spellings by the relations of their concept, so
# that concepts with most of them are found first.
_TABLES = """
    CREATE TABLE mark (
        format INTEGER, identity TEXT, seq INTEGER, digest TEXT, concepts INTEGER, relations INTEGER, is_stale INTEGER
    );
    CREATE TABLE incoming (
        target TEXT, source TEXT, predicate TEXT, PRIMARY KEY (target, source, predicate)
    ) WITHOUT ROWID;
    CREATE TABLE linked (key TEXT PRIMARY KEY, relations INTEGER) WITHOUT ROWID;
    CREATE VIRTUAL TABLE spelling USING fts5(text, key UNINDEXED, columnsize=0);
"""
_FILL = (
    "INSERT INTO incoming SELECT target, source, predicate FROM graph.relation ORDER BY target, source, predicate",
    """
    INSERT INTO linked SELECT key, sum(relations) FROM (
        SELECT key, 0 AS relations FROM graph.concept
        UNION ALL SELECT source, count(*) FROM graph.relation GROUP BY source
        UNION ALL SELECT target, count(*) FROM incoming GROUP BY target
    ) GROUP BY key
    """,
    "CREATE INDEX most_linked ON linked(relations)",
    """
    INSERT INTO spelling SELECT name, linked.key FROM linked CROSS JOIN graph.concept AS one ON one.key = linked.key
    ORDER BY relations DESC
    """,
    """
    INSERT INTO spelling SELECT spelling, linked.key FROM graph.alias AS one CROSS JOIN linked ON linked.key = one.key
    ORDER BY relations DESC
    """,
    """
    INSERT INTO mark SELECT ?, id, seq, digest, (SELECT count(*) FROM linked), (SELECT count(*) FROM incoming), 0
    FROM (SELECT id FROM graph.identity), (SELECT seq, digest FROM graph.event ORDER BY seq DESC LIMIT 1)
    """,
)
_MARK = """
    SELECT mark.seq, concepts, relations, is_stale FROM mark
    JOIN graph.identity AS own ON own.id = mark.identity
    JOIN graph.event AS event ON event.seq = mark.seq AND event.digest = mark.digest
    WHERE format = ?
"""
_FOREIGN = "SELECT 1 FROM sqlite_master WHERE type IN ('trigger', 'view')"  # which we never make
_ASKED = "WITH asked AS MATERIALIZED (SELECT key AS place, value AS key FROM json_each(?))"
_COLUMNS = "said.source, said.predicate, said.target, said.support, said.first_seq, said.last_seq"
_BY_TARGET = """
    incoming CROSS JOIN graph.relation AS said
    ON said.source = incoming.source AND said.predicate = incoming.predicate AND said.target = incoming.target
"""


class SQLiteIndex(GraphIndex):
    """The index of the graph in a SQLite file that can be written; it is made by `make` and by nothing else."""

    def __init__(self, graph: Path) -> None:
        self._graph, self._path = graph, Path(f"{graph}-index")
        self._lock, self._making = RLock(), Lock()
        self._db: sqlite3.Connection | None = None
        self._inode = 0
        self._decided = 0, Corrections()  # what was decided up to an event
        self._is_closed = False
        self._took, self._made = 0.0, time.monotonic()  # seconds to make it, and when that was, by the monotonic clock

    def make(self) -> None:
        """Make the index where it is missing, of another log, or far behind."""
        with self._making:
            if self.refresh() is None:
                self._make()

    def refresh(self) -> Extent | None:
        """Take in the events that came since; after a decision about earlier ones it is made anew meanwhile."""
        with self._lock, self._explained():
            db = self._opened()
            if db is None:
                return None
            db.execute("BEGIN IMMEDIATE")
            try:
                is_in_place = self._is_in_place()
                extent, is_stale = self._catch_up(db) if is_in_place else (Extent(), False)
                db.execute("COMMIT")
            finally:
                if db.in_transaction:
                    db.execute("ROLLBACK")
            if not is_in_place:  # another process has made it anew
                self._let_go()
                return self.refresh()
        rested = time.monotonic() - self._made > REST * self._took
        if is_stale and rested and self._making.acquire(blocking=False):
            Thread(target=self._make_anew, daemon=True).start()
        return extent

    def hubs(self, most: int) -> list[str]:
        """Return the keys of the concepts with most relations."""
        sql = """
            SELECT one.key FROM linked CROSS JOIN graph.concept AS one ON one.key = linked.key
            ORDER BY linked.relations DESC LIMIT ?
        """
        return [key for (key,) in self._rows(sql, most)]

    def neighbours(self, key: str, most: int) -> list[str]:
        """Return the keys of the concepts that one is related to, those with most relations first."""
        sql = f"""
            SELECT near.key FROM (
                SELECT * FROM (SELECT target AS key FROM graph.relation WHERE source = ?1 LIMIT {MOST_NEAR})
                UNION SELECT * FROM (SELECT said.source FROM {_BY_TARGET} WHERE incoming.target = ?1 LIMIT {MOST_NEAR})
            ) AS near LEFT JOIN linked ON linked.key = near.key
            WHERE near.key <> ?1 ORDER BY coalesce(linked.relations, 0) DESC, near.key LIMIT ?2
        """  # noqa: S608  # our words
        return [near for (near,) in self._rows(sql, key, most)]

    def concepts(self, keys: Iterable[str]) -> list[IndexedConcept]:
        """Return what is known of some concepts, in their order."""
        sql = f"""
            {_ASKED} SELECT one.key, name, first_seq, type, coalesce(relations, 0)
            FROM asked CROSS JOIN graph.concept AS one ON one.key = asked.key LEFT JOIN linked ON linked.key = one.key
            ORDER BY place
        """  # noqa: S608  # our words
        return [IndexedConcept(*row) for row in self._rows(sql, json.dumps(list(keys)))]

    def aliases(self, key: str) -> list[str]:
        """Return the other spellings of a concept."""
        return [text for (text,) in self._rows("SELECT spelling FROM graph.alias WHERE key = ? ORDER BY spelling", key)]

    def relations(self, keys: Iterable[str]) -> dict[Relation, Span]:
        """Return the relations between some concepts."""
        sql = f"""
            {_ASKED} SELECT {_COLUMNS} FROM asked CROSS JOIN graph.relation AS said ON said.source = asked.key
            WHERE said.target IN (SELECT key FROM asked)
        """  # noqa: S608  # our words
        return _spans(self._rows(sql, json.dumps(list(keys))))

    def incident(self, key: str, most: int) -> dict[Relation, Span]:
        """Return the relations that begin at a concept and those that end there."""
        sql = f"""
            SELECT * FROM (SELECT {_COLUMNS} FROM graph.relation AS said WHERE source = ?1 LIMIT ?2)
            UNION ALL SELECT * FROM (
                SELECT {_COLUMNS} FROM {_BY_TARGET} WHERE incoming.target = ?1 AND incoming.source <> ?1 LIMIT ?2
            )
        """  # noqa: S608  # our words
        return _spans(self._rows(sql, key, most))

    def find(self, words: str, most: int) -> list[tuple[str, str]]:
        """Return key and spelling where a spelling begins with these words, then where it has all of them."""
        parts = [part.replace('"', '""') for part in words.split()]
        if not parts:
            return []
        begins = f'^ "{" ".join(parts)}" *'
        holds = " AND ".join(f'"{part}"' for part in parts) + " *"
        sql = "SELECT key, text FROM spelling WHERE spelling MATCH ? ORDER BY rowid LIMIT ?"
        return [row for query in (begins, holds) for row in self._rows(sql, query, most)]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._is_closed = True
            self._let_go()

    def _make_anew(self) -> None:
        """Make the index beside the one in use; where that fails the one in use stays."""
        try:
            with suppress(StoreError):
                self._make()
        finally:
            self._making.release()

    def _make(self) -> None:
        """Write the index under another name and move it into place, so that it is whole or not there."""
        start, new = time.monotonic(), self._path.with_name(f"{self._path.name}.new")
        with self._explained():
            while not _claimed(new):  # another process makes it
                time.sleep(_PAUSE)
                if self._opened_now():
                    return
            try:
                with closing(self._connect(new)) as db:
                    db.execute("PRAGMA main.journal_mode = OFF")
                    db.execute("PRAGMA main.synchronous = OFF")
                    db.executescript(_TABLES)
                    db.execute("BEGIN")  # all is read of one state of the graph
                    for statement in _FILL:
                        db.execute(statement, (FORMAT,) if "?" in statement else ())
                    db.execute("COMMIT")
                handle = os.open(new, os.O_RDWR)
                os.fsync(handle)
                os.close(handle)
                with self._lock:
                    self._let_go()
                    with _unused(self._path):
                        new.replace(self._path)
            except BaseException:
                new.unlink(missing_ok=True)
                raise
        self._made = time.monotonic()
        self._took = self._made - start

    def _connect(self, path: Path) -> sqlite3.Connection:
        """Open a file of an index, with the graph beside it for reading alone."""
        db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=True)
        try:
            db.execute("PRAGMA trusted_schema = OFF")  # a file of others may hold what runs when it is read
            db.execute("PRAGMA cache_size = -32768")  # KiB
            db.execute("ATTACH ? AS graph", (f"{self._graph.absolute().as_uri()}?mode=ro",))
        except BaseException:
            db.close()
            raise
        return db

    def _opened_now(self) -> bool:
        with self._lock:
            return self._opened() is not None

    def _opened(self) -> sqlite3.Connection | None:
        """Return the open index; None where there is none of this log, or one that is too far behind."""
        if self._is_closed:
            raise StoreError(f"the index of {self._graph} was closed")
        try:
            if self._db is None:
                if not self._path.exists():
                    return None
                self._db, self._inode = self._connect(self._path), self._path.stat().st_ino
            is_ours = not self._db.execute(_FOREIGN).fetchone()
            mark = self._db.execute(_MARK, (FORMAT,)).fetchone() if is_ours else None
            (last,) = self._db.execute("SELECT max(seq) FROM graph.event").fetchone()
        except sqlite3.DatabaseError as error:
            if _is_locked(error):
                raise
            mark = None  # cut, or no index at all
        if mark and last - mark[0] <= max(EVENTS, mark[0] // SHARE):
            return self._db
        self._let_go()
        return None

    def _is_in_place(self) -> bool:
        """Tell whether the open file still is that of its name."""
        with suppress(FileNotFoundError):
            return self._path.stat().st_ino == self._inode
        return False

    def _let_go(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def _catch_up(self, db: sqlite3.Connection) -> tuple[Extent, bool]:
        """Take in the events since the mark; returns how far it goes, and whether earlier ones look different now."""
        seq, concepts, relations, is_stale = db.execute(_MARK, (FORMAT,)).fetchone()
        events = db.execute("SELECT payload FROM graph.event WHERE seq > ? ORDER BY seq", (seq,)).fetchall()
        if not events:
            return Extent(seq, concepts, relations), bool(is_stale)
        (decided, corrections), self._decided = self._decided, (0, Corrections())
        if decided > seq:
            decided, corrections = 0, Corrections()
        earlier = "SELECT payload FROM graph.event WHERE decides AND seq > ? AND seq <= ? ORDER BY seq"
        for (payload,) in db.execute(earlier, (decided, seq)):
            corrections.take(from_json(payload))
        corrections.settle()
        for (payload,) in events:
            event = from_json(payload)
            seq = event.seq
            corrections.take(event)
            if is_structural(event):
                is_stale = True
                corrections.settle()
            new_concepts, new_relations = _add(db, event, corrections)
            concepts, relations = concepts + new_concepts, relations + new_relations
        db.execute(
            "UPDATE mark SET seq = ?1, concepts = ?2, relations = ?3, is_stale = ?4,"
            " digest = (SELECT digest FROM graph.event WHERE seq = ?1)",
            (seq, concepts, relations, bool(is_stale)),
        )
        self._decided = seq, corrections
        return Extent(seq, concepts, relations), bool(is_stale)

    def _rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query; none while there is no index."""
        with self._lock, self._explained():
            db = self._db or self._opened()
            return db.execute(sql, values).fetchall() if db else []

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what SQLite raises into a StoreError of one sentence."""
        try:
            yield
        except sqlite3.Error as error:
            said = " ".join(str(error).split())[:200]
            raise (StoreAway if _is_locked(error) else StoreError)(
                f"the index {self._path} cannot be used: {said}"
            ) from None
        except BadInput as error:
            raise StoreError(f"{self._graph} has an event that cannot be read: {error}") from None
        except OSError as error:
            raise StoreError(f"the index {self._path} cannot be written: {error.strerror}") from None


def _claimed(new: Path) -> bool:
    """Make an empty file that is to become an index; False where another process is about to write it."""
    with suppress(FileNotFoundError):
        if time.time() - new.stat().st_mtime > _ABANDONED:
            new.unlink()
    try:
        os.close(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    return True


@contextmanager
def _unused(path: Path) -> Iterator[None]:
    """Hold off whoever has a file open, so that nobody writes a journal beside the one that takes its place."""
    if not path.exists():
        yield
        return
    with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)) as db:
        try:
            db.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:  # what is no database belongs to nobody
            if _is_locked(error):
                raise
        yield


def _is_locked(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _add(db: sqlite3.Connection, event: Event, corrections: Corrections) -> tuple[int, int]:
    """Take in what an event adds to what is shown, and return how many concepts and relations are new."""
    delta = corrections.delta(event.delta)
    concepts = relations = 0
    spellings = list(delta.aliases)
    for concept in delta.concepts:
        concepts += db.execute("INSERT INTO linked VALUES (?, 0) ON CONFLICT DO NOTHING", (concept.key,)).rowcount
        spellings += [(concept.key, text) for text in (concept.name, *concept.aliases)]
    for key, text in dict.fromkeys(spellings):
        phrase = '"' + text.replace('"', '""') + '"'
        known = db.execute(
            "SELECT 1 FROM spelling WHERE spelling MATCH ? AND key = ? AND text = ?", (phrase, key, text)
        )
        if not known.fetchone():
            db.execute("INSERT INTO spelling VALUES (?, ?)", (text, key))
    for relation in dict.fromkeys(said.relation for said in delta.relations):
        ends = relation.target, relation.source, relation.predicate
        if db.execute("INSERT INTO incoming VALUES (?, ?, ?) ON CONFLICT DO NOTHING", ends).rowcount:
            relations += 1
            keys = [(relation.source,), (relation.target,)]
            db.executemany("UPDATE linked SET relations = relations + 1 WHERE key = ?", keys)
    return concepts, relations


def _spans(rows: Iterable[tuple[Any, ...]]) -> dict[Relation, Span]:
    return {Relation(source, predicate, target): (*span,) for source, predicate, target, *span in rows}
