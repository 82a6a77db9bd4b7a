"""The type that a sample speaks for, why, and what is asked."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcode.values.inference import ASKED, Inference, infer_column
from outcode.values.json import Json
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
    read_cell,
)

CONTEXT = ReadContext(ZoneInfo("Asia/Seoul"), datetime(2026, 11, 21, tzinfo=UTC))


def codes(found: Inference) -> list[str]:
    return [reason.code for reason in found.reasons]


@pytest.mark.parametrize(
    ("sample", "column_type", "reason"),
    [
        ([], TextType(), "infer_empty"),
        ([None, " "], TextType(), "infer_empty"),
        (["a", "b"], TextType(), "infer_text"),
        (["007", "12", "5"], TextType(), "infer_leading_zeros"),
        (["06236", "12345"], TextType(), "infer_leading_zeros"),
        (["010-1234-5678", "+82 2 123 4567", "(02) 123-4567"], TextType(), "infer_phone"),
        (["1588-1234"], TextType(), "infer_phone"),
        (["12345678901234567"], TextType(), "infer_long_digits"),
        (["1732147200", "1732147201"], TextType(), "infer_long_digits"),
        (["5", "x"], TextType(), "infer_text"),
        (["$1", "€2"], TextType(), "infer_several_currencies"),
        (["192.168.0.1"], TextType(), "infer_text"),
        (["09:30"], TextType(), "infer_text"),
        ([True, 1], TextType(), "infer_mixed"),
        ([True, None, False], BooleanType(), "infer_json_booleans"),
        (["예", "아니오", "예"], BooleanType(), "infer_boolean_words"),
        (["Y", "n"], BooleanType(), "infer_boolean_words"),
        ([[1], {"a": 1}], JsonType(), "infer_json_values"),
        (['{"a": 1}', "[]"], JsonType(), "infer_json_text"),
        ([1, Decimal("2.5"), None], NumberType(), "infer_json_numbers"),
        (["1", "0"], NumberType(), "infer_numbers"),
        (["0", "0.5", "10"], NumberType(), "infer_numbers"),
        (["1,234", "5"], NumberType(), "infer_numbers"),
        (["1.234", "2.5"], NumberType(), "infer_numbers"),
        ([1, "2"], NumberType(), "infer_numbers"),
        (["1.234,5", "2"], NumberType(decimal=","), "infer_other_signs"),
        (["1 234,5", "2"], NumberType(decimal=",", group=" "), "infer_other_signs"),
        (["12.5%", "3 %"], PercentageType(), "infer_percent_signs"),
        (["12,5 %"], PercentageType(decimal=","), "infer_other_signs"),
        (["₩1,000", "2,500원", "(300)"], CurrencyType(code="KRW"), "infer_currency_signs"),
        (["1.234,50 €", "2,00 €"], CurrencyType(code="EUR", decimal=","), "infer_other_signs"),
        (["US$5", "7 USD"], CurrencyType(code="USD"), "infer_currency_signs"),
        (["7 usd", "$5", "USD 3"], CurrencyType(code="USD"), "infer_currency_signs"),
        (["2026-11-21", "2026년 1월 2일 오후 3시"], DatetimeType(), "infer_datetimes"),
        (["20261121", "20260102"], DatetimeType(), "infer_datetimes"),
        (["21/11/2026"], DatetimeType(), "infer_datetimes"),
        (["https://a.com", "www.b.com/x"], UrlType(), "infer_urls"),
        (["a.com", "report.pdf"], TextType(), "infer_text"),
    ],
)
def test_types(sample: list[Json], column_type: ColumnType, reason: str) -> None:
    found = infer_column(sample, CONTEXT)
    assert found.type == column_type
    assert reason in codes(found)
    assert found.question is None


@pytest.mark.parametrize(
    ("sample", "code", "option", "values", "suggested"),
    [
        (["03/04/2026"], "ask_day_first", "day_first", [True, False], None),
        (["03/04/2026", "21/11/2026"], "ask_day_first", "day_first", [True, False], True),
        (["03/04/2026", "11/21/2026"], "ask_day_first", "day_first", [True, False], False),
        (["1.234", "12.500"], "ask_decimal_sign", "decimal", [".", ","], None),
        (["1.234 €"], "ask_decimal_sign", "decimal", [".", ","], None),
        (["12%", "5"], "ask_percent_bare", "bare", ["percent", "fraction"], None),
        (["¥5"], "ask_currency", "code", ["JPY", "CNY"], "JPY"),
    ],
)
def test_questions(sample: list[Json], code: str, option: str, values: list[Json], suggested: Json) -> None:
    found = infer_column(sample, CONTEXT)
    assert found.question is not None
    assert (found.question.code, found.question.option) == (code, option)
    assert [choice.value for choice in found.question.choices] == values
    assert found.question.suggested == suggested
    assert found.confidence <= ASKED
    assert found.question.message("ko") != found.question.message("en")
    for choice in found.question.choices:
        answered = found.type.model_validate(found.type.model_dump() | {option: choice.value})
        assert choice.meaning
        assert not isinstance(read_cell(answered, sample[0], CONTEXT), CellProblem)


def test_choices_show_what_the_cell_would_mean() -> None:
    question = infer_column(["03/04/2026"], CONTEXT).question
    assert question is not None
    assert [choice.meaning for choice in question.choices] == ["2026-04-03", "2026-03-04"]
    question = infer_column(["1.234"], CONTEXT).question
    assert question is not None
    assert [choice.meaning for choice in question.choices] == ["1.234", "1234"]


def test_an_answered_question_is_not_asked_again() -> None:
    answered = ReadContext(CONTEXT.timezone, CONTEXT.now, day_first=True)
    found = infer_column(["03/04/2026"], answered)
    assert found.question is None
    assert found.confidence == 1


def test_a_few_odd_cells_lower_the_confidence_and_are_shown() -> None:
    found = infer_column([*["1"] * 19, "n/a"], CONTEXT)
    assert (found.type, found.confidence) == (NumberType(), Decimal("0.95"))
    assert "n/a" in found.reasons[-1].message()
    assert "5%" in found.reasons[-1].message()


@settings(deadline=None, max_examples=200)
@given(
    st.lists(
        st.none()
        | st.booleans()
        | st.integers()
        | st.decimals(allow_nan=False, allow_infinity=False)
        | st.text(max_size=8)
        | st.from_regex(r"[₩$€(-]?[0-9]{1,4}[.,/ -]?[0-9]{0,3}[.,/ -]?[0-9]{0,4}[%원€)]?", fullmatch=True)
        | st.lists(st.integers(), max_size=1),
        max_size=6,
    )
)
def test_any_sample_has_an_answer_in_both_languages(sample: list[Json]) -> None:
    found = infer_column(sample, CONTEXT)
    assert 0 <= found.confidence <= 1
    assert found.reasons
    for said in (*found.reasons, *([found.question] if found.question else [])):
        assert "{" not in said.message("en") or "{" in str(sample)
        assert said.message("ko")
        assert said.hint("ko")
    if found.confidence == 1 and found.question is None:
        assert not any(
            isinstance(read_cell(found.type, cell, CONTEXT), CellProblem) for cell in sample if cell is not None
        )
