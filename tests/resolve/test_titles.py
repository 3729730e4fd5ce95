"""Proper nouns and common nouns of one key: their numbers, and marks that end a name or a sentence."""

import pytest

from graphgrow.api import edits
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import Answer, Event, Focus, Prompt, Question, Reply
from graphgrow.resolve.identity import Lexicon, decide
from graphgrow.resolve.options import open_resolver
from graphgrow.resolve.search import find
from tests.conftest import expansion, triples


def grown(*replies: tuple[tuple[str, str, str], ...]) -> tuple[Graph, list[Event]]:
    """Return a graph of replies, each to a question of its own, and its log."""
    graph, log, resolver = Graph(), list[Event](), open_resolver()
    for said in replies:
        prompt = Prompt("", "")
        question = Question(Focus("replay", ("places",), "", angle=str(graph.seq)), prompt)
        log.append(expansion(graph, "places", question, Answer(prompt, Reply(triples(*said))), resolver))
        graph.apply(log[-1])
    return graph, log


TITLES = [
    ("Red Cross", "red crosses"),
    ("New Zealand Post", "New Zealand posts"),
    ("Wall Street", "wall streets"),
    ("Black Sea", "Black seas"),
    ("Supreme Court", "supreme courts"),
]


@pytest.mark.parametrize(("title", "plural"), TITLES)
@pytest.mark.parametrize("is_title_first", [False, True])
@pytest.mark.parametrize("are_in_one_reply", [False, True])
def test_a_title_and_its_words_in_another_number_are_asked_about(
    title: str, plural: str, *, is_title_first: bool, are_in_one_reply: bool
) -> None:
    """They have one key, and are two concepts, each with what was said of it, until somebody has decided."""
    said = ((title, "is seen in", "Bern"), (plural, "stands on", "old flag"))[:: 1 if is_title_first else -1]
    graph, log = grown(said) if are_in_one_reply else grown(*((one,) for one in said))
    one, other = find(graph, title), find(graph, plural)
    assert (graph.name(one), graph.name(other)) == (title, plural)
    assert [{graph.name(key) for key in graph.neighbours[end]} for end in (one, other)] == [{"Bern"}, {"old flag"}]
    assert [{one, other} == {*doubt.concepts} for doubt in graph.doubts()] == [True]
    assert fold(log).concepts == graph.concepts

    # Each is known by its spelling from now on, and a decision is one as ever.
    further = ((plural[:1].upper() + plural[1:], "has", "bar"),), ((title, "has", "seat"),)
    graph, log = grown(*((one,) for one in said), *further)
    assert {graph.name(key) for key in graph.neighbours[find(graph, plural)]} == {"old flag", "bar"}
    assert {graph.name(key) for key in graph.neighbours[find(graph, title)]} == {"Bern", "seat"}
    edit = edits.merge(graph, title, plural)
    graph.apply(edit)
    assert find(graph, title) == find(graph, plural)
    graph.apply(edits.undo(graph, edit, lambda: iter([*log, edit])))
    assert find(graph, title) != find(graph, plural)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Carbon Fiber", "carbon fibers"),  # a common noun by its ending
        ("RED CROSS", "red crosses"),
        ("Red Cross", "red cross"),
        ("red cross", "red crosses"),
        ("Red cross", "red crosses"),
    ],
)
def test_common_nouns_and_other_capitals_have_one_key_as_ever(one: str, other: str) -> None:
    """Only a title of several words may be a name in its singular alone."""
    graph, _ = grown(((one, "is seen in", "Bern"),), ((other, "stands on", "old flag"),))
    assert find(graph, one) == find(graph, other)
    assert not list(graph.doubts())


def test_a_plural_with_one_spelling_in_small_letters_is_its_plural() -> None:
    """Where a concept is written small too, or its head is a usual one there, nobody is asked."""
    graph, _ = grown(
        (("Wind Farm", "has", "turbine"),), (("wind farm", "needs", "wind"),), (("wind farms", "use", "land"),)
    )
    assert not list(graph.doubts())
    several = ("Wind Farm", "has", "turbine"), ("fish farm", "has", "pond"), ("pig farm", "has", "sty")
    graph, _ = grown(several, (("wind farms", "use", "land"),))
    assert not list(graph.doubts())


def verdict(one: str, other: str) -> str:
    """Return what is done with a name where another one is known."""
    lexicon = Lexicon()
    lexicon.add(canonical(one), one)
    return decide(other, canonical(other), lexicon).action


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Oklahoma!", "Oklahoma"),
        ("Yahoo!", "Yahoo"),
        ("Jeopardy!", "jeopardy"),
        ("Wham!", "Wham"),
        ("Guess Who?", "guess who"),
        ("Panic! at the Disco", "panic at the disco"),
        ("Oliver\uff01", "Oliver"),
    ],
)
def test_a_mark_that_may_be_part_of_a_name_is_asked_about(one: str, other: str) -> None:
    """A capital stands before it, and no common noun."""
    assert canonical(one) != canonical(other)
    assert verdict(one, other) == verdict(other, one) == "review"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("carbon fiber!", "carbon fiber"),
        ("ceramics.", "ceramics"),
        ("Carbon Fibers!", "Carbon Fibers"),
    ],
)
def test_a_mark_that_ends_a_sentence_says_nothing(one: str, other: str) -> None:
    """After a common noun it is punctuation of a sloppy reply."""
    assert verdict(one, other) == verdict(other, one) == "merge"


@pytest.mark.parametrize(("one", "other"), [("Ceramics!", "ceramics"), ("Carbon Fibers!", "carbon fiber")])
def test_a_mark_after_a_plural_with_a_capital_hides_no_singular(one: str, other: str) -> None:
    """Both may be one, which is asked."""
    assert verdict(one, other) == verdict(other, one) == "review"


@pytest.mark.parametrize(
    ("one", "other"),
    [("C#", "C"), ("C++", "C"), ("F*", "F"), ("A*", "A"), ("C++", "C#"), (".NET", "net"), ("@media", "media")],
)
def test_a_sign_beside_a_letter_is_part_of_the_name(one: str, other: str) -> None:
    """They have two keys, and do not merge."""
    assert canonical(one) != canonical(other)
    assert "merge" not in {verdict(one, other), verdict(other, one)}
