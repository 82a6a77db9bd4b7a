"""A database that is away for a moment: who needs it waits, and what must be written is written afterwards."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from outcode.database import absence
from outcode.database.absence import connect, is_away, outlast
from outcode.database.address import DatabaseAddress


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (asyncpg.AdminShutdownError("x"), True),
        (asyncpg.CannotConnectNowError("x"), True),
        (asyncpg.ConnectionDoesNotExistError("x"), True),
        (asyncpg.InterfaceError("connection is closed"), True),
        (ConnectionRefusedError(), True),
        (FileNotFoundError(2, "no socket"), True),
        (FileNotFoundError(2, "no such file", "/data/blob"), False),
        (OSError(28, "No space left on device"), False),
        (asyncpg.DiskFullError("x"), False),
        (asyncpg.UndefinedColumnError("x"), False),
        (TimeoutError(), False),
        (DBAPIError("q", None, asyncpg.AdminShutdownError("x")), True),
        (IntegrityError("q", None, asyncpg.UniqueViolationError("x")), False),
    ],
)
def test_absence_is_told_from_other_trouble(error: Exception, away: bool) -> None:
    assert is_away(error) is away


async def test_a_connection_is_waited_for(
    database_address: DatabaseAddress, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    arguments = database_address.arguments()
    socket = tmp_path_factory.mktemp("s") / "socket"
    arguments["host"] = str(socket)
    connecting = asyncio.create_task(connect(**arguments))
    await asyncio.sleep(0.3)
    assert not connecting.done()
    socket.symlink_to(database_address.host)
    connection = await asyncio.wait_for(connecting, 30)
    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
    socket.unlink()
    monkeypatch.setattr(absence, "PATIENCE_SECONDS", 0.2)
    with pytest.raises(OSError):  # noqa: PT011 - whatever the missing socket is called
        await connect(**arguments)


async def test_a_refusal_is_not_waited_out(database_address: DatabaseAddress) -> None:
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncio.wait_for(connect(**{**database_address.arguments(), "database": "nowhere"}), 5)


async def test_work_is_done_again_until_the_database_is_back() -> None:
    tries: list[int] = []

    async def work() -> int:
        tries.append(1)
        if len(tries) < 4:
            raise asyncpg.AdminShutdownError("x")
        return len(tries)

    assert await outlast(work, lambda: False) == 4


async def test_work_ends_with_other_trouble_or_when_we_close() -> None:
    async def refused() -> None:
        raise asyncpg.UniqueViolationError("x")

    async def away() -> None:
        raise asyncpg.InterfaceError("pool is closed")

    with pytest.raises(asyncpg.UniqueViolationError):
        await outlast(refused, lambda: False)
    with pytest.raises(asyncpg.InterfaceError):
        await outlast(away, lambda: True)
