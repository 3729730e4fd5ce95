"""New names beside the names of the graph: what merges by itself, what is put in doubt, what stays out."""

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphgrow.api import edits
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Answer, Change, Event, Expansion, Focus, Prompt, Question, Reply
from graphgrow.llm.embedders import LocalEmbedder
from graphgrow.resolve.identity import Meanings
from graphgrow.resolve.options import open_resolver
from graphgrow.resolve.resolve import Resolver
from graphgrow.stores.projection import differences, project
from graphgrow.stores.sqlite import SQLiteStore
from tests.cli.test_cli import graphgrow
from tests.conftest import expansion, triples
from tests.graph.test_graph import content

Triples = Sequence[tuple[str, str, str]]
NAMES = st.sampled_from(
    ["aluminium alloy", "Aluminum alloys", "carbon fibre", "Carbon Fiber", "carbon nanotubes (CNTs)", "CNT", "steel",
     "structure integrity", "structural integrity", "resistance to impact", "impact resistance", "hardness"]
)  # fmt: skip
SAID = st.lists(st.tuples(NAMES, st.sampled_from(["contains", "is part of", "improves"]), NAMES), max_size=4)


def replied(graph: Graph, said: Triples, how: Resolver) -> Expansion:
    """Return the event that a reply is."""
    prompt = Prompt("", "")
    question = Question(Focus("bfs", ("steel",), "a test", angle=str(graph.seq)), prompt)
    return expansion(graph, "steel", question, Answer(prompt, Reply(triples(*said))), how, seed=0, at="")


def grown(*replies: Triples, how: Resolver | None = None) -> tuple[Graph, list[Event]]:
    """Return the graph and the log of some replies, with new names compared."""
    graph, log, how = Graph(), list[Event](), how or open_resolver()
    for said in replies:
        log.append(replied(graph, said, how))
        graph.apply(log[-1])
    return graph, log


def test_another_spelling_merges_by_itself_and_can_be_taken_apart() -> None:
    """British and American spelling are one concept, with the reason in the log; unmerging shows two with their own."""
    graph, log = grown([("steel", "contains", "aluminium alloy")], [("Aluminum alloys", "improves", "hardness")])
    (merge,) = log[1].delta.changes
    assert merge.do == "merge"
    assert "the same words, written another way" in merge.reason
    assert list(graph.concepts) == ["steel", "aluminium alloy", "hardness"]
    assert graph.concepts["aluminium alloy"].aliases == ("Aluminum alloys",)
    assert (log[1].measures.nodes, len(log[1].delta.new_concepts)) == (3, 1)  # type: ignore[union-attr]  # an expansion
    graph.apply(edits.unmerge(graph, "aluminum alloy"))
    assert list(graph.concepts) == ["steel", "aluminium alloy", "aluminum alloy", "hardness"]
    graph.apply(replied(graph, [("aluminum alloy", "is a", "metal")], open_resolver()))
    assert "aluminum alloy" in graph.concepts


def test_names_of_one_reply_are_compared_too() -> None:
    """Two spellings in one reply are one concept, and what relates them is not shown."""
    graph, log = grown([("carbon fibre", "is a", "Carbon fibers"), ("carbon fiber", "contains", "carbon")])
    assert list(graph.concepts) == ["carbon fibre", "carbon"]
    assert [(r.source, r.target) for r in graph.relations] == [("carbon fibre", "carbon")]
    assert len(log[0].delta.relations) == 1


def test_what_looks_alike_is_put_in_doubt() -> None:
    """Likeness does not merge: the pair waits in the queue, with its reason; contradictions do not even that."""
    graph, _ = grown([("steel", "improves", "structural integrity"), ("steel", "improves", "structure integrity")],
                     [("steel", "has", "tensile strength"), ("steel", "has", "compressive strength")])  # fmt: skip
    (doubt,) = edits.queue(graph)
    assert set(doubt.concepts) == {"structural integrity", "structure integrity"}
    assert "alike" in doubt.reason


def test_a_rejected_concept_stays_out_under_every_spelling() -> None:
    """What was rejected as aluminium alloy does not come in as aluminum alloy."""
    graph, _ = grown([("steel", "contains", "aluminium alloy")])
    graph.apply(edits.reject(graph, "aluminium alloy"))
    new = replied(graph, [("steel", "contains", "Aluminum alloys")], open_resolver())
    assert [(one.text, one.rule) for one in new.delta.rejects] == [("Aluminum alloys", "rejected by hand")]
    assert new.delta.concepts == ()


def test_passive_predicates_turn_round() -> None:
    """A passive says the same with source and target exchanged; the raw words stay as evidence."""
    graph, _ = grown([("hardness", "is improved by", "steel"), ("steel", "improves", "hardness")])
    ((relation, said),) = graph.relations.items()
    assert (relation.source, relation.predicate, relation.target) == ("steel", "improves", "hardness")
    assert [one.raw.predicate for one in said] == ["is improved by", "improves"]


@given(st.lists(SAID, max_size=5))
@settings(max_examples=60)
def test_an_identifier_that_was_there_all_along_decides_like_a_new_one(replies: list[Triples]) -> None:
    """A resumed run resolves as an uninterrupted one; the log folds to the graph that lived."""
    lasting, graph, log = open_resolver(), Graph(), list[Event]()
    for said in replies:
        event = replied(graph, said, lasting)
        assert event == replied(fold(log), said, open_resolver())
        graph.apply(event)
        log.append(event)
    assert content(fold(log)) == content(graph)


def test_merges_reach_the_store(tmp_path: Path) -> None:
    """A store shows merged names as the fold does, reply by reply."""
    said: list[Triples] = [
        [("steel", "contains", "aluminium alloy"), ("CNT", "is part of", "steel")],
        [("Aluminum alloys", "improves", "hardness"), ("carbon nanotubes (CNTs)", "improves", "hardness")],
        [("resistance to impact", "is part of", "steel"), ("impact resistance", "improves", "hardness")],
    ]
    _, log = grown(*said)
    assert sum(change.do == "merge" for event in log for change in event.delta.changes) >= 2
    with closing(SQLiteStore(tmp_path / "g.db", create=True)) as store:
        for event in log:
            store.append(event)
            assert differences(project(store.graph()), store.projection()) == []


@pytest.mark.local
def test_meanings_are_compared_with_the_local_model(tmp_path: Path) -> None:
    """Names that mean about the same are put in doubt; their vectors are kept in the store."""
    with closing(SQLiteStore(tmp_path / "g.db", create=True)) as store:
        store.append(*grown([("steel", "contains", "iron")])[1])
        meanings = Meanings(LocalEmbedder(), store)
        how = open_resolver(meanings=meanings)
        graph, log = grown([("steel", "is a", "metal"), ("surgical instruments", "contains", "steel")],
                           [("medical instruments", "contains", "iron")], how=how)  # fmt: skip
        assert Change("doubt", ("medical instrument", "surgical instrument")).concepts in [
            change.concepts for change in log[1].delta.changes
        ]
        assert len(list(graph.doubts())) >= 1
        assert store.recall("embedding all-MiniLM-L6-v2 int8", ["medical instruments"]) or len(meanings.index) >= 3


def test_rules_vocabulary_and_unmapped_wordings_from_the_command_line(tmp_path: Path) -> None:
    """A rule can be left out and a vocabulary given for one run; wordings it does not hold are reported."""
    rows = [("steel", "is hardened by", "carbon"), ("steel", "has", "highly effective")]
    (tmp_path / "r.jsonl").write_text('{"a": ' + json.dumps(triples(*rows)) + "}\n")
    words = ("replay", "r.jsonl", "--field", "a", "--topic", "steel")
    graphgrow(*words, "--store", "a.db", cwd=tmp_path)
    graphgrow(*words, "--store", "b.db", "--without-rule", "bare adjective", cwd=tmp_path)
    assert "highly effective" not in graphgrow("show", "a.db", cwd=tmp_path).stdout
    assert "highly effective" in graphgrow("show", "b.db", cwd=tmp_path).stdout
    (tmp_path / "own.toml").write_text('["hardens"]\nturned = ["hardened by"]\n')
    graphgrow(*words, "--store", "c.db", "--predicates", "own.toml", cwd=tmp_path)
    assert "hardens" in graphgrow("show", "c.db", "carbon", cwd=tmp_path).stdout
    assert "is hardened by" in graphgrow("predicates", "a.db", cwd=tmp_path).stdout
    assert "1 of 1 statements" in graphgrow("predicates", "c.db", "--predicates", "own.toml", cwd=tmp_path).stdout
    for extra, sentence in (
        (("--without-rule", "praises"), "there is no hygiene rule"),
        (("--predicates", "none.toml"), "cannot be read"),
        (("--embeddings", "some-model"), "no endpoint for the embedding model"),
    ):
        assert sentence in graphgrow(*words, "--store", "d.db", *extra, cwd=tmp_path, code=1).stderr
    assert not (tmp_path / "d.db").exists()


@pytest.mark.local
def test_critical_says_what_is_missing_and_what_surprises(tmp_path: Path) -> None:
    """Without embeddings the command says so; with the local model it lists what is linked and far apart."""
    (tmp_path / "r.jsonl").write_text(
        '{"a": ' + json.dumps(triples(("steel", "is a", "metal"), ("steel", "uses", "poetry"))) + "}\n"
    )
    graphgrow("replay", "r.jsonl", "--field", "a", "--topic", "steel", "--store", "a.db", cwd=tmp_path)
    assert "No embeddings were given" in graphgrow("critical", "a.db", cwd=tmp_path).stdout
    shown = graphgrow("critical", "a.db", "--embeddings", "local", cwd=tmp_path).stdout
    assert "poetry" in shown
    assert "No embeddings" not in shown
