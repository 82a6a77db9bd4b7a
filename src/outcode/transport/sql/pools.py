"""Sessions kept open between runs: one small pool a connection and version of its credentials, bounded in number."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Generic, Protocol, TypeVar

from outcode.values.problems import VendorDown

SESSIONS_PER_POOL = 10
IDLE_SECONDS = 60.0
_MOST_POOLS = 64
_RESET_SECONDS = 10.0
_PATIENCE_SECONDS = 1.0

_Key = tuple[str, int]
_Session = TypeVar("_Session")


class Pool(Protocol[_Session]):
    """Sessions with one server for one user, as ``asyncpg.Pool`` has them."""

    async def acquire(self) -> _Session: ...

    async def release(self, session: _Session, /, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncpg's
        """Reset a session, or drop it where that fails."""

    async def close(self) -> None:
        """Close every session once its statement is done."""

    def get_size(self) -> int: ...

    def get_idle_size(self) -> int: ...


class SessionPools(Generic[_Session]):
    """The pools of one process; idle sessions close after a minute, new credentials never meet an old session.

    ``lost``: what a pool raises when a session is, or was, beyond use.
    """

    def __init__(self, *lost: type[Exception]) -> None:
        self._lost = lost
        self._pools: OrderedDict[_Key, Pool[_Session]] = OrderedDict()
        self._retiring: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def session(
        self, connection_id: str, version: int, make: Callable[[], Awaitable[Pool[_Session]]], seconds: float
    ) -> AsyncIterator[_Session]:
        """A session for one statement, reset when it is given back; ``make`` makes the pool where there is none.

        Raises what opening a session raises; VendorDown ``sql_pool_busy`` when none is free within ``seconds``.
        """
        pool = await self._pool((connection_id, version), make)
        try:
            async with asyncio.timeout(seconds):
                session = await pool.acquire()
        except TimeoutError as error:
            raise VendorDown("sql_pool_busy", seconds=seconds) from error
        except self._lost as error:
            raise VendorDown("sql_pool_busy", seconds=seconds) from error
        try:
            yield session
        finally:
            with suppress(*self._lost):  # then the pool has dropped it already
                await pool.release(session, timeout=_RESET_SECONDS)

    async def close(self) -> None:
        """Close every session, those that still work after a second."""
        for key in list(self._pools):
            self._retire(key)
        if self._retiring:
            _, working = await asyncio.wait(self._retiring, timeout=_PATIENCE_SECONDS)
            for task in working:
                task.cancel()  # the pool then ends what it holds at once
            await asyncio.gather(*self._retiring, return_exceptions=True)

    async def _pool(self, key: _Key, make: Callable[[], Awaitable[Pool[_Session]]]) -> Pool[_Session]:
        pool = self._pools.get(key)
        if pool is None:
            pool = await make()
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
