"""Which rows a filter matches: one row, or a mask over a frame; both ask the same predicates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce

import polars as pl

from outcode.values.filters.datetime_family import datetime_predicate
from outcode.values.filters.model import MAX_CONDITIONS, MAX_DEPTH, Condition, Filter, conditions_of, depth_of
from outcode.values.filters.number_family import number_predicate
from outcode.values.filters.operators import OPERATORS, family_of, operator_of
from outcode.values.filters.predicate import Predicate
from outcode.values.filters.rows import cell_at
from outcode.values.filters.text_family import text_predicate
from outcode.values.json import Json
from outcode.values.problems import InputProblem
from outcode.values.types import CellProblem, ColumnType, ReadContext, TypedColumn, raw_series, read_cell, read_column


def predicate_of(condition: Condition, context: ReadContext) -> Predicate:
    """A condition made ready; raises InputProblem ``filter_*`` for an operator or value that does not fit its type."""
    family = family_of(condition.type)
    if operator_of(family, condition.operator) is None:
        names = [entry.name for entry in OPERATORS[family]]
        raise InputProblem(
            "filter_operator_of_other_type", operator=condition.operator, type=condition.type.kind, operators=names
        )
    match condition.operator:
        case "is_empty":
            return Predicate(lambda _: False, lambda column: column.values.is_null(), of_null=True)
        case "is_not_empty":
            return Predicate(lambda _: True, lambda column: column.values.is_not_null())
        case "is_true":
            return Predicate(lambda typed: typed is True, lambda column: column.values)
        case "is_false":
            return Predicate(lambda typed: typed is False, lambda column: ~column.values)
        case _:
            pass
    match family:
        case "number":
            return number_predicate(condition, context)
        case "datetime":
            return datetime_predicate(condition, context)
        case _:
            return text_predicate(condition, context)


def check_size(filter_: Filter) -> None:
    """Raises InputProblem for a filter nested or large beyond the limits."""
    if depth_of(filter_) > MAX_DEPTH:
        raise InputProblem("filter_too_deep", limit=MAX_DEPTH)
    count = sum(1 for _ in conditions_of(filter_))
    if count > MAX_CONDITIONS:
        raise InputProblem("filter_too_many", limit=MAX_CONDITIONS, count=count)


def row_filter(filter_: Filter, context: ReadContext) -> Callable[[Mapping[str, Json]], bool]:
    """The filter made ready to be asked of many rows, one by one; raises InputProblem ``filter_*``."""
    check_size(filter_)
    return _row_filter(filter_, context)


def matches(filter_: Filter, row: Mapping[str, Json], context: ReadContext) -> bool:
    """Whether a row matches; a column that the row has not counts as null.

    Raises InputProblem ``filter_*`` for an operator or a value that does not fit the column's type.
    """
    return row_filter(filter_, context)(row)


def mask(
    filter_: Filter,
    frame: pl.DataFrame,
    context: ReadContext,
    typed: Mapping[tuple[str, ColumnType], TypedColumn] | None = None,
) -> pl.Series:
    """:func:`matches` of every row, as a Boolean series; columns of many kinds of cells are of type Object.

    ``typed`` are columns of the frame that were read already, by name and type; they are not read again.
    """
    check_size(filter_)
    return _mask(filter_, frame, context, dict(typed or {}))


def _row_filter(filter_: Filter, context: ReadContext) -> Callable[[Mapping[str, Json]], bool]:
    if isinstance(filter_, Condition):
        condition, predicate = filter_, predicate_of(filter_, context)

        def ask(row: Mapping[str, Json]) -> bool:
            typed = read_cell(condition.type, cell_at(row, condition.column), context)
            return predicate.of_null if typed is None or isinstance(typed, CellProblem) else predicate.cell(typed)

        return ask
    inner = [_row_filter(member, context) for member in filter_.members]
    if filter_.match == "all":
        return lambda row: all(member(row) for member in inner)
    return lambda row: any(member(row) for member in inner)


def _mask(
    filter_: Filter, frame: pl.DataFrame, context: ReadContext, known: dict[tuple[str, ColumnType], TypedColumn]
) -> pl.Series:
    if isinstance(filter_, Condition):
        predicate = predicate_of(filter_, context)
        key = (filter_.column, filter_.type)
        if key not in known:
            known[key] = read_column(filter_.type, cells_of(frame, filter_.column), context)
        column = known[key]
        return predicate.column(column).zip_with(
            column.values.is_not_null(), pl.Series("", [predicate.of_null]).new_from_index(0, frame.height)
        )
    inner = [_mask(member, frame, context, known) for member in filter_.members]
    start = pl.Series("", [filter_.match == "all"]).new_from_index(0, frame.height)
    return reduce(lambda one, other: one & other if filter_.match == "all" else one | other, inner, start)


def cells_of(frame: pl.DataFrame, name: str) -> pl.Series:
    """A column's raw cells; a dotted name leads into the objects of the column that its first part names."""
    if name in frame.columns:
        return frame[name]
    head, _, rest = name.partition(".")
    if rest and head in frame.columns and frame[head].dtype == pl.Object:
        return raw_series([cell_at({head: cell}, name) for cell in frame[head].to_list()], name)
    return raw_series([None] * frame.height, name)
