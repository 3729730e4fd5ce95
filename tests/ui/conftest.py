"""What tests of pages share."""

from collections.abc import Iterator

import pytest
from graphgrow_explorer.workspace import workspaces

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
        workspace.store.close()
    workspaces().stores.clear()
