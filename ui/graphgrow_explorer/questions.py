"""Questions to the graph from the page: `graphgrow ask`, `ideas` and `discover` in the background, one at a time.

What comes of them is in the graph's log; a file says what is under way, and why one came to nothing.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from filelock import FileLock, Timeout

from graphgrow.errors import BadInput
from graphgrow.stores.outbox import state_folder
from graphgrow_explorer import runs
from graphgrow_explorer.state import Home

FOLDER = "questions"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was asked from a page: its text, whether it is under way, its last words where it failed."""

    text: str
    is_alive: bool
    said: str


def ask(home: Home, text: str) -> str:
    """Ask the graph a question with the model of the last run."""
    _start(home, text, ["ask", *_model(home), "--", home.url, text])
    return "The question is under way; the answer is kept in the graph's log"


def ideas(home: Home, goal: str, dials: Mapping[str, float]) -> str:
    """Ask for ideas with the model of the last run."""
    wanted = [f"--{name}={value:g}" for name, value in dials.items()]
    _start(home, goal, ["ideas", *_model(home), *wanted, f"--goal={goal}", "--", home.url])
    return "Ideas are under way; they are kept in the graph's log"


def discover(home: Home, ends: Sequence[str]) -> str:
    """Reason along the path between two concepts by name, or the longest; goes on with what was begun."""
    wanted = [f"--from={ends[0]}", f"--to={ends[-1]}"] if ends else []
    text = f"a discovery between {' and '.join(ends)}" if ends else "a discovery along the longest path"
    _start(home, text, ["discover", *_model(home), *wanted, "--", home.url])
    return "The discovery is under way; every answer is here as soon as it is saved"


def last(url: str) -> Asked | None:
    """Return the question that was asked last from a page."""
    folder = state_folder(url)
    files = sorted((folder / FOLDER).glob("*.json")) if folder else []
    record = runs.launched(files[-1]) if files else None
    return Asked(str(record[0].get("text", "")), record[1], record[2]) if record else None


def _model(home: Home) -> list[str]:
    """Return the options for the model that the last run of this graph asked; without one the environment decides."""
    wanted = runs.once(runs.runs(home.url))
    named = {"llm": wanted.llm, "base-url": wanted.base_url}
    return ["--json", *(f"--{name}={value}" for name, value in named.items() if value)]


def _start(home: Home, text: str, words: Sequence[str]) -> None:
    """Start a command; raises BadInput while another question is under way. What was typed is one word, no option."""
    folder = state_folder(home.url)
    if folder is None:
        raise BadInput("a graph in memory cannot be asked in the background: keep it in a file")
    place = runs.made(folder / FOLDER)
    try:
        with FileLock(place / "start.lock", timeout=0, mode=0o600):
            under_way = last(home.url)
            if under_way and under_way.is_alive:
                raise BadInput("a question is under way: one at a time")
            runs.launch(place, [sys.executable, "-m", "graphgrow", *words], {"text": text}, os.environ | home.env)
    except Timeout:
        raise BadInput("another page asks this graph just now: one at a time") from None
