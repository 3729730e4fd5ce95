import gc
import os
import re
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any
from zipfile import ZipFile

import pytest
from filelock import FileLock
from graphgrow_explorer import feedback, frames, opening, runs, serve
from graphgrow_explorer.feedback import HELD
from graphgrow_explorer.files import kinds, written
from graphgrow_explorer.header import DRAWN, ENDED, TOOK, is_due, stands
from graphgrow_explorer.live import news, one_step
from graphgrow_explorer.panel import certainty, evidence
from graphgrow_explorer.text import plain, short
from graphgrow_explorer.views import VIEWS
from graphgrow_explorer.views.review import merged_by_replies
from graphgrow_explorer.workspace import Workspace, workspaces
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from graphgrow.api import edits
from graphgrow.api.options import grow
from graphgrow.batch.schedule import utc_now
from graphgrow.cli import main
from graphgrow.errors import BadInput, GraphgrowError
from graphgrow.export import FORMATS
from graphgrow.graph.model import Budget, Concept, Delta, Edit, Expansion, Relation, Statement, Triple
from graphgrow.llm.scripted import Scripted
from graphgrow.stores import open_store
from tests.batch_runs import jobs_file, working
from tests.conftest import chatter
from tests.fact_checks import OPEN, SURE, WRONG, checked_log
from tests.growth.test_roles import Speaker
from tests.servers import serving, waited_for
from tests.ui.conftest import QUIET

APP = Path(serve.__file__).with_name("app.py")
HOSTILE = [
    "[x](javascript:alert(1))",
    "<script>alert(1)</script>",
    ":red[x]",
    "$x$",
    ":smile:",
    "a -> b",
    "=1+1",
    "n" * 10_000,
]
BIG = 20_000
pytestmark = QUIET


def grown(path: Path, *edit: Edit) -> str:
    """Return the URL of a new store with some events."""
    with closing(open_store(f"sqlite:{path}", create=True)) as store:
        store.append(*edit)
    return f"sqlite:{path}"


def big() -> Edit:
    """Return an event that brings a graph of BIG concepts that hang together, with hubs."""
    concepts = tuple(Concept(f"concept {n}", f"concept {n}") for n in range(BIG))
    ends = [(n, n // 2) for n in range(1, BIG)] + [(n, (n * 7919) % BIG) for n in range(1, BIG)]
    relations = [Relation(f"concept {a}", "relates to", f"concept {b}") for a, b in ends if a != b]
    return Edit(
        1,
        "add",
        Delta(
            concepts,
            relations=tuple(Statement(r, Triple(r.source, r.predicate, r.target)) for r in dict.fromkeys(relations)),
        ),
    )


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory, recorded: Path) -> Iterator[dict[str, str]]:
    """Yield the graphs that every view has to show: nothing, one concept, the recorded run, large and hostile ones."""
    folder = tmp_path_factory.mktemp("stores")
    one = Edit(1, "add", Delta((Concept("silk", "silk"),)))
    bad = tuple(Concept(f"key {n}", name) for n, name in enumerate(HOSTILE))
    links = tuple(
        Statement(Relation("key 0", HOSTILE[1], f"key {n}"), Triple(HOSTILE[0], HOSTILE[1], bad[n].name))
        for n in range(1, len(bad))
    )
    shutil.copy(recorded, folder / "recorded.db")
    yield {
        "empty": grown(folder / "empty.db", Edit(1, "add", Delta())),
        "one": grown(folder / "one.db", one),
        "recorded": f"sqlite:{folder / 'recorded.db'}",
        "big": grown(folder / "big.db", big()),
        "hostile": grown(folder / "hostile.db", Edit(1, "add", Delta(bad, relations=links))),
    }
    for workspace in workspaces().stores.values():
        with suppress(GraphgrowError):  # of a file that a test has removed
            workspace.store.close()
    workspaces().stores.clear()


@pytest.fixture
def silk(tmp_path: Path) -> Workspace:
    """Return the workspace of a small graph that a test may change."""
    from graphgrow.growth.loop import grow

    url = f"sqlite:{tmp_path / 'silk.db'}"
    with closing(open_store(url, create=True)) as store:
        for _ in grow("spider silk", store, Scripted(chatter(4)), budget=Budget(steps=4)):
            pass
    return workspaces().open(url)


def view(url: str, name: str, **state: str) -> AppTest:
    """Return a view of a store as a visitor gets it who was sent there; what stands elsewhere was chosen before."""
    with suppress(GraphgrowError):
        workspaces().open(url)
    return followed(url, name, **state)


def followed(url: str, name: str = "graph", **state: str) -> AppTest:
    """Return what a visitor gets who follows a link to a view of a store."""
    at = AppTest.from_file(str(APP), default_timeout=300)
    at.query_params["store"] = url
    for key, value in state.items():
        at.query_params[key] = value
    at._page_hash = calc_hash(name)
    return at.run()


def words(at: AppTest) -> str:
    """Return everything that a view says in Markdown or text, without what escapes marks."""
    parts = (at.markdown, at.caption, at.text, at.error, at.title, at.subheader)
    return "\n".join(str(one.value) for part in parts for one in part).replace("\\", "").replace("\u2060", "")


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("graph", ["empty", "one", "recorded", "big", "hostile"])
def test_every_view_of_every_graph(stores: dict[str, str], graph: str, name: str) -> None:
    """Each view is drawn without a traceback or a refusal, and says how large the graph is."""
    at = view(stores[graph], name)
    assert not at.exception
    assert not at.error
    size = {"empty": "0 concepts", "one": "1 concept ", "recorded": "561 concepts", "big": "20,000 concepts"}
    assert size.get(graph, "8 concepts") in words(at)


def test_large_graph_is_shown_in_part_unless_asked(stores: dict[str, str]) -> None:
    """Beyond 5,000 concepts the first picture has the most central ones, and says how many of how many."""
    at = view(stores["big"], "graph")
    assert f"Showing {frames.TOP:,} of {BIG:,} concepts." in words(at)
    assert f"of {BIG:,} concepts" in words(view(stores["big"], "graph", show="around"))


@pytest.mark.parametrize(
    ("name", "bound"), [("graph", {"show": "around"}), ("paths", {"from": "helium", "to": "metal"})]
)
def test_all_graphs_leads_to_the_first_page(stores: dict[str, str], name: str, bound: dict[str, str]) -> None:
    """Also from a view whose choices stand in the address; nothing of them is left there."""
    at = view(stores["recorded"], name, **bound)
    next(one for one in at.button if one.label.startswith("All graphs")).click().run()
    assert not at.exception
    assert [one.value for one in at.title] == ["graphgrow"]
    assert not at.query_params


def test_names_are_shown_as_they_are(stores: dict[str, str]) -> None:
    """No mark of a name means anything to the page: what Markdown would read is escaped, long names are cut."""
    workspace = workspaces().open(stores["hostile"])
    at = view(stores["hostile"], "graph", concept="key 0")
    raw = "\n".join(str(one.value) for one in (*at.markdown, *at.caption))
    assert HOSTILE[0] in words(at)
    assert "](javascript" not in raw
    assert max(map(len, words(at).splitlines())) < 2_000
    assert list(frames.nodes(workspace)["name"]) == HOSTILE


@pytest.mark.parametrize("text", HOSTILE)
def test_plain_escapes_every_mark(text: str) -> None:
    """Every ASCII mark of a label stands behind a backslash, and without backslash and joiner it is the text again."""
    said = plain(text, 20_000)
    bare = said.replace("\\", "")
    assert bare.replace("\u2060", "") == text
    assert all(said[at - 1] == "\\" for at, c in enumerate(said) if c in "[]()<>$:*_`#|~" and c != "\\")
    assert ":smile:" not in bare
    assert "->" not in bare
    assert len(short(text)) <= 60


@pytest.mark.parametrize(
    "text",
    ["www.evil.com/login", "see WWW.evil.com", "https://evil.com", "HTTP://evil.com", "a@nist.gov", "x a.b@c-d.e"],
)
def test_no_name_becomes_a_link(text: str) -> None:
    """What a page would turn into a link or an e-mail address is parted, and without escapes it is the text again."""
    bare = plain(text).replace("\\", "")
    assert not re.search(r"(?i)https?://|www\.|@[\w-]", bare)  # as micromark's GFM finds them
    assert bare.replace("\u2060", "") == text


def test_missing_and_foreign_files_are_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that leads to no graph says so and offers the first page."""
    monkeypatch.chdir(tmp_path)
    foreign = tmp_path / "notes.db"
    foreign.write_text("no database")
    for url, why in ((str(tmp_path / "none.db"), "there is no graph at"), (str(foreign), "is no SQLite database"),
                     ("mongo:x", "unknown store"), ("memory:", "always a new, empty store")):  # fmt: skip
        at = view(url, "graph")
        assert not at.exception
        assert why in words(at), words(at)
        assert "graphgrow" in [one.value for one in at.title]


@pytest.mark.parametrize(
    "place", ["sqlite:{0}", "{0}", "sqlite:../{1}", "sqlite:below/../../{1}", "sqlite:link.db", "sqlite://{0}",
              "neo4j://me:secret@elsewhere.example:7687?graph=x", "bolt://elsewhere.example"]
)  # fmt: skip
@pytest.mark.parametrize("shared", ["", "yes"])
def test_a_link_opens_what_stands_in_the_folder_alone(
    place: str, shared: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file elsewhere, however it is written, and a server are not opened by a link, nor shown with a password."""
    outside = tmp_path.parent / f"{tmp_path.name}-outside.db"
    grown(outside, Edit(1, "add", Delta((Concept("silk", "silk"),))))
    (tmp_path / "below").mkdir()
    (tmp_path / "link.db").symlink_to(outside)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(serve.SHARED, shared)
    url = place.format(outside, outside.name)
    at = followed(url)
    assert not at.exception
    assert "1 concept " not in words(at)
    assert "secret" not in words(at)
    assert "outside the folder" in words(at) or "cannot open a graph on a server" in words(at)
    assert "graphgrow" in [one.value for one in at.title], "the first page"
    if shared:
        with pytest.raises(BadInput, match=r"outside the folder|cannot open a graph"):
            opening.go(url)


@pytest.mark.parametrize("llm", ["recorded:/etc/run.jsonl", "world:sqlite:/any/other.db", "/any/model.gguf"])
def test_a_shared_page_reads_no_file_as_a_model(llm: str) -> None:
    """Where others use the page too, a model that is a file would be a way around the folder."""
    with pytest.raises(BadInput, match="only whoever started it reads files"):
        runs.check_name(llm)


def test_what_was_chosen_or_named_is_opened_by_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is here may type where a graph is; a link then leads there, as to what the command line names."""
    monkeypatch.chdir(tmp_path)
    url = grown(tmp_path.parent / f"{tmp_path.name}-typed.db", Edit(1, "add", Delta()))
    assert "outside the folder" in words(followed(url))
    at = AppTest.from_file(str(APP), default_timeout=300).run()
    next(one for one in at.text_input if one.label == "Path or store URL").set_value(url)
    next(one for one in at.button if one.label == "Open").click().run()
    assert "0 concepts" in words(at)
    assert "0 concepts" in words(followed(url))
    named = grown(tmp_path.parent / f"{tmp_path.name}-named.db", Edit(1, "add", Delta()))
    monkeypatch.setenv(serve.STORE, named)
    assert "0 concepts" in words(followed(named))
    assert "0 concepts" in words(followed(grown(tmp_path / "inside.db", Edit(1, "add", Delta()))))


def test_a_circle_of_links_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file name that leads back to itself is refused like any other."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "circle.db").symlink_to("circle.db")
    at = followed("sqlite:circle.db")
    assert not at.exception
    assert at.error


def test_null_character_is_one_sentence() -> None:
    """An address that no system call takes is refused like any other."""
    at = view("\0", "graph")
    assert not at.exception
    assert "null character" in words(at)
    assert "graphgrow" in [one.value for one in at.title]


def test_broken_choice_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is no graph is refused once when it is chosen, and the page stays where it was."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.db").write_text("no database")
    url, go = grown(Path("good.db"), Edit(1, "add", Delta())), opening.go
    gone: list[str] = []

    def going(url: str) -> str:
        gone.append(url)
        return go(url)

    monkeypatch.setattr(opening, "go", going)
    at = view(url, "graph")
    choice = next(one for one in at.selectbox if one.label.startswith("Another graph"))
    choice.select("broken.db").run()
    assert gone == ["sqlite:broken.db"]
    assert "is no SQLite database" in words(at)
    assert not at.run().error
    grown(Path("other.db"), Edit(1, "add", Delta((Concept("silk", "silk"),))))
    next(one for one in at.run().selectbox if one.label.startswith("Another graph")).select("other.db").run()
    assert "1 concept " in words(at)
    assert gone == ["sqlite:broken.db", "sqlite:other.db"]


def test_broken_row_is_tried_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A row is opened when it is chosen; what refuses is remembered for the page, and an empty choice is none."""
    state: dict[str, object] = {opening.ROWS: {"selection": {"rows": [1]}}}
    monkeypatch.setattr("streamlit.session_state", state)
    opening.open_row(["a.db", "none.db"])
    assert "there is no graph at none.db" in str(state.pop(feedback.REFUSED))
    state[opening.ROWS] = {"selection": {"rows": []}}
    opening.open_row(["a.db", "none.db"])
    assert feedback.REFUSED not in state


def test_every_view_has_an_entrance() -> None:
    """A link to any view but the first leads there by way of the first page."""
    assert ["graph", *serve.PAGES] == list(VIEWS)


def test_strangers_need_a_sign_in() -> None:
    """Another address than this machine's is refused without --auth or --no-auth."""
    with pytest.raises(BadInput, match="--auth"):
        serve.check(serve.Serving(host="0.0.0.0"))  # noqa: S104  # refused
    serve.check(serve.Serving(host="0.0.0.0", auth=True))  # noqa: S104  # with a sign-in
    serve.check(serve.Serving())
    assert [serve.is_shared(serve.Serving(auth=auth)) for auth in (False, True)] == [False, True]
    assert serve.settings("127.0.0.1", 1)["browser.gatherUsageStats"] is False


@pytest.mark.parametrize(
    ("words", "why"),
    [(["none.db"], "there is no graph at"), (["--host", "0.0.0.0"], "--no-auth"), (["--allow", "me@x.org"], "--auth"),  # noqa: S104
     (["--auth"], "--auth needs"), (["--auth", "--allow", " "], "names nobody")],
)  # fmt: skip
def test_explore_refuses_in_one_line(
    words: list[str], why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be served is one sentence on stderr and exit code 1."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["graphgrow", "explore", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert why in said
    assert len(said.splitlines()) == 1


def test_selected_concept_shows_its_evidence(stores: dict[str, str]) -> None:
    """A concept in the address is selected: its name, the step that brought it, and each relation's raw words."""
    at = view(stores["recorded"], "graph", concept="ceramic")
    assert "### ceramic" in words(at)
    assert "First mentioned in step 2" in words(at)
    workspace = workspaces().open(stores["recorded"])
    rows = evidence(workspace, workspace.graph.incident["ceramic"][0])
    assert len(rows) == len(workspace.graph.relations[workspace.graph.incident["ceramic"][0]])
    assert any("ceramic" in row.words.casefold() for row in rows)
    first = workspace.event(rows[0].seq)
    assert isinstance(first, Expansion)
    assert first.reply.model in rows[0].source
    assert "UTC · asked about " in rows[0].source
    assert first.focus.reason == rows[0].why


def test_an_accepted_relation_has_one_more_piece_of_evidence(silk: Workspace) -> None:
    """Accepting says once more what is there, by hand; it brings nothing else, and is not undone by rejecting."""
    relation = next(iter(silk.graph.relations))
    before, relations = silk.graph.support(relation), set(silk.graph.relations)
    silk.act(edits.accept, relation)
    assert silk.graph.support(relation) == before + 1
    assert set(silk.graph.relations) == relations
    with pytest.raises(BadInput, match="one more piece of evidence"):
        silk.act(edits.undo, silk.event(silk.graph.seq), silk.store.events)


def test_actions_show_at_once_and_are_undone(silk: Workspace) -> None:
    """Merge, reject, rename, retype and add change the graph at once; undo brings back what was there."""

    def shown() -> tuple[set[str], set[Relation]]:
        return {c.name for c in silk.graph.concepts.values()}, set(silk.graph.relations)

    relation = next(iter(silk.graph.relations))
    for act in (
        lambda: silk.act(edits.merge, "protein 1", "protein 2"),
        lambda: silk.act(edits.reject, "protein 3"),
        lambda: silk.act(edits.rename, "sheet 1", "beta sheet"),
        lambda: silk.act(edits.reject_relation, relation),
        lambda: silk.act(edits.retype, relation, "is softer than"),
    ):
        before = shown()
        act()  # type: ignore[no-untyped-call]  # a lambda
        assert shown() != before
        silk.act(edits.undo, silk.event(silk.graph.seq), silk.store.events)
        assert shown() == before
    silk.act(edits.apart, "protein 1", "sheet 2")
    silk.act(edits.undo, silk.event(silk.graph.seq), silk.store.events)
    assert [set(one.concepts) for one in edits.queue(silk.graph)] == [{"protein 1", "sheet 2"}]
    silk.act(edits.add, "silk", "is spun by", "spider")
    silk.act(edits.undo, silk.event(silk.graph.seq), silk.store.events)
    assert not [r for r in silk.graph.relations if "spider" in r.ends and r.source != "spider silk"]
    with pytest.raises(BadInput, match="cannot be undone"):
        silk.act(edits.undo, silk.event(1), silk.store.events)
    with closing(open_store(silk.url)) as store:
        assert set(store.graph().relations) == set(silk.graph.relations)


def test_review_merges_by_a_click(stores: dict[str, str], tmp_path: Path) -> None:
    """The first pair of the queue is merged by its button, and the queue is shorter at once."""
    path = tmp_path / "copy.db"
    path.write_bytes(Path(stores["recorded"].removeprefix("sqlite:")).read_bytes())
    at = view(f"sqlite:{path}", "review")
    workspace = workspaces().open(f"sqlite:{path}")
    waiting = len(edits.queue(workspace.graph))
    next(one for one in at.button if str(one.key).startswith("merge ")).click().run()
    assert not at.exception
    assert len(edits.queue(workspace.graph)) < waiting
    at.button(key=f"undo {workspace.graph.seq}").click().run()
    assert workspace.rows[-1].outcome == "unmerge"


def test_a_merge_of_a_reply_is_listed_and_taken_apart(stores: dict[str, str]) -> None:
    """Names that came as another one of a known concept stand with the reason, until somebody takes them apart."""
    workspace = workspaces().open(stores["recorded"])
    found = merged_by_replies(workspace.graph)
    assert found
    seq, _, _, why, key = found[0]
    assert why
    assert key in workspace.graph.corrections.into
    assert any(change.reason == why for change in workspace.graph.past[seq - 1].delta.changes)
    workspace.act(edits.unmerge, key)
    assert key not in {row[-1] for row in merged_by_replies(workspace.graph)}
    workspace.act(edits.undo, workspace.event(workspace.graph.seq), workspace.store.events)
    assert key not in {row[-1] for row in merged_by_replies(workspace.graph)}, "merged by hand now"


def test_a_view_is_drawn_anew_as_the_graph_grows() -> None:
    """News has a view drawn again that does not hear it, but not while something is chosen or as fast as it can."""
    state = {DRAWN: (4, 0), TOOK: 0.5, ENDED: 100.0}
    assert not is_due((4, 0), state, 200.0, is_live=False)
    assert is_due((5, 0), state, 105.0, is_live=False)
    assert not is_due((5, 0), state, 104.0, is_live=False)
    assert not is_due((5, 0), state, 200.0, is_live=True)
    assert not is_due((5, 0), state | {HELD: {"gaps": True}}, 200.0, is_live=False)
    assert is_due((5, 0), state | {HELD: {"gaps": False}}, 200.0, is_live=False)
    assert is_due((5, 1), state | {HELD: {"gaps": True}}, 100.0, is_live=True), "a decision changes what is shown"


def test_the_line_above_every_view_says_how_long_a_run_will_take_and_why_it_ended(
    silk: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that saw a run under way says so of its end too; one that is opened later tells nothing of it."""
    now = datetime(2026, 1, 2, 3, 5, 0, tzinfo=UTC)
    run = runs.Run("a", runs.RunOptions(steps=120), "2026-01-02T03:04:00+00:00", 1, "running", steps=2)
    assert stands(run, now) == "running: 2 of 120 steps"
    assert stands(replace(run, steps=30), now) == "running: 30 of 120 steps, 3 min left"
    assert stands(replace(run, steps=100), now) == "running: 100 of 120 steps, < 1 min left"
    ended = replace(run, state="ended", steps=30, message="the model is gone")
    assert stands(ended, now) == "ended: 30 of 120 steps (the model is gone)"

    known = [run]
    monkeypatch.setattr(runs, "runs", lambda _url: known)
    at = view(silk.url, "growth")
    assert "running: 2 of 120 steps" in words(at)
    known[:] = [ended]
    assert "ended: 30 of 120 steps (the model is gone)" in words(at.run())
    assert "ended" not in words(view(silk.url, "growth"))


def test_a_step_that_brings_nothing_says_so_and_why(silk: Workspace) -> None:
    """What a reply lacked is said where it lacked something."""
    (row,) = [row for row in silk.rows if row.seq == silk.graph.seq]
    with silk.reading() as graph:
        told = [one_step(graph, replace(row, concepts=0, relations=0, outcome=one)) for one in ("ok", "truncated")]
    assert [one["brought"] for one in told] == ["nothing new", "nothing new (truncated)"]


def test_the_table_calls_communities_by_their_names(silk: Workspace) -> None:
    """A concept's community is the one that the legend of the picture names."""
    groups = frames.groups(silk)
    table = next(one.value for one in view(silk.url, "graph").dataframe if "community" in one.value.columns)
    assert list(table["community"]) == [groups.names[groups.membership[key]] for key in silk.graph.concepts]


def test_two_pages_agree_and_the_feed_tells(silk: Workspace) -> None:
    """What another writer adds is in the feed of whoever saw less, and what a decision takes out; no more than that."""
    since = silk.graph.seq
    assert news(silk, since) == {"seq": since, "nodes": [], "edges": [], "gone": [], "writing": False}
    with closing(open_store(silk.url)) as other:
        edits.commit(other, lambda graph: edits.add(graph, "silk", "is spun by", "weaver"))
        told = news(silk, since)
        assert {row["key"] for row in told["nodes"]} <= {"silk", "weaver"}
        assert [row["predicate"] for row in told["edges"]] == ["is spun by"]
        edits.commit(other, lambda graph: edits.reject(graph, "protein 1"))
    told = news(silk, since + 1)
    assert told["gone"] == ["protein 1"]
    assert (told["nodes"], told["edges"]) == ([], [])


def test_feed_answers_its_token_alone(silk: Workspace) -> None:
    """The feed of a store is found by the token that its page was given, and by nothing else."""
    assert workspaces().by_token(silk.token) is silk
    assert workspaces().by_token(silk.url) is None
    assert workspaces().by_token("") is None


def test_a_file_that_was_replaced_is_opened_anew(tmp_path: Path) -> None:
    """Another graph under an old name is the one that is shown."""
    url = grown(tmp_path / "a.db", Edit(1, "add", Delta((Concept("old", "old"),))))
    before = workspaces().open(url)
    assert "old" in before.graph.concepts
    assert workspaces().holds(before)
    new = grown(tmp_path / "b.db", Edit(1, "add", Delta((Concept("new", "new"),))))
    Path(new.removeprefix("sqlite:")).replace(tmp_path / "a.db")
    assert not workspaces().holds(before)
    assert "new" in workspaces().open(url).graph.concepts


def test_the_first_picture_is_there_before_its_page(silk: Workspace) -> None:
    """The log is read and places are found before anybody asks, and a page then takes what was found."""
    url = silk.url
    silk.store.close()
    workspaces().stores.clear()
    opened = workspaces().open(url, is_read=False)
    assert not opened.graph.concepts
    serve.prepare(opened, Event())
    assert gc.isenabled()
    assert opened.graph.concepts
    found = opened.before("positions")
    assert isinstance(found, dict)
    assert found.keys() == opened.graph.concepts.keys()
    assert frames.positions(opened) is found


def test_concepts_keep_their_place_and_their_community(silk: Workspace) -> None:
    """A graph that grows leaves what was there where it was, and communities keep their numbers."""
    before, groups = frames.positions(silk), frames.groups(silk)
    silk.act(edits.add, "sheet 1", "contains", "crystal")
    after = frames.positions(silk)
    assert after.keys() - before.keys() == {"crystal"}
    assert all(after[key] == place for key, place in before.items())
    assert frames.groups(silk).membership["sheet 1"] == groups.membership["sheet 1"]


def test_a_file_has_the_communities_of_the_picture(silk: Workspace) -> None:
    """Numbers and colours outlast growth and the process; what is downloaded has the numbers that are shown."""
    groups = frames.groups(silk)
    kept = Workspace(silk.store)
    kept.refresh()
    assert (frames.groups(kept).membership, frames.groups(kept).colours) == (groups.membership, groups.colours)
    silk.act(edits.add, "sheet 1", "contains", "crystal")
    later = frames.groups(silk)
    assert all(later.colours[one] == groups.colours[one] for one in groups.colours.keys() & later.colours.keys())
    text = written(silk, None, ".gexf").decode()
    shown = dict(re.findall(r'<node id="([^"]+)".*?<attvalue for="community" value="(\d+)"/>', text))
    assert {key: int(one) for key, one in shown.items()} == later.membership


def test_what_is_shown_can_be_taken_away(silk: Workspace) -> None:
    """A part of a graph is exported with its relations alone; two tables come zipped, formulas as text."""
    keys = {"spider silk", "protein 1"}
    assert b"protein 2" not in written(silk, keys, ".graphml")
    assert b"protein 2" in written(silk, None, ".graphml")
    assert b'label="protein 2"' in written(silk, None, ".gexf")
    file = Path(silk.url.removeprefix("sqlite:")).with_name("out.zip")
    file.write_bytes(written(silk, keys, ".csv"))
    with ZipFile(file) as archive:
        assert sorted(archive.namelist()) == ["graph.concepts.csv", "graph.relations.csv"]


def test_every_format_can_be_taken_away(silk: Workspace) -> None:
    """The menu offers whatever `graphgrow export` writes."""
    assert set(kinds()) == set(FORMATS)
    assert all(b"protein 2" in written(silk, None, ending) for ending in (".ttl", ".cypher", ".json"))


def test_words_of_a_run_are_never_options() -> None:
    """A topic or model that looks like an option, or like a shell's command, is one word of the command."""
    wanted = runs.RunOptions(topic="--store=other.db; rm -rf", llm="--help", steps=3)
    command = runs.command("sqlite:a.db", wanted)
    assert command[:5] == [sys.executable, "-m", "graphgrow", "grow", "--store=sqlite:a.db"]
    assert command[-2:] == ["--", "--store=other.db; rm -rf"]
    assert "--llm=--help" in command


def until(is_so: set[str], url: str, name: str) -> runs.Run:
    """Return a run as soon as it is in one of some states."""
    assert waited_for(lambda: runs.find(url, name).state in is_so), runs.find(url, name)
    return runs.find(url, name)


def test_run_goes_on_in_the_background_pauses_and_goes_on(stores: dict[str, str], tmp_path: Path) -> None:
    """A run from the page is a process of its own; paused it saves everything, and goes on with what is left."""
    url, world = f"sqlite:{tmp_path / 'run.db'}", stores["recorded"].removeprefix("sqlite:")
    name = runs.start(url, runs.RunOptions("impact resistant materials", f"world:{world}", steps=400))
    assert waited_for(lambda: runs.find(url, name).steps >= 2), runs.find(url, name)
    with pytest.raises(BadInput, match="under way"):
        runs.start(url, runs.RunOptions())
    runs.stop(url, name, pause=True)
    run = until({"paused"}, url, name)
    assert workspaces().open(url).graph.steps == run.steps >= 2
    again = runs.resume(url, name)
    assert runs.find(url, name).state == "ended"
    assert runs.find(url, again).options.steps == 400 - run.steps
    assert waited_for(lambda: runs.find(url, again).steps), runs.find(url, again)
    runs.stop(url, again)
    assert until({"ended"}, url, again).message.startswith("interrupted")


def test_run_is_asked_to_end_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is ending is not sent a second signal, whichever page asks."""
    sent: list[int] = []
    url, one = "sqlite:a.db", runs.Run("a", runs.RunOptions(), "", 1, "running")
    monkeypatch.setattr(runs, "_folder", lambda _url: tmp_path)
    monkeypatch.setattr(runs, "find", lambda _url, _name: one)
    monkeypatch.setattr("os.kill", lambda pid, _signal: sent.append(pid))
    runs.stop(url, "a", pause=True)
    with pytest.raises(BadInput, match="ending already"):
        runs.stop(url, "a")
    assert sent == [1]
    assert (tmp_path / "a.wish").read_text() == "pause"


def test_two_pages_start_one_run(tmp_path: Path) -> None:
    """While one page starts a run, no other does, and afterwards the run is under way."""
    url = f"sqlite:{tmp_path / 'none.db'}"
    with FileLock(runs.made(runs._folder(url)) / "start.lock"), pytest.raises(BadInput, match="another page"):
        runs.start(url, runs.RunOptions("silk", "world:nowhere.db"))
    assert runs.runs(url) == []


def test_refused_run_says_why(tmp_path: Path) -> None:
    """A run that cannot begin ends with the sentence that the command line prints, and without a key."""
    url = f"sqlite:{tmp_path / 'none.db'}"
    name = runs.start(url, runs.RunOptions("silk", "world:nowhere.db"), os.environ | {"OPENAI_API_KEY": "sk-secret"})
    run = until({"ended"}, url, name)
    assert "nowhere.db" in run.message
    folder = runs._folder(url)
    assert not [file for file in folder.iterdir() if "sk-secret" in file.read_text()]
    assert folder.stat().st_mode & 0o077 == 0


def test_a_run_asks_its_model_as_the_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the form takes reaches the endpoint; a key comes by its variable, one in the fields is refused."""
    url = f"sqlite:{tmp_path / 'asked.db'}"
    with closing(open_store(url, create=True)) as store:
        grow("silk", store, Scripted(chatter(1)), steps=1, policy="mix").run()
    with serving(Speaker()) as first, serving(Speaker("checker")) as second:
        monkeypatch.setenv("PAGE_KEY", "sk-of-the-page")
        at = view(url, "runs")
        fields = {one.label: one for one in (*at.text_input, *at.number_input)}
        fields["Model"].input("m")
        fields["Address of an endpoint"].input(first.base_url)
        fields["Environment variable with the API key"].input("PAGE_KEY")
        fields["Reasoning effort"].input("low")
        fields["Token limit per reply"].set_value(960)
        fields["Extra request parameters (JSON)"].input('{"top_p": 0.5}')
        fields["Model for fact checks"].input(f"{second.base_url}#c")
        fields["Steps"].set_value(3)
        fields["Relations to ask for per question"].set_value(9)
        fields["Graph context per question (tokens)"].set_value(70)
        next(one for one in at.selectbox if one.label == "Prompt style").set_value("strong")
        next(one for one in at.selectbox if one.label == "Policy").set_value("mix")
        next(one for one in at.button if one.label == "Start").click().run()
        assert not at.exception
        (run,) = runs.runs(url)
        assert until({"ended"}, url, run.name).steps
        sent = first.chats[0]
        assert {"Bearer sk-of-the-page"} <= set(sent.headers.values())
        asked = [sent.body[name] for name in ("reasoning_effort", "max_tokens", "top_p")]
        assert asked == ["low", 960, 0.5]
        assert second.chats
        assert not any("sk-of" in str(one.headers) for one in second.chats)
        assert runs.once(runs.runs(url)).reply_tokens == 960
        schema: Any = sent.body["response_format"]
        rows = schema["json_schema"]["schema"]["properties"]["relations"]
        assert (rows["maxItems"], "certainty" in rows["items"]["properties"]) == (9, True)
        assert {"--context=70", "--relations=9"} <= set(runs.command(url, runs.once(runs.runs(url))))
        assert "--batch" not in runs.command(url, run.options)
        assert "--batch" in runs.command(url, replace(run.options, batch=True))
    for words in ('{"api_key": "c0ffee"}', "{"):
        with pytest.raises(BadInput):
            runs.start(url, runs.RunOptions(llm_options=words))
        with pytest.raises(BadInput):
            runs.start(url, runs.RunOptions(check_with=f"m?llm_options={words}"))
    folder = runs._folder(url)
    assert not [file for file in folder.iterdir() if re.search("sk-of|c0ffee", file.read_text())]


def test_others_who_use_the_page_send_no_key_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They name a model, not where it is, nor whose key; how much it thinks is theirs to say."""
    monkeypatch.setenv(serve.SHARED, "yes")
    url = f"sqlite:{tmp_path / 'shared.db'}"
    with closing(open_store(url, create=True)) as store:
        store.append(*checked_log())
    monkeypatch.setenv(serve.STORE, url)
    at = view(url, "runs")
    labels = {one.label for one in at.text_input}
    assert "Reasoning effort" in labels
    assert (
        not {"Address of an endpoint", "Environment variable with the API key", "Extra request parameters (JSON)"}
        & labels
    )
    for llm in ("http://127.0.0.1:9/v1#m", "m?key_env=HOME"):
        with pytest.raises(BadInput, match="other people use this page"):
            runs.check_name(llm)
    runs.check_name("gpt-5")


def test_dead_process_is_no_run(tmp_path: Path) -> None:
    """A process that was killed, or another one under its number, is not taken for a run that goes on."""
    url = f"sqlite:{tmp_path / 'run.db'}"
    name = runs.start(url, runs.RunOptions("silk", "world:nowhere.db", steps=5))
    run = runs.find(url, name)
    os.kill(run.pid, signal.SIGKILL)
    assert until({"ended"}, url, name).steps == 0


def test_first_page_begins_and_shows_the_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a store the page lists this folder's files and opens the recorded example."""
    monkeypatch.chdir(tmp_path)
    at = AppTest.from_file(str(APP), default_timeout=300).run()
    assert not at.exception
    assert "There is no graph file" in words(at)
    next(one for one in at.button if one.label == "Open the example").click().run()
    assert not at.exception
    assert [name for name, *_ in opening.files()] == ["example.db"]
    assert "449 concepts" in words(at)


@pytest.mark.parametrize(
    ("topic", "name"), [("", "a.db"), ("silk", "../a.db"), ("silk", "a.txt"), ("silk", "there.db")]
)
def test_new_graph_needs_a_topic_and_a_new_file(
    topic: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new graph is a new file of this folder, and about something."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.db").touch()
    with pytest.raises(BadInput):
        opening.begin(topic, name)


def test_schedules_of_a_jobs_file_are_shown_with_their_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Runs view lists the jobs of the file, when they run, and what runs reported; without a file it says how."""
    job = '[[job]]\nname = "silk"\ntopic = "spider silk"\nstore = "silk.db"\nrun.steps = 1\n'
    path = jobs_file(tmp_path, f'{job}schedule.cron = "30 2 * * *"\n')
    with working(path) as dispatcher:
        dispatcher.state.add("silk", utc_now())
        dispatcher.drive()
    url = f"sqlite:{tmp_path / 'silk.db'}"
    assert any("--jobs JOBS.toml" in one.value for one in view(url, "runs").code)
    monkeypatch.setenv(serve.JOBS, str(path))
    at = view(url, "runs")
    assert not at.exception
    (table,) = [frame.value for frame in at.dataframe if "schedule" in frame.value.columns]
    assert list(table["schedule"]) == ["cron 30 2 * * *"]
    assert table["next due"][0].endswith("02:30:00+00:00")
    assert any("all steps done" in str(code.value) for code in at.code)
    path.write_text("[[job]]")
    assert "jobs.toml:1: " in words(view(url, "runs"))


@pytest.fixture
def checked(tmp_path: Path) -> Workspace:
    """Return the workspace of a small graph with fact checks: one relation is trusted, one is wrong, one is open."""
    url = f"sqlite:{tmp_path / 'checked.db'}"
    with closing(open_store(url, create=True)) as store:
        store.append(*checked_log())
    return workspaces().open(url)


def test_a_relation_says_how_sure_the_graph_is_and_why(checked: Workspace) -> None:
    """What fact checks answered, that there was none, or that a person said so."""
    assert certainty(checked.graph, SURE) == "Confidence 96 % (1 fact check, probability of being true: 99 %)."
    assert certainty(checked.graph, WRONG) == "Confidence 0 % (1 fact check, probability of being true: 2 %)."
    assert "(no fact check yet)" in certainty(checked.graph, OPEN)
    checked.act(edits.accept, OPEN)
    assert certainty(checked.graph, OPEN) == "Confidence 100 % (a person said so)."


def test_what_is_not_sure_can_be_left_out(checked: Workspace) -> None:
    """The picture, its tables and its files hold what is of at least that confidence, and the topic."""
    for show in ("everything", "top", "around"):
        nodes, edges = frames.part(checked, show, ["silk"], 2, 0.7)
        assert list(nodes["key"]) == ["silk", "fibroin"]
        assert list(edges["target"]) == ["fibroin"]
        assert len(frames.part(checked, show, ["silk"], 2)[1]) == 3
    assert len(frames.part(checked, "communities", confidence=0.7)[0]) == len(frames.groups(checked).communities)
    assert b"cement" in written(checked, None, ".json")
    assert b"cement" not in written(checked, None, ".json", 0.7)
    assert b"cement" not in written(checked, {"silk", "cement"}, ".json", 0.7).replace(b'"id": "cement"', b"")
    at = view(checked.url, "graph")
    assert "Showing 4 of 4 concepts" in words(at)
    at.toggle[0].set_value(True).run()
    assert "Showing 2 of 4 concepts" in words(at)
    assert at.slider[0].value == 65
    at.slider[0].set_value(30).run()
    assert not at.toggle[0].value
    at = view(checked.url, "graph", confidence="70")
    assert at.toggle[0].value
    assert not at.exception
    assert "Showing 2 of 4 concepts" in words(at)
    assert list(at.dataframe[-1].value["confidence"].round()) == [96]
