"""Connections to databases of every engine, against real servers: they pass, they fail, and they keep their secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from outcode.values.problems import Problem
from tests.conftest import Place
from tests.support.mariadb import mariadb_server
from tests.support.postgresql import tcp_postgresql
from tests.support.redis import redis_server
from tests.support.serving import free_port

ENGINES = ("postgresql", "cockroachdb", "mysql", "mariadb", "redis")
CANARY = "wr0ng-canary-pa55"


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, dict[str, Any]]]:
    """The fields of a working connection for each engine; what cannot be had here stands in as ARCHITECTURE.md says."""
    with tcp_postgresql() as postgresql, mariadb_server() as mariadb, redis_server(password="s3cret-of-redis") as redis:
        sql = mariadb.fields(tls_mode="disabled")
        yield {
            "postgresql": postgresql.fields("postgres"),
            "cockroachdb": postgresql.fields("postgres"),
            "mysql": sql,
            "mariadb": sql,
            "redis": dict(redis.connection().fields),
        }


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_connection_passes_and_says_what_it_reached(
    place: Place, servers: dict[str, dict[str, Any]], engine: str
) -> None:
    app = place.instance.apps[engine]
    added = await place.instance.connector.add(place.scope, app, "Team", servers[engine])
    assert (added.state, added.problem) == ("working", None)
    assert added.identity
    assert "password" not in added.settings
    again = await place.instance.connector.test(place.scope, app, "Team")
    assert again.state == "working"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("wrong", ["password", "port"])
async def test_a_connection_that_fails_is_not_stored(
    place: Place, servers: dict[str, dict[str, Any]], engine: str, wrong: str
) -> None:
    app = place.instance.apps[engine]
    changed: dict[str, Any] = {"password": CANARY} if wrong == "password" else {"port": free_port()}
    with pytest.raises(Problem) as refused:
        await place.instance.connector.add(place.scope, app, "Team", {**servers[engine], **changed})
    assert refused.value.kind == ("vendor_rejected" if wrong == "password" else "vendor_down")
    for language in ("en", "ko"):
        told = refused.value.message(language) + refused.value.hint(language)
        assert len(told) > 20
        assert CANARY not in told
    assert CANARY not in str(refused.value.as_json())
    assert await place.instance.connections.list(place.scope) == []
