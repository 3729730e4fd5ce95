"""What people want of the questions to come: pins, what is left alone, a focus, instructions, as the log leaves them.

A directive binds from its event on until it is taken back or used up. What it was used for is in the log too: a step
names the edits that its question followed (`Expansion.follows`). So a question that was under way when a directive came
uses nothing up, nor does one whose reply is lost, and a resumed run knows what is left.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from graphgrow.graph.model import Change, Event, Expansion

CHARACTERS = 200  # of one instruction
MOST = 8  # instructions that bind at a time, so that a prompt stays bounded


@dataclass(frozen=True, slots=True)
class Directive:
    """A change that steers, the event that made it, and how many steps have followed it."""

    seq: int
    change: Change
    followed: int = 0

    @property
    def left(self) -> int | None:
        """How many steps it still holds for; None for as long as nobody takes it back."""
        return self.change.steps - self.followed if self.change.steps else None


@dataclass(slots=True)
class Steering:
    """What binds: `pins` and `forbids` by concept key as said, `directives` (foci and instructions) by event."""

    pins: dict[str, Directive] = field(default_factory=dict)
    forbids: dict[str, Directive] = field(default_factory=dict)
    directives: dict[int, Directive] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Fold the changes of one event that steer, and what it used up of earlier ones."""
        for change in event.delta.changes:
            directive = Directive(event.seq, change)
            match change.do:
                case "pin":
                    self.pins |= dict.fromkeys(change.concepts, directive)
                case "unpin":
                    self.pins = {key: one for key, one in self.pins.items() if key not in change.concepts}
                case "forbid":
                    self.forbids |= dict.fromkeys(change.concepts, directive)
                case "allow":
                    self.forbids = {key: one for key, one in self.forbids.items() if key not in change.concepts}
                case "focus" | "instruct":
                    self.directives[event.seq] = directive
                case "withdraw":
                    self.directives.pop(change.event, None)
        if isinstance(event, Expansion) and event.is_step:
            for seq in event.follows:  # one more step that followed it, which may be its last
                followed = self.directives.pop(seq, None)
                if followed and followed.left != 1:
                    self.directives[seq] = replace(followed, followed=followed.followed + 1)

    def pinned(self, find: Callable[[str], str]) -> dict[str, Directive]:
        """Return the pins by the concepts that their keys stand for now, oldest first."""
        return _found(self.pins, find)

    def forbidden(self, find: Callable[[str], str]) -> dict[str, Directive]:
        """Return what is not asked about by the concepts that the keys stand for now."""
        return _found(self.forbids, find)

    @property
    def foci(self) -> list[Directive]:
        """The foci that wait for their question, oldest first."""
        return [directive for _, directive in sorted(self.directives.items()) if directive.change.do == "focus"]

    @property
    def instructions(self) -> list[Directive]:
        """The instructions that bind, oldest first; at most MOST, whatever a log holds."""
        return [one for _, one in sorted(self.directives.items()) if one.change.do == "instruct"][-MOST:]


def _found(directives: Mapping[str, Directive], find: Callable[[str], str]) -> dict[str, Directive]:
    found: dict[str, Directive] = {}
    for key, directive in directives.items():
        found.setdefault(find(key), directive)
    return found
