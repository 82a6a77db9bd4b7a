"""Statements on a real server: values, parameters, limits, transactions, problems."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from outcode.transport.answer import Answer
from outcode.transport.guard import EgressGuard
from outcode.transport.sql import PostgresqlTransport, QueryOptions
from outcode.values.json import dumps
from outcode.values.problems import InputProblem, Problem, Stopped, TooLarge, VendorDown, VendorRejected
from outcode.values.references import BoundQuery
from tests.support.waiting import until

Run = Any
Server = Any
"""The class ``Server`` of ``conftest.py``, which test modules cannot import."""


@pytest.fixture
def run(transport: PostgresqlTransport, postgresql: Server) -> Run:
    async def perform(text: str, *bound: str | None, **options: Any) -> Answer:
        return await transport.perform(BoundQuery(text, bound), QueryOptions(**options), postgresql.connection())

    return perform


async def problem(run: Run, text: str, *bound: str | None, **options: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        await run(text, *bound, **options)
    for language in ("en", "ko"):
        assert caught.value.message(language)
        assert caught.value.hint(language)
    return caught.value


VALUES: list[tuple[str, Any]] = [
    ("true", True),
    ("9223372036854775807", 9223372036854775807),
    ("12345678901234567890.10::numeric", Decimal("12345678901234567890.10")),
    ("0.1::float8", Decimal("0.1")),
    ("0.1::float4", Decimal("0.1")),
    ("'NaN'::float8", "NaN"),
    ("DATE '2026-11-21'", "2026-11-21"),
    ("TIME '09:30:00.5'", "09:30:00.5"),
    ("TIMESTAMP '2026-11-21 09:30:00'", "2026-11-21T09:30:00"),
    ("TIMESTAMPTZ '2026-11-21 09:30:00+09'", "2026-11-21T00:30:00Z"),
    ("INTERVAL '1 day 02:03:04.5'", "P1DT2H3M4.5S"),
    ("""'{"a": [1.10, null]}'::jsonb""", {"a": [Decimal("1.10"), None]}),
    ("'6f0e1c1e-0000-4000-8000-000000000001'::uuid", "6f0e1c1e-0000-4000-8000-000000000001"),
    (r"'\x6869'::bytea", "aGk="),
    ("ARRAY[[1,2],[3,NULL]]", [[1, 2], [3, None]]),
    ("""ARRAY['a,b', 'NULL', NULL, '"']""", ["a,b", "NULL", None, '"']),
    ("ARRAY[TIMESTAMPTZ '2026-01-01 00:00:00+00']", ["2026-01-01T00:00:00Z"]),
    ("ARRAY[ROW(1,'x')]", ["(1,x)"]),
    ("ROW(1,'x y')", '(1,"x y")'),
    ("'[1,5)'::int4range", "[1,5)"),
    ("ARRAY['[1,5)'::int4range]", ["[1,5)"]),
    ("'(1,2)'::point", "(1,2)"),
    ("'1 2'::int2vector", "1 2"),
    ("'10.0.0.1'::inet", "10.0.0.1"),
    ("NULL::text", None),
    ("(SELECT pg_notify('x', ''))", None),
]


@pytest.mark.parametrize(("expression", "value"), VALUES)
async def test_values_are_json(run: Run, expression: str, value: Any) -> None:
    answer = await run(f"SELECT {expression} AS v")
    assert answer.value == [{"v": value}]
    dumps(answer.value)


async def test_user_defined_types_travel_as_text(run: Run) -> None:
    for statement in (
        "DROP SCHEMA IF EXISTS kinds CASCADE",
        "CREATE SCHEMA kinds",
        "CREATE TYPE kinds.mood AS ENUM ('ok', 'sad')",
        "CREATE DOMAIN kinds.plus AS int CHECK (VALUE > 0)",
        "CREATE TYPE kinds.pair AS (n int, m kinds.mood)",
        "CREATE TABLE kinds.t (m kinds.mood, p kinds.pair, ps kinds.pair[], d kinds.plus, ds kinds.plus[], j jsonb)",
    ):
        await run(statement)
    parameters = {"m": "ok", "p": "(1,ok)", "ps": ["(1,ok)", None], "d": 3, "ds": [4, 5], "j": {"a": [True]}}
    await run("INSERT INTO kinds.t VALUES (:m, :p, :ps, :d, :ds, :j)", parameters=parameters)
    answer = await run("SELECT * FROM kinds.t")
    assert answer.value == [parameters]
    assert [column["type"] for column in answer.meta["columns"]] == [
        "mood",
        "pair",
        "pair[]",
        "int4",
        "plus[]",
        "jsonb",
    ]


async def test_bound_text_takes_the_type_that_the_server_infers(run: Run) -> None:
    text = "SELECT $1::int4 + 1 AS n, DATE '2026-01-02' - $2 AS d, $3::numeric AS x, $4::int4 IS NULL AS missing"
    answer = await run(f"{text}, $5::text AS t", "41", "2026-01-01", "1.50", None, "1; DROP TABLE t")
    expected = {"n": 42, "d": 1, "x": Decimal("1.50"), "missing": True, "t": "1; DROP TABLE t"}
    assert answer.value == [expected]


async def test_parameters_of_the_field(run: Run) -> None:
    answer = await run("SELECT $1::int AS a, 2 = ANY($2::int[]) AS b, $3::jsonb AS c", parameters=[7, [1, 2], [1, 2]])
    assert answer.value == [{"a": 7, "b": True, "c": [1, 2]}]
    given = await problem(run, "SELECT $1::int, $2::int", parameters=[1])
    assert (given.code, given.details) == ("sql_parameter_count", {"listed": "$1, $2, …", "expected": 2, "given": 1})


async def test_labels_are_unique_and_described(run: Run) -> None:
    answer = await run("SELECT 1 AS a, '2'::text AS a, 3.0 AS a_2")
    assert answer.value == [{"a": 1, "a_3": "2", "a_2": Decimal("3.0")}]
    assert answer.meta["columns"][1] == {"name": "a_3", "type": "text"}


async def test_rows_stop_at_the_limit(run: Run) -> None:
    answer = await run("SELECT * FROM generate_series(1, 1000000) AS n", max_rows=1200)
    assert len(answer.value) == answer.meta["row_count"] == 1200
    assert answer.meta["truncated"] is True
    exact = await run("SELECT * FROM generate_series(1, 1000) AS n", max_rows=1000)
    assert (exact.meta["row_count"], exact.meta["truncated"]) == (1000, False)


async def test_a_result_of_too_many_bytes_is_refused(postgresql: Server, loopback_guard: EgressGuard) -> None:
    transport = PostgresqlTransport(loopback_guard, max_bytes=1_000_000)
    query = BoundQuery("SELECT repeat('x', 10000) FROM generate_series(1, 1000)")
    with pytest.raises(TooLarge, match="larger"):
        await transport.perform(query, QueryOptions(), postgresql.connection())
    await transport.close()


async def test_changes(run: Run) -> None:
    await run("DROP TABLE IF EXISTS changes")
    created = await run("CREATE TABLE changes (id int PRIMARY KEY, v text)")
    assert (created.value, created.meta["affected_rows"]) == ([], None)
    inserted = await run("INSERT INTO changes SELECT n FROM generate_series(1, 3) n")
    assert inserted.meta["affected_rows"] == 3
    returned = await run("INSERT INTO changes SELECT n FROM generate_series(4, 9) n RETURNING id", max_rows=2)
    assert (returned.value, returned.meta["truncated"]) == ([{"id": 4}, {"id": 5}], True)
    updated = await run("UPDATE changes SET v = 'x'")
    assert updated.meta["affected_rows"] == 9
    await run("VACUUM changes")
    assert (await problem(run, "INSERT INTO changes VALUES ($1::int4)", "9")).code == "sql_unique"


async def test_a_call_may_commit_inside(run: Run) -> None:
    await run(
        "CREATE OR REPLACE PROCEDURE twice(INOUT n int) LANGUAGE plpgsql AS 'BEGIN COMMIT; n := n * 2; END'",
    )
    assert (await run("CALL twice(21)")).value == [{"n": 42}]


PROBLEMS: list[tuple[str, str, type[Problem], tuple[int, int] | None]] = [
    ("SELECT *\n  FRM t", "sql_syntax", InputProblem, (2, 3)),
    ("SELECT 1; SELECT 2", "sql_several_statements", InputProblem, None),
    ("SELECT * FROM missing", "sql_no_table", InputProblem, (1, 15)),
    ("SELECT 'é', nme FROM pg_class", "sql_no_column", InputProblem, (1, 13)),
    ("SELECT nope(1)", "sql_no_function", InputProblem, (1, 8)),
    ("SELECT 1/0", "sql_value_refused", InputProblem, None),
    ("CREATE TABLE nope.x (a int)", "sql_no_schema", InputProblem, (1, 14)),
    ("DO $$ BEGIN RAISE SQLSTATE '40001'; END $$", "sql_try_again", VendorRejected, None),
    ("DO $$ BEGIN RAISE SQLSTATE 'XY123'; END $$", "sql_refused", VendorRejected, None),
    ("BEGIN", "sql_transaction_control", InputProblem, None),
    ("COPY pg_class TO STDOUT", "sql_copy", InputProblem, None),
]


@pytest.mark.parametrize(("text", "code", "kind", "place"), PROBLEMS)
async def test_problems_say_what_and_where(
    run: Run, text: str, code: str, kind: type[Problem], place: tuple[int, int] | None
) -> None:
    met = await problem(run, text)
    assert (met.code, type(met)) == (code, kind)
    if place:
        assert (met.place.line, met.place.column) == place
    assert (await run("SELECT 1 AS still")).value == [{"still": 1}]


async def test_the_place_is_that_of_the_users_text(run: Run) -> None:
    met = await problem(run, "SELECT :long_name::int, nme FROM pg_class", parameters={"long_name": 1})
    assert (met.code, met.place.column) == ("sql_no_column", 25)


async def test_values_are_not_repeated_in_messages(run: Run) -> None:
    for parameters in ({"x": "secret value"}, {"x": "ab"}):
        met = await problem(run, "SELECT :x::int", parameters=parameters)
        assert met.code == "sql_value_refused"
        assert parameters["x"] not in met.message()
        assert "•••" in met.message()
    met = await problem(run, "SELECT $1::int4", "99999999999")
    assert "99999999999" not in str(met.as_dict())


async def test_read_only_cannot_be_left(run: Run) -> None:
    await run("CREATE TABLE IF NOT EXISTS kept (a int)")
    assert (await problem(run, "INSERT INTO kept VALUES (1) RETURNING a", read_only=True)).code == "sql_read_only"
    assert (await problem(run, "INSERT INTO kept VALUES (1)", read_only=True)).code == "sql_read_only"
    escape = "DO $$ BEGIN COMMIT; SET default_transaction_read_only = off; COMMIT; INSERT INTO kept VALUES (1); END $$"
    assert (await problem(run, escape, read_only=True)).code == "sql_no_transaction_block"
    assert (await run("SELECT * FROM kept", read_only=True)).value == []


async def test_nothing_of_a_run_stays_in_the_session(run: Run) -> None:
    await run("CREATE TEMP TABLE left_behind (a int)")
    await run("SET ROLE pg_monitor")
    await run("SET work_mem = '1MB'")
    answer = await run(
        "SELECT current_user::text AS u, current_setting('work_mem') AS m, to_regclass('left_behind') AS t"
    )
    assert answer.value == [{"u": "postgres", "m": "4MB", "t": None}]


async def test_search_path(transport: PostgresqlTransport, postgresql: Server, run: Run) -> None:
    await run('CREATE SCHEMA IF NOT EXISTS "it\'s"')
    there = postgresql.connection(search_path='"it\'s", public')
    await transport.perform(BoundQuery("CREATE TABLE IF NOT EXISTS here (a int)"), QueryOptions(), there)
    assert (await run('SELECT * FROM "it\'s".here')).value == []


async def test_a_slow_statement_is_stopped_by_the_server(run: Run) -> None:
    met = await problem(run, "SELECT pg_sleep(300)", timeout_seconds=1)
    assert (met.code, type(met)) == ("sql_timeout", Stopped)


async def test_cancelling_stops_the_statement_on_the_server(run: Run, postgresql: Server) -> None:
    task = asyncio.create_task(run("SELECT pg_sleep(300) AS cancelled_here", timeout_seconds=300))
    activity = "SELECT count(*) AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%cancelled\\_here%'"
    others = f"{activity} AND pid <> pg_backend_pid()"

    async def running() -> int:
        number: int = (await run(others)).value[0]["n"]
        return number

    async def stopped() -> bool:
        return await running() == 0

    await until(running)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(stopped)


async def test_a_killed_session_is_told_and_replaced(run: Run, postgresql: Server) -> None:
    met = await problem(run, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert (met.code, type(met)) == ("sql_connection_lost", VendorDown)
    assert (await run("SELECT 1 AS a")).value == [{"a": 1}]


async def test_runs_share_sessions_but_not_across_credentials(
    transport: PostgresqlTransport, postgresql: Server
) -> None:
    query = BoundQuery("SELECT pg_backend_pid() AS pid")
    old = postgresql.connection()
    pids = {(await transport.perform(query, QueryOptions(), old)).value[0]["pid"] for _ in range(3)}
    assert len(pids) == 1
    new = postgresql.connection(version=2)
    assert (await transport.perform(query, QueryOptions(), new)).value[0]["pid"] not in pids
    wrong = postgresql.connection(version=3, password="wrong")
    with pytest.raises(VendorRejected):
        await transport.perform(query, QueryOptions(), wrong)


async def test_many_at_once_wait_for_a_free_session(run: Run) -> None:
    answers = await asyncio.gather(*(run(f"SELECT {n} AS n, pg_sleep(0.01)") for n in range(40)))
    assert [answer.value[0]["n"] for answer in answers] == list(range(40))


async def test_close_ends_every_session(postgresql: Server, loopback_guard: EgressGuard) -> None:
    transport = PostgresqlTransport(loopback_guard)
    asked = BoundQuery("SELECT pg_backend_pid() AS pid")
    pid = (await transport.perform(asked, QueryOptions(), postgresql.connection())).value[0]["pid"]
    await transport.close()
    watcher = await asyncpg.connect(
        host="127.0.0.1",
        port=postgresql.port,
        user="postgres",
        password=postgresql.password,
        database="postgres",
        ssl=False,
    )

    async def gone() -> bool:
        return not await watcher.fetchval("SELECT count(*) FROM pg_stat_activity WHERE pid = $1", pid)

    await until(gone)
    await watcher.close()
