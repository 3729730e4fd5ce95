"""The explorer's picture in a real browser: clicks, filters, time, paths, growth, and names that attack."""

import json
import math
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphgrow_explorer.picture import Selection, command_in, impose, selection_in, sent_nodes, stamp
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser

from graphgrow.measure.layout import layout, settled
from tests.pictures import ROOT, Drawn, Server, drawn, framed, frames, served
from tests.processes import finished

PICTURE = ROOT / "ui" / "picture"
ASSETS = ROOT / "ui" / "graphgrow_explorer" / "assets"
VISIBLE = "[...p.model.nodes.values()].filter((row) => row.on).length"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield the page's server."""
    with served(tmp_path_factory.mktemp("picture")) as found:
        yield found


@pytest.fixture
def rings(browser: Browser, server: Server) -> Iterator[Drawn]:
    """Yield the page with three rings of ten concepts."""
    with drawn(browser, server.url) as found:
        yield found


def test_a_click_reaches_python_and_a_command_comes_once(rings: Drawn) -> None:
    """A real click on a pixel selects, a second with Shift adds, a button sends a command, Esc takes all back."""
    rings.click("k3")
    rings.hears('{"selected": ["k3"], "command": null}')
    rings.page.get_by_role("button", name="Expand").click()
    rings.hears('{"selected": ["k3"], "command": ["expand", ["k3"]]}')
    rings.click("k7", shift=True)
    rings.hears('{"selected": ["k3", "k7"], "command": null}')
    rings.page.get_by_role("button", name="Merge").click()
    rings.hears('["merge", ["k3", "k7"]]')
    rings.page.keyboard.press("Escape")
    rings.hears('{"selected": [], "command": null}')
    assert rings.ask("p.mounts()") == 1


def test_python_selects_too(rings: Drawn) -> None:
    """What the application selects is lit and said back; a later click wins again."""
    rings.page.get_by_label("Select", exact=True).fill("k4,k5")
    rings.page.keyboard.press("Enter")
    rings.hears('["k4", "k5"]')
    rings.wait("p.selected.length === 2")
    rings.click("k20")
    rings.hears('["k20"]')
    assert rings.ask("p.selected.map((row) => row.key)") == ["k20"]


def test_the_stage_has_keys_of_its_own(rings: Drawn) -> None:
    """Arrows move the camera, plus comes closer, 0 shows the whole again; a letter does nothing."""
    rings.root.locator(".stage").focus()
    whole = rings.still()
    rings.page.keyboard.press("ArrowRight")
    assert rings.still()["x"] > whole["x"]
    rings.page.keyboard.press("+")
    rings.page.wait_for_timeout(100)
    assert rings.still()["ratio"] < whole["ratio"]
    rings.page.keyboard.press("0")
    rings.wait("p.camera.moved === false")
    assert rings.still() == pytest.approx(whole)
    rings.page.keyboard.press("c")
    assert rings.page.get_by_role("dialog").count() == 0  # Streamlit's own shortcut `c` asks to clear its caches


def test_hover_lights_neighbours(rings: Drawn) -> None:
    """Under the pointer a concept is lit with its neighbours, everything else is dimmed."""
    rings.page.mouse.move(*rings.spot("k10"))
    rings.wait("p.lit !== null")
    assert sorted(rings.ask("[...p.lit.nodes].map((row) => row.key)")) == ["k0", "k10", "k11", "k19", "k20"]
    assert rings.ask("p.stage.classList.contains('dim')")


def test_path_between_two_is_drawn_and_listed(rings: Drawn) -> None:
    """Two picked concepts show the shortest path between them, in words with its predicates; none says so."""
    rings.click("k21")
    rings.click("k1", shift=True)
    rings.hears('["k21", "k1"]')
    steps = rings.root.locator(".path li").all_inner_texts()
    assert ["".join(step.split("\n")) for step in steps] == [
        "c1",
        "← leads toc0",
        "← joinsb0",
        "← joinsa0",
        "leads to →a1",
    ]
    assert rings.ask("p.lit.edges.length") == 4
    rings.page.get_by_role("button", name="Filters").click()
    rings.root.get_by_label("joins").uncheck()
    rings.page.get_by_text("No path between the two").wait_for()


def test_slider_and_filters_hide_without_asking_the_server(rings: Drawn) -> None:
    """Time, degree, k-core, predicates, the legend and the view around a concept hide; the words count what is left."""
    slider = rings.root.get_by_label("Step of growth that is shown")
    slider.fill("12")
    rings.page.get_by_text("showing 12 of 30 concepts, 12 relations").wait_for()
    slider.fill("30")
    rings.page.get_by_role("button", name="Filters").click()
    rings.root.get_by_role("slider", name="Minimum connections", exact=True).fill("3")
    rings.wait(f"{VISIBLE} === 3")
    rings.page.get_by_role("button", name="Show everything again").click()
    rings.root.get_by_role("slider", name="Minimum connections within what is shown").fill("3")
    rings.page.get_by_text("Nothing is left to show").wait_for()
    rings.page.get_by_role("button", name="Show everything again").click()
    rings.root.get_by_label("leads to").uncheck()
    rings.wait(f"{VISIBLE} === 3")
    rings.page.get_by_role("button", name="Show everything again").click()
    rings.page.get_by_role("button", name="Filters").click()
    rings.page.get_by_role("button", name="the first ring 10").click()
    rings.page.get_by_text("showing 20 of 30").wait_for()
    rings.page.get_by_role("button", name="the first ring 10").click()
    rings.click("k0")
    rings.page.get_by_role("button", name="within 2 of a0").click()
    rings.wait(f"{VISIBLE} === 9")
    assert rings.ask("p.mounts()") == 1


def test_the_slider_keeps_its_length(rings: Drawn) -> None:
    """However long the words beside it are."""
    widths = set[float]()
    for step in (1, 2, 100):
        rings.ask("p.timeline.set(a)", step)
        widths.add(rings.ask("p.timeline.input.getBoundingClientRect().width"))
    assert len(widths) == 1
    rings.ask("p.timeline.set(Number(p.timeline.input.max))")


def test_growth_can_be_played(rings: Drawn) -> None:
    """Played from the first step, the picture ends with everything, and the button can stop it."""
    play = rings.page.get_by_role("button", name="Play the growth")
    play.click()
    rings.wait(f"{VISIBLE} > 1 && {VISIBLE} < 20")
    play.click()
    assert play.get_attribute("aria-pressed") == "false"


def test_colours_and_sizes_follow_columns(rings: Drawn) -> None:
    """Every numeric column can colour and size; the legend counts fifths and keeps all colours apart."""
    rings.root.get_by_label("Colour by").select_option("centrality")
    rings.root.get_by_label("Size by").select_option("centrality")
    assert rings.root.locator(".legend small").all_inner_texts() == ["6"] * 5
    assert rings.ask("new Set([...p.model.nodes.values()].map((row) => row.colour)).size") == 5
    assert rings.ask("p.model.nodes.get('k29').px > p.model.nodes.get('k1').px")


def test_new_concepts_arrive_and_the_camera_stays(browser: Browser, server: Server) -> None:
    """The feed brings concepts beside their neighbours without a rerun or a remount; nothing else moves."""
    rows = framed(["x"] * 30, []).nodes.to_dict("records")
    seats = {row["key"]: [row["x"], row["y"]] for row in rows}
    delta = {"seq": 31, "nodes": [{"key": "n1", "name": "new one", "first_seq": 31, "community": 1, "degree": 2}]}
    ends = [{"source": "n1", "target": key, "predicate": "joins", "first_seq": 31} for key in ("k12", "k13")]
    feed = server.static / "delta.json"
    feed.write_text(json.dumps({"seq": 30}))
    with drawn(browser, f"{server.url}/?feed=app/static/delta.json") as page:
        page.page.get_by_role("button", name="Zoom in").click()
        before = page.still()
        (server.static / "next.json").write_text(json.dumps(delta | {"edges": ends, "gone": ["k29"], "writing": True}))
        (server.static / "next.json").replace(feed)
        page.wait("p.model.nodes.has('n1') && p.renderer.getNodeDisplayData('n1')")
        assert page.camera() == before
        now = page.ask("Object.fromEntries([...p.model.nodes].map(([key, row]) => [key, [row.x, row.y]]))")
        assert all(now[key] == pytest.approx(seats[key], abs=1e-5) for key in now if key != "n1")
        assert "k29" not in now
        middle = [(seats["k12"][axis] + seats["k13"][axis]) / 2 for axis in (0, 1)]
        assert now["n1"] == pytest.approx(middle, abs=3)
        page.page.get_by_text("30 concepts, 32 relations · live").wait_for()
        page.root.get_by_label("Step of growth that is shown").fill("12")
        page.wait("p.status.textContent === 'showing 12 of 30 concepts, 12 relations'")
        assert page.ask("p.mounts()") == 1
        assert any("since=30" in one for one in page.asked)


def test_a_feed_that_fails_is_waited_for(browser: Browser, server: Server) -> None:
    """Where the server does not answer, the picture says so and asks on."""
    broken = server.static / "broken.json"
    broken.write_text("no json")
    with drawn(browser, f"{server.url}/?feed=app/static/broken.json") as page:
        page.page.get_by_text("waiting for the server").wait_for()
        broken.write_text('{"seq": 30, "writing": true}')
        page.page.get_by_text("relations · live").wait_for()
        assert page.ask("p.feed.wait") == 1000


def test_hostile_names_are_text(browser: Browser, server: Server) -> None:
    """A script, an image, a link and ten thousand characters are drawn, found, listed and shortened, and never run."""
    with drawn(browser, f"{server.url}/?graph=hostile") as page:
        page.page.get_by_label("Select", exact=True).fill("k0")
        page.page.keyboard.press("Enter")
        page.hears("k0")
        page.page.get_by_role("button", name="Show the whole graph").click()
        page.still()
        page.click("k3")
        page.hears("k3")
        assert page.root.locator(".one b").inner_text().startswith("long long")
        assert len(page.root.locator(".one b").inner_text()) <= 48
        page.page.get_by_label("Select", exact=True).fill("k2")
        page.page.keyboard.press("Enter")
        page.root.get_by_label("Unselect [click](javascript:window.taken=3)").wait_for()
        assert page.page.evaluate("window.taken") is None
        assert page.root.locator("script, img, a").count() == 0
        assert page.ask("[...p.model.nodes.values()].every((row) => row.label && row.label.length <= 48)")
        assert page.page.evaluate("document.documentElement.scrollWidth") <= 1280


@pytest.mark.parametrize(("graph", "words"), [("empty", "Nothing here yet"), ("one", "1 concept, 0 relations")])
def test_small_graphs_are_drawn_too(browser: Browser, server: Server, graph: str, words: str) -> None:
    """Nothing at all says so, one concept can be clicked."""
    with drawn(browser, f"{server.url}/?graph={graph}") as page:
        page.page.get_by_text(words).wait_for()
        assert page.ask("p.model.nodes.size") == len(frames(graph).nodes)
        if graph == "one":
            page.click("k0")
            page.hears("k0")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_picture_fits_a_small_page_in_both_colours(browser: Browser, server: Server, *, dark: bool) -> None:
    """At 768 pixels nothing is cut off, ink stands out from paper, and the picture has words of its own."""
    with drawn(browser, server.url, dark=dark, width=768) as page:
        assert page.ask("p.theme.dark") is dark
        assert page.page.evaluate("document.documentElement.scrollWidth") <= 768
        words = page.page.get_by_role("img", name="Graph of 30 concepts").get_attribute("aria-label")
        assert words is not None
        assert "the first ring 10" in words
        for name in ("Fit", "Save", "Lasso", "Zoom in", "Filters"):
            assert page.page.get_by_text(name, exact=True).or_(page.page.get_by_label(name)).first.is_visible()


def test_the_bundle_is_what_its_sources_say(tmp_path: Path) -> None:
    """Built again from the sources and the lock file, the shipped files are the same, byte for byte."""
    if not shutil.which("npm"):
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            "the bundle is rebuilt with Node: install nodejs and npm"
        )
    for name in ("package.json", "package-lock.json", "build.js", "src"):
        source = PICTURE / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    for command in (["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], ["node", "build.js", "."]):
        finished(command, cwd=tmp_path, check=True, capture_output=True)
    for name in ("picture.js", "LICENSES.txt"):
        assert (tmp_path / name).read_bytes() == (ASSETS / name).read_bytes(), f"{name}: run `make ui`"


def test_every_bundled_package_has_its_licence() -> None:
    """The licences file names each package of the lock file that is shipped, and the lock file no private host."""
    lock = json.loads((PICTURE / "package-lock.json").read_text())
    said = (ASSETS / "LICENSES.txt").read_text()
    shipped = ["sigma", "graphology", "graphology-utils", "events", "@sigma/node-border"]
    for name in shipped:
        assert f"\n{name} {lock['packages'][f'node_modules/{name}']['version']} (MIT)\n" in said
    hosts = {one["resolved"].split("/")[2] for one in lock["packages"].values() if "resolved" in one}
    assert hosts <= {"registry.npmjs.org"}


KEYS = st.lists(st.sampled_from("abc"), max_size=2).map(tuple)


@given(KEYS, KEYS, KEYS)
def test_an_echo_imposes_nothing(first: tuple[str, ...], given_: tuple[str, ...], clicked: tuple[str, ...]) -> None:
    """What is passed back, or passed again, changes nothing; anything else is imposed under a new number."""
    before = Selection(3, first, given_, clicked)
    assert impose(before, clicked) == impose(before, given_) == (3, first)
    other = (*given_, *clicked, "d")
    assert impose(before, other) == (4, other)
    assert selection_in({"keys": list(clicked), "imposed": 4}, 4, other) == clicked
    assert selection_in({"keys": list(clicked), "imposed": 3}, 4, other) == other


@pytest.mark.parametrize("said", [None, 3, "expand", [], {}, {"name": 3}, {"keys": ["a"]}])
def test_what_is_no_command_is_none(said: object) -> None:
    """A page can say anything; only a name with keys is a command."""
    assert command_in(said) is None
    assert command_in({"name": "expand", "keys": ["a", 3, None]}) == ("expand", ("a",))


def test_frames_travel_light_and_are_known_again() -> None:
    """Names are cut and valid, numbers have 32 bits, and the stamp changes with any cell."""
    nodes = frames("hostile").nodes
    sent = sent_nodes(nodes)
    assert sent["name"].str.len().max() == 300
    assert [str(sent[name].dtype) for name in ("x", "community", "degree")] == ["float32", "int32", "int32"]
    assert stamp(sent) == stamp(sent_nodes(nodes))
    assert stamp(sent) != stamp(sent_nodes(nodes.assign(degree=nodes["degree"] + 1)))


NAMES = [f"c{at}" for at in range(8)]


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=12), st.integers(0, 3))
def test_positions_repeat_and_old_ones_stay(pairs: list[tuple[str, str]], seed: int) -> None:
    """Any graph gets finite, repeatable positions; with a start only what is new is placed."""
    found = layout(pairs, NAMES, seed)
    assert list(found) == NAMES
    assert found == layout(pairs, NAMES, seed)
    assert all(abs(value) < 100 for spot in found.values() for value in spot)
    old = {name: found[name] for name in NAMES[:5]}
    more = layout(pairs, NAMES, seed, old)
    assert list(more) == NAMES
    assert {name: more[name] for name in old} == old
    assert layout([], [], seed) == {}


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=12))
def test_few_concepts_fill_their_place_apart(pairs: list[tuple[str, str]]) -> None:
    """Any small graph reaches all sides, each concept with room around it; settled again nothing jumps across."""
    found = settled(pairs, NAMES)
    for axis, side in ((0, 1.6), (1, 1.0)):
        values = [spot[axis] for spot in found.values()]
        assert min(values) == pytest.approx(-side / 2, abs=0.05)
        assert max(values) == pytest.approx(side / 2, abs=0.05)
    spots = list(found.values())
    assert min(math.dist(a, b) for at, a in enumerate(spots) for b in spots[:at]) > 0.1
    again = settled(pairs, NAMES, start=found)
    assert max(math.dist(found[key], again[key]) for key in NAMES) < 0.5
