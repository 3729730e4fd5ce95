"""The batch API of an OpenAI-compatible endpoint: a file of questions that is answered within a day, at a lower price.

A file is uploaded, a batch is made of it, and once that is over its answers and its errors are two files to download.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

from graphgrow.errors import LLMError
from graphgrow.graph.model import Prompt, Reply, Usage
from graphgrow.llm.endpoint import Endpoint
from graphgrow.llm.faults import fault_of
from graphgrow.llm.usage import storable, usd

if TYPE_CHECKING:
    import openai


CHATS = "/v1/chat/completions"
OVER = frozenset(("completed", "failed", "expired", "cancelled"))
UNREADABLE = (ValueError, TypeError, KeyError, RecursionError)  # invalid JSON, or JSON that holds something else
LINES_A_FILE = 50_000  # as OpenAI has it
_PAGE = 100  # batches of one listing
_LISTED = 500  # of the newest batches, where one is looked for
_AGAIN_LATER = frozenset((HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS))


class NoBatches(LLMError):
    """The endpoint did not take the file, so nothing was asked; `is_final` where it will not take another either."""

    def __init__(self, sentence: str, *, is_final: bool) -> None:
        super().__init__(sentence)
        self.is_final = is_final


class UnknownBatch(LLMError):
    """The endpoint knows no batch of this name, or does not show it to this key."""


@dataclass(frozen=True, slots=True)
class BatchState:
    """How a batch stands: `status` as the endpoint words it, the files that it came to, and why it failed, if it did.

    `answered` and `failed` of `total` questions are done.
    """

    id: str
    status: str
    files: tuple[str, ...] = ()
    problem: str = ""
    answered: int = 0
    failed: int = 0
    total: int = 0

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status in OVER


@dataclass(frozen=True, slots=True)
class BatchLine:
    """What came of one question: a reply, or the problem in the endpoint's words.

    `is_refused` where the endpoint does not take the question in this form, so that asking it like that again is in
    vain.
    """

    custom_id: str
    reply: Reply | None = None
    problem: str = ""
    is_refused: bool = False


class Chat(Protocol):
    """The chat model whose questions go in files: how it asks, reads, and is paid."""

    @property
    def name(self) -> str:
        """The model's name."""

    def body(self, prompt: Prompt) -> dict[str, object]:
        """Return the body of a request as the endpoint is known to take it."""

    def read(self, content: str, prompt: Prompt) -> Reply:
        """Return the reply that a chat completion in JSON is; raises LLMError where it is none."""

    def price(self, usage: Usage) -> float | None:
        """Return what a bill costs in USD outside of batches."""


class BatchAPI:
    """Files and batches at the endpoint of a chat model, by the openai package's own client."""

    def __init__(self, chat: Chat, endpoint: Endpoint) -> None:
        from graphgrow.llm.clients import address

        self.url, self.model = endpoint.url, chat.name
        self._chat, self._endpoint = chat, endpoint
        base, self._query = address(endpoint)
        self._base, _, self._deployment = base.partition("/deployments/")  # Azure: batches are of the whole resource
        self._chats = CHATS.removeprefix("/v1") if self._deployment else CHATS

    def price(self, usage: Usage) -> float | None:
        """Return what a bill costs in USD in a batch: the price that is listed for batches, else the usual one."""
        return usd(self.model, self._endpoint.base_url, usage, in_batch=True)

    def upload(self, name: str, questions: Mapping[str, Prompt]) -> str:
        """Upload questions by their custom_id as one file and return its id; nothing is asked by that.

        Raises NoBatches where the endpoint does not take it.
        """
        import openai

        lines = [
            json.dumps({"custom_id": custom_id, "method": "POST", "url": self._chats, "body": self._body(prompt)})
            + "\n"
            for custom_id, prompt in questions.items()
        ]
        file = f"graphgrow-{name}.jsonl", "".join(lines).encode(), "application/jsonl"
        try:
            with self._lent() as client:
                content = client.files.with_raw_response.create(file=file, purpose="batch").http_response.text
            return identifier(content)
        except openai.APIError as error:
            raise self._refused(error) from None
        except UNREADABLE:
            raise self._no_batches(f"it answered an upload with {self._endpoint.clean(content)!r}") from None

    def _body(self, prompt: Prompt) -> dict[str, object]:
        """Return a question as a line of the file: with the deployment as its model where the address names one."""
        body = self._chat.body(prompt)
        for name in ("stream", "stream_options"):
            body.pop(name, None)
        return body | ({"model": unquote(self._deployment)} if self._deployment else {})

    def create(self, file_id: str, name: str) -> str:
        """Have the questions of an uploaded file answered and return the batch's id: from here on they are paid for.

        It is asked for once: where the answer is lost, whether there is such a batch is looked up first. Raises
        NoBatches where there certainly is none, LLMError where that cannot be told.
        """
        import openai

        try:
            with self._lent() as client:
                content = (
                    client.with_options(max_retries=0)
                    .batches.with_raw_response.create(
                        input_file_id=file_id,
                        endpoint=self._chats,  # type: ignore[arg-type]  # a str for the literal of that value
                        completion_window="24h",
                        metadata={"graphgrow": name},
                    )
                    .http_response.text
                )
            return identifier(content)
        except openai.APIStatusError as error:
            if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise self._refused(error) from None
            problem: Exception = self._refused(error)
        except openai.APIError as error:
            problem = self._explained(error)
        except UNREADABLE:
            problem = self._no_batches(f"it answered a new batch with {self._endpoint.clean(content)!r}")
        try:
            found = self.find(file_id)
        except NoBatches:
            raise problem from None
        if found is None:
            raise problem if isinstance(problem, NoBatches) else self._no_batches(str(problem), is_final=False)
        return found

    def find(self, file_id: str) -> str | None:
        """Return the batch that was made of a file; raises NoBatches where there is no listing, else LLMError."""
        import openai

        try:
            with self._lent() as client:
                for number, batch in enumerate(client.batches.list(limit=_PAGE)):
                    if getattr(batch, "input_file_id", None) == file_id:
                        return str(batch.id)
                    if number >= _LISTED:
                        break
        except openai.APIStatusError as error:
            raise self._refused(error) from None
        except openai.APIError as error:
            raise self._explained(error) from None
        except (TypeError, AttributeError, ValueError):  # a listing that is none
            raise self._no_batches("its list of batches cannot be read") from None
        return None

    def look(self, batch_id: str) -> BatchState:
        """Return how a batch stands; raises UnknownBatch, else LLMError."""
        import openai

        try:
            with self._lent() as client:
                content = client.batches.with_raw_response.retrieve(batch_id).http_response.text
            batch = json.loads(content)
            status = storable(str(batch["status"]))
        except (openai.NotFoundError, openai.AuthenticationError, openai.PermissionDeniedError) as error:
            quoted = self._endpoint.clean(words(error.body) or str(error))
            raise UnknownBatch(f"{self.url} does not show batch {storable(batch_id)} ({quoted})") from None
        except openai.APIError as error:
            raise self._explained(error) from None
        except UNREADABLE:
            raise LLMError(f"{self.url} answered with no batch but {self._endpoint.clean(content)!r}") from None
        counts = batch.get("request_counts")
        numbers = counts if isinstance(counts, dict) else {}
        answered, failed, total = (
            number if isinstance(number := numbers.get(name), int) else 0 for name in ("completed", "failed", "total")
        )
        files = tuple(str(file) for file in (batch.get("output_file_id"), batch.get("error_file_id")) if file)
        problem = self._endpoint.clean(words(batch.get("errors")))
        return BatchState(storable(batch_id), status, files, problem, answered, failed, total)

    def lines(self, state: BatchState, prompts: Mapping[str, Prompt]) -> Iterator[BatchLine]:
        """Download what a batch came to and yield it, a line per question, each once; raises LLMError."""
        import openai

        seen = set[str]()
        for file_id in state.files:
            try:
                with self._lent() as client:
                    content = client.files.content(file_id).content.decode("utf-8", "replace")
            except openai.APIError as error:
                raise self._explained(error) from None
            for text in content.splitlines():
                try:
                    row = json.loads(text)
                    custom_id = str(row["custom_id"])
                except UNREADABLE:
                    continue  # nobody can tell which question it answers: that counts as not answered
                if custom_id in prompts and custom_id not in seen:
                    seen.add(custom_id)
                    yield self._line(custom_id, row, prompts[custom_id])

    @contextmanager
    def _lent(self) -> Iterator["openai.OpenAI"]:
        """Yield a client that repeats requests by itself, which harms nothing but the beginning of a batch.

        It is not the client of the chat: uploads and downloads take longer than questions and replies, and are rare.
        """
        from graphgrow.llm.clients import open_client

        with open_client(self._endpoint, self._base, self._query, retries=self._endpoint.retries) as client:
            yield client

    def _line(self, custom_id: str, row: dict[str, Any], prompt: Prompt) -> BatchLine:
        response = row.get("response") if isinstance(row.get("response"), dict) else {}
        assert isinstance(response, dict)
        status, body = response.get("status_code"), response.get("body")
        if status == HTTPStatus.OK and not row.get("error"):
            try:
                reply = self._chat.read(body if isinstance(body, str) else json.dumps(body), prompt)
            except LLMError:
                problem = words(body) or f"no chat completion but {json.dumps(body)}"
                return BatchLine(custom_id, problem=self._endpoint.clean(problem), is_refused=True)
            if reply.usd == self._chat.price(reply.usage):  # and not what the endpoint itself says that it was
                reply = replace(reply, usd=self.price(reply.usage))
            return BatchLine(custom_id, reply)
        problem = words(row.get("error")) or words(body) or fault_of(0, {}, json.dumps(body)).words
        is_refused = (
            isinstance(status, int)
            and HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
            and status not in _AGAIN_LATER
        )
        problem = f"status {status}" if problem in {"", "null"} else problem
        return BatchLine(custom_id, problem=self._endpoint.clean(problem), is_refused=is_refused)

    def _refused(self, error: "openai.APIError") -> NoBatches:
        import openai

        if not isinstance(error, openai.APIStatusError):
            return self._no_batches(str(self._explained(error)), is_final=False)
        status = error.status_code
        said = f"{status}: {self._endpoint.clean(words(error.body) or error.message)}"
        is_final = status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _AGAIN_LATER
        return self._no_batches(said, is_final=is_final or status == HTTPStatus.NOT_IMPLEMENTED)

    def _no_batches(self, why: str, *, is_final: bool = True) -> NoBatches:
        return NoBatches(f"{self.url} takes no batch files ({why})", is_final=is_final)

    def _explained(self, error: "openai.APIError") -> LLMError:
        """Return our error for one that says nothing of a batch, in words of our own."""
        import openai

        if isinstance(error, openai.APITimeoutError):
            why = f"no answer within {self._endpoint.timeout:g} seconds"
        elif isinstance(error, openai.APIStatusError):
            why = f"{error.status_code}: {self._endpoint.clean(words(error.body) or error.message)}"
        else:
            why = self._endpoint.clean(str(error.__cause__ or error))
        return LLMError(
            f"{self.url} does not say what became of a batch ({why}): start again, and it is looked up first"
        )


def identifier(content: str) -> str:
    """Return the id that an answer in JSON gives to what was made; raises one of UNREADABLE where it gives none."""
    found = json.loads(content)["id"]
    if not isinstance(found, str) or not found:
        raise ValueError(found)
    return found


def words(error: object) -> str:
    """Return what an error of any shape says: its code and its message, or those of the first in a list; "" if none."""
    if isinstance(error, str):
        return error
    if isinstance(error, Sequence):
        return words(error[0]) if error else ""
    if not isinstance(error, dict):
        return ""
    for inner in ("error", "data"):
        if error.get(inner):
            return words(error[inner])
    said = (error.get(name) for name in ("code", "message", "detail"))
    return ": ".join(str(part) for part in said if isinstance(part, str | int) and str(part))
