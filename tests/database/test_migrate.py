from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
import sqlalchemy as sql
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from outcode.database.address import DatabaseAddress
from outcode.database.migrate import migrate
from outcode.database.revisions import newest
from outcode.database.schema import metadata
from outcode.database.upgrade import alembic_config
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


def test_the_newest_revision_is_known_without_alembic() -> None:
    assert newest() == ScriptDirectory.from_config(alembic_config()).get_current_head()


async def test_a_database_whose_queue_was_not_made_any_more_gets_it(database_address: DatabaseAddress) -> None:
    connection = await asyncpg.connect(**database_address.arguments())
    await connection.execute("DROP TABLE pgqueuer CASCADE")
    await migrate(database_address)
    assert await connection.fetchval("SELECT to_regclass('pgqueuer') IS NOT NULL")
    await connection.close()


async def test_data_of_a_newer_version_is_refused(database_address: DatabaseAddress) -> None:
    connection = await asyncpg.connect(**database_address.arguments())
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")
    await connection.close()
    with pytest.raises(SetupProblem) as caught:
        await migrate(database_address)
    assert caught.value.code == "database_newer"


async def to_version(address: DatabaseAddress, revision: str) -> None:
    def upgrade(connection: sql.Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()

    engine = create_async_engine(address.sqlalchemy_url(), connect_args={"ssl": address.tls()})
    async with engine.connect() as connection:
        await connection.run_sync(upgrade)
    await engine.dispose()


@asynccontextmanager
async def migrated(server: DatabaseAddress, revision: str, data: str) -> AsyncIterator[asyncpg.Connection]:
    """A database that had this data when it was at an older version."""
    name = f"test_migrate_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(**server.arguments())
    await connection.execute(f"CREATE DATABASE {name}")
    arguments = server.arguments() | {"database": name}
    del arguments["ssl"]
    address = DatabaseAddress(**arguments)
    try:
        await to_version(address, revision)
        inside = await asyncpg.connect(**address.arguments())
        await inside.execute(data)
        await migrate(address)
        yield inside
        await inside.close()
    finally:
        await drop_database(connection, name)
        await connection.close()


async def test_connections_of_the_first_version_get_their_kind(postgres_server: DatabaseAddress) -> None:
    async with migrated(postgres_server, "0001", OLD_CONNECTIONS) as connection:
        rows = await connection.fetch("SELECT name, kind, settings, state FROM connections ORDER BY name")
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


async def test_flows_of_version_0003_are_published_as_they_were_run(postgres_server: DatabaseAddress) -> None:
    async with migrated(postgres_server, "0003", OLD_FLOWS) as connection:
        flows = await connection.fetch("SELECT name, version, published_number, active FROM flows ORDER BY name")
        versions = await connection.fetch(
            "SELECT flows.name, number, document, published_at = flow_versions.created_at,"
            " published_by = flow_versions.created_by FROM flow_versions"
            " LEFT JOIN flows ON flows.id = flow_id ORDER BY flows.name, number"
        )
    assert [tuple(row) for row in flows] == [("by hand", 1, 1, True), ("off", 2, 2, False), ("on", 1, 1, True)]
    assert [tuple(row) for row in versions] == [
        ("by hand", 1, '{"name": "by hand"}', True, True),
        ("off", 1, '{"name": "off", "trigger": {"kind": "webhook"}}', None, None),
        ("off", 2, '{"name": "off", "trigger": {"kind": "webhook"}}', True, True),
        ("on", 1, '{"name": "on", "trigger": {"kind": "webhook"}}', True, True),
        (None, 0, '{"name": "unsaved", "trigger": {"kind": "webhook"}}', None, None),
    ]


OLD_FLOWS = """
WITH o AS (INSERT INTO organizations (id, name, domain) VALUES (gen_random_uuid(), 'o', 'o') RETURNING id),
t AS (INSERT INTO teams (id, organization_id, name) SELECT gen_random_uuid(), id, 't' FROM o RETURNING id),
u AS (INSERT INTO users (id, name, email) VALUES (gen_random_uuid(), 'u', 'u@x.io') RETURNING id),
f AS (INSERT INTO flows (organization_id, team_id, id, kind, name, version, created_by)
      SELECT o.id, t.id, gen_random_uuid(), 'dataflow', v.name, v.version, u.id
      FROM o, t, u, (VALUES ('by hand', 1), ('off', 2), ('on', 1)) AS v (name, version) RETURNING id, name)
INSERT INTO flow_versions (organization_id, team_id, id, flow_id, number, document, created_by)
SELECT o.id, t.id, gen_random_uuid(), f.id, v.number, v.document::jsonb, u.id
FROM o, t, u, (VALUES
    ('by hand', 1, '{"name": "by hand"}'),
    ('off', 1, '{"name": "off", "trigger": {"kind": "webhook", "enabled": true}}'),
    ('off', 2, '{"name": "off", "trigger": {"kind": "webhook", "enabled": false}}'),
    ('on', 1, '{"name": "on", "trigger": {"kind": "webhook", "enabled": true}}'),
    (NULL, 0, '{"name": "unsaved", "trigger": {"kind": "webhook", "enabled": false}}')
) AS v (name, number, document) LEFT JOIN f ON f.name = v.name
"""


async def test_webhooks_of_version_0005_keep_their_names(postgres_server: DatabaseAddress) -> None:
    async with migrated(postgres_server, "0005", OLD_WEBHOOKS) as connection:
        rows = await connection.fetch(
            "SELECT names.name, flows.name FROM webhook_names AS names JOIN flows ON flows.id = names.flow_id"
        )
    assert [tuple(row) for row in rows] == [("주문", "hooked")]


OLD_WEBHOOKS = """
WITH o AS (INSERT INTO organizations (id, name, domain) VALUES (gen_random_uuid(), 'o', 'o') RETURNING id),
t AS (INSERT INTO teams (id, organization_id, name) SELECT gen_random_uuid(), id, 't' FROM o RETURNING id),
u AS (INSERT INTO users (id, name, email) VALUES (gen_random_uuid(), 'u', 'u@x.io') RETURNING id)
INSERT INTO flows (organization_id, team_id, id, kind, name, webhook_name, version, created_by)
SELECT o.id, t.id, gen_random_uuid(), 'dataflow', v.name, v.hook, 1, u.id
FROM o, t, u, (VALUES ('hooked', '주문'), ('by hand', NULL)) AS v (name, hook)
"""
