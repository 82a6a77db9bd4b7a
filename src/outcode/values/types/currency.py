"""Reading a cell as an amount of one currency, with its sign or code before or after it."""

from __future__ import annotations

from decimal import Decimal

from outcode.values.json import Json
from outcode.values.types.currencies import currencies_of
from outcode.values.types.errors import CellProblem, about
from outcode.values.types.model import CurrencyType
from outcode.values.types.numerals import peeled, read_numeric, unreadable, unsigned


def read_currency(column_type: CurrencyType, raw: Json) -> Decimal | CellProblem:
    """An amount that is not empty.

    >>> read_currency(CurrencyType(code="KRW"), "1,000원"), read_currency(CurrencyType(code="EUR"), "$5").code
    (Decimal('1000'), 'cell_currency_other')
    """

    def of_text(text: str) -> Decimal | CellProblem:
        found = peeled(text, units=2)
        value = unsigned(found[2], column_type) if found else None
        if found is None or value is None:
            return unreadable(text, column_type, "cell_currency_unreadable")
        for unit in found[1]:
            meant = currencies_of(unit.rstrip("."))
            if not meant:
                return about("cell_currency_unreadable", text)
            if column_type.code not in meant:
                return about("cell_currency_other", text, sign=unit, currency=column_type.code)
        return -value if found[0] else value

    return read_numeric(column_type, raw, of_text)
