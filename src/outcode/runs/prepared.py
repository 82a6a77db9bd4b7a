"""Runs that begin with tasks done already: their rows are written with the run's, in one transaction.

Whoever claims such a run goes on from them as from those that a worker before it had finished.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from outcode.database.database import Connection, Database
from outcode.runs.payloads import Payload, PayloadStore
from outcode.runs.queue import RunQueue
from outcode.workspace.scope import Scope, new_id


@dataclass(frozen=True, slots=True)
class KnownTask:
    """A task that does not run: its state, the payload of its result, and how it came to be.

    ``reason`` is ``pinned``, ``last_result`` or ``stale_result`` where the result was not made in this run, and
    ``not_needed`` for a task that a test passes over.
    """

    letter: str
    state: str
    result_id: str | None
    reason: str | None = None
    calls_id: str | None = None
    error: dict[str, Any] | None = None
    rows: tuple[int | None, int | None, int | None] = (None, None, None)
    attempt: int = 1
    started_at: datetime | None = None
    finished_at: datetime | None = None
    outcomes: Payload | None = None
    """Of a task that goes on: what became of each of its elements, in the form of a chunk."""


@dataclass(frozen=True, slots=True)
class PreparedRun:
    """A run to be written; ``payloads`` are new ones that it or its tasks point at."""

    flow_id: str | None
    version_id: str
    flow_name: str
    trigger: str
    input_id: str
    test: bool
    counted: bool
    origin_id: str | None = None
    tasks: Sequence[KnownTask] = ()
    payloads: Sequence[Payload] = ()
    id: str = field(default_factory=new_id)


class PreparedRuns:
    """Writes prepared runs and hands them to the queue."""

    def __init__(self, database: Database, payloads: PayloadStore, queue: RunQueue) -> None:
        self.pool: asyncpg.Pool = database.pool
        self.payloads = payloads
        self._queue = queue

    async def write(self, connection: Connection, scope: Scope, run: PreparedRun) -> None:
        """Write a run within the caller's transaction; after its commit, :meth:`wake` a worker."""
        await self.payloads.write(connection, run.payloads)
        await connection.execute(
            """
            INSERT INTO runs (organization_id, team_id, id, flow_id, version_id, flow_name, trigger, test, counted,
                              state, input_id, created_by, origin_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting', $10, $11, $12)
            """,
            scope.organization_id,
            scope.team_id,
            run.id,
            run.flow_id,
            run.version_id,
            run.flow_name,
            run.trigger,
            run.test,
            run.counted,
            run.input_id,
            scope.user_id,
            run.origin_id,
        )
        await connection.executemany(
            """
            INSERT INTO run_tasks (organization_id, team_id, run_id, letter, state, result_id, reason, calls_id, error,
                                   rows_total, rows_done, rows_failed, attempt, started_at, finished_at, rows_begun)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
            """,
            [
                (
                    scope.organization_id,
                    scope.team_id,
                    run.id,
                    task.letter,
                    task.state,
                    task.result_id,
                    task.reason,
                    task.calls_id,
                    task.error,
                    *task.rows,
                    task.attempt,
                    task.started_at,
                    task.finished_at,
                    None if task.outcomes is None else 0,
                )
                for task in run.tasks
            ],
        )
        await connection.executemany(
            """
            INSERT INTO run_chunks (organization_id, team_id, run_id, letter, number, rows, outcome_id)
            VALUES ($1, $2, $3, $4, 0, ARRAY(SELECT generate_series(0, $5::int - 1)), $6)
            """,
            [
                (scope.organization_id, scope.team_id, run.id, task.letter, task.rows[0], task.outcomes.id)
                for task in run.tasks
                if task.outcomes is not None
            ],
        )

    async def wake(self) -> None:
        """Wake a worker for runs that are written."""
        await self._queue.wake()
