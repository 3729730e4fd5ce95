"""What a page shows its reader, command by command and snippet by snippet, and how it is tried."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import chatter
from tests.pictures import answered
from tests.processes import LONGEST, finished, heard, started, stopped
from tests.servers import Answer, Asked, completion, in_order, serving

OLLAMA = "http://127.0.0.1:11434/v1"
LITELLM = "http://127.0.0.1:4000/v1"
OPENROUTER = "https://openrouter.ai/api/v1"
AZURE = "https://NAME.openai.azure.com"


def readdressed(text: str, base_url: str) -> str:
    """Return a text with the addresses of providers led to a server here, at an address that ends in /v1."""
    for address in (OLLAMA, LITELLM):
        text = text.replace(address, base_url)
    host = base_url.removesuffix("/v1")
    return text.replace(OPENROUTER, f"{host}/api/v1").replace(AZURE, host)


def blocks(text: str) -> list[tuple[str, str]]:
    """Return (language, contents) of every fenced block of a page."""
    return re.findall(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@contextmanager
def endpoint_of_chatter() -> Iterator[str]:
    """Yield the address of a real server that answers like a model, and is sure of all that it says."""
    chats = in_order(*[Answer(completion(text)) for text in chatter(600)])
    listing = Answer({"object": "list", "data": [{"id": "m-1"}]})
    first = {"token": "yes", "logprob": -0.01, "top_logprobs": [{"token": "yes", "logprob": -0.01}]}
    choice = {"message": {"content": "yes"}, "finish_reason": "length", "logprobs": {"content": [first]}}
    sure = Answer(completion(choices=[choice]))

    def script(asked: Asked) -> Answer:
        return listing if asked.path.endswith("/models") else sure if asked.body.get("logprobs") else chats(asked)

    with serving(script) as server:
        yield server.base_url


def ran(line: str, folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a line that begins with graphgrow, in a folder."""
    words = [sys.executable, "-m", "graphgrow", *shlex.split(line)[1:]]
    return finished(words, cwd=folder, env=env, text=True, capture_output=True)


def environment(endpoint: str) -> dict[str, str]:
    """Return the environment of a reader whose model is at an address."""
    keys = dict.fromkeys(("OPENAI_API_KEY", "OPENROUTER_API_KEY", "AZURE_OPENAI_API_KEY"), "none")
    return os.environ | keys | {"OPENAI_BASE_URL": endpoint, "COLUMNS": "160"}


def explored(words: list[str], folder: Path, env: dict[str, str]) -> int:
    """Start the explorer, ask it for its page, end it by Ctrl-C, and return its exit code."""
    command = [sys.executable, "-m", "graphgrow", *words, "--json", "--no-browser"]
    with started(command, LONGEST, cwd=folder, env=env, stdout=subprocess.PIPE) as process:
        address = json.loads(heard(process))["url"]
        answered(f"{address.partition('?')[0]}_stcore/health", process)
        return stopped(process, signal.SIGINT)


def served(words: list[str], folder: Path, env: dict[str, str]) -> int:
    """Start the daemon, end it by Ctrl-C when it serves, and return its exit code."""
    command = [sys.executable, "-m", "graphgrow", *words, "--json"]
    with started(command, LONGEST, cwd=folder, env=env, stdout=subprocess.PIPE) as process:
        assert json.loads(heard(process))["what"] == "serving"
        return stopped(process, signal.SIGINT)
