"""What a user adds to the way in which a model is asked: under the same names everywhere, sent last, kept harmless."""

import inspect
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from graphgrow_explorer.runs import RunOptions
from typer.main import get_command
from typer.testing import CliRunner

import graphgrow
from graphgrow.api.options import GrowthOptions
from graphgrow.batch.jobs import Job
from graphgrow.cli import command_line
from graphgrow.errors import BadInput, LLMError
from graphgrow.graph.events import from_json, to_json
from graphgrow.graph.model import Prompt
from graphgrow.llm import open_llm
from graphgrow.llm.options import NAMES, ModelName, ModelOptions, beside, read_model, without_secrets
from graphgrow.llm.scripted import Scripted
from graphgrow.prompts.forms import MAX_TOKENS, STATED_TOKENS, reply_limit
from graphgrow.stores.memory import MemoryStore
from tests.conftest import RECORDED, chatter, triples
from tests.servers import Answer, completion, in_order, refusal, serving

OK = Answer(completion("hello", model="m"))
SECRET = "c0ffee-and-more"  # noqa: S105  # no secret
PROMPT = Prompt("s", "u", {"type": "object"}, 64, 7)


def body_of(prompt: Prompt = PROMPT, **options: Any) -> tuple[dict[str, object], dict[str, Any]]:
    """Ask one question with options; return the body that was sent and the reply's record of it."""
    with serving(in_order(OK)) as end, closing(graphgrow.open_llm("m", end.base_url, env={}, **options)) as llm:
        reply = llm.ask(prompt)
        return end.chats[0].body, dict(reply.options or {})


def test_the_options_have_one_name_everywhere() -> None:
    """Python, jobs files, the page and every command that asks a model take them, and under no other name."""
    assert set(NAMES) <= set(GrowthOptions.__dataclass_fields__)
    assert set(NAMES) <= set(Job.model_fields)
    assert set(NAMES) <= set(RunOptions.__dataclass_fields__)
    assert set(NAMES) <= set(inspect.signature(graphgrow.open_llm).parameters)
    commands: Any = get_command(command_line())
    asking = {name for name, one in commands.commands.items() if "llm" in {option.name for option in one.params}}
    assert asking >= {"grow", "ask", "ideas", "judge", "discover", "review", "mcp"}
    for name in asking:
        flags = {flag for option in commands.commands[name].params for flag in option.opts}
        assert {f"--{one.replace('_', '-')}" for one in NAMES} <= flags, name


def test_further_fields_go_last_into_the_body_and_null_takes_one_out() -> None:
    """They replace what stands there, whole; the effort has a field of its own."""
    body, record = body_of(
        reasoning_effort="low", llm_options='{"top_p": 0.5, "temperature": 0.1, "seed": null, "stop": ["x"]}'
    )
    assert (body["reasoning_effort"], body["top_p"], body["temperature"], body["stop"]) == ("low", 0.5, 0.1, ["x"])
    assert "seed" not in body
    assert record == {
        "reasoning_effort": "low", "top_p": 0.5, "temperature": 0.1, "seed": None, "stop": ["x"]
    }  # fmt: skip
    plain, nothing = body_of()
    assert nothing == {}
    assert {"reasoning_effort", "top_p"} & plain.keys() == set()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"api_key": SECRET, "max_output_tokens": 9}, {"api_key": "***", "max_output_tokens": 9}),
        ({"apiKey": SECRET, "accessToken": SECRET}, {"apiKey": "***", "accessToken": "***"}),
        (
            {"extra": {"headers": {"Authorization": f"Bearer {SECRET}"}}},
            {"extra": {"headers": {"Authorization": "***"}}},
        ),
        ({"metadata": ["sk-abcdefgh", "plain"]}, {"metadata": ["***", "plain"]}),
        ({"base": f"https://me:{SECRET}@host/v1?key={SECRET}"}, {"base": "https://***@host/v1?key=***"}),
        ({"aws_secret": {"a": SECRET}}, {"aws_secret": "***"}),
        ({"note": "Bearer abc.def"}, {"note": "Bearer ***"}),
        ({"stop_token_ids": [1], "logit_bias": {"5": 1}}, {"stop_token_ids": [1], "logit_bias": {"5": 1}}),
    ],
)
def test_what_is_kept_has_no_secret_in_it(given: dict[str, Any], kept: dict[str, Any]) -> None:
    """By its name or by its looks, however deep; numbers and what is no secret stay."""
    assert without_secrets(given) == kept
    assert SECRET not in json.dumps(ModelOptions(llm_options=given).record())
    assert SECRET not in repr((ModelOptions(llm_options=given), GrowthOptions(llm_options=given)))
    assert not ModelOptions(llm_options={"top_p": 1, "stop": ["a"]}).secrets


def test_a_secret_reaches_the_endpoint_and_nothing_else(tmp_path: Path) -> None:
    """The body has it; the store, the outbox, what is printed and an error that quotes the request have not."""
    words = ("grow", "silk", "--policy", "mix", "--steps", "1", "--fact-check", "0", "--store", str(tmp_path / "g.db"))
    fields = json.dumps({"api_key": SECRET, "top_p": 0.5})
    said = Answer(completion(triples(("silk", "contains", "protein")), model="m"))
    with serving(in_order(said, refusal(f"boom, you sent {SECRET} to me", 402))) as end:
        options = ("--llm", f"{end.base_url}#m", "--llm-options", fields, "--reasoning-effort", "low")
        first, second = (CliRunner().invoke(command_line(), [*words, *options]) for _ in range(2))
        assert end.chats[0].body["api_key"] == SECRET
    assert (first.exit_code, second.exit_code) == (0, 1)
    assert SECRET not in first.output + second.output
    assert all(SECRET.encode() not in file.read_bytes() for file in tmp_path.iterdir())
    with graphgrow.open(tmp_path / "g.db") as graph:
        (event,) = graph.events()
        assert '"options":{"reasoning_effort":"low","api_key":"***","top_p":0.5}' in to_json(event)
        assert from_json(to_json(event)) == event


def test_runs_of_before_keep_their_bytes() -> None:
    """What came later is left out where it holds nothing."""
    with graphgrow.open(RECORDED) as graph:
        for event in graph.events():
            assert not {"by", "options", "embedding"} & json.loads(to_json(event)).get("reply", {}).keys()
            assert '"embedding"' not in to_json(event)


@pytest.mark.parametrize(
    "refused",
    [
        refusal("Unsupported value", param="reasoning_effort"),
        refusal("Unrecognized request argument supplied: reasoning_effort"),
        Answer({"detail": [{"type": "extra_forbidden", "loc": ["body", "reasoning_effort"], "input": "top_p"}]}, 422),
        Answer({"detail": "reasoning_effort is not allowed"}, 400),
        refusal("'top_p' must be less than 1"),
    ],
)
def test_a_field_that_the_endpoint_refuses_is_named(refused: Answer) -> None:
    """The server's words and what to do, after one request: nothing else is given up for it."""
    with (
        serving(in_order(refused)) as end,
        closing(graphgrow.open_llm("m", end.base_url, env={}, reasoning_effort="low", llm_options={"top_p": 2})) as llm,
        pytest.raises(LLMError, match=r"refuses (reasoning_effort|top_p) .* leave it out, or give it another"),
    ):
        llm.ask(PROMPT)
    assert len(end.chats) == 1


def test_a_refusal_about_our_own_field_is_no_refusal_of_theirs() -> None:
    """A temperature that a thinking model does not take is given up as ever, though the message names the effort."""
    about = refusal("temperature is not supported with reasoning_effort", param="temperature")
    with (
        serving(in_order(about, OK)) as end,
        closing(graphgrow.open_llm("m", end.base_url, env={}, reasoning_effort="low")) as llm,
    ):
        assert llm.ask(PROMPT).text == "hello"
    assert "temperature" not in end.chats[1].body


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"llm_options": "{"}, "llm_options is no JSON"),
        ({"llm_options": "[1]"}, "llm_options is no object"),
        ({"llm_options": '"x"'}, "llm_options is no object"),
        ({"llm_options": '{"a": NaN}'}, "llm_options is no JSON"),
        ({"llm_options": {"messages": []}}, "cannot set 'messages'"),
        ({"llm_options": {"model": "m"}}, "cannot set 'model': that is said by --llm"),
        ({"reply_tokens": 3}, "reply_tokens=3 is out of range"),
        ({"reasoning_effort": "very high"}, "reasoning_effort='very high' is none"),
        ({"key_env": "sk-123456789"}, "never the key"),
        ({"key_env": "gsk_123456789"}, "never the key"),
    ],
)
def test_an_option_that_cannot_be_used_is_one_sentence(options: dict[str, Any], words: str) -> None:
    """In Python and on the command line, without a traceback, and never with the key in it."""
    with pytest.raises(BadInput, match=words) as raised:
        GrowthOptions(**options)
    assert "123456789" not in str(raised.value)


def test_a_key_is_read_from_the_variable_that_is_named() -> None:
    """And its name is in the sentence where the endpoint refuses it, or where there is none."""
    env = {"OPENAI_API_KEY": "sk-wrong-one", "MY_KEY": "sk-right-one"}
    with (
        serving(in_order(OK, refusal("no", 401))) as end,
        closing(graphgrow.open_llm("m", end.base_url, env=env, key_env="MY_KEY")) as llm,
    ):
        llm.ask(PROMPT)
        assert "Bearer sk-right-one" in end.chats[0].headers.values()
        with pytest.raises(LLMError, match="set MY_KEY to one"):
            llm.ask(PROMPT)
    with pytest.raises(LLMError, match="there is no key in OTHER_KEY for 127"):
        graphgrow.open_llm("m", "http://127.0.0.1:9/v1", env=env, key_env="OTHER_KEY")


def test_a_limit_of_replies_is_shared_out_by_form() -> None:
    """A question that grows the graph has all of it, another its share and no less than before, one token stays one."""
    assert [reply_limit(one, None) for one in (1, STATED_TOKENS, MAX_TOKENS)] == [1, STATED_TOKENS, MAX_TOKENS]
    assert [reply_limit(one, 4800) for one in (1, 16, 80, 480, 900)] == [1, 160, 800, 4800, 4800]
    assert [reply_limit(one, 200) for one in (1, 16, 64, 400, 480)] == [1, 16, 64, 200, 200]
    assert [reply_limit(one, 4800, grows=True) for one in (1, 64, 480)] == [1, 4800, 4800]
    assert [reply_limit(one, 200, grows=True) for one in (1, 64, 480)] == [1, 64, 200]


def test_a_model_is_named_in_one_text() -> None:
    """NAME, URL, URL#NAME, and options after it; a query of the address is its own, worlds and files have none."""
    assert read_model("gpt-5") == ModelName("gpt-5")
    assert read_model("http://h/v1#org/m:free") == ModelName("org/m:free", "http://h/v1")
    assert read_model("https://h/v1?api-version=2#m") == ModelName("m", "https://h/v1?api-version=2")
    assert read_model("https://h/v1") == ModelName("", "https://h/v1")
    world = "world:communities?size=9&seed=1"
    assert read_model(world) == ModelName(world)
    assert read_model("a?b.gguf") == ModelName("a?b.gguf")
    given = read_model('m?key_env=K&reply_tokens=900&reasoning_effort=low&llm_options={"top_p":1}')
    assert given == ModelName("m", "", ModelOptions("low", 900, "K", {"top_p": 1}))
    for text, words in (
        ("m?kee=1", "no option kee"),
        ("m?reply_tokens=x", "no whole number"),
        ("http:///#m", "address"),
    ):
        with pytest.raises(BadInput, match=words):
            read_model(text)


def test_a_key_of_one_provider_is_not_shown_to_another() -> None:
    """The same server has the same key, another one that which its text names, and else none."""
    env = {"OPENAI_API_KEY": "k"}
    run = ModelName("m", "https://a.example/v1", ModelOptions(key_env="A_KEY"))

    def key_env(text: str, run: ModelName = run) -> tuple[str, bool]:
        model, seen = beside(text, run, env)
        return model.options.key_env, "OPENAI_API_KEY" in seen

    assert key_env("small")[0] == "A_KEY"
    assert key_env("https://A.example:443/other#small")[0] == "A_KEY"
    assert key_env("https://b.example/v1#small") == ("", False)
    assert key_env("https://b.example/v1#small?key_env=B_KEY")[0] == "B_KEY"
    assert key_env("https://api.openai.com/v1#gpt-5") == ("", True)
    assert beside("small", run, env)[0].base_url == run.base_url
    assert beside("local", run, env)[0].base_url == ""
    assert beside("gpt-5", ModelName("local"), env)[0] == ModelName("gpt-5")


def test_a_role_has_as_much_time_as_the_run() -> None:
    """Unless its own text says how much, at the same address or at another."""
    run = ModelName("m", "https://a.example/v1", ModelOptions(timeout=20, reasoning_effort="high"))
    asked = [beside(text, run, {})[0].options for text in ("small", "https://b.example/v1#small", "small?timeout=3")]
    assert [(one.timeout, one.reasoning_effort) for one in asked] == [(20, ""), (20, ""), (3, "")]


def test_options_of_an_object_are_over_those_that_it_was_opened_with() -> None:
    """graphgrow.grow takes them for a model that is open; one that is no endpoint cannot be told so."""
    store = MemoryStore()
    with (
        serving(in_order(Answer(completion(triples(("silk", "is a", "fibre")), model="m")))) as end,
        closing(open_llm("m", end.base_url, env={})) as llm,
    ):
        graphgrow.grow("silk", store, llm, steps=1, policy="mix", fact_check=0, reasoning_effort="high").run()
        assert end.chats[0].body["reasoning_effort"] == "high"
        llm.ask(PROMPT)
        assert "reasoning_effort" not in end.chats[1].body
        with pytest.raises(BadInput, match="key_env=K is for a model that is opened by its name"):
            graphgrow.grow("silk", store, llm, key_env="K")
    with pytest.raises(BadInput, match="'scripted' is no endpoint: reasoning_effort would change nothing"):
        graphgrow.grow("silk", store, Scripted(chatter(1)), reasoning_effort="high")


def test_a_graph_opens_a_model_by_its_name_with_options() -> None:
    """By name and address in one, once for the same options, with a check model beside it."""
    with serving(in_order(Answer(completion(triples(("silk", "is a", "fibre")), model="m")))) as end:
        with graphgrow.open("memory:", create=True) as graph:
            how = GrowthOptions(steps=1, policy="mix", reasoning_effort="low", reply_tokens=960, check_with="small")
            graph.grow("silk", f"{end.base_url}#m", how).run()
        asked = {(one.body["model"], one.body.get("reasoning_effort")) for one in end.chats}
    assert asked == {("m", "low"), ("small", None)}
    assert end.chats[0].body["max_tokens"] == 960
