"""From clock times to moments and back for whole columns, by the same rules as for single cells.

Polars brings rules of its own, which need not be those of Python's time zones. A zone's offset is the same all day but
for the few days of a clock change, so it is looked up once a day; the times of those few days are left undecided.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

_DAY = timedelta(days=1)


def utc_of(local: pl.Series, zone: ZoneInfo) -> pl.Series:
    """The moments (``Datetime("us")`` in UTC, without a zone) of clock times; null on the day of a clock change."""

    def offset(day: date) -> timedelta | None:
        start = datetime(day.year, day.month, day.day, tzinfo=zone)
        offsets = {moment.utcoffset() for moment in (start, start + _DAY / 2, start + _DAY)}
        return offsets.pop() if len(offsets) == 1 else None

    return local - _by_day(local.dt.date(), offset, pl.Duration("us"))


def clock_of(moments: pl.Series, zone: ZoneInfo) -> pl.Series:
    """What clocks in a zone show at moments (``Datetime("us", "UTC")``), as ``Datetime("us")`` without a zone.

    >>> moments = pl.Series([datetime(2026, 11, 20, 15, tzinfo=UTC)])
    >>> clock_of(moments, ZoneInfo("Asia/Seoul")).to_list()
    [datetime.datetime(2026, 11, 21, 0, 0)]
    """

    def offset(day: date) -> timedelta | None:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        offsets = {moment.astimezone(zone).utcoffset() for moment in (start, start + _DAY / 2, start + _DAY)}
        return offsets.pop() if len(offsets) == 1 else None

    plain = moments.dt.replace_time_zone(None)
    shown = plain + _by_day(plain.dt.date(), offset, pl.Duration("us"))
    undecided = (shown.is_null() & plain.is_not_null()).arg_true()
    if undecided.is_empty():
        return shown
    exact = [moment.astimezone(zone).replace(tzinfo=None) for moment in moments.gather(undecided).to_list()]
    return shown.scatter(undecided, pl.Series(exact, dtype=pl.Datetime("us")))


def starts_of(days: pl.Series, zone: ZoneInfo) -> pl.Series:
    """The first moment of each day in a zone, as ``Datetime("us")`` in UTC without a zone."""
    return _by_day(days, lambda day: start_of(day, zone), pl.Datetime("us"))


def start_of(day: date, zone: ZoneInfo) -> datetime | None:
    """The first moment of a day in a zone, in UTC without a zone; None before time begins."""
    try:
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        return None


def _by_day(days: pl.Series, answer: Callable[[date], timedelta | datetime | None], dtype: pl.DataType) -> pl.Series:
    distinct = days.drop_nulls().unique()
    answers = pl.Series([_within(answer, day) for day in distinct.to_list()], dtype=dtype)
    return days.replace_strict(distinct, answers, default=None, return_dtype=dtype)


def _within(answer: Callable[[date], timedelta | datetime | None], day: date) -> timedelta | datetime | None:
    """The answer for a day; None on the first and the last days there are, which have no neighbours."""
    return answer(day) if 1 < day.year < 9999 else None
