from __future__ import annotations

import asyncio

import asyncpg
import pytest
import sqlalchemy as sql
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from outcode.database.address import DatabaseAddress
from outcode.database.migrate import migrate
from outcode.database.schema import metadata
from outcode.values.problems import SetupProblem

GLOBAL = {"organizations", "teams", "users"}


async def test_migrations_make_exactly_the_declared_tables(database_address: DatabaseAddress) -> None:
    engine = create_async_engine(database_address.sqlalchemy_url(), connect_args={"ssl": database_address.tls()})

    def differences(connection: sql.Connection) -> list[object]:
        ours = {"include_name": lambda name, kind, _: not (kind == "table" and name.startswith("pgqueuer"))}
        found: list[object] = compare_metadata(MigrationContext.configure(connection, opts=ours), metadata)
        return found

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []
    await engine.dispose()


def test_every_table_carries_organization_and_team() -> None:
    for table in metadata.sorted_tables:
        if table.name in GLOBAL:
            continue
        assert "organization_id" in table.c, table.name
        assert table.name == "data_keys" or "team_id" in table.c, table.name


async def test_several_processes_may_migrate_at_once(postgres_server: DatabaseAddress) -> None:
    name = "test_migrate_at_once"
    connection = await asyncpg.connect(**postgres_server.arguments())
    await connection.execute(f"CREATE DATABASE {name}")
    arguments = postgres_server.arguments() | {"database": name}
    del arguments["ssl"]
    address = DatabaseAddress(**arguments)
    try:
        await asyncio.gather(*(migrate(address) for _ in range(4)))
        await migrate(address)
    finally:
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await connection.close()


async def test_data_of_a_newer_version_is_refused(database_address: DatabaseAddress) -> None:
    connection = await asyncpg.connect(**database_address.arguments())
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()
    with pytest.raises(SetupProblem) as caught:
        await migrate(database_address)
    assert caught.value.code == "database_newer"
