"""A MariaDB of a team's own: a server on a loopback TCP port, with users, rights and TLS as in real life."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pymysql
import pytest
from pymysql.cursors import Cursor

from tests.support.serving import free_port
from tests.support.shell import open_folder

USER = "outcode"
PASSWORD = "s3cret-Pass'wörd"
DATABASE = "shop"
_SYSTEM = "/usr/sbin:/usr/local/sbin:/usr/bin:/opt/homebrew/bin"
_SERVER = shutil.which("mariadbd") or shutil.which("mariadbd", path=_SYSTEM)
_INSTALLER = shutil.which("mariadb-install-db") or shutil.which("mariadb-install-db", path=_SYSTEM)
_USERS = """
CREATE DATABASE IF NOT EXISTS {database} CHARACTER SET utf8mb4;
CREATE OR REPLACE USER {user}@'%' IDENTIFIED BY '{password}';
GRANT ALL ON *.* TO {user}@'%' WITH GRANT OPTION;
"""


@dataclass(frozen=True)
class TeamConnection:
    """What the workspace would hand over."""

    id: str
    version: int
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Mariadb:
    """A running server; its user may do everything."""

    port: int
    password: str = PASSWORD
    database: str = DATABASE

    def fields(self, **changed: Any) -> dict[str, Any]:
        """The fields of a connection to it, some replaced."""
        known = {"host": "127.0.0.1", "port": self.port, "username": USER, "password": self.password}
        return known | {"database": self.database} | changed

    def connection(self, *, version: int = 1, **changed: Any) -> TeamConnection:
        """A connection to it, some fields replaced."""
        return TeamConnection("connection-1", version, self.fields(**changed))

    def connect(self, **options: Any) -> pymysql.Connection[Cursor]:
        """A session of our own, past Outcode."""
        known = {"database": self.database, "charset": "utf8mb4", "autocommit": True, "ssl_disabled": True}
        given: dict[str, Any] = known | options
        return pymysql.connect(host="127.0.0.1", port=self.port, user=USER, password=self.password.encode(), **given)

    def fetch(self, statement: str) -> list[tuple[Any, ...]]:
        """What a statement finds."""
        session = self.connect()
        with session, session.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())


@contextmanager
def mariadb_server(certificate: Path | None = None) -> Iterator[Mariadb]:
    """Make a data folder, serve it on a free port, and stop it by its process id at the end.

    ``certificate``: a PEM file with certificate and key, with which the server offers TLS. Skips where MariaDB is not
    installed.
    """
    if _SERVER is None or _INSTALLER is None:
        pytest.skip("mariadbd is not installed (Debian: apt-get install mariadb-server)")
    with open_folder() as folder:
        _own(folder)
        install = [_INSTALLER, "--no-defaults", f"--datadir={folder / 'data'}", "--skip-test-db"]
        install += ["--auth-root-authentication-method=normal"]
        made = subprocess.run(install, capture_output=True, text=True, check=False, cwd=folder, **_as_user())
        assert made.returncode == 0, made.stdout + made.stderr
        first = _USERS.format(database=DATABASE, user=USER, password=PASSWORD.replace("'", "''"))
        (folder / "users.sql").write_text(first, "utf-8")
        if certificate is not None:
            shutil.copy(certificate, folder / "server.pem")
            _own(folder / "server.pem")
        port, process = _start(_SERVER, folder, encrypted=certificate is not None)
        try:
            yield Mariadb(port)
        finally:
            process.terminate()
            process.wait(60)


def _start(binary: str, folder: Path, *, encrypted: bool) -> tuple[int, subprocess.Popen[bytes]]:
    """Start a server on a free port, and on another one where somebody was faster."""
    options = [f"--datadir={folder / 'data'}", f"--tmpdir={folder}", f"--socket={folder / 'socket'}"]
    options += [f"--init-file={folder / 'users.sql'}", "--bind-address=127.0.0.1", "--character-set-server=utf8mb4"]
    options += ["--skip-innodb-doublewrite", "--innodb-flush-log-at-trx-commit=0", "--innodb-use-native-aio=0"]
    options += ["--innodb-buffer-pool-size=16M", "--skip-name-resolve", "--max-allowed-packet=4M"]
    if encrypted:
        options += [f"--ssl-cert={folder / 'server.pem'}", f"--ssl-key={folder / 'server.pem'}"]
    for attempt in range(5):
        port = free_port()
        command = [binary, "--no-defaults", f"--port={port}", *options]
        log = folder / f"log-{attempt}"
        with log.open("wb") as output:
            process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output, **_as_user())
        deadline = time.monotonic() + 90
        while process.poll() is None and b"ready for connections" not in log.read_bytes():
            if time.monotonic() > deadline:
                process.kill()
            time.sleep(0.05)
        if process.poll() is None:
            return port, process
        assert b"Bind on TCP/IP port" in log.read_bytes(), log.read_text()
    raise AssertionError("no port was free")


@asynccontextmanager
async def without_tls(server: Mariadb) -> AsyncIterator[Mariadb]:
    """The same server as one that does not offer TLS: the bit that says so is cleared in its greeting."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind = await asyncio.open_connection("127.0.0.1", server.port)
        with suppress(OSError, asyncio.IncompleteReadError):
            header = await behind_reader.readexactly(4)
            greeting = bytearray(await behind_reader.readexactly(int.from_bytes(header[:3], "little")))
            greeting[greeting.index(0, 1) + 1 + 4 + 8 + 1 + 1] &= 0xFF - 0x08
            writer.write(header + greeting)
            await asyncio.gather(_hand_on(reader, behind), _hand_on(behind_reader, writer))
        behind.close()
        writer.close()

    proxy = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield replace(server, port=proxy.sockets[0].getsockname()[1])
    finally:
        proxy.close()
        await asyncio.sleep(0.05)


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while content := await reader.read(65536):
            writer.write(content)
            await writer.drain()
    writer.close()


def _as_user() -> dict[str, Any]:
    """MariaDB does not run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _own(path: Path) -> None:
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
