"""A real server on loopback that plays samples: answers in the order written, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import BodyPartReader, web

from outcode.appkit.samples import SampleResponse
from outcode.values import json
from outcode.values.problems import InputProblem
from tests.apps.contract.places import Places

LEFT_OUT = SampleResponse(status=500, body={"error": "the sample has no further exchange"})
_SCHEMES = {"@": "https", "!": "http"}


@dataclass
class Seen:
    """A request as it arrived, its address back in the world."""

    method: str
    url: str
    query: dict[str, Any]
    headers: dict[str, str]
    body: Any


@dataclass
class Player:
    """``answers`` are given one after the other, ``grants`` to the addresses where tokens and sessions are had."""

    places: Places
    answers: list[SampleResponse] = field(default_factory=list)
    grants: dict[str, Callable[[Seen], SampleResponse]] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    silent: bool = False
    hangs_up: bool = False

    def play(self, *answers: SampleResponse) -> None:
        """Forget what was; answer these from now on."""
        self.answers, self.seen = list(answers), []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Any request."""
        path = request.rel_url.raw_path.removeprefix("/").replace("%40", "@", 1)
        seen = Seen(
            method=request.method,
            url=f"{_SCHEMES.get(path[:1], '?')}://{path[1:]}",
            query=_grouped(list(request.query.items())),
            headers={name.lower(): self.places.real(value) for name, value in request.headers.items()},
            body=self.places.real(await _body(request)),
        )
        seen.query = self.places.real(seen.query)
        if (grant := self.grants.get(seen.url)) is not None:
            return self._response(grant(seen))
        self.seen.append(seen)
        if self.hangs_up:
            assert request.transport is not None
            request.transport.abort()
            raise asyncio.CancelledError
        if self.silent:
            await asyncio.sleep(30)
        return self._response(self.answers.pop(0) if self.answers else LEFT_OUT)

    def _response(self, sample: SampleResponse) -> web.Response:
        headers = {"Content-Type": "application/json", **self.places.local(sample.headers)}
        body = self.places.local(sample.body)
        if sample.base64 is not None:
            content = base64.b64decode(sample.base64)
        elif isinstance(body, str):
            content = body.encode()
            if "content-type" not in {name.lower() for name in sample.headers}:
                headers["Content-Type"] = "text/plain; charset=utf-8"
        else:
            content = b"" if body is None else json.dumps(body).encode()
        return web.Response(status=sample.status, headers=headers, body=content)


@asynccontextmanager
async def playing() -> AsyncIterator[Player]:
    """A player on a free port."""
    application = web.Application(client_max_size=64 * 1024 * 1024)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    player = Player(Places(""))
    application.router.add_route("*", "/{path:.*}", player.handle)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    player.places = Places(f"http://127.0.0.1:{runner.addresses[0][1]}")
    try:
        yield player
    finally:
        await runner.cleanup()


def _grouped(pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Names with their value, or with all of them where a name repeats."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name not in found:
            found[name] = value
        else:
            found[name] = [*(found[name] if isinstance(found[name], list) else [found[name]]), value]
    return found


async def _body(request: web.Request) -> Any:
    if request.content_type.startswith("multipart/"):
        return await _parts(request)
    content = await request.read()
    if not content:
        return None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"bytes": len(content)}
    if request.content_type == "application/x-www-form-urlencoded":
        return _grouped(parse_qsl(text, keep_blank_values=True))
    try:
        return json.loads(text) if "json" in request.content_type else text
    except InputProblem:
        return text


async def _parts(request: web.Request) -> Mapping[str, Any]:
    found: list[tuple[str, Any]] = []
    reader = await request.multipart()
    while (part := await reader.next()) is not None:
        assert isinstance(part, BodyPartReader)
        content = await part.read()
        value: Any = content.decode() if part.filename is None else {"file": part.filename, "bytes": len(content)}
        found.append((part.name or "", value))
    return _grouped(found)
