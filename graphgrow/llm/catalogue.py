"""What can be used as a model from here, for `graphgrow models`: on this machine, by the environment, and answering."""

import importlib.util
import shlex
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from graphgrow.errors import GraphgrowError, LLMError
from graphgrow.llm import DEFAULT_MODEL, OPENAI_URL
from graphgrow.llm.address import shown
from graphgrow.llm.embedded import INSTALL, QWEN, cache_directory, installed_parts, is_joined

SERVERS = {"Ollama": 11434, "LM Studio": 1234, "llama.cpp": 8080, "vLLM": 8000}
_PROBE_SECONDS = 0.3
_REMOTE_SECONDS = 5.0
_GROW = 'graphgrow grow "TOPIC"'


@dataclass(frozen=True, slots=True)
class ModelOffer:
    """A model to grow with. `command` is the line to type; of a model that is not `ready`, the line that helps."""

    name: str
    where: str
    size_bytes: int | None
    licence: str
    ready: bool
    command: str


def available(
    env: Mapping[str, str],
    *,
    servers: Mapping[str, int] = SERVERS,
    cache_dir: Path | None = None,
    timeout: float = _PROBE_SECONDS,
) -> list[ModelOffer]:
    """Return the local model, what OPENAI_* of the environment leads to, and what this machine's servers list.

    `servers` is name -> port on 127.0.0.1; each has `timeout` seconds to answer. No key is shown or sent to them.
    """
    with ThreadPoolExecutor(max_workers=len(servers) + 1) as pool:
        ours = pool.submit(_from_environment, env)
        asked = [pool.submit(_from_server, server, port, timeout) for server, port in servers.items()]
        return [_local(cache_dir), *ours.result(), *(offer for answer in asked for offer in answer.result())]


def _local(cache_dir: Path | None) -> ModelOffer:
    ready = importlib.util.find_spec("xllamacpp") is not None and _has_parts()
    joined = is_joined((cache_dir or cache_directory()) / QWEN.file)
    state = "joined" if joined else "installed, joined on first use" if ready else "not installed"
    command = f"{_GROW} --llm local" if ready else INSTALL
    return ModelOffer(QWEN.name, f"this process ({state})", QWEN.size, QWEN.licence, ready, command)


def _has_parts() -> bool:
    try:
        return bool(installed_parts())
    except LLMError:
        return False


def _from_environment(env: Mapping[str, str]) -> list[ModelOffer]:
    base_url, key = env.get("OPENAI_BASE_URL"), env.get("OPENAI_API_KEY") or ""
    if base_url:
        return _listed_by_environment(base_url, key)
    if key:
        where = f"{OPENAI_URL} (OPENAI_API_KEY)"
        return [ModelOffer(DEFAULT_MODEL, where, None, "", True, f"{_GROW} --llm {DEFAULT_MODEL}")]
    return []


def _listed_by_environment(base_url: str, key: str) -> list[ModelOffer]:
    where = f"{shown(base_url)} (OPENAI_BASE_URL)"
    try:
        names = _models(base_url, key, _REMOTE_SECONDS)
    except GraphgrowError as error:
        return [ModelOffer("?", f"{where}: {error}", None, "", False, "unset OPENAI_BASE_URL")]
    return [ModelOffer(name, where, None, "", True, f"{_GROW} --llm {shlex.quote(name)}") for name in names]


def _from_server(server: str, port: int, timeout: float) -> list[ModelOffer]:
    base_url = f"http://127.0.0.1:{port}/v1"
    try:
        names = _models(base_url, "", timeout)
    except LLMError:  # nothing there, or something else than a language model
        return []
    line = f"{_GROW} --base-url {base_url} --llm "
    return [ModelOffer(name, f"{server} at {base_url}", None, "", True, line + shlex.quote(name)) for name in names]


def _models(base_url: str, key: str, timeout: float) -> tuple[str, ...]:
    from graphgrow.llm.openai_chat import OpenAIChat

    chat = OpenAIChat("", base_url, key, timeout=timeout, max_retries=0)
    try:
        return chat.models()
    finally:
        chat.close()
