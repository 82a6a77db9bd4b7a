"""Rows of schedules follow what of a flow is live; what is due stays due unless the times change."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from outcode.flows.plain import parse_flow
from outcode.values.problems import Conflict
from outcode.workspace.flows import LiveFlow, StoredFlow
from outcode.workspace.people import create_workspace
from outcode.workspace.schedules import ScheduleInfo, follow_schedule
from tests.conftest import Place

TASK = {"app": "javascript", "action": "function_execution", "inputs": {"code": "return 1"}}


def document(name: str = "Report", tasks: int = 1, **trigger: Any) -> dict[str, Any]:
    made = {"kind": "schedule", **trigger} if trigger else {"kind": "manual"}
    letters = "abc"[:tasks]
    return parse_flow({"name": name, "trigger": made, "tasks": dict.fromkeys(letters, TASK)}).as_json()


async def save(place: Place, name: str = "Report", tasks: int = 1, **trigger: Any) -> StoredFlow:
    flow = await place.instance.flows.save_by_name(place.scope, document(name, tasks, **trigger), None)
    return await place.instance.flows.publish(place.scope, flow.id, flow.version, None)


async def listed(place: Place) -> list[ScheduleInfo]:
    return await place.instance.schedules.page(place.scope, limit=100)


async def switch(place: Place, flow: StoredFlow, *, active: bool) -> None:
    live = LiveFlow(flow.id, active, flow.version_id, flow.document)
    async with place.instance.database.begin() as connection:
        await follow_schedule(connection, place.scope, live)


async def planned_for(place: Place, moment: datetime) -> None:
    await place.instance.database.pool.execute("UPDATE schedules SET planned = true, next_at = $1", moment)


async def test_a_flow_has_a_schedule_while_its_live_version_says_so(place: Place) -> None:
    await save(place)
    assert await listed(place) == []
    flow = await save(place, daily="09:00")
    (schedule,) = await listed(place)
    assert (schedule.id, schedule.name, schedule.timezone) == (flow.id, "Report", "Asia/Seoul")
    assert (schedule.active, schedule.planned, schedule.last_run) == (True, False, None)
    await save(place)
    assert await listed(place) == []
    await save(place, daily="09:00")
    await place.instance.flows.remove(place.scope, flow.id)
    assert await listed(place) == []


async def test_what_is_due_stays_due_when_only_tasks_or_policies_change(place: Place) -> None:
    await save(place, daily="09:00")
    due = await place.instance.schedules.now() - timedelta(seconds=5)
    await planned_for(place, due)
    flow = await save(place, tasks=2, daily="09:00", overlap="queue", missed="skip")
    (schedule,) = await listed(place)
    assert (schedule.planned, schedule.next_at) == (True, due)
    assert schedule.trigger["overlap"] == "queue"
    version = await place.instance.database.pool.fetchval("SELECT version_id FROM schedules")
    assert version == flow.version_id


@pytest.mark.parametrize("changed", [{"daily": "09:01"}, {"cron": "0 9 * * *"}, {"daily": "09:00", "timezone": "UTC"}])
async def test_other_times_count_from_the_change_on(place: Place, changed: dict[str, Any]) -> None:
    await save(place, daily="09:00")
    before = await place.instance.schedules.now()
    await planned_for(place, before - timedelta(hours=5))
    await save(place, **changed)
    (schedule,) = await listed(place)
    assert not schedule.planned
    assert schedule.next_at > before


async def test_times_while_a_schedule_was_off_are_not_made_up_for(place: Place) -> None:
    flow = await save(place, every={"minutes": 1})
    await planned_for(place, await place.instance.schedules.now() - timedelta(hours=5))
    await switch(place, flow, active=False)
    assert await place.instance.scheduler.fire_due() == 0
    (off,) = await listed(place)
    assert not off.active
    before = await place.instance.schedules.now()
    await switch(place, flow, active=True)
    (on,) = await listed(place)
    assert (on.active, on.planned) == (True, False)
    assert on.next_at > before
    assert await place.instance.scheduler.fire_due() == 0
    (planned,) = await listed(place)
    assert before < planned.next_at <= before + timedelta(minutes=1, seconds=30)


async def test_switching_on_what_is_on_changes_nothing(place: Place) -> None:
    flow = await save(place, every={"minutes": 1})
    due = await place.instance.schedules.now() - timedelta(seconds=5)
    await planned_for(place, due)
    await switch(place, flow, active=True)
    (schedule,) = await listed(place)
    assert schedule.next_at == due
    assert await place.instance.scheduler.fire_due() == 1


async def test_the_same_time_never_runs_twice_however_a_flow_is_edited(place: Place) -> None:
    flow = await save(place, every={"minutes": 1}, overlap="allow")
    minute = (await place.instance.schedules.now()).replace(second=0, microsecond=0)
    await planned_for(place, minute)
    assert await place.instance.scheduler.fire_due() == 1
    await save(place)
    await save(place, every={"minutes": 1}, overlap="allow")
    await planned_for(place, minute)
    fired = await place.instance.scheduler.fire_due()
    pool = place.instance.database.pool
    runs = await pool.fetch("SELECT planned_at FROM runs WHERE flow_id = $1", flow.id)
    assert len({run["planned_at"] for run in runs}) == len(runs) == 1 + fired
    used = await pool.fetchval("SELECT count(*) FROM payloads WHERE id IN (SELECT input_id FROM runs)")
    assert used == len(runs)


async def test_a_change_that_fails_leaves_the_schedule_as_it_was(place: Place) -> None:
    await save(place, "Other")
    flow = await save(place, daily="09:00")
    with pytest.raises(Conflict):
        await place.instance.flows.change(place.scope, flow.id, document("Other"), None, edited_version=flow.version)
    (schedule,) = await listed(place)
    assert schedule.trigger["daily"] == "09:00"


async def test_pages_go_on_behind_a_flow_and_stay_in_the_team(place: Place) -> None:
    flows = [await save(place, f"Flow {number}", daily="09:00") for number in range(3)]
    schedules = place.instance.schedules
    first = await schedules.page(place.scope, limit=2)
    assert [each.id for each in first] == [flows[2].id, flows[1].id]
    rest = await schedules.page(place.scope, limit=2, before=first[-1].id)
    assert [each.id for each in rest] == [flows[0].id]
    foreign = await create_workspace(
        place.instance.database, organization="B", domain="b", team="B", user="B", email="b@b.test"
    )
    assert await schedules.page(foreign, limit=10) == []
