"""Several writers of one graph divide its questions: none is asked twice, and who dies leaves none behind."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from types import SimpleNamespace

import pytest

from graphgrow.api import edits
from graphgrow.errors import StaleGraph
from graphgrow.graph.model import Answer, Budget, Event, Expansion, FactCheck, Prompt, Reply
from graphgrow.growth import engine
from graphgrow.growth.engine import Claims
from graphgrow.growth.loop import Growth
from graphgrow.growth.settings import Chosen, Settings
from graphgrow.llm.simulated.shapes import make_world
from graphgrow.llm.simulated.world import World, WorldSettings
from graphgrow.policy import open_policy
from graphgrow.stores import GraphStore, open_store
from graphgrow.stores.memory import MemoryStore
from graphgrow.stores.outbox import Outbox, PendingReply, state_folder
from graphgrow.stores.projection import differences, project
from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))  # scripts, no package

import writers

WRITERS = 3


class Together(World):
    """A world that answers when all writers have asked, so that all of them ask at the same time."""

    def __init__(self, barrier: Barrier) -> None:
        super().__init__(make_world("communities", 300, 1), WorldSettings(errors=0.2))
        self._barrier = barrier

    def ask(self, prompt: Prompt) -> Reply:
        """Answer after the others were asked too, or when they have had time for it."""
        try:
            self._barrier.wait(0.5)
        except BrokenBarrierError:
            self._barrier.reset()
        return super().ask(prompt)


@pytest.mark.parametrize("checks", [0.0, 0.5])
def test_writers_at_work_at_once_ask_different_questions(checks: float, tmp_path: Path) -> None:
    """From an empty graph on, questions about concepts and whether something is true are asked once each."""
    barrier = Barrier(WRITERS)

    def write(number: int) -> None:
        with closing(open_store(f"sqlite:{tmp_path / 'g.db'}", create=True)) as store:
            world = Together(barrier)
            growth: Growth
            stop = lambda: growth.graph.seq >= 40  # noqa: E731  # of the run that is made with it
            how = Settings(open_policy("knowledge"), Budget(steps=40), width=1 + number, fact_check=checks, stop=stop)
            growth = Growth(world.hidden.topic, store, world, how)
            growth.run()

    with ThreadPoolExecutor(WRITERS) as threads:
        list(threads.map(write, range(WRITERS)))
    with closing(open_store(f"sqlite:{tmp_path / 'g.db'}")) as store:
        log = list(store.events())
        assert differences(project(store.graph()), store.projection()) == []
        assert store.claim("nobody") == {}  # all were given back
    asked = [(one.focus.question, one.repairs) for one in log if isinstance(one, Expansion)]
    checked = [claim.relation for one in log if isinstance(one, FactCheck) for claim in one.claims]
    assert len(asked) == len(set(asked))
    assert len(checked) == len(set(checked))
    assert bool(checked) == bool(checks)
    assert not list(state_folder(store.url).parent.glob(f"{state_folder(store.url).name}/*"))  # type: ignore[union-attr]


def test_processes_divide_the_work_and_one_that_is_killed_leaves_it_to_the_others(tmp_path: Path) -> None:
    """Three processes with one policy and seed ask nothing twice, though one of them is ended by kill -9."""
    found = writers.measure(f"{tmp_path}/g.db", WRITERS, 24, 0.3, kill=True, concepts=300)
    assert found.twice == 0
    assert 24 <= found.events <= found.calls <= found.events + 1  # of the dead one a reply may be on its way
    assert found.differences == 0


def claims(store: GraphStore, run: Outbox[PendingReply]) -> Claims:
    """Return the claims of a run on the graph of a store."""
    return Claims(store, store.graph(), run)


def questions(store: GraphStore, count: int) -> list[Chosen]:
    """Return questions that may be asked next about the graph of a store."""
    growth = Growth(None, store, World(make_world("communities", 100, 1)), Settings(open_policy("bfs"), width=count))
    return [Chosen(focus) for focus in growth.choose()]


def begun(store: GraphStore) -> None:
    """Grow a graph by a few steps."""
    world = World(make_world("communities", 100, 1))
    Growth(world.hidden.topic, store, world, Settings(open_policy("bfs"), Budget(steps=4))).run()


def test_what_a_dead_run_had_claimed_is_asked_by_the_next(tmp_path: Path) -> None:
    """A run whose process ended, with a lock that nobody holds, keeps no question from others for a minute."""
    with closing(open_store(f"sqlite:{tmp_path / 'g.db'}", create=True)) as store:
        begun(store)
        folder, kind = state_folder(store.url), PendingReply
        some = questions(store, 3)
        with Outbox(folder, kind) as own:
            with Outbox(folder, kind) as other:
                living = claims(store, other)
                assert living.take(some) == some
                mine = claims(store, own)
                mine.look()
                assert len(mine.others) == len(some)
                assert mine.free(some, 3) == []
                assert mine.take(some) == []
            mine.look()  # the other has ended without giving anything back
            assert mine.others == frozenset()
            assert mine.take(some) == some


def test_what_a_run_that_dies_meanwhile_had_paid_for_is_committed_by_one_that_goes_on(tmp_path: Path) -> None:
    """Its question is asked by nobody else, and its claim, which is for a day where questions go in files, is gone."""
    with closing(open_store(f"sqlite:{tmp_path / 'g.db'}", create=True)) as store:
        begun(store)
        world, policy = World(make_world("communities", 100, 1)), open_policy("bfs")
        growth = Growth(None, store, world, Settings(policy, Budget(steps=3)))
        events = iter(growth)
        next(events)
        dying = Growth(None, store, world, Settings(policy))
        with Outbox(state_folder(store.url), PendingReply) as other:
            (chosen,) = Claims(store, dying.graph, other, in_files=True).take(questions(store, 1))
            question = dying.render(chosen)
            answer = Answer(question.prompt, world.ask(question.prompt))
            other.keep(PendingReply(dying.topic, dying.graph.seq, question, answer))
        list(events)
        assert (growth.adopted, growth.steps) == (1, 3)
        asked = [one.focus.question for one in store.events() if isinstance(one, Expansion)]
        assert chosen.focus.question in asked
        assert len(asked) == len(set(asked)) == 4 + 1 + 3
        assert store.claim("nobody") == {}


def test_a_run_that_ends_while_a_reply_of_it_waits_on_disk_leaves_its_question_to_nobody(tmp_path: Path) -> None:
    """Who looks next commits the reply first, else the question would be asked and paid for twice."""
    with closing(open_store(f"sqlite:{tmp_path / 'g.db'}", create=True)) as store:
        begun(store)
        folder, world = state_folder(store.url), World(make_world("communities", 100, 1))
        some = questions(store, 2)
        with Outbox(folder, PendingReply) as own:
            mine = claims(store, own)
            with Outbox(folder, PendingReply) as other:
                growth, ending = Growth(None, store, world, Settings(open_policy("bfs"))), claims(store, other)
                chosen, *_ = ending.take(some)
                question = growth.render(chosen)
                other.keep(
                    PendingReply(
                        growth.topic, growth.graph.seq, question, Answer(question.prompt, world.ask(question.prompt))
                    )
                )
                ending.close()
                mine.look()
                assert len(mine.free(some, 2)) == 0
            mine.look()
            assert mine.are_left
            assert len(mine.free(some, 2)) == 0
            with Outbox(folder, PendingReply) as taker:  # which has it in a folder of its own now
                taker.take_over()
                mine.look()
                assert len(mine.free(some, 2)) == 0
                for path, _ in taker.adopt():
                    path.unlink()
            mine.look()
            assert len(mine.free(some, 2)) == 2


def test_what_was_asked_since_a_run_looked_is_not_asked_again() -> None:
    """A claim that was given back with its commit is found in the log by who chose the same before."""
    with closing(MemoryStore()) as store:
        begun(store)
        late = claims(store, Outbox(None, PendingReply))
        world = World(make_world("communities", 100, 1))
        how = Settings(open_policy("bfs"), Budget(steps=1))
        before = questions(store, 1)
        Growth(None, store, world, how).run()
        assert late.take(before) == []
        late.close()
        assert store.claim("nobody") == {}


class Busy(World):
    """A world beside whose answers others write: an edit of theirs is in the log before each is there."""

    def __init__(self, store: GraphStore) -> None:
        super().__init__(make_world("communities", 100, 1))
        self._store = store

    def ask(self, prompt: Prompt) -> Reply:
        """Answer after somebody has written."""
        graph = self._store.graph()
        self._store.append(edits.add(graph, f"theirs {graph.seq}", "is beside", "another"))
        return super().ask(prompt)


class Counting(MemoryStore):
    """A store that counts what it refused for having been written by others."""

    refused = 0

    def append(self, *events: Event) -> int:
        """Commit, or refuse and count it."""
        try:
            return super().append(*events)
        except StaleGraph:
            self.refused += 1
            raise


@pytest.mark.parametrize("have_claims", [True, False])
def test_what_others_wrote_meanwhile_is_taken_in_before_a_reply_is_resolved(have_claims: bool) -> None:  # noqa: FBT001
    """Beside others whose claims are known no reply is resolved for a graph that is gone; unknown ones cost a try."""
    store = Counting()
    begun(store)
    if have_claims:
        store.claim("another machine", ["a question of theirs"], 60)
    Growth(None, store, Busy(store), Settings(open_policy("bfs"), Budget(steps=5))).run()
    assert store.refused == (0 if have_claims else 5)
    log = list(store.events())
    assert sum(isinstance(one, Expansion) for one in log) == 4 + 5
    assert differences(project(store.graph()), store.projection()) == []


class Starving(MemoryStore):
    """A store to which others, while it is `busy`, are always faster: each try of a commit costs ten seconds."""

    def __init__(self) -> None:
        self.passed = 0.0
        super().__init__(clock=lambda: time.time() + self.passed)
        self.busy = 0
        self.unclaimed = 0  # tries after which the question was anybody's to ask

    def append(self, *events: Event) -> int:
        """Let another's edit into the log first."""
        if self.busy and isinstance(events[0], Expansion):
            self.busy -= 1
            graph = self.graph()
            super().append(edits.add(graph, f"theirs {graph.seq}", "is beside", "another"))
            self.passed += 10
            self.unclaimed += not self.claim("another")
        return super().append(*events)


def test_a_commit_that_waits_long_for_its_turn_keeps_its_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two minutes of others who are faster are longer than a claim lasts, and nobody else asks its question then."""
    store = Starving()
    begun(store)
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + store.passed, sleep=time.sleep)
    monkeypatch.setattr(engine, "time", clock)
    store.busy = 12
    Growth(None, store, World(make_world("communities", 100, 1)), Settings(open_policy("bfs"), Budget(steps=1))).run()
    assert (store.busy, store.unclaimed) == (0, 0)
    assert store.passed > 2 * engine.TERM - 1
    assert sum(isinstance(one, Expansion) for one in store.events()) == 4 + 1
    assert store.claim("another") == {}
