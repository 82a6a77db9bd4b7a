"""Operations that choose or order rows: Filter, Sort, Remove duplicates, Limit."""

from __future__ import annotations

import polars as pl

from outcode.values.filters import column_names, mask
from outcode.values.filters.model import conditions_of
from outcode.values.tables.carrier import Row, check_column, from_rows
from outcode.values.tables.options import FilterOptions, LimitOptions, RemoveDuplicatesOptions, SortOptions
from outcode.values.tables.order import key_series, ranked
from outcode.values.tables.result import CellErrors, TableResult
from outcode.values.tables.typed import note_errors
from outcode.values.types import ReadContext, read_column


def filter_rows(options: FilterOptions, rows: list[Row], context: ReadContext) -> TableResult:
    """The rows that match; raises InputProblem for a column that no row has, or a value that cannot be read."""
    known = column_names(rows)
    for path, condition in conditions_of(options.conditions):
        check_column(condition.column, rows, known, f"conditions.{path}.column" if path else "conditions.column")
    if not rows:
        return TableResult.of([], 0)
    names = [condition.column for _, condition in conditions_of(options.conditions)]
    found = mask(options.conditions, _with_height(rows, names), context)
    return TableResult.of([row for row, keep in zip(rows, found.to_list(), strict=True) if keep], len(rows))


def sort_rows(options: SortOptions, rows: list[Row], context: ReadContext) -> TableResult:
    """The rows in order; rows with equal keys stay in the order in which they came."""
    known, errors, columns = column_names(rows), CellErrors(), []
    for number, key in enumerate(options.keys):
        check_column(key.column, rows, known, f"keys[{number}].column")
        cells = from_rows(rows, [key.column])[key.column] if rows else pl.Series(key.column, [], dtype=pl.String)
        if key.type is None:
            ranks = ranked(cells.to_list()).ranks
        else:
            typed = read_column(key.type, cells, context)
            note_errors(errors, key.column, key.type, cells, typed, context)
            ranks = typed.values
        columns.append(ranks.alias(str(number)))
    order = pl.DataFrame(columns).select(
        pl.arg_sort_by(
            [pl.col(column.name) for column in columns],
            descending=[key.order == "descending" for key in options.keys],
            nulls_last=True,
            maintain_order=True,
        )
    )
    return TableResult.of([rows[position] for position in order.to_series().to_list()], len(rows), errors)


def remove_duplicates(options: RemoveDuplicatesOptions, rows: list[Row]) -> TableResult:
    """Of rows with the same keys the first or the last, where it stood."""
    known = column_names(rows)
    for number, name in enumerate(options.keys):
        check_column(name, rows, known, f"keys[{number}]")
    if not rows or not known:
        return TableResult.of(rows[:1], len(rows))
    names = options.keys or known
    cells = from_rows(rows, names)
    keys = pl.DataFrame([key_series(cells[name].to_list()).alias(str(number)) for number, name in enumerate(names)])
    kept = keys.with_row_index("row").unique(subset=keys.columns, keep=options.keep, maintain_order=True)
    return TableResult.of([rows[position] for position in kept["row"].to_list()], len(rows))


def limit_rows(options: LimitOptions, rows: list[Row]) -> TableResult:
    """``count`` rows after the first ``offset``."""
    return TableResult.of(rows[options.offset : options.offset + options.count], len(rows))


def _with_height(rows: list[Row], names: list[str]) -> pl.DataFrame:
    """The columns of those names; a filter without conditions still needs to know how many rows there are."""
    return from_rows(rows, names) if names else pl.DataFrame({"": [None] * len(rows)})
