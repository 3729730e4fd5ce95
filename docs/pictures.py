"""Takes the pictures of the explorer that README and docs show: `python docs/pictures.py`, with Chromium installed.

The recorded run whole and with a concept selected, and the first twenty steps of a run on a world made of it.
"""

import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "ui")]

from tests.browser import running  # noqa: E402 - found beside this file
from tests.explorers import Explorer, exploring  # noqa: E402
from tests.pictures import drawn  # noqa: E402

RUN = ROOT / "data" / "runs" / "impact-resistant-materials-knowledge.jsonl.gz"
PAUSE = 4000  # milliseconds, for layouts to settle
SHOWN = {
    "graph": ("recorded.db", "", False),
    "first": ("first.db", "", False),
    "selected": ("recorded.db", "carbon fiber", True),
}
# Further views: where they are, and what stands in their address.
VIEWS: dict[str, tuple[dict[str, str], bool]] = {
    "paths": ({"from": "carbon fiber", "to": "Corrosion"}, False),
    "growth": ({}, True),
}
NAMES = {"paths": "path"}  # of files that are not named as their view


def main() -> None:
    """Write one file a picture into ui/pictures."""
    with tempfile.TemporaryDirectory() as place, running() as browser:
        folder = Path(place)
        maker = Explorer("", "", folder)
        maker.run("replay", str(RUN), "--store", "recorded.db")
        maker.run("grow", "impact resistant materials", "--store", "first.db", "--llm", "world:recorded.db")
        with exploring(folder, "recorded.db", "--no-browser") as explorer:
            for name, (store, concept, dark) in SHOWN.items():
                chosen = {"concept": concept} if concept else {}
                with drawn(browser, explorer.url(store, **chosen), dark=dark, width=1440) as page:
                    page.page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
                    page.still()
                    shot = folder / f"{name}.png"
                    page.page.screenshot(path=shot)
                    shutil.copy(shot, ROOT / "ui" / "pictures" / shot.name)
            for view, (query, dark) in VIEWS.items():
                seen = browser.new_page(
                    color_scheme="dark" if dark else "light",
                    viewport={"width": 1440, "height": 900},
                    reduced_motion="reduce",
                )
                seen.goto(explorer.url("recorded.db", **query).replace("?", f"/{view}?", 1))
                seen.locator("[data-testid=stVegaLiteChart], canvas").first.wait_for(state="attached", timeout=60_000)
                seen.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")
                seen.wait_for_timeout(PAUSE)
                shot = folder / f"{NAMES.get(view, view)}.png"
                seen.screenshot(path=shot)
                shutil.copy(shot, ROOT / "ui" / "pictures" / shot.name)
                seen.close()


if __name__ == "__main__":
    main()
