"""What the operators mean, cell by cell: exact numbers, and for everything that does not fit a problem of that cell.

Null (no value) goes through: ``+ - * /`` and ``< <= > >=`` with a null give null. ``=`` and ``!=`` look at null as a
value of its own. ``&`` writes null as nothing. A quotient has at most 38 significant digits, halves to the even one.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Final
from unicodedata import normalize

from outcode.values.filters.equality import identity
from outcode.values.formulas.syntax import Operator
from outcode.values.json import Json
from outcode.values.problems import InputProblem
from outcode.values.references import PIPES, Pipe, numbers, render
from outcode.values.references.pipes import apply_pipe
from outcode.values.references.rendering import limited, type_name

QUOTIENT_DIGITS: Final = 38
_QUOTIENT = Context(prec=QUOTIENT_DIGITS, rounding=ROUND_HALF_EVEN, Emin=-10_000, Emax=10_000)
_ORDERINGS: dict[str, Callable[[int], bool]] = {
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
    ">": lambda sign: sign > 0,
    ">=": lambda sign: sign >= 0,
}


def combine(operator: Operator, left: Json, right: Json) -> Json:
    """``left operator right``; raises InputProblem ``formula_*`` for values that the operator cannot work on.

    >>> combine("/", 1, 8), combine("&", "a", None), combine("=", 1, Decimal("1.0"))
    (Decimal('0.125'), 'a', True)
    """
    match operator:
        case "&":
            return limited(render(left) + render(right))
        case "=":
            return identity(left) == identity(right)
        case "!=":
            return identity(left) != identity(right)
        case "<" | "<=" | ">" | ">=":
            return _ordered(operator, left, right)
        case _:
            return _calculated(operator, left, right)


def negative(value: Json) -> Json:
    """The number with its sign turned; null stays null."""
    return combine("*", -1, value)


def chosen(condition: Json) -> bool:
    """Whether an ``if`` takes its first branch: null counts as false; raises InputProblem for other values."""
    if condition is None or isinstance(condition, bool):
        return bool(condition)
    raise InputProblem("formula_condition", got=type_name(condition))


def piped(value: Json, pipe: Pipe) -> Json:
    """The value after the pipe; null goes through those that do not take it, numbers go in without trailing zeros."""
    if value is None and "null" not in PIPES[pipe.name].accepts:
        return None
    return apply_pipe(pipe, numbers.canonical(value) if numbers.is_number(value) else value)


def _calculated(operator: str, left: Json, right: Json) -> Json:
    for value in (left, right):
        if value is not None and not numbers.is_number(value):
            raise InputProblem("formula_not_a_number", operator=operator, got=type_name(value))
    if left is None or right is None:
        return None
    match operator:
        case "+":
            return numbers.add(left, right)
        case "-":
            return numbers.add(left, -right)
        case "*":
            return numbers.multiply(left, right)
        case _:
            if right == 0:
                raise InputProblem("formula_division_by_zero")
            return numbers.canonical(_QUOTIENT.divide(Decimal(left), Decimal(right)))


def _ordered(operator: str, left: Json, right: Json) -> Json:
    if left is None or right is None:
        return None
    kinds = {type_name(left), type_name(right)}
    if kinds == {"number"}:
        sign = (left > right) - (left < right)
    elif kinds == {"text"}:
        first, second = normalize("NFC", left), normalize("NFC", right)
        sign = (first > second) - (first < second)
    else:
        raise InputProblem("formula_not_comparable", left=type_name(left), right=type_name(right))
    return _ORDERINGS[operator](sign)
