"""What a run, a day and a week have used, read from the log of the graph: no restart, no other machine changes it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from graphgrow.batch.jobs import Job, Quota
from graphgrow.graph.model import Budget, Event, Expansion

LEAST = 1e-6  # USD; less pays for nothing
STEPS, USD = 20, 1.0  # of a run that nothing else ends, as in `graphgrow grow`


@dataclass(slots=True)
class Used:
    """What some events took."""

    steps: int = 0
    tokens: int = 0
    usd: float = 0.0

    def add(self, event: Expansion) -> None:
        """Count one reply."""
        self.steps += event.is_step
        self.tokens += event.reply.usage.tokens
        self.usd += event.reply.usd or 0.0


@dataclass(slots=True)
class Book:
    """The used-up quotas of one run of a job."""

    run: Used = field(default_factory=Used)
    day: Used = field(default_factory=Used)
    week: Used = field(default_factory=Used)


def run_name(job: str, due: datetime) -> str:
    """Return what the events of a run are marked with."""
    return f"{job}@{due.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def job_of(run: str) -> str:
    """Return the job of a run by its name."""
    return run.rpartition("@")[0]


def day_start(now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the day began, by the calendar of a time zone: it may have 23 or 25 hours."""
    return _midnight(now.astimezone(zone))


def week_start(now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the week began: Monday at midnight, by the calendar of a time zone."""
    local = now.astimezone(zone)
    return _midnight(local - timedelta(days=local.weekday()))


def _midnight(local: datetime) -> datetime:
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)


def used(events: Iterable[Event], name: str, now: datetime, zone: ZoneInfo) -> Book:
    """Return what a run has used so far, and its job today and this week."""
    book, job = Book(), job_of(name)
    day, week = day_start(now, zone), week_start(now, zone)
    for event in events:
        if not isinstance(event, Expansion) or job_of(event.run) != job:
            continue
        at = datetime.fromisoformat(event.at)
        for counted, counts in ((book.run, event.run == name), (book.day, at >= day), (book.week, at >= week)):
            if counts:
                counted.add(event)
    return book


def budget(job: Job, book: Book, *, priced: bool, most_usd: float | None) -> tuple[Budget, str]:
    """Return what is left for a run, and which quota is used up ("" for none); `most_usd` is the share of all jobs'."""
    endless = all(getattr(job.run, name) is None for name in ("steps", "tokens", "minutes", "until"))
    limits = job.run.model_copy(
        update={
            "steps": STEPS if endless else job.run.steps,
            "usd": USD if priced and job.run.usd is None else job.run.usd,
        }
    )
    parts: list[tuple[str, Quota, Used]] = [
        ("run", limits, book.run), ("day", job.day, book.day), ("week", job.week, book.week)
    ]  # fmt: skip
    left: dict[str, tuple[float, str]] = {}
    for part, quota, spent in parts:
        for name in Quota.model_fields:
            most = getattr(quota, name)
            if most is not None:
                left[name] = min(left.get(name, (float("inf"), "")), (most - getattr(spent, name), part))
    if most_usd is not None and priced:
        left["usd"] = min(left.get("usd", (float("inf"), "")), (most_usd, "limits"))
    gone = next((f"{name} of the {part}" for name, (rest, part) in left.items() if rest <= 0), "")
    steps, tokens, usd = (left[name][0] if name in left else None for name in Quota.model_fields)
    return Budget(
        None if steps is None else int(steps), None if tokens is None else int(tokens), usd, job.run.minutes,
        job.run.until,
    ), gone  # fmt: skip


@dataclass
class BudgetLedger:
    """The money of all jobs a day: what the logs say was spent since midnight, and what runs under way may spend."""

    most: float | None
    zone: ZoneInfo
    _held: dict[str, float] = field(default_factory=dict)

    def hold(self, run: str, wanted: float, spent: float) -> float | None:
        """Set money aside for a run: what it wants or what is left; None for no limit, 0 where nothing is left."""
        if self.most is None:
            return None
        share = max(0.0, min(wanted, self.most - spent - sum(self._held.values())))
        if share < LEAST:
            return 0.0
        self._held[run] = share
        return share

    def give_back(self, run: str) -> None:
        """Set nothing aside any more: what the run spent is in its log."""
        self._held.pop(run, None)
