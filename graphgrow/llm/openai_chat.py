"""Any OpenAI-compatible chat endpoint: OpenAI itself, vLLM, Ollama, llama.cpp, LM Studio and their like."""

import json
import time
from collections.abc import Callable
from contextlib import closing
from copy import copy
from dataclasses import replace
from math import isfinite
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

import openai
from pydantic import BaseModel, Field, ValidationError

from graphgrow.errors import LLMError
from graphgrow.graph.model import Prompt, Reply, Usage
from graphgrow.llm.capabilities import FORMATS, Capabilities
from graphgrow.llm.clients import Clients
from graphgrow.llm.endpoint import KEY_ENV, Endpoint, checked, complaint, is_overflow, shown, usable_key
from graphgrow.llm.options import NO_OPTIONS, ModelOptions
from graphgrow.llm.usage import estimate_usage, storable, usd

if TYPE_CHECKING:
    from graphgrow.llm import Gate

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
        options: ModelOptions = NO_OPTIONS,
    ) -> None:
        base_url = checked(base_url)
        self.name = storable(model)
        key_env = options.key_env or KEY_ENV
        key = usable_key(api_key, key_env)
        self._endpoint = Endpoint(model, base_url, key, timeout, max_retries, key_env, options.secrets)
        self._temperature = temperature
        self._clock = clock
        self._clients = Clients(self._endpoint, gate)
        self._capabilities = Capabilities()
        self._lock = Lock()
        self._options = options
        self.identity = f"{self.name} at {self._endpoint.url}"

    @property
    def reply_tokens(self) -> int | None:
        """The limit of a reply in tokens that somebody set, None for that of the question."""
        return self._options.limit

    def with_options(self, options: ModelOptions) -> Self:
        """Return this model as it is asked with further options, over the same connections."""
        other, added = copy(self), options.over(self._options)
        other._options, other._endpoint = added, replace(self._endpoint, secrets=added.secrets)  # noqa: SLF001  # its copy
        return other

    def __repr__(self) -> str:
        return f"OpenAIChat({self.name!r}, {self._endpoint.url!r})"

    def ask(self, prompt: Prompt) -> Reply:
        """Return the reply; `seconds` includes retries. Raises ContextOverflow, else LLMError."""
        start = self._clock()
        content = self._send(prompt)
        seconds = self._clock() - start
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
        finish, usd = storable(choice.finish_reason or "stop"), self.price(usage)
        added = self._options.record((self._endpoint.key,))
        asked = "" if self.identity == model else self.identity
        return Reply(text, usage, finish, seconds, model, usd, rivals, asked, added)

    def _send(self, prompt: Prompt) -> str:
        """Ask until the endpoint takes the form of the question; each refusal gives up one field or format."""
        for _ in range(_CONCESSIONS):
            used = self._capabilities
            body = self._options.put_into(used.body(prompt, self.name, self._temperature))
            try:
                # As it is: `chat.completions.create` looks at every value of the body, which takes as long again.
                with self._clients.lent() as client:
                    return client.post("/chat/completions", body=body, cast_to=bytes).decode("utf-8", "replace")
            except openai.APIStatusError as error:
                if error.status_code not in {400, 422} or is_overflow(error):
                    raise self._endpoint.explain(error, self.models) from None
                refused, said = self._options.refused(error.body)
                if refused:
                    raise LLMError(
                        f"{self._endpoint.url} refuses {refused} ({error.status_code}: {self._endpoint.clean(said)}):"
                        " leave it out, or give it another value"
                    ) from None
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
