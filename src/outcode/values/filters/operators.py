"""The operators of each family of types, one entry each: forms, checks and documentation read this list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from outcode.values.types import ColumnType

Family = Literal["text", "number", "datetime", "boolean", "json"]
Operands = Literal["none", "one", "two", "list", "pattern", "span"]
"""What stands on the value side: ``two`` are ``value`` and ``value_to``, ``span`` is a number and a ``unit``."""
Unit = Literal["minutes", "hours", "days", "weeks", "months"]

OperatorName = Literal[
    "is",
    "is_not",
    "contains",
    "does_not_contain",
    "starts_with",
    "ends_with",
    "is_one_of",
    "is_none_of",
    "matches_pattern",
    "is_empty",
    "is_not_empty",
    "equals",
    "not_equals",
    "greater",
    "greater_or_equal",
    "less",
    "less_or_equal",
    "between",
    "not_between",
    "is_before",
    "is_after",
    "is_on_or_before",
    "is_on_or_after",
    "today",
    "yesterday",
    "tomorrow",
    "this_week",
    "last_week",
    "next_week",
    "this_month",
    "last_month",
    "next_month",
    "this_quarter",
    "last_quarter",
    "next_quarter",
    "this_year",
    "last_year",
    "next_year",
    "in_the_last",
    "in_the_next",
    "is_true",
    "is_false",
]


@dataclass(frozen=True, slots=True)
class OperatorEntry:
    """One operator as people read it."""

    name: OperatorName
    operands: Operands
    english: str
    korean: str


_EMPTY = (
    OperatorEntry("is_empty", "none", "is empty", "비어 있음"),
    OperatorEntry("is_not_empty", "none", "is not empty", "비어 있지 않음"),
)
OPERATORS: dict[Family, tuple[OperatorEntry, ...]] = {
    "text": (
        OperatorEntry("is", "one", "is", "같음"),
        OperatorEntry("is_not", "one", "is not", "같지 않음"),
        OperatorEntry("contains", "one", "contains", "포함"),
        OperatorEntry("does_not_contain", "one", "does not contain", "포함하지 않음"),
        OperatorEntry("starts_with", "one", "starts with", "시작 문자"),
        OperatorEntry("ends_with", "one", "ends with", "끝 문자"),
        OperatorEntry("is_one_of", "list", "is one of", "다음 중 하나"),
        OperatorEntry("is_none_of", "list", "is none of", "다음 중 어느 것도 아님"),
        OperatorEntry("matches_pattern", "pattern", "matches pattern", "패턴과 일치"),
        *_EMPTY,
    ),
    "number": (
        OperatorEntry("equals", "one", "=", "="),
        OperatorEntry("not_equals", "one", "≠", "≠"),
        OperatorEntry("greater", "one", ">", ">"),
        OperatorEntry("greater_or_equal", "one", "≥", "≥"),
        OperatorEntry("less", "one", "<", "<"),
        OperatorEntry("less_or_equal", "one", "≤", "≤"),
        OperatorEntry("between", "two", "between", "사이"),
        OperatorEntry("not_between", "two", "not between", "사이가 아님"),
        *_EMPTY,
    ),
    "datetime": (
        OperatorEntry("is", "one", "is", "같음"),
        OperatorEntry("is_not", "one", "is not", "같지 않음"),
        OperatorEntry("is_before", "one", "is before", "이전"),
        OperatorEntry("is_after", "one", "is after", "이후"),
        OperatorEntry("is_on_or_before", "one", "is on or before", "당일 또는 이전"),
        OperatorEntry("is_on_or_after", "one", "is on or after", "당일 또는 이후"),
        OperatorEntry("between", "two", "between", "사이"),
        OperatorEntry("today", "none", "today", "오늘"),
        OperatorEntry("yesterday", "none", "yesterday", "어제"),
        OperatorEntry("tomorrow", "none", "tomorrow", "내일"),
        OperatorEntry("this_week", "none", "this week", "이번 주"),
        OperatorEntry("last_week", "none", "last week", "지난주"),
        OperatorEntry("next_week", "none", "next week", "다음 주"),
        OperatorEntry("this_month", "none", "this month", "이번 달"),
        OperatorEntry("last_month", "none", "last month", "지난달"),
        OperatorEntry("next_month", "none", "next month", "다음 달"),
        OperatorEntry("this_quarter", "none", "this quarter", "이번 분기"),
        OperatorEntry("last_quarter", "none", "last quarter", "지난 분기"),
        OperatorEntry("next_quarter", "none", "next quarter", "다음 분기"),
        OperatorEntry("this_year", "none", "this year", "올해"),
        OperatorEntry("last_year", "none", "last year", "작년"),
        OperatorEntry("next_year", "none", "next year", "내년"),
        OperatorEntry("in_the_last", "span", "in the last", "지난 기간"),
        OperatorEntry("in_the_next", "span", "in the next", "다음 기간"),
        *_EMPTY,
    ),
    "boolean": (
        OperatorEntry("is_true", "none", "is true", "참"),
        OperatorEntry("is_false", "none", "is false", "거짓"),
        *_EMPTY,
    ),
    "json": _EMPTY,
}
_FAMILIES: dict[str, Family] = {
    "text": "text",
    "url": "text",
    "number": "number",
    "percentage": "number",
    "currency": "number",
    "datetime": "datetime",
    "boolean": "boolean",
    "json": "json",
}


def family_of(column_type: ColumnType) -> Family:
    """The family whose operators a type has."""
    return _FAMILIES[column_type.kind]


def operator_of(family: Family, name: str) -> OperatorEntry | None:
    """The family's operator of that name, or None.

    >>> operator_of("boolean", "contains") is None
    True
    """
    return next((entry for entry in OPERATORS[family] if entry.name == name), None)
