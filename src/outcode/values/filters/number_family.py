"""Number, Percentage and Currency: exact comparisons; a cell without a value matches none of them."""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from outcode.values.filters.model import Condition
from outcode.values.filters.predicate import Predicate, operand
from outcode.values.filters.ranges import Range
from outcode.values.json import Json
from outcode.values.problems import InputProblem
from outcode.values.references import numbers
from outcode.values.references.suggestions import shortened
from outcode.values.types import PercentageType, ReadContext


def number_predicate(condition: Condition, context: ReadContext) -> Predicate:
    """The predicate of a numeric condition; raises InputProblem ``filter_value_*`` for its value side."""
    value = _amount(condition, condition.value, context)
    match condition.operator:
        case "equals" | "not_equals":
            within = Range(value, value)
        case "greater":
            within = Range(low=value, low_open=True)
        case "greater_or_equal":
            within = Range(low=value)
        case "less":
            within = Range(high=value, high_open=True)
        case "less_or_equal":
            within = Range(high=value)
        case _:
            value_to = _amount(condition, condition.value_to, context)
            if value_to < value:
                raise InputProblem("filter_range_reversed", column=shortened(condition.column))
            within = Range(value, value_to)
    predicate = Predicate(within.holds, lambda column: _each(within, column.values))
    negative = condition.operator in {"not_equals", "not_between"}
    return predicate.negated(of_null=False) if negative else predicate


def _each(within: Range, values: pl.Series) -> pl.Series:
    scale = values.dtype.scale if isinstance(values.dtype, pl.Decimal) else 0
    return within.holds_each(values.to_physical(), int(scale or 0))


def _amount(condition: Condition, value: Json, context: ReadContext) -> Decimal:
    """A number is itself, whatever the column rounds to; a text, and any percentage, is read as the column's cells."""
    if numbers.is_number(value) and not isinstance(condition.type, PercentageType):
        return Decimal(numbers.canonical(value))
    return Decimal(operand(condition, value, context))
