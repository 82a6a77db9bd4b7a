"""Who gets which run: shares, limits, order, hand-over, and what has ended stays as it is."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest

from outcode.database.blobs import BlobStore
from outcode.engine.state import FINAL_RUN_STATES, RunState
from outcode.runs.claims import Claim
from outcode.runs.instance import Instance, open_instance
from outcode.runs.leases import Leases, Limits
from outcode.runs.payloads import PayloadStore
from outcode.workspace.people import create_workspace
from outcode.workspace.scope import Scope, new_id
from outcode.workspace.settings import Settings
from tests.support.many_runs import add_runs, version_of

LEASE = 60.0


@dataclass
class Office:
    """An instance that carries nothing by itself, and leases to try."""

    instance: Instance
    scope: Scope
    version_id: str

    def leases(self, seconds: float = LEASE, limits: Limits | None = None) -> Leases:
        payloads = PayloadStore(BlobStore(self.instance.settings.folder / "blobs"))
        return Leases(self.instance.database, payloads, seconds, limits)

    async def add(self, count: int, **columns: Any) -> list[str]:
        return await add_runs(self.instance.database, self.scope, self.version_id, count, **columns)

    async def another_team(self) -> Office:
        team_id = new_id()
        await self.instance.database.pool.execute(
            "INSERT INTO teams (organization_id, id, name) VALUES ($1, $2, $3)",
            self.scope.organization_id,
            team_id,
            team_id,
        )
        scope = Scope(self.scope.organization_id, team_id, self.scope.user_id)
        return Office(self.instance, scope, await version_of(self.instance, scope))

    async def flow(self) -> str:
        document = {"outcode": 1, "kind": "dataflow", "name": new_id(), "tasks": {}}
        return (await self.instance.flows.create(self.scope, document, None)).id

    async def column(self, name: str) -> list[Any]:
        rows = await self.instance.database.pool.fetch(f"SELECT {name} AS it FROM runs ORDER BY id")
        return [row["it"] for row in rows]


@pytest.fixture
async def office(settings: Settings) -> AsyncIterator[Office]:
    async with open_instance(settings, holder="tests") as instance:
        scope = await create_workspace(
            instance.database, organization="Acme", domain="acme", team="Sales", user="Kim", email="kim@acme.test"
        )
        yield Office(instance, scope, await version_of(instance, scope))


def ids(claims: list[Claim]) -> list[str]:
    return sorted(claim.run_id for claim in claims)


async def test_the_oldest_runs_are_taken_and_each_once(office: Office) -> None:
    runs = await office.add(50)
    leases = office.leases()
    assert ids(await leases.take(5)) == runs[:5]
    taken = await asyncio.gather(*(office.leases().take(10) for _ in range(6)))
    assert sorted(run_id for claims in taken for run_id in ids(claims)) == runs[5:]
    assert await leases.take(10) == []


async def test_a_claim_says_what_the_run_was_started_with(office: Office) -> None:
    (run_id,) = await office.add(1)
    (claim,) = await office.leases().take(3)
    assert (claim.run_id, claim.epoch, claim.attempts, claim.input) == (run_id, 1, 1, {"body": {}})
    assert claim.scope == office.scope


async def test_higher_priority_goes_first(office: Office) -> None:
    await office.add(3)
    (urgent,) = await office.add(1, priority=10)
    assert ids(await office.leases().take(1)) == [urgent]


async def test_a_team_with_few_runs_goes_before_one_with_many(office: Office) -> None:
    small = await office.another_team()
    await office.add(40, priority=10)
    await small.add(3)
    first = await office.leases().take(6)
    assert Counter(claim.scope.team_id for claim in first) == {office.scope.team_id: 3, small.scope.team_id: 3}
    await small.add(2)
    second = await office.leases().take(2)
    assert {claim.scope.team_id for claim in second} == {office.scope.team_id, small.scope.team_id}


async def test_many_teams_share_evenly(office: Office) -> None:
    teams = [await office.another_team() for _ in range(5)]
    for number, team in enumerate(teams):
        await team.add(10 * (number + 1))
    taken = await office.leases().take(20)
    assert set(Counter(claim.scope.team_id for claim in taken).values()) == {4}


async def test_no_team_gets_more_than_its_limit(office: Office) -> None:
    other = await office.another_team()
    await office.add(10)
    await other.add(1)
    limited = Limits(team=3)
    taken = await asyncio.gather(*(office.leases(limits=limited).take(5) for _ in range(4)))
    held = [claim for claims in taken for claim in claims]
    assert Counter(claim.scope.team_id for claim in held) == {office.scope.team_id: 3, other.scope.team_id: 1}
    await office.leases().hand_back([claim for claim in held if claim.scope == office.scope][:1])
    assert len(await office.leases(limits=limited).take(5)) == 1


async def test_a_flow_at_its_limit_lets_others_pass(office: Office) -> None:
    narrow, wide = await office.flow(), await office.flow()
    first = await office.add(30, flow_id=narrow, priority=10)
    second = await office.add(3, flow_id=wide)
    limits = Limits(flows={narrow: 2})
    taken = await office.leases(limits=limits).take(4)
    assert ids(taken)[:2] == first[:2]
    taken += await office.leases(limits=limits).take(10)
    assert ids(taken) == [*first[:2], *second]


async def test_suspended_runs_are_left_alone_until_their_time(office: Office) -> None:
    leases = office.leases()
    due = await office.add(3, wake=-1)
    await office.add(2, wake=600)
    assert await leases.take(10) == []
    woken, seconds = await leases.wake_due()
    assert woken
    assert seconds is not None
    assert 500 < seconds <= 600
    assert ids(await leases.take(10)) == due
    assert not (await leases.wake_due())[0]


async def test_what_is_handed_back_is_taken_again_and_not_counted(office: Office) -> None:
    leases = office.leases()
    await office.add(1)
    (first,) = await leases.take(1)
    await leases.hand_back([first])
    (second,) = await leases.take(1)
    assert (second.epoch, second.attempts) == (2, 1)
    await leases.hand_back([first])
    assert await office.column("state") == ["running"]


async def test_lapsed_runs_wait_again_and_their_attempt_counts(office: Office) -> None:
    lapsed = await office.add(3, state="running", epoch=1, lease=-1)
    await office.add(1, state="running", epoch=1, lease=30)
    leases = office.leases(seconds=1)
    await until_grace_is_over(office)
    assert await leases.put_back_lapsed()
    assert not await leases.put_back_lapsed()
    claims = await leases.take(10)
    assert ids(claims) == lapsed
    assert {(claim.epoch, claim.attempts) for claim in claims} == {(2, 2)}


async def until_grace_is_over(office: Office) -> None:
    """Nobody is taken for dead right after the database was started."""
    while not await office.instance.database.pool.fetchval(
        "SELECT now() > pg_postmaster_start_time() + interval '1.1 seconds'"
    ):
        await asyncio.sleep(0.1)


async def test_a_cancelled_run_whose_worker_is_silent_is_ended(office: Office) -> None:
    await office.add(1, state="running", epoch=1, lease=LEASE - 4, cancel_requested=True)
    await office.add(1, state="running", epoch=1, lease=LEASE - 1, cancel_requested=True)
    await office.add(1, state="running", epoch=1, lease=-5)
    await office.leases().end_cancelled()
    assert await office.column("state") == ["cancelled", "running", "running"]


async def test_nothing_changes_a_run_that_has_ended(office: Office) -> None:
    database = office.instance.database
    runs = [
        run_id
        for state in sorted(FINAL_RUN_STATES)
        for run_id in await office.add(1, state=state, epoch=1, lease=-9, wake=-9, cancel_requested=True)
    ]
    before = [dict(row) for row in await database.pool.fetch("SELECT * FROM runs ORDER BY id")]
    (row, *_) = await database.pool.fetch("SELECT *, 'UTC' AS timezone FROM runs")
    leases = office.leases(seconds=1)
    await until_grace_is_over(office)
    for run_id in runs:
        claim = Claim.of({**row, "id": run_id}, {})
        assert await leases.claim(run_id) is None
        assert await leases.extend({run_id: claim}) == (set(), set())
        await leases.hand_back([claim])
    assert await leases.take(10) == []
    await leases.put_back_lapsed()
    await leases.end_cancelled()
    await leases.wake_due()
    assert [dict(row) for row in await database.pool.fetch("SELECT * FROM runs ORDER BY id")] == before


async def test_a_run_whose_input_is_gone_crashes_alone(office: Office) -> None:
    broken, whole = await office.add(2)
    await office.instance.database.pool.execute(
        "UPDATE payloads SET inline = NULL, blob = $2 WHERE id = (SELECT input_id FROM runs WHERE id = $1)",
        broken,
        await BlobStore(office.instance.settings.folder / "elsewhere").put(b"{}"),
    )
    assert ids(await office.leases().take(5)) == [whole]
    assert await office.column("state") == [RunState.CRASHED, RunState.RUNNING]


async def test_a_worker_stopped_in_the_line_does_not_stop_the_others(office: Office) -> None:
    await office.add(1)
    paused = await asyncpg.connect(**office.instance.database.address.arguments())
    try:
        await paused.execute("BEGIN; SET LOCAL idle_in_transaction_session_timeout = '1s'")
        await paused.execute("SELECT pg_advisory_xact_lock(7236284522141377645)")
        async with asyncio.timeout(30):
            assert len(await office.leases().take(1)) == 1
    finally:
        paused.terminate()
