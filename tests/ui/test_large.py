"""A graph too large for memory, as a visitor meets it: the same pages, with the size lowered that counts as such."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from graphgrow_explorer import parts, search, serve
from graphgrow_explorer import workspace as workspaces_module
from graphgrow_explorer.news import mark
from graphgrow_explorer.views import VIEWS
from graphgrow_explorer.workspace import Workspace, workspaces
from playwright.sync_api import Browser
from starlette.applications import Starlette
from starlette.testclient import TestClient

from graphgrow.api import edits
from graphgrow.graph.model import Concept, Delta, Edit, Relation, Statement, Triple
from graphgrow.stores import open_store
from graphgrow.stores.sqlite_index import SQLiteIndex
from tests.explorers import exploring, searched
from tests.pictures import drawn
from tests.servers import waited_for
from tests.ui.conftest import QUIET
from tests.ui.test_explorer import HOSTILE, grown, view, words

pytestmark = QUIET
LOWERED = 100  # concepts


@pytest.fixture
def large(tmp_path: Path, recorded: Path, monkeypatch: pytest.MonkeyPatch, closed: None) -> str:
    """Return the URL of the recorded run, which counts as large, with its index."""
    monkeypatch.setattr(workspaces_module, "WHOLE", LOWERED)
    shutil.copy(recorded, tmp_path / "large.db")
    url = f"sqlite:{tmp_path / 'large.db'}"
    with closing(open_store(url)) as store:
        index = store.index(LOWERED)
        assert index
        index.make()
        index.close()
    return url


def opened(url: str) -> Workspace:
    """Return the workspace of a store as the pages have it."""
    workspace = workspaces().open(url)
    assert workspace.index
    return workspace


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_is_drawn_without_the_fold(name: str, large: str) -> None:
    """Graph shows a part, the others say what they need; nothing reads the log, and the way to all graphs is there."""
    at = view(large, name)
    assert not at.exception
    assert not at.error
    assert "561 concepts · " in words(at)
    assert "impact resistant materials" in words(at)
    assert ("Showing 561 of 561 concepts." in words(at)) == (name == "graph")
    assert "downloads need the whole graph" in words(at)
    assert opened(large).graph.seq == 0
    next(one for one in at.button if one.label.startswith("All graphs")).click().run()
    assert not at.exception
    assert [one.value for one in at.title] == ["graphgrow"]


def test_a_concept_is_shown_with_its_relations_and_their_evidence(large: str) -> None:
    """The panel has spellings, the step that brought it, all relations with who said them; a step opens as ever."""
    at = view(large, "graph", concept="carbon fiber", show="Around the selection")
    assert not at.exception
    with closing(open_store(large)) as store:
        graph = store.graph()
    held = graph.incident["carbon fiber"]
    assert f"{len(held)} relations" in words(at)
    assert f"First mentioned in step {graph.introduced['carbon fiber']} " in words(at)
    table = next(one.value for one in at.dataframe if list(one.value.columns) == ["relation", "concept", "times said"])
    assert len(table) == len(held)
    assert set(table["concept"]) == {graph.name(key) for key in graph.neighbours["carbon fiber"]}
    near = len(graph.neighbours["carbon fiber"]) + 1
    assert f"Showing {near} of 561 concepts." in words(at)
    assert not view(large, "graph", show="Everything").exception  # as a link to a smaller graph has it
    further = view(large, "graph", concept="carbon fiber", show="Around the selection")
    groups: list[Any] = list(further.get("button_group"))
    next(one for one in groups if "2 away" in one.options).set_value(2)
    further.run()
    assert not further.exception
    assert f"Showing {near} of 561 concepts." not in words(further)
    next(one for one in at.button if one.label.startswith("Step ")).click().run()
    assert not at.exception
    assert "What it brought" in words(at)


def test_the_search_asks_the_index(large: str) -> None:
    """The route of the search answers from the index, and says in a sentence what it cannot."""
    client = TestClient(Starlette(routes=[search.route()]))
    address = f"/{search.PATH}/{opened(large).token}"
    (first, *_) = client.get(address, params={"q": "carbon fib"}).json()["found"]
    assert (first["name"], first["keys"], first["kind"]) == ("carbon fiber", ["carbon fiber"], "concept")
    refused = client.get(address, params={"q": "/carbon/"})
    assert refused.status_code == 400
    assert "load the whole graph" in refused.json()["error"]


def test_what_comes_meanwhile_shows_without_a_fold(large: str) -> None:
    """An event that another process writes changes the mark, the counts and the part that is drawn."""
    workspace = opened(large)
    index = workspace.index
    assert index
    before, extent = mark(workspace), workspace.extent
    nodes, _ = parts.part(workspace, index, ["carbon fiber"])
    assert parts.part(workspace, index, ["carbon fiber"])[0] is nodes  # kept while nothing is new
    said = Relation("carbon fiber", "is thinner than", "pencil")
    delta = Delta(
        (Concept("pencil", "pencil"),),
        relations=(Statement(said, Triple("carbon fiber", "is thinner than", "pencil")),),
    )
    with closing(open_store(large)) as store:
        store.append(Edit(extent.seq + 1, "add", delta))
    assert mark(workspace) != before
    assert (workspace.extent.concepts, workspace.extent.relations) == (extent.concepts + 1, extent.relations + 1)
    assert "pencil" in set(parts.part(workspace, index, ["carbon fiber"])[0]["key"])
    assert "562 concepts · " in words(view(large, "graph"))
    assert workspace.search("pencil")[0].keys == ("pencil",)
    assert workspace.graph.seq == 0


def test_the_whole_graph_is_loaded_when_asked(large: str) -> None:
    """By the button the log is folded, and from then on the page is the one that smaller graphs have."""
    at = view(large, "growth")
    next(one for one in at.button if one.label == "Load the whole graph").click().run()
    assert not at.exception
    workspace = workspaces().open(large)
    assert workspace.index is None
    assert len(workspace.graph.concepts) == 561
    assert "downloads need the whole graph" not in words(at)
    usual = view(large, "graph")
    assert not usual.exception
    assert "tokens" in words(usual)
    workspace.act(edits.reject, "carbon fiber")
    assert "560 concepts · " in words(view(large, "graph"))


def test_a_page_waits_for_an_index_that_is_being_made(large: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an index the page says that it is made, shows the graph once it is, and says why where it cannot be."""
    Path(large.removeprefix("sqlite:") + "-index").unlink()
    made = SQLiteIndex._make
    monkeypatch.setattr(SQLiteIndex, "_make", lambda self: None)
    at = view(large, "graph")
    assert not at.exception
    assert [one.value for one in at.subheader] == ["A graph of more than 50,000 concepts"]
    assert "Load the whole graph" in [one.label for one in at.button]
    workspace = opened(large)
    assert workspace._maker
    workspace._maker.join()
    workspace._maker = None
    monkeypatch.setattr(SQLiteIndex, "_make", made)
    view(large, "graph")
    assert waited_for(lambda: workspace.refresh()[0])
    assert "561 concepts · " in words(view(large, "graph"))


def test_where_an_index_cannot_be_made_the_page_says_why(large: str) -> None:
    """What stands in its place is named in a sentence, and the whole graph can be loaded all the same."""
    place = Path(large.removeprefix("sqlite:") + "-index")
    place.unlink()
    place.mkdir()
    (place / "something").touch()
    assert waited_for(lambda: view(large, "graph").error)
    at = view(large, "graph")
    assert not at.exception
    assert str(place) in words(at)
    next(one for one in at.button if one.label == "Load the whole graph").click().run()
    assert "561 concepts · " in words(at)


def test_names_are_shown_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: None) -> None:
    """Also here no mark of a name means anything to the page, and long ones are cut."""
    monkeypatch.setattr(workspaces_module, "WHOLE", 3)
    concepts = tuple(Concept(f"key {n}", name) for n, name in enumerate(HOSTILE))
    links = tuple(Statement(Relation("key 0", HOSTILE[1], f"key {n}"), Triple(HOSTILE[0], HOSTILE[1], HOSTILE[n]))
                  for n in range(1, len(HOSTILE)))  # fmt: skip
    url = grown(tmp_path / "hostile.db", Edit(1, "add", Delta(concepts, relations=links)))
    opened(url).make_index()
    assert waited_for(lambda: opened(url).refresh()[0])
    for key in ("key 0", "key 7"):
        at = view(url, "graph", concept=key)
        assert not at.exception
        raw = "\n".join(str(one.value) for one in (*at.markdown, *at.caption))
        assert "](javascript" not in raw
        assert max(map(len, words(at).splitlines())) < 2_000


def test_a_reader_searches_selects_and_looks_around(browser: Browser, tmp_path: Path, recorded: Path) -> None:
    """In a real browser: the first picture, a search by the keyboard, the panel, the neighbourhood, no complaint."""
    shutil.copy(recorded, tmp_path / "large.db")
    with exploring(tmp_path, "large.db", "--no-browser", whole=LOWERED) as explorer:
        with drawn(browser, explorer.url("large.db")) as found:
            page = found.page
            found.wait("p.model.nodes.size === 561")
            searched(page, "carbon fib", "carbon fiber")
            page.wait_for_url("**concept=carbon+fiber**")
            found.wait("p.selected.length === 1")
            wide = "p.renderer.getCustomBBox().x[1] - p.renderer.getCustomBBox().x[0]"
            whole = found.ask(wide)
            for name, size in (
                ("Around the selection", "< 100"),
                ("Top 1,000", "=== 561"),
                ("Around the selection", "< 100"),
            ):
                page.get_by_role("radio", name=name).click()
                found.wait(f"p.model.nodes.size {size} && p.model.nodes.has('carbon fiber')")
                found.wait("p.camera.shows([...p.model.nodes.values()])")  # fitted, whatever was shown before
                assert (found.ask(wide) < whole) is (size == "< 100")
            far = "(row) => Math.hypot(row.x - p.selected[0].x, row.y - p.selected[0].y)"
            key = found.ask(f"[...p.model.nodes.values()].sort((a, b) => ({far})(b) - ({far})(a))[0].key")
            found.click(key)
            found.wait(f"p.selected.length === 1 && p.selected[0].key === {key!r}")
        assert not [line for line in (tmp_path / "log").read_text().splitlines() if "Traceback" in line]


def test_the_first_picture_is_worked_out_before_the_browser_comes(large: str) -> None:
    """The server makes the index and the first part as it starts."""
    Path(large.removeprefix("sqlite:") + "-index").unlink()
    workspace = opened(large)
    serve.prepare(workspace, Event())
    assert workspace.extent.concepts == 561
    assert workspace.before("parts")
    assert workspace.graph.seq == 0


@pytest.fixture(autouse=True)
def _unheld() -> Iterator[None]:
    """Leave nothing open behind."""
    yield
    for workspace in workspaces().stores.values():
        if workspace.index:
            workspace.index.close()
