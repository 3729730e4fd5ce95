"""The pages as a visitor walks them: every choice of every view, what is taken back, searched, asked and kept."""

import os
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import pytest
from graphgrow_explorer import feedback, frames, live, news, questions, runs, search
from graphgrow_explorer.panel import evidence, origin
from graphgrow_explorer.views import VIEWS
from graphgrow_explorer.views.communities import CLICKED, gaps
from graphgrow_explorer.views.thoughts import wanted
from graphgrow_explorer.workspace import Workspace, workspaces
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from graphgrow.api import edits
from graphgrow.errors import BadInput
from graphgrow.graph.model import Budget, Concept, Delta, Edit, Expansion, Relation, Statement, Triple
from graphgrow.growth.loop import grow
from graphgrow.llm.scripted import Scripted
from graphgrow.reason.answers import ask
from graphgrow.reason.communities import describe
from graphgrow.stores import open_store
from tests.conftest import chatter
from tests.reason.test_communities import names
from tests.reasoning import Heard, answer
from tests.servers import Answer, Asked, completion, serving, streamed, waited_for
from tests.ui.conftest import QUIET
from tests.ui.test_explorer import HOSTILE, grown, view, words
from tests.ui.test_thoughts import thinks

pytestmark = [pytest.mark.usefixtures("closed"), QUIET]


@pytest.fixture
def full(tmp_path: Path) -> Workspace:
    """Return the workspace of a small graph in which everything was done that a page can show."""
    url = f"sqlite:{tmp_path / 'full.db'}"
    with closing(open_store(url, create=True)) as store:
        for _ in grow("spider silk", store, Scripted(chatter(8)), budget=Budget(steps=8)):
            pass
        ask(store, thinks("strong"), "What is spider silk?")
        describe(store, Heard(names))
        for decide in (
            lambda graph: edits.merge(graph, "protein 1", "protein 2"),
            lambda graph: edits.reject(graph, "protein 3"),
            lambda graph: edits.doubt(graph, "sheet 1", "sheet 2"),
        ):
            edits.commit(store, decide, at="2026-01-02T03:04:05+00:00")
    return workspaces().open(url)


def hostile(path: Path) -> str:
    """Return the URL of a graph of names that look like mark-up."""
    concepts = tuple(Concept(f"key {n}", name) for n, name in enumerate(HOSTILE))
    links = tuple(Statement(Relation("key 0", HOSTILE[1], f"key {n}"), Triple(HOSTILE[0], HOSTILE[1], HOSTILE[n]))
                  for n in range(1, len(HOSTILE)))  # fmt: skip
    return grown(path / "hostile.db", Edit(1, "add", Delta(concepts, relations=links)))


KINDS = "selectbox", "toggle", "slider", "multiselect", "button_group", "checkbox", "number_input", "text_input"
STATES: dict[str, dict[str, str]] = {
    "graph": {"concept": "spider silk", "show": "around"}, "paths": {"from": "spider silk", "to": "protein 5"},
}  # fmt: skip


@pytest.mark.parametrize("graph", ["full", "hostile"])
@pytest.mark.parametrize("name", VIEWS)
def test_every_choice_of_every_view_is_drawn_and_leads_back(
    name: str, graph: str, full: Workspace, tmp_path: Path
) -> None:
    """Each state of each widget is drawn without a traceback, and from each view one gets back to all graphs."""
    url = full.url if graph == "full" else hostile(tmp_path)
    at = view(url, name, **(STATES.get(name, {}) if graph == "full" else {}))
    assert not at.exception, at.exception
    for kind in KINDS:
        for place in range(len(at.get(kind))):
            for choice in choices(at.get(kind)[place])[:4]:
                if place < len(at.get(kind)):
                    at.get(kind)[place].set_value(choice)  # type: ignore[union-attr]  # these kinds have values
                    at.run()
                assert not at.exception, (kind, place, choice, at.exception)
    next(one for one in at.button if one.label.startswith("All graphs")).click()
    at.run()
    assert not at.exception, at.exception
    assert [one.value for one in at.title] == ["graphgrow"]
    assert not at.query_params


@pytest.mark.parametrize("name", VIEWS)
def test_every_button_of_every_view_does_something_that_can_be_read(
    name: str, full: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is pressed on a fresh page: it leads on, does what it says or is refused in a sentence, and never fails."""
    monkeypatch.setattr(runs, "launch", lambda *_: "nothing")
    pressed = set[str]()
    while True:
        at = view(full.url, name, **STATES.get(name, {}))
        rest = [one for one in at.button if not one.disabled and one.label not in pressed]
        if not rest:
            break
        pressed.add(rest[0].label)
        at = rest[0].click().run()
        assert not at.exception, (rest[0].label, at.exception)
    assert pressed


def choices(widget: object) -> list[object]:
    """Return the values that a widget can be given."""
    kind = getattr(widget, "type", "")
    if kind in {"toggle", "checkbox"}:
        return [True, False]
    if kind in {"slider", "number_input"}:
        ends = [widget.min, widget.max]  # type: ignore[attr-defined]
        return [end for end in ends if end is not None]
    if kind == "text_input":
        return ["no such thing", ""]
    options = list(getattr(widget, "options", []))
    if kind == "selectbox":
        return [option for option in options if not str(option).endswith(".db")]
    if kind == "multiselect":
        return [[option] for option in options]
    known: list[object] = []
    for value in (*get_args(frames.Show), 1, 2, 3):  # of a row of buttons the values are known, not told
        with suppress(KeyError):
            if widget.format_func(value) in options:  # type: ignore[attr-defined]
                known.append(value)
    return known


def test_evidence_names_model_time_concept_and_question(full: Workspace) -> None:
    """Who said a relation, when, asked about what and how; by hand it is who did it."""
    with full.reading() as graph:
        relation = next(iter(graph.relations))
        step = full.event(graph.relations[relation][0].seq)
    (row,) = evidence(full, relation)[:1]
    assert isinstance(step, Expansion)
    assert row.seq == step.seq
    assert "UTC" in row.source
    assert "asked about spider silk" in row.source
    assert row.why == step.focus.reason
    full.act(edits.add, "silk", "is spun by", "weaver")
    with full.reading() as graph:
        added = next(one for one in graph.relations if one.predicate == "is spun by")
    assert "by hand" in evidence(full, added)[0].source
    assert origin(full, full.graph.introduced["weaver"]).startswith("Added in step")


def test_a_step_opens_over_the_page(full: Workspace) -> None:
    """The button beside a concept shows prompt and reply of the step that brought it."""
    at = view(full.url, "graph", concept="protein 5")
    next(one for one in at.button if one.label.startswith("Step ")).click()
    at.run()
    assert not at.exception
    assert "**Prompt**" in words(at)
    assert len(at.code) == 2


def test_a_decision_is_offered_to_be_taken_back_once(full: Workspace) -> None:
    """The page says what was decided, with a button that undoes it; Last edits then says so, without a button."""
    before = set(full.graph.concepts)
    at = view(full.url, "graph", concept="protein 5")
    at.button(key="reject").click()
    at.run()
    assert "protein 5" not in full.graph.concepts
    rejected = full.graph.seq
    at.button(key=f"undo just now {rejected}").click()
    at.run()
    assert set(full.graph.concepts) == before
    review = view(full.url, "review")
    assert f"undone in step {rejected + 1}" in words(review)
    assert f"undo {rejected}" not in {one.key for one in review.button}
    event = full.event(full.graph.seq)
    assert isinstance(event, Edit)
    assert event.by
    assert event.by in words(review)


def test_who_takes_a_decision_back_late_is_heard(full: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A click that a slow page hears after the offer has ended counts; the offer is not made again."""
    before = set(full.graph.concepts)
    at = view(full.url, "graph", concept="protein 5")
    at.button(key="reject").click()
    at.run()
    rejected = full.graph.seq
    monkeypatch.setattr(feedback, "OFFERED", 0.0)
    at.button(key=f"undo just now {rejected}").click()
    at.run()
    assert not at.exception
    assert set(full.graph.concepts) == before
    assert not [one.key for one in at.button if str(one.key).startswith("undo just now")]


def test_two_selected_are_rejected_and_taken_back_together(full: Workspace) -> None:
    """One button for both, one for what undoes it."""
    at = view(full.url, "graph")
    at.query_params["concept"] = ["protein 4", "protein 5"]
    at.run()
    at.button(key="reject all").click()
    at.run()
    assert not {"protein 4", "protein 5"} & full.graph.concepts.keys()
    at.button(key=f"undo just now {full.graph.seq}").click()
    at.run()
    assert {"protein 4", "protein 5"} <= full.graph.concepts.keys()


def test_paths_lead_through_and_past_what_is_named(full: Workspace) -> None:
    """The topic is avoided by one click; a name that is not there is one sentence, and all else is drawn."""
    ends = {"from": "protein 4", "to": "protein 5"}
    at = view(full.url, "paths", **ends)
    assert "spider silk" in words(at).split("Evidence for every hop")[0]
    at.button(key="avoid topic").click()
    at.run()
    assert at.query_params["avoid"] == "spider silk"
    assert "to spider silk" not in words(at)
    wrong = view(full.url, "paths", **{"from": "protien 4", "to": "protein 5"})
    assert "did you mean" in words(wrong)
    assert "Concepts farthest apart" in words(wrong)


def test_a_pair_is_handed_over_to_paths(full: Workspace) -> None:
    """Two selected concepts are the ends of a path by one click."""
    at = view(full.url, "graph")
    at.query_params["concept"] = ["protein 4", "protein 5"]
    at.run()
    at.button(key="paths between").click()
    at.run()
    assert (at.query_params["from"], at.query_params["to"]) == ("protein 4", "protein 5")


def test_communities_say_what_they_are_about(full: Workspace) -> None:
    """A model's name and sentence, all members, and gaps that are counted between the communities of the picture."""
    at = view(full.url, "communities")
    groups = frames.groups(full)
    tables = {tuple(one.value.columns): one.value for one in at.dataframe}
    assert len(tables["concept", "neighbours", "since step"]) == groups.communities[0].size
    named = list(tables["community", "concepts"]["community"])
    place = next(place for place, name in enumerate(named) if name.startswith("Group of "))
    at.session_state[CLICKED] = groups.communities[place].number
    shown = words(at.run())
    assert "It is about that." in shown
    assert "Named by a model" in shown
    for gap in gaps(full.graph, groups):
        ends = {gap.one, gap.other}
        between = [one for one in full.graph.relations if {groups.membership[end] for end in one.ends} == ends]
        assert len(between) == gap.relations


def test_nothing_new_has_one_mark_and_news_another(full: Workspace) -> None:
    """What a page asks for again and again changes with the graph and with what was started, and with nothing else."""
    app = TestClient(Starlette(routes=[news.route(), search.route(), live.route()]))
    first = news.mark(full)
    assert news.mark(full) == first
    assert app.get(f"/{news.PATH}/{full.token}").json() == {"mark": first}
    assert app.get(f"/{news.PATH}/no-such-token").json() == {"mark": news.GONE}
    full.act(edits.add, "silk", "is spun by", "weaver")
    second = news.mark(full)
    assert second != first
    place = runs.made(questions._folder(full.url))
    (place / "a.json").write_text("{}")
    assert news.mark(full) != second
    Path(full.url.removeprefix("sqlite:")).unlink()
    assert news.mark(full) == news.GONE


def test_the_search_answers_its_token_alone(full: Workspace) -> None:
    """Suggestions are names as they are, cut, for who was shown the address."""
    app = TestClient(Starlette(routes=[search.route()]))
    found = app.get(f"/{search.PATH}/{full.token}", params={"q": "protien 5"}).json()["found"]
    assert found[0]["keys"] == ["protein 5"]
    assert app.get(f"/{search.PATH}/{full.token}").json() == {"found": []}
    found = app.get(f"/{search.PATH}/{full.token}", params={"q": "/^protein [45]$/"}).json()["found"]
    assert {one["name"] for one in found[1:]} == {"protein 4", "protein 5"}
    refused = app.get(f"/{search.PATH}/{full.token}", params={"q": "/(/"})
    assert (refused.status_code, "no regular expression" in refused.json()["error"]) == (400, True)
    assert app.get(f"/{search.PATH}/x", params={"q": "protein"}).status_code == 404


def test_ask_names_its_model_and_keeps_what_failed(full: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The form takes an endpoint as a run does; a question that failed stays, with the reason, and is asked again."""
    says = [Answer({"error": {"message": "no such model"}}, 404)]
    listing = Answer({"object": "list", "data": [{"id": "m-1"}]})
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with serving(lambda asked: listing if asked.path.endswith("/models") else says[-1]) as server:
        at = view(full.url, "thoughts")
        ask_form(at, "What is spider silk made of?", "m-1", server.base_url)
        assert not at.exception
        assert waited_for(lambda: not any(one.is_alive for one in questions.recent(full.url)))
        failed = view(full.url, "thoughts")
        assert "What is spider silk made of?" in words(failed)
        (retry,) = [one for one in failed.button if str(one.key).startswith("again ")]
        assert {one.value for one in failed.text_input if one.label == "Model"} == {"m-1"}, "it is filled in again"
        says.append(Answer(completion(answer(("Spider silk contains protein 5.", ["r1"])))))
        retry.click()
        failed.run()
        assert waited_for(lambda: not any(one.is_alive for one in questions.recent(full.url)))
        assert "Spider silk contains protein 5." in words(view(full.url, "thoughts"))
    assert "none" not in "".join(file.read_text() for file in questions._folder(full.url).glob("*.json"))


def test_a_question_takes_as_much_of_the_graph_as_is_said_and_is_asked_without_it_too(
    full: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the form says of a question stands in its plan; the model's own answer stands beside that of the graph."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    own = '{"known": true, "claims": [{"says": "Silk is strong."}]}'
    says = [Answer(completion(answer(("Spider silk contains protein 5.", ["r1"])))), Answer(completion(own))]
    listing = Answer({"object": "list", "data": [{"id": "m-1"}]})
    with serving(lambda asked: listing if asked.path.endswith("/models") else says.pop(0)) as server:
        at = view(full.url, "thoughts")
        next(one for one in at.number_input if one.label == "Graph context (tokens)").set_value(150)
        next(one for one in at.checkbox if one.label == "Also ask without the graph").check()
        ask_form(at, "What is spider silk made of?", "m-1", server.base_url)
        assert not at.exception
        assert waited_for(lambda: not any(one.is_alive for one in questions.recent(full.url)))
    full.refresh()
    asked = wanted([works[0] for works in full.graph.thoughts.values()][-1])
    assert (asked["context"], asked["compare"]) == (150, True)
    assert "Silk is strong." in words(view(full.url, "thoughts"))


def test_an_answer_is_read_while_it_is_written(full: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page shows what has come of a reply that streams; what is kept and cited is the whole one."""
    reply, shown = answer(("Spider silk contains protein 5, says the graph.", ["r1"])), list[str]()

    def looked_at() -> None:
        waited_for(lambda: any(one.so_far for one in questions.recent(full.url)))
        shown.append(words(view(full.url, "thoughts")))

    def model(asked: Asked) -> Answer:
        if asked.path.endswith("/models"):
            return Answer({"object": "list", "data": [{"id": "m-1"}]})
        return Answer(pieces=streamed(reply, looked_at)) if asked.body.get("stream") else Answer(completion(reply))

    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with serving(model) as server:
        questions.ask(full, "What is in silk?", runs.RunOptions(llm="m-1", base_url=server.base_url), context=600)
        assert waited_for(lambda: not any(one.is_alive for one in questions.recent(full.url)))
    assert "Spider silk" in shown[0]
    assert "says the graph" not in shown[0]
    assert "{" not in next(line for line in shown[0].splitlines() if "Spider silk" in line)
    assert "says the graph" in words(view(full.url, "thoughts"))
    assert not list(questions._folder(full.url).glob("*.live*"))


def test_the_first_reply_is_waited_for(tmp_path: Path) -> None:
    """Until there is a step the page says who is asked, for how much at most, and what has come of it.

    The file may be there already.
    """
    with closing(open_store(str(tmp_path / "new.db"), create=True)) as store:
        store.lease("a file that is there", "somebody", 1.0)
        url = workspaces().open(store.url).url
        place = runs.made(runs._folder(url))
        wanted = asdict(runs.RunOptions(topic="spider silk", llm="m-1", steps=30, usd=0.5))
        name = runs.launch(place, ["sleep", "60"], wanted, os.environ)
        (place / f"{name}{runs.LIVE}").write_text('{"triples": [["spider silk", "contains", "small beads of ')
        at = view(url, "graph")
        assert [one.value for one in at.subheader] == ["The first question is on its way"]
        assert [one.label for one in at.status] == [f"Asking m\\-1 about spider silk — {seconds(at)} s"]
        assert [one.value for one in at.text] == ["spider silk\nsmall beads of"]
        assert "30 steps, at most 0.5 USD." in words(at)
        assert {one.label for one in at.button} == {"Cancel", "Back to all graphs"}
        store.append(Edit(1, "add", Delta((Concept("silk", "silk"),))))
        assert "1 concept" in words(view(url, "graph"))
        runs.stop(url, name)
    assert waited_for(lambda: not any(one.is_alive for one in runs.runs(url)))


def seconds(at: AppTest) -> str:
    """Return how long the page says that it has waited."""
    return str(at.status[0].label).split()[-2]


def test_an_empty_question_says_so(full: Workspace) -> None:
    """Nothing is started, and the page says what is missing."""
    at = view(full.url, "thoughts")
    ask_form(at, "", "", "")
    assert "type one first" in words(at)
    with pytest.raises(BadInput, match="hold a key"):
        questions.ask(full, "silk?", runs.RunOptions(llm_options='{"api_key": "c0ffee"}'), context=600)
    assert questions.recent(full.url) == []


def ask_form(at: AppTest, question: str, model: str, address: str) -> None:
    """Fill in the form of a question and send it."""
    fields = {one.label: one for one in reversed(at.text_input) if "ideas" not in str(one.key)}
    fields["Your question"].set_value(question)
    fields["Model"].set_value(model)
    fields["Address of an endpoint"].set_value(address)
    next(one for one in at.button if one.label == "Ask").click()
    at.run()


def test_a_question_says_how_long_it_has_been_and_is_stopped(full: Workspace) -> None:
    """While a model thinks the page says who does, with a way to stop; that is no question that was broken off."""
    place = runs.made(questions._folder(full.url))
    name = runs.launch(
        place, ["sleep", "60"], {"text": "silk?", "asked": "m-1", "model": {}, "since": full.graph.seq}, os.environ
    )
    at = view(full.url, "thoughts")
    assert "m-1 is thinking" in " ".join(str(one.label) for one in at.status).replace("\\", "")
    at.button(key=f"stop {name}").click()
    at.run()
    assert waited_for(lambda: not any(one.is_alive for one in questions.recent(full.url)))
