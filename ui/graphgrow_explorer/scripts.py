"""What a browser is given with the page: scripts from memory, the names of those that it will want, a picture."""

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from graphgrow_explorer.picture import ASSETS, COMPONENTS, PROJECT

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

CHUNKS = "BidiComponent", "Html", "ButtonGroup", "Slider"  # of Streamlit's page, for the picture and what is above it
# Of the files of Streamlit's page, those whose names hold a digest of them, and what they are.
HASHED = re.compile(r"/static/(?P<place>(?:js|css|media)/[\w-]+(?:\.[\w-]+)+\.(?P<ending>js|css|woff2))")
OURS = {f"/_stcore/bidi-components/{PROJECT}.{name}/{name}.js": f"{name}.js" for name in COMPONENTS}
TYPES = {"js": b"text/javascript; charset=utf-8", "css": b"text/css; charset=utf-8", "woff2": b"font/woff2"}
FOR_EVER, NOT_KEPT = b"public, immutable, max-age=31536000", b"no-cache"  # as Streamlit sends them, and ours
PARTLY = frozenset((b"range", b"if-none-match", b"if-modified-since"))  # headers that ask for less than a whole file
CHANGED = frozenset((b"content-length", b"etag", b"last-modified"))  # headers that do not fit a page with a picture
HEAD = b"</head>"
# The element of Streamlit's page that begins it.
ENTRY = re.compile(rb'<script type="module" crossorigin src="(?P<script>[\w./-]+\.js)"></script>')
OK = 200
LONGEST = 5.0  # seconds that a page waits to be connected; Streamlit's gives up after 15


class Scripts:
    """A layer that answers with the scripts of the page, and sends the page with what a browser needs to know of them.

    A page consists of a hundred files. Streamlit's server has each opened and read in other threads, which wait for one
    another and for the graph that is read meanwhile; and a browser would find out about some of them one by one.
    `picture` gives, for the script that begins the page, the element that draws the first picture and then begins it,
    for a page about the store `url` as it is at first. Pages connect once `ready` is set: what they need is worked out
    by then, and sooner where they do not compete with it.
    """

    def __init__(
        self,
        app: "ASGIApp",
        url: str = "",
        picture: "Callable[[str], str] | None" = None,
        ready: "threading.Event | None" = None,
    ) -> None:
        import streamlit as st

        self._app, self._url, self._picture, self._links = app, url, picture, preloads().encode()
        self._folder = Path(st.__file__).parent / "static" / "static"
        self._ready = ready
        self._held: dict[str, tuple[bytes, bytes, bytes]] = {}  # path -> type, how long it is kept, content

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer a request for a script, or hand it on."""
        if scope["type"] != "http":
            if scope["type"] == "websocket" and self._ready and not self._ready.is_set():
                await asyncio.to_thread(self._ready.wait, LONGEST)
            await self._app(scope, receive, send)
            return
        is_whole = scope["method"] == "GET" and PARTLY.isdisjoint(name for name, _ in scope["headers"])
        if is_whole and (held := self._held.get(scope["path"]) or self._read(scope["path"])):
            kind, kept, body = held
            headers = [(b"content-type", kind), (b"content-length", b"%d" % len(body)), (b"cache-control", kept)]
            await send({"type": "http.response.start", "status": OK, "headers": headers})
            await send({"type": "http.response.body", "body": body})
        elif scope["path"] == "/":
            await self._app(scope, receive, self._page(scope, send))
        else:
            await self._app(scope, receive, send)

    def _read(self, path: str) -> tuple[bytes, bytes, bytes] | None:
        """Return type, keeping and content of a script of ours, or a file whose name says which version of it it is."""
        found = HASHED.fullmatch(path)
        if path in OURS:
            kind, kept, file = TYPES["js"], NOT_KEPT, Path(__file__).parent / ASSETS / OURS[path]
        elif found:
            kind, kept, file = TYPES[found["ending"]], FOR_EVER, self._folder / found["place"]
        else:
            return None
        try:
            return self._held.setdefault(path, (kind, kept, file.read_bytes()))
        except OSError:
            return None

    def _page(self, scope: "Scope", send: "Send") -> "Send":
        """Return a function that sends the page: with the header, and with the picture where that shows its graph."""
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        picture = self._picture if scope["method"] == "GET" and query in ([], [("store", self._url)]) else None
        begun: list[Message] = []
        parts: list[bytes] = []

        async def sending(message: "Message") -> None:
            if message["type"] == "http.response.start" and message["status"] == OK:
                headers = [*message.get("headers", ()), (b"link", self._links)]
                begun.append({**message, "headers": headers})
                if not picture:
                    await send(begun[0])
            elif message["type"] == "http.response.body" and begun and picture:
                parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    page = pictured(b"".join(parts), picture)
                    kept = [(name, value) for name, value in begun[0]["headers"] if name.lower() not in CHANGED]
                    await send({**begun[0], "headers": [*kept, (b"content-length", b"%d" % len(page))]})
                    await send({**message, "body": page})
            else:
                await send(message)

        return sending


def pictured(page: bytes, picture: "Callable[[str], str]") -> bytes:
    """Return a page that begins with a picture: where it is not known what begins it, beside that."""
    entry = ENTRY.search(page)
    if entry:
        script = entry["script"].decode()
        begins = f'{picture(script)}<link rel="modulepreload" crossorigin href="{script}">'
        return page[: entry.start()] + begins.encode() + page[entry.end() :]
    return page.replace(HEAD, picture("").encode() + HEAD, 1)


def preloads() -> str:
    """Return the value of a Link header: the scripts of our components, and those that Streamlit fetches for them.

    A page would find out about the latter one by one, each after the one that imports it has come.
    """
    import streamlit as st

    scripts = Path(st.__file__).parent / "static" / "static" / "js"
    wanted = [path.name for name in CHUNKS for path in scripts.glob(f"{name}.*.js")]
    for name in wanted:
        found = re.findall(r'(?:from|import)"\./([\w.-]+\.js)"', (scripts / name).read_text(encoding="utf-8"))
        wanted += [one for one in found if one not in wanted]
    known = (scripts.parents[1] / "index.html").read_text(encoding="utf-8")
    places = [f"./static/js/{name}" for name in wanted if name not in known]
    places += [f"./_stcore/bidi-components/{PROJECT}.{name}/{name}.js" for name in COMPONENTS]
    return ", ".join(f"<{place}>; rel=modulepreload" for place in places)
