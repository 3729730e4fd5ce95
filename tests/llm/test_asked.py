"""A world understands what we ask: every template, with any names in it."""

import json
from importlib.resources import files
from string import Template

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import Focus, Prompt
from graphgrow.llm.simulated.asked import read
from graphgrow.llm.simulated.world import World, WorldSettings
from graphgrow.prompts.render import KINDS as TEMPLATED
from graphgrow.prompts.render import angles, compare, quoted, render, repair, surveys
from tests.llm.test_world import HONEST, answers, chain, knowing, question, star

NAMES = st.text(min_size=1, max_size=100).filter(canonical)


THOUGHTS = "answer", "discover", "idea", "judge", "plain"  # what is asked about a graph, never to make it grow
TEMPLATES = sorted(
    path.name.removesuffix(".txt")
    for path in (files("graphgrow.prompts") / "templates").iterdir()
    if ".txt" in path.name and not path.name.startswith(THOUGHTS)
)


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
        prompt = render(Focus(strategy, (canonical(focus),), reason, angle=angle), graph, topic, schema={})
        for sent in (prompt, repair(prompt, "relations", "it broke: no reply")):
            asked = read(sent)
            expected = quoted(topic) if strategy == "seed" else quoted(focus)
            assert (asked.kind, asked.concepts) == ("expand", (expected,))
            assert quoted(known) in asked.listed or strategy == "seed"


@given(st.lists(NAMES, min_size=2, max_size=2, unique_by=canonical), NAMES, st.sampled_from(sorted(surveys())))
def test_it_understands_a_question_for_a_list(names: list[str], topic: str, angle: str) -> None:
    """The concept and what is known of it are read, also where the question is asked again."""
    focus, known = names
    prompt = render(Focus("survey", (canonical(focus),), "x", angle=angle), knowing((focus, known)), topic, schema={})
    for sent in (prompt, repair(prompt, "relations", "it broke: no reply")):
        asked = read(sent)
        assert (asked.kind, asked.concepts) == ("survey", (quoted(focus),))
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
    prompt = render(Focus("gap", (canonical(one), canonical(other)), "x", angle=kind), graph, topic, schema={})
    asked = read(prompt)
    assert asked.kind == ("consolidate" if kind == "consolidate" else "connect")
    assert asked.concepts == tuple(dict.fromkeys((quoted(one), quoted(other))))
    said = (quoted(one), "contains", quoted(other))
    assert asked.stated == ((said,) if kind in {"consolidate", "join"} else ())


@given(st.lists(NAMES, min_size=4, max_size=4, unique_by=canonical), NAMES)
def test_it_understands_a_question_for_more_of_a_kind(names: list[str], topic: str) -> None:
    """The concept, the predicate and what is there already are read out of it."""
    one, *others = names
    prompt = render(
        Focus("hub", (canonical(one),), "x", angle="kin"), knowing(*[(one, o) for o in others]), topic, schema={}
    )
    asked = read(prompt)
    assert (asked.kind, asked.concepts, asked.predicate) == ("kin", (quoted(one),), "contains")
    assert set(map(quoted, others)) <= set(asked.listed)


@given(st.lists(NAMES, min_size=2, max_size=2, unique_by=canonical), NAMES)
def test_it_understands_the_arbiters_question(names: list[str], topic: str) -> None:
    """Two names, each with its neighbours beside it."""
    graph = knowing((names[0], names[1]))
    asked = read(compare(canonical(names[0]), canonical(names[1]), graph, topic, schema={}))
    assert (asked.kind, asked.concepts) == ("compare", tuple(map(quoted, names)))


@pytest.mark.parametrize("name", [name for name in TEMPLATES if not name.endswith("system")])
def test_no_template_is_left_out(name: str) -> None:
    """A template that somebody adds is understood too, with any words in its places."""
    template = Template((files("graphgrow.prompts") / "templates" / f"{name}.txt").read_text(encoding="utf-8").strip())
    words = dict.fromkeys(template.get_identifiers(), "words") | {
        "focus": "silk (a: b)", "one": "silk (a: b)", "topic": "silk (a: b)" if name == "seed" else "field of study",
        "question": 'The graph is about "x".\nConcept: "silk (a: b)". Question: what?', "relations": '"a" - "b" - "c"',
        "known": 'Known already, name others: "web".',
    }  # fmt: skip
    assert read(Prompt("", template.substitute(words))).concepts[0] == "silk (a: b)"


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
