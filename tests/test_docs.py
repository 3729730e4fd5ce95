"""Every command and snippet of docs/, page by page in the order of the page; the reference is what the code says."""

import json
import os
import re
import shlex
import shutil
import sys
import tomllib
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from neo4j import Driver, GraphDatabase
from typer.main import get_command
from typer.testing import CliRunner

from graphgrow.cli import command_line
from tests.conftest import DEMO, ROOT, chatter
from tests.neo4j_server import PASSWORD
from tests.processes import finished
from tests.shown import blocks, endpoint_of_chatter, environment, explored, ran, readdressed, served

if TYPE_CHECKING:
    from tests.neo4j_server import Server

DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))  # a script, no package
from generate import pages  # noqa: E402

PAGES = [ROOT / "README.md", *sorted(path for path in DOCS.rglob("*.md") if path.parent.name != "reference")]
ELSEWHERE = {
    "make demo", "make grow", "make neo4j", "make check", "make test",  # tests/test_readme.py, or whoever runs this
    "make coverage",  # the same, slower
    "pip install .",  # tests/test_packaging.py
    *(  # tests/test_knowledge_benchmark.py
        f"python benchmarks/knowledge.py read data/judgements/twelfth --ratio impact,medieval,spider {others}"
        for others in ("impact-random,medieval-random,spider-random",)
    ),
    "source .venv/bin/activate", "export NEO4J_PASSWORD=choose-eight-characters", "jupyter lab notebooks",
}  # fmt: skip
HOME = "neo4j://localhost:7687"
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


@pytest.fixture
def endpoint() -> Iterator[str]:
    """Yield the address of a real server that answers like a model, from its first reply on for each page."""
    with endpoint_of_chatter() as address:
        yield address


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the graph that `make demo` leaves."""
    place = tmp_path_factory.mktemp("demo")
    done = ran(f"graphgrow replay {shlex.quote(str(DEMO))} --store demo.db", place, dict(os.environ))
    assert done.returncode == 0, done.stderr
    return place / "demo.db"


@pytest.fixture
def folder(tmp_path: Path, demo: Path) -> Path:
    """Return a folder with what the reader of a page has: recorded runs, jobs, replies, the graph of `make demo`."""
    for kind in ("runs", "thoughts", "batch"):
        shutil.copytree(ROOT / "data" / kind, tmp_path / "data" / kind)
    shutil.copy(demo, tmp_path / "demo.db")
    rows = [{"question": "silk?", "raw_output": text} for text in chatter(3)]
    (tmp_path / "replies.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "ours.txt").write_text("Nacre is tough because its platelets slide.", encoding="utf-8")
    (tmp_path / "theirs.txt").write_text("Nacre is tough because it is white.", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_works_to_its_last_line(page: Path, folder: Path, endpoint: str, request: pytest.FixtureRequest) -> None:
    """The commands and snippets of a page, one after the other in one folder."""
    text, env = readdressed(page.read_text(encoding="utf-8"), endpoint), environment(endpoint)
    if HOME in text:
        server: Server = request.getfixturevalue("neo4j_server")
        text, env = text.replace(HOME, f"neo4j://127.0.0.1:{server.port}"), server.env | env
    for language, contents in blocks(text):
        if language == "python":
            snippet(contents, folder, env)
        elif language == "console":
            for line in contents.splitlines():
                command(line, folder, env)
        elif language == "cypher":
            rows = request.getfixturevalue("neo4j").execute_query(contents).records
            assert rows
            assert all(value is not None for value in rows[0].values())
        elif language == "json":
            json.loads(contents)
        else:
            assert language in {"", "text"}, f"{page}: a block of {language!r} that nobody tries"


@pytest.fixture
def neo4j(neo4j_server: "Server") -> Iterator[Driver]:
    """Yield a driver to the server that a page has copied its graph to."""
    address, login = f"neo4j://127.0.0.1:{neo4j_server.port}", ("neo4j", PASSWORD)
    with GraphDatabase.driver(address, auth=login, notifications_min_severity="OFF") as driver:
        driver.execute_query("CALL db.index.fulltext.awaitEventuallyConsistentIndexRefresh()")
        yield driver


def snippet(contents: str, folder: Path, env: dict[str, str]) -> None:
    """Run a snippet of Python that ends well and says something."""
    words = [sys.executable, "-W", "error", "-c", contents]
    done = finished(words, cwd=folder, env=env, text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def command(line: str, folder: Path, env: dict[str, str]) -> None:
    """Run a command that ends well and says something; what others try is known by name."""
    if line.startswith("pip install"):
        assert extras(line) <= known_extras(), line
    elif line.startswith("graphgrow explore"):
        assert explored(shlex.split(line)[1:], folder, env) == 0
    elif line.startswith("graphgrow batch serve"):
        assert served(shlex.split(line)[1:], folder, env) == 0
    elif line.startswith("graphgrow "):
        words = shlex.split(line)[1:]
        few = ["--steps", "10"] if "--tokens" in words and "--steps" not in words else []
        with chdir(folder):  # in this process: tests/test_readme.py runs the README's each in one of its own
            done = CliRunner().invoke(command_line(), [*words, *few], env=env)
        assert done.exit_code == 0, f"{line}\n{done.stderr}{done.exception}"
        assert done.stdout.strip(), line
    else:
        assert line in ELSEWHERE


def extras(line: str) -> set[str]:
    """Return the extras of ours that a command installs."""
    return set(",".join(re.findall(r"\.\[([\w,]+)\]", line)).split(",")) - {""}


def known_extras() -> set[str]:
    """Return the extras that the project has."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return set(project["optional-dependencies"])


@pytest.mark.parametrize("path", sorted(pages()), ids=lambda path: path.stem)
def test_reference_is_what_the_code_says(path: Path) -> None:
    """A page of the reference that is stale is made anew by `make docs`."""
    assert path.read_text(encoding="utf-8") == pages()[path], "run `make docs`"


def test_reference_holds_all_commands() -> None:
    """No command is left out, and every option has a sentence."""
    text = pages()[DOCS / "reference" / "commands.md"]
    names = [one.name or getattr(one.callback, "__name__", "") for one in command_line().registered_commands]
    assert [name for name in names if f"## graphgrow {name.replace('_', '-')}\n" not in text] == []


def test_links_lead_somewhere() -> None:
    """Every relative link of every page names a file."""
    broken = [
        (page.name, link)
        for page in {*PAGES, *DOCS.rglob("*.md")}
        for link in LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in link and not (page.parent / link).exists()
    ]
    assert broken == []


def test_every_promise_has_its_test() -> None:
    """A test that a page names stands in the file that its link leads to."""
    page = DOCS / "security.md"
    named = re.findall(r"\[`(test_\w+)`\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
    assert len(named) > 10
    missing = [name for name, file in named if f"def {name}(" not in (page.parent / file).read_text(encoding="utf-8")]
    assert missing == []


def test_every_command_is_on_a_page() -> None:
    """A command that no page shows is a command nobody finds."""
    shown = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    names = get_command(command_line()).commands  # type: ignore[attr-defined]  # a group has commands
    assert [name for name in names if f"graphgrow {name}" not in shown] == []


def test_every_page_is_in_the_index() -> None:
    """A newcomer finds every page from docs/README.md, and that from the README."""
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    pages_of_docs = [page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md") if page != DOCS / "README.md"]
    assert [page for page in pages_of_docs if f"({page})" not in index] == []
    assert "docs/README.md" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_neo4j_has_the_queries_people_ask() -> None:
    """Newest concepts, bridges, evidence, one step, a path, and a search by name."""
    page = (DOCS / "howto" / "neo4j.md").read_text(encoding="utf-8")
    assert sum(language == "cypher" for language, _ in blocks(page)) == 6
