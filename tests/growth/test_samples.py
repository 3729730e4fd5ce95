"""Several samples of one question: what they agree on, what is verified after them, and that nothing is lost."""

import json
import random
import time
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.api.models import make_world
from graphgrow.errors import OutOfReplies
from graphgrow.graph.events import to_json, write_events
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import (
    Answer,
    Budget,
    Change,
    Delta,
    Edit,
    Expansion,
    Focus,
    Prompt,
    Question,
    Relation,
    Reply,
)
from graphgrow.growth.agenda import doubts
from graphgrow.growth.loop import Growth
from graphgrow.growth.replay import replay
from graphgrow.growth.settings import Settings
from graphgrow.llm import LLM
from graphgrow.llm.scripted import Recorded, Scripted
from graphgrow.llm.simulated.world import World
from graphgrow.measure.agreement import core, supports
from graphgrow.policy import open_policy
from graphgrow.prompts.forms import ASKED_FOR
from graphgrow.prompts.render import check
from graphgrow.resolve.contradictions import against, table
from graphgrow.resolve.options import open_resolver
from graphgrow.resolve.predicates import vocabulary
from graphgrow.stores.memory import MemoryStore
from graphgrow.stores.outbox import Outbox, PendingReply, state_folder
from graphgrow.stores.projection import differences, project
from graphgrow.stores.sqlite import SQLiteStore
from tests.cli.test_cli import graphgrow
from tests.conftest import triples
from tests.graph.test_graph import event

WORLD = make_world("communities", 120, seed=1)
SILK = ("silk", "contains", "fibroin")
NOTHING = '{"relations":[]}'


class Hurried:
    """A world whose replies come in any order."""

    def __init__(self) -> None:
        self._world = World(WORLD, seed=3)
        self.name, self.price, self.close = self._world.name, self._world.price, self._world.close

    def ask(self, prompt: Prompt) -> Reply:
        """Reply as the world does, after a moment of its own."""
        time.sleep(random.random() / 200)
        return self._world.ask(prompt)


def run(model: LLM, *, topic: str = "silk", store: MemoryStore | None = None, **settings: object) -> Growth:
    """Grow to the end, three samples a question and a clock that stands still."""
    how = {"policy": open_policy("frontier"), "budget": Budget(steps=1), "samples": 3, "now": lambda: ""} | settings
    growth = Growth(topic, store or MemoryStore(), model, Settings(**how))  # type: ignore[arg-type]  # as given
    list(growth)
    return growth


def told(store: MemoryStore | SQLiteStore) -> list[Expansion]:
    """Return the replies of a store."""
    return [event for event in store.events() if isinstance(event, Expansion)]


def scripted(*replies: str) -> list[Expansion]:
    """Return the events of a run over a script; one sample is asked after the other, so that each has its reply."""
    store = MemoryStore()
    run(InTurn(replies), store=store)
    return told(store)


class InTurn(Scripted):
    """A script whose first three replies are those to the samples, by seed; the others follow in turn."""

    def __init__(self, replies: tuple[str, ...]) -> None:
        super().__init__(replies[3:])
        self._samples = replies[:3]

    def ask(self, prompt: Prompt) -> Reply:
        """Return the reply to a sample, or the next one."""
        is_sample = "The graph is empty" in prompt.user and "Your last answer" not in prompt.user
        return Reply(self._samples[prompt.seed]) if is_sample else super().ask(prompt)


@pytest.mark.parametrize("width", [1, 8])
def test_same_seed_and_replies_give_the_same_bytes(width: int) -> None:
    """However the replies come in, they are committed by focus and sample, and a second run is the same."""
    stores = [MemoryStore(), MemoryStore()]
    for store in stores:
        run(Hurried(), topic=str(WORLD.graph["topic"]), store=store, width=width, budget=Budget(steps=10))
    one, other = ([to_json(event) for event in store.events()] for store in stores)
    assert one == other
    events = [event for event in told(stores[0]) if not (event.verifies or event.repairs)]
    assert [event.sample for event in events] == [0, 1, 2] * 10
    assert all(len({e.prompt.seed for e in group}) == 3 for _, group in groupby(events, lambda e: e.focus.question))
    assert differences(project(stores[0].graph()), stores[0].projection()) == []


def test_samples_are_one_step_and_each_has_its_bill() -> None:
    """Steps count questions; the bill counts every reply; yielded and number of questions count a question once."""
    events = scripted(triples(SILK), triples(SILK), triples(SILK, ("fibroin", "forms", "beta sheet")), triples(SILK))
    assert [(e.sample, e.verifies, e.is_step) for e in events] == [
        (0, 0, True), (1, 0, False), (2, 0, False), (0, 1, False)]  # fmt: skip
    graph = fold(events)
    assert (graph.steps, graph.asks, graph.bill.replies) == (1, {"silk": 1}, 4)
    assert (graph.yields["silk"].questions, graph.yields["silk"].brought) == (1, 3)
    assert graph.newest == ("silk", "fibroin")


def test_what_samples_agree_on_is_support() -> None:
    """A relation has as many witnesses as samples said it, one more where it was verified, and all are one question."""
    lone = ("fibroin", "forms", "beta sheet")
    events = scripted(triples(SILK), triples(SILK, lone), triples(SILK, ("silk", "eats", "moth")), triples(lone))
    _, found = supports(events)
    counts = {relation.predicate: (one.samples, one.questions) for relation, one in found.items()}
    assert counts == {"contains": (3, 1), "produces": (2, 1), "eats": (1, 1)}
    assert {r.predicate for r in core(events, 2).relations} == {"contains", "produces"}
    assert "eats" in {r.predicate for r in fold(events).relations}


def test_what_all_samples_say_is_not_verified() -> None:
    """Where nothing is doubtful there is no second round."""
    assert len(scripted(*[triples(SILK)] * 3)) == 3


def test_the_second_round_names_what_is_doubtful() -> None:
    """Claims of one sample, contradictions and what hygiene refused stand in the prompt, with the rule in words."""
    said = [triples(SILK, ("water", "improves", "silk"), ("silk", "is", "durable")),
            triples(SILK, ("water", "reduces", "silk")), triples(SILK)]  # fmt: skip
    events = scripted(*said, triples(("water", "reduces", "silk")))
    asked = events[-1].prompt.user
    assert 'cannot both hold: "water" - "reduces" - "silk" and "water" - "improves" - "silk"' in asked
    assert json.loads(json.dumps(events[-1].prompt.schema))["properties"]["relations"]["maxItems"] == 3
    assert '"silk" - "is" - "durable" ("durable": bare adjective)' in asked
    assert "fibroin" not in asked
    assert events[-1].reason == "confirmed: 1, put in another way: 0"
    assert events[-1].focus == events[0].focus
    assert fold(events).support(Relation("water", "reduces", "silk")) == 2
    before = fold(events[:3])
    asks = check(events[0].focus, doubts(events[:3], before), before).asks
    assert asks
    assert asks.form == "check"
    assert len(asks.stated) == 2


def test_a_world_confirms_what_is_true_and_nothing_else() -> None:
    """The verification of a world's slips leaves these with one witness."""
    store = MemoryStore()
    run(World(WORLD, seed=3), topic=str(WORLD.graph["topic"]), store=store, budget=Budget(steps=12), samples=4)
    events = told(store)
    sure = core(events, 2)
    hidden = {frozenset(pair) for pair in WORLD.edges}

    def share(graph: Graph) -> float:
        said = [frozenset((graph.name(r.source), graph.name(r.target))) for r in graph.relations]
        return sum(pair in hidden for pair in said) / len(said)

    assert any(event.verifies for event in events)
    assert share(sure) > share(fold(events))


@given(st.integers(1, 9), st.integers(0, 99))
def test_samples_differ_by_their_seed_alone(count: int, seed: int) -> None:
    """Every sample asks the same words of the same focus, with a seed that no other has."""
    focus, how = Focus("bfs", ("silk",), "a test"), Settings(open_policy("bfs"), seed=seed)
    found = list(Growth("silk", MemoryStore(), Scripted([]), replace(how, samples=count)).questions([focus]))
    (question,) = Growth("silk", MemoryStore(), Scripted([]), how).questions([focus])
    assert found[0] == question
    assert [one.sample for one in found] == list(range(count))
    assert len({one.prompt.seed for one in found}) == count
    assert {(one.prompt.user, one.focus) for one in found} == {(question.prompt.user, focus)}


@given(st.lists(st.lists(st.sampled_from("abcdef"), min_size=2, max_size=2, unique=True), min_size=1, max_size=30))
def test_doubts_are_bounded_and_said_once(pairs: list[list[str]]) -> None:
    """However much one sample says, few claims are put to the model; none that two samples share is one of them."""
    graph = Graph()
    said = [triples(*((f"{one}0x", "uses", f"{other}0x") for one, other in part)) for part in (pairs, pairs[::2])]
    events = [event(graph, said[0])]
    graph.apply(events[0])
    events.append(event(graph, said[1]))
    graph.apply(events[1])
    found = doubts(events, graph)
    assert len(found.claims) <= ASKED_FOR
    assert all(len({one.seq for one in graph.relations[claim]}) == 1 for claim in found.claims)


def test_contradictions_are_of_the_vocabulary() -> None:
    """The table speaks about no predicate that cannot come up."""
    one_way, opposites = table()
    assert one_way | opposites.keys() <= set(vocabulary().names)


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        (("nacre", "is a", "shell"), ("shell", "is a", "nacre"), True),
        (("nacre", "part of", "shell"), ("shell", "part of", "nacre"), True),
        (("heat", "causes", "wear"), ("heat", "prevents", "wear"), True),
        (("heat", "influences", "wear"), ("wear", "influences", "heat"), False),
        (("heat", "causes", "wear"), ("heat", "influences", "wear"), False),
        (("nacre", "is a", "nacre"), ("nacre", "is a", "nacre"), False),
    ],
)
def test_what_cannot_both_hold(one: tuple[str, str, str], other: tuple[str, str, str], *, clash: bool) -> None:
    """One-way predicates said both ways, and opposites of one pair; a relation never contradicts itself."""
    graph = Graph()
    graph.apply(event(graph, triples(one, other)))
    assert {bool(list(against(relation, graph))) for relation in graph.relations} == {clash}


def test_a_sample_that_cannot_be_used_is_mended_and_the_rest_is_verified() -> None:
    """The repair belongs to the same sample, and comes before the verification."""
    events = scripted(
        triples(SILK), "no", triples(SILK), triples(("silk", "has", "gland")), triples(("silk", "has", "gland"))
    )
    assert [(e.sample, e.repairs, e.verifies) for e in events] == [
        (0, 0, 0), (1, 0, 0), (2, 0, 0), (1, 2, 0), (0, 0, 1)]  # fmt: skip


def test_samples_that_were_never_asked_are_left_out() -> None:
    """A run that was stopped among its samples goes on with the next question, and loses no reply."""
    whole, store = MemoryStore(), MemoryStore()
    run(World(WORLD, seed=3), topic=str(WORLD.graph["topic"]), store=whole, budget=Budget(steps=2))
    store.append(*told(whole)[:2])
    run(World(WORLD, seed=3), topic=str(WORLD.graph["topic"]), store=store, budget=Budget(steps=2))
    assert [event.sample for event in told(store) if not (event.verifies or event.repairs)] == [0, 1, *[0, 1, 2] * 2]
    questions = [event.focus.question for event in told(store) if event.is_step]
    assert len(questions) == len(set(questions)) == 3


def test_a_sample_that_waits_on_disk_is_adopted_as_one(tmp_path: Path) -> None:
    """What a killed run left behind enters as the sample that it was, and is no step."""
    store = SQLiteStore(tmp_path / "g.db", create=True)
    question = Question(Focus("bfs", ("silk",), "a test"), Prompt("s", "u", seed=1), sample=1)
    growth = Growth("silk", store, Scripted([triples(SILK)]), Settings(open_policy("bfs"), Budget(steps=1)))
    with Outbox(state_folder(store.url), PendingReply) as dead:
        dead.keep(PendingReply("silk", 0, question, Answer(question.prompt, Reply(triples(SILK)))))
    first = next(iter(growth))
    assert (first.sample, first.is_step, growth.adopted, growth.graph.steps) == (1, False, 1, 0)
    assert growth.graph.asks == {"silk": 1}
    store.close()


def test_a_recorded_run_gives_each_sample_its_reply(tmp_path: Path) -> None:
    """Samples share a prompt; by its seed the recording knows which is which, at any width, in any order."""
    store, again = MemoryStore(), MemoryStore()
    run(Hurried(), topic=str(WORLD.graph["topic"]), store=store, width=4, budget=Budget(steps=8))
    write_events(tmp_path / "run.jsonl", store.events())
    run(Recorded(tmp_path / "run.jsonl"), topic=str(WORLD.graph["topic"]), store=again, width=4, budget=Budget(steps=8))
    assert [to_json(event) for event in again.events()] == [to_json(event) for event in store.events()]


def test_a_recording_says_no_reply_twice(tmp_path: Path) -> None:
    """After its last reply to a prompt it has none left, whatever the seed."""
    store = MemoryStore()
    run(World(WORLD, seed=3), topic=str(WORLD.graph["topic"]), store=store)
    write_events(tmp_path / "run.jsonl", store.events())
    recorded, prompt = Recorded(tmp_path / "run.jsonl"), told(store)[0].prompt
    assert {recorded.ask(prompt).text for _ in range(3)} == {event.reply.text for event in told(store)[:3]}
    with pytest.raises(OutOfReplies, match="no more replies"):
        recorded.ask(prompt)


def test_replayed_and_shown_again_it_is_the_same() -> None:
    """Replies through parse and resolve give the same events, and a decision changes nothing in the books."""
    store, again = MemoryStore(), MemoryStore()
    run(World(WORLD, seed=3), topic=str(WORLD.graph["topic"]), store=store, budget=Budget(steps=5), intents=2)
    list(replay(store.events(), again, open_resolver()))
    assert [to_json(event) for event in again.events()] == [to_json(event) for event in store.events()]
    graph, key = again.graph(), next(iter(again.graph().concepts))
    before = graph.asks, graph.yields, graph.newest, graph.intents, graph.asked
    graph.apply(Edit(graph.seq + 1, "rename", Delta(changes=(Change("rename", (key,), text="another name"),))))
    assert (graph.asks, graph.yields, graph.newest, graph.intents, graph.asked) == before


def test_the_command_line_says_what_was_asked_again(tmp_path: Path) -> None:
    """The log names samples, verifications and intents, and the estimate of a run counts them."""
    words = ("grow", "--llm", "world:communities?size=120", "--policy", "bandit", "--fact-check", "0", "--seed", "3")
    planned = json.loads(
        graphgrow(
            *words[:1], "silk", *words[1:], "--samples", "3", "--intents", "2", "--dry-run", "--json", cwd=tmp_path
        ).stdout
    )
    assert planned["estimate"]["replies"] == 20 * 4 + 10
    topic = str(make_world("communities", 120, seed=0).graph["topic"])
    graphgrow("grow", topic, *words[1:], "--steps", "4", "--samples", "3", "--intents", "2", cwd=tmp_path)
    shown = " ".join(graphgrow("log", "graph.db", cwd=tmp_path).stdout.split())
    assert all(words in shown for words in ("(intents)", "sample 3", "verifies step"))


def test_verbs_of_their_own_clash_by_their_classes() -> None:
    """A strong model's verbs are opposites where their classes are: what enhances something does not degrade it."""
    rows = [("silk", "enhances", "healing"), ("silk", "degrades", "healing"), ("silk", "promotes", "growth")]
    settings = Settings(open_policy("bfs"), Budget(steps=1), prompts="strong")
    store = MemoryStore()
    Growth("silk", store, Scripted([triples(*rows)]), settings).run()
    graph = store.graph()
    one, other, third = (Relation(*row) for row in rows)
    assert list(against(one, graph)) == [other]
    assert list(against(other, graph)) == [one]
    assert list(against(third, graph)) == []
