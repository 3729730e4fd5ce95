"""What tests share: the real inputs beside the project, a scripted model that always has something new to say."""

import json
import math
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from graphgrow.graph.graph import Graph
from graphgrow.graph.model import Answer, Expansion, FactCheck, Question, Relation, Reply, Usage
from graphgrow.growth import fact_check
from graphgrow.growth.replay import read_again, recording, replay
from graphgrow.resolve.options import open_resolver
from graphgrow.resolve.resolve import Resolver
from graphgrow.stores import GraphStore, open_store
from graphgrow.stores.outbox import PendingReply

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.neo4j_server import Server

# A slow machine is no wrong answer.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared" / "data"
RECORDED = ROOT / "data" / "runs" / "impact-resistant-materials.jsonl.gz"
DEMO = ROOT / "data" / "runs" / "impact-resistant-materials-knowledge.jsonl.gz"  # of `make demo`, with fact checks


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by marker
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs a Neo4j server or a browser, and let the workers of one run (`-n`) begin with what takes long.

    With `--dist worksteal` the first worker begins at the top, and the others take from the end of its list: so the
    server is started once, and no worker is left alone with a long test at the end.
    """
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if "browser" in fixtures:
            item.add_marker("browser")
        if fixtures & {"neo4j_server", "own_server"} or "[neo4j" in item.name:  # the latter asks for it as it runs
            item.add_marker("neo4j")
    if hasattr(config, "workerinput"):
        kinds = "neo4j", "local", "slow", "browser"
        items.sort(key=lambda item: [item.get_closest_marker(kind) is None for kind in kinds])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Hold the embedded model to one core where another worker has the other: its threads wait for each other."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None or not item.get_closest_marker("local") or not hasattr(os, "sched_setaffinity"):
        return (yield)
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(cores)[int(worker.removeprefix("gw")) % len(cores)]})
    try:
        return (yield)
    finally:
        os.sched_setaffinity(0, cores)


def triples(*said: tuple[str, str, str]) -> str:
    """Return a reply in the form our prompt asks for."""
    return json.dumps({"relations": [{"source": s, "predicate": p, "target": t} for s, p, t in said]})


def chatter(count: int) -> list[str]:
    """Return replies that each bring two concepts and hang together."""
    return [
        triples(("spider silk", "contains", f"protein {i}"), (f"protein {i}", "forms", f"sheet {i}"))
        for i in range(1, count + 1)
    ]


@pytest.fixture
def shared() -> Path:
    """Return the folder of real inputs; a test that needs it is skipped where it is not there."""
    if not SHARED.is_dir():
        pytest.skip("the real inputs are not beside the project")
    return SHARED


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store's file with the recorded run in it; nobody writes to it."""
    path = tmp_path_factory.mktemp("recorded") / "run.db"
    with closing(open_store(str(path), create=True)) as store:
        for _ in replay(recording(RECORDED), store, open_resolver()):
            pass
    return path


@pytest.fixture
def run(recorded: Path, tmp_path: Path) -> Iterator[GraphStore]:
    """Yield a store with the recorded run that a test may write to."""
    shutil.copy(recorded, tmp_path / "run.db")
    with closing(open_store(str(tmp_path / "run.db"))) as store:
        yield store


@pytest.fixture(scope="session")
def neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Server"]:
    """Yield the Neo4j server of this test run, started when a test first asks for it."""
    from tests.neo4j_server import Server, require

    require()
    server = Server(tmp_path_factory.mktemp("neo4j"))
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def neo4j_graph(neo4j_server: "Server", request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of a graph that no other test uses; the password is in the environment."""
    from tests.neo4j_server import PASSWORD

    monkeypatch.setenv("NEO4J_PASSWORD", PASSWORD)
    return neo4j_server.url(f"{request.node.name}"[:100])


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Yield the headless browser of this test run, started when a test first asks for it."""
    from tests.browser import running

    with running() as found:
        yield found


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep replies that wait for a store out of the home of whoever runs the tests."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))


def expansion(
    graph: Graph, topic: str, question: Question, answer: Answer, resolver: Resolver, *, seed: int = 0, at: str = ""
) -> Expansion:
    """Return the event that an answer is for a graph as it stands, through the same parse and resolve as a step."""
    return read_again(graph, PendingReply(topic, 0, question, answer), resolver, seed=seed, at=at)


def fact_checked(graph: Graph, relation: Relation, log_odds: float | None) -> FactCheck:
    """Return the event that a model finds a relation so likely, through the same question and reading as in growth."""
    question = fact_check.question(graph, (relation,), seed=0)
    rivals = (
        () if log_odds is None else (("yes", -math.log1p(math.exp(-log_odds))), ("no", -math.log1p(math.exp(log_odds))))
    )
    reply = Reply("perhaps" if log_odds is None else "yes", Usage(20, 1), logprobs=rivals)
    pending = PendingReply(graph.topic, graph.seq, question, Answer(question.prompt, reply))
    return fact_check.make_event(graph, pending, seed=0, at="")
