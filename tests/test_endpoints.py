"""A run at each of many scripted endpoints that misbehave ends in relations or in one true sentence, and pays once."""

import os
import re
import sys
from contextlib import closing
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from graphgrow.api.options import GrowthOptions
from graphgrow.stores import open_store
from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))  # scripts, no package

import endpoints

from tests.shown import AZURE, LITELLM, OLLAMA, OPENROUTER, blocks, ran, readdressed

FILE = ROOT.parent / "shared" / "tools" / "quirks.py"
STEPS = 3
# What is said where a run brings nothing; every other endpoint brings relations.
SENTENCES = {
    "refusal": "refuses: I'm sorry, but I can't assist",
    "refusal_text": "refuses: I'm sorry, but I can't help",
    "error_in_200_always": r"at its rate limit after .* \(429: Rate limit exceeded: free-models-per-min\.\)",
    "choices_empty": "an answer without a choice",
    "model_404": r"has no model 'x' \(404: The model `x` does not exist.*choose one of its own with --llm: x, y",
    "ollama_model_404": "has no model 'x' .*choose one of its own with --llm: qwen3:8b",
    "not_chat_404": "This is not a chat model.*another model",
    "openrouter_no_endpoints_404": "No endpoints found that can handle the requested parameters",
    "openrouter_policy_404": r"data policy.*openrouter\.ai/settings/privacy",
    "key_401": "refused the key .*Incorrect API key provided",
    "gemini_key_400": "refused the key .*API key not valid",
    "gemini_no_content": "spent its 477 tokens on thinking",
    "verified_403": "organization must be verified.*Verify Organization",
    "region_403": "Country, region, or territory not supported",
    "pay_402": "quota .*Insufficient credits",
    "nginx_413": "does not fit the context .*413 Request Entity Too Large",
    "quota_429": "quota .*exceeded your current quota",
    "rate_429_day": "asks to wait 432 seconds .*--patience",
    "rpm_10": "asks to wait .*Please retry in .*--patience",
    "rpm_openai": "asks to wait .*Please try again in .*--patience",
    "down_503_a_while": r"at its rate limit after .* \(503: Loading model\)",
    "html_200": "no chat completion but .*Open WebUI.*/v1",
    "deepseek_spaces": "blank",
    "effort_needed": "did not answer within 1 seconds.*--timeout",
}
PAID_FIRST = {"rpm_10", "rpm_openai", "down_503_a_while"}  # the endpoint has no room only later


@cache
def module() -> ModuleType:
    """Return the scripted endpoints."""
    return endpoints.scripted(FILE)


def names() -> list[str]:
    """Return the names of the endpoints, none where they are not beside the project."""
    return list(module().Q) if FILE.is_file() else []


def run(name: str, folder: Path, steps: int = STEPS, **options: object) -> endpoints.Row:
    """Return what comes of a run that has little patience."""
    asked = GrowthOptions(steps=steps, **({"fact_check": 0.0} | options))  # type: ignore[arg-type]
    return endpoints.trial(module(), name, folder, asked, patience=0.02, timeout=1.0 if name == "effort_needed" else 60)


@pytest.mark.parametrize("name", names())
def test_an_endpoint_brings_relations_or_one_true_sentence(name: str, tmp_path: Path) -> None:
    """No traceback, no draft in the graph, no bill lost or doubled; and the same run can be started again."""
    away = name == "down_503_a_while"  # it is away after a fifth of a second, for twenty
    row = run(name, tmp_path, 60 if away else STEPS)
    if words := SENTENCES.get(name):
        assert re.search(words, row.said), row
        assert "\n" not in row.said
        if not away:  # a busy machine may be late for the first question already
            assert bool(row.relations) == (name in PAID_FIRST)
    else:
        assert (row.ending, row.drafts) == ("steps", 0)
        assert row.relations >= 6 * (STEPS - row.outcomes["expansion refused"])
    assert endpoints.KEY not in row.said
    assert row.served in {row.paid, None}


@pytest.mark.parametrize(
    "name", [name for name in names() if name in {"refusal", "choices_empty", "html_200", "rpm_10"}]
)
def test_a_run_that_brought_nothing_can_be_started_again(name: str, tmp_path: Path) -> None:
    """What ended a run does not stand in the way of the next one, which another endpoint answers."""
    run(name, tmp_path)
    again = run("ok", tmp_path)
    assert again.ending == "steps"
    assert again.relations >= 6 * STEPS


@pytest.mark.parametrize(
    "name", [n for n in names() if n in {"gpt5_hidden_reasoning", "qwen3_ollama_thinks", "thinks_some"}]
)
def test_a_model_that_thinks_loses_one_reply_to_its_limit(name: str, tmp_path: Path) -> None:
    """Twenty steps bring relations; the limit is learnt once, and known to the next run."""
    row = run(name, tmp_path, 20, policy="bandit")
    assert row.outcomes["expansion thinking"] <= 1
    assert row.outcomes["expansion ok"] == 20
    assert row.relations >= 120
    assert name != "thinks_some" or 1000 * row.relations / row.paid >= 8


# Which endpoint imitates the one that a line of the docs is about.
IMITATES = {
    OLLAMA: "qwen3_ollama_thinks", AZURE: "content_filter_400", OPENROUTER: "error_in_200",
    LITELLM: "litellm_unsupported", "--llm gpt-": "gpt5_hidden_reasoning",
}  # fmt: skip


def lines() -> list[tuple[str, str]]:
    """Return every line that grows a graph at a provider's address, with the endpoint that imitates it."""
    text = "\n".join((ROOT / page).read_text(encoding="utf-8") for page in ("README.md", "docs/howto/own-model.md"))
    shown = [line for language, block in blocks(text) if language == "console" for line in block.splitlines()]
    found = dict[str, str]()
    for line in shown:
        if line.startswith("graphgrow grow") and "--dry-run" not in line:
            name = next((name for mark, name in IMITATES.items() if mark in line), None)
            if name:
                found[line] = name
    return list(found.items())


def test_there_is_a_line_for_each_provider() -> None:
    """Ollama, OpenAI, Azure, OpenRouter and LiteLLM."""
    assert {name for _, name in lines()} == set(IMITATES.values())


@pytest.mark.parametrize(("line", "name"), lines() if FILE.is_file() else [])
def test_each_line_works_at_what_imitates_its_provider(line: str, name: str, tmp_path: Path) -> None:
    """The line as it stands, with the provider's habits, brings relations."""
    with endpoints.serving(module(), name, []) as base_url:
        names_of_keys = ("OPENAI_API_KEY", "OPENROUTER_API_KEY", "AZURE_OPENAI_API_KEY")
        env = os.environ | dict.fromkeys(names_of_keys, endpoints.KEY) | {"COLUMNS": "160"}
        if "--base-url" not in line:
            env["OPENAI_BASE_URL"] = base_url
        unchecked = "" if "--check-with" in line else " --fact-check 0"
        done = ran(f"{readdressed(line, base_url)} --steps 4{unchecked}", tmp_path, env)
    assert done.returncode == 0, done.stderr
    assert endpoints.KEY not in done.stdout + done.stderr
    (path,) = tmp_path.glob("*.db")
    with closing(open_store(str(path))) as store:
        assert len(store.graph().relations) >= 12
