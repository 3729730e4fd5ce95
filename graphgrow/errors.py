"""The errors graphgrow raises: each carries one sentence that names the offending value and what to do.

GraphgrowError
├── BadInput            a file, option or name that cannot be used
├── BudgetSpent         a limit of tokens or money ended the work: what was done is kept
├── StoreError          a store that cannot be opened, read or written
│   ├── AlteredLog      an event is not what was written, cannot be read, or is missing
│   ├── StaleGraph      another writer was first: fold its events, resolve again
│   └── StoreAway       the server does not answer, or the file is locked: the same call may work later
└── LLMError            an endpoint that does not answer as asked
    ├── ContextOverflow the prompt is longer than the model's context
    ├── RunOver         the run that asks has ended while an endpoint was waited for
    │   └── ReplyGivenUp  its time had ended before, and a reply was still under way
    └── OutOfReplies    a scripted or recorded model has nothing left to say
"""

import re

# In URLs of our own stores all up to the last @, for a password may hold what a URL may not.
_USERINFO = re.compile(
    r"\b((?:neo4j|bolt)(?:\+s|\+ssc)?://).*@|\b([a-z][a-z0-9+.-]*://)[^\s/?#'\"]*:[^\s/?#'\"]*@", re.IGNORECASE
)


def without_passwords(text: str) -> str:
    """Return text whose URLs name no user and no password, so that it may be written anywhere."""
    return _USERINFO.sub(r"\1\2", text) if "@" in text else text


class GraphgrowError(Exception):
    """Base of every error that ends a command with one line and exit code 1; its text shows no password of a URL."""

    def __str__(self) -> str:
        return without_passwords(super().__str__())


class BadInput(GraphgrowError):
    """Something the user gave cannot be used."""


class BudgetSpent(GraphgrowError):
    """A limit of tokens or money ended the work; what was done is kept, and it goes on with a higher one."""


class StoreError(GraphgrowError):
    """A store cannot be opened, read or written."""


class AlteredLog(StoreError):
    """An event of a log is not what was written, cannot be read, or is missing; `seq` is the first such one."""

    def __init__(self, text: str, seq: int) -> None:
        super().__init__(text)
        self.seq = seq


class StaleGraph(StoreError):
    """The event was resolved against an older graph than the store now holds."""


class StoreAway(StoreError):
    """A store does not answer or is locked; nothing was written, or it is there when the same call is made again."""


class LLMError(GraphgrowError):
    """The language model's endpoint does not answer as asked; `role` is what its model was asked for."""

    role: str = ""


class ContextOverflow(LLMError):
    """The prompt does not fit the model's context window."""


class RunOver(LLMError):
    """The run that asks has ended, by its budget or by hand, while its question waited for an endpoint."""


class ReplyGivenUp(RunOver):
    """A reply was still under way some time after the run's minutes had ended, and is not waited for."""


class OutOfReplies(LLMError):
    """A scripted or recorded model has no reply for this prompt."""
