"""JSON with exact numbers: integers of any size stay integers, all other numbers are :class:`decimal.Decimal`.

This is the only door between bytes and values; a binary float would turn 0.1 into 0.1000000000000000055.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from outcode.values.problems import InputProblem

Json = Any
"""A JSON value: None, bool, int, Decimal, str, list of these, or dict from str to these."""

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


def loads(text: str | bytes) -> Json:
    """Read JSON; raises InputProblem ``json_invalid`` with the decoder's reason.

    >>> loads('{"price": 19.90, "id": 12345678901234567890}')
    {'price': Decimal('19.90'), 'id': 12345678901234567890}
    """
    try:
        return _decoder.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputProblem("json_invalid", reason=str(error)) from error


def dumps(value: Json) -> str:
    """Write JSON without spaces; raises InputProblem for what JSON cannot hold.

    >>> dumps({"price": Decimal("19.90")})
    '{"price":19.90}'
    """
    return dump_bytes(value).decode()


def dump_bytes(value: Json) -> bytes:
    """Write JSON as UTF-8 bytes; see :func:`dumps`."""
    try:
        return _encoder.encode(value)
    except (TypeError, msgspec.EncodeError, RecursionError, ValueError) as error:
        raise InputProblem("json_not_representable", type=type(value).__name__) from error
