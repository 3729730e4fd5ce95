"""Any OpenAI-compatible chat endpoint: OpenAI itself, vLLM, Ollama, llama.cpp, LM Studio and their like."""

import json
import time
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any

import openai
from pydantic import BaseModel, Field, ValidationError

from graphgrow.errors import LLMError
from graphgrow.graph.model import Prompt, Reply, Usage
from graphgrow.llm.address import checked, shown
from graphgrow.llm.capabilities import FORMATS, Capabilities
from graphgrow.llm.clients import Clients
from graphgrow.llm.prices import usd
from graphgrow.llm.refusals import Endpoint, complaint, is_overflow
from graphgrow.llm.usage import estimate_usage, storable

if TYPE_CHECKING:
    from graphgrow.llm import Gate

_TIMEOUT = 180.0  # seconds; a 7B model on a slow machine takes 100 for one reply
_LISTING_TIMEOUT = 5.0
_MAX_RETRIES = 4
_MOST_TOKENS = 2**40  # no bill is longer
_CONCESSIONS = len(FORMATS) + 4  # every format, and the four fields that can be given up


class OpenAIChat:
    """One model at one endpoint. Threads may share it; what the endpoint refuses is learnt once and remembered.

    Retries on 429, 5xx and lost connections, with back-off and Retry-After, are the client's own. `provider` is whose
    interface it speaks, for traces.
    """

    provider = "openai"

    def __init__(  # noqa: PLR0913  # six of them have a default, by name only
        self,
        model: str,
        base_url: str,
        api_key: str = "",
        *,
        temperature: float = 0.7,
        timeout: float = _TIMEOUT,
        max_retries: int = _MAX_RETRIES,
        clock: Callable[[], float] = time.monotonic,
        gate: "Gate | None" = None,
    ) -> None:
        base_url = checked(base_url)
        self.name = storable(model)
        self._endpoint = Endpoint(model, base_url, usable_key(api_key), timeout, max_retries)
        self._temperature = temperature
        self._clock = clock
        self._clients = Clients(self._endpoint, gate)
        self._capabilities = Capabilities()
        self._lock = Lock()

    def __repr__(self) -> str:
        return f"OpenAIChat({self.name!r}, {self._endpoint.url!r})"

    def ask(self, prompt: Prompt) -> Reply:
        """Return the reply; `seconds` includes retries. Raises ContextOverflow, else LLMError."""
        start = self._clock()
        content = self._send(prompt)
        seconds = self._clock() - start
        try:
            answer = _Answer.model_validate(json.loads(content))
        except (ValueError, RecursionError):
            raise self._endpoint.not_a_reply(content) from None
        return self._reply(prompt, answer, seconds)

    def price(self, usage: Usage) -> float | None:
        """Return what a bill costs in USD at this endpoint, None where no price is known."""
        return usd(self.name, self._endpoint.base_url, usage)

    def models(self) -> tuple[str, ...]:
        """Return the models the endpoint lists; raises LLMError where it does not list them."""
        timeout = min(self._endpoint.timeout, _LISTING_TIMEOUT)
        try:
            with self._clients.lent() as client:
                hasty = client.with_options(max_retries=0, timeout=timeout)
                content = hasty.models.with_raw_response.list().http_response.text
            return tuple(storable(model.id) for model in _Listing.model_validate_json(content).data)
        except openai.APIError as error:
            raise self._endpoint.explain(error, tuple) from None
        except ValidationError:
            raise self._endpoint.not_a_reply(content) from None

    def close(self) -> None:
        """Close the connections."""
        self._clients.close()

    def _send(self, prompt: Prompt) -> str:
        """Ask until the endpoint takes the form of the question; each refusal gives up one field or format."""
        for _ in range(_CONCESSIONS):
            capabilities = self._capabilities
            try:
                return self._create(capabilities.body(prompt, self.name, self._temperature))
            except openai.APIStatusError as error:
                if not self._learn(capabilities, error, prompt):
                    raise self._endpoint.explain(error, self._listed) from None
            except openai.APIError as error:
                raise self._endpoint.explain(error, self._listed) from None
        raise LLMError(f"{self._endpoint.url} refuses every form of the question: try another model or endpoint")

    def _create(self, body: dict[str, Any]) -> str:
        """Send a body as it is; `chat.completions.create` looks at every value of it, which takes as long again."""
        with self._clients.lent() as client:
            return client.post("/chat/completions", body=body, cast_to=bytes).decode("utf-8", "replace")

    def _learn(self, used: Capabilities, error: openai.APIStatusError, prompt: Prompt) -> bool:
        """Remember what the endpoint refuses; return whether asking again makes sense."""
        if error.status_code not in {400, 422} or is_overflow(error):
            return False
        after = used.concede(str(error.param or ""), prompt) or used.concede(complaint(error), prompt)
        with self._lock:
            if self._capabilities != used:  # another thread learnt meanwhile: ask as it found out
                return True
            self._capabilities = after or used
        return after is not None

    def _listed(self) -> tuple[str, ...]:
        try:
            return self.models()
        except LLMError:
            return ()

    def _reply(self, prompt: Prompt, answer: "_Answer", seconds: float) -> Reply:
        choice = answer.choices[0]
        text = storable(choice.message.text)
        usage = answer.bill(estimate_usage(prompt, text))
        model = storable(answer.model or self.name)
        return Reply(text, usage, storable(choice.finish_reason or "stop"), seconds, model, self.price(usage))


class _Message(BaseModel):
    content: Any = None

    @property
    def text(self) -> str:
        """The text, of a list of parts too; "" where the model refused or only thought."""
        parts = self.content if isinstance(self.content, list) else [self.content]
        texts = (part.get("text") if isinstance(part, dict) else part for part in parts)
        return "".join(text for text in texts if isinstance(text, str))


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Answer(BaseModel):
    """The parts of a chat completion that are read; whatever else an endpoint adds is left alone."""

    choices: list[_Choice] = Field(min_length=1)
    model: str | None = None
    usage: Any = None

    def bill(self, estimate: Usage) -> Usage:
        counts = self.usage if isinstance(self.usage, dict) else {}
        return Usage(
            _count(counts.get("prompt_tokens")) or estimate.prompt_tokens,
            _count(counts.get("completion_tokens")) or estimate.completion_tokens,
        )


class _Listed(BaseModel):
    id: str


class _Listing(BaseModel):
    data: list[_Listed]


def first_model(base_url: str, api_key: str) -> str:
    """Return the first model an endpoint lists that can chat; raises LLMError where there is none."""
    chat = OpenAIChat("", base_url, api_key)
    try:
        able = [name for name in chat.models() if "embed" not in name.lower()]
    finally:
        chat.close()
    if not able:
        raise LLMError(f"{shown(base_url)} lists no model: load one there, or name it with --llm")
    return able[0]


def usable_key(api_key: str) -> str:
    """Return the key without blanks around it; raises LLMError for one that no header can carry."""
    key = api_key.strip()
    if not (key.isascii() and key.isprintable()):
        raise LLMError("the key in OPENAI_API_KEY has characters that no key has: copy it again")
    return key


def _count(value: object) -> int:
    return value if isinstance(value, int) and 0 < value < _MOST_TOKENS else 0
