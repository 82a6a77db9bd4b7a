"""A data folder's life: alone, killed, started again, told to stop."""

from __future__ import annotations

import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outcode.values import json
from tests.support.serving import free_port
from tests.support.shell import ROOT, open_folder, outcode, started, stop, wait_for


def call(port: int, key: str, path: str, body: Any = None) -> Any:
    data = None if body is None else json.dump_bytes(body)
    headers = {"X-OUTCODE-API-KEY": key, "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1{path}", data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


def begin(port: int, key: str, task: dict[str, Any]) -> str:
    document = {"outcode": 1, "kind": "dataflow", "name": "Life", "tasks": {"a": task}}
    return str(call(port, key, "/runs", {"document": document, "input": {}, "test": False})["id"])


def until(port: int, key: str, run: str, holds: Callable[[Any], bool]) -> Any:
    """The run once something holds of it."""
    deadline = time.monotonic() + 120
    while not holds(found := call(port, key, f"/runs/{run}")):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def has_begun(run: Any) -> bool:
    return bool(run["tasks"][0]["state"] != "waiting")


def has_ended(run: Any) -> bool:
    return run["finished_at"] is not None


def script(seconds: int) -> dict[str, Any]:
    """A task that ends at a moment, also where it is begun again."""
    code = f"while (Date.now() < {int((time.time() + seconds) * 1000)}) {{}} return 'done'"
    return {"app": "javascript", "action": "function_execution", "inputs": {"code": code, "timeout_seconds": 60}}


def alive(folder: Path) -> bool:
    """Whether a PostgreSQL of the folder still runs."""
    file = folder / "postgres" / "postmaster.pid"
    if not file.exists():
        return False
    try:
        os.kill(int(file.read_text().split()[0]), 0)
    except ProcessLookupError:
        return False
    return True


def test_a_run_in_an_empty_folder_needs_nothing_else() -> None:
    with open_folder() as folder:
        said = outcode("run", ROOT / "examples/hello-webhook.yaml", "--input", '{"name": "Roy"}', cwd=folder)
        assert said.code == 0, said
        assert json.loads(said.out)["greeting"] == "Hello Roy!"
        assert [path.name for path in folder.iterdir()] == [".outcode"]
        assert not alive(folder / ".outcode")


@pytest.mark.parametrize("command", [["runs", "list"], ["serve", "--port"]])
def test_a_folder_that_cannot_be_used_is_told(command: list[str], tmp_path: Path) -> None:
    file, full = tmp_path / "file", tmp_path / "full"
    file.write_text("")
    full.mkdir()
    (full / "thesis.txt").write_text("")
    arguments = [*command, str(free_port())] if command[-1] == "--port" else command
    for folder in (file / "below", full):
        said = outcode(*arguments, "--data-dir", folder)
        assert (said.code, said.out) == (1, "")
        assert str(folder) in said.err
    assert [path.name for path in full.iterdir()] == ["thesis.txt"]


def test_a_database_that_does_not_answer_is_told(tmp_path: Path) -> None:
    url = f"postgresql://someone:hunter2@127.0.0.1:{free_port()}/shop"
    said = outcode("runs", "list", "--data-dir", tmp_path / "data", variables={"OUTCODE_DATABASE_URL": url})
    assert said.code == 1
    assert "The database cannot be used: Connection refused" in said.err
    assert "hunter2" not in said.err


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_killed_started_again_and_told_to_stop(tmp_path: Path) -> None:
    with open_folder() as place, socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()  # it takes connections and never answers
        post = {
            "method": "POST",
            "url": f"http://127.0.0.1:{silent.getsockname()[1]}/",
            "body_type": "json",
            "body": {},
        }
        variables = {"OUTCODE_EGRESS_ALLOW": "127.0.0.1"}
        port, folder = free_port(), place / "data"
        options = ["serve", "--port", port, "--data-dir", folder]

        log = tmp_path / "first"
        process = started(*options, log=log, variables=variables)
        try:
            wait_for("token=", log, process)
            key = outcode("keys", "add", "tests", "--data-dir", folder).out.strip()
            waiting = begin(port, key, {"app": "api", "action": "http_request", "inputs": post})
            working = begin(port, key, script(15))
            until(port, key, waiting, has_begun)
            until(port, key, working, has_begun)
        finally:
            process.kill()
            process.wait()

        log = tmp_path / "second"
        process = started(*options, log=log, variables=variables)
        try:
            wait_for("token=", log, process)
            # What may be repeated is; what may have had its effect is not, and says so.
            assert until(port, key, working, has_ended)["state"] == "done"
            lost = until(port, key, waiting, has_ended)
            assert lost["state"] == "crashed"
            assert lost["error"]["code"] == "effect_unknown"
            last = begin(port, key, script(2))
            until(port, key, last, has_begun)
        finally:
            code = stop(process)
        assert code == 0, log.read_text()
        assert "Stopped." in log.read_text()
        assert "Traceback" not in log.read_text()
        assert not alive(folder)

        shown = json.loads(outcode("runs", "show", last, "--json", "--data-dir", folder).out)
        assert shown["state"] == "done"
        assert not alive(folder)
