"""Reading one cell: the scalar half of what :mod:`outcode.values.types.columns` does for a column."""

from __future__ import annotations

from typing import Any

from outcode.values.context import ReadContext
from outcode.values.json import Json
from outcode.values.types.boolean import read_boolean
from outcode.values.types.cells import is_empty
from outcode.values.types.currency import read_currency
from outcode.values.types.datetimes import read_datetime
from outcode.values.types.errors import CellProblem
from outcode.values.types.json_value import read_json
from outcode.values.types.model import (
    BooleanType,
    ColumnType,
    CurrencyType,
    DatetimeType,
    JsonType,
    NumberType,
    PercentageType,
    TextType,
    UrlType,
)
from outcode.values.types.number import read_number
from outcode.values.types.percentage import read_percentage
from outcode.values.types.text import read_text
from outcode.values.types.url import read_url

Typed = Any
"""What a cell means: text and url ``str``, the numeric types ``Decimal``, datetime ``datetime`` or ``date``, boolean
``bool``, json any JSON value."""


def read_cell(column_type: ColumnType, raw: Json, context: ReadContext) -> Typed | CellProblem | None:
    """What a cell means; None where it is empty, a problem where it means nothing of this type.

    >>> from datetime import UTC, datetime
    >>> from zoneinfo import ZoneInfo
    >>> context = ReadContext(ZoneInfo("Asia/Seoul"), datetime(2026, 11, 21, tzinfo=UTC))
    >>> read_cell(NumberType(), "1,234.50", context)
    Decimal('1234.5')
    """
    if is_empty(raw):
        return None
    match column_type:
        case TextType():
            return read_text(column_type, raw)
        case NumberType():
            return read_number(column_type, raw)
        case PercentageType():
            return read_percentage(column_type, raw)
        case CurrencyType():
            return read_currency(column_type, raw)
        case DatetimeType():
            return read_datetime(column_type, raw, context)
        case UrlType():
            return read_url(column_type, raw)
        case BooleanType():
            return read_boolean(raw)
        case JsonType():
            return read_json(raw)
