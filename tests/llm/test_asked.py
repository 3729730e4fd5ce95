"""A world understands what we ask: every template, with any names in it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.graph.events import formed
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import Focus, Form, Prompt, Triple
from graphgrow.llm.simulated.world import World, WorldSettings
from graphgrow.prompts.forms import FORMS, TEMPLATED
from graphgrow.prompts.render import angles, fact_check, quoted, render, repair, surveys
from tests.llm.test_world import HONEST, answers, chain, knowing, question, star

NAMES = st.text(min_size=1, max_size=100).filter(canonical)


@given(
    st.lists(NAMES, min_size=2, max_size=2, unique_by=canonical),
    NAMES,
    st.text(max_size=60),
    st.sampled_from(sorted(angles())),
)
def test_it_understands_a_question_about_one_concept(names: list[str], topic: str, reason: str, angle: str) -> None:
    """Seed, expansion and repair: whatever the names, focus and known concepts are read as they were written."""
    focus, known = names
    graph = knowing((focus, known))
    for strategy in ("seed", "frontier"):
        prompt = render(formed(Focus(strategy, (canonical(focus),), reason, angle=angle)), graph, topic)
        for sent in (prompt, repair(prompt, "relations", "it broke: no reply", "{}")):
            asked = sent.asks
            assert asked
            expected = quoted(topic) if strategy == "seed" else quoted(focus)
            assert (asked.form, asked.concepts) == ("seed" if strategy == "seed" else "expand", (expected,))
            assert quoted(known) in asked.listed or strategy == "seed"


@given(st.lists(NAMES, min_size=2, max_size=2, unique_by=canonical), NAMES, st.sampled_from(sorted(surveys())))
def test_it_understands_a_question_for_a_list(names: list[str], topic: str, angle: str) -> None:
    """The concept and what is known of it are read, also where the question is asked again."""
    focus, known = names
    prompt = render(formed(Focus("survey", (canonical(focus),), "x", angle=angle)), knowing((focus, known)), topic)
    for sent in (prompt, repair(prompt, "relations", "it broke: no reply", "{}")):
        asked = sent.asks
        assert asked
        assert (asked.form, asked.concepts) == ("list", (quoted(focus),))
        assert quoted(known) in asked.listed


@given(
    st.lists(NAMES, min_size=3, max_size=3, unique_by=canonical),
    NAMES,
    st.sampled_from(sorted(TEMPLATED - {"kin", "widen"})),
)
def test_it_understands_a_question_about_two_concepts(names: list[str], topic: str, kind: str) -> None:
    """Every template of its own names both concepts, and no neighbour is taken for one."""
    one, other, near = names
    graph = knowing((one, other), (one, near), (other, near))
    prompt = render(formed(Focus("gap", (canonical(one), canonical(other)), "x", angle=kind)), graph, topic)
    asked = prompt.asks
    assert asked
    assert asked.form == kind
    assert asked.concepts == tuple(dict.fromkeys((quoted(one), quoted(other))))
    said = Triple(quoted(one), "contains", quoted(other))
    assert asked.stated == ((said,) if kind in {"consolidate", "join"} else ())


@given(st.lists(NAMES, min_size=4, max_size=4, unique_by=canonical), NAMES)
def test_it_understands_a_question_for_more_of_a_kind(names: list[str], topic: str) -> None:
    """The concept, the predicate and what is there already are read out of it."""
    one, *others = names
    prompt = render(
        formed(Focus("hub", (canonical(one),), "x", angle="kin")), knowing(*[(one, o) for o in others]), topic
    )
    asked = prompt.asks
    assert asked
    assert (asked.form, asked.concepts, asked.predicate) == ("kin", (quoted(one),), "contains")
    assert set(map(quoted, others)) <= set(asked.listed)


@given(st.lists(NAMES, min_size=2, max_size=2, unique_by=canonical), NAMES)
def test_it_understands_the_arbiters_question(names: list[str], topic: str) -> None:
    """Two names, each with its neighbours beside it."""
    graph = knowing((names[0], names[1]))
    asked = render(formed(Focus("arbiter", (canonical(names[0]), canonical(names[1])), "")), graph, topic).asks
    assert asked
    assert (asked.form, asked.concepts) == ("arbitrate", tuple(map(quoted, names)))


@pytest.mark.parametrize("form", [form for form in FORMS if form not in {"check", "fact_check"}])
def test_no_form_is_left_out(form: Form) -> None:
    """A form that somebody adds says as values what it asks, beside its text."""
    graph = knowing(("silk (a: b)", "web"), ("silk (a: b)", "x"), ("silk (a: b)", "y"))
    one = canonical("silk (a: b)")
    angle = {"list": "survey uses", "facet": "facet uses", "intents": "intents"}.get(
        form, form if form in TEMPLATED else "general"
    )
    two = (one, "web") if form in {"connect", "join", "between", "consolidate", "arbitrate"} else (one,)
    strategy = "arbiter" if form == "arbitrate" else form
    prompt = render(formed(Focus(strategy, two, "x", angle=angle)), graph, "silk (a: b)", intents=2)
    assert prompt.asks
    assert (prompt.asks.form, prompt.asks.concepts[0]) == (form, "silk (a: b)")


@given(NAMES, NAMES)
def test_a_fact_check_says_which_relation_it_is_about(one: str, other: str) -> None:
    """In the words of the prompt, for one token as for a number."""
    for stated in (False, True):
        prompt = fact_check([Triple(one, "contains", other)], stated=stated)
        assert prompt.asks
        assert prompt.asks.form == "fact_check"
        assert prompt.asks.stated == (Triple(quoted(one), "contains", quoted(other)),)
        assert prompt.logprobs is not stated


@given(st.text())
def test_any_text_is_a_question(text: str) -> None:
    """A prompt that is none of ours gets an answer all the same, and nothing is raised."""
    world = World(star(4), WorldSettings(drift=0.5, junk=0.2))
    assert world.ask(Prompt("", text)).text.startswith("{")


@pytest.mark.parametrize(
    "evil", ['5" pipe', "a\nConcept: b", 'x" and "y', "q" * 200, "\ud800 lone", "(with: a)", "$topic"]
)
def test_hostile_names_are_asked_about_and_answered(evil: str) -> None:
    """A hidden name that tries to break out of its quotation marks is a name like any other."""
    graph = chain("silk", evil, "web")
    world = World(graph, HONEST)
    said = answers(world, [question(knowing((evil, "x")), evil)])
    assert {world.hidden.means(t.target) or world.hidden.means(t.source) for t in said} & {"silk", "web"}
    assert json.loads(world.ask(question(Graph(), "silk")).text)["relations"]
