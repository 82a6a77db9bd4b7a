"""SQL on real servers: PostgreSQL, which CockroachDB's protocol is, too, and MariaDB, which MySQL's is, too."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Protocol

from outcode.appkit import Action, DatabaseCredential, Input, Query
from outcode.appkit.samples import Sample
from outcode.values.json import Json
from tests.apps.contract.cable import Fate
from tests.apps.contract.scenes.scene import Meet, Trouble
from tests.apps.contract.scenes.server import READER, WRONG_PASSWORD, ServerScene
from tests.apps.contract.servers import servers
from tests.support.databases import drop_database
from tests.support.mariadb import Mariadb
from tests.support.postgresql import TcpPostgresql

_THINGS = (
    "CREATE TABLE contract_things (id int PRIMARY KEY)",
    "CREATE TABLE contract_parts (thing int, FOREIGN KEY (thing) REFERENCES contract_things (id))",
    "INSERT INTO contract_things VALUES (1)",
)
_BREAKING = "SELECT id FROM contract_things"


class _Ground(Protocol):
    """A database of a scene's own, on a server that runs."""

    sleep: str
    fields: dict[str, Any]

    async def open(self, database: str) -> None:
        """Make it, and somebody who may do nothing in it."""

    async def given(self, statements: tuple[str, ...]) -> None:
        """Leave nothing in it but what the statements make."""

    async def drop(self, database: str) -> None: ...


class _Postgresql:
    sleep = "SELECT pg_sleep(8)"
    fields: dict[str, Any]

    def __init__(self, server: TcpPostgresql) -> None:
        self._server = server

    async def open(self, database: str) -> None:
        name, password = READER["username"], READER["password"]
        session = await self._server.connect("postgres")
        await drop_database(session, f"IF EXISTS {database}")
        await session.execute(f"CREATE DATABASE {database}")
        if not await session.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", name):
            await session.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
        await session.close()
        self.fields = self._server.fields(database)
        self._session = await self._server.connect(database)

    async def given(self, statements: tuple[str, ...]) -> None:
        await self._session.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        await self._session.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
        for statement in statements:
            await self._session.execute(statement)

    async def drop(self, database: str) -> None:
        await self._session.close()
        session = await self._server.connect("postgres")
        await drop_database(session, f"IF EXISTS {database}")
        await session.close()


class _Mariadb:
    sleep = "SELECT SLEEP(8)"
    fields: dict[str, Any]

    def __init__(self, server: Mariadb) -> None:
        self._server = server

    async def open(self, database: str) -> None:
        name, password = READER["username"], READER["password"]
        self.fields = self._server.fields(database=database, tls_mode="disabled")
        self._session = self._server.connect(database=None)
        self._tell(f"CREATE USER IF NOT EXISTS {name}@'%' IDENTIFIED BY '{password}'")
        self._tell(f"GRANT CREATE TEMPORARY TABLES ON {database}.* TO {name}@'%'")

    async def given(self, statements: tuple[str, ...]) -> None:
        database = self.fields["database"]
        self._tell(f"CREATE OR REPLACE DATABASE {database} CHARACTER SET utf8mb4", f"USE {database}", *statements)

    async def drop(self, database: str) -> None:
        self._tell(f"DROP DATABASE IF EXISTS {database}")
        self._session.close()

    def _tell(self, *statements: str) -> None:
        with self._session.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


class SqlScene(ServerScene):
    """A database of its own on the server that fits the engine."""

    unreachable = "sql_unreachable"
    password_refused = "sql_password_refused"
    _ground: _Ground

    async def set_up(self) -> None:
        """Start the server, where it does not run yet."""
        kind = self.subject.app.connection_kind(None)
        assert isinstance(kind, DatabaseCredential)
        if kind.engine in {"postgresql", "cockroachdb"}:
            self._ground = _Postgresql(await servers().postgresql())
        else:
            self._ground = _Mariadb(await servers().mariadb())
        self._database = f"contract_{self.subject.app.slug.replace('-', '_')}"
        await self._ground.open(self._database)
        self.fields = self._ground.fields
        await self.given()

    async def clear(self) -> None:
        """Drop the database."""
        await self._ground.drop(self._database)

    async def given(self, *statements: str) -> None:
        """Nothing is there but what these make."""
        await self._ground.given(statements)

    def refusals(self, action: Action, sample: Sample) -> Iterator[Trouble]:
        """Not let in, not permitted, or only to read."""
        change = "INSERT INTO contract_things VALUES (2)"
        yield self._of("password", "vendor_rejected sql_password_refused", action, sample, password=WRONG_PASSWORD)
        yield self._of("rights", "vendor_rejected sql_not_permitted", action, sample, _BREAKING, **READER)
        yield self._of("read only", "input sql_read_only", action, sample, change, read_only=True)

    def codes(self, action: Action, sample: Sample) -> Iterator[Trouble]:
        """What is wrong with the statement or its rows."""
        for name, told, statement in (
            ("syntax", "input sql_syntax", "SELEC id FROM contract_things"),
            ("unknown table", "input sql_no_table", "SELECT id FROM contract_nothings"),
            ("unknown column", "input sql_no_column", "SELECT name FROM contract_things"),
            ("duplicate key", "vendor_rejected sql_unique", "INSERT INTO contract_things VALUES (1)"),
            ("foreign key", "vendor_rejected sql_foreign_key", "INSERT INTO contract_parts VALUES (9)"),
        ):
            yield self._of(name, told, action, sample, statement)

    def broken(self, action: Action, sample: Sample) -> Iterator[Trouble]:
        """Nobody listens, the line breaks, or it is no database."""
        call, at = self.call, _BREAKING.encode()
        inputs = self._inputs(action, _BREAKING)
        fates: dict[Fate, tuple[str, ...]] = {
            "nobody": ("sql_unreachable",),
            "breaks": ("sql_connection_lost",),
            "stranger": ("sql_unreachable", "sql_not_understood"),
        }
        for fate, codes in fates.items():
            meet = partial(call, action, sample, inputs=inputs, given=_THINGS, fate=fate, at=at)
            yield Trouble(fate, "vendor_down", codes, meet)

    def silence(self, action: Action, sample: Sample) -> Iterator[Trouble]:
        """A statement that takes longer than it may."""
        yield self._of("slow", "stopped sql_timeout", action, sample, self._ground.sleep, timeout_seconds=3)

    def further_misconnects(self) -> Iterator[tuple[str, str, dict[str, Json]]]:
        """A database that is not there."""
        yield "database", "vendor_rejected sql_no_database", {"database": "contract_nowhere"}

    def tells(self, action: Action, sample: Sample) -> Iterator[tuple[str, Meet]]:
        """The password stands in the statement, in its rows and in what the server says of it."""
        for name, statement in (
            ("answered", "SELECT '{}' AS token"),
            ("refused", "SELECT '{}' AS token FROM contract_nothings"),
            ("misread", "SELEC '{}'"),
        ):
            quoted = statement.format(str(self.fields["password"]).replace("'", "''"))
            yield name, partial(self.call, action, sample, inputs=self._inputs(action, quoted))

    def _of(
        self, name: str, told: str, action: Action, sample: Sample, statement: str = _BREAKING, **changed: Json
    ) -> Trouble:
        inputs = {key: value for key, value in changed.items() if action.field(key) is not None}
        fields = {key: value for key, value in changed.items() if key not in inputs}
        inputs = self._inputs(action, statement) | inputs
        return self.trouble(name, told, action, sample, inputs=inputs, fields=fields, given=_THINGS)

    @staticmethod
    def _inputs(action: Action, statement: str) -> dict[str, Json]:
        assert isinstance(action.call, Query)
        call, inputs = action.call, {action.call.statement.field: statement}
        others: dict[str, Json] = {call.parameters.field: None} if call.parameters else {}
        if isinstance(call.read_only, Input):
            others[call.read_only.field] = False
        return inputs | others
