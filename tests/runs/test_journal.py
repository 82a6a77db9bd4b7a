"""The journal: who may write, what survives a dead worker, and what is never written twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from outcode.database.blobs import BlobStore
from outcode.engine.results import TaskResult
from outcode.engine.state import RunState, TaskState
from outcode.flows.plain import parse_flow
from outcode.runs.claims import Accepted, Claim, LeaseLost, Start
from outcode.runs.history import TaskInfo
from outcode.runs.instance import Instance, open_instance
from outcode.runs.journal import Journal
from outcode.runs.leases import Leases
from outcode.runs.payloads import PayloadStore
from outcode.values.problems import Stopped, restored
from outcode.workspace.people import create_workspace
from outcode.workspace.scope import Scope
from outcode.workspace.settings import Settings
from tests.support.flows import post, script
from tests.support.receiver import receiving
from tests.support.waiting import until


class Desk:
    """An instance without a running worker, and a journal with short leases."""

    def __init__(self, instance: Instance, scope: Scope, lease_seconds: float) -> None:
        self.instance = instance
        self.scope = scope
        payloads = PayloadStore(BlobStore(instance.settings.folder / "blobs"))
        self.journal = Journal(instance.database, payloads, lease_seconds)
        self.leases = Leases(instance.database, payloads, lease_seconds)

    async def accept(self, tasks: dict[str, Any], key: str | None = None, *, leased: bool = False) -> Accepted:
        document = parse_flow({"outcode": 1, "kind": "dataflow", "name": "Test", "tasks": tasks})
        if key is None:
            version_id, flow_id = await self.instance.flows.add_unsaved(self.scope, document.as_json()), None
        else:
            flow = await self.instance.flows.save_by_name(self.scope, document.as_json(), None)
            version_id, flow_id = flow.version_id, flow.id
        start = Start(flow_id, version_id, "Test", "api", {"body": {}}, idempotency_key=key)
        return await self.journal.accept(self.scope, start, leased=leased)

    async def claimed(self, tasks: dict[str, Any]) -> Claim:
        accepted = await self.accept(tasks)
        claim = await self.leases.claim(accepted.run_id)
        assert claim is not None
        return claim

    async def lapse(self) -> None:
        await self.instance.database.pool.execute("UPDATE runs SET lease_until = now() - interval '1 second'")

    async def tasks(self, claim: Claim) -> tuple[TaskInfo, ...]:
        return (await self.instance.history.find(self.scope, claim.run_id)).tasks

    async def state(self, run_id: str) -> str:
        return (await self.instance.history.find(self.scope, run_id)).state


@pytest.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    async with open_instance(settings, holder="tests") as instance:
        scope = await create_workspace(
            instance.database, organization="Acme", domain="acme", team="Sales", user="Kim", email="kim@acme.test"
        )
        yield Desk(instance, scope, 60)


TASKS = {"a": script("return 1"), "b": script("return 2", input={"x": "{{a}}"})}


async def test_a_run_is_claimed_by_one_worker_only(desk: Desk) -> None:
    accepted = await desk.accept(TASKS)
    claims = await asyncio.gather(*(desk.leases.claim(accepted.run_id) for _ in range(20)))
    assert [claim.epoch for claim in claims if claim is not None] == [1]


async def test_a_leased_run_is_held_from_the_first_moment(desk: Desk) -> None:
    accepted = await desk.accept(TASKS, leased=True)
    assert accepted.claim is not None
    assert (accepted.claim.epoch, accepted.claim.attempts) == (1, 1)
    assert await desk.leases.claim(accepted.run_id) is None
    await desk.lapse()
    claim = await desk.leases.claim(accepted.run_id)
    assert claim is not None
    assert claim.epoch == 2


async def test_late_writes_of_a_paused_worker_are_refused(desk: Desk) -> None:
    paused = await desk.claimed(TASKS)
    await desk.lapse()
    second = await desk.leases.claim(paused.run_id)
    assert second is not None
    assert second.epoch == 2
    result = TaskResult.of("a", 1)
    late = desk.journal.record(paused)
    for write in (
        late.task_started("a", None, repeatable=False),
        late.task_ended("a", TaskState.DONE, repeatable=False, result=result),
        late.end(RunState.FAILED, Stopped("run_cancelled")),
    ):
        with pytest.raises(LeaseLost):
            await write
    assert [task.state for task in await desk.tasks(paused)] == ["waiting", "waiting"]
    assert await desk.leases.extend({paused.run_id: paused}) == (set(), set())
    record = desk.journal.record(second)
    await record.task_ended("a", TaskState.DONE, repeatable=False, result=result)
    await record.end(RunState.DONE)
    assert await desk.state(paused.run_id) == "done"


async def test_a_final_state_never_changes(desk: Desk) -> None:
    claim = await desk.claimed(TASKS)
    record = desk.journal.record(claim)
    await record.end(RunState.DONE)
    with pytest.raises(LeaseLost):
        await record.end(RunState.FAILED, Stopped("run_cancelled"))
    assert await desk.leases.claim(claim.run_id) is None
    with pytest.raises(ValueError, match="cannot end"):
        await record.end(RunState.WAITING)


async def test_a_lease_is_extended_and_a_wish_to_cancel_is_told(desk: Desk) -> None:
    claim = await desk.claimed(TASKS)
    before = await desk.instance.database.pool.fetchval("SELECT lease_until FROM runs")
    await asyncio.sleep(0.01)
    assert await desk.leases.extend({claim.run_id: claim}) == ({claim.run_id}, set())
    assert await desk.instance.database.pool.fetchval("SELECT lease_until FROM runs") > before
    await desk.instance.history.cancel(desk.scope, claim.run_id)
    assert await desk.leases.extend({claim.run_id: claim}) == ({claim.run_id}, {claim.run_id})


async def test_the_same_idempotency_key_gives_the_same_run(desk: Desk) -> None:
    first = await desk.accept(TASKS, key="k-1")
    again = await desk.accept(TASKS, key="k-1")
    other = await desk.accept(TASKS, key="k-2")
    assert (again.run_id, again.created) == (first.run_id, False)
    assert other.created
    await desk.instance.database.pool.execute("UPDATE runs SET queued_at = now() - interval '25 hours'")
    await desk.leases.forget_idempotency_keys()
    assert (await desk.accept(TASKS, key="k-1")).created


async def test_another_worker_goes_on_behind_the_last_finished_task(desk: Desk) -> None:
    async with receiving() as receiver:
        tasks = {"a": post(receiver, {"from": "a"}), "b": post(receiver, {"from": "b", "after": "{{a.status}}"})}
        dead = await desk.claimed(tasks)
        result = TaskResult.of("a", {"status": 200})
        record = desk.journal.record(dead)
        await record.task_started("a", None, repeatable=False)
        await record.task_ended("a", TaskState.DONE, repeatable=False, result=result)
        await desk.lapse()
        await desk.instance.worker.take(dead.run_id)
    assert await desk.state(dead.run_id) == "done"
    assert receiver.bodies == [{"from": "b", "after": 200}]


async def test_an_effect_in_flight_becomes_unknown_and_is_not_repeated(desk: Desk) -> None:
    async with receiving() as receiver:
        dead = await desk.claimed({"a": post(receiver, {})})
        await desk.journal.record(dead).task_started("a", None, repeatable=False)
        await desk.lapse()
        await desk.instance.worker.take(dead.run_id)
    found = await desk.instance.history.find(desk.scope, dead.run_id)
    assert (found.state, found.tasks[0].state) == ("crashed", "unknown")
    assert found.error is not None
    assert restored(found.error).code == "effect_unknown"
    assert receiver.bodies == []


async def test_pure_work_in_flight_is_repeated(desk: Desk) -> None:
    dead = await desk.claimed(TASKS)
    record = desk.journal.record(dead)
    await record.task_started("a", repeatable=True)
    await record.flush()
    await desk.lapse()
    await desk.instance.worker.take(dead.run_id)
    assert await desk.state(dead.run_id) == "done"


async def test_a_run_that_keeps_losing_its_worker_is_given_up(desk: Desk) -> None:
    accepted = await desk.accept(TASKS)
    for _ in range(3):
        assert await desk.leases.claim(accepted.run_id) is not None
        await desk.lapse()
    await desk.instance.worker.take(accepted.run_id)
    found = await desk.instance.history.find(desk.scope, accepted.run_id)
    assert found.state == "crashed"
    assert found.error is not None
    assert found.error["code"] == "run_keeps_crashing"


async def test_what_may_be_repeated_is_written_later_and_with_the_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outcode.runs.record.SHOW_AFTER_SECONDS", 2)
    claim = await desk.claimed(TASKS)
    record = desk.journal.record(claim)
    await record.task_started("a", None, repeatable=True)
    assert [task.state for task in await desk.tasks(claim)] == ["waiting", "waiting"]

    async def shown() -> bool:
        return [task.state for task in await desk.tasks(claim)] == ["running", "waiting"]

    await until(shown)
    await record.task_ended("a", TaskState.DONE, repeatable=True, result=TaskResult.of("a", [1, 2]))
    await record.task_started("b", 2, repeatable=True)
    await record.write_rows("b", 0, [await record.chunk("b", 0, [0], [[3]])], 1, 0)
    await record.task_ended("b", TaskState.DONE, repeatable=True, result=TaskResult.of("b", [3, 4]))
    await record.end(RunState.DONE)
    first, second = await desk.tasks(claim)
    assert (first.state, first.rows_total, second.state, second.rows_done) == ("done", 2, "done", 2)
    assert first.started_at is not None
    assert first.finished_at is not None
    assert first.started_at < first.finished_at


async def test_many_runs_are_written_together_and_each_by_its_own_lease(desk: Desk) -> None:
    accepted = await asyncio.gather(*(desk.accept(TASKS, leased=True) for _ in range(40)))
    claims = [each.claim for each in accepted if each.claim is not None]
    assert len({claim.run_id for claim in claims}) == 40
    lost = {claim.run_id for claim in claims[::4]}
    await desk.instance.database.pool.execute("UPDATE runs SET epoch = 9 WHERE id = ANY($1::uuid[])", list(lost))

    async def end(claim: Claim) -> bool:
        try:
            await desk.journal.record(claim).end(RunState.DONE)
        except LeaseLost:
            return False
        return True

    ended = dict(zip([claim.run_id for claim in claims], await asyncio.gather(*map(end, claims)), strict=True))
    assert {run_id for run_id, written in ended.items() if not written} == lost
    for run_id, written in ended.items():
        assert await desk.state(run_id) == ("done" if written else "running")


async def test_the_same_key_twice_at_the_same_moment_is_one_run(desk: Desk) -> None:
    document = parse_flow({"outcode": 1, "kind": "dataflow", "name": "Test", "tasks": TASKS}).as_json()
    flow = await desk.instance.flows.create(desk.scope, document, None)
    start = Start(flow.id, flow.version_id, "Test", "api", {"body": {}}, idempotency_key="k")
    accepted = await asyncio.gather(*(desk.journal.accept(desk.scope, start) for _ in range(8)))
    assert len({each.run_id for each in accepted}) == 1
    assert sum(each.created for each in accepted) == 1
    counts = "SELECT (SELECT count(*) FROM runs) AS runs, (SELECT count(*) FROM payloads) AS payloads"
    assert tuple(await desk.instance.database.pool.fetchrow(counts)) == (1, 1)


async def test_what_somebody_waits_for_comes_first(desk: Desk) -> None:
    document = parse_flow({"outcode": 1, "kind": "dataflow", "name": "Test", "tasks": TASKS}).as_json()
    version_id = await desk.instance.flows.add_unsaved(desk.scope, document)
    for trigger, test in (("schedule", False), ("webhook", False), ("manual", False), ("schedule", True)):
        await desk.journal.accept(desk.scope, Start(None, version_id, "Test", trigger, {"body": {}}, test=test))
    claims = [claim for _ in range(4) for claim in await desk.leases.take(1)]
    assert [(claim.trigger, claim.test) for claim in claims] == [
        ("manual", False),
        ("schedule", True),
        ("webhook", False),
        ("schedule", False),
    ]
