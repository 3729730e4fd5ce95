"""How the names and predicates of replies are resolved: from what a user names to what a run works with."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from graphgrow.errors import BadInput
from graphgrow.hygiene import Hygiene
from graphgrow.predicates import Vocabulary, vocabulary
from graphgrow.resolve import Resolver
from graphgrow.step import resolver
from graphgrow.stores import GraphStore

if TYPE_CHECKING:
    from graphgrow.identity import Meanings
    from graphgrow.llm import Gate


def known(file: Path | None) -> Vocabulary:
    """Return the vocabulary of a file, or the one that comes with the program."""
    return Vocabulary.load(file) if file else vocabulary()


def how(
    without: list[str] | None,
    predicates: Path | None,
    embeddings: str,
    store: GraphStore,
    base_url: str = "",
) -> Resolver:
    """Return how replies are resolved; `base_url` is the endpoint that embeds, if one does."""
    rules = Hygiene(frozenset(without or ()))
    return resolver(rules=rules, predicate=known(predicates).read, meanings=meanings(embeddings, store, base_url))


def meanings(name: str, store: GraphStore, base_url: str = "", gate: "Gate | None" = None) -> "Meanings | None":
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
        embedder = EndpointEmbedder(name, address, os.environ.get("OPENAI_API_KEY", ""), gate=gate)
    return Meanings(embedder, store)
