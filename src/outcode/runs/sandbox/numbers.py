"""Our exact numbers, made ready for JavaScript, whose only everyday number is a binary double.

An integer beyond 2^53 becomes text, and so does a decimal that a double cannot give back digit for digit
(``1.2345678901234567890`` or ``1E+400``); ``0.1`` and ``19.90`` stay numbers, since the double nearest to them
prints so.
"""

from __future__ import annotations

import re
from decimal import Decimal

from outcode.values.json import Json, dump_bytes
from outcode.values.problems import InputProblem

LARGEST_EXACT = 2**53
_PLAIN_EXPONENT = 400

# Fifteen digits always survive a double; below, anything longer or with a three-digit exponent, inside texts too.
_may_be_inexact = re.compile(rb"[0-9.]{16}|[0-9][eE][+-]?[0-9]{3}").search


def dump_for_javascript(value: Json) -> bytes:
    """The JSON that a script is given; raises InputProblem ``json_not_representable`` for what JSON cannot hold.

    >>> dump_for_javascript({"id": 9007199254740993, "price": Decimal("19.90")})
    b'{"id":"9007199254740993","price":19.90}'
    """
    text = dump_bytes(value)
    return dump_bytes(_exact(value)) if _may_be_inexact(text) else text


def _exact(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_exact(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) <= LARGEST_EXACT else str(value)
    if isinstance(value, Decimal):
        return value if _survives(value) else _plain(value)
    return value


def _survives(number: Decimal) -> bool:
    if not number.is_finite():
        raise InputProblem("json_not_representable", type=str(number))
    return Decimal(repr(float(number))) == number


def _plain(number: Decimal) -> str:
    return format(number, "f") if abs(number.adjusted()) <= _PLAIN_EXPONENT else str(number)
