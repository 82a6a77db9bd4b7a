"""The types of columns: what a cell or a whole column of them means, and how that is given back.

Scalar and vectorised reading are two ways to one answer; ``tests/values/cases/types`` says what it is.
"""

from outcode.values.context import ReadContext
from outcode.values.types.cells import SPACES, is_empty
from outcode.values.types.columns import TypedColumn, raw_series, read_column
from outcode.values.types.currencies import is_currency, minor_digits
from outcode.values.types.errors import CellProblem
from outcode.values.types.model import (
    BooleanType,
    ColumnType,
    CurrencyType,
    DatetimeType,
    JsonType,
    NumberType,
    NumericType,
    PercentageType,
    TextType,
    UrlType,
)
from outcode.values.types.reading import Typed, read_cell
from outcode.values.types.writing import write_cell, write_column

__all__ = [
    "SPACES",
    "BooleanType",
    "CellProblem",
    "ColumnType",
    "CurrencyType",
    "DatetimeType",
    "JsonType",
    "NumberType",
    "NumericType",
    "PercentageType",
    "ReadContext",
    "TextType",
    "Typed",
    "TypedColumn",
    "UrlType",
    "is_currency",
    "is_empty",
    "minor_digits",
    "raw_series",
    "read_cell",
    "read_column",
    "write_cell",
    "write_column",
]
