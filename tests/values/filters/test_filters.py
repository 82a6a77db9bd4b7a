"""Groups, nested columns, what is refused, and in which words."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from outcode.values.filters import Condition, Group, check_filter, identity, mask, matches, read_filter
from outcode.values.problems import InputProblem, ProblemList
from outcode.values.tagged import LATER
from outcode.values.types import ReadContext, raw_series

CONTEXT = ReadContext(ZoneInfo("Asia/Seoul"), datetime(2026, 11, 21, tzinfo=UTC))


def is_(column: str, value: Any) -> dict[str, Any]:
    return {"column": column, "operator": "is", "value": value}


def found(filter_: Any, columns: list[str] | None = None) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.place.field) for problem in check_filter(read_filter(filter_), columns)]


@pytest.mark.parametrize(
    ("match", "a", "b", "wanted"),
    [
        ("all", "1", "1", True),
        ("all", "1", "2", False),
        ("any", "1", "2", True),
        ("any", "2", "2", False),
    ],
)
def test_all_and_any(match: str, a: str, b: str, wanted: bool) -> None:
    filter_ = read_filter({"match": match, "members": [is_("a", "1"), is_("b", "1")]})
    assert matches(filter_, {"a": a, "b": b}, CONTEXT) is wanted
    assert mask(filter_, pl.DataFrame({"a": [a], "b": [b]}), CONTEXT).to_list() == [wanted]


def test_groups_nest_three_deep_and_no_deeper() -> None:
    inner: dict[str, Any] = {"match": "any", "members": [is_("a", "1"), is_("a", "2")]}
    three = {"match": "all", "members": [{"match": "any", "members": [inner, is_("a", "9")]}, is_("b", "1")]}
    filter_ = read_filter(three)
    rows = [{"a": "2", "b": "1"}, {"a": "3", "b": "1"}, {"a": "9", "b": "1"}, {"a": "1", "b": "2"}]
    assert [matches(filter_, row, CONTEXT) for row in rows] == [True, False, True, False]
    assert mask(filter_, pl.DataFrame(rows), CONTEXT).to_list() == [True, False, True, False]
    four = {"members": [three]}
    assert found(four) == [("filter_too_deep", None)]
    with pytest.raises(InputProblem, match="deeper than 3"):
        matches(read_filter(four), rows[0], CONTEXT)


def test_groups_without_members() -> None:
    frame = pl.DataFrame({"a": [1, 2]})
    assert mask(Group(match="all", members=()), frame, CONTEXT).to_list() == [True, True]
    assert mask(Group(match="any", members=()), frame, CONTEXT).to_list() == [False, False]


def test_a_list_of_conditions_must_all_match() -> None:
    filter_ = read_filter([is_("a", "1"), is_("b", "1")])
    assert matches(filter_, {"a": "1", "b": "1"}, CONTEXT)
    assert not matches(filter_, {"a": "1", "b": "2"}, CONTEXT)


def test_dotted_columns_lead_into_objects_unless_there_is_such_a_key() -> None:
    filter_ = read_filter(is_("customer.city", "Seoul"))
    rows: list[dict[str, Any]] = [
        {"customer": {"city": "Seoul"}},
        {"customer": {"city": "Busan"}},
        {"customer": None},
        {"customer": {"city": "Busan"}, "customer.city": "Seoul"},
    ]
    assert [matches(filter_, row, CONTEXT) for row in rows] == [True, False, False, True]
    frame = pl.DataFrame([raw_series([row["customer"] for row in rows], "customer")])
    assert mask(filter_, frame, CONTEXT).to_list() == [True, False, False, False]


def test_a_column_that_is_not_there_is_null() -> None:
    assert not matches(read_filter(is_("x", "1")), {}, CONTEXT)
    assert mask(read_filter({"column": "x", "operator": "is_empty"}), pl.DataFrame({"a": [1]}), CONTEXT).to_list() == [
        True
    ]


@pytest.mark.parametrize(
    ("written", "problems"),
    [
        ({"operator": "is"}, [("option_missing", "column")]),
        ({"column": "a", "operator": "iss"}, [("option_choice", "operator")]),
        ({"column": "a", "type": "numbr", "operator": "is"}, [("option_choice", "type")]),
        ({"column": "a", "operator": "is", "valu": 1}, [("option_unknown", "valu")]),
        ({"column": 1, "operator": "is"}, [("option_type", "column")]),
        ({"column": "", "operator": "is"}, [("option_limits", "column")]),
        ([{"column": "a"}], [("option_missing", "[0].operator")]),
        ({"members": [{"members": [{"column": "a"}]}]}, [("option_missing", "members[0].members[0].operator")]),
        ({"column": LATER, "operator": "is"}, [("option_reference", "column")]),
        ("a = 1", [("option_type", None)]),
    ],
)
def test_what_is_no_filter_is_said_with_its_path(written: Any, problems: list[tuple[str, str | None]]) -> None:
    with pytest.raises(ProblemList) as caught:
        read_filter(written)
    assert [(problem.code, problem.place.field) for problem in caught.value.problems] == problems
    assert all(problem.message("ko") and problem.hint("en") for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ({"column": "aa", "operator": "is", "value": 1}, ("column_unknown_near", "column")),
        ({"column": "zzz", "operator": "is", "value": 1}, ("column_unknown", "column")),
        ({"column": "a", "operator": "is"}, ("filter_value_missing", "value")),
        (
            {"column": "a", "operator": "is", "value": {"x": []}, "type": "number"},
            ("filter_operator_of_other_type", "operator"),
        ),
        ({"column": "a", "operator": "equals", "value": "x", "type": "number"}, ("filter_value_unreadable", "value")),
        ({"column": "a", "operator": "equals", "type": "number"}, ("filter_value_missing", "value")),
        ({"column": "a", "operator": "between", "value": 3, "type": "number"}, ("filter_value_missing", "value")),
        (
            {"column": "a", "operator": "between", "value": 3, "value_to": 1, "type": "number"},
            ("filter_range_reversed", "value"),
        ),
        (
            {"column": "a", "operator": "is", "value": "03/04/2026", "type": "datetime"},
            ("filter_value_unreadable", "value"),
        ),
        (
            {"column": "a", "operator": "between", "value": "2026-02-01", "value_to": "2026-01-01", "type": "datetime"},
            ("filter_range_reversed", "value"),
        ),
        ({"column": "a", "operator": "in_the_last", "value": 0, "type": "datetime"}, ("filter_span", "value")),
        (
            {"column": "a", "operator": "in_the_last", "value": Decimal("1.5"), "type": "datetime"},
            ("filter_span", "value"),
        ),
        ({"column": "a", "operator": "in_the_last", "value": "many", "type": "datetime"}, ("filter_span", "value")),
        ({"column": "a", "operator": "in_the_next", "type": "datetime"}, ("filter_value_missing", "value")),
        ({"column": "a", "operator": "matches_pattern", "value": "(a"}, ("filter_pattern_invalid", "value")),
        ({"column": "a", "operator": "matches_pattern", "value": "(?=a)"}, ("filter_pattern_invalid", "value")),
        (
            {"column": "a", "operator": "matches_pattern", "value": "(a{1000}){1000}"},
            ("filter_pattern_invalid", "value"),
        ),
        ({"column": "a", "operator": "matches_pattern", "value": "a" * 1001}, ("filter_pattern_too_long", "value")),
        ({"column": "a", "operator": "is_one_of", "value": ["x"] * 10_001}, ("filter_choices_too_many", "value")),
        ({"column": "a", "operator": "is_one_of", "value": ["x", None]}, ("filter_value_missing", "value")),
        (
            {"column": "a", "operator": "is", "value": {"fileId": 1, "name": 1, "mediaType": 1, "size": 1}},
            ("filter_value_not_text", "value"),
        ),
    ],
)
def test_what_cannot_work_is_found_before_any_row(condition: Any, problem: tuple[str, str]) -> None:
    assert found(condition, ["a", "b"]) == [problem]
    assert found([is_("b", 1), condition], ["a", "b"]) == [(problem[0], f"members[1].{problem[1]}")]


def test_values_of_later_are_not_looked_at() -> None:
    assert found({"column": "a", "operator": "equals", "value": LATER, "type": "number"}) == []
    assert found({"column": "a", "operator": "is_one_of", "value": ["x", LATER]}) == []
    assert found({"column": "a", "operator": "is_true", "value": LATER}) == [
        ("filter_operator_of_other_type", "operator")
    ]


def test_too_many_conditions_are_refused() -> None:
    assert found([is_("a", "1")] * 501) == [("filter_too_many", None)]


def test_a_hostile_pattern_takes_linear_time() -> None:
    filter_ = read_filter({"column": "x", "operator": "matches_pattern", "value": "^(a|a)*(a+)+$"})
    begun = time.process_time()
    assert not matches(filter_, {"x": "a" * 100_000 + "b"}, CONTEXT)
    assert time.process_time() - begun < 20


def test_a_comment_at_the_end_of_a_pattern_does_no_harm() -> None:
    filter_ = Condition(column="x", operator="matches_pattern", value="(?x) b # the letter")
    assert matches(filter_, {"x": "ABC"}, CONTEXT)


def test_identity_is_by_value_and_kind() -> None:
    assert identity(1) == identity(Decimal("1.00"))
    assert len({identity(value) for value in (1, True, "1", None, "", [1], ["1"], {"a": 1}, {"a": True})}) == 9
    assert identity("café") == identity("cafe\u0301")
    assert identity({"a": [1], "b": 2}) == identity({"b": Decimal("2.0"), "a": [Decimal(1)]})
