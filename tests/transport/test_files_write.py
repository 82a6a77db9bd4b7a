"""Rows written as .csv read back, and no cell of it is a formula."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcode.transport.files import csv_pieces, write_csv
from outcode.transport.files.names import unique_names
from outcode.values.json import loads


async def lines(rows: list[Any], *, bom: bool = False) -> list[list[str]]:
    text = (await write_csv(rows, bom=bom)).decode("utf-8")
    return list(csv.reader(io.StringIO(text, newline="")))


async def test_header_is_the_union_of_keys() -> None:
    rows = [{"b": 1, "a": Decimal("1E+3")}, {"c": None, "a": True}, "bare", {"이름": 'x,"y"\n'}]
    assert await lines(rows) == [
        ["b", "a", "c", "value", "이름"],
        ["1", "1000", "", "", ""],
        ["", "true", "", "", ""],
        ["", "", "", "bare", ""],
        ["", "", "", "", 'x,"y"\n'],
    ]


async def test_nested_values_are_json() -> None:
    written = await lines([{"a": {"x": [Decimal("1.10")]}}])
    assert loads(written[1][0]) == {"x": [Decimal("1.10")]}


async def test_byte_order_mark_and_nothing_at_all() -> None:
    assert (await write_csv([{"a": 1}])).startswith(b"\xef\xbb\xbfa")
    assert await write_csv([], bom=False) == b""


@pytest.mark.parametrize("text", ["=1+1", "+SUM(A1)", "-cmd|x", "@x", "\tx", "\rx", "-", "+"])
async def test_formulas_are_disarmed(text: str) -> None:
    assert (await lines([{text: text}])) == [[f"'{text}"], [f"'{text}"]]


@pytest.mark.parametrize("text", ["-5", "+1.5", "-1e5", "a=b", "'=x", "", " "])
async def test_other_text_stays(text: str) -> None:
    assert (await lines([{"a": text, "b": "x"}]))[1][0] == text


async def test_a_long_table_comes_in_pieces() -> None:
    pieces = [piece async for piece in csv_pieces([{"n": n} for n in range(2500)], bom=False)]
    assert len(pieces) == 4
    assert b"".join(pieces).split() == [b"n", *(b"%d" % n for n in range(2500))]


@given(st.lists(st.sampled_from(["a", "a_2", "a_3", "b", "_row"])))
def test_names_are_unique_and_first_ones_kept(labels: list[str]) -> None:
    names = unique_names(labels, reserved=["_row"])
    assert len(set(names)) == len(labels)
    assert "_row" not in names
    for label in set(labels) - {"_row"}:
        assert names[labels.index(label)] == label
