"""A part of a graph is a graph: what it holds agrees with itself and with the whole."""

import pytest

from graphgrow.graph.confidence import TRUSTED, confidence, trusted, trusted_part
from graphgrow.graph.events import read_events
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Relation
from tests.conftest import DEMO, RECORDED
from tests.fact_checks import OPEN, SURE, WRONG, checked_log, fact_check


@pytest.fixture(scope="module")
def recorded() -> Graph:
    """Return the graph of the recorded run."""
    return fold(read_events(RECORDED))


def test_the_whole_is_a_part_of_itself(recorded: Graph) -> None:
    """With all relations and concepts it is the same graph, bookkeeping and all."""
    same = recorded.subgraph(recorded.relations, recorded.concepts)
    for name in ("concepts", "relations", "neighbours", "incident", "pairs", "loops", "introduced", "bill"):
        assert getattr(same, name) == getattr(recorded, name)
    assert sorted(same.components.sizes.values()) == sorted(recorded.components.sizes.values())
    assert set(same.unasked.items) == set(recorded.unasked.items)


def test_a_part_is_as_sure_as_the_whole(recorded: Graph) -> None:
    """Half of the relations, with the same support, evidence and confidence; the whole is not changed."""
    before = len(recorded.relations)
    half = recorded.subgraph(list(recorded.relations)[::2])
    assert len(half.relations) == -(-before // 2)
    assert set(half.concepts) == {key for relation in half.relations for key in relation.ends}
    for one in half.relations:
        if Relation(one.target, one.predicate, one.source) not in recorded.relations:  # nothing says the opposite
            assert confidence(half, one) == confidence(recorded, one)
    assert half.igraph().vcount() == len(half.concepts)
    assert len(recorded.relations) == before


def test_what_is_trusted_is_what_fact_checks_left() -> None:
    """The topic stays where nothing is sure; a threshold of 0 is the graph itself."""
    graph = fold(checked_log())
    assert list(trusted_part(graph).relations) == trusted(graph, TRUSTED) == [SURE]
    assert list(trusted_part(graph).concepts) == ["silk", "fibroin"]
    assert set(trusted_part(graph, 0.2).relations) == {SURE, OPEN}
    assert trusted_part(graph, 0) is graph
    graph.apply(fact_check(graph.seq + 1, SURE, -8.0))
    assert list(trusted_part(graph).concepts) == ["silk"]
    assert WRONG in graph.relations


def test_what_is_trusted_is_so_sure_by_itself_as_among_the_rest() -> None:
    """Checks of names that are left out speak of those beside them in the same answer all the same."""
    graph = fold(read_events(DEMO))
    sure = {relation: confidence(graph, relation) for relation in graph.relations}
    for threshold in (0.4, TRUSTED):
        part = trusted_part(graph, threshold)
        found = {relation: confidence(part, relation) for relation in part.relations}
        assert found == {relation: sure[relation] for relation in part.relations}
        assert min(found.values()) >= threshold
