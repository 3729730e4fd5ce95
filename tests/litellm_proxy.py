"""A real LiteLLM proxy on loopback, from an environment of its own, in front of whatever upstreams a test serves."""

import json
import os
import secrets
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest
from filelock import FileLock

from tests.conftest import ROOT
from tests.processes import Process, finished, started
from tests.servers import PATIENCE, free_port

HOME = ROOT / ".litellm"


def require() -> None:
    """Skip the test where the proxy cannot be had; in CI that is a failure."""
    with FileLock(ROOT / ".litellm.lock"):  # several test processes may want it at once
        done = finished(["make", "-s", "litellm"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode or not (HOME / "bin" / "litellm").exists():
        why = f"a real LiteLLM proxy cannot be installed: {done.stderr[-300:]}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(why)


@dataclass(frozen=True, slots=True)
class Upstream:
    """A model behind the proxy: under which name it is asked there, at which address, and with which key."""

    model: str
    base_url: str
    key: str = "sk-upstream-0123456789"


@contextmanager
def proxying(folder: Path, upstreams: Mapping[str, Upstream]) -> Iterator[tuple[str, str]]:
    """Run a proxy in front of upstreams, by the names that its users give them; yield its address and its key."""
    port, key = free_port(), f"sk-{secrets.token_hex(16)}"
    models = [
        {
            "model_name": name,
            "litellm_params": {"model": f"openai/{one.model}", "api_base": one.base_url, "api_key": one.key},
        }
        for name, one in upstreams.items()
    ]
    config = {"model_list": models, "general_settings": {"master_key": key}, "litellm_settings": {"num_retries": 0}}
    (folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
    where = ["--host", "127.0.0.1", "--port", str(port)]
    words = [str(HOME / "bin" / "litellm"), "--config", str(folder / "config.yaml"), *where]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "PYTHON"))}
    env = kept | {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False", "NO_PROXY": "*"}
    with (
        (folder / "proxy.log").open("wb") as log,
        started(words, None, cwd=folder, env=env, stdout=log, stderr=subprocess.STDOUT) as proxy,
    ):
        _wait(f"http://127.0.0.1:{port}/health/liveliness", proxy, folder / "proxy.log")
        yield f"http://127.0.0.1:{port}/v1", key


def _wait(url: str, proxy: Process, log: Path) -> None:
    until = time.monotonic() + PATIENCE
    while True:
        with suppress(URLError, HTTPError, ConnectionError), urllib.request.urlopen(url, timeout=5):  # noqa: S310
            return
        if proxy.poll() is not None or time.monotonic() > until:
            pytest.fail(f"the LiteLLM proxy does not start: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.2)
