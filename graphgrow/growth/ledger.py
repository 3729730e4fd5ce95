"""The books of one run: what it has spent, what went wrong one after the other, and so what ends it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from graphgrow.graph.graph import Bill, Graph, take_bill
from graphgrow.graph.model import ASIDE, Expansion, FactCheck, Prompt, Usage
from graphgrow.graph.values import DEAREST
from graphgrow.growth.settings import Ending, Settings
from graphgrow.growth.step import is_all_thinking, is_failure
from graphgrow.llm import LLM, room_to_think
from graphgrow.policy.monitor import monitor

MOST_FAILURES = 5


@dataclass(slots=True)
class Ledger:
    """What a run under some settings did: its steps, bill, and failures in a row, by kind."""

    settings: Settings
    started: float
    steps: int = 0
    spent: Bill = field(default_factory=Bill)
    last_reason: str = ""  # why the last reply that brought nothing did so
    _failures: int = 0
    _refusals: int = 0
    _cuts: int = 0  # replies that were all thinking

    def take(self, event: Expansion | FactCheck) -> None:
        """Take in an event of this run."""
        take_bill(event, self.spent, {})
        if isinstance(event, FactCheck):
            return
        self.steps += event.is_step
        if event.outcome == "thinking":
            self._cuts, self.last_reason = self._cuts + 1, event.reason
            return
        self._cuts = 0
        self._refusals = self._refusals + 1 if event.outcome == "refused" else 0
        if event.outcome == "refused" or is_failure(event):
            self.last_reason = event.reason
        if event.focus.form not in ASIDE:
            weight = DEAREST if is_all_thinking(event.reply) else 1
            self._failures = self._failures + weight if is_failure(event) else 0

    def limit(self) -> Ending:
        """Return what ends the run also while a question waits for an endpoint, "" where nothing does."""
        settings, budget, spent = self.settings, self.settings.budget, self.spent
        if settings.stop and settings.stop():
            return "interrupted"
        if budget.tokens is not None and spent.tokens >= budget.tokens:
            return "tokens"
        if budget.minutes is not None and settings.timer() - self.started >= budget.minutes * 60:
            return "minutes"
        return ""

    def ending(self, graph: Graph, next_price: Callable[[], float]) -> Ending:
        """Return what ends the run now, "" where it goes on; `next_price` gives the most a round can cost, in USD."""
        budget = self.settings.budget
        if limit := self.limit():
            return limit
        most_cuts = MOST_FAILURES * self.settings.at_once  # a whole round is cut before it is learnt
        if self._failures >= MOST_FAILURES or self._cuts >= most_cuts:
            return "failing"
        if self._refusals >= MOST_FAILURES:
            return "refused"
        if budget.usd is not None and self.spent.usd + next_price() > budget.usd:
            return "usd"
        if budget.steps is not None and self.steps >= budget.steps:
            return "steps"
        found = monitor(graph).assessment
        return found.kind or "" if budget.until and found.do == "stop" else ""

    def affordable(self, llm: LLM, prompt: Prompt, count: int, reserved: float) -> int:
        """Return how many of `count` such questions the money pays for that is left beside `reserved`, in USD."""
        each = most_price(llm, prompt)
        if self.settings.budget.usd is None or not each:
            return count
        return max(0, min(count, int((self.settings.budget.usd - self.spent.usd - reserved) / each + 1e-9)))


def most_price(llm: LLM, prompt: Prompt) -> float:
    """Return the most that a question can cost in USD: every byte two tokens, reply and thinking at the limit."""
    most = Usage(2 * len((prompt.system + prompt.user).encode()), prompt.max_tokens + room_to_think(llm))
    return llm.price(most) or 0.0
