"""Runs started from the page: processes that outlive it, known by the files they leave in the state folder.

A run is `graphgrow grow --json`, started detached. Its file says what it is to do, its log holds a line of JSON per
step; whoever looks, from whichever page, reads the same files. Keys reach it by the environment alone.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from threading import Thread
from typing import Any, Literal

from filelock import FileLock, Timeout

from graphgrow.api import directives
from graphgrow.api.explorer import DEFAULT, DEFAULT_STEPS, STREAM, BadInput, Prompts, StoreError, state_folder
from graphgrow.api.models import ModelOptions, default_model, named
from graphgrow_explorer.workspace import REASON, Workspace

State = Literal["running", "pausing", "stopping", "paused", "ended"]
ATTEMPTS = 5
LISTED = 12
OPTIONS = ("key_env", "reasoning_effort", "reply_tokens", "llm_options", "timeout")
MODEL = ("llm", "base_url", *OPTIONS)
REMARK = re.compile(r"The \w+ model ")  # beginning of a sentence that says what was left undone
LIVE = ".live"  # ending of the name of a file with a reply under way
SAID = re.compile(r'"((?:[^"\\]|\\.)*)("\s*:|"|$)')  # a text in JSON, and its end: as the name of a field, or none yet
LAST_WORDS = ("graphgrow: ", "stopped: ")


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run is to do; the names are those of `graphgrow grow`."""

    topic: str = ""
    llm: str = ""
    base_url: str = ""
    steps: int = DEFAULT_STEPS
    tokens: int | None = None
    usd: float | None = None
    minutes: float | None = None
    width: int = 1
    policy: str = DEFAULT
    seed: int = 0
    key_env: str = ""
    reasoning_effort: str = ""
    reply_tokens: int | None = None
    llm_options: str = ""
    timeout: float | None = None
    check_with: str = ""
    prompts: Prompts = "auto"
    relations: int | None = None
    context: int | None = None
    batch: bool = False

    @property
    def model(self) -> dict[str, Any]:
        """The options of every command that asks a model, as far as they say something."""
        return {name: value for name in MODEL if (value := getattr(self, name)) not in ("", None)}


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its files tell it: `message` is how it says it ended, where it does; `at` is UTC in ISO 8601."""

    name: str
    options: RunOptions
    at: str
    pid: int
    state: State
    steps: int = 0
    concepts: int = 0
    tokens: int = 0
    usd: float = 0.0
    message: str = ""

    @property
    def is_alive(self) -> bool:
        """True while its process is there."""
        return self.state in {"running", "pausing", "stopping"}


@dataclass(frozen=True, slots=True)
class Record:
    """The file of a command that a page started; `born` tells its process from a later one with the same number."""

    pid: int
    born: str
    at: str
    wanted: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, file: Path) -> "Record | None":
        """Return the record that a file holds; None where it holds none."""
        try:
            return cls(**json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    @property
    def is_alive(self) -> bool:
        """True while the process is there."""
        if self.born:
            return _born(self.pid) == self.born
        with suppress(OSError):
            os.kill(self.pid, 0)
            return True
        return False


def launch(folder: Path, words: Sequence[str], wanted: Mapping[str, object], env: Mapping[str, str]) -> str:
    """Start a command that outlives the page, write a record of it into a folder and return its name."""
    now = datetime.now(UTC)
    name = f"{now:%Y%m%dT%H%M%S}-{token_hex(3)}"
    streamed = {} if "--batch" in words else {STREAM: str((folder / f"{name}{LIVE}").absolute())}
    with (folder / f"{name}.log").open("wb") as log, (folder / f"{name}.err").open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603  # our own command, every option one word
            list(words),
            stdin=subprocess.DEVNULL, stdout=log, stderr=errors, env={**env, **streamed}, start_new_session=True,
        )  # fmt: skip
    Thread(target=process.wait, daemon=True).start()  # somebody has to wait for its end, or it stays a zombie
    record = Record(process.pid, _born(process.pid), now.isoformat(timespec="seconds"), dict(wanted))
    draft = folder / f"{name}.draft"
    draft.write_text(json.dumps(asdict(record)), encoding="utf-8")
    draft.replace(folder / f"{name}.json")
    return name


def made(folder: Path) -> Path:
    """Make a folder below one that a run which ends just now may take away."""
    for _ in range(ATTEMPTS):
        with suppress(FileNotFoundError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return folder
    raise StoreError(f"{folder} cannot be made: set XDG_STATE_HOME to a folder that can be written")


def text_of(file: Path) -> str:
    """Return what stands in a file that may not be there yet."""
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def so_far(folder: Path, name: str) -> str:
    """Return what the model of a command has written of the reply that is under way; "" where it does not stream.

    From a reply in JSON it is the sentences in it.
    """
    text = text_of(folder / f"{name}{LIVE}")
    if not text.lstrip().startswith(("{", "[", "```")):
        return text
    found = [one.replace("\\n", "\n").replace('\\"', '"') for one, end in SAID.findall(text) if ":" not in end]
    return "\n".join(one for one in found if " " in one.strip())


def last_words(errors: Path) -> str:
    """Return how a command says it ended, from the file of its stderr; "" where it did all it was to do.

    Where it left something undone it is what that was.
    """
    lines = [line.strip() for line in text_of(errors).splitlines()]
    ends = [line for line in lines if line.startswith(LAST_WORDS)]
    remarks = [line for line in lines if REMARK.match(line)]
    return ends[-1].split(": ", 1)[1] if ends else remarks[-1] if remarks else ""


def command(url: str, options: RunOptions) -> list[str]:
    """Return the words that start a run; whatever was typed is one word and never an option."""
    given = {name: value for name, value in asdict(options).items() if value not in ("", None) and name != "topic"}
    flags = {name for name, value in given.items() if isinstance(value, bool)}
    words = [f"--{name.replace('_', '-')}={value}" for name, value in given.items() if name not in flags]
    words += [f"--{name}" for name in flags if given[name]]
    topic = ["--", options.topic] if options.topic else []
    return [sys.executable, "-m", "graphgrow", "grow", f"--store={url}", "--json", *words, *topic]


def check_name(llm: str) -> None:
    """Refuse what may not be named where others use the page too: an address, options of its own, a file.

    A key would be sent to the address, and a file would be a way around the folder. Raises BadInput.
    """
    model = named(llm)
    if model.is_here and model.name not in {"", "local"}:
        raise BadInput(f"{llm!r} is a file: where others use this page, only whoever started it reads files as models")
    if model.base_url or model.options != ModelOptions():
        raise BadInput("other people use this page too: name a model alone, without an address or options")


def start(url: str, options: RunOptions, env: Mapping[str, str] = os.environ) -> str:
    """Start a run in the background and return its name; raises BadInput while another one is under way."""
    how = ModelOptions(**{name: getattr(options, name) for name in OPTIONS})
    asked = how, named(options.llm).options, named(options.check_with).options
    if any(one.secrets for one in asked):  # they would stand in the list of processes, and on disk
        raise BadInput("the extra request parameters hold a key or a password: name the environment variable that does")
    folder = made(_folder(url))
    try:
        with FileLock(folder / "start.lock", timeout=0, mode=0o600):
            if any(run.is_alive for run in runs(url)):
                raise BadInput("a run of this graph is under way: stop it, or wait for its end")
            return launch(folder, command(url, options), asdict(options), env)
    except Timeout:
        raise BadInput("another page starts a run of this graph just now: one at a time") from None


def stop(url: str, name: str, *, pause: bool = False) -> str:
    """Ask a run to end as Ctrl-C does, once: what was paid for is saved. One that is paused can go on later.

    Returns what that means.

    Raises BadInput where it has ended or has been asked before: a second Ctrl-C would break off its orderly end.
    """
    run = find(url, name)
    if not run.is_alive:
        raise BadInput("this run has ended already")
    try:
        with (_folder(url) / f"{name}.wish").open("x", encoding="utf-8") as request:  # of two pages, one asks
            request.write("pause" if pause else "stop")
    except FileExistsError:
        raise BadInput("this run is ending already: it saves what was paid for") from None
    with suppress(ProcessLookupError):
        os.kill(run.pid, signal.SIGINT)
    return "The run ends after the question that is under way; everything that was paid for is saved"


def resume(url: str, name: str, env: Mapping[str, str] = os.environ) -> str:
    """Let a paused run go on with what is left of its budget, as a run of a new name."""
    run = find(url, name)
    if run.state != "paused":
        raise BadInput("only a paused run can go on")
    options = run.options
    left = replace(
        options,
        topic="",
        steps=max(1, options.steps - run.steps),
        tokens=max(1, options.tokens - run.tokens) if options.tokens else None,
        usd=max(0.0, options.usd - run.usd) if options.usd is not None else None,
    )
    started = start(url, left, env)
    (_folder(url) / f"{name}.wish").write_text("stop", encoding="utf-8")
    return started


def expand(workspace: Workspace, name: str, other: str = "") -> str:
    """Let the next question be about a concept, or about how two are connected, and ask it now.

    A run that is under way asks it next, unless it is at its end; where none is, one begins for this one question, as
    the last one was started.
    """
    edit = workspace.act(directives.focus, name, other, reason=REASON)
    done, known = f"Focus: {edit.note}.", runs(workspace.url)
    if any(run.is_alive for run in known):
        return f"{done} A run is under way: it asks this next, or the next run does."
    start(workspace.url, once(known), os.environ | workspace.env)
    return done


def asked(url: str) -> str:
    """Return in words which model a question from the page goes to: that of the last run, else the default."""
    known = runs(url) if state_folder(url) else []
    last = known[0].options if known else RunOptions()
    return last.llm or last.base_url or default_model(os.environ)


def once(known: Sequence[Run]) -> RunOptions:
    """Return a run of one step with the model of the newest of some runs."""
    last = known[0].options if known else RunOptions()
    how = {name: getattr(last, name) for name in ("check_with", "prompts", "relations", "context", "policy", "seed")}
    return RunOptions(**last.model, **how, steps=1)


def find(url: str, name: str) -> Run:
    """Return one run; raises BadInput where there is none of that name."""
    for run in runs(url):
        if run.name == name:
            return run
    raise BadInput(f"there is no run {name!r} of this graph")


def runs(url: str) -> list[Run]:
    """Return the runs of a graph that were started from a page, the newest first; the last LISTED of them."""
    files = sorted(_folder(url).glob("*.json"), reverse=True)[:LISTED]
    return [run for file in files if (record := Record.read(file)) and (run := _run(file, record))]


def written(url: str, name: str) -> str:
    """Return what the model of a run has written of the reply that is under way."""
    return so_far(_folder(url), name)


def traces(url: str) -> str:
    """Return a text that changes with the files of what was started from a page, and when its process ends."""
    state, parts = state_folder(url), list[str]()
    for folder in (state / "runs", state / "questions") if state else ():
        with suppress(OSError):  # nothing was started yet, or a file was taken away just now
            files = sorted(folder.iterdir())
            files = [file for file in files if LIVE not in file.name]  # whoever waits for a reply asks for it
            parts.append(f"{len(files)}:{sum(file.stat().st_size for file in files)}")
            newest = next((file for file in reversed(files) if file.suffix == ".json"), None)
            record = Record.read(newest) if newest else None
            parts.append("alive" if record and record.is_alive else "over")
    return "-".join(parts)


def _run(file: Path, record: Record) -> Run | None:
    """Return the run of a record and the files beside it; None where it is none of ours."""
    try:
        options = RunOptions(**record.wanted)
    except TypeError:
        return None
    lines: list[dict[str, Any]] = []
    for line in text_of(file.with_suffix(".log")).splitlines():
        with suppress(ValueError):  # the last line may still be on its way
            step = json.loads(line)
            if isinstance(step, dict) and "added" in step and "tokens" in step:
                lines.append(step)
    steps = [one for one in lines if not one.get("repairs") and one.get("strategy") != "arbiter"]
    request = text_of(file.with_suffix(".wish"))
    state: State = "paused" if request == "pause" else "ended"
    if record.is_alive:
        state = "pausing" if request == "pause" else "stopping" if request == "stop" else "running"
    message = "" if state == "running" else last_words(file.with_suffix(".err"))
    if state == "ended" and not steps and not message:
        message = "it ended before the first reply"
    return Run(
        file.stem, options, record.at, record.pid, state, len(steps),
        sum(one["added"]["concepts"] for one in lines), sum(one["tokens"] for one in lines),
        sum(one["usd"] or 0.0 for one in lines), message,
    )  # fmt: skip


def _folder(url: str) -> Path:
    folder = state_folder(url)
    if folder is None:
        raise BadInput("a graph in memory has no runs in the background: keep it in a file")
    return folder / "runs"


def _born(pid: int) -> str:
    """Return when a process started, in ticks since the system did; "" where it is gone or nothing tells."""
    try:
        state, *fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state == "Z" else fields[18]
