"""A chat completion as endpoints send it: whole or streamed, answer and thinking in whatever fields, with its bill."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from html import unescape
from itertools import pairwise
from math import isfinite
from typing import Any

from graphgrow.graph.model import BROKEN, CUT, REFUSED, THINKING, Prompt, Usage
from graphgrow.graph.thinking import split_thinking
from graphgrow.llm.usage import estimate_usage, storable

_MOST_TOKENS = 2**40  # no bill is longer
_CHARACTERS = 3  # a token of an answer, on the whole; at least 1 in any language
_UNSEEN = 64  # tokens
_SHORT = 16  # tokens; so short a limit is no room to think, and one token may be blank
_LONGEST_SIGN = 40  # characters of a line of a stream that is no piece of an answer
_CHUNKS = 2  # fewer may begin alike by chance
_DEPTH = 2  # of a bill within another, of a string of JSON in one
_CITED = re.compile(r"(?<=[\w).])(?:\[\d{1,3}\])+")
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3}){1,4}|\d{1,13}(?:\.\d{1,9})?")
_FEW = 8  # tokens at the beginning of a reply
_WORD = re.compile(r"^(?!<[|\uff5c]?\w)\W*[^\W\d_]")  # and no tag, nor a mark of a chat template
_STREAM = ("data:", "event:", "id:", "retry:", ":")
_COMMENTS = re.compile(r"(?::[^\n]*\n[\s\0]*)+")
LARGEST = 0.01  # log-probability: some are a little above 0, for they are rounded
_CUT = frozenset((
    CUT, THINKING, "max_tokens", "max_output_tokens", "max_new_tokens", "model_length", "max_length", "token_limit",
    "model_context_window_exceeded",
))  # fmt: skip
_REFUSED = re.compile(
    r"content_?filter|refus|safety|prohibited|blocklist|blocked|spii|recitation|sensitive|guardrail|toxic|moderat|violat"
)
_FAILED = re.compile(
    r"^(?:error|.*_error|abort\w*|.*insufficient_\w*resource|.*unavailable|timeout|cancell?ed|malformed\w*)$"
)
# What a proxy says in place of a model, in a line without any answer.
_NO_REPLY = re.compile(
    r"\W*(?:(?:http )?error\s?[:!]|error code:? \d|upstream (?:connect|request)|(?:[45]\d\d:?\s)?(?:bad gateway"
    r"|internal server error|service (?:is )?(?:temporarily )?unavailable|gateway time-?out|too many requests"
    r"|bad request|rate limit (?:reached|exceeded))\b|(?:an? )?(?:\w+ )?error (?:has )?occurred|something went wrong"
    r"|(?:the )?(?:model|server|service) is (?:currently )?(?:overloaded|unavailable|busy)"
    r"|connection (?:error|refused|reset|timed out)|request timed out)",
    re.IGNORECASE,
)
_LONGEST_ERROR = 300  # characters
_THOUGHTS = ("reasoning_content", "reasoning", "reasoning_details", "thinking", "thinking_blocks", "thought")
# One line that thinks aloud is no answer.
_ALOUD = re.compile(r"\b(?:i|let me|let's|okay|hmm|wait|(?:the|this) (?:user|question|prompt))\b|\n", re.IGNORECASE)
_LONGEST_FINAL = 400  # characters
# Lines that are a number and what is said of it, to the end: "1: 85", several of them.
_RATED = re.compile(
    r"(?:^[ \t*#(-]{0,4}\d{1,2}[ ).:=-]{1,4}\d{1,3}(?:\.\d{1,4})?[ %*]{0,4}(?:\n|\Z)){2,}\Z", re.MULTILINE
)
# Where bills stand, and what their counts are called; in lower case without underscores.
_BILLS = ("usage", "usageMetadata", "usage_metadata", "x_groq", "billed_units", "tokens", "meta", "timings")
_SENT = (
    "prompttokens", "inputtokens", "prompttokencount", "inputtokencount", "promptevalcount", "promptn", "input",
    "prompt",
)  # fmt: skip
_RECEIVED = (
    "completiontokens", "outputtokens", "candidatestokencount", "outputtokencount", "generatedtokens", "evalcount",
    "predictedn", "output", "completion",
)  # fmt: skip
_TOTAL = ("totaltokens", "totaltokencount")
_THOUGHT = ("reasoningtokens", "thoughtstokencount", "thinkingtokens")
_CACHED = ("cachedtokens", "promptcachehittokens", "cachereadinputtokens", "cachedcontenttokencount", "cachereadtokens")


@dataclass(frozen=True, slots=True)
class Completion:
    """What a body says: the text with its answer in it, why it ended (as in Reply), its bill and whose words it is.

    `thought` are the tokens that went into thinking, as far as can be told. `cost` in USD is the one that the endpoint
    states. An endpoint that sends no choice, or an error in its place, has `finish` BROKEN and the error in `error`.
    """

    text: str
    finish: str
    usage: Usage
    thought: int = 0
    model: str = ""
    logprobs: tuple[tuple[str, float], ...] = ()
    cost: float | None = None
    error: object = None

    @property
    def has_answer(self) -> bool:
        """Whether anything but thinking is in it."""
        return bool(split_thinking(self.text)[0].strip())


def read_completion(content: str, prompt: Prompt, limit: int = 0) -> Completion | None:
    """Return what the body of an answer to a prompt says; None where it is no chat completion, or breaks off.

    `limit` are the tokens that the reply was allowed, 0 where that is not known.
    """
    body = _body(content)
    if not isinstance(body, dict) or not isinstance(body.get("choices", ""), list | None):
        return None
    choices = [one for one in body["choices"] or () if isinstance(one, dict)]
    choice = next((one for one in choices if _says_anything(one)), next(iter(choices), None))
    model, counts = body.get("model"), _counts(body) or _counts(choice)
    model = storable(model) if isinstance(model, str) else ""
    if choice is None:
        feedback = body.get("error") or body.get("promptFeedback") or body.get("prompt_feedback")
        return Completion("", BROKEN, _usage(counts, Usage()), model=model, cost=_cost(counts), error=feedback)

    message = _mapping(choice.get("message") or choice.get("delta"))
    text, inner = _text(message.get("content") if "content" in message else choice.get("text"))
    if not text.strip():  # some return JSON for a schema as the call of a tool
        text = _arguments(message) or text
    text = _unquoted(text) if prompt.schema is not None else text
    if body.get("citations") or body.get("search_results"):  # Perplexity puts their numbers into names
        text = _CITED.sub("", text)
    thinking = inner or next((found for key in _THOUGHTS if (found := "".join(_text(message.get(key))))), "")
    said_no = _text(message.get("refusal"))[0]
    finish = _reason(choice, is_blank=not text.strip())
    estimate = estimate_usage(prompt, text + thinking)
    usage = _usage(counts, estimate)
    said = _count(counts, _THOUGHT)
    shown, marked = split_thinking(text)
    # Some hide thinking: what they bill is more than the answer can have cost, in whatever language.
    is_hidden = usage.completion_tokens > len(shown) + _UNSEEN
    has_thought = bool(thinking or marked.strip())
    thought = max(said, usage.completion_tokens - len(shown) // _CHARACTERS) if has_thought or said or is_hidden else 0
    error = (
        choice.get("error") or (body.get("error") if not text.strip() else None) or (text if _is_error(text) else None)
    )
    is_nothing = not (text.strip() or thinking or choice.get("logprobs") or usage.completion_tokens) and finish != CUT
    is_refused = _REFUSED.search(finish) is not None
    if is_refused and not said_no and "{" in text:  # a filter cut it off in the middle
        is_refused, finish = False, CUT
    if said_no or is_refused:
        text, finish = said_no or text or finish, REFUSED
    elif error or _FAILED.match(finish) or is_nothing:
        usage = usage if _count(counts, (*_SENT, *_RECEIVED, *_TOTAL)) or text.strip() else Usage()
        error = error or ("an empty reply" if is_nothing else finish)
        return Completion(storable(text), BROKEN, usage, thought, model, cost=_cost(counts), error=error)
    elif not shown.strip() and counts and _SHORT < limit <= usage.completion_tokens:  # whatever reason it gives
        finish = CUT
    elif not text.strip() and thinking and finish != CUT:
        text = _final(thinking, prompt)
        finish = finish if text.strip() else THINKING
    rivals = () if has_thought or not prompt.logprobs else _rivals(choice.get("logprobs"))
    return Completion(storable(text), storable(finish), usage, thought, model, rivals, _cost(counts))


def _reason(choice: Mapping[str, Any], *, is_blank: bool) -> str:
    """Return why a choice ended; a blank one in the words of the provider behind a gateway, where those say more."""
    given = [choice.get("finish_reason"), choice.get("native_finish_reason")]
    reasons = [str(one.get("type") if isinstance(one, dict) else one).lower() for one in given if one] or ["stop"]
    reasons = [CUT if one in _CUT else one for one in reasons]
    worse = (one for one in reasons if one == CUT or _REFUSED.search(one) or _FAILED.match(one))
    return next(worse, reasons[0]) if is_blank else reasons[0]


def _is_error(text: str) -> bool:
    is_short = len(text) <= _LONGEST_ERROR and "{" not in text and "[" not in text
    return is_short and _NO_REPLY.match(text) is not None


def _says_anything(choice: Mapping[str, Any]) -> bool:
    """Return whether a choice has an answer, or says why it has none."""
    message = _mapping(choice.get("message") or choice.get("delta"))
    return bool(choice.get("text") or choice.get("error") or any(message.get(key) for key in message.keys() - {"role"}))


def _unquoted(text: str) -> str:
    """Return a text that is JSON in a string of JSON, or in HTML, as the JSON itself; in a few of them as well."""
    for _ in range(_DEPTH + 1):
        begun = text.strip()
        if begun.startswith('"'):
            inner = _json(begun)
        elif re.match(r'[{\[]\s{0,9}\\+"', begun):  # the string without its quotation marks
            inner = _json(f'"{begun}"')
        elif "&quot;" in begun and '"' not in begun:
            inner = unescape(begun)
        else:
            return text
        if not isinstance(inner, str) or not {"{", "["} & set(inner):
            return text
        text = inner
    return text


def _arguments(message: Mapping[str, Any]) -> str:
    """Return the arguments of the tools that a message calls, one after the other; "" where it calls none."""
    calls = message.get("tool_calls") or message.get("function_call")
    found = list[str]()
    for call in calls if isinstance(calls, list) else [calls]:
        inner = _mapping(call).get("function")
        given = {**_mapping(call), **_mapping(inner)}
        arguments = next((given[name] for name in ("arguments", "input", "parameters") if given.get(name)), "")
        found.append(arguments if isinstance(arguments, str) else json.dumps(arguments))
    return "\n".join(filter(None, found))


def _json(content: str) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _body(content: str) -> object:
    """Return the body of an answer, be it a stream, or padded, or with a comment or the end of a stream after it."""
    padding = "\ufeff\0\n\r\t "
    content = content.strip(padding)
    if comments := _COMMENTS.match(content):  # which kept it alive; and then whatever it is
        content = content[comments.end() :]
    if content.startswith(_STREAM):
        return _streamed(content)
    if not content.startswith("{"):
        return None
    try:
        body, end = json.JSONDecoder().raw_decode(content)
    except (ValueError, RecursionError):
        return None
    wrapped = (_mapping(body).get(key) for key in ("data", "result", "response", "output"))
    body = next((one for one in wrapped if "choices" in _mapping(one) and "choices" not in body), body)
    choices = _mapping(body).get("choices")
    is_chunk = isinstance(choices, list) and any("delta" in _mapping(one) for one in choices)
    if is_chunk and content[end:].lstrip().startswith(("{", "data:")):  # a stream without its field names
        return _streamed(content)
    return body if end == len(content) or choices else None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _whole(value: object) -> int:
    """Return a count of tokens, which may be text, 120.0 or 1,200; 0 where it is none."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = float(value.replace(",", ""))
    if isinstance(value, float) and isfinite(value):
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MOST_TOKENS else 0


def stream_chunks(content: str) -> Iterator[Mapping[str, Any]]:
    """Yield the events of a stream; raises ValueError for one that is none.

    An event ends with an empty line, or with the line that is whole by itself, as some send nothing between them.
    """
    pending = list[str]()
    for line in (*content.replace("\r\n", "\n").replace("\r", "\n").split("\n"), ""):
        is_bare = line.startswith("{")
        if not (is_bare or line.startswith("data:")):
            if not line.strip() and pending:
                event, pending = "\n".join(pending), []
                yield _mapping(json.loads(event))
            continue
        text = line.removeprefix("data:").strip("\0 \t")
        is_word = not pending and text[:1] not in {"{", "["} and len(text) <= _LONGEST_SIGN
        if not text or text == "[DONE]" or is_word:  # DONE, keep-alive
            continue
        if not pending and text.startswith("{") and text.endswith("}"):
            try:
                event = json.loads(text)
            except ValueError:
                pending.append(text)
            else:
                yield _mapping(event)
        else:
            pending.append(text)


def _first(chunk: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what a chunk has of the first choice."""
    yield from (one for one in map(_mapping, chunk.get("choices") or []) if (one.get("index") or 0) == 0)


def _part(choice: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a choice of a stream adds: a piece, a whole message, or a bare text."""
    return _mapping(choice.get("delta") or choice.get("message") or {"content": choice.get("text")})


def piece(chunk: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a chunk adds to the answer, and to the thinking."""
    answer, thinking = "", ""
    for choice in _first(chunk):
        message = _part(choice)
        text, thought = _text(message.get("content"))
        other = next((found for key in _THOUGHTS if (found := "".join(_text(message.get(key))))), "")
        answer, thinking = answer + text, thinking + (thought or other)
    return answer, thinking


def _streamed(content: str) -> object:
    """Return a stream as the one body that it would have been; None where it breaks off."""
    whole: dict[str, Any] = {}
    texts: dict[str, list[str]] = {}
    arguments, logprobs = list[str](), list[object]()
    finish, has_choice, is_billed = "", False, False
    try:
        for chunk in stream_chunks(content):
            if chunk.get("error"):
                return {"choices": [], "error": chunk["error"], "usage": whole.get("usage")}
            whole |= {key: value for key, value in chunk.items() if key != "choices" and value is not None}
            is_billed = bool(chunk.get("usage")) and not chunk.get("choices")  # what a stream ends with
            for choice in _first(chunk):
                has_choice = True
                part = _part(choice)
                if not choice.get("delta") and choice.get("message") and part.get("content"):  # the whole once more
                    texts.clear()
                for key in ("content", "refusal", *_THOUGHTS):
                    text, thinking = _text(part.get(key))
                    texts.setdefault(key, []).append(text)
                    texts.setdefault("thinking", []).append(thinking)
                arguments.append(_arguments(part))
                scores = _mapping(choice.get("logprobs")).get("content")
                logprobs += scores if isinstance(scores, list) else []
                finish = choice.get("finish_reason") or finish
    except (ValueError, RecursionError, TypeError, AttributeError):
        return None
    message: dict[str, Any] = {key: joined for key, parts in texts.items() if (joined := _joined(parts))}
    if called := "".join(arguments):
        message["tool_calls"] = [{"function": {"arguments": called}}]
    if has_choice and not finish and not is_billed and "[DONE]" not in content[-200:]:
        return None
    choice = {"message": message, "finish_reason": finish, "logprobs": {"content": logprobs} if logprobs else None}
    return whole | {"choices": [choice] if has_choice else []}


def _joined(parts: list[str]) -> str:
    """Return the text of a stream, whose chunks may each be all that came so far."""
    said = list(filter(None, parts))
    is_whole = len(said) > _CHUNKS and len(said[-1]) > len(said[0])
    if is_whole and all(later.startswith(earlier) for earlier, later in pairwise(said)):
        return said[-1]
    return "".join(said)


def _text(content: object) -> tuple[str, str]:
    """Return the text and the thinking of a content: a string, a list of parts of several types, or nothing."""
    if isinstance(content, str):
        return content, ""
    texts, thinking = list[str](), list[str]()
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, dict) and isinstance(part.get("parts"), list):  # as Gemini has them
            said, thought = _text(part["parts"])
            texts.append(said)
            thinking.append(thought)
        elif isinstance(part, dict):
            kind = str(part.get("type") or "").lower()
            is_thought = part.get("thought") is True or any(word in kind for word in ("think", "reason", "summary"))
            text = part.get("text")
            text = text.get("value") if isinstance(text, dict) else text
            if is_thought:
                inner = part.get("thinking") or part.get("reasoning") or part.get("summary")
                thinking.append(text if isinstance(text, str) else "".join(_text(inner)))
            elif isinstance(text, str) and "refus" not in kind:
                texts.append(text)
            elif not kind and text is None and isinstance(part.get("content"), str | list):
                texts.append("".join(_text(part["content"])))
            elif not kind and text is None and part is content:  # the JSON itself, where a server has read it
                texts.append(json.dumps(part))
    return "".join(texts), "".join(thinking)


def _final(thinking: str, prompt: Prompt) -> str:
    """Return the answer where a server took all for thinking: the JSON or ratings that it ends with, or its line."""
    answer, marked = split_thinking(thinking)
    body = (answer if marked.strip() and answer.strip() else thinking).strip()
    end = body.rstrip("`\n ")
    decoder = json.JSONDecoder(strict=False)
    for start in (place for place, letter in enumerate(end) if letter in "{["):
        try:
            _, stop = decoder.raw_decode(end, start)
        except (ValueError, RecursionError):
            continue
        if stop == len(end):
            return end[start:]
    if prompt.schema is not None:
        return ""
    if rated := _RATED.search(body):
        return rated[0]
    is_marked = bool(marked.strip() and answer.strip())
    is_answer = is_marked or (len(body) <= _LONGEST_FINAL and not _ALOUD.search(body))
    return body.rpartition("\n\n")[2] if is_answer else ""


def _counts(body: object, depth: int = 0) -> Mapping[str, Any]:
    """Return the counts of a bill by their names, in lower case without underscores, wherever they stand in a body."""
    for key in _BILLS:
        bill = _mapping(body).get(key)
        bill = bill[0] if isinstance(bill, list) and bill else bill
        if not isinstance(bill, dict) or not bill:
            continue
        if inner := _counts(bill, depth + 1) if depth < _DEPTH else {}:
            return inner
        counts = {str(name).replace("_", "").lower(): value for name, value in bill.items()}
        if key == "usage" or _count(counts, (*_SENT, *_RECEIVED, *_TOTAL)):
            return counts
    return {}


def _count(counts: Mapping[str, Any], names: tuple[str, ...]) -> int:
    """Return the largest count of one of these names, also in the details beside the others."""
    details = [_mapping(value) for name, value in counts.items() if name.endswith("details")]
    inner = ((name.replace("_", "").lower(), value) for one in details for name, value in one.items())
    return max((_whole(value) for name, value in (*counts.items(), *inner) if name in names), default=0)


def _usage(counts: Mapping[str, Any], estimate: Usage) -> Usage:
    """Return a bill: of two counts of what was written the larger one, which has the thinking in it."""
    flat = {name: value for name, value in counts.items() if not isinstance(value, dict)}
    sent, received, total = (_count(flat, names) for names in (_SENT, _RECEIVED, _TOTAL))
    cached = _count(counts, _CACHED)
    read, written = (_whole(counts.get(name)) for name in ("cachereadinputtokens", "cachecreationinputtokens"))
    if sent and (read > sent or (read + written and "prompttokens" not in counts)):  # Anthropic counts some apart
        sent += read + written
    if not sent and not received and total:  # only their sum is told
        sent = min(estimate.prompt_tokens, total - 1)
    received = max(received, total - sent if sent else 0)
    if (apart := _count(counts, _THOUGHT)) > received:
        received += apart
    sent = sent or estimate.prompt_tokens
    return Usage(sent, received or estimate.completion_tokens, min(cached, sent))


def _cost(counts: Mapping[str, Any]) -> float | None:
    """Return the cost in USD that an endpoint states with its counts."""
    for key in ("cost", "totalcost", "estimatedcost", "costusd", "total_cost"):
        value = counts.get(key)
        if isinstance(value, dict):  # part by part, and their sum
            value = value.get("total_cost", value.get("total"))
        try:
            cost = -1.0 if value is None or isinstance(value, bool) else float(value)
        except (TypeError, ValueError, OverflowError):
            continue
        if isfinite(cost) and cost >= 0:
            return cost
    return None


def _rivals(logprobs: object) -> tuple[tuple[str, float], ...]:
    """Return the first word of a reply and its rivals with their log-probabilities; () where there are none.

    A blank or a mark before it is passed over where the endpoint tells of more tokens than one.
    """
    rows: tuple[tuple[str, float], ...] = ()
    with suppress(KeyError, IndexError, TypeError, ValueError, AttributeError):
        for one in _places(logprobs):
            token, here = _place(one)
            rows = rows or here
            if _WORD.search(token):
                rows = here
                break
    if any(value > LARGEST for _, value in rows):  # no probability has such a logarithm
        return ()
    return tuple((storable(token), value) for token, value in rows if isfinite(value))


def _places(logprobs: object) -> list[Any]:
    """Return what is said of each token of the beginning of a reply, in whichever shape an endpoint gives that."""
    told = logprobs.get("content", logprobs) if isinstance(logprobs, dict) else logprobs
    if isinstance(told, dict) and isinstance(told.get("tokens"), list):  # as of completions before there was chat
        tops = told.get("top_logprobs")
        tops = tops if isinstance(tops, list) else [tops]
        rows = zip(told["tokens"], told["token_logprobs"], strict=False)
        told = [
            {"token": token, "logprob": value, "top_logprobs": tops[at] if at < len(tops) else None}
            for at, (token, value) in enumerate(rows)
        ]
    return (told if isinstance(told, list) else [told])[:_FEW]


def _place(row: Any) -> tuple[str, tuple[tuple[str, float], ...]]:  # noqa: ANN401  # whatever an endpoint sends
    """Return a token, and what might have stood in its place, itself included, with log-probabilities."""
    top = row.get("top_logprobs")
    pairs = top.items() if isinstance(top, dict) else [(one["token"], one["logprob"]) for one in top or [row]]
    rows = tuple((str(token), float(value)) for token, value in pairs)
    return str(row.get("token") or rows[0][0]), rows
