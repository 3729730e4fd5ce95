"""How a model is named and asked: an endpoint and a model in one text, and what a user adds to every request.

The names are the same on the command line, in jobs files, in Python and on the page. Keys are named by the variable of
the environment that holds them, never written.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from graphgrow.errors import BadInput, LLMError
from graphgrow.graph.model import Json
from graphgrow.llm.endpoint import KEY_ENV, checked
from graphgrow.llm.faults import Fault
from graphgrow.llm.usage import storable

OPENAI_URL = "https://api.openai.com/v1"
LEAST_TOKENS = 16  # of a reply; a shorter one cannot even state a number
HIDDEN = "***"
_EFFORT = re.compile(r"[A-Za-z0-9_-]{1,32}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_OWN = {"model": "--llm", "messages": "the question", "n": "--samples"}  # fields that are said elsewhere
_SECRET_NAME = re.compile(
    r"(?:^|[-_])(?:key|apikey|token|secret|password|passwd|pwd|auth|authorization|credentials?|cookie|signature|bearer)$",
    re.IGNORECASE,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SECRET_TEXT = re.compile(
    r"\b(?:sk|pk|gsk|hf|xai|key|ghp)[-_][\w.-]{6,}|\bAIza[\w-]{20,}|\beyJ[\w-]+\.[\w.-]+|(?<=://)[^/\s@]+(?=@)"
    r"|(?i:(?<=bearer )|(?<=basic ))\S+|(?i:(?<=key=)|(?<=token=)|(?<=sig=))[^&\s]+"
)
# What stands for a model in this process, or a file: no part of it is an option.
_PLACES = ("world:", "recorded:")


def _canonical(given: str | Mapping[str, Any]) -> str:
    """Return further fields of a request as JSON, "" for none; raises BadInput for what is no JSON object."""
    example = """write it like '{"top_p": 0.9}'"""
    try:
        value = json.loads(given, parse_constant=_no_number) if isinstance(given, str) and given.strip() else given
        text = json.dumps(value, allow_nan=False, sort_keys=True) if value else ""
    except (ValueError, TypeError, RecursionError):  # what it says is not repeated: it may hold a secret
        raise BadInput(f"llm_options is no JSON: {example}") from None
    if value and not isinstance(value, Mapping):
        raise BadInput(f"llm_options is no object of JSON: {example}")
    for name in value if isinstance(value, Mapping) else ():
        if name in _OWN:
            raise BadInput(f"llm_options cannot set {name!r}: that is said by {_OWN[name]}")
    return "" if text == "{}" else storable(text)


def _no_number(name: str) -> None:
    raise ValueError(name)


def without_secrets(value: Any, secrets: tuple[str, ...] = ()) -> Any:  # noqa: ANN401  # any JSON
    """Return JSON with *** for what is a secret by its name or looks like one, and for the `secrets` that are known."""
    if isinstance(value, Mapping):
        return {
            name: HIDDEN
            if _SECRET_NAME.search(_CAMEL.sub("_", str(name))) and not isinstance(one, bool | int | float | None)
            else without_secrets(one, secrets)
            for name, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [without_secrets(one, secrets) for one in value]
    if not isinstance(value, str):
        return value
    for secret in filter(None, secrets):
        value = value.replace(secret, HIDDEN)
    return _SECRET_TEXT.sub(HIDDEN, value)


def _hidden(value: object, shown: object) -> Iterator[str]:
    """Yield the texts of JSON that are not shown as they are."""
    if isinstance(value, str):
        yield from (value,) if value != shown else ()
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield from _hidden(one, shown.get(name) if isinstance(shown, Mapping) else None)
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from _hidden(one, shown[place] if isinstance(shown, list) else None)


@dataclass(frozen=True)
class ModelOptions:
    """What a user adds to the way in which a model is asked; raises BadInput for a value that cannot be used.

    `reasoning_effort` is how much a model thinks first, in the words of its endpoint (low, medium, high ...).
    `reply_tokens` is the limit of a reply in tokens, thinking included; questions with short replies get a share of it.
    `key_env` is the variable of the environment that holds the key (default OPENAI_API_KEY). `llm_options`, an object
    or its JSON, is put into the body of each request, over what stands there; null takes a field out. `timeout` is how
    many seconds a reply may take.
    """

    reasoning_effort: str = ""
    reply_tokens: int | None = None
    key_env: str = ""
    llm_options: str | Mapping[str, Any] = field(default="", repr=False)
    timeout: float | None = None

    def __post_init__(self) -> None:
        if self.reasoning_effort and not _EFFORT.fullmatch(self.reasoning_effort):
            raise BadInput(f"reasoning_effort={self.reasoning_effort[:40]!r} is none: write a word such as low or high")
        if self.reply_tokens is not None and not LEAST_TOKENS <= self.reply_tokens < 2**31:
            raise BadInput(f"reply_tokens={self.reply_tokens} is out of range: give {LEAST_TOKENS} or more")
        if self.timeout is not None and not 1 <= self.timeout < math.inf:
            raise BadInput(f"timeout={self.timeout} is out of range: give 1 second or more")
        is_variable = _VARIABLE.fullmatch(self.key_env) and not _SECRET_TEXT.search(self.key_env)
        if self.key_env and not is_variable:  # it may be the key itself: it is not repeated
            raise BadInput("key_env is the name of a variable, such as MY_KEY, and never the key: export that, name it")
        object.__setattr__(self, "llm_options", _canonical(self.llm_options))

    @cached_property
    def body(self) -> dict[str, Any]:
        """The fields that are put into the body of a request, None for those that are taken out of it."""
        effort = {"reasoning_effort": self.reasoning_effort} if self.reasoning_effort else {}
        return effort | (json.loads(str(self.llm_options)) if self.llm_options else {})

    @property
    def are_sent(self) -> bool:
        """True where they change what an endpoint is sent, or by which key."""
        return bool(self.body or self.key_env)

    @property
    def limit(self) -> int | None:
        """The limit of a reply in tokens that somebody set, in whichever field; None where nobody did."""
        given = (self.body.get(name) for name in ("max_completion_tokens", "max_tokens"))
        return self.reply_tokens or next((one for one in given if isinstance(one, int) and one >= LEAST_TOKENS), None)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The texts in it that are not to be repeated, whoever quotes them."""
        return tuple(_hidden(self.body, self.record()))

    def record(self, secrets: Iterable[str] = ()) -> Json | None:
        """Return what is added to a request as it may be kept, without anything that looks like a secret."""
        return without_secrets(self.body, tuple(secrets)) or None

    def put_into(self, body: Mapping[str, object]) -> dict[str, object]:
        """Return the body of a request with these fields over its own."""
        return {name: value for name, value in {**body, **self.body}.items() if self.body.get(name, "") is not None}

    def refused(self, fault: Fault) -> str:
        """Return which of these fields a refusal is about, "" where it is about none.

        It goes by the parameter that the answer names, or else by its message, and by nothing that repeats the request.
        A short word may stand in any message: it has to be in quotation marks there.
        """
        named = {
            one.replace("reasoning.effort", "reasoning_effort").removeprefix("body.") for one in fault.names if one
        }
        for name in self.body:
            word = rf"\b{re.escape(name)}\b" if "_" in name else rf"""['"`]{re.escape(name)}['"`]"""
            if name in named or (not named and re.search(word, fault.words)):
                return name
        return ""

    def over(self, others: "ModelOptions") -> Self:
        """Return these options, with those of others where they say nothing."""
        return replace(self, **{name: getattr(self, name) or getattr(others, name) for name in NAMES})


NAMES = tuple(one.name for one in fields(ModelOptions))
NO_OPTIONS = ModelOptions()


@dataclass(frozen=True)
class ModelName:
    """A model by name, at an address or wherever the environment says, and how it is asked."""

    name: str = ""
    base_url: str = ""
    options: ModelOptions = NO_OPTIONS

    @property
    def is_here(self) -> bool:
        """True for what needs no endpoint: the model of this process, weights in a file, a world, a recorded run."""
        is_place = self.name.startswith(_PLACES)
        return not self.base_url and (is_place or self.name == "local" or self.name.endswith(".gguf"))


def read_model(text: str) -> ModelName:
    """Return the model that a text stands for: NAME, URL or URL#NAME, and after that ?OPTION=VALUE&OPTION=VALUE.

    Options are those of `ModelOptions`. Raises BadInput for an unknown option or an invalid address.
    """
    text = text.strip()
    if text.startswith(_PLACES) or text.endswith(".gguf"):
        return ModelName(text)
    base_url, name = "", text
    if re.match(r"https?://", text, re.IGNORECASE):  # a query of its own stands before the #
        base_url, _, name = text.partition("#")
        checked(base_url)
    name, _, query = name.partition("?")
    given = dict(parse_qsl(query, keep_blank_values=True, separator="&"))
    if unknown := given.keys() - set(NAMES):
        raise BadInput(f"a model has no option {', '.join(sorted(unknown))}: it has {', '.join(NAMES)}")
    options: dict[str, Any] = dict(given)
    for option, (number, what) in {"reply_tokens": (int, "whole number"), "timeout": (float, "number")}.items():
        if option in given:
            try:
                options[option] = number(given[option])
            except ValueError:
                raise BadInput(f"{option}={given[option][:40]!r} is no {what}") from None
    return ModelName(name.strip(), base_url.strip(), ModelOptions(**options))


def key_for(address: str, options: ModelOptions, env: Mapping[str, str]) -> str:
    """Return the key for an address: in the variable that is named, else in OPENAI_API_KEY if that is for it, else "".

    Raises LLMError where a variable is named that is not set.
    """
    if not options.key_env:
        return env.get(KEY_ENV, "") if is_of_environment(address, env) else ""
    key = env.get(options.key_env)
    if not key:
        raise LLMError(f"there is no key in {options.key_env} for {urlsplit(address).hostname or address}: export it")
    return key


def is_of_environment(address: str, env: Mapping[str, str]) -> bool:
    """Tell whether an address is the one that OPENAI_API_KEY and its like are for: scheme, host, port and path.

    That is the one in OPENAI_BASE_URL, or OpenAI's where none is set.
    """
    home = env.get("OPENAI_BASE_URL") or OPENAI_URL
    try:
        paths = [urlsplit(one.strip()).path.rstrip("/") for one in (address, home)]
    except ValueError:
        return False
    return origin(address.strip()) == origin(home.strip()) and paths[0] == paths[1] and bool(origin(address)[1])


def withheld(model: ModelName, env: Mapping[str, str]) -> str:
    """Return in a sentence that a model is asked without the key of the environment; "" where none is withheld."""
    address = model.base_url
    if not address or model.options.key_env or not env.get(KEY_ENV) or is_of_environment(address, env):
        return ""
    home = "the address in OPENAI_BASE_URL" if env.get("OPENAI_BASE_URL") else OPENAI_URL
    return (
        f"the key in {KEY_ENV} is for {home} alone: this address is asked without a key,"
        " or with its own in the variable that --key-env names"
    )


def beside(text: str, run: ModelName, env: Mapping[str, str]) -> tuple[ModelName, dict[str, str]]:
    """Return the model that a text names beside that of a run, and as much of the environment as that model may see.

    One without an address is at the run's, and has its key; each has as much time as the run's. Another server gets a
    key only where its own text names the variable, or where OPENAI_API_KEY is for it anyhow: a key of one provider is
    not shown to another.
    """
    model, seen = read_model(text), dict(env)
    if model.is_here:
        return model, seen
    own = run.base_url or env.get("OPENAI_BASE_URL") or OPENAI_URL
    address = model.base_url or (run.base_url if not run.is_here else "")
    options = replace(model.options, timeout=model.options.timeout or run.options.timeout)
    if not options.key_env and origin(address or own) == origin(own):
        options = replace(options, key_env=run.options.key_env)
    elif not options.key_env and origin(address) not in map(origin, (env.get("OPENAI_BASE_URL", ""), OPENAI_URL)):
        seen.pop(KEY_ENV, None)
    return ModelName(model.name, address, options), seen


def origin(address: str) -> tuple[str, str, int | None]:
    """Return what makes two addresses one server: scheme, host and port."""
    try:
        parts = urlsplit(address)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return "", address, None
    return parts.scheme, (parts.hostname or "").lower(), port
