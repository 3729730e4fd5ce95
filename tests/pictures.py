"""Graphs to draw, the page that draws them as a server of its own, and what a reader does to it."""

import math
import os
import random
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from playwright.sync_api import Browser, Locator, ViewportSize
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.browser import Opened, listen
from tests.processes import Process, started
from tests.servers import PATIENCE, free_port

ROOT = Path(__file__).parent.parent
HOSTILE = [
    "<script>window.taken = 1</script>",
    '"><img src=x onerror="window.taken = 2">',
    "[click](javascript:window.taken=3)",
    "long " * 2000,
    "\u202eright to left\u202c",
    "line\u2028break\u0000and half",
    "",
]
NODES = ["key", "name", "x", "y", "size", "community", "first_seq", "degree", "centrality"]
EDGES = ["source", "target", "predicate", "support", "first_seq"]
# Chromium's own word on reading pixels where there is no graphics card.
NOISE = "GPU stall due to ReadPixels"


class Frames(NamedTuple):
    """Concepts and relations as a picture takes them."""

    nodes: pd.DataFrame
    edges: pd.DataFrame


def frames(graph: str) -> Frames:
    """Return the graph of that name: `empty`, `one`, `hostile`, `rings`, or a number of concepts."""
    if graph == "empty":
        return framed([], [])
    if graph == "one":
        return framed(["alone"], [])
    if graph == "hostile":
        return framed(HOSTILE, [(0, at) for at in range(1, len(HOSTILE))])
    if graph == "rings":
        names = [f"{'abc'[at // 10]}{at % 10}" for at in range(30)]
        around = [(at, at - at % 10 + (at + 1) % 10) for at in range(30)]
        return framed(names, [*around, (0, 10), (10, 20)])
    return large(int(graph))


def framed(names: list[str], pairs: list[tuple[int, int]]) -> Frames:
    """Return concepts on circles of ten and the relations between them; a concept comes in at the step of its place."""
    degree = [sum(at in pair for pair in pairs) for at in range(len(names))]
    nodes = [
        (
            f"k{at}",
            name,
            5 * (at // 10) + math.cos(at * math.pi / 5),
            math.sin(at * math.pi / 5) + at // 10 % 2,
            1 + degree[at],
            at // 10,
            at + 1,
            degree[at],
            at / 10,
        )
        for at, name in enumerate(names)
    ]
    edges = [(f"k{s}", f"k{t}", "joins" if abs(s - t) > 9 else "leads to", 1, max(s, t) + 1) for s, t in pairs]
    return Frames(pd.DataFrame(nodes, columns=NODES), pd.DataFrame(edges, columns=EDGES))


def large(count: int) -> Frames:
    """Return that many concepts in clusters, with three relations each."""
    rng = random.Random(count)
    middles = [(rng.uniform(-1, 1), rng.uniform(-1, 1)) for _ in range(12)]
    pairs = [(at, max(0, at - 1 - int(rng.expovariate(1) * count / 50))) for at in range(1, count) for _ in range(3)]
    degree = [0] * count
    for one in (end for pair in pairs for end in pair):
        degree[one] += 1
    spots = [(rng.gauss(middles[at % 12][0], 0.2), rng.gauss(middles[at % 12][1], 0.2)) for at in range(count)]
    nodes = [
        (f"k{at}", f"concept {at}", x, y, degree[at], at % 12, at, degree[at], rng.random())
        for at, (x, y) in enumerate(spots)
    ]
    edges = [(f"k{s}", f"k{t}", f"relation {(s + t) % 20}", 1 + s % 3, s) for s, t in pairs if s != t]
    return Frames(pd.DataFrame(nodes, columns=NODES), pd.DataFrame(edges, columns=EDGES))


@dataclass(frozen=True, slots=True)
class Server:
    """Where the page is served, and the folder whose files it hands out under `app/static/`."""

    url: str
    static: Path


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """Serve the page on a free port of this machine until the block ends."""
    port = free_port()
    script = folder / "page.py"
    script.write_bytes((Path(__file__).parent / "picture_page.py").read_bytes())
    static = folder / "static"
    static.mkdir()
    options = {
        "server.port": port,
        "server.address": "127.0.0.1",
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "server.enableStaticServing": "true",
        "browser.gatherUsageStats": "false",
        "global.minCachedMessageSize": str(2**40),  # as the explorer has it
    }
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    command += [f"--{name}={value}" for name, value in options.items()]
    paths = os.pathsep.join([str(ROOT), str(ROOT / "ui"), os.environ.get("PYTHONPATH", "")])
    with (folder / "log").open("wb") as log:
        env = os.environ | {"PYTHONPATH": paths, "HOME": str(folder)}
        with started(command, None, cwd=folder, stdout=log, stderr=log, env=env) as process:
            answered(f"http://127.0.0.1:{port}/_stcore/health", process)
            yield Server(f"http://127.0.0.1:{port}", static)


def answered(url: str, process: Process) -> None:
    """Wait until the server answers."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=PATIENCE):  # noqa: S310 - our own server
                return
        except urllib.error.URLError:
            assert process.poll() is None, "the server ended"
            time.sleep(0.05)
    raise TimeoutError(url)


@dataclass(frozen=True, slots=True)
class Drawn(Opened):
    """A page with its picture drawn."""

    @property
    def root(self) -> Locator:
        """The element around everything the picture consists of."""
        return self.page.locator(".gg")

    def ask(self, expression: str, argument: object = None) -> Any:
        """Return what a JavaScript expression over `p`, the picture, and `a`, the argument, says."""
        return self.root.evaluate(f"(e, a) => {{ const p = e.picture; return {expression}; }}", argument)

    def wait(self, expression: str) -> None:
        """Wait until such an expression holds."""
        script = f"() => {{ const e = {FIND}; const p = e?.picture; return p && ({expression}); }}"
        self.page.wait_for_function(script)

    def spot(self, key: str) -> tuple[float, float]:
        """Return where on the page a concept is, in pixels, once the camera stands still and that has been drawn."""
        self.still()
        x, y = self.ask(
            "(() => { const v = p.renderer.graphToViewport(p.model.graph.getNodeAttributes(a));"
            "const r = p.stage.getBoundingClientRect(); return [v.x + r.x, v.y + r.y]; })()",
            key,
        )
        return x, y

    def click(self, key: str, *, shift: bool = False) -> None:
        """Click on a concept with the mouse."""
        if shift:
            self.page.keyboard.down("Shift")
        self.page.mouse.click(*self.spot(key))
        if shift:
            self.page.keyboard.up("Shift")

    def hears(self, text: str) -> None:
        """Wait until Python says that it heard this."""
        self.page.locator("[data-testid=stCode]", has_text=text).wait_for()

    def camera(self) -> dict[str, float]:
        """Return where the camera is."""
        found: dict[str, float] = self.ask("p.renderer.getCamera().getState()")
        return found

    def still(self) -> dict[str, float]:
        """Return where the camera is once it has stopped, and what a click meets is drawn from there."""
        self.wait("!p.renderer.getCamera().isAnimated()")
        self.ask("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return self.camera()


def kind(frame: bytes | str) -> str | None:
    """Return what kind of message the page was sent: a whole one, or only the mark of one that it should still have."""
    message = ForwardMsg()
    message.ParseFromString(frame if isinstance(frame, bytes) else frame.encode())
    found: str | None = message.WhichOneof("type")
    return found


FIND = "[...document.querySelectorAll('*')].map((one) => one.shadowRoot?.querySelector('.gg')).find(Boolean)"


@contextmanager
def drawn(
    browser: Browser, url: str, *, dark: bool = False, width: int = 1280, moves: bool = False, early: bool = False
) -> Iterator[Drawn]:
    """Yield a page as a reader sees it once its picture is drawn; without `moves` one who wants no animation.

    Its component has the picture by then; not so if it is wanted `early`, drawn before the page around it.
    """
    size: ViewportSize = {"width": width, "height": 860}
    page = browser.new_page(
        color_scheme="dark" if dark else "light", viewport=size, reduced_motion="no-preference" if moves else "reduce"
    )
    found, heard = Drawn(page), list[str | None]()
    listen(found, "error", "warning")
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(kind(frame))))
    try:
        page.goto(url, wait_until="commit" if early else "load")
        found.wait("p.renderer && p.named")
        if early:
            yield found
        found.wait("p.mounts()")
        if not early:
            yield found
        assert "delta" in heard
        assert "ref_hash" not in heard
        assert [text for text in found.said if NOISE not in text] == [], found.said
        assert [
            one for one in found.asked if not one.startswith(("data:", "blob:", url.partition("?")[0].rstrip("/")))
        ] == []
    finally:
        page.close()
