"""`merge`, `unmerge`, `apart`, `doubt`, `reject`, `restore`, `rename`, `retype`, `add`, and what waits or was rejected.

Each correction is an event; it is decided again where somebody else wrote to the graph meanwhile.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import Annotated, Literal

from typer import Abort, Argument, Option, prompt

from graphgrow.api import edits
from graphgrow.cli.arguments import (
    Address,
    AsJson,
    Effort,
    KeyEnv,
    LLMOptions,
    Reason,
    ReplyTokens,
    Store,
    Timeout,
    Tokens,
    Usd,
    session,
)
from graphgrow.cli.live import LiveView
from graphgrow.cli.log import event_row
from graphgrow.cli.output import counted, dump, say, size_in_words, sizes, table
from graphgrow.errors import BadInput
from graphgrow.graph.events import now
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import canonical, clean
from graphgrow.graph.model import Budget, Edit, Expansion
from graphgrow.growth.loop import Growth
from graphgrow.growth.settings import Settings
from graphgrow.llm import ModelOptions
from graphgrow.policy import open_policy
from graphgrow.stores import GraphStore, open_store

Words = Annotated[list[str], Argument(metavar="CONCEPT | SOURCE PREDICATE TARGET", help="A concept, or a relation.")]
SHOWN = 6  # neighbours of a concept in doubt
RELATION = 3  # words


def merge(
    store: Store,
    one: str,
    other: str,
    into: Annotated[str, Option(help="Which of the two stays (default: the one that came first).")] = "",
    reason: Reason = edits.BY_HAND,
    as_json: AsJson = False,
) -> None:
    """Merge two concepts into one, with the relations of both; `unmerge` undoes it exactly."""
    _correct(store, lambda graph: edits.merge(graph, one, other, into=into or None, reason=reason), as_json=as_json)


def unmerge(store: Store, name: str, reason: Reason = edits.BY_HAND, as_json: AsJson = False) -> None:
    """Let a name that was merged stand for itself again, with every relation that was said of it, then and since."""
    _correct(store, lambda graph: edits.unmerge(graph, name, reason=reason), as_json=as_json)


def apart(store: Store, one: str, other: str, reason: Reason = edits.BY_HAND, as_json: AsJson = False) -> None:
    """Decide that two concepts that look alike are two."""
    _correct(store, lambda graph: edits.apart(graph, one, other, reason=reason), as_json=as_json)


def doubt(store: Store, one: str, other: str, reason: Reason = edits.BY_HAND, as_json: AsJson = False) -> None:
    """Put two concepts into the review queue; they are no longer kept apart."""
    _correct(store, lambda graph: edits.doubt(graph, one, other, reason=reason), as_json=as_json)


def reject(store: Store, words: Words, reason: Reason = edits.BY_HAND, as_json: AsJson = False) -> None:
    """Take a concept or a relation out, and let no reply bring it in again."""

    def decide(graph: Graph) -> Edit:
        if _is_concept(words):
            return edits.reject(graph, words[0], reason=reason)
        return edits.reject_relation(graph, edits.find_relation(graph, *words), reason=reason)

    _correct(store, decide, as_json=as_json)


def restore(store: Store, words: Words, reason: Reason = edits.BY_HAND, as_json: AsJson = False) -> None:
    """Bring a rejected concept or relation back; or let in what hygiene keeps out, with all that was said about it."""
    with closing(open_store(store)) as home:

        def decide(graph: Graph) -> Edit:
            if _is_concept(words):
                return edits.restore(graph, words[0], log=home.events(), reason=reason)
            return edits.restore_relation(graph, *words, reason=reason)

        _commit(home, decide, as_json=as_json)


def rename(store: Store, name: str, new: str, reason: Reason = edits.BY_HAND, as_json: AsJson = False) -> None:
    """Show a concept under another name; the old one still means it."""
    _correct(store, lambda graph: edits.rename(graph, name, new, reason=reason), as_json=as_json)


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

    _correct(store, decide, as_json=as_json)


def add(
    store: Store, source: str, predicate: str, target: str, reason: Reason = edits.BY_HAND, as_json: AsJson = False
) -> None:
    """Add one relation, and its concepts where they are new."""
    _correct(store, lambda graph: edits.add(graph, source, predicate, target, reason=reason), as_json=as_json)


def _is_concept(words: list[str]) -> bool:
    if len(words) not in {1, RELATION}:
        raise BadInput(f"{len(words)} words after the store: name one concept, or source, predicate and target")
    return len(words) == 1


def _correct(store: str, decide: Callable[[Graph], Edit], *, as_json: bool) -> None:
    """Commit a correction of a store that is not open yet, and print what it did to the graph."""
    with closing(open_store(store)) as home:
        _commit(home, decide, as_json=as_json)


def _commit(home: GraphStore, decide: Callable[[Graph], Edit], *, as_json: bool) -> None:
    edit, graph = edits.commit(home, decide, at=now())
    if as_json:
        dump({"seq": edit.seq, "edit": edit.edit, "note": edit.note, **sizes(graph)})
    else:
        say(f"step {edit.seq}, {edit.edit}: {clean(edit.note)}; the graph now has {size_in_words(graph, ', ')}")


def rejects(store: Store, as_json: AsJson = False) -> None:
    """List rejected names, by which rule and how often proposed; `restore` brings one back."""
    counts: Counter[tuple[str, str]] = Counter()
    with closing(open_store(store)) as home:
        for event in home.events():
            if isinstance(event, Expansion):
                counts.update((one.rule, one.text) for one in event.delta.rejects)
        corrections = home.graph().corrections
    by_rule = {text for _, text in counts}
    rows = [(f"rejected by hand: {why}", key, 0) for key, why in corrections.rejected.items() if key not in by_rule]
    for relation, why in corrections.rejected_relations.items():
        rows.append((f"rejected by hand: {why}", f"{relation.source} {relation.predicate} {relation.target}", 0))
    for (rule, text), times in counts.items():
        if canonical(text) not in corrections.allowed:
            rows.append((rule, text, times))
    rows.sort(key=lambda row: (row[0], -row[2], row[1]))
    if as_json:
        dump([{"rule": rule, "text": text, "times": times} for rule, text, times in rows])
    else:
        table(("rule", "text", " times proposed"), rows)


def review(
    store: Store,
    arbiter: Annotated[
        Literal["people", "llm"], Option(help="llm: let a model decide, each verdict a step.")
    ] = "people",
    llm: Annotated[str, Option(help="The model that decides.")] = "",
    base_url: Address = "",
    key_env: KeyEnv = "",
    reasoning_effort: Effort = "",
    reply_tokens: ReplyTokens = None,
    timeout: Timeout = None,
    llm_options: LLMOptions = "",
    tokens: Tokens = None,
    usd: Usd = None,
    as_json: AsJson = False,
) -> None:
    """Walk through possible duplicates, first those whose merging would change the graph most."""
    with closing(open_store(store)) as home:
        if arbiter == "llm":
            added = ModelOptions(reasoning_effort, reply_tokens, key_env, llm_options, timeout)
            limits = Budget(tokens=tokens, usd=usd)
            with session(home, llm, base_url, limits, temperature=0.0, options=added) as asked:
                budget = replace(asked.budget, steps=None)
                settings = Settings(open_policy("mix"), budget, arbiter=True, stop=asked.is_stopped)
                growth = Growth(None, home, asked.model, settings)
                with LiveView(growth, budget) as view:
                    for event in growth.arbitrate():
                        if as_json:
                            dump(event_row(event))
                        view.show(event)
            if not as_json:
                say(f"{_waiting(growth.graph)}: see  graphgrow review {store}")
            return
        graph = home.graph()
        queue = edits.queue(graph)
        if as_json:
            dump([{"one": c.concepts[0], "other": c.concepts[1], "reason": c.reason, "score": c.score} for c in queue])
            return
        if not queue:
            say("nothing waits for a decision")
        for number, pair in enumerate(queue, 1):
            graph.apply_all(home.events(graph.seq))
            if pair not in graph.doubts():
                continue  # an earlier answer has decided it
            one, other = map(graph.representative, pair.concepts)
            question = f"is {graph.name(one)!r} the same as {graph.name(other)!r}?"
            say(f"\n{number} of {len(queue)}: {question}  ({clean(pair.reason)})")
            for key in (one, other):
                near = ", ".join(map(graph.name, list(graph.neighbours[key])[:SHOWN]))
                say(f"  {graph.name(key)}: {counted(graph.degree(key), 'neighbour')}{': ' if near else ''}{near}")
            try:
                typed: str = prompt("[m]erge, [k]eep apart, [s]kip, [q]uit", default="s", show_default=False)
            except Abort:  # nobody is there to answer, or Ctrl-C
                typed = "q"
            answer = typed.strip().lower()[:1]
            if answer == "q":
                say(_waiting(graph))
                return
            decision = {"m": edits.merge, "k": edits.apart}.get(answer)
            if decision:
                one, other = pair.concepts
                _commit(home, partial(decision, one=one, other=other, reason=f"reviewed: {pair.reason}"), as_json=False)


def _waiting(graph: Graph) -> str:
    count = len(list(graph.doubts()))
    return f"{counted(count, 'possible duplicate')} {'waits' if count == 1 else 'wait'} for a decision"
