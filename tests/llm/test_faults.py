"""What endpoints say when they give no reply, in the words of many: its kind, its limits, its delay."""

import json
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from graphgrow.llm.faults import fault_of, seconds


def said(message: str, **fields: object) -> str:
    """Return the body of an error the way OpenAI words it."""
    return json.dumps({"error": {"message": message, **fields}})


@pytest.mark.parametrize(
    ("message", "most"),
    [
        (("input length and `max_tokens` exceed context limit: 374 + 4576 > 3000, decrease input length or `max_tokens`"
         " and try again"), 2626),
        (("Input validation error: `inputs` tokens + `max_new_tokens` must be <= 3000. Given: 374 `inputs` tokens and"
         " 4576 `max_new_tokens`"), 2626),
        ("the number of input tokens 374 cannot exceed the total tokens limit 3000 for this model", 2626),
        ("Prompt contains 374 tokens and 0 draft tokens, too large for model with 3000 maximum context length", 2626),
        (("This endpoint's maximum context length is 3000 tokens. However, you requested about 4950 tokens (374 of text"
         " input, 4576 in the output)."), 2626),
        ("This model's maximum context length is 3,000 tokens, but 4950 were asked for", 0),
        ("maximum context length is 3,000 tokens. However, you requested 4,950 tokens in all.", 2626),
        (("The maximum tokens you requested exceeds the model limit of 2048. Try again with a maximum tokens value that"
         " is lower than 2048."), 2048),
        ("max_tokens must be at most 2048", 2048),
        (("too many tokens: max tokens must be less than or equal to 2048, the maximum output length for this model -"
         " received 4576."), 2048),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 2,048]", 2048),
        ("max_tokens: 4576 > 2048, which is the maximum allowed number of output tokens for claude-3-5-20241022", 2048),
        ("'max_tokens' is not supported with llama-3.3-70b. Use 'max_completion_tokens' instead.", 0),
        ("'max_tokens' is not supported with gpt-5-2025-08-07. Use 'max_completion_tokens' instead.", 0),
        ("Unsupported parameter max_tokens at revision 1200.", 0),
    ],
)  # fmt: skip
def test_the_largest_limit_is_the_one_that_is_said(message: str, most: int) -> None:
    """Of a context what the question leaves of it; no date, no size of a model, no code and no count of a prompt."""
    fault = fault_of(400, {}, said(message, code=400), 4576)
    assert fault.most == most
    if most:
        assert fault.kind == "parameter"


def test_fewer_tokens_may_be_paid_for() -> None:
    """Where an endpoint says how many, the limit is lowered; the quota is not used up."""
    words = "This request requires more credits, or fewer max_tokens. You requested up to 480, but can only afford 300."
    assert (fault_of(402, {}, said(words), 480).kind, fault_of(402, {}, said(words), 480).most) == ("parameter", 300)
    assert fault_of(402, {}, said("Insufficient credits"), 480).kind == "quota"


@pytest.mark.parametrize(
    ("body", "sent", "room"),
    [
        (said("Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 1 instead.",
              code="integer_below_min_value", param="max_output_tokens"), 1, 17),
        (json.dumps({"detail": [{"loc": ["body", "max_tokens"], "msg": "Input should be greater than or equal to 1024",
                                 "input": 480}]}), 480, 1025),
        (said("`max_tokens` must be greater than `thinking.budget_tokens`. Please consult https://a.b/c#size-4096"),
         480, 0),
    ],
)  # fmt: skip
def test_the_smallest_limit_is_the_one_that_is_said(body: str, sent: int, room: int) -> None:
    """Named in the message or by the parameter that it blames; one without a number is a model that thinks."""
    fault = fault_of(422 if "detail" in body else 400, {}, body, sent)
    assert (fault.kind, fault.room, fault.most) == ("limit", room, 0)


def test_a_limit_of_pydantic_is_a_largest_one() -> None:
    """The parameter is blamed beside the message."""
    detail = [{"type": "less_than_equal", "loc": ["body", "max_tokens"], "msg": "Input should be less than or equal to"
               " 2048", "input": 4576}]  # fmt: skip
    assert fault_of(422, {}, json.dumps({"detail": detail}), 4576).most == 2048


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        # the form of the question, whatever the status
        (403, said("You are not allowed to request logprobs from this model"), "parameter"),
        (404, said("No endpoints found that support logprobs.", code=404), "parameter"),
        (404, said("No endpoints found that support structured outputs (response_format)."), "parameter"),
        (405, said("Parameter seed is not allowed for this model", param="seed"), "parameter"),
        (500, said("JSON schema conversion failed:\nUnrecognized schema: true"), "parameter"),
        (501, said("response_format is not implemented by this backend"), "parameter"),
        (500, said("System role not supported at row 1, column 60"), "parameter"),
        (500, said("litellm: Error code: 400 - Unsupported value: 'temperature' does not support 0.7"), "parameter"),
        (500, said("oops"), "broken"),
        # rates, and no contexts
        (429, said("Too many tokens, please wait before trying again.", type="ThrottlingException"), "busy"),
        (429, json.dumps({"message": "Tokens per minute limit exceeded - too many tokens processed."}), "busy"),
        (400, json.dumps({"__type": "ThrottlingException", "message": "Too many requests, please wait."}), "busy"),
        (429, said("Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 40000."), "overflow"),
        (400, said("This model's maximum context length is 500 tokens, your messages resulted in 598."), "overflow"),
        # rates, and no spent quota
        (429, said("Rate limit reached for requests per min. Please add a payment method to your account. Visit"
                   " https://platform.openai.com/account/billing", code="rate_limit_exceeded"), "busy"),
        (429, json.dumps([{"error": {"message": "You exceeded your current quota, please check your plan and billing"
                                     " details. See https://ai.google.dev/gemini-api/docs/rate-limits.",
                                     "details": [{"violations": [{"quotaId": "RequestsPerMinutePerModel"}]}]}}]),
         "busy"),
        # spent quotas
        (429, json.dumps([{"error": {"message": "You exceeded your current quota, please check your plan and billing"
                                     " details. See https://ai.google.dev/gemini-api/docs/rate-limits.",
                                     "details": [{"violations": [{"quotaId": "RequestsPerDayPerModel"}]}]}}]),
         "quota"),
        (429, json.dumps({"code": "exhausted", "error": "Your team has either used all available credits or reached its"
                          " monthly spending limit."}), "quota"),
        (429, said("you have used up your daily free allocation of 10,000 neurons"), "quota"),
        (429, said("\u4f59\u989d\u4e0d\u8db3\u6216\u65e0\u53ef\u7528\u8d44\u6e90\u5305,\u8bf7\u5145\u503c\u3002",
                   code="1113"), "quota"),
        (400, said("You have reached your specified API usage limits. You will regain access later."), "quota"),
        (401, said("You exceeded your current quota, please check your plan and billing.", type="insufficient_quota"),
         "quota"),
        (401, said("Incorrect API key provided"), "key"),
        # what the question is about
        (403, json.dumps({"code": "The caller does not have permission", "error": "Content violates usage guidelines."
                          " Failed check: SAFETY_CHECK_TYPE_BIO"}), "refused"),
        (400, said("Content Exists Risk"), "refused"),
        (451, said("Unavailable for legal reasons"), "refused"),
        # models that do something else
        (400, said('"all-minilm" does not support chat'), "no_chat"),
        # errors in an answer that says all is well
        (200, json.dumps({"object": "error", "message": "Only 1 worker, queue is full", "code": 50005}), "busy"),
        (200, json.dumps({"code": 401, "msg": "token expired", "data": None}), "key"),
        (200, json.dumps({"choices": None, "base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}}),
         "quota"),
    ],
)  # fmt: skip
def test_what_is_said_has_a_kind(status: int, body: str, kind: str) -> None:
    """By its words, not by its status or a link alone."""
    assert fault_of(status, {}, body, 480).kind == kind


def test_what_stands_between_two_quotations_is_none() -> None:
    """A mark that closes one does not open the next."""
    message = f"`max_tokens` and {'words that are no quotation ' * 4}`seed`, '{'quoted ' * 10}'"
    plain = fault_of(400, {}, said(message)).message
    assert "no quotation" in plain
    assert "quoted" not in plain


def test_a_time_of_day_is_a_delay() -> None:
    """In the forms of HTTP and of ISO; a month is neither days, nor minutes, nor seconds."""
    for month in range(1, 13):
        at = datetime(2099, month, 3, 6, 20, tzinfo=UTC)
        left = at.timestamp() - time.time()
        for text in (format_datetime(at, usegmt=True), at.isoformat(), at.strftime("%Y-%m-%dT%H:%M:%SZ")):
            assert seconds(text) == pytest.approx(left, abs=5)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"anthropic-ratelimit-requests-reset": "{iso}", "anthropic-ratelimit-requests-remaining": "0"}, {}),
        ({"X-Rate-Limit-Reset": "30", "X-Rate-Limit-Remaining": "0"}, {}),
        ({"RateLimit": '"default";r=0;t=30'}, {}),
        ({}, {"error": {"message": "x", "metadata": {"raw": '{"error": {"retry_after_seconds": 30}}'}}}),
        ({}, {"error": {"message": "x"}, "retry_after_ms": 30000}),
    ],
)
def test_a_delay_is_read_in_the_header_or_field_of_any_provider(headers: dict[str, str], body: object) -> None:
    """What each of them calls it."""
    iso = (datetime.now(UTC) + timedelta(seconds=30)).isoformat()
    filled = {name: text.replace("{iso}", iso) for name, text in headers.items()}
    assert fault_of(429, filled, json.dumps(body)).delay == pytest.approx(30, abs=2)


def test_hostile_words_take_no_time() -> None:
    """Blanks, digits, quotation marks and signs in any number."""
    began = time.monotonic()
    for part in (" ", "1", "'", "`a", "1,", "again ", "1 s ", "max_tokens ", "1 + ", "> ", "content ", "input ", "{"):
        fault_of(400, {"retry-after": part * 9999}, said(f"max_tokens again {part * 9999}"), 480)
        seconds(part * 9999)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, said("Budget has been exceeded! Current cost: 1.2, Max budget: 1.0", type="budget_exceeded"), "quota"),
        (429, said("ExceededBudget: User=default over budget. Spend=10.1, Budget=10.0"), "quota"),
        (400, said("The thinking budget exceeded is not allowed"), "parameter"),
        (400, said("Organization has been restricted. Please reach out to support.", code="x"), "forbidden"),
        (400, json.dumps([{"error": {"message": "User location is not supported for the API use."}}]), "forbidden"),
        (400, json.dumps({"message": "The provided model identifier is invalid."}), "model"),
        (400, json.dumps({"error": "No models loaded. Please load a model in the developer page."}), "model"),
        (400, json.dumps({"error": "The model 'm' is not supported by any provider you have enabled."}), "model"),
        (404, said("model: claude-9", type="not_found_error"), "model"),
        (404, json.dumps({"title": "Not Found", "detail": "Function 'abc': Not found for account 'xyz'"}), "forbidden"),
        (404, json.dumps({"detail": "Not Found"}), "path"),
        (404, said("Resource not found", code="404"), "path"),
        (404, json.dumps({"message": "Route POST:/chat/completions not found", "error": "Not Found"}), "path"),
        (404, json.dumps({"error": "The requested URL was not found on the server. Check your spelling."}), "path"),
        (404, said("This model is only supported in v1/responses and not in v1/chat/completions."), "forbidden"),
        (400, said("The model `m` has been decommissioned and is no longer supported.", code="model_decommissioned"),
         "model"),
        (410, said("Model m was retired on 2026-01-31. Use n."), "model"),
        (400, said("`temperature` is deprecated for this model."), "parameter"),
        (400, said('Failed to load model "m". Error: Operation canceled.', code="model_not_found"), "broken"),
        (400, said("<400> InternalError.Algo.InvalidParameter: Range of max_tokens should be [1, 300]"), "parameter"),
        (400, json.dumps({"success": False, "errors": [{"code": 7000, "message": "No route for that URI"}]}), "path"),
        (403, json.dumps({"error_code": 403, "message": "Invalid access token. [ReqId: 1]"}), "key"),
        (403, json.dumps({"code": "denied", "error": "Your new teams doesn't have any credits yet."}), "quota"),
        (403, said("The free tier of the model has been exhausted.", code="AllocationQuota.FreeTierOnly"), "quota"),
        (200, json.dumps({"base_resp": {"status_code": 1027, "status_msg": "output new_sensitive"}}), "refused"),
        (429, said("litellm.RateLimitError: OpenAIException - You exceeded your current quota, check your plan and"
                   " billing details.", code="429"), "quota"),
        (429, json.dumps([{"error": {"code": 429, "message": "Your project has exceeded its monthly spending cap.",
                                     "status": "RESOURCE_EXHAUSTED"}}]), "quota"),
        (429, json.dumps([{"error": {"message": "You exceeded your current quota, check your plan and billing details."
                                                " Quota exceeded, limit: 0, model: m. Retry in 14s."}}]), "quota"),
        (400, json.dumps({"error": "Model unloaded."}), "broken"),
        (400, json.dumps({"error": "Channel Error"}), "broken"),
        (400, said("Authentication Error - Expired Key. Key Expiry time 2025-01-01", type="expired_key"), "key"),
        (400, json.dumps([{"error": {"message": "Missing or invalid Authorization header."}}]), "key"),
        (403, said("Your API key was reported as leaked. Please use another one."), "key"),
        (403, said("Your account has been flagged for potential abuse."), "forbidden"),
        (400, said("The model requires that you accept its terms.", code="model_terms_required"), "forbidden"),
        (404, said('Failed to load model "m". Error: Model does not exist.', code="model_not_found"), "model"),
        (404, json.dumps([{"error": {"message": "models/m is not found for API version v1."}}]), "model"),
        (404, said("The API deployment for this resource does not exist.", code="DeploymentNotFound"), "model"),
        (404, said("Not found the model m or Permission denied", type="resource_not_found_error"), "model"),
        (400, said("could not find suitable inference handler for m"), "model"),
        (400, said("The requested model is not supported.", code="model_not_supported"), "model"),
        (400, said("Unable to access non-serverless model m.", code="model_not_available"), "model"),
        (400, said("litellm.BadRequestError: LLM Provider NOT provided."), "model"),
        (503, said("No channel for model m in this group", code="model_not_found"), "model"),
        (503, said("No models are currently loaded."), "model"),
        (503, said("The model is overloaded. Please try again later."), "busy"),
        (503, said("Model x is loading, remaining time unknown"), "busy"),
        (400, said("The model crashed for an unknown reason"), "broken"),
        (400, said("Failed to load model: unknown error"), "broken"),
        (403, said("Your account has been suspended due to insufficient balance. Please top up."), "quota"),
        (429, said("hard limit of concurrent requests reached", type="RateLimitError"), "busy"),
        (400, said("The 'logprobs' key is disabled for this model"), "parameter"),
        (400, said("Support for logprobs on this model was removed"), "parameter"),
        (404, json.dumps({"message": "no Route matched with those values"}), "path"),
        (200, json.dumps({"error": "Unexpected endpoint or method. (POST /chat/completions)"}), "path"),
    ],
)  # fmt: skip
def test_what_no_other_form_of_the_question_helps_is_told_at_once(status: int, body: str, kind: str) -> None:
    """A budget that is spent, somebody who is barred, a model that is not there, an address without a chat."""
    assert fault_of(status, {}, body, 480).kind == kind
