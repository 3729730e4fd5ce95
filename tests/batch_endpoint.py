"""An endpoint with OpenAI's batch API, as its reference describes it: files, batches, and a file of lines a batch."""

import json
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.servers import PATIENCE, Answer, Asked, Endpoint, completion, refusal, serving

Line = dict[str, Any]


def chatting(body: Line) -> Line:
    """Return a line's response for a question: four new relations, or yes with log-probabilities for a fact check."""
    if body.get("logprobs"):
        first = {"token": "yes", "logprob": -0.01, "top_logprobs": [{"token": "yes", "logprob": -0.01}]}
        choice = {"message": {"content": "yes"}, "finish_reason": "length", "logprobs": {"content": [first]}}
        return completion(choices=[choice])
    number = zlib.crc32(json.dumps(body).encode())
    said = [("spider silk", "contains", f"protein {number}{letter}") for letter in "abcd"]
    return completion(json.dumps({"relations": [{"source": s, "predicate": p, "target": t} for s, p, t in said]}))


def answered(line: Line) -> Line:
    """Return the row of the output file for a line of the input file."""
    response = {"status_code": 200, "request_id": "r", "body": chatting(line["body"])}
    return {"id": "x", "custom_id": line["custom_id"], "response": response, "error": None}


@dataclass
class BatchServer:
    """What the endpoint was given and has made; the fields that are functions and events are a test's to set.

    `row` gives what comes of a line, or None for no row at all; `ends` how a batch ends. `at` is called with the name
    of a moment: "upload", "create", "created", "look", "list", "download"; it may wait, or return an answer of its own.
    """

    row: Callable[[Line], Line | None] = answered
    ends: Callable[[int], str] = lambda number: "completed"  # of which batch
    at: Callable[[str], Answer | None] = lambda moment: None
    is_open: threading.Event = field(default_factory=threading.Event)
    files: dict[str, str] = field(default_factory=dict)
    batches: dict[str, Line] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.is_open.set()

    @property
    def asked(self) -> list[str]:
        """What was asked in batches, every line of each: the last message of its question, with its seed."""
        texts = [self.files[batch["input_file_id"]] for batch in self.batches.values()]
        bodies = [json.loads(line)["body"] for text in texts for line in text.splitlines()]
        return [f"{body['messages'][-1]['content']} {body.get('seed')}" for body in bodies]

    def __call__(self, asked: Asked) -> Answer:
        """Answer a request."""
        _, _, path = asked.path.partition("/v1")
        path, _, _ = path.partition("?")
        match path.strip("/").split("/"):
            case ["files"]:
                return self.at("upload") or self._uploaded(str(asked.body["file"]))
            case ["files", name, "content"]:
                return self.at("download") or Answer(self.files[name]) if name in self.files else refusal("none", 404)
            case ["batches"] if asked.body:
                if early := self.at("create"):
                    return early
                made = self._made(asked.body)
                return self.at("created") or made
            case ["batches"]:
                rows = list(self.batches.values())[::-1]
                return self.at("list") or Answer({"object": "list", "data": rows, "has_more": False})
            case ["batches", name]:
                return self.at("look") or self._looked(name)
            case ["chat", "completions"]:
                return Answer(chatting(asked.body))
        return refusal("not found", 404)

    def _uploaded(self, form: str) -> Answer:
        boundary = form.splitlines()[0]
        parts = {
            part.partition('name="')[2].partition('"')[0]: part.partition("\r\n\r\n")[2].removesuffix("\r\n")
            for part in form.split(boundary)[1:-1]
        }
        assert parts["purpose"] == "batch"
        with self.lock:
            name = f"file-{len(self.files)}"
            self.files[name] = parts["file"]
        return Answer({"id": name, "object": "file", "purpose": "batch"})

    def _made(self, body: Line) -> Answer:
        assert body["endpoint"] == "/v1/chat/completions"
        assert body["completion_window"] == "24h"
        with self.lock:
            name = f"batch_{len(self.batches)}"
            batch = {"id": name, "object": "batch", "status": "validating", "created_at": 1, **body}
            self.batches[name] = batch
        return Answer(batch)

    def _looked(self, name: str) -> Answer:
        if name not in self.batches:
            return refusal("No such batch", 404)
        batch = self.batches[name]
        with self.lock:
            if self.is_open.is_set() and batch["status"] == "validating":
                self._finish(batch, self.ends(int(name.rpartition("_")[2])))
        return Answer(batch)

    def _finish(self, batch: Line, status: str) -> None:
        lines = [json.loads(line) for line in self.files[batch["input_file_id"]].splitlines()]
        batch["status"] = status
        if status == "failed":
            why = {"code": "token_limit_exceeded", "message": "Enqueued token limit reached", "line": None}
            batch["errors"] = {"object": "list", "data": [why]}
            return
        rows = [row for row in map(self.row, lines[::-1]) if row]  # in an order of its own, as documented
        for kind, is_error in (("output_file_id", False), ("error_file_id", True)):
            some = [row for row in rows if bool(row["error"] or row["response"]["status_code"] != 200) is is_error]
            if some:
                batch[kind] = f"{batch['id']}-{kind}"
                self.files[batch[kind]] = "".join(json.dumps(row) + "\n" for row in some)


@contextmanager
def serving_batches(server: BatchServer) -> Iterator[Endpoint]:
    """Serve it on a free port until the block ends."""
    with serving(server) as endpoint:
        yield endpoint


class Hold:
    """A moment at which the server waits once, until it is let go: a test sees that it is there, and kills."""

    def __init__(self, moment: str) -> None:
        self.moment, self.is_there, self.go_on = moment, threading.Event(), threading.Event()

    def __call__(self, moment: str) -> Answer | None:
        """Wait, the first time that it is this moment."""
        if moment == self.moment and not self.is_there.is_set():
            self.is_there.set()
            self.go_on.wait(PATIENCE)
        return None
