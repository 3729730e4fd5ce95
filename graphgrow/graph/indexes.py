"""The small things that a graph is kept in: sets to draw from, components, and what others keep beside it."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Generic, TypeVar, cast

if TYPE_CHECKING:
    import random


K = TypeVar("K")
T = TypeVar("T")
KEEPER = "keeper"  # under this name a memo holds the store, which keeps results between openings of the graph


class Memo(dict[str, object]):
    """What others worked out from a graph and keep beside it; a copy of the graph starts without it."""

    def keep(self, name: str, mark: object, make: Callable[[], T]) -> T:
        """Return what `make` makes, kept under a name for as long as the mark is the same."""
        kept = self.get(name)
        if isinstance(kept, tuple) and kept[0] == mark:
            return cast("T", kept[1])
        made = make()
        self[name] = mark, made
        return made

    def __deepcopy__(self, memo: dict[int, object]) -> "Memo":
        return Memo()


class Bag:
    """A set that can be sampled and changed in constant time; `items` in an order that depends on its history alone."""

    def __init__(self, items: Iterable[str] = ()) -> None:
        self.items = list(items)
        self._place = {item: place for place, item in enumerate(self.items)}

    def add(self, item: str) -> None:
        """Add an item; adding it twice changes nothing."""
        if item not in self._place:
            self._place[item] = len(self.items)
            self.items.append(item)

    def discard(self, item: str) -> None:
        """Take an item out by moving the last one into its place."""
        place = self._place.pop(item, None)
        if place is None:
            return
        last = self.items.pop()
        if last != item:
            self.items[place] = last
            self._place[last] = place

    def sample(self, count: int, rng: "random.Random") -> list[str]:
        """Return up to `count` different items, all of them in order where there are no more."""
        return list(self.items) if len(self.items) <= count else rng.sample(self.items, count)


class Components(Generic[K]):
    """Connected components of the undirected graph by union-find; sizes are exact after every union."""

    def __init__(self, parent: dict[K, K] | None = None, sizes: dict[K, int] | None = None) -> None:
        self._parent = {} if parent is None else parent
        self.sizes = {} if sizes is None else sizes
        self.largest = max(self.sizes.values(), default=0)

    def add(self, key: K) -> None:
        """Add a concept as a component of its own."""
        self._parent[key] = key
        self.sizes[key] = 1
        self.largest = max(self.largest, 1)

    def find(self, key: K) -> K:
        """Return the concept that stands for the component of `key`."""
        while (parent := self._parent[key]) != key:
            self._parent[key] = key = self._parent[parent]
        return key

    def join(self, one: K, other: K) -> None:
        """Make one component of two."""
        a, b = self.find(one), self.find(other)
        if a == b:
            return
        if self.sizes[a] < self.sizes[b]:
            a, b = b, a
        self._parent[b] = a
        self.sizes[a] += self.sizes.pop(b)
        self.largest = max(self.largest, self.sizes[a])
