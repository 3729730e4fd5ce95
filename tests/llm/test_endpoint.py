"""OpenAIChat against a real HTTP server that says what endpoints in the wild say."""

import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from subprocess import run
from typing import Any

import pytest

from graphgrow.errors import BadInput, ContextOverflow, LLMError
from graphgrow.graph.model import Json, Prompt, Reply, Usage
from graphgrow.llm.capabilities import fits_strict
from graphgrow.llm.clients import Clients
from graphgrow.llm.endpoint import Endpoint
from graphgrow.llm.openai_chat import OpenAIChat, first_model
from graphgrow.llm.usage import usd
from tests.servers import PATIENCE, Answer, Asked, Script, completion, in_order, refusal, serving

KEY = "sk-very/secret-key-0123456789"
SCHEMA: Json = {
    "type": "object",
    "properties": {"names": {"type": "array", "items": {"type": "string"}}},
    "required": ["names"],
    "additionalProperties": False,
}
PROMPT = Prompt("Answer in JSON.", "Name materials.", SCHEMA, max_tokens=64, seed=5)
OK = Answer(completion())


def chat(base_url: str, **options: Any) -> "closing[OpenAIChat]":
    """Return the model under test, to be closed by `with`: no retries unless asked for."""
    return closing(
        OpenAIChat("m-1", base_url, KEY, **({"max_retries": 0, "patience": 0, "timeout": PATIENCE} | options))
    )


def ask_at(base_url: str, prompt: Prompt = PROMPT, **options: Any) -> Reply:
    """Ask an endpoint one thing."""
    with chat(base_url, **options) as llm:
        return llm.ask(prompt)


def ask(script: Script, prompt: Prompt = PROMPT, **options: Any) -> Reply:
    """Ask a server with this script one thing."""
    with serving(script) as endpoint:
        return ask_at(endpoint.base_url, prompt, **options)


def error_of(script: Script, **options: Any) -> str:
    """Return what the error says, after checking that it does not say the key."""
    with pytest.raises(LLMError) as caught:
        ask(script, **options)
    assert KEY not in str(caught.value) + repr(caught.value)
    return str(caught.value)


def asked_format(asked: Asked) -> str:
    """Return which output format a request asked for."""
    wanted: Any = asked.body.get("response_format", {"type": "text"})
    return "strict" if wanted.get("json_schema", {}).get("strict") else str(wanted["type"])


def refusing(field: str, message: str) -> Script:
    """Refuse, with this message, every request that has a field."""
    return lambda asked: refusal(message) if field in asked.body else OK


def test_sends_the_whole_question_and_reads_the_whole_reply() -> None:
    """System, user, schema, limit, seed and temperature go out; text, bill, reason, seconds, model come back."""
    with serving(in_order(OK)) as endpoint:
        reply = ask_at(endpoint.base_url, PROMPT, temperature=0.3, clock=iter([10.0, 12.5]).__next__)
    body = endpoint.chats[0].body
    assert body["messages"] == [
        {"role": "system", "content": "Answer in JSON."},
        {"role": "user", "content": "Name materials."},
    ]
    assert (body["model"], body["max_tokens"], body["seed"], body["temperature"]) == ("m-1", 64, 5, 0.3)
    assert asked_format(endpoint.chats[0]) == "strict"
    assert reply == Reply("hello", Usage(7, 3), "stop", 2.5, "m-1", None)


def test_a_prompt_without_a_schema_asks_for_plain_text() -> None:
    """No schema, no response_format."""
    with serving(in_order(OK)) as endpoint:
        ask_at(endpoint.base_url, replace(PROMPT, schema=None))
    assert "response_format" not in endpoint.chats[0].body


def test_steps_down_the_output_formats_once_and_remembers() -> None:
    """An endpoint with no response_format at all is asked in four forms, then in plain text only."""
    script = refusing("response_format", "response_format is not supported by this server")
    with serving(script) as endpoint, chat(endpoint.base_url) as llm:
        replies = [llm.ask(PROMPT).text for _ in range(3)]
    assert replies == ["hello"] * 3
    assert [*map(asked_format, endpoint.chats)] == ["strict", "json_schema", "json_object", "text", "text", "text"]


def test_stops_at_json_mode_where_the_endpoint_has_it() -> None:
    """The way down ends at the first format that is taken."""

    def script(asked: Asked) -> Answer:
        return OK if asked_format(asked) == "json_object" else refusal("'json_schema' is unavailable now", 422)

    with serving(script) as endpoint, chat(endpoint.base_url) as llm:
        llm.ask(PROMPT)
        llm.ask(PROMPT)
    assert [*map(asked_format, endpoint.chats)] == ["strict", "json_schema", "json_object", "json_object"]


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("max_tokens", "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."),
        ("temperature", "Unsupported value: 'temperature' does not support 0.7 with this model."),
        ("seed", '{"type":"extra_forbidden","loc":["body","seed"],"msg":"Extra inputs are not permitted"}'),
    ],
)
def test_gives_up_only_the_field_that_is_refused(field: str, message: str) -> None:
    """A refused field goes, or changes its name, once; the schema stays."""
    with serving(refusing(field, message)) as endpoint, chat(endpoint.base_url) as llm:
        llm.ask(PROMPT)
        llm.ask(PROMPT)
    assert [field in one.body for one in endpoint.chats] == [True, False, False]
    assert {"max_tokens", "max_completion_tokens"} & endpoint.chats[-1].body.keys()
    assert asked_format(endpoint.chats[-1]) == "strict"


@pytest.mark.parametrize("words", ["System role not supported", "Conversation roles must alternate user/assistant"])
def test_a_model_without_a_system_role_gets_one_message(words: str) -> None:
    """Where the chat template refuses a system message, the instructions head the question."""

    def script(asked: Asked) -> Answer:
        messages: Any = asked.body["messages"]
        return refusal(words) if len(messages) > 1 else OK

    with serving(script) as endpoint:
        ask_at(endpoint.base_url, PROMPT)
    assert endpoint.chats[-1].body["messages"] == [{"role": "user", "content": "Answer in JSON.\n\nName materials."}]


CHECK = replace(PROMPT, schema=None, max_tokens=1, logprobs=True, temperature=0.0)
RIVALS = [{"token": " yes", "logprob": -0.25, "bytes": [1]}, {"token": "No", "logprob": -1.75}]


def scored(logprobs: object) -> Answer:
    """Return a completion with log-probabilities of whatever shape."""
    choice = {"message": {"content": " yes"}, "finish_reason": "length", "logprobs": logprobs}
    return Answer(completion() | {"choices": [choice]})


def test_log_probabilities_are_asked_for_and_read() -> None:
    """The first token with its rivals, for the prompts that want them and for no others."""
    answer = scored({"content": [{"token": " yes", "logprob": -0.25, "top_logprobs": RIVALS}, {"token": "!"}]})
    with serving(in_order(answer)) as endpoint, chat(endpoint.base_url) as llm:
        assert llm.ask(CHECK).logprobs == ((" yes", -0.25), ("No", -1.75))
        assert llm.ask(PROMPT).logprobs == ()
    check, other = (one.body for one in endpoint.chats)
    assert (check["logprobs"], check["top_logprobs"], check["max_tokens"], check["temperature"]) == (True, 5, 1, 0.0)
    assert not other.keys() & {"logprobs", "top_logprobs"}


@pytest.mark.parametrize(
    ("logprobs", "read"),
    [
        ({"content": [{"token": "yes", "logprob": -0.25}]}, (("yes", -0.25),)),
        ({"content": [{"token": "yes", "logprob": -0.25, "top_logprobs": []}]}, (("yes", -0.25),)),
        ({"content": [{"top_logprobs": [{"token": "yes", "logprob": -1}, {"token": "no", "logprob": "-inf"}]}]},
         (("yes", -1.0),)),
        (None, ()), ("none", ()), ([], ()), ({"content": None}, ()), ({"content": []}, ()), ({"content": ["yes"]}, ()),
        ({"content": [{"token": "yes"}]}, ()), ({"content": [{"top_logprobs": [None]}]}, ()),
        ({"tokens": ["yes"]}, ()),
        ({"tokens": ["yes"], "token_logprobs": [-0.25]}, (("yes", -0.25),)),
        ({"tokens": ["yes"], "token_logprobs": [-0.25], "top_logprobs": [{"yes": -0.25, "no": -1.75}]},
         (("yes", -0.25), ("no", -1.75))),
        ({"content": [{"token": "yes", "logprob": -0.25, "top_logprobs": {"yes": -0.25, "no": -1.75}}]},
         (("yes", -0.25), ("no", -1.75))),
        ([{"token": "yes", "logprob": -0.25}], (("yes", -0.25),)),
        ({"content": [{"token": "\n", "logprob": 0}, {"token": "<|channel|>", "logprob": 0},
                      {"token": "yes", "logprob": -0.25}]}, (("yes", -0.25),)),
        ({"content": [{"token": "\n", "logprob": -0.25}]}, (("\n", -0.25),)),
    ],
)  # fmt: skip
def test_log_probabilities_are_read_in_any_known_shape(logprobs: object, read: tuple[tuple[str, float], ...]) -> None:
    """Of the first word; whatever else an endpoint sends, the reply is a reply."""
    reply = ask(in_order(scored(logprobs)), CHECK)
    assert (reply.text, reply.logprobs) == (" yes", read)


@pytest.mark.parametrize(
    "message",
    [
        "Unsupported parameter: 'logprobs' is not supported with this model.",
        "You are not allowed to request logprobs from this model",
        '{"type":"extra_forbidden","loc":["body","top_logprobs"],"msg":"Extra inputs are not permitted"}',
        "Bad request",
    ],
)
def test_refused_log_probabilities_are_given_up_for_good(message: str) -> None:
    """The question is answered without, and no later one asks for them."""
    with serving(refusing("logprobs", message)) as endpoint, chat(endpoint.base_url) as llm:
        assert [llm.ask(CHECK).text for _ in range(3)] == ["hello"] * 3
    assert ["logprobs" in one.body for one in endpoint.chats] == [True, False, False, False]
    assert endpoint.chats[-1].body["temperature"] == 0.0


def test_log_probabilities_that_break_an_endpoint_are_given_up() -> None:
    """Some fail where they should refuse; what fails without them too is an error."""
    script: Script = lambda asked: refusal("oops", 500) if "logprobs" in asked.body else OK  # noqa: E731
    with serving(script) as endpoint, chat(endpoint.base_url, max_retries=0) as llm:
        assert [llm.ask(CHECK).text for _ in range(2)] == ["hello"] * 2
    assert ["logprobs" in one.body for one in endpoint.chats] == [True, False, False]
    once = in_order(OK, refusal("Out of range float values are not JSON compliant", 500), OK)
    with serving(once) as endpoint, chat(endpoint.base_url, max_retries=0) as llm:
        assert [llm.ask(CHECK).text for _ in range(3)] == ["hello"] * 3
    assert ["logprobs" in one.body for one in endpoint.chats] == [True, True, False, True]
    with serving(lambda _: refusal("oops", 500)) as endpoint, chat(endpoint.base_url, max_retries=0) as llm:
        with pytest.raises(LLMError, match="still fails"):
            llm.ask(CHECK)
        assert len(endpoint.chats) == 2


def test_a_refusal_of_everything_ends() -> None:
    """An endpoint that finds fault with every form gives an error, not a loop."""
    fault = "temperature seed max_completion_tokens response_format system role"
    assert "refused the question" in error_of(in_order(refusal(fault)))


def test_threads_share_what_is_learnt() -> None:
    """Eight threads on an endpoint that refuses a field all get their reply."""
    script = refusing("seed", "seed is not supported")
    with serving(script) as endpoint, chat(endpoint.base_url) as llm, ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: llm.ask(PROMPT).text, range(24)))
    assert replies == ["hello"] * 24
    assert sum("seed" in one.body for one in endpoint.chats) <= 8
    assert {asked_format(one) for one in endpoint.chats} == {"strict"}


def test_who_asks_again_takes_a_connection_that_is_there() -> None:
    """Eight threads need eight connections at the most, however often they ask; one thread needs one."""
    slow = Answer(completion(), delay=0.05)
    for threads in (8, 1):
        with serving(in_order(slow)) as endpoint, chat(endpoint.base_url) as llm, ThreadPoolExecutor(threads) as pool:
            assert len(list(pool.map(llm.ask, [PROMPT] * 3 * threads))) == len(endpoint.chats)
        assert len({one.port for one in endpoint.chats}) <= threads


@pytest.mark.parametrize(("base_url", "count"), [("http://127.0.0.1:9/v1", 2), ("https://127.0.0.1:9/v1", 1)])
def test_only_what_takes_long_to_make_is_shared(base_url: str, count: int) -> None:
    """Two requests at once have a client each, and one together where each would have to load what TLS trusts."""
    clients = Clients(Endpoint("m-1", base_url, KEY, timeout=PATIENCE, retries=0))
    with clients.lent() as one, clients.lent() as other:
        assert len({id(one), id(other)}) == count
    clients.close()
    assert one.is_closed()
    assert other.is_closed()


def test_waits_as_long_as_retry_after_says() -> None:
    """The second request arrives no sooner than the 1 second that the 429 asked for."""
    busy = refusal("slow down", 429, headers={"Retry-After": "1"})
    with serving(in_order(busy, OK)) as endpoint:
        assert ask_at(endpoint.base_url, PROMPT, patience=1).text == "hello"
    assert endpoint.chats[1].at - endpoint.chats[0].at >= 1.0


def test_a_server_error_is_tried_again() -> None:
    """A 500 and then an answer is an answer."""
    assert ask(in_order(refusal("oops", 500), OK), max_retries=1).text == "hello"


@pytest.mark.parametrize("retries", [0, 1])
def test_an_error_counts_the_retries_that_were_made(retries: int) -> None:
    """So many, and no more questions than that."""
    with serving(lambda _: refusal("oops", 500)) as endpoint:
        with pytest.raises(LLMError, match=f"still fails after {retries} retries"):
            ask_at(endpoint.base_url, replace(PROMPT, schema=None), max_retries=retries)
        assert len(endpoint.chats) == retries + 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            refusal(f"Incorrect API key provided: {KEY}", 401),
            "refused the key (401: Incorrect API key provided: ***): set",
        ),
        (
            refusal("Your organization must be verified to use the model `m-1`.", 404, code="model_not_found"),
            "does not let m-1 be asked here (404: Your organization must be verified",
        ),
        (refusal(f"key {KEY} may not", 403), "does not let m-1 be asked here (403: key *** may not)"),
        (
            refusal(f"slow down {KEY}", 429),
            "is busy or at its rate limit now (429: slow down ***): try again later, wait longer with --patience",
        ),
        (refusal("You exceeded your current quota", 429, code="insufficient_quota"), "quota"),
        (refusal("Insufficient Balance", 402), "quota"),
        (refusal(f"trouble with {KEY}", 503), "is busy or at its rate limit now (503: trouble with ***)"),
        (refusal(f"trouble with {KEY}", 500), "still fails after 0 retries (500: trouble with ***)"),
        (refusal(f"no thanks, {KEY}"), "refused the question to m-1 (400: no thanks, ***)"),
        (Answer("<html>hello</html>", headers={"Content-Type": "text/html"}), "no chat completion but '<html>hello"),
        (Answer(f"<html>{KEY}</html>", 502, {"Content-Type": "text/html"}), "still fails"),
        (Answer({"error": {"message": "nothing here"}}), "still fails after 0 retries (nothing here)"),
        (Answer("[" * 100_000), "no chat completion but"),
    ],
)
def test_what_goes_wrong_is_one_clear_line_without_the_key(answer: Answer, words: str) -> None:
    """Each failure says what happened and what to do in one line, and no key that the server echoes."""
    said = error_of(in_order(answer))
    assert words in said
    assert "\n" not in said
    assert len(said) < 500


def test_an_unknown_model_is_answered_with_those_there_are() -> None:
    """A 404 names a few of the models the endpoint lists."""
    listing = Answer({"data": [{"id": f"model-{number}"} for number in range(9)]})
    said = error_of(lambda asked: listing if asked.path == "/v1/models" else refusal("model not found", 404))
    assert said.endswith("has no model 'm-1' (404: model not found): choose one of its own with --llm: "
                         "model-0, model-1, model-2, model-3, model-4, ...")  # fmt: skip


def test_a_wrong_path_hints_at_v1() -> None:
    """Where neither chat nor listing is found, the base URL is the likely mistake."""
    assert "usually ends in /v1" in error_of(in_order(Answer("404 page not found", 404)))


@pytest.mark.parametrize(
    "answer",
    [
        refusal("This model's maximum context length is 4096 tokens, 'max_tokens' is too large: 512."),
        refusal("too long", code="context_length_exceeded"),
        refusal("the request exceeds the available context size", type="exceed_context_size_error"),
        refusal("Request too large for model: tokens per minute", 413),
        Answer({"message": "Prompt contains 40000 tokens, too large for 32768 maximum context length"}, 400),
    ],
)
def test_a_prompt_that_does_not_fit_is_a_context_overflow(answer: Answer) -> None:
    """The wordings of OpenAI, vLLM, llama.cpp and others for the same thing, asked once."""
    with serving(in_order(answer)) as endpoint, pytest.raises(ContextOverflow, match="does not fit the context of m-1"):
        ask_at(endpoint.base_url, PROMPT)
    assert len(endpoint.chats) == 1


def test_a_refused_connection_names_the_address() -> None:
    """Nobody listening is said with the address and where to look."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        base_url = f"http://user:hidden@127.0.0.1:{taken.getsockname()[1]}/v1"
        with pytest.raises(LLMError, match=r"no answer from http://127.*refused.*graphgrow models") as caught:
            ask_at(base_url, PROMPT)
    assert "hidden" not in str(caught.value)


def test_an_endpoint_that_is_too_slow_is_a_timeout() -> None:
    """The seconds waited are named."""
    assert "did not answer within 0.2 seconds" in error_of(in_order(Answer(completion(), delay=0.6)), timeout=0.2)


@pytest.mark.parametrize(
    ("content", "text"),
    [(None, ""), ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], "ab"), ("x \ud800 y", "x \ufffd y")],
)
def test_odd_contents_become_storable_text(content: object, text: str) -> None:
    """No content is no text, parts are joined, a lone surrogate is replaced, and the reason to stop is kept."""
    body = completion(content)
    body["choices"] = [{"message": {"content": content}, "finish_reason": "eos"}]
    reply = ask(in_order(Answer(body)))
    assert (reply.text, reply.finish_reason) == (text, "eos")
    assert reply.text.encode().decode() == text


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    """A reply in broken UTF-8 is still a reply."""
    body = Answer(completion("caf?")).content().replace(b"caf?", b"caf\xe9")
    assert ask(in_order(Answer(body))).text == "caf\ufffd"


@pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": None, "completion_tokens": "3"}])
def test_a_missing_bill_is_estimated(usage: object) -> None:
    """Without usage, tokens are characters / 4, rounded up."""
    assert ask(in_order(Answer(completion("123456789", usage=usage)))).usage == Usage(8, 3)


def test_the_key_is_in_no_repr() -> None:
    """Neither the model nor its endpoint shows the key."""
    with chat("http://127.0.0.1:9/v1") as llm:
        assert KEY not in repr(llm) + repr(llm._endpoint)


def test_keys_and_addresses_that_cannot_be_sent_are_refused_at_once() -> None:
    """A key with a line break and an address without http are named before anything is asked."""
    with pytest.raises(LLMError, match="has characters that no key has"):
        OpenAIChat("m-1", "http://127.0.0.1:9/v1", "sk-a\nb")
    with pytest.raises(BadInput, match=r"'127\.0\.0\.1:11434' is no address"):
        OpenAIChat("m-1", "127.0.0.1:11434")


def test_no_proxy_is_asked_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy in the environment does not come between us and a server on loopback."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert ask(in_order(OK)).text == "hello"


def test_takes_the_first_listed_model_that_chats() -> None:
    """Embedding models in the list are passed over; an empty list is an error."""
    with serving(in_order(Answer({"data": [{"id": "nomic-embed-text"}, {"id": "llama"}]}))) as endpoint:
        assert first_model(endpoint.base_url, "") == "llama"
    with serving(in_order(Answer({"data": []}))) as endpoint, pytest.raises(LLMError, match="lists no model"):
        first_model(endpoint.base_url, "")


def test_a_model_that_is_priced_says_so() -> None:
    """The priced provider's model has a price; the same name on loopback, elsewhere, or an unknown one has none."""
    million = Usage(1_000_000, 0)
    assert usd("gpt-4o-mini", "https://api.openai.com/v1", million) == pytest.approx(0.15)
    with closing(OpenAIChat("gpt-4o-mini", "https://api.openai.com/v1", KEY)) as llm:
        assert llm.price(million) == pytest.approx(0.15)
    for model, url in (
        ("gpt-4o-mini", "http://localhost:8000/v1"),
        ("gpt-4o-mini", "https://llm.example.org/v1"),
        ("none-such", "https://api.openai.com/v1"),
    ):
        assert usd(model, url, million) is None


def test_strict_needs_closed_objects_with_every_property_required() -> None:
    """One open object anywhere and the schema is sent without strict."""
    assert fits_strict(SCHEMA)
    assert not fits_strict({"type": "array", "items": {"type": "object", "properties": {"a": {}}}})
    open_schema = {**SCHEMA, "required": []}
    with serving(in_order(OK)) as endpoint:
        ask_at(endpoint.base_url, replace(PROMPT, schema=open_schema))
    assert asked_format(endpoint.chats[0]) == "json_schema"


def test_importing_the_package_imports_no_client() -> None:
    """openai, xllamacpp and genai_prices wait until a model is opened."""
    code = "import sys, graphgrow.llm; print({'openai', 'xllamacpp', 'genai_prices'} & set(sys.modules))"
    assert run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "set()"


def test_closing_twice_is_fine() -> None:
    """close() may be called again."""
    with chat("http://127.0.0.1:9/v1") as llm:
        llm.close()
        llm.close()
        assert "127.0.0.1:9" in repr(llm)
