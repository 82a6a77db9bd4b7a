"""Rows and the columns taken out of them: rows stay the objects they are, columns are typed where Polars can.

Operations work on columns (which rows, in which order, which new cells) and then take the very rows they were given, so
that whatever Polars has no type for, such as huge integers, mixed cells and missing keys, comes out as it went in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import polars as pl

from outcode.values.filters import cell_at, column_names, is_known, unknown_column
from outcode.values.json import Json
from outcode.values.references import numbers
from outcode.values.types import raw_series

Row = dict[str, Json]
_DIGITS = 38


def as_rows(values: Sequence[Json]) -> list[Row]:
    """Rows as objects; one that is none stands in the column ``value``.

    >>> as_rows([{"a": 1}, 2])
    [{'a': 1}, {'value': 2}]
    """
    return [value if isinstance(value, dict) else {"value": value} for value in values]


def from_rows(rows: Sequence[Mapping[str, Json]], names: Iterable[str] | None = None) -> pl.DataFrame:
    """Columns of rows: all, or those named; a dotted name leads into nested objects.

    A column is ``String``, ``Boolean``, ``Int64`` or ``Decimal(38, scale)`` where all its cells are, else ``Object``,
    which keeps every cell as it is.
    """
    wanted = column_names(rows) if names is None else list(dict.fromkeys(names))
    return pl.DataFrame([series_of([cell_at(row, name) for row in rows], name) for name in wanted])


def series_of(cells: Sequence[Json], name: str = "") -> pl.Series:
    """Cells as a series that loses nothing but trailing zeros after a decimal point."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if Decimal in kinds and kinds <= {int, Decimal} and (series := _decimals(cells, name)) is not None:
        return series
    try:
        return raw_series(cells, name)
    except UnicodeEncodeError:  # half of a surrogate pair, which JavaScript may return
        return pl.Series(name, cells, dtype=pl.Object)


def cells_from(series: pl.Series) -> list[Json]:
    """A series as cells again: numbers without trailing zeros, whole ones as integers."""
    if isinstance(series.dtype, pl.Decimal):
        if not series.dtype.scale:
            return series.to_physical().to_list()
        return [None if value is None else numbers.canonical(value) for value in series.to_list()]
    return series.to_list()


def with_cell(row: Row, name: str, cell: Json) -> Row:
    """The row with that cell in place; where the name leads into nested objects, these are copied, not changed."""
    if name in row or "." not in name:
        return {**row, name: cell}
    head, _, rest = name.partition(".")
    inner = row.get(head)
    return {**row, head: with_cell(inner, rest, cell)} if isinstance(inner, dict) else {**row, name: cell}


def has_cell(row: Mapping[str, Json], name: str) -> bool:
    """Whether the row has that key, or the path it leads along."""
    if name in row or "." not in name:
        return name in row
    head, _, rest = name.partition(".")
    inner = row.get(head)
    return isinstance(inner, dict) and has_cell(inner, rest)


def check_column(name: str, rows: Sequence[Mapping[str, Json]], known: list[str], field: str) -> None:
    """Raises InputProblem ``column_unknown`` at that field; without rows nothing is known."""
    if rows and not is_known(name, known):
        raise unknown_column(name, known).at(field=field)


def _decimals(cells: Sequence[Json], name: str) -> pl.Series | None:
    scale = whole = 0
    for cell in cells:
        if type(cell) is Decimal:
            digits = cell.as_tuple()
            if not isinstance(digits.exponent, int):
                return None
            scale = max(scale, -digits.exponent)
            whole = max(whole, len(digits.digits) + digits.exponent)
        elif type(cell) is int:
            if abs(cell) >= 10**_DIGITS:
                return None
            whole = max(whole, len(str(abs(cell))))
    if whole + scale > _DIGITS:
        return None
    return pl.Series(
        name, [None if cell is None else Decimal(cell) for cell in cells], dtype=pl.Decimal(_DIGITS, scale)
    )
