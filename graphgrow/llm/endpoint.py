"""Endpoints in our words: which addresses they have, and what went wrong there, without the key and in one sentence.

Nothing here needs the openai package before one of its errors has to be explained.
"""

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from graphgrow.errors import BadInput, ContextOverflow, LLMError

if TYPE_CHECKING:
    import openai

_LONGEST_ADDRESS = 2000
_LONGEST_QUOTE = 200
_SHORTEST_KEY = 6  # "none" and its like are no secret, and words of many a message
_MODELS_NAMED = 5
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


def checked(base_url: str) -> str:
    """Return the address as given, without blanks around it; raises BadInput where it is no http address."""
    stripped = base_url.strip()
    try:
        parts = urlsplit(stripped)
        (parts.hostname or "").encode("idna")
        usable = (
            stripped.isascii()
            and stripped.isprintable()
            and len(stripped) < _LONGEST_ADDRESS
            and parts.scheme in {"http", "https"}
            and parts.hostname
            and parts.port != 0
        )
    except ValueError:
        usable = False
    if not usable:
        address = stripped.rpartition("@")[2]  # a password may stand before it
        raise BadInput(f"{address!r} is no address of an endpoint: write it like http://127.0.0.1:11434/v1")
    return stripped


def shown(base_url: str) -> str:
    """Return the address without user, password or query, which may hold a secret."""
    try:
        parts = urlsplit(base_url)
    except ValueError:
        return base_url.rpartition("@")[2]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def is_loopback(base_url: str) -> bool:
    """Return whether the address is this machine: nobody bills for that, and no proxy leads there."""
    host = urlsplit(base_url).hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def usable_key(api_key: str) -> str:
    """Return the key without blanks around it; raises LLMError for one that no header can carry."""
    key = api_key.strip()
    if not (key.isascii() and key.isprintable()):
        raise LLMError("the key in OPENAI_API_KEY has characters that no key has: copy it again")
    return key


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Who is asked, and how often and how long; the key is kept out of all that is shown."""

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
        """Return text from the endpoint in one storable line of bounded length, without the key."""
        for secret in (self.key, quote(self.key, safe="")):
            text = text.replace(secret, "***") if len(secret) >= _SHORTEST_KEY else text
        line = " ".join(_KEY.sub("***", text.encode(errors="replace").decode()).split())
        return line if len(line) <= _LONGEST_QUOTE else line[:_LONGEST_QUOTE] + "..."

    def not_a_reply(self, content: str) -> LLMError:
        """Return the error for a body that is no chat completion."""
        return LLMError(
            f"{self.url} answered with no chat completion but {self.clean(content)!r}:"
            " check the base URL, it usually ends in /v1"
        )

    def explain(self, error: "openai.APIError", listed: Callable[[], Sequence[str]]) -> LLMError:
        """Return our error for the client's; `listed` names the models the endpoint has, or raises LLMError."""
        import openai

        if isinstance(error, openai.APITimeoutError):
            return LLMError(
                f"{self.url} did not answer within {self.timeout:g} seconds:"
                " see whether it is busy, or take a smaller model"
            )
        if not isinstance(error, openai.APIStatusError):
            reason = self.clean(str(error.__cause__ or error))
            return LLMError(
                f"no answer from {self.url} ({reason}):"
                " start that server, or see what can be used with  graphgrow models"
            )
        status, details = error.status_code, complaint(error)
        retries = int(error.request.headers.get("x-stainless-retry-count", 0))  # of this question, not those allowed
        message = error.body.get("message") if isinstance(error.body, dict) else error.body
        quoted = self.clean(str(message or error.body or error.message))
        if is_overflow(error):
            return ContextOverflow(
                f"the prompt does not fit the context of {self.model} at {self.url} ({quoted}):"
                " give the server a larger context or take another model"
            )
        if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            text = f"{self.url} refused the key ({status}): set OPENAI_API_KEY to one that may use {self.model}"
        elif status == HTTPStatus.PAYMENT_REQUIRED or _NO_MONEY.search(details):
            text = (
                f"the quota at {self.url} is used up ({status}): top it up, or see what is free with  graphgrow models"
            )
        elif status == HTTPStatus.NOT_FOUND or (status == HTTPStatus.BAD_REQUEST and _NO_MODEL.search(details)):
            text = f"{self.url} has no model {self.model!r}"
            try:
                models = listed()
            except LLMError:
                models = ()
            if models:
                some = ", ".join(models[:_MODELS_NAMED]) + (", ..." if len(models) > _MODELS_NAMED else "")
                text += f": choose one of its own with --llm: {some}"
            else:
                text += " and lists none (404): check the base URL, it usually ends in /v1, and --llm"
        elif status == HTTPStatus.TOO_MANY_REQUESTS:
            text = (
                f"{self.url} still has too many requests after {retries} retries (429: {quoted}):"
                " wait, or ask with fewer threads"
            )
        elif status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            text = (
                f"{self.url} still fails after {retries} retries ({status}: {quoted}):"
                " look at the server, or try again later"
            )
        else:
            text = (
                f"{self.url} refused the question to {self.model} ({status}: {quoted}): try another model or endpoint"
            )
        return LLMError(text)


def is_overflow(error: "openai.APIStatusError") -> bool:
    """Return whether the endpoint says that the prompt is longer than the model's context."""
    return error.status_code in {400, 413, 422, 500} and bool(_OVERFLOW.search(complaint(error)))


def complaint(error: "openai.APIStatusError") -> str:
    """Return all that the endpoint said, for reading what it is about."""
    return str(error.body) if error.body is not None else error.message
