"""What is wrong with a filter before it meets a row: columns, operators, values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from outcode.values.filters.evaluate import check_size, predicate_of
from outcode.values.filters.model import Condition, Filter, conditions_of
from outcode.values.filters.operators import family_of, operator_of
from outcode.values.filters.rows import known_names
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Problem
from outcode.values.references import nearest
from outcode.values.references.suggestions import shortened
from outcode.values.tagged import LATER
from outcode.values.types import ReadContext

_ANY_TIME = ReadContext(ZoneInfo("UTC"), datetime(2000, 1, 1, tzinfo=UTC))


def check_filter(filter_: Filter, columns: Iterable[str] | None, context: ReadContext = _ANY_TIME) -> list[Problem]:
    """Everything wrong with a filter, empty when it can be used.

    ``columns`` are the names there are, None where they are not known yet. A value that is ``LATER`` is not looked at.
    The place's field is the path inside the filter, such as ``members[0].column``.
    """
    try:
        check_size(filter_)
    except InputProblem as problem:
        return [problem]
    known = None if columns is None else list(columns)
    problems: list[Problem] = []
    for path, condition in conditions_of(filter_):
        if known is not None and not is_known(condition.column, known):
            problems.append(unknown_column(condition.column, known).at(field=_joined(path, "column")))
        try:
            _try(condition, context)
        except InputProblem as problem:
            key = "operator" if problem.code == "filter_operator_of_other_type" else "value"
            problems.append(problem.at(field=_joined(path, key)))
    return problems


def is_known(name: str, columns: Iterable[str]) -> bool:
    """Whether a column of that name is there, or one whose nested objects it may lead into."""
    return name in columns or ("." in name and name.partition(".")[0] in columns)


def unknown_column(name: str, columns: list[str]) -> InputProblem:
    """The problem of a column that is not there, with the nearest one that is."""
    if near := nearest(name, columns):
        return InputProblem("column_unknown_near", column=shortened(name), near=near)
    return InputProblem("column_unknown", column=shortened(name), names=known_names(columns))


def _try(condition: Condition, context: ReadContext) -> None:
    entry = operator_of(family_of(condition.type), condition.operator)
    later = _is_later(condition.value) or (
        entry is not None and entry.operands == "two" and _is_later(condition.value_to)
    )
    if entry is None or not later:
        predicate_of(condition, context)


def _is_later(value: Json) -> bool:
    return value is LATER or (isinstance(value, list) and any(item is LATER for item in value))


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
