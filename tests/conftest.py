"""What many rooms' tests share: one PostgreSQL a test process, an empty migrated database and an instance a test."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
import uuid
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import asyncpg
import pytest

from outcode.database.address import DatabaseAddress
from outcode.database.embedded import EmbeddedPostgres
from outcode.database.migrate import migrate
from outcode.runs.instance import Instance, open_instance
from outcode.workspace.keys import add_api_key
from outcode.workspace.people import create_workspace
from outcode.workspace.scope import Scope
from outcode.workspace.settings import Settings
from tests.support.databases import create_database, drop_database

Result = TypeVar("Result")
_TEMPLATE = "template_outcode"


def database_url(address: DatabaseAddress, database: str) -> str:
    """The address as ``OUTCODE_DATABASE_URL`` would name it, for another database of the same server."""
    password = quote(address.password or "", safe="")
    return f"postgresql://{address.user}:{password}@/{database}?host={quote(address.host, safe='')}&sslmode=disable"


class _Server:
    """The embedded PostgreSQL of this test process, on an event loop of its own for as long as the session lasts."""

    def __init__(self, folder: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._wait(EmbeddedPostgres.start(folder, holder="tests"))
        self.address = self._server.address
        self._wait(self._make_template())

    def _wait(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(300)

    async def _make_template(self) -> None:
        connection = await asyncpg.connect(**self.address.arguments())
        await connection.execute(f"CREATE DATABASE {_TEMPLATE}")
        await connection.close()
        await migrate(_of(self.address, _TEMPLATE))

    def stop(self) -> None:
        self._wait(self._server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _of(address: DatabaseAddress, database: str) -> DatabaseAddress:
    return DatabaseAddress(
        host=address.host, port=address.port, user=address.user, password=address.password, database=database
    )


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[DatabaseAddress]:
    """A running PostgreSQL of our own; its role may create databases."""
    # pytest's own folders are 0700, which the account that PostgreSQL runs as under root cannot pass.
    folder = Path(tempfile.mkdtemp(prefix="ot-")).resolve()
    folder.chmod(0o711)
    server = _Server(folder / "data")
    yield server.address
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def database_address(postgres_server: DatabaseAddress) -> AsyncIterator[DatabaseAddress]:
    """An empty database with the current schema, for one test."""
    name = f"test_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(**postgres_server.arguments())
    await create_database(connection, name, _TEMPLATE)
    yield _of(postgres_server, name)
    try:
        await drop_database(connection, name)
    finally:
        await connection.close()


@pytest.fixture
def settings(database_address: DatabaseAddress, tmp_path: Path) -> Settings:
    """Settings of an instance on that database; flows may reach loopback ports of the tests."""
    return Settings(
        folder=tmp_path / "data",
        database_url=database_url(database_address, database_address.database),
        egress_allow="127.0.0.1",
    )


@dataclass(frozen=True)
class Place:
    """An instance with one workspace: organization ``acme``, one team, one administrator and their API key."""

    instance: Instance
    scope: Scope
    key: str


@pytest.fixture
async def place(settings: Settings) -> AsyncIterator[Place]:
    """A whole instance that carries runs; nothing of it is replaced by a stand-in."""
    async with open_instance(settings, holder="tests") as instance:
        scope = await create_workspace(
            instance.database, organization="Acme", domain="acme", team="Sales", user="Kim", email="kim@acme.test"
        )
        instance.worker.start(consume=True)
        yield Place(instance, scope, await add_api_key(instance.database, scope, "tests"))
        await instance.worker.stop()
