"""One run of one job, where it is done: in a thread of this process, or on a worker of a cluster.

What it needs is described, never passed as open connections or keys: whoever does it opens the store and the model with
the environment of its own process. While a run works on a graph it holds the lease of the graph and renews it, so that
no other machine runs a job on it; after a crash the lease expires.
"""

import os
import socket
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Event, Lock, Thread
from time import monotonic, sleep
from typing import Literal, TypeVar
from uuid import uuid4

from graphgrow.api.models import KINDS, WORLD, ModelName, ModelOptions, Opening, named, open_named, open_role
from graphgrow.api.options import GrowthOptions
from graphgrow.batch.budgets import budget, consumption, run_name
from graphgrow.batch.jobs import Job, Jobs
from graphgrow.batch.reports import JobReport, with_results
from graphgrow.batch.schedule import Clock, stamp, utc_now
from graphgrow.errors import BadInput, ContextOverflow, GraphgrowError, LLMError, OutOfReplies, StoreAway, StoreError
from graphgrow.graph.model import Role, Usage
from graphgrow.growth.loop import Growth
from graphgrow.llm import DEFAULT_MODEL, LLM, LOCAL, OPENAI_URL, RECORDED, Gate
from graphgrow.llm.options import NO_OPTIONS, beside, key_for
from graphgrow.llm.usage import usd as price
from graphgrow.resolve.options import open_meanings
from graphgrow.stores import GraphStore, open_store, store_url
from graphgrow.stores.retrying import RetryingStore

LEASE = "batch"  # the lease of a graph; that of a run, "batch JOB@DUE", marks it as done
RENEWALS = 4  # in the time that a lease lasts
FOR_GOOD = timedelta(days=400).total_seconds()
# Outcomes of a run that is done: no machine begins it again.
DONE = ("steps", "tokens", "usd", "minutes", "quota", "exhausted", "saturated", "drifted")
LONGEST_PAUSE = 60.0  # seconds between two tries
NAP = 0.2
T = TypeVar("T")
MILLION = Usage(1_000_000, 1_000_000)  # a model that has a price at all has one for this much


@dataclass(frozen=True)
class ModelSpec:
    """How to open a model of a job, on whichever machine; the key is in that machine's environment."""

    llm: str
    base_url: str
    temperature: float
    gate: Gate | None = None
    patience: float | None = None  # minutes
    options: ModelOptions = NO_OPTIONS
    role: Role = "grow"
    run: ModelName | None = None  # the model that grows, where this one has another role

    @property
    def named(self) -> ModelName:
        """The name, address and options that the text stands for."""
        return named(self.llm, self.base_url, self.options)

    @property
    def is_local(self) -> bool:
        """True for a model that runs in this process."""
        model = self.named
        if not (model.name or model.base_url):
            return not (os.environ.get("OPENAI_BASE_URL") or key_for("", model.options, os.environ))
        return not model.base_url and (model.name == LOCAL or model.name.endswith(".gguf"))

    def open(self) -> LLM:
        """Return the model."""
        how: Opening = {
            "env": os.environ, "temperature": self.temperature, "patience": self.patience, "gate": self.gate,
        }  # fmt: skip
        return open_role(self.role, self.llm, self.run, **how) if self.run else open_named(self.named, **how)


@dataclass
class LocalModels:
    """The models that run in this process, each opened once for all runs: a copy for each would not fit its memory."""

    _models: dict[tuple[str, ModelOptions, float], LLM] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def open(self, spec: ModelSpec) -> Iterator[LLM]:
        """Yield a model; one that does not run here is opened for this run alone, which costs nothing."""
        if not spec.is_local:
            with closing(spec.open()) as model:
                yield model
            return
        with self._lock:
            key = spec.named.name or LOCAL, spec.named.options, spec.temperature
            if key not in self._models:
                self._models[key] = spec.open()
        yield self._models[key]

    def close(self) -> None:
        """Give the memory back."""
        for model in self._models.values():
            model.close()


def open_closing(spec: ModelSpec) -> AbstractContextManager[LLM]:
    """Return a model that is closed after its run."""
    return closing(spec.open())


def never() -> bool:
    """Return False: nobody asks to stop."""
    return False


@dataclass(frozen=True)
class JobRun:
    """A run to be done: of which job, due when, with how much money at most, by which clock and gate.

    `open_model` may share a model among runs, or ask it elsewhere. `stop` is looked at between questions.
    """

    jobs: Jobs
    job: Job
    folder: Path
    due: datetime
    usd: float | None = None
    clock: Clock = utc_now
    gate: Gate | None = None
    open_model: Callable[[ModelSpec], AbstractContextManager[LLM]] = open_closing
    stop: Callable[[], bool] = never

    @property
    def name(self) -> str:
        """What the events of this run are marked with."""
        return run_name(self.job.name, self.due)

    @property
    def patience(self) -> float:
        """How many minutes an endpoint that has no room is waited for."""
        return self.jobs.limits.patience.total_seconds() / 60

    @property
    def model(self) -> ModelSpec:
        """How to open the model that grows."""
        llm = self._placed(self.jobs.model(self.job, "grow"))
        return ModelSpec(llm, self.job.base_url, self.job.temperature, self.gate, self.patience, job_options(self.job))

    @property
    def models(self) -> dict[Role, ModelSpec]:
        """How to open the models that have a role of their own."""
        roles: tuple[Literal["check", "arbitrate"], ...] = ("check", "arbitrate")
        texts = {role: self._placed(self.jobs.model(self.job, role)) for role in roles}
        return {
            role: ModelSpec(
                text, "", self.job.temperature, self.gate, self.patience, role=role, run=self.model.named
            )
            for role, text in texts.items() if text
        }  # fmt: skip

    def _placed(self, llm: str) -> str:
        """Return a model as it is named; files in its name count from where the jobs file is."""
        world, mark, query = llm.removeprefix(WORLD).partition("?")
        if llm.startswith(RECORDED):
            llm = f"{RECORDED}{self.folder / llm.removeprefix(RECORDED)}"
        elif llm.startswith(WORLD) and world not in KINDS and "://" not in world:
            llm = f"{WORLD}{self.folder / world}{mark}{query}"
        elif llm.endswith(".gguf"):
            llm = str(self.folder / llm)
        return llm


def job_store(job: Job, folder: Path) -> str:
    """Return the URL of a job's graph, a path in it counted from the folder of the jobs file."""
    path = store_url(job.store).path
    return f"sqlite:{folder / path.expanduser()}" if path else job.store


def job_options(job: Job) -> ModelOptions:
    """Return how the model of a job is asked."""
    return ModelOptions(job.reasoning_effort, job.reply_tokens, job.key_env, job.llm_options, job.timeout)


def is_priced(jobs: Jobs, job: Job) -> bool:
    """Tell whether a model of a job has a price here, without opening it."""
    run = named(jobs.model(job, "grow"), job.base_url, job_options(job))
    texts = (jobs.model(job, "check"), jobs.model(job, "arbitrate"))
    for model in (run, *(beside(text, run, os.environ)[0] for text in texts if text)):
        address = model.base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL
        if not model.is_here and price(model.name or DEFAULT_MODEL, address, MILLION) is not None:
            return True
    return False


@dataclass
class Lease:
    """The lease of a graph that a run works on."""

    holder: str
    seconds: float
    stop: Callable[[], bool]
    is_ours: bool = True
    renewed: float = field(default_factory=monotonic)

    @property
    def is_lost(self) -> bool:
        """True once another may have the graph: it was taken, or the lease was not renewed in time."""
        return not self.is_ours or monotonic() - self.renewed >= self.seconds

    def is_over(self) -> bool:
        """Tell whether its holder must not go on: it is lost, or somebody asks to stop."""
        return self.is_lost or self.stop()


@contextmanager
def hold_lease(store: GraphStore, url: str, seconds: float, stop: Callable[[], bool]) -> Iterator[Lease | None]:
    """Yield the lease of a graph, renewed from a thread while the block lasts; None where another holds it."""
    lease, ended = Lease(f"{socket.gethostname()} {os.getpid()} {uuid4().hex}", seconds, stop), Event()

    def renew() -> None:
        """Renew the lease by a store of this thread's own."""
        while lease.is_ours and not ended.wait(seconds / RENEWALS):
            began = monotonic()
            try:
                with closing(open_store(url)) as own:  # a file that was removed is not made anew
                    lease.is_ours = own.lease(LEASE, lease.holder, seconds)
                lease.renewed = began
            except (StoreError, BadInput):
                continue  # away, busy or gone: the lease lasts a while, then it is lost

    if not store.lease(LEASE, lease.holder, seconds):
        yield None
        return
    thread = Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield lease
    finally:
        ended.set()
        thread.join()
        if not lease.is_lost:
            store.lease(LEASE, lease.holder, 0.0)


def rest(seconds: float, is_over: Callable[[], bool]) -> None:
    """Sleep, unless something is over."""
    while seconds > 0 and not is_over():
        sleep(min(NAP, seconds))
        seconds -= NAP


def retry(
    call: Callable[[], T], errors: tuple[type[GraphgrowError], ...], retries: int, is_over: Callable[[], bool]
) -> T:
    """Return what a call returns; after one of the errors it is repeated, with pauses that get longer."""
    pause = 1.0
    while True:
        try:
            return call()
        except errors as error:
            would_come_again = isinstance(error, ContextOverflow | OutOfReplies)
            if would_come_again or not retries or is_over():
                raise
        retries -= 1
        rest(pause, is_over)
        pause = min(2 * pause, LONGEST_PAUSE)


def perform(run: JobRun) -> JobReport:
    """Do a run and return what came of it; whatever goes wrong with store, model or file is its outcome."""
    report = JobReport(run.name, run.job.name, stamp(run.due), "error", began=stamp(run.clock()), store=run.job.store)
    url = job_store(run.job, run.folder)
    try:
        with closing(retry(partial(open_store, url, create=True), (StoreAway,), run.job.retries, run.stop)) as store:
            store.append()  # a store that this user cannot write says so before anything is asked
            with hold_lease(store, url, run.jobs.limits.lease.total_seconds(), run.stop) as lease:
                report = _perform_leased(run, store, lease, report) if lease else replace(report, outcome="held")
    except (GraphgrowError, OSError) as error:
        report = replace(report, said=str(error))
    return replace(report, ended=stamp(run.clock()))


def _perform_leased(run: JobRun, store: GraphStore, lease: Lease, report: JobReport) -> JobReport:
    """Do a run while its graph is leased, unless it was done before, and mark it as done for all machines."""
    mark = f"{LEASE} {run.name}"  # held for good, once the run is done, under the name of its outcome
    if not store.lease(mark, lease.holder, 0.0):
        outcome = next((one for one in DONE if store.lease(mark, one, FOR_GOOD)), "exhausted")
        return with_results(replace(report, outcome=outcome, before=True), store)

    began, most_usd = monotonic(), run.usd
    if most_usd is not None:  # in all for this run, including what it had paid before it was broken off
        most_usd += consumption(store.events(), run.name, run.clock(), run.jobs.zone(run.job))["run"].usd
    remarks = dict.fromkeys(filter(None, [run.jobs.idle(run.job)]))  # the same sentence of several tries is one
    with ExitStack() as stack:
        specs: dict[Role, ModelSpec] = {"grow": run.model, **run.models}
        models = {role: stack.enter_context(run.open_model(spec)) for role, spec in specs.items()}
        grow = partial(_grow, run, store, models, lease, began, most_usd, remarks)
        try:
            outcome, said = retry(grow, (LLMError, StoreError), run.job.retries, lease.is_over)
            report = replace(report, model=models["grow"].name)
        except (LLMError, StoreError, BadInput) as error:
            outcome, said = "error", str(error)
            if lease.is_over():
                outcome, said = "lost" if lease.is_lost else "interrupted", ""
    report = with_results(replace(report, outcome=outcome, said=said, remarks=tuple(remarks)), store)
    if report.is_done:
        store.lease(mark, outcome, FOR_GOOD)
    return report


def _grow(
    run: JobRun,
    store: GraphStore,
    models: Mapping[Role, LLM],
    lease: Lease,
    began: float,
    most_usd: float | None,
    remarks: dict[str, None],
) -> tuple[str, str]:
    """Grow with what is left of the quotas; return the outcome and what there is to say about it."""
    job = run.job
    used = consumption(store.events(), run.name, run.clock(), run.jobs.zone(job))
    left, used_up = budget(
        job, used, priced=any(one.price(MILLION) is not None for one in models.values()),
        most_usd=None if most_usd is None else most_usd - used["run"].usd,
    )  # fmt: skip
    if used_up:  # by the run itself before it was broken off, or by others
        what, period = used_up
        return (what, "") if period == "run" else ("quota", f"used up: {what} of the {period}")
    if left.minutes is not None:  # the clock of a run goes on while it is tried again
        left = replace(left, minutes=left.minutes - (monotonic() - began) / 60)

    def wait(seconds: float, error: StoreAway) -> None:
        rest(seconds, lease.is_over)
        if lease.is_over():
            raise error

    options = GrowthOptions(
        policy=job.policy, width=job.width, seed=job.seed, arbiter=job.arbiter, samples=job.samples,
        intents=job.intents, fact_check=job.fact_check, prompts=job.prompts, relations=job.relations,
        context=job.context,
        prompt_variants=run.folder / job.prompt_variants if job.prompt_variants else None,
        without_rule=job.without_rule, predicates=run.folder / job.predicates if job.predicates else None,
        strict_predicates=job.strict_predicates, reply_tokens=job.reply_tokens, batch=job.batch,
    )  # fmt: skip
    asked = run.model.named
    embed = run.jobs.model(job, "embed")
    vectors = open_meanings(embed, store, asked.base_url, run.gate, asked.options, run.patience)
    with nullcontext() if vectors is None else closing(vectors):  # a cache that is still empty is falsy
        settings = replace(
            options.settings(store, vectors),
            budget=left,
            now=lambda: stamp(run.clock()),
            stop=lease.is_over,
            run=run.name,
            models={role: one for role, one in models.items() if role != "grow"},
        )
        patient = RetryingStore(store, run.jobs.limits.patience.total_seconds() / 60, wait)
        growth = Growth(job.topic, patient, models["grow"], settings)
        try:
            growth.run()
        finally:
            remarks.update(dict.fromkeys(growth.notices))
    return "lost" if lease.is_lost else growth.ending or "exhausted", ""


@dataclass(frozen=True)
class Backend:
    """Where runs are done: a standard executor, the gate that keeps the limits of a jobs file, and what does a run.

    `is_here` is false where runs are done by processes that go on when this one ends.
    """

    executor: Executor
    gate: Callable[[Jobs], Gate]
    perform: Callable[[JobRun], JobReport] = perform
    open_model: Callable[[ModelSpec], AbstractContextManager[LLM]] = open_closing
    is_here: bool = True
