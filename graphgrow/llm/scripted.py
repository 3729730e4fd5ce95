"""Models that cost nothing: `Scripted` gives the replies it was made with, `Recorded` those that a run once got."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock

from graphgrow.errors import BadInput, OutOfReplies
from graphgrow.graph.events import read_events
from graphgrow.graph.model import Expansion, FactCheck, Prompt, ReasoningStep, Reply
from graphgrow.llm import FreeModel
from graphgrow.llm.usage import estimate_usage


class Scripted(FreeModel):
    """Gives the replies in order, whatever it is asked; with `cycle` it starts again after the last.

    A plain string is billed at the estimate of its length. After the last reply it raises OutOfReplies.
    """

    checks_facts = False

    def __init__(self, replies: Sequence[str | Reply], *, cycle: bool = False, name: str = "scripted") -> None:
        self.name = name
        self._replies = tuple(replies)
        self._cycle = cycle
        self._asked = 0
        self._lock = Lock()

    def ask(self, prompt: Prompt) -> Reply:
        """Return the next reply; raises OutOfReplies after the last."""
        with self._lock:
            number, count = self._asked, len(self._replies)
            if number >= count and not (self._cycle and count):
                raise OutOfReplies(f"the script has {count} replies and was asked once more: add replies or ask less")
            self._asked += 1
        reply = self._replies[number % count]
        return Reply(reply, estimate_usage(prompt, reply), model=self.name) if isinstance(reply, str) else reply


class Recorded(FreeModel):
    """Gives the replies of a run file by prompt, each as it was recorded, its bill included; nothing is asked or paid.

    Several replies to the same prompt come by its seed, else in the order of the run: samples of one question are asked
    at once, and each has to get its own. Raises BadInput for a file without replies.
    """

    def __init__(self, path: Path) -> None:
        self.name = f"recorded:{path}"
        self._path = path
        self._replies = defaultdict[str, list[tuple[int, Reply]]](list)  # each with the seed of its prompt
        self._lock = Lock()
        self.checks_facts = False  # where the run has none
        for event in read_events(path):
            if isinstance(event, FactCheck):
                self.checks_facts = True
                self._replies[_digest(event.prompt)].append(
                    (event.prompt.seed, replace(event.reply, logprobs=event.logprobs))
                )
            elif isinstance(event, Expansion | ReasoningStep) and event.prompt and event.reply:
                self._replies[_digest(event.prompt)].append((event.prompt.seed, event.reply))
        if not self._replies:
            raise BadInput(f"{path} holds no replies: give a run file with at least one question in it")

    def ask(self, prompt: Prompt) -> Reply:
        """Return the next recorded reply to this prompt; raises OutOfReplies where the run has none left."""
        replies = self._replies.get(_digest(prompt))
        with self._lock:
            if replies:
                place = next((place for place, (seed, _) in enumerate(replies) if seed == prompt.seed), 0)
                return replies.pop(place)[1]
        problem = "never asked" if replies is None else "has no more replies to"
        start = " ".join(prompt.user.split())[:80]
        raise OutOfReplies(
            f"{self._path} {problem} {start!r}: replay with that run's topic, options and seed, or use a live model"
        )


def _digest(prompt: Prompt) -> str:
    return hashlib.sha256(f"{prompt.system}\0{prompt.user}".encode(errors="surrogatepass")).hexdigest()
