"""Reaching a real server: users, passwords, TLS, the guard, and what servers say when they cannot or will not."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from outcode.appkit import Input, Outputs
from outcode.appkit.redis_calls import RedisCommand
from outcode.transport.guard import EgressGuard, parse_allow_rules
from outcode.transport.redis import RedisTransport
from outcode.transport.redis.errors import refusal_problem
from outcode.transport.redis.session import open_session
from outcode.transport.redis.settings import RedisSettings
from outcode.transport.redis.wire import Refusal
from outcode.values.problems import EgressRefused, InputProblem, Problem, RateLimited, VendorDown, VendorRejected
from tests.support.redis import PASSWORD, TLS_NAME, RedisConnection, RedisServer, redis_server
from tests.support.serving import free_port
from tests.support.waiting import until

KEY = Input(field="key")
GET = RedisCommand(command="GET", arguments=(KEY,), reply={"value": "value"})
SET = RedisCommand(command="SET", arguments=(KEY, "x"), reply={"result": "ok"})
USERS = (
    f'user reader on ">{PASSWORD}" ~public:* +get +scan',
    f'user watcher on ">{PASSWORD}" ~* +@all -info -ping',
    "user guest on nopass ~* +@all",
)


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with redis_server(*USERS, password=PASSWORD) as started:
        yield started


@pytest.fixture(scope="module")
def tls_server() -> Iterator[RedisServer]:
    with redis_server(password=PASSWORD, tls=True) as started:
        yield started


@pytest.fixture(scope="module")
def open_server() -> Iterator[RedisServer]:
    """A server without a password."""
    with redis_server() as started:
        yield started


def everything_leads_to(*addresses: str) -> EgressGuard:
    """A guard that lets loopback be reached, to which every name leads."""

    async def lookup(_host: str, _port: int) -> list[str]:
        return list(addresses)

    return EgressGuard(parse_allow_rules("127.0.0.0/8"), lookup=lookup)


@pytest.fixture
async def transport() -> AsyncIterator[RedisTransport]:
    made = RedisTransport(everything_leads_to("127.0.0.1"))
    yield made
    await made.close()


async def run(transport: RedisTransport, call: RedisCommand, there: RedisConnection, **inputs: Any) -> Any:
    return (await transport.perform(call, {"key": "a", **inputs}, Outputs(), there)).value


async def refused(work: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        await work
    met = caught.value
    for said in (str(met.as_dict("en")), str(met.as_dict("ko"))):
        assert PASSWORD not in said
        assert "Wrong-password" not in said
        assert "{" not in met.message()
    return met


async def test_the_connection_test_says_which_server_it_is(transport: RedisTransport, server: RedisServer) -> None:
    said = await transport.test(server.connection(db=3))
    place, _, product = said.partition(", ")
    assert place == f"127.0.0.1:{server.port}/3"
    assert product.startswith("Redis ")
    named = server.connection(host="Redis.Example.com.")
    assert (await transport.test(named)).startswith(f"Redis.Example.com:{server.port}/0")


async def test_who_may_not_ask_for_the_version_is_let_in_all_the_same(
    transport: RedisTransport, server: RedisServer
) -> None:
    assert await transport.test(server.connection(username="watcher")) == f"127.0.0.1:{server.port}/0"
    assert await run(transport, SET, server.connection(username="watcher")) == {"result": True}


async def test_a_user_without_a_password(transport: RedisTransport, server: RedisServer) -> None:
    assert await run(transport, SET, server.connection(username="guest", password=None)) == {"result": True}


async def test_rights_of_a_user(transport: RedisTransport, server: RedisServer) -> None:
    reader = server.connection(username="reader")
    assert await run(transport, GET, reader, key="public:a") == {"value": None}
    for call, key in ((GET, "private"), (SET, "public:a")):
        met = await refused(run(transport, call, reader, key=key))
        assert (met.code, type(met)) == ("redis_not_permitted", VendorRejected)


@pytest.mark.parametrize(
    ("fields", "code", "kind"),
    [
        ({"password": "Wrong-password"}, "redis_password_refused", VendorRejected),
        ({"username": "reader", "password": "Wrong-password"}, "redis_password_refused", VendorRejected),
        ({"username": "nobody"}, "redis_password_refused", VendorRejected),
        ({"password": None}, "redis_password_missing", VendorRejected),
        ({"password": ""}, "redis_password_missing", VendorRejected),
        ({"db": 16}, "redis_no_database", VendorRejected),
        ({"username": "reader", "db": 1}, "redis_not_permitted", VendorRejected),
        ({"host": ""}, "field_required", InputProblem),
        ({"host": "/var/run/redis.sock"}, "blocked_socket_path", EgressRefused),
        ({"host": "unix:///var/run/redis.sock"}, "blocked_socket_path", EgressRefused),
        ({"host": "@redis"}, "blocked_socket_path", EgressRefused),
        ({"host": "10.1.2.3"}, "blocked_address", EgressRefused),
        ({"host": "0x0a010203"}, "blocked_address", EgressRefused),
        ({"host": "a b"}, "blocked_host", EgressRefused),
        ({"port": 70000}, "redis_field_invalid", InputProblem),
        ({"db": -1}, "redis_field_invalid", InputProblem),
        ({"tls": "yes"}, "redis_field_invalid", InputProblem),
        ({"username": 5}, "redis_field_invalid", InputProblem),
        ({"tls": True, "tls_ca": "no certificate"}, "redis_certificate_invalid", InputProblem),
        ({"tls": True, "tls_ca": "인증서"}, "redis_certificate_invalid", InputProblem),
    ],
)
async def test_the_reason_is_told(
    transport: RedisTransport, server: RedisServer, fields: dict[str, Any], code: str, kind: type[Problem]
) -> None:
    for work in (transport.test(server.connection(**fields)), run(transport, GET, server.connection(**fields))):
        met = await refused(work)
        assert (met.code, type(met)) == (code, kind)


async def test_a_password_that_the_server_does_not_want(transport: RedisTransport, open_server: RedisServer) -> None:
    met = await refused(transport.test(open_server.connection(password=PASSWORD)))
    assert met.code == "redis_password_unwanted"


async def test_nobody_listens(transport: RedisTransport, server: RedisServer) -> None:
    met = await refused(transport.test(server.connection(port=free_port())))
    assert (met.code, type(met)) == ("redis_unreachable", VendorDown)


async def test_loopback_is_closed_unless_allowed(server: RedisServer) -> None:
    closed = RedisTransport(EgressGuard())
    met = await refused(closed.test(server.connection()))
    assert (met.code, type(met)) == ("blocked_address", EgressRefused)
    own = RedisTransport(EgressGuard(parse_allow_rules("127.0.0.1"), refuse=[server.port]))
    assert (await refused(own.test(server.connection()))).code == "blocked_own_port"


async def test_the_next_address_is_tried(server: RedisServer) -> None:
    transport = RedisTransport(everything_leads_to("127.0.0.9", "127.0.0.1"))
    assert await transport.test(server.connection(host="redis.test"))


async def test_the_environment_has_no_say(
    transport: RedisTransport, server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REDIS_URL", "REDIS_HOST", "REDISCLI_AUTH", "REDIS_PASSWORD"):
        monkeypatch.setenv(name, PASSWORD)
    assert (await refused(transport.test(server.connection(password=None)))).code == "redis_password_missing"


async def test_tls_is_checked_against_the_name_that_was_written(
    transport: RedisTransport, tls_server: RedisServer
) -> None:
    checked: dict[str, Any] = {"tls": True, "tls_ca": tls_server.certificate}
    for host in (TLS_NAME, f"{TLS_NAME}.", "127.0.0.1"):
        assert await run(transport, SET, tls_server.connection(host=host, **checked)) == {"result": True}
    met = await refused(transport.test(tls_server.connection(host="other.example.com", **checked)))
    assert (met.code, type(met)) == ("redis_certificate_refused", VendorRejected)
    met = await refused(transport.test(tls_server.connection(host=TLS_NAME, tls=True)))
    assert met.code == "redis_certificate_refused"


async def test_tls_where_there_is_none_and_none_where_there_is(
    transport: RedisTransport, server: RedisServer, tls_server: RedisServer
) -> None:
    met = await refused(transport.test(tls_server.connection()))
    assert (met.code, type(met)) == ("redis_hung_up", VendorDown)
    settings = RedisSettings.of(server.connection(tls=True).fields)
    met = await refused(open_session(settings, everything_leads_to("127.0.0.1"), seconds=1))
    assert met.code in {"redis_no_tls", "redis_connect_timeout", "redis_unreachable"}


@asynccontextmanager
async def saying(content: bytes, port: int = 0) -> AsyncIterator[RedisConnection]:
    """Something that is no Redis server: it says one thing and waits."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", port)
    yield RedisConnection("redis-1", 1, {"host": "127.0.0.1", "port": listening.sockets[0].getsockname()[1]})
    listening.close()
    await asyncio.sleep(0.05)


async def test_something_else_listens_there(transport: RedisTransport) -> None:
    async with saying(b"HTTP/1.1 400 Bad Request\r\n\r\n") as there:
        met = await refused(transport.test(there))
        assert (met.code, type(met)) == ("redis_not_redis", VendorRejected)
    async with saying(b"HTTP/1.1 400 Bad Request\r\n\r\n") as there:
        encrypted = RedisConnection("redis-1", 2, {**there.fields, "tls": True})
        assert (await refused(transport.test(encrypted))).code == "redis_no_tls"


async def test_a_server_that_is_just_starting_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = RedisSettings.of({"host": "127.0.0.1", "port": free_port()})
    async with AsyncExitStack() as started:

        async def meanwhile(_seconds: float) -> None:
            await started.enter_async_context(saying(b"+PONG\r\n", settings.port))

        with monkeypatch.context() as patch:
            patch.setattr("outcode.transport.redis.session.asyncio.sleep", meanwhile)
            session = await open_session(settings, everything_leads_to("127.0.0.1"))
        assert await session.is_usable()
        session.drop()


async def test_nobody_answers() -> None:
    async with saying(b"") as there:
        work = open_session(RedisSettings.of(there.fields), everything_leads_to("127.0.0.1"), seconds=1)
        met = await refused(work)
        assert (met.code, met.details["seconds"]) == ("redis_connect_timeout", 1)


async def test_too_many_clients() -> None:
    transport = RedisTransport(everything_leads_to("127.0.0.1"))
    with redis_server("maxclients 1") as server:
        assert await run(transport, SET, server.connection()) == {"result": True}
        met = await refused(transport.test(server.connection()))
        assert (met.code, type(met)) == ("redis_too_many_clients", RateLimited)
        await transport.close()


async def test_a_server_that_repeats_the_password(transport: RedisTransport) -> None:
    with redis_server('rename-command AUTH ""', 'rename-command FLUSHALL ""') as server:
        met = await refused(transport.test(server.connection(password=PASSWORD)))
        assert met.code == "redis_no_command"
        flush = RedisCommand(command="FLUSHALL", reply={})
        assert (await refused(run(transport, flush, server.connection()))).code == "redis_no_command"


STATES = [
    (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0"), "redis_out_of_memory", VendorDown),
    (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE"), "redis_read_only", VendorRejected),
    (
        ("CONFIG", "SET", "min-replicas-to-write", "1"),
        ("CONFIG", "SET", "min-replicas-to-write", "0"),
        "redis_not_ready",
        VendorDown,
    ),
]


@pytest.mark.parametrize(("into", "out_of", "code", "kind"), STATES)
async def test_states_of_a_server(
    transport: RedisTransport,
    open_server: RedisServer,
    into: tuple[str, ...],
    out_of: tuple[str, ...],
    code: str,
    kind: type[Problem],
) -> None:
    there = open_server.connection()
    await run(transport, RedisCommand(command=into[0], arguments=into[1:], reply={}), there)
    met = await refused(run(transport, SET, there))
    assert (met.code, type(met)) == (code, kind)
    await run(transport, RedisCommand(command=out_of[0], arguments=out_of[1:], reply={}), there)
    assert await run(transport, SET, there) == {"result": True}


async def test_a_server_busy_with_a_script(transport: RedisTransport) -> None:
    with redis_server("busy-reply-threshold 50") as server:
        there = server.connection()
        script = RedisCommand(command="EVAL", arguments=("while true do end", "0"), reply={})
        running = asyncio.create_task(run(transport, script, there))
        met: list[Problem] = []

        async def busy() -> bool:
            try:
                await run(transport, GET, there)
            except Problem as problem:
                met.append(problem)
            return bool(met)

        await until(busy)
        assert [(problem.code, type(problem)) for problem in met] == [("redis_busy", VendorDown)]
        server.stop(signal.SIGKILL)
        assert (await refused(running)).code == "redis_connection_lost"


async def test_cluster_mode_is_not_offered(transport: RedisTransport) -> None:
    settings = ("cluster-enabled yes", "cluster-require-full-coverage no", "cluster-node-timeout 2000")
    ports = [f"cluster-port {free_port()}" for _ in range(2)]
    with redis_server(*settings, ports[0]) as first, redis_server(*settings, ports[1]) as second:
        one, other = first.connection(), second.connection(version=2)
        met = await refused(run(transport, GET, one))
        assert (met.code, type(met)) == ("redis_cluster_down", VendorDown)
        slots = RedisCommand(command="CLUSTER", arguments=("ADDSLOTSRANGE", "0", "16383"), reply={})
        await run(transport, slots, other)
        meet = ("MEET", "127.0.0.1", str(second.port), ports[1].split()[1])
        await run(transport, RedisCommand(command="CLUSTER", arguments=meet, reply={}), one)

        async def up() -> bool:
            nonlocal met
            met = await refused(run(transport, GET, one))
            return met.code != "redis_cluster_down"

        await until(up, every=0.05)
        assert (met.code, type(met)) == ("redis_cluster", VendorRejected)
        assert "cluster mode is not offered" in met.message()


@pytest.mark.parametrize(
    ("answer", "code", "kind"),
    [
        ("LOADING Redis is loading the dataset in memory", "redis_not_ready", VendorDown),
        ("MASTERDOWN Link with MASTER is down", "redis_not_ready", VendorDown),
        ("MISCONF Redis is configured to save RDB snapshots, but is unable to", "redis_cannot_save", VendorDown),
        ("DENIED Redis is running in protected mode because …", "redis_protected", VendorRejected),
        ("ASK 3999 127.0.0.1:6381", "redis_cluster", VendorRejected),
        ("CROSSSLOT Keys in request don't hash to the same slot", "redis_cluster", VendorRejected),
        ("ERR wrong number of arguments for 'auth' command", "redis_username_unknown", VendorRejected),
        ("ERR Client sent AUTH, but no password is set", "redis_password_unwanted", VendorRejected),
        ("ERR invalid password", "redis_password_refused", VendorRejected),
        (f"ERR something about {PASSWORD}", "redis_refused", VendorRejected),
        ("NEWWORD never heard of", "redis_refused", VendorRejected),
        ("", "redis_refused", VendorRejected),
    ],
)
def test_what_servers_say(answer: str, code: str, kind: type[Problem]) -> None:
    settings = RedisSettings.of({"host": "redis.test", "password": PASSWORD})
    met = refusal_problem(Refusal(answer), settings)
    assert (met.code, type(met)) == (code, kind)
    assert PASSWORD not in str(met.as_dict("en")) + str(met.as_dict("ko")) + repr(settings)
