"""Language models behind one method, `ask`: any OpenAI-compatible endpoint, a model in this process, or a recorded run.

Importing this package is instant: the clients are imported where a model is opened.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from graphgrow.errors import LLMError
from graphgrow.graph.model import Prompt, Reply, Usage

__all__ = ["DEFAULT_MODEL", "LLM", "OPENAI_URL", "FreeModel", "Gate", "open_llm"]

OPENAI_URL = "https://api.openai.com/v1"
DEFAULT_MODEL = "gpt-4o-mini"
RECORDED = "recorded:"
LOCAL = "local"


class LLM(Protocol):
    """A language model. One that can only say what it was given to say has `checks_facts` = False."""

    @property
    def name(self) -> str:
        """The model's name."""

    def price(self, usage: Usage) -> float | None:
        """Return what a bill costs in USD, None where no price is known or nothing is charged."""

    def ask(self, prompt: Prompt) -> Reply:
        """Return the reply; safe to call from several threads. Raises LLMError and its kinds."""

    def close(self) -> None:
        """Give back connections and memory; calling it twice is fine."""


class FreeModel:
    """What models have in common that cost nothing and hold nothing."""

    checks_facts: bool = True

    def price(self, usage: Usage) -> float | None:  # noqa: ARG002  # the signature of every model
        """Return None: asking costs nothing."""
        return None

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""


def checks_facts(llm: LLM) -> bool:
    """Tell whether a model can be asked if a relation is true."""
    return bool(getattr(llm, "checks_facts", True))


class Gate(Protocol):
    """What every request to an endpoint passes, those that are made again too: it holds limits of many askers."""

    def passing(self, base_url: str, tokens: int) -> AbstractContextManager[Callable[[int], None]]:
        """Wait until one more request of at most so many tokens may go; then be told how many it took, 0 for none."""


def open_llm(
    name: str | None = None,
    base_url: str | None = None,
    *,
    env: Mapping[str, str],
    temperature: float = 0.7,
    gate: Gate | None = None,
) -> LLM:
    """Return the model that a name, an address and the environment stand for.

    "recorded:RUN.jsonl" replays a run; "local" or a .gguf file runs in this process; any other name or an address is
    an endpoint. With neither, OPENAI_BASE_URL and OPENAI_API_KEY decide, and without those it is the local model.
    The key is the one that is for the address, see `credentials`. Requests to an endpoint pass `gate`.
    Raises LLMError where the model cannot be had, BadInput for an address or a file that cannot be used.
    """
    if name and name.startswith(RECORDED):
        from graphgrow.llm.scripted import Recorded

        return Recorded(Path(name.removeprefix(RECORDED)))
    address = base_url or env.get("OPENAI_BASE_URL") or None
    from graphgrow.llm.credentials import endpoint_key

    key = endpoint_key(address or OPENAI_URL, env)
    # llama.cpp's server lists its models as files: beside an address x.gguf is a name there.
    is_file = base_url is None and name is not None and name.endswith(".gguf")
    if is_file or (name == LOCAL and base_url is None) or not (name or address or key):
        from graphgrow.llm.embedded import open_local

        return open_local(Path(name) if is_file and name else None, temperature)
    from graphgrow.llm.openai_chat import OpenAIChat, first_model

    if address is None and not key:
        raise LLMError(f"no endpoint for {name!r}: set OPENAI_API_KEY, give --base-url, or see  graphgrow models")
    if address is None:
        return OpenAIChat(name or DEFAULT_MODEL, OPENAI_URL, key, temperature=temperature, gate=gate)
    return OpenAIChat(name or first_model(address, key), address, key, temperature=temperature, gate=gate)
