"""Applies what a database lacks of the schema: our tables by Alembic, the queue's own by PgQueuer.

Several processes may start at once; an advisory lock lets one migrate while the others wait.
"""

from __future__ import annotations

import asyncpg
import sqlalchemy as sql
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries
from sqlalchemy.ext.asyncio import create_async_engine

from outcode.database.address import DatabaseAddress
from outcode.database.revisions import MIGRATIONS
from outcode.values.problems import SetupProblem

_LOCK = 0x6F7574636F6465  # "outcode"


def alembic_config() -> Config:
    """Alembic's settings, made in code: there is no alembic.ini to find."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


async def upgrade(address: DatabaseAddress) -> None:
    """Apply what is missing; raises SetupProblem when the data is from a newer Outcode."""
    engine = create_async_engine(address.sqlalchemy_url(), connect_args={"ssl": address.tls()}, poolclass=sql.NullPool)
    try:
        async with engine.connect() as connection:
            await connection.execute(sql.text("SELECT pg_advisory_lock(:lock)"), {"lock": _LOCK})
            await connection.commit()
            await connection.run_sync(_upgrade)
            await _install_queue(address)
            await connection.execute(sql.text("SELECT pg_advisory_unlock(:lock)"), {"lock": _LOCK})
            await connection.commit()
    finally:
        await engine.dispose()


def _upgrade(connection: sql.Connection) -> None:
    config = alembic_config()
    scripts = ScriptDirectory.from_config(config)
    current = MigrationContext.configure(connection).get_current_revision()
    if current == scripts.get_current_head():
        return
    if current is not None and current not in {script.revision for script in scripts.walk_revisions()}:
        raise SetupProblem("database_newer", revision=current)
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    connection.commit()


async def _install_queue(address: DatabaseAddress) -> None:
    connection = await asyncpg.connect(**address.arguments())
    try:
        queries = Queries(AsyncpgDriver(connection))
        if await queries.schema_is_installed():
            await queries.upgrade()
        else:
            await queries.install()
    finally:
        await connection.close()
