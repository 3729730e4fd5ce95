"""A real Neo4j server on loopback: the one of `make neo4j`, with a folder and a port of its own."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock

from graphgrow.errors import StoreError
from graphgrow.stores import StoreURL
from graphgrow.stores.neo4j import Neo4jStore
from tests.conftest import ROOT
from tests.processes import finished
from tests.servers import free_port

PASSWORD = "only-for-tests"  # noqa: S105  # of a server that lives as long as the tests
START_SECONDS = 300
# A server that lives for minutes gains nothing from the slower, better compiler: it starts in half the time without.
SHORT_LIVED = "-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"


def require() -> None:
    """Skip the test where a server cannot be had; in CI that is a failure."""
    missing = [tool for tool in ("java", "javac", "mvn") if not shutil.which(tool)]
    if missing:
        why = f"a real Neo4j needs {', '.join(missing)}: install openjdk-17-jdk-headless and maven"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(why)
    with FileLock(ROOT / ".neo4j.lock"):  # several test processes may want it at once
        finished(["make", "-s", "neo4j-jars"], cwd=ROOT, check=True)


class Server:
    """A server that can be started, killed and started again on the same data and port."""

    def __init__(self, home: Path, jars: Path = ROOT / ".neo4j" / "lib", java: Sequence[str] = SHORT_LIVED) -> None:
        self.home, self.port, self._jars, self._java = home, free_port(), jars, java
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_alive(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self.launch()
        self.wait()

    def launch(self) -> None:
        """Start the server and return at once."""
        self.home.mkdir(parents=True, exist_ok=True)
        command = ["java", *self._java, "-cp", f"{self._jars}/*:{self._jars.parent}/server", "Neo4jServer"]
        with (self.home / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*command, str(self.home), str(self.port)],
                env=os.environ | {"NEO4J_PASSWORD": PASSWORD},
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait(self) -> None:
        """Return as soon as the server answers; fail with its last words where it does not start."""
        assert self._process is not None
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()  # costs much less than a driver that fails
                with closing(Neo4jStore(self.address("probe"), create=True)):
                    return
            except (OSError, StoreError) as error:
                if self._process.poll() is not None or time.monotonic() > until:
                    log = (self.home / "server.log").read_text(errors="replace")
                    pytest.fail(f"the Neo4j server does not start: {error}\n{log[-2000:]}")
            time.sleep(0.1)

    def kill(self) -> None:
        """End the server as kill -9 does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def address(self, graph: str) -> StoreURL:
        """Return the address of one graph on this server."""
        return StoreURL("neo4j", None, f"neo4j://127.0.0.1:{self.port}", "neo4j", PASSWORD, graph)

    def url(self, graph: str) -> str:
        """Return the store URL of a graph, without the password, which NEO4J_PASSWORD holds."""
        return self.address(graph).url

    @property
    def env(self) -> dict[str, str]:
        """The environment of a process that speaks with this server."""
        return os.environ | {"NEO4J_PASSWORD": PASSWORD, "NEO4J_USERNAME": "neo4j"}
