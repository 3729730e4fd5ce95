"""The explorer as people use it: `graphgrow explore` on a free port, a real browser, other processes that write."""

import re
from contextlib import closing
from urllib.parse import urljoin
from urllib.request import Request, urlopen

import pytest
from graphgrow_explorer.guard import COOKIE
from graphgrow_explorer.views import VIEWS
from playwright.sync_api import Browser, Page, expect

from graphgrow.graph.model import Concept, Delta, Edit, Relation, Statement, Triple
from graphgrow.stores import open_store
from tests.contrast import poor
from tests.explorers import Explorer, searched
from tests.fact_checks import checked_log
from tests.pictures import HOSTILE, Drawn, drawn
from tests.servers import PATIENCE

MARKS = ["[x](javascript:window.taken=4)", ":red[x]", "$x$", "**bold** `code`", ":smile: -> #"]


def test_the_page_names_scripts_that_are_there(explorer: Explorer) -> None:
    """With the page a browser is told which scripts come next, ours among them; each of them can be had, by who may."""
    cookie = {"Cookie": f"{COOKIE}={explorer.token}"}
    with urlopen(Request(explorer.base, headers=cookie), timeout=PATIENCE) as page:  # noqa: S310  # our own server
        places = re.findall(r"<([^>]+)>; rel=modulepreload", page.headers["link"])
    assert {"picture.js", "news.js", "search.js"} < {place.rpartition("/")[2] for place in places}
    assert any("/BidiComponent." in place for place in places)
    for place in places:
        with urlopen(Request(urljoin(explorer.base, place), headers=cookie), timeout=PATIENCE) as script:  # noqa: S310  # our own server
            assert "javascript" in script.headers["content-type"]


def events(explorer: Explorer, store: str) -> list[str]:
    """Return what the edits of a store did, in order."""
    with closing(open_store(f"sqlite:{explorer.folder / store}")) as home:
        return [event.edit for event in home.events() if isinstance(event, Edit)]


def settled(page: Page) -> None:
    """Wait until the server has nothing more to say."""
    page.wait_for_function("!document.querySelector('[data-testid=stStatusWidget]')")


def test_every_view_opens_without_a_word_of_complaint(browser: Browser, explorer: Explorer) -> None:
    """Each view is reached by its link; nothing is asked of anybody else, and the console stays silent."""
    marks = {"growth": "Modularity", "communities": "Structural gaps", "paths": "Concepts farthest apart",
             "thoughts": "Propose ideas",
             "review": "Names that may mean one concept",
             "runs": "Start a run", "graph": "Nothing selected"}  # fmt: skip
    with drawn(browser, explorer.url("recorded.db")) as page:
        for view in [*list(VIEWS.values())[1:], VIEWS["graph"]]:
            page.page.get_by_test_id("stTopNavLink").filter(has_text=view.title).click()
            expect(page.page.get_by_text(marks[view.name]).first).to_be_visible()
            settled(page.page)
            expect(page.page.get_by_test_id("stException")).to_have_count(0)
            assert "store=sqlite" in page.page.url
        page.page.goto(f"{explorer.base}paths?store=sqlite%3Arecorded.db&from=helium&to=metal")
        expect(page.page.get_by_text("Evidence for every hop")).to_be_visible()
        assert page.page.url.startswith(f"{explorer.base}paths?")


def test_click_shows_evidence_and_the_link_leads_back(browser: Browser, explorer: Explorer) -> None:
    """A click on a concept shows what brought it; the address then leads to it, with the token anybody."""
    with drawn(browser, explorer.url("recorded.db")) as page:
        page.click("proton")
        expect(page.page.get_by_role("heading", name="protons")).to_be_visible()
        expect(page.page.get_by_text("First mentioned in step")).to_be_visible()
        page.page.wait_for_url("**concept=proton**")
        link = page.page.url
        assert explorer.token not in link
    with drawn(browser, f"{link}&token={explorer.token}") as page:
        expect(page.page.get_by_role("heading", name="protons")).to_be_visible()
        page.wait("p.selected.length === 1")


def test_growth_of_another_process_appears_with_the_camera_kept(browser: Browser, explorer: Explorer) -> None:
    """Concepts that another process adds come into the picture; it is not mounted again, nor does it move."""
    store = explorer.copy("live.db")
    with drawn(browser, explorer.url(store)) as page:
        page.ask("p.renderer.getCamera().setState({x: 0.4, y: 0.6, ratio: 0.5})")
        before = page.still()
        explorer.run("add", store, "steel", "is studied by", "metallurgist")
        page.wait("p.model.nodes.has('metallurgist')")
        expect(page.page.get_by_text("562 concepts").first).to_be_visible()
        world = f"world:{explorer.folder / 'recorded.db'}"
        explorer.run("grow", "--store", store, "--llm", world, "--steps", "3", "--policy", "bfs")
        with closing(open_store(f"sqlite:{explorer.folder / store}")) as home:
            steps = home.graph().seq
        expect(page.page.get_by_text(f"{steps} steps")).to_be_visible()
        assert page.ask("p.mounts()") == 1
        assert page.camera() == pytest.approx(before)


def test_other_views_follow_growth(browser: Browser, explorer: Explorer) -> None:
    """What another process adds is counted and drawn unasked."""
    store = explorer.copy("followed.db")
    with drawn(browser, explorer.url(store, view="communities")) as page:
        expect(page.page.get_by_text("Structural gaps")).to_be_visible()
        before = page.page.get_by_test_id("stCaptionContainer").first.inner_text()
        explorer.run("add", store, "impact resistance", "is tested with", "drop tower")
        expect(page.page.get_by_test_id("stCaptionContainer").first).not_to_have_text(before)
        expect(page.page.get_by_test_id("stException")).to_have_count(0)


@pytest.mark.parametrize("is_first", [False, True])
def test_what_the_picture_says_does_not_empty_the_view_that_is_gone_to(
    browser: Browser, explorer: Explorer, *, is_first: bool
) -> None:
    """A link is clicked in the moment in which the picture tells Python something, or has just told it."""
    links = "[...document.querySelectorAll('[data-testid=stTopNavLink]')]"
    go = f"{links}.find((one) => /Review/.test(one.textContent)).click()"
    say = "p.tell.heard(600)"
    with drawn(browser, explorer.url("recorded.db")) as page:
        page.page.wait_for_timeout(1500)
        page.ask(f"({say}, {go})" if is_first else f"({go}, setTimeout(() => {say}))")
        expect(page.page.get_by_role("tab", name="Last edits")).to_be_visible()


def test_merge_undo_and_reject_by_hand(browser: Browser, explorer: Explorer) -> None:
    """Two selected concepts are merged by a button and two again by another; a third is rejected."""
    store = explorer.copy("edited.db")
    with drawn(browser, explorer.url(store, concept=["hot forging", "hot forming"])) as page:
        page.page.get_by_test_id("stMain").get_by_role("button", name="Merge", exact=True).last.click()
        expect(page.page.get_by_text("560 concepts").first).to_be_visible()
        assert events(explorer, store) == ["merge"]
        page.page.get_by_test_id("stTopNavLink").filter(has_text="Review").click()
        page.page.get_by_role("tab", name="Last edits").click()
        page.page.get_by_role("button", name="Undo").first.click()
        expect(page.page.get_by_text("561 concepts").first).to_be_visible()
    with drawn(browser, explorer.url(store, concept="mathematics")) as page:
        page.page.get_by_test_id("stMain").get_by_role("button", name="Reject").last.click()
        expect(page.page.get_by_text("560 concepts").first).to_be_visible()
        page.wait("!p.model.nodes.has('mathematics')")
        page.wait("p.lit === null")  # nothing is selected any more
    assert events(explorer, store) == ["merge", "unmerge", "reject"]


def test_every_decision_offers_to_be_taken_back(browser: Browser, explorer: Explorer) -> None:
    """The message of a later one is seen too, though that of an earlier one has gone away by itself."""
    store = explorer.copy("offered.db")
    with drawn(browser, explorer.url(store, concept="Mathematics")) as opened:  # as it may be written
        page = opened.page
        undo = page.get_by_role("button", name="Undo")
        page.get_by_test_id("stMain").get_by_role("button", name="Reject", exact=True).last.click()
        expect(undo).to_be_visible()
        page.evaluate("document.getAnimations().forEach((one) => one.finish())")
        expect(undo).to_have_count(0)
        searched(page, "steel", "steel")
        page.get_by_test_id("stMain").get_by_role("button", name="Reject", exact=True).last.click()
        undo.click()
        expect(page.get_by_text("560 concepts ·")).to_be_visible()
    assert events(explorer, store) == ["reject", "reject", "restore"]


def test_search_evidence_and_undo_by_hand(browser: Browser, explorer: Explorer) -> None:
    """A misspelt name is found by the keyboard, a step opens over the page, and a rejection is taken back at once."""
    store = explorer.copy("searched.db")
    with drawn(browser, explorer.url(store)) as opened:
        page = opened.page
        settled(page)
        searched(page, "carbn fibre", "carbon fiber")
        page.wait_for_url("**concept=carbon+fiber**")
        opened.wait("p.selected.length === 1 && [...p.lit.nodes].every((row) => p.camera.shows([row]))")
        expect(page.get_by_role("combobox", name=re.compile("[Ss]earch"))).to_have_count(1)
        page.get_by_role("button", name="Step ").first.click()
        expect(page.get_by_role("dialog").get_by_text(re.compile(r"\d UTC"))).to_be_visible()
        expect(page.get_by_role("dialog").get_by_text("Reply", exact=True)).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        page.get_by_test_id("stMain").get_by_role("button", name="Reject", exact=True).last.click()
        expect(page.get_by_text("560 concepts ·")).to_be_visible()  # the table says 561 a while longer
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_text("561 concepts ·")).to_be_visible()
    assert events(explorer, store) == ["reject", "restore"]


def test_a_relation_is_reworded(browser: Browser, explorer: Explorer) -> None:
    """A line that was clicked is given another predicate by hand, and the picture has it."""
    store = explorer.copy("reworded.db")
    with drawn(browser, explorer.url(store)) as page:
        page.ask("p.relate([...p.model.edges.values()][0])")
        card = page.page.locator(".st-key-relation")
        card.get_by_role("button", name="Reword").click()
        page.page.get_by_label("Predicate", exact=True).fill("outlives")
        page.page.keyboard.press("Tab")
        page.page.get_by_role("button", name="Change predicate").click()
        page.wait("[...p.model.edges.values()].some((edge) => edge.predicate === 'outlives')")
    assert events(explorer, store) == ["retype"]


def test_an_open_page_asks_little_while_nothing_happens(browser: Browser, explorer: Explorer) -> None:
    """Of a graph that nobody writes to a page is told that nothing is new, and the script does not run for it."""
    with drawn(browser, explorer.url("recorded.db", view="communities")) as opened:
        expect(opened.page.get_by_text("Structural gaps")).to_be_visible()
        settled(opened.page)
        sockets: list[str] = []
        opened.page.on("websocket", lambda socket: sockets.append(socket.url))
        with opened.page.expect_response(lambda answer: "graphgrow/mark/" in answer.url) as first:
            pass
        with opened.page.expect_response(lambda answer: "graphgrow/mark/" in answer.url) as second:
            pass
        assert first.value.json() == second.value.json()
        expect(opened.page.get_by_test_id("stStatusWidget")).to_have_count(0)
        assert not sockets


def test_two_pages_agree(browser: Browser, explorer: Explorer) -> None:
    """What one page rejects is gone from the other, without a click there."""
    store = explorer.copy("shared.db")
    with drawn(browser, explorer.url(store)) as one, drawn(browser, explorer.url(store, concept="helium")) as other:
        other.page.get_by_test_id("stMain").get_by_role("button", name="Reject").last.click()
        one.wait("!p.model.nodes.has('helium')")
        for page in (one, other):
            expect(page.page.get_by_text("560 concepts").first).to_be_visible()


OVERLAPS = """(() => {
  const seats = [...p.model.nodes.values()].map((row) => p.ink.seat(row));
  return seats.filter((a, at) => seats.some((b, to) => to < at && Math.hypot(a.x - b.x, a.y - b.y) < a.r + b.r)).length;
})()"""
FILLED = """(() => {
  const seats = [...p.model.nodes.values()].map((row) => p.ink.seat(row));
  const span = (axis) => Math.max(...seats.map((one) => one[axis])) - Math.min(...seats.map((one) => one[axis]));
  return [span("x") / p.stage.clientWidth, span("y") / p.stage.clientHeight];
})()"""


def test_a_young_graph_fills_the_stage_and_is_followed_while_it_grows(browser: Browser, explorer: Explorer) -> None:
    """Every name is written and nothing overlaps; what comes later has its community, and tables and steps follow."""
    world = f"world:{explorer.folder / 'recorded.db'}"
    explorer.run("grow", "impact resistant materials", "--store", "young.db", "--llm", world, "--steps", "5")
    with drawn(browser, explorer.url("young.db")) as page:
        count = page.ask("p.model.nodes.size")
        assert 10 < count < 40
        assert len(page.ask("p.named")) == count
        assert page.ask(OVERLAPS) == 0
        assert min(page.ask(FILLED)) > 0.6
        assert "live" not in page.ask("p.status.textContent")
        explorer.run("grow", "--store", "young.db", "--llm", world, "--steps", "10")
        with closing(open_store(f"sqlite:{explorer.folder / 'young.db'}")) as store:
            graph = store.graph()
        page.wait(f"p.model.nodes.size === {len(graph.concepts)}")
        expect(page.page.get_by_role("tab", name=f"Concepts ({len(graph.concepts)})")).to_be_visible()
        page.wait("[...p.model.nodes.values()].every((row) => row.community in p.settings.colours)")
        assert page.ask("[...p.model.nodes.values()].every((row) => p.camera.shows([row]))")
        assert "was asked about" in page.ask("p.steps.last.textContent")
        assert "live" in page.ask("p.status.textContent")
        assert page.ask("p.mounts()") == 1


def test_filters_bind_tables_and_a_view_is_kept(browser: Browser, explorer: Explorer) -> None:
    """What the legend hides is not in the tables; a view under a name brings it back, in another window too.

    So it does rules of style, which the address holds as well, and the last step, if that was shown; it can be removed.
    """
    store = explorer.copy("views.db")
    with drawn(browser, explorer.url(store)) as page:
        page.page.get_by_role("button", name="Colours and sizes by rules").click()
        page.root.get_by_label("With what it compares").fill("steel")
        page.root.get_by_role("button", name="Add rule").click()
        page.page.wait_for_url("**style=name%3Ais%3A%23d55e00%3A1.5%3Asteel**")
        page.page.reload()
        page.wait("p.renderer && p.rules.texts.join() === 'name:is:#d55e00:1.5:steel'")
        page.root.locator(".legend button").first.click()
        expect(page.page.get_by_text("Showing 490 of 561 concepts.")).to_be_visible()
        page.page.get_by_role("button", name="Views of this graph").click()
        page.root.get_by_label("Name of this view").fill("without the topic")
        page.page.get_by_role("button", name="Save view").click()
        expect(page.page.get_by_text("is kept in the graph")).to_be_visible()
    with drawn(browser, explorer.url(store)) as page:
        page.ask("p.timeline.set(100)")
        page.page.get_by_role("button", name="Views of this graph").click()
        page.root.get_by_role("button", name="without the topic", exact=True).click()
        page.wait("p.filters.groups.size === 1 && p.rules.texts.length === 1")
        expect(page.page.get_by_text("Showing 490 of 561 concepts.")).to_be_visible()
        assert page.ask("p.timeline.atEnd && Number(p.timeline.input.value) === Number(p.timeline.input.max)")
        page.root.get_by_role("button", name="Remove without the topic").click()
        expect(page.page.get_by_text("is removed")).to_be_visible()
        expect(page.root.get_by_text("None yet.")).to_be_visible()


def test_what_is_not_trusted_is_faint_and_one_switch_leaves_it_out(browser: Browser, explorer: Explorer) -> None:
    """A concept without a trusted relation is drawn in a tint; the switch, the slider and the address say one thing."""
    with closing(open_store(f"sqlite:{explorer.folder / 'checked.db'}", create=True)) as store:
        store.append(*checked_log())
    with drawn(browser, explorer.url("checked.db")) as page:
        assert page.ask("[...p.model.nodes.values()].filter((row) => row.isFaint).length") == 2
        assert page.ask("[...p.model.nodes.values()].every((row) => row.isFaint === (row.tint !== row.colour))")
        assert "3 relations (1 trusted)" in page.ask("p.status.textContent")
        switch = page.page.get_by_text("Trusted only")
        switch.click()
        page.wait("p.model.nodes.size === 2 && ![...p.model.nodes.values()].some((row) => row.isFaint)")
        page.page.wait_for_url("**confidence=65**")
        expect(page.page.get_by_role("button", name="Confidence ≥ 65 %")).to_be_visible()
        switch.click()
        page.wait("p.model.nodes.size === 4")
        expect(page.page.get_by_role("button", name="Any confidence")).to_be_visible()


def test_on_a_small_page_the_communities_stand_below_their_picture(browser: Browser, explorer: Explorer) -> None:
    """At 768 pixels picture and list have the whole width each, and so have curves with a legend."""
    with drawn(browser, explorer.url("recorded.db", view="communities"), width=768) as page:
        assert page.ask("p.stage.clientWidth") > 700
        box = page.page.get_by_test_id("stDataFrame").first.bounding_box()
        assert box
        assert box["width"] > 700


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_linked_concept_is_in_view_and_all_words_stand_out(
    browser: Browser, explorer: Explorer, *, dark: bool
) -> None:
    """At 768 pixels a link leads to its concept with its neighbours, nothing is cut off, and contrast is 4.5 to 1."""
    with drawn(browser, explorer.url("recorded.db", concept="ceramic"), dark=dark, width=768) as page:
        expect(page.page.get_by_role("heading", name="ceramic")).to_be_visible()
        assert page.ask("[...p.lit.nodes].every((row) => p.camera.shows([row]))")
        assert page.page.evaluate("document.documentElement.scrollWidth") <= 768
        panel = page.page.get_by_role("heading", name="ceramic").bounding_box()
        stage = page.root.bounding_box()
        assert panel
        assert stage
        assert panel["y"] > stage["y"] + stage["height"]
        settled(page.page)
        assert poor(page.page) == []


def test_hostile_names_are_text(browser: Browser, explorer: Explorer) -> None:
    """Mark-up in names is shown as it was written and does nothing, in every view."""
    names = [*MARKS, *filter(None, HOSTILE)]
    concepts = tuple(Concept(f"k{at}", name) for at, name in enumerate(names))
    said = tuple(
        Statement(Relation("k0", names[1], f"k{at}"), Triple(names[0], names[1], names[at]))
        for at in range(1, len(names))
    )
    with closing(open_store(f"sqlite:{explorer.folder / 'hostile.db'}", create=True)) as store:
        store.append(Edit(1, "add", Delta(concepts, relations=said)))
    with drawn(browser, explorer.url("hostile.db", concept="k0")) as page:
        for at, name in enumerate(MARKS):
            page.page.goto(explorer.url("hostile.db", concept=f"k{at}"))
            heading = page.page.get_by_role("heading", level=3).first
            expect(heading).to_be_visible()
            assert heading.inner_text().replace("\u2060", "").strip() == name
        for view in ("Communities", "Paths & discovery", "Review", "Runs"):
            page.page.get_by_test_id("stTopNavLink").filter(has_text=view).click()
            settled(page.page)
        assert harmless(page)


def harmless(page: Drawn) -> bool:
    """Tell whether nothing of a hostile name was run, or stands ready to be."""
    found = page.page.evaluate(
        "() => [window.taken ?? null, document.querySelectorAll('a[href^=\"javascript\"], img[onerror]').length]"
    )
    return bool(found == [None, 0])


def test_feed_is_closed_to_who_was_not_told(explorer: Explorer) -> None:
    """The route answers for its token alone: another word, or a store's name, finds nothing; it asks for the cookie."""
    for word in ("x", "sqlite:recorded.db"):
        address = f"{explorer.base}graphgrow/feed/{word}?since=0"
        with pytest.raises(OSError, match="403"):
            urlopen(address, timeout=PATIENCE)  # noqa: S310  # our own server
        with pytest.raises(OSError, match="404"):
            urlopen(Request(address, headers={"Cookie": f"{COOKIE}={explorer.token}"}), timeout=PATIENCE)  # noqa: S310  # our own server
