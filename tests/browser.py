"""The system's Chromium without a window, and a page with everything it said, asked for and failed at."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.servers import PATIENCE

NAMES = "chromium", "chromium-browser", "google-chrome"
PATIENCE_MS = 1000 * PATIENCE
expect.set_options(timeout=PATIENCE_MS)


@contextmanager
def running() -> Iterator[Browser]:
    """Yield the browser; without one the test is skipped, in CI it fails."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        why = f"a report is looked at in a real browser: install one of {', '.join(NAMES)}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(why)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"], timeout=PATIENCE_MS)
        try:
            yield browser
        finally:
            browser.close()


@dataclass(frozen=True, slots=True)
class Opened:
    """A page whose figures are drawn; `said` holds warnings and errors, `asked` the addresses it requested."""

    page: Page
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def listen(found: Opened, *kinds: str) -> None:
    """Note what a page says on its console, of these kinds where some are named, and what it asks for and fails at."""
    page = found.page
    page.set_default_timeout(PATIENCE_MS)
    page.on("console", lambda one: found.said.extend([one.text] * (not kinds or one.type in kinds)))
    page.on("pageerror", lambda error: found.said.append(str(error)))
    page.on("request", lambda request: found.asked.append(request.url))


@contextmanager
def opened(browser: Browser, file: Path, scheme: Literal["light", "dark"] = "light") -> Iterator[Opened]:
    """Yield a file as the browser shows it to somebody who likes light or dark."""
    page = browser.new_page(
        color_scheme="dark" if scheme == "dark" else "light", viewport={"width": 1280, "height": 900}
    )
    found = Opened(page)
    listen(found)
    try:
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready=yes]")
        yield found
    finally:
        page.close()
