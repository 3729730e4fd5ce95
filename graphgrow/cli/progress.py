"""A line on stderr that says how far long work is: after two seconds, with its rate and the time left."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from graphgrow.cli.output import err

T = TypeVar("T")
FIRST = 2.0  # seconds of silence
EVERY = 10.0  # seconds between lines; a terminal, where one line is written over, gets them more often
OFTEN = 0.5
MINUTE = 60


class Progress:
    """Progress on stderr; `graph.progress.Progress` says what is what."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._console = err()
        self._is_line_open = False

    def over(self, items: Iterable[T], doing: str, total: int | None = None) -> Iterator[T]:
        """Yield the items; what takes less than two seconds says nothing."""
        started = self._clock()
        due = started + FIRST
        for done, item in enumerate(items, 1):
            yield item
            now = self._clock()
            if now >= due:
                rate = done / (now - started)
                text = f"{doing}: {done:,}"
                if total:
                    text += f" of {total:,} ({100 * done // total} %), {rate:,.0f} a second"
                    text += f", about {_spoken((total - done) / rate)} left"
                else:
                    text += f", {rate:,.0f} a second"
                self._show(text)
                due = now + (OFTEN if self._console.is_terminal else EVERY)
        self.end()

    def begin(self, doing: str) -> None:
        """Say what is done now."""
        self._show(f"{doing} ...")
        self.end()

    def end(self) -> None:
        """End the line that is written over."""
        if self._is_line_open:
            self._console.print()
            self._is_line_open = False

    def _show(self, text: str) -> None:
        if self._console.is_terminal:
            self._console.print(f"\r\x1b[K{text}", end="", markup=False, soft_wrap=True)
            self._is_line_open = True
        else:
            self._console.print(text, markup=False, soft_wrap=True)


def _spoken(seconds: float) -> str:
    """Return a time for people."""
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    return f"{seconds / MINUTE:.0f} min"
