"""A real AWS of moto's making: its server in a process of its own, on a free port, stopped by its process id."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.support.serving import free_port

_READY_SECONDS = 30


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
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        moto = Moto(f"http://127.0.0.1:{port}")
        _wait_until_ready(moto, process)
        yield moto
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_ready(moto: Moto, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "moto's server has ended"
        try:
            with urllib.request.urlopen(f"{moto.base}/moto-api/data.json"):
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise AssertionError(f"not ready within {_READY_SECONDS} s")
