"""What tests of pages share."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from graphgrow_explorer.workspace import workspaces

from graphgrow.errors import GraphgrowError

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
