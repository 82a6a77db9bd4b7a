"""Numbers as people write them: signs, groups of three digits, decimals; parsed here because nothing else is exact.

``1,234`` is one thousand where the group sign is a comma and an error where it is the decimal sign: a numeral is read
by the column's two signs or not at all, never by what it might have meant elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation
from functools import lru_cache

from outcode.values.json import Json
from outcode.values.references.suggestions import shortened
from outcode.values.types.cells import SPACES, kind_of
from outcode.values.types.errors import LONGEST_SHOWN, CellProblem, about
from outcode.values.types.model import MAX_DECIMALS, MAX_DIGITS, NumericType, Rounding

GROUP_SPACES = "\u00a0\u2007\u2009\u202f"
"""Spaces that do not break a line stand between groups in many locales and mean nothing else inside a number."""
LONGEST_NUMERAL = 300
WIDE = {
    ord(wide): narrow
    for wide, narrow in zip("０１２３４５６７８９．，－＋（）％＄￦￥￡−﹣", "0123456789.,-+()%$₩¥£--", strict=True)
}
"""Full-width signs of East Asian keyboards, and other minus signs, as their plain ones."""

_ROUNDING = {"half_even": ROUND_HALF_EVEN, "half_up": ROUND_HALF_UP}
_EXACT = Context(prec=MAX_DIGITS, traps=[Inexact, InvalidOperation])
_WIDE_CONTEXTS = {
    name: Context(prec=MAX_DIGITS, rounding=rounding, traps=[InvalidOperation]) for name, rounding in _ROUNDING.items()
}
_LEADING_UNIT = re.compile(r"[^0-9()+\-△,.'’\s]*[^\W\d_]\.|[^0-9()+\-△,.'’\s]+")
_TRAILING_UNIT = re.compile(r"[^0-9()+\-△,.'’\s]+\.?$")


def read_numeric(
    column_type: NumericType, raw: Json, of_text: Callable[[str], Decimal | CellProblem]
) -> Decimal | CellProblem:
    """A cell as a number that fits; ``of_text`` reads those that are text."""
    if type(raw) is str:
        value = of_text(raw)
    elif type(raw) is int or (type(raw) is Decimal and raw.is_finite()):
        value = Decimal(raw)
    else:
        return CellProblem("cell_number_other_kind", {"found": kind_of(raw)})
    if isinstance(value, CellProblem):
        return value
    return fitted(value, column_type.decimals, column_type.rounding, raw)


def fitted(value: Decimal, decimals: int | None, rounding: Rounding, raw: Json) -> Decimal | CellProblem:
    """The number with so many decimals, or with all it has; a problem where it has more digits than a column holds."""
    kept = MAX_DECIMALS if decimals is None else decimals
    details = {"text": shortened(str(raw), LONGEST_SHOWN), "limit": MAX_DIGITS - kept}
    if value and value.adjusted() >= MAX_DIGITS - kept:
        return CellProblem("cell_number_too_large", details)
    unit = Decimal(1).scaleb(-kept)
    try:
        exact = value.quantize(unit, context=_EXACT if decimals is None else _WIDE_CONTEXTS[rounding])
    except Inexact:
        return CellProblem("cell_number_too_precise", details | {"limit": MAX_DECIMALS})
    except InvalidOperation:
        return CellProblem("cell_number_too_large", details)
    unsigned_zero = exact or exact.copy_abs()
    return unsigned_zero if decimals is not None else canonical(unsigned_zero)


def canonical(value: Decimal) -> Decimal:
    """The same number without zeros at its end, and without an exponent.

    >>> canonical(Decimal("1.50")), canonical(Decimal("1E+2"))
    (Decimal('1.5'), Decimal('100'))
    """
    plain = value.normalize(_EXACT)
    return plain.quantize(Decimal(1), context=_EXACT) if plain == plain.to_integral_value() else plain


def peeled(text: str, *, units: int = 0) -> tuple[bool, list[str], str] | None:
    """Whether a numeral is negative, what units stand around it, and what is left; None where that makes no sense.

    ``-``, ``△`` and brackets make it negative, before or after at most ``units`` units.

    >>> peeled("(₩1,000)", units=1)
    (True, ['₩'], '1,000')
    """
    if len(text) > LONGEST_NUMERAL:
        return None
    rest = text.translate(WIDE).strip(SPACES)
    signs = 0
    negative = False
    found: list[str] = []
    while rest:
        if rest[0] == "(" and rest[-1] == ")":
            signs, negative, rest = signs + 1, True, rest[1:-1]
        elif rest[0] in "-+△":
            signs, negative, rest = signs + 1, rest[0] != "+", rest[1:]
        elif rest[-1] == "-":
            signs, negative, rest = signs + 1, True, rest[:-1]
        elif len(found) < units and (unit := _LEADING_UNIT.match(rest)):
            found.append(unit[0])
            rest = rest[unit.end() :]
        elif len(found) < units and (unit := _TRAILING_UNIT.search(rest)):
            found.append(unit[0])
            rest = rest[: unit.start()]
        else:
            break
        rest = rest.strip(SPACES)
        if signs > 1:
            return None
    return (negative, found, rest) if rest else None


def unsigned(text: str, column_type: NumericType) -> Decimal | None:
    """The number of bare digits, by the column's signs; None for anything else.

    >>> from outcode.values.types.model import NumberType
    >>> unsigned("1,234.50", NumberType()), unsigned("1.234,50", NumberType())
    (Decimal('1234.50'), None)
    """
    found = _expression(column_type.decimal_sign, column_type.group_sign).fullmatch(text)
    if found is None:
        return None
    whole = "".join(character for character in found["whole"] if character in "0123456789")
    return Decimal(f"{whole or '0'}.{found['decimals'] or '0'}")


@lru_cache(maxsize=32)
def _expression(decimal: str, group: str) -> re.Pattern[str]:
    signs = GROUP_SPACES + {" ": " ", "'": "'’"}.get(group, group)
    indian = "|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}" if group == "," else ""
    grouped = rf"[0-9]{{1,3}}(?P<sign>[{re.escape(signs)}])[0-9]{{3}}(?:(?P=sign)[0-9]{{3}})*{indian}"
    point = re.escape(decimal)
    return re.compile(rf"(?=[{point}]?[0-9])(?P<whole>{grouped}|[0-9]*)(?:{point}(?P<decimals>[0-9]*))?")


def unreadable(text: str, column_type: NumericType, code: str) -> CellProblem:
    """The problem of a text that is no numeral, or is one by the other signs."""
    decimal, group = column_type.decimal_sign, column_type.group_sign
    swapped = column_type.model_copy(update={"decimal": "." if decimal == "," else ",", "group": decimal})
    found = peeled(text, units=2)
    own = found is not None and unsigned(found[2], column_type) is not None
    if found is not None and not own and unsigned(found[2], swapped) is not None:
        return about("cell_number_other_signs", text.strip(SPACES), decimal=decimal, group=group)
    return about(code, text.strip(SPACES))
