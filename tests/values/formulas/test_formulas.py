"""What is refused when a formula is saved, at which place and in which words."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcode.values.formulas import check_formula, evaluate, parse_formula
from outcode.values.problems import InputProblem


@pytest.mark.parametrize(
    ("formula", "code", "offset"),
    [
        ("", "formula_empty", 0),
        ("  ", "formula_empty", 2),
        ("1 +", "formula_incomplete", 3),
        ("(1", "formula_incomplete", 2),
        ("1)", "formula_syntax", 1),
        ("a b", "formula_syntax", 2),
        ("a * * b", "formula_syntax", 4),
        ("1 < 2 < 3", "formula_syntax", 6),
        ("1.2.3", "formula_syntax", 0),
        ("1a", "formula_syntax", 0),
        ("007", "formula_syntax", 0),
        ("a ; b", "formula_syntax", 2),
        ("a.__class__()", "formula_function_unknown", 0),
        ("__import__('os')", "formula_function_unknown", 0),
        ("'abc", "formula_text_unclosed", 0),
        ('1 & "abc', "formula_text_unclosed", 4),
        ("{}", "formula_syntax", 0),
        ("{a", "formula_syntax", 0),
        ("{{a.x}} + 1", "formula_reference", 0),
        ("price * {{a.rate}}", "formula_reference", 8),
        ("sum(a)", "formula_pipe_called", 0),
        ("foo(a)", "formula_function_unknown", 0),
        ("if(a, 1)", "formula_if_arguments", 0),
        ("if(a, 1, 2, 3)", "formula_if_arguments", 0),
        ("if(a, 1, 2", "formula_incomplete", 10),
        ("a | uper", "pipe_unknown_near", 4),
        ("a | qqqqqq", "pipe_unknown", 4),
        ("a | round('x')", "pipe_arguments", 4),
        ("a | round(b)", "formula_syntax", 10),
        ("a | 5", "formula_syntax", 4),
        ("a | round(2) * 3", "formula_syntax", 13),
        ("a\n  + $", "formula_syntax", 6),
        ("1" + "0" * 5000, "formula_too_long", 4000),
        ("(" * 31 + "1" + ")" * 31, "formula_too_deep", 30),
        ("1" + "+1" * 200, "formula_too_large", 301),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(formula: str, code: str, offset: int) -> None:
    (problem,) = check_formula(formula, None)
    assert (problem.code, problem.place.offset) == (code, offset)
    assert problem.message("ko") != problem.message("en")


def test_the_place_has_line_and_column() -> None:
    (problem,) = check_formula("a\n  + $", None)
    assert (problem.place.line, problem.place.column) == (2, 5)


def test_every_unknown_column_is_named_with_the_nearest() -> None:
    found = check_formula("pricee * quantty + rate.x + zzz", ["price", "quantity", "rate"])
    assert [(problem.code, problem.place.offset) for problem in found] == [
        ("formula_column_unknown_near", 0),
        ("formula_column_unknown_near", 9),
        ("formula_column_unknown", 28),
    ]
    assert found[0].hint() == "Did you mean price?"
    assert "price, quantity, rate" in found[2].hint()


def test_a_problem_of_a_cell_shows_the_formula() -> None:
    with pytest.raises(InputProblem) as caught:
        evaluate(parse_formula("name | number"), {"name": "abc"})
    assert caught.value.message() == "“abc” is not a number (in name | number)."


def test_the_same_text_is_read_once() -> None:
    assert parse_formula("a + 1") is parse_formula("a + 1")


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=30), st.text(alphabet="ab12+-*/&=<>!(),|{}'\"\\ .if", max_size=40)))
def test_any_text_is_a_formula_or_a_problem_with_a_place(text: str) -> None:
    found = check_formula(text, ["a"])
    for problem in found:
        assert problem.place.offset is not None
        assert 0 <= problem.place.offset <= len(text)
        assert problem.hint("ko")
    if not found:
        with suppress(InputProblem):
            evaluate(parse_formula(text), {"a": 1})


def test_deep_but_allowed_formulas_are_worked_out() -> None:
    row: dict[str, Any] = {"a": 1}
    assert evaluate(parse_formula("a" + " + a" * 149), row) == 150
    assert evaluate(parse_formula("(" * 29 + "a" + ")" * 29), row) == 1
