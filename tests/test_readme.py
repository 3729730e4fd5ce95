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
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import pytest
from neo4j import Driver, GraphDatabase
from typer.main import get_command

from graphgrow.cli import app
from graphgrow.graph.events import read_events
from graphgrow.stores import open_store
from graphgrow.stores.copying import copy
from graphgrow.stores.neo4j import Neo4jStore
from tests.conftest import RECORDED, ROOT, chatter
from tests.neo4j_server import PASSWORD, Server, require
from tests.servers import free_port
from tests.shown import blocks, endpoint_of_chatter, environment, explored, served

README = (ROOT / "README.md").read_text(encoding="utf-8")
CONSOLE = [line for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL) for line in block.splitlines()]
COMMANDS = [line for line in CONSOLE if line.startswith("graphgrow ")]
INSTALLS = {
    "pip install .",
    "pip install '.[report]'",
    "pip install '.[batch]'",
}  # done by tests/test_packaging.py in an environment of its own
TARGETS = [line for line in CONSOLE if line.startswith("make ")]
SETTINGS = {"export NEO4J_PASSWORD=choose-eight-characters"}
QUERIES = re.findall(r"```cypher\n(.*?)```", README, re.DOTALL)
HOME = "neo4j://localhost:7687"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds what the README's reader has: the recorded run, somebody's replies and answers."""
    place = tmp_path_factory.mktemp("reader")
    for kind in ("runs", "thoughts", "batch"):
        shutil.copytree(ROOT / "data" / kind, place / "data" / kind)
    rows = [{"question": "silk?", "raw_output": text} for text in chatter(3)]
    (place / "replies.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (place / "ours.txt").write_text("Nacre is tough because its platelets slide.", encoding="utf-8")
    (place / "theirs.txt").write_text("Nacre is tough because it is white.", encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Yield the address of a real server that answers like a model."""
    with endpoint_of_chatter() as address:
        yield address


def test_nothing_in_the_readme_is_left_out() -> None:
    """Every line of every console block is a command that some test runs."""
    assert len(COMMANDS) > 15
    assert set(CONSOLE) == set(COMMANDS) | set(TARGETS) | INSTALLS | SETTINGS
    assert set(TARGETS) == {"make demo", "make grow", "make neo4j", "make check", "make test"}


@pytest.mark.parametrize("line", COMMANDS)
def test_readme_command_works(line: str, folder: Path, endpoint: str, request: pytest.FixtureRequest) -> None:
    """The commands run in the order of the README in one folder; the addresses are those of real servers."""
    line = line.replace("http://127.0.0.1:11434/v1", endpoint)
    env = os.environ | {"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": endpoint, "COLUMNS": "160"}
    if HOME in line:
        server: Server = request.getfixturevalue("neo4j_server")
        line, env = line.replace(HOME, f"neo4j://127.0.0.1:{server.port}"), server.env | env
    words = shlex.split(line)[1:]
    if "--tokens" in words:
        words += ["--steps", "10"]
    if words[0] == "explore":
        assert explored(words, folder, env) == 0
        return
    if words[:2] == ["batch", "serve"]:
        assert served(words, folder, env) == 0
        return
    done = subprocess.run(
        [sys.executable, "-m", "graphgrow", *words], cwd=folder, env=env, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


@pytest.fixture(scope="module")
def demo(neo4j_server: Server) -> Iterator[Driver]:
    """Yield a driver to a server that holds the recorded run as the README's graph `demo`."""
    with closing(open_store("memory:", create=True)) as source:
        for event in read_events(RECORDED):
            source.append(event)
        home = Neo4jStore(neo4j_server.address("demo of the queries"), create=True)
        if not next(home.events(), None):
            copy(source, home)
    with GraphDatabase.driver(
        f"neo4j://127.0.0.1:{neo4j_server.port}", auth=("neo4j", PASSWORD), notifications_min_severity="OFF"
    ) as driver:
        driver.execute_query("CALL db.index.fulltext.awaitEventuallyConsistentIndexRefresh()")
        yield driver


@pytest.mark.parametrize("query", QUERIES)
def test_readme_query_answers(query: str, demo: Driver) -> None:
    """Every Cypher query finds something in the recorded run."""
    rows = demo.execute_query(query.replace("'demo'", "'demo of the queries'")).records
    assert rows
    assert all(value is not None for value in rows[0].values())


def test_readme_has_the_queries_people_ask() -> None:
    """Newest concepts, bridges, evidence, one step, a path, and a search by name."""
    assert len(QUERIES) == 6


def test_make_neo4j_serves_bolt_and_the_browser(tmp_path: Path) -> None:
    """`make neo4j` says where it answers, serves Neo4j Browser there, on loopback alone, and stops at Ctrl-C."""
    require()
    bolt, http = free_port(), free_port()
    words = ["make", "-s", "neo4j", f"NEO4J_HOME={tmp_path / 'home'}", f"BOLT={bolt}", f"HTTP={http}"]
    env = os.environ | {"NEO4J_PASSWORD": PASSWORD}
    short = subprocess.run(words, cwd=ROOT, env=env | {"NEO4J_PASSWORD": "short"}, capture_output=True, check=False)
    assert short.returncode != 0
    assert b"set NEO4J_PASSWORD" in short.stderr
    with subprocess.Popen(words, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True) as run:
        assert run.stdout is not None
        try:
            said = next((line for line in run.stdout if line.startswith("Neo4j answers")), "")
            assert f"http://127.0.0.1:{http}/browser/" in said
            with urlopen(f"http://127.0.0.1:{http}/browser/", timeout=30) as page:
                assert "Neo4j Browser" in page.read().decode()
            with GraphDatabase.driver(f"neo4j://localhost:{bolt}", auth=("neo4j", PASSWORD)) as driver:
                driver.verify_connectivity()
        finally:
            os.killpg(run.pid, signal.SIGINT)
    assert run.returncode != 0


def test_readme_snippets_work(tmp_path: Path) -> None:
    """The first Python example prints a reason and concepts for every step, the next looks at what came of it."""
    growing, reading = (contents for language, contents in blocks(README) if language == "python")
    with endpoint_of_chatter() as own:  # its first replies bring what the second example names
        told = snippet(growing, tmp_path, environment(own))
        assert len(told.splitlines()) == 20
        assert "protein 1" in told
        snippet(reading, tmp_path, environment(own))
    assert "<svg" in (tmp_path / "silk.svg").read_text(encoding="utf-8")


def snippet(contents: str, folder: Path, env: dict[str, str]) -> str:
    """Run a snippet of Python, which has to end well, and return what it prints."""
    words = [sys.executable, "-c", contents]
    done = subprocess.run(words, cwd=folder, env=env, text=True, check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_command_is_in_the_readme() -> None:
    """A command that the README does not show is a command nobody finds."""
    names = get_command(app).commands  # type: ignore[attr-defined]  # a group has commands
    assert [name for name in names if f"graphgrow {name}" not in README] == []


def test_every_file_is_in_the_tree() -> None:
    """The tree of the README names every module of the package."""
    modules = {path.name for path in (ROOT / "graphgrow").glob("*.py")} - {"__init__.py", "__main__.py"}
    folders = {f"{path.parent.name}/" for path in (ROOT / "graphgrow").glob("*/__init__.py")}
    assert [name for name in sorted(modules | folders) if name not in README] == []


def test_readme_numbers_are_those_of_the_recorded_run(folder: Path) -> None:
    """The table of results says what `measure` says of the replayed run."""
    replay = [sys.executable, "-m", "graphgrow", "replay", str(RECORDED), "--store", "numbers.db"]
    subprocess.run(replay, cwd=folder, check=True, capture_output=True)
    measure = [sys.executable, "-m", "graphgrow", "measure", "numbers.db", "--json"]
    row = json.loads(subprocess.run(measure, cwd=folder, check=True, capture_output=True).stdout)
    shown = dict(re.findall(r"^\| (\w+) \| ([-\d.]+) \|", README.partition("\n## Use\n")[0], re.MULTILINE))
    assert len(shown) >= 8
    for name, value in shown.items():
        digits = len(value.partition(".")[2])
        assert round(row[name], digits) == float(value), name


def rows(text: str) -> Iterator[dict[str, str]]:
    """Yield each row of the Markdown tables about policies by the headings of its columns."""
    for table in re.findall(r"^\| policy .*\n(?:\|.*\n)+", text, re.MULTILINE):
        headings, _, *lines = ([cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines())
        yield from (dict(zip(headings, line, strict=True)) for line in lines)


@pytest.mark.local
def test_readme_says_of_the_policies_what_the_benchmark_prints() -> None:
    """Every row of the tables about runs of the model is one that `benchmarks/policies.py --table` prints."""
    shown = README.partition("On the embedded model")[2].partition("### Steering")[0]
    program = [sys.executable, "benchmarks/policies.py"]
    printed = list[dict[str, str]]()
    for words in re.findall(r"`python\s+benchmarks/policies\.py\s+(--table[^`]*)`", shown):
        done = subprocess.run([*program, *words.split()], cwd=ROOT, check=True, capture_output=True, text=True)
        printed += rows(done.stdout)
    told = list(rows(shown))
    assert len(told) >= 3
    for row in told:
        assert any(row.items() <= other.items() for other in printed), row


def make(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a make target of the checkout."""
    return subprocess.run(["make", *words], cwd=ROOT, text=True, capture_output=True, check=False)


def test_make_demo_replays_the_recorded_run() -> None:
    """`make demo` ends with the graph of the recorded run on the screen."""
    done = make("demo", "PYTHON=" + sys.executable)
    assert done.returncode == 0, done.stderr
    assert "impact resistant materials" in done.stdout


@pytest.mark.local
def test_make_grow_grows_with_the_embedded_model_and_goes_on(tmp_path: Path) -> None:
    """`make grow` twice on one store: a graph that hangs together, verified equal, continued where it ended."""
    store = tmp_path / "graph.db"
    for steps in (4, 8):
        done = make("grow", "STEPS=4", f"STORE={store}", "PYTHON=" + sys.executable)
        assert done.returncode == 0, done.stderr
        shown = subprocess.run(
            [sys.executable, "-m", "graphgrow", "show", str(store), "--json"], check=True, capture_output=True
        )
        about = json.loads(shown.stdout)
        assert about["steps"] == steps
        assert about["components"] <= 2
    assert about["concepts"] >= 10
    subprocess.run([sys.executable, "-m", "graphgrow", "verify", str(store)], check=True, capture_output=True)
