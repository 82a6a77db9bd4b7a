"""Brings a database to the current schema, or finds in one query that it is there already, as at most starts."""

from __future__ import annotations

import asyncpg

from outcode.database.address import DatabaseAddress
from outcode.database.revisions import newest

_REVISION = "SELECT version_num FROM alembic_version WHERE to_regclass('pgqueuer') IS NOT NULL"


async def migrate(address: DatabaseAddress) -> None:
    """Apply what is missing; raises SetupProblem when the data is from a newer Outcode."""
    if await _revision(address) != newest():
        from outcode.database.upgrade import upgrade  # noqa: PLC0415 - Alembic, which few starts need

        await upgrade(address)


async def _revision(address: DatabaseAddress) -> str | None:
    """What the database says of itself; None for an empty one, and for one whose queue is not there yet."""
    connection = await asyncpg.connect(**address.arguments())
    try:
        revision: str | None = await connection.fetchval(_REVISION)
    except asyncpg.UndefinedTableError:
        return None
    finally:
        await connection.close()
    return revision
