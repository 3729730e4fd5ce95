"""What endpoints do otherwise than asked, kind by kind, at scripted servers: thinking, refusals, errors, waits."""

import gzip
import json
import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Event, Thread
from typing import Any

import pytest

from graphgrow.errors import LLMError, RunOver
from graphgrow.graph.model import BROKEN, CUT, REFUSED, THINKING, Prompt, Reply, Usage
from graphgrow.graph.thinking import split_thinking
from graphgrow.growth.fact_check import stated_in
from graphgrow.llm import memory, waiting
from graphgrow.llm.clients import address
from graphgrow.llm.endpoint import Endpoint
from graphgrow.llm.faults import fault_of, seconds
from graphgrow.llm.openai_chat import OpenAIChat, first_model
from graphgrow.parse.reply import parse
from tests.conftest import triples
from tests.servers import PATIENCE, Answer, Asked, Script, completion, in_order, refusal, serving

KEY = "sk-very/secret-key-0123456789"
PROMPT = Prompt("Answer in JSON.", "Name materials.", {"type": "object"}, max_tokens=100, seed=5)
SILK = triples(("spider silk", "contains", "fibroin"))
DRAFT = triples(("draft gland", "makes", "draft fibre"))
OK = Answer(completion(SILK))


def chat(base_url: str, **options: Any) -> "closing[OpenAIChat]":
    """Return the model under test, to be closed by `with`; it asks again once, and waits a little."""
    return closing(
        OpenAIChat("m-1", base_url, KEY, **({"max_retries": 1, "patience": 1, "timeout": PATIENCE} | options))
    )


def ask(script: Script, prompt: Prompt = PROMPT, **options: Any) -> Reply:
    """Ask a server with this script one thing."""
    with serving(script) as endpoint, chat(endpoint.base_url, **options) as llm:
        return llm.ask(prompt)


def message(finish: str = "stop", usage: object = None, **fields: object) -> Answer:
    """Return a completion whose message has these fields."""
    bill = usage or {"prompt_tokens": 40, "completion_tokens": 20, "total_tokens": 60}
    choice = {"index": 0, "message": {"role": "assistant"} | fields, "finish_reason": finish}
    return Answer(completion() | {"choices": [choice], "usage": bill})


def thinker(tokens: int, text: str = SILK, **hidden: object) -> Script:
    """Return a model that thinks so many tokens before it answers."""

    def script(asked: Asked) -> Answer:
        limit: Any = asked.body.get("max_tokens") or asked.body.get("max_completion_tokens")
        if limit < tokens:
            return message("length", {"prompt_tokens": 40, "completion_tokens": limit}, content="", **hidden)
        return message(usage={"prompt_tokens": 40, "completion_tokens": tokens + 20}, content=text)

    return script


# Thinking


@pytest.mark.parametrize(
    "wrap",
    [
        "<think>{draft}</think>{answer}", "<thinking>{draft}</thinking>{answer}", "[THINK]{draft}[/THINK]{answer}",
        "<thought>{draft}</thought>\n{answer}", "{draft}</think>{answer}", "<reasoning>{draft}</reasoning> {answer}",
        "<|channel|>analysis<|message|>{draft}<|end|><|start|>assistant<|channel|>final<|message|>{answer}<|return|>",
        "analysis We could say {draft} but no.assistantfinal{answer}", "<THINK>{draft}</THINK>{answer}",
        "<think>a</think>{draft}<think>no, wrong</think>{answer}", "<think>{draft}</think><answer>{answer}</answer>",
        "<|START_THINKING|>{draft}<|END_THINKING|><|START_RESPONSE|>{answer}<|END_RESPONSE|>",
        "\u25c1think\u25b7{draft}\u25c1/think\u25b7{answer}", "<seed:think>{draft}</seed:think>{answer}",
        "<|begin_of_thought|>{draft}<|end_of_thought|><|begin_of_solution|>{answer}<|end_of_solution|>",
        "<longcat_think>{draft}</longcat_think>\n{answer}", "&lt;think&gt;{draft}&lt;/think&gt;\n{answer}",
        "<|inner_prefix|>{draft}<|inner_suffix|>{answer}",
        "<|think|>{draft}<|end|><|begin|>assistant<|content|>{answer}",
        '<details type="reasoning" duration="12">\n<summary>Thought</summary>\n{draft}\n</details>\n{answer}',
        "<analysis>\n{draft}\n</analysis>\n<final>{answer}</final>", "[REASONING]{draft}[/REASONING]{answer}",
        "<|reasoning_start|>{draft}<|reasoning_end|>{answer}", "<thought_process>{draft}</thought_process>{answer}",
        "<details><summary>Thoughts</summary>\n{draft}</details>{answer}",
        "```thinking\n{draft}\n```\n\n```json\n{answer}\n```",
        "<|channel|>analysis<|message|>{draft}<|end|><|channel|>final <|constrain|>json<|message|>{answer}<|return|>",
        "<|channel|>analysis<|message|>{draft}<|end|><|channel|>commentary to=functions.reply json<|message|>{answer}",
    ],
)  # fmt: skip
def test_the_last_final_answer_counts_and_no_draft(wrap: str) -> None:
    """Whatever marks a model puts around its thinking, only what it answers is read."""
    text = wrap.replace("{draft}", DRAFT).replace("{answer}", SILK)
    assert [(one.source, one.target) for one in parse(text).triples] == [("spider silk", "fibroin")]
    if "wrong" not in wrap:
        assert parse(wrap.replace("{draft}", DRAFT).replace("{answer}", "")).triples == ()
    assert "draft" not in split_thinking(text)[0]


@pytest.mark.parametrize(
    "fields",
    [
        {"content": None, "reasoning_content": SILK}, {"content": "", "reasoning": f"Draft: {DRAFT}. Better:\n{SILK}"},
        {"content": SILK, "reasoning_content": DRAFT},
        {"content": [{"type": "thinking", "thinking": [{"text": DRAFT}]}, {"type": "text", "text": SILK}]},
        {"content": [{"type": "reasoning", "text": DRAFT}, {"type": "output_text", "text": SILK}]},
        {"content": None, "reasoning_content": f"{DRAFT}</think>{SILK}"},
    ],
)  # fmt: skip
def test_an_answer_is_read_wherever_it_stands(fields: dict[str, Any]) -> None:
    """In fields of thinking and in lists of parts, and never a draft beside it."""
    reply = ask(in_order(message(**fields)))
    assert [one.target for one in parse(reply.text).triples] == ["fibroin"]


def test_a_draft_that_nothing_follows_is_no_answer() -> None:
    """Where the thinking goes on after its draft and the answer is empty, nothing is read."""
    reply = ask(in_order(message(content="", reasoning=f"{DRAFT} no, that is wrong, let me see")))
    assert reply.text == ""


@pytest.mark.parametrize(
    "wrap",
    [
        "**Thinking:**\n{draft}\n\n**Final answer:**\n{answer}", "Hm. {draft}\n## Final Answer\n{answer}",
        "Here is my thought process: {draft}\n\nHere is my response: {answer}",
        "Thinking...\n{draft}\n...done thinking.\n\n{answer}", "## Reasoning\n{draft}\n## Answer\n{answer}",
    ],
)  # fmt: skip
def test_an_answer_with_a_heading_follows_its_draft(wrap: str) -> None:
    """A heading that nothing follows is part of what it ends."""
    text = wrap.replace("{draft}", DRAFT).replace("{answer}", SILK)
    assert [one.source for one in parse(text).triples] == ["spider silk"]
    after = f"{SILK}\n\n**Final answer:**\nThese relations."
    assert [one.source for one in parse(after).triples] == ["spider silk"]


def test_what_ends_like_much_else_ends_no_thinking_that_it_did_not_begin() -> None:
    """A block of details, and a block of code, hold answers too."""
    for text in (f"<details><summary>Relations</summary>\n{SILK}\n</details>", f"```json\n{SILK}\n```\nDone."):
        assert [one.source for one in parse(text).triples] == ["spider silk"]
    duration = '<details type="reasoning" duration="12"><summary>Thought for 12 s</summary></details>\n85'
    assert stated_in(split_thinking(duration)[0]) == stated_in("85")


@pytest.mark.parametrize("finish", ["stop", None, "model_context_window_exceeded"])
@pytest.mark.parametrize("fields", [{"content": "", "reasoning": "Okay, so."}, {"content": "<think>Okay, so. "}])
def test_a_limit_that_thinking_spent_is_too_small_whatever_the_reason(finish: str, fields: dict[str, Any]) -> None:
    """Nothing but thinking, and as many tokens as were allowed."""

    def script(asked: Asked) -> Answer:
        limit: Any = asked.body["max_tokens"]
        return message(finish, {"prompt_tokens": 40, "completion_tokens": limit}, **fields) if limit < 2000 else OK

    with serving(script) as endpoint, chat(endpoint.base_url) as llm:
        assert [llm.ask(PROMPT).finish_reason for _ in range(2)] == [THINKING, "stop"]


def test_thinking_is_no_list_of_names() -> None:
    """Of a question without a schema only a line that does not think aloud is the answer."""
    names = replace(PROMPT, schema=None)
    aloud = "The user wants materials.\n\nOkay, I should list: spidroin, beta sheet, glycine"
    assert ask(in_order(message(content="", reasoning=aloud)), names).text == ""
    assert ask(in_order(message(content="", reasoning="spidroin, beta sheet, glycine")), names).text.startswith("spid")
    assert ask(in_order(message(content=None, reasoning={"content": f"hm\n{SILK}"})), names).text == SILK


@pytest.mark.parametrize(("thought", "most"), [(1500, 2500), (300, 700)])
def test_a_room_is_remembered_when_a_reply_came_of_it(thought: int, most: int) -> None:
    """One that the endpoint does not take, in words that name no number, is lowered for this run and the next."""

    def script(asked: Asked) -> Answer:
        limit: Any = asked.body["max_tokens"]
        return refusal("That is too long for us.") if limit > most else thinker(thought)(asked)

    with serving(script) as endpoint:
        with chat(endpoint.base_url) as llm:
            assert llm.ask(PROMPT).finish_reason == THINKING
        with chat(endpoint.base_url) as llm:
            assert llm.room == 0
            assert [llm.ask(PROMPT).finish_reason for _ in range(3)] == [THINKING, "stop", "stop"]
        with chat(endpoint.base_url) as llm:
            assert thought - 100 <= llm.room <= most - 100
            assert llm.ask(PROMPT).text == SILK


def test_a_field_that_is_refused_in_no_words_takes_no_room() -> None:
    """Where it was not the room, that is kept."""

    def script(asked: Asked) -> Answer:
        return refusal("Bad request") if "seed" in asked.body else thinker(3000)(asked)

    with serving(script) as endpoint:
        memory.remember(endpoint.base_url, "m-1", memory.Learnt(4096, 1.0))
        with chat(endpoint.base_url) as llm:
            assert llm.ask(PROMPT).text == SILK
            assert "seed" not in endpoint.chats[-1].body


def test_a_limit_that_ends_in_thinking_is_learnt_and_remembered() -> None:
    """The cut reply is kept with its bill; the next one, and the next run's, has room; other prompts too."""
    with serving(thinker(1500, reasoning="Okay, let me think.")) as endpoint:
        with chat(endpoint.base_url) as llm:
            cut, whole = llm.ask(PROMPT), llm.ask(PROMPT)
            assert (cut.finish_reason, cut.usage) == (THINKING, Usage(40, 100))
            assert (whole.text, whole.finish_reason) == (SILK, "stop")
            assert llm.ask(replace(PROMPT, max_tokens=1)).text == SILK
        with chat(endpoint.base_url) as later:
            assert later.room >= 1500
            assert later.thinking > 100
            assert later.ask(PROMPT).text == SILK


@pytest.mark.parametrize("marks", ["{}: {}", "{}. {} %", "{}) {}", "- **{}: {}**"])
def test_ratings_that_were_taken_for_thinking_are_the_answer(marks: str) -> None:
    """Of several statements, a line each, after whatever was thought; one line amid other words is none."""
    rated = "\n".join(marks.format(number, 80 + number) for number in (1, 2, 3))
    question = Prompt("Answer with a line for each statement.", "How likely is each of these statements true?")
    for thought in ("", "Let me think about 1: silk.\n2: it is strong.\n\n"):
        script = in_order(message(content=None, reasoning_content=f"{thought}{rated}\n"))
        with serving(script) as endpoint, chat(endpoint.base_url) as llm:
            reply = llm.ask(question)
        assert (reply.text.strip(), reply.finish_reason) == (rated, "stop")
    aloud = in_order(message(content=None, reasoning_content=f"{rated}\nBut wait, let me see."))
    with serving(aloud) as endpoint, chat(endpoint.base_url) as llm:
        assert llm.ask(question).text == ""


def test_a_model_that_only_thinks_ends_as_cut_off() -> None:
    """Where no limit is enough it is not raised for ever."""
    with serving(thinker(10**6)) as endpoint, chat(endpoint.base_url) as llm:
        ends = [llm.ask(PROMPT).finish_reason for _ in range(6)]
    assert ends[-1] == CUT
    assert ends.count(THINKING) <= 3


@pytest.mark.parametrize(
    ("words", "least"),
    [
        ("Could not finish the message because max_tokens or model output limit was reached.", 1000),
        ("`max_tokens` must be greater than `thinking.budget_tokens` (2048).", 2049),
        ("`max_tokens` must be greater than `thinking.budget_tokens`.", 2049),
        ("Invalid 'max_tokens': integer below minimum value. Expected a value >= 300, but got 100 instead.", 300),
    ],
)
def test_a_limit_that_is_refused_as_too_small_is_raised(words: str, least: int) -> None:
    """By what it says, or by what thinking models take."""
    script: Script = lambda asked: OK if int(str(asked.body["max_tokens"])) >= least else refusal(words)  # noqa: E731
    assert ask(script).text == SILK


@pytest.mark.parametrize(
    "words",
    [
        "max_tokens is too large: 100. Maximum context length is 1024 tokens, your request has 964 input tokens",
        "max_tokens: 100 > 60, which is the maximum allowed number of output tokens for m-1",
        "Range of max_tokens should be [1, 60]",
        "Maximum context length is 1024 tokens, you requested 1064 (964 in the messages, 100 in the completion).",
    ],
)
def test_a_limit_that_is_refused_as_too_large_is_lowered(words: str) -> None:
    """To the largest that the endpoint takes."""
    with serving(lambda asked: OK if int(str(asked.body["max_tokens"])) <= 60 else refusal(words)) as endpoint:
        with chat(endpoint.base_url) as llm:
            llm.ask(PROMPT)
        assert [one.body["max_tokens"] for one in endpoint.chats] == [100, 60]


def test_thinking_on_the_bill_is_counted_once_and_wholly() -> None:
    """The larger of two counts holds the thinking; cached tokens and a stated cost are read."""
    bill = {"prompt_tokens": 40, "completion_tokens": 20, "total_tokens": 400, "cost": 0.25,
            "prompt_tokens_details": {"cached_tokens": 32}}  # fmt: skip
    reply = ask(in_order(message(usage=bill, content=SILK)))
    assert (reply.usage, reply.usage.cached_tokens, reply.usd) == (Usage(40, 360), 32, 0.25)
    assert ask(in_order(replace(OK, headers={"x-litellm-response-cost": "0.5"}))).usd == 0.5


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": "400", "completion_tokens": "120"}, {"prompt_tokens": 400.0, "completion_tokens": 120.0},
        {"prompt_tokens": "400.0", "completion_tokens": "120.0", "total_tokens": "0,520"},
        {"promptTokens": 400, "completionTokens": 120, "totalTokens": 520},
        [{"input_tokens": 400, "total_tokens": 520}], {"billed_units": {"input_tokens": 400, "output_tokens": 120}},
        {"input_tokens": 20, "output_tokens": 120, "cache_read_input_tokens": 380},
        {"prompt_tokens": 400, "completion_tokens": 20, "reasoning_tokens": 100},
        {"input_tokens": 400, "output_tokens": 120, "input_tokens_details": {"cached_tokens": 99}},
    ],
)  # fmt: skip
def test_a_bill_is_read_in_whatever_form(usage: object) -> None:
    """As text, in other names, within other fields; what was read from a cache is counted, and once."""
    choice = {"message": {"content": SILK}, "finish_reason": "stop"}
    for body in (
        {"choices": [choice], "usage": usage}, {"choices": [choice | {"usage": usage}]},
        {"choices": [choice], "x_groq": {"usage": usage}}, {"choices": [choice], "usageMetadata": usage},
    ):  # fmt: skip
        found = ask(in_order(Answer(body))).usage
        assert (found.prompt_tokens, found.completion_tokens) == (400, 120)


def test_a_bill_of_one_number_is_that_number() -> None:
    """How much of it was sent is estimated."""
    assert ask(in_order(message(usage={"total_tokens": 520}, content=SILK))).usage.tokens == 520


@pytest.mark.parametrize("cost", ["0.25", 0.25, {"input_cost": 0.05, "total_cost": 0.25}])
def test_a_cost_is_read_in_whatever_form(cost: object) -> None:
    """As text, or part by part."""
    assert (
        ask(in_order(message(usage={"prompt_tokens": 4, "completion_tokens": 2, "cost": cost}, content=SILK))).usd
        == 0.25
    )


# Refusals and errors


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (message(content=None, refusal="I can't assist with that."), "I can't assist"),
        (refusal("The response was filtered by the content management policy.", code="content_filter"), "filtered"),
        (refusal("m-1 requires moderation. Your input was flagged.", 403), "was flagged"),
        (message("content_filter", content=""), "content_filter"),
        (message("SAFETY", content=None), "safety"),
        (message("content_filter: PROHIBITED", content=None), "prohib"),
        (message("guardrail_intervened", content="The model cannot answer this."), "cannot answer"),
        (message("ERROR_TOXIC", content=""), "toxic"),
        (Answer({"error": "Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO"}, 403), "violates"),
    ],
)
def test_a_refusal_is_a_reply_in_its_words(answer: Answer, words: str) -> None:
    """Not an error: the next question may be answered."""
    reply = ask(in_order(answer))
    assert reply.finish_reason == REFUSED
    assert words in reply.text
    assert parse(reply.text, reply.finish_reason).outcome == "refused"


@pytest.mark.parametrize(
    "first",
    [
        Answer({"error": {"message": "Provider returned error", "code": 502}}), Answer(completion() | {"choices": []}),
        Answer(completion() | {"choices": None}),
        message("error", content=""), Answer("", 502), Answer("<html>Bad Gateway</html>", 502), Answer(""),
        Answer(json.dumps(completion(SILK))[:50]),
        Answer({"error": {"message": "Failed", "code": "json_validate_failed", "failed_generation": SILK[:20]}}, 400),
        message("insufficient_system_resource", content=""), message("network_error", content=SILK[:9]),
        message(content="upstream connect error or disconnect/reset before headers."),
        message(content="Error: 429 Too Many Requests"), Answer("error code: 524", 524),
        refusal("Request timed out.", 408), Answer({"object": "error", "message": "queue is full", "code": 50005}),
        Answer({"success": False, "errors": [{"code": 3040, "message": "Capacity temporarily exceeded"}]}),
        Answer({"choices": None, "base_resp": {"status_code": 1002, "status_msg": "rate limit exceeded"}}),
        Answer('data: {"error":{"message":"Rate limit exceeded","code":429}}\n\ndata: [DONE]\n\n'),
        Answer(completion("") | {"error": {"message": "Upstream idle timeout exceeded"}}),
        message("MALFORMED_FUNCTION_CALL", {"prompt_tokens": 40, "total_tokens": 40}, content=None),
        message("stop", {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, content=""),
        Answer(completion("", choices=[{"message": {"content": ""}, "finish_reason": "stop",
                                        "native_finish_reason": "network_error"}])),
        *(refusal("Not now.", status) for status in (421, 423, 424, 460, 499)),
        Answer({"error": "The model has crashed without additional information. (Exit code: 1)"}, 400),
        Answer({"title": "Bad Request", "detail": "Function id '2': DEGRADED function cannot be invoked"}, 400),
    ],
)  # fmt: skip
def test_what_fails_once_is_asked_again(first: Answer) -> None:
    """By its kind, whatever its status."""
    assert ask(in_order(first, OK)).text == SILK


@pytest.mark.parametrize("status", [400, 404, 408, 409, 429, 500])
def test_an_endpoint_says_itself_whether_to_ask_again(status: int) -> None:
    """By `x-should-retry`, as the openai package reads it, before anything that a status may mean."""
    again = refusal("not this time", status, headers={"X-Should-Retry": "true"})
    assert ask(in_order(again, OK)).text == SILK
    soon = refusal("not this time", status, headers={"X-Should-Retry": "true", "Retry-After-Ms": "20"})
    assert ask(in_order(soon, OK)).text == SILK
    never = refusal("not this time", status, headers={"X-Should-Retry": "false"})
    with serving(in_order(never, OK)) as endpoint, chat(endpoint.base_url) as llm:
        if status == 400:  # asked without what it may have refused, which is another question
            assert llm.ask(PROMPT).text == SILK
            assert endpoint.chats[0].body != endpoint.chats[1].body
            return
        with pytest.raises(LLMError):
            llm.ask(PROMPT)
        assert len(endpoint.chats) == 1


def test_what_breaks_off_again_is_a_reply_that_cannot_be_used() -> None:
    """With the beginning of what came; asked twice and no more, and both bills are kept."""
    with serving(in_order(Answer(completion() | {"choices": []}))) as endpoint, chat(endpoint.base_url) as llm:
        reply = llm.ask(PROMPT)
        assert len(endpoint.chats) == 2
    assert (reply.finish_reason, reply.usage) == (BROKEN, Usage(14, 6))
    with serving(in_order(OK, Answer("<html>Sign in</html>"))) as endpoint, chat(endpoint.base_url) as llm:
        llm.ask(PROMPT)
        assert "Sign in" in llm.ask(PROMPT).text


@pytest.mark.parametrize("lost", [
    Answer(completion(SILK), cut=-1), Answer(completion(SILK), cut=0), Answer(completion(SILK), cut=60),
    Answer("upstream request timeout", 504), Answer("error code: 524", 524), refusal("Request timed out.", 408),
])  # fmt: skip
def test_what_was_under_way_is_asked_once_more_and_on_the_bill(lost: Answer) -> None:
    """The model may have written all of it: nobody pays for it five times, and what had begun to arrive is billed."""
    with serving(in_order(lost, OK)) as endpoint, chat(endpoint.base_url) as llm:
        reply = llm.ask(PROMPT)
        assert len(endpoint.chats) == 2
    sent = math.ceil(len(PROMPT.system + PROMPT.user) / 4)
    assert reply.text == SILK
    assert reply.usage == (Usage(7 + sent, 3 + 60 // 4) if lost.cut == 60 else Usage(7, 3))
    with serving(lambda _: lost) as endpoint, chat(endpoint.base_url) as llm:
        if lost.cut == 60:
            reply = llm.ask(PROMPT)
            assert (reply.finish_reason, reply.usage) == (BROKEN, Usage(2 * sent, 2 * 60 // 4))
        else:
            with pytest.raises(LLMError):
                llm.ask(PROMPT)
        assert len(endpoint.chats) == 2


@pytest.mark.parametrize("answer", [
    Answer("Internal Server Error", 500), refusal("failed to load model vocabulary required for format", 500),
    refusal("Internal server error: xgrammar compile error: Cannot find type for schema", 500),
])  # fmt: skip
def test_a_format_that_an_endpoint_fails_at_is_given_up(answer: Answer) -> None:
    """After the retries, for it should have refused it; from then on nothing else is asked in it."""
    script: Script = lambda asked: answer if "response_format" in asked.body else OK  # noqa: E731
    with serving(script) as endpoint, chat(endpoint.base_url, max_retries=1) as llm:
        assert [llm.ask(PROMPT).text for _ in range(2)] == [SILK] * 2
        assert len(endpoint.chats) == 4


def test_a_question_that_an_endpoint_fails_at_is_no_end() -> None:
    """Another one is answered, so that what it says of this one is a reply that cannot be used, and no more."""
    words = "error parsing tool call: raw='silk, ' err=invalid character"
    script: Script = lambda asked: refusal(words, 500) if "materials" in json.dumps(asked.body) else OK  # noqa: E731
    with serving(script) as endpoint, chat(endpoint.base_url, max_retries=1) as llm:
        assert llm.ask(replace(PROMPT, user="Name metals.")).text == SILK
        reply = llm.ask(PROMPT)
        assert (reply.finish_reason, reply.usage) == (BROKEN, Usage(7, 3))
        assert "error parsing tool call" in reply.text
    with serving(in_order(OK, refusal(words, 500))) as endpoint, chat(endpoint.base_url, max_retries=1) as llm:
        llm.ask(PROMPT)
        with pytest.raises(LLMError, match="still fails after 1 retries"):
            llm.ask(PROMPT)


def test_what_is_refused_again_and_again_is_not_about_the_questions() -> None:
    """The first time it may be; where a harmless one is refused too, what the endpoint says ends the run."""
    gone = refusal("Something about the plan of this workspace.")
    with serving(in_order(OK, gone)) as endpoint, chat(endpoint.base_url) as llm:
        assert [llm.ask(PROMPT).finish_reason for _ in range(2)] == ["stop", REFUSED]
        with pytest.raises(LLMError, match="Something about the plan"):
            llm.ask(PROMPT)


def test_a_failed_generation_is_used_where_it_is_whole_and_says_nothing_of_parameters() -> None:
    """Words that a model wrote switch nothing off."""
    failed = refusal("Failed to generate JSON.", code="json_validate_failed", failed_generation=SILK)
    assert ask(in_order(failed)).text == SILK
    broken = refusal(
        "Failed.", code="json_validate_failed", failed_generation='{"relations":[{"source":"temperature seed'
    )
    with serving(in_order(broken, OK)) as endpoint, chat(endpoint.base_url) as llm:
        llm.ask(PROMPT)
        assert {"temperature", "seed", "response_format"} <= endpoint.chats[-1].body.keys()


def test_what_an_endpoint_echoes_is_not_read() -> None:
    """Neither the value of a refused field nor a long quotation of the question blames another parameter."""
    detail = [
        {"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs", "input": "temperature schema"}
    ]
    fault = fault_of(422, {}, json.dumps({"detail": detail}))
    assert (fault.kind, fault.names) == ("parameter", ("seed",))
    assert "temperature" not in fault.message
    quoted = fault_of(
        400, {}, json.dumps({"error": {"message": f"Cannot read '{'glass transition temperature ' * 5}'."}})
    )
    assert "temperature" not in quoted.message


def test_a_refusal_that_names_nothing_gives_up_one_field_after_the_other() -> None:
    """Until the endpoint takes the question; what was guessed is kept."""
    with serving(lambda asked: refusal("Bad request") if "seed" in asked.body else OK) as endpoint:
        with chat(endpoint.base_url) as llm:
            assert [llm.ask(PROMPT).text for _ in range(2)] == [SILK] * 2
        assert "seed" not in endpoint.chats[-1].body
        assert "temperature" in endpoint.chats[-1].body


@pytest.mark.parametrize(
    "words",
    ["Bad request", "{'loc': ('body', 'messages', 0, 'role'), 'msg': 'Bad'}", "the role of first message must be user"],
)
def test_a_role_that_is_not_taken_is_given_up(words: str) -> None:
    """Named by its place or not at all: the instructions head the question."""

    def script(asked: Asked) -> Answer:
        messages: Any = asked.body["messages"]
        return refusal(words) if len(messages) > 1 else OK

    assert ask(script).text == SILK


@pytest.mark.parametrize(
    ("status", "field", "words"),
    [
        (403, "logprobs", "You are not allowed to request logprobs from this model"),
        (404, "logprobs", "No endpoints found that support logprobs."), (405, "seed", "Parameter seed is not allowed"),
        (500, "response_format", "JSON schema conversion failed: Unrecognized schema"),
        (501, "response_format", "response_format is not implemented by this backend"),
        (500, "temperature", "Error code: 400 - Unsupported value: 'temperature' does not support 0.7"),
    ],
)  # fmt: skip
def test_a_field_is_given_up_whatever_the_status(status: int, field: str, words: str) -> None:
    """At once, and for good: the words name it."""
    script: Script = lambda asked: refusal(words, status) if field in asked.body else OK  # noqa: E731
    with serving(script) as endpoint, chat(endpoint.base_url, max_retries=0) as llm:
        assert [llm.ask(replace(PROMPT, logprobs=True)).text for _ in range(2)] == [SILK] * 2
        assert field not in endpoint.chats[-1].body
        assert "model" in endpoint.chats[-1].body


def test_a_first_question_that_nobody_lets_pass_is_told_from_its_form() -> None:
    """Where a harmless question in that form is answered, the other is refused for its words, at what that cost."""
    script: Script = lambda asked: refusal("Xyzzy.") if "materials" in json.dumps(asked.body) else OK  # noqa: E731
    with serving(script) as endpoint, chat(endpoint.base_url) as llm:
        first, asked = llm.ask(PROMPT), len(endpoint.chats)
        assert (first.finish_reason, first.text, first.usage) == (REFUSED, "Xyzzy.", Usage(7, 3))
        again = llm.ask(PROMPT)
        assert (again.finish_reason, again.usage) == (REFUSED, Usage())
        assert len(endpoint.chats) == asked + 1
        assert llm.ask(replace(PROMPT, user="Name metals.")).text == SILK


def test_after_good_answers_a_refusal_is_about_the_question() -> None:
    """What names no parameter is the words about one question, and the run goes on."""
    with serving(in_order(OK, refusal("Invalid prompt."), OK)) as endpoint, chat(endpoint.base_url) as llm:
        assert [llm.ask(PROMPT).finish_reason for _ in range(3)] == ["stop", REFUSED, "stop"]
        assert endpoint.chats[-1].body == endpoint.chats[0].body


@pytest.mark.parametrize(
    ("words", "field", "value"),
    [
        ("This model only support stream mode, please enable the stream parameter.", "stream", True),
        ("Non-streaming requests are not supported for this model; set `stream` to true.", "stream", True),
        ("parameter.enable_thinking must be set to false for non-streaming calls", "enable_thinking", False),
    ],
)
def test_what_an_endpoint_wants_is_sent(words: str, field: str, value: object) -> None:
    """A field that has to have a value gets it."""
    assert ask(lambda asked: OK if asked.body.get(field) is value else refusal(words)).text == SILK


@pytest.mark.parametrize(
    "end", ["data: [DONE]\n\n", "", 'data: {"choices":[],"usage":{"prompt_tokens":40,"completion_tokens":9}}\n\n']
)
def test_a_stream_is_read_although_none_was_asked_for(end: str) -> None:
    """Chunk by chunk, thinking apart, with its bill; one that breaks off is no answer."""
    deltas = [{"reasoning_content": DRAFT}, *({"content": SILK[at : at + 9]} for at in range(0, len(SILK), 9))]
    chunks = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    last = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    stream = "".join(f"data: {json.dumps(one)}\n\n" for one in (*chunks, last)) + end
    headers = {"Content-Type": "text/event-stream"}
    reply = ask(in_order(Answer(stream, headers=headers)))
    assert (reply.text, reply.finish_reason) == (SILK, "stop")
    assert ("usage" not in end) or reply.usage == Usage(40, 9)
    broken = "".join(f"data: {json.dumps(one)}\n\n" for one in chunks[:4])
    assert ask(in_order(Answer(broken, headers=headers))).finish_reason == BROKEN


@pytest.mark.parametrize(
    "form",
    [
        "lines",
        "CR",
        "NDJSON",
        "no index",
        "tool",
        "unfinished",
        "kept alive",
        "all so far",
        "once more",
        "text",
        "signs",
    ],
)
def test_a_stream_is_read_in_whatever_form(form: str) -> None:
    """Once, with its bill."""
    parts = [SILK[at : at + 9] for at in range(0, len(SILK), 9)]
    index = None if form == "no index" else 0
    deltas: list[dict[str, Any]] = [{"content": part} for part in parts]
    if form == "tool":
        deltas = [{"tool_calls": [{"index": 0, "function": {"arguments": part}}]} for part in parts]
    if form == "all so far":
        deltas = [{"content": "".join(parts[: at + 1])} for at in range(len(parts))]
    chunks: list[dict[str, Any]] = [{"choices": [{"index": index, "delta": delta}]} for delta in deltas]
    if form == "once more":
        chunks.append({"choices": [{"index": 0, "message": {"content": SILK}, "finish_reason": "stop"}]})
    elif form != "unfinished":
        chunks.append({"choices": [{"index": index, "delta": {}, "finish_reason": "stop"}]})
    chunks.append({"choices": [], "usage": {"prompt_tokens": 40, "completion_tokens": 9}})
    if form == "text":
        chunks = [{"choices": [{"index": 0, "text": part}]} for part in parts] + chunks[-2:]
    end = {"lines": "\n", "CR": "\r\r", "NDJSON": "\n"}.get(form, "\n\n")
    name = "" if form == "NDJSON" else "data: "
    stream = "".join(f"{name}{json.dumps(one)}{end}" for one in chunks)
    if form == "signs":
        stream = f"data: keep-alive\n\n{stream}data: DONE\n\n"
    if form == "kept alive":
        stream = f": keep-alive\n\n: keep-alive\n\n{json.dumps(completion(SILK))}"
    with serving(in_order(Answer(stream))) as endpoint, chat(endpoint.base_url) as llm:
        reply = llm.ask(PROMPT)
        assert len(endpoint.chats) == 1
    assert (reply.text, reply.finish_reason) == (SILK, "stop")
    assert reply.usage == (Usage(7, 3) if form == "kept alive" else Usage(40, 9))


@pytest.mark.parametrize("text", ["450 nm light, 500 K", "error correction, error bars", "upstream, downstream"])
def test_names_are_no_error_of_a_proxy(text: str) -> None:
    """Numbers and words that errors begin with too."""
    assert ask(in_order(message(content=text)), replace(PROMPT, schema=None)).finish_reason == "stop"


# Waits


@pytest.mark.parametrize(
    ("text", "value"),
    [("20", 20), ("1.5s", 1.5), ("7m12s", 432), ("120ms", 0.12), ("1 minute", 60), ("soon", None), ("-3", None)],
)
def test_a_delay_is_read_in_whatever_unit(text: str, value: float | None) -> None:
    """Seconds, with or without a unit; what is no time is none."""
    assert seconds(text) == value


@pytest.mark.parametrize(
    ("headers", "body", "delay"),
    [
        ({"Retry-After": "7"}, {}, 7), ({"retry-after-ms": "1500"}, {}, 1.5),
        ({}, {"error": {"message": "Please try again in 7m12s."}}, 432),
        ({}, [{"error": {"message": "Quota", "details": [{"retryDelay": "13s"}]}}], 13),
        ({"x-ratelimit-reset-requests": "6s", "x-ratelimit-remaining-requests": "0",
          "x-ratelimit-reset-tokens": "1ms", "x-ratelimit-remaining-tokens": "900"}, {}, 6),
        ({}, {"error": {"message": "slow down"}}, None),
    ],
)  # fmt: skip
def test_a_delay_is_read_wherever_it_stands(headers: dict[str, str], body: object, delay: float | None) -> None:
    """In headers, in fields, in the message."""
    fault = fault_of(429, headers, json.dumps(body))
    assert (fault.kind, fault.delay) == ("busy", delay)


@pytest.mark.parametrize(
    ("answer", "least"),
    [
        (refusal("Please retry in 0.4s.", 429), 0.4), (refusal("slow down", 429), 1.0),
        (refusal("Loading model", 503), 1.0), (Answer({"error": {"message": "per minute", "code": 429}}), 1.0),
    ],
)  # fmt: skip
def test_an_endpoint_without_room_is_waited_for(answer: Answer, least: float) -> None:
    """As long as it says, or a little longer each time; it is told."""
    with serving(in_order(answer, OK)) as endpoint, chat(endpoint.base_url) as llm:
        assert llm.ask(PROMPT).text == SILK
        assert endpoint.chats[1].at - endpoint.chats[0].at >= least


def test_no_wait_is_longer_than_patience() -> None:
    """What asks for more ends at once, in the server's words; a spent quota is not waited for."""
    began = time.monotonic()
    with pytest.raises(LLMError, match=r"asks to wait 432 seconds .*try again in 7m12s.*--patience"):
        ask(in_order(refusal("Please try again in 7m12s.", 429)))
    with pytest.raises(LLMError, match=r"quota .*exceeded your current quota.*top it up"):
        ask(in_order(refusal("You exceeded your current quota.", 429, code="insufficient_quota")))
    assert time.monotonic() - began < 30


def test_a_run_that_is_over_waits_no_longer() -> None:
    """A budget or Ctrl-C ends a wait."""
    token = waiting.is_over.set(lambda: True)
    try:
        with pytest.raises(RunOver):
            ask(in_order(refusal("slow down", 429)))
    finally:
        waiting.is_over.reset(token)


def test_what_is_slow_is_not_asked_again() -> None:
    """One request, however many retries there are."""
    with serving(in_order(Answer(completion(), delay=0.8))) as endpoint:
        with chat(endpoint.base_url, timeout=0.3, max_retries=3) as llm, pytest.raises(LLMError, match="--timeout"):
            llm.ask(PROMPT)
        assert len(endpoint.chats) == 1


def test_all_threads_wait_for_an_endpoint_without_room() -> None:
    """After one was refused the others ask when it may be asked again."""
    answers = in_order(OK, refusal("retry in 0.5s", 429), OK)
    with serving(answers) as endpoint, chat(endpoint.base_url) as llm, ThreadPoolExecutor(4) as pool:
        assert [reply.text for reply in pool.map(llm.ask, [PROMPT] * 6)] == [SILK] * 6
        assert len(endpoint.chats) == 7


# Bodies


def test_a_small_body_that_unpacks_to_a_flood_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packed bodies are read, up to a size."""
    packed = {"Content-Encoding": "gzip"}

    def gzipped(text: str) -> Answer:
        data = gzip.compress(text.encode())
        return Answer(data, headers=packed | {"Content-Length": str(len(data))})

    assert ask(in_order(gzipped(json.dumps(completion(SILK))))).text == SILK
    monkeypatch.setattr("graphgrow.llm.clients.MOST_BYTES", 10_000)
    for answer in (gzipped(" " * 100_000), Answer(" " * 100_000)):
        with pytest.raises(LLMError, match="sends more than any reply holds"):
            ask(in_order(answer))


def test_a_key_that_is_echoed_is_blotted_out() -> None:
    """In a reply, its model's name, an error, and a listing."""
    reply = ask(in_order(Answer(completion(f"{SILK} {KEY}", model=KEY))))
    assert KEY not in repr(reply)
    with pytest.raises(LLMError) as caught:
        ask(in_order(refusal(f"no {KEY}, {json.dumps(KEY)}", 403)))
    assert KEY not in str(caught.value)


def test_a_word_that_stands_for_a_key_is_left_in_a_reply() -> None:
    """No secret is as short as "ollama"."""
    script = in_order(Answer(completion("ollama")))
    with serving(script) as endpoint, closing(OpenAIChat("m-1", endpoint.base_url, "ollama")) as llm:
        assert llm.ask(PROMPT).text == "ollama"


# Addresses and models


@pytest.mark.parametrize(
    ("base_url", "joined", "query"),
    [
        ("https://r.openai.azure.com/openai/deployments/d?api-version=2024-10-21",
         "https://r.openai.azure.com/openai/deployments/d", {"api-version": "2024-10-21"}),
        ("https://r.openai.azure.com?api-version=2024-10-21",
         "https://r.openai.azure.com/openai/deployments/m-1", {"api-version": "2024-10-21"}),
        ("https://r.openai.azure.com", "https://r.openai.azure.com/openai/v1", {}),
        ("http://127.0.0.1:1/v1/chat/completions", "http://127.0.0.1:1/v1", {}),
        ("http://127.0.0.1:1/v1/", "http://127.0.0.1:1/v1", {}),
    ],
)  # fmt: skip
def test_addresses_keep_their_query(base_url: str, joined: str, query: dict[str, str]) -> None:
    """Azure's version goes with every request, and its deployment is the path."""
    assert address(Endpoint("m-1", base_url, KEY, 1.0, 0)) == (joined, query)


def test_an_azure_address_is_asked_with_its_version_and_key() -> None:
    """On the wire: the query after the path, the key under Azure's name."""
    with serving(in_order(OK)) as endpoint:
        base_url = endpoint.base_url.replace("/v1", "/openai/deployments/d?api-version=2024-10-21")
        with chat(base_url) as llm:
            assert llm.ask(PROMPT).text == SILK
        (asked,) = endpoint.asked
    assert asked.path == "/openai/deployments/d/chat/completions?api-version=2024-10-21"
    assert asked.headers["api-key"] == KEY


def test_a_list_of_models_is_passed_over_to_those_that_chat() -> None:
    """The one that can chat is taken; of several, after those that cannot, the user says which."""

    def listing(*names: str) -> Script:
        return in_order(Answer({"data": [{"id": name} for name in names]}))

    with serving(listing("whisper-large-v3", "dall-e-3", "gpt-5")) as endpoint:
        assert first_model(endpoint.base_url, "") == "gpt-5"
    which = pytest.raises(LLMError, match="2 models that may chat: name one with --llm: gpt-5, gpt-4o")
    with serving(listing("whisper-1", "gpt-5", "gpt-4o")) as endpoint, which:
        first_model(endpoint.base_url, "")
    for other in ("all-minilm:latest", "wan2.2-t2v", "jina-colbert-v2", "kokoro-82m", "qwen-image"):
        with serving(listing(other, "qwen3:8b")) as endpoint:
            assert first_model(endpoint.base_url, "") == "qwen3:8b"
    with serving(listing("whisper-1")) as endpoint, pytest.raises(LLMError, match="no model that chats"):
        first_model(endpoint.base_url, "")


def test_a_form_that_was_never_answered_is_asked_in_others() -> None:
    """A bare refusal of the first fact check is about its log-probabilities, whatever was answered before."""
    check = replace(PROMPT, schema=None, max_tokens=1, logprobs=True)
    with serving(lambda asked: refusal("Bad request") if "logprobs" in asked.body else OK) as endpoint:
        with chat(endpoint.base_url) as llm:
            assert [llm.ask(one).text for one in (PROMPT, check, check)] == [SILK] * 3
        assert ["logprobs" in one.body for one in endpoint.chats] == [False, True, False, False]


def test_what_was_paid_for_and_broke_off_is_kept_where_the_next_try_fails() -> None:
    """A reply that cannot be used, with its bill, and no error that loses it."""
    broken = Answer(completion() | {"choices": []})
    reply = ask(in_order(broken, refusal("no", 401)))
    assert (reply.finish_reason, reply.usage) == (BROKEN, Usage(7, 3))


@pytest.mark.parametrize(
    "body",
    [
        {"object": "list", "data": [{"id": "a"}, {"id": "b"}]}, {"models": [{"name": "a"}, {"model": "b"}]}, ["a", "b"],
        [{"id": "e", "type": "embeddings"}, {"id": "a"}, {"id": "b", "capabilities": {"completion_chat": True}}],
    ],
)  # fmt: skip
def test_a_list_of_models_is_read_in_whatever_shape(body: object) -> None:
    """What says itself that it does not chat is left out."""
    with serving(in_order(Answer(body))) as endpoint, chat(endpoint.base_url) as llm:
        assert llm.models() == ("a", "b")


@pytest.mark.parametrize(
    "fields",
    [
        {"content": None, "tool_calls": [{"type": "function", "function": {"name": "reply", "arguments": SILK}}]},
        {"content": json.loads(SILK)},
        {"content": None, "reasoning_details": [{"type": "reasoning.text", "text": SILK}]},
        {"content": json.dumps(SILK)}, {"content": None, "thinking_blocks": [{"type": "thinking", "thinking": SILK}]},
        {"content": json.dumps(json.dumps(SILK))}, {"content": json.dumps(f"```json\n{SILK}\n```")},
        {"content": json.dumps(SILK)[1:-1]}, {"content": SILK.replace('"', "&quot;")},
        {"content": {"role": "model", "parts": [{"text": SILK}]}},
        {"content": "", "tool_calls": [{"type": "tool_use", "name": "reply", "input": json.loads(SILK)}]},
        {"content": None, "tool_calls": {"function": {"name": "reply", "parameters": SILK}}},
    ],
)  # fmt: skip
def test_an_answer_that_is_no_plain_text_is_read_too(fields: dict[str, Any]) -> None:
    """As the call of a tool, as JSON that a server has read, in details of the thinking, quoted or escaped."""
    assert [one.target for one in parse(ask(in_order(message(**fields))).text).triples] == ["fibroin"]


def test_of_several_tools_that_are_called_each_is_read() -> None:
    """One after the other."""
    two = [SILK, triples(("spider silk", "contains", "sericin"))]
    reply = ask(in_order(message(content=None, tool_calls=[{"function": {"arguments": one}} for one in two])))
    assert [one.target for one in parse(reply.text).triples] == ["fibroin", "sericin"]


@pytest.mark.parametrize("tail", ["\n<!-- served by edge-7 -->", "\n\ndata: [DONE]\n\n", "\0\0\0"])
def test_what_stands_after_a_body_is_no_part_of_it(tail: str) -> None:
    """A comment, the end of a stream, padding: the reply is asked for once."""
    with serving(in_order(Answer(json.dumps(completion(SILK)) + tail))) as endpoint, chat(endpoint.base_url) as llm:
        assert llm.ask(PROMPT).text == SILK
        assert len(endpoint.chats) == 1


def test_the_numbers_of_sources_are_no_part_of_a_name() -> None:
    """Where an endpoint gives sources, and nowhere else."""
    cited = SILK.replace("fibroin", "fibroin[1][12]")
    for more, name in (({"search_results": [{"title": "Silk"}]}, "fibroin"), ({}, "fibroin[1][12]")):
        text = ask(in_order(Answer(completion(cited, **more)))).text
        assert [one["target"] for one in json.loads(text)["relations"]] == [name]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_question_stays_one_along_a_redirect(status: int) -> None:
    """With its body, to wherever there is a chat; one to nowhere is said, and one to a page leads to that."""

    def script(asked: Asked) -> Answer:
        if asked.path.endswith("/"):
            return OK if asked.body.get("messages") else Answer("Method Not Allowed", 405)
        return Answer("", status, {"Location": f"{asked.path}/"})

    assert ask(script).text == SILK
    with pytest.raises(LLMError, match=f"has no chat at that address .{status}: a redirect to nowhere"):
        ask(in_order(Answer("", status)))


WHOLE = json.dumps(completion(SILK)).encode()
PACKED = gzip.compress(WHOLE)


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (PACKED, {}), (WHOLE, {"Content-Encoding": "gzip"}),
        (gzip.compress(PACKED), {"Content-Encoding": "gzip, gzip"}),
        (gzip.compress(WHOLE[:99]) + gzip.compress(WHOLE[99:]), {"Content-Encoding": "gzip"}),
        (WHOLE, {"Content-Encoding": "br"}), (WHOLE.decode().encode("utf-16"), {}),
        (json.dumps(completion(SILK), ensure_ascii=False).encode("latin-1"), {}),
    ],
)  # fmt: skip
def test_a_body_is_unpacked_whatever_its_headers_say(content: bytes, headers: dict[str, str]) -> None:
    """Packed or not, once, twice or in parts, in this or that encoding: they may be of a server behind a proxy."""
    assert ask(in_order(Answer(content, headers=headers))).text == SILK


def test_a_body_is_read_in_the_encoding_that_is_said() -> None:
    """Where it is no UTF-8."""
    named = triples(("spider silk", "contains", "prot\u00e9ine"))
    body = json.dumps(completion(named.encode().decode("unicode_escape")), ensure_ascii=False).encode("latin-1")
    reply = ask(in_order(Answer(body, headers={"Content-Type": "application/json; charset=ISO-8859-1"})))
    assert [one.target for one in parse(reply.text).triples] == ["prot\u00e9ine"]


def test_what_nobody_can_unpack_is_said() -> None:
    """By the name of how it is packed."""
    packed = Answer(b"\x1b\x0f\x00\xf8\xa5\x5b", headers={"Content-Encoding": "br"})
    with pytest.raises(LLMError, match="its body is packed as br, which nobody asked for"):
        ask(in_order(packed))


def test_what_cannot_chat_is_not_named_as_another_model() -> None:
    """Of those that are listed, the ones that may chat."""
    listed = Answer({"data": [{"id": "m-1"}, {"id": "whisper-1"}, {"id": "gpt-5"}, {"id": "text-embedding-3"}]})
    words = refusal("The model `m-1` does not exist", 404, code="model_not_found")
    script: Script = lambda asked: listed if asked.path.endswith("/models") else words  # noqa: E731
    sentence = pytest.raises(LLMError, match=r"its own with --llm: m-1, gpt-5$")
    with serving(script) as endpoint, chat(endpoint.base_url) as llm, sentence:
        llm.ask(PROMPT)


def test_an_error_in_place_of_a_choice_is_said_in_its_words() -> None:
    """And not as the JSON that it came in."""
    failed = {"message": {"content": ""}, "finish_reason": "error", "error": {"message": "Gone away", "code": 502}}
    reply = ask(in_order(Answer(completion("", choices=[failed]))))
    assert (reply.text, reply.finish_reason) == ("Gone away", BROKEN)


def test_a_model_that_does_not_chat_is_told_from_those_that_do() -> None:
    """The others that are listed are named."""
    listing = Answer({"data": [{"id": "m-1"}, {"id": "llama3"}]})
    wrong = refusal('"m-1" does not support chat')
    with pytest.raises(LLMError, match=r"'m-1' at .* does not chat .*take another model with --llm: llama3$"):
        ask(lambda asked: listing if asked.path == "/v1/models" else wrong)


@contextmanager
def dripping(begins: bytes, drop: bytes) -> Iterator[str]:
    """Yield the address of a server that sends a beginning, and then the same few bytes for ever."""
    ended = Event()

    class Drip(StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                self.wfile.write(begins)
                while not ended.wait(0.05):
                    self.wfile.write(drop)

    with ThreadingTCPServer(("127.0.0.1", 0), Drip) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            ended.set()
            server.shutdown()


@pytest.mark.parametrize(
    ("begins", "drop"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", b": wait\n\n"),
    ],
)
def test_an_endless_drip_ends_at_the_deadline(begins: bytes, drop: bytes) -> None:
    """In headers, in a body, in a stream: the whole reply has one time."""
    began = time.monotonic()
    late = pytest.raises(LLMError, match=r"did not answer within 0\.5 seconds.*--timeout")
    with dripping(begins, drop) as base_url, chat(base_url, timeout=0.5) as llm, late:
        llm.ask(PROMPT)
    assert time.monotonic() - began < 20
