"""How fast the explorer's picture is in a headless Chromium with software WebGL: medians of three, in milliseconds.

    python benchmarks/explorer.py [SIZE ...] [--cold] [--million STORE]      (default: 500 4000 20000)

Cold is the explorer on a graph of that size (benchmarks/scale.py), server and browser both just started: from the
command to its answer, and from there, with the browser up, to the picture; then from a click to a concept's panel. Our
modules are compiled, as those of an installed package are, whatever PYTHONDONTWRITEBYTECODE says. Printed beside the
elapsed time are the CPU milliseconds that server and browser used, and how busy the processors were: the load, and the
milliseconds that 100 of work took. Then buttons are pressed on such a graph, and views opened for the first time, until
the page shows what came of it.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from compileall import compile_dir
from contextlib import closing, suppress
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "ui"), str(ROOT / "benchmarks")]

import scale  # noqa: E402 - found beside this file
from graphgrow_explorer import parts  # noqa: E402
from graphgrow_explorer.views import VIEWS  # noqa: E402
from playwright.sync_api import Browser, Page  # noqa: E402 - found beside this file

from graphgrow.growth.replay import recording, replay  # noqa: E402
from graphgrow.measure.layout import layout  # noqa: E402
from graphgrow.resolve.options import open_resolver  # noqa: E402
from graphgrow.stores import open_store  # noqa: E402
from tests.browser import running  # noqa: E402
from tests.conftest import RECORDED  # noqa: E402
from tests.explorers import exploring  # noqa: E402
from tests.pictures import Drawn, Server, drawn, frames, served  # noqa: E402

ROUNDS = 3
WORK = 0.2  # CPU seconds
NEW, SEEN = 50, 5  # concepts that a run brings, charts that every growth page has
CHARTS = "(least) => document.querySelectorAll('[data-testid=stVegaLiteChart] :is(canvas, svg)').length >= least"
SETTLE, WATCHED = 8.0, 20.0  # seconds
GOALS = {
    "first picture, cold or not": {500: 2000, 4000: 2000, 20_000: 3000},
    "click to panel": 500,
    "slider": 50,
    "+50": 500,
    "pin, reject, undo, merge": 1000,
    "growth page": 2000,
    "compare": 5000,
    "idle": 1,
    "million": {"first picture": 5000, "search": 500, "neighbourhood": 500, "server MB": 1500},
}
SEARCHES = "carbon fi", "mater", "impact resistance", "c"
SLIDE = """(() => {
  const times = [];
  for (const step of [0.2, 0.5, 0.8, 0.6, 0.4]) {
    const from = performance.now();
    p.timeline.set(Math.floor(step * a));
    times.push(performance.now() - from);
  }
  p.timeline.set(a);
  return times.sort((x, y) => x - y)[2];
})()"""
GROW = """(() => {
  const from = performance.now();
  p.grow(a);
  p.renderer.refresh({ schedule: false });
  return performance.now() - from;
})()"""


def since(start: float) -> float:
    """Return the milliseconds that have passed."""
    return 1000 * (time.perf_counter() - start)


def cold(folder: Path, size: int) -> dict[str, float]:
    """Return the times of a first visit to a graph in a folder, of which the store keeps nothing computed yet."""
    found: dict[str, float] = {}
    (folder / "cold.db").unlink(missing_ok=True)
    scale.build(folder / "cold.db", size, 3 * size)
    start = time.perf_counter()
    with exploring(folder, "cold.db", "--no-browser") as explorer:
        found["server"] = since(start)
        with running() as browser:
            start = time.perf_counter()
            with drawn(browser, explorer.url("cold.db"), early=True) as page:
                found["first picture, cold"] = since(start)
                page.wait("p.mounts()")
                found["page around it"] = since(start)
                page.page.get_by_text("Click a concept to see").wait_for()
                found["click to panel"] = clicked(page)
                found["browser, of a core"] = sum(
                    map(worked, below(os.getpid()) - below(explorer.pid) - {explorer.pid})
                )
            found["server, of a core"] = worked(explorer.pid)
    start, begun = time.perf_counter(), time.process_time()
    while time.process_time() - begun < WORK:
        pass
    return found | {"100 of work": since(start) / WORK / 10, "load": os.getloadavg()[0]}


def pressed(browser: Browser, folder: Path, size: int) -> dict[str, float]:
    """Return the times from a button, or the link to a view, until the page shows what came of it."""
    found: dict[str, float] = {}
    name = f"pressed-{size}.db"
    scale.build(folder / name, size, 3 * size)
    shutil.copy(folder / name, folder / "beside.db")
    with exploring(folder, name, "--no-browser") as explorer:
        with drawn(browser, explorer.url(name)) as page:
            first, *other = page.ask("p.ink.ranked.slice(1, 3).map((row) => row.key)")
            held = page.page.get_by_test_id("stCaptionContainer").first.inner_text().partition(" · ")[0]
            fewer = f"{int(held.partition(' ')[0].replace(',', '')) - 1:,} concepts"
            page.page.wait_for_timeout(1000 * SETTLE)
            found["growth page"] = visited(page.page, "Growth")
            visited(page.page, "Runs", charts=0)
            page.page.get_by_role("tab", name="Compare").click()
            page.page.get_by_role("combobox", name="Beside this graph").click()
            start = time.perf_counter()
            page.page.get_by_role("option", name="beside.db").click()
            page.page.wait_for_function(CHARTS, arg=1)
            found["compare"] = since(start)
        with drawn(browser, explorer.url(name, concept=first)) as page:
            pin = ["Steer", "Pin: every third question is about it"]
            found["pin"] = until(page.page, pin, "Unpin: leave it to the policy")
            page.page.keyboard.press("Escape")
            found["reject"] = until(page.page, ["Reject"], fewer)
            found["undo"] = until(page.page, ["Undo"], held)
        with drawn(browser, explorer.url(name, concept=[first, *other])) as page:
            found["merge"] = until(page.page, ["Merge"], fewer)
    return found


def visited(page: Page, view: str, charts: int = SEEN) -> float:
    """Go to a view by its link and return the time until it and its first charts are there."""
    start = time.perf_counter()
    page.get_by_test_id("stTopNavLink").filter(has_text=view).click()
    page.get_by_role("tab", name="Compare").or_(page.get_by_text("Structure", exact=True)).first.wait_for()
    page.wait_for_function(CHARTS, arg=charts)
    return since(start)


def until(page: Page, buttons: list[str], words: str) -> float:
    """Press buttons of the page and return the time from the last of them until it shows some words."""
    page.wait_for_timeout(1000 * SETTLE)
    for name in buttons[:-1]:
        page.get_by_role("button", name=name).last.click()
    start = time.perf_counter()
    page.get_by_role("button", name=buttons[-1]).last.click()
    page.get_by_text(words).first.wait_for()
    return since(start)


def index(store: Path) -> dict[str, float]:
    """Return what it costs to build the index of a graph, nothing where it has one."""
    with closing(open_store(str(store))) as held:
        found = held.index(0)
        if found is None:
            sys.exit(f"{store} is no file that an index can be kept of")
        start, begun = time.perf_counter(), time.process_time()
        found.make()
        times = {"index": since(start), "index, of a core": 1000 * (time.process_time() - begun)}
        found.close()
    return times | {"index MB": Path(f"{store}-index").stat().st_size / 1e6}


def million(store: Path) -> dict[str, float]:
    """Return the times of one visit to a large graph, server and browser both just started, and the server's memory."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, running() as browser:
        start = time.perf_counter()
        with exploring(Path(folder), str(store.absolute()), "--no-browser") as explorer:
            found["server"] = since(start)
            start = time.perf_counter()
            with drawn(browser, explorer.url(str(store.absolute()))) as page:
                found["first picture"] = since(start)
                found["server, of a core"] = worked(explorer.pid)
                box = page.page.get_by_role("combobox", name="Search the whole graph")
                times = []
                for text in SEARCHES:
                    box.fill(text[:-1])
                    page.page.wait_for_timeout(1000)
                    before = worked(explorer.pid)
                    start = time.perf_counter()
                    with page.page.expect_response(lambda one: "graphgrow/search" in one.url):
                        box.press_sequentially(text[-1])
                    page.page.get_by_role("option").first.wait_for()
                    times.append((since(start), worked(explorer.pid) - before))
                found["search"], found["search, of a core"] = map(max, zip(*times, strict=True))
                box.fill("")
                chosen = page.ask("p.ink.ranked.find((row) => p.named.includes(row.key)).key")
                page.click(chosen)
                page.page.get_by_text("Choose a relation to read").wait_for()
                before = worked(explorer.pid)
                start = time.perf_counter()
                page.page.get_by_role("radio", name="Around the selection").click()
                page.wait(f"p.model.nodes.size < {parts.TOP} && p.model.nodes.has({json.dumps(chosen)})")
                found["neighbourhood"], found["neighbourhood, of a core"] = since(start), worked(explorer.pid) - before
            found |= memory(explorer.pid)
    start, begun = time.perf_counter(), time.process_time()
    while time.process_time() - begun < WORK:
        pass
    return found | {"100 of work": since(start) / WORK / 10, "load": os.getloadavg()[0]}


def memory(pid: int) -> dict[str, float]:
    """Return the resident memory of a process, now and at its peak, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    kilobytes = {name: float(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)
                 if name in {"VmRSS", "VmHWM"}}  # fmt: skip
    return {"server MB": kilobytes["VmRSS"] / 1e3, "server MB at most": kilobytes["VmHWM"] / 1e3}


def measured(browser: Browser, server: Server, size: int) -> dict[str, float]:
    """Return the times of one visit."""
    found: dict[str, float] = {}
    start = time.perf_counter()
    with drawn(browser, f"{server.url}/?graph={size}") as page:
        found["first picture"] = since(start)
        found["slider"] = page.ask(SLIDE, size)
        found["+50"] = page.ask(GROW, delta(size))
        found["mounts"] = page.ask("p.mounts()")
    return found


def clicked(page: Drawn) -> float:
    """Return the time from a real click on the concept that is drawn largest to the table of its relations."""
    key = page.ask("p.ink.ranked.find((row) => p.named.includes(row.key)).key")
    start = time.perf_counter()
    page.click(key)
    page.page.get_by_text("Choose a relation to read").wait_for()
    return since(start)


def delta(size: int) -> dict[str, object]:
    """Return what a feed brings: fifty concepts with three relations each, and no positions."""
    nodes = [{"key": f"n{at}", "name": f"new {at}", "first_seq": size, "community": 1} for at in range(NEW)]
    edges = [
        {"source": f"n{at}", "target": f"k{(at * 37 + turn) % size}", "predicate": "joins", "first_seq": size}
        for at in range(NEW)
        for turn in range(3)
    ]
    return {"seq": size + 1, "nodes": nodes, "edges": edges, "gone": []}


def timed(work: Callable[[], object]) -> float:
    """Return the median time of a piece of work."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(since(start))
    return statistics.median(times)


def placed(size: int) -> dict[str, float]:
    """Return the times of the layout on the server: from scratch, and of fifty new concepts."""
    nodes, edges = frames(str(size))
    keys, pairs = list(nodes["key"]), list(zip(edges["source"], edges["target"], strict=True))
    spots = layout(pairs, keys)
    known = dict(list(spots.items())[:-NEW])
    return {
        "layout": timed(lambda: layout(pairs, keys)),
        "layout +50": timed(lambda: layout(pairs, keys, start=known)),
    }


def idle(browser: Browser, folder: Path) -> dict[str, float]:
    """Return the percentage of a core that an open page costs the server while nobody writes, view by view."""
    store = open_store(f"sqlite:{folder / 'idle.db'}", create=True)
    for _ in replay(recording(RECORDED), store, open_resolver()):
        pass
    store.close()
    found: dict[str, float] = {}
    with exploring(folder, "idle.db") as explorer:
        for view in VIEWS:
            page = browser.new_page()
            page.goto(explorer.url("idle.db", view=view))
            time.sleep(SETTLE)
            before = ticks(explorer.pid)
            time.sleep(WATCHED)
            found[view] = 100 * (ticks(explorer.pid) - before) / os.sysconf("SC_CLK_TCK") / WATCHED
            page.close()
    return found


def below(pid: int) -> set[int]:
    """Return the processes that a process has started, and those started by them in turn."""
    started: dict[int, set[int]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            parent = place.read_text(encoding="utf-8").rpartition(")")[2].split()[1]
            started.setdefault(int(parent), set()).add(int(place.parent.name))
    found, rest = set[int](), [pid]
    while rest:
        fresh = started.get(rest.pop(), set()) - found
        found |= fresh
        rest += fresh
    return found


def worked(pid: int) -> float:
    """Return the CPU milliseconds that a process has used; 0 for one that has ended."""
    with suppress(OSError):
        return 1000 * ticks(pid) / os.sysconf("SC_CLK_TCK")
    return 0.0


def ticks(pid: int) -> int:
    """Return the CPU ticks that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def main() -> None:
    """Print one line per size, what an idle page costs, and the goals."""
    parser = argparse.ArgumentParser(description="How fast the explorer's picture is.")
    parser.add_argument("sizes", nargs="*", type=int, default=[500, 4000, 20_000], help="concepts")
    parser.add_argument("--cold", action="store_true", help="only first visits")
    parser.add_argument("--million", type=Path, metavar="STORE", help="only visits of this file")
    options = parser.parse_args()
    if options.million:
        print("index", json.dumps({name: round(value) for name, value in index(options.million).items()}), flush=True)
        visits = [million(options.million) for _ in range(ROUNDS)]
        for visit in visits:
            print("visit", json.dumps({name: round(value) for name, value in visit.items()}), flush=True)
        print("median", json.dumps({name: round(statistics.median(one[name] for one in visits)) for name in visits[0]}))
        print("goals", json.dumps(GOALS["million"]))
        return
    sizes = options.sizes
    for package in (ROOT / "graphgrow", ROOT / "ui" / "graphgrow_explorer"):
        compile_dir(package, quiet=1)
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            visits = [cold(Path(folder), size) for _ in range(ROUNDS)]
        times = {name: round(statistics.median(visit[name] for visit in visits)) for name in visits[0]}
        print(size, json.dumps(times), flush=True)
    if options.cold:
        return
    with tempfile.TemporaryDirectory() as folder, running() as browser:
        for size in sizes:
            times = {name: round(value) for name, value in pressed(browser, Path(folder), size).items()}
            print(size, json.dumps(times), flush=True)
    with tempfile.TemporaryDirectory() as folder, running() as browser, served(Path(folder)) as server:
        with drawn(browser, server.url):
            pass  # the first visit loads the libraries of the server
        for size in sizes:
            visits = [measured(browser, server, size) for _ in range(ROUNDS)]
            medians = {name: statistics.median(visit[name] for visit in visits) for name in visits[0]}
            print(size, json.dumps({name: round(value) for name, value in (medians | placed(size)).items()}))
    with tempfile.TemporaryDirectory() as folder, running() as browser:
        print(
            "idle, % of a core",
            json.dumps({name: round(value, 2) for name, value in idle(browser, Path(folder)).items()}),
        )
    print("goals", json.dumps(GOALS))


if __name__ == "__main__":
    main()
