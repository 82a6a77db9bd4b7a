"""Statements that another transaction was in the way of, on a real PostgreSQL; and what CockroachDB has of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from outcode.transport.answer import Answer
from outcode.transport.guard import EgressGuard
from outcode.transport.sql import COCKROACHDB, PostgresqlTransport, QueryOptions
from outcode.transport.sql.postgresql.settings import ServerSettings
from outcode.transport.sql.retry import retried
from outcode.values.problems import InputProblem, Problem, VendorDown, VendorRejected
from outcode.values.references import BoundQuery

Run = Any
Server = Any
"""The class ``Server`` of ``conftest.py``, which test modules cannot import."""


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outcode.transport.sql.retry._FIRST_PAUSE_SECONDS", 0.001)


@pytest.fixture
async def cockroachdb(loopback_guard: EgressGuard) -> AsyncIterator[PostgresqlTransport]:
    made = PostgresqlTransport(loopback_guard, flavour=COCKROACHDB)
    yield made
    await made.close()


@pytest.fixture
def run(cockroachdb: PostgresqlTransport, postgresql: Server) -> Run:
    """PostgreSQL stands in for CockroachDB, whose protocol it is."""

    async def perform(text: str, **options: Any) -> Answer:
        there = postgresql.connection(sslmode="disable", database="postgres")
        return await cockroachdb.perform(BoundQuery(text), QueryOptions(**options), there)

    return perform


async def problem(run: Run, text: str, **options: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        await run(text, **options)
    for language in ("en", "ko"):
        assert "{" not in caught.value.message(language)
        assert caught.value.hint(language)
    return caught.value


@pytest.fixture
async def attempts(run: Run) -> str:
    """A sequence that counts attempts, since no rollback takes a number back; its value one more than those."""
    await run("CREATE SEQUENCE IF NOT EXISTS attempts")
    await run("ALTER SEQUENCE attempts RESTART")
    return "SELECT nextval('attempts') - 1 AS n"


def failing(state: str, times: int) -> str:
    raised = f"RAISE EXCEPTION 'restart transaction: test' USING ERRCODE = '{state}'"
    return f"BEGIN IF nextval('attempts') <= {times} THEN {raised}; END IF; RETURN 'done'; END"


@pytest.mark.parametrize(("state", "times"), [("40001", 5), ("40P01", 1)])
async def test_a_statement_is_tried_again(run: Run, attempts: str, state: str, times: int) -> None:
    await run("CREATE TABLE IF NOT EXISTS settled (v text)")
    await run("TRUNCATE settled")
    await run(f"CREATE OR REPLACE FUNCTION settle() RETURNS text LANGUAGE plpgsql AS $${failing(state, times)}$$")
    answer = await run("INSERT INTO settled VALUES (settle())")
    assert answer.meta["affected_rows"] == 1
    assert (await run(attempts)).value == [{"n": times + 1}]
    assert (await run("SELECT v FROM settled")).value == [{"v": "done"}]


async def test_rows_are_read_anew(run: Run, attempts: str) -> None:
    await run(f"CREATE OR REPLACE FUNCTION settle() RETURNS text LANGUAGE plpgsql AS $${failing('40001', 2)}$$")
    answer = await run("SELECT n, CASE WHEN n = 2 THEN settle() END AS v FROM generate_series(1, 2) n")
    assert answer.value == [{"n": 1, "v": None}, {"n": 2, "v": "done"}]


async def test_it_is_given_up_in_the_end(run: Run, attempts: str) -> None:
    await run(f"CREATE OR REPLACE FUNCTION settle() RETURNS text LANGUAGE plpgsql AS $${failing('40001', 100)}$$")
    met = await problem(run, "SELECT settle()")
    assert (met.code, type(met)) == ("sql_try_again", VendorRejected)
    assert (await run(attempts)).value == [{"n": 6}]


@pytest.mark.parametrize(("read_only", "times"), [(False, 1), (True, 6)])
async def test_what_may_commit_inside_is_not_tried_again(run: Run, attempts: str, read_only: bool, times: int) -> None:
    """In a transaction that is read only it cannot."""
    raised = "RAISE EXCEPTION 'restart transaction: test' USING ERRCODE = '40001'"
    counts = "PERFORM 1" if read_only else "PERFORM nextval('attempts')"
    met = await problem(run, f"DO $$ BEGIN {counts}; {raised}; END $$", read_only=read_only)
    assert met.code == "sql_try_again"
    if not read_only:
        assert (await run(attempts)).value == [{"n": times}]


async def test_what_the_server_does_not_know_is_never_repeated(run: Run, attempts: str) -> None:
    await run(f"CREATE OR REPLACE FUNCTION settle() RETURNS text LANGUAGE plpgsql AS $${failing('40003', 100)}$$")
    met = await problem(run, "SELECT settle()")
    assert (met.code, type(met)) == ("sql_maybe_done", VendorDown)
    assert (await run(attempts)).value == [{"n": 1}]


async def test_other_problems_are_not_retried() -> None:
    calls = 0

    async def attempt() -> None:
        nonlocal calls
        calls += 1
        raise VendorRejected("sql_unique", reason="x")

    with pytest.raises(VendorRejected):
        await retried(attempt, retries=3)
    assert calls == 1


def test_what_empty_fields_mean_to_cockroachdb() -> None:
    settings = ServerSettings.of({"host": "h", "username": "u"}, COCKROACHDB)
    assert (settings.port, settings.database, settings.sslmode) == (26257, "defaultdb", "verify-full")


@pytest.mark.parametrize(
    "fields",
    [
        {"options": "-c search_path=x"},
        {"options": "--cluster=a -c work_mem=1"},
        {"options": "--cluster="},
        {"sslmode": "prefer"},
    ],
)
def test_what_cockroachdb_may_not_be_asked(fields: dict[str, str]) -> None:
    with pytest.raises(InputProblem) as caught:
        ServerSettings.of({"host": "h", "username": "u"} | fields, COCKROACHDB)
    assert (caught.value.code, caught.value.place.field) == ("sql_field_invalid", next(iter(fields)))


def test_postgresql_takes_no_options_at_all() -> None:
    with pytest.raises(InputProblem):
        ServerSettings.of({"host": "h", "username": "u", "options": "--cluster=a"})


async def test_the_cluster_is_named_when_the_session_starts(
    cockroachdb: PostgresqlTransport, postgresql: Server
) -> None:
    """PostgreSQL reads the option as a setting that it does not know, and says so."""
    there = postgresql.connection(sslmode="disable", database="postgres", options="--cluster=my-cluster-1")
    with pytest.raises(Problem, match='parameter "cluster"'):
        await cockroachdb.test(there)


async def test_the_connection_test_tells_what_the_server_is(
    cockroachdb: PostgresqlTransport, postgresql: Server
) -> None:
    assert "PostgreSQL" in await cockroachdb.test(postgresql.connection(sslmode="disable", database="postgres"))


async def test_without_a_mode_the_certificate_must_be_right(
    cockroachdb: PostgresqlTransport, postgresql: Server, postgresql_tls: Server
) -> None:
    with pytest.raises(VendorRejected) as caught:
        await cockroachdb.test(postgresql.connection())
    assert caught.value.code == "sql_no_tls"
    with pytest.raises(VendorRejected) as caught:
        await cockroachdb.test(postgresql_tls.connection(host=postgresql_tls.tls_name))
    assert caught.value.code == "sql_certificate_refused"
