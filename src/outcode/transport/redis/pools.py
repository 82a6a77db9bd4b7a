"""Sessions kept open between runs: one small pool a connection and version of its credentials, bounded in number."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from outcode.transport.guard import EgressGuard
from outcode.transport.redis.session import Session, open_session
from outcode.transport.redis.settings import RedisSettings
from outcode.values.problems import VendorDown

_SESSIONS_PER_POOL = 10
_MOST_POOLS = 64

_Key = tuple[str, int]


class _Pool:
    """The sessions of one connection; those without work are closed after ``idle_seconds``."""

    def __init__(self, guard: EgressGuard, settings: RedisSettings, idle_seconds: float) -> None:
        self._guard = guard
        self._settings = settings
        self._idle_seconds = idle_seconds
        self._free = asyncio.Semaphore(_SESSIONS_PER_POOL)
        self._idle: dict[Session, asyncio.TimerHandle] = {}
        self._working: set[Session] = set()
        self._waiting = 0
        self._retired = False

    @property
    def is_quiet(self) -> bool:
        """Whether nobody works with it."""
        return not self._working and not self._waiting

    @asynccontextmanager
    async def session(self, seconds: float) -> AsyncIterator[Session]:
        self._waiting += 1
        try:
            await self._enter(seconds)
            try:
                session = await self._idle_session() or await open_session(self._settings, self._guard)
            except BaseException:
                self._free.release()
                raise
            self._working.add(session)
        finally:
            self._waiting -= 1
        try:
            yield session
        finally:
            self._working.discard(session)
            self._keep(session)
            self._free.release()

    def retire(self) -> None:
        """Close what is idle now, and the rest as soon as its work is done."""
        self._retired = True
        for session in list(self._idle):
            self._close_idle(session)

    def cut(self) -> None:
        """Close everything, also what still works."""
        self.retire()
        for session in self._working:
            session.drop()

    async def _enter(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._free.acquire()
        except TimeoutError as error:
            raise VendorDown("redis_pool_busy", seconds=seconds) from error

    async def _idle_session(self) -> Session | None:
        while self._idle:
            session, timer = self._idle.popitem()
            timer.cancel()
            if await session.is_usable():
                return session
            session.drop()
        return None

    def _keep(self, session: Session) -> None:
        if session.is_clean and not self._retired:
            loop = asyncio.get_running_loop()
            self._idle[session] = loop.call_later(self._idle_seconds, self._close_idle, session)
        else:
            session.drop()

    def _close_idle(self, session: Session) -> None:
        self._idle.pop(session).cancel()
        session.drop()


class RedisPools:
    """The pools of one process; new credentials never meet an old session."""

    def __init__(self, guard: EgressGuard, *, idle_seconds: float) -> None:
        self._guard = guard
        self._idle_seconds = idle_seconds
        self._pools: OrderedDict[_Key, _Pool] = OrderedDict()
        self._retired: set[_Pool] = set()

    @asynccontextmanager
    async def session(
        self, connection_id: str, version: int, settings: RedisSettings, seconds: int
    ) -> AsyncIterator[Session]:
        """A session for one call.

        Raises the problems of :func:`open_session`; VendorDown ``redis_pool_busy`` when none is free within
        ``seconds``.
        """
        pool = self._pool((connection_id, version), settings)
        try:
            async with pool.session(seconds) as session:
                yield session
        finally:
            self._retired = {old for old in self._retired if not old.is_quiet}

    async def close(self) -> None:
        """Close every session, also those that still work."""
        for pool in (*self._pools.values(), *self._retired):
            pool.cut()
        self._pools.clear()
        self._retired.clear()
        await asyncio.sleep(0)  # the event loop closes a dropped socket in its next round

    def _pool(self, key: _Key, settings: RedisSettings) -> _Pool:
        pool = self._pools.get(key)
        if pool is None:
            for old in [old for old in self._pools if old[0] == key[0]]:
                self._retire(old)
            pool = self._pools[key] = _Pool(self._guard, settings, self._idle_seconds)
            self._make_room()
        self._pools.move_to_end(key)
        return pool

    def _make_room(self) -> None:
        """Drop the longest unused pools that nobody works with."""
        quiet = [key for key, pool in list(self._pools.items())[:-1] if pool.is_quiet]
        for key in quiet[: max(0, len(self._pools) - _MOST_POOLS)]:
            self._retire(key)

    def _retire(self, key: _Key) -> None:
        pool = self._pools.pop(key)
        pool.retire()
        self._retired.add(pool)
