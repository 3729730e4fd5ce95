"""Language models behind one method, `ask`: any OpenAI-compatible endpoint, a model in this process, or a recorded run.

Importing this package is instant: the clients are imported where a model is opened.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from graphgrow.errors import BadInput, LLMError
from graphgrow.graph.model import Prompt, Reply, Usage
from graphgrow.llm.endpoint import KEY_ENV
from graphgrow.llm.options import NO_OPTIONS, OPENAI_URL, ModelOptions, key_for, read_model
from graphgrow.llm.waiting import Tell

__all__ = ["DEFAULT_MODEL", "LLM", "OPENAI_URL", "FreeModel", "Gate", "ModelOptions", "identity", "open_llm"]

DEFAULT_MODEL = "gpt-4o-mini"
RECORDED = "recorded:"
LOCAL = "local"
HUB = "hf:"


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


def identity(llm: LLM) -> str:
    """Return what tells a model from others, as `Reply.by` has it: two endpoints may have models of one name."""
    return str(getattr(llm, "identity", llm.name))


def with_options(llm: LLM, options: ModelOptions) -> LLM:
    """Return a model that is asked in another way, or the same where that changes nothing that is sent.

    Raises BadInput for one that is no endpoint, and for a key, which is read where a model is opened.
    """
    if not options.are_sent:
        return llm
    if options.key_env:
        raise BadInput(f"key_env={options.key_env} is for a model that is opened by its name: give it to open_llm")
    if change := getattr(llm, "with_options", None):
        changed: LLM = change(options)
        return changed
    raise BadInput(f"{llm.name!r} is no endpoint: {', '.join(options.body)} would change nothing, leave it out")


def checks_facts(llm: LLM) -> bool:
    """Tell whether a model can be asked if a relation is true."""
    return bool(getattr(llm, "checks_facts", True))


def room_to_think(llm: LLM) -> int:
    """Return how many tokens a reply may take beside those for its answer: 0 for a model that does not think."""
    return int(getattr(llm, "room", 0))


def usual_thinking(llm: LLM) -> int:
    """Return how many tokens a reply takes on average to think, as far as that was learnt, in earlier runs too."""
    return round(getattr(llm, "thinking", 0))


class Gate(Protocol):
    """What every request to an endpoint passes, repeated ones too: it keeps limits that many askers share."""

    def passing(self, base_url: str, tokens: int) -> AbstractContextManager[Callable[[int], None]]:
        """Wait until one more request of at most so many tokens may go; then be told how many it took, 0 for none."""


def open_llm(  # noqa: PLR0913  # by name only
    name: str | None = None,
    base_url: str | None = None,
    *,
    env: Mapping[str, str],
    temperature: float = 0.7,
    patience: float | None = None,
    tell: Tell | None = None,
    gate: Gate | None = None,
    options: ModelOptions = NO_OPTIONS,
) -> LLM:
    """Return the model that a name, an address and the environment stand for.

    "recorded:RUN.jsonl" replays a run; "local", a .gguf file or "hf:OWNER/REPO/FILE.gguf" of the Hugging Face hub runs
    in this process; any other name or an address is an endpoint, "URL#NAME" is both in one, and options of its own may
    follow, "URL#NAME?key_env=MY_KEY"; they override `options`. With neither, OPENAI_BASE_URL and OPENAI_API_KEY
    decide, and without those it is the local model. An endpoint that has no room is waited for `patience` minutes, and
    `tell` hears of that. Requests to an endpoint pass `gate`. Raises LLMError where the model cannot be had, BadInput
    for an address or a file that cannot be used.
    """
    if name and name.startswith(RECORDED):
        from graphgrow.llm.scripted import Recorded

        return with_options(Recorded(Path(name.removeprefix(RECORDED))), options)
    given = read_model(name or "")
    name, base_url, options = given.name or None, given.base_url or base_url, given.options.over(options)
    address = base_url or env.get("OPENAI_BASE_URL") or None
    key = key_for(address or OPENAI_URL, options, env)
    if name and name.startswith(HUB) and base_url is None:
        from graphgrow.llm.hub import open_hub

        return open_hub(name, temperature, options)
    # llama.cpp's server lists its models as files: beside an address x.gguf is a name there.
    is_file = base_url is None and name is not None and name.endswith(".gguf")
    if is_file or (name == LOCAL and base_url is None) or not (name or address or key):
        from graphgrow.llm.embedded import open_local

        return open_local(Path(name) if is_file and name else None, temperature, options)
    from graphgrow.llm.openai_chat import PATIENCE, OpenAIChat, first_model

    if address is None and not key:
        raise LLMError(
            f"no endpoint for {name!r}: set {options.key_env or KEY_ENV}, give --base-url, or see  graphgrow models"
        )
    return OpenAIChat(
        name or (DEFAULT_MODEL if address is None else first_model(address, key)),
        address or OPENAI_URL,
        key,
        temperature=temperature,
        patience=PATIENCE if patience is None else patience,
        gate=gate,
        tell=tell,
        options=options,
    )
