"""Waiting for an endpoint: as long as it asks for, as long as patience lasts, and no longer than the run goes on."""

import time
from collections.abc import Callable
from contextvars import ContextVar
from math import inf
from threading import Lock

from graphgrow.errors import RunOver
from graphgrow.graph.model import Prompt, Reply

NAP = 0.2  # seconds between two looks at whether the run goes on
FIRST_PAUSE = 1.0  # seconds, doubled after each refusal that names no delay
LONGEST_PAUSE = 30.0
_TOLD = 3.0  # seconds; of shorter waits nobody needs to hear
_SLOWER, _FASTER, _LONGEST_INTERVAL = 2.0, 0.7, 30.0

# Whether the run that asks has ended meanwhile, so that nothing need be waited for; the engine sets it for its threads.
is_over: ContextVar[Callable[[], bool]] = ContextVar("is_over", default=lambda: False)
# How many seconds the run that asks has left, infinite where nobody limits them; the engine sets it for its threads.
left: ContextVar[Callable[[], float]] = ContextVar("left", default=lambda: inf)
GRACE = 30.0  # seconds for which a reply still under way is waited for when these are over
# What takes a reply to a prompt as soon as it is whole, in the thread that read it, so that it is on disk before any
# other thread has its turn; the engine sets it for its threads.
arrived: ContextVar[Callable[[Prompt, Reply], None] | None] = ContextVar("arrived", default=None)
Tell = Callable[[str], None]


class Pace:
    """When the next request to an endpoint may go, for all threads that ask it.

    After a refusal everybody waits; where the endpoint named no delay the requests after it keep a distance too, which
    shrinks again as they are answered. `tell` is given a sentence about a wait of some seconds.
    """

    def __init__(self, tell: Tell | None = None, sleep: Callable[[float], None] = time.sleep) -> None:
        self._tell, self._sleep = tell, sleep
        self._lock = Lock()
        self._next = 0.0
        self._interval = 0.0
        self.successes = 0

    def wait_turn(self) -> None:
        """Wait until this thread's request may go; raises RunOver where the run ends first."""
        with self._lock:
            at = max(self._next, time.monotonic())
            if self._interval:
                self._next = at + self._interval
        self._rest(at)

    def went_well(self) -> None:
        """Take in that a request was answered."""
        with self._lock:
            self.successes += 1
            if self._interval:
                self._interval = 0.0 if self._interval < NAP else self._interval * _FASTER

    def hold(self, seconds: float, why: str, *, is_guess: bool) -> None:
        """Wait so many seconds, and let all others wait too; after a guess the next requests keep a distance."""
        with self._lock:
            until = time.monotonic() + seconds
            is_news = until > self._next + seconds / 2  # and not what another thread was told just now
            self._next = max(self._next, until)
            if is_guess and is_news:
                self._interval = min(max(_SLOWER * self._interval, NAP), _LONGEST_INTERVAL)
        if self._tell and is_news and seconds >= _TOLD:
            self._tell(f"{why} Trying again in {seconds:.0f} s")
        self._rest(until)

    def rest(self, seconds: float) -> None:
        """Wait so many seconds, alone; raises RunOver where the run ends first."""
        self._rest(time.monotonic() + seconds)

    def _rest(self, until: float) -> None:
        ended = is_over.get()
        while (left := until - time.monotonic()) > 0:
            if ended():
                raise RunOver("the run ended before the endpoint would take the question")
            self._sleep(min(NAP, left))


class Patience:
    """What is left of the time that one question may wait while the endpoint answers nobody; a new one for each.

    `begun` has the beginning of each answer that was under way and broke off.
    """

    def __init__(self, pace: Pace, minutes: float, retries: int) -> None:
        self._pace, self.minutes, self.retries = pace, minutes, retries
        self.failures = 0  # after which the question was asked again
        self.waited = 0.0  # seconds
        self.begun: list[str] = []
        self._left, self._pause, self._seen = 60 * minutes, FIRST_PAUSE, pace.successes

    def outlasts(self, delay: float | None, why: str, *, is_rate: bool = False) -> bool:
        """Wait as an endpoint asks, or longer each time where it names no delay; False where that is too long.

        Where its limit is a rate (`is_rate`) the requests after this one keep a distance.
        """
        if self._pace.successes != self._seen:  # it answers others meanwhile: this question's turn will come
            self._left, self._seen = 60 * self.minutes, self._pace.successes
        is_guess = not delay
        seconds = delay or min(self._pause, self._left)
        if self._left <= 0 or seconds > self._left:
            return False
        if is_guess:
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self._left -= seconds
        self.waited += seconds
        self._pace.hold(seconds, why, is_guess=is_guess and is_rate)
        return True

    def tries_again(self, most: int | None = None) -> bool:
        """Wait a moment before the question is asked again of a server that failed; False after so many times."""
        if self.failures >= (self.retries if most is None else min(most, self.retries)):
            return False
        self._pace.rest(min(0.5 * 2**self.failures, 8.0))
        self.failures += 1
        return True
