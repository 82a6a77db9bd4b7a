"""Opening a session: guarded address, TLS, login, database, and a first PING, all before any command is sent.

Because nothing has been sent yet, this is the one place where something is tried again.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import Any

from outcode.transport.guard import EgressGuard
from outcode.transport.redis.errors import BROKEN, connect_problem, lost_problem, refusal_problem
from outcode.transport.redis.settings import RedisSettings
from outcode.transport.redis.wire import Refusal, Wire
from outcode.values.problems import VendorDown

CONNECT_SECONDS = 10
_ROUNDS = 2
_PAUSE_SECONDS = 0.2


class Session:
    """A logged-in connection; after anything but a reply or a refusal it is not clean and must be dropped."""

    def __init__(self, wire: Wire, settings: RedisSettings) -> None:
        self._wire = wire
        self._settings = settings
        self._waiting = False

    async def call(self, *words: str | bytes) -> Any:
        """Send one command, once, and return its reply: None, int, bytes or a list of these.

        Raises the problems of ``errors.py``; TooLarge for a reply over the limits.
        """
        self._waiting = True
        try:
            reply = await self._wire.call([word.encode() if isinstance(word, str) else word for word in words])
        except Refusal as refusal:
            self._waiting = False
            raise refusal_problem(refusal, self._settings) from refusal
        except BROKEN as error:
            raise lost_problem(error, self._settings) from error
        self._waiting = False
        return reply

    @property
    def is_clean(self) -> bool:
        """Whether every command has had its reply."""
        return not self._waiting

    async def is_usable(self) -> bool:
        """Whether a clean session is still connected, and the next command's reply will be its own."""
        return await self._wire.is_idle()

    def drop(self) -> None:
        """Cut the connection."""
        self._wire.drop()


async def open_session(settings: RedisSettings, guard: EgressGuard, *, seconds: int = CONNECT_SECONDS) -> Session:
    """Connect and log in, trying each address twice.

    Raises EgressRefused, InputProblem (certificate), VendorDown (``redis_unreachable``, ``redis_connect_timeout``),
    VendorRejected (password, database, TLS …), RateLimited (too many clients).
    """
    context = settings.tls_context()
    try:
        async with asyncio.timeout(seconds):
            addresses = [str(address) for address in await guard.resolve(settings.host, settings.port)]
            *earlier, last = [Wire(address, settings, context) for address in addresses * _ROUNDS]
            for wire in earlier:
                with suppress(_Unreachable):
                    return Session(await _logged_in(wire, seconds / len(addresses)), settings)
                await asyncio.sleep(_PAUSE_SECONDS)
            return Session(await _logged_in(last, seconds / len(addresses)), settings)
    except TimeoutError as error:
        raise VendorDown("redis_connect_timeout", host=settings.host, port=settings.port, seconds=seconds) from error
    except _Unreachable as error:
        raise connect_problem(error.reason, settings) from error.reason
    except BROKEN as error:
        raise connect_problem(error, settings) from error


class _Unreachable(Exception):
    """An address that did not answer; the next one may."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(reason)
        self.reason = reason


async def _logged_in(wire: Wire, seconds: float) -> Wire:
    try:
        async with asyncio.timeout(seconds):
            await wire.open()
            await _ping(wire)
    except ssl.SSLError:
        wire.drop()
        raise
    except OSError as error:
        wire.drop()
        raise _Unreachable(error) from error
    except BaseException:
        wire.drop()
        raise
    return wire


async def _ping(wire: Wire) -> None:
    try:
        await wire.call([b"PING"])
    except Refusal as refusal:
        # Who may run other commands need not have the right to this one.
        if refusal.word != "NOPERM":
            raise
