"""Schedules: the team's list, and what a schedule would mean before it is saved.

A schedule is run now by starting its flow, changed by changing its flow, and switched where its flow is.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from outcode.flows.checks.trigger import trigger_findings
from outcode.flows.dataflow import ScheduleTrigger
from outcode.flows.findings import placed
from outcode.flows.plain import parse_flow
from outcode.flows.schedule_words import described
from outcode.flows.schedules import Timing
from outcode.server.access import CurrentInstance, CurrentScope, TeamRoute
from outcode.server.exact import answer
from outcode.server.language import Language
from outcode.server.paging import Before, Limit, cut
from outcode.server.schedules import SchedulePage, SchedulePreview, SchedulePreviewWanted, schedule_answer
from outcode.values.problems import InputProblem, Place, ProblemList
from outcode.workspace.people import seat_of

router = APIRouter(prefix="/schedules", tags=["schedules"], route_class=TeamRoute)


@router.get("", response_model=SchedulePage)
async def list_schedules(
    instance: CurrentInstance, scope: CurrentScope, before: Before, language: Language, limit: Limit = 50
) -> Response:
    """The team's schedules: when each fires next, what came of it last, and why it did not run where it should have."""
    found = await instance.schedules.page(scope, limit=limit + 1, before=before)
    found, cursor = cut(found, limit)
    return answer(SchedulePage(items=[schedule_answer(each, language) for each in found], next_cursor=cursor))


@router.post("/preview", response_model=SchedulePreview)
async def preview_schedule(
    instance: CurrentInstance, scope: CurrentScope, wanted: SchedulePreviewWanted, language: Language
) -> Response:
    """The next five times of a trigger; nothing is stored."""
    trigger = _read(wanted.trigger)
    seat = await seat_of(instance.database, scope)
    timing = Timing.of(trigger, seat.timezone)
    times = timing.preview(await instance.schedules.now())
    return answer(SchedulePreview(description=described(trigger, language), timezone=timing.zone.key, times=times))


def _read(trigger: dict[str, Any]) -> ScheduleTrigger:
    """A trigger in plain form; raises ProblemList or InputProblem, placed as in a document."""
    document = parse_flow({"name": "-", "tasks": {}, "trigger": {"kind": "schedule", **trigger}})
    if problems := placed(trigger_findings(document), None, None):
        raise ProblemList(problems)
    if not isinstance(document.trigger, ScheduleTrigger):
        raise InputProblem("schedule_wanted", Place(field="trigger.kind"), kind=document.trigger.kind)
    return document.trigger
