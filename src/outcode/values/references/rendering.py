"""A value as text, as people would write it; and what kind of value it is, for messages.

Text as it is; numbers without exponent and trailing zeros; true/false; null as nothing; lists and objects as JSON;
times as ISO 8601. A file is not text. Only exact types count: whatever is not one of a value's own types is refused,
so nothing a value could bring along (attributes, formatting, properties) is ever used.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from outcode.values.json import Json, dumps
from outcode.values.problems import InputProblem, ReferenceProblem
from outcode.values.references.numbers import number_text

MAX_TEXT_LENGTH = 16_000_000
FILE_KEYS = frozenset({"fileId", "name", "mediaType", "size"})
TYPES: dict[type, str] = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    Decimal: "number",
    str: "text",
    list: "list",
    dict: "object",
    datetime: "datetime",
    date: "date",
}


def type_name(value: Json) -> str:
    """``text``, ``number``, ``boolean``, ``null``, ``list``, ``object``, ``file``, ``datetime``, ``date``.

    Raises ReferenceProblem ``value_foreign`` for everything else.
    """
    name = TYPES.get(type(value))
    if name is None:
        raise ReferenceProblem("value_foreign", type=type(value).__name__)
    return "file" if name == "object" and is_file(value) else name


def is_file(value: Any) -> bool:
    """True for ``{fileId, name, mediaType, size}``."""
    return type(value) is dict and value.keys() == FILE_KEYS


def render(value: Json) -> str:
    """A value as text; raises ReferenceProblem for files, foreign values and what is too large.

    >>> render(True), render(None), render(Decimal("12.50")), render([1, "x"])
    ('true', '', '12.5', '[1,"x"]')
    """
    match type_name(value):
        case "text":
            return limited(value)
        case "number":
            return number_text(value)
        case "boolean":
            return "true" if value else "false"
        case "null":
            return ""
        case "datetime" | "date":
            return str(value.isoformat())
        case "file":
            raise ReferenceProblem("file_as_text")
        case _:
            return json_text(value)


def json_text(value: Json) -> str:
    """A value as JSON; raises ReferenceProblem for what JSON cannot hold and what is too large."""
    try:
        return limited(dumps(value))
    except InputProblem as problem:
        if isinstance(problem, ReferenceProblem):
            raise
        raise ReferenceProblem("value_not_json", type=type(value).__name__) from problem


def limited(text: str) -> str:
    """The text itself; raises ReferenceProblem ``result_too_large`` beyond ``MAX_TEXT_LENGTH`` characters."""
    if len(text) > MAX_TEXT_LENGTH:
        raise ReferenceProblem("result_too_large", limit=MAX_TEXT_LENGTH)
    return text
