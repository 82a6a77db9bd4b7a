"""What an unquoted word of a YAML file means: the core rules of YAML 1.2, with the few doubtful cases refused."""

from __future__ import annotations

import re
from decimal import Decimal

from outcode.values.json import Json
from outcode.values.problems import InputProblem

MAX_DIGITS = 1000
"""Of a number's text and of its exponent: a longer one would be a burden once written out."""

_CONSTANTS: dict[str, Json] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WHOLE = {re.compile(r"[-+]?[0-9]+"): 10, re.compile(r"0o[0-7]+"): 8, re.compile(r"0x[0-9a-fA-F]+"): 16}
_DECIMAL = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE](?P<exponent>[-+]?[0-9]+))?")


def plain_scalar(text: str) -> Json:
    """The value of an unquoted word.

    Raises InputProblem for a number whose meaning is doubtful: ``010`` (a telephone number or a count?), infinity,
    one of more than 1,000 digits.

    >>> plain_scalar("yes"), plain_scalar("true"), plain_scalar("0x1f"), plain_scalar("2026-11-21")
    ('yes', True, 31, '2026-11-21')
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _LEADING_ZERO.fullmatch(text):
        raise InputProblem("yaml_leading_zero", value=text[:40])
    if _NOT_FINITE.fullmatch(text):
        raise InputProblem("yaml_not_finite", value=text)
    for form, base in _WHOLE.items():
        if form.fullmatch(text):
            return int(_short(text), base)
    if number := _DECIMAL.fullmatch(text):
        exponent = number["exponent"] or "0"
        if len(exponent) > 6 or abs(int(exponent)) > MAX_DIGITS:
            raise InputProblem("yaml_number_too_long", maximum=MAX_DIGITS)
        return Decimal(_short(text))
    return text


def _short(text: str) -> str:
    if len(text) > MAX_DIGITS:
        raise InputProblem("yaml_number_too_long", maximum=MAX_DIGITS)
    return text


def reads_as_text(text: str) -> bool:
    """Whether the unquoted word is read as that very text, here and by readers of the older YAML 1.1.

    >>> reads_as_text("Hello"), reads_as_text("yes"), reads_as_text("12")
    (True, False, False)
    """
    if text.lower() in {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}:
        return False
    try:
        return isinstance(plain_scalar(text), str)
    except InputProblem:
        return False
