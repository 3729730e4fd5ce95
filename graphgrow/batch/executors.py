"""Where runs are done: threads of this process, or a Dask cluster's workers; both are executors of the standard."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from graphgrow.batch.jobs import MOST_AT_ONCE, Job, Jobs
from graphgrow.batch.limits import LocalGate
from graphgrow.batch.models import Models
from graphgrow.batch.reports import Report
from graphgrow.batch.running import Opening, Task, is_priced, perform, placed
from graphgrow.errors import BadInput
from graphgrow.llm import LLM

if TYPE_CHECKING:
    from graphgrow.batch.rate_limiter import ClusterGate

DASK = "dask"


@dataclass(frozen=True)
class Place:
    """An executor, what does a task on it, the gate of all tasks, how a wide run's questions get about, what costs."""

    executor: Executor
    gate: "LocalGate | ClusterGate"
    perform: Callable[[Task], Report] = perform
    spread: Callable[[Opening], LLM] = Opening.open
    is_here: bool = True
    is_priced: Callable[[Job], bool] = is_priced

    def under(self, jobs: Jobs) -> "Place":
        """Return the same place under the limits of another version of the file; what counts goes on counting."""
        return replace(self, gate=replace(self.gate, jobs=jobs))


@contextmanager
def threads(jobs: Jobs) -> Iterator[Place]:
    """Yield threads of this process, as many as runs may be under way by any version of the file."""
    with closing(Models()) as models, ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="run") as executor:
        yield Place(executor, LocalGate(jobs), spread=models.open)


def check_shared(jobs: Jobs) -> None:
    """Refuse a store that only this machine can open; raises BadInput."""
    for job in jobs.job:
        if placed(job.store, Path()).startswith("sqlite:"):
            raise BadInput(
                f"job {job.name!r} keeps its graph in {job.store}, a file that workers on other machines cannot open:"
                " keep it in neo4j://HOST?graph=NAME, or run it without --executor"
            )


@contextmanager
def place(jobs: Jobs, executor: str = "") -> Iterator[Place]:
    """Yield where runs are done: "" for threads, "dask://HOST:PORT" for a cluster; raises BadInput for another."""
    if not executor:
        with threads(jobs) as found:
            yield found
        return
    try:
        parts = urlsplit(executor)
        fits = parts.scheme == DASK and parts.hostname and parts.port
    except ValueError:
        fits = None
    if not fits:
        raise BadInput(f"{executor!r} is no executor: write dask://HOST:PORT, the address of a Dask scheduler")
    check_shared(jobs)
    from graphgrow.batch.cluster import cluster

    with cluster(jobs, f"tcp://{parts.netloc}") as found:
        yield found


def spreads(job: Job) -> bool:
    """Tell whether a job asks so much at once that a cluster is of use to its questions."""
    return job.width * job.samples > 1
