"""Reasoning stands on what a graph trusts: relations that fact checks bear out, all of them where nobody checked."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import graphgrow
from graphgrow.errors import BadInput, OutOfReplies
from graphgrow.graph.confidence import TRUSTED, trusted
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import (
    CheckedRelation,
    Concept,
    Delta,
    Event,
    Expansion,
    FactCheck,
    Focus,
    Measures,
    Prompt,
    Relation,
    Reply,
    Statement,
    Triple,
    Usage,
)
from graphgrow.llm.scripted import Scripted
from graphgrow.reason.answers import ask
from graphgrow.reason.discovery import discover
from graphgrow.reason.ideas import ideas
from graphgrow.reason.paths import shortest
from graphgrow.reason.route import DiscoveryRequest
from graphgrow.reason.tasks import as_json, from_json
from graphgrow.reason.trust import trusted_graph
from graphgrow.stores import GraphStore, open_store
from tests.reason.test_discovery import answers
from tests.reason.test_ideas import thinks
from tests.reasoning import Heard, answer, command, said, thoughts

TRUE, FALSE = 8.0, -8.0  # log-odds that leave no doubt, whatever the weights of confidence are
# The short way from silk to strength is false, the long one true.
SAID = (
    ("silk", "contains", "fibroin", TRUE),
    ("fibroin", "forms", "beta sheet", TRUE),
    ("beta sheet", "gives", "strength", TRUE),
    ("silk", "eats", "strength", FALSE),
    ("silk", "contains", "cheese", FALSE),
)
LEFT_OUT = "3 of 5 relations are trusted; --confidence 0 reads all"
NONE = "none of 5 relations is trusted; --confidence 0 reads all"


def log(*relations: tuple[str, str, str, float]) -> Iterator[Event]:
    """Yield a question for each relation, and a check of each that has log-odds."""
    seq, known = 0, set[str]()
    for source, predicate, target, _ in relations:
        seq += 1
        names = [name for name in dict.fromkeys((source, target)) if name not in known]
        known.update(names)
        statement = Statement(Relation(source, predicate, target), Triple(source, predicate, target))
        delta = Delta(tuple(Concept(name, name) for name in names), relations=(statement,))
        focus, reply = Focus("bfs", (source,), f"why {seq}?"), Reply("{}", Usage(10, 5))
        yield Expansion(seq, "silk", focus, Prompt("", ""), reply, "ok", "", delta, Measures())
    for *triple, odds in relations:
        seq += 1
        claims = (CheckedRelation(Relation(*triple), odds),)
        yield FactCheck(seq, "silk", claims, Prompt("", ""), Reply("Yes", Usage(10, 1)), "logprobs")


def unchecked() -> Graph:
    """Return the same graph before anybody checked it."""
    return fold([event for event in log(*SAID) if isinstance(event, Expansion)])


@pytest.fixture
def checked() -> Iterator[GraphStore]:
    """Yield a store of five relations, all checked, two of them false."""
    with closing(open_store("memory:", create=True)) as store:
        store.append(*log(*SAID))
        yield store


@pytest.fixture
def doubtful() -> Iterator[GraphStore]:
    """Yield a store of five relations, all checked, all false."""
    with closing(open_store("memory:", create=True)) as store:
        store.append(*log(*((*triple, FALSE) for *triple, _ in SAID)))  # type: ignore[arg-type]
        yield store


def test_what_is_read_is_what_is_trusted_and_it_says_so(checked: GraphStore) -> None:
    """Relations below the threshold are not there, nor are concepts that only they join; 0 reads all."""
    whole = checked.graph()
    found = trusted_graph(whole)
    assert list(found.graph.relations) == trusted(whole)
    assert "cheese" in whole.concepts
    assert "cheese" not in found.graph.concepts
    assert (found.confidence, found.sentence) == (TRUSTED, LEFT_OUT)
    assert shortest(whole, "silk", "strength") == ("silk", "strength")
    assert shortest(found.graph, "silk", "strength") == ("silk", "fibroin", "beta sheet", "strength")
    everything = trusted_graph(whole, 0)
    assert (everything.graph, everything.sentence, everything.request) == (whole, "", {})
    assert "at a confidence of 0.9" in trusted_graph(whole, 0.9).sentence
    with pytest.raises(BadInput, match=r"a confidence of 1\.5: give 0 to 1"):
        trusted_graph(whole, 1.5)


def test_it_is_worked_out_once_an_event(checked: GraphStore) -> None:
    """The same graph is handed out until it grows, and then what was checked since counts."""
    graph = checked.graph()
    before = trusted_graph(graph)
    assert trusted_graph(graph) is before
    claim = CheckedRelation(Relation("silk", "contains", "cheese"), 20 * TRUE)
    graph.apply(FactCheck(graph.seq + 1, "silk", (claim,), Prompt("", ""), Reply("Yes"), "logprobs"))
    assert "cheese" in trusted_graph(graph).graph.concepts
    assert "cheese" not in before.graph.concepts


def test_a_graph_that_nobody_checked_is_read_as_a_whole() -> None:
    """Without a fact check there is no default threshold; one that somebody names holds all the same."""
    graph = unchecked()
    assert trusted_graph(graph).graph is graph
    with pytest.raises(BadInput, match=r"none of 5 relations is trusted at a confidence of 0\.99"):
        assert trusted_graph(graph, 0.99).graph
    assert trusted_graph(Graph(), 0.5).graph.relations == {}


@given(st.lists(st.tuples(*[st.sampled_from("abcde")] * 3, st.sampled_from([TRUE, FALSE])), max_size=12))
def test_a_subgraph_is_the_graph_without_what_is_left_out(relations: list[tuple[str, str, str, float]]) -> None:
    """Whatever is trusted: each trusted relation as it was, and neighbours and components as these alone make them."""
    relations = list({one[:3]: one for one in relations}.values())
    whole = fold(log(*relations))
    kept = trusted(whole)
    part = whole.subgraph(kept)
    alone = fold([said(*((one.source, one.predicate, one.target) for one in kept))])
    assert part.relations == {relation: whole.relations[relation] for relation in kept}
    assert part.concepts.keys() == alone.concepts.keys() == part.introduced.keys()
    assert {key: {*near} for key, near in part.neighbours.items()} == {
        key: {*near} for key, near in alone.neighbours.items()
    }
    assert part.pairs == alone.pairs
    assert part.components.largest == alone.components.largest
    assert sorted(part.unasked.items + part.explored.items) == sorted(part.concepts)
    untouched = fold(log(*relations))
    for name in ("concepts", "relations", "neighbours", "incident", "checks", "unchecked", "past"):
        assert getattr(whole, name) == getattr(untouched, name)
        assert getattr(whole.subgraph(whole.relations), name) == getattr(whole, name)


def test_an_answer_cites_nothing_that_is_not_trusted(checked: GraphStore) -> None:
    """No line of the prompt is a relation that fact checks deny, unless somebody wants all of them."""
    heard = Heard(lambda _: answer(("Silk contains fibroin.", ["r1"])))
    question = "Does silk contain cheese, and has it strength?"
    found = ask(checked, heard, question)
    assert found.known
    assert "cheese" not in heard.asked[0].user.split("Question")[0]
    assert "eats" not in heard.asked[0].user
    ask(checked, heard, question, confidence=0)
    assert "cheese" in heard.asked[1].user.split("Question")[0]
    first, other = (steps[0].result["wanted"] for steps in checked.graph().thoughts.values())
    assert isinstance(first, dict)
    assert isinstance(other, dict)
    assert first == other | {"confidence": TRUSTED}


def test_a_question_about_what_is_not_trusted_is_not_asked(checked: GraphStore) -> None:
    """Nothing near to it is trusted, and the reason says so."""
    found = ask(checked, Scripted([]), "cheese?")
    assert (found.known, found.reason) == (False, "It trusts nothing near to the question, so nothing was asked.")


def test_what_was_begun_goes_on_with_what_it_has_read(checked: GraphStore) -> None:
    """A question and ideas that broke off are the same when all was denied since; a new question is not asked."""
    with pytest.raises(OutOfReplies):
        ask(checked, Scripted([]), "What is in silk?")
    with pytest.raises(OutOfReplies):
        ideas(checked, Scripted([]), count=1)
    graph = checked.graph()
    claims = tuple(CheckedRelation(relation, 20 * FALSE) for relation in graph.relations)
    checked.append(FactCheck(graph.seq + 1, "silk", claims, Prompt("", ""), Reply("No"), "logprobs"))
    heard = Heard(lambda _: answer(("Silk contains fibroin.", ["r1"])))
    assert ask(checked, heard, "What is in silk?").known
    assert ideas(checked, Heard(thinks), count=1).ranked
    with pytest.raises(BadInput, match=NONE):
        ask(checked, heard, "What is in it?")
    assert len(heard.asked) == 1


def test_a_discovery_leads_along_what_is_trusted(checked: GraphStore) -> None:
    """The path is that of the true relations, the document says so, and the same again asks nothing."""
    found = discover(checked, Scripted(answers(4)), "silk", "strength")
    assert [found.route.name(one) for one in found.route.path] == ["silk", "fibroin", "beta sheet", "strength"]
    assert f"only along those with a confidence of {TRUSTED:g} or more" in found.markdown()
    assert discover(checked, Scripted([]), "silk", "strength").work == found.work
    whole = discover(checked, Scripted(answers(2)), "silk", "strength", confidence=0)
    assert [whole.route.name(one) for one in whole.route.path] == ["silk", "strength"]
    assert "confidence" not in whole.markdown()
    later = discover(checked, Scripted(answers(2)), request=DiscoveryRequest(takes=whole.work, stage="C"))
    assert later.route.request.confidence == 0
    assert "confidence" not in json.dumps(later.to_dict())


def test_a_discovery_leads_past_the_topic_where_the_graph_chooses() -> None:
    """The ends are neighbours of the topic, far apart without it; the first says more than one predicate."""
    ring = [("silk", "has", name, TRUE) for name in ("b0", "b3", "w0", "w3")]
    same = [(f"b{n}", "is like", f"b{n + 1}", TRUE) for n in range(3)]  # as long, one predicate throughout
    mixed = [("w0", "contains", "w1", TRUE), ("w1", "causes", "w2", TRUE), ("w2", "limits", "w3", TRUE)]
    tail = [("w3", "is like", "far", TRUE), ("far", "is like", "farther", TRUE)]  # the longest shortest path ends here
    false = [("w0", "limits", "w3", FALSE), ("w0", "eats", "w2", FALSE)]
    with closing(open_store("memory:", create=True)) as store:
        store.append(*log(*ring, *same, *mixed, *tail, *false))
        found = discover(store, Scripted(answers(4)))
        names = [[found.route.name(one) for one in found.route.path]]
        assert found.route.how == "the longest shortest path past the topic between two of its neighbours"
        found = discover(store, Scripted(answers(4)), request=DiscoveryRequest(rank=2))
        names.append([found.route.name(one) for one in found.route.path])
        assert found.route.how.startswith("number 2 of the longest shortest paths past the topic")
        assert names == [["w0", "w1", "w2", "w3"], ["b0", "b1", "b2", "b3"]]
        with pytest.raises(BadInput, match="past the topic between two of its neighbours of rank 3: there are 2"):
            discover(store, Scripted([]), request=DiscoveryRequest(rank=3))
        whole = discover(store, Scripted(answers(6)), confidence=0)
        assert whole.route.how == "the longest shortest path"
        assert "farther" in whole.route.ends


def test_a_concept_without_a_trusted_relation_is_named(checked: GraphStore) -> None:
    """It is there, but nothing that is said of it is trusted: the sentence says so and how to read it."""
    with pytest.raises(BadInput) as error:
        discover(checked, Scripted([]), "silk", "cheese")
    assert str(error.value) == f"no relation of 'cheese' is trusted ({LEFT_OUT})"
    with pytest.raises(BadInput, match="no concept 'chese' in this graph: did you mean 'cheese'"):
        discover(checked, Scripted([]), "silk", "chese")


def test_ideas_begin_with_what_is_trusted(checked: GraphStore) -> None:
    """No seed, no prompt and no existing relation beside an idea is of what fact checks deny."""
    heard = Heard(thinks)
    found = ideas(checked, heard, count=2)
    assert found.ranked
    assert not any("cheese" in prompt.user or "eats" in prompt.user for prompt in heard.asked)
    assert not any("cheese" in near.words or "eats" in near.words for one in found.ranked for near in one.nearest)
    again = Heard(thinks)
    ideas(checked, again, count=2, confidence=0)
    assert any("eats" in prompt.user for prompt in again.asked)


def test_where_nothing_is_trusted_it_says_so_and_asks_nothing(doubtful: GraphStore) -> None:
    """One sentence, for each of the three, and no event."""
    before = doubtful.graph().seq
    for reasoning in (lambda: ask(doubtful, Scripted([]), "Why?"), lambda: discover(doubtful, Scripted([])),
                      lambda: ideas(doubtful, Scripted([]))):  # fmt: skip
        with pytest.raises(BadInput) as error:
            reasoning()
        assert str(error.value) == NONE
    assert doubtful.graph().seq == before


def test_what_is_logged_without_a_threshold_is_what_was_logged_before() -> None:
    """A discovery that reads everything is the request that it was before there were fact checks."""
    assert "confidence" not in as_json(DiscoveryRequest("a", "b"))
    limited = DiscoveryRequest("a", "b", confidence=0.5)
    assert from_json(as_json(limited), DiscoveryRequest) == limited


def test_in_python_paths_and_the_rest_take_a_confidence(tmp_path: Path) -> None:
    """`graph.think` reads what is trusted, and all of it for 0."""
    with closing(open_store(str(tmp_path / "g.db"), create=True)) as store:
        store.append(*log(*SAID))
    with graphgrow.open(tmp_path / "g.db") as graph:
        assert graph.think.path("silk", "strength").steps == 3
        assert graph.think.path("silk", "strength", confidence=0).steps == 1
        assert "cheese" not in graph.think.longest()[0].names
        assert "cheese" in graph.think.longest(confidence=0)[0].names
        with pytest.raises(BadInput, match="no relation of 'cheese' is trusted"):
            graph.think.path("silk", "cheese")
        model = Heard(lambda _: answer(("Silk contains fibroin.", ["r1"])))
        assert graph.think.ask("What is in silk?", model, confidence=0.5).known
        assert graph.think.discover("silk", "strength", Scripted(answers(4))).is_finished
        assert graph.think.ideas(Heard(thinks), count=1, confidence=0)


def test_the_command_line_says_what_is_left_out(tmp_path: Path) -> None:
    """`path`, `ask`, `discover` and `ideas` count what is trusted, and end with 1 where nothing is."""
    with closing(open_store(str(tmp_path / "g.db"), create=True)) as store:
        store.append(*log(*SAID))
    with closing(open_store(str(tmp_path / "no.db"), create=True)) as store:
        store.append(*log(*((*triple, FALSE) for *triple, _ in SAID)))  # type: ignore[arg-type]
    found = command(tmp_path, "path", "g.db", "silk", "strength")
    assert (found.returncode, found.stderr.strip()) == (0, LEFT_OUT)
    assert found.stdout.startswith("the shortest path: 3 steps")
    every = command(tmp_path, "path", "g.db", "silk", "strength", "--confidence", "0")
    assert (every.returncode, every.stderr) == (0, "")
    assert every.stdout.startswith("the shortest path: 1 step:")
    for words in (("path", "no.db", "silk", "strength"), ("ask", "no.db", "why?"), ("discover", "no.db"),
                  ("ideas", "no.db")):  # fmt: skip
        nothing = command(tmp_path, *words)
        assert (nothing.returncode, nothing.stdout) == (1, "")
        assert nothing.stderr.strip().endswith(NONE)
        assert len(nothing.stderr.splitlines()) == 1
    apart = command(tmp_path, "path", "g.db", "silk", "cheese")
    assert (apart.returncode, apart.stdout) == (1, "")
    assert apart.stderr.strip() == f"graphgrow: no relation of 'cheese' is trusted ({LEFT_OUT})"
    asked = command(tmp_path, "ask", "g.db", "What is in silk?", "--llm", "recorded:none.jsonl")
    assert LEFT_OUT in asked.stderr
    both = command(tmp_path, "discover", "g.db", "--work", "3", "--confidence", "0.5")
    assert "leave out the options that choose another" in both.stderr
    with closing(open_store(str(tmp_path / "no.db"))) as store:
        assert thoughts(store) == []
