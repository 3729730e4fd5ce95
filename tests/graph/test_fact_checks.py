"""Fact checks in a graph: their JSON, what they change of it and what they do not."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.graph.events import from_json, to_json
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import CheckedRelation, Event, FactCheck, Relation
from graphgrow.growth.fact_check import log_odds_of, stated_each, stated_in, word_in
from tests.api.test_edits import whole
from tests.conftest import fact_checked, triples
from tests.graph.test_graph import content, event

SILK = Relation("silk", "contains", "keratin")


def log(*log_odds: float | None) -> list[Event]:
    """Return the log of a graph of one relation, checked so often."""
    events: list[Event] = [event(Graph(), triples(("silk", "contains", "keratin"), ("silk", "is a", "fiber")))]
    for one in log_odds:
        events.append(fact_checked(fold(events), SILK, one))
    return events


@given(st.lists(st.one_of(st.none(), st.floats(-20, 20)), max_size=4))
def test_a_fact_check_comes_back_from_its_json(log_odds: list[float | None]) -> None:
    """Text, bill, method and log-probabilities are those that were written, and the graph is the same."""
    events = log(*log_odds)
    again = [from_json(to_json(one)) for one in events]
    assert [to_json(one) for one in again] == [to_json(one) for one in events]
    assert again == events
    assert whole(fold(again)) == whole(fold(events))


def test_a_fact_check_changes_nothing_that_is_shown() -> None:
    """Concepts, relations, questions and steps stay; its answer, its bill and what was asked about are added."""
    before, after = fold(log()), fold(log(2.0, None))
    assert content(after) == content(before)
    assert (after.steps, after.asked, after.depth) == (before.steps, before.asked, before.depth)
    assert after.checks == {SILK: [pytest.approx(2.0, abs=1e-3)]}
    assert list(before.unchecked) == list(before.relations)
    assert list(after.unchecked) == [relation for relation in before.relations if relation != SILK]
    assert (after.checking.replies, after.checking.tokens) == (2, 42)
    assert after.bill.tokens == before.bill.tokens + 42


def test_the_graph_ahead_knows_the_check_and_this_one_does_not() -> None:
    """Looking ahead costs nothing that is there."""
    graph = fold(log())
    check = fact_checked(graph, SILK, 3.0)
    assert whole(graph.ahead(check)) == whole(fold([*log(), check]))
    assert whole(graph) == whole(fold(log()))
    assert graph.checks == {}


def test_a_check_of_what_is_not_there_is_no_trouble() -> None:
    """It may be of a graph that was replayed by other rules: it is kept in the log and says nothing."""
    check = log(2.0)[-1]
    assert isinstance(check, FactCheck)
    foreign = replace(check, claims=(CheckedRelation(Relation("bone", "contains", "apatite"), 2.0),))
    graph = fold([*log(), foreign])
    assert (graph.checks, graph.seq, graph.checking.replies) == ({}, 2, 1)
    assert content(graph) == content(fold(log()))


@given(st.floats(-7, 7))
def test_log_odds_are_read_from_whatever_tokens_mean_yes_and_no(log_odds: float) -> None:
    """Capitals and blanks are of no matter, other words of little; without yes and no there is no answer."""
    yes = 1 / (1 + math.exp(-log_odds))
    shares = {"yes": yes / 2, " Yes": yes / 2, "No": (1 - yes) / 2, "no": (1 - yes) / 2}
    halves = [(token, math.log(share)) for token, share in shares.items()]
    assert log_odds_of(halves) == pytest.approx(log_odds, abs=0.01)
    assert log_odds_of([("The", -0.01), ("no", -4.0)]) is None
    assert log_odds_of(()) is None
    assert log_odds_of([("yes", 1e6), ("no", -1.0)]) is None  # the logarithm of no probability
    assert log_odds_of([("yes", 0.001), ("no", -8.0)]) == pytest.approx(8.0, abs=0.1)


def test_another_word_for_yes_counts_where_there_is_neither() -> None:
    """In other languages and with a tokenizer's marks; of a word without rivals the opposite has what is left."""
    for yes, no in (("True", "False"), ("\u662f", "\u5426"), ("\u2581Yes", "\u2581No"), ("\u0120yes", "\u0120no")):
        assert log_odds_of([(yes, -0.1), (no, -2.5)]) == pytest.approx(2.4, abs=0.01)
    assert log_odds_of([("yes", -0.1), ("no", -2.5), ("false", -2.6)]) == pytest.approx(2.4, abs=0.01)
    assert log_odds_of([("yes", -0.1)]) == pytest.approx(math.log(0.905 / 0.095), abs=0.01)
    assert log_odds_of([("no", -1.0)]) == pytest.approx(0.0, abs=0.01)


@given(st.integers(0, 100))
def test_a_stated_probability_is_read_as_log_odds(percent: int) -> None:
    """In a sentence, with or without a sign; none is certain, and more is more."""
    odds = stated_in(f"I would say {percent} % or so.")
    assert odds == stated_in(str(percent))
    assert odds is not None
    assert abs(odds) < 5
    assert percent in {0, 50, 100} or (odds > 0) == (percent > 50)


def test_a_share_of_one_is_read_as_what_it_means() -> None:
    """A model that was asked for per cent and says 0.85 means 85."""
    assert stated_in("0.85") == stated_in("85 %")
    assert stated_in("1.0") == stated_in("100")
    assert stated_in("0.5 %") == stated_in("0") == stated_in("1")


@pytest.mark.parametrize("text", ["silk has 3 chains: **85**", "A 5 nm film: likely, 85%", "Probability (0-100): 85"])
def test_a_number_of_the_statement_is_no_probability(text: str) -> None:
    """What has the sign or stands behind the colon is."""
    assert stated_in(text) == stated_in("85")


@pytest.mark.parametrize("text", ["", "Certainly!", "123", "-", "in 1998 it was", "1005"])
def test_what_states_no_probability_says_nothing(text: str) -> None:
    """A number above 100 is none either."""
    assert stated_in(text) is None


@pytest.mark.parametrize(
    ("text", "sign"), [("Yes.", 1), ("no", -1), ("**No**, it", -1), ("Perhaps", 0), ("Nothing", 0),
                       ("\u662f\u7684\u3002", 1), ("False", -1), ('{"answer": "Yes"}', 1), ("Non-elastic", 0)],
)  # fmt: skip
def test_a_bare_word_counts_for_little(text: str, sign: int) -> None:
    """Yes and no at the beginning, nothing else."""
    odds = word_in(text)
    assert (odds is None) == (sign == 0)
    assert odds is None or odds * sign > 0


@pytest.mark.parametrize(
    ("text", "shares"),
    [
        ("1: 90\n2: 5\n3: 60", (90, 5, 60)),
        ("1. 90 %\n3. 60 %", (90, None, 60)),
        ("**1**: 90%\n**2**: 0.05\n(3) - 60", (90, 5, 60)),
        ('{"1": 90, "2": 5, "3": 60}', (90, 5, 60)),
        ('1. "silk has 7 sheets": 90\n2. Probability: 5\nStatement 3: 60', (90, 5, 60)),
        ("- 1: 90; 2: 5; 3: 60", (90, 5, 60)),
        ("| 1 | 90 |\n| 2 | 5 |\n| 3 | 60 |", (90, 5, 60)),
        ('{"answers": [{"statement": 1, "p": 0.9}, {"statement": 3, "p": 0.6}]}', (90, None, 60)),
        ("[90, 5, 60]", (90, 5, 60)),
        ("1, 2, 3", (None, None, None)),
        ("The first is true.\n7: 90", (None, None, None)),
        ("90", (None, None, None)),
    ],
)
def test_several_statements_have_a_number_each(text: str, shares: tuple[int | None, ...]) -> None:
    """By the number that a line begins with; what is left out has none, and nobody guesses which it was."""
    expected = [None if one is None else pytest.approx(math.log(one / (100 - one)), abs=1e-3) for one in shares]
    assert stated_each(text, 3) == expected


def test_of_several_statements_those_without_an_answer_stay_to_be_asked_about() -> None:
    """An answer that leaves one out says nothing of it."""
    graph = fold(log())
    both = tuple(graph.relations)
    check = replace(
        fact_checked(graph, SILK, 2.0), claims=(CheckedRelation(both[0], 2.0), CheckedRelation(both[1], None))
    )
    graph.apply(check)
    assert list(graph.checks) == [both[0]]
    assert list(graph.unchecked) == [both[1]]
