"""What a graph is kept in: items to be drawn by chance, components that only grow together, what was said and asked.

And a place for what others work out from a graph, which may be thrown away at any time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphgrow.graph.model import Claim, Delta, Expansion, FactCheck, Focus, Outcome

if TYPE_CHECKING:
    import random

    from graphgrow.graph.model import Event

KEEP = 0.7  # what a question counts for beside the next one about the same concept


@dataclass(frozen=True, slots=True)
class Yield:
    """How many questions a concept was asked, and how many concepts these brought, older ones discounted by KEEP."""

    questions: float = 0.0
    brought: float = 0.0

    def after(self, new: int) -> "Yield":
        """Return this after one more question, which brought that many concepts."""
        return Yield(KEEP * self.questions + 1, KEEP * self.brought + new)

    def also(self, new: int) -> "Yield":
        """Return this with more concepts that the last question brought."""
        return Yield(self.questions, self.brought + new) if self.questions else self.after(new)


@dataclass(frozen=True, slots=True)
class Past:
    """What an event said, what it was asked and what that cost, kept so that it can be shown or judged anew.

    `focus` is None for an edit and a fact check, whose `claims` are kept; `is_step` and `is_again` as in Expansion.
    """

    seq: int
    delta: Delta
    focus: Focus | None = None
    tokens: int = 0
    is_step: bool = False
    is_again: bool = False
    outcome: Outcome = "ok"
    claims: tuple[Claim, ...] = ()

    @classmethod
    def of(cls, event: "Event") -> "Past":
        """Return what of an event is kept."""
        if isinstance(event, Expansion):
            tokens = event.reply.usage.tokens
            return cls(event.seq, event.delta, event.focus, tokens, event.is_step, event.is_again, event.outcome)
        if isinstance(event, FactCheck):
            return cls(event.seq, event.delta, tokens=event.reply.usage.tokens, claims=event.claims)
        return cls(event.seq, event.delta)


@dataclass(frozen=True, slots=True)
class Before:
    """How a concept stood just before a question about it: its neighbours, the questions about it so far."""

    degree: int
    asks: int


class Memo(dict[str, object]):
    """What others worked out from a graph and keep beside it; a copy of the graph starts without."""

    def __deepcopy__(self, memo: dict[int, object]) -> "Memo":
        return Memo()


class Bag:
    """A set that can be sampled and changed in constant time, in an order that depends on its history alone."""

    def __init__(self) -> None:
        self._items: list[str] = []
        self._place: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, item: object) -> bool:
        return item in self._place

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def add(self, item: str) -> None:
        """Add an item; adding it twice changes nothing."""
        if item not in self._place:
            self._place[item] = len(self._items)
            self._items.append(item)

    def discard(self, item: str) -> None:
        """Take an item out by moving the last one into its place."""
        place = self._place.pop(item, None)
        if place is None:
            return
        last = self._items.pop()
        if last != item:
            self._items[place] = last
            self._place[last] = place

    def sample(self, count: int, rng: "random.Random") -> list[str]:
        """Return up to `count` different items, all of them in order where there are no more."""
        return list(self._items) if len(self._items) <= count else rng.sample(self._items, count)


class Components:
    """Connected components of the undirected graph by union-find; sizes are exact after every union."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}
        self.sizes: dict[str, int] = {}
        self.largest = 0

    def add(self, key: str) -> None:
        """Add a concept as a component of its own."""
        self._parent[key] = key
        self.sizes[key] = 1
        self.largest = max(self.largest, 1)

    def find(self, key: str) -> str:
        """Return the concept that stands for the component of `key`."""
        while (parent := self._parent[key]) != key:
            self._parent[key] = key = self._parent[parent]
        return key

    def join(self, one: str, other: str) -> None:
        """Make one component of two."""
        a, b = self.find(one), self.find(other)
        if a == b:
            return
        if self.sizes[a] < self.sizes[b]:
            a, b = b, a
        self._parent[b] = a
        self.sizes[a] += self.sizes.pop(b)
        self.largest = max(self.largest, self.sizes[a])
