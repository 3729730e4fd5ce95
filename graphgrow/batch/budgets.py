"""What a run, a day and a week have used, read from the log of the graph: no restart, no other machine changes it."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Literal
from zoneinfo import ZoneInfo

from graphgrow.batch.jobs import Job, Quota
from graphgrow.graph.graph import Bill, take_bill
from graphgrow.graph.model import Budget, Event, Expansion, FactCheck
from graphgrow.stores import open_store

LEAST = 1e-6  # USD; less pays for nothing
STEPS, USD = 20, 1.0  # of a run that nothing else ends, as in `graphgrow grow`

Period = Literal["run", "day", "week"]


@dataclass(slots=True)
class Consumption:
    """What some events used; tokens count prompts and replies."""

    steps: int = 0
    tokens: int = 0
    usd: float = 0.0


def run_name(job: str, due: datetime) -> str:
    """Return what the events of a run are marked with: JOB@DUE."""
    return f"{job}@{due.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def day_start(now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the day began, by the calendar of a time zone: it may have 23 or 25 hours."""
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)


def week_start(now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the week began: Monday at midnight, by the calendar of a time zone."""
    local = now.astimezone(zone)
    return day_start(local - timedelta(days=local.weekday()), zone)


def consumption(events: Iterable[Event], run: str, now: datetime, zone: ZoneInfo) -> dict[Period, Consumption]:
    """Return what a run has used so far, and its job today and this week."""
    used: dict[Period, Consumption] = {"run": Consumption(), "day": Consumption(), "week": Consumption()}
    job, day, week = run.rpartition("@")[0], day_start(now, zone), week_start(now, zone)
    for event in events:
        if not isinstance(event, Expansion | FactCheck) or event.run.rpartition("@")[0] != job:
            continue
        at = datetime.fromisoformat(event.at)
        counts = {"run": event.run == run, "day": at >= day, "week": at >= week}
        for period, total in used.items():
            if counts[period]:
                total.steps += event.is_step
                bill = Bill()
                take_bill(event, bill, {})
                total.tokens += bill.tokens
                total.usd += bill.usd
    return used


def budget(
    job: Job, used: dict[Period, Consumption], *, priced: bool, most_usd: float | None
) -> tuple[Budget, tuple[str, Period | Literal["limits"]] | None]:
    """Return what is left for a run, and which limit of which period is used up, None where none is.

    `most_usd` is the run's share of the money of all jobs; where it is used up, that is reported as usd of "limits".
    """
    endless = all(getattr(job.run, name) is None for name in ("steps", "tokens", "minutes", "until"))
    of_run = Quota(
        steps=STEPS if endless else job.run.steps,
        tokens=job.run.tokens,
        usd=USD if priced and job.run.usd is None else job.run.usd,
    )
    left: dict[str, float] = {}
    limiting: dict[str, Period | Literal["limits"]] = {}  # which quota leaves the least
    quotas: dict[Period, Quota] = {"run": of_run, "day": job.day, "week": job.week}
    for period, quota in quotas.items():
        for what in Quota.model_fields:
            most = getattr(quota, what)
            if most is not None and most - getattr(used[period], what) < left.get(what, inf):
                left[what], limiting[what] = most - getattr(used[period], what), period
    if priced and most_usd is not None and most_usd < left.get("usd", inf):
        left["usd"], limiting["usd"] = most_usd, "limits"
    used_up = next(((what, limiting[what]) for what, rest in left.items() if rest <= 0), None)
    steps, tokens = (int(left[what]) if what in left else None for what in ("steps", "tokens"))
    return Budget(steps, tokens, left.get("usd"), job.run.minutes, job.run.until), used_up


@dataclass
class BudgetLedger:
    """What the batch runs of some graphs cost, by when; only what is new in their logs is read."""

    _read: dict[str, int] = field(default_factory=dict)  # store -> seq of the last event that was read
    _paid: dict[str, list[tuple[datetime, float]]] = field(default_factory=dict)  # store -> when, USD

    def spent(self, stores: Iterable[str], since: datetime) -> float:
        """Return what batch runs cost since a moment, in USD."""
        total = 0.0
        for url in stores:
            paid = self._paid.setdefault(url, [])
            with closing(open_store(url, create=True)) as store:
                for event in store.events(self._read.get(url, 0)):
                    self._read[url] = event.seq
                    if isinstance(event, Expansion | FactCheck) and event.run:
                        bill = Bill()
                        take_bill(event, bill, {})
                        paid += [(datetime.fromisoformat(event.at), bill.usd)] if bill.usd else []
            total += sum(usd for at, usd in paid if at >= since)
        return total
