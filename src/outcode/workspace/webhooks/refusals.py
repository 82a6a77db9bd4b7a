"""Deliveries that were refused, so that whoever waits for one sees that it came, and why it started nothing.

A refusal costs its delivery nothing: it is counted in memory, equal ones together, and written a second later in one
statement. However many come, a flow gets at most a few rows a minute from each process, and keeps a bounded number.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import asyncpg
import sqlalchemy as sql

from outcode.database import schema
from outcode.database.database import Database
from outcode.values.json import Json
from outcode.values.problems import Problem, ProblemList
from outcode.workspace.deliveries import Owner
from outcode.workspace.scope import Scope, new_id

ADDRESSES_A_MINUTE = 20
"""Of so many senders and reasons the address is kept; all others are counted by reason alone."""
KEPT_FOR_EACH_FLOW = 500
KEPT_FOR = timedelta(days=30)
_MINUTE = 60.0
_LONGEST_DETAIL = 200
_LARGEST_NUMBER = 10**18
_log = logging.getLogger(__name__)

_WRITE = """
INSERT INTO webhook_refusals AS known (organization_id, team_id, id, flow_id, problem, address, count,
                                       first_at, last_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::jsonb[], $6::text[], $7::int[],
                     $8::timestamptz[], $9::timestamptz[])
    AS new (organization_id, team_id, id, flow_id, problem, address, count, first_at, last_at)
WHERE new.flow_id IS NULL OR EXISTS (SELECT FROM flows WHERE flows.id = new.flow_id)
ON CONFLICT (id) DO UPDATE SET count = known.count + excluded.count, last_at = excluded.last_at
"""
_FORGET = """
DELETE FROM webhook_refusals WHERE last_at < now() - $2::interval OR id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY team_id, flow_id ORDER BY id DESC) AS place
        FROM webhook_refusals WHERE team_id = ANY($1::uuid[])
    ) AS placed WHERE place > $3
)
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """``count`` deliveries that were refused for the same reason; ``address`` None: from several senders."""

    id: str
    flow_id: str | None
    flow_name: str | None
    problem: dict[str, Json]
    address: str | None
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(slots=True)
class _Entry:
    """One row of this minute; ``count`` is what is not written yet."""

    problem: dict[str, Json]
    address: str | None
    first_at: datetime
    last_at: datetime
    count: int = 0
    id: str = field(default_factory=new_id)


@dataclass(slots=True)
class _Minute:
    ends: float
    entries: dict[tuple[str, str | None], _Entry] = field(default_factory=dict)


class Refusals:
    """Counts refused deliveries and writes them a moment later."""

    def __init__(self, database: Database, write_after_seconds: float = 1.0) -> None:
        self._database = database
        self._write_after_seconds = write_after_seconds
        self._minutes: dict[Owner, _Minute] = {}
        self._writing: asyncio.Task[None] | None = None
        self._forgets_at = 0.0

    def note(self, owner: Owner, problem: Problem, address: str | None) -> None:
        """Count a refusal; ``problem`` holds no secret, as no problem does."""
        minute = self._minutes.get(owner)
        if minute is None or minute.ends < time.monotonic():
            unwritten = {key: entry for key, entry in minute.entries.items() if entry.count} if minute else {}
            minute = self._minutes[owner] = _Minute(time.monotonic() + _MINUTE, unwritten)
        said = problem.problems[0] if isinstance(problem, ProblemList) else problem
        key = (said.code, address)
        if key not in minute.entries and len(minute.entries) >= ADDRESSES_A_MINUTE:
            key = (said.code, None)
        now = datetime.now(UTC)
        entry = minute.entries.get(key)
        if entry is None:
            entry = minute.entries[key] = _Entry(_short(said), key[1], now, now)
        entry.count, entry.last_at = entry.count + 1, now
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_soon(), name="webhook refusals")

    async def page(
        self, scope: Scope, *, limit: int, before: str | None = None, flow_id: str | None = None
    ) -> list[Refusal]:
        """Up to ``limit`` refusals of the team's webhooks, newest first; ``before`` is the id after which to go on."""
        table, flows = schema.webhook_refusals, schema.flows
        columns = [table.c[name] for name in ("id", "flow_id", "problem", "address", "count", "first_at", "last_at")]
        query = (
            sql.select(*columns, flows.c.name.label("flow_name"))
            .outerjoin_from(table, flows, flows.c.id == table.c.flow_id)
            .where(scope.within(table))
            .order_by(table.c.id.desc())
            .limit(limit)
        )
        if flow_id is not None:
            query = query.where(table.c.flow_id == flow_id)
        if before is not None:
            query = query.where(table.c.id < before)
        async with self._database.begin() as connection:
            return [Refusal(**row._mapping) for row in await connection.execute(query)]

    async def write(self) -> None:
        """Write what is counted. What cannot be written is let go: a record must not outgrow what it records."""
        rows: list[tuple[Owner, _Entry, int]] = []
        for owner, minute in list(self._minutes.items()):
            for entry in minute.entries.values():
                if entry.count:
                    rows.append((owner, entry, entry.count))
                    entry.count = 0
            if minute.ends < time.monotonic():
                del self._minutes[owner]
        if not rows:
            return
        try:
            async with self._database.pool.acquire() as connection:
                await connection.execute(
                    _WRITE,
                    [owner.organization_id for owner, _, _ in rows],
                    [owner.team_id for owner, _, _ in rows],
                    [entry.id for _, entry, _ in rows],
                    [owner.flow_id for owner, _, _ in rows],
                    [entry.problem for _, entry, _ in rows],
                    [entry.address for _, entry, _ in rows],
                    [count for _, _, count in rows],
                    [entry.first_at for _, entry, _ in rows],
                    [entry.last_at for _, entry, _ in rows],
                )
                if self._forgets_at < time.monotonic():
                    self._forgets_at = time.monotonic() + _MINUTE
                    teams = list({owner.team_id for owner, _, _ in rows})
                    await connection.execute(_FORGET, teams, KEPT_FOR, KEPT_FOR_EACH_FLOW)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            _log.warning("%d refused deliveries could not be recorded: %s", len(rows), type(error).__name__)

    async def close(self) -> None:
        """Write what is still counted."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        await self.write()

    async def _write_soon(self) -> None:
        try:
            await asyncio.sleep(self._write_after_seconds)
        finally:
            self._writing = None
        await self.write()


def _short(problem: Problem) -> dict[str, Json]:
    """The journaled form, its details cut: a sender must not choose how much is kept of it."""
    written = problem.as_json()
    details: Mapping[str, Json] = written["details"]
    return written | {"details": {name: _shortened(value) for name, value in details.items()}}


def _shortened(value: Json) -> Json:
    match value:
        case str():
            return value[:_LONGEST_DETAIL].replace("\x00", "")
        case Decimal() | int() if not -_LARGEST_NUMBER < value < _LARGEST_NUMBER:
            return "…"
        case _:
            return value
