"""The report as a reader sees it: in a real browser, from a recorded run, an empty graph, and names that attack."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser

from graphgrow.errors import BadInput
from graphgrow.export.report import RunReport, library, report
from graphgrow.export.report.figures import DRAW, Figure, sections
from graphgrow.export.report.page import embedded, page, policy, write
from graphgrow.export.report.tables import write_tables
from graphgrow.export.report.words import COLUMNS
from graphgrow.graph.events import read_events, write_events
from graphgrow.graph.graph import fold
from graphgrow.graph.model import Concept, Delta, Edit, Event, Relation, Statement, Triple
from graphgrow.measure.panel import panel
from tests.browser import Opened, opened
from tests.cli.test_cli import graphgrow
from tests.conftest import RECORDED
from tests.fact_checks import checked_log
from tests.measure.test_history import edits

EVENTS = 60
LONELY: list[Event] = [Edit(1, "add", Delta((Concept("a", "a"), Concept("b", "b"))))]
ATTACKS = [
    "</script><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "{{constructor.constructor('alert(1)')()}}",
    "datum.x]; alert(1); ['",
    "__proto__",
    "=HYPERLINK(1)",
    "javascript:alert(1)",
    "a.b[0]",
    "\u202e\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "\U0001f578\ufe0f \U0001f469\u200d\U0001f52c",
    "line\u2028break\u0000\ud800",
    "long " * 2000,
]


@pytest.fixture(scope="module")
def drawing() -> str:
    """Return the drawing library, bundled once."""
    return library()


@pytest.fixture(scope="module")
def recorded() -> RunReport:
    """Return the report on the beginning of the recorded run, with few snapshots to be quick."""
    return report(list(read_events(RECORDED))[:EVENTS], every=10, samples=3)


@pytest.fixture(scope="module")
def recorded_page(recorded: RunReport, drawing: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of that report."""
    file = tmp_path_factory.mktemp("report") / "report.html"
    write(file, page(recorded, drawing))
    return file


@pytest.fixture(scope="module")
def seen(browser: Browser, recorded_page: Path) -> Iterator[Opened]:
    """Yield that page as several tests look at it; they leave it as it is."""
    with opened(browser, recorded_page) as found:
        yield found


def figures() -> list[Figure]:
    """Return the figures of the page in their order."""
    return [figure for part in sections() for figure in part.figures]


def attacking() -> list[Event]:
    """Return a run in which every name is an attack: a clique of them, each with leaves of its own."""
    names = [*ATTACKS, *(f"{name[:40]} {leaf}" for name in ATTACKS for leaf in range(2))]
    keys = [f"k{place}" for place in range(len(names))]
    concepts = tuple(Concept(key, name) for key, name in zip(keys, names, strict=True))
    pairs = [(a, b) for a in keys[: len(ATTACKS)] for b in keys[: len(ATTACKS)] if a < b]
    pairs += [(keys[place % len(ATTACKS)], key) for place, key in enumerate(keys[len(ATTACKS) :])]
    said = tuple(Statement(Relation(a, "<b>", b), Triple(a, "<b>", b)) for a, b in pairs)
    half = len(said) // 2
    return [Edit(1, "add", Delta(concepts, relations=said[:half])), Edit(2, "add", Delta(relations=said[half:]))]


def test_every_figure_is_drawn_without_a_word_or_a_request(seen: Opened, recorded_page: Path) -> None:
    """All figures of the page are there, nothing was said on the console, nothing but the file was asked for."""
    count = len(figures())
    assert seen.page.locator(".chart svg").count() == seen.page.locator("figure").count() == count
    assert seen.page.locator(".chart[data-drawn=yes]").count() == count
    assert seen.said == []
    assert [url for url in seen.asked if not url.startswith("data:")] == [recorded_page.as_uri()]
    sizes = seen.page.eval_on_selector_all(".chart svg", "all => all.map(one => one.getBBox().width)")
    assert min(sizes) > 100
    assert seen.page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_colours_follow_the_reader_and_the_button(browser: Browser, recorded_page: Path) -> None:
    """Dark by preference, light by the button, and lines have other colours in each."""
    paper = "getComputedStyle(document.body).backgroundColor"
    line = "getComputedStyle(document.querySelector('#figure-max-degree .mark-line path')).stroke"
    with opened(browser, recorded_page, "dark") as seen:
        dark = seen.page.evaluate(paper), seen.page.evaluate(line)
        button = seen.page.get_by_role("button", name="Use the light colours")
        button.focus()
        seen.page.keyboard.press("Enter")
        light = seen.page.evaluate(paper), seen.page.evaluate(line)
        assert seen.page.locator("#theme").get_attribute("aria-pressed") == "false"
    assert light[0] == "rgb(255, 255, 255)"
    assert dark[0] != light[0]
    assert dark[1] != light[1] == "rgb(0, 114, 178)"


def test_data_of_a_figure_can_be_read_as_a_table(seen: Opened, recorded: RunReport) -> None:
    """Opened by the keyboard, the data of the first figure are its snapshots."""
    seen.page.locator("#figure-max-degree summary").focus()
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_selector("#figure-max-degree table")  # it is made when `toggle` fires, a task later
    cells = seen.page.locator("#figure-max-degree td").all_inner_texts()
    history = recorded.tables["history"].set_index("seq")["max_degree"]
    assert (
        dict(zip(map(int, cells[::2]), map(int, cells[1::2]), strict=True))
        == history[history.index % 10 == 0].to_dict()
    )


def test_every_figure_has_words_and_a_description(seen: Opened) -> None:
    """Each chart carries its heading and sentence for those who hear it, each heading stands in the outline."""
    heard = seen.page.eval_on_selector_all(".chart", "all => all.map(one => one.getAttribute('aria-label'))")
    links = seen.page.eval_on_selector_all("nav a", "all => all.map(one => document.querySelector(one.hash) !== null)")
    said = [f"{figure.title}. {figure.sentence}" for figure in figures()]
    assert heard == said
    assert links
    assert all(links)


def test_the_final_table_is_the_panel(seen: Opened) -> None:
    """Every number of the last table is the panel's, to the last digit."""
    graph = fold(list(read_events(RECORDED))[:EVENTS])
    truth = [
        number
        for value in panel(list(graph.concepts), graph.triples()).values()
        for number in (value.values() if isinstance(value, dict) else [value])
        if not isinstance(number, str)
    ]
    shown = seen.page.eval_on_selector_all(
        "#panel td:nth-child(2) data", "all => all.map(one => one.hasAttribute('value') ? Number(one.value) : null)"
    )
    assert shown == truth


def test_hostile_names_are_text_and_nothing_runs(browser: Browser, drawing: str, tmp_path: Path) -> None:
    """No name becomes a tag, an expression or a script; legends show them as they are, on one line, shortened."""
    file = tmp_path / "attack.html"
    write(file, page(report(attacking(), samples=2), drawing))
    with opened(browser, file) as seen:
        dialogs: list[str] = []
        seen.page.on("dialog", lambda dialog: dialogs.append(dialog.message))
        seen.page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        seen.page.locator("#figure-emergence .mark-symbol path").first.hover(force=True)
        seen.page.wait_for_selector("#vg-tooltip-element.visible")
        assert (seen.said, dialogs) == ([], [])
        assert seen.page.locator("img, iframe, a[href^=javascript]").count() == 0
        assert seen.page.locator("script").count() == 3
        names = seen.page.locator("#figure-hub-degrees .legend li").all_inner_texts()
        assert ATTACKS[0] in names
        assert max(map(len, names)) <= 50
        assert len(set(names)) == len(names)
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_a_script_that_is_not_ours_does_not_run(browser: Browser, recorded_page: Path) -> None:
    """The policy of the page refuses a script and a handler that somebody else puts into it, and every request."""
    with opened(browser, recorded_page) as seen:
        seen.page.evaluate(
            "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.taken = 1\">');"
            "const s = document.createElement('script'); s.textContent = 'window.taken = 2'; document.body.append(s)"
        )
        seen.page.wait_for_timeout(200)
        assert seen.page.evaluate("window.taken") is None
        assert any("Content Security Policy" in text for text in seen.said)


@pytest.mark.parametrize("events", [[], edits([("a", "b")]), LONELY], ids=["nothing", "one", "lonely"])
def test_small_graphs_have_a_page_too(events: list[Event], browser: Browser, drawing: str, tmp_path: Path) -> None:
    """An empty graph, one relation, two concepts without any: figures with too little say so, the others are drawn."""
    file = tmp_path / "small.html"
    write(file, page(report(events, samples=2), drawing))
    with opened(browser, file) as seen:
        drawn, empty = seen.page.locator(".chart svg").count(), seen.page.locator("figure .empty").count()
        assert seen.said == []
    assert drawn + empty == len(figures())
    assert (drawn > 15) == bool(events)


def test_tables_are_what_the_report_holds(recorded: RunReport, tmp_path: Path) -> None:
    """Every CSV file is read by pandas with the columns that columns.csv explains, and agrees with its table."""
    paths = write_tables(recorded, tmp_path / "csv")
    about = pd.read_csv(tmp_path / "csv" / "columns.csv")
    assert {path.stem for path in paths} == {"columns", *COLUMNS}
    for name, truth in recorded.tables.items():
        found = pd.read_csv(tmp_path / "csv" / f"{name}.csv", keep_default_na=False, na_values=[""])
        assert list(found) == about.loc[about["table"] == name, "column"].tolist()
        assert len(found) == len(truth)
        for column in found.select_dtypes("number"):
            theirs = pd.to_numeric(truth[column]).astype(float)
            assert found[column].astype(float).tolist() == pytest.approx(theirs.tolist(), nan_ok=True), (name, column)


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    """A name that a spreadsheet would run starts with an apostrophe in every table."""
    write_tables(report(attacking(), samples=2), tmp_path)
    cells = [
        cell
        for path in tmp_path.glob("*.csv")
        for column in pd.read_csv(path, dtype=str).to_dict("list").values()
        for cell in column
        if isinstance(cell, str)
    ]
    assert "'=HYPERLINK(1)" in cells
    assert not [cell for cell in cells if cell[0] in "=+@\t\r"]


def test_figures_and_their_words_belong_together() -> None:
    """Every figure that is drawn has words and every one with words is drawn; each is in one place."""
    assert len({figure.name for figure in figures()}) == len(figures())
    assert sorted(figure.name for figure in figures() if not figure.curves) == sorted(DRAW)
    assert all(
        figure.y and figure.curves.keys() <= COLUMNS[figure.table].keys() for figure in figures() if figure.curves
    )
    assert {figure.tag for figure in figures()} == {"", "paper", "corrected"}


def test_json_in_the_page_cannot_end_its_script() -> None:
    """Whatever a name holds, the JSON is ASCII without angle brackets or ampersands, and reads back the same."""
    text = embedded(ATTACKS)
    assert text.isascii()
    assert not set("<>&") & set(text)
    assert json.loads(text) == ATTACKS
    assert "unsafe-eval" not in policy(["1"])


def test_the_same_seed_makes_the_same_page() -> None:
    """A report can be repeated, byte for byte."""
    events = list(read_events(RECORDED))[:20]
    one, other = (page(report(events, every=10, samples=2, seed=3), "") for _ in range(2))
    assert one == other


def test_a_report_says_how_far_the_run_can_be_relied_on() -> None:
    """How many relations were checked, how many are trusted, what that means; an empty graph has nothing to say."""
    measured = report(checked_log(), every=2, samples=2)
    html = page(measured, "")
    assert (measured.facts["trusted"], measured.facts["checked"]) == (1, 2)
    assert "2 of 3 relations were put to a fact check, and 1 (33 %) have a confidence of 65 % or more" in html
    assert "<dt>Trusted</dt><dd><bdi>33 %</bdi></dd>" in html
    assert "fact check" not in page(report([], samples=2), "")


def test_report_command_writes_page_and_tables(tmp_path: Path) -> None:
    """`report` says what it wrote, replaces a page whole, and refuses a name that is no page or a folder."""
    write_events(tmp_path / "run.jsonl.gz", list(read_events(RECORDED))[:20])
    graphgrow("replay", "run.jsonl.gz", "--store", "g.db", cwd=tmp_path)
    (tmp_path / "out.html").write_text("old")
    said = graphgrow("report", "g.db", "out.html", "--csv", "csv", "--every", "10", "--json", cwd=tmp_path)
    about = json.loads(said.stdout)
    assert (about["topic"], about["every"], len(about["csv"])) == ("impact resistant materials", 10, len(COLUMNS) + 1)
    assert (tmp_path / "out.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert sorted(path.name for path in tmp_path.glob(".*")) == []
    assert "ends in .html" in graphgrow("report", "g.db", "g.db", cwd=tmp_path, code=1).stderr


def test_a_missing_extra_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the drawing library the command says what to install, before it measures anything."""
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(BadInput, match=r"pip install 'graphgrow\[report\]'"):
        library()
