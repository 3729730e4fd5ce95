"""How sure a graph is of its relations: what is certain, what raises and lowers it, and what is trusted."""

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.api import edits
from graphgrow.graph.confidence import IS_A, ONE_WAY, TRUSTED, confidence, trusted
from graphgrow.graph.events import FACET, MORE
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Relation
from tests.api.test_edits import decisions, live
from tests.conftest import fact_checked, triples
from tests.graph.test_graph import event, grown, said

SILK = Relation("silk", "contains", "keratin")
odds = st.floats(-8, 8)


def checked(graph: Graph, relation: Relation, *log_odds: float | None) -> Graph:
    """Return the graph after fact checks of a relation."""
    for one in log_odds:
        graph.apply(fact_checked(graph, relation, one))
    return graph


def circle(*names: str) -> list[Relation]:
    """Return relations that each say that a concept is the next one, and the last one the first."""
    return [Relation(one, IS_A, other) for one, other in zip(names, (*names[1:], names[0]), strict=True)]


@given(st.lists(decisions, max_size=12))
def test_confidence_is_a_probability_and_trust_follows_from_it(decided: list[tuple[object, ...]]) -> None:
    """From 0 to 1 whatever was said, decided and checked; what is trusted is that sure, more at a lower threshold."""
    graph, _ = live(decided)
    sure = {relation: confidence(graph, relation) for relation in graph.relations}
    assert all(0 <= value <= 1 for value in sure.values())
    for threshold in (0.3, TRUSTED):
        kept = trusted(graph, threshold)
        assert all(sure[relation] >= threshold for relation in kept)
        assert kept == [relation for relation in graph.relations if relation in set(kept)]
        others = {one for one in sure if sure[one] >= threshold and one.predicate != IS_A}
        assert others <= set(kept)


@given(st.lists(decisions, max_size=12))
def test_no_circle_of_kinds_is_trusted(decided: list[tuple[object, ...]]) -> None:
    """Above everything that a concept is there is something that is nothing of what lies below it."""
    graph, _ = live(decided)
    above: dict[str, set[str]] = {}
    for relation in trusted(graph, 0.0):
        if relation.predicate == IS_A:
            above.setdefault(relation.source, set()).add(relation.target)
    while top := {key for key in above if not above[key] & above.keys()}:
        above = {key: found for key, found in above.items() if key not in top}
    assert not above


def test_what_a_person_added_is_certain() -> None:
    """Also where a model said it first and a fact check denies it."""
    graph = checked(grown(triples(("silk", "contains", "keratin"))), SILK, -6.0)
    assert confidence(graph, SILK) < 0.1
    graph.apply(edits.accept(graph, SILK))
    assert confidence(graph, SILK) == 1.0
    graph.apply(edits.add(graph, "silk", "causes", "allergy"))
    assert confidence(graph, Relation("silk", "causes", "allergy")) == 1.0


def test_nothing_is_related_to_itself() -> None:
    """A loop has no confidence, whoever made it."""
    graph = grown(triples(("silk", "contains", "keratin"), ("bone", "contains", "nacre")))
    graph.apply(event(graph, triples(("silk", "causes", "silk"))))
    loops = [relation for relation in graph.relations if relation.source == relation.target]
    assert [confidence(graph, relation) for relation in loops] == [0.0] * len(loops)
    assert loops


def test_a_relation_that_is_not_there_has_none() -> None:
    """It is an error to ask."""
    with pytest.raises(KeyError):
        confidence(grown(triples(("silk", "contains", "keratin"))), Relation("silk", "contains", "bone"))


@given(odds, odds)
def test_a_surer_answer_makes_surer(one: float, other: float) -> None:
    """Of one relation, confidence rises with the log-odds of its fact check; no answer changes nothing."""
    low, high = sorted((one, other))
    less, more = (
        confidence(checked(grown(triples(("silk", "contains", "keratin"))), SILK, value), SILK) for value in (low, high)
    )
    assert less <= more
    alone = grown(triples(("silk", "contains", "keratin")))
    before = confidence(alone, SILK)
    assert confidence(checked(alone, SILK, None), SILK) == before


@given(odds, odds)
def test_two_answers_count_as_their_mean(one: float, other: float) -> None:
    """Neither the order of fact checks nor how far apart they lie makes a difference."""
    text = triples(("silk", "contains", "keratin"))
    both, back, mean = (
        checked(grown(text), SILK, *values) for values in ((one, other), (other, one), ((one + other) / 2,))
    )
    assert confidence(both, SILK) == pytest.approx(confidence(back, SILK))
    assert confidence(both, SILK) == pytest.approx(confidence(mean, SILK), abs=1e-3)


def test_saying_it_again_makes_surer_where_it_is_another_question() -> None:
    """Another question counts, the same words twice in one reply do not."""
    once = grown(triples(("silk", "contains", "keratin")))
    twice = grown(triples(("silk", "contains", "keratin"), ("Silks", "includes", "keratin")))
    again = grown(triples(("silk", "contains", "keratin")), triples(("silk", "contains", "keratin")))
    assert confidence(once, SILK) == confidence(twice, SILK) < confidence(again, SILK)


def test_asking_a_facet_once_more_is_no_other_question() -> None:
    """A model that is asked for further names says the same again, be it true or not; another facet counts."""

    def asked(*angles: str) -> float:
        graph = Graph()
        for angle in angles:
            one = event(graph, triples(("silk", "contains", "keratin")))
            graph.apply(replace(one, focus=replace(one.focus, angle=f"{FACET}{angle}", form="facet")))
        return confidence(graph, SILK)

    assert asked("contents") == asked("contents", f"contents{MORE}1", f"contents{MORE}2")
    assert asked("contents", "forms") > max(asked("contents"), asked("forms"))


@pytest.mark.parametrize("predicate", ["contains", "causes", "is a"])
def test_of_two_opposites_the_weaker_loses(predicate: str) -> None:
    """What cannot hold both ways costs the side that is less sure, and both where neither is surer."""
    assert predicate in ONE_WAY
    there, back = Relation("silk", predicate, "keratin"), Relation("keratin", predicate, "silk")
    alone = confidence(grown(triples(("silk", predicate, "keratin"))), there)
    graph = grown(triples(("silk", predicate, "keratin"), ("keratin", predicate, "silk")))
    assert confidence(graph, there) == confidence(graph, back) < alone
    checked(graph, there, 4.0)
    assert confidence(graph, back) < confidence(graph, there)
    other = checked(grown(triples(("silk", predicate, "keratin"))), there, 4.0)
    assert confidence(graph, there) == confidence(other, there)


@given(said)
def test_what_may_hold_both_ways_is_left_alone(reply: list[tuple[str, str, str]]) -> None:
    """Being near is no cause for doubt, whichever way it is said."""
    near = [(one, "resembles", other) for one, _, other in reply]
    graph = grown(triples(*near, *((other, predicate, one) for one, predicate, other in near)))
    assert len({confidence(graph, one) for one in graph.relations if one.source != one.target}) <= 1


def test_of_a_circle_of_kinds_the_weakest_is_out() -> None:
    """The other two of three are trusted, in their order of arrival."""
    names = ("silk", "keratin", "protein")
    kinds = circle(*names)
    graph = grown(triples(*((one.source, one.predicate, one.target) for one in kinds)))
    for relation, value in zip(kinds, (6.0, 4.0, 5.0), strict=True):
        checked(graph, relation, value)
    assert trusted(graph) == [kinds[0], kinds[2]]


def test_answers_beside_it_tell_of_one_that_was_not_asked_about() -> None:
    """An answer whose other relations are false is believed less, one whose others are true more."""
    text = triples(("silk", "contains", "keratin"), ("silk", "contains", "bone"), ("silk", "contains", "wood"))
    others = [Relation("silk", "contains", name) for name in ("bone", "wood")]
    plain = confidence(grown(text), SILK)
    low, high = grown(text), grown(text)
    for other in others:
        checked(low, other, -4.0)
        checked(high, other, 6.0)
    assert confidence(low, SILK) < plain < confidence(high, SILK)
    assert math.isfinite(confidence(low, SILK))


def stated(certainty: float | None) -> Graph:
    """Return a graph of one relation that a model stated with so much certainty."""
    row = {"source": "silk", "predicate": "contains", "target": "keratin", "certainty": certainty}
    graph = Graph(topic="silk")
    graph.apply(event(graph, json.dumps({"relations": [row]})))
    return graph


@given(st.floats(0, 1), st.floats(0, 1), odds | st.none())
def test_a_stated_certainty_counts_a_little(one: float, other: float, check: float | None) -> None:
    """More certainty is never less confidence; without a fact check none is trusted, beside one it moves a little."""
    low, high = (stated(certainty) for certainty in sorted((one, other)))
    plain = stated(None)
    for graph in (low, high, plain) if check is not None else ():
        checked(graph, SILK, check)
    sure = [confidence(graph, SILK) for graph in (low, high)]
    assert sure[0] <= sure[1]
    if check is None:
        assert max(sure) < TRUSTED
    else:
        apart = [math.log(one / (1 - one)) for one in (*sure, confidence(plain, SILK))]
        assert max(apart) - min(apart) < 2.0
