"""Models that cost nothing: `Scripted` says what it is told to, `Recorded` says again what a model once replied."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from graphgrow.errors import BadInput, OutOfReplies
from graphgrow.graph.events import read_events
from graphgrow.graph.model import Expansion, Prompt, ReasoningStep, Reply, Usage
from graphgrow.llm.usage import estimate_usage


class Scripted:
    """Gives the replies in order, whatever it is asked; with `cycle` it starts again after the last.

    A plain string is billed at the estimate of its length. After the last reply it raises OutOfReplies.
    """

    def __init__(self, replies: Sequence[str | Reply], *, cycle: bool = False, name: str = "scripted") -> None:
        self.name = name
        self._replies = tuple(replies)
        self._cycle = cycle
        self._asked = 0
        self._lock = Lock()

    def ask(self, prompt: Prompt) -> Reply:
        """Return the next reply; raises OutOfReplies after the last."""
        reply = self._replies[self._next()]
        return self._billed(prompt, reply) if isinstance(reply, str) else reply

    def price(self, usage: Usage) -> float | None:  # noqa: ARG002  # the signature of every model
        """Return None: asking costs nothing."""
        return None

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""

    def _next(self) -> int:
        with self._lock:
            number, count = self._asked, len(self._replies)
            if number >= count and not (self._cycle and count):
                raise OutOfReplies(f"the script has {count} replies and was asked once more: add replies or ask less")
            self._asked += 1
            return number % count

    def _billed(self, prompt: Prompt, text: str) -> Reply:
        return Reply(text, estimate_usage(prompt, text), model=self.name)


class Recorded:
    """Gives the replies of a run file by prompt, each as it was recorded, its bill included; nothing is asked or paid.

    Several replies to the same prompt come by its seed, else in the order of the run: samples of one question are asked
    at once, and each has to get its own. Raises BadInput for a file without replies.
    """

    def __init__(self, path: Path) -> None:
        self.name = f"recorded:{path}"
        self._path = path
        self._replies = _by_prompt(path)
        self._lock = Lock()
        if not self._replies:
            raise BadInput(f"{path} holds no replies: give a run file with at least one question in it")

    def ask(self, prompt: Prompt) -> Reply:
        """Return the next recorded reply to this prompt; raises OutOfReplies where the run has none left."""
        waiting = self._replies.get(_digest(prompt))
        if waiting is None:
            raise OutOfReplies(self._excuse(prompt, "never asked"))
        with self._lock:
            if not waiting:
                raise OutOfReplies(self._excuse(prompt, "has no more replies to"))
            place = next((place for place, (seed, _) in enumerate(waiting) if seed == prompt.seed), 0)
            return waiting.pop(place)[1]

    def price(self, usage: Usage) -> float | None:  # noqa: ARG002  # the signature of every model
        """Return None: asking costs nothing."""
        return None

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""

    def _excuse(self, prompt: Prompt, what: str) -> str:
        start = " ".join(prompt.user.split())[:80]
        return f"{self._path} {what} {start!r}: replay with that run's topic, options and seed, or use a live model"


def _by_prompt(path: Path) -> dict[str, list[tuple[int, Reply]]]:
    """Return the replies of a run, each with the seed of its prompt, by what the prompt says."""
    replies: defaultdict[str, list[tuple[int, Reply]]] = defaultdict(list)
    for event in read_events(path):
        if isinstance(event, Expansion | ReasoningStep) and event.prompt and event.reply:
            replies[_digest(event.prompt)].append((event.prompt.seed, event.reply))
    return dict(replies)


def _digest(prompt: Prompt) -> str:
    return hashlib.sha256(f"{prompt.system}\0{prompt.user}".encode(errors="surrogatepass")).hexdigest()
