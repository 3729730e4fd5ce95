"""One run of one job, where it is done: in a thread of this process, or on a worker of a cluster.

What it needs is told in words, never as open connections or keys: whoever does it opens the store and the model with
the environment of its own process.
"""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit
from uuid import uuid4

from graphgrow.api.models import KINDS, WORLD, open_llm
from graphgrow.batch import leases
from graphgrow.batch.clock import Clock, SystemClock, stamp
from graphgrow.batch.jobs import Job, Jobs
from graphgrow.batch.quotas import Book, budget, run_name, used
from graphgrow.batch.reports import Report, filled
from graphgrow.errors import BadInput, ContextOverflow, GraphgrowError, LLMError, OutOfReplies, StoreAway, StoreError
from graphgrow.graph.graph import fold
from graphgrow.graph.model import Budget, Usage
from graphgrow.growth.loop import Ending, Growth, Settings
from graphgrow.llm import DEFAULT_MODEL, LLM, OPENAI_URL, RECORDED, Gate
from graphgrow.llm.usage import usd as price
from graphgrow.policy import open_policy
from graphgrow.prompts.variants import load_variants
from graphgrow.resolve.options import open_meanings, open_resolver, open_vocabulary
from graphgrow.resolve.resolve import Resolver
from graphgrow.stores import GraphStore, open_store
from graphgrow.stores.retrying import Patient

LONGEST_PAUSE = 60.0
NAP = 0.2


def never() -> bool:
    """Nobody asks to stop."""
    return False


@dataclass(frozen=True)
class Opening:
    """How to open the model of a job, on whichever machine; the key is in that machine's environment."""

    llm: str
    base_url: str
    temperature: float
    gate: Gate | None = None

    def open(self) -> LLM:
        """Return the model."""
        return open_llm(
            self.llm or None, self.base_url or None, env=os.environ, temperature=self.temperature, gate=self.gate
        )


@dataclass(frozen=True)
class Task:
    """A run to be done: of which job, due when, with at most so much money, by which clock and gate.

    `spread` opens the model so that its questions are asked all over a cluster. `stop` is looked at between questions.
    """

    jobs: Jobs
    job: Job
    folder: Path
    due: datetime
    usd: float | None = None
    clock: Clock = field(default_factory=SystemClock)
    gate: Gate | None = None
    spread: Callable[[Opening], LLM] = Opening.open
    stop: Callable[[], bool] = never

    @property
    def run(self) -> str:
        """What the events of this run are marked with."""
        return run_name(self.job.name, self.due)

    @property
    def store(self) -> str:
        """Where the graph is; a path counts from where the jobs file is."""
        return placed(self.job.store, self.folder)

    @property
    def opening(self) -> Opening:
        """How to open the model."""
        job = self.job
        return Opening(placed_model(job.llm, self.folder), job.base_url, job.temperature, self.gate)


def placed(store: str, folder: Path) -> str:
    """Return a store's URL, a path in it counted from a folder."""
    path = store.removeprefix("sqlite:")
    if path == store and urlsplit(store).scheme and "://" in store:
        return store
    return f"sqlite:{folder / Path(path).expanduser()}"


def placed_model(llm: str, folder: Path) -> str:
    """Return a model's name, a file in it counted from a folder."""
    if llm.startswith(RECORDED):
        return f"{RECORDED}{folder / llm.removeprefix(RECORDED)}"
    place, mark, query = llm.removeprefix(WORLD).partition("?")
    if llm.startswith(WORLD) and place not in KINDS and "://" not in place:
        return f"{WORLD}{folder / place}{mark}{query}"
    return str(folder / llm) if llm.endswith(".gguf") else llm


def is_priced(job: Job) -> bool:
    """Tell whether the model of a job has a price here, without opening it."""
    address = job.base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL
    known = not job.llm.startswith((RECORDED, WORLD)) and not job.llm.endswith(".gguf") and job.llm != "local"
    return known and price(job.llm or DEFAULT_MODEL, address, Usage(1_000_000, 1_000_000)) is not None


def perform(task: Task) -> Report:
    """Do a run and return what came of it; whatever goes wrong with store, model or file is its outcome."""
    began = stamp(task.clock.now())
    blank = Report(task.run, task.job.name, stamp(task.due), "error", began=began, store=task.job.store)
    try:
        with closing(_store(task)) as store:
            found = _held(task, store, blank)
    except (GraphgrowError, OSError) as error:
        found = replace(blank, said=str(error))
    return replace(found, ended=stamp(task.clock.now()))


def _store(task: Task) -> GraphStore:
    """Return the store of a run; one whose server is away is tried again, as often as the run may be."""
    pause, tries = 1.0, task.job.retries
    while True:
        try:
            return open_store(task.store, create=True)
        except StoreAway:
            if not tries or task.stop():
                raise
        tries -= 1
        _rest(pause, task.stop)
        pause = min(2 * pause, LONGEST_PAUSE)


def _held(task: Task, store: GraphStore, blank: Report) -> Report:
    """Do the run while its graph is held, and mark it as done for all machines."""
    store.append()  # a store that this user cannot write says so before anything is asked
    holder = f"{socket.gethostname()} {os.getpid()} {uuid4().hex}"
    held = leases.Held(partial(open_store, task.store, create=True), holder, task.jobs.limits.lease.total_seconds())
    if not leases.take(store, holder, held.seconds):
        return replace(blank, outcome="held")
    try:
        with held:
            if ending := leases.ending(store, task.run, holder):
                return _told(replace(blank, outcome=ending, before=True), store)
            found = _told(_grown(task, store, held, blank), store)
            if found.is_done:
                leases.done(store, task.run, found.outcome)
            return found
    finally:
        if not held.is_lost:
            leases.give_back(store, holder)


def _told(report: Report, store: GraphStore) -> Report:
    events = list(store.events())
    return filled(report, events, fold(events))


def _grown(task: Task, store: GraphStore, held: leases.Held, blank: Report) -> Report:
    """Grow until the run is over; what an endpoint refuses is tried again, after a pause."""
    pause, tries = 1.0, task.job.retries
    whole = Whole(monotonic(), None if task.usd is None else task.usd + _used(task, store).run.usd)
    with closing(task.spread(task.opening)) as model:
        while True:
            try:
                return _once(task, store, model, held, blank, whole)
            except (ContextOverflow, OutOfReplies, BadInput) as error:
                return replace(blank, said=str(error))
            except (LLMError, StoreError) as error:
                if held.is_lost or task.stop():
                    return replace(blank, outcome="lost" if held.is_lost else "interrupted")
                if not tries:
                    return replace(blank, said=str(error))
            tries -= 1
            _rest(pause, lambda: held.is_lost or task.stop())
            pause = min(2 * pause, LONGEST_PAUSE)


def _rest(seconds: float, stop: Callable[[], bool]) -> None:
    while seconds > 0 and not stop():
        sleep(min(NAP, seconds))
        seconds -= NAP


def _used(task: Task, store: GraphStore) -> Book:
    return used(store.events(), task.run, task.clock.now(), task.jobs.zone(task.job))


@dataclass(frozen=True)
class Whole:
    """What holds for a run with all its tries: when it began, and its share of the money of all jobs."""

    began: float
    usd: float | None

    def left(self, budget: Budget) -> Budget:
        """Return what one more try may use: the time of a run goes on while it is tried again."""
        if budget.minutes is None:
            return budget
        return replace(budget, minutes=budget.minutes - (monotonic() - self.began) / 60)


def _once(task: Task, store: GraphStore, model: LLM, held: leases.Held, blank: Report, whole: Whole) -> Report:
    """Grow with what is left of the quotas."""
    job, book = task.job, _used(task, store)
    priced = model.price(Usage(1_000_000, 1_000_000)) is not None
    most = None if whole.usd is None else whole.usd - book.run.usd
    left, gone = budget(job, book, priced=priced, most_usd=most)
    if gone:
        return _without(blank, gone)
    with _resolver(task, store) as reading:
        how = _settings(task, reading, held, whole.left(left))
        growth = Growth(job.topic, _patient(task, store, held), model, how)
        for _ in growth:
            pass
    return replace(blank, outcome="lost" if held.is_lost else growth.ending or "exhausted", model=model.name)


@contextmanager
def _resolver(task: Task, store: GraphStore) -> Iterator[Resolver]:
    """Yield how the replies of a job are resolved; requests for vectors pass its gate."""
    job = task.job
    meant = open_meanings(job.embeddings, store, job.base_url, task.gate)
    with closing(meant) if meant else nullcontext():
        yield open_resolver(job.without_rule, _predicates(task), meant)


def _predicates(task: Task) -> Path | None:
    """Return the file of a job's own vocabulary."""
    return task.folder / task.job.predicates if task.job.predicates else None


def _settings(task: Task, reading: Resolver, held: leases.Held, left: Budget) -> Settings:
    """Return how a job grows; files that it names count from where the jobs file is."""
    job = task.job
    variants = load_variants(task.folder / job.prompt_variants) if job.prompt_variants else {}
    return Settings(
        policy=open_policy(job.policy, {kind: tuple(names) for kind, names in variants.items()}),
        predicates=open_vocabulary(_predicates(task)).names if job.strict_predicates else (),
        variants=variants, resolver=reading,
        budget=left, width=job.width, seed=job.seed, arbiter=job.arbiter, samples=job.samples, intents=job.intents,
        now=lambda: stamp(task.clock.now()), stop=lambda: held.is_lost or task.stop(), run=task.run,
    )  # fmt: skip


def _without(blank: Report, gone: str) -> Report:
    """Return the report of a run that has nothing left to use: it did so before it was broken off, or it may not."""
    name, _, part = gone.partition(" of the ")
    ending: Ending = "steps" if name == "steps" else "tokens" if name == "tokens" else "usd"
    return replace(blank, outcome=ending) if part == "run" else replace(blank, outcome="quota", said=f"used up: {gone}")


def _patient(task: Task, store: GraphStore, held: leases.Held) -> Patient:
    """Return the store, waited for while it is away."""

    def wait(seconds: float, why: StoreAway) -> None:
        _rest(seconds, lambda: held.is_lost or task.stop())
        if held.is_lost or task.stop():
            raise why

    minutes = task.jobs.limits.patience.total_seconds() / 60
    return Patient(store, minutes, wait)
