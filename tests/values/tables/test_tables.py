"""What table tasks refuse, what they carry through unchanged, and where their errors stop being listed."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from outcode.values.json import Json
from outcode.values.problems import InputProblem, Problem, ProblemList, TooLarge
from outcode.values.tables import (
    Aggregate,
    aggregate,
    average,
    cells_from,
    check_options,
    from_rows,
    read_options,
    run_table,
)
from outcode.values.tables.options import MAX_ROWS, Operation
from outcode.values.tables.result import TableResult
from outcode.values.types import ReadContext

CONTEXT = ReadContext(ZoneInfo("Asia/Seoul"), datetime(2026, 11, 21, tzinfo=UTC))


def run(operation: Operation, rows: list[Any], other: list[Any] | None = None, **options: Json) -> TableResult:
    return run_table(rows, other, read_options(operation, options), CONTEXT)


def problem_of(operation: Operation, rows: list[Any], other: list[Any] | None = None, **options: Json) -> Problem:
    with pytest.raises(InputProblem) as caught:
        run(operation, rows, other, **options)
    return caught.value.problems[0] if isinstance(caught.value, ProblemList) else caught.value


@pytest.mark.parametrize(
    ("operation", "options", "field"),
    [
        ("filter", {"conditions": {"column": "pricee", "operator": "is", "value": 1}}, "conditions.column"),
        ("filter", {"conditions": [{"column": "pricee", "operator": "is_empty"}]}, "conditions.members[0].column"),
        ("transform_type", {"columns": [{"column": "pricee", "type": "text"}]}, "columns[0].column"),
        ("sort", {"keys": ["price", "pricee"]}, "keys[1].column"),
        ("group", {"keys": ["pricee"]}, "keys[0]"),
        ("group", {"summaries": [{"function": "sum", "column": "pricee"}]}, "summaries[0].column"),
        ("remove_duplicates", {"keys": ["pricee"]}, "keys[0]"),
        ("join", {"keys": [{"left": "pricee", "right": "price"}]}, "keys[0].left"),
        ("join", {"keys": [{"left": "price", "right": "pricee"}]}, "keys[0].right"),
    ],
)
def test_a_column_that_no_row_has_is_refused(operation: Operation, options: dict[str, Json], field: str) -> None:
    problem = problem_of(operation, [{"price": 1}], [{"price": 1}], **options)
    assert (problem.code, problem.place.field) == ("column_unknown_near", field)
    assert problem.hint() == "Did you mean price?"
    assert run(operation, [], [], **options).rows == []


def test_an_unknown_column_of_a_formula_is_refused_with_its_place() -> None:
    problem = problem_of("set_columns", [{"price": 1}], columns=[{"name": "x", "formula": "2 * pricee"}])
    assert (problem.code, problem.place.field, problem.place.offset) == (
        "formula_column_unknown_near",
        "columns[0].formula",
        4,
    )


def test_a_value_that_cannot_be_read_fails_the_filter() -> None:
    condition = {"column": "a", "type": "number", "operator": "equals", "value": "x"}
    assert problem_of("filter", [{"a": 1}], conditions=condition).code == "filter_value_unreadable"


@pytest.mark.parametrize(
    ("operation", "options", "found"),
    [
        ("filter", {}, [("option_missing", "conditions")]),
        ("filter", {"conditions": {"column": "a"}}, [("option_missing", "conditions.operator")]),
        ("filter", {"conditions": [{"column": "a"}]}, [("option_missing", "conditions[0].operator")]),
        ("limit", {"count": "five"}, [("option_type", "count")]),
        ("limit", {"count": 1, "from": 2}, [("option_unknown", "from")]),
        ("join", {"keys": ["a"], "kind": "outer"}, [("option_choice", "kind")]),
        ("transform_type", {"columns": [{"column": "a", "type": "money"}]}, [("option_choice", "columns[0].type")]),
        (
            "transform_type",
            {"columns": [{"column": "a", "type": {"kind": "currency", "code": "XXQ"}}]},
            [("type_currency_unknown", None)],
        ),
    ],
)
def test_options_are_checked_without_rows(operation: Operation, options: dict[str, Json], found: list[Any]) -> None:
    assert [(problem.code, problem.place.field) for problem in check_options(operation, options)] == found


def test_rows_that_stay_are_the_very_same_objects() -> None:
    rows: list[dict[str, Any]] = [{"a": 2, "x": {"y": [Decimal("1.50"), 10**50, None]}}, {"b": "\ud800", "a": 1}]
    assert [id(row) for row in run("sort", rows, keys=["a"]).rows] == [id(rows[1]), id(rows[0])]
    assert run("remove_duplicates", rows).rows[1] is rows[1]
    assert run("transform_type", rows, columns=[{"column": "a", "type": "text"}]).rows[0]["x"] is rows[0]["x"]
    assert rows[0]["a"] == 2


def test_half_characters_from_scripts_pass_through() -> None:
    rows = [{"a": "\ud800", "n": 1}, {"a": "x", "n": 2}]
    assert run("limit", rows, count=1).rows == rows[:1]
    assert run("sort", rows, keys=["n"]).rows == rows


def test_errors_are_listed_up_to_a_limit_and_all_counted() -> None:
    rows = [{"a": "x" * 500, "b": "1"} for _ in range(1_500)]
    columns = [{"column": "a", "type": "number"}, {"column": "b", "type": "number"}]
    meta = run("transform_type", rows, columns=columns).meta
    assert (meta["error_count"], meta["errors_by_column"], len(meta["errors"])) == (1_500, {"a": 1_500}, 1_000)
    assert len(meta["errors"][0]["raw"]) == 200
    assert meta["errors"][-1]["row"] == 1_000
    assert meta["errors"][0]["problem"]["code"] == "cell_number_unreadable"
    divided = run("set_columns", [{"a": 0}] * 1_500, columns=[{"name": "x", "formula": "1 / a"}]).meta
    assert (divided["error_count"], len(divided["errors"])) == (1_500, 1_000)


def test_a_join_that_explodes_is_refused() -> None:
    rows = [{"k": 1}] * 1_001
    with pytest.raises(TooLarge) as caught:
        run("join", rows, rows, keys=["k"])
    assert caught.value.code == "join_too_large"


def test_tables_beyond_a_million_rows_are_refused() -> None:
    with pytest.raises(TooLarge):
        run("limit", [{}] * (MAX_ROWS + 1), count=1)


def test_names_that_are_taken_twice_get_the_prefix_twice() -> None:
    rows = run("join", [{"k": 1, "a": 1, "other_a": 2}], [{"k": 1, "a": 3}], keys=["k"]).rows
    assert rows == [{"k": 1, "a": 1, "other_a": 2, "other_other_a": 3}]


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        (["a", None], pl.String()),
        ([True, None], pl.Boolean()),
        ([1, None], pl.Int64()),
        ([1, Decimal("2.50"), None], pl.Decimal(38, 2)),
        ([Decimal(10**37), Decimal("0.01")], pl.Object()),
        ([10**30], pl.Object()),
        ([1, "1"], pl.Object()),
        ([[1]], pl.Object()),
        (["\ud800"], pl.Object()),
        ([None], pl.String()),
    ],
)
def test_columns_are_typed_where_nothing_is_lost(cells: list[Json], dtype: pl.DataType) -> None:
    frame = from_rows([{"a": cell} for cell in cells])
    assert frame["a"].dtype == dtype
    assert cells_from(frame["a"]) == cells


def test_aggregates_of_frames_are_exact_where_polars_would_wrap_around() -> None:
    big = Decimal(9 * 10**36)
    frame = pl.DataFrame({"k": ["a"] * 20, "n": pl.Series([big] * 20, dtype=pl.Decimal(38, 0))})
    assert aggregate(frame, ["k"], [Aggregate("sum", "n")])["0"].to_list() == [20 * big]
    small = pl.DataFrame(
        {"k": ["b", "a", "b"], "n": pl.Series([Decimal("0.1"), None, Decimal("0.2")], dtype=pl.Decimal(38, 1))}
    )
    found = aggregate(small, ["k"], [Aggregate("sum", "n"), Aggregate("count", "n"), Aggregate("rows")])
    assert found.rows() == [("b", Decimal("0.3"), 2, 2), ("a", None, 0, 1)]


def test_averages_have_38_digits() -> None:
    assert average(2, 3) == Decimal("0.66666666666666666666666666666666666667")
    assert average(4, 2) == 2
    assert average(None, 0) is None
