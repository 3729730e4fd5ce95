"""The index of a large graph: what it answers is what the fold of the log says, whatever was done to log and file."""

import os
import shutil
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from graphgrow.api import edits
from graphgrow.errors import BadInput, StoreError
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Edit
from graphgrow.resolve.search import search_index
from graphgrow.stores import GraphIndex, GraphStore, open_store
from graphgrow.stores import sqlite_index as module
from graphgrow.stores.copying import copy
from graphgrow.stores.sqlite_index import SQLiteIndex
from tests.conftest import chatter, triples
from tests.graph.test_graph import event
from tests.servers import waited_for
from tests.stores.test_sqlite_file import as_nobody, shelf
from tests.stores.test_stores import fill

__all__ = ["shelf"]  # a fixture

HOSTILE = [
    '"',
    '" OR "a',
    "a* NOT b",
    "NEAR(a b)",
    "^",
    "text:silk",
    "-",
    "AND",
    "'; DROP TABLE mark",
    "(",
    "a:b*",
    "silk*\\",
]


@pytest.fixture(params=["sqlite", "neo4j"])
def store(request: pytest.FixtureRequest, run: GraphStore) -> Iterator[GraphStore]:
    """Yield the recorded run in each kind of store that has an index."""
    if request.param == "sqlite":
        yield run
        return
    with closing(open_store(request.getfixturevalue("neo4j_graph"), create=True)) as server:
        copy(run, server)
        yield server


@pytest.fixture
def graphs(tmp_path: Path) -> Iterator[GraphStore]:
    """Yield a small graph in a file."""
    with closing(open_store(str(tmp_path / "small.db"), create=True)) as found:
        fill(found, chatter(6))
        yield found


def made(store: GraphStore) -> GraphIndex:
    """Return the index of a store, made if it is not there."""
    index = store.index(0)
    assert index
    index.make()
    return index


def made_anew(index: SQLiteIndex) -> None:
    """Wait until an index was made anew in the background, as soon as it may be."""
    index._took = 0.0
    inode = index._path.stat().st_ino
    assert waited_for(lambda: index.refresh() and index._path.stat().st_ino != inode)
    assert waited_for(lambda: index.refresh() and index._db and index._inode != inode)


def check(index: GraphIndex, graph: Graph) -> None:
    """Compare everything that an index answers with a fold of the log."""
    counts = Counter(dict.fromkeys(graph.concepts, 0))
    counts.update(end for one in graph.relations for end in (one.source, one.target))
    assert [one.relations for one in index.concepts(index.hubs(20))] == [n for _, n in counts.most_common(20)]
    keys = list(graph.concepts)
    known = index.concepts(keys)
    assert [(one.key, one.name, one.first_seq, one.type) for one in known] == [
        (key, graph.name(key), graph.introduced[key], graph.concepts[key].type) for key in keys
    ]
    spans = {one: (graph.support(one), held[0].seq, held[-1].seq) for one, held in graph.relations.items()}
    assert index.relations(keys) == spans
    for key in keys[:: max(1, len(keys) // 40)]:
        assert set(index.neighbours(key, 10_000)) == set(graph.neighbours[key])
        assert index.incident(key, 10_000) == {one: spans[one] for one in graph.incident[key]}
        assert index.aliases(key) == sorted(graph.concepts[key].aliases)


def found(index: GraphIndex, graph: Graph) -> None:
    """Check that every concept is found by its name and by each of its other spellings."""
    for key, concept in graph.concepts.items():
        for spelling in (concept.name, *concept.aliases):
            if any(letter.isalnum() for letter in spelling):
                assert key in [one.keys[0] for one in search_index(index, spelling, 50)], spelling


def test_an_index_answers_what_the_fold_says(store: GraphStore) -> None:
    """Counts, hubs, neighbours, relations, spellings and the search are those of the whole graph."""
    graph, index = store.graph(), made(store)
    extent = index.refresh()
    assert extent
    assert (extent.seq, extent.concepts, extent.relations) == (graph.seq, len(graph.concepts), len(graph.relations))
    check(index, graph)
    if isinstance(index, SQLiteIndex):  # a server brings its full text up to date a moment later
        found(index, graph)
    else:
        waited_for(lambda: search_index(index, "carbon fiber"))
    hubs = index.hubs(10)
    assert (
        index.neighbours(hubs[0], 5)
        == sorted(graph.neighbours[hubs[0]], key=lambda key: (-len(graph.incident[key]), key))[:5]
    )
    assert [one.key for one in index.concepts([hubs[3], "no such concept", hubs[1]])] == [hubs[3], hubs[1]]
    assert store.index(len(graph.concepts)) is None
    assert store.index(len(graph.concepts) - 1)


def test_search_prefers_whole_names_then_beginnings_then_hubs(store: GraphStore) -> None:
    """The last word may be unfinished, British spelling finds American names, and nothing is found for nothing."""
    graph, index = store.graph(), made(store)
    waited_for(lambda: search_index(index, "carbon"))
    first = search_index(index, "Carbon Fiber")[0]
    assert (first.name, first.kind, first.links) == (
        graph.name("carbon fiber"),
        "concept",
        len(graph.incident["carbon fiber"]),
    )
    assert "carbon fiber" in [one.keys[0] for one in search_index(index, "carbon fib")]
    assert "carbon fiber" in [one.keys[0] for one in search_index(index, "carbon fibre")]
    assert "carbon fiber" in [one.keys[0] for one in search_index(index, "fiber carbon")]
    assert search_index(index, "zyxwv") == search_index(index, "  ") == []
    ends = [one.name.lower() for one in search_index(index, "impact")]
    begins = [name.startswith("impact") for name in ends]
    assert begins == sorted(begins, reverse=True)
    with pytest.raises(BadInput, match="load the whole graph"):
        search_index(index, "/carb(on|ide)/")
    for text in HOSTILE:
        search_index(index, text)


def test_events_are_taken_in_one_by_one(graphs: GraphStore) -> None:
    """After each further reply the index that is there says what the fold says, and is not made anew for it."""
    index = made(graphs)
    assert isinstance(index, SQLiteIndex)
    inode = index._path.stat().st_ino
    graph = graphs.graph()
    for reply in [*chatter(9)[6:], triples(("Spider Silks", "includes", "Protein 1"), ("bone", "is", "bone"))]:
        graphs.append(new := event(graph, reply))
        graph.apply(new)
        extent = index.refresh()
        assert extent
        assert (extent.seq, extent.concepts, extent.relations) == (graph.seq, len(graph.concepts), len(graph.relations))
        check(index, graph)
        found(index, graph)
    assert index._path.stat().st_ino == inode


@pytest.mark.parametrize(
    "decide",
    [
        lambda graph: edits.merge(graph, "protein 1", "protein 2"),
        lambda graph: edits.reject(graph, "protein 3"),
        lambda graph: edits.rename(graph, "protein 1", "a new name"),
    ],
)
def test_a_decision_shows_at_once_and_the_index_is_made_anew(
    decide: Callable[[Graph], Edit], graphs: GraphStore
) -> None:
    """What a decision takes away is not shown from then on; all else follows as soon as the index is made anew."""
    index = made(graphs)
    assert isinstance(index, SQLiteIndex)
    index._took = 1000.0  # so that it waits
    edit, graph = edits.commit(graphs, decide)
    index.refresh()
    assert {one.key for one in index.concepts([*graph.concepts, "protein 2", "protein 3"])} == set(graph.concepts)
    assert set(index.relations(graph.concepts)) == set(graph.relations)
    made_anew(index)
    check(index, graph)
    found(index, graph)
    _, graph = edits.commit(graphs, lambda now: edits.undo(now, edit, graphs.events))  # and back
    index._took = 1000.0
    index.refresh()
    made_anew(index)
    check(index, graph)


def test_the_index_of_another_log_counts_for_nothing(graphs: GraphStore, tmp_path: Path) -> None:
    """Beside another file, beside a copy that went its own way, cut, overwritten or with a trigger it is made anew."""
    index = made(graphs)
    index.close()
    kept = tmp_path / "small.db-index"
    with closing(open_store(str(tmp_path / "other.db"), create=True)) as other:
        fill(other, chatter(6))
        shutil.copy(kept, tmp_path / "other.db-index")
        own = other.index(0)
        assert own
        assert own.refresh() is None
        own.make()
        check(own, other.graph())
    shutil.copy(tmp_path / "small.db", tmp_path / "twin.db")
    shutil.copy(tmp_path / "small.db-wal", tmp_path / "twin.db-wal")
    graph = graphs.graph()
    graphs.append(event(graph, triples(("one", "leads to", "way"))))
    made(graphs).close()
    with closing(open_store(str(tmp_path / "twin.db"))) as twin:
        twin.append(event(twin.graph(), triples(("another", "leads to", "elsewhere"))))
        shutil.copy(kept, tmp_path / "twin.db-index")
        own = twin.index(0)
        assert own
        assert own.refresh() is None
    whole = kept.read_bytes()
    for content in (b"", b"nonsense" * 1000, whole[:4096], whole[: len(whole) // 2]):
        kept.write_bytes(content)
        index = made(graphs)
        check(index, graphs.graph())
        index.close()
    with closing(sqlite3.connect(kept)) as db:
        db.execute("CREATE TRIGGER t AFTER UPDATE ON mark BEGIN DELETE FROM incoming; END")
        db.commit()
    planted = graphs.index(0)
    assert planted
    assert planted.refresh() is None


def test_what_is_far_behind_is_made_anew(graphs: GraphStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more came since than it is worth taking in one by one, the index has to be made again."""
    index = made(graphs)
    monkeypatch.setattr(module, "EVENTS", 2)
    fill(graphs, chatter(9)[6:])
    assert index.refresh() is None
    index.make()
    check(index, graphs.graph())


def test_two_that_keep_one_index_do_not_disturb_each_other(graphs: GraphStore) -> None:
    """One takes in events, another makes it anew under its feet, both go on with what is there."""
    one, other = made(graphs), made(graphs)
    assert isinstance(other, SQLiteIndex)
    graph = graphs.graph()
    for number, reply in enumerate(chatter(10)[6:]):
        graphs.append(new := event(graph, reply))
        graph.apply(new)
        if number % 2:
            other._make()
        for index in (one, other, one):
            extent = index.refresh()
            assert extent
            assert (extent.seq, extent.relations) == (graph.seq, len(graph.relations))
            check(index, graph)


def test_an_index_may_be_deleted_and_one_left_half_is_no_hindrance(graphs: GraphStore, tmp_path: Path) -> None:
    """Without its file it has to be made; a half-made one is waited for, and abandoned after a while."""
    index = made(graphs)
    kept, half = tmp_path / "small.db-index", tmp_path / "small.db-index.new"
    index.close()
    kept.unlink()
    half.write_bytes(b"half")
    long_ago = time.time() - 10_000
    os.utime(half, (long_ago, long_ago))
    index = made(graphs)
    check(index, graphs.graph())
    index.close()
    kept.unlink()
    half.write_bytes(b"another process writes it")
    another = graphs.index(0)
    assert another
    maker = threading.Thread(target=another.make)
    maker.start()
    time.sleep(0.5)
    assert maker.is_alive()
    assert half.read_bytes() == b"another process writes it"
    half.unlink()
    maker.join(60)
    check(another, graphs.graph())
    another.close()
    with pytest.raises(StoreError, match="closed"):
        another.refresh()


def test_who_can_only_read_a_file_has_no_index(graphs: GraphStore, tmp_path: Path, shelf: Path) -> None:
    """Where nothing can be written beside the graph, the explorer folds its log as before."""
    graphs.close()
    path = Path(shutil.copy(tmp_path / "small.db", shelf / "small.db"))
    path.chmod(0o444)
    shelf.chmod(0o555)
    with as_nobody(), closing(open_store(str(path))) as store:
        assert store.index(0) is None
