"""Which model a name, an address and the environment stand for; scripted and recorded models; the catalogue."""

import gzip
import shlex
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from graphgrow.errors import BadInput, LLMError, OutOfReplies
from graphgrow.graph.events import to_json, write_events
from graphgrow.graph.model import Delta, Edit, Event, Expansion, Focus, Measures, Prompt, Reply, Usage
from graphgrow.llm import DEFAULT_MODEL, open_llm
from graphgrow.llm.catalogue import available
from graphgrow.llm.hub import parsed
from graphgrow.llm.open_models import open_models
from graphgrow.llm.scripted import Recorded, Scripted
from tests.servers import PATIENCE, Answer, completion, in_order, refusal, serving

FIRST, SECOND = Prompt("s", "first?"), Prompt("s", "second?")
LISTING = Answer({"data": [{"id": "llama 3"}, {"id": "qwen:7b"}]})


def expansion(seq: int, prompt: Prompt, text: str) -> Expansion:
    """Return the event of one question and its reply."""
    focus = Focus("seed", ("silk",), "a reason")
    return Expansion(seq, "silk", focus, prompt, Reply(text, Usage(2, 1)), "ok", "", Delta(), Measures())


@pytest.fixture
def run_file(tmp_path: Path) -> Path:
    """Return a run with two replies to one prompt, one to another, and an edit between."""
    events: list[Event] = [
        expansion(1, FIRST, "a"),
        Edit(2, "add", Delta()),
        expansion(3, SECOND, "b"),
        expansion(4, FIRST, "c"),
    ]
    write_events(tmp_path / "run.jsonl.gz", events)
    return tmp_path / "run.jsonl.gz"


def test_scripted_gives_its_replies_in_order_and_then_stops() -> None:
    """Text is billed at its estimate, a Reply is given as it is, and the end is an error with their number."""
    llm = Scripted(["hello", Reply("as is")])
    assert llm.ask(FIRST) == Reply("hello", Usage(2, 2), model="scripted")
    assert llm.ask(FIRST) == Reply("as is")
    with pytest.raises(OutOfReplies, match="the script has 2 replies"):
        llm.ask(FIRST)
    assert llm.price(Usage(10, 10)) is None
    llm.close()


def test_scripted_starts_again_where_it_cycles() -> None:
    """With `cycle` there is always a reply, except from an empty script."""
    llm = Scripted(["a", "b"], cycle=True)
    assert [llm.ask(FIRST).text for _ in range(5)] == ["a", "b", "a", "b", "a"]
    with pytest.raises(OutOfReplies):
        Scripted([], cycle=True).ask(FIRST)


def test_scripted_gives_each_reply_once_to_many_threads() -> None:
    """Eight threads share a hundred replies without losing or doubling one."""
    llm = Scripted([str(number) for number in range(100)])
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda _: llm.ask(FIRST).text, range(100)))
    assert sorted(map(int, texts)) == list(range(100))


def test_recorded_finds_replies_by_prompt(run_file: Path) -> None:
    """Prompts may come in any order; replies to the same one come as they came; seed and schema do not matter."""
    llm = Recorded(run_file)
    assert llm.ask(SECOND) == Reply("b", Usage(2, 1))
    assert [llm.ask(Prompt("s", "first?", {"type": "object"}, 9, 9)).text for _ in range(2)] == ["a", "c"]
    assert llm.price(Usage(10, 10)) is None
    llm.close()


def test_recorded_says_what_it_was_never_asked(run_file: Path) -> None:
    """An unknown prompt and one too many are both named."""
    llm = Recorded(run_file)
    with pytest.raises(OutOfReplies, match="never asked 'third"):
        llm.ask(Prompt("s", "third?"))
    llm.ask(SECOND)
    with pytest.raises(OutOfReplies, match="has no more replies to 'second"):
        llm.ask(SECOND)


def test_recorded_refuses_a_file_without_replies(tmp_path: Path) -> None:
    """A run of edits only, a damaged archive and a missing file are bad input."""
    write_events(tmp_path / "edits.jsonl", [Edit(1, "add", Delta())])
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(to_json(expansion(1, FIRST, "a")).encode())[:-9])
    for name in ("edits.jsonl", "cut.jsonl.gz", "none.jsonl"):
        with pytest.raises(BadInput):
            Recorded(tmp_path / name)


def test_opens_a_recorded_run_by_its_prefix(run_file: Path) -> None:
    """recorded:PATH needs no environment, and the environment does not change it."""
    with closing(open_llm(f"recorded:{run_file}", env={"OPENAI_API_KEY": "k"})) as llm:
        assert llm.ask(SECOND).text == "b"


def test_a_key_alone_opens_the_default_model() -> None:
    """OPENAI_API_KEY means OpenAI, with the default model or the named one; both have a price."""
    for name, expected in ((None, DEFAULT_MODEL), ("gpt-4.1-mini", "gpt-4.1-mini")):
        with closing(open_llm(name, env={"OPENAI_API_KEY": "sk-0"})) as llm:
            assert llm.name == expected
            assert llm.price(Usage(1000, 1000))


def test_a_name_without_key_or_address_is_an_error() -> None:
    """A model's name alone does not say where it is."""
    with pytest.raises(LLMError, match="no endpoint for 'gpt-4o': set OPENAI_API_KEY"):
        open_llm("gpt-4o", env={"OPENAI_BASE_URL": ""})


def test_an_address_without_a_name_takes_the_first_model() -> None:
    """The address comes from the option, else from the environment, and no key is needed."""
    answers = in_order(LISTING, Answer(completion()))
    with serving(answers) as given, closing(open_llm(base_url=given.base_url, env={"OPENAI_BASE_URL": "x"})) as llm:
        assert (llm.name, llm.ask(FIRST).text) == ("llama 3", "hello")
    with serving(answers) as endpoint, closing(open_llm("named", env={"OPENAI_BASE_URL": endpoint.base_url})) as llm:
        assert (llm.name, llm.ask(FIRST).text) == ("named", "hello")
        assert len(endpoint.asked) == 1


def test_a_name_that_looks_like_a_file_belongs_to_the_address_given() -> None:
    """llama.cpp lists its models as files, so with --base-url x.gguf is a name there."""
    with serving(in_order(LISTING)) as endpoint, closing(open_llm("x.gguf", endpoint.base_url, env={})) as llm:
        assert llm.name == "x.gguf"


def test_the_catalogue_lists_servers_that_answer() -> None:
    """Models of a server that answers come with the line to type; one that is no model server is passed over."""
    with serving(in_order(LISTING)) as ollama, serving(in_order(refusal("who are you", 401))) as other:
        servers = {"Ollama": ollama.port, "vLLM": other.port, "nobody": 9}
        offers = available({}, servers=servers, timeout=PATIENCE)
    assert [offer.name for offer in offers[1:]] == ["llama 3", "qwen:7b"]
    assert offers[1].command == f"graphgrow grow \"TOPIC\" --base-url {ollama.base_url} --llm 'llama 3'"
    assert offers[2].ready
    assert "Authorization" not in ollama.asked[0].headers or "none" in ollama.asked[0].headers["Authorization"]


def test_the_catalogue_passes_over_a_server_that_is_too_slow() -> None:
    """A server that does not answer in time is not waited for."""
    with serving(in_order(Answer({"data": []}, delay=0.5))) as endpoint:
        assert len(available({}, servers={"slow": endpoint.port}, timeout=0.1)) == 1


def test_the_catalogue_shows_what_the_environment_leads_to_but_no_key() -> None:
    """A key means OpenAI's default model; an address means what it lists, or why it lists nothing."""
    secret = {"OPENAI_API_KEY": "sk-very-secret"}
    (_, hosted) = available(secret, servers={})
    assert (hosted.name, hosted.command) == (DEFAULT_MODEL, f'graphgrow grow "TOPIC" --llm {DEFAULT_MODEL}')
    with serving(in_order(LISTING)) as endpoint:
        (_, one, _) = available(secret | {"OPENAI_BASE_URL": endpoint.base_url}, servers={})
    assert one.command == "graphgrow grow \"TOPIC\" --llm 'llama 3'"
    (_, broken) = available(secret | {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}, servers={})
    (_, senseless) = available({"OPENAI_BASE_URL": "http://[::"}, servers={})
    assert (broken.ready, senseless.ready) == (False, False)
    assert "sk-very" not in repr((hosted, one, broken))


def test_the_catalogue_tells_how_to_get_the_local_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The local model is always listed, with its size, its licence and the next thing to type."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (local,) = available({}, servers={})
    assert (local.licence, local.size_bytes) == ("Apache-2.0", 1_117_320_768)
    assert local.command in {'graphgrow grow "TOPIC" --llm local', "pip install 'graphgrow[local]'"}


def test_open_models_are_named_by_size_with_the_line_for_each_program() -> None:
    """Three or more, each with licence, memory, sources, and lines whose names are those of the row."""
    rows = open_models()
    assert len(rows) >= 3
    assert [one.file_gb for one in rows] == sorted(one.file_gb for one in rows)
    for one in rows:
        assert one.licence
        assert one.memory_gb > one.file_gb
        assert one.sources
        assert all(source.startswith("https://") for source in one.sources)
        here = shlex.split(one.commands["here"])[-1]
        assert parsed(here) == (one.repository, one.file)
        assert set(one.commands) == {"here", "Ollama", "vLLM"}
        assert one.vllm in one.commands["vLLM"]
