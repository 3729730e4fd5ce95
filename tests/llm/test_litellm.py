"""Through a real LiteLLM proxy: growth, samples, arbiter, embeddings, fact checks, refusals and batch files."""

import json
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, closing, nullcontext
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from graphgrow.api.options import GrowthOptions
from graphgrow.errors import LLMError
from graphgrow.graph.model import Event, Expansion, FactCheck, Prompt
from graphgrow.growth.loop import Growth
from graphgrow.llm.embedded import open_local
from graphgrow.llm.openai_chat import OpenAIChat
from graphgrow.resolve.options import open_meanings
from graphgrow.stores import open_store
from tests.litellm_proxy import Upstream, proxying, require
from tests.servers import Answer, Asked, Endpoint, completion, refusal, serving

pytestmark = pytest.mark.local
TWINS = "tensile resistance", "stretching force"  # which the embedding model finds the same


def upstream(*, has_logprobs: bool) -> Any:
    """Return a script that answers each kind of question in its form, as a model that always knows something new."""
    twins = cycle(TWINS)

    def script(asked: Asked) -> Answer:
        if asked.path.endswith("/embeddings"):
            return Answer({"object": "list", "model": "e", "data": embedded(asked.body["input"]), "usage": {}})
        if not asked.path.endswith("/chat/completions"):
            return refusal("not found", 404)
        if asked.body.get("logprobs") and not has_logprobs:
            return refusal("This model does not support the 'logprobs' parameter.", param="logprobs")
        if asked.body.get("logprobs"):
            first = {"token": "yes", "logprob": -0.01, "bytes": None}
            choice = {"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "length"}
            logprobs = {"content": [first | {"top_logprobs": [first]}]}
            return Answer(completion(choices=[choice | {"logprobs": logprobs}]))
        wanted: Any = asked.body.get("response_format", {})
        if "verdict" in str(wanted):
            return Answer(completion(json.dumps({"verdict": "different", "reason": "One is a force."})))
        if not wanted:
            return Answer(completion("85"))
        seed = zlib.crc32(json.dumps(asked.body).encode())
        names = next(twins), f"quality {seed}", f"trait {seed}"
        said = [("spider silk", "has property", name) for name in names]
        rows = [{"source": s, "predicate": p, "target": t} for s, p, t in said]
        return Answer(completion(json.dumps({"relations": rows})))

    return script


def embedded(names: Any) -> list[dict[str, object]]:
    """Return vectors of names: the same for the twins, their own for all others."""
    rows = []
    for index, name in enumerate(names):
        number = 0 if name in TWINS else zlib.crc32(str(name).encode())
        vector = [1.0 if number >> bit & 1 else -1.0 for bit in range(32)]
        rows.append({"object": "embedding", "index": index, "embedding": vector})
    return rows


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy's address and key, and the two scripted endpoints behind it."""

    base_url: str
    key: str
    one: Endpoint
    other: Endpoint


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """Yield a proxy with two models of two scripted upstreams, an embedding model, and the embedded engine's server."""
    require()
    with ExitStack() as stack:
        one = stack.enter_context(serving(upstream(has_logprobs=True)))
        other = stack.enter_context(serving(upstream(has_logprobs=False)))
        local = stack.enter_context(closing(open_local()))
        assert local._chat is not None
        server = local._chat._endpoint
        behind = {
            "house/small": Upstream(local.name, server.base_url, server.key),
            "house/strong": Upstream("strong", one.base_url),
            "names": Upstream("names", one.base_url),
            "house/plain": Upstream("plain", other.base_url, "sk-other-9876543210"),
        }
        base_url, key = stack.enter_context(proxying(tmp_path_factory.mktemp("litellm"), behind))
        yield Proxy(base_url, key, one, other)


def grown(path: Path, proxy: Proxy, model: str, **options: Any) -> tuple[Growth, list[Event]]:
    """Grow a graph through the proxy to the end."""
    with (
        closing(open_store(str(path), create=True)) as store,
        closing(OpenAIChat(model, proxy.base_url, proxy.key, max_retries=0)) as chat,
    ):
        told: dict[str, Any] = {"policy": "mix", "base_url": proxy.base_url, "steps": 4, "width": 2} | options
        named = GrowthOptions(**told)
        vectors = open_meanings(named.embeddings, store, proxy.base_url)
        with nullcontext() if vectors is None else closing(vectors):  # one that knows no name yet is false
            growth = Growth("spider silk", store, chat, named.settings(store, vectors)).run()
        return growth, list(store.events())


def keys(endpoint: Endpoint) -> set[str]:
    """Return the keys with which an upstream was asked: its own, never that of the proxy."""
    headers = ({name.lower(): value for name, value in one.headers.items()} for one in endpoint.chats)
    return {one["authorization"] for one in headers}


def test_everything_that_is_asked_goes_through_the_proxy(
    proxy: Proxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Samples and their check, the arbiter about what is embedded alike, fact checks by log-probabilities."""
    monkeypatch.setenv("OPENAI_API_KEY", proxy.key)  # of the embedding model
    monkeypatch.setenv("OPENAI_BASE_URL", proxy.base_url)
    growth, events = grown(
        tmp_path / "g.db", proxy, "house/strong", samples=2, arbiter=True, fact_check=0.5, embeddings="names"
    )
    replies = [one for one in events if isinstance(one, Expansion)]
    assert growth.ending == "steps"
    assert all(one.outcome == "ok" for one in replies)
    assert {one.sample for one in replies} == {0, 1}
    assert any(one.verifies for one in replies)
    assert [one.reason[:9] for one in replies if one.focus.form == "arbitrate"] == ["different"]
    checks = [one for one in events if isinstance(one, FactCheck)]
    assert checks
    assert {one.method for one in checks} == {"logprobs"}
    assert len(growth.graph.relations) > 6
    assert keys(proxy.one) == {"Bearer sk-upstream-0123456789"}
    assert any(one.path.endswith("/embeddings") for one in proxy.one.asked)


def test_a_second_upstream_without_log_probabilities_states_how_likely(proxy: Proxy, tmp_path: Path) -> None:
    """What that upstream refuses reaches us in the proxy's words, is given up once, and the run goes on."""
    growth, events = grown(tmp_path / "g.db", proxy, "house/plain", fact_check=0.5)
    assert growth.ending == "steps"
    checks = [one for one in events if isinstance(one, FactCheck)]
    assert checks[-1].method == "stated"
    assert sum("logprobs" in one.body for one in proxy.other.chats) == 1
    assert keys(proxy.other) == {"Bearer sk-other-9876543210"}


def test_batch_files_or_one_sentence(proxy: Proxy, tmp_path: Path) -> None:
    """This proxy was given no place for files: it says so, and the questions are asked one by one."""
    growth, events = grown(tmp_path / "g.db", proxy, "house/strong", batch=True, fact_check=0.0)
    assert (growth.ending, len(events)) == ("steps", 4)
    assert [sentence for sentence in growth.notices if "takes no batch files" in sentence] == growth.notices
    assert len(growth.notices) <= 2


@pytest.mark.parametrize(
    ("model", "key", "words"),
    [("house/unknown", "", "house/strong"), ("house/strong", "sk-of-nobody-0123456789", "key")],
)
def test_what_the_proxy_refuses_is_said(model: str, key: str, words: str, proxy: Proxy) -> None:
    """A model that it does not have, and a key that it does not know: one sentence, and no key in it."""
    chat = OpenAIChat(model, proxy.base_url, key or proxy.key, max_retries=0)
    with closing(chat), pytest.raises(LLMError, match=words) as caught:
        chat.ask(Prompt("", "hello", max_tokens=5))
    assert (key or proxy.key) not in str(caught.value)


def test_the_embedded_model_behind_the_proxy(proxy: Proxy, tmp_path: Path) -> None:
    """The embedded engine's own server as the upstream: a question and its fact checks, by log-probabilities."""
    growth, events = grown(tmp_path / "g.db", proxy, "house/small", steps=1, fact_check=0.3)
    assert growth.graph.relations
    assert {one.method for one in events if isinstance(one, FactCheck)} == {"logprobs"}
