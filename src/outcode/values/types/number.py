"""Reading a cell as a number."""

from __future__ import annotations

import re
from decimal import Decimal

from outcode.values.json import Json
from outcode.values.types.cells import SPACES
from outcode.values.types.errors import CellProblem
from outcode.values.types.model import NumberType
from outcode.values.types.numerals import WIDE, peeled, read_numeric, unreadable, unsigned

_SCIENTIFIC = re.compile(r"[+-]?[0-9]{1,100}(?:\.[0-9]{1,100})?[eE][+-]?[0-9]{1,4}")


def read_number(column_type: NumberType, raw: Json) -> Decimal | CellProblem:
    """A number that is not empty.

    >>> read_number(NumberType(), "△1,234.5")
    Decimal('-1234.5')
    """

    def of_text(text: str) -> Decimal | CellProblem:
        plain = text.translate(WIDE).strip(SPACES)
        if column_type.decimal_sign == "." and _SCIENTIFIC.fullmatch(plain):
            return Decimal(plain)
        found = peeled(text)
        value = unsigned(found[2], column_type) if found else None
        if found is None or value is None:
            return unreadable(text, column_type, "cell_number_unreadable")
        return -value if found[0] else value

    return read_numeric(column_type, raw, of_text)
