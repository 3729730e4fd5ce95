"""How the names and predicates of replies are resolved: from what a user names to what a run works with."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from graphgrow.errors import BadInput
from graphgrow.prompts.render import EXAMPLE
from graphgrow.resolve.hygiene import Hygiene, broken_rule
from graphgrow.resolve.predicates import Vocabulary, Wording, read, vocabulary
from graphgrow.resolve.resolve import Resolver, Rules
from graphgrow.stores import GraphStore

if TYPE_CHECKING:
    from graphgrow.llm import Gate
    from graphgrow.resolve.identity import Meanings


def resolver(
    *, rules: Rules = broken_rule, predicate: Callable[[str], Wording] = read, meanings: "Meanings | None" = None
) -> Resolver:
    """Return how replies to our prompts are resolved in one run: new names are compared with the graph's.

    `meanings` compares them by what they mean too, not only by how they are written.
    """
    from graphgrow.resolve.identity.identifier import Identifier

    return Resolver(broken_rule=rules, predicate=predicate, echoes=EXAMPLE, identifier=Identifier(meanings))


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
    from graphgrow.llm.embedders import Embedder, EndpointEmbedder, LocalEmbedder
    from graphgrow.resolve.identity import Meanings

    embedder: Embedder
    if name == "local":
        embedder = LocalEmbedder()
    else:
        address = base_url or os.environ.get("OPENAI_BASE_URL", "")
        if not address:
            raise BadInput(f"no endpoint for the embedding model {name!r}: give --base-url, or --embeddings local")
        embedder = EndpointEmbedder(name, address, os.environ.get("OPENAI_API_KEY", ""), gate=gate)
    return Meanings(embedder, store)
