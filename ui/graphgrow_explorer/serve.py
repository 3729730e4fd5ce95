"""The server of the explorer: one process on this machine, bound to itself unless told otherwise."""

import gc
import os
import signal
import socket
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from graphgrow import GraphgrowError
from graphgrow.api.explorer import BadInput
from graphgrow_explorer import guard, look
from graphgrow_explorer.guard import TOKEN, Access, Addresses, Guard, authority
from graphgrow_explorer.picture import COMPONENTS, mounted
from graphgrow_explorer.scripts import Scripts

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from graphgrow_explorer.workspace import Workspace

HERE = {"127.0.0.1": "localhost", "localhost": "127.0.0.1", "::1": "localhost"}  # addresses here with two names
FIRST_PORT, PORTS = 8501, 50
GRACE = 3.0  # seconds from a signal to the end in any case
KILLED = 128  # and the number of a signal: the exit code of what was ended by it
VIEW = "view"  # the name of a view in an address that leads to the first page
PAGES = ("growth", "communities", "paths", "thoughts", "review", "runs")
# What the page's script, which runs in this process without arguments, has to know.
STORE, SHARED = "GRAPHGROW_EXPLORER_STORE", guard.SHARED
AUTH, ALLOWED = "GRAPHGROW_EXPLORER_AUTH", "GRAPHGROW_EXPLORER_ALLOW"
JOBS = "GRAPHGROW_EXPLORER_JOBS"


@dataclass(frozen=True, slots=True)
class Serving:
    """Where to listen, which store to open first, and who may come in: `port` 0 is the first free one.

    With `auth` people sign in by OpenID Connect, and only those with an address in `allowed` come in, where it is not
    empty. `without_auth` says that whoever has the address, with the token in it, may do everything. `jobs` is a jobs
    file whose schedules are shown. `public` is the origin that people use where a proxy stands in front, as
    "https://graphs.example.org".
    """

    store: str = ""
    host: str = "127.0.0.1"
    port: int = 0
    auth: bool = False
    without_auth: bool = False
    allowed: Sequence[str] = ()
    browser: bool = True
    jobs: str = ""
    public: str = ""


def check(how: Serving) -> None:
    """Raise BadInput where strangers could reach the page without signing in, or a public address is no origin."""
    if how.host not in HERE and not how.auth and not how.without_auth:
        raise BadInput(
            f"whoever reaches {how.host} could change graphs and spend money:"
            " add --auth to let people sign in, or --no-auth if the network keeps strangers out"
        )
    if how.public and origin_of(how.public) != how.public.rstrip("/"):
        raise BadInput(f"{how.public!r} is no address of a server: write it like https://graphs.example.org")


def is_shared(how: Serving) -> bool:
    """Tell whether others use the page too: at another address, or by a proxy in front of this one, signed in."""
    return how.auth or how.host not in HERE or bool(how.public)


def check_sign_in() -> None:
    """Raise BadInput where nobody could sign in: without the library for it, or without a provider."""
    import streamlit as st
    from streamlit.errors import StreamlitSecretNotFoundError

    if find_spec("authlib") is None:
        raise BadInput("--auth needs the library that signs people in: pip install 'streamlit[auth]'")
    try:
        is_known = "auth" in st.secrets
    except StreamlitSecretNotFoundError:
        is_known = False
    if not is_known:
        raise BadInput("--auth needs a provider: describe it under [auth] in .streamlit/secrets.toml of this folder")


def serve(how: Serving, say: Callable[[str], None]) -> None:
    """Serve the explorer until Ctrl-C; `say` is told the address as soon as it is known."""
    check(how)
    if how.auth:
        check_sign_in()
    import streamlit as st
    from starlette.middleware import Middleware

    from graphgrow_explorer import first, live, news, search
    from graphgrow_explorer.workspace import workspaces

    workspace = workspaces().open(how.store, is_read=False) if how.store else None
    store = workspace.url if workspace else ""
    port = how.port or free_port(how.host)
    public = origin_of(how.public or (str(st.secrets["auth"].get("redirect_uri", "")) if how.auth else ""))
    addresses = reached(how.host, port, public)
    origin, access = public or addresses.origins[0], None if how.auth else Access()
    named = {"store": store} if store else {}
    if access:
        address = f"{origin}{access.path}/?{urlencode({TOKEN: access.token, **named})}"
        once = f"{origin}/?{urlencode({TOKEN: access.ticket, **named})}"
    else:
        address = once = f"{origin}/?{urlencode(named)}".rstrip("?")
    os.environ.update(
        {
            STORE: store,
            SHARED: "yes" if is_shared(how) else "",
            AUTH: "yes" if how.auth else "",
            ALLOWED: " ".join(how.allowed),
            JOBS: how.jobs,
        }
    )
    # A large graph is drawn from its index alone; and where people sign in, the page itself comes before that.
    picture = partial(first.tag, workspace) if workspace and not workspace.index and not how.auth else None
    ready = threading.Event()
    layers = [
        Middleware(Guard, addresses=addresses, access=access),
        Middleware(Scripts, url=store, picture=picture, ready=ready),
    ]

    @asynccontextmanager
    async def living(_: st.App) -> AsyncIterator[None]:
        for name in COMPONENTS:
            mounted(name)  # a browser asks for their scripts before a page does
        send_at_once(port)
        end_in_time()
        threading.Thread(target=prepare, args=(workspace, ready), daemon=True).start()
        yield

    app = st.App(
        Path(__file__).with_name("app.py"),
        routes=[live.route(), first.route(), news.route(), search.route(), *entrances()],
        middleware=layers,
        lifespan=living,
    )
    say(address)
    if how.browser:
        opening = threading.Timer(1.0, webbrowser.open, [once])
        opening.daemon = True
        opening.start()
    # Three threads would look five times a second whether Streamlit's files of settings have changed.
    setattr(import_module("streamlit.web.bootstrap"), "watch_file", lambda *_, **__: False)  # noqa: B010  # not typed
    with suppress(KeyboardInterrupt):  # which is how a server is ended
        app.run(config=settings(how.host, port, public))


def send_at_once(port: int) -> None:
    """Let the socket at a port, and those of its connections, send what is short without waiting for more.

    An answer is sent in two pieces, and a socket that gathers them keeps the second back until the first has been
    acknowledged, which takes 40 ms where nothing else is sent. asyncio sees to that for its own sockets; Streamlit
    makes this one, and hands it to nobody.
    """
    for one in gc.get_objects():
        if type(one) is socket.socket and one.fileno() >= 0 and one.family in {socket.AF_INET, socket.AF_INET6}:
            with suppress(OSError):
                if one.type == socket.SOCK_STREAM and one.getsockname()[1] == port:
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def end_in_time() -> None:
    """Let Ctrl-C and SIGTERM end this server also where a client reads nothing, or a page is at work for long.

    The server's own signal handlers, to which these pass on, wait for both without end.
    """

    def ending(number: int, frame: FrameType | None) -> None:
        own = handlers[signal.Signals(number)]
        if callable(own):
            own(number, frame)
        code = 0 if number == signal.SIGINT else KILLED + number
        last = threading.Timer(GRACE, os._exit, [code])  # nothing is lost: what is decided is saved at once
        last.daemon = True
        last.start()

    handlers = {one: signal.signal(one, ending) for one in (signal.SIGINT, signal.SIGTERM)}


def prepare(workspace: "Workspace | None", ready: threading.Event) -> None:
    """Load what pages are made by, and work out the first picture, while the browser is still on its way.

    `ready` is set when that is done, or cannot be.
    """
    from graphgrow_explorer import first, parts

    gc.disable()  # what is read is kept, and need not be searched for garbage later
    try:
        if workspace:
            with suppress(GraphgrowError):  # the page will say so
                if workspace.index:
                    workspace.index.make()
                    workspace.refresh()
                    parts.part(workspace, workspace.index)
                else:
                    first.told(workspace)
        import_module("graphgrow_explorer.app")
        ready.set()
        if workspace and workspace.index:
            with suppress(GraphgrowError):
                workspace.search("a")  # which loads what names are compared by
    finally:
        ready.set()
        gc.freeze()
        gc.enable()


def entrances() -> "list[Route]":
    """Return the routes of links to a view: they lead to the first page, which turns to it.

    A page of Streamlit that is entered elsewhere looks for its server below its own address first, and complains.
    """
    from starlette.responses import RedirectResponse
    from starlette.routing import Route

    def enter(request: "Request") -> "Response":
        others = [(name, value) for name, value in request.query_params.multi_items() if name != VIEW]
        return RedirectResponse(f"./?{urlencode([*others, (VIEW, request.url.path.strip('/'))])}", 307)

    return [Route(f"/{name}", enter, methods=["GET"]) for name in PAGES]


def reached(host: str, port: int, public: str = "") -> Addresses:
    """Return the origins of a server that listens at a host and port; the first one is the one to print."""
    try:
        is_everywhere = not host or ip_address(host).is_unspecified
    except ValueError:
        is_everywhere = False
    names = [host]
    if is_everywhere:
        names = [socket.gethostname(), "localhost"]
    elif host in HERE:
        names = [host, HERE[host]]
    return Addresses([f"http://{authority(name, port)}" for name in names], public, port if is_everywhere else 0)


def origin_of(url: str) -> str:
    """Return the origin of a web address; "" where it is none."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        return ""
    usual = 443 if parts.scheme == "https" else 80
    return f"{parts.scheme}://{authority(parts.hostname, port or usual, parts.scheme)}"


def settings(host: str, port: int, public: str = "") -> dict[str, object]:
    """Return Streamlit's settings: nothing is sent to anybody, and nobody else's page may speak to this one.

    Where it is not given the name of its server it asks a service on the net for the address of this machine.
    Every message is sent whole: one that only refers to an earlier message breaks the page where the browser has
    dropped that.
    """
    name = urlsplit(public).hostname or host
    return {
        "server.address": host,
        "server.port": port,
        "server.headless": True,
        "server.showEmailPrompt": False,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "server.enableAgentApi": False,
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        **({"server.allowedHosts": ["localhost", "127.0.0.1", "[::1]", name]} if host in HERE else {}),
        "browser.serverAddress": name,
        "server.maxMessageSize": 400,
        "browser.gatherUsageStats": False,
        "global.minCachedMessageSize": float(2**40),
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "client.allowedOrigins": [],
        "logger.hideWelcomeMessage": True,
        **look.theme(),
    }


def free_port(host: str) -> int:
    """Return the first port from FIRST_PORT on that nobody listens at."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(FIRST_PORT, FIRST_PORT + PORTS):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise BadInput(f"no port from {FIRST_PORT} to {FIRST_PORT + PORTS - 1} is free: name one with --port")
