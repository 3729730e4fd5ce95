"""What communities are about: read off their relations, or named by a model, and kept."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from graphgrow.errors import BadInput
from graphgrow.graph.model import Prompt
from graphgrow.measure.communities import partition
from graphgrow.reason.communities import describe, described, in_words, load, summary_of
from graphgrow.stores import GraphStore, open_store
from tests.reasoning import INJECTIONS, Heard, said


def names(prompt: Prompt) -> str:
    """Name a group by the first concept of its lines."""
    first = prompt.user.split('"')[3]
    return json.dumps({"name": f"Group of {first}", "about": "It is about that."})


@pytest.fixture
def two(tmp_path: Path) -> GraphStore:
    """Return the store of a graph of two communities without a relation between them."""
    metals = [(one, "is a", "metal") for one in ("iron", "copper", "zinc", "tin")]
    yarns = [(one, "is spun from", "fiber") for one in ("cotton yarn", "wool yarn", "silk yarn")]
    store = open_store(f"sqlite:{tmp_path / 'two.db'}", create=True)
    store.append(said(*metals, *yarns))
    return store


def test_each_community_is_named_once_and_kept(two: GraphStore) -> None:
    """One question a community with its own relations alone; the same is found again, by its leading concepts."""
    with closing(two):
        model = Heard(names)
        done = describe(two, model)
        assert [one.size for one in done.summaries] == [5, 4]
        assert len(model.asked) == 2
        assert "metal" in model.asked[0].user
        assert "yarn" not in model.asked[0].user
        graph = two.graph()
        assert load(graph, done.work) == done
        membership, communities = partition(graph)
        seq, summary = summary_of(graph, membership, communities[0].number) or (0, None)
        assert summary == done.summaries[0]
        assert graph.thoughts[done.work][1].seq == seq
        assert len(described(graph)) == 2


def test_what_was_broken_off_goes_on_and_pays_nothing_twice(two: GraphStore) -> None:
    """A reply that is in the log is not asked for again."""
    with closing(two):
        first = Heard(names)
        with pytest.raises(KeyboardInterrupt):
            describe(two, first, stop=lambda: len(first.asked) == 1)
        second = Heard(names)
        done = describe(two, second)
        assert (len(first.asked), len(second.asked)) == (1, 1)
        assert all(one.name for one in done.summaries)


@pytest.mark.parametrize("text", ["", "no JSON", '{"name":"","about":""}', *INJECTIONS])
def test_a_reply_of_no_use_is_said_and_the_relations_speak(two: GraphStore, text: str) -> None:
    """Nothing is made up; the work says how many replies were unusable, and the page has the graph's own words."""
    with closing(two):
        done = describe(two, Heard(lambda _: text))
        if all(one.name for one in done.summaries):  # one of the injections is no summary either
            pytest.fail(f"{text!r} named a community")
        assert done.reason == "2 of 2 replies could not be used"
        graph = two.graph()
        assert described(graph) == []
        membership, communities = partition(graph)
        words = in_words(graph, membership, communities[0].number, communities[0].name)
        assert "“is a” (4)" in words.sentence
        assert "metal" in words.name


def test_a_graph_without_communities_is_refused(tmp_path: Path) -> None:
    """One sentence, and no question."""
    model = Heard(names)
    with closing(open_store(f"sqlite:{tmp_path / 'pair.db'}", create=True)) as store:
        store.append(said(("silk", "contains", "fibroin")))
        with pytest.raises(BadInput, match="no community of three concepts"):
            describe(store, model)
    assert not model.asked
