"""A running `graphgrow explore`, and the address that opens it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from playwright.sync_api import Page, expect

from tests.conftest import ROOT
from tests.pictures import answered
from tests.processes import finished, heard, started, stopped
from tests.servers import free_port, waited_for

LOWERED = "from graphgrow_explorer import workspace; workspace.WHOLE = {}; from graphgrow.cli import main; main()"


@dataclass(frozen=True, slots=True)
class Explorer:
    """A running explorer: its address, the token that opens it, the folder that it was started in, its process."""

    base: str
    token: str
    folder: Path
    pid: int = 0

    @property
    def origin(self) -> str:
        """Its scheme, host and port."""
        return "{0.scheme}://{0.netloc}".format(urlsplit(self.base))

    @property
    def port(self) -> int:
        """Its port."""
        return urlsplit(self.base).port or 0

    def url(self, store: str, **more: str | list[str]) -> str:
        """Return the address of a graph's first view."""
        query = {"token": self.token, "store": f"sqlite:{store}", **more}
        return f"{self.base}?{urlencode(query, doseq=True)}"

    def copy(self, store: str) -> str:
        """Return a copy of the recorded run that a test may change."""
        (self.folder / store).write_bytes((self.folder / "recorded.db").read_bytes())
        return store

    def run(self, *words: str) -> None:
        """Run a command in another process."""
        finished(
            [sys.executable, "-m", "graphgrow", *words], cwd=self.folder, env=environment(self.folder), check=True,
            capture_output=True,
        )  # fmt: skip


def searched(page: Page, words: str, name: str) -> None:
    """Search a page by the keyboard, and choose the first concept that is offered, which has that name."""
    box = page.get_by_role("combobox", name="Search the whole graph")

    def is_found() -> bool:
        """Type the words: a key that is pressed before the page listens is heard by nobody."""
        page.keyboard.press("/")
        page.wait_for_timeout(300)
        if box.evaluate("box => box.matches(':focus')"):
            box.fill("")
            page.keyboard.type(words)
        page.wait_for_timeout(1500)
        return name in (page.get_by_role("option").first.text_content() or "")

    assert waited_for(is_found)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a process that keeps its state in a folder."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "ui"), os.environ.get("PYTHONPATH", "")])
    return os.environ | {"PYTHONPATH": paths, "XDG_STATE_HOME": str(folder / "state")}


@contextmanager
def exploring(
    folder: Path, store: str, *words: str, env: Mapping[str, str] | None = None, whole: int | None = None
) -> Iterator[Explorer]:
    """Yield the explorer, serving a store of a folder, until the block ends; `env` is added to its environment.

    With `whole` a graph of more concepts than that counts as too large for memory.
    """
    place = () if "--port" in words else ("--port", str(free_port()))  # two that look for 8501 at once find the same
    with (folder / "log").open("wb") as log:
        program = ["-m", "graphgrow"] if whole is None else ["-c", LOWERED.format(whole)]
        command = [sys.executable, *program, "explore", store, "--json", *place, *words]
        own = environment(folder) | dict(env or {})
        with started(command, None, cwd=folder, env=own, stdout=subprocess.PIPE, stderr=log) as process:
            base, _, query = json.loads(heard(process))["url"].partition("?")
            answered(f"{base}_stcore/health", process)
            yield Explorer(base, dict(parse_qsl(query)).get("token", ""), folder, process.pid)
            stopped(process)
