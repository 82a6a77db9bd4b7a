"""The table of cases, and each operation against a plain implementation row by row."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from outcode.values.filters import identity
from outcode.values.json import Json, dumps
from outcode.values.tables import read_options, run_table
from outcode.values.tables.options import Operation
from outcode.values.tables.result import TableResult
from outcode.values.types import ReadContext, is_empty

CONTEXT = ReadContext(ZoneInfo("Asia/Seoul"), datetime(2026, 11, 21, tzinfo=UTC))
Row = dict[str, Any]


class _Loader(yaml.SafeLoader):
    """YAML with exact numbers."""


_Loader.add_constructor("!n", lambda loader, node: Decimal(str(loader.construct_scalar(node))))  # type: ignore[arg-type]  # only scalars have the tag
CASES: list[dict[str, Any]] = yaml.load(
    (Path(__file__).parents[1] / "cases" / "tables" / "tables.yaml").read_text("utf-8"), _Loader
)


def run(operation: Operation, rows: list[Any], other: list[Any] | None = None, **options: Json) -> TableResult:
    return run_table(rows, other, read_options(operation, options), CONTEXT)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_the_result_is_that_of_the_table(case: dict[str, Any]) -> None:
    before = dumps([case["rows"], case.get("other")])
    result = run(case["operation"], case["rows"], case.get("other"), **case["options"])
    assert dumps(result.rows) == dumps(case["result"]), "values, kinds and the order of keys"
    assert result.meta["errors_by_column"] == case.get("errors", {})
    assert result.meta["error_count"] == sum(case.get("errors", {}).values()) == len(result.meta["errors"])
    assert (result.meta["row_count"], result.meta["input_count"]) == (len(case["result"]), len(case["rows"]))
    assert dumps([case["rows"], case.get("other")]) == before, "what goes in is not changed"


CELLS = st.one_of(
    st.none(),
    st.integers(-3, 3),
    st.sampled_from(
        [Decimal("1.0"), Decimal("0.5"), 10**30, "", " ", "1", "a", "é", "e\u0301", True, False, [1], {"x": 1}]
    ),
)
ONE_KIND = st.one_of(
    *(
        st.lists(st.one_of(st.none(), cell), max_size=8)
        for cell in (st.integers(-3, 3), st.sampled_from(["a", "é", "e\u0301"]))
    ),
    st.lists(CELLS, max_size=8),
)
ROWS = st.tuples(ONE_KIND, ONE_KIND).map(
    lambda columns: [{"n": n, "k": k, "v": v} for n, (k, v) in enumerate(zip(*columns, strict=False))]
)


@settings(max_examples=150, deadline=None)
@given(ROWS)
def test_groups_hold_the_rows_with_equal_keys(rows: list[Row]) -> None:
    summaries: list[Json] = [
        {"function": "count", "name": "rows"},
        {"function": "first", "column": "n", "name": "first"},
        {"function": "last", "column": "n", "name": "last"},
        {"function": "count", "column": "v", "name": "filled"},
    ]
    groups: dict[object, list[Row]] = {}
    for row in rows:
        groups.setdefault(identity(row["k"]), []).append(row)
    wanted = [
        {
            "k": group[0]["k"],
            "rows": len(group),
            "first": group[0]["n"],
            "last": group[-1]["n"],
            "filled": sum(not is_empty(row["v"]) for row in group),
        }
        for group in groups.values()
    ]
    assert dumps(run("group", rows, keys=["k"], summaries=summaries).rows) == dumps(wanted)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(-(10**19), 10**19), st.decimals(-9, 9, places=3)), max_size=8))
def test_sums_and_averages_are_exact(numbers: list[Any]) -> None:
    given_numbers = [Decimal(number) for number in numbers if number is not None]
    rows = [{"n": number} for number in numbers]
    summaries: list[Json] = [{"function": "sum", "column": "n"}, {"function": "average", "column": "n"}]
    for row in run("group", rows, summaries=summaries).rows:
        total = sum(given_numbers)
        assert row["sum_n"] == (total if given_numbers else None)
        if given_numbers:
            assert abs(row["average_n"] - total / len(given_numbers)) < Decimal("1e-8")


@settings(max_examples=150, deadline=None)
@given(ROWS, st.sampled_from(["first", "last"]))
def test_one_of_each_kind_stays(rows: list[Row], keep: str) -> None:
    found = run("remove_duplicates", rows, keys=["k"], keep=keep).rows
    kept: dict[object, int] = {}
    for row in rows:
        if keep == "last":
            kept[identity(row["k"])] = row["n"]
        else:
            kept.setdefault(identity(row["k"]), row["n"])
    assert [row["n"] for row in found] == sorted(kept.values())


@settings(max_examples=150, deadline=None)
@given(ROWS, st.booleans())
def test_sorting_is_stable_and_leaves_the_empty_for_the_end(rows: list[Row], descending: bool) -> None:
    order = "descending" if descending else "ascending"
    found = run("sort", rows, keys=[{"column": "k", "order": order}]).rows
    assert sorted(row["n"] for row in found) == list(range(len(rows)))
    empty = [is_empty(row["k"]) for row in found]
    assert empty == sorted(empty)
    for _, group in groupby(found, key=lambda row: None if is_empty(row["k"]) else identity(row["k"])):
        numbers = [row["n"] for row in group]
        assert numbers == sorted(numbers)
    distinct = [key for key, _ in groupby(identity(row["k"]) for row in found if not is_empty(row["k"]))]
    assert len(distinct) == len(set(distinct))


@settings(max_examples=150, deadline=None)
@given(ROWS, ROWS, st.sampled_from(["inner", "left", "anti"]))
def test_a_join_pairs_all_rows_with_equal_keys(rows: list[Row], others: list[Row], kind: str) -> None:
    found = run("join", rows, [{"k": row["k"], "m": row["n"]} for row in others], keys=["k"], kind=kind).rows
    wanted: list[tuple[int, int | None]] = []
    for row in rows:
        key = None if is_empty(row["k"]) else identity(row["k"])
        partners = [other["n"] for other in others if key is not None and identity(other["k"]) == key]
        if kind == "anti":
            wanted += [] if partners else [(row["n"], None)]
        else:
            wanted += [(row["n"], partner) for partner in partners]
            wanted += [(row["n"], None)] if kind == "left" and not partners else []
    assert [(row["n"], row.get("m")) for row in found] == wanted
