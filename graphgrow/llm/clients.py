"""HTTP clients of one endpoint: the openai package's own, held to a gate where there is one."""

import json
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import openai

from graphgrow.llm.credentials import is_of_environment
from graphgrow.llm.endpoint import Endpoint, is_loopback

if TYPE_CHECKING:
    from graphgrow.llm import Gate

_CONNECT_TIMEOUT = 5.0  # seconds
_COUNTED = ("/chat/completions", "/embeddings")


class Clients:
    """Lends a client to each request that is under way, and keeps it with its connection for a later one.

    A client looks at all its connections for every request, so 64 threads that share one spend a third of their time
    on that. With TLS they do share one: what a client trusts takes 20 ms to load.
    """

    def __init__(self, endpoint: Endpoint, gate: "Gate | None" = None) -> None:
        self._endpoint, self._gate = endpoint, gate
        self._is_shared = endpoint.base_url.lower().startswith("https:")
        self._verify = True if self._is_shared else ssl.create_default_context()  # a redirect may lead to TLS
        self._idle = [self._new()]

    def _new(self) -> openai.OpenAI:
        endpoint, gate = self._endpoint, self._gate
        # A proxy of the environment must not be asked for this machine's own servers.
        options: dict[str, Any] = {"trust_env": not is_loopback(endpoint.base_url), "verify": self._verify}
        is_foreign = not is_of_environment(endpoint.base_url, os.environ)
        return (ForeignOpenAI if is_foreign else openai.OpenAI)(
            api_key=endpoint.key or "none",
            base_url=endpoint.base_url,
            timeout=openai.Timeout(endpoint.timeout, connect=min(endpoint.timeout, _CONNECT_TIMEOUT)),
            max_retries=endpoint.retries,
            http_client=GatedClient(gate, endpoint.base_url, **options)
            if gate
            else openai.DefaultHttpxClient(**options),
        )

    @contextmanager
    def lent(self) -> Iterator[openai.OpenAI]:
        """Yield a client that nobody else has meanwhile, or the one that all have."""
        if self._is_shared:
            yield self._idle[0]
            return
        try:
            client = self._idle.pop()
        except IndexError:
            client = self._new()
        try:
            yield client
        finally:
            self._idle.append(client)

    def close(self) -> None:
        """Close the connections."""
        for client in self._idle:
            client.close()


class ForeignOpenAI(openai.OpenAI):
    """A client of another address than the environment's: what else the package reads there is not for this one.

    That is OPENAI_ORG_ID, OPENAI_PROJECT_ID, OPENAI_ADMIN_KEY and OPENAI_CUSTOM_HEADERS.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  # what the package's client takes
        super().__init__(**options)
        self.organization = self.project = self.admin_api_key = None
        self._custom_headers = {}


class GatedClient(openai.DefaultHttpxClient):
    """A client whose every request passes a gate, also one that is sent again after a refusal."""

    def __init__(self, gate: "Gate", base_url: str, **options: Any) -> None:  # noqa: ANN401  # what a client takes
        super().__init__(**options)
        self._gate, self._base = gate, base_url

    def send(self, request: Any, **options: Any) -> Any:  # noqa: ANN401  # openai's own kind, which changes with its version
        """Send a request when the gate lets it pass, and bill it there; listings of models cost nothing and pass."""
        if not request.url.path.endswith(_COUNTED):
            return super().send(request, **options)
        # At most every byte of the question is a token, and the reply is as long as its limit lets it be.
        body = json.loads(request.content)
        limits = [body[name] for name in ("max_tokens", "max_completion_tokens") if isinstance(body.get(name), int)]
        most = len(request.content) + sum(limits[:1])
        with self._gate.passing(self._base, most) as billed:
            response = super().send(request, **options)
            tokens = 0
            if response.is_success:
                try:
                    usage = json.loads(response.read())["usage"]
                    tokens = int(usage["prompt_tokens"]) + int(usage.get("completion_tokens", 0))
                except (ValueError, KeyError, TypeError, RecursionError):
                    tokens = most  # it does not say how many they were
            billed(tokens)
        return response
