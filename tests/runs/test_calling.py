"""Flows that call flows."""

from __future__ import annotations

from typing import Any

from outcode.flows.plain import parse_flow
from tests.conftest import Place
from tests.runs.test_waiting import until_waiting, wake
from tests.support.flows import ended, fails_with, result, run, script, started, step


async def save(place: Place, name: str, tasks: dict[str, Any], **more: Any) -> None:
    document = parse_flow({"outcode": 1, "kind": "dataflow", "name": name, "tasks": tasks, **more})
    flow = await place.instance.flows.save_by_name(place.scope, document.as_json(), None)
    await place.instance.publisher.publish(place.scope, flow.id, None)


def call(flow: str, **inputs: Any) -> dict[str, Any]:
    return step("call_dataflow", flow=flow, **inputs)


async def rows(place: Place) -> list[tuple[Any, ...]]:
    query = "SELECT flow_name, trigger, counted, parent_id IS NOT NULL, state FROM runs ORDER BY id"
    return [tuple(row) for row in await place.instance.database.pool.fetch(query)]


async def test_a_called_flow_is_a_run_of_its_own_and_its_result_comes_back(place: Place) -> None:
    await save(place, "Double", {"a": script("return {double: 2 * input.n}", input={"n": "{{trigger.body.n}}"})})
    found = await run(
        place, {"a": call("Double", input={"n": 21}), "b": step("set_values", values={"x": "{{a.double}}"})}
    )
    assert await result(place, found, "b") == {"x": 42}
    assert await rows(place) == [
        ("Test", "api", True, False, "done"),
        ("Double", "call", False, True, "done"),
    ]


async def test_a_flow_is_called_for_every_element(place: Place) -> None:
    await save(place, "Double", {"a": script("return {double: 2 * input.n}", input={"n": "{{trigger.body.n}}"})})
    tasks = {"a": script("return [1, 2, 3]"), "b": call("Double", input={"n": "{{a}}"})}
    found = await run(place, tasks)
    assert await result(place, found, "b") == [{"double": 2}, {"double": 4}, {"double": 6}]


async def test_without_waiting_the_runs_id_is_the_result(place: Place) -> None:
    await save(place, "Slow", {"a": step("delay", amount=1, unit="hours")})
    found = await run(place, {"a": call("Slow", wait=False)})
    child = await until_waiting(place, (await result(place, found, "a"))["run_id"])
    assert child.flow_name == "Slow"


async def test_a_caller_waits_without_a_worker_for_a_flow_that_waits(place: Place) -> None:
    await save(place, "Slow", {"a": step("delay", amount=1, unit="hours"), "b": script("return 5") | {"after": ["a"]}})
    run_id = await started(place, {"a": call("Slow"), "b": script("return input.x + 1", input={"x": "{{a}}"})})
    found = await until_waiting(place, run_id)
    assert found.waiting_for is not None
    assert found.waiting_for["kind"] == "call"
    child = await until_waiting(place, found.waiting_for["run"])
    await wake(place, child.id)
    found = await ended(place, run_id)
    assert await result(place, found, "b") == 6
    assert len(await rows(place)) == 2


async def test_the_failure_of_a_called_flow_is_that_of_the_task(place: Place) -> None:
    await save(place, "Bad", {"a": step("stop", message="No stock")})
    problem = await fails_with(place, {"a": call("Bad")})
    assert problem.code == "called_flow_failed"
    assert "No stock" in problem.message()
    assert "스스로" in problem.message("ko")


async def test_missing_inputs_and_unknown_flows_are_told(place: Place) -> None:
    await save(place, "Asks", {"a": script("return 1")}, inputs={"n": {"type": "number", "required": True}})
    assert (await fails_with(place, {"a": call("Asks")})).code == "input_missing"
    assert (await fails_with(place, {"a": call("Nobody")})).code == "called_flow_unknown"


async def test_flows_that_call_themselves_come_to_an_end(place: Place) -> None:
    await save(place, "Ouroboros", {"a": call("Ouroboros")})
    problem = await fails_with(place, {"a": call("Ouroboros")})
    assert problem.code == "called_flow_failed"
    assert len(await rows(place)) == 10


async def test_cancelling_a_run_cancels_those_that_it_called(place: Place) -> None:
    await save(place, "Slow", {"a": step("delay", amount=1, unit="hours")})
    run_id = await started(place, {"a": call("Slow")})
    found = await until_waiting(place, run_id)
    assert found.waiting_for is not None
    await place.instance.history.cancel(place.scope, run_id)
    assert {row[4] for row in await rows(place)} == {"cancelled"}
