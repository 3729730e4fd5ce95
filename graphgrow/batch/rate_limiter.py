"""The limits of endpoints on a cluster: its scheduler lets requests pass, one at a time and by one clock.

Nothing is locked, so no worker that dies can hold up the others: what it had under way counts as answered then.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from threading import Lock
from time import monotonic, sleep
from uuid import uuid4

from distributed import Client, Scheduler, SchedulerPlugin

from graphgrow.batch.jobs import Jobs, Rate
from graphgrow.batch.limits import MINUTE, Request, Window, admit, answered

CONNECT_SECONDS = 10
NAP = 1.0
_CONNECTING = Lock()


@dataclass
class RateLimiter(SchedulerPlugin):
    """What counts for each endpoint, kept by the scheduler for all that use its cluster, as long as it lives."""

    name: str = "graphgrow limits"
    idempotent: bool = True
    _windows: dict[str, Window] = field(default_factory=dict)

    async def start(self, scheduler: Scheduler) -> None:
        """Let workers ask."""
        scheduler.handlers.update(graphgrow_admit=self.admit, graphgrow_answered=self.answered)

    def remove_worker(self, scheduler: Scheduler, worker: str, **_more: object) -> None:  # noqa: ARG002  # Dask's
        """Take what a worker had under way as answered, at the most that it could take."""
        for base_url, window in self._windows.items():
            lost = [one for one in window if not one.answered and one.who.partition(" ")[0] == worker]
            for one in lost:
                self.answered(base_url, one.who, one.tokens)

    def admit(self, base_url: str, who: str, tokens: int, rate: dict[str, int | None], minute: float) -> float:
        """Let a request pass, or return the seconds to wait before asking again."""
        request = Request(who, tokens, monotonic())
        kept = self._windows.get(base_url, ())
        self._windows[base_url], wait = admit(kept, request, Rate.model_validate(rate), minute)
        return wait

    def answered(self, base_url: str, who: str, tokens: int) -> None:
        """Note that a request was answered, and what it took."""
        self._windows[base_url] = answered(self._windows.get(base_url, ()), who, tokens, monotonic())


@cache
def _client(address: str) -> Client:
    return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)


def connected(address: str) -> Client:
    """Return this process's own connection to the scheduler, for threads that are no task of a worker."""
    with _CONNECTING:
        return _client(address)


@dataclass(frozen=True)
class ClusterGate:
    """The gate of the workers of a cluster, which ask its scheduler."""

    jobs: Jobs
    address: str
    minute: float = MINUTE
    worker: str = ""

    @contextmanager
    def passing(self, base_url: str, tokens: int) -> Iterator[Callable[[int], None]]:
        """Wait until one more request may go; one that never says what it took counts with the most it could."""
        rate, who, took = self.jobs.rate(base_url), f"{self.worker} {uuid4().hex}", [tokens]
        if rate == Rate():
            yield _ignored
            return
        about = {"base_url": base_url, "who": who}
        limits = rate.model_dump(include=set(Rate.model_fields))
        while wait := self._ask("admit", **about, tokens=tokens, rate=limits, minute=self.minute):
            sleep(min(wait, NAP))
        try:
            yield lambda tokens: took.__setitem__(0, tokens)
        finally:
            with suppress(OSError):  # a reply that is paid for is worth more than its note: it counts for longer then
                self._ask("answered", **about, tokens=took[0])

    def _ask(self, what: str, **about: object) -> float:
        """Ask the rate_limiter for one thing."""
        client = connected(self.address)
        wait: float = client.sync(getattr(client.scheduler, f"graphgrow_{what}"), **about)
        return wait


def _ignored(tokens: int) -> None:
    """Count nothing."""
