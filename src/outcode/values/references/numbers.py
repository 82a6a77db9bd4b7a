"""Exact numbers: integers and decimals only, bounded in size, and one text for equal numbers.

A number may have at most 1,000 digits on either side of the decimal point; ``1e999999999`` is one short line of JSON
and would be a gigabyte of text. Results that are whole come out as ``int``, all others as a decimal without trailing
zeros, so that 1.5 × 1000 is 1500 wherever it is shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal

from outcode.values.json import Json
from outcode.values.problems import ReferenceProblem
from outcode.values.references.suggestions import shortened

MAX_DIGITS = 1_000
_LARGEST = 10**MAX_DIGITS
_SHORT_LENGTH = 40
_SHORT = 10**_SHORT_LENGTH
_CONTEXT = Context(prec=4 * MAX_DIGITS, rounding=ROUND_HALF_EVEN, Emin=-10 * MAX_DIGITS, Emax=10 * MAX_DIGITS)
_NUMBER = re.compile(r"[+-]?[0-9]{1,1000}(?:\.[0-9]{1,1000})?(?:[eE][+-]?[0-9]{1,4})?|[+-]?\.[0-9]{1,1000}")


def is_number(value: Json) -> bool:
    """True for int and Decimal, not for true and false."""
    return type(value) is int or type(value) is Decimal


def number_text(value: int | Decimal) -> str:
    """Digits without exponent and without trailing zeros after the point; raises ReferenceProblem ``number_too_large``.

    >>> number_text(Decimal("1.50")), number_text(Decimal("5.0")), number_text(Decimal("1E+3"))
    ('1.5', '5', '1000')
    """
    if type(value) is int and -_SHORT < value < _SHORT:
        return str(value)
    written = str(value) if isinstance(value, Decimal) and value.is_finite() else "E"
    if "E" in written or len(written) > _SHORT_LENGTH:
        checked = _checked(value)
        if isinstance(checked, int):
            return str(checked)
        written = format(checked, "f")
    if "." in written:
        written = written.rstrip("0").rstrip(".")
    return "0" if written in {"-0", ""} else written


def read_number(text: str) -> int | Decimal:
    """The number a text holds, spaces around it aside; raises ReferenceProblem ``pipe_number_text``."""
    stripped = text.strip()
    if not _NUMBER.fullmatch(stripped):
        raise ReferenceProblem("pipe_number_text", text=shortened(text, 40))
    return canonical(Decimal(stripped))


def canonical(value: int | Decimal) -> int | Decimal:
    """The same number as int if it is whole, else as a decimal without trailing zeros."""
    checked = _checked(value)
    if isinstance(checked, int):
        return checked
    whole = int(checked)
    return whole if checked == whole else _CONTEXT.normalize(checked)


def add(left: int | Decimal, right: int | Decimal) -> int | Decimal:
    """The exact sum."""
    return canonical(_CONTEXT.add(_decimal(left), _decimal(right)))


def multiply(left: int | Decimal, right: int | Decimal) -> int | Decimal:
    """The exact product."""
    return canonical(_CONTEXT.multiply(_decimal(left), _decimal(right)))


def total(numbers: Iterable[int | Decimal]) -> int | Decimal:
    """The exact sum of all, 0 of none."""
    found = Decimal(0)
    for number in numbers:
        found = _CONTEXT.add(found, _decimal(number))
    return canonical(found)


def round_half_even(value: int | Decimal, digits: int) -> int | Decimal:
    """Rounded to ``digits`` decimals (negative: to tens, hundreds …), halves to the even neighbour."""
    return canonical(_CONTEXT.quantize(_decimal(value), Decimal(1).scaleb(-digits)))


def _decimal(value: int | Decimal) -> Decimal:
    return Decimal(_checked(value))


def _checked(value: int | Decimal) -> int | Decimal:
    if isinstance(value, int):
        fits = -_LARGEST < value < _LARGEST
    else:
        exponent = value.as_tuple().exponent
        fits = isinstance(exponent, int) and exponent >= -MAX_DIGITS and value.adjusted() < MAX_DIGITS
    if not fits:
        raise ReferenceProblem("number_too_large", limit=MAX_DIGITS)
    return value
