"""redis-py's protocol on a connection of ours: to one checked address, within limits, never opened a second time.

redis-py's own connections take their address from a name, read replies of any size (a value may have 512 MB), hide
errors behind classes of several trees, and flush what is still to be sent when they are closed. So its parser and its
abstract connection are what we build on. The parser's ``_read`` and ``_readline`` are not public; redis-py has no
public place in which a reply's size could be bounded, and they are covered by tests.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from typing import Any

from redis._parsers import _AsyncRESP2Parser
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as Lost
from redis.exceptions import InvalidResponse, ResponseError

from outcode.transport.redis.settings import RedisSettings
from outcode.values.problems import TooLarge

VALUE_LIMIT = 1024 * 1024
REPLY_LIMIT = 16 * 1024 * 1024
_MEGABYTE = 1024 * 1024


class Refusal(ResponseError):
    """An error that the server answered: its first ``word``, such as ``WRONGTYPE``, and the ``text`` behind it."""

    def __init__(self, answer: str) -> None:
        super().__init__(answer)
        self.word, _, self.text = answer.partition(" ")


class BoundedParser(_AsyncRESP2Parser):
    """Reads replies of bounded size."""

    @classmethod
    def parse_error(cls, response: str) -> Refusal:
        return Refusal(response)

    async def read_response(self, disable_decoding: bool = False) -> Any:  # noqa: FBT001 - the overridden signature
        self._size = 0
        return await super().read_response(disable_decoding)

    async def _read(self, length: int) -> bytes:
        if length < 0:
            raise InvalidResponse(length)
        if length > VALUE_LIMIT:
            raise TooLarge("redis_value_too_large", size=length, limit_mb=VALUE_LIMIT // _MEGABYTE)
        return self._counted(await super()._read(length))

    async def _readline(self) -> bytes:
        return self._counted(await super()._readline())

    def _counted(self, piece: bytes) -> bytes:
        self._size += len(piece)
        if self._size > REPLY_LIMIT:
            raise TooLarge("redis_result_too_large", limit_mb=REPLY_LIMIT // _MEGABYTE)
        return piece


class Wire(AbstractConnection):
    """One connection to one address; whatever goes wrong on it ends it at once."""

    def __init__(self, address: str, settings: RedisSettings, context: ssl.SSLContext | None) -> None:
        self._address = address
        self._port = settings.port
        self._server_name = settings.host if context else None
        self._context = context
        # RESP2, which every version speaks; no time-outs of redis-py's own, and no CLIENT SETINFO, which takes a right.
        super().__init__(
            username=settings.username or None,
            password=settings.password or None,
            db=settings.db,
            protocol=2,
            parser_class=BoundedParser,
            socket_timeout=None,
            socket_connect_timeout=None,
            driver_info=None,
        )

    async def open(self) -> None:
        """Connect, log in and choose the database; raises OSError, Lost, Refusal."""
        await self._connect()
        await self.on_connect()

    async def call(self, words: Sequence[bytes]) -> Any:
        """Send one command and read its reply; raises OSError, Lost, Refusal, TooLarge."""
        if not self.is_connected:
            raise Lost("dropped")  # send_command would connect again
        await self.send_command(*words, check_health=False)
        return await self.read_response()

    async def is_idle(self) -> bool:
        """Whether the connection stands and the server has said nothing unasked."""
        return self._writer is not None and not self._writer.is_closing() and not await self.can_read()

    def drop(self) -> None:
        """Cut the connection, also what is still to be sent."""
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None
        parser: Any = self._parser
        parser.on_disconnect()

    async def disconnect(self, *_how: object, **_why: object) -> None:
        """What redis-py does after every failure."""
        self.drop()

    async def _connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(
            self._address, self._port, ssl=self._context, server_hostname=self._server_name
        )

    def _host_error(self) -> str:
        return f"{self._address}:{self._port}"

    def repr_pieces(self) -> list[tuple[str, object]]:
        return [("address", self._address), ("port", self._port)]
