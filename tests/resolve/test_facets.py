"""Answers to facets: which names become relations, in which direction, and which are kept out by what rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.api import edits
from graphgrow.graph.confidence import LIKELIER
from graphgrow.graph.corrections import REJECTED
from graphgrow.graph.events import FACET, formed
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import Answer, Expansion, Focus, Prompt, Proposal, Question, Relation, Reply, Triple
from graphgrow.parse.reply import parse
from graphgrow.prompts.facets import facets, kind_of, open_facets
from graphgrow.resolve.resolve import FOCUS_AGAIN, MOST, NUMBERED, RESOLVE, VARIANT, is_variant, resolve_facet
from tests.conftest import expansion

TOPIC = "impact-resistant materials"
NAMES = st.sampled_from(
    ["Kevlar", "nacre", "E-glass", "Kevlars", "aramid fiber", "materials", "armor", "Izod impact test"]
)


def answered(graph: Graph, facet: str, names: str, about: str = TOPIC) -> Expansion:
    """Return the event that names are as an answer to a facet of a concept, and fold it into the graph."""
    focus = formed(Focus("knowledge", (canonical(about),), "a test", angle=f"{FACET}{facet}"))
    prompt = Prompt("", "")
    event = expansion(graph, TOPIC, Question(focus, prompt), Answer(prompt, Reply(names)), RESOLVE)
    graph.apply(event)
    return event


def said(event: Expansion) -> list[tuple[str, str, str]]:
    """Return the relations of an event in its own words."""
    return [(one.raw.source, one.raw.predicate, one.raw.target) for one in event.delta.statements]


def kept_out(event: Expansion) -> dict[str, str]:
    """Return what did not enter, and by which rule."""
    return {reject.text: reject.rule for reject in event.delta.rejects}


@pytest.mark.parametrize("facet", [name.removeprefix(FACET) for name in facets()])
def test_predicate_and_direction_are_those_of_the_facet(facet: str) -> None:
    """The names are sources or targets, whatever the model thinks."""
    row = facets()[f"{FACET}{facet}"]
    source, target = ("nacre", TOPIC) if row.names == "source" else (TOPIC, "nacre")
    assert said(answered(Graph(), facet, "nacre")) == [(source, row.says, target)]


def test_what_is_known_of_the_truth_of_facets_is_of_facets_that_there_are() -> None:
    """The confidence has a number for each; a facet that was renamed would lose its own."""
    assert LIKELIER.keys() == facets().keys()


def test_a_class_is_the_first_name() -> None:
    """A thing is asked for one kind that it is."""
    assert said(answered(Graph(), "class", "product, process")) == [(TOPIC, "is a kind of", "product")]


def test_the_concept_itself_is_no_answer() -> None:
    """Neither as it is, nor with a word more; where its kinds were asked for a word more makes one."""
    uses = answered(Graph(), "uses", "impact resistant material, impact-resistant materials helmet, helmet")
    assert kept_out(uses) == {
        "impact resistant material": FOCUS_AGAIN,
        "impact-resistant materials helmet": FOCUS_AGAIN,
    }
    assert said(uses) == [(TOPIC, "is used in", "helmet")]
    graph = Graph()
    answered(graph, "kinds", "nacre")
    kinds = answered(graph, "kinds", "nacre, red nacre, Nacre", "nacre")
    assert kept_out(kinds) == {"nacre": FOCUS_AGAIN, "Nacre": FOCUS_AGAIN}
    assert said(kinds) == [("red nacre", "is a kind of", "nacre")]


def test_what_is_asked_of_a_thing_is_said_without_it() -> None:
    """Copper is made by refining and sold as wire, as gold is; a general word alone says nothing, a use stays whole."""
    graph = Graph()
    answered(graph, "kinds", "copper")
    made = answered(graph, "making", "copper refining, Copper smelting, copper production, casting", "copper")
    assert said(made) == [(process, "is used for making", "copper") for process in ("refining", "smelting", "casting")]
    assert kept_out(made) == {"copper production": FOCUS_AGAIN}
    assert said(answered(graph, "forms", "copper wire rod, foil", "copper")) == [
        ("copper", "is available as", "wire rod"),
        ("copper", "is available as", "foil"),
    ]
    assert kept_out(answered(graph, "applications", "copper roofs", "copper")) == {"copper roofs": FOCUS_AGAIN}


@pytest.mark.parametrize(
    ("name", "says_nothing"),
    [
        ("impact testing facility", True),
        ("resistant materials industry", True),
        ("materials", True),
        ("impact crater", False),
        ("Kevlar", False),
        ("testing facility", False),
        ("", False),
    ],
)
def test_variants_are_words_of_the_topic_and_general_ones(name: str, *, says_nothing: bool) -> None:
    """With a word of its own, or without one of the topic's, a name is none."""
    assert is_variant(name, TOPIC) is says_nothing


def test_variants_of_the_topic_are_kept_out() -> None:
    """They are counted by their rule."""
    event = answered(Graph(), "tests", "impact testing equipment, Izod impact test")
    assert kept_out(event) == {"impact testing equipment": VARIANT}
    assert len(said(event)) == 1


def test_a_class_may_be_a_word_of_the_topic() -> None:
    """A graph about materials knows which concepts are materials, and asks of its kinds what is asked of materials."""
    graph = Graph()
    answered(graph, "class", "material")
    answered(graph, "kinds", "nacre")
    assert (kind_of(graph, canonical(TOPIC)), kind_of(graph, "nacre")) == ("material", "material")
    assert f"{FACET}uses" in set(open_facets(graph, "nacre"))
    answered(graph, "class", "material", "nacre")
    assert set(open_facets(graph, "material")) == set()


def test_names_that_differ_in_their_numbers_alone_are_made_up() -> None:
    """Three of them are a series; two are not."""
    series = answered(Graph(), "tests", "drop test 1, drop test 2, Izod, drop test 3")
    assert set(kept_out(series).values()) == {NUMBERED}
    assert len(said(series)) == 1
    assert len(said(answered(Graph(), "tests", "ISO 179, ISO 180"))) == 2


def test_no_more_names_are_read_than_were_asked_for() -> None:
    """What comes after them is seldom right."""
    letters = ", ".join(f"{letter}{letter}{letter} glass" for letter in "abcdefghijkl")
    assert len(said(answered(Graph(), "contents", letters))) == MOST


def test_which_concept_a_name_is_follows_from_the_graph() -> None:
    """Another spelling supports what is known, what somebody rejected stays out."""
    graph = Graph()
    answered(graph, "uses", "ballistic vest, helmet")
    again = answered(graph, "uses", "Ballistic vests, helmet")
    assert (len(again.delta.relations), len(again.delta.support), again.delta.new_concepts) == (0, 2, ())
    graph.apply(edits.reject(graph, "helmet"))
    assert kept_out(answered(graph, "uses", "helmet")) == {"helmet": REJECTED}
    graph.apply(edits.rename(graph, "ballistic vest", "body armour"))
    answered(graph, "parts", "ceramic plate", "ballistic vest")
    assert Relation("ballistic vest", "contains", "ceramic plate") in graph.relations


def test_a_reply_of_relations_is_taken_as_relations() -> None:
    """In the direction and with the predicate that it says."""
    focus = formed(Focus("knowledge", ("silk",), "a test", angle=f"{FACET}uses"))
    proposal = Proposal((Triple("fibroin", "is part of", "silk"),), (), "ok")
    (one,) = resolve_facet(proposal, focus, Graph(), "silk", RESOLVE).relations
    assert (one.raw.source, one.raw.target) == ("fibroin", "silk")


@given(st.sampled_from(sorted(facets())), st.lists(NAMES, max_size=12))
def test_every_name_is_said_or_kept_out(angle: str, names: list[str]) -> None:
    """None is lost among those that are read, and the second time nothing is new."""
    graph, text = Graph(), ", ".join(names)
    event = answered(graph, angle.removeprefix(FACET), text)
    read = parse(text, form="facet").names[:MOST]
    entered = {name for one in event.delta.statements for name in (one.raw.source, one.raw.target)} - {TOPIC}
    assert entered | kept_out(event).keys() <= set(read)
    if angle != f"{FACET}class":
        assert entered | kept_out(event).keys() == set(read)
    assert answered(graph, angle.removeprefix(FACET), text).delta.brings_nothing


def test_an_adjective_says_which_property_something_has() -> None:
    """Where properties were asked for it is the property; elsewhere a bare adjective is no name."""
    names = "strong, very flexible, water-resistant, Density"
    properties = answered(Graph(), "properties", names)
    assert [target for _, _, target in said(properties)] == ["strength", "flexibility", "water resistance", "Density"]
    assert kept_out(properties) == {}
    assert said(answered(Graph(), "effects", names)) == [(TOPIC, "causes", "Density")]
