"""The explorer's picture in the hand: dragging, lines, menus, lasso, layouts, filters, files, and what can be read."""

import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import pytest
from graphgrow_explorer.picture import Payload, bits, relation_in, shown_in
from playwright.sync_api import Browser

from tests.contrast import poor
from tests.pictures import Drawn, Server, drawn, frames, served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield the page's server."""
    with served(tmp_path_factory.mktemp("handling")) as found:
        yield found


@pytest.fixture(scope="module")
def shared(browser: Browser, server: Server) -> Iterator[Drawn]:
    """Yield the page with three rings of ten concepts."""
    with drawn(browser, server.url) as found:
        yield found


@pytest.fixture
def rings(shared: Drawn) -> Drawn:
    """Return the page as it was at first."""
    shared.page.keyboard.press("Escape")
    shared.page.keyboard.press("Escape")
    shared.ask("(p.filters.clear(), p.arrange('force'), p.filter(), p.fit(0))")
    shared.hears('"shown": "all"')
    shared.still()
    shared.ask("p.renderer.refresh()")  # what a click meets is drawn anew too
    shared.page.wait_for_timeout(200)
    return shared


def test_a_concept_is_dragged_and_stays_there(rings: Drawn) -> None:
    """Dragging moves one concept and neither the camera nor the selection; another layout lets it go."""
    before, camera = rings.spot("k15"), rings.camera()
    rings.page.mouse.move(*before)
    rings.page.mouse.down()
    for share in (0.3, 0.6, 1, 1):
        rings.page.mouse.move(before[0] + share * 60, before[1] + share * 40)
    rings.page.mouse.up()
    assert rings.spot("k15") == pytest.approx((before[0] + 60, before[1] + 40), abs=3)
    assert rings.camera() == camera
    assert rings.ask("p.selected.length") == 0
    rings.ask("p.glide(p.aims())")
    assert rings.spot("k15") == pytest.approx((before[0] + 60, before[1] + 40), abs=3)
    rings.ask("p.arrange('force')")
    assert rings.spot("k15") == pytest.approx(before, abs=3)


def test_a_line_shows_its_relation(rings: Drawn) -> None:
    """A click on a line selects both ends, and Python hears which relation it was; Esc takes it back."""
    (a, b), (c, d) = rings.spot("k3"), rings.spot("k4")
    rings.page.mouse.move((a + c) / 2 + 20, (b + d) / 2 + 20)
    rings.page.wait_for_timeout(200)
    rings.page.mouse.click((a + c) / 2, (b + d) / 2)
    rings.hears('"relation": ["k3", "leads to", "k4"]')
    assert rings.ask("p.lit.edges.length") == 1
    rings.page.keyboard.press("Escape")
    rings.hears('"relation": null')


def test_the_menu_of_a_concept(rings: Drawn) -> None:
    """A right click offers what can be done: hide it, show only what is around it, show everything again."""
    rings.page.mouse.click(*rings.spot("k0"), button="right")
    rings.root.get_by_role("menuitem", name="Show only what is around it").click()
    rings.page.get_by_text("showing 4 of 30 concepts").wait_for()
    rings.page.mouse.click(*rings.spot("k10"), button="right")
    rings.root.get_by_role("menuitem", name="Show its neighbours").click()
    rings.page.get_by_text("showing 7 of 30 concepts").wait_for()
    rings.page.mouse.click(*rings.spot("k1"), button="right")
    rings.root.get_by_role("menuitem", name="Hide").click()
    rings.page.get_by_text("showing 6 of 30 concepts").wait_for()
    rings.hears('"shown": [6, 5]')
    rings.ask("(p.filters.clear(), p.filter())")
    rings.hears('"shown": "all"')


def test_a_lasso_selects_what_it_goes_around(rings: Drawn) -> None:
    """Drawn around a ring, the lasso selects its ten concepts and is put away; the camera stays."""
    camera = rings.camera()
    rings.page.get_by_role("button", name="Select by drawing").click()
    spots = [rings.spot(f"k{at}") for at in range(10)]
    x, y = (sum(one[axis] for one in spots) / 10 for axis in (0, 1))
    around = [(x + 1.3 * (a - x), y + 1.3 * (b - y)) for a, b in spots]
    rings.page.mouse.move(*around[-1])
    rings.page.mouse.down()
    for spot in around:
        rings.page.mouse.move(*spot, steps=2)
    rings.page.mouse.up()
    rings.wait("p.selected.length === 10")
    assert rings.root.get_by_role("button", name="Reject all 10").is_visible()
    assert rings.camera() == camera
    assert rings.ask("p.hands.isLasso") is False


def places(page: Drawn) -> dict[str, tuple[float, float]]:
    """Return where concepts stand."""
    every = "Object.fromEntries([...p.model.nodes].map(([k, r]) => [k, [r.x, r.y]]))"
    found: dict[str, tuple[float, float]] = page.ask(every)
    return found


def test_layouts_say_what_they_are_called(rings: Drawn) -> None:
    """By community its concepts are together, around one it is in the middle, by step the first are on the left."""
    choice = rings.root.get_by_label("Layout")
    choice.select_option("community")
    at = places(rings)
    middles = [complex(*(sum(at[f"k{n}"][axis] for n in range(ring, ring + 10)) / 10 for axis in (0, 1)))
               for ring in (0, 10, 20)]  # fmt: skip
    for key, spot in at.items():
        nearest = min(range(3), key=lambda ring: abs(middles[ring] - complex(*spot)))
        assert nearest == int(key[1:]) // 10
    choice.select_option("step")
    at = places(rings)
    assert at["k0"][0] < at["k15"][0] < at["k29"][0]
    rings.ask("p.select([p.model.nodes.get('k10')])")
    choice.select_option("radial")
    at = places(rings)
    near = {"k0", "k11", "k19", "k20"}
    wide, high = (max(spot[axis] for spot in at.values()) - min(spot[axis] for spot in at.values()) for axis in (0, 1))
    away = {key: abs(complex((x - at["k10"][0]) / wide, (y - at["k10"][1]) / high)) for key, (x, y) in at.items()}
    assert set(sorted(away, key=away.__getitem__)[1:5]) == near
    assert rings.ask("p.camera.shows([...p.model.nodes.values()])")


def test_python_hears_what_filters_leave(rings: Drawn) -> None:
    """The legend, the slider and the predicates bind what Python makes tables and files of, and the legend's counts."""
    rings.root.locator(".legend").get_by_role("button", name="the first ring").click()
    rings.hears('"shown": [20, 21]')
    rings.root.get_by_label("Step of growth that is shown").fill("15")
    rings.hears('"shown": [5, 4]')
    assert rings.root.locator(".legend small").all_inner_texts() == ["10", "5", "0"]
    rings.root.get_by_label("Step of growth that is shown").fill("30")


def test_nothing_lies_on_what_is_selected(rings: Drawn) -> None:
    """Whatever is selected, it and its neighbours are in the free part of the stage, clear of the strip above."""
    rings.ask("p.camera.set({ x: 0.9, y: 0.9, ratio: 0.3 })")
    rings.ask("p.select([p.model.nodes.get('k10')])")
    rings.page.wait_for_timeout(400)  # until it has begun to move
    rings.still()
    strip = rings.root.locator(".card").bounding_box()
    stage = rings.root.locator(".stage").bounding_box()
    assert strip
    assert stage
    for key in ("k10", "k0", "k11", "k19", "k20"):
        x, y = rings.spot(key)
        assert y > strip["y"] + strip["height"]
        assert stage["x"] < x < stage["x"] + stage["width"]
        assert y < stage["y"] + stage["height"]


def test_pictures_of_any_size_are_saved_with_their_legend(rings: Drawn) -> None:
    """A PNG has the width that was asked for, an SVG every shown name as text, and both the legend."""
    rings.page.get_by_role("button", name="Save what is shown").click()
    rings.root.get_by_label("Width of the picture").fill("3000")
    with rings.page.expect_download() as saving:
        rings.page.get_by_role("button", name="Save PNG").click()
    data = Path(saving.value.path()).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(data[at : at + 4]) for at in (16, 20))
    stage = rings.root.locator(".stage").bounding_box()
    assert stage
    assert width == 3000
    assert height > 3000 * (stage["height"] + 20) / stage["width"]  # the legend stands below the graph
    assert len(data) > 20_000
    with rings.page.expect_download() as saving:
        rings.page.get_by_role("button", name="Save SVG").click()
    root = ET.fromstring(Path(saving.value.path()).read_text(encoding="utf-8"))  # noqa: S314  # our own file
    texts = {one.text for one in root.iter("{http://www.w3.org/2000/svg}text")}
    assert set(rings.ask("p.named.map((key) => p.model.nodes.get(key).label)")) <= texts
    assert "the first ring" in texts
    lowest = max(float(one.get("y", 0)) for one in root.iter("{http://www.w3.org/2000/svg}text"))
    assert stage["height"] < lowest < float(root.get("height", 0))
    with rings.page.expect_download() as saving:
        rings.page.get_by_role("button", name="Save PDF").click()
    found = objects(Path(saving.value.path()).read_bytes())
    box = f"/MediaBox [0 0 {rings.ask('p.renderer.getDimensions().width')} "
    assert box.encode() in found[3][0]
    drawing = found[4][1].decode()
    circles, lines = (
        rings.ask(f"[...p.model.{rows}.values()].filter((row) => row.on).length") for rows in ("nodes", "edges")
    )
    assert sum(line.endswith("h f") for line in drawing.splitlines()) == circles + rings.ask("p.entries.length")
    assert len([line for line in drawing.splitlines() if re.search(r"\] 0 d [\d. -]+ m [\d. -]+ l S$", line)]) == lines
    assert b"/Width 3000 " in found[5][0]
    assert len(found[5][1]) == 3 * len(found[6][1])
    assert 0 < sum(shade > 0 for shade in found[6][1]) < len(found[6][1]) / 4  # words, and little else
    rings.page.keyboard.press("Escape")


def objects(data: bytes) -> dict[int, tuple[bytes, bytes]]:
    """Return the objects of a PDF, found by its table of them: number -> its head and what it holds."""
    table = int(data.rpartition(b"startxref\n")[2].split()[0])
    assert data.startswith(b"%PDF-1.4\n")
    assert data[table : table + 7] == b"xref\n0 "
    starts = [int(row[:10]) for row in data[table:].split(b"\n")[3:] if row.endswith(b" 00000 n ")]
    found = {}
    for number, start in enumerate(starts, 1):
        assert data[start:].startswith(f"{number} 0 obj\n".encode())
        head, _, rest = data[start : data.index(b"\nendobj\n", start)].partition(b"\nstream\n")
        length = re.search(rb"/Length (\d+)", head)
        found[number] = head, zlib.decompress(rest[: int(length[1])]) if length else b""
    return found


HOSTILE = [
    "name:has:#d55e00:2:<img src=x onerror=alert(1)>",
    "name:is:url(//x):2:a0",
    "name:is:red;x:2:a0",
    "x" * 400,
    "",
]


def test_rules_of_the_address_colour_and_size(browser: Browser, server: Server) -> None:
    """What fits has the colour and the size, the last rule first; what is no rule is none, and nothing is mark-up."""
    rules = ["name:has:#d55e00:2:A", "name:is:#0000ff::a1", "support:least:#123456:3:1", "degree:most::0.5:1", *HOSTILE]
    query = urlencode([("style", rule) for rule in rules])
    with drawn(browser, f"{server.url}/?{query}") as page:
        colours = page.ask("Object.fromEntries([...p.model.nodes.values()].map((row) => [row.name, row.colour]))")
        assert [colours[name] for name in ("a0", "a1", "a2")] == ["#d55e00", "#0000ff", "#d55e00"]
        assert not {colours[name] for name in ("b1", "c1")} & {"#d55e00", "#0000ff"}
        assert page.ask("p.model.graph.mapEdges((key, data) => data.color)") == ["#123456"] * page.ask(
            "p.model.edges.size"
        )
        assert page.ask("p.model.nodes.get('k2').px / p.model.nodes.get('k12').px") == pytest.approx(2, abs=0.3)
        page.page.get_by_role("button", name="Colours and sizes by rules").click()
        assert page.root.locator(".style li").count() == 5
        assert "4 in the address cannot be read" in page.root.locator(".style .hint").inner_text()
        assert page.root.locator("img").count() == 0
        page.page.get_by_role("button", name="Save what is shown").click()
        with page.page.expect_download() as saving:
            page.page.get_by_role("button", name="Save SVG").click()
        root = ET.fromstring(Path(saving.value.path()).read_text(encoding="utf-8"))  # noqa: S314  # our own file
        assert "name is a1" in {one.text for one in root.iter("{http://www.w3.org/2000/svg}text")}


def test_a_rule_is_made_and_removed_by_hand(rings: Drawn) -> None:
    """Python hears of the rules as they now are; one without a value says what is missing."""
    rings.page.get_by_role("button", name="Colours and sizes by rules").click()
    panel = rings.root.locator(".style")
    panel.get_by_role("button", name="Add rule").click()
    assert "Say with what it compares" in panel.locator(".hint").inner_text()
    panel.get_by_label("With what it compares").fill('b1"><b>')
    panel.get_by_role("button", name="Add rule").click()
    rings.hears(json.dumps(["style", ['name:is:#d55e00:1.5:b1"><b>']]))
    panel.get_by_label("What the rule looks at").select_option("confidence")
    panel.get_by_label("With what it compares").fill("90")
    panel.get_by_role("button", name="Add rule").click()
    assert rings.ask("p.model.graph.mapEdges((key, data) => data.color)[0]") == "#d55e00"
    for _ in range(2):
        panel.get_by_role("button", name="Remove the rule").first.click()
    rings.hears('["style", []]')
    assert rings.ask("p.rules.all.length") == 0
    rings.page.keyboard.press("Escape")


def test_small_graphs_have_all_their_names(rings: Drawn) -> None:
    """Below 40 concepts every name is written."""
    assert len(rings.ask("p.named")) == 30


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_words_stand_out_from_their_paper(browser: Browser, server: Server, *, dark: bool) -> None:
    """Text and buttons of the picture, with its panels and menus open, have a contrast of 4.5 to 1 or more."""
    with drawn(browser, server.url, dark=dark) as page:
        page.click("k10")
        page.page.get_by_role("button", name="Filters", exact=True).click()
        page.page.mouse.click(*page.spot("k0"), button="right")
        page.root.get_by_role("menuitem", name="Hide").wait_for()
        assert poor(page.page, ".gg") == []


def test_a_camera_belongs_to_one_picture(browser: Browser, server: Server) -> None:
    """Moved by hand it is found again when the page is loaded again; another graph is fitted."""
    with drawn(browser, server.url) as page:
        page.page.get_by_role("button", name="Zoom in").click()
        page.page.get_by_role("button", name="Zoom in").click()
        before = page.still()
        page.page.wait_for_function("sessionStorage.getItem('graphgrow picture rings')?.includes('\"moved\":true')")
        page.page.reload()
        page.wait("p.renderer && p.named")
        assert page.camera() == pytest.approx(before)
        page.page.goto(f"{server.url}/?graph=500")
        page.wait("p.renderer && p.named && p.model.nodes.size === 500")
        assert page.ask("p.camera.shows([...p.model.nodes.values()])")


LATE = "(() => { p.grow(a); const from = performance.now(); while (performance.now() - from < 1000); })()"
LATER = {"seq": 31, "nodes": [{"key": "n", "name": "new"}], "edges": [{"source": "n", "target": "k0"}], "gone": []}


def test_a_camera_follows_however_slow_the_machine_and_a_hand_takes_it(browser: Browser, server: Server) -> None:
    """A movement whose pictures come late is no hand; a drag is one, in the midst of a movement too."""
    with drawn(browser, server.url, moves=True) as page:
        before = page.camera()
        page.ask(LATE, LATER)
        assert page.still() != before
        assert not page.ask("p.camera.moved")
        assert page.ask("p.camera.shows([...p.model.nodes.values()])")

        page.ask("p.fit(4000)")
        box = page.root.locator(".stage").bounding_box()
        assert box
        x, y = box["x"] + 20, box["y"] + 20
        page.page.mouse.move(x, y)
        page.page.mouse.down()
        for at in range(1, 6):
            page.page.mouse.move(x + 40 * at, y + 30 * at)
        page.page.mouse.up()
        assert page.ask("p.camera.moved")
        before = page.still()
        page.ask("p.grow(a)", LATER | {"seq": 32, "nodes": [{"key": "m", "name": "newer"}]})
        assert page.still() == before


@pytest.mark.parametrize("said", [None, 3, {}, {"stamp": "other", "nodes": "AA=="}, {"imposed": 1, "relation": ["a"]}])
def test_what_says_nothing_hides_nothing(said: Any) -> None:
    """A page can say anything: rows are hidden by bits of the right number for the frames that it was given."""
    nodes, edges = frames("one")
    payload = Payload((nodes, edges), nodes, edges, "this")
    assert shown_in(said, payload) is None
    assert relation_in(said, 1) is None
    assert bits("gA==", 3) == [True, False, False]
    assert bits("not base64", 3) == bits("AAAA", 3) == bits(7, 3) == [True] * 3
