"""The recorded run of the embedded model: it replays to itself, and it does not dry up."""

from contextlib import closing
from itertools import pairwise

from graphgrow.graph.events import read_events, to_json
from graphgrow.graph.model import Expansion
from graphgrow.growth.replay import recording, replay
from graphgrow.resolve.options import open_resolver
from graphgrow.stores.memory import MemoryStore
from graphgrow.stores.projection import differences, project
from tests.conftest import RECORDED


def test_recorded_run_replays_to_the_same_bytes() -> None:
    """Parse, resolve and measure give today what stands in the file: same replies, same events."""
    with closing(MemoryStore()) as store:
        again = [to_json(event) for event in replay(recording(RECORDED), store, open_resolver())]
        assert differences(project(store.graph()), store.projection()) == []
    assert again == [to_json(event) for event in read_events(RECORDED)]


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
