"""Which key an address gets: one of the environment goes to the address that it is for, and to no other.

OPENAI_API_KEY is for the address in OPENAI_BASE_URL, or for OpenAI where none is set. Any other address, wherever it
was typed, has a variable of its own, named after its host; without that it is asked without a key.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from graphgrow.llm import OPENAI_URL

KEY, ADDRESS = "OPENAI_API_KEY", "OPENAI_BASE_URL"
_PORTS = {"http": 80, "https": 443}


def endpoint_key(base_url: str, env: Mapping[str, str]) -> str:
    """Return the key for an address: in its own variable, else in OPENAI_API_KEY if that is for it, else ""."""
    return env.get(key_variable(base_url)) or (env.get(KEY, "") if is_of_environment(base_url, env) else "")


def is_of_environment(base_url: str, env: Mapping[str, str]) -> bool:
    """Tell whether an address is the one that OPENAI_API_KEY and its like are for: same scheme, host, port and path."""
    place = _place(base_url)
    return place is not None and place == _place(env.get(ADDRESS) or OPENAI_URL)


def key_variable(base_url: str) -> str:
    """Return the variable that holds the own key of an address; "" where the address cannot be read.

    "https://openrouter.ai/api/v1" has OPENAI_API_KEY_OPENROUTER_AI; a port stands behind the host unless it is 443.
    """
    place = _place(base_url)
    if place is None:
        return ""
    _, host, port, _ = place
    name = host.replace("-", "__") if port == _PORTS["https"] else f"{host.replace('-', '__')}_{port}"
    return f"{KEY}_{re.sub(r'[^A-Z0-9_]', '_', name.upper())}"


def withheld(base_url: str, env: Mapping[str, str]) -> str:
    """Return in a sentence that an address is asked without the key of the environment; "" where none is withheld."""
    if not env.get(KEY) or endpoint_key(base_url, env) or not key_variable(base_url):
        return ""
    home = f"the address in {ADDRESS}" if env.get(ADDRESS) else OPENAI_URL
    return (
        f"the key in {KEY} is for {home} alone: this address is asked without a key,"
        f" or with its own in {key_variable(base_url)}"
    )


def _place(base_url: str) -> tuple[str, str, int, str] | None:
    """Return scheme, host, port and path of an address in one spelling."""
    try:
        parts = urlsplit(base_url.strip())
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return None
    return (parts.scheme, parts.hostname, port, parts.path.rstrip("/")) if parts.hostname else None
