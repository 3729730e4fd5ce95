"""What people want of the questions to come: pins, what is left alone, a focus, instructions, as the log leaves them.

A wish binds from its event on until it is taken back or used up. What it was used for is in the log too: a step names
the edits that its question followed (`Expansion.heeds`). So a question that was under way when a wish came uses nothing
up, nor does one whose reply is lost, and a resumed run knows what is left.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from graphgrow.graph.model import STEERING, Change, Event, Expansion

CHARACTERS = 200  # of one instruction
MOST = 8  # instructions that bind at a time, so that a prompt stays bounded


@dataclass(frozen=True, slots=True)
class Wish:
    """A change that steers, the event that made it, and how many steps have heeded it."""

    seq: int
    change: Change
    heeded: int = 0

    @property
    def left(self) -> int | None:
        """How many steps it still holds for; None for as long as nobody takes it back."""
        return self.change.steps - self.heeded if self.change.steps else None


@dataclass(slots=True)
class Steering:
    """The wishes that bind: `pins` and `forbids` by concept key as said, foci and instructions (`wishes`) by event."""

    pins: dict[str, Wish] = field(default_factory=dict)
    forbids: dict[str, Wish] = field(default_factory=dict)
    wishes: dict[int, Wish] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Fold the changes of one event that steer, and what it used up of earlier ones."""
        for change in event.delta.changes:
            if change.do in STEERING:
                _DOING[change.do](self, Wish(event.seq, change))
        if isinstance(event, Expansion) and event.is_step:
            for seq in event.heeds:
                self._heed(seq)

    def _pin(self, wish: Wish) -> None:
        self.pins |= dict.fromkeys(wish.change.concepts, wish)

    def _unpin(self, wish: Wish) -> None:
        for key in wish.change.concepts:
            self.pins.pop(key, None)

    def _forbid(self, wish: Wish) -> None:
        self.forbids |= dict.fromkeys(wish.change.concepts, wish)

    def _allow(self, wish: Wish) -> None:
        for key in wish.change.concepts:
            self.forbids.pop(key, None)

    def _want(self, wish: Wish) -> None:
        self.wishes[wish.seq] = wish

    def _withdraw(self, wish: Wish) -> None:
        self.wishes.pop(wish.change.event, None)

    def _heed(self, seq: int) -> None:
        """Count one step that followed a wish, which may be its last."""
        wish = self.wishes.pop(seq, None)
        if wish and wish.left != 1:
            self.wishes[seq] = replace(wish, heeded=wish.heeded + 1)

    def pinned(self, find: Callable[[str], str]) -> dict[str, Wish]:
        """Return the pins by the concepts that their keys stand for now, oldest first."""
        return _found(self.pins, find)

    def forbidden(self, find: Callable[[str], str]) -> dict[str, Wish]:
        """Return what is not asked about by the concepts that the keys stand for now."""
        return _found(self.forbids, find)

    @property
    def foci(self) -> list[Wish]:
        """The foci that wait for their question, oldest first."""
        return [wish for _, wish in sorted(self.wishes.items()) if wish.change.do == "focus"]

    @property
    def instructions(self) -> list[Wish]:
        """The instructions that bind, oldest first; at most MOST, whatever a log holds."""
        return [wish for _, wish in sorted(self.wishes.items()) if wish.change.do == "instruct"][-MOST:]


def _found(wishes: Mapping[str, Wish], find: Callable[[str], str]) -> dict[str, Wish]:
    found: dict[str, Wish] = {}
    for key, wish in wishes.items():
        found.setdefault(find(key), wish)
    return found


_DOING: dict[str, Callable[[Steering, Wish], None]] = {
    "pin": Steering._pin,  # noqa: SLF001  # of this module
    "unpin": Steering._unpin,  # noqa: SLF001  # as above
    "forbid": Steering._forbid,  # noqa: SLF001  # as above
    "allow": Steering._allow,  # noqa: SLF001  # as above
    "focus": Steering._want,  # noqa: SLF001  # as above
    "instruct": Steering._want,  # noqa: SLF001  # as above
    "withdraw": Steering._withdraw,  # noqa: SLF001  # as above
}
