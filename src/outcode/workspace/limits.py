"""Vendors' rate limits, obeyed by all processes of an instance together: one row for each connection and limit.

A row holds the moment at which the limit's bucket is full again. A call locks the rows, takes its turn and moves them
on, in one statement, then sleeps until its turn has come; a turn that is far off is not taken but told. A row that is
not there cannot be locked, so no turn is taken before all rows are made. In a process, calls ask one after another, in
the order in which they came. A pause that a vendor asks for is a row of its own.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from outcode.appkit import Limit
from outcode.database.database import Database
from outcode.transport.http.limits import Bucket, MemoryLimiter
from outcode.transport.http.retry import LONGEST_WAIT
from outcode.values.problems import RateLimited

_UNPAUSED_SECONDS = 1.0
_LATE_SECONDS = 0.1
"""How late a process may notice its turn without making its calls and the next process's too many together."""
_REMEMBERED = 1000

# A turn that is forgotten in a crash does no harm, so nobody waits for the disk. Row -1 is the pause.
_TAKE = """
WITH quick AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true)),
locked AS MATERIALIZED (
  SELECT number, next_at FROM rate_limits, quick WHERE connection_id = $1 ORDER BY number FOR UPDATE OF rate_limits
),
start AS MATERIALIZED (
  SELECT clock_timestamp() AS now, max(next_at) FILTER (WHERE number = -1) AS unpaused FROM locked
),
asked AS MATERIALIZED (
  SELECT each.number, greatest(now, unpaused, next_at) AS full_at, step, next_at IS NOT NULL AS made,
         greatest(now, unpaused, next_at - burst) AS turn
  FROM start, unnest($2::int[], $3::interval[], $4::interval[]) AS each (number, step, burst)
  LEFT JOIN locked USING (number)
),
answer AS MATERIALIZED (
  SELECT extract(epoch FROM max(turn) - max(now))::float8 AS seconds, bool_and(made) AS made FROM asked, start
),
taken AS (
  INSERT INTO rate_limits AS known (organization_id, team_id, connection_id, number, next_at)
  SELECT organization_id, team_id, id, number, full_at + step
  FROM connections, asked, answer WHERE id = $1 AND answer.made AND seconds <= $5 ORDER BY number
  ON CONFLICT (connection_id, number) DO UPDATE
  SET next_at = greatest(excluded.next_at, known.next_at + $3[excluded.number + 1])
)
SELECT seconds, made FROM answer
"""
_MAKE = """
INSERT INTO rate_limits (organization_id, team_id, connection_id, number, next_at)
SELECT organization_id, team_id, id, number, clock_timestamp() FROM connections, unnest($2::int[]) AS number
WHERE id = $1 ORDER BY number
ON CONFLICT (connection_id, number) DO NOTHING
"""
_PAUSE = """
INSERT INTO rate_limits AS known (organization_id, team_id, connection_id, number, next_at)
SELECT organization_id, team_id, id, -1, clock_timestamp() + $2::interval FROM connections WHERE id = $1
ON CONFLICT (connection_id, number) DO UPDATE SET next_at = greatest(known.next_at, excluded.next_at)
"""
_PAUSED = """
SELECT extract(epoch FROM next_at - clock_timestamp())::float8 FROM rate_limits
WHERE connection_id = $1 AND number = -1
"""


@dataclass(slots=True)
class _Queue:
    """The calls of one connection in this process."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    looked_at: float = float("-inf")
    """When it was last seen that there is no pause."""


class DatabaseLimiter:
    """A ``Limiter`` shared by all processes of an instance."""

    def __init__(self, database: Database) -> None:
        self._pool = database.pool
        self._queues: dict[str, _Queue] = {}
        self._unconnected = MemoryLimiter()

    async def wait(self, connection_id: str, limits: tuple[Limit, ...]) -> None:
        """Return when the call may go out; raises RateLimited when its turn is more than 10 seconds off.

        Calls without a connection come under their app's name; they are counted in this process only.
        """
        if not _is_id(connection_id):
            await self._unconnected.wait(connection_id, limits)
            return
        queue = self._queue(connection_id)
        queue.waiting += 1
        try:
            async with queue.turn:
                while (seconds := await self._seconds(connection_id, limits, queue)) > 0:
                    if seconds > LONGEST_WAIT:
                        raise RateLimited("http_limit_reached", retry_after=seconds, seconds=round(seconds))
                    await asyncio.sleep(seconds)
                    if limits and await self._paused(connection_id) <= 0:
                        return
        finally:
            queue.waiting -= 1

    async def pause(self, connection_id: str, seconds: float) -> None:
        """Let no call of the connection out for so long; those that sleep already take a new turn afterwards."""
        if not _is_id(connection_id):
            await self._unconnected.pause(connection_id, seconds)
            return
        await self._pool.execute(_PAUSE, connection_id, timedelta(seconds=seconds))
        self._queue(connection_id).looked_at = float("-inf")

    async def _seconds(self, connection_id: str, limits: tuple[Limit, ...], queue: _Queue) -> float:
        """Seconds until the turn that this call has taken; nothing is taken when they are many."""
        if limits:
            buckets = [(Bucket.of(limit), 1 + _LATE_SECONDS / limit.seconds) for limit in limits]
            steps = [timedelta(seconds=bucket.interval * longer) for bucket, longer in buckets]
            bursts = [timedelta(seconds=bucket.burst * longer) for bucket, longer in buckets]
            numbers = list(range(len(limits)))
            given = (connection_id, numbers, steps, bursts, LONGEST_WAIT)
            found = await self._pool.fetchrow(_TAKE, *given)
            if not found["made"]:
                # Only the next statement sees the rows, also those that another process makes at this moment.
                await self._pool.execute(_MAKE, connection_id, numbers)
                found = await self._pool.fetchrow(_TAKE, *given)
            return float(found["seconds"])
        if time.monotonic() - queue.looked_at < _UNPAUSED_SECONDS:
            return 0
        seconds = await self._paused(connection_id)
        if seconds <= 0:
            queue.looked_at = time.monotonic()
        return seconds

    async def _paused(self, connection_id: str) -> float:
        return float(await self._pool.fetchval(_PAUSED, connection_id) or 0)

    def _queue(self, connection_id: str) -> _Queue:
        if len(self._queues) > _REMEMBERED:
            self._queues = {name: queue for name, queue in self._queues.items() if queue.waiting}
        return self._queues.setdefault(connection_id, _Queue())


def _is_id(connection_id: str) -> bool:
    try:
        UUID(connection_id)
    except ValueError:
        return False
    return True
