"""What can be used as a model from here, for `graphgrow models`: on this machine, by the environment, and answering."""

import importlib.util
import shlex
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass

from graphgrow.errors import GraphgrowError, LLMError
from graphgrow.llm import DEFAULT_MODEL, OPENAI_URL
from graphgrow.llm.embedded import INSTALL, QWEN, cache_directory, installed_parts, is_joined
from graphgrow.llm.endpoint import shown

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
    timeout: float = _PROBE_SECONDS,
) -> list[ModelOffer]:
    """Return the local model, what OPENAI_* of the environment leads to, and what this machine's servers list.

    `servers` is name -> port on 127.0.0.1; each has `timeout` seconds to answer. No key is shown or sent to them.
    """
    is_ready = importlib.util.find_spec("xllamacpp") is not None
    try:
        installed_parts()
    except LLMError:
        is_ready = False
    is_there = is_joined(cache_directory() / QWEN.file)
    state = "joined" if is_there else "installed, joined on first use" if is_ready else "not installed"
    command = f"{_GROW} --llm local" if is_ready else INSTALL
    offers = [ModelOffer(QWEN.name, f"this process ({state})", QWEN.size, QWEN.licence, is_ready, command)]
    with ThreadPoolExecutor(max_workers=len(servers) + 1) as pool:
        urls = {server: f"http://127.0.0.1:{port}/v1" for server, port in servers.items()}
        answers = [(server, url, pool.submit(_listed, url, "", timeout)) for server, url in urls.items()]
        base_url, key = env.get("OPENAI_BASE_URL"), env.get("OPENAI_API_KEY") or ""
        if base_url:
            where = f"{shown(base_url)} (OPENAI_BASE_URL)"
            try:
                names = _listed(base_url, key, _REMOTE_SECONDS)
            except GraphgrowError as error:
                offers.append(ModelOffer("?", f"{where}: {error}", None, "", False, "unset OPENAI_BASE_URL"))
            else:
                offers += [_offer(name, where) for name in names]
        elif key:
            offers.append(_offer(DEFAULT_MODEL, f"{OPENAI_URL} (OPENAI_API_KEY)"))
        for server, url, answer in answers:
            with suppress(LLMError):  # nothing there, or something else than a language model
                offers += [_offer(name, f"{server} at {url}", f"--base-url {url} ") for name in answer.result()]
    return offers


def _offer(name: str, where: str, options: str = "") -> ModelOffer:
    """Return a model that an endpoint has, with what else to type beside its name."""
    return ModelOffer(name, where, None, "", True, f"{_GROW} {options}--llm {shlex.quote(name)}")


def _listed(base_url: str, key: str, timeout: float) -> tuple[str, ...]:
    """Return the models that an endpoint lists; raises LLMError where it does not answer so."""
    from graphgrow.llm.openai_chat import OpenAIChat

    with closing(OpenAIChat("", base_url, key, timeout=timeout, max_retries=0)) as chat:
        return chat.models()
