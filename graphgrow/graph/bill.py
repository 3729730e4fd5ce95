"""What the events of a graph cost: tokens, money and seconds, by the role of a model and its name."""

from collections.abc import Mapping
from dataclasses import dataclass

from graphgrow.graph.model import Edit, Embedding, Event, Expansion, Role, Usage


@dataclass(slots=True)
class Bill:
    """What the events of a graph cost so far. `usd` counts priced replies only."""

    replies: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    usd: float = 0.0
    seconds: float = 0.0

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens

    def embed(self, embedding: Embedding) -> None:
        """Add what comparing names by meaning cost, which is no reply."""
        self.prompt_tokens += embedding.tokens
        self.usd += embedding.usd or 0.0

    def add(self, usage: Usage, usd: float | None, seconds: float) -> None:
        """Add one reply."""
        self.replies += 1
        self.prompt_tokens += usage.prompt_tokens
        self.completion_tokens += usage.completion_tokens
        self.usd += usd or 0.0
        self.seconds += seconds


def take_bill(event: Event, bill: Bill, parts: dict[tuple[Role, str], Bill]) -> None:
    """Add what an event cost to a bill and to its parts, which are by role and model."""
    if not isinstance(event, Edit) and event.reply:
        for one in (bill, parts.setdefault((event.role, event.reply.model), Bill())):
            one.add(event.reply.usage, event.reply.usd, event.reply.seconds)
    if isinstance(event, Expansion) and event.embedding:
        for one in (bill, parts.setdefault(("embed", event.embedding.model), Bill())):
            one.embed(event.embedding)


def bill_rows(bills: Mapping[tuple[Role, str], Bill]) -> list[dict[str, str | int | float]]:
    """Return bills by role and model as rows: `role`, `model`, `replies`, `tokens`, `usd`."""
    return [
        {"role": role, "model": model, "replies": one.replies, "tokens": one.tokens, "usd": one.usd}
        for (role, model), one in bills.items()
    ]
