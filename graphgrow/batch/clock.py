"""What time it is: an argument of everything that waits, so that a night takes a second in a test."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of time; it may jump."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        ...

    def seconds(self, moment: datetime) -> float:
        """Return how many real seconds pass until a moment, 0 where it is over."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The time of this machine."""

    def now(self) -> datetime:
        """Return the time in UTC."""
        return datetime.now(UTC)

    def seconds(self, moment: datetime) -> float:
        """Return the seconds until a moment."""
        return max(0.0, (moment - self.now()).total_seconds())


@dataclass(frozen=True, slots=True)
class FastClock:
    """A clock that runs `speed` times as fast as the machine's since `start` (its own time) at `real` (epoch)."""

    start: datetime
    real: float
    speed: float

    def now(self) -> datetime:
        """Return the time in UTC, by this clock."""
        return self.start + timedelta(seconds=(time.time() - self.real) * self.speed)

    def seconds(self, moment: datetime) -> float:
        """Return the real seconds until a moment."""
        return max(0.0, (moment - self.now()).total_seconds() / self.speed)


def stamp(moment: datetime) -> str:
    """Return a moment as events and files write it: UTC, ISO 8601, whole seconds."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")
