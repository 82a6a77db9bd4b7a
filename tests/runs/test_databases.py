"""Databases of teams in runs: connected, asked and changed by flows, from the form to the history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Place
from tests.support.flows import run
from tests.support.mariadb import Mariadb, mariadb_server
from tests.support.postgresql import TcpPostgresql, tcp_postgresql
from tests.support.redis import RedisServer, redis_server


@pytest.fixture(scope="module")
def mariadb() -> Iterator[Mariadb]:
    with mariadb_server() as server:
        yield server


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server(password="s3cret-of-redis") as server:
        yield server


@pytest.fixture(scope="module")
def postgresql() -> Iterator[TcpPostgresql]:
    with tcp_postgresql() as server:
        yield server


async def connect(place: Place, app: str, fields: dict[str, Any]) -> None:
    await place.instance.connections.add(place.scope, place.instance.apps[app], "Team", fields)


def task(app: str, action: str, **inputs: Any) -> dict[str, Any]:
    return {"app": app, "action": action, "connection": "Team", "inputs": inputs}


@pytest.mark.parametrize("app", ["mysql", "mariadb"])
async def test_rows_of_a_query_feed_a_statement_each(place: Place, mariadb: Mariadb, app: str) -> None:
    await connect(place, app, mariadb.fields(tls_mode="disabled"))
    found = await run(
        place,
        {
            "a": task(app, "query", query="CREATE OR REPLACE TABLE people (name VARCHAR(20), age INT)"),
            "b": task(app, "query", query="SELECT 'Kim' AS name, 30 AS age UNION SELECT '이', 41"),
            "c": task(app, "query", query="INSERT INTO people VALUES ('{{b.name}}', {{b.age}})"),
            "d": task(app, "query", query="SELECT name, age + {{c[*] | length}} AS age FROM people ORDER BY age"),
        },
    )
    assert found.state == "done", found
    result = await place.instance.history.result(place.scope, found.id, "d")
    assert result.value == [{"name": "Kim", "age": 32}, {"name": "이", "age": 43}]
    sent = (await place.instance.history.calls(place.scope, found.id, "c"))["calls"]
    assert sorted((call["row"], call["error"]) for call in sent) == [(1, None), (2, None)]
    assert "Kim" not in str(sent)


async def test_cockroachdb_speaks_as_postgresql_does(place: Place, postgresql: TcpPostgresql) -> None:
    await connect(place, "cockroachdb", postgresql.fields("postgres"))
    found = await run(place, {"a": task("cockroachdb", "query", query="SELECT 1 AS one")})
    assert found.state == "done", found
    assert (await place.instance.history.result(place.scope, found.id, "a")).value == [{"one": 1}]


async def test_redis_keeps_what_a_flow_saves(place: Place, redis: RedisServer) -> None:
    await connect(place, "redis", dict(redis.connection().fields))
    found = await run(
        place,
        {
            "a": task("redis", "save_the_key", key="order:1", value={"total": 10}),
            "b": task("redis", "get_value_by_key", key="{{a.key}}"),
            "c": task("redis", "increase_the_value", key="count", amount=3),
        },
    )
    assert found.state == "done", found
    assert (await place.instance.history.result(place.scope, found.id, "b")).value["value"] == '{"total":10}'
    assert (await place.instance.history.result(place.scope, found.id, "c")).value["value"] == 3
    sent = await place.instance.history.calls(place.scope, found.id, "b")
    assert [call["statement"] for call in sent["calls"]] == ["GET"]


async def test_a_refused_password_marks_the_connection(place: Place, redis: RedisServer) -> None:
    await connect(place, "redis", {**redis.connection().fields, "password": "wr0ng-canary"})
    found = await run(place, {"a": task("redis", "get_value_by_key", key="order:1")})
    assert found.state == "failed"
    info = await place.instance.connections.find(place.scope, "Team")
    assert info.state == "needs_attention"
    (call,) = (await place.instance.history.calls(place.scope, found.id, "a"))["calls"]
    assert call["error"] == "redis_password_refused"
