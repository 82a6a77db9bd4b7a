"""Reading a cell as a share of one: 12.5 % is 0.125."""

from __future__ import annotations

from decimal import Decimal

from outcode.values.json import Json
from outcode.values.types.errors import CellProblem
from outcode.values.types.model import PercentageType
from outcode.values.types.numerals import peeled, read_numeric, unreadable, unsigned


def read_percentage(column_type: PercentageType, raw: Json) -> Decimal | CellProblem:
    """A percentage that is not empty.

    >>> read_percentage(PercentageType(), "12.5%"), read_percentage(PercentageType(bare="fraction"), 2)
    (Decimal('0.125'), Decimal('2'))
    """
    places = -2 if column_type.bare == "percent" else 0

    def of_text(text: str) -> Decimal | CellProblem:
        found = peeled(text, units=1)
        value = unsigned(found[2], column_type) if found and found[1] in ([], ["%"]) else None
        if found is None or value is None:
            return unreadable(text, column_type, "cell_percentage_unreadable")
        signed = -value if found[0] else value
        return _scaled(signed, -2 if found[1] else places)

    if type(raw) is not str and type(raw) in {int, Decimal}:
        raw = _scaled(Decimal(raw), places)
    shown = column_type.decimals
    kept = column_type.model_copy(update={"decimals": None if shown is None else shown + 2})
    return read_numeric(kept, raw, of_text)


def _scaled(value: Decimal, places: int) -> Decimal:
    sign, digits, exponent = value.as_tuple()
    return Decimal((sign, digits, exponent + places)) if isinstance(exponent, int) else value
