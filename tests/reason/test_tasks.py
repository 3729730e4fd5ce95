"""A work with the graph: every reply an event before the next question, nothing asked twice, a log that shows it."""

import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from threading import Event, Timer

import pytest

from graphgrow.errors import BadInput, BudgetSpent, OutOfReplies, StoreAway
from graphgrow.graph.events import from_json, to_json
from graphgrow.graph.graph import fold
from graphgrow.graph.model import Budget, Json, Prompt, ReasoningStep, Reply, Usage
from graphgrow.graph.model import Event as Happening
from graphgrow.growth.loop import grow
from graphgrow.growth.replay import recording, replay
from graphgrow.llm.scripted import Scripted
from graphgrow.parse.forms import Unreadable
from graphgrow.reason.tasks import Inquiry, Reasoner, begin
from graphgrow.resolve.options import open_resolver
from graphgrow.stores import GraphStore, open_store
from graphgrow.stores.projection import differences, project
from graphgrow.stores.retrying import RetryingStore
from tests.conftest import chatter
from tests.processes import finished
from tests.servers import PATIENCE


def read(text: str) -> Json:
    """Read a reply of {"says": ...}."""
    try:
        return {"says": json.loads(text)["says"]}
    except (ValueError, KeyError):
        raise Unreadable("The reply holds no says.") from None


def inquiries(*names: str) -> list[Inquiry]:
    """Return a question about each name."""
    return [Inquiry("definition", Prompt("system", f'What is "{name}"?'), read, (name,)) for name in names]


def says(*words: str) -> list[str]:
    """Return replies that can be used."""
    return [json.dumps({"says": word}) for word in words]


@pytest.fixture
def store(tmp_path: Path) -> GraphStore:
    """Return a store with a small graph."""
    home = open_store(str(tmp_path / "g.db"), create=True)
    list(grow("spider silk", home, Scripted(chatter(3)), budget=Budget(steps=3)))
    return home


def work(home: GraphStore, replies: Sequence[str | Reply], names: Sequence[str], **how: object) -> list[ReasoningStep]:
    """Do the one work of a store, from where it is, and return what came of it."""
    with Reasoner(home, Scripted(replies), **how) as reasoner:  # type: ignore[arg-type]  # as a test gives them
        plans = [works[0] for works in reasoner.graph.thoughts.values()]
        plan = plans[0] if plans else reasoner.plan("discover", {"from": "a", "to": "b"})
        return list(reasoner.ask_all(plan, inquiries(*names)))


def test_a_work_goes_on_where_it_was_broken_off_and_asks_nothing_twice(store: GraphStore) -> None:
    """What the log holds the outcome of is found there."""
    with pytest.raises(OutOfReplies):
        work(store, says("one"), ("a", "b", "c"))
    found = work(store, says("two", "three"), ("a", "b", "c"))
    assert [one.result["says"] for one in found] == ["one", "two", "three"]
    assert work(store, [], ("a", "b", "c")) == found


def test_it_changes_nothing_in_the_graph_and_everything_in_the_bill(store: GraphStore) -> None:
    """A thought has a bill and no delta."""
    before = store.graph()
    work(store, [Reply(text, Usage(10, 5), usd=0.25) for text in says("one", "two")], ("a", "b"))
    after = store.graph()
    assert (after.concepts, after.relations, after.steps) == (before.concepts, before.relations, before.steps)
    assert after.bill.tokens == before.bill.tokens + 30
    assert after.bill.usd == before.bill.usd + 0.5
    assert after.seq == before.seq + 3


def test_a_reply_that_cannot_be_used_is_asked_again_once_and_says_why(store: GraphStore) -> None:
    """Both attempts stand in the log, and neither is paid for again."""
    found = work(store, ["no json", *says("mended"), "still none", "none at all"], ("a", "b"))
    assert [(one.outcome, bool(one.repairs)) for one in found] == [("ok", True), ("unusable", True)]
    log = [event for event in store.events() if isinstance(event, ReasoningStep) and event.reply]
    assert [event.outcome for event in log] == ["unusable", "ok", "unusable", "unusable"]
    assert log[0].reason == "The reply holds no says."
    assert log[1].prompt is not None
    assert "no json" in log[1].prompt.user
    assert log[1].repairs == log[0].seq
    assert work(store, [], ("a", "b")) == found


def test_a_work_that_died_before_the_second_attempt_makes_only_that_one(store: GraphStore) -> None:
    """The first attempt is in the log, so only the second is left."""
    with pytest.raises(OutOfReplies):
        work(store, ["no json"], ("a",))
    found = work(store, says("mended"), ("a",))
    assert found[0].repairs == found[0].seq - 1


@pytest.mark.parametrize("width", [1, 4])
def test_the_log_is_the_same_at_any_width_where_all_replies_can_be_used(store: GraphStore, width: int) -> None:
    """Questions are committed in their order, however many are under way."""
    names = [f"n{i}" for i in range(9)]
    with Reasoner(store, Echo(), width=width, now=lambda: "now") as reasoner:
        plan = reasoner.plan("ask", {})
        found = list(reasoner.ask_all(plan, inquiries(*names)))
    assert [one.result["says"] for one in found] == [f'What is "{name}"?' for name in names]
    assert [one.seq for one in found] == list(range(found[0].seq, found[0].seq + 9))


class Echo(Scripted):
    """Says what it was asked."""

    def __init__(self) -> None:
        super().__init__([])

    def ask(self, prompt: Prompt) -> Reply:
        """Return the question."""
        return Reply(json.dumps({"says": prompt.user}), Usage(1, 1))


class Stubborn(Echo):
    """Says nothing usable about every other question until it is told what was wrong."""

    def ask(self, prompt: Prompt) -> Reply:
        """Return the question, or prose."""
        is_first = "could not be used" not in prompt.user and any(f'"n{n}"' in prompt.user for n in (1, 3, 4))
        return Reply("I would rather not.", Usage(1, 1)) if is_first else super().ask(prompt)


def test_mending_leaves_the_log_the_same_at_any_width() -> None:
    """An unusable reply is asked for again before the next one is committed, however many are under way."""
    logs = []
    for width in (1, 3):
        home = open_store("memory:", create=True)
        with Reasoner(home, Stubborn(), width=width, now=lambda: "now") as reasoner:
            found = list(reasoner.ask_all(reasoner.plan("ask", {}), inquiries(*[f"n{i}" for i in range(6)])))
        assert [one.outcome for one in found] == ["ok"] * 6
        logs.append([to_json(event) for event in home.events()])
    assert logs[0] == logs[1]
    assert sum("could not be used" in line for line in logs[0]) == 3


def test_another_writer_in_the_middle_of_a_work_is_no_harm(store: GraphStore) -> None:
    """A thought follows whatever event is the last."""
    with Reasoner(store, Scripted(says("one", "two"))) as reasoner:
        plan = reasoner.plan("discover", {})
        reasoner.ask(plan, inquiries("a")[0])
        list(grow(None, store, Scripted(chatter(5)[3:]), budget=Budget(steps=2)))
        last = reasoner.ask(plan, inquiries("b")[0])
    assert last.seq == store.graph().seq
    assert store.graph().steps == 5


def test_a_budget_ends_a_work_before_the_question_that_it_does_not_allow(store: GraphStore) -> None:
    """What is paid for is kept."""
    replies = [Reply(text, Usage(10, 5)) for text in says("one", "two", "three")]
    with pytest.raises(BudgetSpent, match="20 is spent: raise it with --tokens"):
        work(store, replies, ("a", "b", "c"), budget=Budget(tokens=20))
    assert len([e for e in store.events() if isinstance(e, ReasoningStep) and e.reply]) == 2


def test_stages_of_another_work_are_gone_on_from_without_a_question(store: GraphStore) -> None:
    """They are taken over as events of the new work."""
    work(store, says("one", "two"), ("a", "b"))
    first = next(event for event in store.events() if isinstance(event, ReasoningStep))
    with Reasoner(store, Scripted(says("three"))) as reasoner:
        plan = reasoner.plan("discover", {}, takes=first.seq)
        reasoner.inherit(plan, ("definition",))
        found = list(reasoner.ask_all(plan, inquiries("a", "b", "c")))
    assert [one.result["says"] for one in found] == ["one", "two", "three"]
    assert {one.task_seq for one in found} == {plan.seq}


@pytest.mark.parametrize("home", ["sqlite", "memory", "neo4j"])
def test_every_store_keeps_thoughts_and_verifies(home: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """One contract for all events."""
    urls: dict[str, Callable[[], str]] = {
        "sqlite": lambda: str(tmp_path / "t.db"),
        "memory": lambda: "memory:",
        "neo4j": lambda: str(request.getfixturevalue("neo4j_graph")),
    }
    with closing(open_store(urls[home](), create=True)) as kept:
        list(grow("spider silk", kept, Scripted(chatter(2)), budget=Budget(steps=2)))
        work(kept, ["none", *says('it\'s "so"; {}')], ("a",))
        events = list(kept.events())
        assert [event.kind for event in events] == ["expansion"] * 2 + ["thought"] * 3
        assert [from_json(to_json(event)) for event in events] == events
        assert fold(events).thoughts == kept.graph().thoughts
        assert differences(project(kept.graph()), kept.projection()) == []


def test_a_replay_keeps_what_belongs_together(store: GraphStore, tmp_path: Path) -> None:
    """Numbers of events move with the events."""
    work(store, ["none", *says("one")], ("a",))
    path = tmp_path / "run.jsonl"
    path.write_text("".join(to_json(event) + "\n" for event in store.events()), encoding="utf-8")
    with closing(open_store("memory:", create=True)) as target:
        list(grow("spider silk", target, Scripted(chatter(1)), budget=Budget(steps=1)))
        list(replay(recording(path), target, open_resolver(), append=True))
        plan, *others = (event for event in target.events() if isinstance(event, ReasoningStep))
    assert plan.seq == 5
    assert [one.task_seq for one in others] == [5, 5]
    assert others[1].repairs == others[0].seq


KILLED = """
import os, signal, sys
from graphgrow.llm.scripted import Scripted
from graphgrow.reason.tasks import Reasoner
from graphgrow.stores import open_store
from tests.reason.test_tasks import inquiries, says
store = open_store(sys.argv[1])
with Reasoner(store, Scripted(says("paid for"))) as reasoner:
    plan = reasoner.plan("discover", {})
    reasoner._commit = lambda thought: os.kill(os.getpid(), signal.SIGKILL)
    reasoner.ask(plan, inquiries("a")[0])
"""


def test_a_reply_on_its_way_to_the_store_outlives_a_kill(store: GraphStore) -> None:
    """It waits on disk, and is committed once."""
    root = Path(__file__).parents[2]
    path = store.url.removeprefix("sqlite:")
    killed = finished([sys.executable, "-c", KILLED, path], cwd=root, env=dict(os.environ))
    assert killed.returncode == -signal.SIGKILL
    assert work(store, [], ("a",))[0].result == {"says": "paid for"}
    assert work(store, [], ("a",))[0].result == {"says": "paid for"}


def test_half_a_character_in_a_reply_loses_nothing(store: GraphStore) -> None:
    """JSON may spell a lone surrogate, which no store can hold."""
    found = work(store, ['{"says": "a \\ud800 b", "\\udfff": []}'], ("a",))
    assert found[0].result == {"says": "a \ufffd b"}
    assert work(store, [], ("a",)) == found


def test_two_at_the_same_work_do_not_both_pay(store: GraphStore) -> None:
    """Who comes second is told so; when the first has ended, what it has brought is known."""
    work(store, says("one"), ("a",))
    with Reasoner(store, Scripted(says("two", "never"))) as first, Reasoner(store, Scripted([])) as second:
        plan = next(iter(first.graph.thoughts.values()))[0]
        asked = first.ask_all(plan, inquiries("a", "b", "c"))
        assert next(asked).result == {"says": "one"}
        assert next(asked).result == {"says": "two"}
        with pytest.raises(BadInput, match="is under way in another process"):
            next(second.ask_all(plan, inquiries("a", "b")))
        asked.close()  # type: ignore[attr-defined]  # a generator
        first.__exit__(None, None, None)
        assert [one.result["says"] for one in second.ask_all(plan, inquiries("a", "b"))] == ["one", "two"]


def test_two_who_want_the_same_at_once_begin_one_work(store: GraphStore) -> None:
    """The second sees what the first has begun, however old its view of the graph is."""
    with Reasoner(store, Scripted([])) as first, Reasoner(store, Scripted([])) as second:
        plan = begin(first, "ask", {"question": "why"}, dict)
        assert begin(second, "ask", {"question": "why"}, dict) == plan


class Dear(Scripted):
    """Costs 1 USD a question at most, and next to nothing in the end; one that says `slow` waits until it may go on."""

    def __init__(self, go_on: Event) -> None:
        super().__init__([])
        self.asked: list[str] = []
        self._go_on = go_on

    def price(self, _usage: Usage) -> float:
        """Return the price of any question."""
        return 1.0

    def ask(self, prompt: Prompt) -> Reply:
        """Say nothing of use about a, and wait at b."""
        self.asked.append(prompt.user)
        if '"b"' in prompt.user:
            self._go_on.wait(PATIENCE)
        return Reply("none" if '"a"' in prompt.user else says("fine")[0], Usage(1, 1), usd=0.0)


def test_what_is_under_way_counts_when_a_question_is_asked_again(store: GraphStore) -> None:
    """Two questions at once may cost 2 USD; to ask the first again beside the second would make it so."""
    go_on = Event()
    model = Dear(go_on)
    with Reasoner(store, model, width=2, budget=Budget(usd=2.0)) as reasoner:
        plan = reasoner.plan("ask", {})
        asked = reasoner.ask_all(plan, inquiries("a", "b"))
        reasoner.spent.usd = 0.5
        Timer(1.0, go_on.set).start()
        with pytest.raises(BudgetSpent, match="more than 2 USD"):
            list(asked)


class Fickle:
    """A store that is away at every other commit."""

    def __init__(self, store: GraphStore) -> None:
        self.url, self._store, self._calls = store.url, store, 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def append(self, *events: Happening) -> int:
        """Be away, or commit."""
        self._calls += 1
        if self._calls % 2:
            raise StoreAway("nobody at home: is it started?")
        return self._store.append(*events)


def test_a_server_that_goes_away_is_waited_for(store: GraphStore) -> None:
    """Nothing is lost, asked again or committed twice."""
    waits: list[float] = []
    home = RetryingStore(Fickle(store), 1, lambda seconds, _why: waits.append(seconds))  # type: ignore[arg-type]  # by name
    assert [one.result["says"] for one in work(home, says("one", "two"), ("a", "b"))] == ["one", "two"]
    assert len(waits) == 3
    assert len([event for event in store.events() if isinstance(event, ReasoningStep)]) == 3
