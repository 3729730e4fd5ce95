"""The view of paths and discoveries: several paths with their evidence, documents as text, stages to look into."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from graphgrow_explorer.workspace import Workspace, workspaces

from graphgrow.graph.events import read_events
from graphgrow.llm.scripted import Scripted
from graphgrow.reason.discovery import discover
from graphgrow.stores import open_store
from tests.conftest import DEMO, RECORDED
from tests.reason.test_discovery import TEN, answers, line
from tests.ui.conftest import QUIET
from tests.ui.test_explorer import view, words

pytestmark = QUIET


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Yield the workspace of the recorded run, with a discovery over three concepts, and one that was broken off."""
    url = f"sqlite:{tmp_path_factory.mktemp('discovery') / 'recorded.db'}"
    with closing(open_store(url, create=True)) as store:
        store.append(*read_events(RECORDED))
        discover(store, Scripted(answers(3)), "helium", "electron")
    opened = workspaces().open(url)
    yield opened
    opened.store.close()
    workspaces().stores.clear()


def test_several_paths_each_with_its_evidence(workspace: Workspace) -> None:
    """The shortest is shown first, others can be chosen, and each step lists who said what."""
    at = view(workspace.url, "paths", **{"from": "helium", "to": "climate"})
    assert not at.exception
    chosen = next(one for one in at.selectbox if one.label == "Path")
    assert chosen.options[0].startswith("7 hops: helium → protons → electron → chemical reactions")
    assert "7 hops: helium  ←found in—  protons" in words(at)
    assert len(chosen.options) == 5
    chosen.set_value(3).run()
    assert not at.exception
    assert "8 hops: helium  ←found in—  protons" in words(at)
    assert [one.label for one in at.expander if one.label.startswith("1\\.") or one.label.startswith("1.")]
    assert "“protons — exist in the nucleus of — helium”" in words(at)
    assert "Step 26" in {one.label for one in at.button}


def test_a_path_between_components_and_to_itself(workspace: Workspace, tmp_path: Path) -> None:
    """Where nothing connects two concepts the page says so; a concept is its own path."""
    at = view(workspace.url, "paths", **{"from": "helium", "to": "helium"})
    assert not at.exception
    assert "0 hops: helium" in words(at)


def test_paths_lead_along_what_is_trusted_unless_somebody_wants_the_rest(tmp_path: Path) -> None:
    """In a graph with fact checks; what only others join is said, with how to see it."""
    url = f"sqlite:{tmp_path / 'demo.db'}"
    with closing(open_store(url, create=True)) as store:
        store.append(*read_events(DEMO))
    ends = {"from": "carbon fiber", "to": "surgical instruments"}
    at = view(url, "paths", **ends)
    assert "3 hops: carbon fiber" in words(at)
    at.toggle(key="trusted paths").set_value(False).run()
    assert not at.exception
    assert "2 hops: carbon fiber" in words(at)
    lost = view(url, "paths", **{"from": "carbon fiber", "to": "Polyurethane"})
    assert "no relation of Polyurethane is trusted. Switch off" in words(lost)


def test_a_discovery_is_shown_as_text_with_its_stages_and_concepts(workspace: Workspace) -> None:
    """Title, claims with what they cite, the path drawn, prompt and reply of a stage, what is known of a concept."""
    at = view(workspace.url, "paths")
    assert not at.exception
    said = words(at)
    assert "Shared load" in said
    assert "D1 hypothesis: More pairs bear more. [A1] [C1] [B1]" in said
    assert "B1 helium and protons: Pair 1 carries one load 1 together. (law 1) [A1] [A2]" in said
    assert any("A1  helium" in one.value for one in at.code)
    assert any(one.label == "Reason along the path that the graph chooses" for one in at.button)
    stage = next(one for one in at.selectbox if one.label == "Stage")
    assert stage.options[0] == "step 301: the plan"
    stage.set_value(302).run()
    assert any('Concept of the path: "helium"' in one.value for one in at.code)
    assert any('"definition"' in one.value for one in at.code)
    concept = next(one for one in at.selectbox if one.label == "Concept of the path")
    concept.set_value("proton").run()
    assert not at.exception
    assert "### protons" in words(at)


@pytest.mark.parametrize("name", TEN)
def test_hostile_names_and_answers_do_not_run_on_the_page(name: str, tmp_path: Path) -> None:
    """A document of hostile names is drawn without an error, and nothing of it is read as Markdown."""
    url = f"sqlite:{tmp_path / 'hostile.db'}"
    with closing(open_store(url, create=True)) as store:
        store.append(line(name, "protein", f"{name} again"))
        discover(store, Scripted(answers(3, name)))
    at = view(url, "paths")
    assert not at.exception
    assert not at.error
    raw = "\n".join(str(one.value) for one in (*at.markdown, *at.caption)) + "".join(one.label for one in at.expander)
    for mark in ("](javascript", "<img", "```", "[D9]", "$topic"):
        assert mark not in raw
    workspaces().stores.clear()


def test_without_a_discovery_the_page_says_how_to_begin_one(tmp_path: Path) -> None:
    """A button reasons along the path between the two concepts that are chosen."""
    url = f"sqlite:{tmp_path / 'silk.db'}"
    with closing(open_store(url, create=True)) as store:
        store.append(line("spider silk; rm -rf", "protein"))
    at = view(url, "paths", **{"from": "spider silk; rm -rf", "to": "protein"})
    assert not at.exception
    assert "None yet. A discovery reasons along a path" in words(at)
    assert any(one.label == "Reason along this path" for one in at.button)
    workspaces().stores.clear()
