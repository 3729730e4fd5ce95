"""Replies on their way: kept before anything else happens, adopted from the dead, left alone with the living."""

import os
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from graphgrow.errors import GraphgrowError, LLMError, StoreAway, StoreError
from graphgrow.graph.model import Answer, Budget, Event, Expansion, Focus, Prompt, Question, Reply
from graphgrow.growth.loop import Growth
from graphgrow.growth.settings import Settings
from graphgrow.llm.clients import Clients, Received
from graphgrow.llm.openai_chat import OpenAIChat
from graphgrow.llm.scripted import Scripted
from graphgrow.policy import open_policy
from graphgrow.stores import outbox as outbox_module
from graphgrow.stores.outbox import Outbox, PendingReply, state_folder
from graphgrow.stores.projection import differences, project
from graphgrow.stores.retrying import RetryingStore
from graphgrow.stores.sqlite import SQLiteStore
from tests.conftest import ROOT, chatter, triples
from tests.processes import LONGEST, finished, started
from tests.servers import PATIENCE, Asked, completion, in_order, serving, waited_for
from tests.servers import Answer as Http


def pending(text: str = "", *, topic: str = "spider silk", seq: int = 0) -> PendingReply:
    """Return a reply on its way."""
    question = Question(Focus("frontier", ("spider silk",), "because"), Prompt("s", "u"))
    return PendingReply(
        topic, seq, question, Answer(Prompt("s", "u"), Reply(text or triples(("silk", "is", "strong fibre"))))
    )


def leave(folder: Path, *pending: PendingReply) -> None:
    """Leave replies behind as a process that died."""
    with Outbox(folder, PendingReply) as outbox:
        for one in pending:
            outbox.keep(one)


def grow(store: SQLiteStore, steps: int, replies: list[str] | None = None, *, unprotected: bool = False) -> Growth:
    """Grow to the end and return the growth."""
    how = replace(settings(steps), unprotected=unprotected)
    growth = Growth("spider silk", store, Scripted(replies or chatter(steps)), how)
    list(growth)
    return growth


def settings(steps: int) -> Settings:
    """Return what a run of so many steps needs."""
    return Settings(open_policy("mix"), Budget(steps=steps))


def test_replies_of_a_dead_run_are_committed_first_and_once(tmp_path: Path) -> None:
    """What a dead run left enters the graph before the first question, costs no step, and leaves nothing behind."""
    with closing(SQLiteStore(tmp_path / "g.db", create=True)) as store:
        folder = state_folder(store.url)
        assert folder
        leave(folder, pending(), pending(triples(("silk", "holds", "water drop"))))
        growth = grow(store, 3)
        assert (growth.adopted, growth.steps, growth.graph.seq) == (2, 3, 5)
        assert "water drop" in growth.graph.concepts
        assert grow(store, 2, chatter(9)[5:]).adopted == 0
    assert not folder.exists()


def test_a_reply_that_reached_the_store_is_not_committed_again(tmp_path: Path) -> None:
    """A process that died between commit and clean-up leaves a reply that the log holds: it is dropped."""
    with closing(SQLiteStore(tmp_path / "g.db", create=True)) as store:
        done = grow(store, 2)
        event = next(e for e in store.events() if e.seq == 2)
        assert isinstance(event, Expansion)
        folder = state_folder(store.url)
        assert folder
        leave(
            folder, PendingReply(event.topic, 1, Question(event.focus, event.prompt), Answer(event.prompt, event.reply))
        )
        again = Growth(None, store, Scripted([]), settings(1))
        with pytest.raises(GraphgrowError):
            list(again)
        assert (again.adopted, store.graph().seq) == (0, done.graph.seq)
    assert not folder.exists()


def test_replies_of_another_graph_wait(tmp_path: Path) -> None:
    """Another topic, or a graph that was longer than this one, is left where it is; so is a file that is damaged."""
    with closing(SQLiteStore(tmp_path / "g.db", create=True)) as store:
        folder = state_folder(store.url)
        assert folder
        leave(folder, pending(topic="bone"), pending(seq=77))
        (run,) = (path for path in folder.iterdir() if path.is_dir())
        (run / "000003.json").write_text("{broken")
        assert grow(store, 1).adopted == 0
    assert len(list(folder.rglob("*.json"))) == 2
    assert len(list(folder.rglob("*.unreadable"))) == 1


def test_replies_of_a_living_run_are_its_own(tmp_path: Path) -> None:
    """While a run is alive nobody adopts what it holds."""
    with Outbox(tmp_path / "outbox", PendingReply) as living:
        living.keep(pending())
        with Outbox(tmp_path / "outbox", PendingReply) as other:
            assert list(other.adopt()) == []
    with Outbox(tmp_path / "outbox", PendingReply) as heir:
        assert [found for _, found in heir.adopt()] == [pending()]


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a safe place for replies no question is asked."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    store = SQLiteStore(tmp_path / "g.db", create=True)
    with closing(store), pytest.raises(StoreError, match="set XDG_STATE_HOME"):
        grow(store, 1)
    assert not (tmp_path / "g.db").exists()


def test_state_folder_follows_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One store has one folder, however its path is written; `memory:` has none."""
    monkeypatch.chdir(tmp_path)
    env = {"XDG_STATE_HOME": "/s"}
    assert state_folder("sqlite:g.db", env) == state_folder(f"sqlite:{tmp_path}/g.db", env)
    assert state_folder("neo4j://a?graph=x", env) != state_folder("neo4j://a?graph=y", env)
    assert state_folder("neo4j://a?graph=x", env) == state_folder("bolt://a:7687?graph=x", env)
    assert state_folder("memory:", env) is None


def length(path: Path) -> int:
    """Return how many events a store holds."""
    with closing(SQLiteStore(path)) as store:
        return store.graph().seq


@pytest.mark.slow
def test_kill_9_of_a_wide_run_loses_no_reply(tmp_path: Path) -> None:
    """One of eight questions is never answered; the seven other replies survive kill -9, those behind it on disk."""
    stuck = iter([True])

    def script(asked: Asked) -> Http:
        if next(stuck, False):
            return Http(completion("late"), delay=600)
        number = len(endpoint.chats)
        return Http(completion(triples(("spider silk", "contains", f"protein {number}"))))

    path = tmp_path / "g.db"
    with closing(SQLiteStore(path, create=True)) as store:
        grow(store, 6)
    with serving(script) as endpoint:
        options = [
            "--base-url",
            endpoint.base_url,
            "--llm",
            "m-1",
            "--store",
            str(path),
            "--width",
            "8",
            "--fact-check",
            "0",
        ]
        command = [sys.executable, "-m", "graphgrow", "grow", "spider silk", *options]
        env = os.environ | {"OPENAI_API_KEY": "none"}
        folder = state_folder(f"sqlite:{path}")
        assert folder
        with started([*command, "--steps", "8"], LONGEST, env=env, cwd=ROOT, stderr=subprocess.DEVNULL):
            assert waited_for(lambda: len(list(folder.rglob("*.json"))) + length(path) >= 6 + 7)
        finished([*command, "--steps", "1"], env=env, cwd=ROOT, check=True, capture_output=True)
    with closing(SQLiteStore(path)) as store:
        graph = store.graph()
        assert graph.seq == 6 + 7 + 1
        assert differences(project(graph), store.projection()) == []


class Fickle:
    """A store that is away for the first calls, by a script."""

    def __init__(self, store: SQLiteStore, failures: int) -> None:
        self.url, self._store, self.failures = store.url, store, failures

    def append(self, *events: Event) -> int:
        """Fail as often as told, then append."""
        if self.failures:
            self.failures -= 1
            raise StoreAway("nobody at home: is it started?")
        return self._store.append(*events)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


def test_patience_backs_off_and_ends(tmp_path: Path) -> None:
    """Pauses double up to a bound; the call succeeds when the store is back, and gives up when the minutes are over."""
    now, pauses = [0.0], list[float]()

    def wait(seconds: float, why: StoreAway) -> None:
        assert "nobody at home" in str(why)
        pauses.append(seconds)
        now[0] += seconds

    with closing(SQLiteStore(tmp_path / "g.db", create=True)) as store:
        back = RetryingStore(Fickle(store, 7), 10, wait, timer=lambda: now[0])  # type: ignore[arg-type]  # the rest by name
        growth = Growth("spider silk", back, Scripted(chatter(1)), settings(1))
        list(growth)
        assert pauses == [1, 2, 4, 8, 16, 30, 30]
        assert store.graph().seq == 1
        gone = RetryingStore(Fickle(store, 99), 1, wait, timer=lambda: now[0])  # type: ignore[arg-type]
        growth = Growth(None, gone, Scripted(chatter(3)[1:]), settings(2))
        with pytest.raises(StoreAway, match="Replies that have arrived wait in"):
            list(growth)
        assert sum(pauses[7:]) == pytest.approx(60)
        assert list(growth.outbox.folder.rglob("*.json")) if growth.outbox.folder else False
        assert grow(store, 1, chatter(5)[4:]).adopted == 1


def test_trouble_with_the_outbox_neither_loses_nor_doubles_a_reply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk without room for the outbox, and a file that cannot be taken away: every reply is there once."""

    def full(self: Outbox[PendingReply], one: PendingReply, name: str = "") -> Path | None:
        raise OSError(28, "No space left on device")

    with closing(SQLiteStore(tmp_path / "g.db", create=True)) as store:
        with monkeypatch.context() as patch:
            patch.setattr(Outbox, "keep", full)
            with pytest.raises(StoreError, match=r"cannot be kept safe in .*No space left.*nothing more is asked"):
                grow(store, 3)
            assert store.graph().seq == 1
            growth = grow(store, 2, chatter(3)[1:], unprotected=True)
            assert growth.graph.seq == 3
            assert "cannot be kept safe" in growth.outbox.problem
        with monkeypatch.context() as patch:
            patch.setattr(Path, "unlink", lambda path: (_ for _ in ()).throw(PermissionError(path)))
            assert grow(store, 2, chatter(9)[5:]).graph.seq == 5
        assert grow(store, 1, chatter(20)[18:]).graph.seq == 6
        replies = [event.reply.text for event in store.events() if isinstance(event, Expansion)]
    assert len(set(replies)) == len(replies) == 6


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Return a switch: as long as it holds anything, what is written takes no more room than there was before."""
    switch, real = list[bool](), outbox_module._write

    def write(path: Path, data: bytes) -> None:
        if switch and len(data) > (path.stat().st_size if path.exists() else 0):
            path.touch()
            raise OSError(28, "No space left on device")
        real(path, data)

    monkeypatch.setattr(outbox_module, "_write", write)
    return switch


def test_a_disk_that_fills_up_loses_no_reply_and_no_question_more_is_paid(
    tmp_path: Path, full_disk: list[bool]
) -> None:
    """Replies under way take the room that was set aside for them, whether the store has room or not."""
    asked = list[int]()

    class Filling(Scripted):
        def ask(self, prompt: Prompt) -> Reply:
            asked.append(1)
            if len(asked) == 3:
                full_disk.append(True)
            return super().ask(prompt)

    class Full(SQLiteStore):
        def append(self, *events: Event) -> int:
            if full_disk and events:
                raise StoreError("g.db cannot grow: make room on its disk")
            return super().append(*events)

    for kind in (SQLiteStore, Full):
        path = tmp_path / f"{kind.__name__}.db"
        asked.clear()
        full_disk.clear()
        with closing(kind(path, create=True)) as store:
            folder = state_folder(store.url)
            assert folder
            growth = Growth("spider silk", store, Filling(chatter(9)), replace(settings(9), width=2))
            with pytest.raises(StoreError, match=r"nothing more is asked|Replies that have arrived wait in"):
                growth.run()
            kept = len(list(folder.rglob("*.json")))
            assert 3 <= len(asked) <= 4  # the fourth was on its way when the disk was found to be full, or was not
            assert store.graph().seq + kept == len(asked)
            assert bool(kept) == (kind is Full)
            full_disk.clear()
            again = grow(store, 1, chatter(20)[18:])
            assert (again.adopted, again.graph.seq) == (kept, len(asked) + 1)
        assert not folder.exists()


def test_a_disk_that_is_full_is_said_before_anything_is_asked(tmp_path: Path, full_disk: list[bool]) -> None:
    """A run that has no room for its first reply pays for none, unless it is told to go on all the same."""
    full_disk.append(True)
    with closing(SQLiteStore(tmp_path / "g.db", create=True)) as store:
        with pytest.raises(StoreError, match="set XDG_STATE_HOME to a folder that can be written and has room"):
            grow(store, 2)
        assert store.graph().seq == 0
        assert grow(store, 2, unprotected=True).graph.seq == 2
    assert not any(one.is_file() for one in tmp_path.rglob("*.room"))


@pytest.mark.parametrize("room", ["again", "no"])
def test_replies_that_are_on_no_disk_are_kept_once_there_is_room_or_said_to_be_lost(
    room: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where neither store nor outbox takes them the last sentence says how many, those still under way among them."""
    keep, tries, together = Outbox.keep, list[PendingReply](), Barrier(3)

    class Together(Scripted):
        def ask(self, prompt: Prompt) -> Reply:
            together.wait(PATIENCE)  # until all three are under way
            return super().ask(prompt)

    def full(self: Outbox[PendingReply], one: PendingReply, name: str = "") -> Path | None:
        tries.append(one)
        if len(tries) > 3 and room == "again":
            return keep(self, one, name)
        raise OSError(28, "No space left on device")

    class Full(SQLiteStore):
        def append(self, *events: Event) -> int:
            if tries:
                raise StoreError("g.db cannot grow")
            return super().append(*events)

    with closing(Full(tmp_path / "g.db", create=True)) as store:
        grow(store, 1)
        growth = Growth("spider silk", store, Together(chatter(9)[1:]), replace(settings(3), width=3))
        words = "wait in" if room == "again" else r"could not be kept in .* either: 3 replies lost"
        with monkeypatch.context() as patch:
            patch.setattr(Outbox, "keep", full)
            with pytest.raises(StoreError, match=words):
                growth.run()
    with closing(SQLiteStore(tmp_path / "g.db")) as whole:
        assert grow(whole, 1, chatter(20)[18:]).adopted == (3 if room == "again" else 0)


def test_what_a_dead_run_left_is_no_litter(tmp_path: Path) -> None:
    """Drafts that hold nothing, and the room that was set aside, go; what holds anything is put aside."""
    leave(tmp_path / "outbox", pending())
    (run,) = (path for path in (tmp_path / "outbox").iterdir() if path.is_dir())
    for name, content in (("000002.draft", b""), ("000003.draft", bytes(900)), ("000004.room", b"x"), ("5.json", b"{")):
        (run / name).write_bytes(content)
    with Outbox(tmp_path / "outbox", PendingReply) as heir:
        for file, _ in heir.adopt():
            file.unlink()
        left = [one for one in (tmp_path / "outbox").rglob("*") if one.is_file() and one.suffix != ".lock"]
        assert [(one.suffix, one.read_bytes()) for one in left] == [(".unreadable", b"{")]


def test_who_asks_about_a_run_that_ends_just_then_leaves_no_litter(tmp_path: Path) -> None:
    """Whoever takes its lock makes that file anew, and takes it away; what a dead run left stays for the next one."""
    (tmp_path / "1-over.lock").touch()
    (tmp_path / "2-dead.lock").touch()
    (tmp_path / "2-dead").mkdir()
    with Outbox(tmp_path, PendingReply) as outbox:
        assert outbox.is_alive(outbox.run)
        assert not outbox.is_alive("1-over")
        assert not outbox.is_alive("2-dead")
        assert not (tmp_path / "1-over.lock").exists()
        assert (tmp_path / "2-dead.lock").exists()


def test_a_break_after_the_commit_does_not_commit_again(tmp_path: Path) -> None:
    """Ctrl-C at the worst moment, when the store has the reply and the run does not know yet."""

    class Broken(SQLiteStore):
        def append(self, *events: Event) -> int:
            super().append(*events)
            raise KeyboardInterrupt

    with closing(Broken(tmp_path / "g.db", create=True)) as store:
        with pytest.raises(KeyboardInterrupt):
            list(Growth("spider silk", store, Scripted(chatter(4)), settings(4)))
        assert store.graph().seq == 1
    with closing(SQLiteStore(tmp_path / "g.db")) as again:
        growth = grow(again, 1, chatter(9)[7:])
        assert (growth.adopted, growth.graph.seq) == (0, 2)


def test_what_a_power_cut_left_half_named_is_adopted(tmp_path: Path) -> None:
    """A complete draft is a reply like any other; half of one is put aside."""
    leave(tmp_path / "outbox", pending(), pending())
    first, second = sorted((tmp_path / "outbox").rglob("*.json"))
    first.rename(first.with_suffix(".draft"))
    second.with_suffix(".draft").write_bytes(second.read_bytes()[:50])
    second.unlink()
    with Outbox(tmp_path / "outbox", PendingReply) as heir:
        assert [found for _, found in heir.adopt()] == [pending()]


def test_a_run_that_starts_is_nobodys_prey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another run takes the lock of a run that is just starting, it starts under another name."""
    real, thieves = outbox_module._take, [True, True]

    def stolen(path: Path) -> object:
        return None if thieves and thieves.pop() else real(path)

    monkeypatch.setattr(outbox_module, "_take", stolen)
    with Outbox(tmp_path / "outbox", PendingReply) as run:
        path = run.keep(pending())
        assert path
        assert path.exists()
        assert list((tmp_path / "outbox").glob("*.lock"))


def test_a_reply_that_outlives_its_run_waits_for_the_next_one(tmp_path: Path) -> None:
    """A thread that is still asking when its run has ended keeps the reply where the next run finds it."""
    with Outbox(tmp_path / "outbox", PendingReply) as ended:
        pass
    assert ended.keep(pending())
    with Outbox(tmp_path / "outbox", PendingReply) as heir:
        assert [one for _, one in heir.adopt()] == [pending()]


def test_an_adopted_reply_is_of_the_topic_as_this_run_spells_it(tmp_path: Path) -> None:
    """A graph has one spelling of its topic."""
    with closing(SQLiteStore(tmp_path / "g.db", create=True)) as store:
        grow(store, 1)
        folder = state_folder(store.url)
        assert folder
        leave(folder, pending(topic="Spider SILK", seq=1))
        assert [event.topic for event in Growth(None, store, Scripted([]), settings(0)) if isinstance(event, Expansion)]
        assert {event.topic for event in store.events() if isinstance(event, Expansion)} == {"spider silk"}


def test_the_same_growth_goes_on_after_it_was_stopped(tmp_path: Path) -> None:
    """Iterating once more adopts what waits, and asks what is left."""
    with closing(SQLiteStore(tmp_path / "g.db", create=True)) as store:
        stops = [True]
        how = replace(settings(2), stop=lambda: stops[0])
        growth = Growth("spider silk", store, Scripted(chatter(2)), how)
        assert growth.run().ending == "interrupted"
        stops[0] = False
        assert (growth.run().ending, growth.steps) == ("steps", 2)


def test_a_reply_is_on_disk_before_any_other_thread_has_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before the thread that asked has been told, a run leaves the reply, whole, to the next one."""
    heard, where = list[str](), state_folder(f"sqlite:{tmp_path / 'g.db'}")
    assert where
    folder = where

    def stuck(self: Clients, *_: object) -> Received:
        real(self, *_)  # type: ignore[arg-type]
        (draft,) = folder.rglob("*.draft")
        heard.append(draft.read_text())
        assert draft.stat().st_mode & 0o077 == 0
        raise LLMError("the process ends here")

    real = Clients._passed  # where the thread that asks waits for the one that reads
    monkeypatch.setattr(Clients, "_passed", stuck)
    answers = in_order(*[Http(completion(text)) for text in chatter(3)])
    with (
        serving(answers) as server,
        closing(SQLiteStore(tmp_path / "g.db", create=True)) as store,
        closing(OpenAIChat("m-1", server.base_url)) as chat,
    ):
        with pytest.raises(LLMError, match="ends here"):
            Growth("spider silk", store, chat, settings(3)).run()
        assert "protein 1" in heard[0]
        assert store.graph().seq == 0
        monkeypatch.setattr(Clients, "_passed", real)
        growth = Growth("spider silk", store, chat, settings(2)).run()
        assert (growth.adopted, growth.graph.seq, len(server.chats)) == (1, 3, 3)
    assert not folder.exists()
