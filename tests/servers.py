"""A real HTTP server on loopback that says what a test tells it to, and keeps what it was asked and when."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; `body` is sent as JSON unless it is text or bytes; `pieces` instead are sent one by one.

    With `cut` the connection is reset after so many bytes of the body, with -1 before any of the answer.
    """

    body: object = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    pieces: Iterable[bytes] = ()
    cut: int | None = None

    def content(self) -> bytes:
        """Return the bytes of the body; a lone surrogate in text is sent as it is."""
        if isinstance(self.body, bytes):
            return self.body
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived; `at` is in seconds of the monotonic clock, `port` tells its connection from others."""

    path: str
    body: dict[str, object]
    headers: dict[str, str]
    at: float
    port: int


Script = Callable[[Asked], Answer]

# Seconds that a test waits for what should happen in a moment. No claim of speed: a machine that is slow, or busy with
# something else, breaks nothing.
PATIENCE = 120.0


def waited_for(holds: Callable[[], object]) -> bool:
    """Return as soon as something holds, looked at every few hundredths of a second; False when patience ends."""
    until = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the server listens, and what it was asked so far, in order; `chats` leaves out listings."""

    base_url: str
    port: int
    asked: list[Asked]

    @property
    def chats(self) -> list[Asked]:
        """The questions among the requests."""
        return [one for one in self.asked if one.path.endswith("/chat/completions")]


def completion(text: object = "hello", **more: object) -> dict[str, object]:
    """Return the body of a chat completion with a bill of 7 + 3 tokens; `more` adds or replaces fields."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return {"object": "chat.completion", "model": "m-1", "choices": [choice], "usage": usage} | more


def streamed(text: str, pause: Callable[[], object]) -> Iterator[bytes]:
    """Yield a completion as a stream: the first half of its text, after a pause the other one, then the bill."""
    half = len(text) // 2
    yield _event({"choices": [{"index": 0, "delta": {"content": text[:half]}}]})
    pause()
    yield _event({"choices": [{"index": 0, "delta": {"content": text[half:]}, "finish_reason": "stop"}]})
    yield _event({"choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 10}})
    yield b"data: [DONE]\n\n"


def _event(chunk: dict[str, object]) -> bytes:
    return f"data: {json.dumps(chunk)}\n\n".encode()


def refusal(message: str, status: int = 400, **more: object) -> Answer:
    """Return an error the way OpenAI words it."""
    headers = more.pop("headers", {})
    return Answer({"error": {"message": message, **more}}, status, dict(headers))  # type: ignore[call-overload]


def in_order(*answers: Answer) -> Script:
    """Return a script that gives these answers one after the other, and the last one ever after."""
    waiting = list(answers)
    lock = threading.Lock()

    def script(asked: Asked) -> Answer:
        with lock:
            return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return script


@contextmanager
def serving(script: Script) -> Iterator[Endpoint]:
    """Serve a script on a free port until the block ends."""
    asked: list[Asked] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(script, asked))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield Endpoint(f"http://127.0.0.1:{server.server_port}/v1", server.server_port, asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(script: Script, asked: list[Asked]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle(self) -> None:
            with suppress(ConnectionError):  # the client was killed
                super().handle()

        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            content = self.rfile.read(size := int(self.headers["Content-Length"]))
            if len(content) < size:  # the client was killed
                return
            is_json = self.headers.get_content_type() == "application/json"
            self._answer(json.loads(content) if is_json else {"file": content.decode()})

        def _answer(self, body: dict[str, object]) -> None:
            one = Asked(self.path, body, dict(self.headers), time.monotonic(), self.client_address[1])
            asked.append(one)
            answer = script(one)
            time.sleep(answer.delay)
            self._send(answer)

        def _send(self, answer: Answer) -> None:
            content = answer.content()
            headers = {"Content-Type": "application/json", "Content-Length": str(len(content))}
            if answer.pieces:
                headers = {"Content-Type": "text/event-stream", "Connection": "close"}
            headers |= answer.headers
            if answer.cut is not None:
                content = content[: max(0, answer.cut)]
                reset = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
                self.close_connection = True
            if answer.cut == -1:
                self.connection.close()
                return
            self.send_response(answer.status)
            for name, value in headers.items():
                self.send_header(name, value)
            with suppress(ConnectionError):  # the client of a slow answer is gone
                self.end_headers()
                self.wfile.writelines(answer.pieces or [content])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            """Say nothing: the test reads `asked`."""

    return Handler


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
