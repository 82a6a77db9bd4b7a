"""MySQL's text output → JSON values, by the description of the column.

The driver's own converters are not used: they make floats of what is exact, ``timedelta`` of times beyond a day, and
text of dates that the calendar lacks.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from pymysql.constants import FIELD_TYPE, FLAG

from outcode.values.json import Json, loads
from outcode.values.problems import InputProblem

Decoder = Callable[[bytes], Json]

_BINARY = 63
"""The number of the character set that means bytes."""
_VECTOR = 242
_NAMES = {
    FIELD_TYPE.DECIMAL: "decimal",
    FIELD_TYPE.TINY: "tinyint",
    FIELD_TYPE.SHORT: "smallint",
    FIELD_TYPE.LONG: "int",
    FIELD_TYPE.FLOAT: "float",
    FIELD_TYPE.DOUBLE: "double",
    FIELD_TYPE.NULL: "null",
    FIELD_TYPE.TIMESTAMP: "timestamp",
    FIELD_TYPE.LONGLONG: "bigint",
    FIELD_TYPE.INT24: "mediumint",
    FIELD_TYPE.DATE: "date",
    FIELD_TYPE.TIME: "time",
    FIELD_TYPE.DATETIME: "datetime",
    FIELD_TYPE.YEAR: "year",
    FIELD_TYPE.NEWDATE: "date",
    FIELD_TYPE.BIT: "bit",
    FIELD_TYPE.JSON: "json",
    FIELD_TYPE.NEWDECIMAL: "decimal",
    FIELD_TYPE.ENUM: "enum",
    FIELD_TYPE.SET: "set",
    FIELD_TYPE.GEOMETRY: "geometry",
    _VECTOR: "vector",
}
_TEXT_AND_BYTES = {
    FIELD_TYPE.VARCHAR: ("varchar", "varbinary"),
    FIELD_TYPE.VAR_STRING: ("varchar", "varbinary"),
    FIELD_TYPE.STRING: ("char", "binary"),
    FIELD_TYPE.TINY_BLOB: ("text", "blob"),
    FIELD_TYPE.MEDIUM_BLOB: ("text", "blob"),
    FIELD_TYPE.LONG_BLOB: ("text", "blob"),
    FIELD_TYPE.BLOB: ("text", "blob"),
}
_NUMBERS = {"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double"}


@dataclass(frozen=True, slots=True)
class Column:
    """How the server describes a column of a result."""

    label: str
    code: int
    flags: int
    charset: int
    length: int

    @property
    def type_name(self) -> str:
        """The type as people know it, such as ``int unsigned`` or ``varchar``."""
        if self.code in _TEXT_AND_BYTES:
            if self.flags & (FLAG.ENUM | FLAG.SET):
                return "enum" if self.flags & FLAG.ENUM else "set"
            return _TEXT_AND_BYTES[self.code][self.charset == _BINARY]
        name = _NAMES.get(self.code, str(self.code))
        return f"{name} unsigned" if name in _NUMBERS and self.flags & FLAG.UNSIGNED else name

    @property
    def decoder(self) -> Decoder:
        """What makes a JSON value of the column's bytes."""
        if self.code in _DECODERS:
            return _DECODERS[self.code]
        if self.code == FIELD_TYPE.BIT:
            return _bit if self.length == 1 else _bits
        return base64_text if self.charset == _BINARY else text


def text(content: bytes) -> Json:
    """Text, which sessions are sent in UTF-8."""
    return content.decode("utf-8", "replace")


def number(content: bytes) -> Json:
    """An exact decimal, with the scale that the server writes.

    >>> number(b"1.10")
    Decimal('1.10')
    """
    return Decimal(content.decode("ascii"))


def date(content: bytes) -> Json:
    """A date; the zero date, which no calendar has, is null.

    >>> date(b"2026-11-21"), date(b"0000-00-00")
    ('2026-11-21', None)
    """
    return None if content.startswith(b"0000-00-00") else content.decode("ascii")


def moment(content: bytes) -> Json:
    """A ``datetime`` or ``timestamp`` as ISO 8601 without zone; the session's zone is UTC.

    >>> moment(b"2026-11-21 09:30:00.5"), moment(b"0000-00-00 00:00:00")
    ('2026-11-21T09:30:00.5', None)
    """
    written = date(content)
    return None if written is None else written.replace(" ", "T", 1)


def parsed_json(content: bytes) -> Json:
    """A ``json`` value; what MySQL accepts and JSON readers refuse stays text."""
    try:
        return loads(content)
    except InputProblem:
        return text(content)


def base64_text(content: bytes) -> Json:
    """Bytes in base64.

    >>> base64_text(b"hi")
    'aGk='
    """
    return base64.b64encode(content).decode("ascii")


def _bits(content: bytes) -> Json:
    return int.from_bytes(content, "big")


def _bit(content: bytes) -> Json:
    return content == b"\x01"


_DECODERS: dict[int, Decoder] = {
    FIELD_TYPE.DECIMAL: number,
    FIELD_TYPE.NEWDECIMAL: number,
    FIELD_TYPE.FLOAT: number,
    FIELD_TYPE.DOUBLE: number,
    FIELD_TYPE.TINY: int,
    FIELD_TYPE.SHORT: int,
    FIELD_TYPE.INT24: int,
    FIELD_TYPE.LONG: int,
    FIELD_TYPE.LONGLONG: int,
    FIELD_TYPE.YEAR: int,
    FIELD_TYPE.DATE: date,
    FIELD_TYPE.NEWDATE: date,
    FIELD_TYPE.DATETIME: moment,
    FIELD_TYPE.TIMESTAMP: moment,
    FIELD_TYPE.TIME: text,
    FIELD_TYPE.JSON: parsed_json,
}
