"""An endpoint's errors in our words: one sentence with the offending value and what to do, and never the key."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import quote

import openai

from graphgrow.errors import ContextOverflow, LLMError
from graphgrow.llm.address import shown
from graphgrow.llm.usage import storable

_MODELS_NAMED = 5
_LONGEST_QUOTE = 200
_SHORTEST_KEY = 6  # "none" and its like are no secret, and words of many a message
_OVERFLOW = re.compile(
    r"context_length_exceeded|exceed_context_size|maximum context length|context (length|window|size)"
    r"|(prompt|input) is too long|too many (input )?tokens|context the overflows|input token count"
    r"|reduce the length of the (messages|prompt|input)|request too large",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"model_not_found|model\b.{0,80}(not found|does not exist|not exist|not available|not a valid)|not a valid model",
    re.IGNORECASE | re.DOTALL,
)
_NO_MONEY = re.compile(r"insufficient_quota|insufficient balance|exceeded your current quota|billing", re.IGNORECASE)
_KEY = re.compile(r"\b(?:sk|pk|gsk|hf|key)[-_][\w*.-]{6,}")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Who was asked, as far as an error has to name it; the key is held to keep it out of what is shown."""

    model: str
    base_url: str
    key: str = field(repr=False)
    timeout: float
    retries: int

    @property
    def url(self) -> str:
        """The address as it may be shown."""
        return shown(self.base_url)

    def clean(self, text: str) -> str:
        """Return text from the endpoint in one bounded line without the key."""
        for secret in (self.key, quote(self.key, safe="")):
            text = text.replace(secret, "***") if len(secret) >= _SHORTEST_KEY else text
        line = _BLANKS.sub(" ", _KEY.sub("***", storable(text))).strip()
        return line if len(line) <= _LONGEST_QUOTE else line[:_LONGEST_QUOTE] + "..."

    def explain(self, error: openai.APIError, listed: Callable[[], Sequence[str]]) -> LLMError:
        """Return our error for the client's; `listed` names the models the endpoint has, for an unknown one."""
        if isinstance(error, openai.APITimeoutError):
            return LLMError(
                f"{self.url} did not answer within {self.timeout:g} seconds:"
                " see whether it is busy, or take a smaller model"
            )
        if isinstance(error, openai.APIStatusError):
            return self._explain_status(error, listed)
        reason = self.clean(str(error.__cause__ or error))
        return LLMError(
            f"no answer from {self.url} ({reason}): start that server, or see what can be used with  graphgrow models"
        )

    def not_a_reply(self, content: str) -> LLMError:
        """Return the error for a body that is no chat completion."""
        return LLMError(
            f"{self.url} answered with no chat completion but {self.clean(content)!r}:"
            " check the base URL, it usually ends in /v1"
        )

    def _explain_status(self, error: openai.APIStatusError, listed: Callable[[], Sequence[str]]) -> LLMError:
        said, status = complaint(error), error.status_code
        if is_overflow(error):
            return ContextOverflow(
                f"the prompt does not fit the context of {self.model} at {self.url} ({self.clean(message(error))}):"
                " give the server a larger context or take another model"
            )
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            return LLMError(
                f"{self.url} refused the key ({status}): set OPENAI_API_KEY to one that may use {self.model}"
            )
        if status == HTTPStatus.PAYMENT_REQUIRED or _NO_MONEY.search(said):
            return LLMError(
                f"the quota at {self.url} is used up ({status}): top it up, or see what is free with  graphgrow models"
            )
        if status == HTTPStatus.NOT_FOUND or (status == HTTPStatus.BAD_REQUEST and _NO_MODEL.search(said)):
            return self._unknown_model(listed())
        return LLMError(self._other(status, self.clean(message(error))))

    def _unknown_model(self, listed: Sequence[str]) -> LLMError:
        if not listed:
            return LLMError(
                f"{self.url} has no model {self.model!r} and lists none (404):"
                " check the base URL, it usually ends in /v1, and --llm"
            )
        some = ", ".join(listed[:_MODELS_NAMED]) + (", ..." if len(listed) > _MODELS_NAMED else "")
        return LLMError(f"{self.url} has no model {self.model!r}: choose one of its own with --llm: {some}")

    def _other(self, status: int, said: str) -> str:
        tries = f"after {self.retries} retries"
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return f"{self.url} still has too many requests {tries} (429: {said}): wait, or ask with fewer threads"
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return f"{self.url} still fails {tries} ({status}: {said}): look at the server, or try again later"
        return f"{self.url} refused the question to {self.model} ({status}: {said}): try another model or endpoint"


def is_overflow(error: openai.APIStatusError) -> bool:
    """Return whether the endpoint says that the prompt is longer than the model's context."""
    return error.status_code in {400, 413, 422, 500} and bool(_OVERFLOW.search(complaint(error)))


def complaint(error: openai.APIStatusError) -> str:
    """Return all that the endpoint said, for reading what it is about."""
    return str(error.body) if error.body is not None else error.message


def message(error: openai.APIStatusError) -> str:
    """Return the sentence the endpoint meant for people."""
    said = error.body.get("message") if isinstance(error.body, dict) else error.body
    return str(said or error.body or error.message)
