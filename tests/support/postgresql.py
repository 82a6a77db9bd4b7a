"""A PostgreSQL of a team's own: a server on a loopback TCP port, from the binaries that come with us."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg

from outcode.database.binaries import find, usable
from outcode.database.data_folder import prepare
from outcode.database.postmaster import SUPERUSER, Postmaster, initialize, launch, settings
from tests.support.serving import free_port
from tests.support.shell import open_folder


@dataclass(frozen=True)
class TcpPostgresql:
    """A running server; its administrator may do everything."""

    port: int
    password: str

    def fields(self, database: str) -> dict[str, Any]:
        """The fields of a connection to one of its databases."""
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "database": database,
            "username": SUPERUSER,
            "password": self.password,
            "sslmode": "disable",
        }

    def url(self, database: str) -> str:
        """The address of one of its databases, as ``OUTCODE_DATABASE_URL`` takes it."""
        password = quote(self.password, safe="")
        return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{self.port}/{database}?sslmode=disable"

    async def connect(self, database: str) -> asyncpg.Connection:
        """A session of our own, past Outcode."""
        return await asyncpg.connect(
            host="127.0.0.1", port=self.port, user=SUPERUSER, password=self.password, database=database, ssl=False
        )

    async def create(self, database: str, script: str) -> None:
        """Make a database and run a script in it."""
        session = await self.connect("postgres")
        await session.execute(f"CREATE DATABASE {database}")
        await session.close()
        session = await self.connect(database)
        await session.execute(script)
        await session.close()

    async def fetch(self, database: str, query: str) -> list[tuple[Any, ...]]:
        """What a query finds."""
        session = await self.connect(database)
        rows = [tuple(row) for row in await session.fetch(query)]
        await session.close()
        return rows


@contextmanager
def tcp_postgresql() -> Iterator[TcpPostgresql]:
    """Make a cluster, serve it on a free port, and stop it at the end."""
    with open_folder() as place:
        postmaster, server = asyncio.run(_start(place / "data"))
        try:
            yield server
        finally:
            asyncio.run(postmaster.stop())


async def _start(folder: Path) -> tuple[Postmaster, TcpPostgresql]:
    data = prepare(folder)
    binaries = usable(find(None), data.account, data.binaries)
    server = TcpPostgresql(free_port(), data.password())
    initialize(data, binaries, server.password)
    chosen = settings(binaries, data.make_socket_folder())
    chosen |= {"listen_addresses": "127.0.0.1", "port": str(server.port), "fsync": "off"}
    return await launch(data, binaries, chosen, None), server


def load(server: TcpPostgresql, database: str, script: str) -> None:
    """``create`` for fixtures that are not asynchronous."""
    asyncio.run(server.create(database, script))
