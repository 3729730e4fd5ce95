"""What an endpoint says when it gives no reply: of which kind that is, how long to wait, and in whose words.

Only messages, codes and the names of parameters are read. What an endpoint echoes, a question, a failed generation, the
value of a field, says nothing about the endpoint, and may hold any word.
"""

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Literal

Kind = Literal[
    "parameter",  # the form of the question is refused: give something up
    "limit",  # the limit of tokens is too small for a model that thinks
    "overflow",  # the question is longer than the model's context
    "refused",  # what the question is about is refused
    "generation",  # the reply did not fit the output format that was asked for
    "busy",  # too many requests, or it is starting: wait
    "broken",  # it failed, or broke off: ask again
    "slow",  # it took too long: asking again would take as long
    "away",  # nobody listens
    "flood",  # it sent more than any reply holds
    "quota",  # what was paid for is used up
    "key",
    "forbidden",
    "model",  # it has no such model
    "path",  # there is no chat at this address
]
_DEPTH = 5
_MOST = 40  # messages, codes and names that are read of one body
_LONGEST = 2000  # characters of a message that are read
_ECHO = re.compile(r"""(["'`])(?:(?!\1)[^\n]){61,}?\1|\{[^{}]{120,}\}""")
_MESSAGES = ("message", "msg", "error_msg", "error_message", "detail", "error_description", "title", "description")
_CODES = ("code", "type", "status", "reason", "error_code")
_NAMES = ("param", "loc", "field", "parameter")
_INNER = ("error", "errors", "detail", "details", "metadata", "raw", "fieldViolations", "message", "innererror")

_REFUSED = re.compile(
    r"content[_ ]?(?:filter|policy|management)|moderation|flagged|responsibleai|data_inspection|inappropriate content"
    r"|prohibited_content|safety system|\bsafety\b.{0,40}(?:block|violat|polic)|blocked.{0,40}(?:safety|prohibited)"
    r"|sensitive (?:content|information)|content_violation|usage polic|invalid_prompt",
    re.IGNORECASE,
)
_OVERFLOW = re.compile(
    r"context_length_exceeded|exceed_context_size|maximum context length|context (length|window|size)"
    r"|(prompt|input) is too long|too many (input )?tokens|context the overflows|input token count"
    r"|reduce the length of the (messages|prompt|input)|request too large|too large for .{0,40}context",
    re.IGNORECASE,
)
_NO_MODEL = re.compile(
    r"model_not_found|model_not_exist|model\b[^.\n]{0,80}\b(not found|does not exist|not exist|not a valid|unknown)"
    r"|not a valid model|unknown model|no such model|invalid model\b",
    re.IGNORECASE,
)
_UNVERIFIED = re.compile(r"must be verified|verify your organi[sz]ation|identity verification", re.IGNORECASE)
_NO_MONEY = re.compile(
    r"insufficient[_ ](?:quota|balance|credit|fund)|exceeded[_ ](?:your[_ ])?current[_ ]quota|credit balance is too low"
    r"|out of credits|arrearage|billing|payment[_ ]required|no credits|hard[_ ]limit",
    re.IGNORECASE,
)
_NO_KEY = re.compile(
    r"no_db_connection|no connected db|invalid[_ ](?:api[_ ])?key|api[_ ]key[_ ](?:not valid|invalid|is invalid)"
    r"|incorrect api key|invalid_authentication|authentication_error|unauthenticated|unauthorized",
    re.IGNORECASE,
)
_BUSY = re.compile(
    r"rate[_ -]?limit|too many requests|overloaded|resource_exhausted|throttl|loading model", re.IGNORECASE
)
_TOKENS = r"max_(?:completion_|output_|new_)?tokens|output limit"
_UNFINISHED = re.compile(rf"could not finish|(?:{_TOKENS})\W.{{0,40}}(?:was|were|been) reached", re.IGNORECASE)
_TOO_SMALL = re.compile(
    rf"(?:{_TOKENS}).{{0,80}}(?:greater|larger|more|higher|bigger|above|exceed) (?:than|to)?.{{0,60}}?(\d{{3,}})"
    rf"|(?:{_TOKENS}).{{0,60}}at least.{{0,20}}?(\d{{2,}})|minimum.{{0,40}}(?:{_TOKENS}).{{0,20}}?(\d{{2,}})"
    rf"|(?:{_TOKENS}).{{0,40}}minimum.{{0,20}}?(\d{{2,}})|(?:{_TOKENS}).{{0,40}}>=? ?(\d{{2,}})",
    re.IGNORECASE | re.DOTALL,
)
_CONTEXT = re.compile(r"context (?:length|window|size)\D{0,40}(\d+)", re.IGNORECASE)
_INPUT = re.compile(
    r"(\d+) (?:input tokens|prompt tokens|tokens? (?:from|in) the (?:input|prompt|messages)|in the (?:messages|prompt))"
    r"|(?:input|prompt)\D{0,20}(\d+) tokens",
    re.IGNORECASE,
)
_UNIT = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SPAN = r"(?:\d+(?:\.\d+)?\s*(?:ms|seconds?|secs?|s|minutes?|mins?|m|hours?|h|days?|d)\s*)+"
_TOLD = re.compile(
    rf"(?:again|retry|wait|available|reset)\w*\s+(?:in|after|for|at least)?\s*:?\s*({_SPAN})", re.IGNORECASE
)
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|seconds?|secs?|s|minutes?|mins?|m|hours?|h|days?|d)", re.IGNORECASE)
_EPOCH = 1e9  # seconds; what is more is a time of day and no delay


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a request brought no reply.

    `words` is what the endpoint said, for people; `message` the same without what it quotes, with codes, for reading;
    `names` are parameters that it blames. `delay` are the seconds it asks to wait, None where it names none. `room` is
    the limit of tokens it wants at least, `most` the largest it takes, 0 where neither is said. `generation` is what
    the model had written where that did not fit the format. `is_again` is whether the endpoint says itself, by
    `x-should-retry`, that the question is to be asked again or not; None where it leaves that open.
    """

    kind: Kind
    status: int = 0
    words: str = ""
    message: str = ""
    names: tuple[str, ...] = ()
    delay: float | None = None
    room: int = 0
    most: int = 0
    generation: str = ""
    is_again: bool | None = None


def fault_of(status: int, headers: Mapping[str, str], content: str, sent: int = 0) -> Fault:
    """Return what an answer without a reply means; `sent` is the limit of tokens that was asked for."""
    try:
        body: object = json.loads(content)
    except (ValueError, RecursionError):
        body = content
    if status < 400 and isinstance(body, dict):  # noqa: PLR2004  # an error in an answer that says all is well
        inner = body.get("error")
        code = str(inner.get("code") or inner.get("status")) if isinstance(inner, dict) else ""
        status = int(code) if code.isdecimal() and 400 <= int(code) < 600 else 0  # noqa: PLR2004
    found = dict.fromkeys(_facts(body))
    messages = [text for kind, text in found if kind == "message"]
    codes = [text for kind, text in found if kind == "code"]
    names = tuple(text for kind, text in found if kind == "name")
    is_text = isinstance(body, str)
    words = "; ".join(messages or codes) or content
    message = " ".join([*(_ECHO.sub(" ", text[:_LONGEST]) for text in messages), *codes])
    if is_text:  # mostly a page of HTML
        words = " ".join(re.sub(r"<(style|script).*?</\1>|<[^>]*>", " ", content, flags=re.DOTALL).split())
        message = words[:_LONGEST]
    told = {name.lower(): value.strip().lower() for name, value in headers.items()}.get("x-should-retry", "")
    fault = Fault("broken", status, words, message, names, _delay(headers, body, message),
                  generation=_generation(body), is_again={"true": True, "false": False}.get(told))  # fmt: skip
    return _with_kind(fault, sent, is_text=is_text)


def _with_kind(fault: Fault, sent: int, *, is_text: bool) -> Fault:  # one table, read from the top
    """Return a fault with its kind, and what it says of the limit of tokens."""
    status, message, delay = fault.status, fault.message, fault.delay
    is_request = status in {400, 413, 422}
    if fault.generation or "json_validate_failed" in message:
        return replace(fault, kind="generation")
    if status not in {401, 402, 429} and status < 500 and _REFUSED.search(message):  # noqa: PLR2004
        return replace(fault, kind="refused")
    if status == 402 or (delay is None and status in {400, 403, 429} and _NO_MONEY.search(message)):  # noqa: PLR2004
        return replace(fault, kind="quota")
    if status == 401 or (status in {400, 403} and _NO_KEY.search(message)):  # noqa: PLR2004
        return replace(fault, kind="key")
    if is_request and _UNFINISHED.search(message):
        return replace(fault, kind="limit")
    if is_request and (small := _TOO_SMALL.search(message)):
        least = max(int(number) for number in small.groups() if number)
        if least >= sent:
            return replace(fault, kind="limit", room=least + 1)
    is_of_limit = re.search(_TOKENS, message, re.IGNORECASE) or (_CONTEXT.search(message) and _INPUT.search(message))
    if is_request and is_of_limit and (most := _most(message, sent)):
        return replace(fault, kind="parameter", most=most)
    if status == 413 or (status in {400, 422, 429, 500} and _OVERFLOW.search(message)):  # noqa: PLR2004
        return replace(fault, kind="overflow")
    if status in {400, 403, 404} and _UNVERIFIED.search(message):
        return replace(fault, kind="forbidden")
    if status in {400, 404, 422} and not is_text and _NO_MODEL.search(message):
        return replace(fault, kind="model")
    if status == 404 and re.search(r"requested parameters", message):  # noqa: PLR2004
        return replace(fault, kind="parameter")
    if status in {404, 405} and (is_text or not message or "nvalid url" in message or "not found" in message.lower()):
        return replace(fault, kind="path")
    if status in {408, 504, 524}:
        return replace(fault, kind="slow")
    if status in {425, 429, 503, 529} or (status in {0, 403, 498} and _BUSY.search(message)):
        return replace(fault, kind="busy")
    if status >= 500 or status in {0, 409}:  # noqa: PLR2004
        return fault
    return replace(fault, kind="parameter" if is_request else "forbidden")


def _facts(body: object, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield ("message" | "code" | "name", text) for what an error says of itself, wherever endpoints put that."""
    if depth > _DEPTH:
        return
    if isinstance(body, list):
        for item in body[:_MOST]:
            yield from _facts(item, depth + 1)
    elif isinstance(body, str):
        if body.lstrip()[:1] in {"{", "["}:
            try:
                yield from _facts(json.loads(body), depth + 1)
            except (ValueError, RecursionError):
                yield "message", body
            else:
                return
        elif body.strip():
            yield "message", body.strip()
    elif isinstance(body, dict):
        for key in _MESSAGES:
            if isinstance(body.get(key), str):
                yield from _facts(body[key], depth + 1)
        for key in _CODES:
            if isinstance(body.get(key), str | int) and not isinstance(body[key], bool):
                yield "code", str(body[key])[:100]
        for key in _NAMES:
            named = body.get(key)
            for one in named if isinstance(named, list) else [named]:
                if isinstance(one, str) and one and one != "body":
                    yield "name", one[:100]
        for key in _INNER:
            if isinstance(body.get(key), dict | list) or (key in {"error", "raw"} and isinstance(body.get(key), str)):
                yield from _facts(body[key], depth + 1)


def _most(message: str, sent: int) -> int:
    """Return the largest limit of tokens that an endpoint says it takes, 0 where it says none below what was sent."""
    context, used = _CONTEXT.search(message), _INPUT.search(message)
    if context and used:
        return max(0, int(context[1]) - int(used[1] or used[2]))
    if context:
        return 0
    below = [int(number) for number in re.findall(r"\d+", message.replace(",", "")) if 16 <= int(number) < sent]  # noqa: PLR2004
    return max(below, default=0)


def _generation(body: object) -> str:
    """Return what a model had written before the endpoint refused it, as far as the endpoint gives it back."""
    error = body.get("error") if isinstance(body, dict) else None
    for one in (error, body):
        text = one.get("failed_generation") if isinstance(one, dict) else None
        if isinstance(text, str):
            return text
    return ""


def _delay(headers: Mapping[str, str], body: object, message: str) -> float | None:
    """Return the seconds that an endpoint asks to wait, by its headers or its body; None where it names none."""
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    told = seconds(lower.get("retry-after", ""))
    if told is None and (milliseconds := seconds(lower.get("retry-after-ms", ""))) is not None:
        told = milliseconds / 1000
    if told is None:
        told = _in_body(body)
    if told is None and (match := _TOLD.search(message)):
        told = seconds(match[1])
    if told is None:  # each limit has a reset of its own: that of the one that nothing is left of
        resets = [
            value
            for name, text in lower.items()
            if "ratelimit" in name and "reset" in name and (value := seconds(text)) is not None
            if lower.get(name.replace("reset", "remaining"), "0") in {"0", "0.0"}
        ]
        told = max(resets, default=None)
    return None if told is None else max(0.0, told)


def _in_body(body: object, depth: int = 0) -> float | None:
    """Return a delay that is a field of its own in an error."""
    if depth > _DEPTH or not isinstance(body, dict | list):
        return None
    if isinstance(body, list):
        return next((told for one in body[:_MOST] if (told := _in_body(one, depth + 1)) is not None), None)
    for key, value in body.items():
        if str(key).lower() in {"retrydelay", "retry_after", "retry-after", "retryafter", "x-ratelimit-reset"}:
            told = seconds(str(value))
            if told is not None:
                return told
    inner = (_in_body(value, depth + 1) for key, value in body.items() if key in {*_INNER, "headers"})
    return next((told for told in inner if told is not None), None)


def seconds(text: str) -> float | None:
    """Return the seconds of "20", "1.5s", "7m12s", "120ms", a date, or a time in seconds or milliseconds since 1970."""
    text = text.strip()
    try:
        value = float(text)
    except ValueError:
        if parts := _PART.findall(text):
            return sum(
                float(number) * _UNIT["ms" if unit.lower() == "ms" else unit[0].lower()] for number, unit in parts
            )
        try:
            return parsedate_to_datetime(text).timestamp() - time.time()
        except (ValueError, TypeError):
            return None
    if not 0 <= value < float("inf"):
        return None
    if value > _EPOCH:
        value = (value / 1000 if value > 1000 * _EPOCH else value) - time.time()
    return max(0.0, value)
