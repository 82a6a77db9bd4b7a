"""The common forms of numbers, percentages and amounts for whole columns, exactly; everything else stays undecided.

Text is cast to a decimal only after a regular expression has found that it has no more digits than the decimal holds:
Polars would drop the others without a word.
"""

from __future__ import annotations

import re
from typing import Literal

import polars as pl

from outcode.values.types.currencies import SIGNS
from outcode.values.types.model import MAX_DECIMALS, MAX_DIGITS, CurrencyType, NumericType, PercentageType, Rounding

_MOST_WHOLE = 18
_MOST_DECIMALS = 9
_MODES: dict[Rounding, Literal["half_to_even", "half_away_from_zero"]] = {
    "half_even": "half_to_even",
    "half_up": "half_away_from_zero",
}
_GROUPS = {" ": "[ \u00a0\u2009\u202f]", "'": "['’]"}


def read_numbers(column_type: NumericType, raw: pl.Series) -> pl.Series | None:
    """Decimals, null where undecided; None where nothing of such a series can be decided here."""
    if raw.dtype.is_integer():
        return _of_integers(column_type, raw)
    return _of_text(column_type, raw) if raw.dtype == pl.String else None


def _of_integers(column_type: NumericType, raw: pl.Series) -> pl.Series:
    limit = 10 ** (_MOST_WHOLE - 1)
    within = raw.is_between(-limit, limit)
    values = raw.set(~within, None).cast(pl.Decimal(MAX_DIGITS, 0))
    if isinstance(column_type, PercentageType) and column_type.bare == "percent":
        return _finished(column_type, values.cast(pl.Decimal(MAX_DIGITS, 2)) / 100, 2)
    return _finished(column_type, values, 0)


def _of_text(column_type: NumericType, raw: pl.Series) -> pl.Series:
    decimal, group = column_type.decimal_sign, column_type.group_sign
    digits = raw
    percent = isinstance(column_type, PercentageType)
    before, after = _units(column_type)
    body = _body(decimal, group)
    plain = raw.str.contains(f"^-?{before}{body}{after}$")
    undecided = plain.fill_null(value=False)
    if not undecided.all():
        digits = raw.set(~undecided, None)
    if isinstance(column_type, CurrencyType):
        digits = _without_units(digits, before, after)
    if percent:
        digits = digits.str.strip_chars_end(" %")
    if group:
        digits = digits.str.replace_all(_GROUPS.get(group, group), "", literal=group not in _GROUPS)
    if decimal != ".":
        digits = digits.str.replace(decimal, ".", literal=True)
    scale = _scale(digits)
    values = digits.cast(pl.Decimal(MAX_DIGITS, scale + 2 if percent else scale))
    if not percent:
        return _finished(column_type, values, scale)
    return _finished(column_type, values / 100, scale + 2)


def _units(column_type: NumericType) -> tuple[str, str]:
    """Regular expressions of what may stand before and after the digits."""
    match column_type:
        case CurrencyType(code=code):
            meant = sorted(re.escape(sign) for sign, codes in SIGNS.items() if code in codes and "." not in sign)
            unit = f"(?:{'|'.join([code, *meant])})"
            return f"(?:{unit} ?)?", f"(?: ?{unit})?"
        case PercentageType(bare="percent"):
            return "", "(?: ?%)?"
        case PercentageType():
            return "", " ?%"
        case _:
            return "", ""


def _body(decimal: str, group: str) -> str:
    sign = re.escape(group)
    signs = [" ", "\u00a0", "\u2009", "\u202f"] if group == " " else ["'", "’"] if group == "'" else [sign]
    grouped = [rf"(?:{each}[0-9]{{3}}){{1,5}}" for each in signs] if group else []
    whole = (
        f"(?:[0-9]{{1,3}}(?:{'|'.join(grouped)})|[0-9]{{1,{_MOST_WHOLE}}})"
        if grouped
        else (f"[0-9]{{1,{_MOST_WHOLE}}}")
    )
    return rf"{whole}(?:{re.escape(decimal)}[0-9]{{1,{_MOST_DECIMALS}}})?"


def _without_units(text: pl.Series, before: str, after: str) -> pl.Series:
    """The sign and the digits of amounts that are known to have the right form."""
    digits = text.str.strip_chars("".join({*before, *after, "-"} - set("()?:|\\")))
    negative = text.str.starts_with("-")
    if not negative.any():
        return digits
    return pl.select(pl.when(negative).then("-" + pl.lit(digits)).otherwise(pl.lit(digits))).to_series()


def _scale(digits: pl.Series) -> int:
    """The most digits any of them has after the point."""
    found = (digits.str.len_bytes() - digits.str.find(".", literal=True) - 1).max()
    return found if isinstance(found, int) else 0


def _finished(column_type: NumericType, values: pl.Series, scale: int) -> pl.Series:
    """Rounded to as many decimals as the type asks for; without such an option as they are."""
    decimals = column_type.decimals
    if decimals is None:
        return values
    kept = decimals + 2 if isinstance(column_type, PercentageType) else decimals
    if scale > kept:
        values = values.round(kept, mode=_MODES[column_type.rounding])
    return values.cast(pl.Decimal(MAX_DIGITS, min(kept, MAX_DECIMALS)))
