"""Writing new runs, many in one transaction; once it has committed, a run survives any crash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from outcode.database.database import Connection, Database
from outcode.runs.claims import Accepted, Claim, Start
from outcode.runs.payloads import Payload, PayloadStore
from outcode.workspace.scope import Scope

# Somebody waits for what they have started by hand, a caller perhaps for a webhook, nobody for a schedule.
_INSERT = """
WITH new AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[],
                         $8::boolean[], $9::text[], $10::uuid[], $11::uuid[], $12::int[], $14::uuid[])
        AS new (organization_id, team_id, id, flow_id, version_id, flow_name, trigger,
                test, idempotency_key, input_id, created_by, held, parent_id)
)
INSERT INTO runs (organization_id, team_id, id, flow_id, version_id, flow_name, trigger, test, idempotency_key,
                  input_id, created_by, parent_id, counted, state, epoch, attempts, lease_until, started_at, priority)
SELECT organization_id, team_id, id, flow_id, version_id, flow_name, trigger, test, idempotency_key,
       input_id, created_by, parent_id, NOT test AND parent_id IS NULL,
       CASE WHEN held = 1 THEN 'running' ELSE 'waiting' END, held, held,
       CASE WHEN held = 1 THEN now() + make_interval(secs => $13) END, CASE WHEN held = 1 THEN now() END,
       CASE WHEN test OR trigger IN ('manual', 'cli') THEN 20 WHEN trigger = 'schedule' THEN 0 ELSE 10 END
FROM new
ON CONFLICT (flow_id, idempotency_key) DO NOTHING
RETURNING *, (SELECT timezone FROM organizations WHERE id = runs.organization_id) AS timezone
"""


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run on its way into the journal; with ``leased`` it is written as running here."""

    id: str
    scope: Scope
    start: Start
    input: Payload
    leased: bool


class Acceptance:
    """Writes groups of new runs."""

    def __init__(self, database: Database, payloads: PayloadStore, lease_seconds: float) -> None:
        self._pool = database.pool
        self._payloads = payloads
        self._lease_seconds = lease_seconds

    async def write(self, runs: list[NewRun]) -> list[Accepted]:
        """One transaction for all; a run whose idempotency key is known already gives the run of that key."""
        async with self._pool.acquire() as database, database.transaction():
            await self._payloads.write(database, [run.input for run in runs])
            rows = {row["id"]: row for row in await self._insert(database, runs)}
            known = await _known(database, [run for run in runs if run.id not in rows])
        return [_accepted(run, rows.get(run.id), known) for run in runs]

    async def _insert(self, database: Connection, runs: list[NewRun]) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await database.fetch(
            _INSERT,
            [run.scope.organization_id for run in runs],
            [run.scope.team_id for run in runs],
            [run.id for run in runs],
            [run.start.flow_id for run in runs],
            [run.start.version_id for run in runs],
            [run.start.flow_name for run in runs],
            [run.start.trigger for run in runs],
            [run.start.test for run in runs],
            [run.start.idempotency_key for run in runs],
            [run.input.id for run in runs],
            [run.scope.user_id for run in runs],
            [int(run.leased) for run in runs],
            self._lease_seconds,
            [run.start.parent_id for run in runs],
        )
        return rows


async def _known(database: Connection, repeated: Sequence[NewRun]) -> dict[tuple[str | None, str | None], str]:
    """The runs behind idempotency keys that were there already; what was written of the repetitions goes again."""
    if not repeated:
        return {}
    await database.execute("DELETE FROM payloads WHERE id = ANY($1::uuid[])", [run.input.id for run in repeated])
    rows = await database.fetch(
        """
        SELECT runs.id, runs.flow_id, runs.idempotency_key FROM runs
        JOIN unnest($1::uuid[], $2::text[]) AS wanted (flow_id, idempotency_key)
            ON runs.flow_id = wanted.flow_id AND runs.idempotency_key = wanted.idempotency_key
        """,
        [run.start.flow_id for run in repeated],
        [run.start.idempotency_key for run in repeated],
    )
    return {(row["flow_id"], row["idempotency_key"]): row["id"] for row in rows}


def _accepted(run: NewRun, row: asyncpg.Record | None, known: dict[tuple[str | None, str | None], str]) -> Accepted:
    if row is None:
        return Accepted(known[(run.start.flow_id, run.start.idempotency_key)], created=False)
    return Accepted(run.id, created=True, claim=Claim.of(row, run.start.input) if run.leased else None)
