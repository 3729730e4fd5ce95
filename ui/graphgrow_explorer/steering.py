"""What a person wants of the questions to come: one function an action, each an event of the log.

They need `graphgrow.steering_edits`; where that is not there the page leaves their buttons out.
"""

import os
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from graphgrow_explorer import runs
from graphgrow_explorer.state import Home

if TYPE_CHECKING:
    from graphgrow.model import Edit

EDITS = "graphgrow.steering_edits"
REASON = "in the explorer"


def is_there() -> bool:
    """Tell whether graphs can be steered."""
    return find_spec(EDITS) is not None


def expand(home: Home, name: str, other: str = "") -> str:
    """Let the next question be about a concept, or about how two are connected, and ask it now.

    A run that is under way asks it next; where none is, one begins for this one question, as the last one was started.
    """
    said = _done(home, "focus", name, other)
    known = runs.runs(home.url)
    if not any(run.is_alive for run in known):
        runs.start(home.url, runs.once(known), os.environ | home.env)
    return said


def pin(home: Home, name: str) -> str:
    """Keep a concept in the running."""
    return _done(home, "pin", name)


def unpin(home: Home, name: str) -> str:
    """Leave a pinned concept to the policy again."""
    return _done(home, "unpin", name)


def forbid(home: Home, name: str) -> str:
    """Ask no more about a concept."""
    return _done(home, "forbid", name)


def allow(home: Home, name: str) -> str:
    """Let questions be asked about a forbidden concept again."""
    return _done(home, "allow", name)


def instruct(home: Home, text: str, concept: str = "", community: str = "", steps: int = 0) -> str:
    """Let questions come with an instruction."""
    return _done(home, "instruct", text, concept=concept, community=community, steps=steps)


def withdraw(home: Home, event: int) -> str:
    """Take back what an event wished for."""
    return _done(home, "withdraw", event)


def binding(home: Home) -> list[tuple[int, str, str]]:
    """Return what binds now: its event, what it asks for, how it stands."""
    if not is_there():
        return []
    edits: Any = import_module(EDITS)
    with home.reading() as graph:
        return [(one.seq, edits.describe(graph, one.change), edits.state(graph, one)) for one in edits.binding(graph)]


def _done(home: Home, action: str, *words: object, **options: object) -> str:
    decide = getattr(import_module(EDITS), action)
    edit: Edit = home.commit(lambda graph: decide(graph, *words, reason=REASON, **options))
    return f"{edit.edit.capitalize()}: {edit.note}."
