import json
import re
from contextlib import closing
from statistics import fmean
from typing import NoReturn

import pytest

from graphgrow.api.edits import merge
from graphgrow.errors import BadInput, OutOfReplies
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Concept, Prompt
from graphgrow.llm.embedders import LocalEmbedder
from graphgrow.llm.scripted import Scripted
from graphgrow.reason.context import keys_by_spelling
from graphgrow.reason.ideas import Ideas, ideas, inquiry, load, measure_idea, resume, schedule
from graphgrow.reason.seeds import IdeaDials, IdeaSeed, distance, seeds
from graphgrow.resolve.identity import Meanings
from graphgrow.stores import GraphStore, open_store
from tests.reasoning import INJECTIONS, Heard, compared, idea, said, skeleton, thoughts, verdict

FAR, NEAR = IdeaDials(1, 0, 0.5), IdeaDials(0, 1, 0.5)


def thinks(prompt: Prompt) -> str:
    """Propose what joins the two concepts of a question; prefer the lower number of two ideas."""
    if prompt.schema and "hypothesis" in str(prompt.schema):
        one, other = re.findall(r'^The two concepts: "(.*?)" and "(.*?)"\.', prompt.user, re.MULTILINE)[0]
        return idea((one, other), len(one))
    first, second = compared(prompt)
    return verdict(prompt, "1" if first < second else "2")


def mean(chosen: list[IdeaSeed], name: str) -> float:
    """Return the mean of one measure of some seeds."""
    return fmean(getattr(one, name) for one in chosen)


def pairs(chosen: list[IdeaSeed]) -> set[tuple[str, str]]:
    """Return the concepts of some seeds."""
    return {one.concepts for one in chosen}


@pytest.mark.parametrize("name", ["novelty", "feasibility", "effectiveness"])
@pytest.mark.parametrize("with_meanings", [False, pytest.param(True, marks=pytest.mark.local)])
def test_every_dial_changes_what_is_retrieved(run: GraphStore, name: str, *, with_meanings: bool) -> None:
    """Opposite settings of one dial share less than half of their pairs, and differ in what it stands for."""
    meanings, still = Meanings(LocalEmbedder(), run) if with_meanings else None, {"novelty": 0.5}
    rest = dict.fromkeys({"feasibility", "effectiveness"} - {name}, 0.5)
    low, high = (
        seeds(run.graph(), IdeaDials(**(still | rest | {name: end})), "ceramic armour", meanings, 10)
        for end in (0.0, 1.0)
    )
    assert len(pairs(low) & pairs(high)) < 5
    assert mean(high, name) > mean(low, name) + 0.1


def test_opposite_settings_differ_in_the_ideas_too(run: GraphStore) -> None:
    """What comes of far pairs is newer than what comes of near ones, and the words of the prompt differ."""
    found_far, found_near = Heard(thinks), Heard(thinks)
    far, near = (ideas(run, heard, dials=dials).ranked for heard, dials in ((found_far, FAR), (found_near, NEAR)))
    assert fmean(one.novelty for one in far) > fmean(one.novelty for one in near) + 0.2
    assert min(one.apart for one in far) > max(one.apart for one in near)
    assert "Surprise a specialist" in found_far.asked[0].user
    assert "the next small step" in found_near.asked[0].user
    assert "Any good laboratory" in found_near.asked[0].user


def test_ideas_are_measured_and_ranked_by_what_they_won(run: GraphStore) -> None:
    """Each has its nearest existing relations with their steps; the best has won most; the log says it all again."""
    result = ideas(run, Heard(thinks), count=4, goal="ceramic armour")
    graph = run.graph()
    assert [one.won for one in result.ranked] == sorted((one.won for one in result.ranked), reverse=True)
    assert {one.compared for one in result.ranked} == {3}
    assert result.agreement == 1.0
    for one in result.ranked:
        assert len(one.nearest) == 3
        assert all(0 < step <= graph.seq for near in one.nearest for step in near.steps)
        assert all(key in graph.concepts for key in one.concepts)
    assert load(graph, result.work) == result


def test_a_ranking_that_goes_by_the_order_says_so(run: GraphStore) -> None:
    """Verdicts that turn when the two are swapped count half for both."""
    heard = Heard(lambda prompt: thinks(prompt) if "hypothesis" in str(prompt.schema) else verdict(prompt, "1"))
    result = ideas(run, heard)
    assert {one.won for one in result.ranked} == {0.5}
    assert "0% of the comparisons held when they were swapped" in result.reason


def test_novelty_is_what_the_formula_says() -> None:
    """(1 - greatest likeness) / 2 + mean distance / 2: known text is not new, far concepts without a likeness are."""
    log = said(("silk", "contains", "fibroin"), ("steel", "contains", "iron"))
    graph = fold([log])
    parts = {"title": "t", "mechanism": "m", "prediction": "p", "test": "t"}
    old, far = IdeaSeed(("fibroin", "silk"), "relation", 1, 0, 0, 0), IdeaSeed(("silk", "steel"), "gap", -1, 0, 0, 0)
    known = measure_idea(graph, old, parts | {"hypothesis": "silk contains fibroin"}, None)
    new = measure_idea(graph, far, parts | {"hypothesis": "walls sing"}, None)
    assert (known.novelty, new.novelty) == (0.0, 1.0)
    assert known.nearest[0].words == "silk contains fibroin"
    assert [distance(steps) for steps in (1, 2, 6, 9, -1)] == [0, 0.2, 1, 1, 1]


@pytest.mark.parametrize("count", range(8))
def test_every_idea_is_compared_as_often_as_every_other(count: int) -> None:
    """In a ring, each with two before and two after it, or with all where there are few."""
    found_pairs = schedule(count)
    often = [sum(place in pair for pair in found_pairs) for place in range(count)]
    assert len(set(found_pairs)) == len(found_pairs)
    assert set(often) <= {min(4, max(0, count - 1))}


def test_a_reply_that_cannot_be_used_is_a_shorter_honest_result(run: GraphStore) -> None:
    """An idea that names nothing of the graph is asked again once, then left out and said so."""
    replies = iter(range(100))
    nothing = idea(("qqq", "zzz"))
    heard = Heard(lambda prompt: nothing if next(replies) < 2 else thinks(prompt))
    result = ideas(run, heard)
    assert len(result.ranked) == 2
    assert result.reason == "1 reply could not be used."
    assert ideas(run, Heard(lambda _: "no json"), seed=1).ranked == ()


@pytest.mark.parametrize("cut", range(8))
def test_a_work_that_was_cut_off_anywhere_goes_on_and_pays_nothing_twice(run: GraphStore, cut: int) -> None:
    """Two ideas, one of them asked for twice, and both orders of their comparison: five replies, and no more."""
    whole = Heard(thinks)
    expected = ideas(run, whole, count=2, seed=1)
    replies = ["no json", *map(thinks, whole.asked)]
    if cut < len(replies):
        with pytest.raises(OutOfReplies):
            ideas(run, Scripted(replies[:cut]), count=2)
    again = ideas(run, Scripted(replies[cut:] if cut < len(replies) else replies), count=2)
    assert [one.hypothesis for one in again.ranked] == [one.hypothesis for one in expected.ranked]
    assert len(thoughts(run)) == len(whole.asked) + len(replies)
    assert resume(run, Scripted([]), again.work) == again


def test_what_cannot_be_asked_is_one_sentence(run: GraphStore) -> None:
    """A count or a dial out of range, a graph that holds nothing to join, no such work."""
    with pytest.raises(BadInput, match="0 ideas: ask for 1 to 20"):
        ideas(run, Scripted([]), count=0)
    with pytest.raises(BadInput, match="a novelty of 2: give 0 to 1"):
        IdeaDials(novelty=2)
    with closing(open_store("memory:", create=True)) as empty, pytest.raises(BadInput, match="grow it first"):
        ideas(empty, Scripted([]))
    with pytest.raises(BadInput, match="no work of  graphgrow ideas"):
        resume(run, Scripted([]), 3)
    assert seeds(Graph(), IdeaDials(), "", None, 3) == []


@pytest.mark.parametrize("hostile", INJECTIONS)
def test_hostile_names_stay_inside_quotation_marks(hostile: str) -> None:
    """Concepts, predicates and goals that give orders change no instruction of any stage."""
    asked = []
    for word in ("protein", hostile):
        with closing(open_store("memory:", create=True)) as store:
            store.append(said(("silk", word, word)))
            heard = Heard(lambda prompt: json.dumps(dict.fromkeys(("title", "mechanism", "prediction", "test"), "x")
                                                    | {"hypothesis": "silk holds"})
                          if "hypothesis" in str(prompt.schema) else verdict(prompt, "1"))  # fmt: skip
            result: Ideas = ideas(store, heard, goal=word, count=1)
            assert len(result.ranked) == 1
            asked.append(heard.asked)
    for clean, bad in zip(*asked, strict=True):
        assert (bad.system, skeleton(bad)) == (clean.system, skeleton(clean))
        assert bad.user != clean.user


def test_a_hypothesis_is_read_while_the_graph_grows(run: GraphStore) -> None:
    """Replies are read in threads: what they are held against was taken before."""
    graph = run.graph()
    seed = seeds(graph, IdeaDials(), "", None, 1)[0]
    asked = inquiry(graph, keys_by_spelling(graph), seed, "question", 0)
    graph.concepts = Growing(graph.concepts)
    assert asked.read(idea([graph.name(key) for key in seed.concepts]))["title"] == "idea 1"


def test_concepts_that_were_merged_on_the_way_are_told_by_the_name_they_have_now() -> None:
    """An idea that was paid for is measured against the graph as it is when it is read."""
    with closing(open_store("memory:", create=True)) as store:
        store.append(said(("silk", "is", "protein"), ("fibroin", "is", "light")))
        seed = IdeaSeed(("fibroin", "silk"), "gap", -1, 1.0, 1.0, 1.0)
        store.append(merge(store.graph(), "fibroin", "protein", into="protein"))
        parts = json.loads(idea(["fibroin", "silk"]))
        found = measure_idea(store.graph(), seed, parts, None)
    assert found.names == ("protein", "silk")


class Growing(dict[str, Concept]):
    """Concepts that grow whenever somebody goes through them."""

    def items(self) -> NoReturn:
        """Fail as a dict does that changes on the way."""
        raise RuntimeError("dictionary changed size during iteration")


def test_ideas_go_on_without_a_judge_that_fails_and_say_so(run: GraphStore) -> None:
    """They are there, by novelty; the sentence names the role, and the same call lets the judge compare them later."""
    failing, thinker, judge = Scripted([], name="judge"), Heard(thinks), Heard(thinks)
    done = ideas(run, thinker, count=3, judge=failing)
    assert len(done.ranked) == 3
    assert [one.compared for one in done.ranked] == [0, 0, 0]
    assert [one.novelty for one in done.ranked] == sorted((one.novelty for one in done.ranked), reverse=True)
    assert "The judge model failed" in done.reason
    asked = len(thinker.asked)
    again = ideas(run, thinker, count=3, judge=judge)
    assert (again.work, len(thinker.asked)) == (done.work, asked)
    assert judge.asked
    assert all(one.compared for one in again.ranked)
    assert "judge" not in again.reason
