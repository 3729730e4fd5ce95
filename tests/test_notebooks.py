"""The notebooks, run as their reader runs them: every cell, on the recorded run, with the embedded model."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from tests.conftest import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MODEL = re.compile(r"""["']local["']""")
SECONDS = 900  # of a cell that asks the embedded model on a slow machine


def notebook(path: Path) -> NotebookNode:
    """Return a notebook as it lies in the repository."""
    found: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]  # of nbformat
    return found


def sources(path: Path) -> list[str]:
    """Return what its cells of code say."""
    return [cell.source for cell in notebook(path).cells if cell.cell_type == "code"]


def run(book: NotebookNode, folder: Path) -> NotebookNode:
    """Execute all cells in a folder and return the notebook; raises CellExecutionError at the first that fails."""
    return NotebookClient(book, timeout=SECONDS, resources={"metadata": {"path": str(folder)}}).execute()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of the notebooks in a checkout, with the data beside it."""
    for name in ("data", "notebooks"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path / "notebooks"


def test_there_are_four() -> None:
    """First growth, reading it, comparing policies, discovery."""
    assert [path.stem[:2] for path in NOTEBOOKS] == ["01", "02", "03", "04"]


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.stem, marks=[pytest.mark.local] if MODEL.search("\n".join(sources(path))) else [])
     for path in NOTEBOOKS],
)  # fmt: skip
def test_notebook_runs_to_its_last_cell(path: Path, folder: Path) -> None:
    """Every cell works, none writes an error or a warning, and the pictures are there."""
    done = run(notebook(path), folder)
    outputs = [output for cell in done.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []
    assert any("image/svg+xml" in output.get("data", ()) for output in outputs)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_holds_no_outputs(path: Path) -> None:
    """What is committed is what people wrote: no outputs, no counts, a kernel that everybody has."""
    book = notebook(path)
    nbformat.validate(book)
    assert all(not cell.outputs and cell.execution_count is None for cell in book.cells if cell.cell_type == "code")
    assert book.metadata.kernelspec.name == "python3"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_uses_the_public_api_alone(path: Path) -> None:
    """No module inside graphgrow is imported, and no private name is used."""
    text = "\n".join(sources(path))
    assert "import graphgrow\n" in text
    assert not re.search(r"(from|import) graphgrow\.|from graphgrow import|\._[a-z]", text)


def test_a_broken_cell_fails(tmp_path: Path) -> None:
    """A cell that raises fails the notebook, so that it fails the tests."""
    cell = nbformat.v4.new_code_cell("1 / 0")  # type: ignore[no-untyped-call]  # of nbformat
    book = nbformat.v4.new_notebook(cells=[cell])  # type: ignore[no-untyped-call]  # of nbformat
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        run(book, tmp_path)
