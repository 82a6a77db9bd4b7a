"""What Polars does not decide: each distinct cell is read once by the scalar reader, and put back where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

import polars as pl

from outcode.values.context import ReadContext
from outcode.values.json import Json, dumps
from outcode.values.types.datetimes import target_zone
from outcode.values.types.errors import CellProblem
from outcode.values.types.model import BooleanType, ColumnType, DatetimeType, JsonType, NumericType
from outcode.values.types.reading import Typed, read_cell
from outcode.values.types.zones import start_of

MOMENT = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells that have been read: values, codes of problems, and for datetimes whether each has a time."""

    values: pl.Series
    errors: pl.Series
    has_time: pl.Series | None = None

    def gather(self, indices: pl.Series) -> Cells:
        """The cells at these places, in this order."""
        has_time = None if self.has_time is None else self.has_time.gather(indices)
        return Cells(self.values.gather(indices), self.errors.gather(indices), has_time)


def read_distinct(column_type: ColumnType, raw: pl.Series, context: ReadContext) -> Cells:
    """Every cell read by the scalar reader, equal ones once."""
    if raw.dtype not in {pl.String, pl.Boolean} and not raw.dtype.is_integer():
        return _cells(column_type, [_json(value) for value in raw.to_list()], context)
    distinct = raw.unique()
    cells = _cells(column_type, distinct.to_list(), context)
    if raw.is_empty():
        return cells
    places = pl.Series(range(distinct.len()), dtype=pl.UInt32)
    return cells.gather(raw.replace_strict(distinct, places, return_dtype=pl.UInt32))


def _json(value: object) -> Json:
    """What a series of another kind holds, as JSON: a float by its shortest digits."""
    return Decimal(repr(value)) if isinstance(value, float) else value


def _cells(column_type: ColumnType, raw: list[Json], context: ReadContext) -> Cells:
    read = [read_cell(column_type, value, context) for value in raw]
    errors = pl.Series([cell.code if isinstance(cell, CellProblem) else None for cell in read], dtype=pl.String)
    typed = [None if isinstance(cell, CellProblem) else cell for cell in read]
    match column_type:
        case DatetimeType():
            return _moments(cast("list[datetime | date | None]", typed), errors, target_zone(column_type, context))
        case JsonType():
            written = [None if value is None else dumps(value) for value in typed]
            return Cells(pl.Series(written, dtype=pl.String), errors)
        case BooleanType():
            return Cells(pl.Series(typed, dtype=pl.Boolean), errors)
        case _ if isinstance(column_type, NumericType):
            return Cells(_decimals(typed), errors)
        case _:
            return Cells(pl.Series(typed, dtype=pl.String), errors)


def _decimals(typed: list[Typed | None]) -> pl.Series:
    exponents = (value.as_tuple().exponent for value in typed if isinstance(value, Decimal))
    scale = max((-exponent for exponent in exponents if isinstance(exponent, int)), default=0)
    return pl.Series(typed, dtype=pl.Decimal(38, scale))


def _moments(typed: list[datetime | date | None], errors: pl.Series, zone: ZoneInfo) -> Cells:
    moments: list[Any] = []
    for value in typed:
        if isinstance(value, datetime):
            moments.append(value.astimezone(UTC).replace(tzinfo=None))
        else:
            moments.append(None if value is None else start_of(value, zone))
    has_time = [None if value is None else isinstance(value, datetime) for value in typed]
    values = pl.Series(moments, dtype=pl.Datetime("us")).dt.replace_time_zone("UTC")
    return Cells(values, errors, pl.Series(has_time, dtype=pl.Boolean))
