"""What the fields of *Get Rows* ask for, read once and checked before any child is started."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place

DEFAULT_LIMIT = 1000
_RANGE = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})?:\$?([A-Za-z]{1,3})\$?(\d{1,7})?")


@dataclass(frozen=True, slots=True)
class SheetOptions:
    """Rows and columns count from 1; ``first_column`` and ``last_column`` come from the range."""

    sheet: str | None = None
    header_row: int = 1
    start_row: int = 2
    end_row: int | None = None
    first_column: int = 1
    last_column: int | None = None
    columns: tuple[str, ...] = ()
    skip_empty: bool = True
    value_mode: str = "value"
    date_format: str = "iso"
    offset: int = 0
    limit: int = DEFAULT_LIMIT

    @classmethod
    def of(cls, options: Mapping[str, Json]) -> SheetOptions:
        """Read the field values; raises InputProblem ``sheet_option_invalid`` naming the field.

        >>> SheetOptions.of({"range": "B2:D9"}).start_row
        3
        """
        header_row = _whole(options, "header_row", 1)
        sheet = options.get("sheet")
        given: dict[str, Any] = {
            "sheet": str(sheet) if sheet not in (None, "") else None,
            "skip_empty": options.get("skip_empty") is not False,
            "value_mode": _choice(options, "value_mode", ("value", "text")),
            "date_format": _choice(options, "date_format", ("iso", "serial")),
            "offset": _whole(options, "offset", 0),
            "limit": _whole(options, "limit", DEFAULT_LIMIT),
        }
        if options.get("range"):
            return cls(**given, **_range(options["range"], with_header=header_row > 0))
        start_row = _whole(options, "start_row", header_row + 1, least=1)
        if start_row <= header_row:
            raise _invalid("start_row", f"> {header_row}")
        end_row = _whole(options, "end_row", 0, least=0) or None
        columns = options.get("columns") or []
        if not isinstance(columns, list) or not all(isinstance(column, str) and column for column in columns):
            raise _invalid("columns", '["Name", "C"]')
        rows: dict[str, Any] = {"header_row": header_row, "start_row": start_row, "end_row": end_row}
        return cls(**given, **rows, columns=tuple(columns))

    def as_json(self) -> dict[str, Json]:
        """The form in which the child gets them."""
        return asdict(self) | {"columns": list(self.columns)}

    @classmethod
    def from_json(cls, value: dict[str, Json]) -> SheetOptions:
        """The inverse of :meth:`as_json`."""
        return cls(**value | {"columns": tuple(value["columns"])})


def column_number(letters: str) -> int:
    """The number of a column by its letters, from 1.

    >>> column_number("A"), column_number("AA")
    (1, 27)
    """
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    """The letters of a column by its number.

    >>> column_letters(1), column_letters(27)
    ('A', 'AA')
    """
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _range(text: Json, *, with_header: bool) -> dict[str, Any]:
    match = _RANGE.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        raise _invalid("range", "A1:D200, A:D, A2:D")
    first, last = column_number(match[1]), column_number(match[3])
    top, bottom = int(match[2] or 1), int(match[4]) if match[4] else None
    if first > last or top < 1 or (bottom is not None and bottom < top):
        raise _invalid("range", "A1:D200, A:D, A2:D")
    return {
        "first_column": first,
        "last_column": last,
        "header_row": top if with_header else 0,
        "start_row": top + 1 if with_header else top,
        "end_row": bottom,
    }


def _choice(options: Mapping[str, Json], key: str, known: tuple[str, ...]) -> str:
    """One of the known words; the first when the field is empty."""
    value = options.get(key) or known[0]
    if value not in known:
        raise _invalid(key, ", ".join(known))
    return str(value)


def _whole(options: Mapping[str, Json], key: str, default: int, *, least: int = 0) -> int:
    value = options.get(key)
    if value is None or value == "":
        return default
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return _whole({key: int(value)}, key, default, least=least)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise _invalid(key, f"≥ {least}")
    return value


def _invalid(option: str, expected: str) -> InputProblem:
    return InputProblem("sheet_option_invalid", Place(field=f"inputs.{option}"), option=option, expected=expected)
