"""Datetime: every operator is a range of instants, so days, moments and both mixed are compared by one rule.

A day, in a cell or on the value side, is all instants from its start to the start of the next: a value without time
compares days. A cell that is a day counts as its start. Days written by a person are days where the column's times are
shown (the type's target timezone); relative ones, such as *this week*, are days of the organization's timezone.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from outcode.values.filters.calendar import day_range, days_around, shifted_days
from outcode.values.filters.model import Condition
from outcode.values.filters.operators import operator_of
from outcode.values.filters.predicate import Predicate, missing, operand
from outcode.values.filters.ranges import Range
from outcode.values.json import Json
from outcode.values.problems import InputProblem
from outcode.values.references import numbers
from outcode.values.references.suggestions import shortened
from outcode.values.types import CellProblem, DatetimeType, ReadContext, TypedColumn, read_cell

MAX_SPAN = 100_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_CLOCK_UNITS = {"minutes": timedelta(minutes=1), "hours": timedelta(hours=1)}


def datetime_predicate(condition: Condition, context: ReadContext) -> Predicate:
    """The predicate of a datetime condition; raises InputProblem ``filter_*`` for what stands on its value side."""
    entry = operator_of("datetime", condition.operator)
    relative = entry is not None and entry.operands in {"none", "span"}
    shown_in = condition.type.target_timezone if isinstance(condition.type, DatetimeType) else None
    zone = context.timezone if relative or shown_in is None else ZoneInfo(shown_in)
    within = _relative(condition, context) if relative else _absolute(condition, context, zone)
    predicate = Predicate(
        lambda typed: within.holds(_instant(typed, zone)), lambda column: within.holds_each(_instants(column, zone))
    )
    return predicate.negated(of_null=True) if condition.operator == "is_not" else predicate


def _absolute(condition: Condition, context: ReadContext, zone: ZoneInfo) -> Range:
    given = _span(_read(condition, condition.value, context), zone)
    match condition.operator:
        case "is" | "is_not":
            return given
        case "is_before":
            return Range(high=given.low, high_open=True)
        case "is_on_or_after":
            return Range(low=given.low)
        case "is_after":
            return Range(low=given.high, low_open=not given.high_open)
        case "is_on_or_before":
            return Range(high=given.high, high_open=given.high_open)
        case _:
            until = _span(_read(condition, condition.value_to, context), zone)
            if given.low is not None and until.low is not None and until.low < given.low:
                raise InputProblem("filter_range_reversed", column=shortened(condition.column))
            return Range(given.low, until.high, high_open=until.high_open)


def _relative(condition: Condition, context: ReadContext) -> Range:
    now = context.now.astimezone(context.timezone)
    if condition.operator not in {"in_the_last", "in_the_next"}:
        first, last = day_range(condition.operator, now.date())
        return _days(first, last, context.timezone)
    count = _count(condition)
    forward = condition.operator == "in_the_next"
    if (unit := _CLOCK_UNITS.get(condition.unit)) is not None:
        moment, length = _instant(context.now, context.timezone), count * unit // _MICROSECOND
        return Range(moment, moment + length) if forward else Range(moment - length, moment)
    today = now.date()
    other = shifted_days(today, count if forward else -count, condition.unit)
    return _days(today, other, context.timezone) if forward else _days(other, today, context.timezone)


def _count(condition: Condition) -> int:
    value = condition.value
    if value is None or value == "":
        raise missing(condition)
    if isinstance(value, str):
        try:
            value = numbers.read_number(value)
        except InputProblem:
            value = None
    if not numbers.is_number(value) or numbers.canonical(value) not in range(1, MAX_SPAN + 1):
        raise InputProblem("filter_span", column=shortened(condition.column), limit=MAX_SPAN)
    return int(value)


def _read(condition: Condition, value: Json, context: ReadContext) -> date:
    """ISO 8601 and the other common forms are understood also where the column's cells have a pattern of their own."""
    if isinstance(condition.type, DatetimeType) and condition.type.pattern is not None:
        read = read_cell(condition.type.model_copy(update={"pattern": None}), value, context)
        if read is not None and not isinstance(read, CellProblem):
            return _as_date(read)
    return _as_date(operand(condition, value, context))


def _as_date(typed: Json) -> date:
    """A day or a moment, which is what cells of this family are read as."""
    if not isinstance(typed, date):
        raise TypeError(type(typed).__name__)
    return typed


def _span(value: date, zone: ZoneInfo) -> Range:
    """A moment, or all of a day."""
    if isinstance(value, datetime):
        moment = _instant(value, zone)
        return Range(moment, moment)
    return _days(value, value, zone)


def _days(first: date | None, last: date | None, zone: ZoneInfo) -> Range:
    """From the start of the first day to the end of the last; None: without end."""
    low = None if first is None else _instant(first, zone)
    high = None if last is None else _end(last, zone)
    return Range(low, high, high_open=True)


def _end(day: date, zone: ZoneInfo) -> int:
    """The start of the next day, also of the last day there is."""
    following = days_around(day, 1)
    return _instant(day, zone) + timedelta(days=1) // _MICROSECOND if following is None else _instant(following, zone)


def _instant(value: date, zone: ZoneInfo) -> int:
    """Microseconds since 1970 of a moment, or of the start of a day."""
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=zone)
    return (moment - _EPOCH) // _MICROSECOND


def _instants(column: TypedColumn, zone: ZoneInfo) -> pl.Series:
    """The same for a column, whose days are read as starting where its own timezone says."""
    instants = column.values.to_physical()
    if column.has_time is None or column.timezone is None or column.timezone.key == zone.key:
        return instants
    is_day = ~column.has_time.fill_null(value=True)
    if not is_day.any():
        return instants
    starts = column.values.filter(is_day).unique().to_list()
    moved = [_instant(start.astimezone(column.timezone).date(), zone) for start in starts]
    known = [_instant(start, zone) for start in starts]
    return instants.replace(known, moved).zip_with(is_day, instants)
