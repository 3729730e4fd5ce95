import re
from contextlib import closing
from pathlib import Path

import pytest
from graphgrow_explorer import questions, serve
from graphgrow_explorer.workspace import workspaces
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from graphgrow.errors import BadInput
from graphgrow.graph.model import Concept, Delta, Edit, Prompt
from graphgrow.reason.answers import ask
from graphgrow.reason.ideas import ideas
from graphgrow.reason.judge import judge
from graphgrow.stores import GraphStore, open_store
from tests.reasoning import Heard, answer, idea, said, verdict
from tests.servers import Answer, completion, serving, waited_for
from tests.ui.conftest import QUIET

APP = Path(serve.__file__).with_name("app.py")
HOSTILE = "silk [x](javascript:alert(1)) <script>alert(1)</script> :smile: $x$ https://evil.example"
pytestmark = [pytest.mark.usefixtures("closed"), QUIET]


def view(url: str) -> AppTest:
    """Return the page Ask & ideas of a store as a visitor gets it who has chosen it."""
    workspaces().open(url)
    at = AppTest.from_file(str(APP), default_timeout=300)
    at.query_params["store"] = url
    at._page_hash = calc_hash("thoughts")
    return at.run()


def words(at: AppTest) -> str:
    """Return everything that the page says, without what escapes marks."""
    parts = (at.markdown, at.caption, at.text, at.error, at.button, at.code)
    said_ = [str(one.label if one.type == "button" else one.value) for part in parts for one in part]
    return "\n".join(said_).replace("\\", "").replace("\u2060", "")


def thinks(text: str) -> Heard:
    """Return a model that answers every stage with some text in it, and judges by the first place."""

    def says(prompt: Prompt) -> str:
        asked = str(prompt.schema)
        if "hypothesis" in asked:
            names = re.findall(r'^The two concepts: "(.*?)" and "(.*?)"\.', prompt.user, re.MULTILINE)[0]
            return idea((f"{names[0]} {text}", names[1]))
        return answer((f"It is {text}.", ["c1", "r1", "r99"])) if "claims" in asked else verdict(prompt, "1")

    return Heard(says)


def store_with(path: Path, *edits: Edit) -> str:
    """Return the URL of a new store with some events."""
    with closing(open_store(f"sqlite:{path}", create=True)) as store:
        store.append(*edits)
    return f"sqlite:{path}"


@pytest.mark.parametrize("edit", [Edit(1, "add", Delta()), Edit(1, "add", Delta((Concept("silk", "silk"),)))])
def test_a_graph_nobody_asked_says_how_to_ask(tmp_path: Path, edit: Edit) -> None:
    """An empty graph and one concept are drawn, and every tab says how to get something there."""
    at = view(store_with(tmp_path / "g.db", edit))
    assert not at.exception
    assert [how in words(at) for how in ("press Ask", "press Propose ideas", "graphgrow judge")] == [True] * 3


def test_the_recorded_run_shows_what_was_asked_and_a_citation_leads_to_its_concept(run: GraphStore) -> None:
    """Answers with citations, ideas with their numbers, a refused verdict; a cited concept is selected by a click."""
    ask(run, thinks("about carbon fiber"), "What is a carbon fiber?", compare=True)
    ideas(run, thinks("as such"), count=2)
    judge(run, thinks(""), "Why?", "because of it", "for no reason")
    at = view(run.url)
    assert not at.exception
    shown = words(at)
    assert "It is about carbon fiber. [carbon fiber]" in shown
    assert '"r99" does not support this sentence: it is not in the context' in shown
    assert "Without the graph" in shown
    assert "The verdict is refused. The judge goes by position" in shown
    assert "mechanism" in shown.lower()
    (button,) = [one for one in at.button if (one.key or "").endswith(" carbon fiber")]
    button.click().run()
    assert not at.exception
    assert "### carbon fiber" in words(at)


def test_the_newest_answer_is_shown(run: GraphStore) -> None:
    """Also where the one before was looked at, until that is chosen again; a reply of no use tells nothing."""
    ask(run, thinks("about carbon fiber"), "What is a carbon fiber?")
    at = view(run.url)
    ask(run, thinks("about ceramics"), "What is ceramic?")
    assert "It is about ceramics." in words(at.run())
    (chosen,) = [one for one in at.selectbox if one.label == "Question"]
    assert "It is about carbon fiber." in words(chosen.select_index(1).run())
    ask(run, Heard(lambda prompt: "{}" if "claims" in str(prompt.schema) else "nothing"), "What is steel?")
    shown = words(at.run())
    assert "The model's reply could not be used" in shown
    assert "does not know" not in shown


def test_a_work_that_was_broken_off_says_so(tmp_path: Path) -> None:
    """What has no end yet is no answer."""
    url = store_with(tmp_path / "g.db", said(("silk", "contains", "fibroin")))
    with closing(open_store(url)) as store, pytest.raises(KeyboardInterrupt):
        ask(store, thinks(""), "silk?", stop=lambda: True)
    assert "nothing is charged twice" in words(view(url))


def test_hostile_text_is_text(tmp_path: Path) -> None:
    """Questions, answers, names and ideas that look like Markdown, HTML or links are shown as they were written."""
    url = store_with(tmp_path / "g.db", said((HOSTILE, HOSTILE, f"{HOSTILE} 2")))
    with closing(open_store(url)) as store:
        ask(store, thinks(HOSTILE), f"What is {HOSTILE}?", compare=True)
        ideas(store, thinks(HOSTILE), goal=HOSTILE)
        judge(store, thinks(""), HOSTILE, HOSTILE, f"{HOSTILE} 2", names=(HOSTILE, "b"))
    at = view(url)
    assert not at.exception
    assert "](javascript:alert(1))" in words(at)
    marked = [str(one.value) for part in (at.markdown, at.caption, at.error) for one in part]
    marked += [one.label for part in (at.button, at.expander) for one in part]
    assert not any(re.search(r"\]\(javascript|(?<!\\)<script|https://", text) for text in marked)


def test_a_question_from_the_page_goes_on_in_the_background(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was typed is one word of a command; its answer is in the log, and a failure is a sentence on the page."""
    url = store_with(tmp_path / "g.db", said(("silk", "contains", "fibroin")))
    reply = Answer(completion(answer(("Silk contains fibroin.", ["r1"]))))
    listing = Answer({"object": "list", "data": [{"id": "m-1"}]})
    with serving(lambda asked: listing if asked.path.endswith("/models") else reply) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        at = view(url)
        next(one for one in at.text_input if one.label.startswith("Your question")).set_value("--help silk?")
        next(one for one in at.button if one.label == "Ask").click().run()
        assert not at.exception
        with pytest.raises(BadInput, match="one at a time"):
            questions.ideas(workspaces().open(url), "", {"novelty": 1.0})
        assert ended(url).message == ""
    assert "Silk contains fibroin. [step 1]" in words(view(url))
    questions.ideas(workspaces().open(url), "--store", {"novelty": 1.0})
    assert ended(url).message
    assert ended(url).message in words(view(url))


def test_ideas_from_the_page_are_compared_by_the_model_that_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with `--judge-with`; a key in its text is refused."""
    url = store_with(tmp_path / "g.db", said(("silk", "contains", "fibroin")))
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    at = view(url)
    field = next(one for one in at.text_input if one.label == "Model that compares the ideas")
    field.set_value("m-2")
    next(one for one in at.button if one.label == "Propose ideas").click().run()
    assert not at.exception
    assert "--judge-with=m-2" in (ended(url).wanted or {})["command"]
    with pytest.raises(BadInput, match="hold a key"):
        questions.ideas(workspaces().open(url), "", {}, None, 'm?llm_options={"api_key": "c0ffee"}')


def ended(url: str) -> questions.PageQuestion:
    """Wait until the last question has ended, and return it."""
    assert waited_for(lambda: not ((asked := questions.last(url)) and asked.is_alive))
    asked = questions.last(url)
    assert asked
    return asked
