"""A real ``outcode serve`` process on free ports, with a data folder of its own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from outcode.values import json

_READY_SECONDS = 120


class Serving:
    """A running server: ``base`` is its address, ``folder`` its data, ``said`` what it has printed."""

    def __init__(self, process: subprocess.Popen[bytes], base: str, folder: Path, log: Path) -> None:
        self.process = process
        self.base = base
        self.folder = folder
        self._log = log

    @property
    def said(self) -> str:
        """Everything printed so far."""
        return self._log.read_text("utf-8")

    @property
    def start_link(self) -> str:
        """The one-time link that the server printed."""
        found = re.search(r"http://\S+/start\?token=\S+", self.said)
        assert found is not None, self.said
        return found[0]

    @property
    def key(self) -> str:
        """The API key of the example workspace."""
        return (self.folder / "keys" / "example-api-key").read_text()

    def call(self, method: str, path: str, body: Any, key: str) -> Any:
        """Call the API with a key and read its JSON."""
        data = None if body is None else json.dump_bytes(body)
        headers = {"X-OUTCODE-API-KEY": key, "Content-Type": "application/json"}
        request = urllib.request.Request(self.base + path, data=data, headers=headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.loads(answer.read())


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def new_place() -> Iterator[Path]:
    """A folder for a server's data and log, removed at the end."""
    # pytest's own folders are 0700, which the account that PostgreSQL runs as under root cannot pass.
    place = Path(tempfile.mkdtemp(prefix="ot-")).resolve()
    place.chmod(0o711)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def serving(*options: str, place: Path | None = None) -> Iterator[Serving]:
    """Start a server and stop it by its process id at the end; a ``place`` of an earlier one is used again."""
    with nullcontext(place) if place else new_place() as home, _running(home, options) as server:
        yield server


@contextmanager
def _running(place: Path, options: tuple[str, ...]) -> Iterator[Serving]:
    port = free_port()
    log = place / "log"
    command = [sys.executable, "-m", "outcode", "serve", "--port", str(port), "--data-dir", str(place / "data")]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *options], stdout=output, stderr=subprocess.STDOUT, env=os.environ | {"PYTHONUNBUFFERED": "1"}
        )
    server = Serving(process, f"http://127.0.0.1:{port}", place / "data", log)
    try:
        _wait_until_ready(server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(90)
        finally:
            process.kill()


def _wait_until_ready(server: Serving) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        assert server.process.poll() is None, server.said
        try:
            with urllib.request.urlopen(f"{server.base}/readyz") as answer:
                if answer.status == 200 and "token=" in server.said:
                    return
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.1)
    raise AssertionError(f"not ready within {_READY_SECONDS} s:\n{server.said}")
