"""PgQueuer as waker and distributor: it hands run ids to workers, and nothing more.

It may lose a job or hand one out twice; neither matters, because a worker must claim the run row before it acts, and
abandoned runs are put back. PgQueuer reads JSON columns as text, so it has a small pool of its own, without our codecs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Self

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.models import Job

from outcode.database.address import DatabaseAddress

_log = logging.getLogger(__name__)
_ENTRYPOINT = "run"
_IDLE_POLL = timedelta(seconds=5)
_PICK_LAPSES = timedelta(seconds=10)
_RESTART_SECONDS = 1.0
_POOL_SIZE = 4


class RunQueue:
    """Run ids on their way to a worker."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._queries = PgQueuer(AsyncpgPoolDriver(pool)).qm.queries
        self._consumer: PgQueuer | None = None
        self._stopping = asyncio.Event()

    @classmethod
    async def open(cls, address: DatabaseAddress) -> Self:
        """Connect to a migrated database."""
        return cls(await asyncpg.create_pool(**address.arguments(), min_size=1, max_size=_POOL_SIZE))

    async def put(self, run_id: str, epoch: int) -> None:
        """Wake a worker for a run as of an epoch; one that is queued for it already stays queued once."""
        await self._queries.enqueue(
            [_ENTRYPOINT], [run_id.encode()], [0], dedupe_key=[f"{run_id}:{epoch}"], on_conflict="skip"
        )

    async def wake(self, run_ids: Sequence[str]) -> None:
        """Wake workers for new runs, many in one statement."""
        await self._queries.enqueue(
            [_ENTRYPOINT] * len(run_ids),
            [run_id.encode() for run_id in run_ids],
            [0] * len(run_ids),
            dedupe_key=[f"{run_id}:0" for run_id in run_ids],
            on_conflict="skip",
        )

    async def consume(self, work: Callable[[str], Awaitable[None]], at_once: int) -> None:
        """Call ``work`` with run ids as they come, at most ``at_once`` together, until :meth:`stop`.

        PgQueuer ends when PostgreSQL restarts; it is started anew then.
        """

        async def handle(job: Job) -> None:
            if job.payload is not None:
                await work(job.payload.decode())

        while not self._stopping.is_set():
            self._consumer = PgQueuer(AsyncpgPoolDriver(self._pool))
            self._consumer.entrypoint(_ENTRYPOINT)(handle)
            try:
                await self._consumer.qm.run(
                    dequeue_timeout=_IDLE_POLL,
                    batch_size=max(1, at_once // 2),
                    max_concurrent_tasks=at_once,
                    heartbeat_timeout=_PICK_LAPSES,
                )
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                _log.warning("the queue lost its database and starts again: %s", type(error).__name__)
                await asyncio.sleep(_RESTART_SECONDS)

    def stop(self) -> None:
        """Let :meth:`consume` finish what it has begun and return."""
        self._stopping.set()
        if self._consumer is not None:
            self._consumer.shutdown.set()

    async def close(self) -> None:
        """Close the pool, after :meth:`consume` has returned."""
        await self._pool.close()
