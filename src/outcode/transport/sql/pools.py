"""Sessions kept open between runs: one small pool a connection and version of its credentials, bounded in number."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import asyncpg

from outcode.transport.guard import EgressGuard
from outcode.transport.sql.connect import open_session
from outcode.transport.sql.session import Session
from outcode.transport.sql.settings import ServerSettings
from outcode.values.problems import VendorDown

_SESSIONS_PER_POOL = 10
_MOST_POOLS = 64
_IDLE_SECONDS = 60.0
_RESET_SECONDS = 10.0
_PATIENCE_SECONDS = 1.0

_Key = tuple[str, int]


class SessionPools:
    """The pools of one process; idle sessions close after a minute, new credentials never meet an old session."""

    def __init__(self, guard: EgressGuard) -> None:
        self._guard = guard
        self._pools: OrderedDict[_Key, Any] = OrderedDict()
        self._retiring: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def session(
        self, connection_id: str, version: int, settings: ServerSettings, seconds: float
    ) -> AsyncIterator[Session]:
        """A session for one statement, reset when it is given back.

        Raises the problems of :func:`open_session`; VendorDown ``sql_pool_busy`` when none is free within ``seconds``.
        """
        pool = await self._pool((connection_id, version), settings)
        try:
            async with asyncio.timeout(seconds):
                session = await pool.acquire()
        except (TimeoutError, asyncpg.InterfaceError) as error:
            raise VendorDown("sql_pool_busy", seconds=seconds) from error
        try:
            yield session
        finally:
            await self._give_back(pool, session)

    async def close(self) -> None:
        """Close every session, those that still work after a second."""
        for key in list(self._pools):
            self._retire(key)
        if self._retiring:
            _, working = await asyncio.wait(self._retiring, timeout=_PATIENCE_SECONDS)
            for task in working:
                task.cancel()  # asyncpg then terminates the pool
            await asyncio.gather(*self._retiring, return_exceptions=True)

    async def _pool(self, key: _Key, settings: ServerSettings) -> Any:
        pool = self._pools.get(key)
        if pool is None:
            pool = await asyncpg.create_pool(
                min_size=0,
                max_size=_SESSIONS_PER_POOL,
                max_inactive_connection_lifetime=_IDLE_SECONDS,
                connection_class=Session,
                connect=self._opener(settings),
            )
            self._pools[key] = pool
            for old in [old for old in self._pools if old[0] == key[0] and old != key]:
                self._retire(old)
            self._make_room()
        self._pools.move_to_end(key)
        return pool

    def _make_room(self) -> None:
        """Drop the longest unused pools that nobody works with."""
        idle = [key for key, pool in self._pools.items() if pool.get_size() == pool.get_idle_size()]
        for key in idle[: max(0, len(self._pools) - _MOST_POOLS)]:
            self._retire(key)

    def _retire(self, key: _Key) -> None:
        """Take a pool out of use; each of its sessions closes as soon as its statement is done."""
        task = asyncio.create_task(self._pools.pop(key).close())
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    def _opener(self, settings: ServerSettings) -> Any:
        async def connect(*_arguments: object, **_options: object) -> Session:
            return await open_session(settings, self._guard)

        return connect

    @staticmethod
    async def _give_back(pool: Any, session: Session) -> None:
        """Reset the session; where that fails the pool has dropped it already."""
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
            await pool.release(session, timeout=_RESET_SECONDS)
