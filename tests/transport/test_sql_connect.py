"""Reaching a real server: credentials, TLS modes, the guard, and an environment that must not matter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from outcode.transport.sql import PostgresqlTransport, QueryOptions
from outcode.transport.sql.postgresql.settings import ServerSettings
from outcode.values.problems import EgressRefused, InputProblem, Problem, VendorDown, VendorRejected
from outcode.values.references import BoundQuery

Server = Any
"""The class ``Server`` of ``conftest.py``, which test modules cannot import."""


async def encrypted(transport: PostgresqlTransport, server: Server, **fields: Any) -> bool:
    """Whether a connection that works is encrypted."""
    before = len(server.encrypted)
    await transport.test(server.connection(**fields))
    return len(server.encrypted) > before


async def refused(transport: PostgresqlTransport, server: Server, **fields: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        await transport.test(server.connection(**fields))
    said = str(caught.value.as_dict()) + caught.value.message("ko") + caught.value.hint("ko")
    assert server.password not in said
    return caught.value


async def test_the_connection_test_passes(transport: PostgresqlTransport, postgresql: Server) -> None:
    await transport.test(postgresql.connection())


@pytest.mark.parametrize(
    ("fields", "code", "kind"),
    [
        ({"password": "Wrong-password"}, "sql_password_refused", VendorRejected),
        ({"password": None}, "sql_password_refused", VendorRejected),
        ({"database": "nowhere"}, "sql_no_database", VendorRejected),
        ({"username": "unwelcome"}, "sql_login_refused", VendorRejected),
        ({"sslmode": "require"}, "sql_no_tls", VendorRejected),
        ({"host": "/var/run/postgresql"}, "blocked_socket_path", EgressRefused),
        ({"host": "10.1.2.3"}, "blocked_address", EgressRefused),
        ({"host": "127.0.0.1,10.1.2.3"}, "blocked_host", EgressRefused),
        ({"port": 1}, "sql_unreachable", VendorDown),
        ({"port": 70000}, "sql_field_invalid", InputProblem),
        ({"sslmode": "sometimes"}, "sql_field_invalid", InputProblem),
        ({"username": ""}, "field_required", InputProblem),
        ({"sslmode": "verify-full", "sslrootcert": "no certificate"}, "sql_certificate_invalid", InputProblem),
    ],
)
async def test_the_connection_test_fails_with_the_reason(
    transport: PostgresqlTransport, postgresql: Server, fields: dict[str, Any], code: str, kind: type[Problem]
) -> None:
    problem = await refused(transport, postgresql, **fields)
    assert (problem.code, type(problem)) == (code, kind)
    assert "Wrong-password" not in str(problem.as_dict())


@pytest.mark.parametrize(
    ("sslmode", "with_tls", "without_tls"),
    [("disable", False, False), ("allow", False, False), ("prefer", True, False), ("require", True, None)],
)
async def test_ssl_modes(
    transport: PostgresqlTransport,
    postgresql: Server,
    postgresql_tls: Server,
    sslmode: str,
    with_tls: bool,
    without_tls: bool | None,
) -> None:
    assert await encrypted(transport, postgresql_tls, sslmode=sslmode) is with_tls
    if without_tls is not None:
        assert await encrypted(transport, postgresql, sslmode=sslmode) is without_tls


async def test_allow_turns_to_tls_where_the_server_insists(
    transport: PostgresqlTransport, postgresql_tls: Server
) -> None:
    postgresql_tls.refuses_plain = True
    assert await encrypted(transport, postgresql_tls, sslmode="allow")
    problem = await refused(transport, postgresql_tls, sslmode="disable")
    assert problem.code == "sql_login_refused"


async def test_tls_is_checked_against_the_name_that_was_written(
    transport: PostgresqlTransport, postgresql_tls: Server
) -> None:
    named = {"sslmode": "verify-full", "sslrootcert": postgresql_tls.certificate}
    assert await encrypted(transport, postgresql_tls, host=postgresql_tls.tls_name, **named)
    wrong = await refused(transport, postgresql_tls, host="other.example.com", **named)
    assert wrong.code == "sql_certificate_refused"
    assert await encrypted(transport, postgresql_tls, host="127.0.0.1", **named)
    only_authority = named | {"sslmode": "verify-ca"}
    assert await encrypted(transport, postgresql_tls, host="other.example.com", **only_authority)


@pytest.mark.parametrize("sslmode", ["verify-ca", "verify-full"])
async def test_an_unknown_authority_is_refused(
    transport: PostgresqlTransport, postgresql_tls: Server, sslmode: str
) -> None:
    problem = await refused(transport, postgresql_tls, host=postgresql_tls.tls_name, sslmode=sslmode)
    assert problem.code == "sql_certificate_refused"


async def test_a_statement_over_tls_is_cancelled_too(transport: PostgresqlTransport, postgresql_tls: Server) -> None:
    there = postgresql_tls.connection(
        host=postgresql_tls.tls_name, sslmode="verify-full", sslrootcert=postgresql_tls.certificate
    )
    with pytest.raises(Problem, match="stopped after"):
        await transport.perform(BoundQuery("SELECT pg_sleep(20)"), QueryOptions(timeout_seconds=1), there)
    await transport.test(there)


async def test_the_environment_has_no_say(
    transport: PostgresqlTransport, postgresql: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    password_file = tmp_path / "pgpass"
    password_file.write_text(f"*:*:*:*:{postgresql.password}\n")
    password_file.chmod(0o600)
    service_file = tmp_path / "service"
    service_file.write_text("[x]\nhost=10.1.2.3\n")
    settings = {
        "PGHOST": "10.1.2.3",
        "PGPORT": "1",
        "PGUSER": "nobody",
        "PGPASSWORD": postgresql.password,
        "PGPASSFILE": str(password_file),
        "PGDATABASE": "nowhere",
        "PGSERVICE": "x",
        "PGSERVICEFILE": str(service_file),
        "PGSSLMODE": "verify-full",
        "PGSSLNEGOTIATION": "direct",
        "PGSSLROOTCERT": "/nowhere",
        "PGSSLCERT": "/nowhere",
        "PGTARGETSESSIONATTRS": "standby",
        "PGGSSLIB": "nonsense",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    await transport.test(postgresql.connection())
    problem = await refused(transport, postgresql, password=None)
    assert problem.code == "sql_password_refused"


async def test_the_password_shows_nowhere(postgresql: Server) -> None:
    assert postgresql.password not in repr(ServerSettings.of(postgresql.connection().fields))
