"""A key of the environment goes to the address of the environment and to no other, whichever way the other one came."""

import json
import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from graphgrow.errors import LLMError
from graphgrow.graph.model import Prompt
from graphgrow.llm import OPENAI_URL, open_llm
from graphgrow.llm.endpoint import Endpoint as Address
from graphgrow.llm.options import NO_OPTIONS, ModelName, ModelOptions, is_of_environment, key_for, withheld
from graphgrow.resolve.options import open_meanings
from graphgrow.stores import open_store
from tests.batch_runs import jobs_file
from tests.cli.test_cli import graphgrow
from tests.conftest import chatter
from tests.servers import Answer, Asked, Endpoint, completion, refusal, serving

KEY, OWN = "sk-of-the-environment-1", "sk-of-its-own-2"
OTHERS = {"OPENAI_ORG_ID": "org-secret-3", "OPENAI_PROJECT_ID": "proj-secret-4",
          "OPENAI_CUSTOM_HEADERS": "X-Secret: custom-secret-5\nAuthorization: Bearer custom-secret-6",
          "OPENAI_ADMIN_KEY": "admin-secret-7"}  # fmt: skip
SECRETS = (KEY, "secret-3", "secret-4", "secret-5", "secret-6", "secret-7")


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """Yield an endpoint that takes anybody, in an environment whose key and address are those of another one."""
    replies = chatter(1)

    def script(one: Asked) -> Answer:
        if one.path.endswith("/models"):
            return Answer({"data": [{"id": "m-1"}]})
        if one.path.endswith("/embeddings"):
            rows = [{"index": at, "embedding": [1.0, 0.0]} for at in range(len(one.body["input"]))]  # type: ignore[arg-type]
            return Answer({"data": rows})
        return Answer(completion(replies[0]))

    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    for name, value in OTHERS.items():
        monkeypatch.setenv(name, value)
    with serving(script) as found:
        yield found


def leaked(endpoint: Endpoint) -> list[str]:
    """Return the secrets of the environment that an endpoint was sent."""
    assert endpoint.asked
    return [one for one in SECRETS if one in json.dumps([asked.headers for asked in endpoint.asked])]


def authorized(endpoint: Endpoint) -> str:
    """Return the key that came with the last request."""
    return {name.lower(): value for name, value in endpoint.asked[-1].headers.items()}["authorization"]


def test_an_address_that_is_given_gets_its_own_key_alone(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python: no key and no header of the environment goes to it; the one in the variable that is named does."""
    with closing(open_llm(None, endpoint.base_url, env=os.environ)) as llm:
        llm.ask(Prompt("s", "q"))
    assert leaked(endpoint) == []
    monkeypatch.setenv("ITS_KEY", OWN)
    with closing(open_llm("m", endpoint.base_url, env=os.environ, options=ModelOptions(key_env="ITS_KEY"))) as llm:
        llm.ask(Prompt("s", "q"))
    assert leaked(endpoint) == []
    assert authorized(endpoint) == f"Bearer {OWN}"
    monkeypatch.delenv("OPENAI_CUSTOM_HEADERS")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{endpoint.base_url}/")
    with closing(open_llm("m", endpoint.base_url, env=os.environ)) as llm:
        llm.ask(Prompt("s", "q"))
    assert authorized(endpoint) == f"Bearer {KEY}", "the address of the environment"


def test_an_embedding_model_gets_no_key_that_is_for_another_address(endpoint: Endpoint) -> None:
    """What compares names by meaning is held to the same."""
    with closing(open_store("memory:", create=True)) as store:
        meanings = open_meanings("m", store, endpoint.base_url)
        assert meanings
        with closing(meanings):
            meanings.vectors(["silk"])
    assert leaked(endpoint) == []


def test_a_command_says_that_it_asks_without_the_key(endpoint: Endpoint, tmp_path: Path) -> None:
    """`--base-url`: the endpoint is asked without, and one sentence says where its own key goes."""
    words = ("grow", "spider silk", "--base-url", endpoint.base_url, "--llm", "m", "--steps", "1")
    done = graphgrow(*words, cwd=tmp_path, env=dict(os.environ))
    assert leaked(endpoint) == []
    sentence = "is for the address in OPENAI_BASE_URL alone: this address is asked without a key, or with its own in"
    assert f"{sentence} the variable that --key-env names" in " ".join(done.stderr.split())


def test_a_job_sends_no_key_to_its_own_address(endpoint: Endpoint, tmp_path: Path) -> None:
    """`base_url` in a jobs file."""
    job = '[[job]]\nname = "silk"\ntopic = "spider silk"\nstore = "silk.db"\nllm = "m"\nrun.steps = 1\n'
    file = jobs_file(tmp_path, f'{job}base_url = "{endpoint.base_url}"\n')
    graphgrow("batch", "run", str(file), "--now", cwd=tmp_path, env=dict(os.environ))
    assert leaked(endpoint) == []


def test_an_endpoint_that_wants_a_key_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused without a key says which variable it takes."""
    with serving(lambda _: refusal("who are you", 401)) as endpoint:
        llm = open_llm("m", endpoint.base_url, env={"OPENAI_API_KEY": KEY})
        with closing(llm), pytest.raises(LLMError, match=r"wants a key .401.*--key-env"):
            llm.ask(Prompt("s", "q"))


@pytest.mark.parametrize(
    ("given", "environment", "is_same"),
    [
        ("https://api.openai.com/v1/", "", True),
        ("https://API.openai.com:443/v1", "", True),
        ("http://api.openai.com/v1", "", False),
        ("https://api.openai.com.evil.example/v1", "", False),
        ("https://evil.example/v1?https://api.openai.com/v1", "", False),
        ("https://api.openai.com@evil.example/v1", "", False),
        ("https://api.openai.com/v2", "", False),
        ("https://api.openai.com:8443/v1", "", False),
        ("http://[::", "", False),
        ("", "", False),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1", True),
        ("http://127.0.0.1:8001/v1", "http://127.0.0.1:8000/v1", False),
        ("http://localhost:8000/v1", "http://127.0.0.1:8000/v1", False),
        (OPENAI_URL, "http://127.0.0.1:8000/v1", False),
    ],
)
def test_addresses_are_the_same_in_every_part(given: str, environment: str, *, is_same: bool) -> None:
    """Scheme, host, port and path decide; a look-alike is another address, and a broken one no address."""
    env = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": environment}
    assert is_of_environment(given, env) is is_same
    assert key_for(given, NO_OPTIONS, env) == (KEY if is_same else "")
    assert bool(withheld(ModelName("m", given), env)) is (not is_same and bool(given))


def test_a_redirect_to_another_server_takes_no_key_along(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither as bearer nor under the name that Azure has for it, nor headers of the environment."""
    elsewhere = endpoint.base_url.replace("127.0.0.1", "localhost")

    def moved(_asked: Asked) -> Answer:
        return Answer("", 308, {"Location": f"{elsewhere}/chat/completions"})

    for api in ("", "?api-version=2026-01-01"):
        with serving(moved) as first:
            monkeypatch.setenv("OPENAI_BASE_URL", f"{first.base_url}{api}")
            with closing(open_llm("m-1", env=os.environ)) as llm:
                llm.ask(Prompt("", "Who?"))
            assert "custom-secret-5" in json.dumps([asked.headers for asked in first.asked])
    assert leaked(endpoint) == []
    assert len(endpoint.asked) == 2


def test_batch_files_take_no_secret_along(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    """To an address of their own nothing of the environment goes, nor to another server that a redirect leads to."""

    def moved(asked: Asked) -> Answer:
        return Answer("", 308, {"Location": f"{endpoint.base_url.replace('127.0.0.1', 'localhost')}/files"})

    with closing(open_llm("m", endpoint.base_url, env=os.environ)) as llm, suppress(LLMError):
        llm.batch_api().upload("one", {"q": Prompt("", "Who?")})  # type: ignore[attr-defined]  # of an endpoint
    with serving(moved) as first:
        monkeypatch.setenv("OPENAI_BASE_URL", first.base_url)
        with closing(open_llm("m", env=os.environ)) as llm, suppress(LLMError):
            llm.batch_api().upload("one", {"q": Prompt("", "Who?")})  # type: ignore[attr-defined]  # of an endpoint
        assert "custom-secret-5" in json.dumps([asked.headers for asked in first.asked])
    assert len(endpoint.asked) == 2
    assert leaked(endpoint) == []


@pytest.mark.parametrize(
    "said",
    [OWN, OWN.upper(), OWN.replace("o", "\\u006f"), OWN.replace("f", "f\u200b"), OWN.replace("-", "\\u200b-"),
     OWN.encode().hex(), f"{OWN[:5]}\n{OWN[5:]}", "".join(chr(ord(one) + 0xFEE0) for one in OWN)],
)  # fmt: skip
def test_a_key_that_comes_back_is_blotted_however_it_is_written(said: str) -> None:
    """In any case, with escapes of JSON or with what nobody sees between its letters."""
    endpoint = Address("m", "http://127.0.0.1:9/v1", OWN, 1.0, 0)
    assert endpoint.blotted(f"it is {said}.", is_reply=True) == "it is ***."
    assert OWN not in endpoint.clean(f"bad key {said}")
    assert "***" in endpoint.blotted(b64encode(f"Bearer {OWN}".encode()).decode(), is_reply=True)
