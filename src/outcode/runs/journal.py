"""The journal: the run row is the truth about a run, and whoever writes must still hold its lease.

A run is *claimed* by raising its ``epoch``; every later write names that epoch. A worker that was paused past its lease
finds that the epoch has moved on: its writes change nothing, and it stops with :class:`LeaseLost`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from outcode.database.database import Connection, Database
from outcode.engine.results import TaskResult
from outcode.engine.state import FINAL_RUN_STATES, RunState, TaskState, may_follow
from outcode.runs.call_log import CallLog
from outcode.runs.payloads import PayloadStore
from outcode.values.json import Json
from outcode.values.problems import Problem
from outcode.workspace.scope import Scope, new_id

LEASE_SECONDS = 15.0


class LeaseLost(Exception):
    """Another worker holds this run now, or it has ended; whatever we still do for it must not be written."""


@dataclass(frozen=True, slots=True)
class Start:
    """What a run is started with; ``input`` is what ``{{trigger}}`` will mean."""

    flow_id: str | None
    version_id: str
    flow_name: str
    trigger: str
    input: dict[str, Json]
    test: bool = False
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A run that this process holds: the right to write, as of one epoch."""

    run_id: str
    epoch: int
    attempts: int
    scope: Scope
    version_id: str
    trigger: str
    test: bool
    input: dict[str, Json]
    started_at: datetime
    timezone: str
    task_states: Mapping[str, TaskState] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A run that is durably written.

    ``created`` is False when its idempotency key was known already; ``claim`` is there when the run was written as
    held by this process.
    """

    run_id: str
    created: bool
    claim: Claim | None = None


class Journal:
    """Writes and reads runs; every method is one transaction."""

    def __init__(self, database: Database, payloads: PayloadStore, lease_seconds: float = LEASE_SECONDS) -> None:
        self._pool = database.pool
        self._payloads = payloads
        self._lease_seconds = lease_seconds

    async def accept(self, scope: Scope, start: Start, *, leased: bool = False) -> Accepted:
        """Write a run; once this returns it survives any crash.

        With ``leased`` it is written as running here, for a caller who carries it out at once and waits for the end;
        else as waiting for a worker.
        """
        run_id = new_id()
        async with self._pool.acquire() as database, database.transaction():
            input_id = await self._payloads.put(database, scope, start.input)
            row = await database.fetchrow(
                """
                INSERT INTO runs (organization_id, team_id, id, flow_id, version_id, flow_name, trigger, test,
                                  idempotency_key, input_id, created_by, state, epoch, attempts,
                                  lease_until, started_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
                        CASE WHEN $12 = 1 THEN 'running' ELSE 'waiting' END, $12, $12,
                        CASE WHEN $12 = 1 THEN now() + make_interval(secs => $13) END, CASE WHEN $12 = 1 THEN now() END)
                ON CONFLICT (flow_id, idempotency_key) DO NOTHING
                RETURNING *, (SELECT timezone FROM organizations WHERE id = runs.organization_id) AS timezone
                """,
                scope.organization_id,
                scope.team_id,
                run_id,
                start.flow_id,
                start.version_id,
                start.flow_name,
                start.trigger,
                start.test,
                start.idempotency_key,
                input_id,
                scope.user_id,
                int(leased),
                self._lease_seconds,
            )
            if row is not None:
                return Accepted(run_id, created=True, claim=_claim(row, start.input) if leased else None)
            known = await database.fetchval(
                "SELECT id FROM runs WHERE flow_id = $1 AND idempotency_key = $2", start.flow_id, start.idempotency_key
            )
            await database.execute("DELETE FROM payloads WHERE id = $1", input_id)
            return Accepted(known, created=False)

    async def claim(self, run_id: str) -> Claim | None:
        """Take a run that waits or whose lease has lapsed; None when it is not to be had."""
        async with self._pool.acquire() as database, database.transaction():
            row = await database.fetchrow(
                """
                UPDATE runs SET state = 'running', epoch = epoch + 1, attempts = attempts + 1,
                                lease_until = now() + make_interval(secs => $2),
                                started_at = coalesce(started_at, now())
                WHERE id = $1 AND (state = 'waiting' OR (state = 'running' AND lease_until < now()))
                RETURNING *, (SELECT timezone FROM organizations WHERE id = runs.organization_id) AS timezone
                """,
                run_id,
                self._lease_seconds,
            )
            if row is None:
                return None
            tasks = await database.fetch("SELECT letter, state FROM run_tasks WHERE run_id = $1", run_id)
            scope = Scope(row["organization_id"], row["team_id"], row["created_by"])
            values = await self._payloads.get(database, scope, row["input_id"])
            return _claim(row, values, {task["letter"]: TaskState(task["state"]) for task in tasks})

    async def document(self, claim: Claim) -> Json:
        """The stored document of the run's version."""
        async with self._pool.acquire() as database:
            return await database.fetchval(
                "SELECT document FROM flow_versions WHERE id = $1 AND team_id = $2",
                claim.version_id,
                claim.scope.team_id,
            )

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

    async def task_started(self, claim: Claim, letter: str, rows_total: int | None) -> None:
        """Write the intent to carry a task out, before its first effect."""
        async with self._pool.acquire() as database, database.transaction():
            await self._hold(database, claim)
            await database.execute(
                """
                INSERT INTO run_tasks (organization_id, team_id, run_id, letter, state, rows_total, rows_done,
                                       rows_failed, started_at)
                VALUES ($1, $2, $3, $4, 'running', $5, CASE WHEN $5::int IS NULL THEN NULL ELSE 0 END,
                        CASE WHEN $5::int IS NULL THEN NULL ELSE 0 END, now())
                ON CONFLICT (run_id, letter) DO UPDATE SET state = 'running', rows_total = excluded.rows_total,
                    rows_done = excluded.rows_done, rows_failed = excluded.rows_failed, error = NULL
                """,
                claim.scope.organization_id,
                claim.scope.team_id,
                claim.run_id,
                letter,
                rows_total,
            )

    async def task_progress(self, claim: Claim, letter: str, done: int, failed: int) -> None:
        """Write how many elements are done and failed so far."""
        async with self._pool.acquire() as database, database.transaction():
            await self._hold(database, claim)
            await database.execute(
                "UPDATE run_tasks SET rows_done = $3, rows_failed = $4 WHERE run_id = $1 AND letter = $2",
                claim.run_id,
                letter,
                done,
                failed,
            )

    async def task_ended(
        self,
        claim: Claim,
        letter: str,
        state: TaskState,
        *,
        result: TaskResult | None = None,
        error: Mapping[str, Json] | None = None,
        calls: CallLog | None = None,
    ) -> None:
        """Write a task's end with its result or error, and what it said to the outside.

        The next task starts only after this is committed.
        """
        total = len(result.value) if result is not None and isinstance(result.value, list) else None
        failed = len(result.failures) if result is not None and total is not None else None
        async with self._pool.acquire() as database, database.transaction():
            await self._hold(database, claim)
            payload = None
            if result is not None:
                payload = await self._payloads.put(database, claim.scope, result.as_json())
            calls_id = None
            if calls is not None and calls.count:
                calls_id = await self._payloads.put(database, claim.scope, calls.as_json())
            await database.execute(
                """
                INSERT INTO run_tasks AS task (organization_id, team_id, run_id, letter, state, rows_total, rows_done,
                                               rows_failed, result_id, error, calls_id, started_at, finished_at)
                VALUES ($1, $2, $3, $4, $5, $6::int, $6::int - $7::int, $7::int, $8, $9, $10, now(), now())
                ON CONFLICT (run_id, letter) DO UPDATE SET state = excluded.state, error = excluded.error,
                    result_id = excluded.result_id, calls_id = excluded.calls_id, finished_at = now(),
                    rows_total = coalesce(excluded.rows_total, task.rows_total),
                    rows_done = coalesce(excluded.rows_done, task.rows_done),
                    rows_failed = coalesce(excluded.rows_failed, task.rows_failed)
                """,
                claim.scope.organization_id,
                claim.scope.team_id,
                claim.run_id,
                letter,
                state.value,
                total,
                failed,
                payload,
                error,
                calls_id,
            )

    async def result(self, claim: Claim, letter: str) -> TaskResult:
        """The journaled result of a finished task."""
        async with self._pool.acquire() as database:
            payload_id = await database.fetchval(
                "SELECT result_id FROM run_tasks WHERE run_id = $1 AND letter = $2", claim.run_id, letter
            )
            return TaskResult.from_json(await self._payloads.get(database, claim.scope, payload_id))

    async def end(self, claim: Claim, state: RunState, problem: Problem | None = None) -> None:
        """Write the run's final state, once; raises LeaseLost when somebody else has."""
        if not may_follow(RunState.RUNNING, state) or state not in FINAL_RUN_STATES:
            raise ValueError(f"a run cannot end as {state}")
        async with self._pool.acquire() as database:
            ended = await database.fetchval(
                """
                UPDATE runs SET state = $3, error = $4, finished_at = now(), lease_until = NULL
                WHERE id = $1 AND epoch = $2 AND state = 'running' RETURNING id
                """,
                claim.run_id,
                claim.epoch,
                state.value,
                problem.as_json() if problem else None,
            )
        if ended is None:
            raise LeaseLost

    async def _hold(self, database: Connection, claim: Claim) -> None:
        """Lock the run row for this transaction if we still hold it."""
        held = await database.fetchval(
            "SELECT 1 FROM runs WHERE id = $1 AND epoch = $2 AND state = 'running' FOR NO KEY UPDATE",
            claim.run_id,
            claim.epoch,
        )
        if held is None:
            raise LeaseLost


def _claim(row: asyncpg.Record, values: dict[str, Json], states: Mapping[str, TaskState] | None = None) -> Claim:
    return Claim(
        run_id=row["id"],
        epoch=row["epoch"],
        attempts=row["attempts"],
        scope=Scope(row["organization_id"], row["team_id"], row["created_by"]),
        version_id=row["version_id"],
        trigger=row["trigger"],
        test=row["test"],
        input=values,
        started_at=row["started_at"],
        timezone=row["timezone"],
        task_states=states or {},
    )


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
                WHERE (state = 'waiting' AND queued_at < now() - interval '5 seconds')
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
