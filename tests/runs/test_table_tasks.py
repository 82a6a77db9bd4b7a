"""Table tasks in runs: from a script's rows to a sorted table, with what stands around them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from outcode.apps.registry import all_apps
from outcode.flows.check import check_dataflow
from outcode.flows.plain import parse_flow
from outcode.values.problems import restored
from tests.conftest import Place
from tests.support.flows import run, script

ORDERS = """
return [
  {id: 1, customer: "c1", total: "₩12,000", day: "2026-11-20"},
  {id: 2, customer: "c2", total: "5,000원", day: "2026년 11월 21일"},
  {id: 3, customer: "c1", total: "oops", day: "2026-11-21"},
  {id: 4, customer: "c3", total: "₩700", day: "2026-11-01"},
  {id: 5, customer: "c1", total: "(1,000)", day: "2026-11-21"},
]
"""


def table(action: str, rows: str, **inputs: Any) -> dict[str, Any]:
    return {"app": "table", "action": action, "inputs": {"rows": rows, **inputs}}


FLOW = {
    "a": script(ORDERS),
    "b": script("return [{customer: 'c1', name: 'Kim'}, {customer: 'c2', name: 'Lee'}]"),
    "c": script("return {from: '2026-11-20'}"),
    "d": table(
        "transform_type",
        "{{a}}",
        columns=[
            {"column": "total", "type": {"kind": "currency", "code": "KRW"}},
            {"column": "day", "type": "datetime"},
        ],
    ),
    "e": table(
        "filter",
        "{{d}}",
        conditions=[{"column": "day", "type": "datetime", "operator": "is_on_or_after", "value": "{{c.from}}"}],
    ),
    "f": table(
        "group",
        "{{e}}",
        keys=["customer"],
        summaries=[{"function": "sum", "column": "total", "name": "total"}, {"function": "count", "name": "orders"}],
    ),
    "g": table("join", "{{f}}", other="{{b}}", keys=["customer"], kind="left"),
    "h": table("sort", "{{g}}", keys=[{"column": "name", "order": "descending"}]),
    "i": table("set_columns", "{{h}}", columns=[{"name": "text", "formula": "name & ': ' & total / orders"}]),
}


async def result(place: Place, run_id: str, letter: str) -> Any:
    return await place.instance.history.result(place.scope, run_id, letter)


async def test_rows_go_from_a_script_through_every_kind_of_task(place: Place) -> None:
    found = await run(place, FLOW)
    assert found.state == "done", found
    typed = await result(place, found.id, "d")
    assert [row["total"] for row in typed.value] == [12000, 5000, None, 700, -1000]
    assert [row["day"] for row in typed.value][:2] == ["2026-11-20", "2026-11-21"]
    assert typed.meta["error_count"] == 1
    assert typed.meta["errors_by_column"] == {"total": 1}
    assert [(error["row"], error["column"], error["raw"]) for error in typed.meta["errors"]] == [(3, "total", "oops")]
    kept = await result(place, found.id, "e")
    assert [row["id"] for row in kept.value] == [1, 2, 3, 5]
    assert (kept.meta["row_count"], kept.meta["input_count"]) == (4, 5)
    ended = await result(place, found.id, "i")
    assert ended.value == [
        {"customer": "c2", "total": 5000, "orders": 1, "name": "Lee", "text": "Lee: 5000"},
        {
            "customer": "c1",
            "total": 11000,
            "orders": 3,
            "name": "Kim",
            "text": "Kim: 3666.6666666666666666666666666666666667",
        },
    ]


async def test_meta_and_rows_are_what_later_tasks_refer_to(place: Place) -> None:
    tasks = {
        "a": script("return [{n: '1.10'}, {n: 'x'}, {n: '2.20'}]"),
        "b": table("transform_type", "{{a}}", columns=[{"column": "n", "type": "number"}]),
        "c": script(
            "return input", input={"errors": "{{b.$meta.error_count}}", "all": "{{b[*].n | default(0) | sum}}"}
        ),
    }
    found = await run(place, tasks)
    assert found.state == "done", found
    assert (await result(place, found.id, "c")).value == {"errors": 1, "all": Decimal("3.3")}


async def test_a_column_that_is_not_there_fails_the_task_with_its_place(place: Place) -> None:
    tasks = {
        "a": script("return [{price: 1}]"),
        "b": table("set_columns", "{{a}}", columns=[{"name": "x", "formula": "2 * pricee"}]),
    }
    found = await run(place, tasks)
    assert found.state == "failed"
    assert found.error is not None
    problem = restored(found.error)
    assert problem.as_dict()["problems"][0]["place"]["field"] == "inputs.columns[0].formula"
    assert "price" in problem.as_dict()["problems"][0]["hint"]


def test_the_flow_of_these_tests_can_be_saved() -> None:
    document = parse_flow({"outcode": 1, "kind": "dataflow", "name": "Tables", "tasks": FLOW})
    assert check_dataflow(document, all_apps()) == []
