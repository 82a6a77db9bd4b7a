"""Schedules fire once each: however many schedulers there are, whatever ends in between."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from outcode.flows.plain import parse_flow
from outcode.runs.instance import Instance, open_instance
from outcode.runs.scheduler import Scheduler
from outcode.values.problems import restored
from outcode.workspace.flows import StoredFlow
from outcode.workspace.people import create_workspace
from outcode.workspace.schedules import ScheduleInfo
from outcode.workspace.scope import Scope
from outcode.workspace.settings import Settings
from tests.conftest import Place
from tests.support.flows import ended, script

ROOT = Path(__file__).resolve().parents[2]
MINUTE = timedelta(minutes=1)


class Desk:
    """An instance whose scheduler looks when it is told to, and without a worker."""

    def __init__(self, instance: Instance, scope: Scope) -> None:
        self.instance = instance
        self.scope = scope
        self.pool = instance.database.pool

    async def save(self, name: str = "Report", inputs: dict[str, Any] | None = None, **trigger: Any) -> StoredFlow:
        given = trigger or {"every": {"minutes": 1}}
        document = parse_flow(
            {
                "name": name,
                "inputs": inputs or {},
                "trigger": {"kind": "schedule", **given},
                "tasks": {"a": script("return input", input="{{trigger}}")},
            }
        )
        flow = await self.instance.flows.save_by_name(self.scope, document.as_json(), None)
        return await self.instance.flows.publish(self.scope, flow.id, flow.version, None)

    async def fire(self) -> int:
        return await self.instance.scheduler.fire_due()

    async def back(self, seconds: float) -> None:
        """Let everything have happened that much longer ago."""
        by = timedelta(seconds=seconds)
        await self.pool.execute("UPDATE schedules SET next_at = next_at - $1::interval", by)

    async def due(self) -> datetime:
        """Let all planned schedules be due at the last full minute; which is that minute."""
        minute: datetime = await self.pool.fetchval(
            "UPDATE schedules SET planned = true, next_at = date_trunc('minute', now()) RETURNING next_at"
        )
        return minute

    async def listed(self) -> list[ScheduleInfo]:
        return await self.instance.schedules.page(self.scope, limit=100)

    async def one(self) -> ScheduleInfo:
        (schedule,) = await self.listed()
        return schedule

    async def planned(self) -> list[datetime]:
        rows = await self.pool.fetch("SELECT planned_at FROM runs WHERE trigger = 'schedule' ORDER BY planned_at")
        return [row["planned_at"] for row in rows]

    async def end_runs(self, state: str = "done") -> None:
        await self.pool.execute(
            "UPDATE runs SET state = $1, finished_at = now() WHERE state IN ('waiting', 'running') AND wake_at IS NULL",
            state,
        )


@pytest.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    async with open_instance(settings, holder="tests") as instance:
        scope = await create_workspace(
            instance.database, organization="Acme", domain="acme", team="Sales", user="Kim", email="kim@acme.test"
        )
        yield Desk(instance, scope)


async def test_a_saved_schedule_is_planned_first_and_fires_when_it_is_due(desk: Desk) -> None:
    await desk.save(daily="09:00")
    assert await desk.fire() == 0
    planned = await desk.one()
    assert planned.planned
    assert planned.next_at.astimezone(UTC).hour == 0  # the organization is in Seoul
    assert -planned.due_seconds <= 24 * 3600
    minute = await desk.due()
    assert await desk.fire() == 1
    assert await desk.fire() == 0
    fired = await desk.one()
    assert fired.fired_at == minute
    assert fired.last_run is not None
    assert fired.last_run.state == "waiting"
    assert fired.next_at == planned.next_at
    assert (fired.not_run_at, fired.not_run) == (None, None)


async def test_a_run_is_given_its_planned_time_and_the_defaults_of_the_inputs(place: Place) -> None:
    desk = Desk(place.instance, place.scope)
    inputs = {"city": {"type": "text", "required": True, "default": "Seoul"}, "note": {"type": "text"}}
    await desk.save(inputs=inputs, daily="09:00", timezone="Europe/Berlin")
    minute = await desk.due()
    await desk.fire()
    (run,) = await place.instance.history.page(place.scope, limit=10)
    assert run.trigger == "schedule"
    run = await ended(place, run.id)
    assert run.state == "done"
    result = await place.instance.history.result(place.scope, run.id, "a")
    assert isinstance(result.value, dict)
    assert result.value == {
        "scheduledAt": result.value["scheduledAt"],
        "body": {"city": "Seoul", "note": None},
    }
    assert datetime.fromisoformat(result.value["scheduledAt"]) == minute
    assert result.value["scheduledAt"].endswith(("+01:00", "+02:00"))


async def test_a_scheduled_flow_can_be_started_by_hand(place: Place) -> None:
    desk = Desk(place.instance, place.scope)
    flow = await desk.save(daily="09:00", timezone="Europe/Berlin")
    accepted = await place.instance.starter.start(place.scope, flow.draft, "manual", {"body": None})
    await ended(place, accepted.run_id)
    result = await place.instance.history.result(place.scope, accepted.run_id, "a")
    assert isinstance(result.value, dict)
    assert datetime.fromisoformat(result.value["scheduledAt"]).tzinfo is not None


async def test_many_schedulers_fire_each_once(desk: Desk) -> None:
    for number in range(30):
        await desk.save(f"Flow {number}")
    await desk.fire()
    minute = await desk.due()
    others = [Scheduler(desk.instance.scheduler._firing, desk.instance.queue) for _ in range(4)]
    counts = await asyncio.gather(*(scheduler.fire_due() for scheduler in others for _ in range(3)))
    assert sum(counts) == 30
    assert await desk.planned() == [minute] * 30


async def test_missed_times_are_made_up_for_once(desk: Desk) -> None:
    await desk.save(every={"minutes": 1}, missed="once")
    await desk.fire()
    await desk.due()
    await desk.back(3600)
    assert await desk.fire() == 1
    schedule = await desk.one()
    assert schedule.not_run is not None
    assert restored(schedule.not_run).code == "schedule_missed"
    assert schedule.fired_at is not None
    assert schedule.not_run_at == schedule.fired_at - MINUTE
    assert await desk.planned() == [schedule.fired_at]
    assert schedule.next_at == schedule.fired_at + MINUTE


async def test_a_single_missed_time_is_made_up_for_late(desk: Desk) -> None:
    await desk.save(daily="09:00")
    await desk.fire()
    await desk.due()
    await desk.back(3600)
    assert await desk.fire() == 1
    assert (await desk.one()).not_run is None


async def test_missed_times_can_be_left_out(desk: Desk) -> None:
    await desk.save(daily="09:00", missed="skip")
    await desk.fire()
    await desk.due()
    await desk.back(3600)
    due = (await desk.one()).next_at
    assert await desk.fire() == 0
    schedule = await desk.one()
    assert schedule.not_run is not None
    assert (restored(schedule.not_run).code, schedule.not_run_at) == ("schedule_missed", due)
    assert schedule.next_at > datetime.now(UTC) - MINUTE
    await desk.due()
    assert await desk.fire() == 1, "a time that is only seconds late is not a missed one"


async def test_times_missed_before_the_schedule_was_ever_looked_at_count_too(desk: Desk) -> None:
    await desk.save(every={"minutes": 1})
    await desk.back(600)
    assert await desk.fire() == 1
    assert (await desk.one()).not_run is not None


@pytest.mark.parametrize("state", ["waiting", "running"])
async def test_overlapping_times_are_left_out_and_told(desk: Desk, state: str) -> None:
    await desk.save()
    await desk.fire()
    await desk.due()
    assert await desk.fire() == 1
    await desk.pool.execute("UPDATE runs SET state = $1, planned_at = planned_at - interval '1 hour'", state)
    minute = await desk.due()
    assert await desk.fire() == 0
    schedule = await desk.one()
    assert schedule.not_run is not None
    assert (restored(schedule.not_run).code, schedule.not_run_at) == ("schedule_overlapped", minute)
    assert restored(schedule.not_run).message("ko")
    await desk.end_runs()
    await desk.pool.execute("UPDATE runs SET planned_at = planned_at - interval '1 hour'")
    await desk.due()
    assert await desk.fire() == 1


async def test_a_run_by_hand_is_no_overlap(desk: Desk) -> None:
    flow = await desk.save()
    await desk.fire()
    await desk.instance.starter.start(desk.scope, flow.draft, "manual", {"body": None})
    await desk.due()
    assert await desk.fire() == 1


async def test_overlapping_times_may_run_beside_each_other(desk: Desk) -> None:
    await desk.save(every={"minutes": 1}, overlap="allow")
    await desk.fire()
    for _ in range(3):
        await desk.due()
        assert await desk.fire() == 1
        await desk.pool.execute("UPDATE runs SET planned_at = planned_at - interval '1 hour'")
    assert len(await desk.planned()) == 3


async def test_overlapping_times_may_wait_for_each_other_in_order(desk: Desk) -> None:
    await desk.save(every={"minutes": 1}, overlap="queue")
    await desk.save("Other", every={"minutes": 1}, overlap="queue")
    await desk.fire()
    await desk.due()
    assert await desk.fire() == 2
    for _ in range(2):
        await desk.pool.execute("UPDATE runs SET planned_at = planned_at - interval '1 hour'")
        await desk.due()
        assert await desk.fire() == 0
    assert len(await desk.planned()) == 6

    async def begun() -> list[datetime]:
        rows = await desk.pool.fetch(
            "SELECT planned_at FROM runs WHERE state = 'waiting' AND wake_at IS NULL AND flow_name = 'Report'"
        )
        return [row["planned_at"] for row in rows]

    order = [each for number, each in enumerate(await desk.planned()) if number % 2 == 0]
    assert await begun() == order[:1]
    for expected in order[1:]:
        await desk.end_runs()
        others = await asyncio.gather(*(desk.instance.scheduler._firing.next_in_line() for _ in range(3)))
        assert sum(map(len, others)) == 2
        assert await begun() == [expected]
    await desk.end_runs()
    assert await desk.instance.scheduler._firing.next_in_line() == []


async def test_only_so_many_wait_for_each_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outcode.runs.firing._LONGEST_QUEUE", 2)
    await desk.save(every={"minutes": 1}, overlap="queue")
    await desk.fire()
    for _ in range(4):
        await desk.due()
        await desk.fire()
        await desk.pool.execute("UPDATE runs SET planned_at = planned_at - interval '1 hour'")
    assert len(await desk.planned()) == 3
    not_run = (await desk.one()).not_run
    assert not_run is not None
    assert (restored(not_run).code, restored(not_run).details) == ("schedule_queue_full", {"waiting": 2})


async def test_inputs_that_nobody_gives_are_told(desk: Desk) -> None:
    await desk.save(inputs={"city": {"type": "text", "required": True}})
    await desk.fire()
    minute = await desk.due()
    assert await desk.fire() == 0
    schedule = await desk.one()
    assert schedule.not_run is not None
    assert (restored(schedule.not_run).code, schedule.not_run_at) == ("input_missing", minute)


@pytest.mark.parametrize(
    ("spoiled", "code"),
    [
        ('{"kind": "schedule", "cron": "x"}', "cron_fields_wrong"),
        ('{"kind": "schedule", "daily": "09:00", "timezone": "No/Where"}', "timezone_unknown"),
        ('{"kind": "schedule", "yearly": "09:00"}', "schedule_unreadable"),
    ],
)
async def test_one_that_cannot_be_followed_stops_no_other(desk: Desk, spoiled: str, code: str) -> None:
    bad = await desk.save("Bad")
    await desk.save("Good")
    await desk.fire()
    await desk.pool.execute("UPDATE schedules SET trigger = $2::text::jsonb WHERE flow_id = $1", bad.id, spoiled)
    await desk.due()
    assert await desk.fire() == 1
    found = {each.name: each for each in await desk.listed()}
    not_run = found["Bad"].not_run
    assert not_run is not None
    assert restored(not_run).code == code
    assert found["Bad"].next_at > datetime.now(UTC) + 50 * MINUTE
    await desk.save("Bad")
    assert await desk.fire() == 0
    assert {each.name: each for each in await desk.listed()}["Bad"].planned


async def test_a_fired_run_whose_waking_was_lost_is_found(desk: Desk) -> None:
    await desk.save()
    await desk.fire()
    await desk.due()
    fired = await desk.instance.scheduler._firing.fire()
    assert [claim.run_id for claim in await desk.instance.leases.take(5)] == fired.runs


async def test_nothing_fires_that_was_not_committed(desk: Desk) -> None:
    await desk.save()
    await desk.fire()
    await desk.due()
    blocker = await desk.pool.acquire()
    transaction = blocker.transaction()
    await transaction.start()
    await blocker.execute("LOCK TABLE runs IN ACCESS EXCLUSIVE MODE")
    firing = asyncio.create_task(desk.instance.scheduler.fire_due())
    await asyncio.sleep(0.2)
    firing.cancel()
    await asyncio.gather(firing, return_exceptions=True)
    await transaction.rollback()
    await desk.pool.release(blocker)
    assert await desk.planned() == []
    assert await desk.fire() == 1


async def test_the_scheduler_looks_by_itself_until_it_is_stopped(desk: Desk) -> None:
    await desk.save()
    desk.instance.scheduler.start()
    async with asyncio.timeout(20):
        while not (await desk.one()).planned:
            await asyncio.sleep(0.02)
        await desk.due()
        while not await desk.planned():
            await asyncio.sleep(0.02)
    await desk.instance.scheduler.stop()
    await desk.end_runs()
    await desk.pool.execute("UPDATE runs SET planned_at = planned_at - interval '1 hour'")
    await desk.due()
    await asyncio.sleep(0.2)
    assert len(await desk.planned()) == 1


async def spawn(settings: Settings, *arguments: str) -> asyncio.subprocess.Process:
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.schedule_process",
        str(settings.folder),
        str(settings.database_url),
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
    )


async def started(process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(60):
        assert await process.stdout.readline() == b"ready\n"


async def stopped(*processes: asyncio.subprocess.Process) -> None:
    for process in processes:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_schedulers_in_processes_whose_clocks_differ_fire_each_once_and_not_early(
    desk: Desk, settings: Settings
) -> None:
    for number in range(20):
        await desk.save(f"Flow {number}", cron="0 0 29 2 *")
    await desk.fire()
    processes = [await spawn(settings, "--clock", shift) for shift in ("-5", "5")]
    try:
        await asyncio.gather(*map(started, processes))
        soon = await desk.pool.fetchval("SELECT clock_timestamp() + interval '2 seconds'")
        await desk.pool.execute("UPDATE schedules SET next_at = $1", soon)
        async with asyncio.timeout(40):
            while len(await desk.planned()) < 20:
                await asyncio.sleep(0.1)
    finally:
        await stopped(*processes)
    assert await desk.planned() == [soon] * 20
    assert await desk.pool.fetchval("SELECT bool_and(queued_at >= planned_at) FROM runs")


async def test_a_scheduler_killed_at_any_moment_loses_nothing_and_repeats_nothing(
    desk: Desk, settings: Settings
) -> None:
    for number in range(60):
        await desk.save(f"Flow {number}", every={"minutes": 1}, overlap="allow")
    await desk.fire()
    now = await desk.pool.fetchval("SELECT date_trunc('minute', now())")
    times = [now - (10 - number) * MINUTE for number in range(3)]
    for number, planned in enumerate(times):
        await desk.pool.execute("UPDATE schedules SET next_at = $1", planned)
        process = await spawn(settings, "--batch", "7", "--pause", "0.002")
        await started(process)
        await asyncio.sleep(0.01 + 0.02 * number)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        written = await desk.pool.fetchval("SELECT count(*) FROM runs WHERE planned_at > $1", planned - MINUTE / 2)
        moved = await desk.pool.fetchval("SELECT count(*) FROM schedules WHERE next_at > $1", planned)
        assert written == moved, "a run is there exactly where its schedule has moved on"
        while await desk.fire():
            pass
        counts = await desk.pool.fetch("SELECT flow_id, count(*) AS n FROM runs GROUP BY flow_id")
        assert [row["n"] for row in counts] == [1] * 60
        await desk.pool.execute("DELETE FROM runs")
