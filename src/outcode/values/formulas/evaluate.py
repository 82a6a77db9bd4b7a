"""A formula worked out for one row."""

from __future__ import annotations

from collections.abc import Mapping

from outcode.values.filters.rows import cell_at
from outcode.values.formulas.operations import chosen, combine, negative, piped
from outcode.values.formulas.syntax import Binary, Column, Constant, Formula, If, Negative, Node, Piped
from outcode.values.json import Json
from outcode.values.problems import InputProblem
from outcode.values.references import numbers
from outcode.values.references.suggestions import shortened


def evaluate(formula: Formula, row: Mapping[str, Json]) -> Json:
    """The value for a row; raises InputProblem saying why this row has none.

    >>> from outcode.values.formulas.parser import parse_formula
    >>> evaluate(parse_formula('if(quantity > 10, price * 9 / 10, price) | round(2)'), {"quantity": 12, "price": 5})
    Decimal('4.5')
    """
    try:
        value = _value(formula.root, row)
        return numbers.canonical(value) if numbers.is_number(value) else value
    except InputProblem as problem:
        details = {"reference": shortened(formula.text, 120)} | problem.details
        raise InputProblem(problem.code, **details) from problem


def _value(node: Node, row: Mapping[str, Json]) -> Json:
    match node:
        case Constant(value=value):
            return value
        case Column(name=name):
            return cell_at(row, name)
        case Negative(operand=operand):
            return negative(_value(operand, row))
        case Binary(operator=operator, left=left, right=right):
            return combine(operator, _value(left, row), _value(right, row))
        case If(condition=condition, then=then, otherwise=otherwise):
            return _value(then if chosen(_value(condition, row)) else otherwise, row)
        case Piped(operand=operand, pipe=pipe):
            return piped(_value(operand, row), pipe)
