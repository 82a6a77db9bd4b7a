"""PgQueuer as waker and distributor: a job says that runs are waiting, and one worker gets it.

Which run is taken is decided when it is claimed, so one job stands for any number of runs, and there is never more
than one in the queue. It may get lost or be handed out twice; neither matters, because workers also look by
themselves now and then. PgQueuer reads JSON columns as text, so it has a small pool of its own, without our codecs.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Self

import asyncpg
from pgqueuer.core.listeners import initialize_notice_event_listener
from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.domain.settings import db_settings
from pgqueuer.domain.types import Channel, QueueEntrypoint, QueueManagerId
from pgqueuer.models import AnyEvent, TableChangedEvent
from pgqueuer.ports.repository import EntrypointExecutionParameter
from pgqueuer.queries import Queries

from outcode.database.absence import connect, is_away
from outcode.database.address import DatabaseAddress

_log = logging.getLogger(__name__)
_ENTRYPOINT = QueueEntrypoint("run")
_LIMITS = {_ENTRYPOINT: EntrypointExecutionParameter(concurrency_limit=0)}
CANCELS = "outcode_cancel"
"""Notified when a person wants a running run to stop."""
_PICK_LAPSES = timedelta(seconds=2)
"""A job whose worker died between taking it and ending it is handed out again after so long."""
_RECONNECT_SECONDS = 0.5
_POOL_SIZE = 2
# A job that a crash of the database loses is made again, so nobody waits for the disk.
_SESSION = {"synchronous_commit": "off"}


class RunQueue:
    """Tells workers that runs are waiting, and which running ones are to be cancelled."""

    def __init__(self, pool: asyncpg.Pool, address: DatabaseAddress) -> None:
        self._pool = pool
        self._address = address
        self._queries = Queries(AsyncpgPoolDriver(pool))
        self._manager = QueueManagerId(uuid.uuid4())
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
        jobs = await self._queries.dequeue(1, _LIMITS, self._manager, None, _PICK_LAPSES)
        if jobs:
            # Ended before the look, not after it: whoever commits a run from now on makes a job of their own.
            await self._queries.log_jobs([(job, "successful", None) for job in jobs])
        return bool(jobs)

    async def tidy(self) -> None:
        """Forget what PgQueuer has noted down about jobs that are over."""
        await self._queries.clear_queue_log(_ENTRYPOINT)

    async def listen(self, woken: asyncio.Event, cancelled: asyncio.Event) -> None:
        """Set ``woken`` when there is a job, and ``cancelled`` when a run is to be cancelled, for good.

        Both are set as well after the connection was lost, since nobody knows what was missed.
        """
        while True:
            try:
                async with self._listening(woken, cancelled) as lost:
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

    async def _wake(self) -> None:
        try:
            while self._wanted:
                self._wanted = False
                await self._queries.enqueue([_ENTRYPOINT], [None], [0], dedupe_key=[_ENTRYPOINT], on_conflict="skip")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            if not is_away(error):
                raise
            _log.warning("no worker could be woken: %s", type(error).__name__)
        finally:
            self._waking = None

    @asynccontextmanager
    async def _listening(self, woken: asyncio.Event, cancelled: asyncio.Event) -> AsyncIterator[asyncio.Event]:
        """A connection that hears; the event is set once it is lost."""

        def hear(event: AnyEvent) -> None:
            if isinstance(event.root, TableChangedEvent) and event.root.operation == "insert":
                woken.set()

        lost = asyncio.Event()
        connection = await connect(**self._address.arguments())
        try:
            connection.add_termination_listener(lambda _: lost.set())
            driver = AsyncpgDriver(connection)
            await initialize_notice_event_listener(driver, Channel(db_settings().channel), hear)
            await driver.add_listener(CANCELS, lambda _: cancelled.set())
            yield lost
        finally:
            connection.terminate()
