"""Every command and snippet of the README, run as it stands there."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
from neo4j import GraphDatabase

from tests.conftest import ROOT
from tests.neo4j_server import PASSWORD, require
from tests.processes import LONGEST, finished, heard, started
from tests.servers import PATIENCE, free_port
from tests.shown import endpoint_of_chatter, explored

README = (ROOT / "README.md").read_text(encoding="utf-8")
CONSOLE = [line for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
COMMANDS = [line for line in CONSOLE if line.startswith("graphgrow ")]
INSTALLS = {"pip install ."}  # done by tests/test_packaging.py in an environment of its own
TARGETS = [line for line in CONSOLE if line.startswith("make ")]
LINES, BYTES = 160, 9_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds what the README's reader has: the recorded run."""
    place = tmp_path_factory.mktemp("reader")
    shutil.copytree(ROOT / "data" / "runs", place / "data" / "runs")
    return place


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Yield the address of a real server that answers like a model."""
    with endpoint_of_chatter() as address:
        yield address


def test_nothing_in_the_readme_is_left_out() -> None:
    """Every line of every console block is a command that some test runs."""
    assert len(COMMANDS) > 9
    assert set(CONSOLE) == set(COMMANDS) | set(TARGETS) | INSTALLS | {"source .venv/bin/activate"}
    assert set(TARGETS) == {"make demo", "make grow", "make check", "make test"}


def test_the_readme_is_two_screens() -> None:
    """What it is, how to begin, where to read on; all else is in docs/."""
    assert len(README.splitlines()) <= LINES
    assert len(README.encode()) <= BYTES


@pytest.mark.parametrize("line", COMMANDS)
def test_readme_command_works(line: str, folder: Path, endpoint: str) -> None:
    """The commands run in the order of the README in one folder; the addresses are those of real servers."""
    line = line.replace("http://127.0.0.1:11434/v1", endpoint)
    env = os.environ | {"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": endpoint, "COLUMNS": "160"}
    words = shlex.split(line)[1:]
    if words[0] == "explore":
        assert explored(words, folder, env) == 0
        return
    done = finished([sys.executable, "-m", "graphgrow", *words], cwd=folder, env=env, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.mark.neo4j
@pytest.mark.slow
def test_make_neo4j_serves_bolt_and_the_browser(tmp_path: Path) -> None:
    """`make neo4j` says where it answers, serves Neo4j Browser there, on loopback alone, and stops at Ctrl-C."""
    require()
    bolt, http = free_port(), free_port()
    words = ["make", "-s", "neo4j", f"NEO4J_HOME={tmp_path / 'home'}", f"BOLT={bolt}", f"HTTP={http}"]
    env = os.environ | {"NEO4J_PASSWORD": PASSWORD}
    short = finished(words, cwd=ROOT, env=env | {"NEO4J_PASSWORD": "short"}, capture_output=True)
    assert short.returncode != 0
    assert b"set NEO4J_PASSWORD" in short.stderr
    with started(words, LONGEST, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as run:
        assert f"http://127.0.0.1:{http}/browser/" in heard(run, "Neo4j answers")
        with urlopen(f"http://127.0.0.1:{http}/browser/", timeout=PATIENCE) as page:
            assert "Neo4j Browser" in page.read().decode()
        with GraphDatabase.driver(f"neo4j://localhost:{bolt}", auth=("neo4j", PASSWORD)) as driver:
            driver.verify_connectivity()
        os.killpg(run.pid, signal.SIGINT)
        assert run.wait(PATIENCE) != 0


def make(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a make target of the checkout."""
    return finished(["make", *words], cwd=ROOT, text=True, capture_output=True)


def test_make_demo_replays_the_recorded_run() -> None:
    """`make demo` ends with the graph of the recorded run on the screen."""
    done = make("demo", "PYTHON=" + sys.executable)
    assert done.returncode == 0, done.stderr
    assert "impact resistant materials" in done.stdout


@pytest.mark.local
def test_make_grow_grows_with_the_embedded_model_and_goes_on(tmp_path: Path) -> None:
    """`make grow` twice on one store: a graph that hangs together, verified equal, continued where it ended."""
    store = tmp_path / "graph.db"
    for steps in (3, 6):
        done = make("grow", "STEPS=3", f"STORE={store}", "PYTHON=" + sys.executable)
        assert done.returncode == 0, done.stderr
        shown = finished(
            [sys.executable, "-m", "graphgrow", "show", str(store), "--json"], check=True, capture_output=True
        )
        about = json.loads(shown.stdout)
        assert about["steps"] == steps
        assert about["components"] <= 2
    assert about["concepts"] >= 10
    finished([sys.executable, "-m", "graphgrow", "verify", str(store)], check=True, capture_output=True)
