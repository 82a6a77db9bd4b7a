"""PgQueuer as waker and distributor: a job says that runs are waiting, and one worker gets it.

Which run is taken is decided when it is claimed, so one job stands for any number of runs, and there is never more
than one in the queue. It may get lost or be handed out twice; neither matters, because workers also look by
themselves now and then.
"""

from __future__ import annotations

import asyncio
import logging
from functools import cached_property
from typing import TYPE_CHECKING, Self

import asyncpg

from outcode.database.absence import connect, is_away
from outcode.database.address import DatabaseAddress

if TYPE_CHECKING:
    from outcode.runs.jobs import Jobs

_log = logging.getLogger(__name__)
CANCELS = "outcode_cancel"
"""Notified when a person wants a running run to stop."""
_RECONNECT_SECONDS = 0.5
_POOL_SIZE = 2
# A job that a crash of the database loses is made again, so nobody waits for the disk.
_SESSION = {"synchronous_commit": "off"}


class RunQueue:
    """Tells workers that runs are waiting, and which running ones are to be cancelled."""

    def __init__(self, pool: asyncpg.Pool, address: DatabaseAddress) -> None:
        self._pool = pool
        self._address = address
        self._waking: asyncio.Task[None] | None = None
        self._wanted = False

    @classmethod
    async def open(cls, address: DatabaseAddress) -> Self:
        """Connect to a migrated database."""
        pool = await asyncpg.create_pool(
            **address.arguments(), min_size=1, max_size=_POOL_SIZE, connect=connect, server_settings=_SESSION
        )
        return cls(pool, address)

    async def wake(self) -> None:
        """Let a worker look for waiting runs, those that are committed now among them.

        Many who call at the same time share one job. A database that is away is no reason to fail: the runs are
        written, and workers find them by themselves.
        """
        self._wanted = True
        if self._waking is None:
            self._waking = asyncio.create_task(self._wake(), name="wake workers")
        await asyncio.shield(self._waking)

    async def take(self) -> bool:
        """Take the job if there is one; who has taken it looks for waiting runs afterwards."""
        return await self._jobs.take()

    async def tidy(self) -> None:
        """Forget what PgQueuer has noted down about jobs that are over."""
        await self._jobs.tidy()

    async def listen(self, woken: asyncio.Event, cancelled: asyncio.Event) -> None:
        """Set ``woken`` when there is a job, and ``cancelled`` when a run is to be cancelled, for good.

        Both are set as well after the connection was lost, since nobody knows what was missed.
        """
        from outcode.runs.jobs import listening  # noqa: PLC0415 - not before a start is ready

        while True:
            try:
                async with listening(self._address, woken, cancelled, CANCELS) as lost:
                    woken.set()
                    cancelled.set()
                    await lost.wait()
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                _log.warning("the queue cannot hear its database: %s", type(error).__name__)
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def close(self) -> None:
        """Close the pool."""
        if self._waking is not None:
            await self._waking
        await self._pool.close()

    @cached_property
    def _jobs(self) -> Jobs:
        from outcode.runs.jobs import Jobs  # noqa: PLC0415 - not before a start is ready

        return Jobs(self._pool)

    async def _wake(self) -> None:
        try:
            while self._wanted:
                self._wanted = False
                await self._jobs.put()
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            if not is_away(error):
                raise
            _log.warning("no worker could be woken: %s", type(error).__name__)
        finally:
            self._waking = None
