"""Giving typed values back as JSON."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import polars as pl

from outcode.values.json import Json
from outcode.values.references.dates import write_date
from outcode.values.types.columns import TypedColumn
from outcode.values.types.model import ColumnType, DatetimeType
from outcode.values.types.reading import Typed
from outcode.values.types.zones import clock_of


def write_cell(column_type: ColumnType, typed: Typed | None) -> Json:
    """A typed value as JSON: exact numbers, ISO 8601 with offset, a plain day, or what ``output`` asks for.

    >>> write_cell(DatetimeType(output="YYYY. M. D."), date(2026, 11, 21))
    '2026. 11. 21.'
    """
    match typed:
        case datetime() | date() if isinstance(column_type, DatetimeType) and column_type.output is not None:
            return write_date(typed, column_type.output)
        case datetime() | date():
            return typed.isoformat()
        case Decimal() if typed == typed.to_integral_value() and typed.as_tuple().exponent == 0:
            return int(typed)
        case _:
            return typed


def write_column(column: TypedColumn) -> list[Json]:
    """A column's typed values as :func:`write_cell` writes each; null where a cell is empty or has a problem."""
    if isinstance(column.column_type, DatetimeType) and column.column_type.output is None:
        return _iso(column).to_list()
    return [write_cell(column.column_type, value) for value in column.typed()]


def _iso(column: TypedColumn) -> pl.Series:
    """Days and moments in ISO 8601, with decimals of a second only where there are any."""
    if column.has_time is None or column.timezone is None:
        raise TypeError("a column of datetimes knows its timezone and which cells have a time")
    clock = clock_of(column.values, column.timezone)
    seconds = (clock - column.values.dt.replace_time_zone(None)).dt.total_seconds()
    distinct = seconds.drop_nulls().unique()
    written = pl.Series([_offset(each) for each in distinct.to_list()], dtype=pl.String)
    offsets = seconds.replace_strict(distinct, written, default=None, return_dtype=pl.String)
    cells = pl.lit(clock)
    fraction = pl.when(cells.dt.microsecond() > 0).then(cells.dt.to_string(".%6f")).otherwise(pl.lit(""))
    moments = cells.dt.to_string("%Y-%m-%dT%H:%M:%S") + fraction + pl.lit(offsets)
    return pl.select(
        pl.when(pl.lit(column.has_time)).then(moments).otherwise(cells.dt.to_string("%Y-%m-%d"))
    ).to_series()


def _offset(seconds: int) -> str:
    """An offset as Python writes it: ``+09:00``, for old days also ``+08:27:52``."""
    return datetime(2000, 1, 1, tzinfo=timezone(timedelta(seconds=seconds))).isoformat()[19:]
