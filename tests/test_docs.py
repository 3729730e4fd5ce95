"""Every command and snippet of docs/, page by page in the order of the page; the reference is what the code says."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from graphgrow.cli import app
from tests.conftest import RECORDED, ROOT
from tests.shown import OLLAMA, blocks, endpoint_of_chatter, environment, explored, ran
from tests.test_readme import HOME

if TYPE_CHECKING:
    from tests.neo4j_server import Server

DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))  # a script, no package
from generate import pages  # noqa: E402

PAGES = sorted(path for path in DOCS.rglob("*.md") if path.parent.name != "reference")
ELSEWHERE = {
    "make demo", "make neo4j",  # tests/test_readme.py
    "source .venv/bin/activate", "export NEO4J_PASSWORD=choose-eight-characters", "jupyter lab notebooks",
}  # fmt: skip
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Yield the address of a real server that answers like a model."""
    with endpoint_of_chatter() as address:
        yield address


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the graph that `make demo` leaves."""
    place = tmp_path_factory.mktemp("demo")
    done = ran(f"graphgrow replay {shlex.quote(str(RECORDED))} --store demo.db", place, dict(os.environ))
    assert done.returncode == 0, done.stderr
    return place / "demo.db"


@pytest.fixture
def folder(tmp_path: Path, demo: Path) -> Path:
    """Return a folder that holds what the reader of a page has: the recorded run, jobs, the graph of `make demo`."""
    shutil.copytree(RECORDED.parent, tmp_path / "data" / "runs")
    shutil.copytree(ROOT / "data" / "batch", tmp_path / "data" / "batch")
    shutil.copy(demo, tmp_path / "demo.db")
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_works_to_its_last_line(page: Path, folder: Path, endpoint: str, request: pytest.FixtureRequest) -> None:
    """The commands and snippets of a page, one after the other in one folder."""
    text, env = page.read_text(encoding="utf-8").replace(OLLAMA, endpoint), environment(endpoint)
    if HOME in text:
        server: Server = request.getfixturevalue("neo4j_server")
        text, env = text.replace(HOME, f"neo4j://127.0.0.1:{server.port}"), server.env | env
    for language, contents in blocks(text):
        if language == "python":
            snippet(contents, folder, env)
        elif language == "console":
            for line in contents.splitlines():
                command(line, folder, env)
        else:
            assert language == "text", f"{page}: a block of {language!r} that nobody tries"


def snippet(contents: str, folder: Path, env: dict[str, str]) -> None:
    """Run a snippet of Python that ends well and says something."""
    words = [sys.executable, "-W", "error", "-c", contents]
    done = subprocess.run(words, cwd=folder, env=env, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def command(line: str, folder: Path, env: dict[str, str]) -> None:
    """Run a command that ends well and says something; what others try is known by name."""
    if line.startswith("pip install"):
        assert extras(line) <= known_extras(), line
    elif line.startswith("graphgrow explore"):
        assert explored(shlex.split(line)[1:], folder, env) == 0
    elif line.startswith("graphgrow "):
        with chdir(folder):  # in this process: the README is where each is one of its own
            done = CliRunner().invoke(app, shlex.split(line)[1:], env=env)
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
    names = [one.name or getattr(one.callback, "__name__", "") for one in app.registered_commands]
    assert [name for name in names if f"## graphgrow {name.replace('_', '-')}\n" not in text] == []


def test_links_lead_somewhere() -> None:
    """Every relative link of every page names a file."""
    broken = [
        (page.name, link)
        for page in DOCS.rglob("*.md")
        for link in LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in link and not (page.parent / link).exists()
    ]
    assert broken == []
