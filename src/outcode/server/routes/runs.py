"""Runs: list, read, results, live updates, cancel, and runs of documents that are not saved."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.exc import SQLAlchemyError

from outcode.engine.results import TaskResult
from outcode.flows.dataflow import TASK_LETTERS
from outcode.runs.call_log import curl_of
from outcode.runs.instance import Instance
from outcode.server.access import CurrentInstance, CurrentScope, TeamRoute
from outcode.server.exact import answer
from outcode.server.language import Language
from outcode.server.models import (
    CallOfTask,
    CallsOfTask,
    ProblemAnswer,
    RowFailure,
    Run,
    RunPage,
    RunState,
    StartUnsaved,
    TaskResultAnswer,
    run_answer,
    run_summary,
)
from outcode.server.paging import Before, Id, Limit, OfFlow, cut
from outcode.server.routes.flows import checked_document
from outcode.values import json
from outcode.values.problems import restored
from outcode.workspace.scope import Scope

router = APIRouter(prefix="/runs", tags=["runs"], route_class=TeamRoute)

_log = logging.getLogger(__name__)

_MOST_ROWS = 10_000
Letter = Annotated[str, Path(pattern=TASK_LETTERS)]
ListOffset = Annotated[int, Query(ge=0, le=2**31, description="Of a list: how many elements to pass over.")]
ListLimit = Annotated[int, Query(ge=1, le=_MOST_ROWS, description="Of a list: how many elements at most.")]
_LOOK_SECONDS = 0.25
_KEEP_ALIVE_SECONDS = 15.0


@router.get("", response_model=RunPage)
async def list_runs(
    instance: CurrentInstance,
    scope: CurrentScope,
    before: Before,
    flow_id: OfFlow,
    language: Language,
    limit: Limit = 50,
    state: RunState | None = None,
) -> Response:
    """The team's runs, newest first."""
    runs = await instance.history.page(scope, limit=limit + 1, before=before, flow_id=flow_id, state=state)
    runs, cursor = cut(runs, limit)
    return answer(RunPage(items=[run_summary(run, language) for run in runs], next_cursor=cursor))


@router.post("", response_model=Run, status_code=202)
async def run_unsaved(
    instance: CurrentInstance, scope: CurrentScope, start: StartUnsaved, language: Language
) -> Response:
    """Run a document without saving it; the run keeps it."""
    document = await checked_document(instance, scope, start.document)
    accepted = await instance.starter.start_unsaved(scope, document, "api", start.input, test=start.test)
    return answer(run_answer(await instance.history.find(scope, accepted.run_id), language), 202)


@router.get("/{id}", response_model=Run)
async def get_run(instance: CurrentInstance, scope: CurrentScope, run_id: Id, language: Language) -> Response:
    """One run with its tasks."""
    return answer(run_answer(await instance.history.find(scope, run_id), language))


@router.post("/{id}/cancel", response_model=Run, status_code=202)
async def cancel_run(instance: CurrentInstance, scope: CurrentScope, run_id: Id, language: Language) -> Response:
    """Stop a run; what it has done stays done."""
    return answer(run_answer(await instance.history.cancel(scope, run_id), language), 202)


@router.get("/{id}/tasks/{letter}/result", response_model=TaskResultAnswer)
async def get_result(
    instance: CurrentInstance,
    scope: CurrentScope,
    run_id: Id,
    letter: Letter,
    language: Language,
    offset: ListOffset = 0,
    limit: ListLimit = 200,
) -> Response:
    """What a task left; of a list one window of elements and the failures among them."""
    return answer(result_answer(await instance.history.result(scope, run_id, letter), offset, limit, language))


@router.get("/{id}/tasks/{letter}/calls", response_model=CallsOfTask)
async def get_calls(instance: CurrentInstance, scope: CurrentScope, run_id: Id, letter: Letter) -> Response:
    """What a task said to the outside and heard back, without secrets."""
    kept = await instance.history.calls(scope, run_id, letter)
    calls = [CallOfTask.model_validate({**call, "curl": curl_of(call)}) for call in kept["calls"]]
    return answer(CallsOfTask(count=kept["count"], calls=calls))


@router.get("/{id}/events", response_class=StreamingResponse)
async def watch_run(
    instance: CurrentInstance, scope: CurrentScope, run_id: Id, language: Language
) -> StreamingResponse:
    """The run by server-sent events named ``run``, one for each change, until it ends."""
    await instance.history.find(scope, run_id)
    events = _events(instance, scope, run_id, language)
    return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _events(instance: Instance, scope: Scope, run_id: str, language: str) -> AsyncIterator[bytes]:
    """Looks at the run row a few times a second: that survives a restart of anything but this process."""
    sent: bytes | None = None
    quiet = 0.0
    while True:
        try:
            run = await instance.history.find(scope, run_id)
        except (SQLAlchemyError, OSError) as error:
            _log.warning("a watcher of run %s is let go, to come again: %s", run_id, type(error).__name__)
            return
        data = json.dump_bytes(run_answer(run, language).model_dump(mode="python"))
        if data != sent:
            yield b"event: run\ndata: " + data + b"\n\n"
            sent, quiet = data, 0.0
        elif quiet > _KEEP_ALIVE_SECONDS:
            yield b": still here\n\n"
            quiet = 0.0
        if run.ended:
            return
        await asyncio.sleep(_LOOK_SECONDS)
        quiet += _LOOK_SECONDS


def result_answer(result: TaskResult, offset: int, limit: int, language: str) -> TaskResultAnswer:
    """A task's result; of a list one window."""
    value: Any = result.value
    rows = len(value) if isinstance(value, list) else None
    window = range(offset + 1, offset + limit + 1)
    failures = [
        RowFailure(row=item.row, error=ProblemAnswer.model_validate(restored(item.error).as_dict(language)))
        for item in result.failures
        if item.row in window
    ]
    return TaskResultAnswer(
        value=value if rows is None else value[offset : offset + limit],
        meta=result.meta,
        rows=rows,
        truncated=rows is not None and rows > offset + limit,
        failures=failures,
    )
