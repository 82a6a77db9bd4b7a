"""Flows: list, read, create, change, check, delete, run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

from fastapi import APIRouter, Request, Response

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
    FlowSave,
    FlowSummary,
    FlowWrite,
    LastRun,
    ProblemAnswer,
    Run,
    run_answer,
)
from outcode.server.paging import Before, Id, Limit, cut
from outcode.server.versions import StartFlow
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
async def create_flow(request: Request, instance: CurrentInstance, scope: CurrentScope, write: FlowSave) -> Response:
    """Store a new flow as a draft; its document is checked first."""
    document = await checked_document(instance, scope, write.document)
    flow = await instance.flows.create(scope, document.as_json(), document.webhook_name, note=write.note)
    return answer(await flow_answer(request, instance, scope, flow), 201)


@router.post("/check", response_model=CheckAnswer)
async def check_flow(instance: CurrentInstance, scope: CurrentScope, write: FlowWrite, language: Language) -> Response:
    """What is wrong with a document, without storing it."""
    problems = await find_problems(instance, scope, write.document)
    found = [ProblemAnswer.model_validate(problem.as_dict(language)) for problem in problems]
    return answer(CheckAnswer(problems=found))


@router.get("/{id}", response_model=Flow)
async def get_flow(request: Request, instance: CurrentInstance, scope: CurrentScope, flow_id: Id) -> Response:
    """One flow with its document."""
    return answer(await flow_answer(request, instance, scope, await instance.flows.find(scope, flow_id)))


@router.put("/{id}", response_model=Flow)
async def change_flow(
    request: Request, instance: CurrentInstance, scope: CurrentScope, flow_id: Id, change: FlowChange
) -> Response:
    """Store the next version of a flow as its draft; 409 when the draft is no longer ``version``."""
    document = await checked_document(instance, scope, change.document)
    flow = await instance.flows.change(
        scope, flow_id, document.as_json(), document.webhook_name, edited_version=change.version, note=change.note
    )
    return answer(await flow_answer(request, instance, scope, flow))


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
    start: StartFlow,
    language: Language,
) -> Response:
    """Start a run of the stored flow, also when its trigger is off."""
    flow = await instance.flows.find(scope, flow_id)
    trigger = trigger_of(request)
    wanted = start.version or ("draft" if trigger == "manual" or start.test else None)
    version = await instance.versions.startable(scope, flow, wanted)
    if start.test:
        run_id = (await instance.trials.start_flow(scope, version, trigger, start.input)).run_id
    else:
        run_id = (await instance.starter.start(scope, version, trigger, {"body": start.input})).run_id
    return answer(run_answer(await instance.history.find(scope, run_id), language), 202)


def trigger_of(request: Request) -> Literal["api", "manual"]:
    """What starts a run that this request asks for: a program, by its key, or a person."""
    return "api" if KEY_HEADER in request.headers else "manual"


async def checked_document(instance: Instance, scope: Scope, data: dict[str, Any]) -> Dataflow:
    """The document of plain data; raises ProblemList with everything that is wrong with it."""
    document = parse_flow(data)
    if problems := await instance.publisher.problems(scope, document):
        raise ProblemList(problems)
    return document


async def find_problems(instance: Instance, scope: Scope, data: dict[str, Any]) -> list[Problem]:
    """Everything that is wrong with plain data as a document."""
    try:
        document = parse_flow(data)
    except ProblemList as problems:
        return problems.problems
    return await instance.publisher.problems(scope, document)


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
        "active": flow.active,
        "version": flow.version,
        "published_version": flow.published_number,
        "published_at": flow.published_at,
        "updated_at": flow.updated_at,
        "last_run": LastRun.model_validate(last_run) if last_run else None,
    }


async def flow_answer(request: Request, instance: Instance, scope: Scope, flow: StoredFlow) -> Flow:
    """A flow with its draft's document."""
    runs: Mapping[str, RunInfo] = await instance.history.latest(scope, [flow.id])
    summary = _summary(flow, runs.get(flow.id), await _webhook_urls(request, instance, scope))
    return Flow.model_validate({**summary, "document": plain(Dataflow.model_validate(flow.document))})
