"""Which relations an event makes more or less sure: all of them, and hardly any other."""

from graphgrow.api import edits
from graphgrow.graph.confidence import confidence, reconsidered
from graphgrow.graph.events import read_events
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Event, Relation
from tests.conftest import RECORDED
from tests.fact_checks import OPEN, SURE, WRONG, checked_log, fact_check


def sure_in(graph: Graph) -> dict[Relation, float]:
    """Return how sure a graph is of each of its relations."""
    return {relation: confidence(graph, relation) for relation in graph.relations}


def test_no_other_relation_has_another_confidence_after_an_event() -> None:
    """A run with fact checks in between, a decision and a person's word: what changed is among those that are named."""
    log: list[Event] = list(read_events(RECORDED))[:60]
    relations = list(fold(log).relations)
    for place, relation in enumerate(relations[::3]):
        log.append(fact_check(len(log) + 1, relation, [4.0, -4.0, None][place % 3]))
    graph = Graph()
    for event in log:
        before = sure_in(graph)
        graph.apply(event)
        after, named = sure_in(graph), reconsidered(graph, [event])
        assert {one for one in after if after[one] != before.get(one)} <= set(named)
        assert len(named) < 60


def test_a_fact_check_tells_of_what_came_beside_it() -> None:
    """An answer whose other names are wrong is less sure; what came in another answer stays as it is."""
    log = checked_log()
    graph = fold(log[:2])
    graph.apply(log[2])
    assert set(reconsidered(graph, [log[2]])) == {SURE, WRONG}
    graph.apply(fact_check(4, OPEN, 1.0))
    assert reconsidered(graph, [fact_check(4, OPEN, 1.0)]) == [OPEN]
    decided = edits.reject_relation(graph, WRONG)
    graph.apply(decided)
    assert reconsidered(graph, [decided]) == [SURE, OPEN]
