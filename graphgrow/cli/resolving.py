"""How names and predicates are resolved: options that `grow` and `replay` share; `predicates` reports on wordings."""

import os
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graphgrow.cli.output import AsJson, Store, dump, say, table
from graphgrow.errors import BadInput
from graphgrow.hygiene import Hygiene
from graphgrow.predicates import Unmapped, Vocabulary, vocabulary
from graphgrow.resolve import Resolver
from graphgrow.step import resolver
from graphgrow.stores import GraphStore, open_store

if TYPE_CHECKING:
    from graphgrow.identity import Meanings

Without = Annotated[list[str] | None, typer.Option("--without-rule", help="A hygiene rule to leave out; repeatable.")]
Predicates = Annotated[Path | None, typer.Option(help="A vocabulary of your own, in the form of predicates.toml.")]
Embeddings = Annotated[
    str, typer.Option(help="Compare names by meaning too: local, or the name of an endpoint's embedding model.")
]


def register(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command("predicates")(predicates_)


def known(file: Path | None) -> Vocabulary:
    """Return the vocabulary of a file, or the one that comes with the program."""
    return Vocabulary.load(file) if file else vocabulary()


def how(
    without: list[str] | None, predicates: Path | None, embeddings: str, store: GraphStore, base_url: str = ""
) -> Resolver:
    """Return how replies are resolved; `base_url` is the endpoint that embeds, if one does."""
    rules = Hygiene(frozenset(without or ()))
    return resolver(rules=rules, predicate=known(predicates).read, meanings=meanings(embeddings, store, base_url))


def meanings(name: str, store: GraphStore, base_url: str = "") -> "Meanings | None":
    """Return what compares names by meaning, with the store as cache of its vectors; None without a name."""
    if not name:
        return None
    from graphgrow.identity import Embedder, LocalEmbedder, Meanings

    embedder: Embedder
    if name == "local":
        embedder = LocalEmbedder()
    else:
        from graphgrow.llm.embeddings import EndpointEmbedder

        address = base_url or os.environ.get("OPENAI_BASE_URL", "")
        if not address:
            raise BadInput(f"no endpoint for the embedding model {name!r}: give --base-url, or --embeddings local")
        embedder = EndpointEmbedder(name, address, os.environ.get("OPENAI_API_KEY", ""))
    return Meanings(embedder, store)


def predicates_(store: Store, predicates: Predicates = None, as_json: AsJson = False) -> None:
    """List the wordings that the vocabulary does not hold, most frequent first, with what each may mean."""
    words = known(predicates)
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
