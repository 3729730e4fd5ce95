"""What is seen of a reply while it comes: whole words of its text, without keys, and nothing of what is no stream."""

from contextlib import closing
from pathlib import Path

import pytest

from graphgrow.graph.model import Prompt
from graphgrow.llm.openai_chat import OpenAIChat
from graphgrow.llm.streaming import STREAM, ReplyStream
from tests.servers import Answer, Asked, completion, refusal, serving, streamed, waited_for

KEY = "sk-proj-0123456789abcdefghij"
PROMPT = Prompt("Answer.", "What is silk?")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file that somebody waits at."""
    monkeypatch.setenv(STREAM, str(tmp_path / "a.live"))
    return tmp_path / "a.live"


def test_words_appear_while_they_come_and_the_reply_is_whole(file: Path) -> None:
    """Half the text is there before the rest is sent; half a word is not; a key never; at the end the file is gone."""
    seen = list[str]()
    text = f"Silk is spun. {KEY} is no silk, says the spider. Indeed."

    def look() -> None:
        assert waited_for(file.exists)
        seen.append(file.read_text())

    halves = Answer(pieces=streamed(text, look))
    with serving(lambda _: halves) as server, closing(OpenAIChat("m-1", server.base_url, KEY)) as llm:
        reply = llm.ask(PROMPT)
    assert seen == ["Silk is spun. "]
    assert KEY not in reply.text
    assert reply.text.startswith("Silk is spun. ***")
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (20, 10)
    assert not file.exists()


@pytest.mark.parametrize("words", ["streaming is not supported for this model", "bad request"])
def test_an_endpoint_that_does_not_stream_is_asked_without(file: Path, words: str) -> None:
    """Whether it says why or not, the reply comes whole, and the next question is asked that way at once."""

    def script(asked: Asked) -> Answer:
        return refusal(words) if asked.body.get("stream") else Answer(completion("Silk."))

    with serving(script) as server, closing(OpenAIChat("m-1", server.base_url)) as llm:
        assert [llm.ask(PROMPT).text for _ in range(2)] == ["Silk.", "Silk."]
        assert [bool(one.body.get("stream")) for one in server.chats] == [True, False, False]
    assert not file.exists()


def test_nobody_waits_and_nothing_streams() -> None:
    """Without the variable a question is asked as ever."""
    with serving(lambda _: Answer(completion("Silk."))) as server, closing(OpenAIChat("m", server.base_url)) as llm:
        assert llm.ask(PROMPT).text == "Silk."
        assert "stream" not in server.chats[0].body


@pytest.mark.parametrize(
    "parts",
    [[b'{"choices": []}'], [b"data: {\n\n"], [b"data: 3\n\n"], [b'data: {"choices": 7}\n\n'], [b"\xff\xfe\n\n"], [b""],
     [b'data: {"choices": [{"delta": {"content": "one"}}]}\n\n'], [b"data: [DONE]\r\n\r\n"]],
)  # fmt: skip
def test_what_is_no_stream_shows_nothing(tmp_path: Path, parts: list[bytes]) -> None:
    """Bodies of any kind, and half words, bring no text and no error."""
    stream = ReplyStream(tmp_path / "a.live", str)
    for part in parts:
        stream.take(part)
    assert not (tmp_path / "a.live").exists() or not (tmp_path / "a.live").read_text()
    stream.close()
