"""An altered log: bit flips, edited events, lost pages and lost events, in stores and in run files."""

import gzip
import json
import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from graphgrow.errors import AlteredLog, BadInput, StoreError
from graphgrow.graph import digests
from graphgrow.graph import events as event_lines
from graphgrow.graph.digests import read_records
from graphgrow.graph.events import to_json, write_events
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Event
from graphgrow.stores import open_store
from graphgrow.stores.copying import copy, fork, last_seq
from graphgrow.stores.memory import MemoryStore
from graphgrow.stores.sqlite import SQLiteStore
from graphgrow.stores.sqlite_tables import APPLICATION_ID, DIGESTS, MIGRATIONS
from graphgrow.stores.verifying import Verdict, verify, verify_log
from tests.cli.test_cli import graphgrow
from tests.conftest import chatter, triples
from tests.graph.test_graph import event
from tests.stores.test_stores import Opener, fill, opener, store  # noqa: F401  # fixtures

FLIPS = int(os.environ.get("GRAPHGROW_FLIPS", "60"))
EDITS = int(os.environ.get("GRAPHGROW_EDITS", "40"))
EVENTS = 40


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a graph of forty events, some longer than a page; nobody writes to it."""
    path = tmp_path_factory.mktemp("log") / "log.db"
    long = [triples(*((f"protein {i}", "contains", f"amino acid {i} {j}") for j in range(60))) for i in range(1, 5)]
    with closing(SQLiteStore(path, create=True)) as home:
        fill(home, [*chatter(EVENTS - len(long)), *long])
    return path


def verdict(path: Path) -> Verdict:
    """Return what `verify` says; a file that cannot even be opened has its sentence as the only problem."""
    try:
        with closing(SQLiteStore(path)) as home:
            return verify(home)
    except StoreError as error:
        return Verdict(Graph(), [str(error)], 0, None)


def content(path: Path) -> list[list[object]]:
    """Return all that a file says of its graph."""
    with closing(sqlite3.connect(path)) as db:
        tables = "event", "concept", "alias", "relation", "seal"
        return [list(db.execute(f"SELECT * FROM {table}")) for table in tables]  # noqa: S608  # our words


def change(path: Path, seq: int, edit: Callable[[bytearray], None]) -> None:
    """Change the JSON of an event behind the store's back."""
    with closing(sqlite3.connect(path)) as db, db:
        ((text,),) = db.execute("SELECT CAST(payload AS BLOB) FROM event WHERE seq = ?", (seq,))
        changed = bytearray(text)
        edit(changed)
        db.execute("UPDATE event SET payload = CAST(? AS TEXT) WHERE seq = ?", (bytes(changed), seq))


def test_every_flipped_bit_of_an_event_is_found_where_it_is(log: Path, tmp_path: Path) -> None:
    """Whatever bit of an event is another one, that event is named, in one sentence, with what can be saved."""
    rng, path = random.Random(25), tmp_path / "g.db"
    for _ in range(FLIPS):
        shutil.copy(log, path)
        seq = rng.randrange(EVENTS) + 1

        def flip(text: bytearray) -> None:
            bit = rng.randrange(8 * len(text))
            text[bit // 8] ^= 1 << bit % 8

        change(path, seq, flip)
        found = verdict(path)
        assert found.altered == seq
        (sentence,) = found.problems
        assert f"step {seq} " in sentence
        assert "\n" not in sentence
        assert seq == 1 or sentence.endswith(f"graphgrow copy {path} NEW.db --until {seq - 1}")


def test_every_flipped_bit_of_a_file_that_says_something_is_found(log: Path, tmp_path: Path) -> None:
    """Bits anywhere: what is no sentence is equal, and what is equal says what the file said before."""
    rng, path, raw, before = random.Random(1), tmp_path / "g.db", log.read_bytes(), content(log)
    found_at_all = 0
    for _ in range(FLIPS):
        flipped, bit = bytearray(raw), rng.randrange(8 * len(raw))
        flipped[bit // 8] ^= 1 << bit % 8
        for old in tmp_path.glob("g.db*"):
            old.unlink()
        path.write_bytes(flipped)
        found = verdict(path)
        found_at_all += bool(found.problems)
        assert all("\n" not in sentence for sentence in found.problems)
        assert found.problems or content(path) == before  # a bit where nothing is kept
    assert found_at_all > FLIPS / 2


def edits_of(rng: random.Random) -> Callable[[bytearray], None]:
    """Return a way to say something else in an event's JSON, that is still JSON: a bill, a reply, a name, the time."""

    def edit(text: bytearray) -> None:
        row = json.loads(text)
        leaves = list[tuple[object, object]]()

        def walk(value: object) -> None:
            for key, inner in (
                value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
            ):
                if isinstance(inner, dict | list):
                    walk(inner)
                else:
                    leaves.append((value, key))

        walk(row)
        holder, key = rng.choice(leaves)
        old = holder[key]  # type: ignore[index]
        new = old + " indeed" if isinstance(old, str) else 99_999_999 if not isinstance(old, bool) else not old
        holder[key] = new  # type: ignore[index]
        text[:] = json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode()

    return edit


def test_every_edited_event_is_named(log: Path, tmp_path: Path) -> None:
    """A reply of other words, a bill of 99,999,999 tokens, another time: the event is named, whatever was edited."""
    rng, path = random.Random(7), tmp_path / "g.db"
    for _ in range(EDITS):
        shutil.copy(log, path)
        seq = rng.randrange(EVENTS) + 1
        change(path, seq, edits_of(rng))
        assert verdict(path).altered == seq
    shutil.copy(log, path)
    change(path, 9, edits_of(rng))
    said = graphgrow("verify", "g.db", cwd=tmp_path, code=1).stderr
    assert said.startswith("graphgrow: g.db is damaged: step 9 is not what was written; the steps before it can be")
    document = json.loads(graphgrow("verify", "g.db", "--json", cwd=tmp_path, code=1).stdout)
    assert (document["equal"], document["altered"]) == (False, 9)


@pytest.mark.parametrize(
    ("statement", "seq", "words"),
    {
        "event": ("DELETE FROM event WHERE seq = 7", 7, "is missing"),
        "end": ("DELETE FROM event WHERE seq > 30", 31, "is missing"),
        "digest": ("UPDATE event SET digest = NULL WHERE seq = 5", 5, "has lost its digest"),
        "time": ("UPDATE event SET at = 'later' WHERE seq = 5", 5, "another 'at'"),
        "mark": ("UPDATE event SET decides = 1 WHERE seq = 5", 5, "another 'decides'"),
        "two": ("UPDATE event SET payload = (SELECT payload FROM event WHERE seq = 4) WHERE seq = 5", 5, "not what"),
        "seal": ("DELETE FROM seal", 1, "what seals the log is missing"),
        "since": ("UPDATE seal SET since = 40", 0, "what seals its log"),
    }.values(),
)
def test_what_else_is_kept_of_an_event_is_checked_too(
    log: Path, tmp_path: Path, statement: str, seq: int, words: str
) -> None:
    """Lost and swapped events, lost digests, and what stands beside the JSON."""
    path = tmp_path / "g.db"
    shutil.copy(log, path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute(statement)
        db.commit()
    found = verdict(path)
    assert found.altered == seq
    assert words in found.problems[0]


def pages_of(path: Path, seq: int) -> list[int]:
    """Return the pages of a file that hold an event, in the order of the file: those with a piece of its JSON."""
    with closing(sqlite3.connect(path)) as db:
        (size,) = db.execute("PRAGMA page_size").fetchone()
        ((text,),) = db.execute("SELECT CAST(payload AS BLOB) FROM event WHERE seq = ?", (seq,))
    raw = path.read_bytes()
    return [n for n in range(len(raw) // size) if text[200:260] in raw[n * size : (n + 1) * size]]


@pytest.mark.parametrize("seq", [3, 20, EVENTS])
def test_a_zeroed_page_is_one_sentence_and_what_comes_before_is_saved(log: Path, tmp_path: Path, seq: int) -> None:
    """The first event of the page is named by every command, and the steps before it are copied."""
    path = tmp_path / "g.db"
    shutil.copy(log, path)
    (page, *_) = pages_of(path, seq)
    with path.open("r+b") as file:
        file.seek(4096 * page)
        file.write(bytes(4096))
    first = verdict(path).altered
    assert 0 < first <= seq
    for words in (("verify",), ("show",), ("measure",), ("log",), ("copy", "all.db")):
        said = graphgrow(words[0], "g.db", *words[1:], cwd=tmp_path, code=1).stderr
        assert f"step {first} cannot be read" in said or ("is damaged" in said and first == 1)
    if first > 1:
        done = graphgrow("copy", "g.db", "saved.db", "--until", str(first - 1), cwd=tmp_path)
        assert done.stdout.startswith(f"{first - 1} step")
        assert graphgrow("verify", "saved.db", cwd=tmp_path).stdout.startswith(f"equal: {first - 1} step")
        assert graphgrow("fork", "g.db", "fork.db", "--at", str(first - 1), cwd=tmp_path).stdout


def test_a_zeroed_page_that_holds_no_event_loses_none(log: Path, tmp_path: Path) -> None:
    """Whatever SQLite keeps there: it is said that the file is damaged, and that all of its log can be saved."""
    with closing(sqlite3.connect(log)) as db:
        roots = dict(db.execute("SELECT name, rootpage FROM sqlite_master WHERE rootpage > 0 AND name <> 'event'"))
    whole, count = log.read_bytes(), EVENTS
    assert {"seal", "identity", "concept", "relation", "event_decides"} <= roots.keys()
    for name, page in roots.items():
        path = tmp_path / f"{name}.db"
        path.write_bytes(whole[: 4096 * (page - 1)] + bytes(4096) + whole[4096 * page :])
        with closing(SQLiteStore(path)) as damaged, closing(SQLiteStore(tmp_path / f"{name}2.db", create=True)) as new:
            (problem,) = verify(damaged).problems
            assert f"{path.name} is damaged: " in problem
            assert f"All {count} steps of its log can be read" in problem
            assert copy(damaged, new) == count
            assert verify(new).problems == []


def test_a_broken_event_is_named_by_its_own_number(log: Path, tmp_path: Path) -> None:
    """Not JSON any more, no UTF-8, nothing at all: every command that reads the log names that event."""
    for broken in (b"{", b"\xff\xfe", b"", b'{"seq": 9}'):
        path = tmp_path / "g.db"
        shutil.copy(log, path)

        def replace(text: bytearray, broken: bytes = broken) -> None:
            text[:] = broken

        change(path, 23, replace)
        for command in ("show", "verify", "log"):
            assert "is damaged: step 23 " in graphgrow(command, "g.db", cwd=tmp_path, code=1).stderr


@pytest.fixture
def events(log: Path) -> list[Event]:
    """Return the events of the log."""
    with closing(SQLiteStore(log)) as home:
        return list(home.events())


def test_copies_and_forks_have_the_digests_of_their_source(store: MemoryStore, log: Path, events: list[Event]) -> None:  # noqa: F811
    """In every kind of store, at once and in parts; `verify` finds nothing, and the seal is the same."""
    with closing(SQLiteStore(log)) as home:
        assert fork(home, store, 12) == 12
        part = [(one.seq, one.text, one.digest) for one in store.records()]
        assert part == [(one.seq, one.text, one.digest) for one in home.records()][:12]
        assert verify(store).problems == []
        assert copy(home, store, 15) == 3
        assert copy(home, store) == EVENTS - 15
        assert store.seal() == home.seal()
        found = verify(store)
        assert (found.problems, found.altered, found.silence) == ([], 0, "")
        assert list(store.events()) == events


def test_a_copy_of_an_altered_log_is_refused(log: Path, tmp_path: Path) -> None:
    """Else the copy would vouch for it; what comes before the altered event is copied."""
    path = tmp_path / "g.db"
    shutil.copy(log, path)
    change(path, 11, edits_of(random.Random(3)))
    with closing(SQLiteStore(path)) as home, closing(MemoryStore()) as other, closing(MemoryStore()) as third:
        with pytest.raises(AlteredLog, match="step 11 is not what was written") as refused:
            copy(home, other)
        assert refused.value.seq == 11
        with pytest.raises(AlteredLog):
            fork(home, third, 11)
        assert copy(home, other, 10) in {0, 10}
        assert verify(other).problems == []
        assert other.graph().seq == 10


def test_a_store_that_has_lost_its_digests_gets_others_with_its_next_event(log: Path, tmp_path: Path) -> None:
    """Before that nothing can be told, which is a problem; then `verify` says from where on it can speak."""
    path = tmp_path / "g.db"
    shutil.copy(log, path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM seal")
        db.execute("UPDATE event SET digest = NULL")
    said = graphgrow("verify", "g.db", cwd=tmp_path, code=1).stdout
    assert "no step has a digest" in said
    assert "no digests yet" in said
    with closing(SQLiteStore(path)) as home:
        graph = home.graph()
        home.append(event(graph, triples(("silk", "contains", "water"))))
    said = graphgrow("verify", "g.db", cwd=tmp_path).stdout
    assert said.startswith(f"equal: {EVENTS + 1} steps")
    assert f"added when step {EVENTS + 1} was written" in said
    change(path, 2, edits_of(random.Random(1)))
    assert verdict(path).altered == 2


def test_neo4j_tells_an_altered_event_and_an_older_graph(neo4j_graph: str, log: Path) -> None:
    """The same on a server: an edited payload, a lost event, a log from before there were digests."""
    from graphgrow.stores.neo4j import Neo4jStore

    with closing(SQLiteStore(log)) as home, closing(open_store(neo4j_graph, create=True)) as server:
        copy(home, server, 9)
        assert isinstance(server, Neo4jStore)

        def run(query: str) -> None:
            server._query(query, lambda result: result.consume())

        event_5 = "MATCH (e:Event {graph: $graph, seq: 5})"
        run(event_5 + " SET e.kept = e.payload, e.payload = replace(e.payload, 'protein', 'Protein')")
        assert verify(server).altered == 5
        run(event_5 + " SET e.payload = e.kept, e.at = 'later'")
        assert verify(server).altered == 5
        run(event_5 + " SET e.at = ''")
        assert verify(server).problems == []
        run("MATCH (g:Graph {name: $graph}) REMOVE g.digests_since, g.seal SET g.format = 1")
        run("MATCH (e:Event {graph: $graph}) REMOVE e.digest")
        assert "no digests yet" in verify(server).silence
        copy(home, server, 12)
        found = verify(server)
        assert (found.problems, found.altered) == ([], 0)
        assert "added when step 10 was written" in found.silence
        run("MATCH (e:Event {graph: $graph, seq: 3}) DETACH DELETE e")
        assert verify(server).altered == 3


def flipped(raw: bytes, rng: random.Random) -> tuple[bytes, int]:
    """Return text with another bit somewhere, and the line that it is in."""
    changed, bit = bytearray(raw), rng.randrange(8 * len(raw))
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed), raw.count(b"\n", 0, bit // 8) + 1


def test_run_files_tell_the_altered_line(tmp_path: Path, events: list[Event]) -> None:
    """Every bit of a run file counts; a line that is lost or twice there is named, and the rest is saved."""
    path, rng = tmp_path / "run.jsonl", random.Random(3)
    write_events(path, events)
    raw = path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert graphgrow("verify", "run.jsonl", cwd=tmp_path).stdout.startswith(f"equal: {EVENTS} steps")
    for _ in range(FLIPS):
        changed, line = flipped(raw, rng)
        path.write_bytes(changed)
        found = verify_log("run.jsonl", *read_records(path))
        assert found.altered in {line, line + 1} if changed.count(b"\n") < raw.count(b"\n") else found.altered == line
    lines = raw.splitlines(keepends=True)
    for changed_lines, seq in ((lines[:6] + lines[7:], 7), (lines[:9] + lines[8:], 10), (lines[1:], 1)):
        path.write_bytes(b"".join(changed_lines))
        assert f"step {seq} " in graphgrow("verify", "run.jsonl", cwd=tmp_path, code=1).stderr
    path.write_bytes(b"".join(lines[:6] + lines[7:]))
    assert graphgrow("copy", "run.jsonl", "g.db", "--until", "6", cwd=tmp_path).stdout.startswith("6 steps")
    assert graphgrow("verify", "g.db", cwd=tmp_path).stdout.startswith("equal: 6 steps")
    path.write_bytes(raw[: len(raw) // 2])
    assert "is damaged: step 37 " in graphgrow("verify", "run.jsonl", cwd=tmp_path, code=1).stderr


def test_older_run_files_are_what_they_were(tmp_path: Path, events: list[Event]) -> None:
    """A file without digests replays to the same log, and `verify` says that it cannot tell."""
    write_events(tmp_path / "new.jsonl.gz", events)
    (tmp_path / "old.jsonl").write_text("".join(to_json(one) + "\n" for one in events), encoding="utf-8")
    for name in ("new.jsonl.gz", "old.jsonl"):
        graphgrow("replay", name, "--store", f"{name}.db", cwd=tmp_path)
    with (
        closing(SQLiteStore(tmp_path / "new.jsonl.gz.db")) as one,
        closing(SQLiteStore(tmp_path / "old.jsonl.db")) as two,
    ):
        assert [one.text for one in one.records()] == [two.text for two in two.records()]
    said = graphgrow("verify", "old.jsonl", cwd=tmp_path).stdout
    assert said.startswith(f"readable: {EVENTS} steps")
    assert "no digests" in said
    assert graphgrow("verify", "new.jsonl.gz", cwd=tmp_path).stdout.startswith("equal")
    (tmp_path / "new.jsonl.gz").write_bytes((tmp_path / "new.jsonl.gz").read_bytes()[:-300])
    assert "is damaged: step " in graphgrow("verify", "new.jsonl.gz", cwd=tmp_path, code=1).stderr


def test_a_pipe_is_no_run_file(tmp_path: Path) -> None:
    """What can be read once is refused in a sentence, and not waited for without end."""
    os.mkfifo(tmp_path / "pipe.jsonl")
    assert "is no file on disk" in graphgrow("verify", "pipe.jsonl", cwd=tmp_path, code=1).stderr


@pytest.mark.parametrize("seq", [EVENTS + 2, (1 << 62) + 1, (1 << 63) - 1])
def test_an_event_of_any_number_is_one_that_follows_none(log: Path, tmp_path: Path, seq: int) -> None:
    """Also the greatest number that a row can have is read, and looked past, without a traceback."""
    path = tmp_path / "g.db"
    shutil.copy(log, path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE event SET seq = ? WHERE seq = ?", (seq, EVENTS))
    assert verdict(path).altered == EVENTS
    with closing(SQLiteStore(path)) as home:
        assert last_seq(home) <= seq
        assert list(home.records(1 << 70)) == []
        with pytest.raises(BadInput, match="has no step"):
            fork(home, MemoryStore(), 1 << 70)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("INSERT INTO event SELECT 0, kind, at, payload, decides, digest FROM event WHERE seq = 1", "a step 0"),
        ("INSERT INTO event SELECT -7, kind, at, payload, decides, digest FROM event WHERE seq = 1", "a step -7"),
        ("INSERT INTO seal SELECT * FROM seal", "2 rows that seal"),
        ("DELETE FROM identity", "0 rows that say which file"),
        ("INSERT INTO identity VALUES ('another')", "2 rows that say which file"),
        ("CREATE UNIQUE INDEX mine ON event(at, seq)", "its index 'mine'"),
        ("CREATE UNIQUE INDEX mine ON Relation(source, target)", "its index 'mine'"),
    ],
)
def test_rows_and_indexes_that_graphgrow_never_makes_are_damage(log: Path, tmp_path: Path, sql: str, said: str) -> None:
    """What stands beside the log without changing it is told too; an index that keeps nothing out is anybody's."""
    path = tmp_path / "g.db"
    shutil.copy(log, path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE INDEX theirs ON relation(predicate)")
    assert verdict(path).problems == []
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DROP INDEX theirs")
        db.execute("DELETE FROM relation")
        db.execute("DELETE FROM alias")
        db.execute(sql)
    (problem,) = verdict(path).problems
    assert said in problem


def test_a_run_file_says_what_cannot_be_told_of_it(tmp_path: Path, events: list[Event]) -> None:
    """Lines cut from its end leave a whole file, so `verify` does not keep that to itself."""
    write_events(tmp_path / "run.jsonl", events[:-5])
    said = graphgrow("verify", "run.jsonl", cwd=tmp_path).stdout
    assert said.startswith(f"equal: {EVENTS - 5} steps")
    assert "whether steps are missing at its end" in said


@pytest.mark.parametrize("name", ["run.jsonl", "run.jsonl.gz"])
def test_a_line_without_end_is_not_held(
    tmp_path: Path, events: list[Event], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line of gigabytes, which a small archive may hold, is refused before it is read as a whole."""
    for module in (digests, event_lines):
        monkeypatch.setattr(module, "LONGEST_LINE", 20_000)
    path = tmp_path / name
    write_events(path, events[:3])
    with gzip.open(path, "ab") if name.endswith(".gz") else path.open("ab") as file:
        file.write(b"x" * 20_001)
    found = verify_log(name, *read_records(path))
    assert found.altered == 4
    assert "longer than 20,000 bytes" in found.problems[0]
    with pytest.raises(BadInput, match="line 4 is longer than 20,000"):
        list(event_lines.read_events(path))


def test_a_store_from_before_digests_gets_them_when_it_is_opened(tmp_path: Path, events: list[Event]) -> None:
    """From then on what is altered is told, also before the next event; `verify` says what it cannot speak of."""
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript("".join(MIGRATIONS[: DIGESTS - 1]))
        rows = [(one.seq, one.kind, one.at, to_json(one)) for one in events[:3]]
        db.executemany("INSERT INTO event (seq, kind, at, payload) VALUES (?, ?, ?, ?)", rows)
        db.executescript(f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {DIGESTS - 1}")
    with closing(SQLiteStore(path)) as home:
        found = verify_log("old.db", home.records(), home.seal())
        assert not found.problems
        assert "added after step 3" in found.silence
        home.append(event(home.graph(), triples(("silk", "contains", "water"))))
        assert "added when step 4" in verify_log("old.db", home.records(), home.seal()).silence
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE event SET payload = replace(payload, ' ', '  ') WHERE seq = 2")
    assert verdict(path).altered == 2
