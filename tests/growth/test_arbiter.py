"""The model as arbiter over names that may be one concept."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from graphgrow.api import directives
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import ARBITER, Answer, Budget, Change, Delta, Edit, Expansion, Question, Relation
from graphgrow.growth import arbiter
from graphgrow.growth.loop import Growth, Settings
from graphgrow.llm.scripted import Scripted
from graphgrow.measure import measure
from graphgrow.policy import open_policy
from graphgrow.prompts.render import render
from graphgrow.resolve.resolve import RESOLVE
from graphgrow.stores.projection import differences, project
from graphgrow.stores.sqlite import SQLiteStore
from tests.cli.test_cli import graphgrow
from tests.conftest import expansion, triples
from tests.graph.test_graph import event
from tests.servers import Answer as Reply
from tests.servers import completion, in_order, serving


def verdict(word: str, why: str = "I know") -> str:
    """Return a reply with a verdict."""
    return json.dumps({"verdict": word, "why": why})


@pytest.fixture
def store(tmp_path: Path) -> SQLiteStore:
    """Return a store with five concepts, two pairs of them in doubt."""
    home = SQLiteStore(tmp_path / "g.db", create=True)
    home.append(event(Graph(), triples(("hot forging", "is a", "process"), ("hot forming", "produces", "steel"),
                                       ("forestry", "uses", "steel"))))  # fmt: skip
    pairs = [("hot forming", "hot forging"), ("forestry", "process")]
    doubts = tuple(Change("doubt", pair, reason="alike", score=0.9) for pair in pairs)
    home.append(Edit(2, "add", Delta(changes=doubts)))
    return home


def judged(store: SQLiteStore, *replies: str) -> Growth:
    """Let a scripted arbiter decide what is in doubt."""
    growth = Growth(None, store, Scripted(list(replies)), Settings(open_policy("mix"), Budget(tokens=10**6)))
    list(growth.arbitrate())
    return growth


def test_verdicts_are_events_that_bind(store: SQLiteStore) -> None:
    """Same merges into the older concept, different keeps apart; both have prompt, reply and bill, and are no steps."""
    with closing(store):
        growth = judged(store, verdict("same"), verdict("different"))
        *_, one, other = store.events()
        assert isinstance(one, Expansion)
        assert isinstance(other, Expansion)
        assert (one.focus.strategy, one.outcome, one.reason) == (ARBITER, "ok", "same: I know")
        assert 'A: "hot forming" (hot forming produces steel)' in one.prompt.user
        graph = store.graph()
        assert graph.concepts["hot forging"].aliases == ("hot forming",)
        assert Relation("hot forging", "produces", "steel") in graph.relations
        assert list(graph.doubts()) == []
        assert graph.corrections.are_apart("forestry", "process")
        assert (graph.steps, growth.steps, graph.asks) == (1, 0, {"silk": 1})
        assert one.measures == measure(fold(list(store.events())[:3]))
        assert differences(project(graph), store.projection()) == []


@pytest.mark.parametrize(
    ("word", "expected"),
    [("broader", ("hot forging", "hot forming")), ("narrower", ("hot forming", "hot forging"))],
)
def test_special_and_general_terms_are_two_concepts(store: SQLiteStore, word: str, expected: tuple[str, str]) -> None:
    """A broader or narrower term is related to the other one, and kept apart from it."""
    with closing(store):
        judged(store, verdict(word), verdict("different"))
        graph = store.graph()
        special, general = expected
        assert Relation(special, "is a", general) in graph.relations
        assert graph.corrections.are_apart("hot forging", "hot forming")


def test_no_verdict_is_asked_once_more_and_left_to_people(store: SQLiteStore) -> None:
    """A reply without a verdict is mended once; if that fails the pair stays in the queue and is not asked again."""
    with closing(store):
        judged(store, "I am not sure.", "Still not.", "Sure: " + verdict("different"))
        said = [one for one in store.events() if isinstance(one, Expansion)][1:]
        assert [one.outcome for one in said] == ["unusable", "unusable", "ok"]
        assert said[1].repairs == said[0].seq
        assert [doubt.concepts for doubt in store.graph().doubts()] == [("hot forming", "hot forging")]
        growth = judged(store)
        assert growth.steps == 0
        assert store.graph().seq == 5


def test_a_forbidden_concept_is_not_asked_about_by_the_arbiter(store: SQLiteStore) -> None:
    """A doubt about it is left to people; the other one is decided."""
    with closing(store):
        store.append(directives.forbid(store.graph(), "forestry"))
        judged(store, verdict("different"))
        asked = [one.focus.concepts for one in store.events() if isinstance(one, Expansion)][1:]
        assert asked == [("hot forming", "hot forging")]
        assert [doubt.concepts for doubt in store.graph().doubts()] == [("forestry", "process")]


def test_what_was_decided_meanwhile_stays_decided(store: SQLiteStore) -> None:
    """A verdict about a pair that somebody has merged or rejected since changes nothing."""
    with closing(store):
        graph = store.graph()
        doubt = next(graph.doubts())
        (focus, *_) = arbiter.doubtful(graph)
        asked = Question(focus, render(focus, graph, "steel"))
        assert set(doubt.concepts) == set(focus.concepts)
        answer = Answer(asked.prompt, event(Graph(), verdict("same")).reply)
        graph.apply(Edit(3, "merge", Delta(changes=(Change("merge", ("hot forming", "hot forging")),))))
        assert expansion(graph, "steel", asked, answer, RESOLVE).delta == Delta()


def test_review_can_be_left_to_a_model(store: SQLiteStore, tmp_path: Path) -> None:
    """`review --arbiter llm` decides what is in doubt through a real endpoint, and says what is left."""
    store.close()
    chats = in_order(Reply(completion(verdict("same"))), Reply(completion("no idea")), Reply(completion("no idea")))
    listing = Reply({"object": "list", "data": [{"id": "m-1"}]})
    with serving(lambda asked: listing if asked.path.endswith("/models") else chats(asked)) as server:
        words = ("review", "g.db", "--arbiter", "llm", "--base-url", server.base_url)
        done = graphgrow(*words, cwd=tmp_path)
    assert "1 possible duplicate waits for a decision" in done.stdout
    assert "same: I know" in graphgrow("log", "g.db", "--json", cwd=tmp_path).stdout


def test_a_run_asks_about_its_own_doubts(tmp_path: Path) -> None:
    """`grow --arbiter` decides about alike names right after the reply that brought them."""
    replies = [
        triples(("steel", "has property", "structure integrity"), ("steel", "has property", "structural integrity"))
    ]
    with closing(SQLiteStore(tmp_path / "g.db", create=True)) as store:
        settings = Settings(open_policy("bfs"), Budget(steps=1), arbiter=True)
        growth = Growth("steel", store, Scripted([*replies, verdict("same")]), settings)
        assert [one.focus.strategy for one in growth] == ["seed", ARBITER]
        assert growth.ending == "steps"
        assert len(store.graph().concepts) == 2
    shown = graphgrow("log", "g.db", cwd=tmp_path).stdout
    assert "arbiter" in shown
