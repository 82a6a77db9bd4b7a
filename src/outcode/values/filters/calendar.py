"""Days relative to a day: this week (Monday first), last quarter, the three months before."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from outcode.values.filters.operators import OperatorName, Unit

_STEPS = {"last": -1, "this": 0, "next": 1, "yesterday": -1, "today": 0, "tomorrow": 1}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_LAST_MONTH: Final = 12 * date.max.year - 1
"""The number of the last month there is, counted from January of the year 0."""


def day_range(operator: OperatorName, today: date) -> tuple[date | None, date | None]:
    """The first and the last day of ``this_week``, ``yesterday`` and their like; None beyond the calendar's ends.

    >>> [str(day) for day in day_range("last_quarter", date(2026, 2, 10))]
    ['2025-10-01', '2025-12-31']
    """
    word, _, period = operator.partition("_")
    step = _STEPS[word]
    if not period:
        day = days_around(today, step)
        return day, day
    if period == "week":
        monday = days_around(today, 7 * step - today.weekday())
        return monday, monday and days_around(monday, 6)
    length = _MONTHS[period]
    begins = ((12 * today.year + today.month - 1) // length + step) * length
    first, after = _first_of(begins), _first_of(begins + length)
    return first, after and days_around(after, -1)


def shifted_days(day: date, count: int, unit: Unit) -> date | None:
    """The day ``count`` days, weeks or months away; a month without that day gives its last one.

    >>> shifted_days(date(2026, 3, 31), -1, "months")
    datetime.date(2026, 2, 28)
    """
    if unit != "months":
        return days_around(day, count * (7 if unit == "weeks" else 1))
    month = 12 * day.year + day.month - 1 + count
    first, after = _first_of(month), _first_of(month + 1)
    if first is None:
        return None
    last = days_around(after, -1) if after is not None else date.max
    return first if last is None else first.replace(day=min(day.day, last.day))


def days_around(day: date, days: int) -> date | None:
    """The day that many days later, None where the calendar has ended."""
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def _first_of(month: int) -> date | None:
    return date(month // 12, month % 12 + 1, 1) if 12 <= month <= _LAST_MONTH else None
