"""Runs at endpoints that do otherwise than asked: what is no step, what is an event all the same, what ends a run."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from typer.testing import CliRunner

from graphgrow.api.options import GrowthOptions, grow
from graphgrow.cli import command_line
from graphgrow.graph.model import THINKING, Expansion, FactCheck, Reply
from graphgrow.growth.loop import Growth
from graphgrow.llm import clients
from graphgrow.llm.scripted import Scripted
from graphgrow.stores import GraphStore, open_store
from tests.conftest import triples
from tests.llm.test_kinds import PROMPT, chat, message, thinker
from tests.servers import Answer, Asked, Script, completion, in_order, refusal, serving


@pytest.fixture
def store(tmp_path: Path) -> "closing[GraphStore]":
    """Return a store in a file, to be closed by `with`."""
    return closing(open_store(str(tmp_path / "run.db"), create=True))


def grown(script: Script, opened: GraphStore, **options: Any) -> tuple[Growth, list[Asked]]:
    """Return a run at a server with this script, and what that was asked."""
    with serving(script) as endpoint, chat(endpoint.base_url) as llm:
        return grow("spider silk", opened, llm, GrowthOptions(**({"fact_check": 0.0} | options))).run(), endpoint.chats


def naming(asked: Asked) -> Answer:
    """Answer with something new each time."""
    return Answer(completion(triples(("spider silk", "contains", f"protein {asked.at}"))))


def test_a_reply_cut_while_thinking_is_no_step_and_the_same_is_asked_again(store: "closing[GraphStore]") -> None:
    """An event with its bill and its reason; the question after it is the same one, and the first step."""
    with store as opened:
        growth, asked = grown(thinker(1500), opened, steps=2)
        cut, first, *_ = events = [one for one in opened.events() if isinstance(one, Expansion)]
    assert (cut.outcome, cut.is_step, cut.reply.usage.completion_tokens) == ("thinking", False, cut.prompt.max_tokens)
    assert f"spent its {cut.prompt.max_tokens} tokens on thinking" in cut.reason
    assert (first.focus, first.prompt, first.repairs) == (cut.focus, cut.prompt, 0)
    assert [one.outcome for one in events] == ["thinking", "ok", "ok"]
    assert growth.steps == 2
    assert asked[0].body["messages"] == asked[1].body["messages"]


def test_a_fact_check_cut_while_thinking_is_asked_again(store: "closing[GraphStore]") -> None:
    """The relation stays unchecked until the model has answered."""

    def script(asked: Asked) -> Answer:
        if "response_format" in asked.body:
            return naming(asked)
        limit: Any = asked.body["max_tokens"]
        bill = {"prompt_tokens": 40, "completion_tokens": min(limit, 300)}
        return message("length" if limit < 300 else "stop", bill, content="" if limit < 300 else "yes")

    with store as opened:
        growth, _ = grown(script, opened, steps=4, fact_check=0.9, policy="bandit")
        checks = [one for one in opened.events() if isinstance(one, FactCheck)]
    assert checks[0].outcome == "thinking"
    assert "tokens on thinking" in checks[0].reason
    assert checks[0].claims[0].relation in growth.graph.checks


def test_a_refused_question_is_an_event_and_the_run_goes_on(store: "closing[GraphStore]") -> None:
    """One question is refused in between, and another concept or another kind of question is next."""
    count = iter(range(100))

    def script(asked: Asked) -> Answer:
        return refusal("flagged", 403, code="moderation") if next(count) == 3 else naming(asked)

    with store as opened:
        growth, _ = grown(script, opened, steps=6)
        events = [one for one in opened.events() if isinstance(one, Expansion)]
    assert [one.outcome for one in events].count("refused") == 1
    assert growth.ending == "steps"
    refused = next(place for place, one in enumerate(events) if one.outcome == "refused")
    assert "flagged" in events[refused].reason
    forms = [(one.focus.form, one.focus.concepts[0]) for one in events[refused:]]
    assert forms[0] not in forms[1:]


def test_many_refusals_end_the_run_in_one_sentence(store: "closing[GraphStore]") -> None:
    """With the words of the last one."""
    with store as opened:
        growth, asked = grown(in_order(message(content=None, refusal="I can't.")), opened, steps=20)
    assert (growth.ending, len(asked)) == ("refused", 5)
    assert growth.last_reason == "The endpoint refuses: I can't."


def test_a_budget_of_time_ends_while_an_endpoint_is_waited_for(store: "closing[GraphStore]") -> None:
    """The run ends as one whose time is up, with all that was paid for."""
    count = iter(range(100))

    def script(asked: Asked) -> Answer:
        return naming(asked) if next(count) < 2 else refusal("retry in 50s", 429)

    began = time.monotonic()
    with store as opened:
        growth, _ = grown(script, opened, steps=20, minutes=0.02)
        assert opened.graph().steps == 2
    assert growth.ending == "minutes"
    assert time.monotonic() - began < 40


def test_a_budget_of_time_ends_while_a_reply_drips_in(
    store: "closing[GraphStore]", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reply that is under way when the time is up is waited for a moment longer, and no more; that is said."""
    monkeypatch.setattr(clients, "GRACE", 0.5)
    count, is_over = iter(range(100)), Event()

    def drip() -> Iterator[bytes]:
        while not is_over.wait(0.05):
            yield b" "

    def script(asked: Asked) -> Answer:
        return naming(asked) if next(count) < 2 else Answer(pieces=drip())

    began = time.monotonic()
    with store as opened:
        growth, asked = grown(script, opened, steps=20, minutes=0.03)
        assert opened.graph().steps == 2
    is_over.set()
    assert growth.ending == "minutes"
    assert len(asked) == 3
    assert [one for one in growth.notices if "after the run's time was over: given up" in one]
    assert time.monotonic() - began < 40  # a reply has 180 s else


def test_a_model_that_never_ends_its_thinking_ends_the_run_soon(store: "closing[GraphStore]") -> None:
    """Two larger limits are tried, and the run ends after the second reply that had the largest."""
    with store as opened:
        growth, asked = grown(thinker(10**6), opened, steps=20, policy="bandit")
    assert growth.ending == "failing"
    assert len(asked) == 4
    assert "tokens on thinking" in growth.last_reason


def test_a_dry_run_knows_how_much_a_model_thinks(tmp_path: Path) -> None:
    """The estimate counts what was learnt of the endpoint in an earlier run, and nothing is asked."""
    words = ["grow", "spider silk", "--llm", "m-1", "--dry-run", "--json", "--store", str(tmp_path / "dry.db")]
    with serving(thinker(1500)) as endpoint:
        before, after = (
            json.loads(CliRunner().invoke(command_line(), [*words, "--base-url", endpoint.base_url]).stdout)["estimate"]
            for _ in learning(endpoint.base_url)
        )
        assert len(endpoint.chats) == 3
    assert after["tokens"] - before["tokens"] > 20 * 300


def learning(base_url: str) -> Iterator[None]:
    """Yield before and after a model has been asked, and has thought."""
    yield
    with chat(base_url) as llm:
        for _ in range(3):
            llm.ask(PROMPT)
    yield


def test_a_model_that_says_for_ever_that_it_is_thinking_ends_the_run(store: "closing[GraphStore]") -> None:
    """Whoever says so: the same is not asked without end."""
    with store as opened:
        growth = grow("spider silk", opened, Scripted([Reply("", finish_reason=THINKING)], cycle=True), steps=9).run()
    assert (growth.ending, growth.steps) == ("failing", 0)
    assert "tokens on thinking" in growth.last_reason


def test_a_dry_run_knows_roles_prices_limits_and_what_was_learnt_of_each(tmp_path: Path) -> None:
    """Fact checks go to their own model, whose thinking is counted; a limit of replies holds with thinking in it."""
    words = ["grow", "spider silk", "--llm", "m-1", "--dry-run", "--json", "--store", str(tmp_path / "dry.db")]

    def estimate(*more: str) -> dict[str, Any]:
        rows: dict[str, Any] = json.loads(CliRunner().invoke(command_line(), [*words, *more]).stdout)["estimate"]
        assert rows["tokens"] == sum(role["tokens"] for role in rows["roles"].values())
        return rows

    with serving(naming) as plain, serving(thinker(1500)) as thinking:
        checked = "--base-url", plain.base_url, "--check-with", f"{thinking.base_url}#m-1"
        before, after = (estimate(*checked) for _ in learning(thinking.base_url))
        assert before["roles"]["grow"] == after["roles"]["grow"]
        assert before["roles"]["check"]["replies"] > after["roles"]["check"]["replies"] > 0  # each costs more
        each = after["roles"]["check"]["tokens"] / after["roles"]["check"]["replies"]
        assert each > 1000
        assert "check" not in estimate(*checked[:2], "--fact-check", "0")["roles"]
        asks = estimate(*checked[:2], "--fact-check", "0", "--arbiter", "llm")["roles"]
        assert asks["arbitrate"]["replies"] > 0
        alone = "--base-url", thinking.base_url, "--fact-check", "0"
        free, bound = estimate(*alone)["tokens"], estimate(*alone, "--reply-tokens", "600")["tokens"]
        assert free - bound > 20 * 300
        assert not plain.chats


def test_thinking_is_shared_among_more_relations_and_a_number_that_was_said_holds(
    store: "closing[GraphStore]", tmp_path: Path
) -> None:
    """A model that was seen to think long is asked for twelve, one that does not for six."""

    def asked_for(asked: Asked) -> int:
        form: Any = asked.body["response_format"]
        return int(form["json_schema"]["schema"]["properties"]["relations"]["maxItems"])

    with store as opened:
        _, asked = grown(thinker(1500), opened, steps=3, policy="frontier")
        assert [asked_for(one) for one in asked] == [8, 8, 12, 12]
    with closing(open_store(str(tmp_path / "other.db"), create=True)) as opened:
        _, asked = grown(thinker(1500), opened, steps=2, policy="frontier", relations=20)
        assert {asked_for(one) for one in asked} == {20}
    with closing(open_store(str(tmp_path / "plain.db"), create=True)) as opened:
        _, asked = grown(naming, opened, steps=2, policy="frontier")
        assert {asked_for(one) for one in asked} == {8}


def test_a_model_that_thinks_and_tells_nothing_is_asked_few_fact_checks(store: "closing[GraphStore]") -> None:
    """It states a probability from the first check on, and after two that said nothing it is asked no more."""

    def script(asked: Asked) -> Answer:
        usage = {"prompt_tokens": 40, "completion_tokens": 520, "total_tokens": 560,
                 "completion_tokens_details": {"reasoning_tokens": 500}}  # fmt: skip
        said = triples(("silk", "has", f"part {asked.at}"), ("silk", "is", f"a {asked.at}"))
        return message(usage=usage, content=said)

    with store as opened:
        grown(script, opened, steps=8, policy="frontier", fact_check=0.75)
        checks = [one for one in opened.events() if isinstance(one, FactCheck)]
    assert [(one.method, one.outcome) for one in checks] == [("stated", "unusable")] * 2
