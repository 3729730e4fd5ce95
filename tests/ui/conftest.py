"""What tests of pages share."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from graphgrow_explorer.workspace import workspaces

from graphgrow.errors import GraphgrowError
from tests.explorers import Explorer, exploring

QUIET = pytest.mark.filterwarnings(
    "ignore:.*label.*:UserWarning",
    "ignore::DeprecationWarning:streamlit",
    "ignore::pytest.PytestUnraisableExceptionWarning",
)


@pytest.fixture
def closed() -> Iterator[None]:
    """Close the stores that a test opened in pages."""
    yield
    for workspace in workspaces().stores.values():
        with suppress(GraphgrowError):  # of a file that a test has removed
            workspace.store.close()
    workspaces().stores.clear()


@pytest.fixture(scope="module")
def explorer(tmp_path_factory: pytest.TempPathFactory, recorded: Path) -> Iterator[Explorer]:
    """Yield the explorer, serving the recorded run."""
    folder = tmp_path_factory.mktemp("explorer")
    shutil.copy(recorded, folder / "recorded.db")
    with exploring(folder, "recorded.db") as found:
        yield found
