"""Databases that tests make on a running PostgreSQL, and take away again."""

from __future__ import annotations

import asyncio

import asyncpg

_TRIES = 50


async def create_database(connection: asyncpg.Connection, name: str, template: str) -> None:
    """Copy a database that nobody uses; whatever PostgreSQL itself does in it for a moment is waited for."""
    for left in reversed(range(_TRIES)):
        try:
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        except asyncpg.ObjectInUseError:
            if left == 0:
                raise
            await asyncio.sleep(0.2)
        else:
            return


async def drop_database(connection: asyncpg.Connection, name: str) -> None:
    """Drop a database with whatever is connected to it.

    An autovacuum worker may be at work in it for a moment; only a superuser may end that one, so it is waited for.
    """
    for left in reversed(range(_TRIES)):
        try:
            await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        except asyncpg.InsufficientPrivilegeError:
            if left == 0:
                raise
            await asyncio.sleep(0.2)
        else:
            return
