"""What an OpenAI-compatible endpoint takes, learnt from what it refuses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from graphgrow.graph.model import Prompt
from graphgrow.llm.faults import Fault

# From the tightest output format to none; an endpoint that refuses one is asked with the next.
FORMATS = ("strict", "schema", "json", "text")
RIVALS = 5  # tokens whose log-probabilities are asked for; more are refused by some
ROOMS = (4096, 16384)  # tokens for thinking, one after the other, where a reply ended before its answer began
_SMALLEST = 512  # tokens for thinking; fewer are no use
_LEAST = 0.5  # of the limit that an answer needs, below which the question has to be shorter
_SEED = re.compile(r"\bseed\b")
_SYSTEM = re.compile(
    r"system.{0,20}(role|message|instruction|prompt)|role.{0,20}system|developer instruction|roles must alternate"
    r"|\broles?\b.{0,40}(?:not|un)\w* ?(?:support|allow|permit|accept)|(?:invalid|unexpected|unknown) role"
    r"|role of (?:the )?first message|first message.{0,20}must be.{0,12}user"
    r"|messages\W{0,2}\d\W{0,2}role|['\"`]?user['\"`]?(?:,| or| and)\s{0,3}(?:or |and )?['\"`]?assistant"
)
_LOGPROBS = re.compile(r"log_?prob|log.?probabilit")
_BUDGET = re.compile(r"think|reason|budget")
_STREAM = re.compile(
    r"(only|must|enable|require|need|use|set).{0,30}\bstream|\bstream\w*.{0,30}(only|must|required|true)"
)
_NO_STREAM = re.compile(
    r"(?<!non-)(?<!non )\bstream\w*.{0,40}(not|un)\w* ?(support|allow|available|permit)"
    r"|(unsupported|unknown).{0,30}stream"
)
_USAGE = re.compile(r"stream_options|include_usage")
_FIXED = re.compile(
    r"(?:parameter\.)?[\"'`]?(\w+)[\"'`]? (?:must|should|has to|needs to) be (?:set to |equal to )?[\"'`]?"
    r"(true|false|null|-?\d+(?:\.\d+)?)\b",
    re.IGNORECASE,
)
_VALUES: dict[str, object] = {"true": True, "false": False, "null": None}
_FORMAT = re.compile(
    r"response_format|json_schema|json_object|json mode|schema|grammar|structured output|additionalproperties|minlength"
    r"|unsupported|not support|unknown (field|parameter|name)|extra"
)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """How to ask one endpoint; the defaults are what the best of them take.

    `room` are the tokens that a reply is given to think, beside those for its answer; `most` is the largest limit that
    is taken and `least` the smallest, 0 for any. `fixed` are fields that the endpoint wants to have these values.
    """

    format: int = 0
    tokens_field: str = "max_tokens"
    temperature: bool = True
    seed: bool = True
    system: bool = True
    logprobs: bool = True
    stream: bool = False
    stream_usage: bool = True
    room: int = 0
    most: int = 0
    least: int = 0
    fixed: tuple[tuple[str, object], ...] = ()

    def concede(self, fault: Fault, prompt: Prompt) -> "Capabilities | None":
        """Return the capabilities to try after a refusal, or None where nothing that it names can be given up.

        Names of parameters are read before the message; each refusal gives up one thing.
        """
        if fault.kind == "limit":
            if fault.room and not _BUDGET.search(fault.message.lower()):
                return replace(self, least=fault.room) if fault.room > self.limit(prompt) else None
            room = fault.room - prompt.max_tokens if fault.room else self.next_room
            return self.with_room(room) if room > self.room else None
        if fault.most:
            is_less = fault.most < self.limit(prompt)
            return replace(self, most=fault.most) if is_less and fault.most >= _LEAST * prompt.max_tokens else None
        return next(filter(None, (self._without(text.lower(), prompt) for text in (*fault.names, fault.message))), None)

    def _without(self, words: str, prompt: Prompt) -> "Capabilities | None":  # a line per field
        """Return the capabilities without the one field that some words are about."""
        if "max_completion_tokens" in words and self.tokens_field == "max_tokens":
            return replace(self, tokens_field="max_completion_tokens")
        if self.stream and self.stream_usage and _USAGE.search(words):
            return replace(self, stream_usage=False)
        if self.logprobs and prompt.logprobs and _LOGPROBS.search(words):
            return replace(self, logprobs=False)
        if "temperature" in words and self.temperature:
            return replace(self, temperature=False)
        if _SEED.search(words) and self.seed:
            return replace(self, seed=False)
        fixed = _FIXED.search(words)
        if fixed and fixed[1] not in {*dict(self.fixed), "stream", "model", "messages"} and "token" not in fixed[1]:
            text = fixed[2].lower()
            value = _VALUES[text] if text in _VALUES else float(text) if "." in text else int(text)
            return replace(self, fixed=(*self.fixed, (fixed[1], value)))
        if self.stream and _NO_STREAM.search(words):
            return replace(self, stream=False)
        if not self.stream and _STREAM.search(words) and not _NO_STREAM.search(words):
            return replace(self, stream=True)
        if _SYSTEM.search(words) and self.system and prompt.system:
            return replace(self, system=False)
        plainer = self.format_for(prompt) + 1
        if _FORMAT.search(words) and plainer < len(FORMATS):
            return replace(self, format=plainer)
        return None

    def guesses(self, prompt: Prompt) -> Iterator["Capabilities"]:
        """Yield the capabilities to try, one after the other, where nobody says what is refused."""
        guess = self
        if guess.stream:
            yield (guess := replace(guess, stream=False))
        if guess.logprobs and prompt.logprobs:
            yield (guess := replace(guess, logprobs=False))
        while (plainer := guess.format_for(prompt) + 1) < len(FORMATS):
            yield (guess := replace(guess, format=plainer))
        if guess.seed:
            yield (guess := replace(guess, seed=False))
        if guess.temperature:
            yield (guess := replace(guess, temperature=False))
        if guess.system and prompt.system:
            yield (guess := replace(guess, system=False))
        if guess.tokens_field == "max_tokens":
            yield replace(guess, tokens_field="max_completion_tokens")

    @property
    def next_room(self) -> int:
        """The tokens for thinking to try next; no more than now where there is no larger one."""
        return next((room for room in ROOMS if room > self.room), self.room)

    def without_room(self, prompt: Prompt) -> "Capabilities | None":
        """Return the capabilities with less room, which the endpoint may take; None where none is left to give up."""
        thinking = self.limit(prompt) - prompt.max_tokens
        most = max(prompt.max_tokens + (thinking // 2 if thinking > _SMALLEST else 0), self.least)
        return replace(self, most=most) if most < self.limit(prompt) else None

    def with_room(self, room: int) -> "Capabilities":
        """Return the capabilities with so many tokens for thinking, as far as the endpoint takes that many."""
        return replace(self, room=room)

    def limit(self, prompt: Prompt) -> int:
        """Return the limit of tokens that a prompt is asked with."""
        limit = max(prompt.max_tokens + self.room, self.least)
        return min(limit, self.most) if self.most else limit

    def format_for(self, prompt: Prompt) -> int:
        """Return which of FORMATS this prompt is asked with: plain text without a schema, strict where that fits."""
        if prompt.schema is None:
            return FORMATS.index("text")
        return self.format or int(not fits_strict(prompt.schema))

    def body(self, prompt: Prompt, model: str, temperature: float) -> dict[str, object]:
        """Return the JSON body of the request."""
        if prompt.system and self.system:
            messages = [{"role": "system", "content": prompt.system}, {"role": "user", "content": prompt.user}]
        else:
            question = f"{prompt.system}\n\n{prompt.user}" if prompt.system else prompt.user
            messages = [{"role": "user", "content": question}]
        body: dict[str, object] = {"model": model, "messages": messages, self.tokens_field: self.limit(prompt)}
        if self.temperature:
            body["temperature"] = temperature if prompt.temperature is None else min(temperature, prompt.temperature)
        if prompt.logprobs and self.logprobs:
            body |= {"logprobs": True, "top_logprobs": RIVALS}
        if self.seed:
            body["seed"] = prompt.seed % 2**31  # llama.cpp takes 32 bits
        output = FORMATS[self.format_for(prompt)]
        if output == "json":
            body["response_format"] = {"type": "json_object"}
        elif output != "text":
            schema = {"name": "reply", "schema": prompt.schema, "strict": output == "strict"}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        if self.stream:
            body["stream"] = True
            if self.stream_usage:
                body["stream_options"] = {"include_usage": True}
        return body | dict(self.fixed)


def fits_strict(schema: object) -> bool:
    """Return whether a schema meets OpenAI's strict mode: every object closed, every property of it required."""
    if isinstance(schema, list):
        return all(map(fits_strict, schema))
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object":
        properties, required = schema.get("properties"), schema.get("required")
        is_closed = schema.get("additionalProperties") is False
        if not (is_closed and isinstance(properties, dict) and isinstance(required, list)):
            return False
        if set(properties) != set(map(str, required)):
            return False
    return all(map(fits_strict, schema.values()))
