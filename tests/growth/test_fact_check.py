"""Fact checks as a graph grows: when they are asked, how many, of which endpoint, and that none is lost or doubled."""

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from graphgrow.api import edits
from graphgrow.errors import LLMError, StoreAway
from graphgrow.graph.events import to_json, write_events
from graphgrow.graph.graph import fold
from graphgrow.graph.model import Budget, Event, Expansion, FactCheck, Prompt, Reply
from graphgrow.growth.fact_check import NO_LOGPROBS, NO_VERDICTS, REST, SHARE, TOGETHER
from graphgrow.growth.loop import Growth
from graphgrow.growth.replay import recording, replay
from graphgrow.growth.settings import Settings
from graphgrow.llm import LLM
from graphgrow.llm.openai_chat import OpenAIChat
from graphgrow.llm.scripted import Recorded, Scripted
from graphgrow.llm.simulated.shapes import make_world
from graphgrow.llm.simulated.world import World, WorldSettings
from graphgrow.policy import open_policy
from graphgrow.resolve.options import open_resolver
from graphgrow.stores import GraphStore
from graphgrow.stores.memory import MemoryStore
from graphgrow.stores.projection import differences, project
from graphgrow.stores.sqlite import SQLiteStore
from tests.conftest import chatter, triples
from tests.servers import Answer, Asked, Script, completion, refusal, serving

HIDDEN = make_world("communities", 300, 1)
TOPIC = str(HIDDEN.graph["topic"])
ERRING = WorldSettings(errors=0.3)


def world() -> World:
    """Return a world that says what is false at times."""
    return World(HIDDEN, ERRING)


def grown(
    llm: LLM, store: GraphStore | None = None, *, steps: int = 12, topic: str = TOPIC, **settings: Any
) -> list[Event]:
    """Grow to the end with a clock that stands still and return the whole log."""
    home = store or MemoryStore()
    how: dict[str, Any] = {"policy": open_policy("knowledge"), "fact_check": 0.5, "now": lambda: ""} | settings
    Growth(topic, home, llm, Settings(budget=Budget(steps=steps), **how)).run()
    return list(home.events())


def checks_of(events: Sequence[Event]) -> list[FactCheck]:
    """Return the fact checks of a log."""
    return [event for event in events if isinstance(event, FactCheck)]


def lines(events: Sequence[Event]) -> list[str]:
    """Return a log as it is on disk."""
    return list(map(to_json, events))


def asked_once(events: Sequence[Event]) -> bool:
    """Tell whether no relation was asked about twice."""
    return max(Counter(claim.relation for check in checks_of(events) for claim in check.claims).values()) == 1


class Dying(World):
    """A world that is gone after so many answers, or as soon as it is asked whether something is true."""

    def __init__(self, answers: int = 10**9, *, checks: bool = True) -> None:
        super().__init__(HIDDEN, ERRING)
        self.answers, self._checks = answers, checks

    def ask(self, prompt: Prompt) -> Reply:
        """Answer as long as it lives."""
        self.answers -= 1
        if self.answers < 0 or not (self._checks or (prompt.asks and prompt.asks.form != "fact_check")):
            raise LLMError("gone")
        return super().ask(prompt)


@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize("share", [0.2, 0.5, SHARE])
def test_what_a_question_brought_is_checked_after_it_within_the_share(share: float, width: int) -> None:
    """Each check is about what stands in the log before it, and their tokens keep to the share but for one round."""
    events = grown(world(), fact_check=share, width=width, steps=30)
    checks, said = checks_of(events), set[object]()
    for event in events:
        if isinstance(event, FactCheck):
            assert {claim.relation for claim in event.claims} <= said
            assert event.method == "logprobs"
        said |= {statement.relation for statement in event.delta.statements}
    assert isinstance(events[0], Expansion)
    assert asked_once(events)
    paid = sum(event.reply.usage.tokens for event in events if isinstance(event, Expansion | FactCheck))
    spent = sum(check.reply.usage.tokens for check in checks)
    assert (
        min(0.5 * share, 0.2) * paid < spent < share * paid + max(check.reply.usage.tokens for check in checks) * width
    )


def test_without_a_share_nothing_is_checked() -> None:
    """A share of 0 asks none, and so does a model that can only say what it was given to say."""
    assert checks_of(grown(world(), fact_check=0.0)) == []
    assert checks_of(grown(Scripted(chatter(3)), topic="spider silk", steps=3, policy=open_policy("mix"))) == []


def test_fact_checks_are_no_steps_and_are_not_yielded() -> None:
    """Who iterates sees the questions; the budget of tokens counts both."""
    home = MemoryStore()
    how = Settings(open_policy("knowledge"), Budget(steps=6), fact_check=0.5, now=lambda: "")
    growth = Growth(TOPIC, home, world(), how)
    seen = list(growth)
    assert all(isinstance(event, Expansion) for event in seen)
    assert growth.steps == sum(event.is_step for event in seen) == 6
    assert len(list(home.events())) > len(seen)
    limited = MemoryStore()
    Growth(TOPIC, limited, world(), replace(how, budget=Budget(tokens=500))).run()
    *most, last = (event.reply.usage.tokens for event in limited.events() if isinstance(event, Expansion | FactCheck))
    assert sum(most) + last >= 500


@pytest.mark.parametrize("width", [1, 4])
def test_threads_leave_the_log_as_it_is(width: int) -> None:
    """One worker or as many as there are questions: the same bytes."""
    logs = [lines(grown(world(), width=width, workers=workers)) for workers in (1, 2, None)]
    assert logs[0] == logs[1] == logs[2]
    assert '"kind":"fact_check"' in "".join(logs[0])


def test_a_run_that_ended_before_its_checks_goes_on_with_them(tmp_path: Path) -> None:
    """Gone between the question and its checks: the next run asks these, and all is as if nothing had been."""
    with closing(SQLiteStore(tmp_path / "g.db", create=True)) as home:
        with pytest.raises(LLMError, match="gone"):
            grown(Dying(checks=False), home)
        assert len(list(home.events())) == 1
        again = grown(world(), home, steps=11)
    assert lines(again) == lines(grown(world()))


def test_wherever_a_run_ends_nothing_is_asked_twice(tmp_path: Path) -> None:
    """A model that is gone after every few answers: log and projection agree, each relation is checked once."""
    with closing(SQLiteStore(tmp_path / "g.db", create=True)) as home:
        for number in range(12):
            with pytest.raises(LLMError, match="gone"):
                grown(Dying(3 + number % 4), home, steps=100, width=1 + number % 3)
            assert differences(project(home.graph()), home.projection()) == []
        events = list(home.events())
    assert asked_once(events)
    assert len(checks_of(events)) > 10


class Away(SQLiteStore):
    """A store that takes no fact check."""

    def append(self, *events: Event) -> int:
        """Append questions alone."""
        if checks_of(events):
            raise StoreAway("nobody at home")
        return super().append(*events)


def test_answers_that_wait_on_disk_are_adopted(tmp_path: Path) -> None:
    """Those of a run whose store was gone are committed by the next, log-probabilities and all, and not asked again."""
    path = tmp_path / "g.db"
    with closing(Away(path, create=True)) as away, pytest.raises(StoreAway):
        grown(world(), away)
    with closing(SQLiteStore(path)) as home:
        with pytest.raises(LLMError, match="gone"):
            grown(Dying(checks=False), home)
        adopted = checks_of(list(home.events()))
        assert adopted
        assert all(check.logprobs and check.method == "logprobs" for check in adopted)
        graph = home.graph()
        assert sum(map(len, graph.checks.values())) == len(adopted)
        assert differences(project(graph), home.projection()) == []
        assert asked_once(grown(world(), home, steps=4))


def test_a_recorded_run_with_fact_checks_is_run_again(tmp_path: Path) -> None:
    """The recorded replies make the same log in a new run, and so does the replay of the file."""
    events = grown(world(), width=2)
    write_events(tmp_path / "run.jsonl", events)
    recorded = Recorded(tmp_path / "run.jsonl")
    assert recorded.checks_facts
    assert lines(grown(recorded, width=2)) == lines(events)
    home = MemoryStore()
    assert lines(list(replay(recording(tmp_path / "run.jsonl"), home, open_resolver()))) == lines(events)
    write_events(tmp_path / "plain.jsonl", grown(world(), fact_check=0))
    assert not Recorded(tmp_path / "plain.jsonl").checks_facts


def test_what_a_person_added_or_rejected_is_not_checked() -> None:
    """It is certain."""
    home = MemoryStore()
    grown(world(), home, steps=2, fact_check=0)
    for relation in list(home.graph().relations)[:4]:
        edits.commit(home, lambda graph, one=relation: edits.accept(graph, one))  # type: ignore[misc]  # bound as it is
    certain = set(list(home.graph().relations)[:4])
    events = grown(world(), home, steps=6, fact_check=SHARE)
    assert checks_of(events)
    assert not certain & {claim.relation for check in checks_of(events) for claim in check.claims}


def test_a_refusal_in_words_is_the_reason_of_a_fact_check() -> None:
    """And not that it is no number."""
    checks, _ = at_endpoint(says(Answer(completion("I cannot help with that.")), "I cannot help with that."))
    assert checks
    assert "The model refuses: I cannot help with that." in checks[-1].reason


def says(check: Answer, stated: str = "80") -> Script:
    """Return an endpoint that answers fact checks so, and whatever else it is asked with relations."""

    def script(asked: Asked) -> Answer:
        system = json.dumps(asked.body["messages"])
        if "from 0 to 100" in system:
            return Answer(completion(stated))
        if "yes or no" in system:
            return check
        number = len(system) + sum(system.encode()) % 991
        return Answer(
            completion(triples(("silk", "contains", f"protein {number}"), ("silk", "forms", f"sheet {number}")))
        )

    return script


def at_endpoint(script: Script, *, steps: int = 4) -> tuple[list[FactCheck], list[Asked]]:
    """Grow with an endpoint and return the fact checks and what was asked of it."""
    with serving(script) as endpoint, closing(OpenAIChat("m-1", endpoint.base_url, max_retries=0)) as llm:
        events = grown(llm, topic="silk", steps=steps, policy=open_policy("mix"), fact_check=SHARE)
        assert sum(isinstance(event, Expansion) for event in events) == steps
        return checks_of(events), endpoint.chats


YES = Answer(completion("yes"))
BROKEN = {"message": {"content": ""}, "finish_reason": "error", "error": {"message": "No answer within 30 s"}}


def test_an_endpoint_with_log_probabilities_is_asked_for_one_token() -> None:
    """The log-odds are those of yes and no among the rivals, and no number is asked for."""
    rivals = [{"token": "Yes", "logprob": -0.1}, {"token": "no", "logprob": -3.1}, {"token": "The", "logprob": -5}]
    choice = {"message": {"content": "Yes"}, "logprobs": {"content": [{"token": "Yes", "top_logprobs": rivals}]}}
    checks, asked = at_endpoint(says(Answer(completion() | {"choices": [choice]})))
    assert checks
    assert {(check.method, check.outcome, check.reason) for check in checks} == {("logprobs", "ok", "")}
    assert all(check.claims[0].log_odds == pytest.approx(3.0, abs=0.01) for check in checks)
    bodies = [one.body for one in asked if "yes or no" in json.dumps(one.body)]
    assert {(body["logprobs"], body["max_tokens"], body["temperature"]) for body in bodies} == {(True, 1, 0.0)}
    assert not any("logprobs" in one.body for one in asked if one.body not in bodies)


def refusing(asked: Asked) -> Answer:
    """Refuse the field, in the words of an endpoint that does not have it."""
    return refusal("logprobs are not supported by this model") if "logprobs" in asked.body else says(YES)(asked)


@pytest.mark.parametrize("script", [says(YES), refusing], ids=["gives none", "refuses"])
def test_an_endpoint_without_log_probabilities_states_a_probability(script: Script) -> None:
    """Growth goes on, the log says why once, and from then on a number is asked for."""
    checks, asked = at_endpoint(script)
    methods = [check.method for check in checks]
    words = methods.count("word")
    assert methods == ["word"] * words + ["stated"] * (len(methods) - words)
    assert 0 < words < len(methods)
    assert [check.reason for check in checks] == [NO_LOGPROBS] + [""] * (len(checks) - 1)
    assert {check.outcome for check in checks} == {"ok"}
    assert [check.claims[0].log_odds for check in checks][-1] == pytest.approx(1.386, abs=0.01)
    assert sum("logprobs" in one.body for one in asked) <= words


@pytest.mark.parametrize(
    ("check", "stated", "method"),
    [
        (Answer(completion("", finish_reason="length")), "", "stated"),
        (Answer(completion() | {"choices": [
            {"message": {"content": "Ok"}, "logprobs": {"content": [{"token": "Ok", "logprob": -0.1}]}}
        ]}), "", "stated"),
        (Answer({"error": {"code": 403, "message": "The input was flagged."}}, status=403), "", "stated"),
    ],
)  # fmt: skip
def test_a_model_that_never_answers_a_check_is_asked_no_more(check: Answer, stated: str, method: str) -> None:
    """One that thinks before it speaks, say: growth goes on without, and does not pay for it all the time."""
    checks, _ = at_endpoint(says(check, stated), steps=30)
    assert checks[-1].method == method
    assert {check.outcome for check in checks} == {"unusable"}
    assert len(checks) < 30


@pytest.mark.parametrize(
    ("lost", "reason"),
    [
        (refusal("The input was flagged.", 403), "The model refuses: The input was flagged."),
        (Answer(completion("", choices=[BROKEN])), "What came is no reply of a model: No answer within 30 s"),
        (Answer(completion("", usage={"prompt_tokens": 9, "completion_tokens": 0})), "an empty reply"),
    ],
)
def test_a_check_that_is_lost_says_nothing_of_log_probabilities(lost: Answer, reason: str) -> None:
    """Its words are no verdict, and the next one is asked as before; after a second one it is asked otherwise."""
    scores = {"content": [{"token": "yes", "logprob": -0.1, "top_logprobs": [{"token": "yes", "logprob": -0.1}]}]}
    sure = Answer(completion("", choices=[{"message": {"content": "yes"}, "logprobs": scores}]))
    first = list[str]()

    def script(asked: Asked) -> Answer:
        question = json.dumps(asked.body["messages"])
        is_check = "yes or no" in question
        first.extend([question] if is_check and not first else [])
        return lost if is_check and question in first else says(sure)(asked)

    checks, _ = at_endpoint(script)
    assert (checks[0].outcome, checks[0].claims[0].log_odds) == ("unusable", None)
    assert reason in checks[0].reason
    assert {check.method for check in checks} == {"logprobs"}
    again, _ = at_endpoint(says(lost))
    assert [check.method for check in again[:3]] == ["logprobs", "word", "stated"]
    assert {check.outcome for check in again[:2]} == {"unusable"}


@pytest.mark.parametrize("thought", [0, 300])
def test_a_model_without_verdicts_is_not_asked_again_by_the_next_run(thought: int, tmp_path: Path) -> None:
    """Relations are its answer to everything: the log and the screen say it once, and it is tried again much later."""
    usage = {"prompt_tokens": 40, "completion_tokens": 20 + thought}

    def script(asked: Asked) -> Answer:
        number = sum(json.dumps(asked.body).encode()) + len(endpoint.chats)
        answer = triples(*(("silk", "contains", f"protein {number} {letter}") for letter in "abcdef"))
        details = {"completion_tokens_details": {"reasoning_tokens": thought}} if thought else {}
        return Answer(completion(answer, usage=usage | details))

    def run(steps: int) -> tuple[int, list[str]]:
        """Return how many fact checks another run asks, and what it says."""
        with closing(SQLiteStore(tmp_path / "g.db", create=True)) as home, closing(OpenAIChat("m", url)) as llm:
            before = len(checks_of(list(home.events())))
            how = Settings(open_policy("mix"), Budget(steps=steps), fact_check=SHARE)
            growth = Growth("silk", home, llm, how).run()
            assert growth.check_method is None
            return len(checks_of(list(home.events()))) - before, growth.notices

    with serving(script) as endpoint:
        url = endpoint.base_url
        first, said = run(4)
        assert 0 < first <= (2 if thought else 9)
        assert [sentence for sentence in said if "--check-with" in sentence] == said
        assert len(said) == 1
        assert run(3) == (0, said)
        assert run(REST) == (1, said)
    with closing(SQLiteStore(tmp_path / "g.db")) as home:
        checks = checks_of(list(home.events()))
        assert [NO_VERDICTS in check.reason for check in checks] == [False] * (first - 1) + [True, False]


@pytest.mark.parametrize("can", [True, False])
def test_a_model_that_thinks_is_asked_about_several_statements_at_once(can: bool) -> None:  # noqa: FBT001  # a case
    """Its thinking is paid once for all of them; where it brings no number for each they are asked about one by one."""
    names = iter(world().hidden.names)

    def script(asked: Asked) -> Answer:
        messages: Any = asked.body["messages"]
        system, user = (one["content"] for one in messages)
        details = {"reasoning_tokens": 300}
        thought = {"prompt_tokens": 40, "completion_tokens": 320, "completion_tokens_details": details}
        if "for each statement" in system:
            count = user.count("\n")
            text = "\n".join(f"{n}: {95 if n % 2 else 10}" for n in range(1, count + 1)) if can else "They are true."
        elif "per cent" in user:
            text = "80"
        elif "yes or no" in system:
            text = "yes"
        else:
            text = ", ".join(next(names) for _ in range(6))
        return Answer(completion(text, usage=thought))

    with serving(script) as end, closing(OpenAIChat("m", end.base_url)) as llm:
        events = grown(llm, steps=10)
    checks = checks_of(events)
    several = [one for one in checks if len(one.claims) > 1]
    if can:
        *whole, last = [len(one.claims) for one in checks]
        assert whole
        assert set(whole) == {TOGETHER}, "what fills no question waits for the next ones, but for the last"
        assert 0 < last <= TOGETHER
        assert {claim.log_odds is not None for one in several for claim in one.claims} == {True}
        assert sum(len(one.claims) for one in checks) > 2 * len(checks)
    else:
        assert len(several) == 1
        assert several[0].outcome == "unusable"
        later = checks[checks.index(several[0]) + 1 :]
        assert later
        asked = {one.claims[0].relation for one in later}
        assert {claim.relation for claim in several[0].claims} <= asked | fold(events).unchecked.keys()
