"""Runs done again: as a whole, or from where they failed; and what a run began with."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from outcode.server.access import CurrentInstance, CurrentScope, TeamRoute
from outcode.server.exact import answer
from outcode.server.language import Language
from outcode.server.models import Run, run_answer
from outcode.server.paging import Id
from outcode.server.routes.flows import trigger_of
from outcode.server.trials import Rerun, Retry, RunInput
from outcode.values.problems import Conflict

router = APIRouter(prefix="/runs/{id}", tags=["runs"], route_class=TeamRoute)


@router.get("/input", response_model=RunInput)
async def get_input(instance: CurrentInstance, scope: CurrentScope, run_id: Id) -> Response:
    """What a run began with."""
    return answer(RunInput(trigger=await instance.history.input(scope, run_id)))


@router.post("/rerun", response_model=Run, status_code=202)
async def rerun(
    request: Request, instance: CurrentInstance, scope: CurrentScope, run_id: Id, wish: Rerun, language: Language
) -> Response:
    """Start a run again with the same input, made of the same version unless another one is asked for."""
    version = None
    if wish.version is not None:
        origin = await instance.history.find(scope, run_id)
        if origin.flow_id is None:
            raise Conflict("rerun_flow_gone")
        flow = await instance.flows.find(scope, origin.flow_id)
        version = await instance.versions.startable(scope, flow, wish.version)
    new = await instance.repeats.rerun(scope, run_id, trigger_of(request), version)
    return answer(run_answer(await instance.history.find(scope, new), language), 202)


@router.post("/retry", response_model=Run, status_code=202)
async def retry(
    request: Request, instance: CurrentInstance, scope: CurrentScope, run_id: Id, wish: Retry, language: Language
) -> Response:
    """Go on from where a run failed, in a new run: what was done is kept, everything else runs."""
    new = await instance.repeats.retry(scope, run_id, trigger_of(request), repeat_unknown=wish.repeat_unknown)
    return answer(run_answer(await instance.history.find(scope, new), language), 202)
