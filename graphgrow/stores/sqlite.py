"""The embedded store: one SQLite file, readable by other programs while a run writes.

`event` is the log and the truth. `concept`, `alias` and `relation` are its projection for people and queries, written
in the same transaction, in SQL and not from the fold: `verify` compares two independent computations, so that SQLite
need not look up at each row whether its concepts are there. `seal` and the digests of events tell whether the log is
what was written, sqlite_file.py whether the file is still that of its name.
"""

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from graphgrow.errors import BadInput, StaleGraph, StoreAway, StoreError
from graphgrow.graph.corrections import Corrections, is_structural
from graphgrow.graph.digests import Record, Seal, altered, seal
from graphgrow.graph.events import digest, from_json, sealed
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.indexes import KEEPER
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Event, Relation
from graphgrow.stores import LAST, LONGEST_CLAIM, LONGEST_LEASE, SKEW, GraphStore
from graphgrow.stores.projection import Patch, Projection, Shown, patch
from graphgrow.stores.snapshots import opened
from graphgrow.stores.sqlite_file import WAL, OpenedFile
from graphgrow.stores.sqlite_index import SQLiteIndex
from graphgrow.stores.sqlite_tables import APPLICATION_ID as _APPLICATION_ID
from graphgrow.stores.sqlite_tables import CACHE, DIGESTS, MIGRATIONS, STATE, STRANGE, TYPED, TYPES, UNIQUE

_BUSY_SECONDS = 30.0
_PAUSE = 0.005  # seconds
_PRIMARY = 0xFF  # of an error code of SQLite; the rest gives details
_DAMAGED = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_IOERR))
_LOCKED = frozenset((sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED))
_NO_WRITING = frozenset((sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN))
_PAGE = 200  # rows
_CLAIM, _CLAIMS = "asks ", "name GLOB 'asks *'"  # among the leases
_LAST = "SELECT coalesce(max(seq), 0) FROM event"

_ONLY_READ = "can only be read here: copy it to a folder that can be written"


class _DamagedFile(StoreError):
    """SQLite cannot read a page of the file."""


class SQLiteStore(GraphStore):
    """A graph in one file that other processes may read while one writes; one thread per store object.

    A file that this user can only read is opened for reading, even on read-only media.
    """

    def __init__(self, path: Path, *, create: bool = False, clock: Callable[[], float] = time.time) -> None:
        self.url = f"sqlite:{path}"
        self._path, self._create, self._clock = path, create, clock
        self._db: sqlite3.Connection | None = None  # a new file appears with the first event, and not before
        self._file = OpenedFile(path)
        self._version = 0  # the format of the file
        self._is_read_only = self._has_written = False
        self._copy: TemporaryDirectory[str] | None = None  # a copy of a file that can be read in no other way
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
            last = next((last for (last,) in self._rows(_LAST)), 0)
            if self._is_read_only or not os.access(
                place, os.W_OK, effective_ids=os.access in os.supports_effective_ids
            ):
                raise BadInput(f"cannot write into {place}: name a --store in a folder that is there and writable")
            return int(last)
        decided, corrections = self._decided or (0, Corrections())
        self._decided = None  # forgotten if a commit fails
        with self._transaction() as db:
            (last,) = db.execute(_LAST).fetchone()
            for seq, event in enumerate(events, last + 1):
                if event.seq != seq:
                    raise StaleGraph(f"step {event.seq} cannot follow step {seq - 1}: another writer was first")
            since, head = _digests(db, last)
            rows = []
            for event in events:
                text = sealed(event)
                head = digest(head, text.encode())
                rows.append((event.seq, event.kind, event.at, text, bool(event.delta.changes), head))
            db.executemany(
                "INSERT INTO event (seq, kind, at, payload, decides, digest) VALUES (?, ?, ?, ?, ?, ?)", rows
            )
            db.execute("DELETE FROM seal")
            own = seal(since, last + len(events), head)
            db.execute("INSERT INTO seal VALUES (?, ?, ?)", (own.since, own.seq, own.digest))
            if any(map(is_structural, events)):
                change, graph = patch(self.events(), events)
                _apply(db, change)
                corrections = graph.corrections
            else:
                if decided < last:  # others have written meanwhile
                    decisions = db.execute(
                        "SELECT payload FROM event WHERE decides AND seq > ? AND seq <= ? ORDER BY seq", (decided, last)
                    )
                    for (payload,) in decisions:
                        corrections.take(from_json(payload))
                    corrections.settle()
                concepts: list[tuple[str, str, int]] = []
                types: list[tuple[str, str]] = []
                spellings: list[tuple[str, str]] = []
                relations: dict[tuple[str, str, str], tuple[int, int, int]] = {}
                for event in events:
                    corrections.take(event)
                    seq, delta = event.seq, corrections.delta(event.delta)
                    concepts += [(concept.key, concept.name, seq) for concept in delta.concepts]
                    types += [(kind, key) for key, kind in corrections.types(event.delta).items()]
                    spellings += [(c.key, spelling) for c in delta.concepts for spelling in (c.name, *c.aliases)]
                    spellings += delta.aliases
                    for said in delta.relations:
                        ends = said.relation.source, said.relation.predicate, said.relation.target
                        support, first, _ = relations.get(ends, (0, seq, seq))
                        relations[ends] = support + said.support, first, seq
                # Rows go in as the tables have them, so that many events at once change each page of the file once.
                db.executemany(
                    "INSERT INTO concept VALUES (?, ?, ?, '') ON CONFLICT DO NOTHING",
                    sorted(concepts, key=itemgetter(0)),  # of one key the first counts
                )
                db.executemany("UPDATE concept SET type = ? WHERE key = ? AND type = ''", types)
                db.executemany(
                    "INSERT INTO alias SELECT key, ?2 FROM concept WHERE key = ?1 AND name <> ?2"
                    " ON CONFLICT DO NOTHING",
                    sorted(set(spellings)),
                )
                db.executemany(
                    "INSERT INTO relation VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
                    " SET support = support + excluded.support, last_seq = excluded.last_seq",
                    [(*ends, *relations[ends]) for ends in sorted(relations)],
                )
        self._decided = last + len(events), corrections
        return int(last) + len(events)

    def events(self, since: int = 0) -> Iterator[Event]:
        """Yield the events after seq `since`."""
        for record in self._each(since, ""):
            if record.problem:
                raise altered(str(self._path), record.seq, f"cannot be read ({record.problem})")
            try:
                yield from_json(record.text)
            except BadInput as error:
                raise altered(str(self._path), record.seq, f"cannot be read ({error})") from None

    def graph(self) -> Graph:
        """Return the fold over all events, by the snapshot beside the file where that is one of this log."""

        def digest_at(seq: int) -> str:
            rows = self._rows("SELECT digest FROM event WHERE seq = ?", seq) if self._version >= DIGESTS else iter(())
            return next((str(own or "") for (own,) in rows), "")

        last = next((last for (last,) in self._rows(_LAST)), 0)
        graph = opened(self, Path(f"{self._path}-fold"), digest_at, last, keeps=not self._is_read_only)
        graph.memo[KEEPER] = self
        return graph

    def records(self, since: int = 0) -> Iterator[Record]:
        """Yield the events after seq `since` as they are kept."""
        if self._is_there():
            columns = "CAST(kind AS BLOB), CAST(at AS BLOB), decides, CAST(digest AS BLOB)"
            yield from self._each(since, f", {columns}" if self._version >= DIGESTS else "")

    def seal(self) -> Seal | None:
        """Return how far the log goes and which part its digests cover."""
        if not self._is_there() or self._version < DIGESTS:
            return None
        try:
            rows = list(self._rows("SELECT since, seq, digest FROM seal"))
        except _DamagedFile:  # as `damage` says; the chain of digests speaks for itself
            first = "SELECT min(seq) - 1 FROM event WHERE digest <> ''"
            last = self._rows(f"SELECT ({first}), seq, digest FROM event ORDER BY seq DESC LIMIT 1")  # noqa: S608  # ours
            rows = [(own.since, own.seq, own.digest) for own in (seal(*row) for row in last if None not in row)]
        return Seal(*rows[0]) if rows else None

    def damage(self) -> str:
        """Return what is wrong with the file as a database, "" where nothing is; it costs as much as the file."""
        if not self._is_there():
            return ""
        ((found,),) = self._rows("PRAGMA integrity_check(1)")
        if found != "ok":
            return f"{self._path} is damaged: {' '.join(str(found).split())}"
        tables = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
        with closing(sqlite3.connect(":memory:")) as fresh:
            fresh.executescript("".join(MIGRATIONS[: self._version]))
            ours, theirs = dict(fresh.execute(tables)), dict(self._rows(tables))
            unique = {name for (name,) in fresh.execute(UNIQUE)}
        changed = [f"{name} is no longer made as graphgrow makes it" for name in ours if theirs.get(name) != ours[name]]
        changed += [
            f"its index {clean(str(name))[:40]!r} keeps rows out that graphgrow writes"
            for (name,) in self._rows(UNIQUE)
            if name not in unique
        ]
        changed += [f"it has a step {seq}" for (seq,) in self._rows("SELECT seq FROM event WHERE seq < 1 LIMIT 1")]
        if self._version >= DIGESTS:
            ((seals, identities),) = self._rows("SELECT (SELECT count(*) FROM seal), (SELECT count(*) FROM identity)")
            changed += [f"it has {seals} rows that seal its log, not one"] * (seals > 1)
            if not seals and next(self._rows("SELECT 1 FROM event LIMIT 1"), None):
                changed.append("no step has a digest, as all have that this format was written with")
            changed += [f"it has {identities} rows that say which file it is, not one"] * (identities != 1)
        return f"{self._path} is damaged: {changed[0]}" if changed else ""

    def projection(self) -> Projection:
        """Return the projection tables as they stand."""
        with self.shown() as rows:
            return Projection(rows.seq, dict(rows.concepts), dict(rows.relations))

    @contextmanager
    def shown(self) -> Iterator[Shown]:
        """Yield the projection tables row by row, as they stand."""
        if not self._is_there():
            yield Shown(0, (), ())
            return
        with self._explained(), self._reading():
            ((seq,),) = self._rows(_LAST)
            kind = "type" if self._version >= TYPES else "''"
            spelt = groupby(
                self._rows(
                    f"SELECT concept.key, name, first_seq, {kind}, spelling"  # noqa: S608  # our words
                    " FROM concept LEFT JOIN alias ON alias.key = concept.key ORDER BY concept.key"
                ),
                itemgetter(0, 1, 2, 3),
            )
            concepts = (
                (key, (name, tuple(sorted(str(row[4]) for row in rows if row[4] is not None)), first, kind))
                for (key, name, first, kind), rows in spelt
            )
            relations = (
                (Relation(source, predicate, target), (support, first, last))
                for source, predicate, target, support, first, last in self._rows(
                    "SELECT source, predicate, target, support, first_seq, last_seq FROM relation"
                )
            )
            yield Shown(seq, concepts, relations)

    def lease(self, name: str, holder: str, seconds: float) -> bool:
        """Take or renew a named lease; False while somebody else holds it."""
        now = self._clock()
        with self._transaction() as db:
            taken = db.execute(
                "INSERT INTO lease VALUES (?1, ?2, ?3, ?4)"
                " ON CONFLICT DO UPDATE SET holder = ?2, until = ?3, seconds = ?4"
                " WHERE holder = ?2 OR until <= ?5 OR until > ?5 + min(coalesce(seconds, ?6), ?6) + ?7",
                (name, holder, now + seconds, seconds, now, LONGEST_LEASE, SKEW),
            )
            return taken.rowcount == 1

    def claim(
        self, holder: str, names: Collection[str] = (), seconds: float = 0.0, done: Collection[str] = ()
    ) -> dict[str, str]:
        """Take or renew claims on questions, and return who has which now; none while there is no file."""
        if not self._is_there() or self._db is None:
            return {}
        now = self._clock()
        if names or done:
            self._db.execute("PRAGMA synchronous = NORMAL")  # claims that a power cut takes are no loss
            try:
                with self._transaction() as db:
                    gone = [(_CLAIM + name, holder) for name in done]
                    db.executemany("DELETE FROM lease WHERE name = ? AND holder = ?", gone)
                    db.execute(f"DELETE FROM lease WHERE {_CLAIMS} AND until <= ?", (now,))  # noqa: S608  # our words
                    db.executemany(
                        "INSERT INTO lease VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE"
                        " SET holder = ?2, until = ?3, seconds = ?4"
                        " WHERE holder = ?2 OR until > ?5 + min(coalesce(seconds, ?6), ?6) + ?7",
                        [(_CLAIM + name, holder, now + seconds, seconds, now, LONGEST_CLAIM, SKEW) for name in names],
                    )
            finally:
                with suppress(sqlite3.ProgrammingError):  # it was closed, for its file is gone
                    self._db.execute("PRAGMA synchronous = FULL")
        held = self._rows(
            f"SELECT name, holder FROM lease WHERE {_CLAIMS} AND ?1 < until"  # noqa: S608  # our words
            " AND until <= ?1 + min(coalesce(seconds, ?2), ?2) + ?3", now, LONGEST_CLAIM, SKEW,
        )  # fmt: skip
        return {str(name).removeprefix(_CLAIM): str(owner) for name, owner in held}

    def recall(self, kind: str, keys: Iterable[str]) -> dict[str, bytes]:
        """Return what is kept under the keys."""
        if not self._is_there() or self._version < CACHE:
            return {}
        sql = "SELECT key, value FROM cache WHERE kind = ? AND key IN (SELECT value FROM json_each(?))"
        return dict(self._rows(sql, kind, json.dumps(list(keys))))

    def remember(self, kind: str, values: Mapping[str, bytes]) -> None:
        """Keep results under their keys, where the file is there and can be written."""
        if not self._is_there() or self._is_read_only:
            return
        rows = [(kind, key, value) for key, value in values.items()]
        with suppress(StoreError), self._transaction() as db:
            db.executemany("INSERT INTO cache VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", rows)

    def index(self, above: int) -> SQLiteIndex | None:
        """Return the index beside a file of more than `above` concepts; None where this user cannot keep one."""
        if self._is_read_only:
            return None
        is_larger = next(self._rows("SELECT 1 FROM concept LIMIT 1 OFFSET ?", above), None)
        return SQLiteIndex(self._path) if is_larger else None

    def close(self) -> None:
        """Close the file; the write-ahead log is folded into it.

        Raises StoreError where it is not the file any more that this store has written to.
        """
        has_written, self._has_written = self._has_written, False
        try:
            if has_written and not self._file.is_lost:
                self._file.check(self._db)
        finally:
            if self._db is not None:
                self._db.close()
            if self._copy is not None:
                self._copy.cleanup()

    def _is_there(self) -> bool:
        """Tell whether there is a file, which is then open."""
        self._file.check(None)
        if self._db is None and self._path.exists():
            self._connect()
        return self._db is not None

    def _connect(self) -> sqlite3.Connection:
        """Open the file: a new or older one gets this version's tables; a stranger's, or a later one, is refused."""
        path = self._path
        with self._explained():
            if self._create and not path.exists():
                with suppress(FileExistsError):  # others are told by its mode who may read it
                    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            try:
                self._check_format(db)
                db.execute("PRAGMA cache_size = -65536")  # KiB: a projection is written all over the file
                if self._version < len(MIGRATIONS):
                    self._migrate(db)
                db.execute("PRAGMA synchronous = FULL")
            except sqlite3.OperationalError as error:
                db.close()
                if error.sqlite_errorcode & _PRIMARY not in _NO_WRITING or not path.exists():
                    raise
                db = self._open_for_reading()
            except BaseException:
                db.close()
                raise
            else:
                self._file.opened()
        self._db = db
        return db

    def _check_format(self, db: sqlite3.Connection) -> None:
        path = self._path
        tables, owner, self._version = db.execute(STATE).fetchone()
        if not tables and not self._create:
            raise StoreError(f"{path} is empty: grow a graph into it with  graphgrow grow TOPIC --store {path}")
        if tables and owner != _APPLICATION_ID:
            raise StoreError(f"{path} is a database of another program: name another file")
        if self._version > len(MIGRATIONS):
            raise StoreError(f"{path} was written by a newer graphgrow (format {self._version}): update graphgrow")
        db.execute("PRAGMA trusted_schema = OFF")  # a file of others may hold what runs when it is read or written
        kind, name = db.execute(STRANGE).fetchone() or ("", "")
        if name:
            shown = clean(str(name))[:40]
            raise StoreError(f"{path} has a {kind} {shown!r}, which graphgrow never makes: it could change the log")

    def _migrate(self, db: sqlite3.Connection) -> None:
        """Make the tables of this version, and write them to the file itself, where its identity is looked for."""
        # Unlike all other statements, this does not wait by itself for others that open the file.
        until = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                db.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & _PRIMARY not in _LOCKED or time.monotonic() > until:
                    raise
                time.sleep(_PAUSE)
        db.execute("BEGIN IMMEDIATE")
        try:
            (version,) = db.execute("PRAGMA user_version").fetchone()  # another one may have been faster
            for statement in filter(str.strip, ";".join(MIGRATIONS[version:]).split(";")):
                db.execute(statement)
            if 0 < version < TYPES and db.execute(TYPED).fetchone():  # what the log said of types all along
                with suppress(BadInput, StoreError):  # of a log that cannot be read, whoever reads it says so
                    log = fold(from_json(text) for (text,) in db.execute("SELECT payload FROM event ORDER BY seq"))
                    types = [(one.type, key) for key, one in log.concepts.items() if one.type]
                    db.executemany("UPDATE concept SET type = ? WHERE key = ?", types)
            if version < DIGESTS and (last := db.execute(_LAST).fetchone()[0]) > 0:
                since, head = _digests(db, last)
                own = seal(since, last, head)
                db.execute("INSERT INTO seal VALUES (?, ?, ?)", (own.since, own.seq, own.digest))
            db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")
        db.execute("PRAGMA wal_checkpoint")
        self._version = len(MIGRATIONS)

    def _open_for_reading(self) -> sqlite3.Connection:
        """Open a file that cannot be written, nor its folder: beside a writer, or as one that nothing changes now."""
        path, log = self._path.absolute(), Path(f"{self._path}{WAL}")
        self._is_read_only = True
        uri = f"{path.as_uri()}?mode=ro"
        try:
            db = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            self._check_format(db)
        except sqlite3.OperationalError:
            if log.exists() and log.stat().st_size:  # it is read with a copy of the file, since it cannot be merged
                self._copy = TemporaryDirectory(prefix="graphgrow-")
                copied = Path(self._copy.name) / "graph.db"
                shutil.copyfile(path, copied)
                shutil.copyfile(log, f"{copied}{WAL}")
                uri = copied.as_uri()
            else:
                uri += "&immutable=1"
                self._file.opened()
            db = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            self._check_format(db)
        return db

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit what the block does, or nothing of it; nothing where another file has the name now, or none has."""
        with self._explained():
            self._file.check(self._db)
            db = self._db or self._connect()
            if self._is_read_only:
                raise StoreError(f"{self._path} {_ONLY_READ}")
            try:
                db.execute("BEGIN IMMEDIATE")
                yield db
                self._file.check(db)
                db.execute("COMMIT")
            finally:
                if db.in_transaction:
                    db.execute("ROLLBACK")
            self._has_written = True
            self._file.check(db)  # what was committed to a file being replaced does not count as saved

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Read all of one state of the file, whatever others write meanwhile."""
        db = self._db or self._connect()
        db.execute("BEGIN")
        try:
            yield
        finally:
            if db.in_transaction:
                db.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what SQLite raises into a StoreError of one sentence."""
        path = self._path
        try:
            yield
        except sqlite3.Error as error:
            code, said = getattr(error, "sqlite_errorcode", 0) & _PRIMARY, " ".join(str(error).split())
            if code in _LOCKED:
                raise StoreAway(f"{path} is locked: does another program hold a transaction open?") from None
            if code == sqlite3.SQLITE_NOTADB:
                text = f"{path} is no SQLite database: name another file"
            elif code == sqlite3.SQLITE_READONLY:
                text = f"{path} {_ONLY_READ}"
            elif code == sqlite3.SQLITE_CANTOPEN:
                what = "read" if self._is_read_only else "opened for writing"
                text = f"{path} cannot be {what}: check that its folder is there and what you may do in it"
            elif code in _DAMAGED:
                raise _DamagedFile(f"{path} is damaged ({said[:80]}): see  graphgrow verify {path}") from None
            elif code == sqlite3.SQLITE_FULL:
                text = f"{path} cannot grow ({said}): make room on its disk"
            else:
                text = f"{path}: {said[:200]}"
            raise StoreError(text) from None
        except OSError as error:
            raise StoreError(f"{path} cannot be opened: {error.strerror}") from None

    def _each(self, since: int, columns: str) -> Iterator[Record]:
        """Yield the events after seq `since`; where a page cannot be read, one by one up to the first that cannot."""
        select = f"SELECT seq, CAST(payload AS BLOB){columns} FROM event WHERE seq"  # noqa: S608  # our words
        since = min(since, LAST)
        try:
            for row in self._rows(f"{select} > ? ORDER BY seq", since):
                yield _record(*row)
                since = row[0]
        except _DamagedFile:
            while since < LAST:
                since += 1
                try:
                    rows = list(self._rows(f"{select} = ?", since))
                except _DamagedFile:
                    rows = []
                yield _record(*rows[0]) if rows else Record(since, b"", problem="its page of the file is damaged")
                if not rows:
                    return

    def _rows(self, sql: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query; none while there is no file."""
        if not self._is_there() or self._db is None:
            return
        with self._explained():
            cursor = self._db.execute(sql, values)
            while rows := cursor.fetchmany(_PAGE):
                if self._is_read_only:
                    self._file.check_unchanged()
                yield from rows


def _record(  # as the row stands
    seq: int, text: bytes | None, kind: bytes | None = None, at: bytes = b"", decides: object = 0, own: bytes = b""
) -> Record:
    """Return an event as its row has it."""
    copies: dict[str, object] = {}
    if kind is not None:
        copies = {"kind": kind.decode(errors="replace"), "at": at.decode(errors="replace")}
        copies["decides"] = bool(decides) if decides in {0, 1} else decides
    digest_ = (own or b"").decode(errors="replace")
    return Record(seq, text or b"", digest_, copies, "" if text else "there is nothing of it")


def _digests(db: sqlite3.Connection, last: int) -> tuple[int, str]:
    """Return up to which event digests were added afterwards, which a log without any gets now, and the last one."""
    row = db.execute("SELECT since FROM seal").fetchone()
    if row:
        (head,) = db.execute("SELECT digest FROM event WHERE seq = ?", (last,)).fetchone() or ("",)
        return row[0], head or ""
    head, added = "", []
    for seq, text in db.execute("SELECT seq, CAST(payload AS BLOB) FROM event ORDER BY seq"):
        head = digest(head, text)
        added.append((head, seq))
    db.executemany("UPDATE event SET digest = ? WHERE seq = ?", added)
    return last, head


def _apply(db: sqlite3.Connection, change: Patch) -> None:
    """Change the projection as a patch says."""
    ends = [(r.source, r.predicate, r.target) for r in change.gone_relations]
    db.executemany("DELETE FROM relation WHERE source = ? AND predicate = ? AND target = ?", ends)
    keys = [(key,) for key in (*change.gone_concepts, *change.concepts)]
    db.executemany("DELETE FROM alias WHERE key = ?", keys)
    if change.gone_concepts:  # for each, SQLite checks that no relation ends there; without an index, by all relations
        db.execute("CREATE INDEX relation_target ON relation(target)")
        db.executemany("DELETE FROM concept WHERE key = ?", [(key,) for key in change.gone_concepts])
        db.execute("DROP INDEX relation_target")
    db.executemany(
        "INSERT INTO concept VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE"
        " SET name = excluded.name, first_seq = excluded.first_seq, type = excluded.type",
        [(key, name, first, kind) for key, (name, _, first, kind) in change.concepts.items()],
    )
    spellings = [(key, spelling) for key, (_, spellings, _, _) in change.concepts.items() for spelling in spellings]
    db.executemany("INSERT INTO alias VALUES (?, ?)", spellings)
    db.executemany(
        "INSERT INTO relation VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
        " SET support = excluded.support, first_seq = excluded.first_seq, last_seq = excluded.last_seq",
        [(r.source, r.predicate, r.target, *row) for r, row in change.relations.items()],
    )
