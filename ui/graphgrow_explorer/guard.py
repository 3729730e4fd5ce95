"""Who may speak to the explorer: a guard in front of every page, socket, component and download.

Any program of this machine reaches a port here, and any page that its user reads can send requests to it. So only
requests to the address that was printed, compared exactly, and with its token are answered. The browser keeps the token
as a cookie, which knows hosts but no ports: every server of this machine that the user visits would be sent it. It is
therefore bound to a path that nobody can guess, below which the whole explorer is served.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from secrets import compare_digest, token_urlsafe
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN = "token"  # noqa: S105  # the name of it in an address
COOKIE = "graphgrow_explorer"
HEALTH = "/_stcore/health"  # says that the server is up, and nothing else
HEADERS = (
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"referrer-policy", b"same-origin"),  # an address here has a secret in it
)
SHARED = "GRAPHGROW_EXPLORER_SHARED"  # set in the environment where others use the page too
TOKENLESS = "open this page with the full address that graphgrow explore printed, including the token"
USED = "this address works only once and has been used: open the one that graphgrow explore printed"


@dataclass(slots=True)
class Access:
    """What opens the explorer: `token` by the address that is printed, `ticket` once, by the one a browser is given.

    The command line of a browser can be read by whoever lists processes, hence the ticket. `path` is where the explorer
    stands, "/" and a secret.
    """

    token: str = field(default_factory=lambda: token_urlsafe(24), repr=False)
    ticket: str = field(default_factory=lambda: token_urlsafe(24), repr=False)
    path: str = field(default_factory=lambda: f"/{token_urlsafe(12)}")
    is_ticket_used: bool = False


@dataclass(frozen=True, slots=True)
class Addresses:
    """The origins at which the explorer is reached, as "http://127.0.0.1:8501"; `public` is that of a proxy before it.

    With a `port` it listens at every address of this machine: then the one at which a connection arrived is one as
    well.
    """

    origins: Sequence[str]
    public: str = ""
    port: int = 0

    def has(self, host: str, scope: "Scope") -> bool:
        """Tell whether a Host header names one of them."""
        if any(host == origin.partition("://")[2] for origin in (*self.origins, self.public) if origin):
            return True
        if not self.port or not scope.get("server"):
            return False
        address = ip_address(scope["server"][0])
        address = getattr(address, "ipv4_mapped", None) or address
        return host == authority(str(address), self.port, scope_scheme(scope))


class Guard:
    """A layer around the whole server that lets pass what comes from its own pages, to its own address.

    Without `access` it asks for no token: then people sign in, and the page sees to that.
    """

    def __init__(self, app: "ASGIApp", addresses: Addresses, access: Access | None) -> None:
        self._app, self._addresses, self._access = app, addresses, access

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer a request that may not pass with one sentence, and hand on what may."""
        from starlette.responses import PlainTextResponse, RedirectResponse
        from starlette.websockets import WebSocketClose

        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        scope = self._below(scope)
        status, why = self._refusal(scope)
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = [value for name, value in query if name == TOKEN]
        is_page = scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}
        access, turned = self._access, ""
        if not why and access and not (is_page and scope["path"] == HEALTH):
            if given and is_page:
                status, why = self._check_token(given)
                others = [(name, value) for name, value in query if name != TOKEN]
                turned = f"{access.path}{quote(scope['path'])}{'?' if others else ''}{urlencode(others)}"
            elif not any(equal(value, access.token) for value in cookies(scope)):
                status, why = 403, TOKENLESS
        no_store = {"Cache-Control": "no-store"}
        if why and scope["type"] == "websocket":
            await WebSocketClose(1008, why)(scope, receive, send)
        elif why:
            await PlainTextResponse(f"{why[0].upper()}{why[1:]}.\n", status, no_store)(scope, receive, send)
        elif turned and access:
            answer = RedirectResponse(turned, 303, no_store)
            answer.set_cookie(
                COOKIE, access.token, path=access.path, httponly=True, samesite="lax",
                secure=scope_scheme(scope) == "https",
            )  # fmt: skip
            await answer(scope, receive, with_headers(send))
        else:
            await self._app(scope, receive, with_headers(send))

    def _below(self, scope: "Scope") -> "Scope":
        """Return a request as the explorer sees it, without the secret path."""
        path = f"{self._access.path}/" if self._access else "/"
        if path == "/" or not equal(scope["path"][: len(path)], path):
            return scope
        rest = scope["path"][len(path) - 1 :]
        return {**scope, "path": rest, "raw_path": quote(rest).encode()}

    def _refusal(self, scope: "Scope") -> tuple[int, str]:
        """Return status and reason where a request is to another address or comes from another page, else no reason."""
        host, origin, site, mode, target = (
            [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]
            for wanted in (b"host", b"origin", b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest")
        )
        if len(host) != 1 or not self._addresses.has(host[0], scope):
            known = self._addresses.public or " or ".join(self._addresses.origins)
            return 421, f"the explorer answers at {known} alone, host and port included"
        own = f"{scope_scheme(scope)}://{host[0]}", self._addresses.public
        must_name = scope["type"] == "websocket" or scope["method"] not in {"GET", "HEAD"}
        if len(origin) > 1 or (must_name and not origin) or any(one not in own for one in origin):
            return 403, "the explorer answers its own pages alone"
        # A page elsewhere may lead here by a link, and may fetch, embed or load nothing.
        if site and site[0] not in {"same-origin", "none"} and (mode, target) != (["navigate"], ["document"]):
            return 403, "the explorer answers its own pages alone"
        return 200, ""

    def _check_token(self, given: Collection[str]) -> tuple[int, str]:
        """Return why what stands in an address opens nothing, else no reason; a ticket is used up by it."""
        access = self._access
        if not access or all(equal(one, access.token) for one in given):
            return 200, ""
        if not all(equal(one, access.ticket) for one in given):
            return 403, TOKENLESS
        if access.is_ticket_used:
            return 403, USED
        access.is_ticket_used = True
        return 200, ""


def authority(host: str, port: int, scheme: str = "http") -> str:
    """Return host and port as a browser writes them."""
    name = f"[{host}]" if ":" in host else host.lower()
    return name if port == {"http": 80, "https": 443}[scheme] else f"{name}:{port}"


def scope_scheme(scope: "Scope") -> str:
    """Return http or https, also of a socket."""
    return "https" if scope.get("scheme") in {"https", "wss"} else "http"


def cookies(scope: "Scope") -> Iterator[str]:
    """Yield every value of our cookie: a server at another port can set one of the same name beside it."""
    for header, value in scope["headers"]:
        if header == b"cookie":
            for part in value.decode("latin-1").split(";"):
                name, _, held = part.strip().partition("=")
                if name == COOKIE:
                    yield held


def equal(one: str, other: str) -> bool:
    """Compare in constant time."""
    return compare_digest(one.encode("utf-8", "surrogatepass"), other.encode())


def with_headers(send: "Send") -> "Send":
    """Return a function that sends an answer with HEADERS, which keep it out of other pages."""

    async def sending(message: "Message") -> None:
        if message["type"] == "http.response.start":
            known = {name.lower() for name, _ in message.get("headers", ())}
            added = [one for one in HEADERS if one[0] not in known]
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        await send(message)

    return sending
