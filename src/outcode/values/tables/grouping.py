"""Group and summarize: one row for each combination of keys."""

from __future__ import annotations

import polars as pl

from outcode.values.filters import cell_at, column_names
from outcode.values.json import Json
from outcode.values.tables.aggregate import Aggregate, aggregate, average
from outcode.values.tables.carrier import Row, cells_from, check_column, from_rows
from outcode.values.tables.options import GroupOptions, Summary
from outcode.values.tables.order import Ranked, key_series, ranked, ranked_column
from outcode.values.tables.result import CellErrors, TableResult
from outcode.values.tables.typed import note_errors
from outcode.values.types import ColumnType, NumberType, ReadContext, TypedColumn, is_empty, read_column

_ROW = "row"


def group_rows(options: GroupOptions, rows: list[Row], context: ReadContext) -> TableResult:
    """Groups in the order of their first row; each shows its first row's keys and its summaries.

    ``count`` of a column counts cells that are not empty; ``sum`` and ``average`` leave out cells that are no numbers,
    which are listed; without any number they are null, as ``min`` and ``max`` are without any cell.
    """
    known = column_names(rows)
    for number, name in enumerate(options.keys):
        check_column(name, rows, known, f"keys[{number}]")
    for number, summary in enumerate(options.summaries):
        if summary.column is not None:
            check_column(summary.column, rows, known, f"summaries[{number}].column")
    if not rows:
        return TableResult.of([], 0)
    work = _Grouping(options, rows, context)
    return TableResult.of(work.rows(), len(rows), work.errors)


class _Grouping:
    """One grouping on its way: the frame that is aggregated, and what its numbers stand for."""

    def __init__(self, options: GroupOptions, rows: list[Row], context: ReadContext) -> None:
        self.options = options
        self.source = rows
        self.context = context
        self.errors = CellErrors()
        self.ranked: dict[int, Ranked] = {}
        self.typed: dict[tuple[str, ColumnType], TypedColumn] = {}
        self.cells = from_rows(rows, [*options.keys, *(each.column for each in options.summaries if each.column)])
        self.columns: list[pl.Series] = [pl.Series(_ROW, range(len(rows)), dtype=pl.UInt32)]

    def rows(self) -> list[Row]:
        keys = [f"key {number}" for number, _ in enumerate(self.options.keys)]
        for key, name in zip(keys, self.options.keys, strict=True):
            self.columns.append(key_series(self.cells[name].to_list()).alias(key))
        wanted = [Aggregate("first", _ROW), Aggregate("last", _ROW)]
        places: list[int] = []
        for number, summary in enumerate(self.options.summaries):
            places.append(len(wanted))
            wanted += self._aggregates(number, summary)
        groups = aggregate(pl.DataFrame(self.columns), keys, wanted)
        found = [cells_from(groups[str(number)]) for number, _ in enumerate(wanted)]
        made: list[Row] = [
            {name: cell_at(self.source[first], name) for name in self.options.keys} for first in found[0]
        ]
        for number, summary in enumerate(self.options.summaries):
            for row, cell in zip(made, self._cells(number, summary, found, places[number]), strict=True):
                row[summary.output] = cell
        return made

    def _aggregates(self, number: int, summary: Summary) -> list[Aggregate]:
        """The aggregates a summary needs; the column they work on is put beside the others."""
        column = f"summary {number}"
        if summary.column is None:
            return [Aggregate("rows")]
        cells = self.cells[summary.column]
        match summary.function:
            case "first" | "last":
                return []
            case "count":
                filled = [None if is_empty(cell) else True for cell in cells.to_list()]
                self.columns.append(pl.Series(column, filled, dtype=pl.Boolean))
                return [Aggregate("count", column)]
            case "sum" | "average":
                self.columns.append(self._typed(summary.column, summary.type or NumberType()).values.alias(column))
                return [Aggregate("sum", column), Aggregate("count", column)]
            case _ if summary.type is not None:
                self.ranked[number] = ranked_column(self._typed(summary.column, summary.type))
            case _:
                self.ranked[number] = ranked(cells.to_list())
        self.columns.append(self.ranked[number].ranks.alias(column))
        return [Aggregate(summary.function, column)]

    def _typed(self, name: str, column_type: ColumnType) -> TypedColumn:
        """A column read once as a type; its unreadable cells are noted once."""
        if (name, column_type) not in self.typed:
            typed = read_column(column_type, self.cells[name], self.context)
            note_errors(self.errors, name, column_type, self.cells[name], typed, self.context)
            self.typed[name, column_type] = typed
        return self.typed[name, column_type]

    def _cells(self, number: int, summary: Summary, found: list[list[Json]], place: int) -> list[Json]:
        """A summary's cell for every group."""
        match summary.function:
            case "first" | "last":
                rows = found[0] if summary.function == "first" else found[1]
                return [cell_at(self.source[row], str(summary.column)) for row in rows]
            case "count" | "sum":
                return found[place]
            case "average":
                return [average(total, count) for total, count in zip(found[place], found[place + 1], strict=True)]
            case _:
                cells = self.ranked[number].cells
                return [None if rank is None else cells[rank] for rank in found[place]]
