"""Statements on a real MariaDB: values, parameters, limits, sessions, problems."""

from __future__ import annotations

import asyncio
import threading
from decimal import Decimal
from typing import Any

import pytest

from outcode.transport.answer import Answer
from outcode.transport.guard import EgressGuard
from outcode.transport.sql import MysqlTransport, QueryOptions
from outcode.transport.sql.mysql.session import Session
from outcode.values.json import dumps
from outcode.values.problems import InputProblem, Problem, Stopped, TooLarge, VendorDown, VendorRejected
from outcode.values.references import BoundQuery, Root, bind_sql, parse_template
from tests.support.mariadb import Mariadb
from tests.support.waiting import until
from tests.values.references.conftest import injections

pytestmark = pytest.mark.mariadb
Run = Any


@pytest.fixture
def run(mysql: MysqlTransport, mariadb: Mariadb) -> Run:
    async def perform(text: str, *bound: Any, **options: Any) -> Answer:
        return await mysql.perform(BoundQuery(text, bound), QueryOptions(**options), mariadb.connection())

    return perform


async def problem(run: Run, text: str, *bound: Any, **options: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        await run(text, *bound, **options)
    for language in ("en", "ko"):
        assert caught.value.message(language)
        assert caught.value.hint(language)
    return caught.value


VALUES: list[tuple[str, str, Any]] = [
    ("tinyint", "-1", -1),
    ("bool", "true", 1),
    ("bigint unsigned", "18446744073709551615", 18446744073709551615),
    ("int(6) zerofill", "42", 42),
    ("decimal(30,10)", "12345678901234567890.10", Decimal("12345678901234567890.1000000000")),
    ("double", "0.1", Decimal("0.1")),
    ("float", "0.1", Decimal("0.1")),
    ("double", "1e300", Decimal("1e300")),
    ("date", "'2026-11-21'", "2026-11-21"),
    ("date", "'0000-00-00'", None),
    ("datetime(3)", "'2026-11-21 09:30:00.5'", "2026-11-21T09:30:00.500"),
    ("datetime", "'0000-00-00 00:00:00'", None),
    ("timestamp", "FROM_UNIXTIME(0.0 + 1)", "1970-01-01T00:00:01"),
    ("time", "'-838:59:59'", "-838:59:59"),
    ("time(2)", "'25:00:00.5'", "25:00:00.50"),
    ("year", "2026", 2026),
    ("bit(1)", "b'1'", True),
    ("bit(12)", "258", 258),
    ("varchar(20)", "'한글 🎉'", "한글 🎉"),
    ("char(5) character set latin1", "'é'", "é"),
    ("longtext", "'x'", "x"),
    ("varbinary(20)", "X'6869'", "aGk="),
    ("blob", "X'00ff'", "AP8="),
    ("enum('a','b')", "'b'", "b"),
    ("set('a','b')", "'a,b'", "a,b"),
    ("json", """'{"a": 1}'""", '{"a": 1}'),
    ("uuid", "'6f0e1c1e-0000-4000-8000-000000000001'", "6f0e1c1e-0000-4000-8000-000000000001"),
    ("inet6", "'::1'", "::1"),
    ("int", "NULL", None),
]


async def test_values_are_json(run: Run) -> None:
    types = ", ".join(f"c{number} {kind}" for number, (kind, _, _) in enumerate(VALUES))
    await run(f"CREATE OR REPLACE TABLE kinds ({types})")
    await run(f"INSERT INTO kinds VALUES ({', '.join(written for _, written, _ in VALUES)})")
    answer = await run("SELECT * FROM kinds")
    for value, (kind, _, expected) in zip(answer.value[0].values(), VALUES, strict=True):
        assert (kind, value, type(value)) == (kind, expected, type(expected))
    dumps(answer.value)
    names = [column["type"] for column in answer.meta["columns"]]
    assert names[:6] == ["tinyint", "tinyint", "bigint unsigned", "int unsigned", "decimal", "double"]
    assert names[16:27] == [
        *("bit", "bit", "varchar", "char", "text", "varbinary", "blob", "enum", "set", "text", "char"),
    ]


async def test_no_value_leaves_its_place(run: Run, mariadb: Mariadb) -> None:
    """Whatever is handed over, the server gets back exactly that, and the table is still there."""
    await run("CREATE OR REPLACE TABLE canary AS SELECT 'alive' AS id")
    template = parse_template("SELECT {{a.v}} AS a, '%{{a.v}}' AS b, :v AS c")
    for value in injections("mysql"):
        query = bind_sql(template, {"a": Root({"v": value})}, "mysql")
        answer = await run(query.text, *query.parameters, parameters={"v": value})
        assert list(answer.value[0].values()) == [value, "%" + value, value]
        answer = await run("SELECT %s", parameters=[value])
        assert next(iter(answer.value[0].values())) == value
    assert mariadb.fetch("SELECT id FROM canary") == [("alive",)]


async def test_parameters_of_the_field(run: Run) -> None:
    answer = await run("SELECT %s + 1 AS a, %s AS b, %s IS NULL AS c", parameters=[41, Decimal("1.50"), None])
    assert answer.value == [{"a": 42, "b": Decimal("1.50"), "c": 1}]
    answer = await run("SELECT :n AS a, JSON_VALUE(%(j)s, '$.k[1]') AS b", parameters={"n": -5, "j": {"k": [1, "x"]}})
    assert answer.value == [{"a": -5, "b": "x"}]


async def test_labels_are_unique_and_described(run: Run) -> None:
    answer = await run("SELECT 1 AS a, '2' AS a, 3.0 AS a_2")
    assert answer.value == [{"a": 1, "a_3": "2", "a_2": Decimal("3.0")}]
    assert answer.meta["columns"][1] == {"name": "a_3", "type": "varchar"}


async def test_rows_stop_at_the_limit(run: Run) -> None:
    answer = await run("SELECT seq FROM seq_1_to_5000000", max_rows=1200)
    assert len(answer.value) == answer.meta["row_count"] == 1200
    assert answer.meta["truncated"] is True
    exact = await run("SELECT seq FROM seq_1_to_1000;", max_rows=1000)
    assert (exact.meta["row_count"], exact.meta["truncated"], exact.meta["affected_rows"]) == (1000, False, None)


async def test_a_result_of_too_many_bytes_is_refused(mariadb: Mariadb, loopback_guard: EgressGuard) -> None:
    transport = MysqlTransport(loopback_guard, max_bytes=1_000_000)
    query = BoundQuery("SELECT repeat('x', 10000) FROM seq_1_to_1000")
    with pytest.raises(TooLarge, match="larger"):
        await transport.perform(query, QueryOptions(), mariadb.connection())
    assert (await transport.perform(BoundQuery("SELECT 1 AS a"), QueryOptions(), mariadb.connection())).value
    await transport.close()


async def test_a_statement_larger_than_the_server_takes_is_not_sent(run: Run) -> None:
    met = await problem(run, "SELECT length(%s)", parameters=["x" * (4 * 1024 * 1024)])
    assert (met.code, met.details, type(met)) == ("sql_packet_too_large", {"limit_mb": 4}, TooLarge)


async def test_changes(run: Run) -> None:
    await run("CREATE OR REPLACE TABLE changes (id int PRIMARY KEY AUTO_INCREMENT, v varchar(20))")
    inserted = await run("INSERT INTO changes (v) VALUES ('a'), ('b')")
    assert (inserted.value, inserted.meta["affected_rows"], inserted.meta["insert_id"]) == ([], 2, 1)
    returned = await run("INSERT INTO changes (v) VALUES ('c'), ('d'), ('e') RETURNING id", max_rows=2)
    assert returned.value == [{"id": 3}, {"id": 4}]
    assert returned.meta["truncated"] is True
    assert (returned.meta["affected_rows"], returned.meta["insert_id"]) == (3, 3)
    updated = await run("UPDATE changes SET v = 'x' WHERE id > 1")
    assert (updated.meta["affected_rows"], updated.meta["insert_id"]) == (4, None)
    deleted = await run("DELETE FROM changes WHERE id > 3 RETURNING v")
    assert (deleted.value, deleted.meta["affected_rows"]) == ([{"v": "x"}, {"v": "x"}], 2)
    assert (await run("SELECT count(*) AS n FROM changes")).value == [{"n": 3}]


async def test_a_call_runs_to_its_end(run: Run) -> None:
    await run("CREATE OR REPLACE TABLE steps (n int)")
    await run(
        "CREATE OR REPLACE PROCEDURE walk(n int) BEGIN "
        "SELECT seq FROM seq_1_to_2000; INSERT INTO steps VALUES (n); SELECT 'second'; END"
    )
    answer = await run("CALL walk(:n)", parameters={"n": 7}, max_rows=2)
    assert (answer.value, answer.meta["truncated"]) == ([{"seq": 1}, {"seq": 2}], True)
    assert (await run("SELECT n FROM steps")).value == [{"n": 7}]


TABLES = (
    "CREATE OR REPLACE TABLE single (id int PRIMARY KEY, v varchar(3) NOT NULL, positive int CHECK (positive > 0))",
    "CREATE OR REPLACE TABLE child (id int, FOREIGN KEY (id) REFERENCES single (id))",
    "INSERT INTO single (id, v) VALUES (1, 'a')",
)
PROBLEMS: list[tuple[str, str, type[Problem], tuple[int, int] | None]] = [
    ("SELECT *\n  FRM single", "sql_syntax", InputProblem, (2, 3)),
    ("SELECT (1", "sql_syntax", InputProblem, (1, 10)),
    ("SELECT 1; SELECT 2", "sql_several_statements", InputProblem, (1, 11)),
    ("SELECT * FROM missing", "sql_no_table", InputProblem, None),
    ("SELECT nme FROM single", "sql_no_column", InputProblem, None),
    ("SELECT nope(1)", "sql_no_function", InputProblem, None),
    ("SELECT * FROM nowhere.t", "sql_no_table", InputProblem, None),
    ("USE nowhere", "sql_no_database", VendorRejected, None),
    ("INSERT INTO single (id, v) VALUES (1, 'b')", "sql_unique", VendorRejected, None),
    ("INSERT INTO single (id, v) VALUES (2, 'long')", "sql_value_refused", InputProblem, None),
    ("INSERT INTO single (id, v) VALUES ('x', 'b')", "sql_value_refused", InputProblem, None),
    ("INSERT INTO single (id, v, positive) VALUES (2, 'b', -1)", "sql_constraint", VendorRejected, None),
    ("INSERT INTO single (id) VALUES (2)", "sql_constraint", VendorRejected, None),
    ("INSERT INTO child VALUES (5)", "sql_foreign_key", VendorRejected, None),
    ("SET GLOBAL nothing_of_the_kind = 1", "sql_refused", VendorRejected, None),
    ("KILL 999999999", "sql_refused", VendorRejected, None),
    ("LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE child", "sql_refused", VendorRejected, None),
    ("BEGIN", "sql_transaction_control", InputProblem, None),
]


async def test_problems_say_what_and_where(run: Run) -> None:
    for statement in TABLES:
        await run("DROP TABLE IF EXISTS child" if "single (id int" in statement else "SELECT 1")
        await run(statement)
    for text, code, kind, place in PROBLEMS:
        met = await problem(run, text)
        assert (text, met.code, type(met)) == (text, code, kind)
        assert place is None or (met.place.line, met.place.column) == place
        assert (await run("SELECT 1 AS still")).value == [{"still": 1}]


async def test_values_are_not_repeated_in_messages(run: Run) -> None:
    await run("CREATE OR REPLACE TABLE secrets (id int, v varchar(300) UNIQUE)")
    long = "A rather long secret, " * 6
    await run("INSERT INTO secrets VALUES (1, :v)", parameters={"v": long})
    for text, values in (
        ("INSERT INTO secrets VALUES (2, :v)", {"v": long}),
        ("INSERT INTO secrets VALUES (:v, 'x')", {"v": "it's secret"}),
        ("SELECT :v FRM secrets WHERE id = :v", {"v": "it's secret"}),
        ("SELECT 1 FRM secrets WHERE v = :v", {"v": "it's secret"}),
        ("SELECT nope(:v)", {"v": "it's secret"}),
    ):
        met = await problem(run, text, parameters=values)
        assert "secret," not in str(met.as_dict())
        assert "s secret" not in str(met.as_dict())
    met = await problem(run, "SELECT :long_name FRM secrets", parameters={"long_name": 1})
    assert (met.place.column, met.details["reason"]) == (23, "near 'secrets'")


async def test_read_only_cannot_be_left(run: Run) -> None:
    await run("CREATE OR REPLACE TABLE kept (a int)")
    await run(
        "CREATE OR REPLACE PROCEDURE escape() BEGIN "
        "COMMIT; SET SESSION TRANSACTION READ WRITE; INSERT INTO kept VALUES (1); END"
    )
    for text in (
        "INSERT INTO kept VALUES (1)",
        "INSERT INTO kept VALUES (1) RETURNING a",
        "CALL escape()",
        "CREATE TABLE other (a int)",
        "TRUNCATE kept",
        "SET @x = 1",
        "/*!50000 CALL escape() */",
    ):
        assert (await problem(run, text, read_only=True)).code == "sql_read_only"
    assert (await run("SELECT * FROM kept", read_only=True)).value == []
    assert (await run("INSERT INTO kept VALUES (1)")).meta["affected_rows"] == 1


async def test_nothing_of_a_run_stays_in_the_session(run: Run) -> None:
    await run("CREATE TEMPORARY TABLE left_behind (a int)")
    await run("SET ROLE NONE")
    await run("USE mysql")
    await run("LOCK TABLES mysql.user READ")
    await run("SET SESSION sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES', time_zone = '+09:00', autocommit = 0")
    ids = set()
    for text in ("SELECT @x := 5, GET_LOCK('held', 0), CONNECTION_ID() AS id", "SELECT CONNECTION_ID() AS id"):
        ids.add((await run(text, read_only=True)).value[0]["id"])
    assert len(ids) == 1
    answer = await run(
        "SELECT @x AS x, DATABASE() AS d, IS_USED_LOCK('held') AS held, @@tx_read_only AS ro, @@autocommit AS a, "
        "@@time_zone AS z, CONNECTION_ID() AS id, LAST_INSERT_ID() AS last, @@character_set_client AS c, '\\'' AS q"
    )
    assert answer.value == [
        {
            "x": None,
            "d": "shop",
            "held": None,
            "ro": 0,
            "a": 1,
            "z": "+00:00",
            "id": ids.pop(),
            "last": 0,
            "c": "utf8mb4",
            "q": "'",
        }
    ]
    assert (await problem(run, "SELECT * FROM left_behind")).code == "sql_no_table"


async def test_modes_of_the_server_do_not_change_how_literals_are_read(run: Run, mariadb: Mariadb) -> None:
    before = mariadb.fetch("SELECT @@GLOBAL.sql_mode")[0][0]
    mariadb.fetch("SET GLOBAL sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES'")
    try:
        answer = await run("""SELECT "it\\'s" AS a, :b AS b, @@sql_mode AS m""", parameters={"b": "\\' OR 1 -- "})
    finally:
        mariadb.fetch(f"SET GLOBAL sql_mode = '{before}'")
    assert answer.value[0]["a"], answer.value[0]["b"] == ("it's", "\\' OR 1 -- ")
    assert "STRICT_ALL_TABLES" in answer.value[0]["m"]
    assert "ANSI" not in answer.value[0]["m"]


def running(mariadb: Mariadb, mark: str) -> int:
    found = mariadb.fetch("SELECT info FROM information_schema.processlist WHERE info IS NOT NULL")
    return sum(mark in info and "processlist" not in info for (info,) in found)


async def until_running(mariadb: Mariadb, mark: str) -> None:
    await until(lambda: running(mariadb, mark))


async def until_stopped(mariadb: Mariadb, mark: str) -> None:
    """A server says that a statement has ended, and only then takes it off its list."""
    await until(lambda: not running(mariadb, mark))


async def test_a_slow_statement_is_stopped_by_the_server(run: Run, mariadb: Mariadb) -> None:
    met = await problem(run, "SELECT SLEEP(300) AS too_slow", timeout_seconds=1)
    assert (met.code, type(met), met.details) == ("sql_timeout", Stopped, {"seconds": 1})
    await until_stopped(mariadb, "too_slow")


async def test_cancelling_stops_the_statement_on_the_server(run: Run, mariadb: Mariadb) -> None:
    await run("CREATE OR REPLACE TABLE slow (a int)")
    for text in (
        "SELECT SLEEP(300) AS cancelled_here",
        "INSERT INTO slow SELECT SLEEP(300) AS cancelled_here",
        "DO SLEEP(300) -- cancelled_here",
    ):
        task = asyncio.create_task(run(text, timeout_seconds=300))
        await until_running(mariadb, "cancelled_here")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until_stopped(mariadb, "cancelled_here")
    assert (await run("SELECT count(*) AS n FROM slow")).value == [{"n": 0}]


async def test_a_statement_that_begins_only_after_it_was_cancelled_is_stopped_too(
    run: Run, mariadb: Mariadb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is told to stop when there is nothing to stop yet does not remember it."""
    preparing, told = threading.Event(), threading.Event()
    set_up, kill = Session.set_up, MysqlTransport._kill

    def slow_set_up(session: Session, **given: Any) -> None:
        set_up(session, **given)
        preparing.set()
        assert told.wait(30)

    async def told_once(transport: MysqlTransport, *given: Any) -> None:
        await kill(transport, *given)
        if not told.is_set():
            told.set()
            await until_running(mariadb, "begun_late")

    monkeypatch.setattr(Session, "set_up", slow_set_up)
    monkeypatch.setattr(MysqlTransport, "_kill", told_once)
    task = asyncio.create_task(
        run("SELECT sum(seq) AS begun_late FROM seq_1_to_1000000000000 WHERE seq & 1", timeout_seconds=300)
    )
    await until(preparing.is_set)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until_stopped(mariadb, "begun_late")


async def test_a_server_without_a_limit_of_its_own_is_told_to_stop(
    run: Run, mariadb: Mariadb, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A statement may lift the limit, and MySQL's is for SELECT only."""
    monkeypatch.setattr("outcode.transport.sql.mysql.transport._GRACE_SECONDS", 0.1)
    met = await problem(run, "SET STATEMENT max_statement_time = 0 FOR SELECT SLEEP(300)", timeout_seconds=1)
    assert met.code == "sql_timeout"
    await until_stopped(mariadb, "SLEEP(300)")


async def test_the_event_loop_goes_on_meanwhile(run: Run, mariadb: Mariadb) -> None:
    """The statement gets the lock only where the loop goes on and releases it."""
    holder = mariadb.connect()
    with holder, holder.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK('going_on', 0)")
        task = asyncio.create_task(run("SELECT GET_LOCK('going_on', 30) AS got", timeout_seconds=60))
        await until_running(mariadb, "going_on")
        cursor.execute("SELECT RELEASE_LOCK('going_on')")
        assert (await task).value == [{"got": 1}]


async def test_a_killed_session_is_told_and_replaced(run: Run, mariadb: Mariadb) -> None:
    task = asyncio.create_task(run("SELECT CONNECTION_ID() AS id, SLEEP(300) AS killed_here", timeout_seconds=300))
    await until_running(mariadb, "killed_here")
    found = mariadb.fetch("SELECT id FROM information_schema.processlist WHERE info LIKE '%killed\\_here%'")
    for (number,) in found[:1]:
        mariadb.fetch(f"KILL {number}")
    with pytest.raises(VendorDown) as caught:
        await task
    assert caught.value.code == "sql_connection_lost"
    assert (await run("SELECT 1 AS a")).value == [{"a": 1}]


async def test_a_session_that_died_while_idle_is_replaced(run: Run, mariadb: Mariadb) -> None:
    number = (await run("SELECT CONNECTION_ID() AS id")).value[0]["id"]
    mariadb.fetch(f"KILL {number}")
    await until(lambda: not mariadb.fetch(f"SELECT 1 FROM information_schema.processlist WHERE id = {number}"))
    await asyncio.sleep(1.1)  # beyond this a session is asked before it is trusted
    assert (await run("SELECT CONNECTION_ID() AS id")).value[0]["id"] != number


async def test_runs_share_sessions_but_not_across_credentials(mysql: MysqlTransport, mariadb: Mariadb) -> None:
    query = BoundQuery("SELECT CONNECTION_ID() AS id")
    old = mariadb.connection()
    numbers = {(await mysql.perform(query, QueryOptions(), old)).value[0]["id"] for _ in range(3)}
    assert len(numbers) == 1
    new = mariadb.connection(version=2)
    assert (await mysql.perform(query, QueryOptions(), new)).value[0]["id"] not in numbers
    wrong = mariadb.connection(version=3, password="wrong")
    with pytest.raises(VendorRejected):
        await mysql.perform(query, QueryOptions(), wrong)


async def test_many_at_once_wait_for_a_free_session(run: Run) -> None:
    answers = await asyncio.gather(*(run(f"SELECT {n} AS n, CONNECTION_ID() AS id, SLEEP(0.01)") for n in range(40)))
    assert [answer.value[0]["n"] for answer in answers] == list(range(40))
    assert len({answer.value[0]["id"] for answer in answers}) <= 10


async def test_a_deadlock_is_tried_again(run: Run, mariadb: Mariadb) -> None:
    await run("CREATE OR REPLACE TABLE knots (id int PRIMARY KEY, v int)")
    await run("INSERT INTO knots SELECT seq, 0 FROM seq_1_to_500")
    heavy = mariadb.connect(autocommit=False)
    with heavy, heavy.cursor() as cursor:
        cursor.execute("UPDATE knots SET v = 1 WHERE id <> 500")  # more to undo, so the other one is the victim
        task = asyncio.create_task(run("UPDATE knots SET v = v + 10 WHERE id IN (1, 500) ORDER BY id DESC /* waits */"))
        waiting = "SELECT 1 FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
        await until(lambda: mariadb.fetch(waiting), every=0.15)  # the server does not look again within 0.1 s
        await asyncio.to_thread(cursor.execute, "UPDATE knots SET v = 1 WHERE id = 500")
        heavy.commit()
    assert (await task).meta["affected_rows"] == 2
    assert mariadb.fetch("SELECT id, v FROM knots WHERE id IN (1, 500) ORDER BY id") == [(1, 11), (500, 11)]


async def test_what_may_commit_inside_is_not_tried_again(run: Run, mariadb: Mariadb) -> None:
    await run("CREATE OR REPLACE SEQUENCE attempts")
    fails = "DO NEXTVAL(attempts); SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'deadlock'"
    await run(f"CREATE OR REPLACE FUNCTION knotted() RETURNS int BEGIN {fails}; RETURN 1; END")
    await run(f"CREATE OR REPLACE PROCEDURE knotting() BEGIN {fails}; END")
    for text, times in (("SELECT knotted()", 4), ("CALL knotting()", 1)):
        met = await problem(run, text)
        assert (met.code, type(met)) == ("sql_try_again", VendorRejected)
        assert mariadb.fetch("SELECT NEXTVAL(attempts)") == [(times + 1,)]
        await run("ALTER SEQUENCE attempts RESTART 1")


async def test_close_ends_every_session_and_thread(mariadb: Mariadb, loopback_guard: EgressGuard) -> None:
    transport = MysqlTransport(loopback_guard)
    for _ in range(2):
        await transport.perform(BoundQuery("SELECT 1"), QueryOptions(), mariadb.connection())
    slow = asyncio.create_task(
        transport.perform(
            BoundQuery("SELECT SLEEP(300) AS closed_on"), QueryOptions(timeout_seconds=300), mariadb.connection()
        )
    )
    await until_running(mariadb, "closed_on")
    await transport.close()
    with pytest.raises(VendorDown):
        await slow
    await until(lambda: not any(thread.name.startswith("mysql") for thread in threading.enumerate()))
