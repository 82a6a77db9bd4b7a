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
                               result_id, calls_id, error, started_at, finished_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::int[], $7::int[], $8::int[],
                     $9::uuid[], $10::uuid[], $11::jsonb[], $12::timestamptz[], $13::timestamptz[])
ON CONFLICT (run_id, letter) DO UPDATE SET state = excluded.state, error = excluded.error,
    result_id = excluded.result_id, calls_id = excluded.calls_id, finished_at = excluded.finished_at,
    started_at = coalesce(excluded.started_at, task.started_at),
    rows_total = coalesce(excluded.rows_total, task.rows_total),
    rows_done = coalesce(excluded.rows_done, task.rows_done),
    rows_failed = coalesce(excluded.rows_failed, task.rows_failed)
"""

_ENDS = """
UPDATE runs SET state = ended.state, error = ended.error, finished_at = now(), lease_until = NULL
FROM unnest($1::uuid[], $2::text[], $3::jsonb[]) AS ended (id, state, error) WHERE runs.id = ended.id
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
            [task.result.id if task.result else None for task in tasks],
            [task.calls.id if task.calls else None for task in tasks],
            [task.error for task in tasks],
            [task.started_at for task in tasks],
            [task.finished_at for task in tasks],
        )


async def _write_ends(database: Connection, entries: Sequence[RunEntry]) -> None:
    if entries:
        await database.execute(
            _ENDS,
            [entry.claim.run_id for entry in entries],
            [entry.end.value for entry in entries if entry.end is not None],
            [entry.error for entry in entries],
        )
