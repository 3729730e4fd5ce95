"""A chat completion as endpoints send it: whole or streamed, answer and thinking in whatever fields, with its bill."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from graphgrow.graph.model import BROKEN, CUT, REFUSED, THINKING, Prompt, Usage
from graphgrow.graph.thinking import split_thinking
from graphgrow.llm.usage import estimate_usage, storable

_MOST_TOKENS = 2**40  # no bill is longer
_CHARACTERS = 3  # a token of an answer, on the whole; at least 1 in any language
_UNSEEN = 64  # tokens
_CUT = frozenset((CUT, THINKING, "max_tokens", "max_output_tokens", "model_length"))
_REFUSED = frozenset(
    ("content_filter", "refusal", "safety", "prohibited_content", "blocklist", "spii", "recitation", "sensitive")
)
_THOUGHTS = ("reasoning_content", "reasoning", "reasoning_details", "thinking", "thought")


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


def read_completion(content: str, prompt: Prompt) -> Completion | None:
    """Return what the body of an answer to a prompt says; None where it is no chat completion, or breaks off."""
    body = _streamed(content) if _is_stream(content) else _json(content)
    if not isinstance(body, dict) or not isinstance(body.get("choices", ""), list | None):
        return None
    choice = next((one for one in body["choices"] or () if isinstance(one, dict)), None)
    model, counts = body.get("model"), _mapping(body.get("usage"))
    model = storable(model) if isinstance(model, str) else ""
    if choice is None:
        feedback = body.get("error") or body.get("promptFeedback") or body.get("prompt_feedback")
        return Completion("", BROKEN, _usage(counts, Usage()), model=model, cost=_cost(counts), error=feedback)

    message = _mapping(choice.get("message") or choice.get("delta"))
    text, inner = _text(message.get("content") if "content" in message else choice.get("text"))
    if not text.strip():  # some give what has a schema as the call of a tool
        text = _arguments(message) or text
    thinking = inner or next((found for key in _THOUGHTS if (found := "".join(_text(message.get(key))))), "")
    said_no = _text(message.get("refusal"))[0]
    finish = str(choice.get("finish_reason") or choice.get("native_finish_reason") or "stop").lower()
    finish = CUT if finish in _CUT else finish
    estimate = estimate_usage(prompt, text + thinking)
    usage = _usage(counts, estimate)
    details = _mapping(counts.get("completion_tokens_details") or counts.get("output_tokens_details"))
    said = _whole(details.get("reasoning_tokens"))
    shown, marked = split_thinking(text)
    # Some hide it: what they bill is more than the answer can have cost, in whatever language.
    is_hidden = usage.completion_tokens > len(shown) + _UNSEEN
    has_thought = bool(thinking or marked.strip())
    thought = max(said, usage.completion_tokens - len(shown) // _CHARACTERS) if has_thought or said or is_hidden else 0
    error = choice.get("error")
    if finish in _REFUSED and not said_no and "{" in text:  # a filter cut it off in its midst
        finish = CUT
    if said_no or finish in _REFUSED:
        text, finish = said_no or text or finish, REFUSED
    elif error or finish == "error":
        return Completion(storable(text), BROKEN, usage, thought, model, cost=_cost(counts), error=error or finish)
    elif not text.strip() and thinking and finish != CUT:
        text = _final(thinking, prompt)
    rivals = () if has_thought or not prompt.logprobs else _rivals(choice.get("logprobs"))
    return Completion(storable(text), storable(finish), usage, thought, model, rivals, _cost(counts))


def _arguments(message: Mapping[str, Any]) -> str:
    """Return the arguments of the first tool that a message calls, "" where it calls none."""
    calls = message.get("tool_calls")
    first = calls[0] if isinstance(calls, list) and calls else {"function": message.get("function_call")}
    arguments = _mapping(_mapping(first).get("function")).get("arguments")
    return json.dumps(arguments) if isinstance(arguments, dict) else arguments if isinstance(arguments, str) else ""


def _json(content: str) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _whole(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MOST_TOKENS else 0


def _is_stream(content: str) -> bool:
    return content.lstrip("\ufeff\n\r ").startswith(("data:", "event:", "id:", "retry:", ": ", ":\n"))


def stream_chunks(content: str) -> Iterator[Mapping[str, Any]]:
    """Yield the events of a stream; raises ValueError for one that is none."""
    for block in content.replace("\r\n", "\n").split("\n\n"):
        lines = [line.removeprefix("data:").strip() for line in block.split("\n") if line.startswith("data:")]
        text = "\n".join(lines)
        if text and text != "[DONE]":
            yield _mapping(json.loads(text))


def _first(chunk: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what a chunk has of the first choice."""
    yield from (one for one in map(_mapping, chunk.get("choices") or []) if one.get("index", 0) == 0)


def piece(chunk: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a chunk adds to the answer, and to the thinking."""
    answer, thinking = "", ""
    for choice in _first(chunk):
        message = _mapping(choice.get("delta") or choice.get("message"))
        text, thought = _text(message.get("content"))
        other = next((found for key in _THOUGHTS if (found := "".join(_text(message.get(key))))), "")
        answer, thinking = answer + text, thinking + (thought or other)
    return answer, thinking


def _streamed(content: str) -> object:
    """Return a stream as the one body that it would have been; None where it breaks off."""
    whole: dict[str, Any] = {}
    texts: dict[str, list[str]] = {}
    logprobs: list[object] = []
    finish, has_choice = "", False
    try:
        for chunk in stream_chunks(content):
            if chunk.get("error"):
                return {"choices": [], "error": chunk["error"], "usage": whole.get("usage")}
            whole |= {key: value for key, value in chunk.items() if key != "choices" and value is not None}
            for choice in _first(chunk):
                has_choice = True
                message = _mapping(choice.get("delta") or choice.get("message"))
                for key in ("content", "refusal", *_THOUGHTS):
                    text, thinking = _text(message.get(key))
                    texts.setdefault(key, []).append(text)
                    texts.setdefault("thinking", []).append(thinking)
                scores = _mapping(choice.get("logprobs")).get("content")
                logprobs += scores if isinstance(scores, list) else []
                finish = choice.get("finish_reason") or finish
    except (ValueError, RecursionError, TypeError, AttributeError):
        return None
    if has_choice and not finish and "[DONE]" not in content[-200:]:
        return None
    message = {key: joined for key, parts in texts.items() if (joined := "".join(parts))}
    choice = {"message": message, "finish_reason": finish, "logprobs": {"content": logprobs} if logprobs else None}
    return whole | {"choices": [choice] if has_choice else []}


def _text(content: object) -> tuple[str, str]:
    """Return the text and the thinking of a content: a string, a list of parts of several types, or nothing."""
    if isinstance(content, str):
        return content, ""
    texts, thinking = list[str](), list[str]()
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            texts.append(part)
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
            elif not kind and text is None and part is content:  # the JSON itself, where a server has read it
                texts.append(json.dumps(part))
    return "".join(texts), "".join(thinking)


def _final(thinking: str, prompt: Prompt) -> str:
    """Return the answer where a server took all for thinking: the JSON or the paragraph that it ends with, if any."""
    answer, marked = split_thinking(thinking)
    body = (answer if marked.strip() and answer.strip() else thinking).strip()
    if prompt.schema is None:
        return body.rpartition("\n\n")[2]
    end = body.rstrip("`\n ")
    decoder = json.JSONDecoder(strict=False)
    for start in (place for place, letter in enumerate(end) if letter in "{["):
        try:
            _, stop = decoder.raw_decode(end, start)
        except (ValueError, RecursionError):
            continue
        if stop == len(end):
            return end[start:]
    return ""


def _usage(counts: Mapping[str, Any], estimate: Usage) -> Usage:
    """Return a bill: of two counts of what was written the larger one, which has the thinking in it."""
    sent = _whole(counts.get("prompt_tokens")) or _whole(counts.get("input_tokens"))
    received = _whole(counts.get("completion_tokens")) or _whole(counts.get("output_tokens"))
    received = max(received, _whole(counts.get("total_tokens")) - sent if sent else 0)
    details = _mapping(counts.get("prompt_tokens_details") or counts.get("input_tokens_details"))
    cached = max(
        _whole(details.get("cached_tokens")),
        _whole(counts.get("prompt_cache_hit_tokens")),
        _whole(counts.get("cache_read_input_tokens")),
        _whole(counts.get("cached_tokens")),
    )
    thought = _mapping(counts.get("completion_tokens_details") or counts.get("output_tokens_details"))
    if (apart := _whole(thought.get("reasoning_tokens"))) > received:
        received += apart
    sent = sent or estimate.prompt_tokens
    return Usage(sent, received or estimate.completion_tokens, min(cached, sent))


def _cost(counts: Mapping[str, Any]) -> float | None:
    """Return the cost in USD that an endpoint states with its counts."""
    for key in ("cost", "total_cost", "estimated_cost"):
        value = counts.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) and value >= 0:
            return float(value)
    return None


def _rivals(logprobs: object) -> tuple[tuple[str, float], ...]:
    """Return the first token of a reply and its rivals with their log-probabilities; () where there are none."""
    try:
        first = logprobs["content"][0]  # type: ignore[index]  # whatever an endpoint sends
        rows = [(str(row["token"]), float(row["logprob"])) for row in first.get("top_logprobs") or [first]]
    except (KeyError, IndexError, TypeError, ValueError, AttributeError):
        return ()
    return tuple((storable(token), value) for token, value in rows if isfinite(value))
