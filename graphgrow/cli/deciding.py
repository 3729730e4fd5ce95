"""`merge`, `unmerge`, `apart`, `doubt`, `reject`, `restore`, `rename`, `retype`, `add`, `rejects`, `review`."""

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Annotated, Literal

import typer

from graphgrow.api import edits
from graphgrow.cli.growing import arbitrate
from graphgrow.cli.output import AsJson, Store, dump, printable, say, table
from graphgrow.cli.paying import Address, Tokens, Usd
from graphgrow.errors import BadInput
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import Budget, Change, Edit, Expansion
from graphgrow.growth.step import now
from graphgrow.stores import GraphStore, open_store

Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the log.")]
Words = Annotated[
    list[str], typer.Argument(metavar="CONCEPT | SOURCE PREDICATE TARGET", help="A concept, or a relation.")
]
SHOWN = 6  # neighbours of a concept in doubt
RELATION = 3  # words


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (merge, unmerge, apart, doubt, reject, restore, rename, retype, add, rejects, review):
        app.command()(command)


def merge(
    store: Store,
    one: str,
    other: str,
    into: Annotated[str, typer.Option(help="Which of the two stays (default: the one that came first).")] = "",
    reason: Reason = edits.BY_HAND,
    as_json: AsJson = False,
) -> None:
    """Let two concepts be one, with the relations of both; `unmerge` takes it back exactly."""
    _commit(store, lambda graph: edits.merge(graph, one, other, into=into or None, reason=reason), as_json=as_json)


def unmerge(store: Store, name: str, reason: Reason = edits.BY_HAND, as_json: AsJson = False) -> None:
    """Let a name that was merged stand for itself again, with every relation that was said of it, then and since."""
    _commit(store, lambda graph: edits.unmerge(graph, name, reason=reason), as_json=as_json)


def apart(store: Store, one: str, other: str, reason: Reason = edits.BY_HAND, as_json: AsJson = False) -> None:
    """Decide that two concepts that look alike are two."""
    _commit(store, lambda graph: edits.apart(graph, one, other, reason=reason), as_json=as_json)


def doubt(store: Store, one: str, other: str, reason: Reason = edits.BY_HAND, as_json: AsJson = False) -> None:
    """Put two concepts into the review queue; takes back that they were kept apart."""
    _commit(store, lambda graph: edits.doubt(graph, one, other, reason=reason), as_json=as_json)


def reject(store: Store, words: Words, reason: Reason = edits.BY_HAND, as_json: AsJson = False) -> None:
    """Take a concept or a relation out, and let no reply bring it in again."""

    def decide(graph: Graph) -> Edit:
        if _is_concept(words):
            return edits.reject(graph, words[0], reason=reason)
        return edits.reject_relation(graph, edits.find_relation(graph, *words), reason=reason)

    _commit(store, decide, as_json=as_json)


def restore(store: Store, words: Words, reason: Reason = edits.BY_HAND, as_json: AsJson = False) -> None:
    """Bring a rejected concept or relation back; or let in what hygiene keeps out, with all that was said about it."""
    with closing(open_store(store)) as home:

        def decide(graph: Graph) -> Edit:
            if _is_concept(words):
                return edits.restore(graph, words[0], log=home.events(), reason=reason)
            return edits.restore_relation(graph, *words, reason=reason)

        _say(*edits.commit(home, decide, at=now()), as_json=as_json)


def rename(store: Store, name: str, new: str, reason: Reason = edits.BY_HAND, as_json: AsJson = False) -> None:
    """Show a concept under another name; the old one still means it."""
    _commit(store, lambda graph: edits.rename(graph, name, new, reason=reason), as_json=as_json)


def retype(
    store: Store,
    source: str,
    predicate: str,
    target: str,
    new: str,
    reason: Reason = edits.BY_HAND,
    as_json: AsJson = False,
) -> None:
    """Show a relation under another predicate."""

    def decide(graph: Graph) -> Edit:
        return edits.retype(graph, edits.find_relation(graph, source, predicate, target), new, reason=reason)

    _commit(store, decide, as_json=as_json)


def add(
    store: Store, source: str, predicate: str, target: str, reason: Reason = edits.BY_HAND, as_json: AsJson = False
) -> None:
    """Add one relation, and its concepts where they are new."""
    _commit(store, lambda graph: edits.add(graph, source, predicate, target, reason=reason), as_json=as_json)


def _is_concept(words: list[str]) -> bool:
    if len(words) not in {1, RELATION}:
        raise BadInput(f"{len(words)} words after the store: name one concept, or source, predicate and target")
    return len(words) == 1


def _commit(store: str, decide: Callable[[Graph], Edit], *, as_json: bool) -> None:
    with closing(open_store(store)) as home:
        _say(*edits.commit(home, decide, at=now()), as_json=as_json)


def _say(edit: Edit, graph: Graph, *, as_json: bool) -> None:
    sizes = {"concepts": len(graph.concepts), "relations": len(graph.relations)}
    if as_json:
        dump({"seq": edit.seq, "edit": edit.edit, "note": edit.note, **sizes})
    else:
        held = f"{sizes['concepts']} concepts, {sizes['relations']} relations"
        say(f"event {edit.seq}, {edit.edit}: {printable(edit.note)}; the graph now has {held}")


def rejects(store: Store, as_json: AsJson = False) -> None:
    """List what was kept out, by which rule and how often; `restore` brings a name back."""
    counts: Counter[tuple[str, str]] = Counter()
    with closing(open_store(store)) as home:
        for event in home.events():
            if isinstance(event, Expansion):
                counts.update((one.rule, one.text) for one in event.delta.rejects)
        corrections = home.graph().corrections
    by_hand = [(key, why) for key, why in corrections.rejected.items() if not any(text == key for _, text in counts)]
    by_hand += [(f"{r.source} {r.predicate} {r.target}", why) for r, why in corrections.rejected_relations.items()]
    kept = [(rule, text, count) for (rule, text), count in counts.items() if canonical(text) not in corrections.allowed]
    rows = sorted(
        [*((f"rejected by hand: {why}", key, 0) for key, why in by_hand), *kept], key=lambda r: (r[0], -r[2], r[1])
    )
    if as_json:
        dump([{"rule": rule, "text": text, "times": times} for rule, text, times in rows])
    else:
        table(("rule", "text", " times proposed"), rows)


def review(
    store: Store,
    arbiter: Annotated[
        Literal["people", "llm"], typer.Option(help="llm: let a model decide, each verdict an event.")
    ] = "people",
    llm: Annotated[str, typer.Option(help="The model that decides.")] = "",
    base_url: Address = "",
    tokens: Tokens = None,
    usd: Usd = None,
    as_json: AsJson = False,
) -> None:
    """Walk through the pairs that may be one concept, first those that would change the graph most."""
    if arbiter == "llm":
        arbitrate(store, llm, base_url, Budget(tokens=tokens, usd=usd), as_json=as_json)
        return
    with closing(open_store(store)) as home:
        graph = home.graph()
        queue = edits.queue(graph)
        if as_json:
            dump([{"one": c.concepts[0], "other": c.concepts[1], "reason": c.reason, "score": c.score} for c in queue])
            return
        if not queue:
            say("nothing waits for a decision")
        for place, doubt in enumerate(queue, 1):
            graph.apply_all(home.events(graph.seq))
            if doubt not in graph.doubts():
                continue  # an earlier answer has decided it
            _show_doubt(graph, doubt, f"{place} of {len(queue)}")
            if not _decide(home, doubt):
                say(f"{len(list(graph.doubts()))} pairs wait for a decision")
                return


def _show_doubt(graph: Graph, doubt: Change, place: str) -> None:
    one, other = map(graph.representative, doubt.concepts)
    say(f"\n{place}: is {graph.name(one)!r} the same as {graph.name(other)!r}?  ({printable(doubt.reason)})")
    for key in (one, other):
        near = ", ".join(graph.name(near) for near in list(graph.neighbours[key])[:SHOWN])
        say(f"  {graph.name(key)}: {graph.degree(key)} neighbours{': ' if near else ''}{near}")


def _decide(home: GraphStore, doubt: Change) -> bool:
    """Ask what to do about one doubt and do it; False to stop."""
    try:
        typed: str = typer.prompt("[m]erge, [k]eep apart, [s]kip, [q]uit", default="s", show_default=False)
    except typer.Abort:  # nobody is there to answer, or Ctrl-C
        typed = "q"
    answer = typed.strip().lower()[:1]
    if answer in {"m", "k"}:
        function = edits.merge if answer == "m" else edits.apart
        decide = partial(_reviewed, function, doubt)
        _say(*edits.commit(home, decide, at=now()), as_json=False)
    return answer != "q"


def _reviewed(function: Callable[..., Edit], doubt: Change, graph: Graph) -> Edit:
    return function(graph, *doubt.concepts, reason=f"reviewed: {doubt.reason}")
