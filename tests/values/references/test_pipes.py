"""The pipes one by one: their examples, exact numbers, dates, and what each refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcode.values.json import Json
from outcode.values.problems import ReferenceProblem
from outcode.values.references import PIPES, PipeEntry, Root, parse_template, render, resolve_text


def piped(value: Json, pipes: str) -> Json:
    return resolve_text(parse_template("{{a.v | " + pipes + "}}"), {"a": Root({"v": value})})


@pytest.mark.parametrize("entry", PIPES.values(), ids=PIPES)
def test_the_example_of_every_pipe_holds(entry: PipeEntry) -> None:
    written, value, result = entry.example
    assert written.split("(")[0] == entry.name
    assert piped(value, written) == result
    assert entry.english
    assert entry.korean


@pytest.mark.parametrize(
    ("value", "pipes", "result"),
    [
        ("İß", "upper", "İSS"),
        ("\u3000 x \n", "trim", "x"),
        ("a.b.c", "replace('.', '')", "abc"),
        ("a", "replace('a', '{{x}}')", "{{x}}"),
        ("", "split(',')", [""]),
        ([], "join", ""),
        ([1, True, None, Decimal("2.50"), {"a": 1}], "join('|')", '1|true||2.5|{"a":1}'),
        ([], "first", None),
        ([], "last", None),
        ("앤", "length", 1),
        ({"a": 1}, "length", 1),
        ("12", "number", 12),
        ("-0.50", "number", Decimal("-0.5")),
        ("1e3", "number", 1000),
        ("+7", "number", 7),
        (".5", "number", Decimal("0.5")),
        (Decimal("5.00"), "number", 5),
        (Decimal("2.5"), "round", 2),
        (Decimal("3.5"), "round", 4),
        (Decimal("-2.5"), "round", -2),
        (Decimal("2.675"), "round(2)", Decimal("2.68")),
        (12345, "round(-2)", 12300),
        (5, "round(3)", 5),
        (Decimal("0.1"), "add(0.2)", Decimal("0.3")),
        (Decimal("0.5"), "add(0.5)", 1),
        (12345678901234567890123456789, "add(1)", 12345678901234567890123456790),
        (Decimal("1234567890123456789012345678.123456789"), "add(0.000000001)",
         Decimal("1234567890123456789012345678.12345679")),
        (3, "multiply(0.1)", Decimal("0.3")),
        (10**40 + 1, "multiply(10)", 10**41 + 10),
        ([], "sum", 0),
        (["19.90", Decimal("0.10")], "sum", 20),
        ([1, Decimal("1.0"), True, "1", [1], [True], {"a": 1}, {"a": Decimal("1.00")}], "unique",
         [1, True, "1", [1], [True], {"a": 1}]),
        ("hello", "slice(-3)", "llo"),
        ("hello", "slice(1, -1)", "ell"),
        ([1, 2, 3], "slice(1)", [2, 3]),
        ("x", "slice(5)", ""),
        ("a", "json", '"a"'),
        (None, "json", "null"),
        (Decimal("1.50"), "json", "1.50"),
        ("ü/?&=#+ %", "urlencode", "%C3%BC%2F%3F%26%3D%23%2B%20%25"),
        (5, "urlencode", "5"),
    ],
)  # fmt: skip
def test_pipes(value: Json, pipes: str, result: Json) -> None:
    found = piped(value, pipes)
    assert found == result
    assert type(found) is type(result)


@pytest.mark.parametrize(
    ("value", "pipes", "code"),
    [
        (5, "trim", "pipe_wrong_type"),
        ("x", "first", "pipe_wrong_type"),
        ("5", "add(1)", "pipe_wrong_type"),
        (True, "number", "pipe_wrong_type"),
        ({}, "sum", "pipe_wrong_type"),
        ([1, None], "sum", "pipe_wrong_element"),
        ([1, True], "sum", "pipe_wrong_element"),
        (["x"], "sum", "pipe_number_text"),
        ("", "number", "pipe_number_text"),
        ("1,000", "number", "pipe_number_text"),
        ("1_000", "number", "pipe_number_text"),
        ("٣", "number", "pipe_number_text"),
        ("NaN", "number", "pipe_number_text"),
        ("Infinity", "number", "pipe_number_text"),
        ("0x10", "number", "pipe_number_text"),
        ("1e9999", "number", "number_too_large"),
        ("1e-9999", "number", "number_too_large"),
        ("1" * 1001, "number", "pipe_number_text"),
        (Decimal("1e999999999"), "add(1)", "number_too_large"),
        (Decimal("1e-999999999"), "round(2)", "number_too_large"),
        (Decimal("1e999999999"), "urlencode", "number_too_large"),
        (10**1000, "multiply(1)", "number_too_large"),
        (10**999, "multiply(10)", "number_too_large"),
        ("x" * 1_000_000, "replace('x', '" + "y" * 100 + "')", "result_too_large"),
        (["x" * 1_000_000] * 20, "join", "result_too_large"),
        (["x" * 1_000_000] * 20, "json", "result_too_large"),
        ({"fileId": "f", "name": "n", "mediaType": "m", "size": 1}, "urlencode", "pipe_wrong_type"),
        ([{"fileId": "f", "name": "n", "mediaType": "m", "size": 1}], "join", "file_as_text"),
        ("tomorrow", "date('YYYY')", "pipe_date_text"),
        ("2026-02-30", "date('YYYY')", "pipe_date_text"),
        ("2026-13-01T00:00", "addDays(1)", "pipe_date_text"),
        ("2026-11-21T24:00:00", "date('YYYY')", "pipe_date_text"),
        ("20261121", "date('YYYY')", "pipe_date_text"),
        (20261121, "date('YYYY')", "pipe_wrong_type"),
        ("0001-01-01T00:00:00+14:00", "date('YYYY', 'America/New_York')", "date_out_of_range"),
        ("9999-12-31", "addDays(1)", "date_out_of_range"),
        ("2026-11-21", "addDays(99999999)", "date_out_of_range"),
    ],
)  # fmt: skip
def test_refuses(value: Json, pipes: str, code: str) -> None:
    with pytest.raises(ReferenceProblem) as caught:
        piped(value, pipes)
    assert caught.value.code == code
    for language in ("en", "ko"):
        assert len(caught.value.message(language)) < 600
        assert caught.value.hint(language)


@pytest.mark.parametrize(
    ("value", "pattern", "zone", "text"),
    [
        ("2026-11-21T15:30:05.123Z", "YYYY-MM-DD HH:mm:ss.SSS Z", None, "2026-11-21 15:30:05.123 +00:00"),
        ("2026-11-21T15:30:05Z", "YY/M/D H:m:s A a ZZ", None, "26/11/21 15:30:5 PM pm +0000"),
        ("2026-11-21T15:30:00Z", "YYYY-MM-DD HH:mm Z", "Asia/Seoul", "2026-11-22 00:30 +09:00"),
        ("2026-11-21T15:30:00+09:00", "HH:mm Z", "America/New_York", "01:30 -05:00"),
        ("2026-07-01T12:00:00Z", "Z", "America/St_Johns", "-02:30"),
        ("2026-11-21", "dddd ddd dd d, MMMM MMM", None, "Saturday Sat Sa 6, November Nov"),
        ("2026-11-22", "d", None, "0"),
        ("2026-11-21", "YYYY년 M월 D일", None, "2026년 11월 21일"),
        ("2026-11-21 09:05", "hh:mm A", "Asia/Seoul", "09:05 AM"),
        ("2026-11-21T00:05", "h:mm a", None, "12:05 am"),
        ("2026-11-21T12:00", "h a", None, "12 pm"),
        ("2026-11-21T12:00:00Z", "X x", None, "1795262400 1795262400000"),
        ("2026-11-21T12:00:00Z", "YYYY[YYYY]T[]HH", None, "2026YYYYT12"),
        ("2026-11-21T12:00:00Z", "[open", None, "[open"),
        ("2026-11-21T12:00:00.123456789+0900", "SSS ZZ", None, "123 +0900"),
        ("2026-11-21T12:00:00 +09", "Z", None, "+09:00"),
        (datetime(2026, 11, 21, 12, tzinfo=UTC), "YYYY-MM-DD HH", "Asia/Seoul", "2026-11-21 21"),
        (date(2026, 11, 21), "YYYY-MM-DD HH:mm Z", "Asia/Seoul", "2026-11-21 00:00 +09:00"),
        ("2026-11-21", "{0.__class__} %Y", None, "{0.__clam00__} %Y"),
    ],
)
def test_date(value: Json, pattern: str, zone: str | None, text: str) -> None:
    assert piped(value, f'date("{pattern}"' + (f', "{zone}")' if zone else ")")) == text


@pytest.mark.parametrize(
    ("value", "days", "result"),
    [
        ("2026-11-21", -21, "2026-10-31"),
        ("2024-02-28T23:00:00.5Z", 1, "2024-02-29T23:00:00.5Z"),
        ("2026-11-21 09:00", 30, "2026-12-21 09:00"),
        ("2026-11-21T09:00:00+09:00", 0, "2026-11-21T09:00:00+09:00"),
        (date(2026, 11, 21), 1, date(2026, 11, 22)),
        (datetime(2026, 11, 21, 9, tzinfo=UTC), 1, datetime(2026, 11, 22, 9, tzinfo=UTC)),
    ],
)
def test_add_days_keeps_the_form(value: Json, days: int, result: Json) -> None:
    assert piped(value, f"addDays({days})") == result


@settings(deadline=None)
@given(st.dates(date(1000, 1, 1), date(9000, 1, 1)), st.integers(-300_000, 300_000))
def test_days_added_are_days(day: date, days: int) -> None:
    assert piped(day.isoformat(), f"addDays({days})") == (day + timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0, "0"),
        (Decimal("-0.0"), "0"),
        (Decimal("5.0"), "5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1E-7"), "0.0000001"),
        (Decimal("19.90"), "19.9"),
        (Decimal(100), "100"),
        (10**500, "1" + "0" * 500),
        (Decimal("123456789012345678901234567890.123456789"), "123456789012345678901234567890.123456789"),
    ],
)
def test_numbers_are_written_plainly(value: int | Decimal, text: str) -> None:
    assert render(value) == text


@settings(deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_equal_numbers_have_one_text_that_reads_back(value: Decimal) -> None:
    text = render(value)
    assert "e" not in text.lower()
    assert Decimal(text) == value
    assert piped(text, "number") == value


@settings(deadline=None)
@given(st.decimals(-(10**12), 10**12, places=6), st.decimals(-(10**12), 10**12, places=6))
def test_sums_and_products_are_exact(left: Decimal, right: Decimal) -> None:
    assert Fraction(piped(left, f"add({right:f})")) == Fraction(left) + Fraction(right)
    assert Fraction(piped(left, f"multiply({right:f})")) == Fraction(left) * Fraction(right)
