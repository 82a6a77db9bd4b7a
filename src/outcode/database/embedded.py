"""The database that comes along: PostgreSQL's life from the first start to the last stop, in one data folder.

Nothing to install, no port, no system user. Whoever starts it owns the folder until the end of its process; killed
with -9 it leaves PostgreSQL running, and the next owner takes that over or lets it recover.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg

from outcode.database.address import DatabaseAddress
from outcode.database.binaries import Binaries, find, usable
from outcode.database.data_folder import PORT, DataFolder, existing, prepare, telling
from outcode.database.lock import FolderLock, holder_of
from outcode.database.postmaster import SUPERUSER, Postmaster, initialize, launch, settings
from outcode.values.problems import SetupProblem

NAME = "outcode"  # of the database and of the role that owns it
DEATHS = 3
DEATHS_SECONDS = 60.0
ANSWER_SECONDS = 10.0
ATTACH_SECONDS = 10.0
NO_ANSWER = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


class EmbeddedPostgres:
    """A PostgreSQL server of ours on one data folder, which nobody else owns meanwhile.

    ``address`` is where ``outcode`` (the database, owned by a role of the same name without superuser rights) is.

    >>> async with await EmbeddedPostgres.start(Path(".outcode"), holder="outcode run") as server:  # doctest: +SKIP
    ...     connection = await asyncpg.connect(**server.address.arguments())
    """

    address: DatabaseAddress

    def __init__(self, folder: DataFolder, lock: FolderLock, on_wait: Callable[[str], None] | None) -> None:
        self._folder = folder
        self._lock = lock
        self._on_wait = on_wait
        self._postmaster: Postmaster | None = None
        self._changing = asyncio.Lock()
        self._stopped = False
        self._deaths: deque[float] = deque(maxlen=DEATHS)

    @classmethod
    async def start(cls, folder: Path, *, holder: str, on_wait: Callable[[str], None] | None = None) -> Self:
        """Takes the folder, makes the cluster if it is new, and returns once the database can be used.

        ``holder`` says who we are to those who come later, such as ``outcode run --port 8000``. ``on_wait`` hears what
        PostgreSQL says while it starts, which matters when it recovers from a crash for minutes. Raises SetupProblem
        when the folder is held by another process, cannot be used, or PostgreSQL does not start.
        """
        data = await asyncio.to_thread(prepare, folder)
        with telling(data.path):
            server = cls(data, await FolderLock.take(data.lock, holder), on_wait)
        try:
            await server._bring_up()
            await server._ensure_database()
        except BaseException:
            await server.stop()
            raise
        return server

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Ends all sessions, stops PostgreSQL and lets the folder go; safe to repeat.

        Raises SetupProblem when the server process does not end; the folder is let go nevertheless.
        """
        async with self._changing:
            if self._stopped:
                return
            self._stopped = True
            try:
                if self._postmaster is not None:
                    await self._postmaster.stop()
                    await asyncio.to_thread(self._folder.drop_socket_folder)
            finally:
                self._lock.release()

    async def supervise(self) -> None:
        """Starts PostgreSQL again whenever its main process dies; runs until ``stop`` or until it is cancelled.

        Open connections break then and have to be made anew, to the same address. Raises SetupProblem after three
        deaths within a minute, or when it does not start again.
        """
        while self._postmaster is not None:
            await self._postmaster.died()
            async with self._changing:
                if self._stopped:
                    return
                if self._postmaster.alive():
                    continue
                self._deaths.append(time.monotonic())
                if len(self._deaths) == DEATHS and self._deaths[-1] - self._deaths[0] < DEATHS_SECONDS:
                    raise SetupProblem("database_keeps_dying", deaths=DEATHS, log=self._folder.log)
                await self._bring_up()

    async def _bring_up(self) -> None:
        folder = self._folder
        with telling(folder.path):
            binaries, password, sockets = await asyncio.to_thread(self._make_ready)
            self.address = _address(sockets, password)
            chosen = settings(binaries, sockets)
            self._postmaster = await self._adopt(chosen["cluster_name"])
            if self._postmaster is None:
                self._postmaster = await launch(folder, binaries, chosen, self._on_wait)

    def _make_ready(self) -> tuple[Binaries, str, Path]:
        """What a server needs: programs that its account can run, its password, its cluster, the socket's folder."""
        folder = self._folder
        version = folder.cluster_version()
        binaries = usable(find(version), folder.account, folder.binaries)
        password = folder.password()
        if version is None:
            initialize(folder, binaries, password)
        return binaries, password, folder.make_socket_folder()

    async def _adopt(self, cluster_name: str) -> Postmaster | None:
        """The server that a killed owner left behind, if it is well and like the one that we would start."""
        leftover = Postmaster.leftover(self._folder)
        if leftover is None:
            return None
        log_start = self._folder.log_size()
        if leftover.state != "stopping" and await leftover.ready(log_start, self._on_wait):
            try:
                if await self._identity() == (str(self._folder.cluster), cluster_name):
                    return leftover
            except NO_ANSWER:
                pass
        await leftover.stop()
        return None

    async def _identity(self) -> tuple[str, str]:
        connection = await asyncpg.connect(**self._superuser().arguments(), timeout=ANSWER_SECONDS)
        try:
            question = "SELECT current_setting('data_directory'), current_setting('cluster_name')"
            directory, name = await connection.fetchrow(question, timeout=ANSWER_SECONDS)
            return directory, name
        finally:
            await connection.close(timeout=ANSWER_SECONDS)

    async def _ensure_database(self) -> None:
        try:
            connection = await asyncpg.connect(**self._superuser().arguments(), timeout=ANSWER_SECONDS)
        except asyncpg.InvalidPasswordError:
            raise SetupProblem("database_password_refused", file=self._folder.password_file) from None
        except NO_ANSWER as error:
            raise SetupProblem("database_no_answer", error=type(error).__name__, log=self._folder.log) from error
        try:
            if not await connection.fetchval("SELECT count(*) FROM pg_roles WHERE rolname = $1", NAME):
                quoting = "SELECT format('CREATE ROLE %I LOGIN CREATEDB PASSWORD %L', $1::text, $2::text)"
                await connection.execute(await connection.fetchval(quoting, NAME, self.address.password))
            if not await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", NAME):
                await connection.execute(f"CREATE DATABASE {NAME} OWNER {NAME}")
        finally:
            await connection.close(timeout=ANSWER_SECONDS)

    def _superuser(self) -> DatabaseAddress:
        return replace(self.address, user=SUPERUSER, database="postgres")


async def attach(folder: Path) -> DatabaseAddress | None:
    """The address of the database whose folder a live process owns, for a command line next to it; None without one.

    Waits a moment for an owner that is just starting, then raises SetupProblem.
    """
    data = await asyncio.to_thread(existing, folder)
    if data is None:
        return None
    deadline = time.monotonic() + ATTACH_SECONDS
    while (holder := holder_of(data.lock)) is not None:
        password = data.stored_password()
        if password is not None:
            address = _address(data.socket_folder(), password)
            if await _answers(address):
                return address
        if time.monotonic() > deadline:
            raise SetupProblem(
                "database_starting", folder=data.path, pid=holder.pid or "?", holder=holder.what or "?", log=data.log
            )
        await asyncio.sleep(0.1)
    return None


async def _answers(address: DatabaseAddress) -> bool:
    try:
        connection = await asyncpg.connect(**address.arguments(), timeout=ANSWER_SECONDS)
        await connection.close(timeout=ANSWER_SECONDS)
    except NO_ANSWER:
        return False
    return True


def _address(sockets: Path, password: str) -> DatabaseAddress:
    return DatabaseAddress(host=str(sockets), port=PORT, user=NAME, password=password, database=NAME)
