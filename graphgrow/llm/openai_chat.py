"""Any OpenAI-compatible chat endpoint: OpenAI itself, vLLM, Ollama, llama.cpp, LM Studio and their like."""

import json
import time
from collections.abc import Callable
from contextlib import closing
from math import isfinite
from threading import Lock
from typing import TYPE_CHECKING, Any

import openai
from pydantic import BaseModel, Field, ValidationError

from graphgrow.errors import LLMError
from graphgrow.graph.model import Prompt, Reply, Usage
from graphgrow.llm.capabilities import FORMATS, Capabilities
from graphgrow.llm.clients import Clients
from graphgrow.llm.endpoint import Endpoint, checked, complaint, is_overflow, shown, usable_key
from graphgrow.llm.usage import estimate_usage, storable, usd

if TYPE_CHECKING:
    from graphgrow.llm import Gate
    from graphgrow.llm.batch_api import BatchAPI

_TIMEOUT = 180.0  # seconds; a 7B model on a slow machine takes 100 for one reply
_LISTING_TIMEOUT = 5.0
_MAX_RETRIES = 4
_MOST_TOKENS = 2**40  # no bill is longer
_CONCESSIONS = len(FORMATS) + 5  # every format, and the five fields that can be given up


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
        return self.read(content, prompt, self._clock() - start)

    def body(self, prompt: Prompt) -> dict[str, object]:
        """Return the body of a request as the endpoint is known to take it."""
        return self._capabilities.body(prompt, self.name, self._temperature)

    def batch_api(self) -> "BatchAPI":
        """Return the batch API of this endpoint, which may have none: using it tells."""
        from graphgrow.llm.batch_api import BatchAPI

        return BatchAPI(self, self._endpoint)

    def read(self, content: str, prompt: Prompt, seconds: float = 0.0) -> Reply:
        """Return the reply that a chat completion in JSON is; raises LLMError where it is none."""
        try:
            answer = _Completion.model_validate(json.loads(content))
        except (ValueError, RecursionError):
            raise self._endpoint.not_a_reply(content) from None
        choice = answer.choices[0]
        # The content is text, a list of parts, or nothing where the model refused or only thought.
        parts = choice.message.content if isinstance(choice.message.content, list) else [choice.message.content]
        texts = (part.get("text") if isinstance(part, dict) else part for part in parts)
        text = storable("".join(text for text in texts if isinstance(text, str)))
        counts = answer.usage if isinstance(answer.usage, dict) else {}
        counted = (counts.get("prompt_tokens"), counts.get("completion_tokens"))
        sent, received = (n if isinstance(n, int) and 0 < n < _MOST_TOKENS else 0 for n in counted)
        estimate = estimate_usage(prompt, text)
        usage = Usage(sent or estimate.prompt_tokens, received or estimate.completion_tokens)
        model = storable(answer.model or self.name)
        rivals = _rivals(choice.logprobs) if prompt.logprobs else ()
        return Reply(text, usage, storable(choice.finish_reason or "stop"), seconds, model, self.price(usage), rivals)

    def _send(self, prompt: Prompt) -> str:
        """Ask until the endpoint takes the form of the question; each refusal gives up one field or format."""
        for _ in range(_CONCESSIONS):
            used = self._capabilities
            body = used.body(prompt, self.name, self._temperature)
            try:
                # As it is: `chat.completions.create` looks at every value of the body, which takes as long again.
                with self._clients.lent() as client:
                    return client.post("/chat/completions", body=body, cast_to=bytes).decode("utf-8", "replace")
            except openai.APIStatusError as error:
                if error.status_code not in {400, 422} or is_overflow(error):
                    raise self._endpoint.explain(error, self.models) from None
                fewer = used.concede(str(error.param or ""), prompt) or used.concede(complaint(error), prompt)
                with self._lock:
                    is_first = self._capabilities == used  # else another thread learnt meanwhile: ask as it found out
                    if is_first and fewer:
                        self._capabilities = fewer
                if is_first and not fewer:
                    raise self._endpoint.explain(error, self.models) from None
            except openai.APIError as error:
                raise self._endpoint.explain(error, self.models) from None
        raise LLMError(f"{self._endpoint.url} refuses every form of the question: try another model or endpoint")

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


class _Message(BaseModel):
    content: Any = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None
    logprobs: Any = None


class _Completion(BaseModel):
    """The parts of a chat completion that are read; whatever else an endpoint adds is left alone."""

    choices: list[_Choice] = Field(min_length=1)
    model: str | None = None
    usage: Any = None


def _rivals(logprobs: object) -> tuple[tuple[str, float], ...]:
    """Return the first token of a reply and its rivals with their log-probabilities; () where there are none."""
    try:
        first = logprobs["content"][0]  # type: ignore[index]  # whatever an endpoint sends
        rows = [(str(row["token"]), float(row["logprob"])) for row in first.get("top_logprobs") or [first]]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        return ()
    return tuple((storable(token), value) for token, value in rows if isfinite(value))


class _Model(BaseModel):
    id: str


class _Listing(BaseModel):
    """The models of an endpoint, as far as they are read."""

    data: list[_Model]


def first_model(base_url: str, api_key: str) -> str:
    """Return the first model an endpoint lists that can chat; raises LLMError where there is none."""
    with closing(OpenAIChat("", base_url, api_key)) as chat:
        for name in chat.models():
            if "embed" not in name.lower():
                return name
    raise LLMError(f"{shown(base_url)} lists no model: load one there, or name it with --llm")
