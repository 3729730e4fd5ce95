"""HTTP clients of one endpoint: the openai package's own, held to a gate where there is one."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import openai

from graphgrow.llm.address import is_loopback
from graphgrow.llm.refusals import Endpoint

if TYPE_CHECKING:
    from graphgrow.llm import Gate

_CONNECT_TIMEOUT = 5.0


class Clients:
    """Lends a client to each request that is under way, and keeps it with its connection for a later one.

    A client looks at all its connections for every request, so 64 threads that share one spend a third of their time
    on that. With TLS they do share one: what a client trusts takes 20 ms to load.
    """

    def __init__(self, endpoint: Endpoint, gate: "Gate | None" = None) -> None:
        self._endpoint, self._gate = endpoint, gate
        self._is_shared = endpoint.base_url.lower().startswith("https:")
        self._verify = True if self._is_shared else ssl.create_default_context()  # a redirect may lead to TLS
        self._first = self._new()
        self._idle = [self._first]

    def _new(self) -> openai.OpenAI:
        return client(self._endpoint, self._gate, verify=self._verify)

    @contextmanager
    def lent(self) -> Iterator[openai.OpenAI]:
        """Yield a client that nobody else has meanwhile, or the one that all have."""
        if self._is_shared:
            yield self._first
            return
        try:
            one = self._idle.pop()
        except IndexError:
            one = self._new()
        try:
            yield one
        finally:
            self._idle.append(one)

    def close(self) -> None:
        """Close the connections."""
        while self._idle:
            self._idle.pop().close()


def client(endpoint: Endpoint, gate: "Gate | None" = None, *, verify: ssl.SSLContext | bool = True) -> openai.OpenAI:
    """Return a client for an endpoint; its requests pass the gate, those that it makes again too."""
    trusted = not is_loopback(endpoint.base_url)  # a proxy of the environment must not be asked for this machine's own
    if gate:
        from graphgrow.llm.gated import GatedClient

        http: openai.DefaultHttpxClient = GatedClient(gate, endpoint.base_url, trust_env=trusted, verify=verify)
    else:
        http = openai.DefaultHttpxClient(trust_env=trusted, verify=verify)
    return openai.OpenAI(
        api_key=endpoint.key or "none",
        base_url=endpoint.base_url,
        timeout=openai.Timeout(endpoint.timeout, connect=min(endpoint.timeout, _CONNECT_TIMEOUT)),
        max_retries=endpoint.retries,
        http_client=http,
    )
