"""Schedules that are due become runs: a batch of them in one transaction, by the database's clock alone.

The transaction that writes the runs also moves the schedules on, so a crash at any moment leaves a schedule either due
or fired. Any number of processes may do this: each takes rows that no other has locked. What can be done for all of a
batch at once is one statement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import asyncpg
from pydantic import ValidationError

from outcode.database.database import Connection, Database
from outcode.flows.dataflow import FlowInput, ScheduleTrigger
from outcode.flows.schedules import Timing
from outcode.runs.payloads import Payload, PayloadStore
from outcode.runs.starts import checked_input
from outcode.values import json
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Problem, Stopped
from outcode.workspace.scope import Scope, new_id

BATCH = 500
LATE = timedelta(minutes=1)
"""A time that nobody has looked at for so long was missed."""
_LONGEST_QUEUE = 100
_LOOK_AGAIN = timedelta(hours=1)
_REMEMBERED = 16_384

# The flow is locked too, since it cannot be deleted then between here and the insertion of its run.
_DUE = """
SELECT s.organization_id, s.team_id, s.flow_id, s.version_id, s.created_by, s.trigger::text AS trigger, s.inputs,
       s.planned, s.next_at, f.name, o.timezone, now() AS now
FROM schedules s JOIN flows f ON f.id = s.flow_id JOIN organizations o ON o.id = s.organization_id
WHERE s.active AND s.next_at <= now()
ORDER BY s.next_at LIMIT $1
FOR UPDATE OF s SKIP LOCKED FOR KEY SHARE OF f SKIP LOCKED
"""
_OPEN = """
SELECT flow_id, count(*) AS count FROM runs
WHERE flow_id = ANY($1::uuid[]) AND trigger = 'schedule' AND state IN ('waiting', 'running') GROUP BY flow_id
"""
# A run that waits for the one before it sleeps without an end of its own; _NEXT_IN_LINE wakes it.
_INSERT = """
INSERT INTO runs (organization_id, team_id, id, flow_id, version_id, flow_name, created_by, input_id, planned_at,
                  queued_at, trigger, test, state, wake_at, waiting_for)
SELECT s.organization_id, s.team_id, new.id, s.flow_id, s.version_id, f.name, s.created_by, new.input_id,
       new.planned_at, clock_timestamp(), 'schedule', false, 'waiting',
       CASE WHEN held THEN now() + interval '100 years' END, CASE WHEN held THEN '{"kind": "overlap"}'::jsonb END
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::boolean[])
    AS new (flow_id, id, input_id, planned_at, held)
JOIN schedules s ON s.flow_id = new.flow_id JOIN flows f ON f.id = new.flow_id
ON CONFLICT (flow_id, planned_at) DO NOTHING
RETURNING id
"""
_ADVANCE = """
UPDATE schedules SET next_at = done.next_at, planned = done.planned,
                     fired_at = coalesce(done.fired_at, schedules.fired_at),
                     not_run_at = coalesce(done.not_run_at, schedules.not_run_at),
                     not_run = coalesce(done.not_run, schedules.not_run)
FROM unnest($1::uuid[], $2::timestamptz[], $3::boolean[], $4::timestamptz[], $5::timestamptz[], $6::jsonb[])
    AS done (flow_id, next_at, planned, fired_at, not_run_at, not_run)
WHERE schedules.flow_id = done.flow_id
"""
_NEXT_IN_LINE = """
UPDATE runs SET wake_at = NULL, waiting_for = NULL
WHERE state = 'waiting' AND waiting_for ->> 'kind' = 'overlap' AND id IN (
    SELECT DISTINCT ON (held.flow_id) held.id FROM runs held
    WHERE held.state = 'waiting' AND held.waiting_for ->> 'kind' = 'overlap' AND NOT EXISTS (
        SELECT FROM runs before
        WHERE before.flow_id = held.flow_id AND before.trigger = 'schedule' AND before.state IN ('waiting', 'running')
          AND (before.waiting_for ->> 'kind' = 'overlap') IS NOT TRUE
    )
    ORDER BY held.flow_id, held.planned_at
)
RETURNING id
"""


@dataclass(slots=True)
class Decision:
    """What becomes of a due schedule: its next time, perhaps a run for ``fire_at``, perhaps a time without one.

    ``planned`` is False where its next time could not be worked out, so that it is looked at again at ``next_at``.
    ``held`` runs wait for the one before.
    """

    next_at: datetime
    fire_at: datetime | None = None
    not_run_at: datetime | None = None
    not_run: Problem | None = None
    planned: bool = True
    input: dict[str, Json] | None = None
    held: bool = False

    def leave_out(self, problem: Problem) -> None:
        """No run after all, and why."""
        self.fire_at, self.not_run_at, self.not_run = None, self.fire_at, problem


@dataclass(frozen=True, slots=True)
class Fired:
    """What a batch did: how many schedules it looked at, and the runs that may begin."""

    seen: int
    runs: list[str]


class Firing:
    """Turns due schedules into runs."""

    def __init__(self, database: Database, payloads: PayloadStore) -> None:
        self._pool = database.pool
        self._payloads = payloads

    async def fire(self, limit: int = BATCH) -> Fired:
        """Fire up to ``limit`` due schedules; once this returns, their runs survive any crash."""
        async with self._pool.acquire() as database, database.transaction():
            rows: list[asyncpg.Record] = await database.fetch(_DUE, limit)
            if not rows:
                return Fired(0, [])
            decided = [(row, decide(row)) for row in rows]
            await _settle_overlaps(database, decided)
            begun = await self._write_runs(database, [(row, each) for row, each in decided if each.fire_at])
            await database.execute(
                _ADVANCE,
                [row["flow_id"] for row, _ in decided],
                [each.next_at for _, each in decided],
                [each.planned for _, each in decided],
                [each.fire_at for _, each in decided],
                [each.not_run_at for _, each in decided],
                [each.not_run.as_json() if each.not_run else None for _, each in decided],
            )
        return Fired(len(rows), begun)

    async def next_in_line(self) -> list[str]:
        """Let runs begin that waited for the one before them, where that has ended."""
        async with self._pool.acquire() as database:
            return [row["id"] for row in await database.fetch(_NEXT_IN_LINE)]

    async def seconds_left(self) -> float | None:
        """How long it is until a schedule is due; None without any."""
        async with self._pool.acquire() as database:
            seconds: float | None = await database.fetchval(
                "SELECT extract(epoch FROM min(next_at) - clock_timestamp())::float8 FROM schedules WHERE active"
            )
        return seconds

    async def _write_runs(self, database: Connection, fired: Sequence[tuple[asyncpg.Record, Decision]]) -> list[str]:
        """The ids of the runs that may begin at once."""
        if not fired:
            return []
        inputs: list[Payload] = []
        for row, decision in fired:
            scope = Scope(row["organization_id"], row["team_id"], row["created_by"])
            inputs.append(await self._payloads.prepare(scope, decision.input))
        await self._payloads.write(database, inputs)
        ids = [new_id() for _ in fired]
        written = await database.fetch(
            _INSERT,
            [row["flow_id"] for row, _ in fired],
            ids,
            [payload.id for payload in inputs],
            [decision.fire_at for _, decision in fired],
            [decision.held for _, decision in fired],
        )
        new = {row["id"] for row in written}
        if repeated := [payload.id for run_id, payload in zip(ids, inputs, strict=True) if run_id not in new]:
            # The planned time had its run before the flow was edited to and fro.
            await database.execute("DELETE FROM payloads WHERE id = ANY($1::uuid[])", repeated)
        return [run_id for run_id, (_, each) in zip(ids, fired, strict=True) if run_id in new and not each.held]


def decide(row: asyncpg.Record) -> Decision:
    """What a due schedule's own times say, other runs left aside."""
    now: datetime = row["now"]
    try:
        trigger, timing = _known(row["trigger"], row["timezone"])
        first = row["next_at"] if row["planned"] else _after(timing, row["next_at"])
        if first > now:
            return Decision(first)
        planned, before, following = first, None, _after(timing, first)
        if following <= now:
            planned, before = timing.latest(first, now)
            following = timing.after(now)
    except ValidationError:
        return _unusable(row, InputProblem("schedule_unreadable"))
    except InputProblem as problem:
        return _unusable(row, problem)
    if now - planned > LATE and trigger.missed == "skip":
        return Decision(following, None, planned, Stopped("schedule_missed"))
    missed = Stopped("schedule_missed") if before else None
    decision = Decision(following, planned, before, missed)
    try:
        inputs = {name: FlowInput.model_validate(declared) for name, declared in row["inputs"].items()}
        body = checked_input(inputs, None)
    except Problem as problem:
        decision.leave_out(problem)
    else:
        decision.input = {"scheduledAt": planned.astimezone(timing.zone).isoformat(), "body": body}
    return decision


def _unusable(row: asyncpg.Record, problem: Problem) -> Decision:
    """Times that can no longer be worked out, such as in a zone that is gone: told, and looked at again later."""
    due = row["next_at"] if row["planned"] else None
    return Decision(row["now"] + _LOOK_AGAIN, None, due or row["now"], problem, planned=False)


async def _settle_overlaps(database: Connection, decided: Sequence[tuple[asyncpg.Record, Decision]]) -> None:
    """Ask for runs of these schedules that are still at work, and do what their policies say."""
    policies = {
        row["flow_id"]: overlap
        for row, each in decided
        if each.fire_at and (overlap := _known(row["trigger"], row["timezone"])[0].overlap) != "allow"
    }
    if not policies:
        return
    counts = {row["flow_id"]: row["count"] for row in await database.fetch(_OPEN, list(policies))}
    for row, decision in decided:
        count = counts.get(row["flow_id"])
        if count is None:
            continue
        if policies[row["flow_id"]] == "skip":
            decision.leave_out(Stopped("schedule_overlapped"))
        elif count > _LONGEST_QUEUE:
            decision.leave_out(Stopped("schedule_queue_full", waiting=count - 1))
        else:
            decision.held = True


@lru_cache(maxsize=_REMEMBERED)
def _known(trigger: str, timezone: str) -> tuple[ScheduleTrigger, Timing]:
    """A stored trigger and its times; raises InputProblem, or ValidationError."""
    data: Any = json.loads(trigger)
    read = ScheduleTrigger.model_validate(data)
    return read, Timing.of(read, timezone)


@lru_cache(maxsize=_REMEMBERED)
def _after(timing: Timing, moment: datetime) -> datetime:
    """Many schedules of a batch ask the same."""
    return timing.after(moment)
