"""Questions to the graph from the page: `graphgrow ask`, `ideas` and `discover` in the background, one at a time.

What comes of them is in the graph's log; a file says what is under way, and keeps what came to nothing with the reason,
so that it can be asked again.
"""

import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from graphgrow.api.explorer import BadInput, ReasoningStep, state_folder
from graphgrow.api.models import ModelOptions, named
from graphgrow_explorer import runs
from graphgrow_explorer.workspace import Workspace

FOLDER = "questions"
LISTED = 8  # questions that are kept in sight


@dataclass(frozen=True, slots=True)
class PageQuestion:
    """A question that was asked from a page: its text, whether it is under way, and why it came to nothing.

    `model` is who is asked, in words, `so_far` what it has written of the reply that is under way; `at` when it began,
    UTC in ISO 8601; `wanted` what starts it again.
    """

    name: str
    text: str
    is_alive: bool
    message: str
    model: str = ""
    at: str = ""
    pid: int = 0
    so_far: str = ""
    wanted: Mapping[str, Any] | None = None

    def has_begun(self, plan: ReasoningStep) -> bool:
        """Tell whether a work with the graph was begun after this question was asked."""
        return plan.seq > int((self.wanted or {}).get("since", 0))

    @property
    def seconds(self) -> float:
        """How long ago it began."""
        began = datetime.fromisoformat(self.at) if self.at else datetime.now(UTC)
        return max(0.0, time.time() - began.timestamp())


def ask(
    workspace: Workspace, text: str, model: runs.RunOptions | None = None, *, context: int, compare: bool = False
) -> str:
    """Ask the graph a question; without a model the one of the last run. Raises BadInput for an empty question.

    `context` tokens of the graph go with it; to `compare` it is asked without the graph too.
    """
    if not text.strip():
        raise BadInput("there is no question: type one first")
    _start(workspace, text, ["ask", f"--context={context}", *(["--compare"] if compare else [])], [text], model)
    return "The question is under way; the answer is kept in the graph's log"


def ideas(
    workspace: Workspace,
    goal: str,
    dials: Mapping[str, float],
    model: runs.RunOptions | None = None,
    judge_with: str = "",
) -> str:
    """Ask for ideas; without a model the one of the last run, which also compares them unless another is named."""
    options = [f"--{name}={value:g}" for name, value in dials.items()]
    options += [f"--judge-with={judge_with}"] if judge_with else []
    _start(workspace, goal, ["ideas", *options, f"--goal={goal}"], [], model, judge_with)
    return "Ideas are under way; they are kept in the graph's log"


def discover(workspace: Workspace, ends: Sequence[str], model: runs.RunOptions | None = None) -> str:
    """Reason along the path between two concepts by name, or the longest; goes on with what was begun."""
    options = [f"--from={ends[0]}", f"--to={ends[-1]}"] if ends else []
    text = f"a discovery between {' and '.join(ends)}" if ends else "a discovery along the path that the graph chooses"
    _start(workspace, text, ["discover", *options], [], model)
    return "The discovery is under way; every answer is here as soon as it is saved"


def describe(workspace: Workspace, count: int, model: runs.RunOptions | None = None) -> str:
    """Ask what the largest communities are about."""
    _start(workspace, f"what {count} communities are about", ["describe", f"--count={count}"], [], model)
    return "The question is under way; names and sentences are kept in the graph's log"


def again(workspace: Workspace, question: PageQuestion) -> str:
    """Ask once more what came to nothing, with the same model; what was paid for is not paid twice."""
    wanted = question.wanted or {}
    model = runs.RunOptions(**wanted.get("model", {}))
    _start(workspace, question.text, wanted.get("command", ["ask"]), wanted.get("words", [question.text]), model)
    forget(workspace.url, question)
    return "It is under way again"


def stop(question: PageQuestion) -> str:
    """End a question as Ctrl-C does: what was paid for is saved, and the same question goes on with it."""
    with suppress(ProcessLookupError):
        os.kill(question.pid, signal.SIGINT)
    return "It ends after the reply that is under way; what was paid for is saved"


def forget(url: str, question: PageQuestion) -> str:
    """Remove the record of a question that is over."""
    for file in _folder(url).glob(f"{question.name}.*"):
        file.unlink(missing_ok=True)
    return "Removed from the list"


def recent(url: str) -> list[PageQuestion]:
    """Return the questions that were asked last from a page, the newest first."""
    if state_folder(url) is None:
        return []
    found: list[PageQuestion] = []
    for file in sorted(_folder(url).glob("*.json"), reverse=True)[:LISTED]:
        record = runs.Record.read(file)
        if record is None:
            continue
        wanted = record.wanted
        model = str(wanted.get("asked", ""))
        found.append(PageQuestion(
            file.stem, str(wanted.get("text", "")), record.is_alive, runs.last_words(file.with_suffix(".err")), model,
            record.at, record.pid, runs.so_far(file.parent, file.stem) if record.is_alive else "", wanted,
        ))  # fmt: skip
    return found


def last(url: str) -> PageQuestion | None:
    """Return the question that was asked last from a page."""
    return next(iter(recent(url)), None)


def _folder(url: str) -> Path:
    folder = state_folder(url)
    if folder is None:
        raise BadInput("a graph in memory cannot be asked in the background: keep it in a file")
    return folder / FOLDER


def _start(
    workspace: Workspace,
    text: str,
    command: Sequence[str],
    words: Sequence[str],
    model: runs.RunOptions | None,
    judge_with: str = "",
) -> None:
    """Start a command with a model, else that of the last run of this graph, else that of the environment.

    Raises BadInput while another question is under way. What was typed is one word, no option.
    """
    place = runs.made(_folder(workspace.url))
    options = model or runs.once(runs.runs(workspace.url))
    how = ModelOptions(**{name: getattr(options, name) for name in runs.OPTIONS})
    if any(
        one.secrets for one in (how, named(options.llm).options, named(judge_with).options)
    ):  # they would stand in the list of processes, and on disk
        raise BadInput("the extra request parameters hold a key or a password: name the environment variable that does")
    spoken = [f"--{name.replace('_', '-')}={value}" for name, value in options.model.items()]
    wanted = {
        "text": text, "command": list(command), "words": list(words), "model": options.model,
        "asked": options.llm or options.base_url or runs.asked(workspace.url), "since": workspace.graph.seq,
    }  # fmt: skip
    try:
        with FileLock(place / "start.lock", timeout=0, mode=0o600):
            under_way = last(workspace.url)
            if under_way and under_way.is_alive:
                raise BadInput("a question is under way: one at a time")
            line = [sys.executable, "-m", "graphgrow", *command, "--json", *spoken, "--", workspace.url, *words]
            runs.launch(place, line, wanted, os.environ | workspace.env)
    except Timeout:
        raise BadInput("another page asks this graph just now: one at a time") from None
