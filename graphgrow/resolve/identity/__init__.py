"""When two names are one concept: candidates from an index, guards against false likeness, a decision with a reason.

`decide` is all of it; what it decides is carried out elsewhere, as an event that can be undone.
"""

from graphgrow.resolve.identity.guards import contradiction, disagree
from graphgrow.resolve.identity.lexicon import Lexicon
from graphgrow.resolve.identity.meanings import Candidate, Meanings, Vectors
from graphgrow.resolve.identity.names import Decision, KnownNames, decide, possible_duplicates

__all__ = [
    "Candidate", "Decision", "KnownNames", "Lexicon", "Meanings", "Vectors", "contradiction", "decide", "disagree",
    "possible_duplicates",
]  # fmt: skip
