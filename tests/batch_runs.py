"""What the tests of batch share: a jobs file, and its runs driven with a clock, a gate and a model of the test's."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path

from graphgrow.batch.dispatch import Dispatcher, Log, silent
from graphgrow.batch.jobs import load
from graphgrow.batch.limits import MINUTE, LocalGate
from graphgrow.batch.run import Backend, ModelSpec, never
from graphgrow.batch.schedule import Clock, Schedule, utc_now
from graphgrow.batch.state import State, state_path
from graphgrow.graph.model import Expansion, FactCheck, Prompt, Reply, Usage
from graphgrow.llm import LLM
from graphgrow.llm.scripted import Scripted
from graphgrow.stores import open_store
from tests.conftest import chatter


@dataclass
class Hands:
    """A clock whose hands the test moves."""

    at: datetime

    def __call__(self) -> datetime:
        """Return where the hands are."""
        return self.at

    def go(self, **span: float) -> None:
        """Move the hands."""
        self.at += timedelta(**span)


@dataclass(frozen=True)
class Costing:
    """A model that talks, and says that each reply cost so much."""

    llm: Scripted
    usd: float
    name: str = "costing"

    def ask(self, prompt: Prompt) -> Reply:
        """Return the next reply, with its price."""
        reply = self.llm.ask(prompt)
        return Reply(reply.text, Usage(7, 3), usd=self.usd)

    def price(self, usage: Usage) -> float | None:
        """Return the price of one reply, whatever its bill."""
        return self.usd

    def close(self) -> None:
        """Do nothing."""


def talking(spec: ModelSpec) -> LLM:
    """Return a model that always has something new to say."""
    return Scripted(chatter(400), cycle=True)


def using(model: LLM | Callable[[ModelSpec], LLM]) -> Callable[[ModelSpec], AbstractContextManager[LLM]]:
    """Return how a run comes by a model, or by what a function makes of its description."""
    return lambda spec: closing(model(spec) if callable(model) else model)


def jobs_file(folder: Path, text: str) -> Path:
    """Write a jobs file and return it."""
    path = folder / "jobs.toml"
    path.write_text(text, encoding="utf-8")
    return path


@contextmanager
def working(
    path: Path,
    clock: Clock = utc_now,
    model: Callable[[ModelSpec], LLM] = talking,
    *,
    minute: float = MINUTE,
    log: Log = silent,
    stop: Callable[[], bool] = never,
) -> Iterator[Dispatcher]:
    """Yield the dispatcher of a jobs file, on threads."""
    jobs = load(path)
    gate = LocalGate(jobs, minute, stop)
    with (
        closing(State(state_path(path.absolute()))) as state,
        state.alone(),
        ThreadPoolExecutor(50) as threads,
    ):
        backend = Backend(threads, lambda jobs: replace(gate, jobs=jobs), open_model=using(model))
        yield Dispatcher(jobs, path.absolute().parent, state, backend, clock, log, stop)


def tick(dispatcher: Dispatcher) -> None:
    """Look at every job once, and do what is due to its end."""
    for job in dispatcher.jobs.job:
        dispatcher.claim(job)
    dispatcher.drive()


def between(schedule: Schedule, after: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the moments of a schedule after one up to another."""
    return takewhile(lambda due: due <= until, schedule.after(after))


def asked(store: Path | str) -> list[Expansion]:
    """Return the replies in the log of a graph."""
    with closing(open_store(str(store))) as home:
        return [event for event in home.events() if isinstance(event, Expansion)]


def paid(store: Path | str) -> list[Expansion | FactCheck]:
    """Return all replies in the log of a graph, those of fact checks too."""
    with closing(open_store(str(store))) as home:
        return [event for event in home.events() if isinstance(event, Expansion | FactCheck)]


def utc(text: str) -> datetime:
    """Return a moment of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
