"""The recorded runs of the embedded model: they replay to themselves, do not dry up, and the newer one is clean."""

from contextlib import closing
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import networkx as nx
import pytest

from graphgrow.api.edits import restore
from graphgrow.errors import BadInput
from graphgrow.graph.confidence import TRUSTED, confidence, trusted
from graphgrow.graph.events import read_events, to_json
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.keys import terms
from graphgrow.graph.model import Event, Expansion, FactCheck, Relation
from graphgrow.growth.replay import recording, replay
from graphgrow.resolve.options import open_resolver
from graphgrow.resolve.resolve import STEM, general_words
from graphgrow.stores.memory import MemoryStore
from graphgrow.stores.projection import differences, project
from tests.conftest import DEMO, RECORDED

GENERAL = frozenset(
    "advanced application applications building component components design development device devices equipment"
    " facilities facility for high highly in industries industry manufacturing method methods new of performance"
    " process processes product products properties property research structure structures system systems technologies"
    " technology test testing tests the type types use used uses with".split()
)


@pytest.fixture(scope="module")
def demo() -> Graph:
    """Return the graph of the recorded run with fact checks."""
    return fold(read_events(DEMO))


@pytest.mark.parametrize("run", [RECORDED, DEMO], ids=["plain", "checked"])
def test_recorded_run_replays_to_the_same_bytes(run: Path) -> None:
    """Parse, resolve and measure give today what stands in the file: same replies, same events."""
    with closing(MemoryStore()) as store:
        again = [to_json(event) for event in replay(recording(run), store, open_resolver())]
        assert differences(project(store.graph()), store.projection()) == []
    assert again == [to_json(event) for event in read_events(run)]


def test_few_concepts_of_the_demo_are_the_topic_in_other_words(demo: Graph) -> None:
    """At most 2 % of the names say nothing but the topic's words, by their stems, and general ones."""
    topic, general = ("impact", "resist", "material"), {word[:STEM] for word in GENERAL} | general_words()
    names = [terms(concept.name) for key, concept in demo.concepts.items() if key != demo.topic_key]
    says_topic = [[word.startswith(topic) for word in name] for name in names]
    empty = [
        name
        for name, is_topic in zip(names, says_topic, strict=True)
        if any(is_topic) and all(said or word[:STEM] in general for word, said in zip(name, is_topic, strict=True))
    ]
    assert len(names) > 400
    assert sum(map(any, says_topic)) > len(empty)  # names with a word of the topic beside one that says something
    assert len(empty) <= 0.02 * len(names), empty


def test_the_demo_trusts_no_circle_and_nothing_of_itself(demo: Graph) -> None:
    """No relation is of a concept to itself, and at the default threshold nothing is a kind of a kind of itself."""
    assert [relation for relation in demo.relations if relation.source == relation.target] == []
    kinds = [one.ends for one in trusted(demo) if one.predicate == "is a"]
    assert len(kinds) > 30
    assert nx.is_directed_acyclic_graph(nx.DiGraph(kinds))
    assert not nx.is_directed_acyclic_graph(nx.DiGraph([*kinds, kinds[0][::-1]]))


def test_checks_and_questions_follow_names_that_have_another_key_today() -> None:
    """A run whose keys were others replays to the same graph: no check and no question is left at a key of then."""
    events = list(read_events(DEMO))[:280]
    keys = {"steel": "steell", "titanium": "titan"}

    def then(relation: Relation) -> Relation:
        return replace(
            relation,
            source=keys.get(relation.source, relation.source),
            target=keys.get(relation.target, relation.target),
        )

    older: list[Event] = []
    for event in events:
        if isinstance(event, Expansion):
            said = (
                tuple(replace(one, relation=then(one.relation)) for one in part)
                for part in (event.delta.relations, event.delta.support)
            )
            named = tuple(replace(one, key=keys.get(one.key, one.key)) for one in event.delta.concepts)
            focus = replace(event.focus, concepts=tuple(keys.get(key, key) for key in event.focus.concepts))
            delta = replace(event.delta, concepts=named, relations=next(said), support=next(said))
            older.append(replace(event, focus=focus, delta=delta))
        elif isinstance(event, FactCheck):
            claims = tuple(replace(one, relation=then(one.relation)) for one in event.claims)
            older.append(replace(event, claims=claims))
    assert sum(one != other for one, other in zip(events, older, strict=True)) > 20
    with closing(MemoryStore()) as store:
        again = list(replay(older, store, open_resolver()))
        assert [to_json(event) for event in again] == [to_json(event) for event in events]
        graph = store.graph()
    sure = [one for one in graph.relations if confidence(graph, one) >= TRUSTED]
    assert any("steel" in one.ends for one in sure)


def test_recorded_run_keeps_finding_concepts() -> None:
    """At least 300 steps; every fifty of them bring new concepts, the last fifty more than a third of the first."""
    events = [event for event in read_events(RECORDED) if isinstance(event, Expansion)]
    steps = [event for event in events if not event.repairs]
    assert len(steps) >= 300
    nodes = [0, *(steps[n - 1].measures.nodes for n in range(50, 301, 50))]
    brought = [after - before for before, after in pairwise(nodes)]
    assert min(brought) > brought[0] / 3
    assert all(event.reply.text and event.reply.model for event in events)


def test_recorded_run_asks_no_question_twice() -> None:
    """Concept and angle are asked once, repair questions aside."""
    questions = [e.focus.question for e in read_events(RECORDED) if isinstance(e, Expansion) and not e.repairs]
    assert len(questions) == len(set(questions))


def test_a_name_kept_out_of_a_list_comes_back_with_what_the_question_said_of_it(demo: Graph) -> None:
    """Hygiene refused an adjective that two lists gave: restored, it has the relations of these two."""
    assert demo.rejected["bare adjective"] > 1
    edit = restore(demo, "Brittle", log=read_events(DEMO))
    assert {one.relation.target for one in edit.delta.relations} == {"brittle"}
    assert {one.relation.predicate for one in edit.delta.relations} == {"can fail by"}
    with pytest.raises(BadInput, match="never rejected here"):
        restore(demo, "unheard-of", log=read_events(DEMO))
