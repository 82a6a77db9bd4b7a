"""Carrying out declared Redis commands and walks over the keys, over pooled sessions, within sizes and a time."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

from outcode.appkit import Input, Outputs
from outcode.appkit.redis_calls import RedisCommand, RedisScan
from outcode.appkit.template import literal_or_input
from outcode.transport.answer import Answer, shaped
from outcode.transport.guard import EgressGuard
from outcode.transport.redis.pools import RedisPools
from outcode.transport.redis.session import Session, open_session
from outcode.transport.redis.settings import RedisConnection, RedisSettings
from outcode.transport.redis.wire import REPLY_LIMIT
from outcode.transport.redis.words import answer, command_words, value_of, word
from outcode.values.json import Json
from outcode.values.problems import InputProblem, Place, Stopped, TooLarge, VendorRejected

Result = TypeVar("Result")

_TEST_SECONDS = 5
_SCAN_COUNT = b"1000"
_MOST_ROUNDS = 10_000
"""A walk looks at about ten million keys, and says ``truncated`` where there are more."""
_MOST_KEYS = 100_000
_VERSION = re.compile(rb"^(redis|valkey)_version:([^\r\n]{1,40})", re.MULTILINE)


class RedisTransport:
    """Runs declared calls on the Redis servers of connections; one for a process, closed with :meth:`close`.

    ``seconds`` bounds one call, the wait for a free session apart. Sessions without work are closed after
    ``idle_seconds``.
    """

    def __init__(self, guard: EgressGuard, *, seconds: int = 30, idle_seconds: float = 60.0) -> None:
        self._guard = guard
        self._seconds = seconds
        self._pools = RedisPools(guard, idle_seconds=idle_seconds)

    async def perform(
        self,
        call: RedisCommand | RedisScan,
        answers: Mapping[str, Json],
        outputs: Outputs,
        connection: RedisConnection,
    ) -> Answer:
        """Carry out a call with the inputs of a task; the result is what ``outputs`` name of its answer.

        Raises InputProblem (before anything is sent, with the field's place, or what Redis says of a value);
        EgressRefused; VendorDown; VendorRejected; RateLimited; TooLarge; Stopped ``redis_timeout``. After
        ``redis_connection_lost``, ``redis_timeout`` and TooLarge the command may have been done; after every other
        problem it was not.

            answer = await transport.perform(GET, {"key": "greeting"}, Outputs(), connection)
            answer.value["exists"]
        """
        settings = RedisSettings.of(connection.fields)
        match call:
            case RedisCommand():
                words = command_words(call, answers)
                async with self._pools.session(connection.id, connection.version, settings, self._seconds) as session:
                    reply = await self._timed(session.call(*words))
                return shaped(answer(call, answers, reply), outputs, answers)
            case RedisScan():
                limit = _limit(call, answers)
                pattern = _pattern(call, answers)
                async with self._pools.session(connection.id, connection.version, settings, self._seconds) as session:
                    whole = await self._timed(_scan(session, pattern, limit))
                return shaped(whole, outputs, answers)

    async def test(self, connection: RedisConnection) -> str:
        """Open, PING, ask for the version, close, in at most 5 seconds; raises the problem that a call would meet.

        Answers which server it is: ``"redis.example.com:6379/0, Redis 7.0.15"``; without the version where the user
        may not ask for it.
        """
        settings = RedisSettings.of(connection.fields)
        session = await open_session(settings, self._guard, seconds=_TEST_SECONDS)
        try:
            async with asyncio.timeout(_TEST_SECONDS):
                about = await session.call("INFO", "server")
        except (TimeoutError, VendorRejected):
            about = b""  # the server let this user in, and that was the question
        finally:
            session.drop()
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        versions = dict(_VERSION.findall(about if isinstance(about, bytes) else b""))
        return f"{host}:{settings.port}/{settings.db}{_product(versions)}"

    async def close(self) -> None:
        """Close every session, cutting short what still runs."""
        await self._pools.close()

    async def _timed(self, work: Awaitable[Result]) -> Result:
        try:
            async with asyncio.timeout(self._seconds):
                return await work
        except TimeoutError as error:
            raise Stopped("redis_timeout", seconds=self._seconds) from error


async def _scan(session: Session, pattern: bytes | None, limit: int) -> dict[str, Json]:
    """The answer of a walk: each key once, though the server may name it several times."""
    match_words = () if pattern is None else ("MATCH", pattern)
    keys: dict[bytes, None] = {}
    size, cursor = 0, b"0"
    for _ in range(_MOST_ROUNDS):
        cursor, found = _page(await session.call("SCAN", cursor, *match_words, "COUNT", _SCAN_COUNT))
        new = dict.fromkeys(key for key in found if key not in keys)
        keys |= new
        size += sum(map(len, new))
        if size > REPLY_LIMIT:
            raise TooLarge("redis_result_too_large", limit_mb=REPLY_LIMIT // 1024**2)
        if cursor == b"0" or len(keys) > limit:
            break
    names = [value_of(key) for key in keys][:limit]
    return {"keys": names, "count": len(names), "truncated": cursor != b"0" or len(keys) > limit}


def _page(reply: Any) -> tuple[bytes, list[bytes]]:
    match reply:
        case [bytes() as cursor, list() as keys] if all(isinstance(key, bytes) for key in keys):
            return cursor, keys
        case _:
            raise VendorRejected("redis_reply_unexpected")


def _pattern(call: RedisScan, inputs: Mapping[str, Json]) -> bytes | None:
    return None if call.pattern is None else word(call.pattern, inputs)


def _limit(call: RedisScan, inputs: Mapping[str, Json]) -> int:
    value = literal_or_input(call.limit, inputs)
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 1 <= value <= _MOST_KEYS:
        place = Place(field=f"inputs.{call.limit.field}") if isinstance(call.limit, Input) else None
        raise InputProblem("redis_field_invalid", place, name="limit", expected=f"1–{_MOST_KEYS}")
    return int(value)


def _product(versions: Mapping[bytes, bytes]) -> str:
    """Valkey states a Redis version, too, for programs that look for one."""
    for name, shown in ((b"valkey", "Valkey"), (b"redis", "Redis")):
        if name in versions:
            return f", {shown} {versions[name].decode('utf-8', 'replace')}"
    return ""
