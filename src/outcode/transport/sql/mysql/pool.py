"""A few sessions with one server for one user, kept open between runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from outcode.transport.sql.mysql.session import Session
from outcode.transport.sql.mysql.threads import Threads
from outcode.transport.sql.pools import IDLE_SECONDS, SESSIONS_PER_POOL

_TRUSTED_SECONDS = 1.0
"""How long an idle session is used again without asking whether its server is still there."""


class SessionPool:
    """At most ten sessions; ``connect`` opens one. The one given back last is used first, so that others can close."""

    def __init__(self, connect: Callable[[], Awaitable[Session]], threads: Threads) -> None:
        self._connect = connect
        self._threads = threads
        self._room = asyncio.Semaphore(SESSIONS_PER_POOL)
        self._idle: dict[Session, asyncio.TimerHandle] = {}
        self._busy: set[Session] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._all_back = asyncio.Event()
        self._all_back.set()
        self._closed = False

    def get_size(self) -> int:
        """How many sessions there are."""
        return len(self._idle) + len(self._busy)

    def get_idle_size(self) -> int:
        """How many of them nobody uses."""
        return len(self._idle)

    async def acquire(self) -> Session:
        """A session that answers; waits while all are in use. Raises what ``connect`` raises."""
        await self._room.acquire()
        try:
            session = await self._idle_session() or await self._connect()
        except BaseException:
            self._room.release()
            raise
        self._busy.add(session)
        self._all_back.clear()
        return session

    async def release(self, session: Session, /, *, timeout: float | None = None) -> None:  # noqa: ASYNC109 - see Pool
        """Reset a session and keep it, or drop it where it is broken, or its server cannot reset it."""
        fit = False
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout):
                    fit = not session.broken and not self._closed and await self._threads.run(session, session.reset)
        finally:
            self._busy.discard(session)
            if not self._busy:
                self._all_back.set()
            self._room.release()
            if fit and not self._closed:
                self._idle[session] = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._drop, session)
            else:
                self._drop(session)

    async def close(self) -> None:
        """Close idle sessions now, and wait for the others; when cancelled, those are cut off."""
        self._closed = True
        for session in list(self._idle):
            self._drop(session)
        try:
            await self._all_back.wait()
        finally:
            for session in self._busy:
                session.interrupt()
        if self._closing:
            await asyncio.wait(self._closing)

    async def _idle_session(self) -> Session | None:
        while self._idle:
            session, timer = self._idle.popitem()
            timer.cancel()
            loop = asyncio.get_running_loop()
            unused = IDLE_SECONDS - (timer.when() - loop.time())
            alive = unused < _TRUSTED_SECONDS
            try:
                alive = alive or await self._threads.run(session, session.is_alive)
            finally:
                if not alive:
                    self._drop(session)
            if alive:
                return session
        return None

    def _drop(self, session: Session) -> None:
        timer = self._idle.pop(session, None)
        if timer is not None:
            timer.cancel()
        task = asyncio.create_task(self._threads.drop(session))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
