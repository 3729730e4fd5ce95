"""A graph that was opened from a snapshot is the fold of its log, also after what comes later; no file is trusted."""

import json
import multiprocessing
import os
import shutil
import signal
import struct
import sys
from collections.abc import Callable, Iterator, MutableMapping, MutableSequence
from contextlib import closing, suppress
from dataclasses import fields, replace
from hashlib import sha256
from pathlib import Path
from random import Random
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgrow.api import edits
from graphgrow.errors import BadInput
from graphgrow.export import FORMATS, export
from graphgrow.graph import columns, snapshot, tables
from graphgrow.graph.confidence import trusted
from graphgrow.graph.events import read_events
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.indexes import Bag, Components
from graphgrow.graph.model import (
    Concept,
    Delta,
    Edit,
    Event,
    Expansion,
    Qualifiers,
    Quantity,
    Relation,
    Statement,
    Triple,
)
from graphgrow.graph.snapshot import VERSION, load, save
from graphgrow.graph.tables import LayeredSet
from graphgrow.measure.panel import panel
from graphgrow.measure.projection import structure
from graphgrow.policy import open_policy
from graphgrow.stores import snapshots
from graphgrow.stores.projection import project
from graphgrow.stores.sqlite import SQLiteStore
from graphgrow.stores.verifying import verify
from tests.conftest import RECORDED
from tests.fact_checks import fact_check

LOG = list(read_events(RECORDED))[:60]


def plain(value: object) -> object:
    """Return what a field of a graph holds, as values that can be compared; a mapping with its order."""
    if isinstance(value, Bag):
        return list(value.items)
    if isinstance(value, Components):
        return value.sizes, value.largest
    if isinstance(value, LayeredSet):
        return set(value)
    if isinstance(value, MutableSequence):
        return list(value)
    if isinstance(value, MutableMapping):
        return list(value.items())
    if hasattr(value, "__dict__"):
        return {
            name: sorted(part.items(), key=str) if hasattr(part, "items") else part
            for name, part in vars(value).items()
        }
    return value


def assert_same(one: Graph, other: Graph) -> None:
    """Compare two graphs field by field, and what they say of components."""
    for name in (field.name for field in fields(Graph) if field.name not in {"memo", "decisions"}):
        assert plain(getattr(one, name)) == plain(getattr(other, name)), name
    pairs = zip(one.concepts, list(one.concepts)[1:], strict=False)
    for a, b in pairs:
        assert (one.components.find(a) == one.components.find(b)) == (
            other.components.find(a) == other.components.find(b)
        )


def merged(graph: Graph, rng: Random) -> Edit:
    """Return the edit that makes one of two concepts."""
    return edits.merge(graph, *rng.sample(list(graph.concepts), 2))


def rejected(graph: Graph, rng: Random) -> Edit:
    """Return the edit that takes a concept away."""
    return edits.reject(graph, rng.choice(list(graph.concepts)))


def checked(graph: Graph, rng: Random) -> Event:
    """Return a fact check of a relation."""
    return fact_check(graph.seq + 1, rng.choice(list(graph.relations)), rng.choice([2.0, -2.0, None]))


def renamed(graph: Graph, rng: Random) -> Edit:
    """Return the edit that gives a concept another name."""
    return edits.rename(graph, rng.choice(list(graph.concepts)), f"name {rng.random()}")


def reworded(graph: Graph, rng: Random) -> Edit:
    """Return the edit that gives a relation another predicate, or takes it away."""
    relation = rng.choice(list(graph.relations))
    with suppress(BadInput):  # it has that one
        return edits.retype(graph, relation, rng.choice(["contains", "is a", f"predicate {rng.random()}"]))
    return edits.reject_relation(graph, relation)


def parted(graph: Graph, rng: Random) -> Edit:
    """Return the edit that takes two spellings of one concept apart; another one where none has two."""
    spelt = [one for one in graph.concepts.values() if one.aliases]
    with suppress(BadInput):
        for one in rng.sample(spelt, len(spelt)):
            return edits.apart(graph, one.name, one.aliases[0])
    return renamed(graph, rng)


ACTS: list[Callable[[Graph, Random], Event]] = [merged, rejected, checked, renamed, reworded, parted]


@settings(max_examples=25)
@given(st.lists(st.sampled_from(range(9)), min_size=2, max_size=14), st.integers(0, 13), st.integers(0, 99))
def test_a_snapshot_is_the_fold_wherever_it_was_taken(
    tmp_path_factory: pytest.TempPathFactory, acts: list[int], cut: int, seed: int
) -> None:
    """Replies, merges, rejections, names and fact checks in any order: taken at any event, and going on from there."""
    log, graph, rng = list(LOG[:4]), fold(LOG[:4]), Random(seed)
    replies = iter(LOG[4:])
    for act in acts:
        event = ACTS[act](graph, rng) if act < len(ACTS) else next(replies)
        log.append(event if act < len(ACTS) else renumbered(event, graph.seq + 1))
        graph.apply(log[-1])
    cut = min(4 + cut, len(log))
    path = tmp_path_factory.mktemp("snapshots") / "graph.db-fold"
    opened = load(path, save(log[:cut], path))
    assert opened is not None
    assert_same(opened, fold(log[:cut]))
    for event in log[cut:]:
        ahead = opened.ahead(event)
        opened.apply(event)
        assert list(ahead.relations) == list(opened.relations)
    assert_same(opened, fold(log))


def renumbered(event: Event, seq: int) -> Event:
    """Return an event under another number."""
    return replace(event, seq=seq)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of a graph that has a snapshot, of all but its last events."""
    monkeypatch.setattr(snapshots, "EVENTS", 20)
    path = tmp_path / "graph.db"
    store = SQLiteStore(path, create=True)
    store.append(*LOG[:40])
    assert store.graph().seq == 40
    store.append(*LOG[40:44])
    store.close()
    return path


def test_opening_folds_what_came_since(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a snapshot four of 44 events are read; without one all are, for the same graph; verify reads all."""
    read: list[int] = []
    events = SQLiteStore.events

    def noted(store: SQLiteStore, since: int = 0) -> Iterator[Event]:
        read.append(since)
        return events(store, since)

    monkeypatch.setattr(SQLiteStore, "events", noted)
    assert_same(SQLiteStore(path).graph(), fold(LOG[:44]))
    assert read == [40]
    assert verify(SQLiteStore(path)).problems == []
    Path(f"{path}-fold").unlink()
    assert_same(SQLiteStore(path).graph(), fold(LOG[:44]))
    assert read[-2:] == [0, 44]
    assert Path(f"{path}-fold").exists()


def test_what_grows_while_a_snapshot_is_written_is_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that another process commits meanwhile are in the graph, and a file that was taken over is left alone."""
    Path(f"{path}-fold").unlink()

    def slow(log: Iterator[Event], beside: Path) -> str:
        own = save(log, beside)
        with closing(SQLiteStore(path)) as other:
            other.append(*LOG[44:48])
        return own

    monkeypatch.setattr(snapshots, "save", slow)
    assert_same(SQLiteStore(path).graph(), fold(LOG[:48]))

    def taken_over() -> Iterator[Event]:
        yield from LOG[:20]
        half = Path(f"{path}-fold.new")
        half.unlink()
        half.write_bytes(b"of another")

    assert save(taken_over(), Path(f"{path}-fold")) == ""
    assert Path(f"{path}-fold.new").read_bytes() == b"of another"


def test_what_was_said_is_found_in_any_words(tmp_path: Path) -> None:
    """Names that look like the beginning of a statement, and several statements of one event, are read as they are."""
    names = ['[{"relation":', ',{"relation":{"source":"a"', "\\", '"', "ü中"]
    concepts = tuple(Concept(name, name) for name in names)
    said = [(one, other) for one in names for other in names]
    beside = Qualifiers(why=names[0], quantity=Quantity("3", names[1]))
    statements = tuple(Statement(Relation(a, "p", b), Triple(b, a, names[0]), 2, beside) for a, b in said)
    first = LOG[0]
    assert isinstance(first, Expansion)
    log = [replace(first, delta=Delta(concepts, relations=statements, support=(*statements[3:7], statements[3])))]
    opened = load(tmp_path / "fold", save(log, tmp_path / "fold"))
    assert opened is not None
    assert_same(opened, fold(log))


@pytest.mark.parametrize("harm", ["cut", "bit", "other", "empty", "text", "gone", "digest"])
def test_a_file_that_is_not_what_was_written_counts_for_nothing(path: Path, harm: str, tmp_path: Path) -> None:
    """A file that was cut, altered or put there by somebody, or a log whose event is another: the log is folded."""
    beside = Path(f"{path}-fold")
    data = beside.read_bytes()
    if harm == "cut":
        beside.write_bytes(data[: len(data) // 2])
    elif harm == "bit":
        beside.write_bytes(data[:1000] + bytes([data[1000] ^ 1]) + data[1001:])
    elif harm == "other":  # whole, and of another graph
        save(LOG[:5], beside)
    elif harm in {"empty", "text"}:
        beside.write_bytes(b"" if harm == "empty" else b"cos\nsystem\n(S'echo hello'\ntR." * 99)
    elif harm == "gone":
        beside.unlink()
    else:
        row = {"seq": 40, "event": "0" * 64, "file": save(LOG[:5], beside)}
        SQLiteStore(path).remember(f"snapshot {VERSION}", {"fold": json.dumps(row).encode()})
    assert_same(SQLiteStore(path).graph(), fold(LOG[:44]))


@pytest.mark.parametrize("harm", ["pipe", "zeros", "folder", "short", "list", "deep", "number", "place"])
def test_a_hostile_file_beside_a_log_is_left_aside(path: Path, harm: str) -> None:
    """What its store vouches for, and is no snapshot, or no file, costs nothing but the fold of the log."""
    beside = Path(f"{path}-fold")
    beside.unlink()
    head = struct.Struct("<16sQQ")
    rest = {"list": b"[1]", "deep": b"[" * 200_000, "number": b"1e999"}.get(harm, b"")
    data = head.pack(b"graphgrow fold\0\1", head.size if harm != "place" else 1 << 63, len(rest)) + rest
    if harm == "pipe":
        os.mkfifo(beside)
    elif harm == "zeros":
        beside.symlink_to("/dev/zero")
    elif harm == "folder":
        beside.mkdir()
    else:
        beside.write_bytes(b"short" if harm == "short" else data)
    home = SQLiteStore(path)
    own = list(home.records())[39].digest
    row = {"seq": 40, "event": own, "file": sha256(b"short" if harm == "short" else data).hexdigest()}
    home.remember(f"snapshot {VERSION}", {"fold": json.dumps(row).encode()})
    assert_same(SQLiteStore(path).graph(), fold(LOG[:44]))


@pytest.mark.parametrize(
    "note", ['{"event": "x", "seq": Infinity}', '{"event": "x", "seq": 1e30}', "[" * 200_000, "[]", "5", '{"seq": {}}']
)
def test_a_hostile_note_of_a_snapshot_is_left_aside(path: Path, note: str) -> None:
    """What the store keeps of its snapshot may be anything: the log is folded."""
    SQLiteStore(path).remember(f"snapshot {VERSION}", {"fold": note.encode()})
    assert_same(SQLiteStore(path).graph(), fold(LOG[:44]))


def test_a_snapshot_that_was_never_finished_is_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a file under the other name, as a killed process leaves it, changes nothing and is replaced in its time."""
    Path(f"{path}-fold").unlink()
    half = Path(f"{path}-fold.new")
    half.write_bytes(b"half of it")
    assert_same(SQLiteStore(path).graph(), fold(LOG[:44]))
    assert not Path(f"{path}-fold").exists()
    monkeypatch.setattr("graphgrow.graph.snapshot._ABANDONED", -1.0)
    assert_same(SQLiteStore(path).graph(), fold(LOG[:44]))
    assert Path(f"{path}-fold").exists()
    assert not half.exists()


@pytest.mark.parametrize("policy", ["knowledge", "mix", "bandit", "lookahead", "far_path", "link", "hub"])
def test_what_reads_a_graph_reads_the_same_of_a_snapshot(policy: str, tmp_path: Path) -> None:
    """Questions, the structure, what is trusted and the projection are those of the fold."""
    folded = fold(LOG)
    opened = load(tmp_path / "fold", save(LOG, tmp_path / "fold"))
    assert opened is not None
    chosen = [open_policy(policy).choose(one, one.topic_key, Random(1), 3) for one in (folded, opened)]
    assert chosen[0] == chosen[1] != []
    assert structure(folded).communities == structure(opened).communities
    assert trusted(folded, 0.1) == trusted(opened, 0.1)
    assert project(folded) == project(opened)
    assert folded.igraph().get_edgelist() == opened.igraph().get_edgelist()


@pytest.mark.parametrize("run", ["runs/impact-resistant-materials", "runs/impact-resistant-materials-knowledge"])
def test_a_whole_run_is_measured_and_exported_the_same_of_a_snapshot(run: str, tmp_path: Path) -> None:
    """A snapshot of half a recorded run, the rest folded onto it: the panel and every export are those of the log."""
    log = list(read_events(RECORDED.parent.parent / f"{run}.jsonl.gz"))
    folded = fold(log)
    opened = load(tmp_path / "fold", save(log[: len(log) // 2], tmp_path / "fold"))
    assert opened is not None
    opened.apply_all(log[len(log) // 2 :])
    assert_same(opened, folded)
    assert panel(list(opened.concepts), opened.triples()) == panel(list(folded.concepts), folded.triples())
    for number, ending in enumerate(FORMATS):
        written = [
            [path.read_bytes() for path in export(one, tmp_path / f"{number}{name}{ending}", log)]
            for name, one in (("log", folded), ("snapshot", opened))
        ]
        assert written[0] == written[1], ending


def lines_of_opening(path: Path, last: int = 0) -> tuple[int, int]:
    """Open a graph, and kill -9 at the `last` line where its snapshot is written.

    Return how many lines these are, and which one tells the store that there is a snapshot.
    """
    count, telling, traced = 0, 0, {one.__file__ for one in (columns, snapshot, snapshots, tables)}

    def trace(frame: FrameType, what: str, _: object) -> object:
        nonlocal count, telling
        telling = count if frame.f_code is SQLiteStore.remember.__code__ else telling
        if frame.f_code.co_filename not in traced:
            return None
        count += what == "line"
        if what == "line" and count == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    snapshot._adapter.cache_clear()  # as in a process that has only just begun
    before = sys.gettrace()
    with pytest.MonkeyPatch.context() as patch, closing(SQLiteStore(path)) as store:
        patch.setattr(snapshots, "EVENTS", 1)
        patch.setattr(snapshots, "SHARE", len(LOG))
        patch.setattr(snapshot, "_ABANDONED", -1.0)
        sys.settrace(trace)  # type: ignore[arg-type]  # a function of a frame
        try:
            store.graph()
        finally:
            sys.settrace(before)
    return count, telling


def test_who_is_killed_while_writing_a_snapshot_leaves_the_graph_right(tmp_path: Path) -> None:
    """A process is killed at any line, at one between a new file and that the store knows of it, and after that."""
    path, rng, left = tmp_path / "graph.db", Random(1), list[str]()
    server = multiprocessing.get_context("forkserver")
    server.set_forkserver_preload([__name__])
    with closing(SQLiteStore(path, create=True)) as store:
        store.append(*LOG[:20])
    lines_of_opening(path)
    for number, events in enumerate(range(20, len(LOG), 5)):
        with closing(SQLiteStore(path)) as store:
            store.append(*LOG[events : events + 5])
        (tmp_path / str(events)).mkdir()
        for file in tmp_path.glob("graph.db*"):
            shutil.copy(file, tmp_path / str(events))
        whole, telling = lines_of_opening(tmp_path / str(events) / "graph.db")
        moments = rng.randrange(1, telling), telling - rng.randrange(3), rng.randrange(telling + 3, whole)
        child = server.Process(target=lines_of_opening, args=(path, moments[number % 3]))
        child.start()
        child.join(60)
        assert child.exitcode == -signal.SIGKILL
        with closing(SQLiteStore(path)) as store:  # a log this short is read, and no snapshot of it written
            assert_same(store.graph(), fold(LOG[: events + 5]))
            known = json.loads(store.recall(f"snapshot {VERSION}", ["fold"])["fold"])
        is_known = known["file"] == sha256(Path(f"{path}-fold").read_bytes()).hexdigest()
        left.append("half a file" if Path(f"{path}-fold.new").exists() else "known" if is_known else "not known yet")
    assert set(left) == {"half a file", "known", "not known yet"}
    lines_of_opening(path)
    assert not Path(f"{path}-fold.new").exists()
    opened = load(Path(f"{path}-fold"), sha256(Path(f"{path}-fold").read_bytes()).hexdigest())
    assert opened is not None
    assert_same(opened, fold(LOG))
