"""What faults are tried on: real worker and server processes on one database, and a receiver that counts apart."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from outcode.cli.words import words
from outcode.flows.plain import parse_flow
from outcode.runs.history import RunInfo
from outcode.runs.instance import Instance, open_instance
from outcode.values.json import Json
from outcode.workspace.flows import StoredFlow
from outcode.workspace.people import create_workspace
from outcode.workspace.scope import Scope
from outcode.workspace.settings import Pace, Settings
from tests.support.serving import free_port

LEASE_SECONDS = 1
PATIENCE = 120.0
"""How long anything may take on a busy machine before it counts as lost."""


class Counting:
    """Counts what arrives: ``counts[run, task]``; it is no part of what is tried."""

    def __init__(self, seconds: float) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.base = ""
        self._seconds = seconds

    async def post(self, request: web.Request) -> web.Response:
        """``POST /count`` with ``{run, task, times?}``."""
        said = await request.json()
        return await self._count(said["run"], said["task"], int(said.get("times", 1)))

    async def get(self, request: web.Request) -> web.Response:
        """``GET /count?run=…&task=…``: an effect that may be repeated."""
        return await self._count(request.query["run"], request.query["task"], 1)

    async def _count(self, run: str, task: str, times: int) -> web.Response:
        self.counts[run, task] += times
        await asyncio.sleep(self._seconds)
        return web.json_response({"n": self.counts[run, task]})


@asynccontextmanager
async def counting(seconds: float = 0.02) -> AsyncIterator[Counting]:
    """A counter on a free port that answers after ``seconds``."""
    counter = Counting(seconds)
    app = web.Application()
    app.router.add_post("/count", counter.post)
    app.router.add_get("/count", counter.get)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    counter.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield counter
    await runner.cleanup()


class Actor:
    """A process of ours, ended by its number at the latest with the stage."""

    def __init__(self, log: Path, command: list[str], environment: dict[str, str], port: int | None) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=environment)

    @property
    def said(self) -> str:
        """Everything printed so far."""
        return self._log.read_text("utf-8", "replace")

    @property
    def works(self) -> bool:
        """Whether a worker has begun to take runs."""
        return words("serve.worker") in self.said

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()

    async def ended(self) -> int:
        """Its exit code, once it has ended by itself."""
        return await asyncio.to_thread(self._process.wait, PATIENCE)


class Stage:
    """One workspace, its processes, and what became of its runs."""

    def __init__(self, instance: Instance, scope: Scope, counter: Counting) -> None:
        self.instance = instance
        self.scope = scope
        self.counter = counter
        self._actors: list[Actor] = []

    def worker(self, at_once: int = 4, **environment: str) -> Actor:
        """Start a worker process."""
        return self._start("worker", None, OUTCODE_RUNS_AT_ONCE=str(at_once), **environment)

    async def server(self, role: str = "server", **environment: str) -> Actor:
        """Start a server process and wait until it answers."""
        actor = self._start(role, free_port(), **environment)
        async with aiohttp.ClientSession() as session, asyncio.timeout(PATIENCE):
            while True:
                try:
                    async with session.get(f"{actor.base}/readyz") as answer:
                        if answer.status == 200:
                            return actor
                except aiohttp.ClientConnectionError:
                    pass
                await asyncio.sleep(0.1)

    async def save(self, document: dict[str, Any], webhook_name: str | None = None) -> StoredFlow:
        """Store a flow, as a new version of the one with its name, and publish it."""
        stored = parse_flow({"outcode": 1, "kind": "dataflow", **document}).as_json()
        flow = await self.instance.flows.save_by_name(self.scope, stored, webhook_name)
        return await self.instance.publisher.publish(self.scope, flow.id, None)

    async def start(self, tasks: dict[str, Any], body: Json = None) -> str:
        """Start a run of tasks that are not saved."""
        document = parse_flow({"outcode": 1, "kind": "dataflow", "name": "Fault", "tasks": tasks})
        return (await self.instance.starter.start_unsaved(self.scope, document, "api", body)).run_id

    async def number(self, query: str) -> int:
        """One number that the database says."""
        return int(await self.instance.database.pool.fetchval(query))

    async def find(self, run_id: str) -> RunInfo:
        return await self.instance.history.find(self.scope, run_id)

    async def all_ended(self, run_ids: list[str]) -> list[RunInfo]:
        """The runs once all of them have ended; a run that never does was lost."""
        deadline = time.monotonic() + PATIENCE
        for run_id in run_ids:
            while not (run := await self.find(run_id)).ended:
                assert time.monotonic() < deadline, f"{run} did not end\n" + "\n".join(a.said for a in self._actors)
                await asyncio.sleep(0.1)
        return [await self.find(run_id) for run_id in run_ids]

    async def until(self, query: str, least: int = 1) -> None:
        """Wait until a number of the database is reached."""
        async with asyncio.timeout(PATIENCE):
            while await self.number(query) < least:
                await asyncio.sleep(0.05)

    async def until_counted(self, least: int) -> None:
        """Wait until the receiver has got so many requests."""
        async with asyncio.timeout(PATIENCE):
            while self.counter.counts.total() < least:
                await asyncio.sleep(0.01)

    def close(self) -> None:
        """End every process that is left."""
        for actor in self._actors:
            actor.send(signal.SIGCONT)
            actor.kill()

    def _start(self, role: str, port: int | None, **more: str) -> Actor:
        settings = self.instance.settings
        environment = os.environ | {
            "PYTHONUNBUFFERED": "1",
            "OUTCODE_DATABASE_URL": settings.database_url or "",
            "OUTCODE_EGRESS_ALLOW": settings.egress_allow,
            "OUTCODE_LEASE_SECONDS": str(LEASE_SECONDS),
            **more,
        }
        command = [sys.executable, "-m", "outcode", "serve", "--role", role, "--data-dir", str(settings.folder)]
        if port is not None:
            command += ["--port", str(port)]
        log = settings.folder / f"{role}-{len(self._actors)}.log"
        self._actors.append(actor := Actor(log, command, environment, port))
        return actor


@asynccontextmanager
async def staged(settings: Settings, seconds: float = 0.02) -> AsyncIterator[Stage]:
    """A stage on an empty database; its own instance starts runs and carries none."""
    settings = replace(settings, pace=Pace(lease_seconds=LEASE_SECONDS))
    async with counting(seconds) as counter, open_instance(settings, holder="tests") as instance:
        scope = await create_workspace(
            instance.database, organization="Acme", domain="acme", team="Sales", user="Kim", email="kim@acme.test"
        )
        stage = Stage(instance, scope, counter)
        try:
            yield stage
        finally:
            stage.close()
