"""A condition made ready: its operands read once, then asked of one cell or of a whole column."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from outcode.values.catalogue import LANGUAGES
from outcode.values.filters.model import Condition
from outcode.values.json import Json
from outcode.values.problems import InputProblem
from outcode.values.references.suggestions import shortened
from outcode.values.types import CellProblem, ReadContext, TypedColumn, read_cell


@dataclass(frozen=True, slots=True)
class Predicate:
    """``cell`` is asked of a typed value of the family at hand, ``column`` of a typed column.

    ``of_null`` is the answer for what has no value, cells that cannot be read included; of those neither is asked, and
    what ``column`` says there does not count.
    """

    cell: Callable[[Json], bool]
    column: Callable[[TypedColumn], pl.Series]
    of_null: bool = False

    def negated(self, *, of_null: bool) -> Predicate:
        """The opposite for every value."""
        return Predicate(lambda typed: not self.cell(typed), lambda column: ~self.column(column), of_null)


def operand(condition: Condition, value: Json, context: ReadContext) -> Json:
    """A value of the value side, read as a cell of the condition's type; raises InputProblem ``filter_value_*``."""
    typed = read_cell(condition.type, value, context)
    if typed is None:
        raise missing(condition)
    if isinstance(typed, CellProblem):
        reason = {language: typed.message(language) for language in LANGUAGES}
        raise InputProblem("filter_value_unreadable", column=shortened(condition.column), reason=reason)
    return typed


def missing(condition: Condition) -> InputProblem:
    """The problem of a condition whose value side is empty."""
    return InputProblem("filter_value_missing", column=shortened(condition.column), operator=condition.operator)
