"""The driver blocks; so it works in threads of its own, and what nobody waits for any more is ended there, too."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from outcode.transport.sql.mysql.session import Session

_PATIENCE_SECONDS = 2.0
_STOP_SECONDS = 7.0
_FIRST_PAUSE_SECONDS = 0.2
_Result = TypeVar("_Result")


class Threads:
    """Threads for the sessions of one transport; not the event loop's own, which slow statements would use up."""

    def __init__(self, most: int, name: str) -> None:
        self._executor = ThreadPoolExecutor(most, name)
        self._ending: set[asyncio.Task[None]] = set()

    async def run(
        self, session: Session, work: Callable[[], _Result], stop: Callable[[], Awaitable[None]] | None = None
    ) -> _Result:
        """Do ``work`` with a session in a thread, and wait for it.

        When the caller is cancelled, ``stop`` asks the server to end it, again until it has ended, and the session is
        cut off where that does not help; both before the cancellation goes on.
        """
        job = self._executor.submit(work)
        done = asyncio.wrap_future(job)
        done.add_done_callback(_heard)
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            session.broken = True
            if not job.cancel():
                ending = asyncio.create_task(self._end(session, done, stop))
                self._ending.add(ending)
                ending.add_done_callback(self._ending.discard)
                await asyncio.shield(ending)
            raise

    async def drop(self, session: Session) -> None:
        """Close a session, in a thread, since that may wait for the network."""
        with suppress(RuntimeError):  # the threads have ended, and the session with them
            await asyncio.shield(asyncio.wrap_future(self._executor.submit(session.end)))

    async def close(self) -> None:
        """Wait for what is being ended; nothing can be run afterwards."""
        if self._ending:
            await asyncio.wait(self._ending, timeout=_PATIENCE_SECONDS)
        self._executor.shutdown(wait=False, cancel_futures=True)

    @staticmethod
    async def _end(session: Session, done: asyncio.Future[_Result], stop: Callable[[], Awaitable[None]] | None) -> None:
        if stop is not None:
            pause = _FIRST_PAUSE_SECONDS
            with suppress(TimeoutError):
                async with asyncio.timeout(_STOP_SECONDS):
                    while not done.done():  # asked before the statement has begun, the server stops nothing
                        await stop()
                        await asyncio.wait([done], timeout=pause)
                        pause *= 2
        session.interrupt()
        await asyncio.wait([done], timeout=_PATIENCE_SECONDS)


def _heard(done: asyncio.Future[_Result]) -> None:
    """What a statement says that nobody waits for any more is not worth a warning."""
    if not done.cancelled():
        done.exception()
