"""PgQueuer: one job that says that runs are waiting, and the notices that go with it.

Its library takes a while to import, so nobody imports this module before a start is ready. It reads JSON columns as
text, so it has a small pool of its own, without our codecs.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg
from pgqueuer.core.listeners import initialize_notice_event_listener
from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver
from pgqueuer.domain.settings import db_settings
from pgqueuer.domain.types import Channel, QueueEntrypoint, QueueManagerId
from pgqueuer.models import AnyEvent, TableChangedEvent
from pgqueuer.ports.repository import EntrypointExecutionParameter
from pgqueuer.queries import Queries

from outcode.database.absence import connect
from outcode.database.address import DatabaseAddress

_ENTRYPOINT = QueueEntrypoint("run")
_LIMITS = {_ENTRYPOINT: EntrypointExecutionParameter(concurrency_limit=0)}
_PICK_LAPSES = timedelta(seconds=2)
"""A job whose worker died between taking it and ending it is handed out again after so long."""


class Jobs:
    """The queue's one job, by a pool whose sessions read JSON as text."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._queries = Queries(AsyncpgPoolDriver(pool))
        self._manager = QueueManagerId(uuid.uuid4())

    async def put(self) -> None:
        """Make the job unless there is one."""
        await self._queries.enqueue([_ENTRYPOINT], [None], [0], dedupe_key=[_ENTRYPOINT], on_conflict="skip")

    async def take(self) -> bool:
        """Take the job if there is one."""
        jobs = await self._queries.dequeue(1, _LIMITS, self._manager, None, _PICK_LAPSES)
        if jobs:
            # Ended before the look, not after it: whoever commits a run from now on makes a job of their own.
            await self._queries.log_jobs([(job, "successful", None) for job in jobs])
        return bool(jobs)

    async def tidy(self) -> None:
        """Forget what is noted down about jobs that are over."""
        await self._queries.clear_queue_log(_ENTRYPOINT)


@asynccontextmanager
async def listening(
    address: DatabaseAddress, woken: asyncio.Event, cancelled: asyncio.Event, cancels: str
) -> AsyncIterator[asyncio.Event]:
    """A connection that hears of jobs, and of the channel ``cancels``; the event is set once it is lost."""

    def hear(event: AnyEvent) -> None:
        if isinstance(event.root, TableChangedEvent) and event.root.operation == "insert":
            woken.set()

    lost = asyncio.Event()
    connection = await connect(**address.arguments())
    try:
        connection.add_termination_listener(lambda _: lost.set())
        driver = AsyncpgDriver(connection)
        await initialize_notice_event_listener(driver, Channel(db_settings().channel), hear)
        await driver.add_listener(cancels, lambda _: cancelled.set())
        yield lost
    finally:
        connection.terminate()
