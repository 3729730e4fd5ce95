"""The file of a graph: it vanishes, is replaced, can only be read, is locked, is nobody else's to read."""

import os
import re
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from graphgrow.errors import StoreAway, StoreError
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Delta, Edit
from graphgrow.stores import sqlite as sqlite_module
from graphgrow.stores.copying import copy
from graphgrow.stores.outbox import state_folder
from graphgrow.stores.retrying import RetryingStore
from graphgrow.stores.sqlite import SQLiteStore
from graphgrow.stores.verifying import verify
from tests.cli.test_cli import graphgrow
from tests.conftest import chatter, triples
from tests.graph.test_graph import event
from tests.servers import Answer, Asked, completion, serving
from tests.stores.test_stores import fill

NOBODY = 65534


def remove_all(path: Path, _other: Path) -> None:
    """Remove a store with all that SQLite keeps beside it."""
    for one in path.parent.glob(f"{path.name}*"):
        one.unlink()


def remove(path: Path, _other: Path) -> None:
    """Remove the file alone."""
    path.unlink()


def rename(path: Path, _other: Path) -> None:
    """Give the file another name."""
    path.rename(path.with_name("away.db"))


def replace(path: Path, other: Path) -> None:
    """Move another file onto it."""
    os.replace(other, path)  # noqa: PTH105  # what mv does


def copy_over(path: Path, other: Path) -> None:
    """Write the content of another file into it."""
    shutil.copyfile(other, path)


def empty(path: Path, _other: Path) -> None:
    """Cut it to nothing."""
    os.truncate(path, 0)


VANISHINGS = remove_all, remove, rename, replace, copy_over, empty


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Return another graph's file, closed."""
    path = tmp_path / "other.db"
    with closing(SQLiteStore(path, create=True)) as home:
        fill(home, chatter(3))
    return path


@pytest.mark.parametrize("vanish", VANISHINGS)
def test_a_run_whose_file_vanishes_ends_and_keeps_its_replies(
    tmp_path: Path, other: Path, vanish: Callable[[Path, Path], None]
) -> None:
    """Exit code 1, one sentence; the reply waits on disk, and whatever has the name now is as it was put there."""
    path, content = tmp_path / "g.db", other.read_bytes()
    in_place = content if vanish in {replace, copy_over} else b"" if vanish is empty else None

    def script(asked: Asked) -> Answer:
        number = len(endpoint.chats)
        if number == 4:
            vanish(path, other)
        return Answer(completion(triples(("spider silk", "contains", f"protein {number}"))))

    with serving(script) as endpoint:
        words = ["grow", "spider silk", "--base-url", endpoint.base_url, "--llm", "m-1", "--store", str(path)]
        done = graphgrow(*words, "--steps", "9", "--fact-check", "0", cwd=tmp_path, code=1)
        assert len(endpoint.chats) == 4
    sentence = done.stderr.splitlines()[-1]
    assert f"{path} is no longer the file that was opened" in sentence
    folder = state_folder(f"sqlite:{path}")
    assert folder
    assert f"wait in {folder}" in sentence
    assert len(list(folder.rglob("*.json"))) == 1
    beside = [one.name for one in tmp_path.glob("g.db-*")]
    if in_place is None:
        assert not path.exists()
    else:
        assert path.read_bytes() == in_place
        assert beside == []
    if vanish is rename:
        with closing(SQLiteStore(tmp_path / "away.db")) as away:
            assert away.graph().seq == 3
            assert verify(away).problems == []


def lose_log(path: Path) -> None:
    """Remove the write-ahead log alone."""
    path.with_name(f"{path.name}-wal").unlink()


def replace_log(path: Path) -> None:
    """Put an empty file in the place of the write-ahead log."""
    lose_log(path)
    path.with_name(f"{path.name}-wal").touch()


def link(path: Path) -> None:
    """Move the file, and let its name lead to where it is now."""
    path.symlink_to(path.rename(path.with_name("away.db")))


@pytest.mark.parametrize("lose", [lose_log, replace_log, link])
@pytest.mark.parametrize("is_last", [False, True])
def test_a_log_that_is_lost_is_said_and_nothing_with_it(
    tmp_path: Path, lose: Callable[[Path], None], *, is_last: bool
) -> None:
    """SQLite writes on into a removed log and, where a reader has the file open, would never take it into the file."""
    path = tmp_path / "g.db"
    first = SQLiteStore(path, create=True)
    graph = fill(first, chatter(3))
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as reader:
        reader.execute("SELECT count(*) FROM event").fetchall()
        lose(path)
        if not is_last:
            with pytest.raises(StoreError, match=r"g\.db is no longer the file that was opened: .*nothing more is"):
                first.append(event(graph, triples(("silk", "contains", "water"))))
            first.close()
        else:
            with pytest.raises(StoreError, match=r"g\.db is no longer the file that was opened: "):
                first.close()
    with closing(SQLiteStore(path)) as again:
        assert again.graph().seq == 3
        assert verify(again).problems == []


def test_whatever_is_asked_of_a_file_that_vanished_is_a_sentence(tmp_path: Path) -> None:
    """A claim that finds it gone says so, as an append does, and so does what comes after it."""
    path = tmp_path / "g.db"
    with closing(SQLiteStore(path, create=True)) as store:
        fill(store, chatter(1))
        store.claim("me", ["a question"], 60)
        path.rename(tmp_path / "away.db")
        for _ in range(2):
            with pytest.raises(StoreError, match="no longer the file that was opened"):
                store.claim("me", ["another"], 60)
        with pytest.raises(StoreError, match="no longer the file"):
            store.claim("me")


def test_what_is_written_under_the_name_meanwhile_stays(tmp_path: Path) -> None:
    """A new graph that another process is writing under the name keeps all of its events."""
    path = tmp_path / "g.db"
    with closing(SQLiteStore(path, create=True)) as first:
        graph = fill(first, chatter(2))
        remove_all(path, path)
        with closing(SQLiteStore(path, create=True)) as second:
            fill(second, chatter(4))
            for _ in range(2):
                with pytest.raises(StoreError, match="no longer the file that was opened: another file was put"):
                    first.append(event(graph, triples(("silk", "contains", "water"))))
            with pytest.raises(StoreError, match="no longer the file"):
                first.lease("batch", "one", 60)
            with pytest.raises(StoreError, match="no longer the file"):
                list(first.events())
    with closing(SQLiteStore(path)) as second:
        assert second.graph().seq == 4
        assert verify(second).problems == []


def test_checkpoints_of_others_are_no_other_file(tmp_path: Path) -> None:
    """What writers and readers of the same file do to it does not end a run."""
    path = tmp_path / "g.db"
    with closing(SQLiteStore(path, create=True)) as one:
        graph = fill(one, chatter(2))
        for number in range(5):
            with closing(sqlite3.connect(path)) as db:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                db.execute("PRAGMA incremental_vacuum")
            new = event(graph, triples(("silk", "contains", f"water {number}")))
            assert one.append(new) == new.seq
            graph.apply(new)
        assert verify(one).problems == []


@contextmanager
def as_nobody() -> Iterator[None]:
    """Do something as a user who may not do everything, where tests run as one who may."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def shelf() -> Iterator[Path]:
    """Yield a folder that others may look into."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)
        Path(folder).chmod(0o755)


@pytest.mark.parametrize("state", ["closed", "older", "left open", "being written"])
def test_a_file_that_can_only_be_read_is_read(shelf: Path, tmp_path: Path, state: str) -> None:
    """Show, measure, export, verify and copy work where nothing can be written; what would write says so."""
    path = shelf / "g.db"
    home = SQLiteStore(path, create=True)
    fill(home, chatter(4))
    if state in {"closed", "older"}:
        home.close()
    if state == "older":
        with closing(sqlite3.connect(path)) as db:
            db.executescript(
                "ALTER TABLE event DROP COLUMN digest; DROP TABLE seal; DROP TABLE identity;"
                " ALTER TABLE lease DROP COLUMN seconds; ALTER TABLE concept DROP COLUMN type; PRAGMA user_version = 3"
            )
    if state == "left open":  # as by a run that was killed: the events are in the write-ahead log alone
        shutil.copy(path, shelf / "left.db")
        shutil.copy(f"{path}-wal", shelf / "left.db-wal")
        home.close()
        path = shelf / "left.db"
    for one in shelf.iterdir():
        one.chmod(0o444)
    shelf.chmod(0o555)
    tmp_path.chmod(0o777)
    commands = ("show",), ("measure",), ("verify",), ("log",)
    for command in commands:  # what they import may be for the owner's eyes
        graphgrow(*command, str(path), cwd=tmp_path)
    before = {one.name: one.stat().st_mtime_ns for one in shelf.iterdir() if not one.name.endswith("-shm")}
    with as_nobody():
        for command in commands:
            assert graphgrow(*command, str(path), cwd=shelf).stdout
        with closing(SQLiteStore(path)) as read:
            assert read.graph().seq == 4
            assert verify(read).problems == []
            read.remember("panel", {"1": b"one"})
            assert read.recall("panel", ["1"]) == {}
            with pytest.raises(StoreError, match="can only be read here"):
                read.append(event(read.graph(), triples(("silk", "contains", "water"))))
            assert read.graph().seq == 4
        assert "name a --store in a folder" in graphgrow("grow", "--store", str(path), cwd=shelf, code=1).stderr
    assert before == {one.name: one.stat().st_mtime_ns for one in shelf.iterdir() if not one.name.endswith("-shm")}
    home.close()


def test_only_its_owner_may_read_what_may_hold_replies(tmp_path: Path) -> None:
    """A new store with its log, and a copy; a file that is there already keeps the mode that it was given."""
    path = tmp_path / "g.db"
    with closing(SQLiteStore(path, create=True)) as home, closing(SQLiteStore(tmp_path / "c.db", create=True)) as other:
        fill(home, chatter(2))
        copy(home, other)
        assert {one.name: one.stat().st_mode & 0o777 for one in tmp_path.glob("*.db*")} == dict.fromkeys(
            [f"{name}.db{ending}" for name in "gc" for ending in ("", "-wal", "-shm")], 0o600
        )
    path.chmod(0o640)
    with closing(SQLiteStore(path)) as home:
        assert home.graph().seq == 2
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_locked_file_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transaction of another program is like a server that is away: the call is made again until patience ends."""
    monkeypatch.setattr(sqlite_module, "_BUSY_SECONDS", 0.01)
    path = tmp_path / "g.db"
    with closing(SQLiteStore(path, create=True)) as home:
        fill(home, chatter(1))
    with closing(SQLiteStore(path)) as home, closing(sqlite3.connect(path)) as hog:
        graph = home.graph()
        new = event(graph, triples(("silk", "contains", "water")))
        hog.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreAway, match="is locked: does another program"):
            home.append(new)
        waits = list[float]()

        def wait(seconds: float, why: StoreAway) -> None:
            assert "is locked" in str(why)
            waits.append(seconds)
            if len(waits) == 3:
                hog.rollback()

        assert RetryingStore(home, 10, wait).append(new) == 2
        assert waits == [1, 2, 4]
        hog.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreAway):
            RetryingStore(home, 0, wait).append(event(home.graph(), triples(("silk", "contains", "air"))))
        hog.rollback()


def test_digests_cost_little_beside_a_commit(tmp_path: Path) -> None:
    """The check of the file's identity and the digest are a small part of the time of a commit, which goes to disk."""
    with closing(SQLiteStore(tmp_path / "g.db", create=True)) as home:
        graph = fill(home, chatter(3))
        began = time.perf_counter()
        for _ in range(200):
            home._file.check(home._db)
        assert (time.perf_counter() - began) / 200 < 0.002
    assert graph.seq == 3 != Graph().seq


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("CREATE TRIGGER helper AFTER INSERT ON event BEGIN DELETE FROM relation; END", "a trigger 'helper'"),
        ('CREATE TRIGGER "a\u202e\nb" INSTEAD OF INSERT ON seen BEGIN DELETE FROM event; END', "a trigger 'a b'"),
        ("DROP TABLE alias; CREATE VIEW alias AS SELECT key, name AS spelling FROM concept", "a view 'alias'"),
        ("DROP TABLE cache; CREATE VIEW Cache AS SELECT 'panel' AS kind, '1' AS key, x'00' AS value", "a view 'Cache'"),
        (
            (
                "DROP TABLE event; CREATE TABLE event (seq INTEGER PRIMARY KEY, kind TEXT, at TEXT, payload TEXT"
                " GENERATED ALWAYS AS (cast(zeroblob(900000000) AS TEXT)), decides INTEGER, digest TEXT)"
            ),
            "a generated column 'event.payload'",
        ),
        (
            "ALTER TABLE Concept ADD COLUMN more TEXT AS (name || key) VIRTUAL",
            "a generated column 'concept.more'",
        ),
        (
            "DROP TABLE event; CREATE VIRTUAL TABLE event USING fts5(seq, kind, at, payload, decides, digest)",
            "a virtual table 'event'",
        ),
    ],
)
def test_a_file_that_does_something_by_itself_is_refused(sql: str, what: str, tmp_path: Path) -> None:
    """A trigger, and a view in the place of a table, end every command in one sentence; the file stays as it is."""
    path = tmp_path / "g.db"
    with closing(SQLiteStore(path, create=True)) as store:
        store.append(Edit(1, "add", Delta(), "an edit"))
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"CREATE VIEW seen AS SELECT * FROM event; {sql}")  # noqa: S608  # of this test
    before = path.read_bytes()
    for create in (False, True):
        with pytest.raises(StoreError, match=f"has {re.escape(what)}, which graphgrow never makes"):
            SQLiteStore(path, create=create)
    assert path.read_bytes() == before


def test_a_view_of_somebodys_own_does_no_harm(tmp_path: Path) -> None:
    """People may keep queries in the file of a graph."""
    path = tmp_path / "g.db"
    with closing(SQLiteStore(path, create=True)) as store:
        store.append(Edit(1, "add", Delta(), "an edit"))
    with closing(sqlite3.connect(path)) as db:
        db.executescript("CREATE VIEW hubs AS SELECT source, count(*) FROM relation GROUP BY source")
    with closing(SQLiteStore(path)) as store:
        assert store.append(Edit(2, "add", Delta(), "another")) == 2
