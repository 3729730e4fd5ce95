"""Questions that are answered together, as one file at an endpoint's batch API: slower, and at a lower price.

What was asked so is written down beside the outbox before it is uploaded and at each stage after it, so that whatever
breaks in between, the next run takes the batch up where it is: nothing is asked or paid for twice.
"""

import time
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

TRIES = 2  # files that a question is put in before it is asked by itself
WAITS = 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0  # seconds between two looks, and LONGEST_WAIT ever after
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
    """Has the questions of a run answered by the file, as far as its endpoint does that; says what comes of each file.

    `is_over` tells whether the run is to end: then nothing is waited for any longer, and what was asked is taken up by
    the next run, unless no disk keeps it.
    """

    def __init__(
        self,
        llm: LLM,
        outbox: Outbox[PendingReply],
        say: Callable[[str], None],
        is_over: Callable[[], bool],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._open: Callable[[], BatchAPI] | None = getattr(llm, "batch_api", None)
        self._name = llm.name
        self._outbox, self._say, self._is_over, self._pause = outbox, say, is_over, pause
        self._is_on = True
        self._hiccups = 0

    def ask(self, questions: Sequence[PendingReply]) -> Mapping[int, tuple[Path | None, PendingReply]] | None:
        """Return the replies by the place of their question, each kept on disk; what is missing is to be asked as ever.

        None where the run is to end before they are there. Raises LLMError where it cannot be told what became of a
        file: then it is on disk for the next run.
        """
        if self._open is None:
            self._turn_off(f"{self._name} takes no batch files")
        replies: Replies = {}
        refused = set[int]()
        for tries in range(TRIES):
            places = [place for place in range(len(questions)) if place not in replies and place not in refused]
            places = places[:LINES_A_FILE]
            if not places or not self._is_on or self._open is None:
                break
            api = self._open()
            file = BatchFile(uuid4().hex[:12], api.url, api.model, tuple(questions[place] for place in places), now())
            try:
                state = self._sent(api, file)
            except NoBatches as error:
                self._outbox.drop_batch(file.name)
                self._hiccups += 1
                if error.is_final or self._hiccups >= MOST_HICCUPS:
                    self._turn_off(str(error))
                else:
                    self._say(f"{error}: these {len(places)} questions are asked one by one, at the usual price")
                break
            if state is None:
                return None
            self._hiccups = 0
            arrived, hopeless, problem = self._collected(api, file, state, adopted=False)
            replies |= {places[place]: kept for place, kept in arrived.items()}
            refused |= {places[place] for place in hopeless}
            missing = len(places) - len(arrived)
            if state.status == "failed" and not arrived:
                self._turn_off(f"batch {state.id} at {api.url} failed ({problem})")
                break
            if missing:
                again = len(places) - len(arrived) - len(hopeless)
                how = [f"{again} in another file"] if again and tries + 1 < TRIES else []
                alone = missing - again if how else missing
                how += [f"{alone} one by one, at the usual price"] if alone else []
                self._say(f"{lacking(state, missing, problem)}: asked again, {' and '.join(how)}")
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
            api = self._open() if self._open else None
            begun = f"{len(file.questions)} questions of an earlier run wait in a batch of {file.model} at {file.url}"
            if api is None or (api.url, api.model) != (file.url, file.model):
                self._say(f"{begun}: what came of them is taken up by a run with that model and address")
                continue
            if not file.file_id:  # nothing was asked
                self._outbox.drop_batch(file.name)
                continue
            self._say(f"{begun}: they are taken up first")
            try:
                state = self._sent(api, file)
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

    def _sent(self, api: BatchAPI, file: BatchFile) -> BatchState | None:
        """Upload a file, begin its batch and wait until that is over; what was done of it already is not done again."""
        if not file.file_id:
            self._note(file)
            file = replace(file, file_id=api.upload(file.name, file.prompts))
            self._note(file)
            batch_id = api.create(file.file_id, file.name)
        else:
            batch_id = file.batch_id or api.find(file.file_id) or api.create(file.file_id, file.name)
        if not file.batch_id:
            file = replace(file, batch_id=batch_id)
            self._note(file)
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
                self._pause(min(0.2, left))
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

    def _turn_off(self, why: str) -> None:
        if self._is_on:
            self._is_on = False
            self._say(f"{why}: questions are asked one by one, at the usual price")


def lacking(state: BatchState, missing: int, problem: str) -> str:
    """Return in words how many questions of a batch have no answer, and why."""
    why = f" ({problem})" if problem else ""
    return f"batch {state.id} ended as {state.status!r} with {missing} questions not answered{why}"
