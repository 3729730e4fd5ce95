"""How much speaks for a relation, and what several runs share."""

import json
from dataclasses import replace
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.api import edits
from graphgrow.errors import BadInput
from graphgrow.graph.events import write_events
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Event, Relation
from graphgrow.measure.agreement import Support, consensus, core, supports
from tests.cli.test_cli import graphgrow
from tests.conftest import triples
from tests.graph.test_graph import event, grown, said

GLUE = Relation("silk", "contains", "glue")


def log_of(*asked: tuple[str, str, int, str]) -> list[Event]:
    """Return a log in which replies (question, model, seed, target) say that silk contains something."""
    graph, log = Graph(), list[Event]()
    for question, model, seed, target in asked:
        one = event(graph, triples(("silk", "contains", target)))
        focus, reply = replace(one.focus, angle=question), replace(one.reply, model=model)
        log.append(replace(one, focus=focus, reply=reply, seed=seed))
        graph.apply(log[-1])
    return log


def test_support_counts_replies_questions_models_and_seeds() -> None:
    """Two replies to one question are two samples of one question; another model or seed counts as itself."""
    log = log_of(("why", "m", 0, "glue"), ("why", "m", 1, "glue"), ("how", "n", 1, "glue"), ("how", "n", 1, "wax"))
    graph, found = supports(log)
    assert found[GLUE] == Support(samples=3, questions=2, models=2, seeds=2)
    assert found[Relation("silk", "contains", "wax")] == Support(1, 1, 1, 1)
    log.append(edits.add(graph, "silk", "contains", "wax"))
    assert supports(log)[1][Relation("silk", "contains", "wax")].samples == 2


def test_core_keeps_what_is_said_often_enough() -> None:
    """The core holds the relations with enough support and the concepts that they relate, and nothing else."""
    log = log_of(("why", "m", 0, "glue"), ("why", "m", 0, "glue"), ("how", "m", 0, "wax"))
    found = core(log, 2)
    assert list(found.relations) == [GLUE]
    assert list(found.concepts) == ["silk", "glue"]
    assert found.support(GLUE) == 2
    assert list(core(log, 2, "questions").relations) == []
    assert len(core(log, 1, "questions").relations) == 2
    with pytest.raises(BadInput, match="ask for 1 or more"):
        core(log, 0)


def test_core_follows_merges() -> None:
    """Two names of one concept support one relation together once somebody has merged them."""
    log = log_of(("why", "m", 0, "glue"), ("how", "m", 0, "adhesive"))
    assert not core(log, 2).relations
    log.append(edits.merge(fold(log), "glue", "adhesive"))
    assert list(core(log, 2).relations) == [GLUE]


@given(st.lists(said, min_size=2, max_size=4))
def test_consensus_is_a_vote(replies: list[list[tuple[str, str, str]]]) -> None:
    """With one vote everything is in, with all votes what every run holds; likeness is the mean Jaccard index."""
    graphs = [grown(triples(*reply)) for reply in replies]
    everything, alike = consensus(graphs, 1)
    shared, _ = consensus(graphs, len(graphs))
    assert set(everything.relations) == set.union(*(set(graph.relations) for graph in graphs))
    assert set(shared.relations) == set.intersection(*(set(graph.relations) for graph in graphs))
    assert 0 <= alike.relations <= 1
    same, own = consensus([graphs[0], graphs[0]], 2)
    assert set(same.relations) == set(graphs[0].relations)
    assert (own.pairs, own.concepts, own.relations) == (1, 1.0, 1.0)


def test_runs_agree_across_merges() -> None:
    """What one run merged is one concept in the consensus, also where the other run knows only one of the names."""
    one = grown(triples(("cnt", "contains", "gas"), ("carbon nanotube", "is a", "tube")))
    one.apply(edits.merge(one, "cnt", "carbon nanotube"))
    other = grown(triples(("carbon nanotube", "contains", "gas")))
    found, alike = consensus([one, other], 2)
    assert [(r.source, r.predicate, r.target) for r in found.relations] == [("cnt", "contains", "gas")]
    assert alike.concepts == pytest.approx(2 / 3)
    with pytest.raises(BadInput, match="name at least 2 runs"):
        consensus([one], 1)
    with pytest.raises(BadInput, match="3 of 2 runs"):
        consensus([one, other], 3)


def test_core_and_consensus_from_the_command_line(tmp_path: Path) -> None:
    """Both commands print relations and sizes, write a file that networkx reads, and say as JSON what they print."""
    log = log_of(("why", "m", 0, "glue"), ("how", "m", 0, "glue"), ("how", "m", 0, "wax"))
    write_events(tmp_path / "one.jsonl", log)
    write_events(tmp_path / "two.jsonl.gz", log_of(("why", "m", 1, "glue")))
    graphgrow("replay", "one.jsonl", "--store", "one.db", cwd=tmp_path)
    shown = graphgrow("core", "one.db", "--support", "2", "--to", "core.graphml", cwd=tmp_path).stdout
    assert "2 concepts and 1 relation said by at least 2 samples; written to core.graphml" in shown
    assert nx.read_graphml(tmp_path / "core.graphml").number_of_edges() == 1
    row = json.loads(graphgrow("core", "one.db", "--support", "1", "--by", "seeds", "--json", cwd=tmp_path).stdout)
    assert (row["relations"], row["of_relations"]) == (2, 2)
    shown = graphgrow("consensus", "one.db", "two.jsonl.gz", cwd=tmp_path).stdout
    assert "Jaccard index of concepts 0.667, of relations 0.500" in shown
    found = json.loads(
        graphgrow("consensus", "one.jsonl", "two.jsonl.gz", "--agree", "1", "--json", cwd=tmp_path).stdout
    )
    assert [row["support"] for row in found["listed"]] == [2, 1]
    assert "name at least 2 runs" in graphgrow("consensus", "one.db", cwd=tmp_path, code=1).stderr
