"""A real redis-server on a free loopback port, with users, a password or TLS as asked, stopped by its process id."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.serving import free_port

PASSWORD = "s3cret-Pass'wörd"
TLS_NAME = "redis.example.com"
_START_SECONDS = 60


@dataclass(frozen=True)
class RedisConnection:
    """What the workspace would hand over."""

    id: str
    version: int
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class RedisServer:
    """A running server; behind TLS with the certificate authority's PEM text."""

    port: int
    process: subprocess.Popen[bytes]
    login: Mapping[str, Any] = field(default_factory=dict)
    certificate: str = ""

    def connection(self, version: int = 1, **fields: Any) -> RedisConnection:
        """A connection to this server, some fields replaced."""
        return RedisConnection("redis-1", version, {"host": "127.0.0.1", "port": self.port, **self.login, **fields})

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Send the process a signal and wait for its end."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(60)
            raise


@contextmanager
def redis_server(
    *settings: str, password: str | None = None, tls: bool = False, port: int | None = None
) -> Iterator[RedisServer]:
    """Start a server that keeps nothing on disk; ``settings`` are further lines of its redis.conf.

    Skips the test where there is no redis-server on this machine.
    """
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is not installed")
    folder = Path(tempfile.mkdtemp(prefix="ot-redis-")).resolve()
    given = [f"dir {folder}", "bind 127.0.0.1", 'save ""', "appendonly no", "daemonize no", "enable-debug-command yes"]
    given += [f'requirepass "{password}"'] if password else []
    if tls:
        _certificate(folder)
    certificate = (folder / "server.crt").read_text() if tls else ""
    try:
        chosen, process = _start(program, folder, [*given, *settings], port, tls=tls)
        server = RedisServer(chosen, process, {"password": password} if password else {}, certificate)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(
    program: str, folder: Path, settings: list[str], port: int | None, *, tls: bool
) -> tuple[int, subprocess.Popen[bytes]]:
    """Start a server on that port, or on a free one and on another one where somebody was faster."""
    for attempt in range(5):
        chosen = free_port() if port is None else port
        listening = _tls(folder, chosen) if tls else [f"port {chosen}"]
        (folder / "redis.conf").write_text("\n".join([*listening, *settings]) + "\n", "utf-8")
        log = folder / f"log-{attempt}"
        with log.open("wb") as output:
            process = subprocess.Popen([program, str(folder / "redis.conf")], stdout=output, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + _START_SECONDS
        while process.poll() is None and b"eady to accept connections" not in log.read_bytes():
            if time.monotonic() > deadline:
                process.kill()
            time.sleep(0.01)
        if process.poll() is None:
            return chosen, process
        assert b"bind" in log.read_bytes().lower(), log.read_text("utf-8", "replace")
        time.sleep(0 if port is None else 1)  # who has taken that very port may let it go
    raise AssertionError("no port was free")


def _tls(folder: Path, port: int) -> list[str]:
    files = [f"tls-cert-file {folder}/server.crt", f"tls-key-file {folder}/server.key"]
    return ["port 0", f"tls-port {port}", *files, f"tls-ca-cert-file {folder}/server.crt", "tls-auth-clients no"]


def _certificate(folder: Path) -> None:
    """A certificate for ``redis.example.com`` and 127.0.0.1, signed by itself."""
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
    (folder / "server.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
