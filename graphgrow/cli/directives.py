"""`pin`, `unpin`, `forbid`, `allow`, `focus`, `instruct`, `withdraw` and `steering`: what people want asked."""

from collections.abc import Callable
from contextlib import closing
from typing import Annotated

from typer import Argument, Option

from graphgrow.api import directives
from graphgrow.api.edits import commit
from graphgrow.cli.arguments import MOST, AsJson, Reason, Store
from graphgrow.cli.output import dump, say, table
from graphgrow.graph.events import now
from graphgrow.graph.graph import Graph
from graphgrow.graph.keys import clean
from graphgrow.graph.model import Edit
from graphgrow.stores import open_store


def pin(store: Store, concept: str, reason: Reason = "", as_json: AsJson = False) -> None:
    """Keep a concept in the running: every third question goes to a pinned one, that asked about least."""
    _direct(store, lambda graph: directives.pin(graph, concept, reason=reason), as_json=as_json)


def unpin(store: Store, concept: str, reason: Reason = "", as_json: AsJson = False) -> None:
    """Leave a pinned concept to the policy again."""
    _direct(store, lambda graph: directives.unpin(graph, concept, reason=reason), as_json=as_json)


def forbid(store: Store, concept: str, reason: Reason = "", as_json: AsJson = False) -> None:
    """Ask no more about a concept, alone or beside another; it stays in the graph (`reject` takes it out)."""
    _direct(store, lambda graph: directives.forbid(graph, concept, reason=reason), as_json=as_json)


def allow(store: Store, concept: str, reason: Reason = "", as_json: AsJson = False) -> None:
    """Let questions be asked about a forbidden concept again."""
    _direct(store, lambda graph: directives.allow(graph, concept, reason=reason), as_json=as_json)


def focus(
    store: Store,
    concept: str,
    other: Annotated[str, Argument(help="A second concept: how are the two connected?")] = "",
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Say what the next question is about, whatever the policy; a run under way obeys too."""
    _direct(store, lambda graph: directives.focus(graph, concept, other, reason=reason), as_json=as_json)


def instruct(
    store: Store,
    text: Annotated[str, Argument(help="What the model is to keep to, in up to 200 characters.")],
    concept: Annotated[str, Option(help="For questions about this concept alone.")] = "",
    community: Annotated[str, Option(help="For questions within the community of this concept alone.")] = "",
    steps: Annotated[
        int | None, Option(min=1, max=MOST, help="For this many questions (default: until withdrawn).")
    ] = None,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Add an instruction to the prompts of a scope, by default of the whole run, and to no other."""

    def decide(graph: Graph) -> Edit:
        return directives.instruct(graph, text, concept=concept, community=community, steps=steps or 0, reason=reason)

    _direct(store, decide, as_json=as_json)


def withdraw(
    store: Store,
    event: Annotated[int, Argument(metavar="ID", help="What `steering` shows beside it.")],
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Withdraw what is in force, by its id: an instruction, a focus that waits, a pin, what is forbidden."""
    _direct(store, lambda graph: directives.withdraw(graph, event, reason=reason), as_json=as_json)


def _direct(store: str, decide: Callable[[Graph], Edit], *, as_json: bool) -> None:
    """Commit a directive, and print what it asks for."""
    with closing(open_store(store)) as home:
        edit, _ = commit(home, decide, at=now())
    if as_json:
        dump({"seq": edit.seq, "edit": edit.edit, "note": edit.note})
    else:
        say(f"step {edit.seq}, {edit.edit}: {clean(edit.note)}")


def steering(store: Store, as_json: AsJson = False) -> None:
    """List what is in force for the questions to come, with the ids that `withdraw` takes."""
    with closing(open_store(store)) as home:
        graph = home.graph()
    rows, documents = [], []
    for directive in directives.binding(graph):
        change, state = directive.change, directives.state(graph, directive)
        rows.append((directive.seq, change.do, directives.describe(graph, change), state, change.reason))
        named = change.concepts[:1] if change.scope == "community" else change.concepts  # others are its members
        documents.append({
            "id": directive.seq,
            "kind": change.do,
            "concepts": [graph.name(graph.representative(key)) for key in named],
            "scope": change.scope if change.do == "instruct" else None,
            "text": change.text,
            "left": directive.left,
            "state": state,
            "reason": change.reason,
        })  # fmt: skip
    if as_json:
        dump(documents)
    elif rows:
        table((" id", "kind", "what is wanted", "state", "why"), rows)
    else:
        say("nothing is in force: the policy alone chooses")
