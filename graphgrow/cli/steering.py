"""`pin`, `unpin`, `forbid`, `allow`, `focus`, `instruct`, `steering` and `withdraw`: what people want asked."""

from collections.abc import Callable
from contextlib import closing
from typing import Annotated

import typer

from graphgrow.api import directives
from graphgrow.api.edits import commit
from graphgrow.cli.output import MOST, AsJson, Store, dump, printable, say, table
from graphgrow.cli.reading import load
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Edit
from graphgrow.graph.steering import Directive
from graphgrow.growth.step import now
from graphgrow.stores import open_store

Reason = Annotated[str, typer.Option("--reason", help="Why; kept in the log.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (pin, unpin, forbid, allow, focus, instruct, steering, withdraw):
        app.command()(command)


def pin(store: Store, concept: str, reason: Reason = "", as_json: AsJson = False) -> None:
    """Keep a concept in the running: every third question goes to a pinned one, that asked about least."""
    _commit(store, lambda graph: directives.pin(graph, concept, reason=reason), as_json=as_json)


def unpin(store: Store, concept: str, reason: Reason = "", as_json: AsJson = False) -> None:
    """Leave a pinned concept to the policy again."""
    _commit(store, lambda graph: directives.unpin(graph, concept, reason=reason), as_json=as_json)


def forbid(store: Store, concept: str, reason: Reason = "", as_json: AsJson = False) -> None:
    """Ask no more about a concept, alone or beside another; it stays in the graph (`reject` takes it out)."""
    _commit(store, lambda graph: directives.forbid(graph, concept, reason=reason), as_json=as_json)


def allow(store: Store, concept: str, reason: Reason = "", as_json: AsJson = False) -> None:
    """Let questions be asked about a forbidden concept again."""
    _commit(store, lambda graph: directives.allow(graph, concept, reason=reason), as_json=as_json)


def focus(
    store: Store,
    concept: str,
    other: Annotated[str, typer.Argument(help="A second concept: how are the two connected?")] = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Say what the next question is about, whatever the policy; a run under way obeys too."""
    _commit(store, lambda graph: directives.focus(graph, concept, other, reason=reason), as_json=as_json)


def instruct(
    store: Store,
    text: Annotated[str, typer.Argument(help="What the model is to keep to, in up to 200 characters.")],
    concept: Annotated[str, typer.Option(help="For questions about this concept alone.")] = "",
    community: Annotated[str, typer.Option(help="For questions within the community of this concept alone.")] = "",
    steps: Annotated[
        int | None, typer.Option(min=1, max=MOST, help="For so many questions (default: until withdrawn).")
    ] = None,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Add an instruction to the prompts of a scope, by default of the whole run, and to no other."""

    def decide(graph: Graph) -> Edit:
        return directives.instruct(graph, text, concept=concept, community=community, steps=steps or 0, reason=reason)

    _commit(store, decide, as_json=as_json)


def withdraw(
    store: Store,
    event: Annotated[int, typer.Argument(metavar="ID", help="What `steering` shows beside it.")],
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Take back what binds by its id: an instruction, a focus that waits, a pin, what is forbidden."""
    _commit(store, lambda graph: directives.withdraw(graph, event, reason=reason), as_json=as_json)


def steering(store: Store, as_json: AsJson = False) -> None:
    """List what binds the questions to come, with the ids that `withdraw` takes."""
    graph = load(store)
    binding = directives.binding(graph)
    if as_json:
        dump([_row(graph, directive) for directive in binding])
    elif binding:
        rows = [(directive.seq, directive.change.do, directives.describe(graph, directive.change), directives.state(graph, directive),
                 directive.change.reason) for directive in binding]  # fmt: skip
        table((" id", "kind", "what is wanted", "state", "why"), rows)
    else:
        say("nothing binds: the policy alone chooses")


def _row(graph: Graph, directive: Directive) -> dict[str, object]:
    change, is_community = directive.change, directive.change.scope == "community"
    named = change.concepts[:1] if is_community else change.concepts
    return {
        "id": directive.seq,
        "kind": change.do,
        "concepts": [graph.name(graph.representative(key)) for key in named],
        "scope": change.scope if change.do == "instruct" else None,
        "text": change.text,
        "left": directive.left,
        "state": directives.state(graph, directive),
        "reason": change.reason,
    }


def _commit(store: str, decide: Callable[[Graph], Edit], *, as_json: bool) -> None:
    with closing(open_store(store)) as home:
        edit, _ = commit(home, decide, at=now())
    if as_json:
        dump({"seq": edit.seq, "edit": edit.edit, "note": edit.note})
    else:
        say(f"event {edit.seq}, {edit.edit}: {printable(edit.note)}")
