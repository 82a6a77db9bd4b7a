from __future__ import annotations

from typing import Any

import pytest

from outcode.values.json import Json
from tests.conftest import Place
from tests.support.flows import fails_with, found_in, post, result, run, script, step
from tests.support.receiver import receiving

ORDERS = [{"id": 1, "total": 50}, {"id": 2, "total": 1500}, {"id": 3, "total": 700}, {"id": 4, "total": 2000}]


def condition(*branches: tuple[str, str, Any]) -> dict[str, Any]:
    """Branches of *name*, *left* and the number that it must exceed."""
    return step(
        "condition",
        branches=[
            {"name": name, "conditions": [{"left": left, "type": "number", "operator": "greater", "value": value}]}
            for name, left, value in branches
        ],
    )


ROWS = script(f"return {ORDERS}".replace("'", '"'))
SPLIT = condition(("big", "{{a.total}}", 1000), ("small", "{{a.total}}", 600))


async def test_a_condition_sends_each_element_along_the_first_branch_that_matches(place: Place) -> None:
    tasks = {
        "a": ROWS,
        "b": SPLIT,
        "c": step("set_values", ("b.big",), values={"id": "{{a.id}}"}),
        "d": step("set_values", ("b.small",), values={"id": "{{a.id}}"}),
        "e": step("set_values", ("b.otherwise",), values={"id": "{{a.id}}"}),
    }
    found = await run(place, tasks)
    assert found.state == "done"
    assert await result(place, found, "b") == {"taken": {"big": 2, "small": 1, "otherwise": 1}}
    for letter, ids in (("c", [2, 4]), ("d", [3]), ("e", [1])):
        assert await result(place, found, letter) == [{"id": number} for number in ids]


async def test_what_stands_behind_a_branch_stays_on_it_and_aligned(place: Place) -> None:
    tasks = {
        "a": ROWS,
        "b": SPLIT,
        "c": step("set_values", ("b.big",), values={"double": "{{a.total | multiply(2)}}"}),
        "d": step("set_values", values={"id": "{{a.id}}", "double": "{{c.double}}"}),
        "e": step("set_values", ("c",), values={"row": "{{row.number}}", "id": "{{a.id}}"}),
    }
    found = await run(place, tasks)
    assert await result(place, found, "d") == [{"id": 2, "double": 3000}, {"id": 4, "double": 4000}]
    assert await result(place, found, "e") == [{"row": 1, "id": 2}, {"row": 2, "id": 4}]


async def test_a_merge_of_all_branches_restores_the_order(place: Place) -> None:
    tasks = {
        "a": ROWS,
        "b": SPLIT,
        "c": step("set_values", ("b.big",), values={"id": "{{a.id}}", "size": "big"}),
        "d": step("set_values", ("b.otherwise",), values={"id": "{{a.id}}", "size": "tiny"}),
        "e": step("merge", mode="all", results=["{{c}}", "{{d}}"]),
        "f": step("set_values", values={"id": "{{a.id}}", "size": "{{e.size}}"}),
    }
    found = await run(place, tasks)
    sizes: Json = [{"id": 1, "size": "tiny"}, {"id": 2, "size": "big"}, {"id": 4, "size": "big"}]
    assert await result(place, found, "e") == sizes
    assert await result(place, found, "f") == sizes


async def test_the_other_branch_of_a_single_record_is_skipped_with_all_behind_it(place: Place) -> None:
    tasks = {
        "a": step("set_values", values={"total": 1200}),
        "b": condition(("big", "{{a.total}}", 1000)),
        "c": step("set_values", ("b.big",), values={"text": "big"}),
        "d": step("set_values", ("b.otherwise",), values={"text": "small"}),
        "e": step("set_values", values={"text": "{{d.text}}"}),
        "f": step("merge", mode="all", results=["{{c}}", "{{d}}"]),
        "g": step("set_values", values={"text": "{{f.text | upper}}"}),
    }
    found = await run(place, tasks)
    assert {task.letter: task.state for task in found.tasks} == {
        "a": "done", "b": "done", "c": "done", "d": "skipped", "e": "skipped", "f": "done", "g": "done",
    }  # fmt: skip
    assert {task.letter: task.reason for task in found.tasks if task.reason} == {"d": "branch", "e": "branch"}
    assert await result(place, found, "g") == {"text": "BIG"}


async def test_a_branch_that_nothing_takes_has_no_rows(place: Place) -> None:
    tasks = {
        "a": ROWS,
        "b": condition(("huge", "{{a.total}}", 9000)),
        "c": step("set_values", ("b.huge",), values={"id": "{{a.id}}"}),
        "d": script("return 'told'") | {"after": ["c"]},
    }
    found = await run(place, tasks)
    assert [(task.state, task.reason) for task in found.tasks[2:]] == [("skipped", "no_rows")] * 2


async def test_other_ways_to_merge(place: Place) -> None:
    tasks = {
        "a": script("return [{id: 1, x: 'a'}, {id: 2, x: 'b'}]"),
        "b": script("return [{id: 2, y: 'c'}]"),
        "c": step("merge", mode="append", results=["{{a}}", "{{b}}"]),
        "d": step("merge", mode="join", key="id", results=["{{a}}", "{{b}}"]),
        "e": step("merge", mode="all", results=["{{a}}", "{{b}}"]),
    }
    found = await run(place, tasks)
    assert await result(place, found, "c") == [{"id": 1, "x": "a"}, {"id": 2, "x": "b"}, {"id": 2, "y": "c"}]
    assert await result(place, found, "d") == [{"id": 2, "x": "b", "y": "c"}]
    assert await result(place, found, "e") == {
        "a": [{"id": 1, "x": "a"}, {"id": 2, "x": "b"}],
        "b": [{"id": 2, "y": "c"}],
    }


async def test_independent_tasks_run_at_the_same_time(place: Place) -> None:
    async with receiving(seconds=0.5) as receiver:
        found = await run(place, {letter: post(receiver, {}) for letter in "abc"})
        assert (found.state, receiver.most_at_once) == ("done", 3)


async def test_a_flow_stops_itself_with_its_own_message(place: Place) -> None:
    problem = await fails_with(
        place, {"a": step("stop", message="No stock of {{trigger.body.sku}}")}, body={"sku": "X"}
    )
    assert problem.code == "flow_stopped"
    assert problem.message() == "The flow stopped itself: No stock of X"


async def test_the_flow_goes_on_with_the_error_as_the_result(place: Place) -> None:
    tasks = {
        "a": script("throw new Error('nope')") | {"on_error": "continue"},
        "b": step("set_values", values={"code": "{{a.error.code}}"}),
    }
    found = await run(place, tasks)
    assert [task.state for task in found.tasks] == ["failed", "done"]
    assert await result(place, found, "b") == {"code": "script_runtime_error"}


async def test_failed_elements_go_along_the_error_branch(place: Place) -> None:
    check = "if (input.n % 2) throw new Error('odd'); return {half: input.n / 2}"
    tasks = {
        "a": script("return [{n: 1}, {n: 2}, {n: 3}, {n: 4}]"),
        "b": script(check, input={"n": "{{a.n}}"}) | {"on_error": "branch"},
        "c": step("set_values", values={"n": "{{a.n}}", "half": "{{b.half}}"}),
        "d": step("set_values", ("b.error",), values={"n": "{{a.n}}", "code": "{{b.error.code}}"}),
    }
    found = await run(place, tasks)
    assert (found.state, found.tasks[1].state, found.tasks[1].rows_failed) == ("done", "failed", 2)
    assert await result(place, found, "c") == [{"n": 2, "half": 1}, {"n": 4, "half": 2}]
    assert await result(place, found, "d") == [
        {"n": 1, "code": "script_runtime_error"},
        {"n": 3, "code": "script_runtime_error"},
    ]


async def test_the_error_branch_of_a_task_that_succeeds_is_not_taken(place: Place) -> None:
    tasks = {
        "a": script("return {x: 1}") | {"on_error": "branch"},
        "b": step("set_values", ("a.error",), values={"code": "{{a.error.code}}"}),
        "c": step("set_values", values={"x": "{{a.x}}"}),
    }
    found = await run(place, tasks)
    assert [task.state for task in found.tasks] == ["done", "skipped", "done"]


async def test_a_task_is_stopped_after_its_time(place: Place) -> None:
    slow = script("while (true);") | {"timeout_seconds": 1}
    problem = await fails_with(place, {"a": slow})
    assert problem.code == "task_timeout"


async def test_the_reply_of_a_flow_with_branches_is_that_of_the_last_task_that_ran(place: Place) -> None:
    tasks = {
        "a": step("set_values", values={"total": 5}),
        "b": condition(("big", "{{a.total}}", 1000)),
        "c": step("set_values", ("b.big",), values={"text": "big"}),
    }
    found = await run(place, tasks)
    assert [task.has_result for task in found.tasks] == [True, True, False]


@pytest.mark.parametrize(
    ("tasks", "code", "field"),
    [
        ({"a": SPLIT | {"inputs": {}}}, "field_required", "inputs.branches"),
        ({"a": ROWS, "b": condition(("x.y", "{{a.total}}", 1))}, "branch_name_invalid", "inputs.branches[0].name"),
        ({"a": ROWS, "b": condition(("error", "{{a.total}}", 1))}, "branch_name_reserved", "inputs.branches[0].name"),
        (
            {"a": ROWS, "b": condition(("x", "{{a.total}}", 1), ("x", "{{a.total}}", 2))},
            "branch_name_twice",
            "inputs.branches[1].name",
        ),
        (
            {"a": ROWS, "b": step("condition", branches=[{"name": "x", "conditions": [{"operator": "is"}]}])},
            "condition_left_missing",
            "inputs.branches[0].conditions[0]",
        ),
        (
            {"a": ROWS, "b": condition(("x", "{{a.total}}", "many"))},
            "filter_value_unreadable",
            "inputs.branches[0].conditions[0].value",
        ),
        ({"a": ROWS, "b": SPLIT, "c": step("stop", ("b.bg",), message="x")}, "after_branch_unknown", "after[0]"),
        ({"a": ROWS, "c": step("stop", ("a.big",), message="x")}, "after_no_branches", "after[0]"),
        ({"a": ROWS, "c": step("stop", ("a.error",), message="x")}, "after_no_error_branch", "after[0]"),
        (
            {"a": ROWS, "b": SPLIT, "c": step("stop", ("b.big", "b.small"), message="x")},
            "after_branches_exclude",
            "after[1]",
        ),
        ({"a": ROWS, "b": step("merge", results=["{{a.id}}", "{{a}}"])}, "merge_of_tasks_only", "inputs.results"),
        ({"a": ROWS, "b": step("merge", results=["{{a}}"])}, "merge_of_one", "inputs.results"),
    ],
)
async def test_steps_that_cannot_work_are_found_when_a_flow_is_saved(tasks: Any, code: str, field: str) -> None:
    (problem,) = found_in(tasks)
    assert (problem.code, problem.place.field) == (code, field)
