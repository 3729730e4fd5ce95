"""An HTTP client whose every request passes a gate: what a client sends again after a refusal counts as well."""

import json
from typing import Any

import openai

from graphgrow.llm import Gate

_COUNTED = ("/chat/completions", "/embeddings")


class GatedClient(openai.DefaultHttpxClient):
    """The openai client's own, held to the limits of an endpoint; it tells the gate what each reply was billed."""

    def __init__(self, gate: Gate, base_url: str, **more: Any) -> None:  # noqa: ANN401  # what a client takes
        super().__init__(**more)
        self._gate, self._base = gate, base_url

    def send(self, request: Any, **more: Any) -> Any:  # noqa: ANN401  # openai's own kind, which changes with its version
        """Send a request when the gate lets it pass; listings of models cost nothing and pass."""
        if not request.url.path.endswith(_COUNTED):
            return super().send(request, **more)
        most = worst(request.content)
        with self._gate.passing(self._base, most) as billed:
            response = super().send(request, **more)
            billed(_tokens(response.read(), most) if response.is_success else 0)
        return response


def worst(body: bytes) -> int:
    """Return the most tokens that a request can take: every byte of it one, the reply at its limit."""
    asked = json.loads(body)
    limits = (asked.get(name) for name in ("max_tokens", "max_completion_tokens"))
    return len(body) + next((limit for limit in limits if isinstance(limit, int)), 0)


def _tokens(body: bytes, most: int) -> int:
    """Return what a reply was billed; the most it can be where it does not say."""
    try:
        usage = json.loads(body)["usage"]
        return int(usage["prompt_tokens"]) + int(usage.get("completion_tokens", 0))
    except (ValueError, KeyError, TypeError, RecursionError):
        return most
