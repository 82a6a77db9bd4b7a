"""Operations that change cells: Transform type and Set columns; what has no value becomes null and is listed."""

from __future__ import annotations

import polars as pl

from outcode.values.filters import column_names
from outcode.values.formulas import check_formula, evaluate_frame, parse_formula
from outcode.values.json import Json
from outcode.values.problems import Problem, ProblemList
from outcode.values.tables.carrier import Row, cells_from, check_column, from_rows, has_cell, with_cell
from outcode.values.tables.options import SetColumn, SetColumnsOptions, TransformTypeOptions
from outcode.values.tables.result import CellErrors, TableResult
from outcode.values.types import (
    CellProblem,
    ColumnType,
    ReadContext,
    TypedColumn,
    read_cell,
    read_column,
    write_column,
)


def transform_type(options: TransformTypeOptions, rows: list[Row], context: ReadContext) -> TableResult:
    """Typed values in the place of raw ones, null where a cell cannot be read; rows without the column stay as is."""
    known, errors = column_names(rows), CellErrors()
    changed = rows
    for number, column in enumerate(options.columns):
        check_column(column.column, rows, known, f"columns[{number}].column")
        if not rows:
            break
        raw = from_rows(rows, [column.column])[column.column]
        typed = read_column(column.type, raw, context)
        note_errors(errors, column.column, column.type, raw, typed, context)
        changed = [
            with_cell(row, column.column, cell) if has_cell(row, column.column) else row
            for row, cell in zip(changed, write_column(typed), strict=True)
        ]
    return TableResult.of(changed, len(rows), errors)


def set_columns(options: SetColumnsOptions, rows: list[Row]) -> TableResult:
    """Columns added or replaced in order; a formula's cell without value is null and listed.

    Raises ProblemList for a formula that cannot be read or names a column that is not there.
    """
    errors, changed = CellErrors(), rows
    for number, column in enumerate(options.columns):
        cells = _cells_of(column, changed, errors, f"columns[{number}].formula")
        changed = [with_cell(row, column.name, cell) for row, cell in zip(changed, cells, strict=True)]
    return TableResult.of(changed, len(rows), errors)


def note_errors(
    errors: CellErrors, name: str, column_type: ColumnType, raw: pl.Series, typed: TypedColumn, context: ReadContext
) -> None:
    """Count a column's unreadable cells, and list them while there is room."""
    rows = typed.errors.is_not_null().arg_true()
    errors.count(name, len(rows))
    for row in rows.head(1_000).to_list():
        if errors.is_full:
            return
        problem = read_cell(column_type, raw[row], context)
        if isinstance(problem, CellProblem):
            errors.show(row, name, raw[row], problem.code, problem.details)


def _cells_of(column: SetColumn, rows: list[Row], errors: CellErrors, field: str) -> list[Json]:
    if column.formula is None:
        return [column.value] * len(rows)
    found: list[Problem] = check_formula(column.formula, column_names(rows) if rows else None)
    if found:
        raise ProblemList([problem.at(field=field) for problem in found])
    formula = parse_formula(column.formula)
    if not rows:
        return []
    names = [each.name for each in formula.columns]
    frame = from_rows(rows, names) if names else pl.DataFrame({"": [None] * len(rows)})
    computed = evaluate_frame(formula, frame)
    errors.count(column.name, len(computed.problems))
    for row, problem in computed.problems.items():
        if errors.is_full:
            break
        errors.show(row, column.name, None, problem.code, problem.details)
    return cells_from(computed.values)
