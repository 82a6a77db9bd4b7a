"""What happens to sessions: shared, replaced, cut, lost and never used to say something twice."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from typing import Any

import pytest

from outcode.appkit import Outputs
from outcode.appkit.redis_calls import RedisCommand, RedisScan
from outcode.transport.guard import EgressGuard, parse_allow_rules
from outcode.transport.redis import RedisTransport
from outcode.values.problems import Problem, Stopped, VendorDown, VendorRejected
from tests.support.redis import PASSWORD, RedisConnection, RedisServer, redis_server
from tests.support.waiting import until

WHO = RedisCommand(command="CLIENT", arguments=("ID",), reply={"id": "integer"})
CLIENTS = RedisCommand(command="CLIENT", arguments=("LIST",), reply={"clients": "value"})
WAIT = RedisCommand(command="BLPOP", arguments=("nothing", "0"), reply={})
COUNT = RedisCommand(command="INCRBY", arguments=("n", "1"), reply={"value": "integer"})


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server(password=PASSWORD) as started:
        yield started


@asynccontextmanager
async def opened(**options: Any) -> AsyncIterator[RedisTransport]:
    transport = RedisTransport(EgressGuard(parse_allow_rules("127.0.0.1")), **options)
    yield transport
    await transport.close()


@pytest.fixture
async def transport() -> AsyncIterator[RedisTransport]:
    async with opened() as made:
        yield made


async def value(
    transport: RedisTransport, call: RedisCommand | RedisScan, there: RedisConnection, **inputs: Any
) -> Any:
    return (await transport.perform(call, inputs, Outputs(), there)).value


async def problem(transport: RedisTransport, call: RedisCommand | RedisScan, there: RedisConnection) -> Problem:
    with pytest.raises(Problem) as caught:
        await transport.perform(call, {}, Outputs(), there)
    assert caught.value.message("ko")
    return caught.value


async def until_blocked(watcher: RedisTransport, there: RedisConnection, number: int) -> None:
    """Wait until so many sessions wait for what is never there; ``watcher`` sees it in a session of its own."""

    async def blocked() -> bool:
        clients: str = (await value(watcher, CLIENTS, there))["clients"]
        return clients.count("cmd=blpop") == number

    await until(blocked)


async def test_calls_share_a_session_but_not_across_credentials(transport: RedisTransport, server: RedisServer) -> None:
    ids = {(await value(transport, WHO, server.connection()))["id"] for _ in range(3)}
    assert len(ids) == 1
    newer = (await value(transport, WHO, server.connection(version=2)))["id"]
    assert newer not in ids
    assert (await value(transport, WHO, server.connection(version=2)))["id"] == newer
    with pytest.raises(VendorRejected):
        await value(transport, WHO, server.connection(version=3, password="wrong"))

    async def old_sessions_are_gone() -> bool:
        clients = (await value(transport, CLIENTS, server.connection(version=4)))["clients"]
        return not any(f"id={number} " in clients for number in {*ids, newer})

    await until(old_sessions_are_gone)


async def test_a_session_survives_what_the_server_refuses(transport: RedisTransport, server: RedisServer) -> None:
    before = await value(transport, WHO, server.connection())
    unknown = await problem(transport, RedisCommand(command="NOSUCH", reply={}), server.connection())
    assert (unknown.code, type(unknown)) == ("redis_no_command", VendorRejected)
    assert await value(transport, WHO, server.connection()) == before


async def test_idle_sessions_are_closed(server: RedisServer) -> None:
    async with opened(idle_seconds=0.05) as transport, opened() as watcher:
        number = (await value(transport, WHO, server.connection()))["id"]

        async def gone() -> bool:
            return f"id={number} " not in (await value(watcher, CLIENTS, server.connection()))["clients"]

        await until(gone)
        assert (await value(transport, WHO, server.connection()))["id"] != number


async def test_many_at_once_wait_for_a_free_session(transport: RedisTransport, server: RedisServer) -> None:
    answers = await asyncio.gather(*(value(transport, WHO, server.connection()) for _ in range(60)))
    assert len({answer["id"] for answer in answers}) <= 10


async def test_waiting_for_a_session_has_an_end(server: RedisServer) -> None:
    there = server.connection()
    async with opened(seconds=300) as transport, opened() as watcher:
        first = [asyncio.create_task(value(transport, WAIT, there)) for _ in range(10)]
        await until_blocked(watcher, there, 10)
        waiting = [asyncio.create_task(value(transport, WHO, there)) for _ in range(15)]
        await asyncio.sleep(0)
        transport._seconds = 1
        met = await problem(transport, WHO, there)
        assert (met.code, type(met), met.details) == ("redis_pool_busy", VendorDown, {"seconds": 1})
        transport._seconds = 300
        assert not any(task.done() for task in waiting)
        for task in first:
            task.cancel()
        assert len(await asyncio.gather(*waiting)) == 15


async def test_connections_without_work_make_room_for_others(transport: RedisTransport, server: RedisServer) -> None:
    for number in range(70):
        await value(transport, WHO, RedisConnection(f"redis-{number}", 1, server.connection().fields))

    async def few() -> bool:
        clients: str = (await value(transport, CLIENTS, server.connection()))["clients"]
        return clients.count("\n") <= 65

    await until(few)


async def test_a_command_without_an_answer_is_given_up(server: RedisServer) -> None:
    async with opened(seconds=1) as transport:
        met = await problem(transport, WAIT, server.connection())
        assert (met.code, type(met)) == ("redis_timeout", Stopped)
        transport._seconds = 30
        assert await value(transport, WHO, server.connection())


async def test_cancelling_drops_the_session(transport: RedisTransport, server: RedisServer) -> None:
    task = asyncio.create_task(value(transport, WAIT, server.connection()))
    await until_blocked(transport, server.connection(), 1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until_blocked(transport, server.connection(), 0)


async def test_a_cancelled_reply_never_answers_the_next_call(transport: RedisTransport, server: RedisServer) -> None:
    task = asyncio.create_task(value(transport, WAIT, server.connection()))
    async with opened() as other:
        await until_blocked(other, server.connection(), 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await value(other, RedisCommand(command="RPUSH", arguments=("nothing", "late"), reply={}), server.connection())
        assert (await value(transport, COUNT, server.connection()))["value"] == 1
        await value(other, RedisCommand(command="DEL", arguments=("nothing",), reply={}), server.connection())


async def test_a_killed_server_is_told_and_its_successor_found(transport: RedisTransport) -> None:
    with redis_server() as first:
        task = asyncio.create_task(value(transport, WAIT, first.connection()))
        async with opened() as watcher:
            await until_blocked(watcher, first.connection(), 1)
        first.stop(signal.SIGKILL)
        with pytest.raises(VendorDown) as caught:
            await task
        assert caught.value.code == "redis_connection_lost"
        met = await problem(transport, WHO, first.connection())
        assert (met.code, type(met)) == ("redis_unreachable", VendorDown)
        with redis_server(port=first.port) as second:
            assert await value(transport, WHO, second.connection())


async def test_a_session_that_the_server_closed_meanwhile_is_not_used(transport: RedisTransport) -> None:
    with redis_server() as first:
        assert (await value(transport, COUNT, first.connection()))["value"] == 1
        first.stop()
        with redis_server(port=first.port) as second:
            await asyncio.sleep(0.05)  # the event loop has stood still, and hears now that the session is closed
            assert (await value(transport, COUNT, second.connection()))["value"] == 1


@asynccontextmanager
async def peer(**replies: bytes) -> AsyncIterator[tuple[RedisConnection, list[str]]]:
    """A peer that answers each command with what is given for it and hangs up at others; and what it has heard."""
    heard: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # What goes wrong on a connection is what the client is tested for.
        with suppress(OSError, asyncio.IncompleteReadError), closing(writer):
            while line := await reader.readline():
                words = []
                for _ in range(int(line[1:])):
                    size = int((await reader.readline())[1:])
                    words.append((await reader.readexactly(size + 2))[:-2].decode())
                heard.append(words[0])
                reply = replies.get(words[0], b"+PONG\r\n" if words[0] == "PING" else b"")
                if not reply:
                    break
                writer.write(reply)

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    yield RedisConnection("redis-1", 1, {"host": "127.0.0.1", "port": port}), heard
    listening.close()
    await asyncio.sleep(0.05)


async def test_a_command_is_never_sent_twice(transport: RedisTransport) -> None:
    async with peer() as (there, heard):
        met = await problem(transport, COUNT, there)
        assert met.code == "redis_connection_lost"
        assert heard == ["PING", "INCRBY"]


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "redis_not_redis"),
        (b"$nonsense\r\n", "redis_not_redis"),
        (b"$-7\r\n", "redis_not_redis"),
        (b"*1\r\n" * 5000, "redis_not_redis"),
        (b"+" + b"x" * 100_000 + b"\r\n", "redis_not_redis"),
        (b"$999999999\r\n", "redis_value_too_large"),
        (b"*1\r\n-ERR inside\r\n", "redis_reply_unexpected"),
        (b"+PONG\r\n", "redis_reply_unexpected"),
        (b"", "redis_connection_lost"),
        (b"-MOVED what\r\n", "redis_cluster"),
        (b"-\r\n", "redis_refused"),
    ],
)
async def test_a_server_that_talks_nonsense(transport: RedisTransport, reply: bytes, code: str) -> None:
    async with peer(INCRBY=reply) as (there, _):
        assert (await problem(transport, COUNT, there)).code == code


async def test_a_walk_that_never_ends_is_cut(transport: RedisTransport) -> None:
    same = b"*2\r\n$1\r\n7\r\n*2\r\n$1\r\na\r\n$1\r\na\r\n"
    async with peer(SCAN=same) as (there, heard):
        answer = await value(transport, RedisScan(limit=10), there)
        assert answer == {"keys": ["a"], "count": 1, "truncated": True}
        assert heard.count("SCAN") == 10_000


async def test_close_ends_every_session(server: RedisServer) -> None:
    async with opened() as transport, opened() as watcher:
        number = (await value(transport, WHO, server.connection()))["id"]
        task = asyncio.create_task(value(transport, WAIT, server.connection()))
        await until_blocked(watcher, server.connection(), 1)
        await transport.close()
        with pytest.raises(VendorDown):
            await task

        async def gone() -> bool:
            clients = (await value(watcher, CLIENTS, server.connection()))["clients"]
            return f"id={number} " not in clients and "cmd=blpop" not in clients

        await until(gone)
