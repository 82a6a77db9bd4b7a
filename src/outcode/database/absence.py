"""What to do while the database is away: it restarts, fails over, or the network drops, and is back seconds later.

A connection that was lost mid-statement fails whoever used it; a new one is waited for, so that most never notice.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg
from sqlalchemy.exc import DBAPIError

_log = logging.getLogger(__name__)
Result = TypeVar("Result")

PATIENCE_SECONDS = 10.0
"""How long somebody who needs a connection waits for a database that takes none."""
_PAUSE_SECONDS = 0.1

_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.LockNotAvailableError,
    asyncpg.InterfaceError,
    ConnectionError,
)


def is_away(error: BaseException) -> bool:
    """Whether an error says that the database cannot be had just now, and nothing about what was asked of it.

    >>> is_away(ConnectionRefusedError()), is_away(asyncpg.UniqueViolationError()), is_away(OSError(28, "disk full"))
    (True, False, False)
    """
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (error.orig is not None and _caused_by_absence(error.orig))
    return isinstance(error, _LOST) or _is_missing_socket(error)


async def connect(*arguments: object, **named: object) -> asyncpg.Connection:
    """``asyncpg.connect`` that waits for a database that is away, for ten seconds; then raises why."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return await asyncpg.connect(*arguments, **named)
        except (asyncpg.PostgresError, OSError) as error:
            if not is_away(error) or time.monotonic() > deadline:
                raise
        await asyncio.sleep(_PAUSE_SECONDS)


async def outlast(work: Callable[[], Awaitable[Result]], gone_for_good: Callable[[], bool]) -> Result:
    """What ``work`` gives, done again for as long as the database is away; so ``work`` must bear being repeated.

    Once ``gone_for_good`` says so, as when we close our own pool, the error is raised.
    """
    told = False
    while True:
        try:
            return await work()
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            if gone_for_good() or not is_away(error):
                raise
            if not told:
                _log.warning("the database is away (%s); what is to be written waits for it", type(error).__name__)
                told = True
        await asyncio.sleep(_PAUSE_SECONDS)


def _caused_by_absence(error: BaseException) -> bool:
    return is_away(error) or (error.__cause__ is not None and is_away(error.__cause__))


def _is_missing_socket(error: BaseException) -> bool:
    """PostgreSQL's socket is not there while it starts; asyncpg names no file then, as our own files' errors do."""
    return isinstance(error, FileNotFoundError) and error.filename is None
