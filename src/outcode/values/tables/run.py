"""One door for all table tasks: options as JSON in, rows and what stands around them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from outcode.values.filters import check_filter, read_filter, read_model
from outcode.values.formulas import check_formula
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Problem, ProblemList, TooLarge
from outcode.values.tables.carrier import as_rows
from outcode.values.tables.grouping import group_rows
from outcode.values.tables.joining import join_rows
from outcode.values.tables.options import (
    MAX_ROWS,
    MODELS,
    FilterOptions,
    GroupOptions,
    JoinOptions,
    LimitOptions,
    Operation,
    Options,
    RemoveDuplicatesOptions,
    SetColumnsOptions,
    SortOptions,
    TransformTypeOptions,
)
from outcode.values.tables.result import TableResult
from outcode.values.tables.selecting import filter_rows, limit_rows, remove_duplicates, sort_rows
from outcode.values.tables.typed import set_columns, transform_type
from outcode.values.types import ReadContext


def read_options(operation: Operation, options: Mapping[str, Json]) -> Options:
    """Options from JSON; those that are null count as not given.

    Raises InputProblem (a ProblemList where there are several) with paths such as ``columns[0].type``.
    """
    given = {key: value for key, value in options.items() if value is not None}
    if operation != "filter":
        return read_model(MODELS[operation], given)
    if "conditions" not in given:
        raise InputProblem("option_missing", key="conditions").at(field="conditions")
    try:
        return FilterOptions(conditions=read_filter(given["conditions"]))
    except ProblemList as problem:
        for each in problem.problems:
            _put_under("conditions", each)
        raise


def check_options(operation: Operation, options: Mapping[str, Json]) -> list[Problem]:
    """Everything wrong with options that can be known without rows, each with its path as the place's field.

    >>> [str(problem.place) for problem in check_options("set_columns", {"columns": [{"name": "x", "formula": "1 +"}]})]
    ['line 1:4, field columns[0].formula']
    """
    try:
        read = read_options(operation, options)
    except ProblemList as problem:
        return [_of_formula(each) for each in problem.problems]
    except InputProblem as problem:
        return [problem]
    match read:
        case FilterOptions(conditions=conditions):
            problems = check_filter(conditions, None)
            for found in problems:
                _put_under("conditions", found)
            return problems
        case SetColumnsOptions(columns=columns):
            return [
                problem.at(field=f"columns[{number}].formula")
                for number, column in enumerate(columns)
                for problem in (() if column.formula is None else check_formula(column.formula, None))
            ]
        case _:
            return []


def run_table(
    rows: Sequence[Json],
    other_rows: Sequence[Json] | None,
    options: Options,
    context: ReadContext,
) -> TableResult:
    """Carry a table task out; rows and their cells are never changed, only left out, ordered or copied.

    Raises InputProblem for options that do not fit and columns that are not there, TooLarge beyond a million rows.

    run_table([{"n": 1}, {"n": 2}], None, read_options("limit", {"count": 1}), context).rows    # [{'n': 1}]
    """
    for given in (rows, other_rows or ()):
        if len(given) > MAX_ROWS:
            raise TooLarge("table_too_large", count=len(given), limit=MAX_ROWS)
    table = as_rows(rows)
    match options:
        case FilterOptions():
            return filter_rows(options, table, context)
        case SetColumnsOptions():
            return set_columns(options, table)
        case TransformTypeOptions():
            return transform_type(options, table, context)
        case SortOptions():
            return sort_rows(options, table, context)
        case GroupOptions():
            return group_rows(options, table, context)
        case RemoveDuplicatesOptions():
            return remove_duplicates(options, table)
        case LimitOptions():
            return limit_rows(options, table)
        case JoinOptions():
            return join_rows(options, table, as_rows(other_rows or ()))


def _of_formula(problem: Problem) -> Problem:
    """A reference inside a formula has a remedy of its own."""
    if problem.code == "option_reference" and problem.details.get("key") == "formula":
        return InputProblem("formula_reference", problem.place)
    return problem


def _put_under(key: str, problem: Problem) -> None:
    """Put an option's key before the path inside it."""
    inner = problem.place.field
    problem.place = replace(problem.place, field=_joined(key, inner) if inner else key)


def _joined(key: str, inner: str) -> str:
    return key + inner if inner.startswith("[") else f"{key}.{inner}"
