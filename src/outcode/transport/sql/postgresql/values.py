"""PostgreSQL's text output → JSON values, by type.

The server sends every column as text (see ``session.py``), and its text output is exact for every type, also for those
that no driver knows: enums, composites, ranges, extensions. So there is one small decoder a type instead of a binary
codec, and an unknown type is simply its text.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from outcode.values.json import Json, loads
from outcode.values.problems import InputProblem

Decoder = Callable[[str], Json]

_ZONED = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(\.\d+)?([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?")
_LOCAL = re.compile(r"\d{4,}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?")


def plain(text: str) -> Json:
    """Text as the server writes it; the decoder of every type without one of its own."""
    return text


def number(text: str) -> Json:
    """An exact decimal; NaN and the infinities, which JSON lacks, stay text.

    >>> number("0.10"), number("NaN")
    (Decimal('0.10'), 'NaN')
    """
    value = Decimal(text)
    return value if value.is_finite() else text


def zoned(text: str) -> Json:
    """A ``timestamptz`` in UTC; infinity, years before 1 and after 9999 stay as the server writes them.

    >>> zoned("2026-11-21 09:30:00.5+09")
    '2026-11-21T00:30:00.5Z'
    """
    match = _ZONED.fullmatch(text)
    if match is None:
        return text
    day, clock, fraction, sign, hours, minutes, seconds = match.groups()
    offset = timedelta(hours=int(hours), minutes=int(minutes or 0), seconds=int(seconds or 0))
    local = datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=timezone(offset if sign == "+" else -offset))
    try:
        moment = local.astimezone(UTC)
    except OverflowError:
        return text
    return f"{moment.replace(tzinfo=None).isoformat()}{fraction or ''}Z"


def local(text: str) -> Json:
    """A ``timestamp`` as ISO 8601 without zone.

    >>> local("2026-11-21 09:30:00"), local("infinity")
    ('2026-11-21T09:30:00', 'infinity')
    """
    return text.replace(" ", "T", 1) if _LOCAL.fullmatch(text) else text


def parsed_json(text: str) -> Json:
    """A ``json`` value; what PostgreSQL accepts and JSON readers refuse (``"\\ud800"``) stays text."""
    try:
        return loads(text)
    except InputProblem:
        return text


def base64_text(text: str) -> Json:
    """A ``bytea`` in base64.

    >>> base64_text("\\\\x6869")
    'aGk='
    """
    return base64.b64encode(bytes.fromhex(text.removeprefix("\\x"))).decode("ascii")


def array(element: Decoder, delimiter: str = ",") -> Decoder:
    """The decoder of an array whose elements ``element`` decodes.

    >>> array(int)('{{1,2},{3,NULL}}'), array(plain)('[0:1]={"a,b","NULL"}')
    ([[1, 2], [3, None]], ['a,b', 'NULL'])
    """
    mark = re.escape(delimiter)
    token = re.compile(rf'"((?:[^"\\]|\\.)*)"|([{{}}])|{mark}|((?:[^{{}}"\\{mark}]|\\.)+)', re.DOTALL)

    def decode(text: str) -> Json:
        stack: list[list[Json]] = [[]]
        start = text.index("{")
        for match in token.finditer(text, start):
            quoted, brace, bare = match.groups()
            if brace == "{":
                stack.append([])
            elif brace == "}":
                closed = stack.pop()
                stack[-1].append(closed)
            elif quoted is not None:
                stack[-1].append(element(_unescaped(quoted)))
            elif bare is not None:
                stack[-1].append(None if bare == "NULL" else element(_unescaped(bare)))
        return stack[0][0]

    return decode


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL) if "\\" in text else text


DECODERS: dict[str, Decoder] = {
    "bool": lambda text: text == "t",
    "int2": int,
    "int4": int,
    "int8": int,
    "oid": int,
    "xid": int,
    "cid": int,
    "xid8": int,
    "float4": number,
    "float8": number,
    "numeric": number,
    "timestamp": local,
    "timestamptz": zoned,
    "json": parsed_json,
    "jsonb": parsed_json,
    "bytea": base64_text,
    "void": lambda _text: None,
}
"""By the name of the built-in type; every other type is :func:`plain`. ``date``, ``time`` and ``interval`` are ISO 8601
already, because the session asks the server for it."""
