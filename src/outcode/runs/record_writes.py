"""Writing the records of many runs in one transaction, each only as far as its run is still held.

The rows of runs are locked first, in the order of their ids so that two processes never wait for each other in a
circle; whoever lost its lease finds no row, and nothing of it is written.
"""

from __future__ import annotations

from collections.abc import Sequence

from outcode.database.database import Connection, Database
from outcode.runs.payloads import PayloadStore
from outcode.runs.record import RunEntry

_HELD = """
SELECT runs.id FROM runs
JOIN unnest($1::uuid[], $2::int[]) AS mine (id, epoch) ON runs.id = mine.id AND runs.epoch = mine.epoch
WHERE runs.state = 'running' ORDER BY runs.id FOR NO KEY UPDATE OF runs
"""

_TASKS = """
INSERT INTO run_tasks AS task (organization_id, team_id, run_id, letter, state, rows_total, rows_done, rows_failed,
                               rows_begun, repeatable, attempt, reason, waiting_for, result_id, calls_id, error,
                               started_at, finished_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::int[], $7::int[], $8::int[],
                     $9::int[], $10::boolean[], $11::int[], $12::text[], $13::jsonb[], $14::uuid[], $15::uuid[],
                     $16::jsonb[], $17::timestamptz[], $18::timestamptz[])
ON CONFLICT (run_id, letter) DO UPDATE SET state = excluded.state, error = excluded.error,
    result_id = excluded.result_id, calls_id = excluded.calls_id, finished_at = excluded.finished_at,
    reason = excluded.reason, waiting_for = excluded.waiting_for,
    attempt = greatest(excluded.attempt, task.attempt), repeatable = excluded.repeatable OR task.repeatable,
    started_at = coalesce(task.started_at, excluded.started_at),
    rows_total = coalesce(excluded.rows_total, task.rows_total),
    rows_done = coalesce(excluded.rows_done, task.rows_done),
    rows_failed = coalesce(excluded.rows_failed, task.rows_failed),
    rows_begun = coalesce(excluded.rows_begun, task.rows_begun)
"""

_CHUNKS = """
INSERT INTO run_chunks (organization_id, team_id, run_id, letter, number, rows, outcome_id)
SELECT organization_id, team_id, run_id, letter, number, string_to_array(rows, ',')::int[], outcome_id
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::int[], $6::text[], $7::uuid[])
    AS new (organization_id, team_id, run_id, letter, number, rows, outcome_id)
ON CONFLICT (run_id, letter, number) DO NOTHING
"""

_WAITS = """
UPDATE runs SET state = 'waiting', wake_at = now() + make_interval(secs => waits.seconds),
                waiting_for = waits.waiting_for, lease_until = NULL, attempts = 0
FROM unnest($1::uuid[], $2::float8[], $3::jsonb[]) AS waits (id, seconds, waiting_for)
WHERE runs.id = waits.id AND NOT runs.cancel_requested
"""

_ENDS = """
UPDATE runs SET state = ended.state, error = ended.error, finished_at = now(), lease_until = NULL
FROM unnest($1::uuid[], $2::text[], $3::jsonb[]) AS ended (id, state, error) WHERE runs.id = ended.id
"""

_WAKE_CALLERS = """
UPDATE runs SET wake_at = now()
WHERE id = ANY($1::uuid[]) AND state = 'waiting' AND wake_at > now() AND waiting_for ->> 'kind' = 'call'
"""


class RecordWrites:
    """Writes groups of run entries."""

    def __init__(self, database: Database, payloads: PayloadStore) -> None:
        self._pool = database.pool
        self._payloads = payloads

    async def write(self, entries: list[RunEntry]) -> list[bool]:
        """One transaction for all; False for each whose run is held by somebody else, or has ended."""
        async with self._pool.acquire() as database, database.transaction():
            ids = [entry.claim.run_id for entry in entries]
            rows = await database.fetch(_HELD, ids, [entry.claim.epoch for entry in entries])
            held = {row["id"] for row in rows}
            mine = [entry for entry in entries if entry.claim.run_id in held]
            await self._write_tasks(database, mine)
            await self._write_chunks(database, mine)
            await _write_waits(database, [entry for entry in mine if entry.waiting_for is not None])
            await _write_ends(database, [entry for entry in mine if entry.end is not None])
        return [entry.claim.run_id in held for entry in entries]

    async def _write_tasks(self, database: Connection, entries: Sequence[RunEntry]) -> None:
        pairs = [(entry.claim, task) for entry in entries for task in entry.tasks]
        if not pairs:
            return
        tasks = [task for _, task in pairs]
        payloads = [payload for task in tasks for payload in (task.result, task.calls) if payload is not None]
        await self._payloads.write(database, payloads)
        await database.execute(
            _TASKS,
            [claim.scope.organization_id for claim, _ in pairs],
            [claim.scope.team_id for claim, _ in pairs],
            [claim.run_id for claim, _ in pairs],
            [task.letter for task in tasks],
            [task.state.value for task in tasks],
            [task.rows_total for task in tasks],
            [task.rows_done for task in tasks],
            [task.rows_failed for task in tasks],
            [task.rows_begun for task in tasks],
            [task.repeatable for task in tasks],
            [task.attempt for task in tasks],
            [task.reason for task in tasks],
            [task.waiting_for for task in tasks],
            [task.result.id if task.result else None for task in tasks],
            [task.calls.id if task.calls else None for task in tasks],
            [task.error for task in tasks],
            [task.started_at for task in tasks],
            [task.finished_at for task in tasks],
        )

    async def _write_chunks(self, database: Connection, entries: Sequence[RunEntry]) -> None:
        pairs = [(entry.claim, chunk) for entry in entries for chunk in entry.chunks]
        if not pairs:
            return
        await self._payloads.write(database, [chunk.outcome for _, chunk in pairs if chunk.outcome is not None])
        await database.execute(
            _CHUNKS,
            [claim.scope.organization_id for claim, _ in pairs],
            [claim.scope.team_id for claim, _ in pairs],
            [claim.run_id for claim, _ in pairs],
            [chunk.letter for _, chunk in pairs],
            [chunk.number for _, chunk in pairs],
            # An array of arrays must be a rectangle, so each goes as text.
            [",".join(map(str, chunk.rows)) for _, chunk in pairs],
            [chunk.outcome.id if chunk.outcome else None for _, chunk in pairs],
        )


async def _write_waits(database: Connection, entries: Sequence[RunEntry]) -> None:
    if entries:
        await database.execute(
            _WAITS,
            [entry.claim.run_id for entry in entries],
            [entry.seconds for entry in entries],
            [entry.waiting_for for entry in entries],
        )


async def _write_ends(database: Connection, entries: Sequence[RunEntry]) -> None:
    if entries:
        await database.execute(
            _ENDS,
            [entry.claim.run_id for entry in entries],
            [entry.end.value for entry in entries if entry.end is not None],
            [entry.error for entry in entries],
        )
    if callers := [entry.claim.parent_id for entry in entries if entry.claim.parent_id is not None]:
        await database.execute(_WAKE_CALLERS, callers)
