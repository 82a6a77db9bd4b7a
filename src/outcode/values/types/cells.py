"""What is true of every cell whatever its type: when it is empty, and which kind of JSON value it holds."""

from __future__ import annotations

from decimal import Decimal

from outcode.values.json import Json

SPACES = (
    "\t\n\v\f\r \x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""Every character that counts as a space: Unicode's own, and two that are as invisible (U+200B, U+FEFF)."""


def is_empty(raw: Json) -> bool:
    """Whether a cell is empty: null, or text of spaces only.

    >>> is_empty(None), is_empty(" \\u3000"), is_empty(0), is_empty([])
    (True, True, False, False)
    """
    return raw is None or (type(raw) is str and not raw.strip(SPACES))


def kind_of(raw: Json) -> dict[str, str]:
    """What a raw value is, as words for a message by language."""
    match raw:
        case bool():
            return {"en": "true/false", "ko": "참/거짓 값"}
        case int() | Decimal():
            return {"en": "a number", "ko": "숫자"}
        case str():
            return {"en": "text", "ko": "텍스트"}
        case list():
            return {"en": "a list", "ko": "목록"}
        case _:
            return {"en": "an object", "ko": "객체"}
