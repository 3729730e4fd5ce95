"""What an endpoint says when it gives no reply: which kind of fault that is, how long to wait, and in whose words.

Only messages, codes and the names of parameters are read. What an endpoint echoes, a question, a failed generation, the
value of a field, says nothing about the endpoint, and may hold any word.
"""

import ast
import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Literal

from graphgrow.graph.model import Usage

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
    "no_chat",  # the model does something else
    "path",  # there is no chat at this address
]
_DEPTH = 8
_DIGITS = 9  # of a number of tokens
_MOST = 40  # messages, codes and names that are read of one body
_LONGEST = 2000  # characters of a message that are read
_FEW_WORDS = 5
# A quotation begins where no word ends, so that what stands between two quotations is none.
_ECHO = re.compile(r"""(?<!\w)(["'`])(?=\S)(?:(?!\1)[^\n]){61,}?\1(?!\w)|\{[^{}]{120,}\}""")
_LINK = re.compile(r"https?://\S+")  # "rate-limits" and "billing" in one say nothing of this error
_MESSAGES = (
    "message", "Message", "msg", "error_msg", "error_message", "status_msg", "detail", "error_description", "title",
    "description",
)  # fmt: skip
_CODES = ("code", "type", "__type", "status", "reason", "error_code", "status_code", "quotaId", "quotaMetric")
_NAMES = ("param", "loc", "field", "parameter")
_INNER = (
    "error", "errors", "detail", "details", "metadata", "raw", "fieldViolations", "violations", "message", "innererror",
    "base_resp",
)  # fmt: skip

_REFUSED = re.compile(
    r"content[_ ]?(?:filter|policy|management)|moderation|flagged|responsibleai|data_inspection|inappropriate content"
    r"|prohibited_content|new_sensitive|safety system"
    r"|\bsafety\b.{0,40}(?:block|violat|polic)|blocked.{0,40}(?:safety|prohibited)"
    r"|sensitive (?:content|information)|content_violation|usage (?:polic|guideline)|invalid_prompt|safety[_ ]check"
    r"|content (?:exists )?risk|guardrail.{0,40}(?:interven|block|violat|trigger)|blocked.{0,40}guardrail"
    r"|\bcontent\b.{0,40}(?:violat|unsafe|prohibited|harmful)"
    r"|\u4e0d\u5b89\u5168|\u654f\u611f|\u8fdd\u89c4",  # unsafe, sensitive, against the rules
    re.IGNORECASE,
)
_OVERFLOW = re.compile(
    r"context_length_exceeded|exceed_context_size|maximum context length|context (length|window|size|limit)"
    r"|(prompt|input) is too long|too many (input )?tokens|context the overflows|input token count"
    r"|reduce the length of the (messages|prompt|input)|request too large|too large for .{0,40}context"
    r"|reduce (?:the|your) (?:prompt|input|messages|number of tokens)|longer than the maximum|maximum model length"
    r"|(?:inputs?|prompt)\W.{0,30}(?:less|fewer|at most|exceed).{0,40}(?:tokens|length|limit)",
    re.IGNORECASE,
)
# Used-up rates are reported in such words too, but after these ones no wait helps.
_NEVER_FITS = re.compile(
    r"context_length_exceeded|maximum context length|request too large|reduce the length|must be reduced", re.IGNORECASE
)
_NO_MODEL = re.compile(
    r"model_not_found|model_not_exist"
    r"|model\b[^.\n]{0,80}\b(not found|does not exist|not exist|not a valid|unknown(?! (?:error|reason|time)))"
    r"|not a valid model|unknown model|no such model|invalid model\b|\bmodel (?:identifier|id|name)\b.{0,20}\binvalid"
    r"|model\b[^.,;\n]{0,80}\b(?:decommissioned|been deprecated|(?:been|was|is) retired"
    r"|no longer (?:available|supported|offered|served))|model_(?:decommissioned|retired|deprecated)"
    r"|no models? (?:is |are )?(?:currently )?loaded|model\b[^.\n]{0,80}\bnot supported by any\b"
    r"|^model: \S+ .*not_found_error|deploymentnotfound|model_not_(?:supported|available)|resource_not_found_error"
    r"|\bmodels/\S+ is not found|not found the model|suitable inference handler"
    r"|^(?:the )?model\b[^.\n]{0,80}\bwas removed"
    r"|requested model is not supported|non-serverless model|llm provider not provided",
    re.IGNORECASE,
)
_GONE = re.compile(r"does not exist|model_not_found|no models? (?:is |are )?(?:currently )?loaded", re.IGNORECASE)
_ADDRESS = re.compile(r"\b(?:ur[li]|route|path|page)\b", re.IGNORECASE)
_NO_CHAT = re.compile(r"(?:not|n['\u2019]t) support chat|not a chat model|only support\w* embedding", re.IGNORECASE)
_BARRED = re.compile(
    r"must be verified|verify your organi[sz]ation|identity verification"
    r"|(?:organi[sz]ation|account) (?:has been|is|was) (?:restricted|disabled|suspended|deactivated|flagged)"
    r"|terms_required"
    r"|(?:location|country|region|territory)\b.{0,20}\bnot supported",
    re.IGNORECASE,
)
_NO_MONEY = re.compile(
    r"insufficient[_ ](?:account[_ ])?(?:quota|balance|credit|fund)|credit balance is too low|out of credits|arrearage"
    r"|(?:not enough|negative|overdue)\b.{0,20}(?:balance|credit|fund|quota)"
    r"|(?:balance|credits?|funds)\b.{0,30}(?:insufficient|exhausted|depleted|not enough|too low|overdue|used up)"
    r"|n[o'\u2019]t have any credits|free tier\b.{0,40}\bexhausted"
    r"|(?:calls|requests) ?(?:/|per) ?month|monthly (?:usage )?limit|no credits"
    r"|used (?:up )?(?:all|your)\b.{0,40}(?:credit|allocation|quota|allowance)|spend(?:ing)? (?:limit|cap)"
    r"|(?<!thinking )(?<!token )budget[_ ](?:has been |was |is )?exceeded|exceeded[_ ]?budget|\bover budget"  # LiteLLM
    r"|(?:daily|monthly|free)\b.{0,20}allocation|api usage limits|quota (?:has been |is )?exhausted"
    r"|\u4f59\u989d|\u6b20\u8d39|\u5145\u503c|\u989d\u5ea6",  # balance, in arrears, top up, allowance
    re.IGNORECASE,
)
# Words that are used of rates as well: they are about money where nothing names a rate.
_PLAN = re.compile(
    r"exceeded[_ ](?:your[_ ])?current[_ ]quota|billing|payment[_ ]required|hard[_ ]limit", re.IGNORECASE
)
_RATE = re.compile(
    r"per[ _-]?(?:min|sec|hour)|requests? / ?(?:min|s)|\b[rt]p[ms]\b|rate[_ -]?limit|too many requests", re.IGNORECASE
)
_NAMED = re.compile(r"\b\w+(?:Error|Exception)\b")  # of a class: every 429 is a RateLimitError
_NEVER = re.compile(r"\blimit: 0(?![.\d])")  # no wait makes room there
_NO_KEY = re.compile(
    r"expired[_ ]key|\b(?:api|access|secret|your) ?key\b.{0,40}\b(?:expired|leaked|revoked|disabled)"
    r"|missing or invalid authorization|authentication error|no_db_connection|no connected db"
    r"|invalid[_ ](?:api[_ ])?key|api[_ ]key[_ ](?:not valid|invalid|is invalid)"
    r"|invalid access token|token (?:is )?(?:invalid|expired|no longer valid)"
    r"|incorrect api key|invalid_authentication|authentication_error|unauthenticated|unauthorized",
    re.IGNORECASE,
)
_THROTTLED = re.compile(
    r"rate[_ -]?limit|too many requests|throttl|\bplease wait\b|wait before|overloaded", re.IGNORECASE
)
_BUSY = re.compile(
    _THROTTLED.pattern
    + r"|resource_exhausted|loading model|queue is full|request limit|\bqps\b|high traffic|(?:at|over) capacity"
    r"|capacity (?:temporarily )?exceeded",
    re.IGNORECASE,
)
# The model or what is behind the endpoint failed, although the status says that it was the question.
_CRASHED = re.compile(
    r"\bdegraded\b|\bcrashed\b|\b(?:is|was|model) unloaded\b|channel error|client disconnected"
    r"|failed to load (?:the )?model|out of memory|operation cancell?ed"
    r"|\b(?:model|engine|runner|worker)\b.{0,40}\b(?:terminated|unexpectedly stopped|died|is dead)"
    r"|(?:internal|received)(?: server| service)? error|(?:temporarily|service) unavailable|failed dependency"
    r"|connection (?:error|refused|reset|closed)|\bupstream\b.{0,40}\b(?:error|failed|timed? ?out)",
    re.IGNORECASE,
)
_NOWHERE = re.compile(r"no route (?:for|matched)|unexpected endpoint", re.IGNORECASE)  # Cloudflare, Kong, LM Studio
_FAILURES = frozenset((409, 421, 423, 424, 460, 499))  # of a server or connection, though numbered as the client's
# What a request may ask for beside its words, and how an endpoint says that it will not have it.
_FIELD = re.compile(
    r"log_?probs?\b|response_format|json[_ ]?(?:schema|object|mode)|structured output|\bgrammar\b|\bseed\b"
    r"|\btemperature\b|system.{0,20}(?:message|prompt|instruction)|\broles?\b|stream_options|max_(?:completion_)?tokens",
    re.IGNORECASE,
)
_UNABLE = re.compile(
    r"(?:not|n['\u2019]t) (?:been |currently |yet )?(?:support|allow|permit|implement|available|accept|recogni[sz])"
    r"|unsupported|unimplemented|unrecogni[sz]ed|unknown (?:field|parameter)|conversion failed"
    r"|invalid (?:json )?(?:schema|parameter|value|field|argument|response_format)|failed to (?:parse|convert|compile)"
    r"|only\b.{0,40}\b(?:supported|allowed|accepted)|(?:not|n['\u2019]t) be (?:used|set|applied)|unavailable"
    r"|that support|may only be|must be",
    re.IGNORECASE,
)
_WRAPPED = re.compile(r"error code:? ?(?:400|422)\b|BadRequestError|UnsupportedParamsError", re.IGNORECASE)
_TOKENS = r"max(?:imum)?[_ -]?(?:(?:completion|output|new|generated)[_ -]?)?tokens|output limit|num_predict"
_LIMIT = re.compile(_TOKENS, re.IGNORECASE)
_UNFINISHED = re.compile(
    rf"could not finish|(?:{_TOKENS})\W.{{0,40}}(?:was|were|been) reached"
    rf"|(?:{_TOKENS})\W.{{0,40}}(?:greater|larger|more|higher) than\W{{1,3}}(?:the )?(?:thinking|reasoning|budget)",
    re.IGNORECASE,
)
# A number by itself: neither a date nor the size of a model, nor a part of a name.
_NUMBER = r"(?<![\w.-])(\d{1,3}(?:,\d{3})+|\d+)(?![\w]|[.,-]\w)"
_LEAST = re.compile(
    r"(?:at least|(?:greater|larger|more|higher|bigger) than|above|must exceed|no (?:less|fewer) than"
    rf"|not (?:be )?(?:less|lower|smaller|fewer) than|minimum|>=?|\u2265)[^\d]{{0,60}}?{_NUMBER}",
    re.IGNORECASE,
)
_LARGEST = re.compile(
    r"(?:at most|(?:less|lower|smaller|fewer|greater|larger|more|higher|bigger) than|below|under|above|over|exceed\w*"
    r"|[<>]=?|\u2264|up to|afford|\bmax(?:imum)?\b|\blimit(?:ed)?\b|\[\s*\d+\s*,|between\s+\d+\s+and|from\s+\d+\s+to)"
    rf"[^\d]{{0,60}}?{_NUMBER}",
    re.IGNORECASE,
)
_RENAMED = re.compile(r"unsupported|not supported|\binstead\b", re.IGNORECASE)
_STRICT = re.compile(
    rf"(?:(?:less|lower|smaller|fewer) than|below|under)(?! or equal)[^\d]{{0,60}}?{_NUMBER}|{_NUMBER}\s?\(exclusive\)",
    re.IGNORECASE,
)
_SUM = re.compile(r"(\d+)\s{0,3}\+\s{0,3}(\d+)\s{0,3}>=?\s{0,3}(\d+)")
_CONTEXT = re.compile(
    r"(?:context[_ ](?:length|window|size|limit)|(?:sequence|model) length|max_(?:model|seq)_len|n_ctx)\D{0,40}(\d+)"
    r"|total tokens? limit\D{0,20}(\d+)"
    r"|(?:inputs?|prompt)\b[^.\d]{0,30}\+[^.\d]{0,60}(\d+)|(\d+)(?: tokens?)? (?:maximum )?context",
    re.IGNORECASE,
)
_INPUT = re.compile(
    r"(\d+)\W{1,3}(?:(?:of|from|in|tokens?|the|your|text)\W{1,2}){0,4}(?:inputs?|prompt|messages)\b"
    r"|(?:input|prompt|messages)\b\D{0,25}?(\d+)(?: tokens|\)| cannot)",
    re.IGNORECASE,
)
_REQUESTED = re.compile(r"requested\D{0,30}(\d+)", re.IGNORECASE)
_UNIT = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_ONE = r"(?:ms|seconds?|secs?|s|minutes?|mins?|m|hours?|h|days?|d)(?![a-z])"  # no month: "03 Dec"
_SPAN = rf"(?:\d+(?:\.\d+)?\s?{_ONE}\s?)+"
_TOLD = re.compile(
    rf"(?:again|retry|wait|available|reset)\w*\s+(?:in|after|for|at least)?\s*:?\s*({_SPAN})", re.IGNORECASE
)
_PART = re.compile(rf"(\d+(?:\.\d+)?)\s?({_ONE})", re.IGNORECASE)
_LEFT = re.compile(
    r"\b(?:r|remaining)=0\b.{0,40}?\b(?:t|reset)=(\d+)"
)  # of the header RateLimit: what remains, and the seconds until its reset
_DELAYS = frozenset((
    "retrydelay", "retryafter", "retryafterseconds", "retryafterms", "retryin", "retryinseconds", "xratelimitreset",
    "estimatedtime", "waitseconds",
))  # fmt: skip
_NO_COST = Usage()
_EPOCH = 1e9  # seconds; anything more is a point in time, not a delay


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a request brought no reply.

    `words` is what the endpoint said, for people; `message` the same without what it quotes, with codes, for reading;
    `names` are parameters that it blames. `delay` are the seconds it asks to wait, None where it names none. `room` is
    the limit of tokens it wants at least, `most` the largest it takes, 0 where neither is said. `generation` is what
    the model had written where that did not fit the format, or what had come of an answer that broke off. `is_again` is
    whether the endpoint says itself, by `x-should-retry`, that the question is to be asked again or not; None where it
    leaves that open.
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
    usage: Usage = _NO_COST


# The parts of an HTML page that nobody reads; one that is not closed goes on to the end.
_TAGS = re.compile(r"<style\b.*?(?:</style>|\Z)|<script\b.*?(?:</script>|\Z)|<[^<>]*>", re.DOTALL)


def fault_of(status: int, headers: Mapping[str, str], content: str, sent: int = 0) -> Fault:
    """Return what an answer without a reply means; `sent` is the limit of tokens that was asked for."""
    try:
        body: object = json.loads(content)
    except (ValueError, RecursionError):
        body = content
    if status < 400 and isinstance(body, dict):  # noqa: PLR2004  # an error in an answer that says all is well
        status = _inner_status(body)
    found = dict.fromkeys(_facts(body))
    messages = [text for kind, text in found if kind == "message"]
    codes = [text for kind, text in found if kind == "code"]
    names = tuple(text for kind, text in found if kind == "name")
    is_text = isinstance(body, str)
    words = "; ".join(messages or codes) or content
    said = " ".join(_plain(text) for text in messages)
    message = " ".join([said, *codes])
    if is_text:  # mostly a page of HTML
        words = " ".join(_TAGS.sub(" ", content).split())
        said = message = _plain(words)
    told = {name.lower(): value.strip().lower() for name, value in headers.items()}.get("x-should-retry", "")
    fault = Fault("broken", status, words, message, names, _delay(headers, body, message),
                  generation=_generation(body), is_again={"true": True, "false": False}.get(told))  # fmt: skip
    return _with_kind(fault, said, sent, is_text=is_text)


def _inner_status(body: Mapping[str, object]) -> int:
    """Return the status that an error names in an answer that says all is well, 0 where it names none."""
    inner = body.get("error")
    for one in (inner, body):
        code = str(one.get("code") or one.get("status")) if isinstance(one, dict) else ""
        if code.isdecimal() and len(code) in {3, 5} and 400 <= int(code[:3]) < 600:  # noqa: PLR2004  # 50001, as FastChat
            return int(code[:3])
    return 0


def _plain(text: str) -> str:
    """Return a message without what it quotes and links to, in single blanks."""
    return " ".join(_LINK.sub(" ", _ECHO.sub(" ", text[:_LONGEST])).split())


def _with_kind(fault: Fault, said: str, sent: int, *, is_text: bool) -> Fault:  # one table, read from the top
    """Return a fault with its kind, and what it says of the limit of tokens; `said` is its message without codes."""
    status, message, delay = fault.status, fault.message, fault.delay
    # A gateway may wrap the refusal of a field in a failure of its own.
    is_request = status in {400, 413, 422} or (status >= 500 and bool(_WRAPPED.search(message)))  # noqa: PLR2004
    if 300 <= status < 400:  # noqa: PLR2004
        return replace(fault, kind="path", words=fault.words or "a redirect to nowhere")
    if fault.generation or "json_validate_failed" in message:
        return replace(fault, kind="generation")
    is_barred = status in {400, 403, 404} and _BARRED.search(message)  # somebody is refused, not what is asked
    may_refuse = status not in {401, 402, 429} and status < 500  # noqa: PLR2004
    if status == 451 or (may_refuse and not is_barred and _REFUSED.search(message)):  # noqa: PLR2004
        return replace(fault, kind="refused")
    is_of_limit = _LIMIT.search(" ".join([*fault.names, said])) is not None
    if status == 402 and is_of_limit and (most := _most(said, sent)):  # noqa: PLR2004  # fewer could be paid for
        return replace(fault, kind="parameter", most=most)
    is_for_good, plan = delay is None or _NEVER.search(message), _PLAN.search(message)
    rates = message if plan and plan[0].startswith("hard") else _NAMED.sub(" ", message)
    is_spent = _NO_MONEY.search(message) or (plan and (_NEVER.search(message) or not _RATE.search(rates)))
    if status == 402 or (is_for_good and status in {0, 400, 401, 403, 412, 429} and is_spent):  # noqa: PLR2004
        return replace(fault, kind="quota")
    if status == 401 or (status in {0, 400, 403} and _NO_KEY.search(message)):  # noqa: PLR2004
        return replace(fault, kind="key")
    if status == 400 and _THROTTLED.search(message):  # noqa: PLR2004
        return replace(fault, kind="busy")
    is_of_field = bool(_FIELD.search(said) and _UNABLE.search(said))
    if status in {400, 404, 422} and _CRASHED.search(message) and not (is_of_field or _GONE.search(said)):
        return fault
    if is_request and _UNFINISHED.search(said):
        room = max((number for number in _numbers(_LEAST, said) if number >= sent), default=-1) + 1
        return replace(fault, kind="limit", room=room)
    if is_request and (left := _left_of_context(said, sent)):
        return replace(fault, kind="parameter", most=left)
    if is_request and is_of_limit and not _CONTEXT.search(said):
        least = [number for number in _numbers(_LEAST, said) if number >= sent]
        if least and not (most := _most(said, sent)):
            return replace(fault, kind="limit", room=max(least) + 1)
        if most := _most(said, sent):
            return replace(fault, kind="parameter", most=most)
    overflow = _NEVER_FITS if status == 429 else _OVERFLOW  # noqa: PLR2004
    if status == 413 or (status in {400, 422, 429, 500} and overflow.search(message)):  # noqa: PLR2004
        return replace(fault, kind="overflow")
    if is_barred:
        return replace(fault, kind="forbidden")
    if status in {400, 404, 422} and _NO_CHAT.search(message):
        return replace(fault, kind="no_chat")
    is_gone = status == 503 and delay is None and _GONE.search(message)  # noqa: PLR2004
    if is_gone or (status in {400, 404, 410, 422} and not is_text and _NO_MODEL.search(message)):
        return replace(fault, kind="model")
    if status in {0, 403, 404, 405, 500, 501} and is_of_field:
        return replace(fault, kind="parameter")
    if status == 404 and re.search(r"requested parameters", message):  # noqa: PLR2004
        return replace(fault, kind="parameter")
    # "Resource not found" is about the address; what says more is about something else, unless it says so.
    is_of_address = len(said.split()) <= _FEW_WORDS or _ADDRESS.search(said)
    is_nowhere = "not found" in message.lower() and is_of_address
    is_nowhere = is_nowhere or "nvalid url" in message or _NOWHERE.search(message)
    if status in {404, 405} and (is_text or not message or is_nowhere):
        return replace(fault, kind="path")
    if status in {0, 400} and _NOWHERE.search(message):
        return replace(fault, kind="path")
    if status in {408, 504, 524}:
        return replace(fault, kind="slow")
    if status in {425, 429, 503, 529} or (status in {0, 403, 498, 500} and _BUSY.search(message)):
        return replace(fault, kind="busy")
    if is_request:
        return replace(fault, kind="parameter")
    return fault if status >= 500 or status in {0, *_FAILURES} else replace(fault, kind="forbidden")  # noqa: PLR2004


def _facts(body: object, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Yield ("message" | "code" | "name", text) for what an error says of itself, wherever endpoints put that."""
    if depth > _DEPTH:
        return
    if isinstance(body, list):
        for item in body[:_MOST]:
            yield from _facts(item, depth + 1)
    elif isinstance(body, str):
        inner = _inside(body)
        if inner is not None:
            yield from _facts(inner, depth + 1)
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
            parts = named if isinstance(named, list | tuple) else [named]
            for one in parts[:_MOST]:
                if isinstance(one, str) and one and one != "body":
                    yield "name", one[:100]
            if len(parts) > 2:  # noqa: PLR2004  # which of the messages, and what of it
                yield "name", ".".join(map(str, parts[:_MOST]))[:100]
        for key in _INNER:
            if isinstance(body.get(key), dict | list) or (key in {"error", "raw"} and isinstance(body.get(key), str)):
                yield from _facts(body[key], depth + 1)


def _inside(text: str) -> object:
    """Return what a text holds that is JSON, or a list or dict as Python writes it; None for any other."""
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        return ast.literal_eval(text.strip()) if len(text) <= _LONGEST else None
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None


def _numbers(pattern: re.Pattern[str], said: str) -> Iterator[int]:
    """Yield the numbers that a message compares something with."""
    for match in pattern.finditer(said):
        number = next(filter(None, match.groups())).replace(",", "")
        if len(number) <= _DIGITS:
            yield int(number)


def _most(said: str, sent: int) -> int:
    """Return the largest limit of tokens that an endpoint says it takes, 0 where it says none below what was sent."""
    if "max_completion_tokens" in said and _RENAMED.search(said):  # the field has another name
        return 0
    numbers = [*_numbers(_LARGEST, said), *(number - 1 for number in _numbers(_STRICT, said))]
    return max((number for number in numbers if 16 <= number < sent), default=0)  # noqa: PLR2004


def _left_of_context(said: str, sent: int) -> int:
    """Return what the question leaves of a context for its reply; 0 where that is not said, or not less than sent."""
    said = re.sub(r"(?<=\d),(?=\d{3}\b)", "", said)
    if whole := _SUM.search(said):
        one, other, size = (int(number[:_DIGITS]) for number in whole.groups())
        used = other if one == sent else one
    else:
        context, question, requested = _CONTEXT.search(said), _INPUT.search(said), _REQUESTED.search(said)
        if not context:
            return 0
        size = int(next(filter(None, context.groups()))[:_DIGITS])
        if question:
            used = int(next(filter(None, question.groups()))[:_DIGITS])
        elif requested:  # question and reply together
            used = int(requested[1][:_DIGITS]) - sent
        else:
            return 0
    return size - used if 0 < used < size < used + sent else 0


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
    for name, text in lower.items():
        if told is None and "retry-after" in name and (value := seconds(text)) is not None:
            told = value / 1000 if name.endswith("-ms") else value
    if told is None:
        told = _in_body(body)
    if told is None and (match := _TOLD.search(message)):
        told = seconds(match[1])
    if told is None and (match := _LEFT.search(lower.get("ratelimit", ""))):
        told = seconds(match[1])
    if told is None:  # each limit has its own reset: take that of the one with nothing left
        resets = [
            value
            for name, text in lower.items()
            if "ratelimit" in name.replace("-", "") and "reset" in name and (value := seconds(text)) is not None
            if lower.get(name.replace("reset", "remaining"), "0") in {"0", "0.0"}
        ]
        told = max(resets, default=None)
    return None if told is None else max(0.0, told)


def _in_body(body: object, depth: int = 0) -> float | None:
    """Return a delay that is a field of its own in an error."""
    body = _inside(body) if isinstance(body, str) else body
    if depth > _DEPTH or not isinstance(body, dict | list):
        return None
    if isinstance(body, list):
        return next((told for one in body[:_MOST] if (told := _in_body(one, depth + 1)) is not None), None)
    for key, value in body.items():
        name = re.sub(r"[_-]", "", str(key).lower())
        if name in _DELAYS and (told := seconds(str(value))) is not None:
            return told / 1000 if name.endswith("ms") else told
    inner = (_in_body(value, depth + 1) for key, value in body.items() if key in {*_INNER, "headers"})
    return next((told for told in inner if told is not None), None)


def seconds(text: str) -> float | None:
    """Return the seconds of "20", "1.5s", "7m12s", "120ms", a date, or a time in seconds or milliseconds since 1970."""
    text = text.strip()[:_LONGEST]
    try:
        value = float(text)
    except ValueError:
        if ":" in text or text[:4].isdecimal():  # a date has numbers that are no spans
            for read in (parsedate_to_datetime, datetime.fromisoformat):
                with suppress(ValueError, TypeError, OverflowError):
                    return read(text).timestamp() - time.time()
        parts = _PART.findall(text)
        spans = (float(number) * _UNIT["ms" if unit.lower() == "ms" else unit[0].lower()] for number, unit in parts)
        return sum(spans) if parts else None
    if not 0 <= value < float("inf"):
        return None
    if value > _EPOCH:
        value = (value / 1000 if value > 1000 * _EPOCH else value) - time.time()
    return max(0.0, value)
