"""The journal: the run row is the truth about a run, and whoever writes must still hold its lease.

A run is *claimed* by raising its ``epoch``; every later write names that epoch. A worker that was paused past its lease
finds that the epoch has moved on: its writes change nothing, and it stops with
:class:`outcode.runs.claims.LeaseLost`.
"""

from __future__ import annotations

from collections.abc import Mapping

import asyncpg

from outcode.database.database import Database
from outcode.database.grouped import Grouped
from outcode.engine.results import TaskResult
from outcode.runs.acceptance import Acceptance, NewRun
from outcode.runs.claims import Accepted, Claim, Start, TaskMark
from outcode.runs.payloads import PayloadStore
from outcode.runs.record import RunEntry, RunRecord
from outcode.runs.record_writes import RecordWrites
from outcode.runs.results import ResultStore
from outcode.runs.rows import KnownRows
from outcode.values.json import Json
from outcode.workspace.scope import Scope, new_id

LEASE_SECONDS = 15.0


class Journal:
    """Writes and reads runs."""

    def __init__(self, database: Database, payloads: PayloadStore, lease_seconds: float = LEASE_SECONDS) -> None:
        self._pool = database.pool
        self._payloads = payloads
        self._results = ResultStore(payloads)
        self._lease_seconds = lease_seconds
        self._accepted: Grouped[NewRun, Accepted] = Grouped(Acceptance(database, payloads, lease_seconds).write)
        self._written: Grouped[RunEntry, bool] = Grouped(RecordWrites(database, payloads).write)

    async def accept(self, scope: Scope, start: Start, *, leased: bool = False) -> Accepted:
        """Write a run; once this returns it survives any crash.

        With ``leased`` it is written as running here, for a caller who carries it out at once and waits for the end;
        else as waiting for a worker.
        """
        payload = await self._payloads.prepare(scope, start.input)
        return await self._accepted.submit(NewRun(new_id(), scope, start, payload, leased))

    def record(self, claim: Claim) -> RunRecord:
        """What is written about a run while we hold it."""
        return RunRecord(claim, self._payloads, self._written)

    async def claim(self, run_id: str) -> Claim | None:
        """Take a run that waits or whose lease has lapsed; None when it is not to be had."""
        async with self._pool.acquire() as database, database.transaction():
            row = await database.fetchrow(
                """
                UPDATE runs SET state = 'running', epoch = epoch + 1, attempts = attempts + 1,
                                lease_until = now() + make_interval(secs => $2),
                                wake_at = NULL, waiting_for = NULL, started_at = coalesce(started_at, now())
                WHERE id = $1 AND ((state = 'waiting' AND (wake_at IS NULL OR wake_at <= now()))
                                   OR (state = 'running' AND lease_until < now()))
                RETURNING *, (SELECT timezone FROM organizations WHERE id = runs.organization_id) AS timezone
                """,
                run_id,
                self._lease_seconds,
            )
            if row is None:
                return None
            tasks = await database.fetch(
                """
                SELECT letter, state, attempt, repeatable, rows_begun, waiting_for FROM run_tasks WHERE run_id = $1
                """,
                run_id,
            )
            scope = Scope(row["organization_id"], row["team_id"], row["created_by"])
            values = await self._payloads.get(database, scope, row["input_id"])
            return Claim.of(row, values, {task["letter"]: TaskMark.of(task) for task in tasks})

    async def document(self, scope: Scope, version_id: str) -> Json:
        """The stored document of a version of the team; raises KeyError when there is none."""
        async with self._pool.acquire() as database:
            document = await database.fetchval(
                "SELECT document FROM flow_versions WHERE id = $1 AND organization_id = $2 AND team_id = $3",
                version_id,
                scope.organization_id,
                scope.team_id,
            )
        if document is None:
            raise KeyError(version_id)
        return document

    async def extend(self, claims: Mapping[str, Claim]) -> tuple[set[str], set[str]]:
        """Renew the leases of all runs held: the ids still held, and those among them that should be cancelled."""
        async with self._pool.acquire() as database:
            rows = await database.fetch(
                """
                UPDATE runs SET lease_until = now() + make_interval(secs => $3)
                FROM unnest($1::uuid[], $2::int[]) AS held (id, epoch)
                WHERE runs.id = held.id AND runs.epoch = held.epoch AND runs.state = 'running'
                RETURNING runs.id, runs.cancel_requested
                """,
                list(claims),
                [claim.epoch for claim in claims.values()],
                self._lease_seconds,
            )
        return {row["id"] for row in rows}, {row["id"] for row in rows if row["cancel_requested"]}

    async def result(self, claim: Claim, letter: str) -> TaskResult | None:
        """The journaled result of a finished task; None when it was never executed."""
        async with self._pool.acquire() as database:
            payload_id = await database.fetchval(
                "SELECT result_id FROM run_tasks WHERE run_id = $1 AND letter = $2", claim.run_id, letter
            )
            if payload_id is None:
                return None
            return await self._results.get(database, claim.scope, payload_id, claim.run_id, letter)

    async def rows(self, claim: Claim, letter: str) -> KnownRows:
        """What is journaled of the elements of a task that iterates."""
        async with self._pool.acquire() as database:
            return await self._results.rows(database, claim.scope, claim.run_id, letter)


class Reaper:
    """Finds runs that nobody carries: waiting ones that the queue lost, and running ones whose lease has lapsed."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool

    async def abandoned(self, limit: int = 1000) -> list[tuple[str, int]]:
        """Ids and epochs of runs to be enqueued again, oldest first."""
        async with self._pool.acquire() as database:
            rows: list[asyncpg.Record] = await database.fetch(
                """
                SELECT id, epoch FROM runs
                WHERE (state = 'waiting' AND queued_at < now() - interval '5 seconds' AND wake_at IS NULL)
                   OR (state = 'waiting' AND wake_at <= now())
                   OR (state = 'running' AND lease_until < now())
                ORDER BY id LIMIT $1
                """,
                limit,
            )
        return [(row["id"], row["epoch"]) for row in rows]

    async def forget_idempotency_keys(self) -> None:
        """Free idempotency keys after their 24 hours."""
        async with self._pool.acquire() as database:
            await database.execute(
                """
                UPDATE runs SET idempotency_key = NULL
                WHERE idempotency_key IS NOT NULL AND queued_at < now() - interval '24 hours'
                """
            )
