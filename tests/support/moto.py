"""A real AWS of moto's making: its server in a process of its own, on a free port, stopped by its process id."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.serving import free_port

_READY_SECONDS = 90


@dataclass(frozen=True)
class Moto:
    """A running server; ``base`` is where every service of it answers."""

    base: str

    def check_keys(self, *, after_calls: float = 0) -> None:
        """From now on (or after so many calls) keys, signatures and policies are checked as AWS checks them."""
        self._post("reset-auth", str(after_calls).encode())

    def trust_everybody(self) -> None:
        """No key is checked any more."""
        self.check_keys(after_calls=float("inf"))

    def _post(self, path: str, body: bytes) -> None:
        headers = {"Content-Type": "text/plain"}
        request = urllib.request.Request(f"{self.base}/moto-api/{path}", data=body, headers=headers, method="POST")
        with urllib.request.urlopen(request):
            pass


@contextmanager
def moto_server() -> Iterator[Moto]:
    """Start a server, stop it at the end."""
    with tempfile.TemporaryDirectory(prefix="ot-moto-") as folder:
        moto, process = _start(Path(folder))
        try:
            yield moto
        finally:
            process.terminate()
            process.wait(60)


def _start(folder: Path) -> tuple[Moto, subprocess.Popen[bytes]]:
    """Start a server on a free port, and on another one where somebody was faster."""
    for attempt in range(5):
        port = free_port()
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
        log = folder / f"log-{attempt}"
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)
        deadline = time.monotonic() + _READY_SECONDS
        # Whoever was faster may answer, too; the server says itself that it listens.
        while process.poll() is None and b"Running on http://" not in log.read_bytes():
            if time.monotonic() > deadline:
                process.kill()
            time.sleep(0.05)
        if process.poll() is None:
            return Moto(f"http://127.0.0.1:{port}"), process
        assert b"is in use" in log.read_bytes(), log.read_text("utf-8", "replace")
    raise AssertionError("no port was free")
