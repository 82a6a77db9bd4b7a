"""Reading a cell as a day or a moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

from outcode.values.context import ReadContext
from outcode.values.json import Json
from outcode.values.references.dates import zone
from outcode.values.types.cells import SPACES, kind_of
from outcode.values.types.date_forms import Parts, parts_by, parts_of
from outcode.values.types.errors import CellProblem, about
from outcode.values.types.model import DatetimeType

LONGEST_NUMBER = 40
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def source_zone(column_type: DatetimeType, context: ReadContext) -> ZoneInfo:
    """Where a time without an offset is meant."""
    return zone(column_type.source_timezone) if column_type.source_timezone else context.timezone


def target_zone(column_type: DatetimeType, context: ReadContext) -> ZoneInfo:
    """Where times are shown."""
    return zone(column_type.target_timezone) if column_type.target_timezone else context.timezone


def read_datetime(column_type: DatetimeType, raw: Json, context: ReadContext) -> datetime | date | CellProblem:
    """A day, or an aware moment in the target timezone, from a cell that is not empty.

    >>> context = ReadContext(ZoneInfo("Asia/Seoul"), datetime(2026, 11, 21, tzinfo=UTC))
    >>> read_datetime(DatetimeType(), "2026년 11월 21일 오후 3:30", context).isoformat()
    '2026-11-21T15:30:00+09:00'
    """
    if type(raw) is int or type(raw) is Decimal:
        text = _digits(Decimal(raw))
    elif type(raw) is str:
        text = raw
    else:
        return CellProblem("cell_datetime_other_kind", {"found": kind_of(raw)})
    if column_type.pattern is not None:
        parts = parts_by(column_type.pattern, text)
    else:
        day_first = context.day_first if column_type.day_first is None else column_type.day_first
        parts = parts_of(text, day_first=day_first)
    if isinstance(parts, CellProblem):
        return parts
    try:
        return _moment(parts, source_zone(column_type, context), target_zone(column_type, context))
    except (ValueError, OverflowError):
        return about("cell_datetime_impossible", text.strip(SPACES))


def _digits(number: Decimal) -> str:
    """The digits of a number; one with an exponent is no date, and need not be written out."""
    return format(number, "f") if abs(number.adjusted()) < LONGEST_NUMBER else str(number)


def _moment(parts: Parts, source: ZoneInfo, target: ZoneInfo) -> datetime | date:
    """Raises ValueError or OverflowError where there is no such day or time."""
    if parts.instant is not None:
        return (_EPOCH + timedelta(microseconds=parts.instant)).astimezone(target)
    day = date(parts.year, parts.month, parts.day)
    if parts.clock is None:
        if day.year == 1:  # a column holds the moment a day starts, and that of the first day may be before all time
            datetime(day.year, day.month, day.day, tzinfo=target).astimezone(UTC)
        return day
    meant = source if parts.offset is None else timezone(timedelta(minutes=parts.offset))
    local = datetime(day.year, day.month, day.day, *parts.clock, tzinfo=meant)
    # Through UTC, also into the same zone: a time that a clock change skipped only moves when it is converted.
    return local.astimezone(UTC).astimezone(target)
