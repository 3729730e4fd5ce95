"""What a person can do to a graph from the page: one function an action, each an event of the log, each said back.

All raise BadInput where there is nothing to do, and StoreError where it cannot be written.
"""

from collections.abc import Callable, Iterator
from itertools import takewhile

from graphgrow.api import edits
from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Edit, EditKind, Event, Relation
from graphgrow_explorer.state import Home

REASON = "in the explorer"
COMMANDS = ("merge", "reject")  # those that the picture has a button for

Decide = Callable[[Graph], Edit]
Log = Callable[[], Iterator[Event]]


def merge(home: Home, one: str, other: str) -> str:
    """Let two concepts be one; the one that came first stays."""
    return _done(home, lambda graph: edits.merge(graph, one, other, reason=REASON))


def apart(home: Home, one: str, other: str) -> str:
    """Decide that two concepts are two."""
    return _done(home, lambda graph: edits.apart(graph, one, other, reason=REASON))


def doubt(home: Home, one: str, other: str) -> str:
    """Put two concepts before whoever decides whether they are one."""
    return _done(home, lambda graph: edits.doubt(graph, one, other, reason=REASON))


def unmerge(home: Home, name: str) -> str:
    """Let a name that was merged into a concept stand for itself again."""
    return _done(home, lambda graph: edits.unmerge(graph, name, reason=REASON))


def reject(home: Home, *names: str) -> str:
    """Take concepts out and keep them out."""
    return " ".join(_done(home, _rejecting(name)) for name in names)


def _rejecting(name: str) -> Decide:
    return lambda graph: edits.reject(graph, name, reason=REASON)


def restore(home: Home, name: str) -> str:
    """Let a rejected name in again, with what replies said about it."""
    return _done(home, lambda graph: edits.restore(graph, name, log=home.store.events(), reason=REASON))


def restore_relation(home: Home, source: str, predicate: str, target: str) -> str:
    """Let a rejected relation be there again."""
    return _done(home, lambda graph: edits.restore_relation(graph, source, predicate, target, reason=REASON))


def accept(home: Home, relation: Relation) -> str:
    """Say that a relation is so: one more piece of evidence for it, by hand."""
    return _done(home, lambda graph: _accepted(graph, _there(graph, relation)))


def _accepted(graph: Graph, relation: Relation) -> Edit:
    ends = graph.name(relation.source), graph.name(relation.target)
    return edits.add(graph, ends[0], relation.predicate, ends[1], reason="accepted in the explorer")


def reject_relation(home: Home, relation: Relation) -> str:
    """Take one relation out and keep it out."""
    return _done(home, lambda graph: edits.reject_relation(graph, _there(graph, relation), reason=REASON))


def retype(home: Home, relation: Relation, predicate: str) -> str:
    """Show a relation under another predicate."""
    return _done(home, lambda graph: edits.retype(graph, _there(graph, relation), predicate, reason=REASON))


def rename(home: Home, name: str, new: str) -> str:
    """Show a concept under another name."""
    return _done(home, lambda graph: edits.rename(graph, name, new, reason=REASON))


def add(home: Home, source: str, predicate: str, target: str) -> str:
    """Add one relation, and its concepts where they are new."""
    return _done(home, lambda graph: edits.add(graph, source, predicate, target, reason=REASON))


def undo(home: Home, seq: int) -> str:
    """Take one edit back by the edit that undoes it; later growth stays."""
    edit = home.event(seq)
    if not isinstance(edit, Edit) or edit.edit not in UNDOING:
        raise BadInput(f"event {seq} cannot be taken back here")
    return _done(home, lambda graph: UNDOING[edit.edit](graph, edit, home.store.events))


def _there(graph: Graph, relation: Relation) -> Relation:
    shown = graph.shown(relation)
    if shown is None or shown not in graph.relations:
        raise BadInput(f"{relation.source!r} {relation.predicate!r} {relation.target!r} is not in the graph any more")
    return shown


def _done(home: Home, decide: Decide) -> str:
    edit = home.commit(decide)
    return f"{edit.edit.capitalize()}: {edit.note}."


def _again_two(graph: Graph, edit: Edit, _: Log) -> Edit:
    return edits.unmerge(graph, edit.delta.changes[0].concepts[0], reason=REASON)


def _again_one(graph: Graph, edit: Edit, _: Log) -> Edit:
    key, kept = edit.delta.changes[1].concepts
    return edits.merge(graph, key, kept, into=kept, reason=REASON)


def _open(graph: Graph, edit: Edit, _: Log) -> Edit:
    return edits.doubt(graph, *edit.delta.changes[0].concepts, reason=REASON)


def _back(graph: Graph, edit: Edit, log: Log) -> Edit:
    change = edit.delta.changes[0]
    if change.relation is None:
        return edits.restore(graph, change.concepts[0], log=log(), reason=REASON)
    said = change.relation
    return edits.restore_relation(graph, said.source, said.predicate, said.target, reason=REASON)


def _out(graph: Graph, edit: Edit, _: Log) -> Edit:
    change = edit.delta.changes[0]
    if change.relation is None:
        return edits.reject(graph, change.concepts[0], reason=REASON)
    return edits.reject_relation(graph, _there(graph, change.relation), reason=REASON)


def _former_name(graph: Graph, edit: Edit, log: Log) -> Edit:
    (key,) = edit.delta.changes[0].concepts
    return edits.rename(graph, key, _before(edit, log).name(key), reason=REASON)


def _former_predicate(graph: Graph, edit: Edit, log: Log) -> Edit:
    said = edit.delta.changes[0].relation or Relation("", "", "")
    former = _before(edit, log).corrections.shown(said) or said
    return edits.retype(graph, _there(graph, said), former.predicate, reason=REASON)


def _not_added(graph: Graph, edit: Edit, _: Log) -> Edit:
    said = edit.delta.statements
    if edit.delta.support:
        raise BadInput(
            f"event {edit.seq} is one more piece of evidence, which stays: reject the relation if it is wrong"
        )
    if len(said) != 1:
        raise BadInput(f"event {edit.seq} brought {len(said)} relations: reject what you do not want, one by one")
    return edits.reject_relation(graph, _there(graph, said[0].relation), reason=REASON)


def _before(edit: Edit, log: Log) -> Graph:
    """Return the graph as it was when an edit was decided."""
    return fold(takewhile(lambda event: event.seq < edit.seq, log()))


UNDOING: dict[EditKind, Callable[[Graph, Edit, Log], Edit]] = {
    "merge": _again_two,
    "unmerge": _again_one,
    "apart": _open,
    "reject": _back,
    "restore": _out,
    "rename": _former_name,
    "retype": _former_predicate,
    "add": _not_added,
}
