"""Corrections as events: merge, unmerge, doubt, keep apart, reject, restore, rename, retype, add, and their undoing.

Each function returns the event that a decision is for a graph as it stands, and changes nothing; `commit` appends it to
a store, and it binds every later step. Raises BadInput where there is nothing to decide. `GraphEdits` (graph_edits.py)
has them, and the directives, as methods that append.
"""

from collections.abc import Callable, Iterable
from dataclasses import astuple, replace
from itertools import count, takewhile

from graphgrow.api import directives
from graphgrow.errors import BadInput, StaleGraph
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.keys import bare, canonical, clean, says_something, without_article
from graphgrow.graph.lookup import look_up
from graphgrow.graph.model import (
    STEERING,
    Change,
    Concept,
    Delta,
    Edit,
    EditKind,
    Event,
    Expansion,
    Relation,
    Statement,
    Triple,
)
from graphgrow.graph.visible import check_length
from graphgrow.parse.reply import parse
from graphgrow.prompts.forms import as_asked_for
from graphgrow.resolve.predicates import read, vocabulary
from graphgrow.resolve.resolve import RESOLVE, resolve, resolve_facet
from graphgrow.resolve.search import find
from graphgrow.stores import GraphStore

BY_HAND = "by hand"  # the reason, where nobody gives one
UNDOABLE = STEERING | {"merge", "unmerge", "apart", "doubt", "reject", "restore", "rename", "retype", "add"}


def find_relation(graph: Graph, source: str, predicate: str, target: str) -> Relation:
    """Return the relation a person means; else raises BadInput, which says how the two concepts are related."""
    ends = find(graph, source), find(graph, target)
    for relation in _readings(ends[0], predicate, ends[1]):
        if relation in graph.relations:
            return relation
    between = [r.predicate for r in graph.incident[ends[0]] if r.ends == ends]
    known = f"they are related by {', '.join(map(repr, between))}" if between else "nothing relates them that way round"
    raise BadInput(f"{source!r} {predicate!r} {target!r} is no relation of this graph: {known}")


def _readings(source: str, predicate: str, target: str) -> tuple[Relation, Relation]:
    """Return the relation that was meant: taken literally, and as the vocabulary reads it."""
    check_length(predicate, "predicate")
    return Relation(source, clean(predicate), target), read(predicate).between(source, target)


def _shown(graph: Graph, relation: Relation) -> Relation:
    """Return a relation as it is shown now; raises BadInput for one that is gone since somebody saw it."""
    shown = graph.corrections.shown(relation)
    if shown is None or shown not in graph.relations:
        raise BadInput(f"{relation.source!r} {relation.predicate!r} {relation.target!r} is not in the graph any more")
    return shown


def _words(graph: Graph, relation: Relation) -> str:
    return f"{graph.name(relation.source)} {relation.predicate} {graph.name(relation.target)}"


def _edit(graph: Graph, kind: EditKind, changes: Iterable[Change], note: str, brought: Delta | None = None) -> Edit:
    fit = tuple(
        replace(change, text=clean(check_length(change.text)), reason=clean(check_length(change.reason, "reason")))
        for change in changes
    )
    return Edit(graph.seq + 1, kind, replace(brought or Delta(), changes=fit), clean(note))


def merge(graph: Graph, one: str, other: str, *, into: str | None = None, reason: str = BY_HAND) -> Edit:
    """Merge two concepts into one, with the relations of both; the one that came first stays unless `into` says so."""
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
    """Let a name that was merged stand for itself again, with every relation that was said of it, and stay apart.

    A spelling that shares its key with others can leave too: it gets a key of its own, and whatever was said in it.
    Where the others differ from it only by an article, the article separates them.
    """
    corrections = graph.corrections
    said = canonical(name)
    owns = (corrections.key_of(form(name), canonical(without_article(name))) for form in (clean, bare))
    key = next((one for one in (name, *owns, said) if one in corrections.into), "")
    if shared := _shared_key(graph, name):
        if corrections.names.get(corrections.representative(shared)) == bare(name):
            raise BadInput(f"{name!r} is the name that the concept was given: give it another with  graphgrow rename")
        own = next(one for n in count(2) if (one := f"{shared} ({n})") not in graph.arrived)
        others = _spellings(graph, shared, without=name)
        # The spelling that equals the key keeps it, so that a key always means the spelling that it is.
        leaving = others if bare(name) == shared else [bare(name)]
        changes = [Change("unmerge", (own, shared), text=spelling, reason=reason) for spelling in leaving]
        parted = own, shared
        if bare(name) == shared and (kept := corrections.into.get(shared)):  # the others stay merged, the key leaves
            changes += [Change("merge", (own, kept), reason=reason), Change("unmerge", (shared,), reason=reason)]
            parted = shared, kept
        changes.append(Change("apart", parted, reason=reason))
        return _edit(graph, "unmerge", changes, f"{name} is not {', '.join(others)}")
    if not key:
        if edit := _by_article(graph, name, reason):
            return edit
        concept = look_up(graph, name) or said
        members = corrections.members(concept)[1:]
        known = graph.concepts.get(concept)
        spelt = [one for one in (known.name, *known.aliases) if one != bare(name)] if known else []
        names = f": name what was merged into it, {', '.join(map(repr, members))}" if members else ""
        if spelt and not members:
            names = f": name one of its spellings, {', '.join(map(repr, spelt))}"
        raise BadInput(f"{name!r} was not merged into anything{names}")
    kept = corrections.into[key]
    if canonical(corrections.names.get(corrections.representative(key), "")) == key:
        raise BadInput(f"{name!r} is the name that the concept was given: give it another one with  graphgrow rename")
    changes = [Change("unmerge", (key,), reason=reason), Change("apart", (key, kept), reason=reason)]
    gone = graph.arrived[key] if bare(name) == graph.name(kept) else name  # cure was merged into "The Cure"
    return _edit(graph, "unmerge", changes, f"{gone} is not {graph.name(kept)}")


def _spellings(graph: Graph, key: str, without: str = "") -> list[str]:
    """Return the spellings in which a key was said, as they came."""
    spelt = dict.fromkeys(spelling for said, spelling in graph.spellings() if said == key)
    return [one for one in spelt if one != bare(without)]


def _by_article(graph: Graph, name: str, reason: str) -> Edit | None:
    """Return the edit that parts "the cell" from "cell", each with what was said in it; None unless both were said."""
    key, said = graph.corrections.key_of(without_article(name), canonical(without_article(name))), dict[str, str]()
    for relation in graph.incident.get(look_up(graph, name) or "", ()):
        for evidence in graph.relations[relation]:
            if key in (evidence.said or relation).ends:
                sides = map(clean, (evidence.raw.source, evidence.raw.target))
                said |= {side: without_article(side) for side in sides if canonical(without_article(side)) == key}
    text = clean(name)
    has_article = text != without_article(name)
    leaving = [
        side for side, plain in said.items()
        if side != plain and (side.casefold() == text.casefold() if has_article else plain == text)
    ]  # fmt: skip
    if not leaving or text not in said or len(leaving) == len(said):
        return None
    own = next(one for n in count(2) if (one := f"{key} ({n})") not in graph.arrived)
    changes = [Change("unmerge", (own, key), text=spelling, reason=reason) for spelling in leaving]
    others = ", ".join(side for side in said if side not in leaving)
    return _edit(graph, "unmerge", [*changes, Change("apart", (own, key), reason=reason)],
                 f"{leaving[0]} is not {others}")  # fmt: skip


def _shared_key(graph: Graph, name: str) -> str:
    """Return the key that a spelling shares with others, "" where no other has it."""
    text = bare(name)
    keys = [key for key, spelling in graph.spellings() if spelling == text]
    return next((key for key in keys if _spellings(graph, key, without=text)), "")


def apart(graph: Graph, one: str, other: str, *, reason: str = BY_HAND) -> Edit:
    """Decide that two concepts that look alike are two, so that nobody merges or doubts them again.

    Two names of one concept become two, each with what was said of it.
    """
    first, second = find(graph, one), find(graph, other)
    if first == second:
        # Preferably the name under which the concept is not shown, and one that can be taken out.
        is_article_alone = without_article(one).casefold() == without_article(other).casefold()
        for name in sorted((one, other), key=lambda name: bare(name) == graph.name(first)):
            try:
                edit = _by_article(graph, name, reason) if is_article_alone else None
                edit = edit or unmerge(graph, name, reason=reason)
            except BadInput:
                continue
            after = graph.ahead(edit)
            if look_up(after, one) != look_up(after, other):
                return edit
        shown = graph.name(first)
        raise BadInput(f"{one!r} and {other!r} both mean {shown!r}: name one of its spellings to  graphgrow unmerge")
    return _edit(graph, "apart", [Change("apart", (first, second), reason=reason)],
                 f"{graph.name(first)} is not {graph.name(second)}")  # fmt: skip


def doubt(graph: Graph, one: str, other: str, *, reason: str = BY_HAND) -> Edit:
    """Queue two concepts for a decision whether they are one, even where they were decided to be two."""
    first, second = find(graph, one), find(graph, other)
    if first == second:
        raise BadInput(f"{one!r} and {other!r} are one concept: separate them with  graphgrow unmerge")
    if any({graph.representative(key) for key in waiting.concepts} == {first, second} for waiting in queue(graph)):
        raise BadInput(f"{one!r} and {other!r} wait for a decision already: see  graphgrow review")
    return _edit(graph, "doubt", [Change("doubt", (first, second), reason=reason)],
                 f"{graph.name(first)} may be {graph.name(second)}")  # fmt: skip


def queue(graph: Graph) -> list[Change]:
    """Return the doubts that wait for a decision, first those whose merging would change the graph most.

    A merge moves the relations of one concept to the other, so what it changes is the smaller of the two degrees.
    """

    def weight(doubt: Change) -> tuple[int, int, float]:
        degrees = [graph.degree(graph.representative(key)) for key in doubt.concepts]
        return -min(degrees), -sum(degrees), -doubt.score

    return sorted(graph.doubts(), key=weight)


def reject(graph: Graph, name: str, *, reason: str = BY_HAND) -> Edit:
    """Take a concept out with its relations, under all its names, and let no reply bring it in again.

    A name that the graph does not hold is rejected in advance.
    """
    key = look_up(graph, name) or graph.representative(canonical(name))
    if not says_something(name) and key not in graph.arrived:
        raise BadInput(f"{name!r} names nothing")
    if key in graph.corrections.hidden:
        raise BadInput(f"{name!r} is rejected already")
    keys = tuple(graph.corrections.members(key))
    return _edit(graph, "reject", [Change("reject", keys, reason=reason)], graph.name(key))


def reject_relation(graph: Graph, relation: Relation, *, reason: str = BY_HAND) -> Edit:
    """Take one relation out, and let no reply bring it in again; its concepts stay."""
    relation = _shown(graph, relation)
    statements = dict.fromkeys(evidence.said or relation for evidence in graph.relations[relation])
    changes = [Change("reject", relation=one, reason=reason) for one in statements]
    return _edit(graph, "reject", changes, _words(graph, relation))


def restore(graph: Graph, name: str, *, log: Iterable[Event] = (), reason: str = BY_HAND) -> Edit:
    """Bring a rejected concept back with all that was said of it, or let in a name that hygiene keeps out.

    With the `log` of the graph, it also gets what replies said about it while it was kept out.
    """
    key, corrections = canonical(check_length(name)), graph.corrections
    concept = graph.representative(key)
    if concept in graph.concepts:
        raise BadInput(f"{name!r} is in the graph: there is nothing to restore")
    keys = [one for one in corrections.members(concept, corrections.rejected) if one in corrections.rejected]
    change = Change("restore", tuple(keys) or (key,), reason=reason)
    regained = _regained(graph, change, log)
    if not keys and not regained.concepts:
        raise BadInput(f"{name!r} was never rejected here: see  graphgrow rejects STORE")
    return _edit(graph, "restore", [change], name, regained)


def _regained(graph: Graph, restoring: Change, log: Iterable[Event]) -> Delta:
    """Return what the replies of a log said about a name while it was kept out, for a graph that lets it in."""
    keys = restoring.concepts
    events = list(takewhile(lambda event: event.seq <= graph.seq, log))
    replies = [
        event
        for event in events
        if isinstance(event, Expansion) and any(canonical(one.text) in keys for one in event.delta.rejects)
    ]
    if not replies:
        return Delta()
    after = fold(events)
    after.apply(_edit(graph, "restore", [restoring], ""))
    concepts: dict[str, Concept] = {}
    statements: dict[tuple[Relation, Triple], Statement] = {}
    for event in replies:
        if event.focus.form == "facet":  # bare names, whose meaning follows from the question
            proposal = parse(event.reply.text, event.reply.finish_reason, "facet")
            delta = resolve_facet(proposal, event.focus, after, event.topic, RESOLVE)
        else:
            said = as_asked_for(parse(event.reply.text, event.reply.finish_reason), event.prompt)
            delta = resolve(said, after, event.topic)
        concepts |= {one.key: one for one in delta.concepts if one.key in keys}
        for one in delta.statements:
            ends, shown = one.relation.ends, after.corrections.shown(one.relation)
            is_about = any(end in keys for end in ends) and all(end in keys or end in after.arrived for end in ends)
            # it may be there in these very words already, from an earlier reading of the same reply
            is_held = shown and any(evidence.raw == one.raw for evidence in after.relations.get(shown, ()))
            if is_about and not is_held:
                statements.setdefault((one.relation, one.raw), one)
    return Delta(tuple(concepts.values()), relations=tuple(statements.values()))


def restore_relation(graph: Graph, source: str, predicate: str, target: str, *, reason: str = BY_HAND) -> Edit:
    """Bring a rejected relation back with its evidence."""
    check_length(predicate, "predicate")
    meant, corrections = _readings(find(graph, source), predicate, find(graph, target)), graph.corrections
    rejected = [one for one in corrections.rejected_relations if corrections.counts_as(one) in meant]
    if not rejected:
        raise BadInput(f"{source!r} {predicate!r} {target!r} was never rejected here")
    changes = [Change("restore", relation=one, reason=reason) for one in rejected]
    return _edit(graph, "restore", changes, _words(graph, meant[1]))


def rename(graph: Graph, name: str, new: str, *, reason: str = BY_HAND) -> Edit:
    """Show a concept under another name, and know it by that name too."""
    key, text = find(graph, name), bare(check_length(new))
    other = canonical(text)
    if not says_something(text):
        raise BadInput(f"{new!r} names nothing: give the concept another name")
    if text == graph.name(key):
        raise BadInput(f"{name!r} has that name already")
    if graph.is_rejected(other):
        raise BadInput(f"{new!r} was rejected: bring it back with  graphgrow restore, or choose another name")
    if graph.representative(other) != key and other in graph.arrived:
        raise BadInput(f"there is a concept {graph.name(graph.representative(other))!r} already: merge the two instead")
    changes = [Change("rename", (key,), text=text, reason=reason)]
    is_new = other not in graph.arrived
    if is_new:
        changes.append(Change("merge", (other, key), reason=reason))
    brought = Delta(concepts=(Concept(other, text),) if is_new else ())
    return _edit(graph, "rename", changes, f"{graph.name(key)} is now {text}", brought)


def retype(graph: Graph, relation: Relation, predicate: str, *, reason: str = BY_HAND) -> Edit:
    """Show a relation under another predicate; what was said of it stays as evidence."""
    relation, text = _shown(graph, relation), vocabulary().canonical(check_length(predicate, "predicate"))
    if text == relation.predicate:
        raise BadInput(f"{_words(graph, relation)}: it has that predicate already")
    if graph.corrections.counts_as(Relation(relation.source, text, relation.target)) in graph.corrections.dropped:
        raise BadInput(f"{_words(graph, relation)}: with {text!r} it was rejected; restore that first")
    statements = dict.fromkeys(evidence.said or relation for evidence in graph.relations[relation])
    changes = [Change("retype", relation=one, text=text, reason=reason) for one in statements]
    return _edit(graph, "retype", changes, f"{_words(graph, relation)}: {text}")


def add(graph: Graph, source: str, predicate: str, target: str, *, reason: str = BY_HAND) -> Edit:
    """Add one relation, and its concepts where they are new."""
    check_length(predicate, "predicate")
    check_length(reason, "reason")
    names = bare(check_length(source)), bare(check_length(target))
    keys = [look_up(graph, name) or canonical(name) for name in names]
    for name, key in zip((source, target), keys, strict=True):
        if graph.is_rejected(key) or not says_something(name):
            why = "was rejected: bring it back with  graphgrow restore" if graph.is_rejected(key) else "names nothing"
            raise BadInput(f"{name!r} {why}")
    as_said = Relation(keys[0], clean(predicate), keys[1])  # a verb of its own, for which the vocabulary has no place
    relation = as_said if as_said in graph.relations else read(predicate).between(*keys)
    if graph.corrections.shown(relation) is None:
        raise BadInput(f"{source!r} {predicate!r} {target!r} was rejected, or the two are one concept here")
    new = {key: Concept(key, name) for key, name in zip(keys, names, strict=True) if key not in graph.arrived}
    statement = Statement(relation, Triple(clean(source), clean(predicate), clean(target)))
    return _edit(graph, "add", (), f"{source} {predicate} {target}: {reason}",
                 graph.delta(statement, tuple(new.values())))  # fmt: skip


def accept(graph: Graph, relation: Relation, *, reason: str = BY_HAND) -> Edit:
    """Say that a relation is so: one more piece of evidence for it."""
    relation = _shown(graph, relation)
    return add(graph, graph.name(relation.source), relation.predicate, graph.name(relation.target), reason=reason)


def is_undoable(event: Event | None) -> bool:
    """Tell whether an event is an edit that one other edit can take back; a further piece of evidence cannot be."""
    if not isinstance(event, Edit) or event.edit not in UNDOABLE:
        return False
    return event.edit != "add" or (len(event.delta.relations) == 1 and not event.delta.support)


def undo(graph: Graph, edit: Event | None, log: Callable[[], Iterable[Event]], *, reason: str = BY_HAND) -> Edit:
    """Take one edit, of a kind in UNDOABLE, back by the edit that undoes it, once; later growth stays.

    Two concepts that were merged are two again, and wait for a decision where they did before. `log` returns the events
    of the graph from the first on. Raises BadInput for what cannot be undone, or already was.
    """
    if not isinstance(edit, Edit) or edit.edit not in UNDOABLE:
        raise BadInput(f"step {edit.seq if edit else 0} cannot be undone here")
    if edit.seq in graph.undone:
        raise BadInput(f"step {edit.seq} was undone already, by step {graph.undone[edit.seq]}")
    if edit.edit == "add" and edit.delta.support:
        raise BadInput(
            f"step {edit.seq} is one more piece of evidence, which stays: reject the relation if it is wrong"
        )
    if not is_undoable(edit):
        brought = f"step {edit.seq} brought {len(edit.delta.statements)} relations"
        raise BadInput(f"{brought}: reject what you do not want, one by one")
    return replace(_inverse(graph, edit, log, reason), undoes=edit.seq)


def _inverse(graph: Graph, edit: Edit, log: Callable[[], Iterable[Event]], reason: str) -> Edit:
    """Return the edit that takes another one back."""
    changes, corrections = edit.delta.changes, graph.corrections
    keys, relation = (changes[0].concepts, changes[0].relation) if changes else ((), None)
    match edit.edit:
        case "merge":
            gone, kept = keys
            if gone not in corrections.into:
                raise BadInput(f"{graph.name(gone)!r} stands for itself already: nothing is to be undone")
            if canonical(corrections.names.get(graph.representative(gone), "")) == gone:
                return unmerge(graph, gone, reason=reason)  # which says why not
            note = f"{graph.arrived.get(gone, gone)} is not {graph.name(graph.representative(kept))}"
            return _edit(graph, "unmerge", [Change("unmerge", (gone, kept), reason=reason)], note)
        case "unmerge":
            gone, kept = changes[-1].concepts
            return merge(graph, gone, kept, into=kept, reason=reason)
        case "apart":
            return doubt(graph, *keys, reason=reason)
        case "doubt":
            return apart(graph, *keys, reason=reason)
        case "reject" if relation:
            return restore_relation(graph, *astuple(relation), reason=reason)
        case "reject":
            return restore(graph, keys[0], log=log(), reason=reason)
        case "restore" if relation:
            return reject_relation(graph, relation, reason=reason)
        case "restore":
            return reject(graph, keys[0], reason=reason)
        case "add":
            return reject_relation(graph, edit.delta.relations[0].relation, reason=reason)
        case "pin":
            return directives.unpin(graph, keys[0], reason=reason)
        case "unpin":
            return directives.pin(graph, keys[0], reason=reason)
        case "forbid":
            return directives.allow(graph, keys[0], reason=reason)
        case "allow":
            return directives.forbid(graph, keys[0], reason=reason)
        case "focus" | "instruct":
            return directives.withdraw(graph, edit.seq, reason=reason)
        case "withdraw":
            taken = next(event for event in log() if event.seq == changes[0].event).delta.changes[0]
            if taken.do == "focus":
                return directives.focus(graph, *taken.concepts, reason=reason)
            where = {taken.scope: taken.concepts[0]} if taken.concepts else {}
            return directives.instruct(graph, taken.text, **where, steps=taken.steps, reason=reason)
    before = fold(takewhile(lambda event: event.seq < edit.seq, log()))
    if relation is None:
        return rename(graph, keys[0], before.name(keys[0]), reason=reason)
    former = before.corrections.shown(relation) or relation
    return retype(graph, relation, former.predicate, reason=reason)


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
