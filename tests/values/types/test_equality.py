"""The scalar and the vectorised implementation say the same of every cell, whatever it holds."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outcode.values.json import Json, dumps
from outcode.values.types import (
    BooleanType,
    CellProblem,
    ColumnType,
    CurrencyType,
    DatetimeType,
    JsonType,
    NumberType,
    PercentageType,
    ReadContext,
    TextType,
    UrlType,
    column_datetimes,
    raw_series,
    read_cell,
    read_column,
    write_cell,
)
from outcode.values.types.writing import write_column

ZONES = ["Asia/Seoul", "UTC", "Europe/Berlin", "America/New_York", "Asia/Beirut", "Australia/Lord_Howe", "Asia/Kolkata"]
SPACE = st.sampled_from(["", "", "", "", " ", "\u00a0", "\u202f", "\u3000", "  ", "\n", "\x1c", "\u200b"])
DIGITS = st.text("0123456789", min_size=0, max_size=5) | st.text("0123456789", min_size=0, max_size=45)
AROUND = st.sampled_from(
    ["", "", "", "", "-", "+", "△", "(", ")", "₩", "$", "€", "원", "kr", "kr.", "%", "％", "USD", "usd ", " KRW", "."]
)
SIGN = st.sampled_from(["", "", ",", ".", " ", "\u00a0", "'", "’", "，", "．", "1,234", ",234", "٣"])
NUMERAL = st.lists(SPACE | DIGITS | AROUND | SIGN | st.just(",000") | st.just(".5"), max_size=9).map("".join)
TIDY = st.builds(
    lambda sign, number, grouped, decimals, unit: f"{sign}{number:{',' if grouped else ''}}{decimals}{unit}",
    st.sampled_from(["", "-", "△", "₩", "$", "-₩", "$ "]),
    st.integers(0, 10**12),
    st.booleans(),
    st.sampled_from(["", ".5", ".25", ".345", ".3450", ".000000000000000001", ".99999"]),
    st.sampled_from(["", "%", " %", "원", " USD", "€"]),
)
SWAPPED = TIDY.map(lambda text: text.translate({ord(","): ".", ord("."): ","}))
DAY = st.one_of(
    st.builds(
        lambda year, month, day, form: form.format(y=year, m=month, d=day),
        st.sampled_from([2026, 2024, 1999, 1970, 1900, 2, 9999]),
        st.sampled_from([1, 2, 3, 3, 10, 11, 12, 13, 0]),
        st.sampled_from([1, 2, 4, 12, 21, 25, 28, 29, 29, 30, 31, 0]),
        st.sampled_from(
            [
                "{y:04}-{m:02}-{d:02}",
                "{y:04}-{m:02}-{d:02}",
                "{y}-{m}-{d}",
                "{y}/{m}/{d}",
                "{y}. {m}. {d}.",
                "{y}년 {m}월 {d}일",
                "{y}년 {m}월 {d}일(일)",
                "{y:04}{m:02}{d:02}",
                "{d}/{m}/{y}",
                "{d} Nov {y}",
                "Oct {d}, {y}",
                "{y}-{m}-{d} 일",
            ]
        ),
    ),
    st.text("0123456789-/.년월일T ", max_size=12),
)
TIME = st.one_of(
    st.just(""),
    st.builds(
        lambda join, form, hour, minute, second, end: join + form.format(h=hour, m=minute, s=second) + end,
        st.sampled_from(["T", " ", " ", " ", "", "  ", ", ", "t"]),
        st.sampled_from(
            [
                "{h:02}:{m:02}:{s:02}",
                "{h:02}:{m:02}:{s:02}",
                "{h:02}:{m:02}:{s:02}.123",
                "{h:02}:{m:02}:{s:02}.000001",
                "{h}:{m:02}",
                "오후 {h}:{m:02}",
                "오전 {h}시 {m}분",
                "{h} PM",
                "{h:02}{m:02}{s:02}",
            ]
        ),
        st.sampled_from([0, 1, 2, 2, 3, 9, 12, 23, 24]),
        st.sampled_from([0, 15, 30, 59, 60]),
        st.sampled_from([0, 30, 59, 60]),
        st.sampled_from(["", "", "", "Z", "+09:00", "-0530", " GMT", "+99:00", " PM", "+14:59", "z"]),
    ),
    st.text("0123456789:오전오후T .Z+", max_size=8),
)
MOMENT = st.builds(lambda day, time, space: day + time + space, DAY, TIME, SPACE)
EPOCH = st.one_of(st.integers(0, 10**14), st.sampled_from([10**9, 10**10 - 1, 10**12, 10**13 - 1, 20261121, 45000]))
WORDS = st.lists(
    st.sampled_from(
        ["a", "B", " ", "  ", "가", "\u1100", "\u1161", "e\u0301", "ß", "İ", "\u3000", "ﬁ", "か", "\u3099", "é"]
    )
    | st.characters(codec="utf-8"),
    max_size=8,
).map("".join)
URL_PARTS = "https:// http:// www. example .com . / a - ? q=1 # %20 한국 :80 @ /../ .. xn-- 1.2.3.4 A _ ~ [ //"
URL = st.lists(st.sampled_from([" ", *URL_PARTS.split()]), max_size=7).map("".join)
OTHER: st.SearchStrategy[Json] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**40), 10**40),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.just([1]),
    st.just({"a": Decimal("1.50")}),
)
SEPARATORS = st.sampled_from(
    [{}, {}, {"decimal": ","}, {"locale": "fr"}, {"locale": "de-CH"}, {"group": ""}, {"decimal": ",", "group": "'"}]
)
ROUNDED = st.builds(
    lambda decimals, rounding: {"decimals": decimals, "rounding": rounding},
    st.none() | st.integers(0, 16),
    st.sampled_from(["half_even", "half_up"]),
)
NUMBERS = st.builds(lambda signs, rounded: NumberType(**signs | rounded), SEPARATORS, ROUNDED)
PERCENTAGES = st.builds(
    lambda signs, rounded, bare: PercentageType(**signs | rounded, bare=bare),
    SEPARATORS,
    ROUNDED,
    st.sampled_from(["percent", "fraction"]),
)
CURRENCIES = st.builds(
    lambda signs, rounded, code: CurrencyType(**signs | rounded, code=code),
    SEPARATORS,
    ROUNDED,
    st.sampled_from(["KRW", "USD", "EUR", "DKK"]),
)
ZONE = st.none() | st.sampled_from(ZONES)
DATETIMES = st.builds(
    DatetimeType,
    pattern=st.sampled_from(
        [None, None, None, None, "YYYY-MM-DD HH:mm:ss", "YYYY/M/D", "YYYYMMDD", "X", "YYYY. M. D. A h:mm"]
    ),
    day_first=st.none() | st.booleans(),
    source_timezone=ZONE,
    target_timezone=ZONE,
)
TEXTS = st.builds(
    TextType, trim=st.booleans(), collapse_spaces=st.booleans(), case=st.sampled_from([None, "upper", "lower", "title"])
)
URLS = st.builds(UrlType, part=st.sampled_from(["whole", "whole", "host", "path", "query"]))
QUICK = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(autouse=True)
def _every_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also short columns go the way that otherwise only long ones go."""
    monkeypatch.setattr(column_datetimes, "_FEW", 0)


def exactly(column_type: ColumnType, value: Json) -> str:
    """A value as text that tells apart what == does not; JSON has one way to write 1 and Decimal("1")."""
    return dumps(value) if isinstance(column_type, JsonType) else f"{type(value).__name__} {value!r}"


def prove_equal(column_type: ColumnType, cells: list[Json], zone: str = "Asia/Seoul") -> None:
    context = ReadContext(ZoneInfo(zone), datetime(2026, 11, 21, tzinfo=UTC))
    raw = raw_series(cells)
    column = read_column(column_type, raw, context)
    errors = column.errors.to_list()
    for place, (cell, typed, written) in enumerate(zip(cells, column.typed(), write_column(column), strict=True)):
        alone = read_cell(column_type, cell, context)
        code = alone.code if isinstance(alone, CellProblem) else None
        value = None if code else alone
        assert (code, exactly(column_type, value)) == (errors[place], exactly(column_type, typed)), repr(cell)
        assert dumps(write_cell(column_type, value)) == dumps(written)
    assert len(column.values) == len(column.errors) == len(cells)
    assert raw.to_list() == cells


def columns(texts: st.SearchStrategy[str], *others: st.SearchStrategy[Json]) -> st.SearchStrategy[list[Json]]:
    """Columns of text alone, of one other kind, and of anything."""
    text: st.SearchStrategy[Json] = texts
    kinds = [text | st.none(), st.integers(-(10**18), 10**18) | st.none(), st.booleans(), text | OTHER, *others]
    return st.one_of(*(st.lists(kind, max_size=12) for kind in (kinds[0], kinds[0], kinds[0], *kinds[1:])))


NUMERIC_COLUMNS = columns(NUMERAL | TIDY | SWAPPED, TIDY, SWAPPED)


@QUICK
@given(NUMBERS, NUMERIC_COLUMNS)
def test_numbers(column_type: NumberType, cells: list[Json]) -> None:
    prove_equal(column_type, cells)


@QUICK
@given(PERCENTAGES, NUMERIC_COLUMNS)
def test_percentages(column_type: PercentageType, cells: list[Json]) -> None:
    prove_equal(column_type, cells)


@QUICK
@given(CURRENCIES, NUMERIC_COLUMNS)
def test_amounts(column_type: CurrencyType, cells: list[Json]) -> None:
    prove_equal(column_type, cells)


@QUICK
@given(DATETIMES, columns(MOMENT, MOMENT, EPOCH, EPOCH.map(str)), st.sampled_from(ZONES))
def test_datetimes(column_type: DatetimeType, cells: list[Json], zone: str) -> None:
    prove_equal(column_type, cells, zone)


@QUICK
@given(TEXTS, columns(WORDS))
def test_texts(column_type: TextType, cells: list[Json]) -> None:
    prove_equal(column_type, cells)


@QUICK
@given(URLS, columns(URL))
def test_urls(column_type: UrlType, cells: list[Json]) -> None:
    prove_equal(column_type, cells)


@QUICK
@given(
    st.sampled_from([BooleanType(), JsonType()]), columns(WORDS | st.sampled_from(["예", "no", "[1]", "{", '{"a": 1}']))
)
def test_carriers(column_type: BooleanType | JsonType, cells: list[Json]) -> None:
    prove_equal(column_type, cells)
