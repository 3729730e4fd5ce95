"""Corrections as events: merge, unmerge, doubt, keep apart, reject, restore, rename, retype, add.

Each function returns the event that a decision is for a graph as it stands, and changes nothing; append it to a store,
and it binds every later step. Raises BadInput where there is nothing to decide.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from itertools import takewhile

from graphgrow.errors import BadInput, StaleGraph
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.keys import bare, canonical, clean
from graphgrow.graph.lookup import find, look_up
from graphgrow.graph.model import Change, Concept, Delta, Edit, EditKind, Event, Expansion, Relation, Statement, Triple
from graphgrow.parse.reply import parse
from graphgrow.resolve.predicates import read, vocabulary
from graphgrow.resolve.resolve import resolve
from graphgrow.stores import GraphStore

BY_HAND = "by hand"  # why, where nobody says more


def find_relation(graph: Graph, source: str, predicate: str, target: str) -> Relation:
    """Return the relation a person means; raises BadInput with what the two concepts have in common otherwise."""
    ends = find(graph, source), find(graph, target)
    for wanted in _readings(ends[0], predicate, ends[1]):
        if wanted in graph.relations:
            return wanted
    between = [r.predicate for r in graph.incident[ends[0]] if r.ends == ends]
    known = f"they are related by {', '.join(map(repr, between))}" if between else "nothing relates them that way round"
    raise BadInput(f"{source!r} {predicate!r} {target!r} is no relation of this graph: {known}")


def _readings(source: str, predicate: str, target: str) -> tuple[Relation, Relation]:
    """Return the relation that was meant literally, and as the vocabulary reads it."""
    return Relation(source, clean(predicate), target), read(predicate).between(source, target)


def merge(graph: Graph, one: str, other: str, *, reason: str = BY_HAND, into: str | None = None) -> Edit:
    """Let two concepts be one: the one that came later stands for the earlier, unless `into` names the other."""
    first, second = find(graph, one), find(graph, other)
    if first == second:
        raise BadInput(f"{one!r} and {other!r} are one concept already: {graph.name(first)!r}")
    kept = find(graph, into) if into else graph.by_age(first, second)[0]
    if kept not in (first, second):
        raise BadInput(f"{into!r} is neither {one!r} nor {other!r}: name one of the two")
    gone = second if kept == first else first
    return _edit(graph, "merge", [Change("merge", (gone, kept), reason=reason)],
                 f"{graph.name(gone)} is {graph.name(kept)}")  # fmt: skip


def unmerge(graph: Graph, name: str, *, reason: str = BY_HAND) -> Edit:
    """Let a name that was merged into a concept stand for itself again, and be kept apart from it."""
    corrections = graph.corrections
    key = next((one for one in (name, canonical(name)) if one in corrections.into), "")
    if not key:
        members = corrections.members(look_up(graph, name) or canonical(name))[1:]
        names = f": name what was merged into it, {', '.join(map(repr, members))}" if members else ""
        raise BadInput(f"{name!r} was not merged into anything{names}")
    kept = corrections.into[key]
    if canonical(corrections.name(corrections.representative(key)) or "") == key:
        raise BadInput(f"{name!r} is the name that the concept was given: give it another one with  graphgrow rename")
    changes = [Change("unmerge", (key,), reason=reason), Change("apart", (key, kept), reason=reason)]
    return _edit(graph, "unmerge", changes, f"{name} is not {graph.name(kept)}")


def apart(graph: Graph, one: str, other: str, *, reason: str = BY_HAND) -> Edit:
    """Decide that two concepts that look alike are two, so that nobody merges or doubts them again."""
    first, second = find(graph, one), find(graph, other)
    if first == second:
        raise BadInput(f"{one!r} and {other!r} are one concept: take them apart with  graphgrow unmerge")
    return _edit(graph, "apart", [Change("apart", (first, second), reason=reason)],
                 f"{graph.name(first)} is not {graph.name(second)}")  # fmt: skip


def doubt(graph: Graph, one: str, other: str, *, reason: str = BY_HAND) -> Edit:
    """Put two concepts before whoever decides whether they are one, also where they were decided to be two."""
    first, second = find(graph, one), find(graph, other)
    if first == second:
        raise BadInput(f"{one!r} and {other!r} are one concept: take them apart with  graphgrow unmerge")
    if any({graph.representative(key) for key in waiting.concepts} == {first, second} for waiting in queue(graph)):
        raise BadInput(f"{one!r} and {other!r} wait for a decision already: see  graphgrow review")
    return _edit(graph, "doubt", [Change("doubt", (first, second), reason=reason)],
                 f"{graph.name(first)} may be {graph.name(second)}")  # fmt: skip


def reject(graph: Graph, name: str, *, reason: str = BY_HAND) -> Edit:
    """Take a concept out with its relations, whatever it was also called, and let no reply bring it in again.

    A name that the graph does not hold is rejected in advance.
    """
    key = look_up(graph, name) or graph.representative(canonical(name))
    if not key:
        raise BadInput(f"{name!r} names nothing")
    if key in graph.corrections.hidden:
        raise BadInput(f"{name!r} is rejected already")
    keys = tuple(graph.corrections.members(key))
    return _edit(graph, "reject", [Change("reject", keys, reason=reason)], graph.name(key))


def reject_relation(graph: Graph, relation: Relation, *, reason: str = BY_HAND) -> Edit:
    """Take one relation out, and let no reply bring it in again; its concepts stay."""
    said = tuple(dict.fromkeys(evidence.said or relation for evidence in graph.relations[relation]))
    return _edit(graph, "reject", [Change("reject", relation=one, reason=reason) for one in said],
                 _words(graph, relation))  # fmt: skip


def restore(graph: Graph, name: str, *, log: Iterable[Event] = (), reason: str = BY_HAND) -> Edit:
    """Let a rejected concept be there again with all that was said of it, or a name in that hygiene keeps out.

    With the `log` of the graph, also what replies said about it while it was kept out.
    """
    key = canonical(name)
    found = graph.representative(key)
    if found in graph.concepts:
        raise BadInput(f"{name!r} is in the graph: there is nothing to restore")
    keys = [
        one for one in graph.corrections.members(found, graph.corrections.rejected) if one in graph.corrections.rejected
    ]
    change = Change("restore", tuple(keys) or (key,), reason=reason)
    brought = _regained(graph, change, log)
    if not keys and not brought.concepts:
        raise BadInput(f"{name!r} was never rejected here: see  graphgrow rejects STORE")
    return _edit(graph, "restore", [change], name, brought)


def restore_relation(graph: Graph, source: str, predicate: str, target: str, *, reason: str = BY_HAND) -> Edit:
    """Let a rejected relation be there again with its evidence."""
    literal, wanted = _readings(find(graph, source), predicate, find(graph, target))
    said = [
        one for one in graph.corrections.rejected_relations if graph.corrections.counts_as(one) in (literal, wanted)
    ]
    if not said:
        raise BadInput(f"{source!r} {predicate!r} {target!r} was never rejected here")
    return _edit(graph, "restore", [Change("restore", relation=one, reason=reason) for one in said],
                 _words(graph, wanted))  # fmt: skip


def rename(graph: Graph, name: str, new: str, *, reason: str = BY_HAND) -> Edit:
    """Show a concept under another name, and know it by that name too."""
    key, text = find(graph, name), bare(new)
    other = canonical(text)
    if not other:
        raise BadInput(f"{new!r} names nothing: give the concept another name")
    if text == graph.name(key):
        raise BadInput(f"{name!r} has that name already")
    if graph.is_rejected(other):
        raise BadInput(f"{new!r} was rejected: bring it back with  graphgrow restore, or choose another name")
    if graph.representative(other) != key and graph.knows(other):
        raise BadInput(f"there is a concept {graph.name(graph.representative(other))!r} already: merge the two instead")
    changes = [Change("rename", (key,), text=text, reason=reason)]
    is_new = not graph.knows(other)
    if is_new:
        changes.append(Change("merge", (other, key), reason=reason))
    brought = Delta(concepts=(Concept(other, text),) if is_new else ())
    return _edit(graph, "rename", changes, f"{graph.name(key)} is now {text}", brought)


def retype(graph: Graph, relation: Relation, predicate: str, *, reason: str = BY_HAND) -> Edit:
    """Show a relation under another predicate; what was said of it stays as evidence."""
    text = vocabulary().canonical(predicate)
    if text == relation.predicate:
        raise BadInput(f"{_words(graph, relation)}: it has that predicate already")
    if graph.corrections.is_rejected(Relation(relation.source, text, relation.target)):
        raise BadInput(f"{_words(graph, relation)}: with {text!r} it was rejected; restore that first")
    said = dict.fromkeys(evidence.said or relation for evidence in graph.relations[relation])
    changes = [Change("retype", relation=one, text=text, reason=reason) for one in said]
    return _edit(graph, "retype", changes, f"{_words(graph, relation)}: {text}")


def add(graph: Graph, source: str, predicate: str, target: str, *, reason: str = BY_HAND) -> Edit:
    """Add one relation, and its concepts where they are new."""
    names = bare(source), bare(target)
    keys = [look_up(graph, name) or canonical(name) for name in names]
    for name, key in zip((source, target), keys, strict=True):
        if not key or graph.is_rejected(key):
            why = "was rejected: bring it back with  graphgrow restore" if key else "names nothing"
            raise BadInput(f"{name!r} {why}")
    relation = read(predicate).between(*keys)
    if graph.shown(relation) is None:
        raise BadInput(f"{source!r} {predicate!r} {target!r} was rejected, or the two are one concept here")
    new = {key: Concept(key, name) for key, name in zip(keys, names, strict=True) if not graph.knows(key)}
    said = Statement(relation, Triple(clean(source), clean(predicate), clean(target)))
    delta = graph.delta(said, tuple(new.values()))
    return _edit(graph, "add", (), f"{source} {predicate} {target}: {reason}", delta)


def _edit(graph: Graph, kind: EditKind, changes: Iterable[Change], note: str, brought: Delta | None = None) -> Edit:
    fit = tuple(replace(change, text=clean(change.text), reason=clean(change.reason)) for change in changes)
    return Edit(graph.seq + 1, kind, replace(brought or Delta(), changes=fit), clean(note))


def _words(graph: Graph, relation: Relation) -> str:
    return f"{graph.name(relation.source)} {relation.predicate} {graph.name(relation.target)}"


def commit(store: GraphStore, decide: Callable[[Graph], Edit], *, at: str = "") -> tuple[Edit, Graph]:
    """Append what `decide` makes of the graph as it stands, and return it with the graph after it.

    Where another writer was faster it is decided again, for the graph as that left it.
    """
    graph = store.graph()
    while True:
        edit = replace(decide(graph), at=at)
        try:
            store.append(edit)
        except StaleGraph:
            graph.apply_all(store.events(graph.seq))
            continue
        graph.apply(edit)
        return edit, graph


def queue(graph: Graph) -> list[Change]:
    """Return the doubts that wait for a decision, first those whose merging would change the graph most.

    A merge moves the relations of one concept to the other, so what it changes is the smaller of the two degrees.
    """

    def weight(doubt: Change) -> tuple[int, int, float]:
        degrees = [graph.degree(graph.representative(key)) for key in doubt.concepts]
        return -min(degrees), -sum(degrees), -doubt.score

    return sorted(graph.doubts(), key=weight)


def _regained(graph: Graph, restoring: Change, log: Iterable[Event]) -> Delta:
    """Return what the replies of a log said about a name while it was kept out, for the graph that lets it in."""
    events = list(takewhile(lambda event: event.seq <= graph.seq, log))
    replies = [event for event in events if isinstance(event, Expansion) and _keeps_out(event, restoring.concepts)]
    if not replies:
        return Delta()
    after = fold(events)
    after.apply(_edit(graph, "restore", [restoring], ""))
    concepts: dict[str, Concept] = {}
    said: dict[tuple[Relation, Triple], Statement] = {}
    for event in replies:
        delta = resolve(parse(event.reply.text, event.reply.finish_reason), after, event.topic)
        concepts |= {one.key: one for one in delta.concepts if one.key in restoring.concepts}
        for one in delta.statements:
            if _is_about(one.relation, restoring.concepts, after) and not _is_held(one, after):
                said.setdefault((one.relation, one.raw), one)
    return Delta(tuple(concepts.values()), relations=tuple(said.values()))


def _keeps_out(event: Expansion, keys: Collection[str]) -> bool:
    return any(canonical(one.text) in keys for one in event.delta.rejects)


def _is_held(said: Statement, graph: Graph) -> bool:
    """Tell whether a graph has a statement in these very words, from the same reply read before."""
    shown = graph.shown(said.relation)
    return any(evidence.raw == said.raw for evidence in graph.relations.get(shown, ())) if shown else False


def _is_about(relation: Relation, keys: Collection[str], graph: Graph) -> bool:
    """Tell whether one end of a relation is among the keys and the other one known, or among them too."""
    ends = relation.ends
    return any(end in keys for end in ends) and all(end in keys or graph.knows(end) for end in ends)
