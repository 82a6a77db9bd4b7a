"""Rows → .csv, piece by piece, so that a spreadsheet program shows text and never runs it as a formula."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator, Sequence
from decimal import Decimal

from outcode.values.json import Json, dumps

_BATCH_ROWS = 1000
_BOM = "\ufeff"
_RISKY = ("=", "+", "-", "@", "\t", "\r")
_PLAIN_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


async def write_csv(rows: Sequence[Json], *, bom: bool = True) -> bytes:
    """The rows as a .csv file in UTF-8; see :func:`csv_pieces`.

    content = await write_csv([{"a": 1}, {"b": "=1+1"}])   # a,b / 1, / ,'=1+1
    """
    return b"".join([piece async for piece in csv_pieces(rows, bom=bom)])


async def csv_pieces(rows: Sequence[Json], *, bom: bool = True) -> AsyncIterator[bytes]:
    """The file piece by piece, first a header of all keys in the order of their first appearance.

    A row that is no object stands in the column ``value``; an object or list inside a row is written as JSON. Text that
    begins like a formula gets an apostrophe before it. ``bom`` lets Excel know that it is UTF-8.
    """
    names = list(dict.fromkeys(key for row in rows for key in _object(row)))
    yield ((_BOM if bom else "") + (_lines([names]) if names else "")).encode("utf-8", "replace")
    for start in range(0, len(rows), _BATCH_ROWS):
        known = [_object(row) for row in rows[start : start + _BATCH_ROWS]]
        yield _lines([[row.get(name) for name in names] for row in known]).encode("utf-8", "replace")
        await asyncio.sleep(0)  # a long table must not hold the event loop


def _lines(rows: Sequence[Sequence[Json]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _object(row: Json) -> dict[str, Json]:
    return row if isinstance(row, dict) else {"value": row}


def _cell(value: Json) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            return format(value, "f")
        case str():
            return f"'{value}" if value.startswith(_RISKY) and not _PLAIN_NUMBER.fullmatch(value) else value
        case _:
            return dumps(value)
