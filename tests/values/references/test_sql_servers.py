"""What real servers make of bound statements: PostgreSQL and MariaDB, and values that would inject in every place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import TypeAlias

import asyncpg
import pymysql
import pytest
from asyncpg.pool import PoolConnectionProxy
from pymysql.cursors import Cursor

from outcode.values.json import Json
from outcode.values.problems import ReferenceProblem
from outcode.values.references import BoundQuery, Root, bind_sql, parse_template
from outcode.values.references.sql_dialect import DialectName
from tests.values.references.conftest import injections

pytestmark = pytest.mark.asyncio(loop_scope="module")
Postgresql: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Mariadb: TypeAlias = "pymysql.Connection[Cursor]"


@contextmanager
def about(value: str) -> Iterator[None]:
    """A failure names the value that was tried."""
    try:
        yield
    except BaseException as failure:
        failure.add_note(f"the value: {value[:200]!r}")
        raise


def bound(text: str, data: dict[str, Json], dialect: DialectName) -> BoundQuery:
    return bind_sql(parse_template(text), {"a": Root(data)}, dialect)


TABLE = """
DROP TABLE IF EXISTS t;
CREATE TEMP TABLE t (id int, big bigint, n numeric, f float8, txt text, vc varchar(20), d date, ts timestamp,
                     tz timestamptz, u uuid, b boolean, j jsonb, ip inet, "od""d" text);
INSERT INTO t VALUES (1, 2, 1.5, 1.5, 'it''s', 'x', '2026-11-21', '2026-11-21 10:00', '2026-11-21T10:00:00Z',
                      '00000000-0000-0000-0000-000000000001', true, '{"a":1}', '10.0.0.1', 'odd');
"""
ROW: dict[str, Json] = {
    "id": 1, "ids": [1, 7], "none": None, "big": 2, "n": Decimal("1.5"), "txt": "it's", "vc": "x", "d": "2026-11-21",
    "ts": "2026-11-21T10:00:00", "tz": "2026-11-21T19:00:00+09:00", "u": "00000000-0000-0000-0000-000000000001",
    "b": True, "j": {"a": 1}, "ip": "10.0.0.1", "text_id": "1", "us": ["00000000-0000-0000-0000-000000000001"],
    "empty": [], "column": 'od"d', "days": 3, "odd": "odd", "texts": ["it's", "y"],
}  # fmt: skip


@pytest.mark.parametrize(
    "condition",
    [
        *[
            f"{column} = '{{{{a.{column}}}}}'"
            for column in ("id", "big", "n", "txt", "vc", "d", "ts", "tz", "u", "b", "j", "ip")
        ],
        *[
            f"{column} = {{{{a.{column}}}}}"
            for column in ("id", "big", "n", "txt", "vc", "d", "ts", "tz", "u", "b", "j", "ip")
        ],
        "f = {{a.n}}",
        "id = {{a.text_id}}",
        "id < {{a.n}}",
        "id IN ({{a.ids}})",
        "id IN (5, {{a.ids}}, 6)",
        "u IN ({{a.us}})",
        "txt IN ({{a.texts}})",
        "NOT (id IN ({{a.empty}})) IS TRUE",
        "txt LIKE '%{{a.txt}}%'",
        "vc ILIKE '{{a.vc}}'",
        "tz > timestamptz '2026-11-25' - INTERVAL '{{a.days}} days' - INTERVAL '{{a.days}}' DAY",
        "d >= DATE '{{a.d}}'",
        "ts = TIMESTAMP '{{a.ts}}'",
        "tz = TIMESTAMP(3) WITH TIME ZONE '{{a.tz}}'",
        "d = CURRENT_DATE - {{a.days}} OR true",
        "d BETWEEN '{{a.d}}' AND '{{a.d}}'",
        "\"{{a.column}}\" = '{{a.odd}}'",
        "({{a.none}} IS NULL OR id = {{a.none}})",
        "({{a.txt}} IS NOT NULL AND txt = {{a.txt}})",
        "('{{a.none}}' = '' OR txt = '{{a.none}}')",
        "concat('{{a.txt}}', {{a.vc}}, {{a.id}}) = concat(txt, vc, id)",
        "jsonb_build_object('k', '{{a.txt}}', 'n', {{a.id}})->>'k' = txt",
        "coalesce({{a.none}}, {{a.txt}}) = txt",
        "j->>'a' = '{{a.id}}'",
        "j @> '{{a.j}}'",
        "{{a.id}} * 3000000000 > 5",
        "extract(year FROM DATE '{{a.d}}') = 2026",
        "substring(txt FROM {{a.id}}) = txt",
        "round({{a.n}}, {{a.id}}) = 1.5",
        "{{a.b}}",
        "CASE WHEN {{a.b}} THEN true END",
        "txt IS NOT DISTINCT FROM '{{a.txt}}'",
        "id = {{a.id}} -- it's\n",
    ],
)
async def test_postgresql_takes_it(postgresql: Postgresql, condition: str) -> None:
    await postgresql.execute(TABLE)
    query = bound(f"SELECT id FROM t WHERE {condition} LIMIT {{{{a.days}}}}", ROW, "postgresql")
    assert [record["id"] for record in await postgresql.fetch(query.text, *query.parameters)] == ["1"]


async def test_postgresql_keeps_what_is_written(postgresql: Postgresql) -> None:
    await postgresql.execute(TABLE)
    query = bound(
        "INSERT INTO t (id, txt, vc, d, j, b, n, tz) VALUES "
        "({{a.id}} + 1, '{{a.txt}}', {{a.id}}, {{a.none}}, {{a.j}}, {{a.b}}, {{a.n}}, '{{a.tz}}') RETURNING *",
        ROW,
        "postgresql",
    )
    record = (await postgresql.fetch(query.text, *query.parameters))[0]
    assert (record["id"], record["txt"], record["vc"], record["d"]) == ("2", "it's", "1", None)
    assert (record["j"], record["b"], record["n"]) == ('{"a": 1}', "t", "1.5")
    query = bound(
        "UPDATE t SET txt = {{a.id}}, j = '{{a.j}}', d = '{{a.d}}' WHERE id = 2 RETURNING txt, j, d", ROW, "postgresql"
    )
    assert tuple((await postgresql.fetch(query.text, *query.parameters))[0]) == ("1", '{"a": 1}', "2026-11-21")


async def test_no_value_leaves_its_place_in_postgresql(postgresql: Postgresql) -> None:
    """In all places the server gets back exactly the value, and the table is still there."""
    for value in injections("postgresql"):
        with about(value):
            await _no_value_leaves_its_place_in_postgresql(postgresql, value)


async def _no_value_leaves_its_place_in_postgresql(postgresql: Postgresql, value: str) -> None:
    name = value.encode()[:60].decode(errors="ignore") or "x"
    data: dict[str, Json] = {"v": value, "vs": [value, value], "name": name, "secret": "s", "canary": "canary"}
    query = bound(
        "SELECT {{a.v}} AS bare, '{{a.v}}' AS whole, 'a{{a.v}}''{{a.v}}z' AS part, CAST('{{a.v}}' AS text) AS casted, "
        "concat({{a.v}}, '%') AS called, {{a.v}} IN ('', {{a.vs}}) AS listed, 1 AS \"{{a.name}}\" "
        "FROM \"{{a.canary}}\" /* ' */ -- '\n WHERE id <> '{{a.v}}' OR id = {{a.v}}",
        data,
        "postgresql",
    )
    (record,) = await postgresql.fetch(query.text, *query.parameters)
    assert list(record.values()) == [value, value, f"a{value}'{value}z", value, value + "%", "t", "1"]
    assert list(record.keys())[-1] == name
    written = bound("INSERT INTO canary VALUES ('{{a.v}}') RETURNING id", data, "postgresql")
    assert await postgresql.fetchval(written.text, *written.parameters) == value
    gone = bound("DELETE FROM canary WHERE id = {{a.v}} AND id <> 'alive'", data, "postgresql")
    assert await postgresql.execute(gone.text, *gone.parameters) == "DELETE 1"
    assert await postgresql.fetch("SELECT id FROM canary") == [("alive",)]


MARIA_ROW: dict[str, Json] = {
    "id": 1, "ids": [1, 7], "none": None, "big": 2, "n": Decimal("1.5"), "txt": "it's", "d": "2026-11-21", "minus": -5,
    "ts": "2026-11-21 10:00:00", "b": True, "j": {"a": 1}, "empty": [], "column": "od`d", "days": 3, "odd": "odd",
    "texts": ["it's", "y"], "huge": 10**30,
}  # fmt: skip


@pytest.mark.parametrize(
    "condition",
    [
        *[f"{column} = '{{{{a.{column}}}}}'" for column in ("id", "big", "n", "txt", "d", "ts")],
        *[f"{column} = {{{{a.{column}}}}}" for column in ("id", "big", "n", "txt", "d", "ts", "b")],
        'txt = "{{a.txt}}"',
        "id IN ({{a.ids}})",
        "txt IN ({{a.texts}})",
        "NOT (id IN ({{a.empty}})) IS TRUE",
        "txt LIKE '%{{a.txt}}%'",
        "txt LIKE '_t\\'{{a.none}}%'",
        "txt = N'{{a.txt}}'",
        "ts > TIMESTAMP '2026-11-24 00:00:00' - INTERVAL '{{a.days}}' DAY",
        "ts > '2026-11-24' - INTERVAL {{a.days}} DAY",
        "d >= DATE '{{a.d}}'",
        "ts = TIMESTAMP '{{a.ts}}'",
        "`{{a.column}}` = '{{a.odd}}'",
        "t.`{{a.column}}` = {{a.odd}}",
        "({{a.none}} IS NULL OR id = {{a.none}})",
        "concat('{{a.txt}}', {{a.id}}) = concat(txt, id)",
        "json_value(j, '$.a') = {{a.id}} AND j = '{{a.j}}'",
        "5 -{{a.minus}} = 10 AND 5 --{{a.minus}} = 0",
        "7 % {{a.days}} = 1 AND 7 %{{a.days}} = 1",
        "{{a.huge}} * 10 = 10000000000000000000000000000000",
        "extract(year FROM DATE '{{a.d}}') = 2026",
        "substring(txt FROM {{a.id}}) = txt",
        "{{a.b}}",
        "id = {{a.id}} -- it's\n",
        "id = {{a.id}} # it's\n",
        "id = /*!50000 1 + */ {{a.id}} - 1 OR 1",
    ],
)
async def test_mariadb_takes_it(mariadb: Mariadb, condition: str) -> None:
    query = bound(f"SELECT id FROM t WHERE {condition} LIMIT {{{{a.days}}}}", MARIA_ROW, "mysql")
    with mariadb.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS t")
        cursor.execute(
            "CREATE TABLE t (id int, big bigint, n decimal(10,2), txt text, d date, ts datetime, b bool, j json, "
            "`od``d` text)"
        )
        cursor.execute(
            "INSERT INTO t VALUES (1, 2, 1.5, 'it''s', '2026-11-21', '2026-11-21 10:00', true, '{\"a\":1}', 'odd')"
        )
        cursor.execute(query.text, query.parameters or None)
        assert cursor.fetchall() == ((1,),)


async def test_no_value_leaves_its_place_in_mariadb(mariadb: Mariadb) -> None:
    """In all places the server gets back exactly the value, and the table is still there."""
    for value in injections("mysql"):
        with about(value):
            await _no_value_leaves_its_place_in_mariadb(mariadb, value)


async def _no_value_leaves_its_place_in_mariadb(mariadb: Mariadb, value: str) -> None:
    data: dict[str, Json] = {"v": value, "vs": [value, value], "secret": "s", "canary": "canary"}
    query = bound(
        "SELECT {{a.v}}, '{{a.v}}', \"{{a.v}}\", N'{{a.v}}', 'a{{a.v}}''\\'{{a.v}}\\\\', \"{{a.v}}\"\"\\n'\", "
        "concat({{a.v}}, '%%'), {{a.v}} IN ('', {{a.vs}}) "
        "FROM `{{a.canary}}` /* ' */ -- '\n # \"\n WHERE id <> '{{a.v}}' OR id = {{a.v}}",
        data,
        "mysql",
    )
    with mariadb.cursor() as cursor:
        cursor.execute(query.text, query.parameters)
        part = f"a{value}''{value}\\"
        assert cursor.fetchall() == ((value, value, value, value, part, value + "\"\n'", value + "%%", 1),)
        written = bound("INSERT INTO canary VALUES ('{{a.v}}')", data, "mysql")
        cursor.execute(written.text, written.parameters)
        gone = bound("DELETE FROM canary WHERE id = BINARY {{a.v}} AND id <> 'alive'", data, "mysql")
        assert cursor.execute(gone.text, gone.parameters) == 1
        cursor.execute("SELECT id FROM canary")
        assert cursor.fetchall() == (("alive",),)


async def test_no_value_leaves_a_quoted_name_in_mariadb(mariadb: Mariadb) -> None:
    for value in injections("mysql"):
        with about(value):
            await _no_value_leaves_a_quoted_name_in_mariadb(mariadb, value)


async def _no_value_leaves_a_quoted_name_in_mariadb(mariadb: Mariadb, value: str) -> None:
    try:
        query = bound("SELECT count(*) AS `c{{a.v}}` FROM canary WHERE 7 % 4 = 3", {"v": value}, "mysql")
    except ReferenceProblem as problem:
        assert problem.code in {"sql_identifier_value", "sql_identifier_character", "sql_identifier_long"}  # noqa: PT017
        return
    with mariadb.cursor() as cursor:
        cursor.execute(query.text, query.parameters or None)
        assert [column[0] for column in cursor.description or ()] == ["c" + value]
        assert cursor.fetchall() == ((1,),)
