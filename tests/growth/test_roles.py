"""Models with a role of their own, at two real servers: who is asked what, at which cost, and what goes on without."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from graphgrow.api.models import open_role
from graphgrow.api.options import grow
from graphgrow.cli import command_line
from graphgrow.errors import BadInput, LLMError
from graphgrow.graph.events import from_json, to_json
from graphgrow.graph.graph import Graph, fold
from graphgrow.graph.model import Event, Expansion, FactCheck, Prompt
from graphgrow.growth.fact_check import NO_LOGPROBS
from graphgrow.growth.loop import Growth
from graphgrow.llm.openai_chat import OpenAIChat
from graphgrow.llm.options import ModelName
from graphgrow.llm.scripted import Scripted
from graphgrow.stores import open_store
from graphgrow.stores.memory import MemoryStore
from tests.conftest import chatter, triples
from tests.servers import Answer, Asked, Endpoint, Script, completion, free_port, refusal, serving

RIVALS = [{"token": "Yes", "logprob": -0.1}, {"token": "no", "logprob": -3.1}]
SURE = {"message": {"content": "Yes"}, "logprobs": {"content": [{"token": "Yes", "top_logprobs": RIVALS}]}}
BROKEN = refusal("the accelerator is on fire", 501)
DENIED = refusal("no such key", 401)


def is_check(asked: Asked) -> bool:
    """Tell whether a question asks if something is true."""
    text = json.dumps(asked.body["messages"])
    return "yes or no" in text or "from 0 to 100" in text


@dataclass
class Speaker:
    """An endpoint that grows and checks facts under one name, with log-probabilities or without, and can fail."""

    name: str = "grower"
    has_logprobs: bool = True
    failing: Answer | None = None
    fails_at: range = range(0)  # which questions
    count: int = 0

    def __call__(self, asked: Asked) -> Answer:
        """Answer one question."""
        if not asked.path.endswith("/chat/completions"):
            return Answer({"data": [{"id": self.name}]})
        self.count += 1
        if self.failing and self.count in self.fails_at:
            return self.failing
        if not is_check(asked):
            said = ("silk", "contains", f"protein {self.count}"), ("silk", "forms", f"sheet {self.count}")
            return Answer(completion(triples(*said), model=self.name))
        if "from 0 to 100" in json.dumps(asked.body["messages"]):
            return Answer(completion("80", model=self.name))
        return Answer(completion("yes", model=self.name) | ({"choices": [SURE]} if self.has_logprobs else {}))


ALWAYS = range(10**6)


@contextmanager
def two(grower: Script, checker: Script) -> Iterator[tuple[Endpoint, Endpoint, OpenAIChat, OpenAIChat]]:
    """Serve two endpoints and lend a model at each."""
    with ExitStack() as stack:
        ends = [stack.enter_context(serving(script)) for script in (grower, checker)]
        chats = [stack.enter_context(closing(OpenAIChat("m", end.base_url, max_retries=0))) for end in ends]
        yield ends[0], ends[1], chats[0], chats[1]


def grown(llm: OpenAIChat, checker: OpenAIChat, steps: int = 6) -> tuple[Growth, list[Event]]:
    """Grow with a model of its own for fact checks, and return the growth and its log."""
    home = MemoryStore()
    growth = grow("silk", home, llm, steps=steps, policy="mix", check_with=checker).run()
    return growth, list(home.events())


def test_fact_checks_go_to_their_own_model_and_each_bill_is_kept_apart() -> None:
    """One server grows, the other is asked for truth alone; the graph says what each cost, the sum is the bill."""
    with two(Speaker(), Speaker("checker")) as (first, second, llm, checker):
        growth, events = grown(llm, checker)
    assert growth.ending == "steps"
    assert not any(map(is_check, first.chats))
    assert second.chats
    assert all(map(is_check, second.chats))
    graph = growth.graph
    assert set(graph.bills) == {("grow", "grower"), ("check", "checker")}
    assert graph.bills["grow", "grower"].tokens == 10 * len(first.chats)
    assert graph.bills["check", "checker"].tokens == graph.checking.tokens == 10 * len(second.chats)
    assert sum(one.tokens for one in graph.bills.values()) == graph.bill.tokens
    assert fold(map(from_json, map(to_json, events))).bills == graph.bills


def test_a_budget_counts_every_role() -> None:
    """The run ends when growing and checking together have taken the tokens."""
    home = MemoryStore()
    with two(Speaker(), Speaker("checker")) as (_, second, llm, checker):
        growth = grow("silk", home, llm, tokens=90, policy="mix", check_with=checker).run()
    assert growth.ending == "tokens"
    assert 90 <= growth.graph.bill.tokens < 150
    assert second.chats


@pytest.mark.parametrize("failure", [BROKEN, DENIED], ids=["broken", "denied"])
def test_a_failing_check_model_leaves_relations_unchecked(failure: Answer) -> None:
    """The run does all its steps; one sentence names the role and the server's words, and the model is tried again."""
    with two(Speaker(), Speaker(failing=failure, fails_at=ALWAYS)) as (first, second, llm, checker):
        growth, events = grown(llm, checker, steps=9)
    assert (growth.ending, growth.steps) == ("steps", 9)
    assert all(isinstance(event, Expansion) for event in events)
    assert len(growth.graph.unchecked) == len(growth.graph.relations) > 0
    (remark,) = growth.notices
    assert remark.startswith("The check model m failed, so relations stay unchecked until it answers: ")
    assert str(second.port) in remark
    assert len(first.chats) == 9
    assert 1 < len(second.chats) <= 4 * 4  # after 1, 2, 4 and 8 steps


def test_a_check_model_that_comes_back_checks_what_was_left() -> None:
    """It fails at first and answers later: the run says both, and what was said meanwhile is checked after all."""
    with two(Speaker(), Speaker("checker", failing=BROKEN, fails_at=range(3))) as (_, _, llm, checker):
        growth, _ = grown(llm, checker, steps=8)
    assert growth.notices[0].startswith("The check model m failed")
    assert growth.notices[1:] == ["The check model answers again."]
    assert len(growth.graph.checks) > len(growth.graph.relations) / 2


def test_a_model_that_is_not_there_is_told_by_the_option_that_names_it() -> None:
    """With those that are, at the address of that role."""
    run = ModelName("m-1", "http://127.0.0.1:9/v1")
    listed, gone = Answer({"data": [{"id": "m-1"}]}), refusal('model "m-2" not found, try pulling it first', 404)
    script: Script = lambda asked: listed if asked.path.endswith("/models") else gone  # noqa: E731
    sentence = pytest.raises(LLMError, match=r"has no model 'm-2'.* choose one of its own with --check-with: m-1")
    with serving(script) as end, closing(open_role("check", f"{end.base_url}#m-2", run, env={})) as llm, sentence:
        llm.ask(Prompt("", "Is it so?"))


def test_a_failing_grow_model_ends_the_run_and_is_named() -> None:
    """The sentence says that it is the model that grows; what was paid is in the log, and the next run goes on."""
    home = MemoryStore()
    with two(Speaker(failing=BROKEN, fails_at=range(3, 5)), Speaker("checker")) as (_, _, llm, checker):
        growth = grow("silk", home, llm, steps=6, policy="mix", check_with=checker)
        with pytest.raises(LLMError, match=r"the grow model failed: .* still fails"):
            growth.run()
        assert sum(isinstance(event, Expansion) for event in home.events()) == 2
        again = grow("silk", home, llm, steps=2, policy="mix", check_with=checker)
        with pytest.raises(LLMError):
            again.run()
        assert grow("silk", home, llm, steps=2, policy="mix", check_with=checker).run().ending == "steps"


def test_the_same_failure_of_a_model_without_a_role_ends_the_run_as_ever() -> None:
    """Where one model does everything there is nobody to go on without."""
    with (
        serving(Speaker(failing=BROKEN, fails_at=range(2, 9))) as end,
        closing(OpenAIChat("m", end.base_url, max_retries=0)) as llm,
        pytest.raises(LLMError, match=r"^http://127.0.0.1"),
    ):
        grow("silk", MemoryStore(), llm, steps=3, policy="mix").run()


def checks_of(events: list[Event]) -> list[FactCheck]:
    """Return the fact checks of a log."""
    return [event for event in events if isinstance(event, FactCheck)]


@pytest.mark.parametrize("name", ["m", "checker"])
def test_what_one_model_can_is_not_believed_of_another(name: str) -> None:
    """Checks without log-probabilities by one model, then with them by another, of the same name even."""
    home = MemoryStore()
    with two(Speaker("m", has_logprobs=False), Speaker(name)) as (first, second, llm, checker):
        grow("silk", home, llm, steps=4, policy="mix").run()
        before = checks_of(list(home.events()))
        assert {check.method for check in before} == {"word", "stated"}
        grow("silk", home, llm, steps=4, policy="mix", check_with=checker).run()
        later = checks_of(list(home.events()))[len(before) :]
        assert {check.method for check in later} == {"logprobs"}
        assert all(one.body.get("logprobs") and one.body["max_tokens"] == 1 for one in second.chats)
        asked = len(first.chats)
        grow("silk", home, llm, steps=2, policy="mix").run()  # the first one again: it is known, and told no more
        last = checks_of(list(home.events()))[len(before) + len(later) :]
    assert {check.method for check in last} == {"stated"}
    assert not any("logprobs" in one.body for one in first.chats[asked:])
    assert [check.reason for check in (*before, *later, *last)].count(NO_LOGPROBS) == 1


def test_reply_tokens_holds_for_each_form_and_leaves_one_token_one() -> None:
    """Growth gets all of it, a fact check that is read from log-probabilities one token; the log has the limit."""
    home = MemoryStore()
    with two(Speaker(), Speaker("checker")) as (first, second, llm, checker):
        grow("silk", home, llm, steps=3, policy="mix", check_with=checker, reply_tokens=2000).run()
    assert {one.body["max_tokens"] for one in first.chats} == {2000}
    assert {one.body["max_tokens"] for one in second.chats} == {1}
    assert {event.prompt.max_tokens for event in home.events() if isinstance(event, Expansion)} == {2000}


def test_names_that_may_be_one_go_to_the_arbiter_and_the_run_does_without_it(tmp_path: Path) -> None:
    """A model of its own decides; where it fails the doubts stay, one sentence says so, and growing goes on."""

    def doubtful(asked: Asked) -> Answer:
        said = ("silk", "contains", "spider silk protein"), ("silk", "contains", "spider silk proteine")
        return Answer(completion(triples(*said), model="grower"))

    def decide(asked: Asked) -> Answer:
        return Answer(completion('{"verdict": "same", "why": "a spelling"}', model="judge"))

    remarks: dict[str, list[str]] = {}
    for script, name in ((decide, "well"), (lambda _: DENIED, "ill")):
        with two(doubtful, script) as (first, second, llm, other):
            growth = grow("silk", MemoryStore(), llm, steps=2, policy="mix", fact_check=0, arbitrate_with=other).run()
            assert second.chats
            assert len(first.chats) == growth.steps == 2
            assert len(list(growth.graph.doubts())) == (name == "ill")
            remarks[name] = growth.notices
    assert remarks["well"] == []
    (remark,) = remarks["ill"]
    assert remark.startswith("The arbitrate model m failed, so names that may be one concept stay undecided")


def test_an_endpoint_without_a_model_named_may_come_later() -> None:
    """Its first model is asked for when it is needed, so that an endpoint that is away does not keep a run from it."""
    port = free_port()
    with serving(Speaker()) as first:
        growth = grow(
            "silk",
            MemoryStore(),
            f"{first.base_url}#m",
            steps=2,
            policy="mix",
            check_with=f"http://127.0.0.1:{port}/v1",
        ).run()
    assert growth.ending == "steps"
    assert growth.notices[0].startswith(f"The check model http://127.0.0.1:{port}/v1 failed, so relations stay")
    with serving(Speaker()) as first, serving(Speaker("checker")) as second:
        growth = grow(
            "silk", MemoryStore(), f"{first.base_url}#m", steps=2, policy="mix", check_with=second.base_url
        ).run()
        assert {one.body["model"] for one in second.chats} == {"checker"}


def test_a_check_model_that_would_do_nothing_is_said_so() -> None:
    """One that only repeats what it was given, and one that nothing is asked of."""
    talker = Scripted(chatter(1))
    growth = grow("silk", MemoryStore(), talker, steps=1, policy="mix", check_with=Scripted(["yes"])).run()
    assert growth.notices == ["The check model scripted can tell nothing true from false: nothing is checked"]
    with pytest.raises(BadInput, match="check_with is a model for fact checks, and fact_check=0 asks none"):
        grow("silk", MemoryStore(), talker, fact_check=0, check_with="m")


def run(*words: str) -> tuple[int, str, str]:
    """Run a command; return its exit code, stdout and stderr."""
    done = CliRunner().invoke(command_line(), list(words))
    return done.exit_code, done.stdout, done.stderr


def key_of(asked: Asked) -> str:
    """Return the header with the key; names of headers may be written in any case."""
    return {name.lower(): value for name, value in asked.headers.items()}.get("authorization", "")


def read(path: Path) -> Graph:
    """Return the graph of a store."""
    with closing(open_store(str(path))) as home:
        return home.graph()


def test_the_command_line_names_roles_and_their_bills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--check-with URL#NAME`: the last lines, `show` and `log` say tokens by role; keys go where they belong."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-grower")
    monkeypatch.setenv("CHECKER_KEY", "sk-of-the-checker")
    store = str(tmp_path / "g.db")
    grow_words = ("grow", "silk", "--store", store, "--steps", "4", "--policy", "mix", "--llm", "m", "--base-url")
    with serving(Speaker()) as first, serving(Speaker("checker")) as second:
        monkeypatch.setenv("OPENAI_BASE_URL", first.base_url)  # which the key of the environment is for
        with_key = f"{second.base_url}#c?key_env=CHECKER_KEY"
        code, out, err = run(*grow_words, first.base_url, "--check-with", with_key)
        assert (code, "check: c (no known price)" in err) == (0, True)
        keys = [{key_of(one) for one in end.chats} for end in (first, second)]
        assert keys == [{"Bearer sk-of-the-grower"}, {"Bearer sk-of-the-checker"}]
        second.asked.clear()
        assert run(*grow_words, first.base_url, "--check-with", f"{second.base_url}#c")[0] == 0
        assert not any("sk-" in key_of(one) for one in second.chats)
        assert {one.body["model"] for one in second.chats} == {"c"}
    bills = read(tmp_path / "g.db").bills
    for words in (out, run("show", store)[1]):
        assert "- growing" in words
        assert "(checker)" in words
    shown = json.loads(run("show", store, "--json")[1])
    assert {(row["role"], row["model"]): row["tokens"] for row in shown["bills"]} == {
        part: bill.tokens for part, bill in bills.items()
    }
    rows = [json.loads(line) for line in run("log", store, "--json")[1].splitlines()]
    assert {(row["role"], row["model"]) for row in rows} == {("grow", "grower"), ("check", "checker")}
    assert "10 tokens of checker" in run("log", store)[1]
    assert "sk-of" not in out + err + (tmp_path / "g.db").read_bytes().decode("latin-1")


def test_the_command_line_goes_on_without_a_failing_role(tmp_path: Path) -> None:
    """Exit code 0, and stderr says once which role failed, with the server's words."""
    store = str(tmp_path / "g.db")
    with serving(Speaker()) as first, serving(Speaker(failing=DENIED, fails_at=ALWAYS)) as second:
        code, _, err = run(
            "grow", "silk", "--store", store, "--steps", "5", "--policy", "mix", "--json",
            "--llm", f"{first.base_url}#m", "--check-with", f"{second.base_url}#m",
        )  # fmt: skip
    assert code == 0
    assert err.count("The check model m failed") == 1
    assert "wants a key" in err
    assert len(read(tmp_path / "g.db").unchecked) > 0


def meaning(asked: Asked) -> Answer:
    """Answer with a vector of each name, of four dimensions, and a bill of 3 tokens."""
    names = asked.body["input"]
    assert isinstance(names, list)
    rows = [{"index": n, "embedding": [len(name), 1, sum(name.encode()) % 7, n]} for n, name in enumerate(names)]
    return Answer({"data": rows, "usage": {"prompt_tokens": 3, "total_tokens": 3}})


def test_what_names_mean_is_on_the_bill_and_may_fail(tmp_path: Path) -> None:
    """`--embeddings URL#NAME`: its tokens are part of the bill and the log; while it fails spelling alone compares."""
    grow_words = "grow", "silk", "--policy", "mix", "--steps", "4", "--fact-check", "0", "--llm"
    with serving(Speaker()) as first, serving(meaning) as second:
        store = str(tmp_path / "well.db")
        words = ("--store", store, "--embeddings", f"{second.base_url}#e")
        code, out, _ = run(*grow_words, f"{first.base_url}#m", *words)
        assert (code, "meanings of names" in out) == (0, True)
        assert {one.body["model"] for one in second.asked} == {"e"}
    graph = read(tmp_path / "well.db")
    assert graph.bills["embed", "e"].tokens == 3 * len(second.asked) > 0
    assert graph.bill.tokens == 40 + 3 * len(second.asked)

    failing = iter([*[DENIED] * 2, *[None] * 9])
    with serving(Speaker()) as first, serving(lambda asked: next(failing) or meaning(asked)) as second:
        home = MemoryStore()
        growth = grow(
            "silk", home, f"{first.base_url}#m", steps=9, policy="mix", fact_check=0, embeddings=f"{second.base_url}#e"
        ).run()
    assert growth.ending == "steps"
    assert growth.notices[0].startswith("The embed model failed, so names are compared by their spelling alone")
    assert growth.notices[1:] == ["The embed model answers again."]
    assert growth.graph.bills["embed", "e"].tokens
