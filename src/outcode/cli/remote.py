"""A run on another Outcode, by its API."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp

from outcode.cli.console import say
from outcode.cli.save import save_files
from outcode.cli.watch import Ended, Watcher
from outcode.cli.words import language, words
from outcode.engine.plan import reply_task
from outcode.engine.state import FINAL_RUN_STATES, RunState
from outcode.flows.check import edges_of
from outcode.flows.dataflow import Dataflow
from outcode.flows.plain import plain
from outcode.values import json
from outcode.values.json import Json
from outcode.values.problems import (
    AuthProblem,
    InputProblem,
    Problem,
    ProblemList,
    VendorDown,
    VendorRejected,
    restored,
)

_KEY_HEADER = "X-OUTCODE-API-KEY"
_PAGE = 10_000
_LOOK_SECONDS = 0.25
_FINAL = {state.value for state in FINAL_RUN_STATES}


async def run_on_server(
    server: str, key: str | None, document: Dataflow, body: Json, *, test: bool, folder: Path | None
) -> Ended:
    """Run a document on a server, wait for its end, and save the result's files where a folder is given.

    Raises InputProblem, AuthProblem, VendorRejected or VendorDown.
    """
    if not key:
        raise InputProblem("server_key_missing")
    if not key.isascii() or not key.isprintable():
        raise InputProblem("server_key_garbled")
    headers = {_KEY_HEADER: key, "Accept-Language": language()}
    try:
        async with aiohttp.ClientSession(headers=headers) as session:
            caller = _Server(session, server)
            ended = await _run(caller, document, body, test=test)
            if folder is not None:
                await save_files(ended.value, folder, caller.file)
            return ended
    except aiohttp.InvalidURL as error:
        raise InputProblem("server_address_wrong", server=server[:200]) from error
    except (aiohttp.ClientError, TimeoutError) as error:
        raise VendorDown("server_unreachable", server=server[:200], reason=_reason(error)) from error


class _Server:
    """The API of one server; what it refuses is raised as a problem."""

    def __init__(self, session: aiohttp.ClientSession, server: str) -> None:
        self._session = session
        self._server = server[:200]
        self._base = server.rstrip("/") + "/api/v1"

    async def call(self, method: str, path: str, body: Json = None) -> Any:
        """An answer that is JSON."""
        content = await self._send(method, path, body)
        try:
            return json.loads(content)
        except InputProblem as error:
            raise VendorRejected("server_no_outcode", server=self._server) from error

    async def file(self, file_id: str) -> bytes:
        """The bytes of a file that a run wrote."""
        return await self._send("GET", f"/files/{file_id}", None)

    async def _send(self, method: str, path: str, body: Json) -> bytes:
        data = None if body is None else json.dump_bytes(body)
        headers = {"Content-Type": "application/json"}
        request = self._session.request(method, self._base + path, data=data, headers=headers, allow_redirects=False)
        async with request as response:
            content = await response.read()
            if response.status < 300:
                return content
            if response.content_type != "application/problem+json":
                raise VendorRejected("server_no_outcode", server=self._server)
            raise _refusal(response.status, json.loads(content))


def _refusal(status: int, said: dict[str, Any]) -> Problem:
    """What a server's problem details mean here."""
    if said.get("problems"):
        return ProblemList([restored(item) for item in said["problems"]])
    kind = {400: InputProblem, 422: InputProblem, 401: AuthProblem}.get(status, VendorRejected)
    return kind("server_refused", status=status, message=said.get("title", ""), advice=said.get("hint", ""))


async def _run(server: _Server, document: Dataflow, body: Json, *, test: bool) -> Ended:
    run = await server.call("POST", "/runs", {"document": plain(document), "input": body, "test": test})
    say(words("run.begun", id=run["id"]))
    try:
        run = await _watch(server, run)
    except asyncio.CancelledError:
        say(words("run.stopping", id=run["id"]))
        with suppress(VendorRejected):  # it has just ended
            await server.call("POST", f"/runs/{run['id']}/cancel")
        run = await _watch(server, run)
        say(words("run.stopped", id=run["id"], state=words(f"state.{run['state']}")))
        raise
    value = None
    if run["state"] == RunState.DONE:
        executed = {task["letter"] for task in run["tasks"] if task["has_result"]}
        if letter := reply_task(edges_of(document), executed):
            value = await _result(server, f"/runs/{run['id']}/tasks/{letter}/result")
    return Ended(run["state"], run["error"], value)


async def _result(server: _Server, path: str) -> Json:
    """A task's result, however many pages a list takes."""
    page = await server.call("GET", f"{path}?limit={_PAGE}")
    value = page["value"]
    while page["truncated"]:
        page = await server.call("GET", f"{path}?offset={len(value)}&limit={_PAGE}")
        value += page["value"]
    return value


async def _watch(server: _Server, run: Any) -> Any:
    watcher = Watcher()
    while run["state"] not in _FINAL:
        await asyncio.sleep(_LOOK_SECONDS)
        run = await server.call("GET", f"/runs/{run['id']}")
        watcher.show(SimpleNamespace(tasks=[SimpleNamespace(**task) for task in run["tasks"]]))
    return run


def _reason(error: Exception) -> str:
    number = error.os_error.errno if isinstance(error, aiohttp.ClientConnectorError) else None
    return os.strerror(number) if number is not None and number > 0 else type(error).__name__
