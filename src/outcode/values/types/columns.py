"""Reading a whole column: common forms in Polars, every other distinct value by the scalar reader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import polars as pl

from outcode.values.context import ReadContext
from outcode.values.json import Json, loads
from outcode.values.types.column_datetimes import read_moments
from outcode.values.types.column_distinct import Cells, read_distinct
from outcode.values.types.column_numbers import read_numbers
from outcode.values.types.column_text import read_texts, read_urls
from outcode.values.types.datetimes import target_zone
from outcode.values.types.model import ColumnType, DatetimeType, JsonType, NumericType, TextType, UrlType
from outcode.values.types.numerals import canonical
from outcode.values.types.reading import Typed


@dataclass(frozen=True, slots=True)
class TypedColumn:
    """What the cells of a column mean, and what is wrong with those that mean nothing.

    ``values``: null where a cell is empty or has a problem; ``String`` for text and url, ``Decimal(38, scale)`` for the
    numeric types, ``Datetime("us", "UTC")`` for datetime, ``Boolean``, and JSON text (``String``) for json.
    ``errors``: the code of each cell's problem, null where there is none; its details come from :func:`read_cell`.
    ``has_time``: only for datetime; False where a cell is a day, whose value is then that day's start in ``timezone``.
    """

    column_type: ColumnType
    values: pl.Series
    errors: pl.Series
    has_time: pl.Series | None = None
    timezone: ZoneInfo | None = None

    def typed(self) -> list[Typed | None]:
        """The values as :func:`read_cell` gives them; None also where a cell has a problem."""
        values: list[Typed | None] = self.values.to_list()
        if isinstance(self.column_type, JsonType):
            return [None if value is None else loads(value) for value in values]
        if isinstance(self.column_type, NumericType) and self.column_type.decimals is None:
            return [None if value is None else canonical(value) for value in values]
        if self.has_time is None or self.timezone is None:
            return values
        local = [None if value is None else value.astimezone(self.timezone) for value in values]
        return [
            value if value is None or has_time else value.date()
            for value, has_time in zip(local, self.has_time.to_list(), strict=True)
        ]


def raw_series(values: Sequence[Json], name: str = "") -> pl.Series:
    """Raw cells as a series that loses nothing: one of Polars' own types where all cells are of one kind."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {str}:
        return pl.Series(name, values, dtype=pl.String)
    if kinds == {bool}:
        return pl.Series(name, values, dtype=pl.Boolean)
    if kinds == {int} and all(value is None or -(2**63) <= value < 2**63 for value in values):
        return pl.Series(name, values, dtype=pl.Int64)
    return pl.Series(name, values, dtype=pl.Object)


def read_column(column_type: ColumnType, raw: pl.Series, context: ReadContext) -> TypedColumn:
    """What the cells of a column mean: the same as :func:`read_cell` says of each."""
    cells = _merged(raw, _fast(column_type, raw, context), column_type, context)
    zone = target_zone(column_type, context) if isinstance(column_type, DatetimeType) else None
    return TypedColumn(column_type, cells.values.alias(raw.name), cells.errors, cells.has_time, zone)


def _fast(column_type: ColumnType, raw: pl.Series, context: ReadContext) -> Cells | None:
    """What can be decided without looking at single cells; null where that is not so."""
    values: pl.Series | None = None
    match column_type:
        case TextType():
            values = read_texts(column_type, raw)
        case UrlType():
            values = read_urls(column_type, raw)
        case DatetimeType():
            values = read_moments(column_type, raw, context)
        case _ if isinstance(column_type, NumericType):
            values = read_numbers(column_type, raw)
    if values is None:
        return None
    errors = pl.Series([None], dtype=pl.String).new_from_index(0, raw.len())
    if not isinstance(column_type, DatetimeType):
        return Cells(values, errors)
    timed = pl.select(pl.when(pl.lit(values).is_not_null()).then(pl.lit(value=True))).to_series()
    return Cells(values.dt.replace_time_zone("UTC"), errors, timed)


def _merged(raw: pl.Series, fast: Cells | None, column_type: ColumnType, context: ReadContext) -> Cells:
    """The cells that are decided, and all others read one by one."""
    if fast is None:
        return read_distinct(column_type, raw, context)
    places = (fast.values.is_null() & raw.is_not_null()).arg_true()
    if places.is_empty():
        return fast
    rest = read_distinct(column_type, raw.gather(places), context)
    if places.len() == raw.len():
        return rest
    values, found = _of_one_scale(fast.values, rest.values)
    has_time = fast.has_time
    if has_time is not None and rest.has_time is not None:
        has_time = has_time.scatter(places, rest.has_time)
    return Cells(values.scatter(places, found), fast.errors.scatter(places, rest.errors), has_time)


def _of_one_scale(first: pl.Series, second: pl.Series) -> tuple[pl.Series, pl.Series]:
    if not isinstance(first.dtype, pl.Decimal) or not isinstance(second.dtype, pl.Decimal):
        return first, second
    dtype = pl.Decimal(first.dtype.precision, max(first.dtype.scale, second.dtype.scale))
    return first.cast(dtype), second.cast(dtype)
