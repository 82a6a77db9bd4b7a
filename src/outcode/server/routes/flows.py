"""Flows: list, read, create, change, check, delete, run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response

from outcode.flows.check import check_dataflow
from outcode.flows.dataflow import Dataflow
from outcode.flows.plain import parse_flow, plain
from outcode.runs.history import RunInfo
from outcode.runs.instance import Instance
from outcode.server.access import KEY_HEADER, CurrentInstance, CurrentScope, TeamRoute
from outcode.server.exact import answer
from outcode.server.hooks import webhook_url
from outcode.server.language import Language
from outcode.server.models import (
    CheckAnswer,
    Flow,
    FlowChange,
    FlowPage,
    FlowSummary,
    FlowWrite,
    LastRun,
    ProblemAnswer,
    Run,
    StartRun,
    run_answer,
)
from outcode.server.paging import Before, Id, Limit, cut
from outcode.values.problems import Problem, ProblemList
from outcode.workspace.flows import StoredFlow
from outcode.workspace.people import seat_of
from outcode.workspace.scope import Scope

router = APIRouter(prefix="/flows", tags=["flows"], route_class=TeamRoute)


@router.get("", response_model=FlowPage)
async def list_flows(
    request: Request, instance: CurrentInstance, scope: CurrentScope, before: Before, limit: Limit = 50
) -> Response:
    """The team's flows, newest first."""
    flows = await instance.flows.page(scope, limit=limit + 1, before=before)
    flows, cursor = cut(flows, limit)
    runs = await instance.history.latest(scope, [flow.id for flow in flows])
    url = await _webhook_urls(request, instance, scope)
    items = [FlowSummary.model_validate(_summary(flow, runs.get(flow.id), url)) for flow in flows]
    return answer(FlowPage(items=items, next_cursor=cursor))


@router.post("", response_model=Flow, status_code=201)
async def create_flow(request: Request, instance: CurrentInstance, scope: CurrentScope, write: FlowWrite) -> Response:
    """Store a new flow; its document is checked first."""
    document = await checked_document(instance, scope, write.document)
    flow = await instance.flows.create(scope, document.as_json(), document.webhook_name)
    return answer(await _flow(request, instance, scope, flow), 201)


@router.post("/check", response_model=CheckAnswer)
async def check_flow(instance: CurrentInstance, scope: CurrentScope, write: FlowWrite, language: Language) -> Response:
    """What is wrong with a document, without storing it."""
    problems = await find_problems(instance, scope, write.document)
    found = [ProblemAnswer.model_validate(problem.as_dict(language)) for problem in problems]
    return answer(CheckAnswer(problems=found))


@router.get("/{id}", response_model=Flow)
async def get_flow(request: Request, instance: CurrentInstance, scope: CurrentScope, flow_id: Id) -> Response:
    """One flow with its document."""
    return answer(await _flow(request, instance, scope, await instance.flows.find(scope, flow_id)))


@router.put("/{id}", response_model=Flow)
async def change_flow(
    request: Request, instance: CurrentInstance, scope: CurrentScope, flow_id: Id, change: FlowChange
) -> Response:
    """Store the next version of a flow; 409 when it has changed since ``version``."""
    document = await checked_document(instance, scope, change.document)
    flow = await instance.flows.change(
        scope, flow_id, document.as_json(), document.webhook_name, edited_version=change.version
    )
    return answer(await _flow(request, instance, scope, flow))


@router.delete("/{id}", status_code=204)
async def delete_flow(instance: CurrentInstance, scope: CurrentScope, flow_id: Id) -> None:
    """Delete a flow; its runs stay."""
    await instance.flows.remove(scope, flow_id)


@router.post("/{id}/runs", response_model=Run, status_code=202)
async def run_flow(
    request: Request,
    instance: CurrentInstance,
    scope: CurrentScope,
    flow_id: Id,
    start: StartRun,
    language: Language,
) -> Response:
    """Start a run of the stored flow."""
    flow = await instance.flows.find(scope, flow_id)
    trigger = "api" if KEY_HEADER in request.headers else "manual"
    accepted = await instance.starter.start(scope, flow.current, trigger, {"body": start.input}, test=start.test)
    return answer(run_answer(await instance.history.find(scope, accepted.run_id), language), 202)


async def checked_document(instance: Instance, scope: Scope, data: dict[str, Any]) -> Dataflow:
    """The document of plain data; raises ProblemList with everything that is wrong with it."""
    document = parse_flow(data)
    if problems := await _problems(instance, scope, document):
        raise ProblemList(problems)
    return document


async def find_problems(instance: Instance, scope: Scope, data: dict[str, Any]) -> list[Problem]:
    """Everything that is wrong with plain data as a document."""
    try:
        document = parse_flow(data)
    except ProblemList as problems:
        return problems.problems
    return await _problems(instance, scope, document)


async def _problems(instance: Instance, scope: Scope, document: Dataflow) -> list[Problem]:
    connections = {info.name: info.app for info in await instance.connections.list(scope)}
    return check_dataflow(document, instance.apps, connections=connections)


async def _webhook_urls(request: Request, instance: Instance, scope: Scope) -> Callable[[str], str]:
    seat = await seat_of(instance.database, scope)
    return partial(webhook_url, instance.settings, str(request.base_url), seat.organization_domain)


def _summary(flow: StoredFlow, last_run: RunInfo | None, url: Callable[[str], str]) -> dict[str, Any]:
    document = plain(Dataflow.model_validate(flow.document))
    return {
        "id": flow.id,
        "kind": flow.kind,
        "name": flow.name,
        "trigger": document.get("trigger", {"kind": "manual"}),
        "webhook_url": url(flow.webhook_name) if flow.webhook_name else None,
        "version": flow.version,
        "updated_at": flow.updated_at,
        "last_run": LastRun.model_validate(last_run) if last_run else None,
    }


async def _flow(request: Request, instance: Instance, scope: Scope, flow: StoredFlow) -> Flow:
    runs: Mapping[str, RunInfo] = await instance.history.latest(scope, [flow.id])
    summary = _summary(flow, runs.get(flow.id), await _webhook_urls(request, instance, scope))
    return Flow.model_validate({**summary, "document": plain(Dataflow.model_validate(flow.document))})
