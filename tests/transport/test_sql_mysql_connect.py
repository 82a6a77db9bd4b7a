"""Reaching a real MariaDB: credentials, TLS modes, the guard, and files and an environment that must not matter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from outcode.transport.sql import MysqlTransport, QueryOptions
from outcode.transport.sql.mysql.settings import ServerSettings
from outcode.values.problems import EgressRefused, InputProblem, Problem, VendorDown, VendorRejected
from outcode.values.references import BoundQuery
from tests.support.mariadb import Mariadb, TeamConnection, without_tls
from tests.support.waiting import until

pytestmark = pytest.mark.mariadb
TLS_NAME = "db.example.com"
CIPHER = BoundQuery(
    "SELECT VARIABLE_VALUE <> '' AS v FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'SSL_CIPHER'"
)


async def encrypted(mysql: MysqlTransport, server: Mariadb, **fields: Any) -> bool:
    """Whether a connection that works is encrypted."""
    there = TeamConnection(f"{server.port}-{sorted(fields.items())}", 1, server.fields(**fields))
    return bool((await mysql.perform(CIPHER, QueryOptions(), there)).value[0]["v"])


async def refused(mysql: MysqlTransport, server: Mariadb, **fields: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        await mysql.test(server.connection(**fields))
    said = str(caught.value.as_dict()) + caught.value.message("ko") + caught.value.hint("ko")
    assert server.password not in said
    assert "{" not in caught.value.message("ko")
    return caught.value


@pytest.fixture
def authority(certificate: Path) -> str:
    return certificate.with_suffix(".crt").read_text()


async def test_the_connection_test_tells_what_the_server_is(mysql: MysqlTransport, mariadb: Mariadb) -> None:
    assert "MariaDB" in await mysql.test(mariadb.connection())


@pytest.mark.parametrize(
    ("fields", "code", "kind"),
    [
        ({"password": "Wrong-password"}, "sql_password_refused", VendorRejected),
        ({"password": None}, "sql_password_refused", VendorRejected),
        ({"database": "nowhere"}, "sql_no_database", VendorRejected),
        ({"username": "nobody"}, "sql_password_refused", VendorRejected),
        ({"host": "/run/mysqld/mysqld.sock"}, "blocked_socket_path", EgressRefused),
        ({"host": "10.1.2.3"}, "blocked_address", EgressRefused),
        ({"port": 1}, "sql_unreachable", VendorDown),
        ({"port": 70000}, "sql_field_invalid", InputProblem),
        ({"tls_mode": "sometimes"}, "sql_field_invalid", InputProblem),
        ({"charset": "gbk"}, "sql_field_invalid", InputProblem),
        ({"username": ""}, "field_required", InputProblem),
        ({"tls_mode": "verify_ca", "tls_ca": "no certificate"}, "sql_certificate_invalid", InputProblem),
    ],
)
async def test_the_connection_test_fails_with_the_reason(
    mysql: MysqlTransport, mariadb: Mariadb, fields: dict[str, Any], code: str, kind: type[Problem]
) -> None:
    problem = await refused(mysql, mariadb, **fields)
    assert (problem.code, type(problem)) == (code, kind)
    assert "Wrong-password" not in str(problem.as_dict())
    assert "127.0.0.1" not in str(problem.details.get("reason"))


async def test_a_connection_needs_no_database(mysql: MysqlTransport, mariadb: Mariadb) -> None:
    there = TeamConnection("without", 1, mariadb.fields(database=None, charset="utf8mb3"))
    answer = await mysql.perform(BoundQuery("SELECT DATABASE() AS d, '한' AS t"), QueryOptions(), there)
    assert answer.value == [{"d": None, "t": "한"}]


@pytest.mark.parametrize(
    ("tls_mode", "with_tls", "refusal"),
    [("disabled", False, None), ("preferred", True, None), ("required", True, "sql_no_tls"), (None, True, None)],
)
async def test_tls_modes(
    mysql: MysqlTransport, mariadb: Mariadb, tls_mode: str, with_tls: bool, refusal: str | None
) -> None:
    assert await encrypted(mysql, mariadb, tls_mode=tls_mode) is with_tls
    async with without_tls(mariadb) as plain:
        if refusal is None:
            assert await encrypted(mysql, plain, tls_mode=tls_mode) is False
        else:
            assert (await refused(mysql, plain, tls_mode=tls_mode)).code == refusal


async def test_tls_is_checked_against_the_name_that_was_written(
    mysql: MysqlTransport, mariadb: Mariadb, authority: str
) -> None:
    named = {"tls_mode": "verify_identity", "tls_ca": authority}
    assert await encrypted(mysql, mariadb, host=TLS_NAME, **named)
    wrong = await refused(mysql, mariadb, host="other.example.com", **named)
    assert wrong.code == "sql_certificate_refused"
    assert await encrypted(mysql, mariadb, host="127.0.0.1", **named)
    only_authority = named | {"tls_mode": "verify_ca"}
    assert await encrypted(mysql, mariadb, host="other.example.com", **only_authority)


@pytest.mark.parametrize("tls_mode", ["verify_ca", "verify_identity"])
async def test_an_unknown_authority_is_refused(mysql: MysqlTransport, mariadb: Mariadb, tls_mode: str) -> None:
    problem = await refused(mysql, mariadb, host=TLS_NAME, tls_mode=tls_mode)
    assert problem.code == "sql_certificate_refused"


async def test_a_statement_over_tls_is_stopped_too(mysql: MysqlTransport, mariadb: Mariadb, authority: str) -> None:
    there = mariadb.connection(host=TLS_NAME, tls_mode="verify_identity", tls_ca=authority)
    statement = "SET STATEMENT max_statement_time = 0 FOR SELECT SLEEP(300) AS over_tls"
    task = asyncio.create_task(mysql.perform(BoundQuery(statement), QueryOptions(timeout_seconds=300), there))
    active = "SELECT info FROM information_schema.processlist WHERE info LIKE '%over\\_tls%' AND info NOT LIKE '%LIKE%'"
    await until(lambda: mariadb.fetch(active))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: not mariadb.fetch(active))


async def test_users_that_only_tls_lets_in(mysql: MysqlTransport, mariadb: Mariadb) -> None:
    mariadb.fetch("CREATE OR REPLACE USER careful@'%' IDENTIFIED BY 'x' REQUIRE SSL")
    mine: dict[str, Any] = {"username": "careful", "password": "x", "database": None}
    await mysql.test(mariadb.connection(**mine))
    assert (await refused(mysql, mariadb, tls_mode="disabled", **mine)).code == "sql_password_refused"


async def test_rights_and_limits_of_a_user(mysql: MysqlTransport, mariadb: Mariadb) -> None:
    mariadb.fetch("CREATE OR REPLACE USER small@'%' IDENTIFIED BY 'x' WITH MAX_USER_CONNECTIONS 1")
    mine = mariadb.fields(username="small", password="x")
    problem = await refused(mysql, mariadb, **mine)
    assert (problem.code, "@" in str(problem.details)) == ("sql_not_permitted", False)
    there = TeamConnection("small", 1, mine | {"database": None})
    sessions = "SELECT 1 FROM information_schema.processlist WHERE user = 'small'"
    await until(lambda: not mariadb.fetch(sessions))
    holder = mariadb.connect()
    with holder, holder.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK('small', 0)")
        query = BoundQuery("SELECT GET_LOCK('small', 60)")
        slow = asyncio.create_task(mysql.perform(query, QueryOptions(timeout_seconds=60), there))
        await until(lambda: mariadb.fetch(f"{sessions} AND info LIKE '%GET_LOCK%'"))
        assert (await refused(mysql, mariadb, **there.fields)).code == "sql_too_many_connections"
        cursor.execute("SELECT RELEASE_LOCK('small')")
    await slow
    with pytest.raises(VendorRejected, match="may not"):
        await mysql.perform(BoundQuery("SELECT * FROM shop.t"), QueryOptions(), there)


@asynccontextmanager
async def answering(*packets: bytes) -> AsyncIterator[int]:
    """A port whose listener sends a packet at the start, and one for each that it is sent; what it reads is kept."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for packet in packets:
            writer.write(packet)
            heard.append(await reader.read(65536))
        writer.close()

    heard: list[bytes] = []
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await asyncio.sleep(0.05)
    assert not any(b"s3cret" in content for content in heard)


def greeting(capabilities: int = 0x00A8A20D) -> bytes:
    """What a server says first; these capabilities lack TLS."""
    low, high = capabilities.to_bytes(4, "little")[:2], capabilities.to_bytes(4, "little")[2:]
    body = b"\x0a8.0.40\0" + b"\1\0\0\0" + b"12345678\0" + low + b"\x2d\2\0" + high + b"\x15" + bytes(10)
    body += b"123456789012\0mysql_native_password\0"
    return len(body).to_bytes(3, "little") + b"\0" + body


@pytest.mark.parametrize("method", ["mysql_clear_password", "dialog", "mysql_old_password", "client_ed25519"])
async def test_the_password_is_not_handed_out(mysql: MysqlTransport, mariadb: Mariadb, method: str) -> None:
    """A server that was not checked may not ask for the password in clear, nor for what is as good."""
    asked = b"\xfe" + method.encode() + b"\0Password: \0"
    async with answering(greeting(), len(asked).to_bytes(3, "little") + b"\2" + asked) as port:
        problem = await refused(mysql, mariadb, port=port)
    assert (problem.code, problem.details) == ("sql_login_method", {"method": method})


async def test_an_unknown_way_of_signing_in_is_named(mysql: MysqlTransport, mariadb: Mariadb) -> None:
    asked = b"\xfeauth_gssapi_client\0x\0"
    async with answering(greeting(), len(asked).to_bytes(3, "little") + b"\2" + asked) as port:
        problem = await refused(mysql, mariadb, port=port)
    assert problem.code == "sql_login_method"
    assert "auth_gssapi_client" in problem.message()


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\3\0\0\0\x0a8.", b"\1\0\0\0\xff"])
async def test_another_service_on_the_port(mysql: MysqlTransport, mariadb: Mariadb, said: bytes) -> None:
    async with answering(said) as port:
        problem = await refused(mysql, mariadb, port=port)
    assert isinstance(problem, VendorDown)
    assert problem.code in {"sql_unreachable", "sql_not_understood"}


async def test_a_server_may_not_ask_for_our_files(mysql: MysqlTransport, mariadb: Mariadb, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("s3cret of this machine")
    ok = b"\7\0\0\2\0\0\0\2\0\0\0"
    asked = b"\xfb" + str(file).encode()
    async with answering(greeting(), ok, len(asked).to_bytes(3, "little") + b"\1" + asked) as port:
        problem = await refused(mysql, mariadb, port=port)
    assert isinstance(problem, VendorDown)


async def test_a_silent_server_is_given_up(
    mysql: MysqlTransport, mariadb: Mariadb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outcode.transport.sql.mysql.transport.CONNECT_SECONDS", 0.2)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    problem = await refused(mysql, mariadb, port=server.sockets[0].getsockname()[1])
    assert problem.code == "sql_connect_timeout"
    server.close()


async def test_files_and_the_environment_have_no_say(
    mysql: MysqlTransport, mariadb: Mariadb, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".my.cnf").write_text(f"[client]\npassword={mariadb.password}\nport=1\nsocket=/nowhere\n")
    settings = {"HOME": str(tmp_path), "MYSQL_PWD": mariadb.password, "MYSQL_HOST": "10.1.2.3", "MYSQL_TCP_PORT": "1"}
    for name, value in (settings | {"SSLKEYLOGFILE": str(tmp_path / "keys")}).items():
        monkeypatch.setenv(name, value)
    assert await encrypted(mysql, mariadb)
    assert (await refused(mysql, mariadb, password=None)).code == "sql_password_refused"
    assert not (tmp_path / "keys").exists()


async def test_the_password_shows_nowhere(mariadb: Mariadb) -> None:
    assert mariadb.password not in repr(ServerSettings.of(mariadb.fields()))
