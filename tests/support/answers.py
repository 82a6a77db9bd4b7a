"""A real HTTP server on loopback that answers with the statuses it is told, in order of the calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from aiohttp import web


class Answering:
    """Remembers the ``paths`` that were called; the last status stays unless ``then`` is another."""

    def __init__(self, statuses: Sequence[int], headers: Mapping[str, str], then: int | None) -> None:
        self.port = 0
        self.paths: list[str] = []
        self._statuses = statuses
        self._headers = headers
        self._then = statuses[-1] if then is None else then

    @property
    def count(self) -> int:
        """How many calls came."""
        return len(self.paths)

    async def answer(self, request: web.Request) -> web.Response:
        """The next status; headers go with those that are no success."""
        number = len(self.paths)
        self.paths.append(request.path)
        status = self._statuses[number] if number < len(self._statuses) else self._then
        return web.json_response({"number": number}, status=status, headers=self._headers if status >= 400 else None)


@asynccontextmanager
async def answering(
    statuses: Sequence[int], *, headers: Mapping[str, str] | None = None, then: int | None = None
) -> AsyncIterator[Answering]:
    """A server that answers so, on a free port."""
    server = Answering(statuses, headers or {}, then)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.port = runner.addresses[0][1]
    try:
        yield server
    finally:
        await runner.cleanup()
