"""Limits of an endpoint that many askers share: how many requests at once, how many of them and of tokens a minute.

A request counts from when it is sent until a minute after its answer, so that whichever minute the endpoint looks at
holds no more than was allowed. Before the answer it counts with the most tokens that it can take.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Condition
from uuid import uuid4

from graphgrow.batch.jobs import Jobs, Rate
from graphgrow.errors import LLMError

MINUTE = 60.0
SOON = 0.25  # seconds; a guess, where only an answer that is still to come makes room
NAP = 1.0  # seconds after which a waiting request looks whether it is still to be sent
PATIENCE = 600.0  # seconds after which a request without an answer is no longer counted: its asker was killed


@dataclass(frozen=True, slots=True)
class Request:
    """One request: who, how many tokens, when it was sent, when answered (0: not yet). Seconds of one clock."""

    who: str
    tokens: int
    sent: float
    answered: float = 0.0

    def until(self, minute: float) -> float:
        """Return when it stops counting."""
        return self.answered + minute if self.answered else self.sent + PATIENCE + minute


Window = tuple[Request, ...]


def admit(window: Window, request: Request, rate: Rate, minute: float = MINUTE) -> tuple[Window, float]:
    """Return the requests that count after this one was admitted or not, and the seconds to wait (0: it may go).

    A request that by itself exceeds the limit of tokens goes when no other counts. Where only an answer that is still
    to come can make room, the wait is a guess: ask again when something was answered.
    """
    now = request.sent
    counted = tuple(one for one in window if one.until(minute) > now)
    if rate.at_once is not None and sum(not one.answered for one in counted) >= rate.at_once:
        return counted, SOON
    wait = 0.0
    if rate.requests_a_minute is not None:
        wait = _wait([(one, 1) for one in counted], rate.requests_a_minute - 1, now, minute)
    if rate.tokens_a_minute is not None:
        room = rate.tokens_a_minute - min(request.tokens, rate.tokens_a_minute)
        wait = max(wait, _wait([(one, one.tokens) for one in counted], room, now, minute))
    return (counted, wait) if wait else ((*counted, request), 0.0)


def _wait(counted: Sequence[tuple[Request, int]], most: int, now: float, minute: float) -> float:
    """Return the seconds until the weights of what counts sum to at most this much."""
    total = sum(weight for _, weight in counted)
    if total <= most:
        return 0.0
    for one, weight in sorted(counted, key=lambda pair: pair[0].until(minute)):
        total -= weight
        if total <= most:
            return max(0.001, one.until(minute) - now) if one.answered else SOON
    return 0.0


def answered(window: Window, who: str, tokens: int, now: float) -> Window:
    """Return the requests after one was answered, having taken this many tokens."""
    return tuple(replace(one, tokens=tokens, answered=now) if one.who == who else one for one in window)


@dataclass
class LocalGate:
    """The gate of the threads of one process; copies of it with other jobs count together."""

    jobs: Jobs
    minute: float = MINUTE
    stop: Callable[[], bool] = lambda: False
    _windows: dict[str, Window] = field(default_factory=dict)
    _change: Condition = field(default_factory=Condition)

    @contextmanager
    def passing(self, base_url: str, tokens: int) -> Iterator[Callable[[int], None]]:
        """Wait until one more request may go; one that never says what it took counts as the most it could take."""
        rate, who, took = self.jobs.rate(base_url), uuid4().hex, [tokens]
        with self._change:
            while True:
                if self.stop():
                    raise LLMError("the question was not sent: somebody asked to stop")
                request = Request(who, tokens, time.monotonic())
                self._windows[base_url], wait = admit(self._windows.get(base_url, ()), request, rate, self.minute)
                if not wait:
                    break
                self._change.wait(min(wait, NAP))
        try:
            yield lambda tokens: took.__setitem__(0, tokens)
        finally:
            with self._change:
                self._windows[base_url] = answered(self._windows[base_url], who, took[0], time.monotonic())
                self._change.notify_all()
