"""Tests of single tasks, the results that they stand on, and pinned results."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from outcode.engine.results import TaskResult
from outcode.flows.dataflow import Dataflow
from outcode.flows.plain import parse_flow
from outcode.server.access import CurrentInstance, CurrentScope, TeamRoute
from outcode.server.exact import answer
from outcode.server.language import Language
from outcode.server.models import TaskResultAnswer
from outcode.server.paging import Id, checked_id
from outcode.server.routes.flows import trigger_of
from outcode.server.routes.runs import Letter, ListLimit, ListOffset, result_answer
from outcode.server.trials import (
    EarlierResults,
    Pin,
    PinList,
    PinWrite,
    TaskTest,
    TaskTestStart,
    earlier_answer,
    trial_answer,
)
from outcode.values.problems import InputProblem, NotFound

router = APIRouter(prefix="/flows/{id}", tags=["tests"], route_class=TeamRoute)


@router.post("/tasks/{letter}/test", response_model=TaskTest, status_code=202)
async def test_task(
    request: Request,
    instance: CurrentInstance,
    scope: CurrentScope,
    flow_id: Id,
    letter: Letter,
    start: TaskTestStart,
    language: Language,
) -> Response:
    """Run one task alone, on one record of the pinned or latest results of the tasks that it refers to."""
    flow = await instance.flows.find(scope, flow_id)
    document = Dataflow.model_validate(flow.document) if start.document is None else parse_flow(start.document)
    trial = await instance.trials.start_task(scope, flow, document, letter, start.input, trigger_of(request))
    return answer(trial_answer(trial, await instance.history.find(scope, trial.run_id), language), 202)


@router.get("/results", response_model=EarlierResults)
async def list_results(instance: CurrentInstance, scope: CurrentScope, flow_id: Id) -> Response:
    """By task of the draft the result that a test can stand on: the pinned one, or that of the newest run."""
    flow = await instance.flows.find(scope, flow_id)
    found = await instance.trials.results(scope, flow, Dataflow.model_validate(flow.document))
    return answer(EarlierResults(items=[earlier_answer(each) for each in found]))


@router.get("/pins", response_model=PinList)
async def list_pins(instance: CurrentInstance, scope: CurrentScope, flow_id: Id) -> Response:
    """The pinned results of a flow."""
    await instance.flows.find(scope, flow_id)
    return answer(PinList(items=[Pin.model_validate(pin) for pin in await instance.pins.page(scope, flow_id)]))


@router.get("/pins/{letter}", response_model=TaskResultAnswer)
async def get_pin(
    instance: CurrentInstance,
    scope: CurrentScope,
    flow_id: Id,
    letter: Letter,
    language: Language,
    offset: ListOffset = 0,
    limit: ListLimit = 200,
) -> Response:
    """What is pinned for a task; of a list one window of elements."""
    await instance.flows.find(scope, flow_id)
    return answer(result_answer(await instance.pins.result(scope, flow_id, letter), offset, limit, language))


@router.put("/pins/{letter}", status_code=204)
async def pin_result(
    instance: CurrentInstance, scope: CurrentScope, flow_id: Id, letter: Letter, write: PinWrite
) -> None:
    """Pin a result for a task: tests use it instead of running the task."""
    if write.model_fields_set not in ({"run_id"}, {"value"}):
        raise InputProblem("pin_of_one_thing")
    flow = await instance.flows.find(scope, flow_id)
    if letter not in flow.document["tasks"]:
        raise NotFound("task_unknown", task=letter)
    if write.run_id is None:
        result = TaskResult.of(letter, write.value)
    else:
        result = await instance.history.result(scope, checked_id(write.run_id, "run_id"), letter)
    await instance.pins.put(scope, flow_id, letter, result)


@router.delete("/pins/{letter}", status_code=204)
async def unpin_result(instance: CurrentInstance, scope: CurrentScope, flow_id: Id, letter: Letter) -> None:
    """Take a pinned result away."""
    await instance.flows.find(scope, flow_id)
    await instance.pins.remove(scope, flow_id, letter)
