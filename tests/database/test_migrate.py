from __future__ import annotations

import asyncio

import asyncpg
import pytest
import sqlalchemy as sql
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.ext.asyncio import create_async_engine

from outcode.database.address import DatabaseAddress
from outcode.database.migrate import alembic_config, migrate
from outcode.database.schema import metadata
from outcode.values.problems import SetupProblem
from tests.support.databases import drop_database

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
        assert table.name in {"data_keys", "oauth_clients"} or "team_id" in table.c, table.name


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
        await drop_database(connection, name)
        await connection.close()


async def test_data_of_a_newer_version_is_refused(database_address: DatabaseAddress) -> None:
    connection = await asyncpg.connect(**database_address.arguments())
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()
    with pytest.raises(SetupProblem) as caught:
        await migrate(database_address)
    assert caught.value.code == "database_newer"


async def to_first_version(address: DatabaseAddress) -> None:
    def upgrade(connection: sql.Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.commit()

    engine = create_async_engine(address.sqlalchemy_url(), connect_args={"ssl": address.tls()})
    async with engine.connect() as connection:
        await connection.run_sync(upgrade)
    await engine.dispose()


async def test_connections_of_the_first_version_get_their_kind(postgres_server: DatabaseAddress) -> None:
    name = "test_migrate_kinds"
    server = await asyncpg.connect(**postgres_server.arguments())
    await server.execute(f"CREATE DATABASE {name}")
    arguments = postgres_server.arguments() | {"database": name}
    del arguments["ssl"]
    address = DatabaseAddress(**arguments)
    try:
        await to_first_version(address)
        connection = await asyncpg.connect(**address.arguments())
        await connection.execute(OLD_CONNECTIONS)
        await migrate(address)
        rows = await connection.fetch("SELECT name, kind, settings, state FROM connections ORDER BY name")
        await connection.close()
    finally:
        await drop_database(server, name)
        await server.close()
    assert [tuple(row) for row in rows] == [
        ("db", "database", '{"host": "h"}', "untested"),
        ("people", "upload", '{"file": "f"}', "untested"),
        ("shop", "api_key_query", '{"allowed_hosts": []}', "untested"),
    ]


OLD_CONNECTIONS = """
WITH o AS (INSERT INTO organizations (id, name, domain) VALUES (gen_random_uuid(), 'o', 'o') RETURNING id),
t AS (INSERT INTO teams (id, organization_id, name) SELECT gen_random_uuid(), id, 't' FROM o RETURNING id),
u AS (INSERT INTO users (id, name, email) VALUES (gen_random_uuid(), 'u', 'u@x.io') RETURNING id),
k AS (INSERT INTO data_keys (id, organization_id, master_key_id, wrapped)
      SELECT gen_random_uuid(), id, 'm', '' FROM o RETURNING id)
INSERT INTO connections (organization_id, team_id, id, app, name, settings, secret, data_key_id, created_by)
SELECT o.id, t.id, gen_random_uuid(), v.app, v.name, v.settings::jsonb, '', k.id, u.id
FROM o, t, u, k, (VALUES
    ('api', 'shop', '{"auth_type": "api_key_query", "allowed_hosts": []}'),
    ('postgresql', 'db', '{"host": "h"}'),
    ('microsoft-excel-xlsx-file', 'people', '{"file": "f"}')
) AS v (app, name, settings)
"""


async def test_webhooks_of_an_older_version_keep_their_names(postgres_server: DatabaseAddress) -> None:
    name = "test_migrate_webhooks"
    server = await asyncpg.connect(**postgres_server.arguments())
    await server.execute(f"CREATE DATABASE {name}")
    arguments = postgres_server.arguments() | {"database": name}
    del arguments["ssl"]
    address = DatabaseAddress(**arguments)
    try:
        await to_first_version(address)
        connection = await asyncpg.connect(**address.arguments())
        await connection.execute(OLD_FLOWS)
        await migrate(address)
        rows = await connection.fetch(
            "SELECT names.name, flows.name FROM webhook_names AS names JOIN flows ON flows.id = names.flow_id"
        )
        await connection.close()
    finally:
        await drop_database(server, name)
        await server.close()
    assert [tuple(row) for row in rows] == [("주문", "hooked")]


OLD_FLOWS = """
WITH o AS (INSERT INTO organizations (id, name, domain) VALUES (gen_random_uuid(), 'o', 'o') RETURNING id),
t AS (INSERT INTO teams (id, organization_id, name) SELECT gen_random_uuid(), id, 't' FROM o RETURNING id),
u AS (INSERT INTO users (id, name, email) VALUES (gen_random_uuid(), 'u', 'u@x.io') RETURNING id)
INSERT INTO flows (organization_id, team_id, id, kind, name, webhook_name, version, created_by)
SELECT o.id, t.id, gen_random_uuid(), 'dataflow', v.name, v.hook, 1, u.id
FROM o, t, u, (VALUES ('hooked', '주문'), ('by hand', NULL)) AS v (name, hook)
"""
