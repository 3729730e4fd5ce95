"""The policy that is paid for knowledge: which facet of which concept it asks about, and that the log alone decides."""

import random
from collections import Counter
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgrow.api import edits
from graphgrow.graph.events import FACET, base, formed
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import Answer, Budget, Event, Expansion, Focus, Prompt, Question, Relation, Reply, Usage
from graphgrow.growth.loop import Growth
from graphgrow.growth.settings import Settings
from graphgrow.llm.simulated.shapes import make_world
from graphgrow.llm.simulated.world import World, WorldSettings
from graphgrow.policy import open_policy
from graphgrow.policy.knowledge import (
    BESIDES,
    NEAREST,
    Knowledge,
    Prospects,
    again,
    earned,
    pertinence,
    tie,
    worth_keeping,
)
from graphgrow.prompts.facets import ROUNDS, facets, foreign, kind_of, once_more, open_facets
from graphgrow.prompts.render import render
from graphgrow.resolve.resolve import RESOLVE
from graphgrow.stores.memory import MemoryStore
from tests.api.test_edits import decide, decisions
from tests.conftest import expansion, fact_checked
from tests.policy.test_strategy_laws import slow

TOPIC = "silk"
CLASS = f"{FACET}class"
answers = st.tuples(
    st.just("facet"),
    st.integers(0, 99),
    st.lists(st.sampled_from(["nacre", "bone", "wood", "loom", "spinning"]), max_size=3),
)


def answer(graph: Graph, focus: Focus, *names: str, tokens: int = 100) -> Expansion:
    """Return the event of a question of so many tokens that was answered with names, and fold it into the graph."""
    prompt, reply = Prompt("", ""), Reply(", ".join(names) or "none", Usage(tokens))
    event = expansion(graph, TOPIC, Question(focus, prompt), Answer(prompt, reply), RESOLVE)
    graph.apply(event)
    return event


def ask(graph: Graph, facet: str, *names: str, about: str = TOPIC, tokens: int = 100) -> Expansion:
    """Ask one facet of a concept."""
    focus = formed(Focus("knowledge", (canonical(about),), "a test", angle=f"{FACET}{facet}"))
    return answer(graph, focus, *names, tokens=tokens)


def check(graph: Graph, source: str, predicate: str, target: str, log_odds: float) -> None:
    """Let a model say how likely a relation is."""
    graph.apply(fact_checked(graph, Relation(source, predicate, target), log_odds))


def chosen(graph: Graph, *, policy: str = "knowledge", seed: int = 1, count: int = 1) -> list[Focus]:
    """Return what the policy asks next."""
    return open_policy(policy).choose(graph, TOPIC, random.Random(seed), count)


def two() -> Graph:
    """Return a graph about silk that is a material: of its products one is trusted and one is not."""
    graph = Graph()
    ask(graph, "class", "material")
    ask(graph, "uses", "parachute", "umbrella")
    check(graph, "silk", "used in", "parachute", 6.0)
    check(graph, "silk", "used in", "umbrella", -6.0)
    return graph


@pytest.mark.parametrize("policy", ["knowledge", "knowledge-random"])
def test_it_opens_with_the_question_what_kind_of_thing_the_topic_is(policy: str) -> None:
    """One question, however wide the round is; where it brought nothing the free questions open the graph."""
    graph = Graph()
    (opening,) = chosen(graph, policy=policy, count=4)
    assert (opening.angle, opening.form, opening.concepts) == (CLASS, "facet", (TOPIC,))
    answer(graph, opening)
    (seed,) = chosen(graph, policy=policy, count=4)
    assert seed.form == "seed"


def test_every_facet_is_asked_of_the_topic_and_of_others_what_fits_their_kind() -> None:
    """The topic may be anything; a product is asked what a product has; a word for a kind is asked nothing."""
    graph = two()
    asked = {CLASS, f"{FACET}uses"}
    of_others = {angle for angle, facet in facets().items() if facet.only and "material" not in facet.fits}
    assert f"{FACET}symptoms" in of_others
    assert set(open_facets(graph, TOPIC)) == facets().keys() - asked - of_others
    assert kind_of(graph, "parachute") == "product"
    assert set(open_facets(graph, "parachute")) == {a for a, facet in facets().items() if "product" in facet.fits}
    assert list(open_facets(graph, "material")) == []
    ask(graph, "kinds", "dragline silk", about=TOPIC)
    assert kind_of(graph, "dragline silk") == "material"


def test_a_field_where_something_is_used_is_asked_nothing() -> None:
    """It leads away from the topic, unless something else says what kind of thing it is."""
    graph = two()
    ask(graph, "applications", "aerospace")
    assert list(open_facets(graph, "aerospace")) == []
    ask(graph, "class", "activity", about="aerospace")
    assert set(open_facets(graph, "aerospace")) > {f"{FACET}goods", f"{FACET}people"}


def test_what_fits_another_kind_of_thing_than_the_topic_is_less_to_the_point() -> None:
    """So a question earns less the more such facets lie on the way; without a kind of the topic nothing is known."""
    graph = two()
    properties, goods, factors = (f"{FACET}{name}" for name in ("properties", "goods", "factors"))
    assert (pertinence(graph, properties, TOPIC), pertinence(graph, goods, TOPIC)) == (1.0, BESIDES)
    assert pertinence(Graph(), goods, TOPIC) == 1.0
    ask(graph, "properties", "gloss", about="parachute")
    check(graph, "parachute", "has property", "gloss", 6.0)
    assert pertinence(graph, factors, "gloss") == BESIDES
    kept = earned(graph)[graph.seq - 1].kept
    graph.apply(edits.add(graph, TOPIC, "is a", "activity"))
    assert [foreign(graph, key) for key in (TOPIC, "parachute", "gloss")] == [0, 1, 2]
    assert pertinence(graph, factors, "gloss") == pytest.approx(BESIDES**3)
    assert earned(graph)[graph.seq - 2].kept < kept


def test_the_last_word_of_a_name_says_what_kind_it_is() -> None:
    """Of the topic before all else, of others where no relation says it."""
    graph, focus = Graph(), formed(Focus("knowledge", ("fur trade",), "a test", angle=CLASS))
    answered = Answer(Prompt("", ""), Reply("process"))
    graph.apply(expansion(graph, "fur trade", Question(focus, Prompt("", "")), answered, RESOLVE))
    assert kind_of(graph, graph.topic_key) == "activity"
    graph = two()
    ask(graph, "applications", "insurance company", "company")
    assert kind_of(graph, "insurance company") == "organisation"


def test_what_is_unknown_is_asked_what_kind_of_thing_it_is() -> None:
    """And nothing else, until that is known."""
    graph = two()
    ask(graph, "brands", "Ozone", about="parachute")
    graph.apply(expansion(graph, TOPIC, *_free('{"relations":[["parachute","needs","wind"]]}'), RESOLVE))
    assert list(open_facets(graph, "wind")) == [CLASS]
    ask(graph, "class", "phenomenon", about="wind")
    assert f"{FACET}causes" in set(open_facets(graph, "wind"))


def _free(reply: str) -> tuple[Question, Answer]:
    prompt = Prompt("", "")
    return Question(Focus("frontier", ("parachute",), "a test"), prompt), Answer(prompt, Reply(reply))


@pytest.mark.parametrize("seed", range(8))
def test_what_nobody_trusts_is_asked_about_last(seed: int) -> None:
    """The topic and what is surely true come before what is surely false."""
    order = [focus.concepts[0] for focus in chosen(two(), seed=seed, count=3)]
    assert order[-1] == "umbrella"
    assert set(order) == {"silk", "parachute", "umbrella"}


def test_by_chance_any_open_concept_is_as_good_as_another() -> None:
    """So the ablation asks; the facet is chosen as ever."""
    first = Counter(chosen(two(), policy="knowledge-random", seed=seed)[0].concepts[0] for seed in range(300))
    assert set(first) == {"silk", "parachute", "umbrella"}
    assert min(first.values()) > 60
    assert {chosen(two(), policy="knowledge-random")[0].strategy} == {"knowledge-random"}


@pytest.mark.parametrize("policy", ["knowledge", "knowledge-random"])
def test_no_facet_is_asked_twice_and_each_fits(policy: str) -> None:
    """Over a run on a world that says what is false at times; where no facet is left the free questions go on."""
    hidden = make_world("communities", 60, 1)
    home = MemoryStore()
    world = World(hidden, WorldSettings(errors=0.2))
    how = Settings(open_policy(policy), Budget(steps=80), width=3, fact_check=0.4, now=lambda: "")
    asked = [event for event in Growth(world.hidden.topic, home, world, how) if not event.repairs]
    questions = [event.focus.question for event in asked]
    assert len(set(questions)) == len(questions) == 80
    assert sum(event.focus.form == "facet" for event in asked) > 40
    graph = Graph()
    for event in home.events():
        if isinstance(event, Expansion) and event.focus.form == "facet" and graph.concepts:
            assert base(event.focus.angle) in facets()
            assert event.focus.question not in graph.asked
        graph.apply(event)


def test_free_questions_follow_where_no_facet_is_left() -> None:
    """With the reason of the strategy that asks."""
    graph = Graph()
    ask(graph, "class", "event")
    for name in facets():
        ask(graph, name.removeprefix(FACET))
    assert chosen(graph)[0].strategy in {"frontier", "widen"}  # so many questions that brought nothing may widen it


def lived(decided: list[tuple[object, ...]]) -> tuple[Graph, list[Event]]:
    """Return a graph with its log that grew by facets which the policy chose, was checked and was corrected."""
    graph, log = Graph(), list[Event]()
    for number, (what, *about) in enumerate([("facet", 0, ["material"]), ("facet", 1, ["nacre", "bone"]), *decided]):
        if what == "facet":
            foci = Knowledge().choose(graph, TOPIC, random.Random(f"{number}:{about[0]}"))
            if foci and foci[0].form == "facet":
                log.append(answer(graph, foci[0], *about[1]))  # type: ignore[misc]  # drawn as names
        elif new := decide(graph, (what, *about)):
            graph.apply(new)
            log.append(new)
    return graph, log


@given(st.lists(st.one_of(decisions, answers), max_size=12), st.integers(1, 4), st.integers(0, 5))
@settings(max_examples=60)
def test_the_log_alone_decides(decided: list[tuple[object, ...]], small: int, seed: int) -> None:
    """A graph that lived, with whatever it keeps, and one folded from its log choose the same; so does asking again."""
    with slow(small):
        graph, log = lived(decided)
        for policy in ("knowledge", "knowledge-random"):
            first = chosen(graph, policy=policy, seed=seed, count=4)
            assert first == chosen(graph, policy=policy, seed=seed, count=4)
            assert first == chosen(fold(log), policy=policy, seed=seed, count=4)


def test_a_fact_check_counts_at_once_also_where_the_structure_is_older() -> None:
    """A run that goes on and one that starts again at this event choose by the same trust."""
    with slow(1):
        graph, log = lived([("facet", number, ["bone", "wood", "loom"]) for number in range(14)])
        chosen(graph, count=4)
        for relation in list(graph.relations)[:6]:
            log.append(fact_checked(graph, relation, -6.0))
            graph.apply(log[-1])
            assert chosen(graph, count=4) == chosen(fold(log), count=4)


def test_a_tie_is_stronger_the_more_and_surer_paths_lead_to_the_topic() -> None:
    """The topic's is 1; of what the structure does not hold yet it is half of its neighbour's."""
    graph = two()
    ask(graph, "parts", "cord", about="parachute")
    ties = tie(graph)
    assert ties.of(TOPIC) == 1.0
    assert 1.0 >= ties.of("parachute") > ties.of("umbrella") > 0
    assert 1.0 >= ties.of("parachute") > ties.of("cord") > 0
    assert ties.of("nobody") == 0.0
    with slow(1):
        fresh = fold([])
        for number in range(5):
            ask(fresh, "uses", f"{'abcde'[number]} dress", tokens=1)
        late = [key for key in fresh.concepts if key not in tie(fresh)._place]
        assert late
        assert all(tie(fresh).of(key) == NEAREST * max(map(tie(fresh).of, fresh.neighbours[key])) or
                   fresh.neighbours[key].keys() == {TOPIC} for key in late)  # fmt: skip


def test_a_question_earns_what_is_trusted_of_it_for_its_tokens_and_those_of_its_checks() -> None:
    """What nobody trusts earns nothing, and its fact check costs all the same."""
    graph = two()
    (seq,) = (step.seq for step in graph.past if step.focus and step.focus.angle == f"{FACET}uses")
    row = earned(graph)[seq]
    assert (row.angle, row.concept) == (f"{FACET}uses", TOPIC)
    assert 0.9 < row.sure < 0.95  # the one beside it was not true, which makes this one less sure
    assert row.kept == 0 < worth_keeping(graph, f"{FACET}contents", TOPIC) < facets()[f"{FACET}contents"].kept  # noise
    assert row.tokens == 100 + 2 * 21


def test_what_brought_sure_names_is_asked_for_others_by_name() -> None:
    """Not what brought none, nor more often than ROUNDS; the question names what the graph has, sure or not."""
    graph, angle = Graph(), f"{FACET}contents"
    ask(graph, "class", "material")
    ask(graph, "contents", "fibroin", "sericin", "wax")
    ask(graph, "hazards", "flood", "moth")
    for name in ("fibroin", "sericin"):
        check(graph, "silk", "contains", name, 6.0)
    assert again(graph, facets()).keys() == {TOPIC}
    (angle,) = again(graph, facets())[TOPIC]
    assert angle == once_more(f"{FACET}contents")
    focus = formed(Focus("knowledge", (TOPIC,), "a test", angle=angle))
    prompt = render(focus, graph, TOPIC, seed=1)
    assert prompt.user == "Which substances does silk contain, other than fibroin, sericin, wax?"
    answer(graph, focus, "glycine", "fibroin")
    assert [relation.target for relation in graph.relations][-1] == "glycine"
    assert not again(graph, facets())  # nobody has said yet that they are sure
    for number in range(1, ROUNDS):
        assert angle
        angle = once_more(angle)
        assert bool(angle) == (number + 1 < ROUNDS)


def test_what_a_facet_is_worth_depends_on_what_it_is_asked_of() -> None:
    """Properties of a material are worth keeping more often than those of a product, and are expected before."""
    facet = facets()[f"{FACET}properties"]
    assert facet.worth("material").kept > facet.worth("").kept > facet.worth("product").kept
    graph = two()
    of_silk, of_parachutes = (worth_keeping(graph, f"{FACET}properties", key) for key in (TOPIC, "parachute"))
    assert facet.worth("material").kept > of_silk > of_parachutes > 0


def test_what_other_words_call_a_kind_is_asked_of_all_the_same_where_it_is_a_thing() -> None:
    """A protein is a material that has properties of its own; a substance only says what kind of thing others are."""
    graph = two()
    ask(graph, "contents", "protein", "substance")
    assert f"{FACET}properties" in set(open_facets(graph, "protein"))
    assert list(open_facets(graph, "substance")) == []


def test_a_facet_that_brought_much_is_expected_to_bring_more() -> None:
    """Drawn from what its questions earned a thousand tokens, over many draws, for the kind of thing that was asked."""
    graph = two()
    before = [Prospects(graph, random.Random(seed)) for seed in range(200)]
    ask(graph, "contents", "fibroin", "sericin", "wax")
    ask(graph, "properties", "weight", "hue", "age")
    for source, predicate, target, odds in (
        *(("silk", "contains", name, 6.0) for name in ("fibroin", "sericin", "wax")),
        *(("silk", "has property", name, -6.0) for name in ("weight", "hue", "age")),
    ):
        check(graph, source, predicate, target, odds)
    after = [Prospects(graph, random.Random(seed)) for seed in range(200)]

    def drawn(those: list[Prospects], name: str, kind: str) -> float:
        return mean(one.of(f"{FACET}{name}", kind) for one in those)

    assert drawn(before, "properties", "material") > drawn(before, "contents", "material")
    assert drawn(after, "properties", "material") < drawn(after, "contents", "material")
    assert drawn(after, "properties", "product") > drawn(after, "parts", "product")  # of products nothing is known yet
