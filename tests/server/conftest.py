"""The application on a real uvicorn at a free port, and a caller that speaks to it over TCP."""

from __future__ import annotations

import asyncio
import io
import socket
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import asyncpg
import pytest
import uvicorn
from fastapi import FastAPI
from yarl import URL

from outcode.server.app import create_app
from outcode.values import json
from outcode.workspace.keys import add_api_key
from outcode.workspace.people import create_workspace
from outcode.workspace.scope import Scope
from tests.conftest import Place


@dataclass(frozen=True)
class Reply:
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def code(self) -> str:
        """The code of the problem that this answer must be."""
        assert self.headers["Content-Type"] == "application/problem+json", (self.status, self.content[:300])
        problem = self.json
        assert problem["status"] == self.status
        assert problem["title"]
        assert problem["hint"]
        assert "Traceback" not in str(problem)
        return str(problem["code"])


@dataclass
class Server:
    """A served instance; calls are made with the key of the place's administrator unless told otherwise."""

    place: Place
    app: FastAPI
    base: str
    http: aiohttp.ClientSession

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = "",
        headers: Mapping[str, str] | None = None,
        data: Any = None,
    ) -> Reply:
        """Call with JSON (``body``) or anything that aiohttp sends (``data``); ``key=None`` sends no credential."""
        sent = dict(headers or {})
        if key is not None:
            sent.setdefault("X-OUTCODE-API-KEY", key or self.place.key)
        if body is not None:
            data = json.dump_bytes(body)
            sent.setdefault("Content-Type", "application/json")
        if isinstance(data, bytes):
            data = io.BytesIO(data)
        url = URL(self.base + path, encoded=True)
        async with self.http.request(
            method, url, data=data, headers=sent, allow_redirects=False, skip_auto_headers=["Content-Type"]
        ) as got:
            return Reply(got.status, got.headers.copy(), await got.read())

    async def get(self, path: str, **options: Any) -> Reply:
        return await self.call("GET", path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> Reply:
        return await self.call("POST", path, body, **options)

    async def draft(self, document: dict[str, Any]) -> dict[str, Any]:
        """Store a flow that is not published."""
        reply = await self.post("/api/v1/flows", {"document": document})
        assert reply.status == 201, reply.content
        return dict(reply.json)

    async def flow(self, document: dict[str, Any]) -> dict[str, Any]:
        """Store a flow and publish it."""
        made = await self.draft(document)
        reply = await self.post(f"/api/v1/flows/{made['id']}/publish", {})
        assert reply.status == 200, reply.content
        return dict(reply.json)

    async def ended(self, run_id: str) -> dict[str, Any]:
        """The run once it has ended."""
        async with asyncio.timeout(90):
            while True:
                run = (await self.get(f"/api/v1/runs/{run_id}")).json
                if run["finished_at"] is not None:
                    return dict(run)
                await asyncio.sleep(0.03)

    async def stranger(self) -> tuple[Scope, str]:
        """Somebody of another organization, with their key."""
        name = uuid.uuid4().hex[:8]
        database = self.place.instance.database
        scope = await create_workspace(
            database, organization=name, domain=name, team="Other", user="Lee", email=f"{name}@other.test"
        )
        return scope, await add_api_key(database, scope, "other")


def script(code: str = "return 1", **inputs: Any) -> dict[str, Any]:
    """A JavaScript task."""
    return {"app": "javascript", "action": "function_execution", "inputs": {"code": code, **inputs}}


def flow(name: str = "Flow", tasks: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A document in plain form."""
    return {"outcode": 1, "kind": "dataflow", "name": name, "tasks": tasks or {"a": script()}, **more}


def multipart(*parts: tuple[str, bytes | str] | tuple[str, bytes | str, str, str]) -> tuple[bytes, dict[str, str]]:
    """A form as browsers send it, and its header; a part is (name, content) or (name, content, file name, type)."""
    written = b""
    for name, content, *file in parts:
        written += f'--b0undary\r\nContent-Disposition: form-data; name="{name}"'.encode()
        if file:
            written += f'; filename="{file[0]}"\r\nContent-Type: {file[1]}'.encode()
        written += b"\r\n\r\n" + (content.encode() if isinstance(content, str) else content) + b"\r\n"
    return written + b"--b0undary--\r\n", {"Content-Type": "multipart/form-data; boundary=b0undary"}


async def whole_database(server: Server) -> str:
    """Every row of every table as text."""
    connection = await asyncpg.connect(**server.place.instance.database.address.arguments())
    tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    rows = []
    for (table,) in tables:
        rows += [row[0] for row in await connection.fetch(f'SELECT t::text FROM "{table}" t')]
    await connection.close()
    assert len(rows) > 5
    return "\n".join(rows)


SLOW = "const end = Date.now() + 1500; while (Date.now() < end) {} return 1"


@contextmanager
def _nothing() -> Iterator[None]:
    yield


@asynccontextmanager
async def serving(place: Place, port: int = 0) -> AsyncIterator[Server]:
    """The application of a place on a port (0: a free one), until the end of the block."""
    app = create_app(place.instance)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    config = uvicorn.Config(app, log_level="error", access_log=False, proxy_headers=False, lifespan="off")
    uvicorn_server = uvicorn.Server(config)
    uvicorn_server.capture_signals = _nothing  # type: ignore[method-assign]  # signals belong to pytest
    work = asyncio.create_task(uvicorn_server.serve([listener]))
    while not uvicorn_server.started:
        await asyncio.sleep(0.005)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        yield Server(place, app, f"http://127.0.0.1:{listener.getsockname()[1]}", http)
    uvicorn_server.should_exit = True
    await work
    listener.close()


@pytest.fixture
async def server(place: Place) -> AsyncIterator[Server]:
    """The place, served."""
    async with serving(place) as running:
        yield running
