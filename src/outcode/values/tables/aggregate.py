"""Groups and what is summed up in them, on frames; sums and averages are exact.

Polars' own sums of decimals wrap around past 38 digits without a word, so a sum is only left to it when the largest
that can come out is known to fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

import polars as pl

from outcode.values.json import Json
from outcode.values.references import numbers

_LIMIT = 10**38
_AVERAGE = Context(prec=38, rounding=ROUND_HALF_EVEN, Emin=-10_000, Emax=10_000)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One aggregate: ``rows`` counts rows, ``count`` cells that are not null; ``sum`` takes numbers."""

    function: str
    column: str = ""


def aggregate(frame: pl.DataFrame, keys: Sequence[str], wanted: Sequence[Aggregate]) -> pl.DataFrame:
    """One row for each combination of keys, in the order of first appearance: the keys, then columns ``"0"``, ``"1"`` …

    ``sum`` gives ``Decimal(38, scale)``, or an Object column of exact numbers where 38 digits may not do; null where a
    group has no number. ``first`` and ``last`` give the group's first and last cell, null or not.

    >>> frame = pl.DataFrame({"city": ["Seoul", "Busan", "Seoul"], "total": [1, 2, 3]})
    >>> aggregate(frame, ["city"], [Aggregate("sum", "total")]).rows()
    [('Seoul', Decimal('4')), ('Busan', Decimal('2'))]
    """
    exact = {each.column: _fits(frame[each.column], frame.height) for each in wanted if each.function == "sum"}
    expressions = [_expression(each, frame, exact).alias(str(number)) for number, each in enumerate(wanted)]
    if keys:
        grouped = frame.group_by(list(keys), maintain_order=True).agg(expressions)
    else:
        grouped = frame.select(expressions) if expressions else frame.head(1)
    sums = [
        _sum_series(grouped[str(number)], frame[each.column].dtype, fits=exact[each.column])
        for number, each in enumerate(wanted)
        if each.function == "sum"
    ]
    return grouped.with_columns(sums)


def average(total: Json, count: int) -> Json:
    """The average with at most 38 significant digits, halves to the even one; None of none.

    >>> average(1, 8)
    Decimal('0.125')
    """
    return numbers.canonical(_AVERAGE.divide(Decimal(total), Decimal(count))) if count else None


def _expression(wanted: Aggregate, frame: pl.DataFrame, exact: dict[str, bool]) -> pl.Expr:
    column = pl.col(wanted.column)
    match wanted.function:
        case "rows":
            return pl.len()
        case "count":
            return column.count()
        case "sum":
            whole = column.to_physical() if isinstance(frame[wanted.column].dtype, pl.Decimal) else column
            if not exact[wanted.column]:
                return whole.drop_nulls().implode()
            return pl.when(column.count() > 0).then(whole.cast(pl.Int128).sum())
        case "min":
            return column.min()
        case "max":
            return column.max()
        case "first":
            return column.first()
        case _:
            return column.last()


def _fits(series: pl.Series, count: int) -> bool:
    whole = series.to_physical() if isinstance(series.dtype, pl.Decimal) else series
    low, high = whole.min(), whole.max()
    bound = max(abs(low), abs(high)) if isinstance(low, int) and isinstance(high, int) else 0
    return bound * max(count, 1) < _LIMIT


def _sum_series(series: pl.Series, dtype: pl.DataType, *, fits: bool) -> pl.Series:
    scale = int(dtype.scale or 0) if isinstance(dtype, pl.Decimal) else 0
    if fits:
        return series.reinterpret(dtype=pl.Decimal(38, scale))
    totals = [sum(whole) if len(whole) else None for whole in series.to_list()]
    exact = [None if total is None else numbers.canonical(_scaled(total, scale)) for total in totals]
    return pl.Series(series.name, exact, dtype=pl.Object)


def _scaled(whole: int, scale: int) -> Decimal:
    return Decimal(whole).scaleb(-scale, Context(prec=1_000))
