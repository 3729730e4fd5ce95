"""What a user names (hygiene rules to leave out, a vocabulary, an embedding model) as what a run resolves with."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from graphgrow.errors import BadInput
from graphgrow.llm.options import NO_OPTIONS, ModelName, ModelOptions, beside, key_for
from graphgrow.llm.waiting import Tell
from graphgrow.prompts.render import EXAMPLE
from graphgrow.resolve.hygiene import Hygiene
from graphgrow.resolve.predicates import Vocabulary, vocabulary
from graphgrow.resolve.resolve import Resolver, read_property
from graphgrow.stores import GraphStore

if TYPE_CHECKING:
    from graphgrow.llm import Gate
    from graphgrow.resolve.identity import Meanings


def open_resolver(
    without_rules: Iterable[str] = (),
    predicates: Path | None = None,
    meanings: "Meanings | None" = None,
    *,
    goes_on: bool = False,
) -> Resolver:
    """Return how replies to our prompts are resolved in one run: new names are compared with the graph's.

    `predicates` is the file of a vocabulary, `meanings` compares names by what they mean too, not only by how they are
    written; with `goes_on` their endpoint may fail. Raises BadInput for an unknown rule, or a vocabulary that cannot be
    used.
    """
    from graphgrow.resolve.identity import KnownNames

    hygiene, listed = Hygiene(frozenset(without_rules)), open_vocabulary(predicates)
    has_amounts = "quantity" in hygiene.off  # then they are names like any other
    return Resolver(
        broken_rule=hygiene,
        predicate=listed.read,
        verb=listed.read_verb,
        vocabulary=listed.names,
        echoes=EXAMPLE,
        known=KnownNames(meanings, goes_on=goes_on),
        read_property=(lambda _triple, _topic: None) if has_amounts else read_property,
    )


def open_vocabulary(file: Path | None) -> Vocabulary:
    """Return the vocabulary of a file, or the one that comes with the program."""
    return Vocabulary.load(file) if file else vocabulary()


def open_meanings(  # all but the first two can be left out
    name: str,
    store: GraphStore,
    base_url: str = "",
    gate: "Gate | None" = None,
    options: ModelOptions = NO_OPTIONS,
    patience: float | None = None,
    tell: Tell | None = None,
) -> "Meanings | None":
    """Return what compares names by meaning, with the store as cache of its vectors; None without a name.

    `name` is "local", the model of an endpoint at `base_url` or "URL#NAME", whose requests pass the gate; `options` say
    where the key of `base_url` is, and how much time there is. An endpoint that has no room is waited for `patience`
    minutes, and `tell` hears of that. Raises BadInput where there is no endpoint, or the local model is not installed.
    """
    if not name:
        return None
    from graphgrow.llm.embedders import Embedder, EndpointEmbedder, LocalEmbedder
    from graphgrow.resolve.identity import Meanings

    embedder: Embedder
    if name == "local":
        embedder = LocalEmbedder()
    else:
        model, env = beside(name, ModelName(base_url=base_url, options=options), os.environ)
        address = model.base_url or env.get("OPENAI_BASE_URL", "")
        if not address:
            raise BadInput(f"no endpoint for the embedding model {name!r}: give --base-url, or --embeddings local")
        if not model.name:
            raise BadInput(f"{name!r} names no embedding model: write URL#MODEL")
        key = key_for(address, model.options, env)
        embedder = EndpointEmbedder(
            model.name, address, key, patience=patience, gate=gate, tell=tell, options=model.options
        )
    return Meanings(embedder, store)
