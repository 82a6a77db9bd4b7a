"""The two doors to PostgreSQL: an asyncpg pool for the hot path of runs, SQLAlchemy Core for everything else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from outcode.database.absence import connect
from outcode.database.address import DatabaseAddress
from outcode.values import json

Connection = asyncpg.Connection | PoolConnectionProxy

_POOL_SIZE = 8
_SESSION = {"idle_in_transaction_session_timeout": "10s"}
"""A process that is stopped in the middle of a transaction must not keep its locks from the others."""


async def _prepare(connection: asyncpg.Connection) -> None:
    """JSON in our exact form and UUIDs as text, on every connection of the hot path."""
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
    await connection.set_type_codec("uuid", schema="pg_catalog", encoder=str, decoder=str)


async def _nothing_to_reset(_connection: asyncpg.Connection) -> None:
    """Our statements leave nothing behind in a session, so giving one back needs no round trip."""


class Database:
    """Open doors to one database; made by :meth:`open`, ended by :meth:`close`."""

    def __init__(self, address: DatabaseAddress, pool: asyncpg.Pool) -> None:
        self.address = address
        self.pool = pool
        self._engine = create_async_engine(
            address.sqlalchemy_url(),
            connect_args={"ssl": address.tls(), "async_creator_fn": connect},
            json_serializer=json.dumps,
            json_deserializer=json.loads,
            pool_size=_POOL_SIZE,
            max_overflow=0,
            pool_pre_ping=True,
        )

    @classmethod
    async def open(cls, address: DatabaseAddress) -> Self:
        """Connect; the schema must be migrated already."""
        pool = await asyncpg.create_pool(
            **address.arguments(),
            min_size=1,
            max_size=_POOL_SIZE,
            init=_prepare,
            reset=_nothing_to_reset,
            connect=connect,
            server_settings=_SESSION,
        )
        return cls(address, pool)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction of SQLAlchemy Core, committed at the end, rolled back by an exception."""
        async with self._engine.begin() as connection:
            yield connection

    async def close(self) -> None:
        """Close both doors."""
        await self._engine.dispose()
        await self.pool.close()
