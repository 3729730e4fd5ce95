"""Runs, and the questions of a wide run, on a Dask cluster, through the standard's `concurrent.futures`.

Workers are told what to open, never keys: each reads its own environment. Replies of questions come back to the worker
that does the run, which keeps them safe and commits them; a question that a dead worker had is asked again on another.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from uuid import uuid4

from distributed import Client, Lock, Variable, get_worker, secede

from graphgrow.batch.executors import Place, spreads
from graphgrow.batch.jobs import Jobs, Rate
from graphgrow.batch.limits import MINUTE, Request, Window, admit, answered
from graphgrow.batch.reports import Report
from graphgrow.batch.running import Opening, Task, perform
from graphgrow.errors import BadInput
from graphgrow.llm import LLM, Gate
from graphgrow.model import Prompt, Reply, Usage

CONNECT_SECONDS = 10
NAP = 1.0
FIRST_SECONDS = 0.2


@contextmanager
def cluster(jobs: Jobs, address: str) -> Iterator[Place]:
    """Yield the workers of a cluster; raises BadInput where its scheduler does not answer or has no worker."""
    try:
        client = Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError):
        raise BadInput(f"no Dask scheduler answers at {address}: start one with  dask scheduler") from None
    with client:
        if not client.scheduler_info(n_workers=-1)["workers"]:
            raise BadInput(f"the Dask cluster at {address} has no workers: start some with  dask worker {address}")
        executor = client.get_executor(pure=False)
        gate = ClusterGate(jobs, address, uuid4().hex)
        try:
            yield Place(executor, gate, on_worker, partial(OnCluster, address), is_here=False)
        finally:
            executor.shutdown(wait=False)


def on_worker(task: Task) -> Report:
    """Do a run on a worker; one whose questions go to the workers too gives its place to them."""
    task = replace(task, gate=_here(task.gate))
    if spreads(task.job):
        secede()
        return perform(task)
    return perform(replace(task, spread=Opening.open))


def _here(gate: Gate | None) -> Gate | None:
    """Return the gate as this worker passes it; what a worker had under way counts no longer once it is dead."""
    return replace(gate, worker=get_worker().address) if isinstance(gate, ClusterGate) else gate


@dataclass(frozen=True)
class OnCluster:
    """A model that is asked on whichever worker has time."""

    address: str
    opening: Opening

    @property
    def name(self) -> str:
        """The model's name."""
        return _opened(self.opening).name

    def price(self, usage: Usage) -> float | None:
        """Return what a bill costs in USD, None where no price is known."""
        return _opened(self.opening).price(usage)

    def ask(self, prompt: Prompt) -> Reply:
        """Return the reply of some worker."""
        executor = _client(self.address).get_executor(pure=False)
        reply: Reply = executor.submit(ask, self.opening, prompt).result()
        return reply

    def close(self) -> None:
        """Do nothing: a worker keeps its model for the next question."""


def ask(opening: Opening, prompt: Prompt) -> Reply:
    """Ask on a worker."""
    return _opened(replace(opening, gate=_here(opening.gate))).ask(prompt)


@cache
def _opened(opening: Opening) -> LLM:
    """Return this worker's model of a description, opened once."""
    return opening.open()


@cache
def _client(address: str) -> Client:
    """Return this worker's own connection to the scheduler, for threads that are no task of its."""
    return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)


@dataclass(frozen=True)
class ClusterGate:
    """The gate of the workers of a cluster: what counts is kept by its scheduler, changed under a lock of its own."""

    jobs: Jobs
    address: str
    name: str
    minute: float = MINUTE
    worker: str = ""

    @contextmanager
    def passing(self, base_url: str, tokens: int) -> Iterator[Callable[[int], None]]:
        """Wait until one more request may go; one that never says what it took counts with the most it could."""
        rate, who, took = self.jobs.rate(base_url), f"{self.worker} {uuid4().hex}", [tokens]
        if rate == Rate():
            yield _ignored
            return
        while wait := self._change(base_url, partial(self._admit, who, tokens, rate)):
            time.sleep(min(wait, NAP))
            self._change(base_url, self._bury)
        try:
            yield lambda tokens: took.__setitem__(0, tokens)
        finally:
            self._change(base_url, lambda window: (answered(window, who, took[0], time.time()), 0.0))

    def _admit(self, who: str, tokens: int, rate: Rate, window: Window) -> tuple[Window, float]:
        return admit(window, Request(who, tokens, time.time()), rate, self.minute)

    def _bury(self, window: Window) -> tuple[Window, float]:
        """Take what a dead worker had under way as answered now, at the most that it could take."""
        alive, now = _client(self.address).scheduler_info(n_workers=-1)["workers"], time.time()
        for one in window:
            if not one.answered and one.who.partition(" ")[0] not in alive:
                window = answered(window, one.who, one.tokens, now)
        return window, 0.0

    def _change(self, base_url: str, change: Callable[[Window], tuple[Window, float]]) -> float:
        """Change what counts for an endpoint, as the only one, and return the seconds to wait."""
        client, name = _client(self.address), f"graphgrow {self.name} {base_url}"
        kept: Variable = Variable(name, client=client)
        with Lock(name, scheduler_rpc=client.scheduler, loop=client.loop):
            window, wait = change(_read(kept))
            kept.set([[one.who, one.tokens, one.sent, one.answered] for one in window])
        return wait


def _ignored(tokens: int) -> None:
    """Count nothing."""


def _read(kept: Variable) -> Window:
    """Return what counts; nothing where nobody has asked yet."""
    try:
        return tuple(Request(*one) for one in kept.get(timeout=FIRST_SECONDS))
    except TimeoutError:
        return ()
