"""Versions of flows: history, one version, what differs, publishing, restoring, and the switch of the trigger."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from outcode.flows.dataflow import Dataflow
from outcode.flows.difference import difference
from outcode.server.access import CurrentInstance, CurrentScope, TeamRoute
from outcode.server.exact import answer
from outcode.server.models import MAX_VERSION, Flow
from outcode.server.paging import Before, Id, Limit, cut
from outcode.server.routes.flows import flow_answer
from outcode.server.versions import (
    Publish,
    Restore,
    Switch,
    VersionDifference,
    VersionPage,
    VersionWithDocument,
    WantedVersion,
    difference_answer,
    version_answer,
    version_document,
)

router = APIRouter(prefix="/flows/{id}", tags=["versions"], route_class=TeamRoute)

Number = Annotated[int, Path(ge=1, le=MAX_VERSION)]


@router.get("/versions", response_model=VersionPage)
async def list_versions(
    instance: CurrentInstance, scope: CurrentScope, flow_id: Id, before: Before, limit: Limit = 50
) -> Response:
    """The versions of a flow, newest first; the first of all is the draft."""
    found = await instance.versions.page(scope, flow_id, limit=limit + 1, before=before)
    found, cursor = cut(found, limit)
    return answer(VersionPage(items=[version_answer(info) for info in found], next_cursor=cursor))


@router.get("/versions/{number}", response_model=VersionWithDocument)
async def get_version(instance: CurrentInstance, scope: CurrentScope, flow_id: Id, number: Number) -> Response:
    """One version with its document."""
    return answer(version_document(await instance.versions.find(scope, flow_id, number)))


@router.get("/difference", response_model=VersionDifference)
async def compare_versions(
    instance: CurrentInstance,
    scope: CurrentScope,
    flow_id: Id,
    old: Annotated[WantedVersion, Query(description="draft, published, or a number.")] = "published",
    new: Annotated[WantedVersion, Query(description="draft, published, or a number.")] = "draft",
) -> Response:
    """What differs between two versions."""
    flow = await instance.flows.find(scope, flow_id)
    before, after = [await instance.versions.wanted(scope, flow, each) for each in (old, new)]
    found = difference(Dataflow.model_validate(before.document), Dataflow.model_validate(after.document))
    return answer(difference_answer(before.info.number, after.info.number, found))


@router.post("/publish", response_model=Flow)
async def publish_flow(
    request: Request, instance: CurrentInstance, scope: CurrentScope, flow_id: Id, wish: Publish
) -> Response:
    """Make a version the one that triggers run; its document is checked first."""
    flow = await instance.publisher.publish(scope, flow_id, wish.version, note=wish.note)
    return answer(await flow_answer(request, instance, scope, flow))


@router.post("/versions/{number}/restore", response_model=Flow)
async def restore_version(
    request: Request, instance: CurrentInstance, scope: CurrentScope, flow_id: Id, number: Number, wish: Restore
) -> Response:
    """Store the document of an old version as the new draft; 409 when the draft is no longer ``version``."""
    flow = await instance.publisher.restore(scope, flow_id, number, edited_version=wish.version)
    return answer(await flow_answer(request, instance, scope, flow))


@router.put("/active", response_model=Flow)
async def switch_flow(
    request: Request, instance: CurrentInstance, scope: CurrentScope, flow_id: Id, wish: Switch
) -> Response:
    """Turn the flow's trigger on or off, whatever its kind; a run by hand is possible either way."""
    flow = await instance.flows.switch(scope, flow_id, active=wish.active)
    return answer(await flow_answer(request, instance, scope, flow))
