"""Runs on a real Dask cluster of worker processes, with a real Neo4j as the store that all of them share."""

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
from distributed import Client
from distributed.comm.core import CommClosedError

from graphgrow.batch.cluster import ClusterExecutor
from graphgrow.batch.dispatch import run_jobs
from graphgrow.batch.schedule import utc_now
from graphgrow.errors import BadInput, GraphgrowError
from graphgrow.stores import open_store
from graphgrow.stores.projection import differences, project
from tests.batch_runs import jobs_file, paid
from tests.conftest import ROOT, chatter
from tests.neo4j_server import Server
from tests.processes import Process, started
from tests.servers import PATIENCE, Answer, Asked, completion, free_port, serving, waited_for

sys.path.insert(0, str(ROOT / "benchmarks"))  # scripts, no package

import kills

JOBS = 20


@contextmanager
def processes(commands: Sequence[Sequence[str]], env: dict[str, str], folder: Path) -> Iterator[list[Process]]:
    """Run commands while the block lasts; what they say is in a file."""
    with (folder / "cluster.log").open("wb") as log, ExitStack() as stack:
        yield [
            stack.enter_context(started(words, None, env=env, cwd=ROOT, stdout=log, stderr=log)) for words in commands
        ]


def scheduler_at(port: int) -> list[str]:
    """Return the command that starts a scheduler on loopback."""
    where = ["--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    return [sys.executable, "-m", "distributed.cli.dask_scheduler", *where]


@contextmanager
def cluster(env: dict[str, str], folder: Path, workers: int = 2) -> Iterator[tuple[str, list[Process]]]:
    """Yield the address of a scheduler on loopback, and its workers with the scheduler as the last of them."""
    port = free_port()
    words = "--nthreads 4 --no-nanny --no-dashboard --local-directory".split()
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", f"tcp://127.0.0.1:{port}", *words, str(folder)]
    with processes([scheduler_at(port)], env, folder) as first, processes([worker] * workers, env, folder) as others:
        with Client(f"tcp://127.0.0.1:{port}", timeout=300, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=300)
        yield f"dask://127.0.0.1:{port}", [*others, *first]


def slow(asked: Asked) -> Answer:
    """Answer like a model that takes a moment, and knows something else about every question."""
    text = json.dumps(asked.body["messages"])
    return Answer(completion(chatter(1 + sum(map(ord, text)) % 90)[-1]), delay=0.1)


@pytest.mark.slow
def test_twenty_jobs_on_two_workers_of_which_one_is_killed(neo4j_server: Server, tmp_path: Path) -> None:
    """All jobs end although a worker dies, each with the steps that it may, and every graph verifies equal."""
    env = neo4j_server.env | {"WORKERS_KEY": "only-of-the-workers", "PYTHONPATH": os.pathsep.join(sys.path)}
    stores = [neo4j_server.url(f"cluster {number}") for number in range(JOBS)]
    with serving(slow) as endpoint, cluster(env, tmp_path) as (address, workers):
        jobs = "".join(
            f'[[job]]\nname = "j{number}"\ntopic = "spider silk"\nstore = "{store}"\nllm = "m-1"\n'
            f'base_url = "{endpoint.base_url}"\nkey_env = "WORKERS_KEY"\n'
            f"width = {1 + 3 * (number % 2)}\nrun = {{ steps = 3 }}\n"
            for number, store in enumerate(stores)
        )
        path = jobs_file(tmp_path, f'[limits]\nconcurrency = 8\nlease = "2s"\n[limits.endpoint]\nat_once = 10\n{jobs}')

        def kill_one() -> None:
            waited_for(lambda: len(endpoint.chats) >= 25)
            workers[0].send_signal(signal.SIGKILL)

        with ThreadPoolExecutor(1) as killer, pytest.MonkeyPatch.context() as patch:
            patch.setenv("NEO4J_PASSWORD", env["NEO4J_PASSWORD"])
            done = killer.submit(kill_one)
            reports = run_jobs(path, due=utc_now(), executor=address)
            done.result()
            assert {report.outcome for report in reports} == {"steps"}, [report.said for report in reports]
            assert len(reports) == JOBS
            keys = {
                {name.lower(): value for name, value in one.headers.items()}["authorization"] for one in endpoint.chats
            }
            for report, store in zip(sorted(reports, key=lambda one: int(one.job[1:])), stores, strict=True):
                log = paid(store)
                assert Counter(event.run for event in log if event.is_step) == {report.run: 3}
                assert report.tokens == sum(event.reply.usage.tokens for event in log)
                with closing(open_store(store)) as home:
                    assert differences(project(home.graph()), home.projection()) == []
    assert keys == {"Bearer only-of-the-workers"}  # this process has none


@pytest.mark.slow
def test_a_scheduler_that_is_killed_is_said_and_loses_nothing(neo4j_server: Server, tmp_path: Path) -> None:
    """One sentence instead of a traceback or an endless wait; what had been answered is there once, elsewhere too."""
    env = neo4j_server.env | {"PYTHONPATH": os.pathsep.join(sys.path), "XDG_STATE_HOME": str(tmp_path / "state")}
    model, due, stores = kills.Model(), utc_now(), [neo4j_server.url(f"left {number}") for number in range(2)]
    with serving(model) as endpoint, pytest.MonkeyPatch.context() as patch:
        for name in ("NEO4J_PASSWORD", "XDG_STATE_HOME"):
            patch.setenv(name, env[name])
        jobs = "".join(
            f'[[job]]\nname = "j{number}"\ntopic = "spider silk"\nstore = "{store}"\nllm = "m-1"\n'
            f'base_url = "{endpoint.base_url}"\nwidth = {1 + 3 * number}\nfact_check = 0\nrun = {{ steps = 12 }}\n'
            for number, store in enumerate(stores)
        )
        path = jobs_file(tmp_path, f'[limits]\nlease = "2s"\n{jobs}')
        with cluster(env, tmp_path, workers=1) as (address, (worker, scheduler)), ThreadPoolExecutor(1) as killer:
            patch.setattr("graphgrow.batch.cluster.CONNECT_SECONDS", 2)

            def kill() -> float:
                assert waited_for(lambda: len(model.answered) >= 4)
                scheduler.kill()
                return time.time()

            killed = killer.submit(kill)
            with pytest.raises(GraphgrowError, match=r"the Dask scheduler at .* is gone: what was paid for is saved"):
                run_jobs(path, due=due, executor=address)
            worker.kill()
        reports = run_jobs(path, due=due)
        assert [(report.outcome, report.steps) for report in reports] == [("steps", 12)] * 2
        log = [kills.number_of(event) for store in stores for event in kills.paid(store)]
    assert kills.repeated(log) == 0
    missing = model.answered.keys() - set(log)
    assert all(model.answered[number] > killed.result() - 1 for number in missing)


def test_work_that_comes_while_a_client_gives_up_its_scheduler_is_refused(tmp_path: Path) -> None:
    """It would be taken, and waited for without end: a run that was broken off is handed over again at that moment."""
    port = free_port()
    with (
        processes([scheduler_at(port)], dict(os.environ), tmp_path) as (scheduler,),
        Client(f"tcp://127.0.0.1:{port}", timeout=300, set_as_default=False) as client,
    ):
        client._timeout, close = 0.5, client.rpc.close  # seconds until it gives up

        async def close_slowly() -> None:
            await asyncio.sleep(0.5)
            await close()

        client.rpc.close = close_slowly  # the moment that work came in by chance
        executor = ClusterExecutor(client)
        future = executor.submit(time.sleep, 600)
        scheduler.kill()

        def hand_over() -> None:
            nonlocal future
            for _ in range(3):
                assert wait((future,), PATIENCE).done
                assert future.cancelled()
                future = executor.submit(time.sleep, 600)

        with pytest.raises(CommClosedError):
            hand_over()


def test_a_store_that_workers_cannot_open_is_refused(tmp_path: Path) -> None:
    """A SQLite file is on one machine; the sentence says so, before any cluster is asked."""
    path = jobs_file(tmp_path, '[[job]]\nname = "a"\ntopic = "silk"\nstore = "a.db"\n')
    with pytest.raises(BadInput, match=r"a\.db, a file that workers on other machines cannot open: keep it in neo4j"):
        run_jobs(path, due=utc_now(), executor="dask://127.0.0.1:1")


@pytest.mark.parametrize("name", ["ray://there:1", "dask://there", "dask://:1", "dask://there:x", "dask"])
def test_an_executor_that_is_none(tmp_path: Path, name: str) -> None:
    """Only a Dask scheduler's address is one."""
    path = jobs_file(tmp_path, '[[job]]\nname = "a"\ntopic = "silk"\nstore = "neo4j://there?graph=a"\n')
    with pytest.raises(BadInput, match="no executor"):
        run_jobs(path, due=utc_now(), executor=name)


def test_a_cluster_that_is_not_there(tmp_path: Path) -> None:
    """Nobody waits for ever for a scheduler."""
    path = jobs_file(tmp_path, '[[job]]\nname = "a"\ntopic = "silk"\nstore = "neo4j://there?graph=a"\n')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("graphgrow.batch.cluster.CONNECT_SECONDS", 1)
        with pytest.raises(BadInput, match="no Dask scheduler answers"):
            run_jobs(path, due=utc_now(), executor=f"dask://127.0.0.1:{free_port()}")
