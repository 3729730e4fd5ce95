"""The first picture is drawn before the page around it, which then goes on with it; and how fast scripts are sent."""

import asyncio
import gzip
import http.client
import json
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import pytest
import streamlit
from graphgrow_explorer import first, serve
from graphgrow_explorer.scripts import OURS, Scripts, pictured
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser import PATIENCE_MS
from tests.explorers import Explorer
from tests.pictures import FIND, Drawn
from tests.servers import free_port

SCRIPTS = Path(streamlit.__file__).parent / "static"
IMPATIENT = 15_000  # milliseconds within which what covers a page that has no picture is gone


class Late:
    """A page of which a script of Streamlit does not come before `release`, and with it none of its own."""

    def __init__(self, page: Page, script: str = "**/static/js/react-dom.*.js") -> None:
        self._held: list[Route] = []
        self._is_over = False
        page.set_default_timeout(PATIENCE_MS)
        page.route(script, self._hold)

    def _hold(self, route: Route) -> None:
        if self._is_over:
            route.continue_()
        else:
            self._held.append(route)

    def release(self) -> None:
        """Let the scripts come."""
        self._is_over = True
        for route in self._held:
            route.continue_()


def test_the_picture_is_there_before_the_page_and_goes_on_in_it(browser: Browser, explorer: Explorer) -> None:
    """Without a script of Streamlit it is drawn, and can be clicked; the page takes it over as it is then."""
    with closing(browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")) as page:
        late, found = Late(page), Drawn(page)
        page.goto(explorer.url("recorded.db"), wait_until="commit")
        found.wait("p.renderer && p.named")
        assert found.ask("p.mounts()") == 0
        assert page.get_by_test_id("stApp").count() == 0
        concepts = found.ask("p.model.nodes.size")
        found.ask("p.mark = 'the same'")
        before = page.evaluate(f"{FIND}.getBoundingClientRect().toJSON()")
        found.click("impact resistance")
        found.wait("p.selected.length === 1")
        late.release()
        found.wait("p.mounts() === 1")
        assert found.ask("[p.mark, p.model.nodes.size, p.selected.length]") == ["the same", concepts, 1]
        expect(page.get_by_role("heading", name="impact resistance", exact=True)).to_be_visible()
        page.wait_for_url("**concept=impact**")
        assert page.evaluate("document.querySelectorAll('body > div').length") == page.evaluate(
            "[...document.querySelectorAll('body > div')].filter((one) => !one.shadowRoot).length"
        )
        after = page.evaluate(f"{FIND}.getBoundingClientRect().toJSON()")
        for side in ("x", "y", "width", "height"):  # it stands where it stood
            assert after[side] == pytest.approx(before[side], abs=24), side


def test_of_what_was_selected_before_the_page_the_last_counts(browser: Browser, explorer: Explorer) -> None:
    """What is no longer selected when the page comes is in no address; nor after two clicks at once on the page."""
    with closing(browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")) as page:
        late, found = Late(page), Drawn(page)
        page.goto(explorer.url("recorded.db"), wait_until="commit")
        found.wait("p.renderer && p.named")
        found.click("impact resistance")
        page.wait_for_timeout(300)
        page.keyboard.press("Escape")
        found.wait("p.selected.length === 0")
        late.release()
        found.wait("p.mounts() === 1")
        expect(page.get_by_role("heading", name="Nothing selected")).to_be_visible()
        page.wait_for_timeout(1500)
        assert "concept=" not in page.url
        found.click("impact resistance")
        page.keyboard.press("Escape")
        page.wait_for_timeout(3000)
        assert "concept=" not in page.url
        assert found.ask("p.selected.length") == 0


def test_another_view_is_not_covered_by_it(browser: Browser, explorer: Explorer) -> None:
    """Who goes to another view before the picture is taken over sees that view."""
    with closing(browser.new_page(viewport={"width": 1440, "height": 900})) as page:
        late, found = Late(page, "**/static/js/BidiComponent.*.js"), Drawn(page)
        page.goto(explorer.url("recorded.db"), wait_until="commit")
        found.wait("p.renderer && p.named")
        page.get_by_test_id("stTopNavLink").filter(has_text="Growth").click()
        page.wait_for_function(f"() => !{FIND}", timeout=IMPATIENT)
        late.release()
        expect(page.get_by_text("Modularity").first).to_be_visible()
        assert page.evaluate(f"!{FIND}")


@pytest.mark.parametrize("dark", [False, True])
def test_it_has_the_colours_of_the_page(browser: Browser, explorer: Explorer, *, dark: bool) -> None:
    """Paper, ink and font are those that Streamlit's page has, so that nothing is drawn anew when it comes."""
    with closing(browser.new_page(color_scheme="dark" if dark else "light")) as page:
        late, found = Late(page), Drawn(page)
        page.goto(explorer.url("recorded.db"), wait_until="commit")
        found.wait("p.renderer && p.named")
        before = found.ask("p.theme.stamp")
        assert found.ask("p.theme.dark") == dark
        late.release()
        found.wait("p.mounts() === 1")
        page.wait_for_timeout(1500)
        assert found.ask("p.theme.stamp") == before


def test_a_page_without_a_picture_is_not_covered_by_one(browser: Browser, explorer: Explorer) -> None:
    """Where the graph is gone by the time that the page comes, what was drawn of it goes too."""
    with closing(browser.new_page()) as page:
        late, found = Late(page), Drawn(page)
        file = explorer.folder / "recorded.db"
        page.goto(explorer.url("recorded.db"), wait_until="commit")
        found.wait("p.renderer && p.named")
        file.rename(explorer.folder / "elsewhere.db")
        try:
            late.release()
            expect(page.get_by_text("there is no graph at").first).to_be_visible()
            page.wait_for_function(f"() => !{FIND}", timeout=IMPATIENT)
        finally:
            (explorer.folder / "elsewhere.db").rename(file)


@pytest.mark.parametrize("fails", [False, True])
def test_a_page_whose_first_picture_is_late_or_fails_comes_without(
    browser: Browser, explorer: Explorer, *, fails: bool
) -> None:
    """The page is begun by the picture, and in any case: where the data do not come, and where they come after it."""
    with closing(browser.new_page()) as page:
        late, found = Late(page, "**/graphgrow/first/**"), Drawn(page)
        if fails:
            page.route("**/graphgrow/first/**", lambda route: route.abort())
        page.goto(explorer.url("recorded.db"), wait_until="commit")
        found.wait("p.renderer && p.named && p.mounts() === 1")
        late.release()
        page.wait_for_timeout(1000)
        assert (
            page.evaluate(
                "[...document.querySelectorAll('*')].filter((one) => one.shadowRoot?.querySelector('.gg')).length"
            )
            == 1
        )


def test_the_page_is_begun_by_the_picture_where_it_can_be() -> None:
    """Streamlit's own page has one script that begins it; a page that has none of that kind gets the picture beside."""
    page = (SCRIPTS / "index.html").read_bytes()
    begun: list[str] = []

    def picture(script: str) -> str:
        begun.append(script)
        return "<picture></picture>"

    text = pictured(page, picture).decode()
    assert f'src="{begun[0]}"' not in text
    assert text.count("<picture>") == 1
    assert (SCRIPTS / begun[0]).is_file()
    assert pictured(b"<head></head>", picture) == b"<head><picture></picture></head>"
    assert begun[1] == ""


def test_only_the_first_page_has_it(explorer: Explorer) -> None:
    """Another view, another graph, or a link to a concept comes without; a token that nobody gave leads nowhere."""
    with closing(Visitor(explorer)) as visitor:
        page = visitor.get("?store=sqlite%3Arecorded.db")
        assert page.body.count(first.PATH.encode()) == 1
        assert visitor.get("").body.count(first.PATH.encode()) == 1
        assert len(page.body) == int(page.headers["content-length"])
        for other in ("?view=growth", "?store=sqlite%3Aother.db", "?store=sqlite%3Arecorded.db&concept=silk"):
            assert first.PATH.encode() not in visitor.get(other).body
        address = page.body.partition(first.PATH.encode())[2].partition(b'"')[0].decode()
        found = visitor.get(f"{first.PATH}{address}")
        data = json.loads(gzip.decompress(found.body))
        assert data["nodes"]["rows"] == len(data["nodes"]["columns"]["key"]) > 100
        assert visitor.get(f"{first.PATH}/somebody").status == 404


def test_who_has_to_sign_in_is_given_no_picture_before(monkeypatch: pytest.MonkeyPatch, recorded: Path) -> None:
    """Where people sign in, the page itself is there for everybody: it must not lead to the graph."""
    given: list[dict[str, Any]] = []

    class App:
        def __init__(self, *_: object, middleware: list[object], **__: object) -> None:
            given.extend(layer.kwargs for layer in middleware)  # type: ignore[attr-defined]  # of Starlette

        def run(self, **_: object) -> None:
            """Serve nothing."""

    monkeypatch.setattr(streamlit, "App", App)
    monkeypatch.setattr(serve, "check_sign_in", lambda: None)
    monkeypatch.setattr(os, "environ", dict(os.environ))  # where a server writes what its pages have to know
    monkeypatch.setattr(streamlit, "secrets", {"auth": {"redirect_uri": "https://graphs.example.org/oauth2callback"}})
    for is_open in (True, False):
        how = serve.Serving(f"sqlite:{recorded}", auth=not is_open, browser=False, port=free_port())
        serve.serve(how, lambda _: None)
    pictures = [one["picture"] for one in given if "picture" in one]
    assert first.PATH in pictures[0]("")
    assert pictures[1] is None


def test_scripts_are_those_of_streamlit(explorer: Explorer) -> None:
    """What is sent out of memory is the file, with its type; a part of one, or what is no script, is Streamlit's."""
    with closing(Visitor(explorer)) as visitor:
        names = [path.relative_to(SCRIPTS) for path in (SCRIPTS / "static").rglob("*") if path.is_file()]
        chosen = [*names[::40], *(one for one in names if one.suffix == ".css")]
        assert {one.suffix for one in chosen} >= {".js", ".css", ".woff2"}
        for name in chosen:
            found = visitor.get(name.as_posix())
            assert (found.status, found.body) == (200, (SCRIPTS / name).read_bytes()), name
            assert "immutable" in found.headers["cache-control"]
        for path, ours in OURS.items():
            found = visitor.get(path.lstrip("/"))
            assert found.body == (Path(serve.__file__).parent / "assets" / ours).read_bytes()
            assert found.headers["content-type"].startswith("text/javascript")
            assert found.headers["cache-control"] == "no-cache"
        script = names[0].as_posix()
        assert visitor.get(script, Range="bytes=0-9").status == 206
        assert visitor.get("static/js/none.abc.js").body.startswith(b"<!")  # as Streamlit answers what it does not know
        for bad in ("static/js/..%2f..%2findex.x.js", "static/js/../../app.x.js"):
            assert b"import" not in visitor.get(bad).body[:200]


def test_what_asks_for_no_page_goes_on_as_it_came() -> None:
    """A start of the server, or a socket, is nothing to a layer for scripts."""
    seen: list[str] = []

    async def app(scope: dict[str, str], *_: object) -> None:
        seen.append(scope["type"])

    layer = Scripts(app)  # type: ignore[arg-type]  # enough of one
    with ThreadPoolExecutor(1) as elsewhere:  # the browser of other tests has a loop in this thread
        for kind in ("lifespan", "websocket"):
            elsewhere.submit(asyncio.run, layer({"type": kind}, None, None)).result()  # type: ignore[arg-type]
    assert seen == ["lifespan", "websocket"]


def test_pages_connect_when_what_they_need_is_there() -> None:
    """A socket that is opened before waits, and goes on as it came."""
    seen: list[str] = []
    ready = Event()

    async def app(scope: dict[str, str], *_: object) -> None:
        seen.append(scope["type"])

    async def visit() -> None:
        layer = Scripts(app, ready=ready)  # type: ignore[arg-type]  # enough of one
        waiting = asyncio.ensure_future(layer({"type": "websocket"}, None, None))  # type: ignore[arg-type]
        await asyncio.sleep(0.2)
        assert seen == []
        ready.set()
        await waiting

    with ThreadPoolExecutor(1) as elsewhere:
        elsewhere.submit(asyncio.run, visit()).result()
    assert seen == ["websocket"]


def test_answers_are_sent_at_once() -> None:
    """Sockets at the port of the server, and what they accept, gather nothing; those at another port are left alone."""
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as one,
        closing(socket.create_server(("127.0.0.1", 0))) as other,
    ):
        port = one.getsockname()[1]
        serve.send_at_once(port)
        with closing(socket.create_connection(("127.0.0.1", port))), closing(one.accept()[0]) as accepted:
            gathers = [not each.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for each in (one, accepted, other)]
        assert gathers == [False, False, True]


class Visitor:
    """Somebody with the token, by hand."""

    def __init__(self, explorer: Explorer) -> None:
        parts = urlsplit(explorer.base)
        self.connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        self.connection.request("GET", f"{parts.path}?token={explorer.token}")
        answer = self.connection.getresponse()
        answer.read()
        self._cookie = str(answer.headers["set-cookie"]).partition(";")[0]
        self._base = str(answer.headers["location"]).partition("?")[0]

    def get(self, path: str, **headers: str) -> "Got":
        """Return the answer to a request."""
        self.connection.request("GET", f"{self._base}{path}", headers={"Cookie": self._cookie, **headers})
        answer = self.connection.getresponse()
        return Got(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read())

    def close(self) -> None:
        """Hang up."""
        self.connection.close()


class Got:
    """An answer."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body
