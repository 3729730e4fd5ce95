"""How long work reports how far it is; whoever runs it decides whether and where that is shown."""

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")
LARGE = 5_000  # concepts from which work that cannot say how far it is takes more than a moment


class Progress(Protocol):
    """What long work is given: `over` for loops, `begin` before one piece that cannot say how far it is."""

    def over(self, items: Iterable[T], doing: str, total: int | None = None) -> Iterator[T]:
        """Yield the items, `total` of them where that is known; `doing` says in words what is done with each."""
        ...

    def begin(self, doing: str) -> None:
        """Say what is done now, without an end in sight."""
        ...


class Silent:
    """Progress that nobody sees."""

    def over(self, items: Iterable[T], doing: str, total: int | None = None) -> Iterator[T]:  # noqa: ARG002
        """Yield the items."""
        return iter(items)

    def begin(self, doing: str) -> None:
        """Say nothing."""


SILENT = Silent()
