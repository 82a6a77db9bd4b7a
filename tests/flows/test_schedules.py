"""When schedules fire: tables of clock changes, and properties over zones, years and expressions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from outcode.flows.dataflow import Every, Monthly, ScheduleTrigger, Weekly
from outcode.flows.schedule_words import described
from outcode.flows.schedules import Timing, zone_of
from outcode.values.problems import InputProblem

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Asia/Seoul",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Pacific/Apia",
    "UTC",
)
MINUTE = timedelta(minutes=1)


def times(zone: str, start: str, count: int, **spec: Any) -> list[str]:
    timing = Timing.of(ScheduleTrigger.model_validate(spec), zone)
    found = islice(timing.upcoming(datetime.fromisoformat(start)), count)
    return [each.astimezone(timing.zone).isoformat(timespec="minutes") for each in found]


@pytest.mark.parametrize(
    ("zone", "start", "spec", "expected"),
    [
        # Berlin's clocks go from 02:00 to 03:00 on 2026-03-29, and from 03:00 back to 02:00 on 2026-10-25.
        (
            "Europe/Berlin",
            "2026-03-28T00:00Z",
            {"daily": "02:30"},
            ["2026-03-28T02:30+01:00", "2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"],
        ),
        (
            "Europe/Berlin",
            "2026-10-24T00:00Z",
            {"daily": "02:30"},
            ["2026-10-24T02:30+02:00", "2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"],
        ),
        # Two skipped times have the same next valid minute, and fire once there.
        (
            "Europe/Berlin",
            "2026-03-29T00:30Z",
            {"cron": "*/30 2,3 * * *"},
            ["2026-03-29T03:00+02:00", "2026-03-29T03:30+02:00", "2026-03-30T02:00+02:00"],
        ),
        # Hours that are left open follow elapsed time: both hours from 02:00 to 03:00 count.
        (
            "Europe/Berlin",
            "2026-10-25T00:00Z",
            {"cron": "30 * * * *"},
            ["2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00", "2026-10-25T03:30+01:00"],
        ),
        (
            "Europe/Berlin",
            "2026-10-25T00:10Z",
            {"cron": "0 */2 * * *"},
            ["2026-10-25T02:00+01:00", "2026-10-25T04:00+01:00", "2026-10-25T06:00+01:00"],
        ),
        (
            "Europe/Berlin",
            "2026-03-29T00:10Z",
            {"cron": "20 * * * *"},
            ["2026-03-29T01:20+01:00", "2026-03-29T03:20+02:00", "2026-03-29T04:20+02:00"],
        ),
        (
            "Europe/Berlin",
            "2026-10-25T00:00Z",
            {"every": {"minutes": 40}},
            ["2026-10-25T02:20+02:00", "2026-10-25T02:00+01:00", "2026-10-25T02:40+01:00"],
        ),
        ("America/New_York", "2026-03-08T00:00Z", {"daily": "02:00"}, ["2026-03-08T03:00-04:00"]),
        # Lord Howe moves by half an hour.
        (
            "Australia/Lord_Howe",
            "2026-10-02T15:00Z",
            {"daily": "02:15"},
            ["2026-10-03T02:15+10:30", "2026-10-04T02:30+11:00", "2026-10-05T02:15+11:00"],
        ),
        (
            "Australia/Lord_Howe",
            "2026-04-04T13:30Z",
            {"cron": "15,45 */1 * * *"},
            ["2026-04-05T00:45+11:00", "2026-04-05T01:15+11:00", "2026-04-05T01:45+11:00", "2026-04-05T01:45+10:30"],
        ),
        # Cairo's clocks skip midnight itself.
        (
            "Africa/Cairo",
            "2026-04-22T12:00Z",
            {"daily": "00:00"},
            ["2026-04-23T00:00+02:00", "2026-04-24T01:00+03:00", "2026-04-25T00:00+03:00"],
        ),
        # Apia had no 30 December 2011, a Friday.
        (
            "Pacific/Apia",
            "2011-12-24T12:00Z",
            {"weekly": {"days": ["friday"], "at": "09:00"}},
            ["2011-12-31T00:00+14:00", "2012-01-06T09:00+14:00"],
        ),
        (
            "Asia/Seoul",
            "2027-01-30T12:00Z",
            {"monthly": {"day": 31, "at": "09:00"}},
            ["2027-01-31T09:00+09:00", "2027-02-28T09:00+09:00", "2027-03-31T09:00+09:00"],
        ),
        (
            "Asia/Seoul",
            "2028-01-30T12:00Z",
            {"monthly": {"day": 29, "at": "09:00"}},
            ["2028-02-29T09:00+09:00", "2028-03-29T09:00+09:00"],
        ),
        (
            "Asia/Seoul",
            "2027-01-30T12:00Z",
            {"monthly": {"day": "last", "at": "09:00"}},
            ["2027-01-31T09:00+09:00", "2027-02-28T09:00+09:00", "2027-03-31T09:00+09:00"],
        ),
        (
            "Asia/Seoul",
            "2026-11-22T00:00Z",
            {"weekly": {"days": ["sunday", "monday"], "at": "09:00"}},
            ["2026-11-23T09:00+09:00", "2026-11-29T09:00+09:00", "2026-11-30T09:00+09:00"],
        ),
        (
            "Asia/Seoul",
            "2026-11-22T00:00Z",
            {"every": {"hours": 6}},
            ["2026-11-22T12:00+09:00", "2026-11-22T18:00+09:00"],
        ),
        ("Asia/Seoul", "2026-11-22T00:00Z", {"daily": "09:00", "timezone": "UTC"}, ["2026-11-22T09:00+00:00"]),
        ("UTC", "2026-11-22T00:00Z", {"cron": "0 0 29 2 *"}, ["2028-02-29T00:00+00:00", "2032-02-29T00:00+00:00"]),
    ],
)
def test_times(zone: str, start: str, spec: dict[str, Any], expected: list[str]) -> None:
    assert times(zone, start, len(expected), **spec) == expected


MOMENTS = some.datetimes(datetime(2010, 1, 1), datetime(2035, 1, 1)).map(lambda each: each.replace(tzinfo=UTC))
NEAR_CHANGES = some.sampled_from(
    [
        "2026-03-29T01:00Z",
        "2026-10-25T01:00Z",
        "2026-03-08T07:00Z",
        "2026-11-01T06:00Z",
        "2026-04-04T15:00Z",
        "2026-10-03T15:30Z",
        "2026-04-23T22:00Z",
        "2026-10-29T21:00Z",
        "2011-12-30T10:00Z",
    ]
).flatmap(lambda text: some.integers(-2000, 2000).map(lambda by: datetime.fromisoformat(text) + by * MINUTE))
CLOCKS = some.tuples(some.integers(0, 23), some.integers(0, 59))


def fixed_times(zone: ZoneInfo, clock: tuple[int, int], start: datetime, end: datetime) -> Iterator[datetime]:
    """The same by walking through all minutes: the first at which the clock shows the time, or has passed over it."""
    day = (start.astimezone(zone) - timedelta(days=2)).date()
    moment = start - timedelta(days=2)
    while moment < end:
        shown = moment.astimezone(zone)
        if (shown.date(), (shown.hour, shown.minute)) >= (day, clock):
            if moment > start and shown.date() >= day:
                yield moment
            day = max(day + timedelta(days=1), day)
            continue
        moment += MINUTE


@settings(deadline=None, max_examples=60)
@given(some.sampled_from(ZONES), CLOCKS, NEAR_CHANGES | MOMENTS)
def test_a_daily_time_fires_as_soon_as_the_clock_shows_it_or_has_passed_over_it(
    zone: str, clock: tuple[int, int], start: datetime
) -> None:
    start = start.replace(second=0, microsecond=0)
    end = start + timedelta(days=3)
    timing = Timing.of(ScheduleTrigger(daily=f"{clock[0]:02}:{clock[1]:02}"), zone)
    found = [each for each in islice(timing.upcoming(start), 5) if each < end]
    assert found == sorted(set(fixed_times(timing.zone, clock, start, end)))


@settings(deadline=None, max_examples=60)
@given(
    some.sampled_from(ZONES),
    some.sampled_from(["* * * * *", "*/20 * * * *", "15,45 * * * *", "0 */2 * * *", "30 */5 * * *", "7 * * * 0"]),
    NEAR_CHANGES | MOMENTS,
)
def test_an_open_hour_fires_at_every_minute_whose_clock_time_matches(zone: str, cron: str, start: datetime) -> None:
    start = start.replace(second=0, microsecond=0)
    timing = Timing.of(ScheduleTrigger(cron=cron), zone)
    minute, hour, *_, weekday = cron.split()
    minutes = (
        set(range(60)) if minute == "*" else set(map(int, minute.split(","))) if "/" not in minute else {0, 20, 40}
    )
    hours = set(range(0, 24, int(hour[2:]))) if "/" in hour else set(range(24))
    expected = []
    for number in range(1, 26 * 60):
        shown = (start + number * MINUTE).astimezone(timing.zone)
        if shown.minute in minutes and shown.hour in hours and (weekday == "*" or shown.isoweekday() == 7):
            expected.append(start + number * MINUTE)
    found = []
    for each in timing.upcoming(start):
        if each >= start + 26 * 60 * MINUTE:
            break
        found.append(each)
    assert found == expected


SPECS = some.one_of(
    some.builds(lambda minutes: ScheduleTrigger(every=Every(minutes=minutes)), some.integers(1, 3000)),
    some.builds(lambda clock: ScheduleTrigger(daily=f"{clock[0]:02}:{clock[1]:02}"), CLOCKS),
    some.builds(lambda day: ScheduleTrigger(monthly=Monthly(day=day, at="02:30")), some.integers(1, 31)),
    some.just(ScheduleTrigger(weekly=Weekly(days=("sunday", "thursday"), at="00:30"))),
    some.sampled_from(["* * * * *", "*/7 2-4 * * *", "0 * * * *", "30 1,2 * * sun", "0 0 29 2 *", "5 */3 1-7 * *"]).map(
        lambda cron: ScheduleTrigger(cron=cron)
    ),
)


@settings(deadline=None)
@given(some.sampled_from(ZONES), SPECS, NEAR_CHANGES | MOMENTS)
def test_times_are_full_minutes_that_come_one_after_the_other_wherever_one_begins(
    zone: str, trigger: ScheduleTrigger, start: datetime
) -> None:
    timing = Timing.of(trigger, zone)
    found = list(islice(timing.upcoming(start), 12))
    assert found == sorted(set(found))
    assert found[0] > start
    assert all(each.tzinfo is UTC and each.second == each.microsecond == 0 for each in found)
    assert [timing.after(before) for before in found[:-1]] == found[1:]
    assert timing.after(found[0] - MINUTE / 2) == found[0]


@settings(deadline=None, max_examples=50)
@given(some.sampled_from(ZONES), SPECS, NEAR_CHANGES | MOMENTS, some.integers(0, 40), some.integers(0, 100_000))
def test_the_latest_of_many_missed_times(
    zone: str, trigger: ScheduleTrigger, start: datetime, count: int, later: int
) -> None:
    timing = Timing.of(trigger, zone)
    all_times = list(islice(timing.upcoming(start), count + 2))
    now = min(all_times[-2] + timedelta(seconds=later), all_times[-1] - timedelta(seconds=1))
    expected = (all_times[-2], all_times[-3] if count else None)
    assert timing.latest(all_times[0], now) == expected


def test_a_month_of_missed_minutes_is_passed_over_quickly() -> None:
    timing = Timing.of(ScheduleTrigger(every=Every(minutes=1)), "UTC")
    first, now = datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)
    calls = 0

    class Counted(Timing):
        def after(self, moment: datetime) -> datetime:
            nonlocal calls
            calls += 1
            return super().after(moment)

    latest = Counted(timing.zone, timing.interval).latest(first, now)
    assert latest == (datetime(2026, 1, 1, tzinfo=UTC), datetime(2025, 12, 31, 23, 59, tzinfo=UTC))
    assert calls < 10


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Berlin", "Europe/Berlin"),
        ("Europe/Berln", "Europe/Berlin"),
        ("New York", "America/New_York"),
        ("asia/seoul", "Asia/Seoul"),
        ("../../etc/passwd", "UTC"),
        ("KST", "UTC"),
        ("x" * 5000, "UTC"),
    ],
)
def test_a_zone_that_is_not_there_is_refused_with_what_was_meant(name: str, meant: str) -> None:
    with pytest.raises(InputProblem) as caught:
        zone_of(name)
    assert caught.value.code == "timezone_unknown"
    assert meant in caught.value.details["known"]


@pytest.mark.parametrize(
    ("spec", "english", "korean"),
    [
        ({"every": {"minutes": 1}}, "Every minute", "1분마다"),
        ({"every": {"minutes": 120}}, "Every 2 hours", "2시간마다"),
        ({"every": {"hours": 1, "minutes": 30}}, "Every 1 h 30 min", "1시간 30분마다"),
        ({"daily": "09:00"}, "Every day at 09:00", "매일 09:00"),
        (
            {"weekly": {"days": ["friday", "monday", "sunday"], "at": "18:30"}},
            "Every Monday, Friday and Sunday at 18:30",
            "매주 월요일, 금요일, 일요일 18:30",
        ),
        ({"weekly": {"days": ["monday"], "at": "18:30"}}, "Every Monday at 18:30", "매주 월요일 18:30"),
        ({"monthly": {"day": 1, "at": "00:00"}}, "On day 1 of every month at 00:00", "매월 1일 00:00"),
        (
            {"monthly": {"day": 30, "at": "00:00"}},
            "On day 30 of every month, or its last day, at 00:00",
            "매월 30일(없는 달은 말일) 00:00",
        ),
        ({"monthly": {"day": "last", "at": "00:00"}}, "On the last day of every month at 00:00", "매월 말일 00:00"),
        ({"cron": "0  9 * * 1-5"}, "By cron 0 9 * * 1-5", "cron 0 9 * * 1-5"),
    ],
)
def test_schedules_in_words(spec: dict[str, Any], english: str, korean: str) -> None:
    trigger = ScheduleTrigger.model_validate(spec)
    assert (described(trigger), described(trigger, "ko")) == (english, korean)
