"""Runs, and the questions of a wide run, on a Dask cluster, through the standard library's `concurrent.futures`.

Workers are told what to open, never keys: each reads its own environment. Replies of questions come back to the worker
that does the run, which keeps them safe and commits them; a question that a dead worker had is asked again on another.
The limits of endpoints are kept by the scheduler, which lets requests pass one at a time and by one clock. Nothing is
locked, so no worker that dies can hold up the others: what it had under way counts as answered then.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from functools import cache, partial
from threading import Lock
from time import monotonic, sleep
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4

from distributed import Client, Scheduler, SchedulerPlugin, get_worker, secede
from distributed.client import ClosedClientError
from distributed.comm.core import CommClosedError

from graphgrow.batch.jobs import Jobs, Rate
from graphgrow.batch.limits import NAP, SOON, Request, Window, admit, answered
from graphgrow.batch.reports import JobReport
from graphgrow.batch.run import Backend, JobRun, ModelSpec, perform
from graphgrow.errors import BadInput, GraphgrowError
from graphgrow.graph.model import Prompt, Reply, Usage
from graphgrow.llm import LLM, Gate, checks_facts, identity

CONNECT_SECONDS = 10
_CONNECTING, _OPENING = Lock(), Lock()
P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def cluster(address: str) -> Iterator[Backend]:
    """Yield the workers of a cluster.

    Raises BadInput where its scheduler does not answer or has no worker, GraphgrowError once it is gone for good.
    """
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError):
        raise BadInput(f"no Dask scheduler answers at {address}: start one with  dask scheduler") from None
    with client:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            raise BadInput(f"the Dask cluster at {address} has no workers: start some with  dask worker {address}")
        try:
            client.register_plugin(RateLimiter())
        except ImportError:
            raise BadInput(
                f"the Dask scheduler at {address} has no graphgrow: install it there as on the workers"
            ) from None
        executor = ClusterExecutor(client)
        try:
            try:
                yield Backend(executor, lambda jobs: ClusterGate(jobs, address), perform_on_worker, is_here=False)
            finally:
                executor.shutdown(wait=False)
        except (ClosedClientError, CommClosedError):
            raise GraphgrowError(
                f"the Dask scheduler at {address} is gone: what was paid for is saved, and the runs go on when it is"
                " started again, or without --executor"
            ) from None


class ClusterExecutor(Executor):
    """The workers of a cluster, as long as a client has its scheduler.

    A client that has lost its scheduler still takes work; if it then gives up, that work is never heard of again.
    """

    def __init__(self, client: Client) -> None:
        self._client, self._workers = client, client.get_executor(pure=False)

    def submit(self, work: Callable[P, T], /, *args: P.args, **named: P.kwargs) -> Future[T]:
        """Hand work over once there is a scheduler; raises CommClosedError where it is gone for good."""
        until = monotonic() + 3 * CONNECT_SECONDS
        while self._client.status == "connecting" and monotonic() < until:
            sleep(SOON)
        if self._client.status != "running":
            raise CommClosedError("the Dask scheduler is gone")
        future: Future[T] = self._workers.submit(work, *args, **named)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  # as its base
        """Take no more work."""
        self._workers.shutdown(wait=wait)  # this cancels what it does not wait for


def perform_on_worker(run: JobRun) -> JobReport:
    """Do a run on a worker; a wide one gives its place to its questions, which go to the workers too."""
    run = replace(run, gate=_of_this_worker(run.gate))
    if run.job.width * run.job.samples > 1 and isinstance(run.gate, ClusterGate):
        secede()
        address = run.gate.address
        run = replace(run, open_model=lambda spec: nullcontext(ClusterModel(address, spec)))
    return perform(run)


@dataclass(frozen=True)
class ClusterModel:
    """A model that is asked on whichever worker has time."""

    address: str
    spec: ModelSpec

    @property
    def name(self) -> str:
        """The model's name."""
        return _model(self.spec).name

    @property
    def identity(self) -> str:
        """What tells it from others."""
        return identity(_model(self.spec))

    @property
    def reply_tokens(self) -> int | None:
        """The limit of a reply in tokens that somebody set."""
        most: int | None = getattr(_model(self.spec), "reply_tokens", None)
        return most

    @property
    def checks_facts(self) -> bool:
        """Whether it can be asked if a relation is true."""
        return checks_facts(_model(self.spec))

    def price(self, usage: Usage) -> float | None:
        """Return what a bill costs in USD, None where no price is known."""
        return _model(self.spec).price(usage)

    def ask(self, prompt: Prompt) -> Reply:
        """Return the reply of some worker."""
        return ClusterExecutor(_client(self.address)).submit(ask_on_worker, self.spec, prompt).result()

    def close(self) -> None:
        """Do nothing: a worker keeps its model for the next question."""


def ask_on_worker(spec: ModelSpec, prompt: Prompt) -> Reply:
    """Ask a model on a worker."""
    return _model(replace(spec, gate=_of_this_worker(spec.gate))).ask(prompt)


def _of_this_worker(gate: Gate | None) -> Gate | None:
    """Return the gate with the name of this worker, by which the scheduler knows what it has under way."""
    return replace(gate, worker=get_worker().address) if isinstance(gate, ClusterGate) else gate


def _model(spec: ModelSpec) -> LLM:
    """Return this worker's model for a description, opened once, by whichever of its threads is first."""
    with _OPENING:
        return _opened(spec)


@cache
def _opened(spec: ModelSpec) -> LLM:
    return spec.open()


@dataclass
class RateLimiter(SchedulerPlugin):
    """What counts for each endpoint, kept by the scheduler for all that use its cluster, as long as it lives."""

    name: str = "graphgrow limits"
    idempotent: bool = True
    _windows: dict[str, Window] = field(default_factory=dict)

    async def start(self, scheduler: Scheduler) -> None:
        """Let workers ask."""
        scheduler.handlers.update(graphgrow_admit=self.admit, graphgrow_answered=self.answered)

    def remove_worker(self, scheduler: Scheduler, worker: str, **_more: object) -> None:  # noqa: ARG002  # Dask's
        """Count what a lost worker had under way as answered, at the most tokens that it could take."""
        for base_url, window in self._windows.items():
            for request in window:
                if not request.answered and request.who.partition(" ")[0] == worker:
                    self.answered(base_url, request.who, request.tokens)

    def admit(self, base_url: str, who: str, tokens: int, rate: dict[str, int | None]) -> float:
        """Let a request pass, or return the seconds to wait before asking again."""
        request = Request(who, tokens, monotonic())
        window = self._windows.get(base_url, ())
        self._windows[base_url], wait = admit(window, request, Rate.model_validate(rate))
        return wait

    def answered(self, base_url: str, who: str, tokens: int) -> None:
        """Note that a request was answered, and what it took."""
        self._windows[base_url] = answered(self._windows.get(base_url, ()), who, tokens, monotonic())


@dataclass(frozen=True)
class ClusterGate:
    """The gate of the workers of a cluster, which ask its scheduler."""

    jobs: Jobs
    address: str
    worker: str = ""

    @contextmanager
    def passing(self, base_url: str, tokens: int) -> Iterator[Callable[[int], None]]:
        """Wait until one more request may go; one that never says what it took counts as the most it could take."""
        rate, who, took = self.jobs.rate(base_url), f"{self.worker} {uuid4().hex}", [tokens]
        if rate == Rate():
            yield lambda _: None
            return
        client = _client(self.address)
        scheduler: Any = client.scheduler
        limits = rate.model_dump(include=set(Rate.model_fields))
        admit = partial(client.sync, scheduler.graphgrow_admit, base_url=base_url, who=who, tokens=tokens, rate=limits)
        while wait := admit():
            sleep(min(wait, NAP))
        try:
            yield lambda tokens: took.__setitem__(0, tokens)
        finally:
            with suppress(OSError):  # a reply that is paid for is worth more than its note: it counts for longer then
                client.sync(scheduler.graphgrow_answered, base_url=base_url, who=who, tokens=took[0])


def _client(address: str) -> Client:
    """Return this process's own connection to the scheduler, for threads that are no task of a worker."""
    with _CONNECTING:
        return _connected(address)


@cache
def _connected(address: str) -> Client:
    return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
