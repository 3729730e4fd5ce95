"""Any OpenAI-compatible embeddings endpoint, as an embedder of graphgrow.identity."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import openai
from pydantic import BaseModel, ValidationError

from graphgrow.errors import LLMError
from graphgrow.llm.address import checked
from graphgrow.llm.clients import client
from graphgrow.llm.embedders import Floats, normalised
from graphgrow.llm.openai_chat import usable_key
from graphgrow.llm.refusals import Endpoint
from graphgrow.llm.usage import storable

if TYPE_CHECKING:
    from graphgrow.llm import Gate

_TIMEOUT = 60.0
_MAX_RETRIES = 4
_BATCH = 256  # names a request; OpenAI takes 2,048, small servers much less


class EndpointEmbedder:
    """One embedding model at one endpoint; retries and back-off are the client's own."""

    def __init__(
        self,
        model: str,
        base_url: str,
        api_key: str = "",
        *,
        batch: int = _BATCH,
        timeout: float = _TIMEOUT,
        max_retries: int = _MAX_RETRIES,
        gate: "Gate | None" = None,
    ) -> None:
        self._endpoint = Endpoint(model, checked(base_url), usable_key(api_key), timeout, max_retries)
        self._batch = batch
        self._client = client(self._endpoint, gate)
        self.name = f"{storable(model)} at {self._endpoint.url}"

    def __repr__(self) -> str:
        return f"EndpointEmbedder({self.name!r})"

    def embed(self, names: Sequence[str]) -> Floats:
        """Return an array of shape (len(names), d), each row of length 1; raises LLMError and its kinds."""
        starts = range(0, len(names), self._batch)
        rows = [row for start in starts for row in self._ask(names[start : start + self._batch])]
        if len({len(row) for row in rows}) > 1:
            raise LLMError(f"{self._endpoint.url} answered with vectors of different lengths: try another model")
        return normalised(np.array(rows)) if rows else np.empty((0, 0), np.float32)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _ask(self, names: Sequence[str]) -> list[list[float]]:
        """Return the vectors of one batch, in the order of the names."""
        content = self._send([storable(name) or " " for name in names])
        try:
            rows = sorted(_Answer.model_validate_json(content).data, key=lambda row: row.index)
        except ValidationError:
            raise self._no_vectors(content) from None
        if [row.index for row in rows] != list(range(len(names))):
            raise LLMError(
                f"{self._endpoint.url} answered {len(names)} names with {len(rows)} vectors: try a smaller batch"
            )
        return [row.embedding for row in rows]

    def _send(self, names: list[str]) -> bytes:
        body: dict[str, Any] = {"model": self._endpoint.model, "input": names, "encoding_format": "float"}
        try:
            answer = self._client.embeddings.with_raw_response.create(**body)
        except openai.APIError as error:
            raise self._endpoint.explain(error, tuple) from None
        content: bytes = answer.http_response.content
        return content

    def _no_vectors(self, content: bytes) -> LLMError:
        said = self._endpoint.clean(content.decode("utf-8", "replace"))
        return LLMError(
            f"{self._endpoint.url} answered with no embeddings but {said!r}:"
            f" see whether {self._endpoint.model} is an embedding model"
        )


class _Row(BaseModel):
    embedding: list[float]
    index: int


class _Answer(BaseModel):
    """The part of an embeddings answer that is read."""

    data: list[_Row]
