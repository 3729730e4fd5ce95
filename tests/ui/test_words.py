"""What pages and the command line say: plain English of the field, one word for one thing, no jargon unexplained."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from graphgrow_explorer.feedback import for_page
from typer.main import get_command

from graphgrow.cli import command_line
from tests.conftest import ROOT

# What was said once and is not understood; the better words are in the pages.
BETTER = {
    r"broken off": "interrupted",
    r"tak(e|en|es) back": "undo, remove, withdraw",
    r"heeded": "used in",
    r"merged by themselves": "merged automatically",
    r"kept out": "rejected",
    r"may be one\b": "possible duplicates",
    r"none known": "unknown price",
    r"not enough of it": "needs at least two steps",
    r"is no name for": "already exists, or cannot be",
    r"by the environment, else": "the default by its name",
    r"taken off": "citation removed",
    r"amid the": "with neighbouring concepts faded",
    r"came with event": "first mentioned in step",
    r"\d relations from the topic": "near the topic",
    r"as the paper counts": "what is counted",
    r"asked about 1 times": "asked once",
    r"k-core": "what it means",
    r"none yet: graphgrow": "what to do on the page",
    r"in a word that says little": "only a generic word differs",
    r"one circle a community": "each circle is a community",
    r"or next to nothing": "few or no relations",
    r"\b(an?|the|this|that|every|each|newest so many) events?\b": "step",
    r"\bevents? \{": "step",
}
NAMES = re.compile(r"px_frontier|far_path|\bbfs\b|\bbandit\b")  # of policies: where they stand they are explained
EXPLAINED = {"text.py", "growth.py"}  # what a policy is, and the help of the option that names one


def said(file: Path) -> Iterator[str]:
    """Yield every text of a module that is no comment and no documentation, those with values in them with braces."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef)
    first = [node.body[0] for node in nodes if isinstance(node, holders) and node.body]
    left_out = {id(one.value) for one in first if isinstance(one, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            left_out |= {id(part) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left_out:
            yield node.value


def helped(command: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield name and help of a command, of what it takes, and of the commands below it."""
    yield name, command.help or ""
    for one in command.params:
        yield f"{name} {one.name}", str(getattr(one, "help", None) or "")
    for key, below in getattr(command, "commands", {}).items():
        yield from helped(below, f"{name} {key}")


FILES = sorted(
    [*(ROOT / "ui" / "graphgrow_explorer").rglob("*.py"), *(ROOT / "graphgrow" / "cli").glob("*.py"),
     ROOT / "graphgrow" / "api" / "edits.py", ROOT / "graphgrow" / "api" / "directives.py"]
)  # fmt: skip


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_pages_and_messages_use_the_better_words(file: Path) -> None:
    """No text of a page or of the command line has words that a first user did not understand."""
    texts = list(said(file))
    assert texts or file.name == "__init__.py"
    for worse, better in BETTER.items():
        assert not [text for text in texts if re.search(worse, text, re.IGNORECASE)], f"better: {better}"
    if file.name not in EXPLAINED:
        assert not [text for text in texts if NAMES.search(text)]


def test_help_uses_the_better_words() -> None:
    """The same for every help text, which are docstrings in part."""
    texts = dict(helped(get_command(command_line()), "graphgrow"))
    assert len(texts) > 200
    for worse, better in BETTER.items():
        assert not {name: text for name, text in texts.items() if re.search(worse, text, re.IGNORECASE)}, better


def test_a_worse_word_would_be_found(tmp_path: Path) -> None:
    """Texts are read wherever they stand: in a call, with values in them, in a table; docstrings are not."""
    file = tmp_path / "a.py"
    file.write_text('"""An event."""\nsay("was broken off")\nNAMES = {"a": f"{one} was taken back"}\n')
    assert set(said(file)) == {"was broken off", "a", "{} was taken back"}


def test_commands_stand_by_themselves_on_a_page() -> None:
    """What the page can do has its place there; a command that it cannot is shown to be copied as it is."""
    assert for_page("'x' was rejected: bring it back with  graphgrow restore, or choose another name") == (
        "'x' was rejected: bring it back in Review, Rejected names, or choose another name", []
    )  # fmt: skip
    assert for_page("start it by  graphgrow explore --jobs A.toml") == (
        "start it by this command", ["graphgrow explore --jobs A.toml"]
    )  # fmt: skip
    assert for_page("no such thing") == ("no such thing", [])
