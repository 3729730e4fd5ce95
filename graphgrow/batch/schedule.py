"""When a job is due: a crontab line in a time zone, or every so often. Nothing is kept, so all machines agree.

The hour that a change of clocks leaves out: what is due in it is due at its end, once. The hour that comes twice: a
job at fixed hours is due the first time only; one whose hours begin with `*` goes on through both.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product, takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from graphgrow.errors import BadInput

Clock = Callable[[], datetime]  # the time, aware, in UTC: an argument of all that waits, for it may jump

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_NAMES = {
    "month": "jan feb mar apr may jun jul aug sep oct nov dec".split(),
    "weekday": "sun mon tue wed thu fri sat".split(),
}
_PART = re.compile(r"(\*|[0-9a-z]{1,9})(?:-([0-9a-z]{1,9}))?(?:/([0-9]{1,9}))?")
_NICKNAMES = {"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *"}
_DAYS_AHEAD = 366 * 9  # a 29 February comes at least this often
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc_now() -> datetime:
    """Return the time of this machine, in UTC."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """Return a moment as events and files write it: UTC, ISO 8601, whole seconds."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Interval:
    """Due at every multiple of a span of time since 1970, whatever clocks show."""

    span: timedelta

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the moments after one, in order, in UTC, without end."""
        due = _EPOCH + self.span * ((moment - _EPOCH) // self.span)
        while True:
            due += self.span
            yield due


@dataclass(frozen=True, slots=True)
class Cron:
    """Due at the minutes that the five fields of a crontab line name, in a time zone.

    `fields` are minutes, hours, days, months and weekdays (Sunday is 0). `either_day`: both fields for days are
    limited, so that one of them is enough. `each_hour`: the hours begin with `*`.
    """

    fields: tuple[frozenset[int], ...]
    either_day: bool
    each_hour: bool
    zone: ZoneInfo

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Yield the moments after one, in order, in UTC; none where no day of nine years fits."""
        day, last, idle = moment.astimezone(self.zone).date() - timedelta(1), moment, 0
        while idle < _DAYS_AHEAD and day < date.max - timedelta(2):
            for due in self._of_day(day):
                if due > last:
                    yield due
                    last, idle = due, 0
            day, idle = day + timedelta(1), idle + 1

    def _of_day(self, day: date) -> list[datetime]:
        """Return the moments of a day of the calendar, in order, each once."""
        minutes, hours, days, months, weekdays = self.fields
        by_date, by_weekday = day.day in days, day.isoweekday() % 7 in weekdays
        fits = (by_date or by_weekday) if self.either_day else (by_date and by_weekday)
        if not fits or day.month not in months:
            return []
        moments = set[datetime]()
        for hour, minute in product(hours, minutes):
            wall = datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001  # what the clock on the wall shows
            first, second = (wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
            if first > second:  # clocks never show it
                moments.add(_change(second, first, self.zone))
            else:
                moments.update((first, second) if self.each_hour else (first,))
        return sorted(moments)


Schedule = Interval | Cron


def latest(schedule: Schedule, since: datetime, until: datetime, most: int) -> list[datetime]:
    """Return the last `most` moments after one and up to another, in order, however long ago the first was."""
    since = min(max(since, _EPOCH), until)
    span = min(timedelta(minutes=1), until - since)
    while True:
        moments = deque(takewhile(lambda moment: moment <= until, schedule.after(until - span)), most)
        if len(moments) == most or span == until - since:
            return list(moments)
        span = min(2 * span, until - since)


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment between two at which the zone's clocks change."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        before, after = (middle, after) if middle.astimezone(zone).utcoffset() == offset else (before, middle)
    return after.replace(microsecond=0)


def cron(line: str, zone: str = "UTC") -> Cron:
    """Return the schedule of a crontab line; raises BadInput for an invalid one, or an unknown time zone."""
    words = _NICKNAMES.get(line.strip().lower(), line).lower().split()
    if len(words) != len(_FIELDS):
        raise BadInput(f"{line!r} has {len(words)} fields: a crontab line has five, such as '30 2 * * mon-fri'")
    fields = list[frozenset[int]]()
    for word, (name, low, high) in zip(words, _FIELDS, strict=True):
        numbers = set[int]()
        for part in word.split(","):
            match = _PART.fullmatch(part)
            if not match:
                raise BadInput(f"{part!r} in {line!r} is no {name}: write numbers such as 5, 1-5, 0,30 or */15")
            first, last, step = match.groups()
            start = low if first == "*" else _number(first, name, low, high, line)
            end = _number(last, name, low, high, line) if last else high if first == "*" or step else start
            if step == "0" or end < start:
                raise BadInput(
                    f"{part!r} in {line!r} names no {name}: the first must not be after the last, no step is 0"
                )
            numbers.update(range(start, end + 1, int(step or 1)))
        fields.append(frozenset(number % 7 for number in numbers) if name == "weekday" else frozenset(numbers))
    either_day = not (words[2].startswith("*") or words[4].startswith("*"))
    schedule = Cron(tuple(fields), either_day, words[1].startswith("*"), time_zone(zone))
    if next(schedule.after(_EPOCH), None) is None:
        raise BadInput(f"{line!r} names no day that there is: 31 has to be in a month that has it")
    return schedule


def _number(word: str, name: str, low: int, high: int, line: str) -> int:
    """Return the number that a word of a field stands for: digits, or the name of a month or weekday."""
    names = _NAMES.get(name, [])
    if word.isdigit() and low <= int(word) <= high:
        return int(word)
    if word[:3] in names and word.isalpha():
        return names.index(word[:3]) + low
    raise BadInput(f"{word!r} in {line!r} is no {name}: it goes from {low} to {high}")


def time_zone(name: str) -> ZoneInfo:
    """Return a time zone by its name; raises BadInput where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(f"there is no time zone {name!r}: write it like Europe/Berlin or UTC") from None
