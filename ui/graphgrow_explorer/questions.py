"""Questions to the graph from the page: `graphgrow ask`, `ideas` and `discover` in the background, one at a time.

What comes of them is in the graph's log; a file says what is under way, and why one came to nothing.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from filelock import FileLock, Timeout

from graphgrow.api.explorer import BadInput, state_folder
from graphgrow_explorer import runs
from graphgrow_explorer.workspace import Workspace

FOLDER = "questions"


@dataclass(frozen=True, slots=True)
class PageQuestion:
    """A question that was asked from a page: its text, whether it is under way, and why it came to nothing."""

    text: str
    is_alive: bool
    message: str


def ask(workspace: Workspace, text: str) -> str:
    """Ask the graph a question with the model of the last run."""
    _start(workspace, text, ["ask"], ["--", workspace.url, text])
    return "The question is under way; the answer is kept in the graph's log"


def ideas(workspace: Workspace, goal: str, dials: Mapping[str, float]) -> str:
    """Ask for ideas with the model of the last run."""
    options = [f"--{name}={value:g}" for name, value in dials.items()]
    _start(workspace, goal, ["ideas", *options, f"--goal={goal}"], ["--", workspace.url])
    return "Ideas are under way; they are kept in the graph's log"


def discover(workspace: Workspace, ends: Sequence[str]) -> str:
    """Reason along the path between two concepts by name, or the longest; goes on with what was begun."""
    options = [f"--from={ends[0]}", f"--to={ends[-1]}"] if ends else []
    text = f"a discovery between {' and '.join(ends)}" if ends else "a discovery along the path that the graph chooses"
    _start(workspace, text, ["discover", *options], ["--", workspace.url])
    return "The discovery is under way; every answer is here as soon as it is saved"


def last(url: str) -> PageQuestion | None:
    """Return the question that was asked last from a page."""
    folder = state_folder(url)
    files = sorted((folder / FOLDER).glob("*.json")) if folder else []
    record = runs.Record.read(files[-1]) if files else None
    if record is None:
        return None
    return PageQuestion(
        str(record.wanted.get("text", "")), record.is_alive, runs.last_words(files[-1].with_suffix(".err"))
    )


def _start(workspace: Workspace, text: str, command: Sequence[str], words: Sequence[str]) -> None:
    """Start a command with the model that the last run of this graph asked, or the one of the environment.

    Raises BadInput while another question is under way. What was typed is one word, no option.
    """
    folder = state_folder(workspace.url)
    if folder is None:
        raise BadInput("a graph in memory cannot be asked in the background: keep it in a file")
    options = runs.once(runs.runs(workspace.url))
    model = [f"--{name.replace('_', '-')}={value}" for name, value in options.model.items()]
    place = runs.made(folder / FOLDER)
    try:
        with FileLock(place / "start.lock", timeout=0, mode=0o600):
            under_way = last(workspace.url)
            if under_way and under_way.is_alive:
                raise BadInput("a question is under way: one at a time")
            line = [sys.executable, "-m", "graphgrow", *command, "--json", *model, *words]
            runs.launch(place, line, {"text": text}, os.environ | workspace.env)
    except Timeout:
        raise BadInput("another page asks this graph just now: one at a time") from None
