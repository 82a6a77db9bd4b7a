"""Keeping to what a vendor allows: calls wait for their turn, one connection's in the order in which they came.

A limit of ``calls`` in ``seconds`` is a token bucket that never lets more than that through in any such span, in the
form of the generic cell rate algorithm: one number a limit, the moment at which the bucket would be full again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, Self

from outcode.appkit.limits import Limit
from outcode.transport.http.retry import LONGEST_WAIT
from outcode.values.problems import RateLimited

_BURST_SHARE = 5
_REMEMBERED = 1000


class Limiter(Protocol):
    """Whoever decides when a call of a connection may go out."""

    async def wait(self, connection_id: str, limits: tuple[Limit, ...]) -> None:
        """Return when the call may go out; raises RateLimited when that would take long."""
        ...

    async def pause(self, connection_id: str, seconds: float) -> None:
        """Let no call of the connection out for so long: the vendor asked for it."""
        ...


@dataclass(frozen=True, slots=True)
class Bucket:
    """The rhythm of one limit: a call every ``interval`` seconds, up to ``burst`` seconds ahead of it.

    >>> from datetime import date
    >>> bucket = Bucket.of(Limit(calls=10, seconds=9, source="https://x.example", checked=date(2026, 11, 20)))
    >>> bucket.interval, bucket.wait(100.0, 102.0), bucket.taken(100.0, 102.0)
    (1.0, 1.0, 103.0)
    """

    interval: float
    burst: float

    @classmethod
    def of(cls, limit: Limit) -> Self:
        """A fifth of the calls may come at once; the rest is spread so that no span sees more than the limit."""
        at_once = 1 + (limit.calls - 1) // _BURST_SHARE
        interval = limit.seconds / (limit.calls - at_once + 1)
        return cls(interval, interval * (at_once - 1))

    def wait(self, now: float, full_at: float) -> float:
        """Seconds until a call may go out, when the bucket is full at ``full_at``."""
        return max(full_at - self.burst - now, 0.0)

    def taken(self, now: float, full_at: float) -> float:
        """When the bucket is full again after a call at ``now``."""
        return max(now, full_at) + self.interval


@dataclass(slots=True)
class _Connection:
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    full_at: dict[Limit, float] = field(default_factory=dict)
    paused_until: float = 0.0

    def is_forgotten(self, now: float) -> bool:
        return self.waiting == 0 and max(self.paused_until, *self.full_at.values(), 0.0) <= now


class MemoryLimiter:
    """A :class:`Limiter` for all tasks of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._connections: dict[str, _Connection] = {}

    async def wait(self, connection_id: str, limits: tuple[Limit, ...]) -> None:
        """See :class:`Limiter`; raises RateLimited ``http_limit_reached`` when the turn is more than 10 seconds off."""
        connection = self._connection(connection_id)
        connection.waiting += 1
        try:
            # The lock lets waiters through in the order in which they came; one that is cancelled takes no call away.
            async with connection.turn:
                while (seconds := self._seconds(connection, limits)) > 0:
                    if seconds > LONGEST_WAIT:
                        raise RateLimited("http_limit_reached", retry_after=seconds, seconds=round(seconds))
                    await asyncio.sleep(seconds)
                now = self._clock()
                for limit in limits:
                    connection.full_at[limit] = Bucket.of(limit).taken(now, connection.full_at.get(limit, 0.0))
        finally:
            connection.waiting -= 1

    async def pause(self, connection_id: str, seconds: float) -> None:
        """See :class:`Limiter`."""
        connection = self._connection(connection_id)
        connection.paused_until = max(connection.paused_until, self._clock() + seconds)

    def _seconds(self, connection: _Connection, limits: tuple[Limit, ...]) -> float:
        now = self._clock()
        waits = (Bucket.of(limit).wait(now, connection.full_at.get(limit, 0.0)) for limit in limits)
        return max(connection.paused_until - now, *waits, 0.0)

    def _connection(self, connection_id: str) -> _Connection:
        if len(self._connections) > _REMEMBERED:
            now = self._clock()
            self._connections = {
                name: connection for name, connection in self._connections.items() if not connection.is_forgotten(now)
            }
        return self._connections.setdefault(connection_id, _Connection())
