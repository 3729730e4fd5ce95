"""Every decision is taken back once, and the graph stands as it did before."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from graphgrow.api import directives, edits
from graphgrow.errors import BadInput
from graphgrow.graph.events import from_json, to_json
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Concept, Delta, Edit, Relation, Statement, Triple
from graphgrow.stores import GraphStore, open_store

NAMES = "silk", "fibroin", "spider silk", "glycine"


@pytest.fixture
def store(tmp_path: Path) -> GraphStore:
    """Return the store of a graph in which two names wait for a decision."""
    concepts = tuple(Concept(name, name) for name in NAMES)
    triples = [("silk", "contains", name) for name in NAMES[1:]]
    said = tuple(Statement(Relation(*one), Triple(*one)) for one in triples)
    found = open_store(f"sqlite:{tmp_path / 'graph.db'}", create=True)
    found.append(Edit(1, "add", Delta(concepts, relations=said)))
    edits.commit(found, lambda graph: edits.doubt(graph, "silk", "spider silk"))
    return found


def state(graph: Graph) -> tuple[dict[str, str], set[Relation], list[set[str]], list[tuple[object, ...]]]:
    """Return what is shown, what waits for a decision, and what binds the questions to come."""
    names = {key: one.name for key, one in graph.concepts.items()}
    binding: list[tuple[object, ...]] = [
        (one.change.do, one.change.concepts, one.change.text) for one in directives.binding(graph)
    ]
    return names, set(graph.relations), [set(one.concepts) for one in edits.queue(graph)], binding


def take_back(store: GraphStore, seq: int) -> Edit:
    """Take the edit of a step back."""
    event = next(store.events(seq - 1))
    return edits.commit(store, lambda graph: edits.undo(graph, event, store.events))[0]


DECISIONS: dict[str, Callable[[Graph], Edit]] = {
    "merge": lambda graph: edits.merge(graph, "silk", "spider silk"),
    "apart": lambda graph: edits.apart(graph, "silk", "spider silk"),
    "reject": lambda graph: edits.reject(graph, "glycine"),
    "reject relation": lambda graph: edits.reject_relation(graph, Relation("silk", "contains", "glycine")),
    "rename": lambda graph: edits.rename(graph, "glycine", "Gly"),
    "retype": lambda graph: edits.retype(graph, Relation("silk", "contains", "glycine"), "is stronger than"),
    "add": lambda graph: edits.add(graph, "silk", "contains", "serine"),
    "pin": lambda graph: directives.pin(graph, "glycine"),
    "forbid": lambda graph: directives.forbid(graph, "glycine"),
    "focus": lambda graph: directives.focus(graph, "glycine"),
    "instruct": lambda graph: directives.instruct(graph, "name numbers and units", concept="silk"),
}


@pytest.mark.parametrize("name", DECISIONS)
def test_a_decision_is_taken_back_once_and_can_be_made_again(store: GraphStore, name: str) -> None:
    """Undo restores what was shown, what waited and what bound; undoing that brings the decision back."""
    with closing(store):
        before = state(store.graph())
        edit, after = edits.commit(store, DECISIONS[name])
        decided = state(after)
        undone = take_back(store, edit.seq)
        assert undone.undoes == edit.seq
        added = {"add": {"serine"}}.get(name, set())  # a concept stays where its only relation goes
        names, *rest = state(store.graph())
        assert ({key: one for key, one in names.items() if key not in added}, *rest) == before
        with pytest.raises(BadInput, match=f"undone already, by step {undone.seq}"):
            take_back(store, edit.seq)
        again = take_back(store, undone.seq)
        assert state(store.graph()) == decided
        take_back(store, again.seq)
        assert state(store.graph())[2:] == before[2:]


def test_a_merge_of_two_that_nobody_doubted_leaves_the_queue_as_it_was(store: GraphStore) -> None:
    """Only what waited for a decision waits again, and the two are not kept apart for ever."""
    with closing(store):
        edit, _ = edits.commit(store, lambda graph: edits.merge(graph, "fibroin", "glycine"))
        take_back(store, edit.seq)
        graph = store.graph()
        assert [set(one.concepts) for one in edits.queue(graph)] == [{"silk", "spider silk"}]
        assert not graph.corrections.are_apart("fibroin", "glycine")


def test_further_evidence_stays(store: GraphStore) -> None:
    """What somebody accepted was said, and is not unsaid."""
    with closing(store):
        edit, _ = edits.commit(store, lambda graph: edits.accept(graph, Relation("silk", "contains", "glycine")))
        assert not edits.is_undoable(edit)
        with pytest.raises(BadInput, match="one more piece of evidence"):
            take_back(store, edit.seq)


def test_who_and_what_it_undoes_are_kept_and_old_logs_stay_as_they_are() -> None:
    """The fields travel through JSON; an edit without them is written as it always was."""
    edit = Edit(3, "reject", Delta(), "silk", by="ada@example.org", undoes=2)
    assert from_json(to_json(edit)) == edit
    assert not {"by", "undoes"} & set(to_json(Edit(3, "reject", Delta(), "silk")).replace('"', " ").split())


@pytest.mark.parametrize(("done", "offered"), [("", {"pin", "forbid"}), ("pin", {"unpin"}), ("forbid", {"allow"})])
def test_what_may_be_done_is_what_is_offered(store: GraphStore, done: str, offered: set[str]) -> None:
    """A concept that is pinned can be let go, one that is left alone allowed, any other pinned or left alone."""
    with closing(store):
        graph = edits.commit(store, DECISIONS[done])[1] if done else store.graph()
        assert {act.__name__ for _, act in directives.states(graph, "glycine")} == offered
        assert all(isinstance(act(graph, "glycine"), Edit) for _, act in directives.states(graph, "glycine"))
