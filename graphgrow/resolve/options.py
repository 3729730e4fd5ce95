"""What a user names (hygiene rules to leave out, a vocabulary, an embedding model) as what a run resolves with."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from graphgrow.errors import BadInput
from graphgrow.prompts.render import EXAMPLE
from graphgrow.resolve.hygiene import Hygiene
from graphgrow.resolve.predicates import Vocabulary, vocabulary
from graphgrow.resolve.resolve import Resolver
from graphgrow.stores import GraphStore

if TYPE_CHECKING:
    from graphgrow.llm import Gate
    from graphgrow.resolve.identity import Meanings


def open_resolver(
    without_rules: Iterable[str] = (), predicates: Path | None = None, meanings: "Meanings | None" = None
) -> Resolver:
    """Return how replies to our prompts are resolved in one run: new names are compared with the graph's.

    `predicates` is the file of a vocabulary, `meanings` compares names by what they mean too, not only by how they are
    written. Raises BadInput for a rule that there is not, or a vocabulary that cannot be used.
    """
    from graphgrow.resolve.identity import KnownNames

    return Resolver(
        broken_rule=Hygiene(frozenset(without_rules)),
        predicate=open_vocabulary(predicates).read,
        echoes=EXAMPLE,
        known=KnownNames(meanings),
    )


def open_vocabulary(file: Path | None) -> Vocabulary:
    """Return the vocabulary of a file, or the one that comes with the program."""
    return Vocabulary.load(file) if file else vocabulary()


def open_meanings(name: str, store: GraphStore, base_url: str = "", gate: "Gate | None" = None) -> "Meanings | None":
    """Return what compares names by meaning, with the store as cache of its vectors; None without a name.

    `name` is "local" or the model of an endpoint at `base_url`, whose requests pass the gate; raises BadInput where
    there is no endpoint, or the local model is not installed.
    """
    if not name:
        return None
    from graphgrow.llm.credentials import endpoint_key
    from graphgrow.llm.embedders import Embedder, EndpointEmbedder, LocalEmbedder
    from graphgrow.resolve.identity import Meanings

    embedder: Embedder
    if name == "local":
        embedder = LocalEmbedder()
    else:
        address = base_url or os.environ.get("OPENAI_BASE_URL", "")
        if not address:
            raise BadInput(f"no endpoint for the embedding model {name!r}: give --base-url, or --embeddings local")
        embedder = EndpointEmbedder(name, address, endpoint_key(address, os.environ), gate=gate)
    return Meanings(embedder, store)
