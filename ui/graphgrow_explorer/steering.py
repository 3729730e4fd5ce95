"""What a person wants of the questions to come: one function an action, each an event of the log."""

import os
from collections.abc import Callable

from graphgrow.api import directives as edits
from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Edit
from graphgrow_explorer import runs
from graphgrow_explorer.state import Home

REASON = "in the explorer"


def expand(home: Home, name: str, other: str = "") -> str:
    """Let the next question be about a concept, or about how two are connected, and ask it now.

    A run that is under way asks it next, unless it is at its end; where none is, one begins for this one question, as
    the last one was started.
    """
    said = _done(home, lambda graph: edits.focus(graph, name, other, reason=REASON))
    known = runs.runs(home.url)
    if any(run.is_alive for run in known):
        return f"{said} A run is under way: it asks this next, or the next run does."
    runs.start(home.url, runs.once(known), os.environ | home.env)
    return said


def pin(home: Home, name: str) -> str:
    """Keep a concept in the running."""
    return _done(home, lambda graph: edits.pin(graph, name, reason=REASON))


def unpin(home: Home, name: str) -> str:
    """Leave a pinned concept to the policy again."""
    return _done(home, lambda graph: edits.unpin(graph, name, reason=REASON))


def forbid(home: Home, name: str) -> str:
    """Ask no more about a concept."""
    return _done(home, lambda graph: edits.forbid(graph, name, reason=REASON))


def allow(home: Home, name: str) -> str:
    """Let questions be asked about a forbidden concept again."""
    return _done(home, lambda graph: edits.allow(graph, name, reason=REASON))


def instruct(home: Home, text: str, concept: str = "", community: str = "", steps: int = 0) -> str:
    """Let questions come with an instruction."""
    return _done(
        home,
        lambda graph: edits.instruct(graph, text, concept=concept, community=community, steps=steps, reason=REASON),
    )


def withdraw(home: Home, event: int) -> str:
    """Take back what an event wished for."""
    return _done(home, lambda graph: edits.withdraw(graph, event, reason=REASON))


def binding(home: Home) -> list[tuple[int, str, str]]:
    """Return what binds now: its event, what it asks for, how it stands."""
    with home.reading() as graph:
        return [(one.seq, edits.describe(graph, one.change), edits.state(graph, one)) for one in edits.binding(graph)]


def _done(home: Home, decide: Callable[[Graph], Edit]) -> str:
    edit = home.commit(decide)
    return f"{edit.edit.capitalize()}: {edit.note}."
