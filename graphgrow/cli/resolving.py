"""How names and predicates are resolved: options that `grow` and `replay` share; `predicates` reports on wordings."""

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from graphgrow.cli.output import AsJson, Store, dump, say, table
from graphgrow.resolve.options import open_vocabulary
from graphgrow.resolve.predicates import Unmapped
from graphgrow.stores import open_store

Without = Annotated[list[str] | None, typer.Option("--without-rule", help="A hygiene rule to leave out; repeatable.")]
Predicates = Annotated[Path | None, typer.Option(help="A vocabulary of your own, in the form of predicates.toml.")]
Embeddings = Annotated[
    str, typer.Option(help="Compare names by meaning too: local, or the name of an endpoint's embedding model.")
]


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("predicates")(predicates_)


def predicates_(store: Store, predicates: Predicates = None, as_json: AsJson = False) -> None:
    """List the wordings that the vocabulary does not hold, most frequent first, with what each may mean."""
    words = open_vocabulary(predicates)
    with closing(open_store(store)) as home:
        said = Counter(one.raw.predicate for event in home.events() for one in event.delta.statements)
    missing = words.unmapped(said)
    held = said.total() - sum(one.count for one in missing)
    if as_json:
        rows = [{"wording": one.wording, "count": one.count, "proposal": one.proposal, "turned": one.turned,
                 "score": one.score} for one in missing]  # fmt: skip
        dump({"statements": said.total(), "in_vocabulary": held, "unmapped": rows})
        return
    if missing:
        table((" times", "wording", "proposal", " likeness"), [_row(one) for one in missing])
    say(f"{held} of {said.total()} statements use a wording of the vocabulary ({len(words.names)} predicates)")


def _row(one: Unmapped) -> tuple[object, ...]:
    turned = ", turned round" if one.turned and one.proposal else ""
    return one.count, one.wording, one.proposal + turned, one.score
