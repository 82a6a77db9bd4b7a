"""Days and moments for whole columns: ISO 8601 by Polars, other forms as a day and a time that both come back often.

A million cells hold few different days and few different times of day; each is read once by the scalar reader, and
the two are put together here. Whatever that does not decide stays undecided.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from outcode.values.context import ReadContext
from outcode.values.types.date_forms import Parts, parts_of
from outcode.values.types.datetimes import source_zone
from outcode.values.types.model import DatetimeType
from outcode.values.types.patterns import compiled
from outcode.values.types.zones import utc_of

NAIVE = pl.Datetime("us")
_EPOCH = date(1970, 1, 1)
_SAMPLE = 64
_FEW = 1_000
_LONGEST_PART = 50
_YEARS = (2, 9998)
_ISO_DAY = "(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}"
_ISO_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_ISO_ZONE = "(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?"
_SECONDS = "%Y-%m-%d{sign}%H:%M:%S"
_LENGTH = 19
_DIGITS_ALONE = re.compile("[0-9. ]*")


class _Layout(NamedTuple):
    """One shape of ISO 8601: the sign before the time, and how many decimals the seconds have."""

    sign: str
    decimals: int

    @property
    def expression(self) -> str:
        """What cells of this layout look like."""
        fraction = rf"\.[0-9]{{{self.decimals}}}" if self.decimals else ""
        return f"^{_ISO_DAY}{self.sign}{_ISO_CLOCK}{fraction}{_ISO_ZONE}$"


_LAYOUTS = tuple(_Layout(sign, decimals) for sign in ("T", " ") for decimals in (0, 3, 6))
_MARKS = ("일", " 오", "T", " ")
"""Where a day may end and a time begin; the first belongs to the day, the others to the time."""


def read_moments(column_type: DatetimeType, raw: pl.Series, context: ReadContext) -> pl.Series | None:
    """Moments in UTC without a zone for cells with a time, null where undecided; None where nothing can be decided."""
    zone = source_zone(column_type, context)
    if column_type.pattern is not None:
        return _by_pattern(raw, column_type.pattern, zone)
    if raw.dtype.is_integer():
        return _of_epochs(raw)
    if raw.dtype != pl.String:
        return None
    day_first = context.day_first if column_type.day_first is None else column_type.day_first
    moments = pl.Series([None], dtype=NAIVE).new_from_index(0, raw.len())
    sample = raw.drop_nulls().head(_SAMPLE).to_list()
    for layout in _LAYOUTS:
        if any(re.search(layout.expression, text) for text in sample):
            moments = _added(moments, raw, partial(_iso, layout=layout, zone=zone))
    rest = raw.filter(moments.is_null()).drop_nulls()
    sample = rest.head(_SAMPLE).to_list()
    mark = next((mark for mark in _MARKS if any(mark in text.strip() for text in sample)), None)
    if mark is not None and rest.len() > _FEW:
        moments = _added(moments, raw, partial(_two_parts, mark=mark, zone=zone, day_first=day_first))
    return moments


def _added(moments: pl.Series, raw: pl.Series, read: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """With those that are still undecided read."""
    undecided = moments.is_null()
    if undecided.all():
        return read(raw)
    places = undecided.arg_true()
    return moments.scatter(places, read(raw.gather(places)))


def _by_pattern(raw: pl.Series, pattern: str, zone: ZoneInfo) -> pl.Series | None:
    """Cells by a pattern whose parts have fixed places, the hour and the minute among them."""
    reader = compiled(pattern)
    if raw.dtype != pl.String or reader.strptime is None or not {"hour", "minute"} <= reader.parts:
        return None
    cells = raw.set(~raw.str.contains(f"(?i)^(?:{reader.expression.pattern})$").fill_null(value=False), None)
    clock = cells.str.strptime(NAIVE, reader.strptime, strict=False)
    return utc_of(clock.set(~clock.dt.year().is_between(*_YEARS), None), zone)


def _of_epochs(raw: pl.Series) -> pl.Series:
    """Whole numbers of ten digits are seconds since 1970, of thirteen milliseconds."""
    numbers = raw.cast(pl.Int64, strict=False)
    cells = pl.lit(numbers)
    seconds, milliseconds = cells.is_between(10**9, 10**10 - 1), cells.is_between(10**12, 10**13 - 1)
    instants = pl.when(seconds).then(cells * 1_000_000).when(milliseconds).then(cells * 1_000)
    return pl.select(instants.otherwise(None).cast(NAIVE)).to_series()


def _iso(cells: pl.Series, *, layout: _Layout, zone: ZoneInfo) -> pl.Series:
    good = cells.str.contains(layout.expression)
    if not good.all() or cells.has_nulls():
        cells = cells.set(~good.fill_null(value=False), None)
    local = cells.str.slice(0, _LENGTH) if cells.str.len_bytes().max() != _LENGTH else cells
    clock = local.str.strptime(NAIVE, _SECONDS.format(sign=layout.sign), strict=False)
    if layout.decimals:
        fraction = cells.str.slice(_LENGTH + 1, layout.decimals).cast(pl.Int64) * 10 ** (6 - layout.decimals)
        clock = clock + fraction.cast(pl.Duration("us"))
    start = _LENGTH + (layout.decimals + 1 if layout.decimals else 0)
    if cells.str.len_bytes().max() == start:
        return utc_of(clock, zone)
    return _shifted(clock, _mapped(cells.str.slice(start), _iso_offset, pl.Int64()), zone)


def _iso_offset(text: str) -> int | None:
    """Seconds east of Greenwich; None where the text says nothing."""
    if len(text) < 2:
        return 0 if text else None
    seconds = int(text[1:3]) * 3600 + int(text[4:6]) * 60
    return -seconds if text[0] == "-" else seconds


def _shifted(clock: pl.Series, offset: pl.Series, zone: ZoneInfo) -> pl.Series:
    """Clock times as moments: by their own offset in seconds where they have one, else by the zone."""
    moments = clock - (offset * 1_000_000).cast(pl.Duration("us"))
    if not offset.has_nulls():
        return moments
    bare = (offset.is_null() & clock.is_not_null()).arg_true()
    return moments if bare.is_empty() else moments.scatter(bare, utc_of(clock.gather(bare), zone))


def _two_parts(cells: pl.Series, *, mark: str, zone: ZoneInfo, day_first: bool | None) -> pl.Series:
    both = cells.str.splitn(mark, 2).struct.unnest()
    ends, starts = (mark, "") if mark == "일" else ("", mark)
    before = "2000년 1월 1일" if mark == "일" else "2000-01-01"

    def day_of(text: str) -> date | None:
        if len(text) > _LONGEST_PART or _DIGITS_ALONE.fullmatch(text + ends):
            return None
        parts = parts_of(text + ends, day_first=day_first)
        if not isinstance(parts, Parts) or parts.clock is not None or parts.instant is not None:
            return None
        if not _YEARS[0] <= parts.year <= _YEARS[1]:
            return None
        try:
            return date(parts.year, parts.month, parts.day)
        except ValueError:
            return None

    def time_of(text: str) -> tuple[timedelta | None, int | None]:
        parts = parts_of(before + starts + text, day_first=None) if len(text) <= _LONGEST_PART else None
        if not isinstance(parts, Parts) or parts.clock is None or abs(parts.offset or 0) >= 24 * 60:
            return None, None
        try:
            clock = datetime.combine(_EPOCH, time(*parts.clock), UTC) - datetime.combine(_EPOCH, time(), UTC)
        except ValueError:
            return None, None
        return clock, None if parts.offset is None else parts.offset * 60

    texts = both["field_1"]
    distinct = texts.drop_nulls().unique()
    times = [time_of(text) for text in distinct.to_list()]
    clocks = pl.Series([clock for clock, _ in times], dtype=pl.Duration("us"))
    offsets = pl.Series([offset for _, offset in times], dtype=pl.Int64)
    days = _mapped(both["field_0"], day_of, pl.Date())
    local = days.cast(NAIVE) + texts.replace_strict(distinct, clocks, default=None, return_dtype=clocks.dtype)
    if offsets.null_count() == offsets.len():
        return utc_of(local, zone)
    return _shifted(local, texts.replace_strict(distinct, offsets, default=None, return_dtype=pl.Int64), zone)


def _mapped(texts: pl.Series, answer: Callable[[str], object], dtype: pl.DataType) -> pl.Series:
    """The answer to each text, asked once for equal ones."""
    distinct = texts.drop_nulls().unique()
    answers = pl.Series([answer(text) for text in distinct.to_list()], dtype=dtype)
    return texts.replace_strict(distinct, answers, default=None, return_dtype=dtype)
