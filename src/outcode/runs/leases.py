"""Who may carry which run: runs are taken, held, handed back, and taken from whoever gave no sign of life.

Runs are taken many at once, in one statement for which all workers stand in line, so that shares and limits hold
exactly: first the team with the fewest running runs, then the higher priority, then the older run. A lease is a time
by which its holder must have renewed it; the epoch, raised by every claim, is what fences late writes off. Every
statement here names the state that it leaves, so none ever touches a run that has ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg

from outcode.database.database import Connection, Database
from outcode.runs.claims import Claim, TaskMark
from outcode.runs.payloads import PayloadStore
from outcode.values.json import Json
from outcode.values.problems import Stopped, Unexpected

_BATCH = 1000
_NO_LIMIT = 2**31 - 1
_UNANSWERED_SECONDS = 3.5
"""For so long a worker may leave its leases alone before a wish to cancel is carried out without it."""
_GRACE_SECONDS = 5.0
"""What workers get to renew their leases in, after the database was started."""

# A worker that is stopped within this transaction loses its session, and with it its place in line.
_IN_LINE = """
SET LOCAL idle_in_transaction_session_timeout = '5s'; SET LOCAL lock_timeout = '10s';
SELECT pg_advisory_xact_lock(7236284522141377645)
"""
# The recursion visits each team that has waiting runs once, by the index, however many runs those are. The arrays keep
# PostgreSQL from reading all waiting runs to find those chosen.
_TAKE = """
WITH RECURSIVE teams (team_id) AS (
    (SELECT team_id FROM runs WHERE state = 'waiting' AND wake_at IS NULL ORDER BY team_id LIMIT 1)
    UNION ALL
    SELECT (SELECT team_id FROM runs WHERE state = 'waiting' AND wake_at IS NULL AND team_id > teams.team_id
            ORDER BY team_id LIMIT 1)
    FROM teams WHERE team_id IS NOT NULL
),
busy AS MATERIALIZED (SELECT team_id, flow_id FROM runs WHERE state = 'running'),
room AS (
    SELECT flow_id, most - (SELECT count(*) FROM busy WHERE busy.flow_id = limited.flow_id) AS places
    FROM unnest($4::uuid[], $5::int[]) AS limited (flow_id, most)
),
candidates AS (
    SELECT found.*,
           held.runs + row_number() OVER (PARTITION BY teams.team_id ORDER BY found.priority DESC, found.id) AS turn,
           row_number() OVER (PARTITION BY found.flow_id ORDER BY found.priority DESC, found.id) AS turn_of_flow
    FROM teams
    CROSS JOIN LATERAL (SELECT count(*) AS runs FROM busy WHERE busy.team_id = teams.team_id) AS held
    CROSS JOIN LATERAL (
        SELECT id, priority, flow_id FROM runs
        WHERE state = 'waiting' AND wake_at IS NULL AND team_id = teams.team_id
          AND (flow_id IS NULL OR flow_id <> ALL (ARRAY(SELECT flow_id FROM room WHERE places <= 0)))
        ORDER BY priority DESC, id LIMIT $1
    ) AS found
),
chosen AS (
    SELECT id FROM candidates LEFT JOIN room USING (flow_id)
    WHERE turn <= $3 AND (places IS NULL OR turn_of_flow <= places)
    ORDER BY turn, priority DESC, id LIMIT $1
)
UPDATE runs SET state = 'running', epoch = epoch + 1, attempts = attempts + 1, waiting_for = NULL,
                started_at = coalesce(started_at, now()), lease_until = now() + make_interval(secs => $2)
WHERE id = ANY (ARRAY(
    SELECT id FROM runs WHERE id = ANY (ARRAY(SELECT id FROM chosen)) AND state = 'waiting' AND wake_at IS NULL
    FOR NO KEY UPDATE SKIP LOCKED
))
RETURNING *, (SELECT timezone FROM organizations WHERE id = runs.organization_id) AS timezone
"""
_CLAIM = """
UPDATE runs SET state = 'running', epoch = epoch + 1, attempts = attempts + 1, waiting_for = NULL,
                started_at = coalesce(started_at, now()), lease_until = now() + make_interval(secs => $2)
WHERE id = $1 AND ((state = 'waiting' AND wake_at IS NULL) OR (state = 'running' AND lease_until < now()))
RETURNING *, (SELECT timezone FROM organizations WHERE id = runs.organization_id) AS timezone
"""
_EXTEND = """
UPDATE runs SET lease_until = now() + make_interval(secs => $3)
FROM unnest($1::uuid[], $2::int[]) AS held (id, epoch)
WHERE runs.id = held.id AND runs.epoch = held.epoch AND runs.state = 'running'
RETURNING runs.id, runs.cancel_requested
"""
# The attempt is not counted: it did not end by anything that the run has done.
_HAND_BACK = """
UPDATE runs SET state = 'waiting', lease_until = NULL, attempts = greatest(attempts - 1, 0)
FROM unnest($1::uuid[], $2::int[]) AS held (id, epoch)
WHERE runs.id = held.id AND runs.epoch = held.epoch AND runs.state = 'running' AND NOT runs.cancel_requested
"""
_PUT_BACK = """
UPDATE runs SET state = 'waiting', lease_until = NULL WHERE state = 'running' AND id = ANY (ARRAY(
    SELECT id FROM runs
    WHERE state = 'running' AND lease_until < now() AND NOT cancel_requested
      AND now() > pg_postmaster_start_time() + make_interval(secs => $2)
    ORDER BY lease_until LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
))
"""
# Whoever holds such a run was to have ended it by now; what it had in flight is as unknown as after its death.
_END_CANCELLED = """
WITH ended AS (
    UPDATE runs SET state = 'cancelled', finished_at = now(), lease_until = NULL, error = $3
    WHERE state = 'running' AND id = ANY (ARRAY(
        SELECT id FROM runs
        WHERE state = 'running' AND cancel_requested AND lease_until < now() + make_interval(secs => $2)
        LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
    ))
    RETURNING id
)
UPDATE run_tasks SET state = 'unknown', finished_at = now() FROM ended
WHERE run_tasks.run_id = ended.id AND run_tasks.state = 'running'
"""
_WAKE_DUE = """
WITH due AS (
    SELECT id FROM runs WHERE state = 'waiting' AND wake_at <= now()
    ORDER BY wake_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
),
woken AS (UPDATE runs SET wake_at = NULL FROM due WHERE runs.id = due.id AND runs.state = 'waiting' RETURNING runs.id)
SELECT (SELECT count(*) FROM woken) AS woken,
       (SELECT extract(epoch FROM min(wake_at) - now())::float8 FROM runs
        WHERE state = 'waiting' AND wake_at > now()) AS seconds
"""
_MARKS = """
SELECT run_id, letter, state, attempt, repeatable, rows_begun, waiting_for FROM run_tasks WHERE run_id = ANY($1::uuid[])
"""
_CRASH = """
UPDATE runs SET state = 'crashed', finished_at = now(), lease_until = NULL, error = $3
WHERE id = $1 AND epoch = $2 AND state = 'running'
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many runs all workers together carry at the same time: of one team, and of single flows by their ids."""

    team: int | None = None
    flows: Mapping[str, int] = field(default_factory=dict)

    @property
    def in_use(self) -> bool:
        """Whether the end of one run may be what another waits for."""
        return self.team is not None or bool(self.flows)


class Leases:
    """Takes runs and gives them back; every process has one, and the database decides among them."""

    def __init__(
        self, database: Database, payloads: PayloadStore, lease_seconds: float, limits: Limits | None = None
    ) -> None:
        self._pool = database.pool
        self._payloads = payloads
        self.seconds = lease_seconds
        self.limits = limits or Limits()

    async def take(self, count: int) -> list[Claim]:
        """Up to ``count`` waiting runs, now held by us; fewer when no more may be taken."""
        flows = self.limits.flows
        async with self._pool.acquire() as database:
            async with database.transaction():
                await database.execute(_IN_LINE)
                rows = await database.fetch(
                    _TAKE, count, self.seconds, self.limits.team or _NO_LIMIT, list(flows), list(flows.values())
                )
            return await self._claims(database, rows) if rows else []

    async def claim(self, run_id: str) -> Claim | None:
        """Take this run, which waits or whose lease has lapsed; None when it is not to be had."""
        async with self._pool.acquire() as database:
            rows = await database.fetch(_CLAIM, run_id, self.seconds)
            claims = await self._claims(database, rows)
        return claims[0] if claims else None

    async def extend(self, claims: Mapping[str, Claim]) -> tuple[set[str], set[str]]:
        """Renew the leases of all runs held: the ids still held, and those among them that should be cancelled."""
        epochs = [claim.epoch for claim in claims.values()]
        rows = await self._pool.fetch(_EXTEND, list(claims), epochs, self.seconds)
        return {row["id"] for row in rows}, {row["id"] for row in rows if row["cancel_requested"]}

    async def hand_back(self, claims: Sequence[Claim]) -> None:
        """Let others take these runs at once, as far as we still hold them; they have not failed."""
        await self._pool.execute(_HAND_BACK, [claim.run_id for claim in claims], [claim.epoch for claim in claims])

    async def put_back_lapsed(self) -> bool:
        """Let runs wait again whose holders gave no sign of life; whether there were any."""
        changed, step = 0, _BATCH
        while step == _BATCH:
            tag = await self._pool.execute(_PUT_BACK, _BATCH, min(self.seconds, _GRACE_SECONDS))
            step = int(tag.rpartition(" ")[2])
            changed += step
        return changed > 0

    async def end_cancelled(self) -> None:
        """End runs that are to be cancelled and whose holders do not answer."""
        unanswered = min(_UNANSWERED_SECONDS, self.seconds)
        said = Stopped("run_cancelled").as_json()
        await self._pool.execute(_END_CANCELLED, _BATCH, self.seconds - unanswered, said)

    async def wake_due(self) -> tuple[bool, float | None]:
        """Let suspended runs whose time has come wait for a worker: whether there were any, and seconds to the next."""
        any_woken, found = False, None
        while found is None or found["woken"] == _BATCH:
            found = await self._pool.fetchrow(_WAKE_DUE, _BATCH)
            any_woken = any_woken or found["woken"] > 0
        return any_woken, found["seconds"]

    async def forget_idempotency_keys(self) -> None:
        """Free idempotency keys after their 24 hours."""
        await self._pool.execute(
            """
            UPDATE runs SET idempotency_key = NULL
            WHERE idempotency_key IS NOT NULL AND queued_at < now() - interval '24 hours'
            """
        )

    async def _claims(self, database: Connection, rows: Sequence[asyncpg.Record]) -> list[Claim]:
        marks: dict[str, dict[str, TaskMark]] = {}
        for task in await database.fetch(_MARKS, [row["id"] for row in rows]):
            marks.setdefault(task["run_id"], {})[task["letter"]] = TaskMark.of(task)
        query = "SELECT id, inline, blob FROM payloads WHERE id = ANY($1::uuid[])"
        inputs = {found["id"]: found for found in await database.fetch(query, [row["input_id"] for row in rows])}
        claims: list[Claim] = []
        for row in rows:
            try:
                values: dict[str, Json] = await self._payloads.read(inputs[row["input_id"]])
            except OSError as error:
                # Its input is gone, as when this machine does not share the others' blobs: nobody can carry it here.
                reason = Unexpected("unexpected", error=type(error).__name__).as_json()
                await database.execute(_CRASH, row["id"], row["epoch"], reason)
            else:
                claims.append(Claim.of(row, values, marks.get(row["id"])))
        return claims
