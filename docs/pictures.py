"""Takes pictures of the explorer: `python docs/pictures.py` those that README and docs show, with Chromium installed.

With a folder, `python docs/pictures.py FOLDER`, it takes all of them into it: the first minute of a run, a concept, a
path, communities, evidence, curves, dark pages and a small one; and eight of a run of 120 steps on a world made of the
recorded run, watched from a page that nobody touches. It fails where that page does not tell of the run as it is.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "ui")]

from PIL import Image  # noqa: E402
from playwright.sync_api import Browser, Page, expect  # noqa: E402 - found beside this file

import graphgrow  # noqa: E402
from graphgrow.graph.graph import Graph  # noqa: E402
from tests.browser import PATIENCE_MS, running  # noqa: E402
from tests.explorers import Explorer, exploring  # noqa: E402
from tests.pictures import Drawn, drawn  # noqa: E402

RUN = ROOT / "data" / "runs" / "impact-resistant-materials-knowledge.jsonl.gz"
TOPIC = "impact resistant materials"
SHOWN = "graph", "first", "selected", "path", "growth"  # by README and docs
PAUSE = 1500  # milliseconds, for layouts and charts to settle
PACE = 400  # milliseconds of a step of the run that is watched
STEPS, FRAMES = 120, 8
QUIET = "!document.querySelector('[data-testid=stStatusWidget], [data-testid=stSkeleton], [data-testid=stSpinner]')"


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture to take: which graph, what stands in the address, and what is done before."""

    store: str
    query: dict[str, str]
    dark: bool = False
    width: int = 1440
    before: Callable[[Page], None] | None = None


def evidence(page: Page) -> None:
    """Open the step that brought the selected concept."""
    page.get_by_role("button", name="Step ").first.click()
    page.get_by_role("dialog").get_by_text("Reply", exact=True).wait_for()


def measured(page: Page) -> None:
    """Wait until the structure of the graph is drawn over its steps."""
    page.get_by_text("Modularity").first.wait_for()
    page.wait_for_function(QUIET)


RECORDED = "recorded.db"
SHOTS = {
    "step-1": Shot("step-1.db", {}),
    "step-5": Shot("step-5.db", {}),
    "first": Shot("step-20.db", {}),
    "graph": Shot(RECORDED, {}),
    "selected": Shot(RECORDED, {"concept": "carbon fiber"}, dark=True),
    "path": Shot(RECORDED, {"view": "paths", "from": "carbon fiber", "to": "heat treatment"}),
    "communities": Shot(RECORDED, {"view": "communities"}),
    "evidence": Shot(RECORDED, {"concept": "carbon fiber"}, before=evidence),
    "growth": Shot(RECORDED, {"view": "growth"}, dark=True, before=measured),
    "review": Shot(RECORDED, {"view": "review"}),
    "small": Shot(RECORDED, {"concept": "carbon fiber"}, width=768),
}


@contextmanager
def visited(browser: Browser, url: str, shot: Shot) -> Iterator[Page]:
    """Yield a page of the explorer when the server has nothing more to say."""
    scheme: Literal["dark", "light"] = "dark" if shot.dark else "light"
    page = browser.new_page(color_scheme=scheme, viewport={"width": shot.width, "height": 900}, reduced_motion="reduce")
    page.set_default_timeout(PATIENCE_MS)
    try:
        page.goto(url)
        page.get_by_test_id("stCaptionContainer").first.wait_for()
        page.wait_for_function(QUIET)
        page.wait_for_timeout(PAUSE)
        page.wait_for_function(QUIET)
        yield page
    finally:
        page.close()


def take(page: Page, path: Path) -> None:
    """Write what a page shows as a small file: 256 colours are enough, the rare ones of communities among them."""
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        path, optimize=True
    )


def watched(browser: Browser, explorer: Explorer, folder: Path) -> None:
    """Take FRAMES pictures of a run of STEPS on a page that nobody touches, and check what it shows at the end."""
    with (
        closing(graphgrow.open(f"sqlite:{explorer.folder / 'watched.db'}", create=True)) as graph,
        closing(graphgrow.open_llm(f"world:{explorer.folder / RECORDED}")) as world,
    ):
        growth = graph.grow(TOPIC, llm=world, steps=STEPS, policy="bfs")
        steps = iter(growth)
        next(steps)
        with drawn(browser, explorer.url("watched.db"), width=1440, moves=True) as page:
            for place in range(1, FRAMES + 1):
                while growth.graph.steps < place * STEPS // FRAMES and next(steps, None):
                    page.page.wait_for_timeout(PACE)
                page.wait(f"p.model.seq >= {growth.graph.seq}")
                page.page.wait_for_timeout(PAUSE)
                take(page.page, folder / f"watched-{place}.png")
            told(page, growth.graph)


def told(page: Drawn, known: Graph) -> None:
    """Fail unless a page tells of a graph as it is: communities, counts in every place, and the last step."""
    last = max(event.seq for event in known.past if event.focus)
    page.wait("[...p.model.nodes.values()].every((row) => row.community in p.settings.colours)")
    page.wait("[...p.model.nodes.values()].every((row) => row.colour !== p.theme.grey)")
    page.wait(f"p.model.nodes.size === {len(known.concepts)} && p.model.edges.size === {len(known.relations)}")
    page.wait(f"p.steps.rows[0].seq === {last}")
    for words in (f"Concepts ({len(known.concepts):,})", f"Relations ({len(known.relations):,})"):
        expect(page.page.get_by_role("tab", name=words, exact=True)).to_be_visible()
    counts = f"{len(known.concepts):,} concepts · {len(known.relations):,} relations"
    expect(page.page.get_by_text(counts)).to_be_visible()
    assert page.ask("[...p.model.nodes.values()].every((row) => p.camera.shows([row]))")
    assert page.ask("[p.mounts(), p.camera.moved]") == [1, False]


def main() -> None:
    """Write one file a picture."""
    whole = Path(sys.argv[1]).resolve() if sys.argv[1:] else None
    target = whole or ROOT / "ui" / "pictures"
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, running() as browser:
        maker = Explorer("", "", Path(place))
        maker.run("replay", str(RUN), "--store", RECORDED)
        wanted = {name: shot for name, shot in SHOTS.items() if whole or name in SHOWN}
        for store in sorted({shot.store for shot in wanted.values()} - {RECORDED}):
            steps = store.removeprefix("step-").removesuffix(".db")
            maker.run("grow", TOPIC, "--store", store, "--llm", f"world:{RECORDED}", "--steps", steps)
        with exploring(maker.folder, RECORDED, "--no-browser") as explorer:
            for name, shot in wanted.items():
                with visited(browser, explorer.url(shot.store, **shot.query), shot) as page:
                    if shot.before:
                        shot.before(page)
                        page.wait_for_timeout(PAUSE)
                    take(page, target / f"{name}.png")
            if whole:
                watched(browser, explorer, whole)


if __name__ == "__main__":
    main()
