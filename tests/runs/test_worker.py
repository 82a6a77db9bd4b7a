"""Workers of one database: they share the work, stop in good order, and cancel in every state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from outcode.engine.state import RunState
from outcode.flows.plain import parse_flow
from outcode.runs.instance import Instance, open_instance
from outcode.workspace.people import create_workspace
from outcode.workspace.scope import Scope
from outcode.workspace.settings import Pace, Settings
from tests.conftest import Place
from tests.support.flows import ended, post, script
from tests.support.many_runs import add_runs, version_of
from tests.support.receiver import receiving

QUICK = Pace(lease_seconds=2.0, drain_seconds=0.5, at_once=3)


@asynccontextmanager
async def working(settings: Settings, pace: Pace = QUICK) -> AsyncIterator[Instance]:
    async with open_instance(replace(settings, pace=pace), holder="tests") as instance:
        instance.worker.start(consume=True)
        yield instance
        await instance.worker.stop()


@pytest.fixture
async def office(settings: Settings) -> AsyncIterator[Place]:
    """An instance that starts runs and carries none."""
    async with open_instance(replace(settings, pace=QUICK), holder="tests") as instance:
        scope = await create_workspace(
            instance.database, organization="Acme", domain="acme", team="Sales", user="Kim", email="kim@acme.test"
        )
        yield Place(instance, scope, "")


async def start(place: Place, tasks: dict[str, Any]) -> str:
    document = parse_flow({"outcode": 1, "kind": "dataflow", "name": "Test", "tasks": tasks})
    return (await place.instance.starter.start_unsaved(place.scope, document, "api", None)).run_id


async def states(instance: Instance, scope: Scope) -> list[str]:
    return [run.state for run in await instance.history.page(scope, limit=100)]


async def test_more_runs_than_places_are_all_carried(office: Place, settings: Settings) -> None:
    version_id = await version_of(office.instance, office.scope)
    await add_runs(office.instance.database, office.scope, version_id, 30)
    async with working(settings), working(settings), asyncio.timeout(60):
        while set(await states(office.instance, office.scope)) != {"done"}:
            await asyncio.sleep(0.05)
    jobs = await office.instance.database.pool.fetchval("SELECT count(*) FROM pgqueuer")
    assert jobs <= 1


async def test_a_run_that_begins_while_the_worker_idles_is_taken_up_by_its_job(place: Place) -> None:
    await asyncio.sleep(0.3)
    run_ids = [await start(place, {"a": script("return 1")}) for _ in range(3)]
    assert {(await ended(place, run_id)).state for run_id in run_ids} == {"done"}


async def test_a_suspended_run_goes_on_when_its_time_has_come(place: Place) -> None:
    version_id = await version_of(place.instance, place.scope)
    (run_id,) = await add_runs(place.instance.database, place.scope, version_id, 1, wake=0.5)
    found = await ended(place, run_id)
    assert found.state == "done"
    assert found.started_at is not None
    assert (found.started_at - found.queued_at).total_seconds() >= 0.5


async def test_lapsed_runs_are_taken_up(office: Place, settings: Settings) -> None:
    version_id = await version_of(office.instance, office.scope)
    columns: dict[str, Any] = {"state": "running", "epoch": 1, "lease": -1}
    (run_id,) = await add_runs(office.instance.database, office.scope, version_id, 1, **columns)
    async with working(settings):
        assert (await ended(office, run_id)).state == "done"


async def test_a_worker_that_stops_hands_its_runs_over_at_once(office: Place, settings: Settings) -> None:
    slow = script("const end = Date.now() + 1500; while (Date.now() < end); return 1")
    run_id = await start(
        office, {"a": script("return 1"), "b": slow, "c": script("return input.n", input={"n": "{{b}}"})}
    )
    patient = replace(QUICK, lease_seconds=600, drain_seconds=0.1)
    async with working(settings, patient):
        async with asyncio.timeout(30):
            while await states(office.instance, office.scope) != ["running"]:
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)
    row = await office.instance.database.pool.fetchrow("SELECT state, attempts, lease_until FROM runs")
    assert tuple(row) == ("waiting", 0, None)
    async with working(settings, patient):
        found = await ended(office, run_id)
    assert found.state == "done"


async def test_a_worker_lets_its_runs_finish_within_the_drain_time(office: Place, settings: Settings) -> None:
    async with receiving(seconds=0.7) as receiver:
        run_id = await start(office, {"a": post(receiver, {})})
        async with working(settings, replace(QUICK, drain_seconds=30)):
            await asyncio.wait_for(receiver.first.wait(), 30)
    assert (await office.instance.history.find(office.scope, run_id)).state == "done"


async def test_a_slow_call_is_cancelled(place: Place) -> None:
    async with receiving(seconds=60) as receiver:
        run_id = await start(place, {"a": post(receiver, {})})
        await asyncio.wait_for(receiver.first.wait(), 30)
        await place.instance.history.cancel(place.scope, run_id)
        assert (await ended(place, run_id, seconds=5)).state == RunState.CANCELLED


async def test_waiting_and_suspended_runs_are_cancelled_at_once(office: Place) -> None:
    version_id = await version_of(office.instance, office.scope)
    for wake in (None, 3600.0):
        (run_id,) = await add_runs(office.instance.database, office.scope, version_id, 1, wake=wake)
        found = await office.instance.history.cancel(office.scope, run_id)
        assert (found.state, found.ended) == ("cancelled", True)
        assert found.error is not None
        assert found.error["code"] == "run_cancelled"


async def test_a_run_whose_worker_is_gone_is_cancelled_long_before_its_lease_lapses(
    office: Place, settings: Settings
) -> None:
    version_id = await version_of(office.instance, office.scope)
    columns: dict[str, Any] = {"state": "running", "epoch": 1, "lease": 600}
    (run_id,) = await add_runs(office.instance.database, office.scope, version_id, 1, **columns)
    async with working(settings, replace(QUICK, lease_seconds=600)):
        await office.instance.history.cancel(office.scope, run_id)
        assert (await ended(office, run_id, seconds=10)).state == "cancelled"
