"""HTTP clients of one endpoint: the openai package's own, within a time and a size, asked again as the endpoint wants.

A reply has one deadline from when it is asked for until its last byte, and a number of bytes: an endless drip, a flood
or a small body that unpacks to a large one ends there.
"""

import json
import os
import re
import ssl
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

import openai

from graphgrow.errors import ReplyGivenUp
from graphgrow.llm import waiting
from graphgrow.llm.endpoint import Endpoint, is_loopback
from graphgrow.llm.faults import Fault, fault_of
from graphgrow.llm.options import is_of_environment
from graphgrow.llm.streaming import ReplyStream, stream_file
from graphgrow.llm.waiting import GRACE, Pace, Patience

if TYPE_CHECKING:
    from graphgrow.llm import Gate

MOST_BYTES = 32 * 2**20  # of a body once it is decompressed
_CONNECT_TIMEOUT = 5.0  # seconds
_SLOW = 60.0  # seconds; a failure that took longer would take as long again
_CHAT, _EMBEDDINGS = "/chat/completions", "/embeddings"
_TOO_MANY = 429
_GZIP = b"\x1f\x8b\x08"
_PACKED = frozenset(("gzip", "x-gzip", "deflate"))
_FOREIGN = frozenset(("br", "zstd", "compress", "x-compress", "dcb", "dcz"))
_PLAIN = (b"{", b"[", b"<", b"data:", b"event:", b":", b"\xef\xbb\xbf")  # what begins like this is not compressed
_CHARSET = re.compile(
    r"charset=\"?((?:iso-?8859|latin|windows|cp|gb|big5|shift|euc|koi|utf-?(?:16|32))[\w.:-]{0,20})", re.IGNORECASE
)


class Failed(Exception):  # nobody but this room sees it
    """A request brought no reply, for the reason in `fault`."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.words)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Received:
    """An answer: its status, its headers by lower-case names, and its body, decompressed."""

    status: int
    headers: Mapping[str, str]
    content: str

    def fault(self, sent: int) -> Fault | None:
        """Return what is wrong with it, None where it may be a reply; `sent` is the limit of tokens asked for."""
        if self.status >= 300:  # noqa: PLR2004  # a redirect was followed, where it says where to
            return fault_of(self.status, self.headers, self.content, sent)
        content = self.content.lstrip()
        if content.startswith(("data:", "event:", ":")) and '"error"' in content and '"choices"' not in content:
            lines = (line.removeprefix("data:").strip() for line in content.splitlines() if line.startswith("data:"))
            content = next(filter(None, lines), "")  # a stream that is nothing but an error
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            return None
        if not isinstance(body, dict) or body.get("choices"):
            return None
        base = body.get("base_resp")  # MiniMax
        is_error = (
            any(body.get(key) for key in ("error", "errors", "error_code", "error_msg", "error_message"))
            or False in (body.get("success"), body.get("ok"))
            or "error" in {str(body.get(key)).lower() for key in ("object", "type", "status")}
            or (isinstance(base, dict) and base.get("status_code"))
            or (
                str(body.get("code") or 0) not in {"0", "200"}
                and isinstance(body.get("msg") or body.get("message"), str)
            )
        )
        return fault_of(self.status, self.headers, content, sent) if is_error else None


@dataclass(slots=True)
class _Call:
    """One request under way: when it has to be done, on the monotonic clock, and what came of it.

    `arrived` is given the answer as soon as it is whole, by the thread that read it; `begun` is what there is of it.
    """

    deadline: float
    arrived: Callable[[Received], None]
    begun: list[bytes] = field(default_factory=list)
    received: Received | None = None
    is_flood: bool = False
    stream: ReplyStream | None = None


_call: ContextVar[_Call] = ContextVar("call")


class Clients:
    """Lends a client to each request that is under way, and keeps it with its connection for a later one.

    A client looks at all its connections for every request, so 64 threads that share one spend a third of their time
    on that. With TLS they do share one: the certificates that a client trusts take 20 ms to load.
    """

    def __init__(self, endpoint: Endpoint, gate: "Gate | None" = None, pace: Pace | None = None) -> None:
        self._endpoint, self._gate, self._pace = endpoint, gate, pace or Pace()
        self._base, self._query = address(endpoint)
        self._is_shared = endpoint.base_url.lower().startswith("https:")
        self._verify = True if self._is_shared else ssl.create_default_context()  # a redirect may lead to TLS
        self._idle = [self._new()]
        self.has_answered = False

    def _new(self) -> openai.OpenAI:
        return open_client(self._endpoint, self._base, self._query, BoundedClient, verify=self._verify)

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

    def request(
        self,
        path: str,
        body: Mapping[str, object],
        patience: Patience,
        arrived: Callable[[Received], None] = lambda _: None,
    ) -> Received:
        """Return the answer to a question, which is asked again where that may help; raises Failed, RunOver.

        `arrived` is given each answer as soon as it is whole, by the thread that read it.

        Where the endpoint has no room it is waited for as long as patience lasts; where it failed it is asked again a
        few times, and once more where an answer was under way. What was slow is not asked again. An endpoint that says
        itself whether to ask again, by `x-should-retry`, is believed.
        """
        limits = (body[name] for name in ("max_tokens", "max_completion_tokens") if isinstance(body.get(name), int))
        limit: Any = next(limits, 0)
        while True:
            self._pace.wait_turn()
            began = time.monotonic()
            answer = self._passed(path, body, limit, arrived)
            fault = answer if isinstance(answer, Fault) else answer.fault(limit)
            if fault is None and isinstance(answer, Received):
                self._pace.went_well()
                return answer
            if fault is None or not self._is_asked_again(fault, patience, time.monotonic() - began):
                raise Failed(fault or Fault("broken"))

    def _is_asked_again(self, fault: Fault, patience: Patience, took: float) -> bool:
        if fault.is_again is False:
            return False
        is_told_when = fault.is_again is True and fault.delay is not None
        if fault.kind == "busy" or is_told_when or (fault.kind == "away" and self.has_answered):
            said = self._endpoint.clean(fault.words)
            status = f"{fault.status}: " if fault.status else ""
            busy, away = "is busy or at its rate limit now", "does not answer now"
            what = busy if fault.kind == "busy" else "asks to wait" if is_told_when else away
            why = f"{self._endpoint.url} {what} ({status}{said})."
            return patience.outlasts(fault.delay, why, is_rate=fault.status == _TOO_MANY)
        if fault.is_again:
            return patience.tries_again()
        is_at_once = fault.kind == "slow" and fault.status != 0  # it says so itself, and took no time
        if (fault.kind not in {"broken", "away"} and not is_at_once) or took > _SLOW:
            return False
        is_under_way = is_at_once or (fault.kind == "broken" and not fault.status)
        if '"choices"' in fault.generation:  # written, and so billed
            patience.begun.append(fault.generation)
        return patience.tries_again(1 if is_under_way else None)

    def _passed(
        self, path: str, body: Mapping[str, object], limit: int, arrived: Callable[[Received], None]
    ) -> Received | Fault:
        """Send a request when the gate lets it pass, and bill it there."""
        if self._gate is None:
            return self._sent(path, body, self._endpoint.timeout, arrived)
        # At most every byte of the question is a token, and the reply is as long as its limit lets it be.
        most = len(json.dumps(body)) + limit
        with self._gate.passing(self._endpoint.base_url, most) as billed:
            answer = self._sent(path, body, self._endpoint.timeout, arrived)
            tokens = 0
            if isinstance(answer, Received) and answer.status < 400:  # noqa: PLR2004
                try:
                    usage = json.loads(answer.content)["usage"]
                    tokens = int(usage["prompt_tokens"]) + int(usage.get("completion_tokens", 0))
                except (ValueError, KeyError, TypeError, RecursionError):
                    tokens = most  # it does not say how many they were
            billed(tokens)
        return answer

    def listing(self, timeout: float) -> Received | Fault:
        """Return the answer to a request for the list of models, made once."""
        return self._sent("/models", None, timeout)

    def _sent(
        self,
        path: str,
        body: Mapping[str, object] | None,
        timeout: float,
        arrived: Callable[[Received], None] = lambda _: None,
    ) -> Received | Fault:
        """Send one request, once, and return what came by its deadline, or by the run's: then raises ReplyGivenUp."""
        seconds = min(timeout, waiting.left.get()() + GRACE)
        given_up = ReplyGivenUp(f"A reply was not there {GRACE:.0f} s after the run's time was over: given up")
        if seconds <= 0:
            raise given_up
        call, done = _Call(time.monotonic() + seconds, arrived), SimpleQueue[BaseException | None]()
        if body and body.get("stream") and (file := stream_file()):
            call.stream = ReplyStream(file, self._endpoint.blotted)
        context = copy_context()
        context.run(_call.set, call)

        def send() -> None:
            try:
                with self.lent() as client:
                    if body is None:
                        client.get(path, cast_to=bytes, options={"timeout": timeout})
                    else:
                        # Sent as it is: `chat.completions.create` looks at every value of the body, which takes long.
                        client.post(path, body=body, cast_to=bytes)
            except BaseException as error:  # noqa: BLE001  # it is raised, or read, where it is waited for
                done.put(error)
            else:
                done.put(None)

        # A thread of its own: what drips in for ever can be left to itself, and ends with the process.
        Thread(target=context.run, args=(send,), name="request", daemon=True).start()
        try:
            error = done.get(timeout=seconds + 1.0)  # a timeout of the client's own says more
        except Empty:
            error = TimeoutError()
        if call.is_flood:
            return Fault("flood")
        if call.received is not None:
            return call.received
        if isinstance(error, TimeoutError):
            if seconds < timeout:
                raise given_up
            return Fault("slow")
        if isinstance(error, openai.APITimeoutError):
            reason = type(error.__cause__).__name__
            return Fault("away", words="no connection in time") if "Connect" in reason else Fault("slow")
        if isinstance(error, openai.APIConnectionError):
            is_away = "Connect" in type(error.__cause__).__name__ or isinstance(error.__cause__, OSError)
            begun = _decoded(b"".join(call.begun), "")
            return Fault("away" if is_away else "broken", words=str(error.__cause__ or error), generation=begun)
        if isinstance(error, openai.OpenAIError | ValueError):
            return Fault("broken", words=str(error))
        raise error or AssertionError(path)

    def close(self) -> None:
        """Close the connections."""
        for client in self._idle:
            client.close()


def open_client(
    endpoint: Endpoint,
    base: str,
    query: Mapping[str, str],
    http: type[openai.DefaultHttpxClient] = openai.DefaultHttpxClient,
    *,
    verify: ssl.SSLContext | bool = True,
    retries: int = 0,
) -> openai.OpenAI:
    """Return a client of an endpoint, whose requests go to the address `base` with a query; see `address`.

    It shows its key, and whatever else may be secret, to no other server that a redirect leads to.
    """
    # Encodings that are not asked for here are not decompressed.
    headers = {"Accept-Encoding": "gzip, deflate"}
    if "api-version" in query and endpoint.key:  # Azure takes it under a name of its own
        headers["api-key"] = endpoint.key
    own = _server(base)

    def leave_secrets(request: Any) -> None:  # noqa: ANN401  # httpx's own kind
        """Take whatever may be secret out of a request that a redirect has led to another server."""
        if _server(str(request.url)) != own:
            for name in {*request.headers} - _PLAIN_HEADERS:
                del request.headers[name]

    # A proxy of the environment must not be asked for this machine's own servers.
    options: dict[str, Any] = {"trust_env": not is_loopback(endpoint.base_url), "verify": verify}
    options["event_hooks"] = {"request": [leave_secrets]}
    is_foreign = not is_of_environment(endpoint.base_url, os.environ)
    return (ForeignOpenAI if is_foreign else openai.OpenAI)(
        api_key=endpoint.key or "none",
        base_url=base,
        timeout=openai.Timeout(endpoint.timeout, connect=min(endpoint.timeout, _CONNECT_TIMEOUT)),
        max_retries=retries,
        default_headers=headers,
        default_query=query,
        http_client=http(**options),
    )


class ForeignOpenAI(openai.OpenAI):
    """A client of another address than the environment's: what else the package reads there is not for this address.

    That is OPENAI_ORG_ID, OPENAI_PROJECT_ID, OPENAI_ADMIN_KEY and OPENAI_CUSTOM_HEADERS.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  # what the package's client takes
        super().__init__(**options)
        self.organization = self.project = self.admin_api_key = None
        self._custom_headers = dict(options.get("default_headers") or {})


class BoundedClient(openai.DefaultHttpxClient):
    """A client that reads a body itself, for as long and as far as its call allows."""

    def send(self, request: Any, **options: Any) -> Any:  # noqa: ANN401  # openai's own kinds, which change with its version
        """Send a request, and return the response with its whole body."""
        call = _call.get()
        response = super().send(request, **(options | {"stream": True}))
        try:
            content = _unpacked(response, call)
        finally:
            response.close()
            if call.stream:
                call.stream.close()
        kept = {name.lower(): value for name, value in response.headers.items()}
        call.received = Received(response.status_code, kept, _decoded(content, kept.get("content-type", "")))
        call.arrived(call.received)
        packed = {"content-encoding", "content-length", "transfer-encoding"}
        headers = {name: value for name, value in kept.items() if name not in packed}
        return type(response)(response.status_code, headers=headers, content=content, request=request)

    def _redirect_method(self, request: Any, response: Any) -> str:  # noqa: ANN401  # as above
        """Keep the method where a redirect leads to the same chat: to https, or to a path with one more slash.

        httpx does what browsers do, which GET the new page after a 301 or 302.
        """
        path = urlsplit(response.headers.get("location", "")).path.rstrip("/")
        is_same = path.endswith((_CHAT, _EMBEDDINGS))
        return str(request.method if is_same else super()._redirect_method(request, response))


_PLAIN_HEADERS = frozenset(
    ("host", "content-type", "content-length", "accept", "accept-encoding", "connection", "user-agent",
     "x-stainless-raw-response")  # the last tells the openai package what to make of the answer
)  # fmt: skip


def _server(url: str) -> tuple[str, str | None, int | None]:
    """Return scheme, host and port of an address."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def _unpacked(response: Any, call: _Call) -> bytes:  # noqa: ANN401  # as above
    """Return a body decompressed; raises ValueError for a long one, TimeoutError for a late one.

    Headers cannot be relied on: a proxy may have decompressed the body and left them, or compressed it a second time.
    """
    encodings = {one.strip().lower() for one in response.headers.get("content-encoding", "").split(",")}
    parts, left = call.begun, MOST_BYTES
    unpacker: _Unpacker | None = None
    for raw in response.iter_raw():
        if time.monotonic() > call.deadline:
            raise TimeoutError
        if unpacker is None:
            is_plain = raw.lstrip().startswith(_PLAIN)
            if not is_plain and (foreign := encodings & _FOREIGN):
                raise ValueError(f"its body is packed as {min(foreign)}, which nobody asked for")
            unpacker = _Unpacker(is_packed=raw.startswith(_GZIP) or (not is_plain and bool(encodings & _PACKED)))
        part = unpacker.take(raw, left + 1)
        left -= len(part)
        if left < 0:
            call.is_flood = True
            raise ValueError("its body is too long")
        parts.append(part)
        if call.stream:
            call.stream.take(part)
    content = b"".join(parts)
    if content.startswith(_GZIP):  # twice
        content = _Unpacker(is_packed=True).take(content, MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            call.is_flood = True
            raise ValueError("its body is too long")
    return content


class _Unpacker:
    """Takes in a body piece by piece, compressed as one stream or several in a row, or not compressed at all."""

    def __init__(self, *, is_packed: bool) -> None:
        self._unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32) if is_packed else None
        self._is_first = True

    def take(self, raw: bytes, most: int) -> bytes:
        """Return what a piece holds, up to so many bytes; raises ValueError where that cannot be read."""
        if self._unpacker is None:
            return raw
        parts = list[bytes]()
        while raw and most > 0:
            try:
                parts.append(self._unpacker.decompress(raw, most))
            except zlib.error:
                if not self._is_first or raw.startswith(_GZIP):
                    raise ValueError("its body is packed in a way that cannot be read") from None
                self._unpacker = zlib.decompressobj(-zlib.MAX_WBITS)  # without a header, as some send it
                self._is_first = False
                continue
            self._is_first = False
            most -= len(parts[-1])
            raw = self._unpacker.unused_data
            if not raw.startswith(_GZIP):
                break
            self._unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32)
        return b"".join(parts)


def _decoded(content: bytes, kind: str) -> str:
    """Return a body as text: in UTF-8, else as it shows itself or as its header `content-type` says."""
    try:
        return content.decode(json.detect_encoding(content))
    except UnicodeError:
        pass
    named = _CHARSET.search(kind)
    with suppress(LookupError, UnicodeError):
        return content.decode(named[1]) if named else content.decode("utf-8-sig", "replace")
    return content.decode("utf-8-sig", "replace")


def address(endpoint: Endpoint) -> tuple[str, dict[str, str]]:
    """Return the address that paths are joined to, and the query that goes with every request.

    The address of the chat or of the embeddings itself stands for that of the endpoint. Azure's resources name their
    deployment in the path.
    """
    parts = urlsplit(endpoint.base_url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    path = parts.path.rstrip("/").removesuffix(_CHAT).removesuffix(_EMBEDDINGS)
    is_azure = (parts.hostname or "").endswith((".openai.azure.com", ".cognitiveservices.azure.com"))
    if is_azure and "api-version" in query and path in {"", "/openai"} and endpoint.model:
        path = f"/openai/deployments/{quote(endpoint.model, safe='')}"
    elif is_azure and path in {"", "/openai"}:
        path = "/openai/v1"
    return urlunsplit((parts.scheme, parts.netloc, path, "", "")), query
