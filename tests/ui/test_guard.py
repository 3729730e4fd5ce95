"""Who gets into the explorer: attacks from another port, name or program, in a real browser and by hand."""

import asyncio
import http.client
import shutil
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import streamlit
from graphgrow_explorer import guard, serve
from graphgrow_explorer.guard import COOKIE, Access, Guard
from playwright.sync_api import Browser, expect

from graphgrow.errors import BadInput
from graphgrow.graph.model import Concept, Delta, Edit
from graphgrow.stores import open_store
from tests.browser import NAMES, PATIENCE_MS
from tests.explorers import Explorer, exploring
from tests.servers import Answer, Asked, Endpoint, completion, in_order, serving, waited_for

KEY = "sk-of-the-user-4711"
STREAM, UPLOAD = "_stcore/stream", "_stcore/upload_file/x/y"
SOCKET = """(url) => new Promise((done) => {
  const one = new WebSocket(url, ["streamlit", "2|x|x|1"]);
  one.onopen = () => { one.close(); done("opened"); };
  one.onerror = () => done("refused");
})"""
ATTACK = """<title>trying</title><script>
const socket = SOCKET;
const load = (name, url) => new Promise((done) => {
  const one = document.createElement(name);
  one.onload = () => done("loaded");
  one.onerror = () => done("refused");
  one.src = url;
  document.head.append(one);
});
const read = (url) => fetch(url, {credentials: "include"}).then((one) => one.ok ? "read" : "refused", () => "refused");
Promise.all(BASES.flatMap((base) => [
  socket(base.replace("http", "ws") + "_stcore/stream"), read(base), read(base + "_stcore/host-config"),
  load("script", base + "static/js/SCRIPT"), fetch(base + "_stcore/upload_file/x/y", {method: "PUT", body: "x"}).then(
    (one) => one.ok ? "sent" : "refused", () => "refused"),
])).then((all) => { window.found = all; document.title = "done"; });
</script>"""


@pytest.fixture(scope="module")
def proxy() -> Iterator[Endpoint]:
    """Yield where requests to the world outside would arrive."""
    with serving(in_order(Answer("203.0.113.9"))) as found:
        yield found


@pytest.fixture(scope="module")
def explorer(tmp_path_factory: pytest.TempPathFactory, proxy: Endpoint) -> Iterator[Explorer]:
    """Yield the explorer of a small graph, started by somebody with a key in the environment."""
    folder = tmp_path_factory.mktemp("guarded")
    for file in (folder / "small.db", folder.parent / f"{folder.name}-outside.db"):
        with closing(open_store(f"sqlite:{file}", create=True)) as store:
            store.append(Edit(1, "add", Delta((Concept("silk", "silk"),))))
    outside = f"http://127.0.0.1:{proxy.port}"
    env = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "", "http_proxy": outside, "https_proxy": outside, "no_proxy": ""}
    with exploring(folder, "small.db", env=env) as found:
        yield found


def asked(explorer: Explorer, path: str, *headers: tuple[str, str], method: str = "GET") -> int:
    """Return the status of a request with these headers, and no others, below the address of the explorer."""
    connection = http.client.HTTPConnection("127.0.0.1", explorer.port, timeout=60)
    with closing(connection):
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for header in headers:
            connection.putheader(*header)
        connection.endheaders()
        return connection.getresponse().status


def of_browser(explorer: Explorer) -> dict[str, str]:
    """Return the headers of a socket as the explorer's own page opens it."""
    return {
        "Host": explorer.origin.removeprefix("http://"), "Origin": explorer.origin, "Connection": "Upgrade",
        "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Cookie": f"{COOKIE}={explorer.token}",
    }  # fmt: skip


@pytest.mark.parametrize("below", [True, False])
@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 101),
        ({"Cookie": f"{COOKIE}=tossed; {COOKIE}={{token}}"}, 101),
        ({"Cookie": ""}, 403),
        ({"Cookie": f"{COOKIE}=wrong"}, 403),
        ({"Cookie": f"{COOKIE}={{token}}x"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://other.example"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "http://127.0.0.1"}, 403),
        ({"Origin": "https://127.0.0.1:{port}"}, 403),
        ({"Origin": "http://127.0.0.1:{port}.other.example"}, 403),
        ({"Origin": "http://other.example@127.0.0.1:{port}"}, 403),
        ({"Origin": "http://localhost:{port}"}, 403),
        ({"Host": "localhost:{port}", "Origin": "http://localhost:{port}"}, 101),
        ({"Host": "other.example:{port}"}, 403),
        ({"Host": "other.example:{port}", "Origin": "http://other.example:{port}"}, 403),
        ({"Host": "127.0.0.1", "Origin": "http://127.0.0.1"}, 403),
        ({"Host": "127.0.0.1:1", "Origin": "http://127.0.0.1:1"}, 403),
        ({"Host": "127.0.0.1.:{port}"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)
def test_a_socket_opens_to_the_own_page_with_the_token(
    explorer: Explorer, change: dict[str, str], status: int, *, below: bool
) -> None:
    """Host, Origin and cookie as they are, and no other ones, also for who knows the path that it stands below."""
    known = {"token": explorer.token, "port": explorer.port}
    headers = of_browser(explorer) | {name: value.format(**known) for name, value in change.items()}
    path = f"{explorer.base.removeprefix(explorer.origin) if below else '/'}{STREAM}"
    assert asked(explorer, path, *((name, value) for name, value in headers.items() if value)) == status


@pytest.mark.parametrize(
    "path", ["", "paths", "static/js/index.js", "component/x/index.html", "media/x.png", "graphgrow/feed/x",
             "_stcore/host-config", "_stcore/metrics", "?token=wrong", "?token=", "favicon.png"]
)  # fmt: skip
def test_nothing_is_answered_without_the_token(explorer: Explorer, path: str) -> None:
    """Page, files of the page, components, downloads and feeds: without the cookie, or with a wrong token, nothing."""
    host = "Host", explorer.origin.removeprefix("http://")
    cookie = "Cookie", f"{COOKIE}={explorer.token}"
    for base in ("/", explorer.base.removeprefix(explorer.origin)):
        assert asked(explorer, f"{base}{path}", host) == 403
        assert asked(explorer, f"{base}{path}", ("Host", f"other.example:{explorer.port}"), cookie) == 421
        assert asked(explorer, f"{base}{path}", host, cookie, ("Origin", "http://127.0.0.1:1")) == 403
        assert asked(explorer, f"{base}{path}", host, cookie) != 403 or "token" in path
    assert asked(explorer, f"/{UPLOAD}", host, cookie, method="PUT") == 403, "without an Origin"
    assert asked(explorer, "/_stcore/health", host) == 200
    assert asked(explorer, "/_stcore/health", ("Host", "other.example")) == 421


def test_a_page_at_another_port_gets_nothing(browser: Browser, explorer: Explorer) -> None:
    """In a browser that has the explorer open: no socket, no page, no file, no upload, and never the cookie."""
    script = next(Path(streamlit.__file__).parent.glob("static/static/js/index.*.js")).name
    bases = [f"{explorer.origin}/", explorer.base, f"http://localhost:{explorer.port}/"]
    page_text = ATTACK.replace("SOCKET", SOCKET).replace("BASES", str(bases)).replace("SCRIPT", script)
    headers = {"Content-Type": "text/html", "Cache-Control": "no-store"}
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_MS)
    try:
        own = context.new_page()
        own.goto(explorer.url("small.db"))
        expect(own.get_by_text("1 concept").first).to_be_visible()
        with serving(in_order(Answer(page_text, headers=headers))) as other:
            foreign = context.new_page()
            for path in ("/", "/_stcore/stream", "/static/js/x.js"):
                foreign.goto(f"http://127.0.0.1:{other.port}{path}")
                foreign.wait_for_function("document.title === 'done'")
                assert set(foreign.evaluate("window.found")) == {"refused"}
            assert other.asked
            assert not [one for one in other.asked if explorer.token in str(one.headers)]
            foreign.set_content(f'<iframe src="{explorer.base}"></iframe>')
            foreign.wait_for_function("frames.length === 1")
            assert not [frame for frame in foreign.frames[1:] if "streamlit" in frame.content().lower()]
    finally:
        context.close()
    assert not list((explorer.folder / "state").rglob("runs/*.json")), "nothing was started"


def test_a_name_that_is_rebound_opens_nothing(browser: Browser, explorer: Explorer) -> None:
    """A name of somebody else that leads to this machine is refused, even with the right token in the address."""
    rules = "--host-resolver-rules=MAP other.example 127.0.0.1"
    path = next(filter(None, map(shutil.which, NAMES)))
    other = browser.browser_type.launch(executable_path=path, args=["--no-sandbox", rules], timeout=PATIENCE_MS)
    try:
        page = other.new_page()
        page.set_default_timeout(PATIENCE_MS)
        rebound = explorer.url("small.db").replace("127.0.0.1", "other.example", 1)
        answer = page.goto(rebound)
        assert answer
        assert answer.status == 421
        assert "alone" in page.locator("body").inner_text()
        for base in (explorer.base, f"{explorer.origin}/"):
            url = base.replace("http://127.0.0.1", "ws://other.example") + STREAM
            assert page.evaluate(SOCKET, url) == "refused"
        assert not page.context.cookies()
    finally:
        other.close()


def test_the_key_does_not_go_to_an_address_that_was_typed(browser: Browser, explorer: Explorer) -> None:
    """Start with an address in the form: it is asked, without the key of the environment, and the run says so."""

    def script(one: Asked) -> Answer:
        return Answer(completion("nothing")) if "completions" in one.path else Answer({"data": [{"id": "m-1"}]})

    def errors() -> str:
        return "".join(file.read_text() for file in (explorer.folder / "state").rglob("runs/*.err"))

    with serving(script) as endpoint:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        try:
            page.goto(explorer.url("small.db", view="runs"))
            page.get_by_role("textbox", name="Topic").fill("silk")
            page.get_by_role("textbox", name="Address of an endpoint").fill(endpoint.base_url)
            page.get_by_role("spinbutton", name="Steps").fill("1")
            page.get_by_test_id("stMain").get_by_role("button", name="Start").click()
            expect(page.get_by_text("has begun").first).to_be_visible()
            assert waited_for(lambda: endpoint.chats), errors()
        finally:
            page.close()
    assert not [one for one in endpoint.asked if KEY in str(one.headers)]
    assert "is for https://api.openai.com/v1 alone" in errors()


def test_no_link_opens_a_graph_elsewhere(browser: Browser, explorer: Explorer) -> None:
    """A store in the address that the command line does not name is opened in the folder alone."""
    outside = explorer.folder.parent / f"{explorer.folder.name}-outside.db"
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    try:
        page.goto(explorer.url(str(outside)))
        expect(page.get_by_text("outside the folder that the explorer was started in").first).to_be_visible()
        expect(page.get_by_text("1 concept")).to_have_count(0)
    finally:
        page.close()


def test_nobody_is_asked_for_the_address_of_this_machine(explorer: Explorer, proxy: Endpoint) -> None:
    """Not for a foreign Origin either, where Streamlit would ask a service on the net."""
    headers = of_browser(explorer) | {"Origin": "http://other.example"}
    for _ in range(2):
        assert asked(explorer, f"/{STREAM}", *headers.items()) == 403
    assert proxy.asked == []


def test_a_client_that_reads_nothing_does_not_keep_the_server_from_its_end(tmp_path: Path) -> None:
    """Asked to end, it ends, though a client has asked for a large file and takes none of it."""
    with closing(open_store(str(tmp_path / "small.db"), create=True)) as store:
        store.append(Edit(1, "add", Delta(concepts=(Concept("nacre", "Nacre"),))))
    scripts = Path(streamlit.__file__).parent / "static" / "static" / "js"
    largest = max(scripts.glob("*.js"), key=lambda file: file.stat().st_size)
    with socket.socket() as client, exploring(tmp_path, "small.db") as found:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", found.port))
        head = f"Host: 127.0.0.1:{found.port}", f"Cookie: {COOKIE}={found.token}"
        lines = f"GET {urlsplit(found.base).path}static/js/{largest.name} HTTP/1.1", *head, "", ""
        client.sendall("\r\n".join(lines).encode())
        assert b" 200 " in client.recv(40)


def through(scope: dict[str, object], access: Access | None, addresses: guard.Addresses) -> dict[str, object]:
    """Return how the guard answers a request: `status` and `headers`, and the path that it handed on."""
    found: dict[str, object] = {}

    async def app(scope: dict[str, object], _receive: object, send: object) -> None:
        found["path"] = scope["path"]
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            found["status"] = message["status"]
            found["headers"] = dict(message["headers"])  # type: ignore[call-overload]

    async def receive() -> dict[str, object]:
        return {"type": "http.request"}

    async def run() -> None:
        await Guard(app, addresses, access)(scope, receive, send)  # type: ignore[arg-type]

    with ThreadPoolExecutor(1) as pool:  # the browser of these tests has a loop in this thread
        pool.submit(asyncio.run, run()).result()
    return found


def request(host: str, path: str = "/", query: str = "", **headers: str) -> dict[str, object]:
    """Return a request as a server hands it on, which came to 192.0.2.7."""
    named = [(b"host", host.encode()), *((name.encode(), value.encode()) for name, value in headers.items())]
    return {"type": "http", "scheme": "http", "method": "GET", "path": path, "query_string": query.encode(),
            "headers": named, "server": ("::ffff:192.0.2.7", 8501)}  # fmt: skip


def test_the_address_that_a_browser_is_given_opens_once() -> None:
    """What stands on its command line is of no use to who reads it there; what is printed opens ever again."""
    access, addresses = Access(), serve.reached("127.0.0.1", 8501)
    first = through(request("127.0.0.1:8501", "/", f"token={access.ticket}&store=a.db"), access, addresses)
    assert first["status"] == 303
    assert first["headers"][b"location"] == f"{access.path}/?store=a.db".encode()  # type: ignore[index]
    cookie = first["headers"][b"set-cookie"].decode()  # type: ignore[index]
    assert f"Path={access.path}" in cookie
    assert "HttpOnly" in cookie
    assert through(request("127.0.0.1:8501", "/", f"token={access.ticket}"), access, addresses)["status"] == 403
    for _ in range(2):
        assert through(request("127.0.0.1:8501", "/", f"token={access.token}"), access, addresses)["status"] == 303
    inside = request("127.0.0.1:8501", f"{access.path}/paths", cookie=cookie.partition(";")[0])
    assert through(inside, access, addresses)["path"] == "/paths"
    assert access.token not in repr(access)


@pytest.mark.parametrize(
    ("host", "public", "name", "origin", "status"),
    [
        ("127.0.0.1", "https://graphs.example.org", "graphs.example.org", "https://graphs.example.org", 200),
        ("127.0.0.1", "https://graphs.example.org", "127.0.0.1:8501", "https://graphs.example.org", 200),
        ("127.0.0.1", "https://graphs.example.org", "graphs.example.org", "https://graphs.example.org:1", 403),
        ("127.0.0.1", "https://graphs.example.org", "graphs.example.org:1", "https://graphs.example.org", 421),
        ("127.0.0.1", "", "graphs.example.org", "https://graphs.example.org", 421),
        ("::1", "", "[::1]:8501", "http://[::1]:8501", 200),
        ("192.0.2.7", "", "192.0.2.7:8501", "http://192.0.2.7:8501", 200),
        ("192.0.2.7", "", "127.0.0.1:8501", "http://127.0.0.1:8501", 421),
        ("::", "", "192.0.2.7:8501", "http://192.0.2.7:8501", 200),
        ("::", "", "192.0.2.8:8501", "http://192.0.2.8:8501", 421),
        ("0.0.0.0", "", "other.example:8501", "http://other.example:8501", 421),  # noqa: S104  # nobody listens
    ],
)
def test_other_addresses_are_compared_exactly_too(host: str, public: str, name: str, origin: str, status: int) -> None:
    """A shared explorer answers at the address of its host, or of the proxy before it, and at no other."""
    addresses = serve.reached(host, 8501, public)
    assert through(request(name, origin=origin), None, addresses)["status"] == status


@pytest.mark.parametrize("public", ["graphs.example.org", "https://x.org/below", "https://me@x.org", "ftp://x.org"])
def test_a_public_address_is_an_origin(public: str) -> None:
    """What is no scheme, host and port is refused in one sentence; Streamlit is told the name and asks nobody."""
    with pytest.raises(BadInput, match="no address of a server"):
        serve.check(serve.Serving(public=public))
    assert serve.origin_of("HTTPS://Graphs.example.org:443/oauth2callback") == "https://graphs.example.org"
    assert serve.settings("127.0.0.1", 1, "https://graphs.example.org")["browser.serverAddress"] == "graphs.example.org"
