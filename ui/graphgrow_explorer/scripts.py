"""What a browser is given with the page: scripts from memory, the names of those that it will want, a picture."""

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from graphgrow_explorer.picture import ASSETS, COMPONENTS, PROJECT

if TYPE_CHECKING:
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
OK = 200


class Scripts:
    """A layer that answers with the scripts of the page, and sends the page with what a browser needs to know of them.

    A page consists of a hundred files. Streamlit's server has each opened and read in other threads, which wait for one
    another and for the graph that is read meanwhile; and a browser would find out about some of them one by one.
    `picture` is an element that draws the first one, for a page about the store `url` as it is at first.
    """

    def __init__(self, app: "ASGIApp", url: str = "", picture: str = "") -> None:
        import streamlit as st

        self._app, self._url, self._picture, self._links = app, url, picture.encode(), preloads().encode()
        self._folder = Path(st.__file__).parent / "static" / "static"
        self._held: dict[str, tuple[bytes, bytes, bytes]] = {}  # path -> type, how long it is kept, content

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer a request for a script, or hand it on."""
        if scope["type"] != "http":
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
        is_first = scope["method"] == "GET" and self._picture and query in ([], [("store", self._url)])
        begun: list[Message] = []
        parts: list[bytes] = []

        async def sending(message: "Message") -> None:
            if message["type"] == "http.response.start" and message["status"] == OK:
                headers = [*message.get("headers", ()), (b"link", self._links)]
                begun.append({**message, "headers": headers})
                if not is_first:
                    await send(begun[0])
            elif message["type"] == "http.response.body" and begun and is_first:
                parts.append(message.get("body", b""))
                if not message.get("more_body"):
                    page = b"".join(parts).replace(HEAD, self._picture + HEAD, 1)
                    kept = [(name, value) for name, value in begun[0]["headers"] if name.lower() not in CHANGED]
                    await send({**begun[0], "headers": [*kept, (b"content-length", b"%d" % len(page))]})
                    await send({**message, "body": page})
            else:
                await send(message)

        return sending


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
