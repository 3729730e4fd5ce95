import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.api import edits
from graphgrow.cli.reasoning import answers_to_judge
from graphgrow.errors import BadInput, BudgetSpent, OutOfReplies
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Budget, ReasoningStep
from graphgrow.llm.scripted import Scripted
from graphgrow.reason.answers import ask, load, resume
from graphgrow.reason.context import Context, gather, mentions, token_count
from graphgrow.reason.paths import shortest
from graphgrow.stores import GraphStore, open_store
from tests.processes import LONGEST, started, stopped
from tests.reasoning import INJECTIONS, Heard, answer, command, said, skeleton, thoughts
from tests.servers import Answer, completion, in_order, serving, waited_for

QUESTION = "How do Carbon-Fibers keep a composite from impact?"
SILK = (
    ("silk", "contains", "fibroin"),
    ("fibroin", "forms", "beta sheet"),
    ("beta sheet", "gives", "strength"),
    ("silk", "is spun by", "spider"),
    ("spider", "eats", "fly"),
)


@pytest.fixture
def silk() -> Iterator[GraphStore]:
    """Yield a small graph."""
    with closing(open_store("memory:", create=True)) as store:
        store.append(said(*SILK))
        yield store


def test_names_are_found_in_every_spelling_the_longest_first(silk: GraphStore) -> None:
    """Case, hyphens, plurals and other names of a concept mean it; a name inside a longer one is not named."""
    silk.append(edits.add(silk.graph(), "beta", "is a", "letter"))
    silk.append(edits.merge(silk.graph(), "fly", "spider", into="spider"))
    graph = silk.graph()
    assert mentions(graph, "Do Beta-Sheets, in SILKS, help (a fly)?") == ["beta sheet", "silk", "spider"]
    assert mentions(graph, "nothing of it") == []
    assert mentions(graph, "") == []


def test_a_context_holds_what_is_named_how_it_hangs_together_and_the_hubs(silk: GraphStore) -> None:
    """Between two concepts of the question stands the path, and every line has an id of its own."""
    found = gather(silk.graph(), "What has silk to do with strength?", None, 400)
    assert found.named == ("silk", "strength")
    said_first = [(one.source, one.target) for one in found.relations[:3]]
    assert said_first == [("silk", "fibroin"), ("fibroin", "beta sheet"), ("beta sheet", "strength")]
    assert any("a hub of the graph" in one.place for one in found.concepts)
    ids = [one.id for one in found.concepts] + [one.id for one in found.relations]
    assert len(ids) == len(set(ids))
    assert shortest(silk.graph(), "fly", "strength", most=5) == (
        "fly",
        "spider",
        "silk",
        "fibroin",
        "beta sheet",
        "strength",
    )
    assert shortest(silk.graph(), "fly", "strength", most=3) == ()


@given(st.integers(0, 300), st.integers(1, 40))
def test_a_context_keeps_to_its_budget_whatever_the_graph(tokens: int, size: int) -> None:
    """However many concepts and however long their names, the lines fit."""
    graph = fold([said(*((f"silk {n * 'x'}", "relates to", f"silk {n + 1} {'長' * n}") for n in range(size)))])
    assert token_count(gather(graph, "silk x?", None, tokens).text) <= tokens


def test_an_empty_graph_gives_nothing() -> None:
    """No concept, no line."""
    assert gather(Graph(), "silk?", None, 400) == Context()


def test_an_answer_says_what_it_follows_from(run: GraphStore) -> None:
    """Citations by id become concepts and steps that are in the graph."""
    heard = Heard(lambda _: answer(("Composite material resists impact.", ["r1", "[c1]"]), ("Carbon fiber.", ["c1"])))
    found = ask(run, heard, QUESTION)
    assert found.named == ("carbon fiber", "composites", "impact")
    lines = heard.asked[0].user.splitlines()
    assert '[c1] "carbon fiber"' in "\n".join(lines)
    graph = run.graph()
    cites = [cite for claim in found.claims for cite in claim.cites]
    assert cites
    assert all(key in graph.concepts for cite in cites for key in cite.concepts)
    events = {event.seq for event in run.events()}
    assert all(step in events for cite in cites for step in cite.steps)
    assert found.claims[-1].line == "Carbon fiber. [carbon fiber]"
    assert load(graph, found.work) == found


def test_a_citation_that_does_not_hold_is_taken_off_and_said_so(silk: GraphStore) -> None:
    """What is not in the context, and what has none or few of the sentence's words, is no support."""
    claims: tuple[tuple[str, list[str]], ...] = (
        ("Silk contains fibroin [r1, r77].", ["c99", "none"]),
        ("Cheese is tasty.", ["r1"]),
        ("Spiders spin it.", []),
        ("Silk is an alloy of copper and zinc from China.", ["r1"]),
    )
    found = ask(silk, Heard(lambda _: answer(*claims)), "What is silk made of?")
    assert [one.line for one in found.claims] == ["Silk contains fibroin. [step 1]"]
    assert found.unsupported == (*(claim[0] for claim in claims[1:]),)
    assert {(one.cite, one.why) for one in found.removed} == {
        ("c99", "is not in the context"), ("none", "is not in the context"), ("r77", "is not in the context"),
        ("silk contains fibroin", "has no word in common with the sentence"),
        ("silk contains fibroin", "holds too few words of the sentence"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("question", "reply", "why"),
    [
        ("Who won?", "", "nothing was asked"),
        ("What is silk?", answer(known=False), "found no answer"),
        ("What is silk?", answer(("Silk is nice.", ["r99"])), "follows from nothing"),
        ("What is silk?", "no json", "could not be used: The reply holds no JSON object"),
    ],
)
def test_the_graph_says_when_it_does_not_know(silk: GraphStore, question: str, reply: str, why: str) -> None:
    """Without support there is no answer, whatever the model says; where nothing is near nobody is asked."""
    heard = Heard(lambda _: reply)
    found = ask(silk, heard, question)
    assert not found.known
    assert found.text == "The graph does not know."
    assert why in found.reason
    assert len(heard.asked) == (0 if not reply else 2 if reply == "no json" else 1)


def test_a_reply_that_was_cut_off_gives_its_whole_sentences(silk: GraphStore) -> None:
    """What is whole is used."""
    cut = answer(("Silk contains fibroin.", ["r1"]), ("The fly", ["r2"]))[:-30]
    assert [one.says for one in ask(silk, Scripted([cut]), "silk?").claims] == ["Silk contains fibroin."]


def test_without_the_graph_the_same_question_may_take_as_many_tokens(run: GraphStore) -> None:
    """The other answer sees no line of the graph and has the room that the context took."""
    heard = Heard(lambda prompt: answer(("It is strong.", ["c1"])) if "[c1]" in prompt.user else answer(("So.", [])))
    found = ask(run, heard, QUESTION, context=2_000, compare=True)
    assert found.plain == ("So.",)
    with_it, without = heard.asked
    assert "[c1]" not in without.user
    assert without.max_tokens >= with_it.max_tokens
    assert found.tokens == (15, 15)


REPLIES = ("no json", answer(("Silk contains fibroin.", ["r1"])), "none", answer(("I know.", [])))


@pytest.mark.parametrize(
    ("reply", "asked", "reason"),
    [
        ("I'm sorry, but I can't help with that.", 1, "The model refuses: I'm sorry, but I can't help with that."),
        ("  \n ", 2, "The reply is blank."),
    ],
)
def test_a_refusal_in_words_is_said_and_not_asked_again(silk: GraphStore, reply: str, asked: int, reason: str) -> None:
    """As when a graph grows; what is only blank is asked once more, and said so."""
    model = Scripted([reply, reply])
    done = ask(silk, model, "What has silk to do with strength?")
    assert not done.known
    assert reason in done.reason
    assert len(thoughts(silk)) == asked


@pytest.mark.parametrize("cut", range(len(REPLIES)))
def test_a_question_that_was_cut_off_anywhere_goes_on_and_pays_nothing_twice(silk: GraphStore, cut: int) -> None:
    """The same question, and the same work by its number, ask only what is left."""
    with pytest.raises(OutOfReplies):
        ask(silk, Scripted(REPLIES[:cut]), "What is silk?", compare=True)
    plan = next(event for event in silk.events() if isinstance(event, ReasoningStep))
    assert load(silk.graph(), plan.seq) is None
    if cut % 2:
        found = resume(silk, Scripted(REPLIES[cut:]), plan.seq)
    else:
        found = ask(silk, Scripted(REPLIES[cut:]), "What is silk?", compare=True)
    assert (found.work, found.text, found.plain) == (plan.seq, "Silk contains fibroin.", ("I know.",))
    assert len(thoughts(silk)) == len(REPLIES)
    assert resume(silk, Scripted([]), plan.seq) == found
    assert ask(silk, Scripted(REPLIES), "What is silk?", compare=True).work != plan.seq


def test_a_budget_and_a_stop_end_it_before_the_next_question(silk: GraphStore) -> None:
    """What is paid for is kept."""
    with pytest.raises(BudgetSpent):
        ask(silk, Heard(lambda _: REPLIES[1]), "What is silk?", compare=True, budget=Budget(tokens=10))
    with pytest.raises(KeyboardInterrupt):
        ask(silk, Scripted([]), "What is silk?", compare=True, stop=lambda: True)
    assert len(thoughts(silk)) == 1
    assert ask(silk, Scripted(REPLIES[3:]), "What is silk?", compare=True).known


def test_what_cannot_be_asked_is_one_sentence(silk: GraphStore) -> None:
    """No question, no room, no such work."""
    with pytest.raises(BadInput, match="question is empty"):
        ask(silk, Scripted([]), " \n ")
    with pytest.raises(BadInput, match="context of 5 tokens"):
        ask(silk, Scripted([]), "silk?", context=5)
    with pytest.raises(BadInput, match="step 1 is no work of  graphgrow ask"):
        resume(silk, Scripted([]), 1)


@pytest.mark.parametrize("hostile", INJECTIONS)
def test_hostile_text_stays_inside_quotation_marks(hostile: str) -> None:
    """Names, predicates and questions that give orders change no instruction, and stay on their lines."""
    prompts = []
    for word in ("protein", hostile):
        with closing(open_store("memory:", create=True)) as store:
            store.append(said(("silk", word, word), (word, "makes", "silk")))
            heard = Heard(lambda _: "no json")
            ask(store, heard, f"What joins silk and {word}?", compare=True)
            prompts.append(heard.asked)
    for clean, bad in zip(*prompts, strict=True):
        assert bad.system == clean.system
        assert skeleton(bad) == skeleton(clean)
        assert bad.user != clean.user


def test_the_commands_ask_and_judge(tmp_path: Path) -> None:
    """An answer is printed with its citations, is read again without a model, and a spent budget is exit code 3."""
    with closing(open_store(str(tmp_path / "g.db"), create=True)) as store:
        store.append(said(*SILK))

    def graphgrow(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = command(tmp_path, *words)
        assert done.returncode == code, done.stderr
        return done

    first, plain = Answer(completion(REPLIES[1])), Answer(completion(REPLIES[3]))
    with serving(in_order(first, plain, Answer(completion("no json")))) as server:
        model = ("--base-url", server.base_url, "--llm", "m")
        words = ("ask", "g.db", "What is silk?", "--compare", "--embeddings", "off", *model)
        stopped = graphgrow(*words, "--tokens", "5", code=3)
        assert "stopped: the token budget of 5 is spent" in stopped.stderr
        done = graphgrow(*words)
        assert "Silk contains fibroin. [step 1]" in done.stdout
        assert "silk contains fibroin (step 1)" in done.stdout
        assert "Without the graph (10 tokens with it, 10 without):\nI know." in done.stdout
        assert len(server.chats) == 2
        work = done.stderr.split()[-1]
        assert "The verdict is refused. " in graphgrow("judge", "g.db", work, "--samples", "1", *model).stdout
    again = json.loads(graphgrow("ask", "g.db", "--work", work, "--json").stdout)
    assert again["known"]
    assert again["claims"][0]["cites"][0]["steps"] == [1]
    assert "give a question, or --work" in graphgrow("ask", "g.db", code=2).stderr
    assert "step 1 is no work of graphgrow ask" in graphgrow("ask", "g.db", "--work", "1", code=1).stderr
    graphgrow("verify", "g.db")


def test_a_sentence_may_be_in_a_script_without_blanks() -> None:
    """It holds what it cites where the name stands in it."""
    with closing(open_store("memory:", create=True)) as store:
        store.append(said(("蜘蛛丝", "含有", "丝素")))
        found = ask(store, Heard(lambda _: answer(("蜘蛛丝含有丝素。", ["r1"]), ("铁很重。", ["r1"]))), "蜘蛛丝 ?")
    assert [one.line for one in found.claims] == ["蜘蛛丝含有丝素。 [step 1]"]
    assert found.unsupported == ("铁很重。",)


def test_ctrl_c_ends_the_command_with_130_and_keeps_what_was_paid(tmp_path: Path) -> None:
    """The question that is under way is waited for, and is not asked again."""
    with closing(open_store(str(tmp_path / "g.db"), create=True)) as store:
        store.append(said(*SILK))
    words = ["ask", "g.db", "What is silk?", "--compare", "--embeddings", "off", "--llm", "m", "--base-url"]
    slow = Answer(completion(REPLIES[1]), delay=2)
    env = os.environ | {"OPENAI_API_KEY": "none"}
    with serving(in_order(slow, Answer(completion(REPLIES[3])))) as server:
        whole = [sys.executable, "-m", "graphgrow", *words, server.base_url]
        with started(whole, LONGEST, cwd=tmp_path, env=env, stderr=subprocess.DEVNULL) as child:
            assert waited_for(lambda: server.chats)
            assert stopped(child, signal.SIGINT) == 130
        assert len(server.chats) == 1
        assert command(tmp_path, *words, server.base_url).returncode == 0
        assert len(server.chats) == 2


def test_two_answers_of_one_work_or_of_two_can_be_judged(silk: GraphStore) -> None:
    """With the graph and without it, or two asks of the same question; what is not whole yet is one sentence."""
    one = ask(silk, Scripted(REPLIES), "What is silk?", compare=True)
    two = ask(silk, Scripted(REPLIES[1:2]), "What is silk?")
    graph = silk.graph()
    both = answers_to_judge(graph, [str(one.work)], "")
    assert [(name, text) for name, _, text in both] == [
        ("with the graph", "Silk contains fibroin."),
        ("without it", "I know."),
    ]
    pair = answers_to_judge(graph, [str(one.work), str(two.work)], "")
    assert [text for *_, text in pair] == ["Silk contains fibroin."] * 2
    with pytest.raises(BadInput, match="holds no two answers"):
        answers_to_judge(graph, [str(two.work)], "")
    with pytest.raises(KeyboardInterrupt):
        ask(silk, Scripted([]), "What is a fly?", stop=lambda: True)
    with pytest.raises(BadInput, match="is no whole answer yet"):
        answers_to_judge(silk.graph(), [str(one.work), str(silk.graph().seq)], "")


@pytest.mark.local
def test_the_local_model_cites_only_what_is_there(run: GraphStore) -> None:
    """One question with the embedded model, out of the recorded run, with a small context."""
    from graphgrow import open_llm

    with closing(open_llm("local")) as model:
        found = ask(run, model, "What does silica have to do with ceramics?", context=200)
    graph = run.graph()
    cites = [cite for claim in found.claims for cite in claim.cites]
    assert found.known == bool(cites)
    assert all(key in graph.concepts for cite in cites for key in cite.concepts)
    assert all(0 < step <= graph.seq for cite in cites for step in cite.steps)
