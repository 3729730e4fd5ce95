"""Several intents for one concept: read honestly, the most different ones asked, nothing asked twice."""

import json
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.api import directives as steering_edits
from graphgrow.api import edits
from graphgrow.api.edits import commit
from graphgrow.api.models import make_world
from graphgrow.graph.events import to_json
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Answer, Budget, Edit, Expansion, Focus, Prompt, Question, Reply
from graphgrow.growth.intents import MOST, most_different
from graphgrow.growth.loop import Growth
from graphgrow.growth.settings import Settings
from graphgrow.llm import LLM
from graphgrow.llm.embedders import Floats, normalised
from graphgrow.llm.scripted import Scripted
from graphgrow.llm.simulated.world import World
from graphgrow.parse.forms import read_questions as read
from graphgrow.policy import open_policy
from graphgrow.prompts.forms import TEMPLATED
from graphgrow.prompts.render import angles, render
from graphgrow.resolve.identity import Meanings
from graphgrow.resolve.options import open_resolver
from graphgrow.stores.memory import MemoryStore
from tests.conftest import chatter, expansion, triples

ASKS = (
    "which proteins build the core of the thread?",
    "which proteins build up the core of the thread?",
    "how do spinning ducts align its molecules?",
    "which tests measure its toughness?",
    "how is toughness measured in tests?",
    "where do surgeons use it?",
)
FOCUS = Focus("frontier", ("silk",), "near the topic", 0.5, "intents", form="intents")
WORLD = make_world("communities", 120, seed=1)


def asking(*questions: str) -> str:
    """Return a reply in the form that the prompt asks for."""
    return json.dumps({"questions": questions})


def run(model: LLM, *, store: MemoryStore, topic: str = "silk", **settings: object) -> Growth:
    """Grow to the end, three intents a concept and a clock that stands still."""
    how = {"policy": open_policy("bfs"), "budget": Budget(steps=3), "intents": 3, "now": lambda: ""} | settings
    growth = Growth(topic, store, model, Settings(**how))  # type: ignore[arg-type]  # as given
    list(growth)
    return growth


def told(store: MemoryStore) -> list[Expansion]:
    """Return the replies of a store."""
    return [event for event in store.events() if isinstance(event, Expansion)]


def heard(reply: str, count: int = 3, graph: Graph | None = None, finish: str = "stop", **how: object) -> Expansion:
    """Return the event that a reply to the question for intents is."""
    graph = graph or Graph()
    asked = question(FOCUS, graph, "spider silk", count)
    answer = Answer(asked.prompt, Reply(reply, finish_reason=finish))
    return expansion(graph, "spider silk", asked, answer, open_resolver(**how))  # type: ignore[arg-type]


def question(focus: Focus, graph: Graph, topic: str, count: int) -> Question:
    """Return the question for twice as many intents as are to be asked."""
    return Question(focus, render(focus, graph, topic, intents=2 * count), asked_for=2 * count)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (asking("How is it spun?", "What is in it?"), ("How is it spun?", "What is in it?")),
        ('```json\n["How is it spun?", "What is in it?"]\n```', ("How is it spun?", "What is in it?")),
        ('{"questions":[{"question":"How is it spun?","why":"to know"},"1. What is in it?"]}',
         ("How is it spun?", "What is in it?")),
        ('{"1":"How is it spun?","2":"What is in it?"}', ("How is it spun?", "What is in it?")),
        ("Here you are:\n1. How is it spun?\n2) **What is in it?**", ("How is it spun?", "What is in it?")),
        ("How is it spun?\nWhat is in it?", ("How is it spun?", "What is in it?")),
        ('{"questions":["How is it spun?","What is in it?","Where do', ("How is it spun?", "What is in it?")),
        ('<think>["What is this?"]</think>["How is it spun?"]', ("How is it spun?",)),
        ('{"questions":["How is it spun?","How is it spun?"]}', ("How is it spun?",)),
        ('{"questions":[]}', ()),
        ("I would rather talk about the weather.", None),
        ("", None),
        ("[" * 10_000, None),
        ("[" * 800 + '"How is it spun?"' + "]" * 800, ("How is it spun?",)),
        ("\n" * 50_000 + "- How is it spun?", ("How is it spun?",)),
        ('{"relations":[{"source":"silk","predicate":"is a","target":"fibre"}]}', None),
    ],
)  # fmt: skip
def test_questions_are_read_out_of_what_models_write(text: str, expected: tuple[str, ...] | None) -> None:
    """JSON of several shapes, broken JSON, numbered lines; prose is none, and an empty list is an honest answer."""
    assert read(text) == expected


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    """No reply breaks the reading; what it finds is one line each, of text that stands in the reply."""
    assert all(one == " ".join(one.split()) and one for one in read(text) or ())
    assert read(asking("How so?", text)) is not None


def test_questions_that_cannot_be_asked_are_refused_with_a_rule() -> None:
    """Mark-up, addresses, rows of dots and essays are no questions; what is left of them is counted."""
    event = heard(
        asking(
            "<b>bold</b>?",
            "see https://a.b?",
            "...",
            "why " * 40,
            "intents",
            "general",
            "Which moulds do its acids keep away",
            ASKS[0],
        )
    )
    assert event.delta.questions == (ASKS[0],)
    assert [one.rule for one in event.delta.rejects] == [
        "markup", "markup", "no letters", "too long", "placeholder", "placeholder", "echo of the prompt"]  # fmt: skip
    assert (event.outcome, event.is_step) == ("ok", False)


@pytest.mark.parametrize(
    ("reply", "finish", "outcome", "reason"),
    [
        (asking(*ASKS), "stop", "ok", "3 of 6"),
        ('{"questions":[]}', "stop", "empty", "gives no question"),
        (asking("..."), "stop", "empty", "refused: 1"),
        ("no idea", "stop", "unusable", "no list of questions"),
        ('{"questions":["How is it spun?","Wh', "length", "truncated", "1 of 1"),
    ],
)
def test_every_list_has_an_outcome(reply: str, finish: str, outcome: str, reason: str) -> None:
    """A list of questions is an event with its reason, like every reply."""
    event = heard(reply, finish=finish)
    assert event.outcome == outcome
    assert reason in event.reason


def test_the_most_different_questions_are_chosen() -> None:
    """Of two that ask for the same one is taken, also where the other was asked from a fixed angle before."""
    assert most_different(ASKS, 4) == (ASKS[0], ASKS[2], ASKS[4], ASKS[5])
    assert ASKS[0] not in most_different(ASKS, 3, besides=(ASKS[1],))
    assert most_different(("How is it spun?", "how is it spun"), 2) == ("How is it spun?",)


@given(st.lists(st.text("abc ", min_size=1, max_size=9), max_size=8, unique=True), st.integers(0, 8))
def test_a_longer_choice_begins_with_the_shorter_one(texts: list[str], count: int) -> None:
    """The choice is greedy: one more changes nothing of what was chosen, and none is taken twice."""
    shorter, longer = most_different(texts, count), most_different(texts, count + 1)
    assert longer[: len(shorter)] == shorter
    assert len(shorter) <= count
    assert len(set(longer)) == len(longer)
    assert set(longer) <= set(texts)


def test_meanings_decide_where_a_run_has_them() -> None:
    """With embeddings two questions are alike by what they mean, not by how they are written."""

    class Subjects:
        name = "subjects"

        def embed(self, names: Sequence[str]) -> Floats:
            return normalised(np.array([["tough" in name, "duct" in name, 0.1] for name in names], float))

    event = heard(asking(*ASKS[2:5]), count=2, meanings=Meanings(Subjects()))
    assert event.delta.questions == (ASKS[2], ASKS[3])


def test_intents_are_asked_before_anything_else_of_a_concept() -> None:
    """A concept is first asked what to ask; three questions follow, on behalf of the strategy that chose it."""
    store = MemoryStore()
    growth = run(Scripted([asking(*ASKS), *chatter(3)]), store=store)
    first, *others = told(store)
    assert (first.focus.strategy, first.focus.angle, first.is_step) == ("seed", "intents", False)
    assert tuple(event.focus.angle for event in others) == first.delta.questions == (ASKS[0], ASKS[2], ASKS[4])
    assert {event.focus.strategy for event in others} == {"seed"}
    assert growth.graph.intents == {}
    assert (growth.steps, growth.graph.steps, growth.ending) == (3, 3, "steps")
    assert f'Question: "{ASKS[0].rstrip("?")}"?' in others[0].prompt.user
    assert "The graph is empty" in others[0].prompt.user
    assert "The graph is empty" not in others[1].prompt.user


def test_a_run_that_was_stopped_goes_on_with_its_intents() -> None:
    """Step by step or at one go, the events are the same, and no question is asked twice."""
    topic, whole, parts = str(WORLD.graph["topic"]), MemoryStore(), MemoryStore()
    run(World(WORLD, seed=2), store=whole, topic=topic, budget=Budget(steps=12))
    for _ in range(3):
        run(World(WORLD, seed=2), store=parts, topic=topic, budget=Budget(steps=4))
    one, other = ([to_json(event) for event in store.events()] for store in (whole, parts))
    assert other == one
    questions = [event.focus.question for event in told(whole) if not event.repairs]
    assert len(questions) == len(set(questions))
    assert fold(told(whole)[:7]).seq == 7


def test_width_asks_for_the_intents_of_several_concepts_at_once() -> None:
    """The lists of several concepts make one round, their questions the next."""
    store = MemoryStore()
    run(World(WORLD, seed=2), store=store, topic=str(WORLD.graph["topic"]), width=4, budget=Budget(steps=8))
    asks = "".join("i" if event.focus.angle == "intents" else "q" for event in told(store))
    assert asks.startswith("iqqqiiiiqqqq")


def test_a_concept_without_intents_is_asked_from_a_fixed_angle() -> None:
    """A model that gives no list is asked once more in the form of the question, then the angles take over."""
    store = MemoryStore()
    run(Scripted(["no", "still no", *chatter(1), '{"questions":[]}', *chatter(2)[1:]]), store=store,
        budget=Budget(steps=2))  # fmt: skip
    events = told(store)
    assert [event.focus.angle for event in events] == ["intents", "intents", "general", "intents", "general"]
    assert '{"questions":["...","..."]}' in events[1].prompt.user
    assert events[1].repairs == 1


def test_without_intents_nothing_is_listed() -> None:
    """The option is off by default, and waiting intents of an earlier run are left."""
    store = MemoryStore()
    run(Scripted([asking(*ASKS), *chatter(1)]), store=store, budget=Budget(steps=1))
    growth = run(Scripted(chatter(2)), store=store, budget=Budget(steps=2), intents=0)
    assert [event.focus.angle for event in told(store)][2:] == ["general", "general"]
    assert len(growth.graph.intents["silk"]) == 2


def test_a_rejected_concept_is_not_asked_about() -> None:
    """Intents of a concept that somebody rejected are gone with it."""
    from graphgrow.api import edits

    store = MemoryStore()
    run(
        Scripted([triples(("silk", "contains", "fibroin")), asking(*ASKS)]),
        store=store,
        budget=Budget(steps=1),
        intents=0,
    )
    graph = store.graph()
    focus = Focus("bfs", ("fibroin",), "next", angle="intents", form="intents")
    asked = question(focus, graph, "silk", 3)
    graph.apply(expansion(graph, "silk", asked, Answer(asked.prompt, Reply(asking(*ASKS))), open_resolver()))
    assert len(graph.intents["fibroin"]) == 3
    graph.apply(edits.reject(graph, "fibroin"))
    assert graph.intents == {}


@given(st.text(max_size=200))
def test_hostile_questions_stay_inside_their_quotation_marks(text: str) -> None:
    """Whatever a model asks cannot close its quotation marks or start a line in the next prompt."""
    plain = render(Focus("bfs", ("silk",), "because", angle="x"), Graph(), "silk").user
    prompt = render(Focus("bfs", ("silk",), "because", angle=text + '\n"x'), Graph(), "silk").user
    assert prompt.count('"') == plain.count('"')
    assert len(prompt.splitlines()) == len(plain.splitlines())
    assert len(prompt) < len(plain) + 130


def test_the_prompt_names_what_is_known_and_asked() -> None:
    """Neighbours and the sides asked about stand in the question, which a program can read; its reply is bounded."""
    graph = run(Scripted(chatter(2)), store=MemoryStore(), topic="spider silk", intents=0, budget=Budget(steps=2)).graph
    focus = Focus("bfs", ("spider silk",), "because", angle="intents", form="intents")
    prompt: Prompt = question(focus, graph, "spider silk", MOST).prompt
    assert "which terms must one know to understand it" in prompt.user
    assert prompt.asks
    assert prompt.asks.form == "intents"
    assert prompt.asks.concepts == ("spider silk",)
    assert "protein 1" in prompt.asks.listed
    assert prompt.max_tokens < 500


DECISIONS: dict[str, Callable[[Graph, str], Edit]] = {
    "forbid": steering_edits.forbid,
    "pin": steering_edits.pin,
    "reject": edits.reject,
}


@pytest.mark.parametrize("what", DECISIONS)
def test_what_people_want_and_what_waits_are_both_asked(what: str) -> None:
    """What may not be asked holds up no other question that waits, and a pinned concept has its turn among them."""
    world, store = World(WORLD), MemoryStore()
    how = {"store": store, "topic": world.hidden.topic, "policy": open_policy("mix")}
    run(world, budget=Budget(steps=4), **how)  # type: ignore[arg-type]  # as given
    graph = store.graph()
    waits = next(key for key in graph.intents if graph.depth.get(key))
    commit(store, lambda graph: DECISIONS[what](graph, waits))
    later = run(world, budget=Budget(steps=24), **how).graph.past[graph.seq :]  # type: ignore[arg-type]  # as given
    asked = [one.focus for one in later if one.focus and one.is_step]
    own = [focus for focus in asked if focus.angle not in angles() and focus.angle not in TEMPLATED]
    assert len(own) > len(asked) / 3
    assert (sum(focus.strategy == "pinned" for focus in asked) > 2) == (what == "pin")
    assert (waits in {key for focus in asked for key in focus.concepts}) == (what == "pin")


def test_merged_concepts_do_not_wait_with_one_question_twice() -> None:
    """The same question about two concepts that are one now is asked once."""
    graph = fold([])
    graph.apply(heard(asking("which moulds grow on it?"), graph=graph))
    graph.apply(heard(asking("which moulds grow on it?", "who sells it?"), graph=graph))
    assert [focus.angle for focus in graph.intents["silk"]] == ["which moulds grow on it?", "who sells it?"]


def test_a_list_that_is_cut_off_before_its_first_question_is_empty() -> None:
    """There is nothing to mend in it, so it is not paid for again."""
    event = heard('{"questions": []} and so', finish="length")
    assert (event.outcome, event.reason) == ("empty", "The model gives no question.")
