"""The scalar and the vectorised filter give the same answer for whatever cells and filters there are."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from outcode.values.filters import OPERATORS, Condition, Filter, Group, family_of, mask, matches
from outcode.values.filters.texts import composed, composed_column, folded, folded_column
from outcode.values.types import (
    BooleanType,
    CurrencyType,
    DatetimeType,
    JsonType,
    NumberType,
    PercentageType,
    ReadContext,
    TextType,
    UrlType,
    raw_series,
)

TEXTS = st.one_of(
    st.sampled_from(
        ["Seoul", "seoul", " ", "İ", "ß", "ẞ", "ſ", "K", "cafe\u0301", "café", "한글", "x.com/a", "1,200", "예"]
    ),
    st.text(max_size=6),
)
NUMBERS = st.one_of(st.integers(-1000, 1000), st.decimals(-1000, 1000, places=2), st.integers(-(10**25), 10**25))
DAYS = st.dates(date(2025, 1, 1), date(2027, 12, 31)).map(str)
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)).map(str)
CELLS = st.one_of(st.none(), TEXTS, NUMBERS, DAYS, MOMENTS, st.booleans(), st.lists(st.integers(0, 1), max_size=1))
CONTEXTS = st.builds(
    ReadContext,
    st.sampled_from([ZoneInfo(name) for name in ("Asia/Seoul", "America/New_York", "Pacific/Auckland", "UTC")]),
    st.datetimes(datetime(2025, 6, 1), datetime(2027, 6, 1), timezones=st.just(UTC)),
)
TYPES = st.sampled_from(
    [
        TextType(),
        TextType(trim=True, case="upper"),
        UrlType(),
        NumberType(),
        NumberType(decimals=1),
        PercentageType(),
        CurrencyType(code="KRW"),
        DatetimeType(),
        DatetimeType(target_timezone="America/New_York"),
        BooleanType(),
        JsonType(),
    ]
)


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    column_type: Any = draw(TYPES)
    family = family_of(column_type)
    entry = draw(st.sampled_from(OPERATORS[family]))
    value: Any = None
    value_to: Any = None
    match family, entry.operands:
        case "text", "one" | "pattern":
            value = draw(TEXTS.filter(bool)) if entry.operands == "one" else r"^a|\d|e$"
        case "text", "list":
            value = draw(st.lists(TEXTS.filter(bool), max_size=3))
        case "number", "one" | "two":
            value, value_to = sorted([Decimal(draw(NUMBERS)), Decimal(draw(NUMBERS))])
            if isinstance(column_type, PercentageType):
                value, value_to = sorted([Decimal(draw(st.integers(0, 99))), Decimal(draw(st.integers(0, 99)))])
        case "datetime", "one" | "two":
            value, value_to = sorted([draw(DAYS), draw(DAYS)])
        case "datetime", "span":
            value = draw(st.integers(1, 400))
        case _:
            pass
    unit: Any = draw(st.sampled_from(["minutes", "hours", "days", "weeks", "months"]))
    return Condition(
        column=draw(st.sampled_from(["x", "y"])),
        type=column_type,
        operator=entry.name,
        value=value,
        value_to=value_to,
        unit=unit,
        case_sensitive=draw(st.booleans()),
    )


GROUPS = st.builds(Group, match=st.sampled_from(["all", "any"]), members=st.lists(conditions(), max_size=3).map(tuple))
FILTERS: st.SearchStrategy[Filter] = st.one_of(
    conditions(),
    st.builds(
        Group,
        match=st.sampled_from(["all", "any"]),
        members=st.lists(st.one_of(conditions(), GROUPS), max_size=3).map(tuple),
    ),
)


@settings(max_examples=250, deadline=None)
@given(FILTERS, st.lists(st.fixed_dictionaries({"x": CELLS, "y": CELLS}), min_size=1, max_size=6), CONTEXTS)
def test_mask_is_matches_of_every_row(filter_: Filter, rows: list[dict[str, Any]], context: ReadContext) -> None:
    frame = pl.DataFrame([raw_series([row[name] for row in rows], name) for name in ("x", "y")])
    assert mask(filter_, frame, context).to_list() == [matches(filter_, row, context) for row in rows]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.one_of(st.none(), TEXTS, st.text(max_size=20)), max_size=8))
def test_texts_are_folded_alike(texts: list[str | None]) -> None:
    series = pl.Series("", texts, dtype=pl.String)
    assert folded_column(series).to_list() == [None if text is None else folded(text) for text in texts]
    assert composed_column(series).to_list() == [None if text is None else composed(text) for text in texts]


def test_texts_that_repeat_are_asked_once_and_answered_each() -> None:
    cells = ["Seoul", "busan ", None, "SEOUL", "대전", " "] * 4_000
    frame = pl.DataFrame({"x": cells})
    context = ReadContext(ZoneInfo("Asia/Seoul"), datetime(2026, 11, 21, tzinfo=UTC))
    operators: list[tuple[Any, Any]] = [
        ("is", "seoul"),
        ("is_not", "seoul"),
        ("is_one_of", ["SEOUL", "대전"]),
        ("is_none_of", ["SEOUL", "대전"]),
        ("contains", "S"),
        ("matches_pattern", "^.{2}$"),
        ("is_empty", None),
    ]
    for operator, value in operators:
        condition = Condition(column="x", operator=operator, value=value)
        wanted = [matches(condition, {"x": cell}, context) for cell in cells[:6]] * 4_000
        assert mask(condition, frame, context).to_list() == wanted
