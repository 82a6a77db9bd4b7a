"""Server and worker as processes of their own on one database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from outcode.values import json
from tests.support.serving import Serving, serving

FLOW: dict[str, Any] = {
    "outcode": 1,
    "kind": "dataflow",
    "name": "Slow count",
    "tasks": {
        "a": {
            "app": "javascript",
            "action": "function_execution",
            "inputs": {"code": "await new Promise(done => setTimeout(done, 400)); return 1"},
        },
        "b": {
            "app": "javascript",
            "action": "function_execution",
            "inputs": {"code": "return input.n + 1", "input": {"n": "{{a}}"}},
        },
    },
}


@pytest.fixture
def key(server: Serving) -> str:
    command = [sys.executable, "-m", "outcode", "keys", "add", "tests", "--data-dir", str(server.folder)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def server() -> Any:
    with serving("--role", "server") as running:
        yield running


def worker(folder: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "outcode", "serve", "--role", "worker", "--data-dir", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ))


def begin(server: Serving, key: str) -> str:
    run = server.call("POST", "/api/v1/runs", {"document": FLOW}, key)
    return str(run["id"])


def ended(server: Serving, key: str, run_id: str, seconds: float = 120) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        run = server.call("GET", f"/api/v1/runs/{run_id}", None, key)
        if run["state"] not in {"waiting", "running"}:
            return run
        time.sleep(0.1)
    raise AssertionError(json.dumps(run))


def test_a_worker_takes_what_the_server_accepted_and_another_takes_over(server: Serving, key: str) -> None:
    waiting = begin(server, key)
    time.sleep(1)
    assert server.call("GET", f"/api/v1/runs/{waiting}", None, key)["state"] == "waiting"

    first = worker(server.folder)
    try:
        assert ended(server, key, waiting)["state"] == "done"
        in_flight = begin(server, key)
        while server.call("GET", f"/api/v1/runs/{in_flight}", None, key)["state"] == "waiting":
            time.sleep(0.02)
    finally:
        first.send_signal(signal.SIGKILL)
        first.wait()

    second = worker(server.folder)
    try:
        run = ended(server, key, in_flight)
        assert run["state"] == "done"
        result = server.call("GET", f"/api/v1/runs/{in_flight}/tasks/b/result", None, key)
        assert result["value"] == 2
    finally:
        second.send_signal(signal.SIGTERM)
        assert second.wait(90) == 0
