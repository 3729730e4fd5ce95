"""One contract over every store."""

import multiprocessing
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from graphgrow.api import edits
from graphgrow.batch.run import FOR_GOOD
from graphgrow.errors import BadInput, StaleGraph, StoreError, without_passwords
from graphgrow.graph.events import to_json
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Change, Concept, Delta, Edit, Event
from graphgrow.growth.engine import BATCH_TERM
from graphgrow.stores import LONGEST_CLAIM, LONGEST_LEASE, GraphStore, open_store, store_url
from graphgrow.stores.copying import copy, fork
from graphgrow.stores.memory import MemoryStore
from graphgrow.stores.neo4j import Neo4jStore
from graphgrow.stores.projection import differences, project
from graphgrow.stores.sqlite import SQLiteStore
from graphgrow.stores.sqlite_tables import APPLICATION_ID, MIGRATIONS
from graphgrow.stores.verifying import verify
from tests.conftest import chatter, fact_checked, triples
from tests.graph.test_graph import content, event

Clock = Callable[[], float]


Opener = Callable[[Clock | None], GraphStore]


@pytest.fixture(params=["memory", "sqlite", "neo4j"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Return what opens an empty store of each kind, with a clock of the test's own."""
    if request.param == "memory":
        return lambda clock: MemoryStore(clock or time.time)
    if request.param == "sqlite":
        return lambda clock: SQLiteStore(tmp_path / "g.db", create=True, clock=clock or time.time)
    place = store_url(request.getfixturevalue("neo4j_graph"))
    return lambda clock: Neo4jStore(place, create=True, clock=clock)


@pytest.fixture
def store(opener: Opener) -> Iterator[GraphStore]:
    """Yield an empty store of each kind."""
    with closing(opener(None)) as home:
        yield home


def fill(store: GraphStore, replies: list[str]) -> Graph:
    """Commit replies one by one and return the graph as the writer sees it."""
    graph = store.graph()
    for reply in replies:
        new = event(graph, reply)
        assert store.append(new) == new.seq
        graph.apply(new)
    return graph


def test_empty_store_holds_an_empty_graph(store: GraphStore) -> None:
    """A new store has no events, no concepts and nothing to disagree about."""
    assert list(store.events()) == []
    assert content(store.graph()) == content(Graph())
    assert differences(project(store.graph()), store.projection()) == []


def test_appending_nothing_adds_nothing(store: GraphStore) -> None:
    """Without an event a store says where its log ends, before and after the first one."""
    assert store.append() == 0
    assert list(store.events()) == []
    fill(store, chatter(2))
    assert store.append() == 2


def test_log_and_projection_agree_after_every_event(store: GraphStore) -> None:
    """What is appended comes back, folds to the writer's graph, and is what the projection shows."""
    graph = store.graph()
    for reply in [*chatter(5), "nonsense", triples(("Spider Silks", "includes", "Protein 1"), ("bone", "is", "bone"))]:
        new = event(graph, reply)
        store.append(new)
        graph.apply(new)
        assert differences(project(graph), store.projection()) == []
    assert content(store.graph()) == content(graph)
    assert [e.seq for e in store.events(since=4)] == [5, 6, 7]


def test_many_events_at_once_leave_what_they_leave_one_by_one(opener: Opener, tmp_path: Path) -> None:
    """What is shown does not depend on how many events a transaction has: names, spellings, types, merges, support."""
    graph, log = Graph(), list[Event]()
    for reply in [*chatter(3), *chatter(2)]:
        log.append(event(graph, reply))
        graph.apply(log[-1])
    said = log[0].delta.relations[0]
    first, twin = Concept("zebra", "Zebra", ("zebras",)), Concept("aa zebra", "AA Zebra", ("a.a. zebra",), "Animal")
    merge = Change("merge", (twin.key, first.key))
    for delta in (
        Delta((first,)),
        Delta((twin,), aliases=((said.relation.target, "another word"),), changes=(merge,)),
        Delta((replace(first, type="Horse"),), support=(replace(said, support=3), said)),
        Delta(support=(said,)),
    ):
        log.append(Edit(len(log) + 1, "add", delta))
    with closing(opener(None)) as one, closing(SQLiteStore(tmp_path / "at-once.db", create=True)) as other:
        for single in log:
            one.append(single)
        other.append(*log)
        assert one.projection() == other.projection() == project(fold(log))
        for store in (one, other):
            with store.shown() as rows:
                assert rows.is_of(fold(log))


def test_stale_event_is_refused_and_leaves_no_trace(store: GraphStore) -> None:
    """A writer that has not seen the newest event is told so, and nothing of its event is kept."""
    late = event(Graph(), triples(("bone", "contains", "collagen")))
    fill(store, chatter(2))
    before = store.projection()
    with pytest.raises(StaleGraph, match="step 1 cannot follow step 2"):
        store.append(late)
    assert store.projection() == before


def test_many_events_are_committed_all_or_none(store: GraphStore) -> None:
    """One bad event in a batch keeps the whole batch out."""
    graph, batch = Graph(), list[Event]()
    for reply in chatter(3):
        batch.append(event(graph, reply))
        graph.apply(batch[-1])
    with pytest.raises(StaleGraph):
        store.append(*batch, batch[0])
    assert list(store.events()) == []
    assert store.append(*batch) == 3
    assert content(store.graph()) == content(graph)


def test_imported_graph_is_an_event_like_any_other(store: GraphStore) -> None:
    """An edit that adds concepts and relations reaches log and projection alike."""
    delta = event(Graph(), chatter(1)[0]).delta
    store.append(Edit(1, "add", delta, "an import"))
    assert len(store.graph().concepts) == 3
    assert differences(project(store.graph()), store.projection()) == []


def test_fact_checks_are_kept_copied_and_forked(store: GraphStore, tmp_path: Path) -> None:
    """Alone, many at once, and after corrections they come back as they were, also from a copy and a fork."""
    graph = fill(store, [*chatter(3), triples(("spider silk", "is a", "fiber"))])
    log = list(store.events())

    def commit(*events: Event) -> None:
        store.append(*events)
        graph.apply_all(events)
        log.extend(events)
        assert differences(project(graph), store.projection()) == []

    first, second, *_ = graph.relations
    commit(fact_checked(graph, first, 2.5))
    ahead = graph.ahead(fact_checked(graph, second, None))
    commit(fact_checked(graph, second, None), fact_checked(ahead, second, -1.0))
    commit(edits.merge(graph, "protein 2", "protein 1"))
    commit(fact_checked(graph, first, 1.5))
    assert list(store.events()) == log
    assert [to_json(event) for event in store.events()] == [to_json(event) for event in log]
    assert store.graph().checks == graph.checks
    assert list(store.graph().unchecked) == list(graph.unchecked)
    with closing(SQLiteStore(tmp_path / "copy.db", create=True)) as other, closing(MemoryStore()) as part:
        assert copy(store, other) == len(log)
        assert list(other.events()) == log
        assert differences(project(graph), other.projection()) == []
        assert fork(store, part, 6) == 6
        assert part.graph().checks == fold(log[:6]).checks != graph.checks


def test_lease_is_held_by_one_until_it_runs_out(opener: Opener) -> None:
    """A lease keeps others out, is renewed by its holder, and is taken over when its time is up."""
    now = [100.0]
    with closing(opener(lambda: now[0])) as home:
        assert home.lease("job", "one", 10)
        assert not home.lease("job", "two", 10)
        assert home.lease("job", "one", 20)
        now[0] += 19
        assert not home.lease("job", "two", 10)
        now[0] += 2
        assert home.lease("job", "two", 10)
        assert home.lease("other job", "one", 10)


def test_a_lease_of_a_clock_that_is_wrong_holds_nothing(opener: Opener) -> None:
    """One that ends later than its own length from now is taken over; a clock that is a little ahead is believed."""
    now = [1e9]
    with closing(opener(lambda: now[0])) as home:
        for ahead, is_held in ((30.0, True), (3600.0, False), (10 * 365 * 86400.0, False)):
            now[0] = 1e9 + ahead
            assert home.lease(f"job {ahead}", "one", 20)
            now[0] = 1e9
            assert home.lease(f"job {ahead}", "two", 20) is not is_held
        assert home.lease("for good", "one", 400 * 86400)
        now[0] += 300 * 86400
        assert not home.lease("for good", "two", 10)


@pytest.mark.parametrize("length", [1e308, 10 * 365 * 86400.0, float("inf")])
def test_a_lease_that_says_it_is_endless_holds_nothing(opener: Opener, length: float) -> None:
    """Nothing is believed of a length that nobody takes, of a lease or of a claim."""
    with closing(opener(lambda: 1e9)) as home:
        home.append(Edit(1, "add", Delta(), "so that there is a file"))
        assert home.lease("job", "one", length)
        assert home.lease("job", "two", 20)
        home.claim("one", ["a"], length)
        assert home.claim("two") == {}
        assert home.claim("two", ["a"], 20) == {"a": "two"}
        assert home.claim("one", ["b"], BATCH_TERM)["b"] == "one"
        assert home.claim("two", ["b"], 20)["b"] == "one"
        assert length > LONGEST_LEASE >= FOR_GOOD
        assert BATCH_TERM <= LONGEST_CLAIM


def test_a_question_is_claimed_by_one_until_it_is_done(opener: Opener) -> None:
    """A claim keeps others out, is renewed and given back by its holder alone, and ends by itself."""
    now = [1e9]
    with closing(opener(lambda: now[0])) as home:
        home.append(Edit(1, "add", Delta(), "so that there is a file"))
        assert home.claim("one", ["a", "b"], 60) == {"a": "one", "b": "one"}
        assert home.claim("two", ["b", "c"], 60) == {"a": "one", "b": "one", "c": "two"}
        assert home.claim("two") == {"a": "one", "b": "one", "c": "two"}
        assert home.claim("two", done=["a", "c"]) == {"a": "one", "b": "one"}
        now[0] += 50
        assert home.claim("one", ["d"], 60, ["a"]) == {"b": "one", "d": "one"}
        assert home.claim("one", ["b"], 20) == {"b": "one", "d": "one"}
        now[0] += 21
        assert home.claim("two", ["b"], 60) == {"b": "two", "d": "one"}
        assert home.claim("one", done=["d"]) == {"b": "two"}
        assert home.claim("two", done=["b"]) == {}
        now[0] += 3600
        assert home.claim("two", ["a"], 60) == {"a": "two"}  # of a clock that was ahead by an hour
        now[0] -= 3600
        assert home.claim("one") == {}
        assert home.claim("one", ["a"], 60) == {"a": "one"}
        assert home.lease("a", "three", 10)  # a lease is no claim
        assert home.claim("three") == {"a": "one"}


def test_results_are_kept_beside_the_log(store: GraphStore) -> None:
    """What was remembered comes back, byte for byte, the newest value of a key; it is no part of log or projection."""
    fill(store, chatter(2))
    before = store.projection()
    store.remember("panel", {"1": b"one", "2": b"two"})
    store.remember("panel", {"2": b"\x00\xff", "it's": b""})
    store.remember("names", {"1": b"other"})
    assert store.recall("panel", ["1", "2", "3", "it's"]) == {"1": b"one", "2": b"\x00\xff", "it's": b""}
    assert store.recall("names", ["1"]) == {"1": b"other"}
    assert store.recall("panel", []) == {}
    assert store.projection() == before
    assert [e.seq for e in store.events()] == [1, 2]


def test_nothing_is_kept_where_nobody_may_write(tmp_path: Path) -> None:
    """A file that may only be read, and one that is not there yet, keep nothing and raise nothing."""
    path = tmp_path / "g.db"
    with closing(SQLiteStore(path, create=True)) as store:
        store.remember("panel", {"1": b"one"})
        assert store.recall("panel", ["1"]) == {}
        assert not path.exists()
        fill(store, chatter(1))
    with closing(SQLiteStore(path)) as store, closing(sqlite3.connect(path)) as other:
        store.graph()
        assert store._db
        store._db.execute("PRAGMA busy_timeout = 10")
        other.execute("BEGIN IMMEDIATE")
        store.remember("panel", {"1": b"one"})
        other.rollback()
        assert store.recall("panel", ["1"]) == {}


def test_older_file_gets_the_newer_tables(tmp_path: Path) -> None:
    """A file of format 1 is brought up to date when it is opened, and its graph stays as it is."""
    path = tmp_path / "g.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(MIGRATIONS[0])
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute("PRAGMA user_version = 1")
        one = event(Graph(), chatter(1)[0])
        db.execute("INSERT INTO event VALUES (1, 'expansion', '', ?)", (to_json(one),))
    with closing(SQLiteStore(path)) as store:
        store.remember("panel", {"1": b"one"})
        assert store.recall("panel", ["1"]) == {"1": b"one"}
        assert [e.seq for e in store.events()] == [1]
        assert store.append(replace(one, seq=2)) == 2


def test_types_are_shown_whoever_says_them_first(store: GraphStore) -> None:
    """Of a name that stands for another as soon as it comes, of one that is merged later, and not twice."""
    store.append(Edit(1, "add", Delta((Concept("ann", "Ann"), Concept("bob", "Bob")))))
    merge = Change("merge", ("annie", "ann"))
    store.append(Edit(2, "add", Delta((Concept("annie", "Annie", type="Person"), Concept("cy", "Cy", type="Cat")),
                                      changes=(merge,))))  # fmt: skip
    store.append(Edit(3, "add", Delta((Concept("ann", "ann", type="Dog"), Concept("bo", "Bo", type="Person")))))
    assert differences(project(store.graph()), store.projection()) == []
    assert {key: row[3] for key, row in store.projection().concepts.items()} == {
        "ann": "Person", "bob": "", "cy": "Cat", "bo": "Person",
    }  # fmt: skip
    store.append(Edit(4, "merge", Delta(changes=(Change("merge", ("bo", "bob")),))))
    assert differences(project(store.graph()), store.projection()) == []
    assert store.projection().concepts["bob"][3] == "Person"


def test_an_older_file_learns_the_types_that_its_log_says(tmp_path: Path) -> None:
    """Of the concept that a typed name was merged into, too; a file of format 4 has no column for them."""
    path = tmp_path / "g.db"
    with closing(SQLiteStore(path, create=True)) as store:
        concepts = (Concept("ann", "Ann"), Concept("bob", "Bob", type="Person"), Concept("dr bob", "Dr Bob"))
        store.append(Edit(1, "add", Delta(concepts)))
        store.append(Edit(2, "merge", Delta(changes=(Change("merge", ("bob", "dr bob")),))))
        new = store.projection()
    assert {key: row[3] for key, row in new.concepts.items()} == {"ann": "", "dr bob": "Person"}
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript("ALTER TABLE concept DROP COLUMN type; PRAGMA user_version = 4")
    with closing(SQLiteStore(path)) as store:
        assert store.projection() == new
        assert store.damage() == ""


def test_verify_finds_a_changed_projection(tmp_path: Path) -> None:
    """A row changed behind the log's back is reported, in both directions."""
    path = tmp_path / "g.db"
    with closing(SQLiteStore(path, create=True)) as store:
        fill(store, chatter(2))
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("UPDATE relation SET support = 7 WHERE target = 'sheet 1'")
            db.execute("INSERT INTO concept (key, name, first_seq) VALUES ('ghost', 'Ghost', 1)")
        found = differences(project(store.graph()), store.projection())
        assert verify(store).problems == found
    assert len(found) == 2
    assert "ghost" in found[0]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE relation SET support = support + 1 WHERE NEWEST",
        "UPDATE relation SET last_seq = 1 WHERE NEWEST",
        "UPDATE concept SET name = 'Other' WHERE NEWEST",
        "UPDATE concept SET first_seq = 1 WHERE NEWEST",
        "UPDATE concept SET type = 'Other' WHERE NEWEST",
        "INSERT INTO alias SELECT key, 'another spelling' FROM concept LIMIT 1",
        "DELETE FROM alias",
        "DELETE FROM relation WHERE NEWEST",
        "DELETE FROM concept WHERE NEWEST",
        "INSERT INTO concept VALUES ('ghost', 'Ghost', 1, '')",
    ],
)
def test_verify_reads_every_row(tmp_path: Path, change: str) -> None:
    """Each column of each table counts, and what is told row by row is what two whole projections tell."""
    path = tmp_path / "g.db"
    spelt = Edit(3, "add", Delta((Concept("zebra", "Zebra", ("zebras",)),)))
    with closing(SQLiteStore(path, create=True)) as store:
        fill(store, chatter(2))
        store.append(spelt)
        assert verify(store).problems == []
        with closing(sqlite3.connect(path)) as db, db:
            db.execute(change.replace("NEWEST", "first_seq = (SELECT max(first_seq) FROM relation)"))
        found = verify(store).problems
        assert found
        assert found == differences(project(store.graph()), store.projection())


def test_a_new_file_appears_with_its_first_event(tmp_path: Path) -> None:
    """A store that was opened and never written leaves no file behind."""
    path = tmp_path / "g.db"
    with closing(SQLiteStore(path, create=True)) as store:
        assert store.graph().seq == store.projection().seq == 0
        assert not path.exists()
        fill(store, chatter(1))
    assert path.exists()


def test_other_processes_read_while_a_run_writes(tmp_path: Path) -> None:
    """A second connection sees whole events only, in the middle of a writer's work."""
    path = tmp_path / "g.db"
    with closing(SQLiteStore(path, create=True)) as writer, closing(SQLiteStore(path, create=True)) as reader:
        graph = Graph()
        for reply in chatter(10):
            new = event(graph, reply)
            writer.append(new)
            graph.apply(new)
            assert differences(project(reader.graph()), reader.projection()) == []


def grow_beside_others(path: Path, name: str) -> None:
    """Append twenty events to a store that others write too, as `grow` does."""
    with closing(SQLiteStore(path, create=True)) as store:
        graph = store.graph()
        done = 0
        while done < 20:
            new = event(graph, triples(("silk", "contains", f"{name} part {done}")))
            try:
                store.append(new)
            except StaleGraph:
                for seen in store.events(graph.seq):
                    graph.apply(seen)
                continue
            graph.apply(new)
            done += 1


def test_a_file_is_opened_while_its_first_event_is_written(tmp_path: Path) -> None:
    """Neither the writer nor those that look meanwhile take a file for a stranger's, or for one that is in use."""

    def look(path: Path, is_written: threading.Event) -> int:
        looks = 0
        while not is_written.is_set() or not looks:
            with closing(SQLiteStore(path, create=True)) as home:
                looks += len(list(home.events())) <= 1
        return looks

    with ThreadPoolExecutor(3) as pool:
        for number in range(100):
            path, is_written = tmp_path / f"{number}.db", threading.Event()
            looking = [pool.submit(look, path, is_written) for _ in range(3)]
            try:
                with closing(SQLiteStore(path, create=True)) as home:
                    fill(home, [triples(("silk", "contains", "fibroin"))])
            finally:
                is_written.set()
            assert all(one.result() for one in looking)


def test_several_processes_grow_one_file(tmp_path: Path) -> None:
    """Four writers at once lose nothing and leave one log without gaps."""
    path = tmp_path / "g.db"
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload([__name__])
    jobs = [server.Process(target=grow_beside_others, args=(path, name)) for name in ("ant", "bee", "cat", "dog")]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(60)
    with closing(SQLiteStore(path)) as store:
        graph = store.graph()
        assert (graph.seq, len(graph.concepts)) == (80, 81)
        assert differences(project(graph), store.projection()) == []


def test_url_names_the_store(tmp_path: Path) -> None:
    """A path, a sqlite: URL and memory: open; anything else is refused with what would be understood."""
    for url in (f"{tmp_path}/a.db", f"sqlite:{tmp_path}/b.db", "memory:"):
        with closing(open_store(url, create=True)) as store:
            fill(store, chatter(1))
    with pytest.raises(BadInput, match=r"unknown store redis:.*sqlite:"):
        open_store("redis://x")
    with pytest.raises(BadInput, match="there is no graph at"):
        open_store(str(tmp_path / "missing.db"))


def test_foreign_files_are_refused_and_left_alone(tmp_path: Path) -> None:
    """Text, another program's database and a file of the future each get their sentence and keep their bytes."""
    text = tmp_path / "text.db"
    text.write_text("not a database at all, just words " * 100)
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE theirs (x)")
    future = tmp_path / "future.db"
    with closing(SQLiteStore(future, create=True)) as store:
        fill(store, chatter(1))
    with closing(sqlite3.connect(future)) as db:
        db.execute("PRAGMA user_version = 99")
    for path, words in ((text, "no SQLite database"), (other, "another program"), (future, "newer graphgrow")):
        before = path.read_bytes()
        with pytest.raises(StoreError, match=words):
            SQLiteStore(path, create=True)
        assert path.read_bytes() == before


@pytest.mark.parametrize("blank", [" ", "\t", "\u00a0"])
def test_a_blank_in_a_password_shows_no_part_of_it(blank: str) -> None:
    """The address is refused, and where one stands in a sentence all up to its server is left out."""
    url = f"neo4j://neo4j:sec{blank}ret1@127.0.0.1:1"
    with pytest.raises(BadInput, match="no blanks") as error:
        store_url(url)
    assert "sec" not in str(error.value)
    assert "ret1" not in without_passwords(f"cannot reach {url} today")
