"""Questions that are answered together, as one file at an endpoint's batch API: slower, and at a lower price.

What was asked so is written down beside the outbox before it is uploaded and at each stage after it, so that whatever
breaks in between, the next run takes the batch up where it is: nothing is asked or paid for twice.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from pathlib import Path
from typing import Any
from uuid import uuid4

from graphgrow.errors import LLMError
from graphgrow.graph.events import adapter, now
from graphgrow.graph.model import Answer, Prompt
from graphgrow.llm import LLM
from graphgrow.llm.batch_api import LINES_A_FILE, BatchAPI, BatchState, NoBatches, UnknownBatch
from graphgrow.stores.outbox import Outbox, PendingReply

TRIES = 2  # files that a question is put into before it is asked by itself
WAITS = 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0  # seconds between two looks, and LONGEST_WAIT from then on
LONGEST_WAIT = 60.0
MOST_FAILURES = 5  # looks in a row without an answer
MOST_HICCUPS = 2  # files in a row that an endpoint did not take now
WINDOW = timedelta(hours=25)  # after that no batch is under way: its window is a day
Replies = dict[int, tuple[Path | None, PendingReply]]


@dataclass(frozen=True, slots=True)
class BatchFile:
    """Questions in one file, as they are written down: `file_id` once it is uploaded, `batch_id` once it is begun."""

    name: str
    url: str
    model: str
    questions: tuple[PendingReply, ...]  # their replies still empty
    at: str
    file_id: str = ""
    batch_id: str = ""

    @property
    def prompts(self) -> dict[str, Prompt]:
        """The questions by their custom_id."""
        return {f"{self.name}-{place}": one.answer.prompt for place, one in enumerate(self.questions)}


KIND: Any = BatchFile | None  # pydantic takes names from our codec for a union, not for a bare dataclass


class BatchFiles:
    """Has the questions of a run answered by the file, where its endpoint does that; says what comes of each file.

    `models` are all that are asked, `model_of` a question tells which of them is.
    `is_over` tells whether the run is to end: then nothing is waited for any longer, and what was asked is taken up by
    the next run, unless no disk keeps it.
    """

    def __init__(
        self,
        models: Sequence[LLM],
        model_of: Callable[[PendingReply], LLM],
        outbox: Outbox[PendingReply],
        say: Callable[[str], None],
        is_over: Callable[[], bool],
    ) -> None:
        self._apis: dict[int, BatchAPI | None] = {}  # by the identity of a model
        for llm in models:
            opened: Callable[[], BatchAPI] | None = getattr(llm, "batch_api", None)
            self._apis[id(llm)] = opened() if opened else None
        self._model_of = model_of
        self._outbox, self._say, self._is_over = outbox, say, is_over
        self._off = set[int]()  # models that take no files
        self._hiccups = Counter[int]()

    def ask(self, questions: Sequence[PendingReply]) -> Mapping[int, tuple[Path | None, PendingReply]] | None:
        """Return replies by the place of their question, each kept on disk; what is missing is to be asked as usual.

        Questions for several models go in a file each. None where the run is to end before all are there. Raises
        LLMError where it cannot be told what became of a file: then it is on disk for the next run.
        """
        replies: Replies = {}
        refused = set[int]()
        for tries in range(TRIES):
            by_model: dict[int, list[int]] = {}
            for place, one in enumerate(questions):
                llm = self._model_of(one)
                if self._apis[id(llm)] is None:
                    self._turn_off(id(llm), f"{llm.name} takes no batch files")
                if place not in replies and place not in refused and id(llm) not in self._off:
                    by_model.setdefault(id(llm), []).append(place)
            begun = list[tuple[BatchAPI, BatchFile, list[int], int]]()
            for model, places in by_model.items():
                api, places = self._apis[model], places[:LINES_A_FILE]  # noqa: PLW2901  # the rest is asked as ever
                assert api
                some = tuple(questions[place] for place in places)
                file = BatchFile(uuid4().hex[:12], api.url, api.model, some, now())
                try:
                    begun.append((api, self._begun(api, file), places, model))
                    self._hiccups[model] = 0
                except NoBatches as error:
                    self._outbox.drop_batch(file.name)
                    self._hiccups[model] += 1
                    if error.is_final or self._hiccups[model] >= MOST_HICCUPS:
                        self._turn_off(model, str(error))
                    else:
                        self._say(f"{error}: these {len(places)} questions are asked one by one, at the usual price")
            for api, file, places, model in begun:
                state = self._awaited(api, file)
                if state is None:
                    return None
                arrived, hopeless, problem = self._collected(api, file, state, adopted=False)
                replies |= {places[place]: kept for place, kept in arrived.items()}
                refused |= {places[place] for place in hopeless}
                missing = len(places) - len(arrived)
                if state.status == "failed" and not arrived:
                    self._turn_off(model, f"batch {state.id} at {api.url} failed ({problem})")
                elif missing:
                    again = missing - len(hopeless) if tries + 1 < TRIES else 0
                    how = [f"{again} in another file"] if again else []
                    how += [f"{missing - again} one by one, at the usual price"] if missing > again else []
                    self._say(f"{lacking(state, missing, problem)}: asked again, {' and '.join(how)}")
            if not begun:
                break
        return replies

    def take_up(self) -> None:
        """Wait for the files of earlier runs, and put what they came to in the outbox, to be adopted.

        Questions without an answer are left to the policy, which has not seen them asked. Raises LLMError where it
        cannot be told what became of a file.
        """
        from pydantic import ValidationError

        for path in self._outbox.batches():
            try:
                file: BatchFile | None = adapter(KIND).validate_json(path.read_bytes())
            except ValidationError:
                file = None
            if file is None:
                path.replace(path.with_suffix(".unreadable"))
                continue
            known = (api for api in self._apis.values() if api and (api.url, api.model) == (file.url, file.model))
            api = next(known, None)
            begun = f"{len(file.questions)} questions of an earlier run wait in a batch of {file.model} at {file.url}"
            if api is None:
                self._say(f"{begun}: what came of them is taken up by a run with that model and address")
                continue
            if not file.file_id:  # nothing was asked
                self._outbox.drop_batch(file.name)
                continue
            self._say(f"{begun}: they are taken up first")
            try:
                state = self._awaited(api, self._begun(api, file))
            except NoBatches as error:  # there is none, as far as the endpoint tells
                self._outbox.drop_batch(file.name)
                self._say(f"{error}: those questions are asked anew")
                continue
            except LLMError as error:
                if datetime.now(UTC) - datetime.fromisoformat(file.at) > WINDOW:
                    self._outbox.drop_batch(file.name)
                    self._say(f"{error}: the time of that batch is over, so its questions are asked anew")
                elif isinstance(error, UnknownBatch):
                    self._say(f"{error}: see whether the key is the one that it was asked with")
                else:
                    raise
                continue
            if state is None:
                return
            arrived, _, problem = self._collected(api, file, state, adopted=True)
            if missing := len(file.questions) - len(arrived):
                self._say(f"{lacking(state, missing, problem)}: the policy asks them again")

    def _begun(self, api: BatchAPI, file: BatchFile) -> BatchFile:
        """Upload a file and begin its batch, each unless that was done already; it is written down before and after."""
        is_new = not file.file_id
        if is_new:
            self._note(file)
            file = replace(file, file_id=api.upload(file.name, file.prompts))
            self._note(file)
        if not file.batch_id:
            found = None if is_new else api.find(file.file_id)
            file = replace(file, batch_id=found or api.create(file.file_id, file.name))
            self._note(file)
        return file

    def _awaited(self, api: BatchAPI, file: BatchFile) -> BatchState | None:
        """Wait until a batch is over and return how it ended; None where the run is to end before."""
        batch_id = file.batch_id
        shown, failures = "", 0
        for seconds in chain(WAITS, repeat(LONGEST_WAIT)):
            try:
                state = api.look(batch_id)
                failures = 0
            except LLMError as error:
                failures += 1
                if failures >= MOST_FAILURES or (isinstance(error, UnknownBatch) and failures > 1):
                    raise
            else:
                if state.is_over:
                    return state
                if state.status != shown:
                    self._say(f"batch {batch_id} of {len(file.questions)} questions at {api.url}: {state.status}")
                    shown = state.status
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0:
                if self._outbox.folder and self._is_over():
                    self._say(f"batch {batch_id} at {api.url} goes on by itself: the next run takes it up")
                    return None
                time.sleep(min(0.2, left))
        return None

    def _collected(
        self, api: BatchAPI, file: BatchFile, state: BatchState, *, adopted: bool
    ) -> tuple[Replies, set[int], str]:
        """Return what a batch came to: the replies, each on disk, the questions that are refused, the first problem."""
        places = {custom_id: place for place, custom_id in enumerate(file.prompts)}
        replies: Replies = {}
        refused, problem = set[int](), state.problem
        for line in api.lines(state, file.prompts):
            place = places[line.custom_id]
            if line.reply is None:
                problem = problem or line.problem
                if line.is_refused:
                    refused.add(place)
                continue
            one = file.questions[place]
            pending = replace(one, answer=Answer(one.answer.prompt, line.reply))
            try:
                replies[place] = self._outbox.keep(pending, adopted=adopted), pending
            except OSError:
                if adopted:
                    raise
                replies[place] = None, pending  # a full disk, say: the store may take the reply all the same
        self._outbox.drop_batch(file.name)
        return replies, refused, problem

    def _note(self, file: BatchFile) -> None:
        try:
            self._outbox.keep_batch(file.name, adapter(KIND).dump_json(file))
        except OSError as error:
            raise LLMError(
                f"what is asked in a batch cannot be kept safe in {self._outbox.folder} ({error.strerror}):"
                " set XDG_STATE_HOME to a folder that can be written, or ask without --batch"
            ) from None

    def _turn_off(self, model: int, why: str) -> None:
        if model not in self._off:
            self._off.add(model)
            self._say(f"{why}: questions are asked one by one, at the usual price")


def lacking(state: BatchState, missing: int, problem: str) -> str:
    """Return in words how many questions of a batch have no answer, and why."""
    why = f" ({problem})" if problem else ""
    return f"batch {state.id} ended as {state.status!r} with {missing} questions not answered{why}"
