"""When jobs are due: crontab lines over changes of clocks, quotas over days of 23 and 25 hours, clocks that jump."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given
from hypothesis import strategies as st

from graphgrow.batch.budgets import day_start, week_start
from graphgrow.batch.schedule import Interval, cron
from graphgrow.errors import BadInput
from tests.batch_runs import Hands, asked, between, jobs_file, tick, utc, working

BERLIN = "Europe/Berlin"  # clocks go forward on 2026-03-29 at 02:00, back on 2026-10-25 at 03:00
MOMENTS = st.integers(1_230_000_000, 1_900_000_000).map(lambda at: datetime.fromtimestamp(at, UTC))
JOB = '[[job]]\nname = "silk"\ntopic = "spider silk"\nstore = "silk.db"\n'


def due(line: str, zone: str, after: str, until: str) -> list[str]:
    """Return the moments of a crontab line between two, in UTC, to the minute."""
    return [f"{moment:%m-%d %H:%M}" for moment in between(cron(line, zone), utc(after), utc(until))]


def test_the_hour_that_is_left_out() -> None:
    """A job at 02:30 is due at the end of the hour that clocks leave out, once; one of every half hour goes on."""
    assert due("30 2 * * *", BERLIN, "2026-03-28T00:00", "2026-03-31T00:00") == [
        "03-28 01:30", "03-29 01:00", "03-30 00:30"
    ]  # fmt: skip
    assert due("*/30 * * * *", BERLIN, "2026-03-29T00:00", "2026-03-29T02:00") == [
        "03-29 00:30", "03-29 01:00", "03-29 01:30", "03-29 02:00"
    ]  # fmt: skip


def test_the_hour_that_comes_twice() -> None:
    """A job at 02:30 is due the first time only; one of every hour is due 25 times that day."""
    assert due("30 2 * * *", BERLIN, "2026-10-24T12:00", "2026-10-27T00:00") == ["10-25 00:30", "10-26 01:30"]
    assert len(due("0 * * * *", BERLIN, "2026-10-24T21:59", "2026-10-25T22:59")) == 25
    assert len(due("0 * * * *", BERLIN, "2026-03-28T22:59", "2026-03-29T21:59")) == 23


def test_half_an_hour_of_change_and_a_day_that_never_was() -> None:
    """Lord Howe moves by half an hour; Samoa left out a whole day."""
    assert len(due("15 2 * * *", "Australia/Lord_Howe", "2026-10-02T00:00", "2026-10-06T00:00")) == 4
    samoa = due("0 12 * * *", "Pacific/Apia", "2011-12-28T00:00", "2012-01-01T00:00")
    assert samoa == ["12-28 22:00", "12-29 22:00", "12-30 10:00", "12-30 22:00", "12-31 22:00"]


def test_crontab_words() -> None:
    """Names, ranges, steps, Sunday as 0 and 7, either of two days, nicknames."""
    assert due("0 9 * * mon-fri", "UTC", "2026-02-06T00:00", "2026-02-10T00:00") == ["02-06 09:00", "02-09 09:00"]
    assert due("0 0 * * 7", "UTC", "2026-02-01T12:00", "2026-02-09T00:00") == ["02-08 00:00"]
    assert due("0 0 * * 0", "UTC", "2026-02-01T12:00", "2026-02-09T00:00") == ["02-08 00:00"]
    assert due("0 0 13 * fri", "UTC", "2026-01-10T00:00", "2026-01-17T00:00") == ["01-13 00:00", "01-16 00:00"]
    assert due("@daily", "UTC", "2026-01-10T00:00", "2026-01-11T00:00") == ["01-11 00:00"]
    assert due("0 0 29 2 *", "UTC", "2026-01-01T00:00", "2030-01-01T00:00") == ["02-29 00:00"]


@pytest.mark.parametrize(
    ("line", "said"),
    [("* * * *", "five"), ("61 * * * *", "from 0 to 59"), ("5-1 * * * *", "after the last"), ("*/0 * * * *", "step"),
     ("0 0 30 2 *", "no day"), ("0 0 * * xyz", "weekday"), ("a b c d e", "minute"), ("² * * * *", "minute")],
)  # fmt: skip
def test_a_line_that_is_none(line: str, said: str) -> None:
    """Every refusal names what is wrong."""
    with pytest.raises(BadInput, match=said):
        cron(line)


@given(
    st.sampled_from(["*/7 * * * *", "5,35 */6 * * *", "0 4 1,15 * *", "30 23 * 2,7 *", "10 10-14 * * *", "0 0 31 * *"]),
    MOMENTS,
)
def test_law_without_changes_of_clocks_moments_are_those_of_apscheduler(line: str, after: datetime) -> None:
    """In UTC the first moments of a crontab line are those that APScheduler finds."""
    trigger, moment = CronTrigger.from_crontab(line, "UTC"), after
    for ours in islice(cron(line).after(after), 4):
        moment = trigger.get_next_fire_time(None, moment + timedelta(seconds=1))
        assert ours == moment


@given(
    st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]),
    st.sampled_from(["*/20 * * * *", "30 2 * * *", "0 */2 * * *", "15 0,2,23 * * *"]),
    MOMENTS,
)
def test_law_moments_come_in_order_and_none_is_lost_wherever_one_begins(zone: str, line: str, after: datetime) -> None:
    """What is due after a moment is what was due after an earlier one, less what was before it."""
    schedule = cron(line, zone)
    moments = list(islice(schedule.after(after), 40))
    assert moments == sorted(set(moments))
    assert moments[0] > after
    middle = moments[20]
    assert list(islice(schedule.after(middle), 19)) == moments[21:]


def test_every_is_the_same_on_all_machines() -> None:
    """An interval counts from 1970, so machines that begin at other times agree."""
    every = Interval(timedelta(hours=6))
    assert (
        next(every.after(utc("2026-01-01T05:00")))
        == next(every.after(utc("2026-01-01T00:30")))
        == utc("2026-01-01T06:00")
    )
    assert next(every.after(utc("2026-01-01T06:00"))) == utc("2026-01-01T12:00")


def test_days_and_weeks_are_those_of_the_calendar() -> None:
    """The day clocks go back has 25 hours, the one they go forward 23; weeks begin on Monday at home."""
    zone = ZoneInfo(BERLIN)
    assert day_start(utc("2026-10-25T22:59"), zone) == utc("2026-10-24T22:00")
    assert day_start(utc("2026-10-25T23:00"), zone) == utc("2026-10-25T23:00")
    assert day_start(utc("2026-03-29T21:59"), zone) == utc("2026-03-28T23:00")
    assert week_start(utc("2026-10-25T22:30"), zone) == utc("2026-10-18T22:00")
    assert week_start(utc("2026-10-25T23:30"), zone) == utc("2026-10-25T23:00")


def test_a_quota_of_a_day_of_25_hours(tmp_path: Path) -> None:
    """An hourly job with 40 steps a day does 40 in the 25 hours, and begins anew at the next midnight at home."""
    path = jobs_file(
        tmp_path,
        f'{JOB}run.steps = 2\nday.steps = 40\nschedule.cron = "0 * * * *"\nschedule.timezone = "{BERLIN}"\n',
    )
    clock = Hands(utc("2026-10-24T21:59"))
    with working(path, clock) as dispatcher:
        tick(dispatcher)
        clock.go(minutes=1, seconds=1)
        for _ in range(26):
            tick(dispatcher)
            clock.go(hours=1)
        outcomes = [report.outcome for report in dispatcher.ended.values()]
    assert outcomes == ["steps"] * 20 + ["quota"] * 5 + ["steps"]
    home = [datetime.fromisoformat(event.at).astimezone(ZoneInfo(BERLIN)).day for event in asked(tmp_path / "silk.db")]
    assert home == [25] * 40 + [26] * 2


@pytest.mark.parametrize(("missed", "ran", "left_out"), [("once", 1, 4), ("all", 5, 0), ("skip", 0, 5)])
def test_a_clock_that_jumps_ahead(tmp_path: Path, missed: str, ran: int, left_out: int) -> None:
    """What a jump passes over is missed: run once, each, or not at all; every moment is a row either way."""
    path = jobs_file(tmp_path, f'{JOB}run = {{ steps = 1 }}\nschedule = {{ every = "1h", missed = "{missed}" }}\n')
    clock = Hands(utc("2026-01-01T00:30"))
    with working(path, clock) as dispatcher:
        tick(dispatcher)
        clock.go(hours=5)
        tick(dispatcher)
        rows = dispatcher.state.runs("silk", 50)
    assert sum(row.status == "ended" for row in rows) == ran
    assert sum(row.status == "skipped" for row in rows) == left_out
    if missed == "once":
        assert next(row.due for row in rows if row.status == "ended") == utc("2026-01-01T05:00")


def test_a_clock_that_jumps_back_runs_nothing_twice(tmp_path: Path) -> None:
    """Hours that come again are not due again."""
    path = jobs_file(tmp_path, f'{JOB}run = {{ steps = 1 }}\nschedule = {{ every = "1h", missed = "all" }}\n')
    clock = Hands(utc("2026-01-01T00:30"))
    with working(path, clock) as dispatcher:
        for span in (0, 3, -2, 1, 1, 1):
            clock.go(hours=span)
            tick(dispatcher)
        rows = dispatcher.state.runs("silk", 50)
    assert [row.due.hour for row in rows] == [4, 3, 2, 1]
    assert [event.run for event in asked(tmp_path / "silk.db")] == sorted(row.name for row in rows)


def test_what_is_just_late_is_not_missed(tmp_path: Path) -> None:
    """Within its grace a run is late and no more."""
    path = jobs_file(
        tmp_path, f'{JOB}run = {{ steps = 1 }}\nschedule = {{ every = "1h", missed = "skip", grace = "10m" }}\n'
    )
    clock = Hands(utc("2026-01-01T00:30"))
    with working(path, clock) as dispatcher:
        tick(dispatcher)
        clock.go(minutes=39)
        tick(dispatcher)
        clock.go(minutes=72)
        tick(dispatcher)
        assert [row.status for row in dispatcher.state.runs("silk")] == ["skipped", "ended"]


def test_a_new_schedule_counts_from_when_it_is_seen(tmp_path: Path) -> None:
    """A job that is changed to run every minute has missed nothing."""
    clock = Hands(utc("2026-01-01T00:30"))
    for every in ("1d", "1m"):
        path = jobs_file(tmp_path, f'{JOB}run = {{ steps = 1 }}\nschedule = {{ every = "{every}", missed = "all" }}\n')
        with working(path, clock) as dispatcher:
            tick(dispatcher)
            clock.go(hours=1)
    with working(path, clock) as dispatcher:
        tick(dispatcher)
        assert len(dispatcher.state.runs("silk", 100)) == 60
