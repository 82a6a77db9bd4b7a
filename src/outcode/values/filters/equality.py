"""When two cells are the same, whatever they are: numbers by value, text after Unicode NFC, the rest part by part."""

from __future__ import annotations

from collections.abc import Hashable
from unicodedata import normalize

from outcode.values.json import Json
from outcode.values.problems import InputProblem
from outcode.values.references import numbers
from outcode.values.references.rendering import type_name


def identity(value: Json) -> Hashable:
    """Something to compare and to look up by: equal for cells that are the same, and for no others.

    1 and 1.0 are the same, 1 and true are not, nor are 1 and "1". Raises InputProblem ``cell_too_deep`` for a value
    nested deeper than the interpreter can follow.

    >>> from decimal import Decimal
    >>> identity(1) == identity(Decimal("1.0")), identity(1) == identity(True)
    (True, False)
    """
    try:
        return _identity(value)
    except RecursionError as error:
        raise InputProblem("cell_too_deep") from error


def _identity(value: Json) -> Hashable:
    match value:
        case str():
            return value if value.isascii() else normalize("NFC", value)
        case bool() | None:
            return (value,)
        case list():
            return ("list", tuple(_identity(item) for item in value))
        case dict():
            return ("object", frozenset((key, _identity(item)) for key, item in value.items()))
        case _ if numbers.is_number(value):
            return numbers.canonical(value)
        case _:
            return (type_name(value), value)
