"""Runs, and the questions of a wide run, on a Dask cluster, through the standard's `concurrent.futures`.

Workers are told what to open, never keys: each reads its own environment. Replies of questions come back to the worker
that does the run, which keeps them safe and commits them; a question that a dead worker had is asked again on another.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from threading import Lock

from distributed import Client, get_worker, secede

from graphgrow.batch.executors import Place, spreads
from graphgrow.batch.jobs import Jobs
from graphgrow.batch.rate_limiter import ClusterGate, RateLimiter, connected
from graphgrow.batch.reports import Report
from graphgrow.batch.running import Opening, Task, perform
from graphgrow.errors import BadInput
from graphgrow.graph.model import Prompt, Reply, Usage
from graphgrow.llm import LLM, Gate

CONNECT_SECONDS = 10
_OPENING = Lock()


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
        try:
            client.register_plugin(RateLimiter())
        except ImportError:
            raise BadInput(
                f"the Dask scheduler at {address} has no graphgrow: install it there as on the workers"
            ) from None
        executor = client.get_executor(pure=False)
        try:
            yield Place(executor, ClusterGate(jobs, address), on_worker, partial(OnCluster, address), is_here=False)
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
        executor = connected(self.address).get_executor(pure=False)
        reply: Reply = executor.submit(ask, self.opening, prompt).result()
        return reply

    def close(self) -> None:
        """Do nothing: a worker keeps its model for the next question."""


def ask(opening: Opening, prompt: Prompt) -> Reply:
    """Ask on a worker."""
    return _opened(replace(opening, gate=_here(opening.gate))).ask(prompt)


def _opened(opening: Opening) -> LLM:
    """Return this worker's model of a description, opened once, whichever of its threads is the first."""
    with _OPENING:
        return _kept(opening)


@cache
def _kept(opening: Opening) -> LLM:
    return opening.open()
