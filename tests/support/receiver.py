"""A real HTTP server on loopback that remembers what it was sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiohttp import web


class Receiver:
    """Takes any POST: ``bodies`` and ``headers`` in order of arrival; ``/fail`` answers 500.

    ``go_on``, once set, ends every wait.
    """

    def __init__(self, seconds: float, *, echo_headers: bool) -> None:
        self.port = 0
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.most_at_once = 0
        self.first = asyncio.Event()
        self.go_on = asyncio.Event()
        self._seconds = seconds
        self._echo_headers = echo_headers
        self._at_once = 0

    async def take(self, request: web.Request) -> web.Response:
        """Answer after the set time, with the request's headers where asked to."""
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        self.bodies.append(await request.json())
        self.headers.append(dict(request.headers))
        self.first.set()
        try:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.go_on.wait(), self._seconds)
        finally:
            self._at_once -= 1
        said = dict(request.headers) if self._echo_headers else {"ok": True}
        return web.json_response(said, status=500 if request.path == "/fail" else 200)


@asynccontextmanager
async def receiving(seconds: float = 0.0, *, echo_headers: bool = False) -> AsyncIterator[Receiver]:
    """A receiver that answers after ``seconds``, on a free port."""
    receiver = Receiver(seconds, echo_headers=echo_headers)
    app = web.Application()
    app.router.add_post("/{path:.*}", receiver.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.port = runner.addresses[0][1]
    yield receiver
    await runner.cleanup()
