"""Formulas of *Set columns*: ``price * quantity``, ``if(stock = 0, "sold out", {unit price} & " won")``, pipes.

    formula = parse_formula("{unit price} * quantity | round(2)")
    evaluate(formula, {"unit price": Decimal("1.255"), "quantity": 3})     # Decimal('3.76')
    evaluate_frame(formula, frame)                                         # the same for every row of a frame

A column is written as its name, or in braces where the name is more than letters, digits and underscores; a dotted
name leads into nested objects. ``{{…}}`` stays what it is everywhere: a value of another task; it has no place here,
so that no value is ever read as a formula. A grammar of our own: nothing is called, nothing is evaluated as code.
"""

from outcode.values.formulas.columnar import Computed, evaluate_frame
from outcode.values.formulas.evaluate import evaluate
from outcode.values.formulas.parser import check_formula, is_known, parse_formula
from outcode.values.formulas.syntax import Formula

__all__ = ["Computed", "Formula", "check_formula", "evaluate", "evaluate_frame", "is_known", "parse_formula"]
