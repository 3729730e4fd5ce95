"""Endpoints in our words: what their addresses are, and what went wrong there, in one sentence and without the key.

Nothing here needs the openai package before one of its errors has to be explained.
"""

import ipaddress
import json
import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

from graphgrow.errors import BadInput, ContextOverflow, LLMError
from graphgrow.graph.visible import UNSEEN
from graphgrow.llm.faults import Fault

if TYPE_CHECKING:
    from graphgrow.llm.waiting import Patience

KEY_ENV = "OPENAI_API_KEY"  # the variable that holds the key, where nobody names another
_LONGEST_ADDRESS = 2000
_LONGEST_QUOTE = 300
_SHORTEST_KEY = 6  # "none" and the like are no secrets, and are words of many messages
_SECRET = 12
_MODELS_NAMED = 5
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


def usable_key(api_key: str, key_env: str = KEY_ENV) -> str:
    """Return the key without blanks around it; raises LLMError for one that no header can carry."""
    key = api_key.strip()
    if not (key.isascii() and key.isprintable()):
        raise LLMError(f"the key in {key_env} has characters that no key has: copy it again")
    return key


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Who is asked, and how often and how long; the key is kept out of all that is shown.

    `option` is the option that names the model.
    """

    model: str
    base_url: str
    key: str = field(repr=False)
    timeout: float
    retries: int
    key_env: str = KEY_ENV
    secrets: tuple[str, ...] = field(default=(), repr=False)
    option: str = "--llm"

    @property
    def url(self) -> str:
        """The address as it may be shown."""
        return shown(self.base_url)

    def clean(self, text: str) -> str:
        """Return text from the endpoint in one storable line of bounded length, without the key."""
        line = " ".join(_KEY.sub("***", self.blotted(text).encode(errors="replace").decode()).split())
        return line if len(line) <= _LONGEST_QUOTE else line[:_LONGEST_QUOTE] + "..."

    def blotted(self, text: str, *, is_reply: bool = False) -> str:
        """Return text without key and secrets, however the key is written; in a reply only what is surely a secret."""
        for secret in self.secrets:
            text = text.replace(secret, "***") if is_secret(secret) else text
        key = self.key
        if len(key) < _SHORTEST_KEY or (is_reply and not is_secret(key)):
            return text
        # In base64 it begins at any of three places of what is coded, and its first and last letters depend on others.
        coded = [b64encode(b"\0" * at + key.encode()).decode().rstrip("=")[at + bool(at) : -1] for at in range(3)]
        coded += [one.replace("+", "-").replace("/", "_") for one in coded]
        spellings = {
            quote(key, safe=""),
            quote(key),
            json.dumps(key)[1:-1],
            key.replace("/", "\\/"),
            escape(key),
            key.encode().hex(),
            *coded,
        }
        for spelling in sorted(spellings, key=len, reverse=True):
            text = text.replace(spelling, "***")
        return _written(key).sub("***", text)

    def not_a_reply(self, content: str) -> LLMError:
        """Return the error for a body that is no chat completion."""
        return LLMError(
            f"{self.url} answered with no chat completion but {self.clean(content)!r}:"
            " check the base URL, it usually ends in /v1"
        )

    def explain(  # a sentence per kind
        self, fault: Fault, listed: Callable[[], Sequence[str]], patience: "Patience | None" = None
    ) -> LLMError:
        """Return our error for what went wrong; `listed` names the models the endpoint has, or raises LLMError.

        From `patience` it says how long the endpoint was waited for.
        """
        url, said = self.url, self.clean(fault.words)
        quoted = f"{fault.status}: {said}" if fault.status else said
        match fault.kind:
            case "slow":
                seconds = f"{self.timeout:g} seconds" if not fault.status else f"the time it has itself ({quoted})"
                return LLMError(
                    f"{url} did not answer within {seconds}:"
                    " give it longer with --timeout, see whether it is busy, or take a smaller model"
                )
            case "flood":
                return LLMError(
                    f"{url} sends more than any reply holds, and was not read to its end: check the base URL"
                )
            case "away":
                return LLMError(
                    f"no answer from {url} ({said}): start that server, or see what can be used with  graphgrow models"
                )
            case "overflow":
                return ContextOverflow(
                    f"the prompt does not fit the context of {self.model} at {url} ({quoted}):"
                    " give the server a larger context or take another model"
                )
            case "quota":
                return LLMError(
                    f"the quota at {url} is used up ({quoted}): top it up, or take another model or endpoint"
                )
            case "key" if not self.key:
                return LLMError(
                    f"{url} wants a key ({quoted}): name the variable that holds its own with --key-env;"
                    f" the one in {KEY_ENV} goes to the address in OPENAI_BASE_URL, or to OpenAI, alone"
                )
            case "key":
                return LLMError(
                    f"{url} refused the key ({quoted}): set {self.key_env} to one that may use {self.model}"
                )
            case "forbidden":
                return LLMError(
                    f"{url} does not let {self.model} be asked here ({quoted}):"
                    " do what it says, or choose another model or endpoint"
                )
            case "path":
                return LLMError(
                    f"{url} has no chat at that address ({quoted}): check the base URL, it usually ends in /v1"
                )
            case "model" | "no_chat":
                try:
                    models = [name for name in listed() if fault.kind == "model" or name != self.model]
                except LLMError:
                    models = []
                some = ", ".join(models[:_MODELS_NAMED]) + (", ..." if len(models) > _MODELS_NAMED else "")
                if fault.kind == "no_chat":
                    choose = f"take another model with {self.option}" + (f": {some}" if models else "")
                    return LLMError(f"{self.model!r} at {url} does not chat ({quoted}): {choose}")
                own = f"choose one of its own with {self.option}: {some}"
                choose = own if models else f"it lists none: check {self.option}"
                return LLMError(f"{url} has no model {self.model!r} ({quoted}): {choose}")
            case "busy":
                asks = f" and asks to wait {fault.delay:.0f} seconds" if fault.delay else ""
                state = "is busy or at its rate limit now"
                if patience and patience.waited:
                    state = f"is still busy or at its rate limit after {patience.waited:.0f} seconds of waiting"
                return LLMError(
                    f"{url} {state}{asks} ({quoted}):"
                    " try again later, wait longer with --patience, or ask less at once with --width"
                )
            case "refused":
                return LLMError(f"{url} refused what was asked ({quoted}): put it in other words")
            case "broken" | "generation":
                times = f" after {patience.failures} retries" if patience else ""
                return LLMError(f"{url} still fails{times} ({quoted}): look at the server, or try again later")
            case _:
                return LLMError(
                    f"{url} refused the question to {self.model} ({quoted}): do what it says, or try another model"
                )


@cache
def _written(key: str) -> re.Pattern[str]:
    """Return a pattern for a key in any case, with JSON escapes for its letters, and with blanks or nothing between."""
    letters = []
    for letter in key:
        wide = chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter
        letters.append(rf"(?:[{re.escape(letter)}{re.escape(wide)}]|\\{{1,4}}u{ord(letter):04x})")
    escaped = r"00ad|034f|115f|1160|180[b-f]|20[0-2][0-9a-f]|206[0-9a-f]|3164|fe0[0-9a-f]|feff"
    nothing = rf"(?:[\s{UNSEEN}]|\\{{1,4}}(?:[nrt]|u(?:{escaped})))*+"
    return re.compile(nothing.join(letters), re.IGNORECASE)


def is_secret(key: str) -> bool:
    """Return whether a key is one: "none", "ollama" and the like are words of many replies."""
    return len(key) >= _SECRET or (len(key) >= _SHORTEST_KEY + 2 and any(map(str.isdigit, key)))
