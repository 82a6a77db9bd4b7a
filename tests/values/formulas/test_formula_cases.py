"""The table of cases, through one row at a time and through a whole frame alike; and the two proved equal."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcode.values.formulas import evaluate, evaluate_frame, parse_formula
from outcode.values.json import Json, loads
from outcode.values.problems import InputProblem
from outcode.values.tables import cells_from, from_rows

CASES = Path(__file__).parents[1] / "cases" / "formulas" / "formulas.tsv"
Row = dict[str, Any]


def cases() -> Iterator[Any]:
    for number, line in enumerate(CASES.read_text("utf-8").splitlines(), 1):
        if line and not line.startswith("#"):
            formula, row, wanted = line.split("\t")
            yield pytest.param(formula, loads(row), wanted, id=f"{number}: {formula}")


def scalar(formula: str, row: Row) -> Json:
    """The value, or ``(code,)`` of the problem."""
    try:
        return evaluate(parse_formula(formula), row)
    except InputProblem as problem:
        return (problem.code,)


def columnar(formula: str, rows: list[Row]) -> list[Json]:
    parsed = parse_formula(formula)
    names = [column.name for column in parsed.columns]
    frame = from_rows(rows, names) if names else pl.DataFrame({"": [None] * len(rows)})
    computed = evaluate_frame(parsed, frame)
    cells = cells_from(computed.values)
    assert all(cells[row] is None for row in computed.problems)
    return [(computed.problems[row].code,) if row in computed.problems else cell for row, cell in enumerate(cells)]


def same(left: Json, right: Json) -> bool:
    return type(left) is type(right) and bool(left == right) and str(left) == str(right)


@pytest.mark.parametrize(("formula", "row", "written"), list(cases()))
def test_a_row_and_a_frame_give_the_value_of_the_table(formula: str, row: Row, written: str) -> None:
    wanted = (written,) if written.replace("_", "").isalpha() and "_" in written else loads(written)
    assert same(scalar(formula, row), wanted)
    assert same(columnar(formula, [row])[0], wanted)
    among_others = columnar(formula, [{}, row, dict.fromkeys(row, "x"), dict.fromkeys(row, 7)])
    assert same(among_others[1], wanted)


NUMBERS = st.one_of(
    st.integers(-20, 20),
    st.decimals(-100, 100, places=2),
    st.integers(-(10**40), 10**40),
    st.decimals(allow_nan=False, allow_infinity=False, places=20, min_value=-(10**15), max_value=10**15),
)
CELLS = st.one_of(st.none(), NUMBERS, st.sampled_from(["", "a", "B", "é", "e\u0301", "12"]), st.booleans())
ATOMS = st.one_of(
    st.sampled_from(["a", "b", "c", "null", "true", "'x'", "0", "2", "0.5", "1000000000000000000000"]),
)
FORMULAS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "&", "=", "!=", "<", "<=", ">", ">="]), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        ),
        inner.map(lambda part: f"(-{part})"),
        st.tuples(inner, inner, inner).map(lambda parts: f"if({parts[0]}, {parts[1]}, {parts[2]})"),
        st.tuples(inner, st.sampled_from(["upper", "round(1)", "default(0)", "json", "number"])).map(
            lambda parts: f"({parts[0]} | {parts[1]})"
        ),
    ),
    max_leaves=6,
)


def columns_of_one_kind(draw: st.DrawFn) -> list[Row]:
    """Rows whose columns are each of one kind, as tables mostly are: that is what Polars computes."""
    count = draw(st.integers(1, 5))
    kinds = [st.integers(-50, 50), st.decimals(-50, 50, places=2), st.sampled_from(["a", "é", ""]), st.booleans()]
    columns = {}
    for name in "abc":
        cell = st.one_of(st.none(), draw(st.sampled_from(kinds)))
        columns[name] = draw(st.lists(cell, min_size=count, max_size=count))
    return [{name: columns[name][row] for name in "abc"} for row in range(count)]


@settings(max_examples=300, deadline=None)
@given(
    FORMULAS,
    st.one_of(
        st.composite(columns_of_one_kind)(),
        st.lists(st.fixed_dictionaries({"a": CELLS, "b": CELLS, "c": CELLS}), min_size=1, max_size=5),
    ),
)
def test_the_columns_values_are_those_of_its_rows(formula: str, rows: list[Row]) -> None:
    found, wanted = columnar(formula, rows), [scalar(formula, row) for row in rows]
    assert all(same(one, other) for one, other in zip(found, wanted, strict=True)), (found, wanted)


@pytest.mark.parametrize("formula", ["a * b + 1", "a - b > 0.5", "if(a > b, 'more', c)", "-a * 2", "c & c", "c = 'x'"])
def test_columns_of_one_kind_are_computed_by_polars(formula: str) -> None:
    frame = pl.DataFrame(
        {"a": pl.Series([Decimal("1.5"), None], dtype=pl.Decimal(38, 2)), "b": [2, 3], "c": ["x", None]}
    )
    assert evaluate_frame(parse_formula(formula), frame).values.dtype != pl.Object


def test_products_that_may_not_fit_38_digits_stay_exact() -> None:
    big = 10**37 + 1
    frame = pl.DataFrame({"a": pl.Series([Decimal(big)], dtype=pl.Decimal(38, 0))})
    assert evaluate_frame(parse_formula("a * a"), frame).values.to_list() == [big * big]


def test_decimals_beyond_polars_scale_stay_exact() -> None:
    frame = pl.DataFrame({"a": pl.Series([Decimal("0.00000000000000000001")], dtype=pl.Decimal(38, 20))})
    assert evaluate_frame(parse_formula("a * a"), frame).values.to_list() == [Decimal("1E-40")]
