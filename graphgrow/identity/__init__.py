"""When two names are one concept: candidates from an index, guards against false likeness, a decision with a reason.

`decide` is the whole of it; what it says is carried out elsewhere, as an event that can be undone.
"""

from graphgrow.identity.candidates import Candidate, Lexicon
from graphgrow.identity.decide import Decision, decide
from graphgrow.identity.embeddings import Embedder, LocalEmbedder, Meanings, Vectors
from graphgrow.identity.guards import contradiction, disagree

__all__ = [
    "Candidate",
    "Decision",
    "Embedder",
    "Lexicon",
    "LocalEmbedder",
    "Meanings",
    "Vectors",
    "contradiction",
    "decide",
    "disagree",
]
